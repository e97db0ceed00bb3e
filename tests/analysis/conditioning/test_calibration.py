"""Simulation-based calibration, and honest errors over seeds: slices of benchmarks/calibration.py.

Inputs are drawn from the prior and a fact from them; the rank of the true input among the
posterior's draws is then uniform (Talts et al. 2018, https://arxiv.org/abs/1804.06788).
"""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from uncertain_scale import Design
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.analysis.conditioning.smc import Cloud, temper
from uncertain_scale.analysis.conditioning.terms import bind

pytestmark = pytest.mark.slow
CELLS = 10
DATASETS = 200


def p_value(ranks):
    counts = np.histogram(ranks, CELLS, (0, 1))[0]
    expected = len(ranks) / CELLS
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), CELLS - 1)


@pytest.fixture(scope="module")
def ranks(laboratory, factor):
    """Ranks of a partly discrete input and of one beside it, over data sets, by both roads."""
    model, priors = laboratory
    names = ("speed_up", "utilisation")
    found = {name: [] for name in names}
    for dataset in range(DATASETS):
        rng = np.random.default_rng([dataset, 3])
        truth = {name: float(priors.inputs[name].ppf(rng.random(1))[0]) for name in names}
        sigma = 0.4 if dataset % 2 else 0.1
        mu = np.log(truth["speed_up"] * truth["utilisation"]) + sigma * rng.standard_normal()
        terms = bind(model, priors, [factor("flop", mu, sigma, given={"hours": 1.0})])
        space = Space.of(terms, priors)
        design = Design(draws=512, chains=1, seed=dataset)
        posterior = find_posterior(space, design)
        for name in names:
            draws = priors.inputs[name].ppf(posterior.u[0][:, space.names.index(name)])
            tied = rng.random() * np.mean(draws == truth[name])
            found[name].append(np.mean(draws < truth[name]) + tied)
    return found


def test_true_inputs_have_uniform_ranks_among_posterior_draws(ranks):
    """Alpha is 1e-6 for each input."""
    for name, one in ranks.items():
        assert p_value(np.array(one)) > 1e-6, name


def test_the_test_finds_a_posterior_that_is_too_narrow(ranks):
    """Ranks of a posterior whose spread is half of what it should be: told from uniform."""
    narrow = norm.cdf(2 * norm.ppf(np.clip(ranks["utilisation"], 1e-3, 1 - 1e-3)))
    assert p_value(narrow) < 1e-6


def test_errors_are_honest_over_seeds():
    """Of tempered means of a normal posterior in closed form, 90 to 98% lie within two errors.

    144 scores, of which 93.6% are expected, with a standard error of 2% if they were independent.
    """
    within = []
    for seed in range(24):
        chains = []
        for chain in range(16):
            rng = np.random.default_rng([seed, chain, 5])
            z = rng.standard_normal((512, 2))

            def log_likelihood(z):
                return -0.5 * ((z[:, 0] + 2 * z[:, 1] - 1.5) / 0.1) ** 2

            cloud = temper(Cloud(z, log_likelihood(z)), log_likelihood, rng)
            chains.append([*cloud.z.mean(axis=0), *(cloud.z**2).mean(axis=0), cloud.log_evidence])
            chains[-1].append((cloud.z[:, 0] * cloud.z[:, 1]).mean())
        covariance = np.linalg.inv(np.eye(2) + np.outer([1, 2], [1, 2]) / 0.01)
        mean = covariance @ np.array([1, 2]) * 150
        second = covariance + np.outer(mean, mean)
        evidence = norm.logpdf(1.5, 0, np.sqrt(5.01)) + np.log(0.1 * np.sqrt(2 * np.pi))
        truth = [*mean, second[0, 0], second[1, 1], evidence, second[0, 1]]
        errors = np.std(chains, axis=0, ddof=1) / 4
        within += list(abs(np.mean(chains, axis=0) - truth) < 2 * errors)
    assert 0.86 < np.mean(within) < 1
