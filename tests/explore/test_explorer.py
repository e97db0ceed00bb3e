"""A way through views: faults keep the last answer, and the latest wish is answered."""

import threading
from dataclasses import replace

import pytest

from uncertain_scale.cli.explore import start_of
from uncertain_scale.cli.options import RunOptions
from uncertain_scale.errors import PriorError, QuestionError
from uncertain_scale.explore.edits import moved, typed
from uncertain_scale.explore.explorer import COARSE, PARTS, Explorer, Worker
from uncertain_scale.explore.view import EDITS, Scenarios, View
from uncertain_scale.inputs import load_priors
from uncertain_scale.model import default_model
from uncertain_scale.sampling import Design

MODEL = default_model()
FEW = Design(draws=64, chains=4)


def explorer_at(**parts):
    view = View(**{"given": {"budget": "100M"}, "design": FEW} | parts)
    return view, Explorer(view, Scenarios(MODEL), lambda _: {"Intervals": "a command"})


@pytest.fixture(scope="module")
def explored():
    return explorer_at()


def editing(view, prior):
    return replace(view, edits={**view.edits, prior.name: prior})


def edited(view, name, text):
    prior = view.unedited(Scenarios(MODEL)).inputs[name]
    return editing(view, typed(prior, text, MODEL))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"given": {"budget": "100M", "gpus": "25k", "training_time": "80"}}, "hourly_rate"),
        ({"given": {"budgett": "1"}}, "did you mean 'budget'"),
        ({"given": {"budget": "5 GW"}}, "budget"),
        ({"free": ("mfu",)}, "mfu"),
        ({"outputs": ("flop",)}, "'flop' is not a variable"),
        ({"events": ("mfu",)}, "is not a comparison"),
        ({"scenario": "nowhere"}, "scenario 'nowhere' is unknown"),
        ({"scenario": "nowhere.toml"}, "there is no such prior file"),
        ({"design": Design(draws=1 << 20, chains=4096)}, "GiB"),
    ],
)
def test_a_fault_keeps_the_last_answer_and_names_itself(explored, change, told):
    view, explorer = explored
    good = explorer.show(view)
    shown = explorer.show(replace(view, **change))
    assert told in shown.error
    assert "\n\n" not in shown.error
    assert (shown.view, shown.answer, shown.parts) == (good.view, good.answer, good.parts)
    assert shown.commands == good.commands
    assert explorer.show(view).error == ""


def test_a_fault_of_the_program_does_not_end_it(monkeypatch):
    view, explorer = explorer_at()
    explorer.show(view)
    monkeypatch.setattr("uncertain_scale.explore.explorer.answer_to", lambda *_, **__: 1 / 0)
    shown = explorer.show(view)
    assert shown.error.startswith("a fault of the program itself: ZeroDivisionError")
    assert shown.answer is not None


def test_a_scenario_that_cannot_be_compared_costs_no_answer(tmp_path):
    other = tmp_path / "other.toml"
    gpus = '[inputs.gpus]\nkind = "constant"\nvalue = 5\nunits = "gpu"\n'
    other.write_text(f'schema_version = 1\nextends = "base"\n{gpus}', encoding="utf-8")
    view, explorer = explorer_at(others=(str(other), "h100-dense-fp8", str(tmp_path / "gone.toml")))
    shown = explorer.show(view)
    assert shown.error == ""
    assert [one["other"] for one in shown.answer.comparison["comparisons"]] == ["h100-dense-fp8"]
    assert "other equations" in shown.answer.refused[str(other)]
    assert "there is no such prior file" in shown.parts["comparison"]


def test_a_coarse_answer_is_of_the_first_draws_and_has_no_more():
    draws, chains = COARSE
    view, explorer = explorer_at(design=Design(draws=2 * draws, chains=chains + 2))
    coarse = explorer.show(view, coarse=True)
    assert coarse.coarse
    assert (coarse.answer.document["draws"], coarse.answer.document["chains"]) == COARSE
    full = explorer.show(view)
    assert not full.coarse
    assert full.answer.document["draws"] == 2 * draws
    for name, output in full.answer.document["outputs"].items():
        near = coarse.answer.document["outputs"][name]
        assert near["median"] == pytest.approx(output["median"], rel=0.05)
    small, explorer = explorer_at(others=("post-reading",))
    assert not explorer.show(small, coarse=True).coarse  # nothing fuller is to come
    assert explorer.shown.answer.comparison["comparisons"][0]["outputs"]["training_flop"]["factors"]


