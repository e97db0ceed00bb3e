"""Posteriors given bounds in closed form, likely and hardly so, by every method; and refusals.

A score is off by more than 6.6 (16 chains) with probability 1e-5, by Student's t with 15 degrees of
freedom.
"""

import json

import numpy as np
import pytest
from scipy.stats import lognorm, norm, truncnorm

from uncertain_scale import Design, ask, believe
from uncertain_scale.analysis.conditioning import condition
from uncertain_scale.analysis.conditioning.information import evidence_ratio
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.analysis.conditioning.terms import bind
from uncertain_scale.errors import EvidenceError
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import Observation, Range

FAR = 6.6
DESIGN = Design(draws=1024, seed=3)
MU, SIGMA = 0.5 + np.log(2), 0.8  # of the logarithm of `doubled`, under the prior


def seen(stated, variable="doubled", name="seen"):
    stated = parse_distribution(stated)[0] if isinstance(stated, str) else stated
    return Observation(name, variable, stated, "1", 1.0)


def found(laboratory, observations, method="auto", design=DESIGN):
    """Return draws of log `doubled`, (chain, draw), and the posterior."""
    _, priors = laboratory
    space = Space.of(bind(*laboratory, observations), priors)
    posterior = find_posterior(space, design, method)
    column = posterior.u[:, :, space.names.index("scale")]
    return np.log(2 * priors.inputs["scale"].ppf(column)), posterior


def evidence_off(posterior, truth):
    """Return by how many of its errors the log marginal likelihood is off."""
    top = posterior.log_evidence.max()
    value = top + np.log(np.exp(posterior.log_evidence - top).mean())
    return (value - truth) / posterior.log_evidence_error


def bounds_of(low, high):
    """Return the bounds of `doubled` at scores of its logarithm."""
    return tuple(float(np.exp(MU + SIGMA * z)) for z in (low, high))


@pytest.mark.slow_but("0.5-inf-importance", "-0.5-1.0-smc", "2.3-inf-auto")
@pytest.mark.parametrize(
    ("low", "high", "method"),
    [
        (0.5, np.inf, "importance"),
        (0.5, np.inf, "smc"),
        (-np.inf, -0.3, "importance"),
        (-0.5, 1.0, "importance"),
        (-0.5, 1.0, "smc"),
        (2.3, np.inf, "auto"),
        (3.719, np.inf, "auto"),  # probability 1e-4
        (-np.inf, -4.753, "smc"),  # 1e-6
        (4.0, 4.001, "smc"),  # 1.3e-7, within bounds that no draw of the prior meets
    ],
)
def test_the_posterior_is_the_truncated_prior(laboratory, off, low, high, method):
    """Mean, variance, evidence and information: Monte Carlo errors are right at any probability."""
    lower, upper = bounds_of(low, high)
    logs, posterior = found(laboratory, [seen(Range(lower, upper))], method)
    law = truncnorm(low, high)
    scores = (logs - MU) / SIGMA
    assert (scores > low - 1e-9).all()
    assert (scores < high + 1e-9).all()
    assert abs(off(scores.mean(axis=1), law.mean())) < FAR
    assert abs(off(((scores - law.mean()) ** 2).mean(axis=1), law.var())) < FAR
    probability = norm.cdf(high) - norm.cdf(low) if low < 0 else norm.sf(low) - norm.sf(high)
    assert abs(evidence_off(posterior, np.log(probability))) < FAR
    assert 0 < posterior.log_evidence_error < 0.08
    assert scores.std() / law.std() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(posterior.log_likelihood, 0)


