"""Sessions: a view is had again from its text on any machine, and what is hostile is refused."""

import base64
import hashlib
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.explore.edits import typed
from uncertain_scale.explore.session import (
    MOST_BYTES,
    MOST_CHARACTERS,
    SESSION,
    opened,
    packed,
    unpacked,
    written,
)
from uncertain_scale.explore.view import Scenarios, View
from uncertain_scale.model import default_model
from uncertain_scale.sampling import Design

FULL = {
    "given": {"budget": "100M", "facility_power": "150 MW"},
    "outputs": ("gpus", "training_flop"),
    "events": ("training_flop >= 1e26",),
    "scenario": "h100-dense-fp8",
    "others": ("base", "gb200-dense-fp8"),
    "of": "gpus",
    "at": "pue",
    "probs": (0.8, 0.5),
    "design": Design(kind="lhs", draws=64, chains=3, seed=7),
    "as_of": "2026-11-30",
}


def editing(view, prior):
    return replace(view, edits={**view.edits, prior.name: prior})


def edited(view):
    prior = view.unedited(Scenarios(default_model())).inputs["mfu"]
    return editing(view, typed(prior, "0.2 to 0.5", default_model()))


def test_a_view_is_had_again_from_its_address(tmp_path):
    view = edited(View(**FULL))
    again, news = opened(unpacked(f"http://127.0.0.1:1/token/#{packed(written(view))}"), tmp_path)
    assert news == ""
    assert replace(again, edits={}) == replace(view, edits={})
    scenarios = Scenarios(default_model())
    mine, theirs = (one.problem(scenarios) for one in (view, again))
    assert mine.digests == theirs.digests
    assert packed(written(again)) == packed(written(view))


def test_own_files_travel_in_the_session_and_give_the_same_priors(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    head = "schema_version = 1\n"
    (here / "basis.toml").write_text(
        f'{head}extends = "base"\n[inputs.pue]\nkind = "constant"\nvalue = 1.3\n'
    )
    (here / "own.toml").write_text(
        f'{head}extends = "basis.toml"\n[inputs.mfu]\nkind = "constant"\nvalue = 0.4\n'
    )
    (here / "explored.toml").write_text(f'{head}[inputs.pue]\nkind = "constant"\nvalue = 1.1\n')
    view = edited(
        View(scenario=str(here / "own.toml"), overlays=(here / "explored.toml",), others=("base",))
    )
    text = written(view)
    assert str(tmp_path) not in text
    before = view.problem(Scenarios(default_model()))
    for path in here.iterdir():
        path.unlink()
    again, _ = opened(text, there)
    assert again.problem(Scenarios(default_model())).digests == before.digests


def test_equations_are_read_and_not_run(tmp_path):
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    again, _ = opened(written(View(equations=(trap,))), tmp_path)
    assert again.equations[0].read_text() == trap.read_text()
    assert not (tmp_path / "ran").exists()


def test_a_session_of_another_version_says_so(tmp_path):
    text = written(View()).replace('version = "', 'version = "0.0.1 of ', 1)
    view, news = opened(text.replace("schema_0.0.1 of ", "schema_"), tmp_path)
    assert view == View(probs=view.probs)
    assert "made by uncertain-scale 0.0.1" in news
    assert "figures may differ" in news


HEAD = 'schema_version = 1\nversion = "1"\nscenario = "base"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'scenario' is missing"),
        ("nonsense {", "not valid TOML"),
        (HEAD.replace("= 1\n", "= 2\n"), "schema_version = 2"),
        (HEAD + 'colour = "red"\n', "'colour' is not a key"),
        (HEAD + "given = 3\n", "given = 3"),
        (HEAD + "free = [1]\n", "free.0 = 1"),
        (HEAD + f'of = "{"x" * 2000}"\n', "at most 1000"),
        (HEAD + "probs = [2.0]\n", "between 0 and 1"),
        (HEAD + "probs = []\n", "probs"),
        (HEAD + 'design = {kind = "none"}\n', "none"),
        (HEAD + "design = {colour = 1}\n", "colour"),
        (HEAD + 'files = {"../up.toml" = ""}\n', "expected a plain name"),
        (HEAD + 'files = {"a/b.toml" = ""}\n', "expected a plain name"),
        (HEAD + 'files = {"x.sh" = ""}\n', "expected a plain name"),
        (HEAD + 'files = {".." = ""}\n', "expected a plain name"),
        (HEAD.replace("base", "/etc/passwd"), "does not hold"),
        (HEAD.replace("base", "other.toml"), "does not hold"),
        (HEAD + 'equations = ["/tmp/x.py"]\n', "does not hold"),
        (HEAD + 'overlays = ["mine"]\nothers = ["../x"]\n', "does not hold"),
        (HEAD + 'edits = "[inputs.mfu]"\n', "schema_version"),
        (HEAD + "x = " + "[" * 500, "64"),
        ("a" * (MOST_BYTES + 1), "larger than 4 MB"),
        ("\ud800", "not valid TOML"),
    ],
)
def test_what_is_no_session_is_one_clear_error_and_leaves_no_file_outside(tmp_path, text, told):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UncertainScaleError) as caught:
        opened(text, folder)
    assert told in str(caught.value)
    assert list(tmp_path.iterdir()) == [folder]
    assert {path.name for path in folder.rglob("*") if path.is_file()} <= {SESSION, "explored.toml"}


BOMB = base64.urlsafe_b64encode(zlib.compress(b"a" * 100_000_000, 9)[:12_000]).decode()


@pytest.mark.parametrize(
    "address", ["#", "#x", "#é", "#" + "A" * (MOST_CHARACTERS + 4), f"#{BOMB}", "#eNpLBAAAYgBi", ""]
)
def test_a_tampered_address_is_one_clear_error(tmp_path, address):
    with pytest.raises(UncertainScaleError):
        opened(unpacked(address), tmp_path)


@pytest.mark.parametrize("place", [0, 10, 40, -2])
def test_an_altered_letter_of_an_address_is_noticed(place):
    code = packed(written(View(**FULL)))
    letters = list(code)
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(UncertainScaleError, match="cut short or altered"):
        unpacked("#" + "".join(letters))
    with pytest.raises(UncertainScaleError, match="cut short or altered"):
        unpacked("#" + code[:-6])


def test_what_is_too_long_for_an_address_has_none():
    text = written(View(given={"budget": "100M"}))
    noise = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(1000))
    assert packed(text)
    assert packed(text + noise) == ""


def test_two_files_of_one_name_are_refused(tmp_path):
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "own.toml")
        paths[-1].write_text(f'schema_version = 1\nextends = "base"\ntitle = "{name}"\n')
    with pytest.raises(UncertainScaleError, match=r"two files are called own\.toml"):
        written(View(scenario=str(paths[0]), others=(str(paths[1]),)))
    with pytest.raises(UncertainScaleError, match="cannot be read"):
        written(View(equations=(Path(tmp_path / "gone.py"),)))
