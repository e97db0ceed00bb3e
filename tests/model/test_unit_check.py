"""Units checked by magnitude."""

import textwrap

import numpy as np
import pytest

from uncertain_scale.errors import ModelError
from uncertain_scale.model import Model, default_model
from uncertain_scale.model.unit_check import check_units

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


CALLS = {  # of NumPy and SciPy, which quantities do not take, with their values at a = 1, b = 2
    "np.select([a < 0, a < 5], [a, 3 * b], b)": 6.0,
    "np.piecewise(a, [a < 0, a >= 0], [lambda x: -x, lambda x: 2 * x]) * b": 4.0,
    "np.heaviside(a, 0.5) + b": 3.0,
    "np.fmax(a, b)": 2.0,
    "erf(a) * b": 1.6854015858994292,
    "np.float_power(b, a)": 2.0,
}


@pytest.mark.parametrize("call", CALLS)
def test_functions_that_know_no_units_are_taken_where_there_are_none(tmp_path, call):
    body = f"""
    from scipy.special import erf
    One = Annotated[float, "1"]
    def y(a: One, b: One) -> One:
        return {call}
    """
    model = build(tmp_path, body)
    (equation,) = (one for one in model.equations if one.target == "y")
    given = {"a": np.full(3, 1.0), "b": np.full(3, 2.0)}
    assert equation.function(**given) == pytest.approx(CALLS[call])


@pytest.mark.parametrize(
    ("law", "some"),
    [
        ("def y(a: Hours) -> Hours:\n    return np.select([a > a], [a], a)", "a is in gpu"),
        (
            "O = Annotated[float, '1']\ndef y(a: O) -> O:\n    return erf(a) * SECONDS_PER_HOUR",
            "SECONDS_PER_HOUR is in s/hour",
        ),
    ],
)
def test_functions_that_know_no_units_are_named_where_there_are_some(tmp_path, law, some):
    name = "numpy.select" if "select" in law else "erf"
    with pytest.raises(ModelError, match=f"calls {name}, which knows no units.*{some}"):
        build(tmp_path, f"from scipy.special import erf\n{law}")
