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
    with pytest.raises(ModelError, match="off by a factor 3600"):
        build(tmp_path, body)


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
