"""Units checked by magnitude."""

import textwrap

import pytest

from uncertain_scale.errors import ModelError
from uncertain_scale.model import Model, default_model
from uncertain_scale.model.equation import check_units

HEAD = """\
from typing import Annotated
import numpy as np
from uncertain_scale.units.aliases import empirical

Hours = Annotated[float, "gpu*hour"]
Speed = Annotated[float, "FLOP/s/gpu"]
Flop = Annotated[float, "FLOP"]
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
"""


def build(tmp_path, body):
    path = tmp_path / "own.py"
    path.write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
    return Model.of(path)


def test_right_units_pass(tmp_path):
    body = """
    def flop(hours: Hours, speed: Speed) -> Flop:
        return hours * speed * SECONDS_PER_HOUR
    """
    assert build(tmp_path, body).variables["flop"] == "FLOP"


def test_a_missing_conversion_is_caught_though_its_dimensions_are_right(tmp_path):
    body = """
    def flop(hours: Hours, speed: Speed) -> Flop:
        return hours * speed
    """
    with pytest.raises(ModelError, match="off by a factor 3600") as told:
        build(tmp_path, body)
    constant = str(told.value).partition("annotated with its units, ")[2]
    assert constant == 'FACTOR: Annotated[float, "second/hour"] = 3600'
    mended = f"{constant}\n{textwrap.dedent(body)} * FACTOR".replace("\n *", " *")
    assert build(tmp_path, mended).variables["flop"] == "FLOP"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "def cost(a: USD, b: Annotated[float, 'kUSD']) -> USD:\n    return a + b",
            r"off by a factor 572.412, which its result's units do not explain: terms .* kW and MW",
        ),
        (
            "def cost(a: Annotated[float, '1']) -> Annotated[float, '%']:\n    return a",
            r"off by a factor 100: its result is in 1, declared as %; multiply",
        ),
        (
            "def cost(a: USD) -> USD:\n    return a * np.random.rand(*np.shape(a))",
            "gives the same draws another result when it is called again; .*into a prior",
        ),
        (
            "def cost(a: USD) -> USD:\n    _calls.append(1)\n    return a * len(_calls)",
            "gives the same draws another result when it is called again; .*nothing between calls",
        ),
        (
            "def cost(a: USD) -> USD:\n    return np.clip(a, 0, 0.3, out=a)",
            r"writes into its argument 'a' \(line \d+\)",
        ),
        (
            "def cost(a: One) -> One:\n    return np.clip(a, 0, 0.3, out=a)",
            r"writes into its argument 'a' \(line \d+\)",
        ),
    ],
)
def test_an_equation_is_refused_for_its_cause(tmp_path, body, words):
    """By its file as it was named, and not for units where it is no function of its arguments."""
    with pytest.raises(
        ModelError, match=rf"{tmp_path}/own.py:\d+ cost\(.*\) (is )?{words}"
    ) as told:
        build(
            tmp_path, f"USD, One = (Annotated[float, u] for u in ('USD', '1'))\n_calls = []\n{body}"
        )
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def flop(hours: Hours, speed: Speed) -> Flop:\n    return hours + speed", "convert"),
        ("def flop(hours: Hours) -> Flop:\n    return hours", "do not work out to FLOP"),
        ("def flop(hours: Hours) -> Flop:\n    return np.exp(hours)", "do not work out to FLOP"),
        ("def flop(hours: Hours) -> Flop:\n    return 3.0", "do not work out to FLOP"),
    ],
)
def test_wrong_dimensions_are_caught(tmp_path, body, words):
    with pytest.raises(ModelError, match=words):
        build(tmp_path, body)


def test_all_faults_are_told_at_once(tmp_path):
    body = """
    def flop(hours: Hours) -> Flop:
        return hours

    def speed(hours: Hours) -> Speed:
        return hours
    """
    with pytest.raises(ModelError) as caught:
        build(tmp_path, body)
    assert len(str(caught.value).splitlines()) == 2


def test_what_a_replaced_equation_leaves_without_units_is_checked_again(tmp_path):
    body = """
    def hours(other: Hours) -> Hours:
        return other


    def twice(hours) -> Hours:
        return 2 * hours


    def flop(seconds: Annotated[float, "gpu*s"], speed: Speed) -> Flop:
        return seconds * speed
    """
    model = build(tmp_path, body)
    bare = tmp_path / "bare.py"
    bare.write_text("def hours(other):\n    return other\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"twice\(hours\): its units do not work out") as caught:
        model.extended(bare)
    assert "flop" not in str(caught.value)


def test_a_fitted_law_is_exempt(tmp_path):
    body = """
    @empirical
    def flop(hours: Hours) -> Flop:
        return 3.0 * hours**0.37
    """
    assert build(tmp_path, body).equations[0].empirical


def test_the_built_in_model_passes_and_little_of_it_is_exempt():
    model = default_model()
    check_units(model.equations, model.variables)  # which no start of the program does
    exempt = {e.name for e in model.equations if e.empirical}
    assert {e.subject for e in model.equations if e.empirical} <= {"chinchilla"}
    assert len(exempt) < len(model.equations) / 5