def test_a_coarse_answer_has_all_intervals_of_what_is_looked_at_and_one_of_the_rest():
    view, explorer = explorer_at(design=Design(draws=1024, chains=8), of="gpu_hours")
    coarse = explorer.show(view, coarse=True)
    document, few = coarse.answer.document, view.coarse(*COARSE)
    assert document["probs"] == [0.9, 0.5, 0.95]
    whole = explorer.show(few).answer.document["outputs"]
    assert len(whole) > 8
    for name, output in document["outputs"].items():
        shown = whole[name]["intervals"][: None if name == "gpu_hours" else 1]
        assert output["intervals"] == shown
        assert [output[key] for key in ("median", "median_mcse")] == [
            whole[name][key] for key in ("median", "median_mcse")
        ]
    assert coarse.parts["answers"] == explorer.shown.parts["answers"]
    assert coarse.parts["drivers"] == explorer.shown.parts["drivers"]


def test_every_part_is_there_and_of_what_is_looked_at():
    view, explorer = explorer_at(at="mfu", of="gpus", others=("base",))
    parts = explorer.show(view).parts
    assert tuple(parts) == PARTS
    assert "gpus" in parts["now"]
    assert "Whole-run utilisation" in parts["input"]
    assert "<svg" in parts["input"]
    assert "judgement" in parts["input"]
    assert explorer.show(replace(view, at="nothing")).parts["input"] == ""


def test_constant_answers_are_told_without_a_ranking():
    view, explorer = explorer_at(scenario="post-2024-07", at="mfu")
    shown = explorer.show(view)
    assert shown.error == ""
    assert "no input moves it" in shown.parts["drivers"]


def test_edits_are_laid_over_this_scenario_alone_or_over_all():
    view, _ = explorer_at(others=("h100-dense-fp8",))
    view = edited(view, "mfu", "0.3 to 0.4")
    scenarios = Scenarios(MODEL)
    mine, theirs = view.problem(scenarios).priors, view.held_against(scenarios, "h100-dense-fp8")
    assert mine.name == "explored"
    in_file = load_priors("h100-dense-fp8", variables=MODEL.variables)
    assert (theirs.digest(), theirs.name) == (in_file.digest(), in_file.name)
    everywhere = replace(view, everywhere=True)
    assert everywhere.problem(scenarios).priors.name == "base + explored"
    both = everywhere.held_against(scenarios, "h100-dense-fp8")
    assert both.inputs["mfu"].distribution == mine.inputs["mfu"].distribution
    assert both.name == "h100-dense-fp8 + explored"
    assert "extends" in view.overlay(scenarios)
    assert "extends" not in everywhere.overlay(scenarios)
    assert replace(view, edits={}).overlay(scenarios) == ""


def test_the_prior_file_gives_the_priors_back_wherever_it_is_saved(tmp_path):
    own = tmp_path / "mine" / "own.toml"
    own.parent.mkdir()
    head = 'schema_version = 1\ntitle = "Ours"\nextends = "base"\n'
    own.write_text(f'{head}[inputs.mfu]\nkind = "constant"\nvalue = 0.4\n', encoding="utf-8")
    view, _ = explorer_at(scenario=str(own))
    view = edited(edited(view, "mfu", "0.35"), "training_time", "60 to 90")
    saved = tmp_path / "elsewhere" / EDITS
    saved.parent.mkdir()
    saved.write_text(view.overlay(Scenarios(MODEL)), encoding="utf-8")
    again = load_priors(own, overlays=[saved], variables=MODEL.variables)
    asked = view.problem(Scenarios(MODEL)).priors
    assert (again.digest(), again.name, again.title) == (asked.digest(), asked.name, asked.title)
    assert again.inputs["training_time"].fallback


