"""The hierarchical fit of MFU against closed forms, other code and itself."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import special, stats

import uncertain_scale as us
from uncertain_scale.analysis.backtest import fit_mfu, fitted_runs
from uncertain_scale.analysis.backtest.mfu_fit import CHANCE_OF_MOE, MfuFit, Observation
from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.runs import published_runs

LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


@functools.cache
def shipped_fit():
    return fit_mfu(fitted_runs(published_runs()))


def observed(families, mfu):
    return [
        Observation(f"run {k}", family, np.array([share]))
        for k, (family, share) in enumerate(zip(families, mfu, strict=True))
    ]


def by_importance(groups, family, count=2**13):
    """Return predictive quantiles by other means: means of families integrated in closed form.

    Points (mu, tau, sigma) of a Sobol' net over their priors, weighted by the exact marginal
    likelihood of each family, a normal with one variance and one covariance; given a point, the
    predictive of a family is a normal.
    """
    u = stats.qmc.Sobol(3, seed=7).random(count)
    mu = -4.0 + 6.0 * u[:, 0]
    tau, sigma = 0.5 * stats.halfnorm.ppf(u[:, 1]), stats.halfnorm.ppf(u[:, 2])
    log_weight = np.zeros(count)
    mean, variance = mu, tau**2 + sigma**2
    for name, y in groups.items():
        n, middle, within = len(y), np.mean(y), np.sum((y - np.mean(y)) ** 2)
        log_weight += stats.norm.logpdf(middle, mu, np.sqrt(tau**2 + sigma**2 / n))
        log_weight += -(n - 1) * np.log(sigma) - within / (2 * sigma**2)
        if name == family:
            precision = n / sigma**2 + 1 / tau**2
            mean = (n * middle / sigma**2 + mu / tau**2) / precision
            variance = 1 / precision + sigma**2
    weight = np.exp(log_weight - log_weight.max())
    points = np.linspace(-5, 3, 301)
    cdf = sum(
        w @ stats.norm.cdf(points, m[:, None], s[:, None])
        for w, m, s in zip(
            np.split(weight, 16), np.split(mean, 16), np.split(np.sqrt(variance), 16), strict=True
        )
    )
    return special.expit(np.interp(LEVELS, cdf / weight.sum(), points))


@pytest.mark.parametrize("family", ["A", "B", "C", "new"])
def test_predictive_agrees_with_importance_sampling(family):
    rng = np.random.default_rng(3)
    groups = {"A": rng.normal(-1.2, 0.4, 7), "B": rng.normal(-0.6, 0.4, 5), "C": np.array([-1.0])}
    names = [name for name, y in groups.items() for _ in y]
    fit = MfuFit(observed(names, special.expit(np.concatenate(list(groups.values())))))
    found = fit.predictive(family).quantiles(LEVELS)
    assert found == pytest.approx(by_importance(groups, family), abs=1.5e-3)


def test_many_runs_of_one_family_give_their_student_t():
    """With hundreds of runs it is nearly the predictive of a normal sample under flat priors."""
    n = 400
    y = -1.0 + 0.5 * special.ndtri((np.arange(n) + 0.5) / n)
    fit = MfuFit(observed(["A"] * n, special.expit(y)))
    scale = y.std(ddof=1) * np.sqrt(1 + 1 / n)
    expected = special.expit(y.mean() + scale * stats.t.ppf(LEVELS, n - 1))
    assert fit.predictive("A").quantiles(LEVELS) == pytest.approx(expected, abs=7e-4)


def experts_by_importance(families, mfu, moe, count=2**17):
    """Return quantiles of f, and of the MFU of one more run of family A, dense and of experts."""
    u = stats.qmc.Sobol(4, seed=11).random(count)
    mu, factor = -4.0 + 6.0 * u[:, 0], np.exp(0.5 * special.ndtri(u[:, 3]))
    tau, sigma = 0.5 * stats.halfnorm.ppf(u[:, 1]), stats.halfnorm.ppf(u[:, 2])
    dense = mfu / np.where(moe, factor[:, None], 1.0)
    possible = (dense < 1).all(axis=1)
    dense = np.where(possible[:, None], dense, 0.5)
    log_weight = np.where(possible, -np.log1p(-dense).sum(axis=1), -np.inf)
    for family in dict.fromkeys(families):
        y = special.logit(dense[:, [one == family for one in families]])
        n, middle = y.shape[1], y.mean(axis=1)
        within = ((y - middle[:, None]) ** 2).sum(axis=1)
        log_weight += stats.norm.logpdf(middle, mu, np.sqrt(tau**2 + sigma**2 / n))
        log_weight += -(n - 1) * np.log(sigma) - within / (2 * sigma**2)
        if family == "A":
            precision = n / sigma**2 + 1 / tau**2
            mean = (n * middle / sigma**2 + mu / tau**2) / precision
            sd = np.sqrt(1 / precision + sigma**2)
    weight = np.exp(log_weight - log_weight.max())
    points = np.linspace(0.005, 0.995, 400)
    cdfs = [np.zeros(400), np.zeros(400)]
    for part in np.array_split(np.flatnonzero(weight > 1e-9), 32):
        for k, over in enumerate((np.ones(part.size), factor[part])):
            z = special.logit(np.minimum(points / over[:, None], 1)) - mean[part, None]
            cdfs[k] += weight[part] @ special.ndtr(z / sd[part, None])
    order = np.argsort(factor)
    of_factor = np.interp(LEVELS, np.cumsum(weight[order]) / weight.sum(), factor[order])
    return of_factor, *(np.interp(LEVELS, cdf / weight.sum(), points) for cdf in cdfs)


@pytest.mark.slow
def test_a_mixture_of_experts_agrees_with_importance_sampling():
    families, moe = "AAAAAABBBBC", np.array([0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0], dtype=bool)
    mfu = np.array([0.31, 0.24, 0.4, 0.2, 0.16, 0.28, 0.45, 0.3, 0.38, 0.26, 0.33])
    runs = [
        Observation(str(k), family, np.array([share]), moe=float(experts))
        for k, (family, share, experts) in enumerate(zip(families, mfu, moe, strict=True))
    ]
    fit, expected = MfuFit(runs), experts_by_importance(families, mfu, moe)
    found = fit.moe_factor(LEVELS), fit.predictive("A").quantiles(LEVELS)
    found += (fit.predictive("A", moe=1.0).quantiles(LEVELS),)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=0.01)


def test_where_the_kind_of_model_is_not_known_both_count():
    """The likelihood is the average of both, and so is a forecast."""
    runs = observed("AAB", [0.2, 0.3, 0.25])
    fit = MfuFit([*runs, Observation("either", "A", np.array([0.22]), moe=0.3)])
    dense, experts = (
        MfuFit([*runs, Observation("either", "A", np.array([0.22]), moe=moe)]) for moe in (0.0, 1.0)
    )
    mixed = 0.7 * np.exp(dense._runs[3]) + 0.3 * np.exp(experts._runs[3])
    assert np.exp(fit._runs[3]) == pytest.approx(mixed, rel=1e-12)
    logits = fit.predictive("A").logits
    parts = [fit.predictive("A", moe=moe).cdf for moe in (0.0, 1.0, 0.4)]
    assert parts[2] == pytest.approx(
        0.6 * parts[0] + 0.4 * parts[1], abs=1e-3
    )  # the ends of the grid
    assert logits.size == parts[0].size


def test_a_run_left_out_is_as_if_it_were_not_there():
    mfu = [0.2, 0.3, 0.25, 0.35, 0.4, 0.3]
    runs = observed("AAABBB", mfu)
    without = MfuFit(runs).predictive("A", without="run 2").quantiles(LEVELS)
    never = MfuFit([*runs[:2], *runs[3:]]).predictive("A").quantiles(LEVELS)
    assert without == pytest.approx(never, abs=1e-5)
    assert without != pytest.approx(MfuFit(runs).predictive("A").quantiles(LEVELS), abs=1e-3)


def test_the_likelihood_of_an_uncertain_speed_up_is_a_density_of_utilisation():
    """It is the derivative of the probability of less utilisation, in (sigma, theta) alone."""
    speed_up, used, step = np.array([1.0, 1.2, 1.6]), 0.36, 1e-5
    fit = MfuFit([*observed("AA", [0.2, 0.4]), Observation("fp8", "A", used / speed_up)])
    sigma, theta = np.array([0.2, 0.5, 1.0]), np.array([-1.5, -0.8])
    chosen = np.abs(fit._theta[:, None] - theta).argmin(axis=0)
    rows = np.abs(fit._sigma[:, None] - sigma).argmin(axis=0)

    def below(utilisation):
        z = special.logit(utilisation / speed_up[:, None, None]) - fit._theta[chosen]
        return special.ndtr(z / fit._sigma[rows][:, None]).mean(axis=0)

    expected = (below(used + step) - below(used - step)) / (2 * step)
    of_dense = fit._runs[2].reshape(fit._sigma.size, -1, fit._theta.size)
    assert of_dense.shape[1] == 1  # whatever a mixture of experts has of it
    found = np.exp(of_dense[:, 0][np.ix_(rows, chosen)])
    assert found / found[0, 0] == pytest.approx(expected / expected[0, 0], rel=1e-5)


def test_the_shipped_prior_is_the_fit():
    """What `priors fit-mfu` prints is what base.toml says."""
    fit = shipped_fit()
    assert len(fit.observations) == 65
    inputs = load_priors("base").inputs
    ends = np.array([0.05, 0.95])
    assert inputs["moe_factor"].ppf(ends) == pytest.approx(fit.moe_factor(ends), abs=6e-4)
    assert inputs["moe"].distribution.mean() == CHANCE_OF_MOE
    for name, moe in (("mfu", CHANCE_OF_MOE), ("dense_model_mfu", 0.0)):
        expected = fit.predictive("H100", moe=moe).summary()
        assert inputs[name].ppf(ends) == pytest.approx(expected, abs=6e-4)
    assert fit.predictive("H100").distance() < 0.01  # a logit-normal is shape enough


@pytest.mark.parametrize("family", ["H100", "A100", "B200"])
def test_two_inputs_stand_for_the_joint_posterior_of_experts(family):
    """Stated as independent they are a little wider than the fit, where experts tell of a family.

    The errors of a family's mean and of the factor go against each other then.
    """
    fit = shipped_fit()
    scenario = {"H100": "base", "A100": "a100-dense-bf16", "B200": "gb200-dense-bf16"}
    found = us.run(
        scenario[family],
        given={"moe": 1},
        outputs=["mfu"],
        design=us.Design(draws=1024, chains=4),
    )
    levels = (0.05, 0.5, 0.95)
    quantiles = found["prior_predictive/mfu"].quantile(levels).values
    low, middle, high = fit.predictive(family, moe=1.0).quantiles(levels)
    assert quantiles == pytest.approx([low, middle, high], rel=0.08)
    assert quantiles[0] < 1.02 * low
    assert quantiles[2] > 0.98 * high


def test_a_new_family_is_less_certain_than_a_known_one():
    """Its logits are wider, wherever the others lie."""
    fit = shipped_fit()
    wide = np.diff(special.logit(fit.predictive("other").summary()))
    for family in fit.families:
        assert np.diff(special.logit(fit.predictive(family).summary())) < wide


def test_too_few_and_too_many_runs_are_refused():
    with pytest.raises(DataError, match="2 runs to fit mfu to; expected at least three"):
        MfuFit(observed("AB", [0.2, 0.3]))
    with pytest.raises(DataError, match="1,001 runs"):
        MfuFit(observed(["A"] * 1001, [0.3] * 1001))
    run = next(run for run in published_runs() if run.training_flop is None)
    with pytest.raises(DataError, match="lacks GPU-hours or FLOP"):
        fit_mfu([run])
