"""Metalog against its published forms, its moments and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uncertain_scale.inputs.distributions import DistributionError, build

U = np.concatenate([10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), [0.5]])


def keelin(levels, values, u):
    """Keelin 2016, equations 6 and 7, term by term as printed."""

    def row(y):
        odds, c = np.log(y / (1 - y)), y - 0.5
        terms = [1, odds, c * odds, c, c**2, c**2 * odds, c**3, c**3 * odds]
        return np.array([term + 0 * y for term in terms[: len(levels)]]).T

    return row(u) @ np.linalg.solve(row(np.array(levels)), values)


@pytest.mark.parametrize(
    "points",
    [
        {"q10": 1, "q50": 3, "q90": 9},
        {"q05": 1, "q25": 2, "q50": 3, "q75": 4.2},
        {"q05": 1, "q25": 2, "q50": 3, "q75": 4, "q95": 5.5},
        {"q01": 0.2, "q05": 1, "q25": 2, "q50": 3, "q75": 4, "q95": 5.5},
    ],
)
def test_against_the_printed_equations(points):
    levels = [float(f"0.{name[1:]}") for name in points]
    u = np.linspace(0.001, 0.999, 99)
    expected = keelin(levels, list(points.values()), u)
    np.testing.assert_allclose(build("metalog", points).ppf(u), expected, rtol=1e-11)


def test_symmetric_three_terms_are_a_logistic():
    x = stats.logistic(2, 0.7).ppf([0.1, 0.5, 0.9])
    kind = build("metalog", dict(zip(("q10", "q50", "q90"), x.tolist(), strict=True)))
    np.testing.assert_allclose(kind.ppf(U), stats.logistic(2, 0.7).ppf(U), rtol=1e-11)
    np.testing.assert_allclose(kind.cdf(np.array([0.0, 4])), stats.logistic(2, 0.7).cdf([0, 4]))
    assert kind.mean() == pytest.approx(2, rel=1e-12)
    assert kind.sd() == pytest.approx(0.7 * np.pi / np.sqrt(3), rel=1e-11)


def test_log_metalog_is_a_log_logistic_with_its_moments():
    """E X = scale (pi/c) / sin(pi/c) for a log-logistic of shape c; none for c <= 1."""
    for shape, has_mean, has_sd in ((3.0, True, True), (1.5, True, False), (0.9, False, False)):
        law = stats.fisk(shape, loc=1, scale=2)
        x = law.ppf([0.1, 0.5, 0.9])
        points = dict(zip(("q10", "q50", "q90"), x.tolist(), strict=True))
        kind = build("metalog", {**points, "lower": 1})
        np.testing.assert_allclose(kind.ppf(U), 1 + 2 * (U / (1 - U)) ** (1 / shape), rtol=1e-9)
        angle = np.pi / shape
        if has_mean:
            assert kind.mean() == pytest.approx(1 + 2 * angle / np.sin(angle), rel=1e-9)
        else:
            assert kind.mean() is None
        if has_sd:
            variance = 4 * (2 * angle / np.sin(2 * angle) - (angle / np.sin(angle)) ** 2)
            assert kind.sd() == pytest.approx(np.sqrt(variance), rel=1e-9)
        else:
            assert kind.sd() is None


def test_upper_bound_mirrors_lower_bound():
    low = build("metalog", {"q10": 1, "q50": 2, "q90": 5, "lower": 0})
    high = build("metalog", {"q10": -5, "q50": -2, "q90": -1, "upper": 0})
    np.testing.assert_allclose(high.quantile(1 - U, U), -low.quantile(U, 1 - U), rtol=1e-10)
    assert high.mean() == pytest.approx(-low.mean(), rel=1e-12)
    assert high.support == (-np.inf, 0)


def test_only_a_tail_without_a_bound_is_a_power_law():
    points = {"q10": -5, "q50": -2, "q90": -1}
    assert build("metalog", points).tails() == (0, 0)
    assert build("metalog", {**points, "lower": -9, "upper": 0}).tails() == (0, 0)
    left, right = build("metalog", {**points, "upper": 0}).tails()
    mirrored = build("metalog", {"q10": 1, "q50": 2, "q90": 5, "lower": 0}).tails()
    assert (left, right) == pytest.approx(mirrored[::-1], rel=1e-12)
    assert left > 0 == right


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.1, 3),
    st.floats(0.1, 3),
    st.sampled_from([{}, {"lower": 0}, {"upper": 9}, {"lower": 0, "upper": 9}]),
)
def test_goes_through_its_points_or_is_refused(first, second, bounds):
    x = np.array([1, 1 + first, 1 + first + second])
    points = dict(zip(("q10", "q50", "q90"), x.tolist(), strict=True))
    try:
        kind = build("metalog", {**points, **bounds})
    except DistributionError as error:
        assert "would not increase" in str(error)
        # Keelin 2016, section 4.2: three terms need about 1/6 < step / range < 5/6.
        y = x
        if bounds:
            y = kind_free_transform(x, bounds)
        share = (y[1] - y[0]) / (y[2] - y[0])
        assert share < 0.17 or share > 0.83
        return
    np.testing.assert_allclose(kind.cdf(x), [0.1, 0.5, 0.9], rtol=1e-10)
    assert (np.diff(kind.ppf(np.sort(U))) >= 0).all()


def kind_free_transform(x, bounds):
    low = np.log(x - bounds["lower"]) if "lower" in bounds else 0
    high = np.log(bounds["upper"] - x) if "upper" in bounds else 0
    return low - high


def test_feasible_in_the_middle_but_not_in_the_tail_is_refused():
    """Five points whose upper tail turns down beyond the last of them."""
    points = {"q05": 0, "q25": 2, "q50": 3, "q75": 3.9, "q95": 4}
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    u = np.linspace(1e-9, 1 - 1e-9, 100_001)
    assert np.diff(keelin(levels, np.array(list(points.values())), u)).min() < 0
    with pytest.raises(DistributionError, match="would not increase"):
        build("metalog", points)


def test_points_too_many_to_tell_apart_are_refused():
    names = [f"q{1 + 6 * k:02d}" for k in range(16)]
    wobble = {name: k + 0.9 * np.sin(k) for k, name in enumerate(names)}
    with pytest.raises(DistributionError, match="no metalog has"):
        build("metalog", wobble)
