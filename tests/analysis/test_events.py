"""Events: comparisons that are read, never evaluated, and their probabilities."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from shelf import cube

from uncertain_scale.analysis.events import parse_event, probability
from uncertain_scale.errors import QuestionError, UnitError

UNITS = {"training_flop": "FLOP", "facility_power": "MW", "site_power": "GW", "gpus": "gpu"}


@pytest.mark.parametrize(
    ("text", "left", "sign", "right", "factor"),
    [
        ("training_flop >= 1e26", "training_flop", ">=", 1e26, 1),
        ("facility_power<0.1 GW", "facility_power", "<", 100, 1),
        (" 25k <= gpus ", 25_000, "<=", "gpus", 1),
        ("facility_power > site_power", "facility_power", ">", "site_power", 1000),
    ],
)
def test_reads_variables_quantities_and_units(text, left, sign, right, factor):
    event = parse_event(text, UNITS)
    assert (event.left, event.sign, event.factor) == (left, sign, pytest.approx(factor))
    assert event.right == (right if isinstance(right, str) else pytest.approx(right))
    assert set(event.variables) <= set(UNITS)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("training_flop", QuestionError, "is not a comparison"),
        ("training_flop >= 1e26 >= 2", QuestionError, "is not a comparison"),
        ("training_flop == 1e26", QuestionError, "is not a comparison"),
        ("training_flops >= 1e26", QuestionError, "did you mean 'training_flop'"),
        ("1 > 2", QuestionError, "compares no variable"),
        ("training_flop >= 1 MW", UnitError, "incompatible"),
        ("gpus > site_power", UnitError, "incompatible"),
        ("gpus > __import__('os')", UnitError, "is not a value"),
    ],
)
def test_refuses_what_is_no_event(text, error, words):
    with pytest.raises(error, match=words):
        parse_event(text, UNITS)


def test_probability_and_its_error_are_those_of_the_chains():
    """An independent count, for variables in different units."""
    generator = np.random.default_rng(4)
    power = generator.normal(3000, 500, (16, 500))
    site = generator.normal(3, 0.5, (16, 500))
    draws = xr.Dataset(
        {"facility_power": (("chain", "draw"), power), "site_power": (("chain", "draw"), site)}
    )
    found = probability(parse_event("facility_power > site_power", UNITS), draws)
    shares = [(p > 1000 * s).mean() for p, s in zip(power, site, strict=True)]
    assert found.value == pytest.approx(np.mean(shares), rel=1e-12)
    assert found.mcse == pytest.approx(np.std(shares, ddof=1) / 4, rel=1e-12)
    assert abs(found.value - 0.5) < 4.9 * found.mcse


def test_a_threshold_has_its_variable_on_the_left():
    assert parse_event("25k <= gpus", UNITS).threshold() == ("gpus", ">=", 25_000)
    assert parse_event("gpus < 25k", UNITS).threshold() == ("gpus", "<", 25_000)
    with pytest.raises(QuestionError, match="compares two variables"):
        parse_event("facility_power > site_power", UNITS).threshold()


def test_an_event_and_its_opposite_add_up_to_one():
    draws = xr.Dataset({"gpus": (("chain", "draw"), [[1.0, 2.0, 3.0], [2.0, 2.0, 4.0]])})
    for sign, opposite in ((">=", "<"), (">", "<=")):
        both = [probability(parse_event(f"gpus {s} 2", UNITS), draws) for s in (sign, opposite)]
        assert both[0].value + both[1].value == pytest.approx(1)


def test_chains_that_count_alike_leave_the_doubt_of_a_rounding():
    """Of 10 evenly placed draws 3 are below 0.34 in every chain, and the probability is 0.34."""
    draws = (np.arange(10) + 0.5) / 10 * np.ones((16, 1))
    found = probability(
        parse_event("x < 0.34", {"x": "1"}), xr.Dataset({"x": (("chain", "draw"), draws)})
    )
    assert found.value == pytest.approx(0.3)
    assert found.mcse == pytest.approx(12**-0.5 / 10 / 4)
    sure = probability(
        parse_event("x < 2", {"x": "1"}), xr.Dataset({"x": (("chain", "draw"), draws)})
    )
    assert sure.value == 1
    assert np.isnan(sure.mcse)
    assert sure.low == pytest.approx(0.05 ** (1 / 160))
    assert sure.high == 1


@pytest.mark.slow
@pytest.mark.parametrize("design", ["sobol", "lhs"])
def test_errors_of_probabilities_are_honest_where_one_input_decides(design):
    """Nine of ten cases within two errors, and more; with the spread alone it was eight."""
    event = parse_event("x < 0.3", {"x": "1"})
    scores = []
    for seed in range(200):
        draws = cube(design, 1, 4000 + seed, draws=1024)[..., 0]
        found = probability(event, xr.Dataset({"x": (("chain", "draw"), draws)}))
        scores.append((found.value - 0.3) / found.mcse)
    assert np.mean(np.abs(scores) <= 2) >= 0.9


@pytest.mark.parametrize("chains", [1, 16])
def test_what_no_draw_shows_has_a_bound(chains):
    """0.95 of the time it would have shown, were it likelier: (1 - p)^N = 0.05."""
    draws = np.random.default_rng(1).random((chains, 500))
    x = xr.Dataset({"x": (("chain", "draw"), draws)})
    never = probability(parse_event("x > 2", {"x": "1"}), x)
    assert (never.value, never.low) == (0, 0)
    assert np.isnan(never.mcse)
    assert (1 - never.high) ** draws.size == pytest.approx(0.05)
    always = probability(parse_event("x < 2", {"x": "1"}), x)
    assert (always.low, always.high) == pytest.approx((1 - never.high, 1))


def test_what_rests_on_constants_is_certain():
    x = xr.Dataset({"x": (("chain", "draw"), np.full((4, 10), 3.0))})
    found = probability(parse_event("x > 2", {"x": "1"}), x)
    assert (found.value, found.mcse, found.low, found.high) == (1, 0, 1, 1)


def test_the_interval_of_one_chain_is_that_of_independent_draws():
    """Clopper and Pearson's by scipy."""
    draws = np.arange(200.0)[None]
    found = probability(
        parse_event("x < 7", {"x": "1"}), xr.Dataset({"x": (("chain", "draw"), draws)})
    )
    exact = stats.binomtest(7, 200).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
