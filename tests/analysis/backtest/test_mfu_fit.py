"""The hierarchical fit of MFU against closed forms, other code and itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from uncertain_scale.analysis.backtest import fit_mfu, fitted_runs
from uncertain_scale.analysis.backtest.mfu_fit import MfuFit, Observation
from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.runs import published_runs

LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


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
    found = np.exp(fit._runs[2][np.ix_(rows, chosen)])
    assert found / found[0, 0] == pytest.approx(expected / expected[0, 0], rel=1e-5)


def test_the_shipped_prior_is_the_fit():
    """What `priors fit-mfu` prints is what base.toml says."""
    fit = fit_mfu(fitted_runs(published_runs()))
    assert len(fit.observations) == 24
    prior = load_priors("base").inputs["mfu"]
    assert prior.ppf(np.array([0.05, 0.95])) == pytest.approx(
        fit.predictive("H100").summary(), abs=6e-4
    )
    assert fit.predictive("H100").distance() < 0.01  # a logit-normal is shape enough


def test_a_new_family_is_less_certain_than_a_known_one():
    fit = fit_mfu(fitted_runs(published_runs()))
    low, high = fit.predictive("B200").summary()
    for family in fit.families:
        inner_low, inner_high = fit.predictive(family).summary()
        assert low < inner_low
        assert inner_high < high


def test_too_few_and_too_many_runs_are_refused():
    with pytest.raises(DataError, match="2 runs to fit mfu to; expected at least three"):
        MfuFit(observed("AB", [0.2, 0.3]))
    with pytest.raises(DataError, match="1,001 runs"):
        MfuFit(observed(["A"] * 1001, [0.3] * 1001))
    run = next(run for run in published_runs() if run.training_flop is None)
    with pytest.raises(DataError, match="lacks GPU-hours or FLOP"):
        fit_mfu([run])
