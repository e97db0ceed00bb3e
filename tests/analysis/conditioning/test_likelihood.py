"""Log-likelihoods of every kind of stated error, against scipy's densities."""

import numpy as np
import pytest
from scipy import stats

from uncertain_scale.analysis.conditioning.likelihood import (
    allowed_share,
    distance,
    log_likelihood,
    tail_probabilities,
)
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import Observation, Range

KINDS = [
    ("normal(mu=3, sigma=2)", stats.norm(3, 2)),
    ("student_t(nu=4, mu=3, sigma=2)", stats.t(4, 3, 2)),
    ("gamma(alpha=3, beta=2)", stats.gamma(3, scale=1 / 2)),
    ("beta(alpha=2, beta=5)", stats.beta(2, 5)),
    ("uniform(lower=1, upper=4)", stats.uniform(1, 3)),
    ("normal(mu=3, sigma=2, truncate=[1, 6])", stats.truncnorm(-1, 1.5, 3, 2)),
]


def cut_normal(low, high):
    return stats.truncnorm((low - 1) / 0.5, (high - 1) / 0.5, 1, 0.5)


@pytest.mark.parametrize(("text", "law"), KINDS, ids=lambda value: str(value)[:12])
def test_the_density_at_the_prediction(text, law):
    seen = Observation("x", "x", parse_distribution(text)[0], "1", 1.0)
    x = law.ppf([1e-6, 0.01, 0.1, 0.4, 0.6, 0.9, 0.99])
    np.testing.assert_allclose(log_likelihood(seen, x), law.logpdf(x), rtol=1e-9, atol=1e-12)
    below, above = tail_probabilities(seen, x)
    np.testing.assert_allclose(below, law.sf(x), rtol=1e-9)
    np.testing.assert_allclose(above, law.cdf(x), rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("lognormal(mu=1, sigma=0.5)", stats.norm(1, 0.5)),
        ("loguniform(lower=1, upper=10)", stats.uniform(0, np.log(10))),
        ("lognormal(mu=1, sigma=0.5, truncate=[2, 8])", cut_normal(np.log(2), np.log(8))),
    ],
    ids=["lognormal", "loguniform", "truncated"],
)
def test_an_error_that_is_a_factor_counts_on_the_logarithm(text, law):
    seen = Observation("x", "x", parse_distribution(text)[0], "1", 1.0)
    y = law.ppf([0.05, 0.5, 0.9])
    np.testing.assert_allclose(
        log_likelihood(seen, np.exp(y)), law.logpdf(y), rtol=1e-9, atol=1e-12
    )
    assert log_likelihood(seen, np.array([0.0, -1.0])).tolist() == [-np.inf, -np.inf]


def test_units_and_predictions_that_are_no_number():
    seen = Observation("x", "x", parse_distribution("normal(mu=3, sigma=2)")[0], "GW", 1000.0)
    found = log_likelihood(seen, np.array([3000.0, np.nan, np.inf]))
    assert found.tolist() == [stats.norm(3, 2).logpdf(3), -np.inf, -np.inf]


BOUNDED = [
    "uniform(lower=1e26, upper=1e32)",
    "loguniform(lower=1e26, upper=1e30)",
    "beta(alpha=2, beta=3, lower=1e26, upper=1e31)",
    "lognormal(mu=64, sigma=3, truncate=[1e26, 1e40])",
    "pert(lower=1e26, mode=2e26, upper=1e32)",
    "triangular(lower=1e26, mode=1e26, upper=1e32)",
    "logitnormal(mu=0, sigma=2, lower=1e26, upper=1e32)",
    "metalog(q05=2e26, q50=5e26, q95=1e28, lower=1e26)",
    "quantiles(q05=2e26, q50=5e26, q95=1e28, lower=1e26)",
    "mixture(components=[uniform(lower=1e26, upper=1e32), loguniform(lower=2e26, upper=1e28)])",
]


@pytest.mark.parametrize("text", BOUNDED)
def test_nothing_leaks_below_a_bound_however_wide_the_rest(text):
    seen = Observation("x", "x", parse_distribution(text)[0], "FLOP", 1.0)
    below = np.array([0.0, 1e20, 9.9e25, np.nextafter(1e26, 0)])
    assert np.isneginf(log_likelihood(seen, below)).all()
    assert (distance(seen, below[:-1]) > 0).all()
    inside = np.array([1.01e26, 1.5e26])
    assert (distance(seen, inside) == 0).all()


def test_a_range_allows_all_within_and_nothing_else():
    seen = Observation("x", "x", Range(lower=2.0, upper=5.0), "GW", 1000.0)
    x = np.array([1999.0, 2000.0, 5000.0, 5001.0, np.nan, np.inf])
    assert log_likelihood(seen, x).tolist() == [-np.inf, 0, 0, -np.inf, -np.inf, -np.inf]
    np.testing.assert_allclose(distance(seen, x)[:4], [1e-3, 0, 0, 1e-3], rtol=1e-9)
    assert allowed_share(seen, x) == 2 / 6
    assert [tail.any() for tail in tail_probabilities(seen, x)] == [False, False]
    at_least = Observation("x", "x", Range(lower=2.0), "1", 1.0)
    assert log_likelihood(at_least, np.array([1.0, 1e300])).tolist() == [-np.inf, 0]


def test_the_share_that_is_allowed_in_closed_form():
    """Of predictions normal(0, 1): a normal error, and an interval of one unit."""
    draws = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    normal = Observation("x", "x", parse_distribution("normal(mu=2, sigma=0.5)")[0], "1", 1.0)
    exact = np.sqrt(0.25 / 1.25) * np.exp(-0.5 * 4 / 1.25)
    assert allowed_share(normal, draws) == pytest.approx(exact, rel=1e-4)
    uniform = Observation("x", "x", parse_distribution("uniform(lower=1, upper=2)")[0], "1", 1.0)
    exact = stats.norm.cdf(2) - stats.norm.cdf(1)
    assert allowed_share(uniform, draws) == pytest.approx(exact, rel=1e-3)
