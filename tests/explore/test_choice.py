"""Options that are typed into the page: the choice is the command line's, to the bit."""

import json
import shlex

import pytest

from uncertain_scale import Design, default_model
from uncertain_scale.cli.explore import choice_command_of
from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.explore.choice import Asked, choice_of, choice_part
from uncertain_scale.explore.explorer import Explorer
from uncertain_scale.explore.view import Scenarios, View
from uncertain_scale.sampling.limits import Stop

FEW = Design(draws=64, chains=4)
ASKED = Asked(
    options="chip=H100,GB200\ngpus=20k..60k:3\n",
    goal="training_flop",
    limits="facility_power <= 150 MW with 90%",
    pilots="mfu +- 10%",
)


@pytest.fixture
def page():
    scenarios = Scenarios(default_model())
    view = View(given={"budget": "1B"}, outputs=("gpus",), events=("gpus >= 1k",), design=FEW)
    return view, Explorer(view, scenarios, lambda _: {}, choice_command_of)


def test_a_choice_is_that_of_the_command_line_which_the_page_shows(page, cli):
    view, explorer = page
    found = choice_of(view, explorer.scenarios, ASKED, stop=Stop())
    words = shlex.split(explorer.choice_command(view, ASKED))
    assert words[:2] == ["uncertain-scale", "decide"]
    code, out, err = cli(*words[1:], "--format", "json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    for key in ("options", "chosen", "evpi", "known", "pilots", "goals", "limits"):
        assert told[key] == json.loads(json.dumps(found[key])), key


def test_a_choice_is_written_as_tables_with_a_figure_and_escaped(page, tmp_path):
    view, explorer = page
    path = tmp_path / "plan.toml"
    path.write_text(
        'schema_version = 1\nminimise = ["budget"]\n[[options]]\nname = "<b>one</b>"\n'
        'chip = "H100"\n[[options]]\nname = "two"\nchip = "GB200"\n',
        encoding="utf-8",
    )
    other = View(given={"training_flop": "1e26"}, design=FEW)
    found = choice_of(other, explorer.scenarios, Asked(file=str(path)), stop=Stop())
    part = choice_part(found)
    assert "<b>one" not in part
    assert "&lt;b&gt;one&lt;/b&gt;" in part
    assert part.count("<svg") == 1
    assert "Best to minimise budget" in part
    assert view.given == {"budget": "1B"}


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (Asked(goal="training_flop"), "nothing to choose among"),
        (Asked(options="chip=H100,GB200"), "decide has 0 goals"),
        (Asked(options="chip=H100,GB2000", goal="training_flop"), "GB200"),
        (Asked(options="gpuss=1,2", goal="training_flop"), "did you mean 'gpus'"),
        (Asked(file="none.toml", goal="training_flop"), "none.toml"),
    ],
)
def test_what_is_no_choice_is_refused(page, asked, fault):
    view, explorer = page
    with pytest.raises(UncertainScaleError, match=fault):
        choice_of(view, explorer.scenarios, asked, stop=Stop())


@pytest.mark.slow
def test_a_visitor_types_options_and_sees_the_choice(served, visit):
    page = visit(served[0])
    area = "return deep('label').filter(e => e.innerText.trim() === arguments[0])[0]?.parentElement"
    page.type("Goal, or two with a comma", "training_flop")
    page.run(
        f"const box = (() => {{ {area} }})().querySelector('textarea'); box.focus();"
        "box.value = arguments[1]; box.dispatchEvent(new Event('input'));"
        "box.dispatchEvent(new Event('change'))",
        "Options, one a line",
        "chip=H100,GB200",
    )
    press = "deep('button').find(e => e.innerText.trim() === 'Choose').click()"
    page.run(press)
    page.until(
        "return deep('#choose figure svg, figure svg').length && deep('p').some("
        "e => e.innerText.startsWith('Best to maximise training_flop'))"
    )
    page.until(
        "return deep('pre').some(e => e.textContent.includes('decide') &&"
        " e.textContent.includes('--option chip=H100,GB200'))"
    )
    assert page.faults() == []
    page.type("Goal, or two with a comma", "training_flopp")
    page.run(press)
    (fault,) = page.until("const f = deep('.fault'); return f.length && f.map(e => e.innerText)")
    assert "did you mean 'training_flop'" in fault
