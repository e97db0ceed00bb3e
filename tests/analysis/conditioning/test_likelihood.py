"""Log-likelihoods of every kind of stated error, against scipy's densities."""

import numpy as np
import pytest
from scipy import stats

from uncertain_scale.analysis.conditioning.likelihood import log_likelihood, tail_probability
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import Observation

KINDS = [
    ("normal(mu=3, sigma=2)", stats.norm(3, 2)),
    ("student_t(nu=4, mu=3, sigma=2)", stats.t(4, 3, 2)),
    ("gamma(alpha=3, beta=2)", stats.gamma(3, scale=1 / 2)),
    ("beta(alpha=2, beta=5)", stats.beta(2, 5)),
    ("uniform(lower=1, upper=4)", stats.uniform(1, 3)),
    ("normal(mu=3, sigma=2, truncate=[1, 6])", stats.truncnorm(-1, 1.5, 3, 2)),
]


@pytest.mark.parametrize(("text", "law"), KINDS, ids=lambda value: str(value)[:12])
def test_the_density_at_the_prediction(text, law):
    seen = Observation("x", "x", parse_distribution(text)[0], "1", 1.0)
    x = law.ppf([0.01, 0.1, 0.4, 0.6, 0.9, 0.99])
    np.testing.assert_allclose(log_likelihood(seen, x), law.logpdf(x), atol=2e-5)
    np.testing.assert_allclose(tail_probability(seen, x), law.sf(x), rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("lognormal(mu=1, sigma=0.5)", stats.norm(1, 0.5)),
        ("loguniform(lower=1, upper=10)", stats.uniform(0, np.log(10))),
    ],
    ids=["lognormal", "loguniform"],
)
def test_an_error_that_is_a_factor_counts_on_the_logarithm(text, law):
    seen = Observation("x", "x", parse_distribution(text)[0], "1", 1.0)
    y = law.ppf([0.05, 0.5, 0.9])
    np.testing.assert_allclose(log_likelihood(seen, np.exp(y)), law.logpdf(y), atol=2e-5)
    assert log_likelihood(seen, np.array([0.0, -1.0])).tolist() == [-np.inf, -np.inf]


def test_units_and_predictions_that_are_no_number():
    seen = Observation("x", "x", parse_distribution("normal(mu=3, sigma=2)")[0], "GW", 1000.0)
    found = log_likelihood(seen, np.array([3000.0, np.nan, np.inf]))
    assert found.tolist() == [stats.norm(3, 2).logpdf(3), -np.inf, -np.inf]