@pytest.mark.slow_but("importance-('uniform(lo")
@pytest.mark.parametrize(
    "stated",
    [
        ("uniform(lower={}, upper={})", 1.0),
        ("loguniform(lower={}, upper={})", None),
        ("beta(alpha=1, beta=1, lower={}, upper={})", 1.0),
        ("lognormal(mu=3, sigma=0.5, truncate=[{}, {}])", "normal"),
        ("triangular(lower={0}, mode={0}, upper={1})", "falling"),
    ],
    ids=lambda value: str(value)[:12],
)
@pytest.mark.parametrize(
    ("method", "ends"),
    [("importance", (0.5, 5.0)), ("smc", (0.5, 5.0)), ("auto", (3.5, 9.0))],
    ids=["importance", "smc", "rare"],
)
def test_bounded_errors_leave_nothing_outside(laboratory, off, stated, method, ends):
    """The mean and the evidence of each against a rule of 400,000 points."""
    text, shape = stated
    lower, upper = bounds_of(*ends)
    logs, posterior = found(laboratory, [seen(text.format(lower, upper))], method)
    y = np.linspace(np.log(lower), np.log(upper), 400_001)[1:-1]
    x = np.exp(y)
    weight = {
        None: np.full(y.size, 1 / (np.log(upper) - np.log(lower))),
        1.0: np.full(y.size, 1 / (upper - lower)),
        "normal": truncnorm.pdf(y, (np.log(lower) - 3) / 0.5, (np.log(upper) - 3) / 0.5, 3, 0.5),
        "falling": 2 * (upper - x) / (upper - lower) ** 2,
    }[shape]
    density = weight * norm.pdf(y, MU, SIGMA)
    total = np.trapezoid(density, y)
    mean = np.trapezoid(y * density, y) / total
    assert (logs >= np.log(lower) - 1e-9).all()
    assert (logs <= np.log(upper) + 1e-9).all()
    assert abs(off(logs.mean(axis=1), mean)) < FAR
    assert abs(evidence_off(posterior, np.log(total))) < FAR


@pytest.mark.slow
def test_bounds_of_several_variables_hold_together(laboratory, off):
    """P(first + 2 second >= 8) is 7e-4, and P(doubled <= 1) is 0.07: independent of each other."""
    _, priors = laboratory
    facts = [seen(Range(lower=8.0), "total", "sum"), seen(Range(upper=1.0))]
    space = Space.of(bind(*laboratory, facts), priors)
    posterior = find_posterior(space, DESIGN)
    assert posterior.method == "smc"
    exact = norm.logsf(8, -1, np.sqrt(8)) + norm.logcdf(-MU / SIGMA)
    assert exact < np.log(1e-4)
    assert abs(evidence_off(posterior, exact)) < FAR
    draws = {
        name: priors.inputs[name].ppf(posterior.u[:, :, k]) for k, name in enumerate(space.names)
    }
    assert (draws["first"] + 2 * draws["second"]).min() >= 8
    assert draws["scale"].max() <= 0.5
    cut = truncnorm((8 + 1) / np.sqrt(8), np.inf).mean()  # of the sum's score
    assert abs(off(draws["second"].mean(axis=1), -1 + cut * 2 / np.sqrt(8))) < FAR
    score = (np.log(2 * draws["scale"]) - MU) / SIGMA
    assert abs(off(score.mean(axis=1), truncnorm(-np.inf, -MU / SIGMA).mean())) < FAR


def test_the_weights_of_a_bound_count_the_draws_that_meet_it(laboratory):
    lower, upper = bounds_of(0.5, np.inf)
    _, posterior = found(laboratory, [seen(Range(lower, upper))], "importance")
    weights = posterior.weights
    assert weights.k_hat is None
    assert weights.effective / weights.logarithms.size == pytest.approx(norm.sf(0.5), abs=1e-3)
    rarely = bounds_of(3.2, np.inf)  # about one draw of a chain
    with pytest.raises(EvidenceError, match=r"cannot be trusted here: .*the method smc"):
        found(laboratory, [seen(Range(*rarely))], "importance")


def test_bounds_that_contradict_one_another_are_refused(laboratory):
    facts = [seen(Range(lower=5.0), name="more"), seen(Range(upper=4.0), name="less")]
    with pytest.raises(EvidenceError, match=r"none can give all that .* \('more', 'less'\)"):
        found(laboratory, facts)


def test_a_density_without_bound_at_what_is_predicted_is_refused(laboratory):
    """The speed-up is 1 with probability 0.75, and the density stated is infinite there."""
    stated = parse_distribution("beta(alpha=0.5, beta=2, lower=1, upper=2)")[0]
    fact = Observation("seen", "flop", stated, "1", 1.0, given={"hours": 1.0, "utilisation": 1.0})
    space = Space.of(bind(*laboratory, [fact]), laboratory[1])
    with pytest.raises(EvidenceError, match="'seen': the density stated is infinite at"):
        find_posterior(space, DESIGN)


