"""Posteriors of normals in closed form, by both roads and from every design.

A score is off by more than 6.6 (16 chains) with probability 1e-5, by Student's t with 15 degrees of
freedom.
"""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.analysis.conditioning.terms import bind

FAR = 6.6
WAYS = [("importance", 0.4), ("smc", 0.4), ("smc", 0.02)]


def found(laboratory, observations, method, design):
    """Return posterior draws of the space's inputs by name, and the posterior itself."""
    _, priors = laboratory
    terms = bind(*laboratory, observations)
    space = Space.of(terms, priors)
    posterior = find_posterior(space, design, method)
    draws = {
        name: priors.inputs[name].ppf(posterior.u[:, :, k])
        for k, name in enumerate(space.names)
        if name in priors.inputs
    }
    return draws, posterior


@pytest.mark.slow_but(*(f"{way}-sobol" for way in WAYS))
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_one_lognormal_observed_with_an_error(laboratory, factor, off, way, kind):
    """Prior normal(0.5, 0.8) on the log, log(2 scale) observed as 1.9 with error sigma."""
    method, sigma = way
    seen = factor("doubled", 1.9, sigma)
    draws, posterior = found(laboratory, [seen], method, Design(kind=kind, draws=1024, seed=3))
    precision = 1 / 0.8**2 + 1 / sigma**2
    mean = (0.5 / 0.8**2 + (1.9 - np.log(2)) / sigma**2) / precision
    logs = np.log(draws["scale"])
    assert abs(off(logs.mean(axis=1), mean)) < FAR
    assert abs(off(((logs - mean) ** 2).mean(axis=1), 1 / precision)) < FAR
    evidence = norm.logpdf(1.9 - np.log(2), 0.5, np.hypot(0.8, sigma))
    assert abs(off(posterior.log_evidence, evidence)) < FAR
    assert logs.std() / precision**-0.5 == pytest.approx(1, abs=0.03)


@pytest.mark.slow_but("importance-1.5", "smc-1.5")
@pytest.mark.parametrize(("method", "sigma"), [("importance", 1.5), ("smc", 1.5), ("smc", 0.05)])
def test_two_normals_seen_through_their_sum(laboratory, difference, off, method, sigma):
    """Posterior means, variances and the correlation of a linear Gaussian model."""
    design = Design(draws=2048, seed=5)
    draws, _ = found(laboratory, [difference("total", 2.0, sigma)], method, design)
    weights = np.array([1.0, 2.0])
    covariance = np.linalg.inv(np.diag([1 / 4, 1.0]) + np.outer(weights, weights) / sigma**2)
    mean = covariance @ (np.array([1 / 4, -1.0]) + weights * 2.0 / sigma**2)
    both = np.stack([draws["first"], draws["second"]])
    for k in (0, 1):
        assert abs(off(both[k].mean(axis=1), mean[k])) < FAR
        assert abs(off(((both[k] - mean[k]) ** 2).mean(axis=1), covariance[k, k])) < FAR
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert correlation < -0.4
    by_chain = [np.corrcoef(chain)[0, 1] for chain in both.transpose(1, 0, 2)]
    assert abs(off(by_chain, correlation)) < FAR


def test_correlated_inputs_stay_correlated(laboratory, factor, off):
    """Two lognormals with a copula, seen through their product."""
    model, priors = laboratory
    terms = bind(model, priors, [factor("power", 0.75, 0.03, given={"gpus": 1.0})])
    space = Space.of(terms, priors)
    posterior = find_posterior(space, Design(draws=2048, seed=2), "smc")
    r = 2 * np.sin(np.pi * 0.4 / 6)
    prior = np.array([[0.1**2, r * 0.008], [r * 0.008, 0.08**2]])
    covariance = np.linalg.inv(np.linalg.inv(prior) + np.ones((2, 2)) / 0.03**2)
    mean = covariance @ (np.linalg.inv(prior) @ [0.4, 0.2] + np.full(2, 0.75 / 0.03**2))
    columns = {name: posterior.u[:, :, k].ravel() for k, name in enumerate(space.names)}
    (term,) = terms
    from uncertain_scale.analysis.conditioning.terms import Columns

    values = term.sampler.draw(Columns(columns), 0)
    logs = np.log([values["watts"], values["overhead"]]).reshape(2, *posterior.u.shape[:2])
    for k in (0, 1):
        assert abs(off(logs[k].mean(axis=1), mean[k])) < FAR
    product = ((logs[0] - mean[0]) * (logs[1] - mean[1])).mean(axis=1)
    assert abs(off(product, covariance[0, 1])) < FAR


def test_an_input_of_its_own_says_nothing_and_a_tied_one_says_its_share(laboratory, factor, off):
    """With rank correlation 0 the question's input stays at its prior; with r it shrinks by r^2."""
    for rank in (0.0, 0.6):
        seen = factor("doubled", 1.9, 0.1, own={"scale": rank})
        model, priors = laboratory
        terms = bind(model, priors, [seen])
        if rank == 0:
            assert terms[0].coordinates == ("doubled\0scale",)
            assert terms[0].inputs == ()
            continue
        space = Space.of(terms, priors)
        posterior = find_posterior(space, Design(draws=2048, seed=1), "smc")
        z = (np.log(priors.inputs["scale"].ppf(posterior.u[:, :, 0])) - 0.5) / 0.8
        tie = 2 * np.sin(np.pi * rank / 6)
        score, error = (1.9 - np.log(2) - 0.5) / 0.8, 0.1 / 0.8
        assert abs(off(z.mean(axis=1), tie * score / (1 + error**2))) < FAR
        variance = 1 - tie**2 / (1 + error**2)
        mean = tie * score / (1 + error**2)
        assert abs(off(((z - mean) ** 2).mean(axis=1), variance)) < FAR


@pytest.mark.slow
def test_of_two_values_the_likelier_gains_by_bayes_rule(laboratory, factor, off):
    """The share of a discrete input's value, against the rule worked out on a grid."""
    model, priors = laboratory
    seen = factor("flop", np.log(0.45), 0.1, given={"hours": 1.0})
    terms = bind(model, priors, [seen])
    space = Space.of(terms, priors)
    posterior = find_posterior(space, Design(draws=2048, seed=4), "smc")
    grid = (np.arange(1500) + 0.5) / 1500
    speed, use = np.meshgrid(
        priors.inputs["speed_up"].ppf(grid), priors.inputs["utilisation"].ppf(grid)
    )
    likelihood = norm.pdf(np.log(0.45), np.log(speed * use), 0.1)
    exact = likelihood[speed == 1].sum() / likelihood.sum()
    assert 0.2 < exact < 0.6
    speeds = priors.inputs["speed_up"].ppf(posterior.u[:, :, space.names.index("speed_up")])
    assert abs(off((speeds == 1).mean(axis=1), exact)) < FAR
