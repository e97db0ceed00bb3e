"""Densities of every kind: against scipy's, against their own probabilities, and 0 outside."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import stats

from uncertain_scale.inputs.distributions import (
    KINDS,
    DistributionError,
    Normal,
    parse_distribution,
)

SMOOTH = (
    "uniform(lower=-1, upper=3)",
    "loguniform(lower=0.01, upper=100)",
    "normal(mu=-3, sigma=0.2)",
    "lognormal(q05=1.4, q95=3.2)",
    "logitnormal(mu=0.4, sigma=1.5)",
    "logitnormal(q05=2, q95=4, lower=1, upper=6)",
    "student_t(nu=5, mu=1, sigma=2)",
    "student_t(nu=0.7, mu=1, sigma=2)",
    "gamma(alpha=2.3, beta=0.5)",
    "gamma(mu=3, sigma=5)",
    "beta(alpha=0.5, beta=3)",
    "beta(mu=1.4, sigma=0.2, lower=1, upper=2)",
    "triangular(lower=0, mode=1, upper=4)",
    "triangular(lower=0, mode=0, upper=4)",
    "triangular(lower=0, mode=4, upper=4)",
    "pert(lower=0, mode=1, upper=4)",
    "pert(q05=1, q50=2, q95=4, shape=3)",
    "metalog(q10=1, q50=3, q90=9)",
    "metalog(q10=1, q50=3, q90=7, lower=0)",
    "metalog(q10=1, q50=3, q90=4, upper=6)",
    "metalog(q05=1, q25=2, q50=3, q75=4, q95=5.5, lower=0, upper=6)",
    "quantiles(q05=1, q50=3, q95=4)",
    "quantiles(q05=1, q50=3, q95=8, lower=0)",
    "quantiles(q05=1, q50=3, q95=8, upper=9)",
    "quantiles(q05=1, q30=2, q50=3, q95=8, lower=0, upper=9)",
    "mixture(components=[normal(mu=0, sigma=1), normal(mu=4, sigma=0.5)], weights=[3, 1])",
    "mixture(components=[uniform(lower=0, upper=1), uniform(lower=3, upper=5)])",
    "mixture(components=[beta(alpha=2, beta=3), mixture(components=[gamma(alpha=2, beta=1), "  # noqa: ISC004
    "normal(mu=1, sigma=1, truncate=[0, 2])])], weights=[0.2, 0.8])",
)
CUT = (
    *SMOOTH[:-3],
    "mixture(components=[gamma(alpha=2, beta=1), lognormal(mu=2, sigma=0.3)])",
    "mixture(components=[uniform(lower=0, upper=1), uniform(lower=3, upper=5)])",
)
ATOMS = (
    "constant(value=2.5)",
    "choice(values=[4, 1, 2])",
    "bernoulli(p=0.3)",
    "empirical(values=[3, 1, 4, 1, 5])",
    "mixture(components=[constant(value=1), lognormal(mu=0, sigma=1)], weights=[0.75, 0.25])",
)
LEVELS = np.concatenate(
    [np.geomspace(1e-6, 0.03, 25), np.linspace(0.05, 0.95, 31), 1 - np.geomspace(0.03, 1e-6, 25)]
)


def cut(text):
    """Return a kind cut at its 20% and 90% quantiles."""
    whole = parse_distribution(text)[0]
    low, high = whole.ppf(np.array([0.2, 0.9])).tolist()
    return whole.truncated(low, high)


def misses(distribution):
    """Return how far integrals of the density are from the probabilities between quantiles.

    By Gauss and Legendre's rule on pieces that end where the density is not smooth.
    """
    ends = distribution.ppf(LEVELS)
    inner = [*distribution.kinks(), *(x for one in parts(distribution) for x in one.support)]
    ends = np.unique([*ends, *(x for x in inner if ends[0] < x < ends[-1])])
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(ends) / 2
    found = (distribution.pdf(ends[:-1, None] + half[:, None] * (1 + nodes)) @ weights) * half
    below, above = distribution.cdf(ends), distribution.sf(ends)
    due = np.where(below[1:] < 0.5, np.diff(below), -np.diff(above))
    return float(np.max(np.abs(found - due) / np.maximum(due, 1e-6)))


def parts(distribution):
    """Return what a mixture mixes, at any depth."""
    for one in getattr(distribution, "components", ()):
        yield one
        yield from parts(one)


@pytest.mark.parametrize("text", SMOOTH)
def test_the_integral_of_the_density_is_the_probability(text):
    assert misses(parse_distribution(text)[0]) < 1e-8


@pytest.mark.parametrize("text", CUT)
def test_a_truncation_renormalises_the_density_and_leaves_none_outside(text):
    distribution = cut(text)
    assert misses(distribution) < 1e-8
    low, high = distribution.support
    outside = np.array([low - 1e-6 * abs(low), low - 1, high + 1e-6 * abs(high), high + 1, np.inf])
    assert not distribution.pdf(outside).any()
    whole, inside = parse_distribution(text)[0], np.linspace(low, high, 9)[1:-1]
    np.testing.assert_allclose(distribution.pdf(inside) * 0.7, whole.pdf(inside), rtol=1e-6)


@pytest.mark.parametrize("text", SMOOTH)
def test_no_density_outside_the_support_and_none_of_no_number(text):
    distribution, _ = parse_distribution(text)
    low, high = distribution.support
    outside = np.array([-np.inf, np.inf, *(x for x in (low - 1e-9, high + 1e-9) if np.isfinite(x))])
    assert not distribution.pdf(outside).any()
    assert np.isnan(distribution.pdf(np.array(np.nan)))
    block = distribution.ppf(np.linspace(0.1, 0.9, 6).reshape(2, 3))
    assert distribution.log_pdf(block).shape == (2, 3)
    np.testing.assert_array_equal(np.exp(distribution.log_pdf(block)), distribution.pdf(block))


@pytest.mark.parametrize("text", ATOMS)
def test_what_has_atoms_has_no_density(text):
    with pytest.raises(DistributionError, match="has no density"):
        parse_distribution(text)[0].pdf(np.array([1.0]))


def test_every_kind_has_a_density_or_says_why_not():
    assert {text.split("(")[0] for text in (*SMOOTH, *ATOMS)} == set(KINDS)


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("uniform(lower=1, upper=4)", stats.uniform(1, 3)),
        ("loguniform(lower=0.1, upper=1e30)", stats.loguniform(0.1, 1e30)),
        ("normal(mu=3, sigma=2)", stats.norm(3, 2)),
        ("lognormal(mu=60, sigma=2)", stats.lognorm(2, scale=np.exp(60))),
        ("student_t(nu=4, mu=3, sigma=2)", stats.t(4, 3, 2)),
        ("student_t(nu=1e5, mu=3, sigma=2)", stats.t(1e5, 3, 2)),
        ("gamma(alpha=3, beta=2)", stats.gamma(3, scale=1 / 2)),
        ("gamma(alpha=0.01, beta=2)", stats.gamma(0.01, scale=1 / 2)),
        ("gamma(alpha=40, beta=1e-25)", stats.gamma(40, scale=1e25)),
        ("beta(alpha=2, beta=5)", stats.beta(2, 5)),
        ("beta(alpha=0.3, beta=60, lower=0, upper=5)", stats.beta(0.3, 60, 0, 5)),
        ("triangular(lower=0, mode=1, upper=4)", stats.triang(0.25, 0, 4)),
        ("normal(mu=3, sigma=2, truncate=[1, 6])", stats.truncnorm(-1, 1.5, 3, 2)),
        ("normal(mu=0, sigma=1, truncate=[30, inf])", stats.truncnorm(30, np.inf)),
    ],
    ids=str,
)
def test_densities_are_scipys(text, law):
    """Far into both tails, and beyond them where that is in the support."""
    x = law.ppf([1e-12, 1e-3, 0.1, 0.4, 0.6, 0.9, 0.999, 1 - 1e-12])
    found = parse_distribution(text)[0].log_pdf(x)
    np.testing.assert_allclose(found, law.logpdf(x), rtol=1e-9, atol=1e-9)


def stirling(shape):
    """Return log Gamma of a large shape in 50 digits."""
    a = Decimal(shape)
    series = 1 / (12 * a) - 1 / (360 * a**3) + 1 / (1260 * a**5)
    return (a - Decimal("0.5")) * a.ln() - a + Decimal(2 * np.pi).ln() / 2 + series


@pytest.mark.parametrize("shape", [10**4, 10**9])
def test_large_shapes_cost_no_digits(shape):
    """Sums of terms of 1e10 that cancel, worked out in 50 digits."""
    with localcontext(prec=50):
        a = Decimal(shape)
        for score in (-5, -1, 0, 2, 6):
            x = 1 + score / shape**0.5
            log, y = Decimal(x).ln(), Decimal(x)
            exact = a * a.ln() + (a - 1) * log - a * y - stirling(shape)
            found = parse_distribution(f"gamma(alpha={shape}, beta={shape})")[0].log_pdf(x)
            assert float(found) == pytest.approx(float(exact), abs=1e-10)
            place = x / 4
            log, other = Decimal(place).ln(), (1 - Decimal(place)).ln()
            exact = (a - 1) * log + (3 * a - 1) * other + stirling(4 * shape)
            exact -= stirling(shape) + stirling(3 * shape)
            found = parse_distribution(f"beta(alpha={shape}, beta={3 * shape})")[0].log_pdf(place)
            assert float(found) == pytest.approx(float(exact), abs=1e-10)


@pytest.mark.parametrize(
    ("text", "x", "density"),
    [
        ("gamma(alpha=1, beta=3)", 0.0, 3.0),
        ("gamma(alpha=0.5, beta=3)", 0.0, np.inf),
        ("gamma(alpha=2, beta=3)", 0.0, 0.0),
        ("beta(alpha=1, beta=3)", 0.0, 3.0),
        ("beta(alpha=2, beta=1, lower=0, upper=4)", 4.0, 0.5),
        ("beta(alpha=0.5, beta=0.5)", 1.0, np.inf),
        ("triangular(lower=0, mode=0, upper=4)", 0.0, 0.5),
        ("triangular(lower=0, mode=4, upper=4)", 0.0, 0.0),
        ("uniform(lower=1, upper=3)", 3.0, 0.5),
        ("lognormal(mu=0, sigma=1)", 0.0, 0.0),
        ("logitnormal(mu=0, sigma=9)", 1.0, 0.0),
        ("quantiles(q05=1, q95=4, lower=0)", 0.0, 0.0),
        ("metalog(q10=1, q50=3, q90=7, lower=0)", 0.0, 0.0),
        ("metalog(q10=1, q50=50, q90=2500, lower=0)", 0.0, np.inf),
    ],
)
def test_densities_at_the_ends_of_a_support(text, x, density):
    np.testing.assert_allclose(parse_distribution(text)[0].pdf(np.array([x])), [density])


class Steep(Normal):
    """A normal whose density forgets to divide by its scale's thousandth: one fault."""

    def log_density(self, x):
        return super().log_density(x) + 1e-3


def test_the_check_finds_a_wrong_density():
    assert misses(Normal(mu=0, sigma=2)) < 1e-8 < misses(Steep(mu=0, sigma=2))