FACT = """
schema_version = 1
[[observations]]
name = "seen"
variable = "doubled"
lower = {}
"""


def told(laboratory, folder, text, scale=None):
    """Return what `condition` finds given a file, and its record."""
    path = folder / "facts.toml"
    path.write_text(text, encoding="utf-8")
    model, priors = laboratory
    if scale:
        priors = believe(priors, model, {"scale": scale})
    question = ask(model, {}, outputs=["doubled"])
    tree = condition(model, priors, question, Design(draws=1024, seed=2), [path])
    return tree, json.loads(tree.attrs["conditioning"])


@pytest.mark.slow
def test_a_bayes_factor_of_a_bound_is_the_ratio_of_its_probabilities(laboratory, tmp_path):
    lower = bounds_of(3.0, 0)[0]
    trees = [told(laboratory, tmp_path, FACT.format(lower), scale)[0] for scale in (None, OTHER)]
    exact = norm.logsf((np.log(lower / 2) - 0.2) / 0.9) - norm.logsf(3.0)
    ratio = evidence_ratio(*trees)
    assert abs(ratio.value - exact) < 5 * ratio.mcse
    assert ratio.mcse < 0.1


OTHER = "lognormal(mu=0.2, sigma=0.9)"


def test_a_record_of_a_bound(laboratory, tmp_path):
    """The p-value is the prior's probability, and what is learnt its surprisal in bits."""
    lower = bounds_of(0.5, 0)[0]
    tree, record = told(laboratory, tmp_path, FACT.format(lower))
    (one,) = record["observations"]
    assert (one["observed"], one["upper"], one["error_on"]) == (None, None, None)
    assert one["lower"] == pytest.approx(lower)
    assert one["p_value"] == pytest.approx(norm.sf(0.5), abs=1e-3)
    assert record["information"]["in_all"]["bits"] == pytest.approx(
        -np.log2(norm.sf(0.5)), abs=0.01
    )
    assert float(tree["posterior_predictive/doubled"].min()) >= lower
    assert not any("surprises" in note for note in record["notes"])


@pytest.mark.slow
def test_a_bound_that_hardly_any_draw_meets_surprises(laboratory, tmp_path):
    """Of 65,536 draws none, or one: the probability is found all the same, to a few percent."""
    lower = bounds_of(4.5, 0)[0]  # 3.4e-6
    _, record = told(laboratory, tmp_path, FACT.format(lower))
    one = record["observations"][0]
    assert abs(one["p_value"] - norm.sf(4.5)) < FAR * one["p_value_mcse"]
    assert 0 < one["p_value_mcse"] < 0.06 * one["p_value"]
    assert one["p_value"] == pytest.approx(np.exp(record["log_evidence"]), rel=1e-9)
    assert any("'seen' surprises" in note for note in record["notes"])


@pytest.mark.slow_but("5.2")
@pytest.mark.parametrize("score", [5.2, 7.0, 30.0])
def test_a_bound_that_the_prior_excludes_is_refused(laboratory, tmp_path, score):
    lower = bounds_of(score, 0)[0]
    with pytest.raises(EvidenceError, match=r"facts.toml:6 .*contradicts the prior: doubled is "):
        told(laboratory, tmp_path, FACT.format(lower))


@pytest.mark.slow
def test_a_wide_interval_that_the_prior_is_in_is_no_surprise(laboratory, tmp_path):
    """Its middle is 1e12 times as large as all that is predicted."""
    text = FACT.format(0).replace("lower = 0", "value = 'uniform(lower=1.4, upper=1e13)'")
    _, record = told(laboratory, tmp_path, text)
    exact = lognorm(SIGMA, scale=np.exp(MU)).sf(1.4)
    assert 0.8 < exact < 0.9
    assert record["observations"][0]["p_value"] == pytest.approx(exact, abs=2e-3)
