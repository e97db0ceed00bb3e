"""Truncation renormalises, keeps its digits deep in either tail, and piles no mass on a bound."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from uncertain_scale.inputs.distributions import build, parse_distribution

U = np.concatenate([10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), [0.5]])


@pytest.mark.parametrize("bounds", [(-1, 2), (0.5, np.inf), (-np.inf, -3), (2, 2.5), (-40, 40)])
def test_truncated_normal_against_scipy(bounds):
    ours = build("normal", {"mu": 1, "sigma": 2, "truncate": list(bounds)})
    a, b = (np.array(bounds) - 1) / 2
    theirs = stats.truncnorm(a, b, loc=1, scale=2)
    u = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(ours.ppf(u), theirs.ppf(u), rtol=1e-9)
    np.testing.assert_allclose(ours.cdf(theirs.ppf(u)), u, rtol=1e-9)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-10)
    assert ours.sd() == pytest.approx(theirs.std(), rel=1e-9)
    assert ours.support == bounds


@pytest.mark.parametrize("cut", [1.0, 6.0, 12.0, 30.0])
def test_deep_upper_tail_keeps_its_digits(cut):
    """P(X > x | X > cut) = 1 - u, solved in logarithms, which know no underflow."""
    kind = build("normal", {"mu": 0, "sigma": 1, "truncate": [cut, np.inf]})
    exact = -special.ndtri_exp(np.log1p(-U) + special.log_ndtr(-cut))
    np.testing.assert_allclose(kind.ppf(U), exact, rtol=1e-12)
    mirrored = build("normal", {"mu": 0, "sigma": 1, "truncate": [-np.inf, -cut]})
    np.testing.assert_allclose(mirrored.quantile(1 - U, U), -exact, rtol=1e-12)
    np.testing.assert_allclose(kind.sf(exact), 1 - U, rtol=1e-9)
    # Mean of the excess of a normal: phi(cut) / P(X > cut), in logarithms.
    hazard = np.exp(-(cut**2) / 2 - np.log(2 * np.pi) / 2 - special.log_ndtr(-cut))
    assert kind.mean() == pytest.approx(hazard, rel=1e-11)


@settings(deadline=None, max_examples=40)
@given(
    text=st.sampled_from(
        [
            "lognormal(mu=0, sigma=1)",
            "gamma(alpha=0.7, beta=1)",
            "beta(alpha=2, beta=3, lower=0, upper=5)",
            "student_t(nu=3, mu=1, sigma=1)",
            "triangular(lower=0, mode=1, upper=5)",
            "pert(lower=0, mode=1, upper=5)",
            "loguniform(lower=0.01, upper=10)",
            "metalog(q10=0.5, q50=1, q90=3)",
            "quantiles(q10=0.5, q50=1, q90=3)",
            "mixture(components=[normal(mu=0, sigma=1), gamma(alpha=2, beta=1)])",
        ]
    ),
    low=st.floats(0.05, 1),
    width=st.floats(0.3, 3),
)
def test_truncation_is_conditioning(text, low, width):
    """F_cut(x) = (F(x) - F(a)) / (F(b) - F(a)), and no more than its share lies at a bound."""
    whole, _ = parse_distribution(text)
    high = low + width
    cut = whole.truncated(low, high)
    x = np.linspace(low, high, 11)
    below, above = whole.cdf(np.array([low, high]))
    expected = (whole.cdf(x) - below) / (above - below)
    np.testing.assert_allclose(cut.cdf(x), expected, atol=1e-12)
    np.testing.assert_allclose(cut.cdf(cut.ppf(expected[1:-1])), expected[1:-1], atol=1e-7)
    outside = cut.cdf(np.array([low - 0.1, low, high, high + 0.1]))
    np.testing.assert_allclose(outside, [0, 0, 1, 1], atol=1e-14)
    draws = cut.ppf((np.arange(2_000) + 0.5) / 2_000)
    assert ((draws > low) & (draws < high)).all()
    assert np.unique(draws).size == draws.size


@pytest.mark.parametrize(
    ("text", "density", "breaks"),
    [
        ("gamma(alpha=2.3, beta=1, truncate=[0.5, 3])", stats.gamma(2.3).pdf, (0.5, 3)),
        ("beta(alpha=2, beta=0.7, truncate=[0.1, 0.9])", stats.beta(2, 0.7).pdf, (0.1, 0.9)),
        ("student_t(nu=1, mu=0, sigma=1, truncate=[-1, 30])", stats.t(1).pdf, (-1, 3, 30)),
        (
            "triangular(lower=0, mode=1, upper=4, truncate=[0.5, 3])",
            stats.triang(0.25, 0, 4).pdf,
            (0.5, 1, 3),
        ),
        ("loguniform(lower=1, upper=9, truncate=[2, 4])", stats.loguniform(1, 9).pdf, (2, 4)),
    ],
)
def test_truncated_moments_by_integrals_over_the_density(text, density, breaks):
    def integral(function):
        pieces = pairwise(breaks)
        return sum(integrate.quad(function, *piece, epsrel=1e-13)[0] for piece in pieces)

    kind, _ = parse_distribution(text)
    mass = integral(density)
    mean = integral(lambda x: x * density(x)) / mass
    variance = integral(lambda x: (x - mean) ** 2 * density(x)) / mass
    assert kind.mean() == pytest.approx(mean, rel=1e-9)
    assert kind.sd() == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_a_bound_brings_back_moments_that_did_not_exist():
    cauchy = {"nu": 1, "mu": 0, "sigma": 1}
    assert build("student_t", {**cauchy, "truncate": [0, np.inf]}).mean() is None
    assert build("student_t", {**cauchy, "truncate": [-np.inf, 0]}).sd() is None
    kind = build("student_t", {**cauchy, "truncate": [0, 1]})
    assert kind.mean() == pytest.approx(2 * np.log(2) / np.pi, rel=1e-10)
    half = build("student_t", {"nu": 1.5, "mu": 0, "sigma": 1, "truncate": [0, np.inf]})
    # E|T| = 2 sqrt(nu) / ((nu - 1) B(nu/2, 1/2)).
    exact = 2 * np.sqrt(1.5) / (0.5 * special.beta(0.75, 0.5))
    assert half.mean() == pytest.approx(exact, rel=1e-9)
    assert half.sd() is None


def test_open_bounds_change_nothing():
    kind = build("normal", {"mu": 0, "sigma": 1, "truncate": [-np.inf, np.inf]})
    plain = build("normal", {"mu": 0, "sigma": 1})
    np.testing.assert_array_equal(kind.ppf(U), plain.ppf(U))
    assert kind.mean() == 0


def test_truncating_twice_intersects():
    kind = build("normal", {"mu": 0, "sigma": 1, "truncate": [-1, 2]})
    kind.ppf(U)
    cut = kind.truncated(0, 5)
    assert cut.support == (0, 2)
    assert cut == build("normal", {"mu": 0, "sigma": 1, "truncate": [0, 2]})
    np.testing.assert_array_equal(cut.ppf(U), build("normal", cut.stated).ppf(U))
    assert kind.support == (-1, 2)
