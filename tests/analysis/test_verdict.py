"""Where an assertion falls among draws: closed forms, and each rule by itself."""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale.analysis.verdict import find, stand
from uncertain_scale.inputs.assertion import figure, span
from uncertain_scale.statistics.draws import Draws

PROBS = (0.95, 0.5, 0.9)


@pytest.fixture(scope="module")
def draws():
    """Give normal draws about 10, stratified within each of 16 chains."""
    generator = np.random.default_rng(5)
    u = (np.arange(4096) + generator.random((16, 4096))) / 4096
    return Draws(10 + norm.ppf(u))


@pytest.mark.parametrize("value", [7.9, 9.2, 10.0, 10.6, 12.5])
def test_the_share_below_is_the_normals(draws, value):
    standing = stand(figure(str(value), "1"), draws, PROBS)
    (share,) = standing.shares
    exact = norm.cdf(value - 10)
    assert abs(share.below - exact) < 4.9 * share.mcse
    assert share.mcse < 1e-4


def test_a_share_of_random_draws_has_the_binomial_error():
    values = np.random.default_rng(8).normal(size=(64, 1024))
    (share,) = stand(figure("0.5", "1"), Draws(values), PROBS).shares
    p = norm.cdf(0.5)
    assert share.mcse == pytest.approx(np.sqrt(p * (1 - p) / values.size), rel=0.35)
    assert abs(share.below - p) < 4.9 * np.sqrt(p * (1 - p) / values.size)


@pytest.mark.parametrize(
    ("text", "place", "prob", "beyond"),
    [
        ("10.1", "inside", 0.5, ""),
        ("11.0", "inside", 0.9, "above"),
        ("9.0", "inside", 0.9, "below"),
        ("11.8", "inside", 0.95, "above"),
        ("12.4", "above", 0.95, ""),
        ("7.4", "below", 0.95, ""),
    ],
)
def test_a_figure_is_inside_the_narrowest_interval_that_holds_it(draws, text, place, prob, beyond):
    standing = stand(figure(text, "1"), draws, PROBS)
    assert (standing.place, standing.prob, standing.beyond) == (place, prob, beyond)
    assert standing.factor == pytest.approx(float(text) / 10, rel=1e-3)
    assert not standing.borderline


def test_what_rounds_to_a_figure_is_told_beside_it(draws):
    rough, sharp = (stand(figure("11", "1", d), draws, PROBS) for d in (2, 3))
    assert (rough.place, rough.prob, rough.rounded) == ("inside", 0.9, 0.5)
    assert (sharp.place, sharp.prob, sharp.rounded) == ("inside", 0.9, 0.0)
    outside = stand(figure("20", "1"), draws, PROBS)  # 15 to 25
    assert (outside.place, outside.rounded) == ("above", 0.0)


def test_an_interval_is_inside_what_it_overlaps(draws):
    overlapping = stand(span("10.5", "30", "1"), draws, PROBS)
    assert (overlapping.place, overlapping.prob) == ("inside", 0.5)
    assert [share.value for share in overlapping.shares] == [10.5, 30]
    beside = stand(span("12.5", "30", "1"), draws, PROBS)
    assert (beside.place, beside.prob) == ("above", 0.95)
    assert beside.factor == pytest.approx(1.25, rel=1e-3)
    assert overlapping.covered == pytest.approx(1 - norm.cdf(0.5), abs=1e-4)


def test_a_bound_has_its_probability(draws):
    standing = stand(span("9", None, "1"), draws, PROBS)
    assert standing.place == "bound"
    assert standing.covered == pytest.approx(norm.cdf(1), abs=1e-4)
    below = stand(span(None, "9", "1"), draws, PROBS)
    assert below.covered == pytest.approx(norm.cdf(-1), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "place"), [("2", "equal"), ("1.98", "equal"), ("3", "above"), ("1", "below")]
)
def test_draws_that_are_one_number_have_no_intervals(text, place):
    standing = stand(figure(text, "1"), Draws(np.full((2, 2), 1.979)), PROBS)
    assert standing.place == place
    assert standing.found.constant
    assert standing.found.median == 1.979


def test_a_figure_at_an_end_is_borderline():
    few = Draws(np.random.default_rng(2).normal(10, 1, size=(8, 64)))
    end = find(few, PROBS).intervals[-1]
    near = figure(f"{end.high + 0.5 * end.high_mcse:.12f}", "1")
    far = figure(f"{end.high + 5 * end.high_mcse:.12f}", "1")
    assert stand(near, few, PROBS).borderline
    assert not stand(far, few, PROBS).borderline


def test_nothing_positive_is_needed_but_for_a_factor():
    standing = stand(figure("-3", "1"), Draws(np.random.default_rng(1).normal(size=(4, 64))), PROBS)
    assert standing.place == "below"
    assert np.isnan(standing.factor)


def test_one_chain_has_no_error():
    (share,) = stand(figure("0.1", "1"), Draws(np.linspace(-1, 1, 64)[None]), PROBS).shares
    assert np.isnan(share.mcse)