def test_files_are_read_again_for_a_full_answer(tmp_path):
    own = tmp_path / "own.toml"
    text = 'schema_version = 1\nextends = "base"\n[inputs.mfu]\nkind = "constant"\nvalue = {}\n'
    own.write_text(text.format(0.4), encoding="utf-8")
    view, explorer = explorer_at(scenario=str(own))
    first = explorer.show(view).answer.document["outputs"]["training_flop"]["median"]
    own.write_text(text.format(0.2), encoding="utf-8")
    second = explorer.show(view).answer.document["outputs"]["training_flop"]["median"]
    assert second == pytest.approx(first / 2)


def test_a_view_begins_where_the_options_say(tmp_path):
    overlay = tmp_path / "a.toml"
    overlay.write_text('schema_version = 1\n[inputs.pue]\nkind = "constant"\nvalue = 1.2\n')
    options = RunOptions(
        budget="1B",
        given=["facility_power=30 MW"],
        believed=["mfu=0.3 to 0.4"],
        event=["training_flop >= 1e26"],
        priors=[overlay],
        scenario="h100-dense-fp8",
        draws=64,
        chains=2,
        seed=3,
    )
    view = start_of(options, Scenarios(MODEL), against=["base", "base"], prob=[0.8])
    assert view.given == {"facility_power": "30 MW", "budget": "1B"}
    assert (view.others, view.probs, view.lays_over_all) == (("base",), (0.8,), True)
    assert view.edits["mfu"].distribution.describe() == "logitnormal(q05=0.3, q95=0.4)"
    assert view.design == Design(draws=64, chains=2, seed=3)
    alone = start_of(replace(options, scenario=None), Scenarios(MODEL), against=[], prob=[0.9])
    assert (alone.scenario, alone.overlays) == (str(overlay), ())
    with pytest.raises(PriorError, match="unknown"):
        start_of(replace(options, scenario="nowhere"), Scenarios(MODEL), against=[], prob=[0.9])


def test_an_edit_that_tears_a_joint_sample_is_refused():
    view, _ = explorer_at()
    alpha = replace(view.unedited(Scenarios(MODEL)).inputs["alpha"], joint="")
    torn = editing(
        view, moved(replace(alpha, distribution=alpha.distribution), {"q05": 0.3, "q95": 0.4})
    )
    with pytest.raises(QuestionError, match="replace all of them, or none"):
        torn.problem(Scenarios(MODEL))


class Slow:
    """Stands in for an explorer: full answers take until they are released or broken off."""

    def __init__(self, view):
        self.seen, self.broken = [], []
        self.began, self.release = threading.Event(), threading.Event()
        self._view = view

    def show(self, view, *, coarse=False, stop=None):
        from uncertain_scale.explore.explorer import Shown
        from uncertain_scale.sampling.limits import StoppedError

        if not coarse:
            self.began.set()
            while not self.release.wait(0.001):
                if stop.why:
                    self.broken.append(view)
                    raise StoppedError(stop.why)
        self.seen.append((view, coarse))
        return Shown(view, coarse=coarse)


def test_the_latest_wish_is_answered_and_breaks_off_the_full_answer_before():
    views = [View(given={"budget": f"{n}M"}) for n in range(1, 6)]
    slow, told, done = Slow(views[0]), [], threading.Event()

    def tell(shown):
        told.append((shown.view, shown.coarse))
        if not shown.coarse:
            done.set()

    worker = Worker(slow, tell)
    worker.ask(views[0], settled=True)
    assert slow.began.wait(300)
    for view in views[1:-1]:
        worker.ask(view, settled=False)
    slow.began.clear()
    worker.ask(views[-1], settled=True)
    assert slow.began.wait(300)
    slow.release.set()
    assert done.wait(300)
    worker.close()
    assert slow.broken[0] == views[0]
    assert told[0] == (views[0], True)
    assert told[-1] == (views[-1], False)
    assert (views[0], False) not in told
    assert [coarse for _, coarse in told].count(False) == 1
