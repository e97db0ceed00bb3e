"""The prior of MFU from published runs: a hierarchical fit, and the beliefs about each run by it.

Logits of a dense model's MFU are normal within a chip family, with one spread for all families, and
the families' means are normal about a common mean; a sparse mixture of experts has one factor of a
dense model's. The result is the posterior predictive of one more run of a family, or of a family
that no run is known of, and that factor. Sums over a grid take the place of MCMC: the four
parameters that families share and one mean for each family are few enough, the answer has no
Monte Carlo error, and leaving a run out costs milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.chips import family_of_peak
from uncertain_scale.inputs.runs import published_runs
from uncertain_scale.model import believe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.inputs.runs import TrainingRun
    from uncertain_scale.model import Model
    from uncertain_scale.units.aliases import FloatArray

# Half-normal scales, on logits: the means of two families may well differ by a factor 1.6, and runs
# of one family by a factor 2.7, without either being a surprise. Of the logarithm of what a mixture
# of experts has of a dense model's MFU, the prior is normal: half or twice would be none either.
SCALE_BETWEEN = 0.5
SCALE_WITHIN = 1.0
SCALE_MOE = 0.5
_STEP = 0.05
_ROOM = 2.0
_SIGMAS = 25
_FACTORS = np.exp(np.linspace(-1.5, 1.5, 41))
_FEW = 12  # degrees of freedom below which sigma may be anything in reason
_REACH = 8.0  # posterior standard deviations to either side
_MOST_RUNS = 1_000
_BETWEEN = np.linspace(0.0, 1.68, 25)[:-1] + 0.035
_MEANS = 41
_POINTS = 321
_TINY = 1e-300

CHANCE_OF_MOE = 0.5
"""Probability that a model is a sparse mixture of experts where that is not known: judgement."""

SCORED_GRADES = ("A", "B", "")
"""Grades whose hours and FLOP are independent of each other, as far as the table tells."""

_NODES = 32
_IN_FP8 = "h100-dense-fp8"


@dataclass(frozen=True)
class Observation:
    """What one run tells of MFU.

    Parameters
    ----------
    name, family
        The run, and the family of its chip.
    mfu
        Equally likely values of its MFU in (0, 1): one where its precision is known to be BF16;
        utilisation over each of many equally likely speed-ups where FP8 may have been at work.
    moe
        Probability that the model is a sparse mixture of experts: 0 or 1 where it is known.
    """

    name: str
    family: str
    mfu: FloatArray
    moe: float = 0.0


@dataclass(frozen=True)
class Predictive:
    """The distribution of the MFU of one more run, on a grid of logits.

    Parameters
    ----------
    logits, cdf
        Points, and the probabilities below them.
    """

    logits: FloatArray
    cdf: FloatArray

    def quantiles(self, levels: Sequence[float]) -> FloatArray:
        """Return MFU at probabilities below."""
        return np.asarray(expit(np.interp(levels, self.cdf, self.logits)))

    def summary(self) -> tuple[float, float]:
        """Return the 5% and 95% quantiles, which a logit-normal prior is stated by."""
        low, high = self.quantiles([0.05, 0.95])
        return float(low), float(high)

    def distance(self) -> float:
        """Return the largest difference in probability between it and that logit-normal."""
        low, high = logit(self.summary())
        middle, sd = (low + high) / 2, (high - low) / (2 * ndtri(0.95))
        return float(np.abs(ndtr((self.logits - middle) / sd) - self.cdf).max())


class _Told(NamedTuple):
    """What a family's runs tell: a likelihood of (shape, theta), its peaks, its mean over theta.

    A shape is a pair of sigma and f.
    """

    likelihood: FloatArray
    peak: FloatArray
    log_mean: FloatArray  # of (shape, mu * tau), the peaks put back


class MfuFit:
    """The fit to a set of runs, and to all of them but one.

    Parameters
    ----------
    observations
        One a run.

    Notes
    -----
    For run i of family j with precision factors p_ik, equally likely, utilisation u_i, and m_i 1
    for a mixture of experts::

        logit(u_i / (p_ik f^m_i)) ~ normal(theta_j, sigma)    theta_j ~ normal(mu, tau)
        sigma ~ half-normal(1)    tau ~ half-normal(0.5)    mu flat    log f ~ normal(0, 0.5)

    The likelihood of a run is the average over its p_ik, each with the Jacobian 1 / (1 - x) that
    carries the density of the logit of x to that of u_i; where m_i is not known, of both. Smooth
    functions summed on an even grid converge faster than any power of its step, so a step of 0.05
    is exact to the digits shown.

    Reference: Gelman 2006, doi:10.1214/06-BA117A (half-normal and half-t scales of few groups).

    Examples
    --------
    >>> runs = [Observation(str(k), "H100", np.array([m])) for k, m in enumerate((0.2, 0.3, 0.4))]
    >>> low, high = MfuFit(runs).predictive("H100").summary()
    >>> bool(low < 0.2 and high > 0.4)
    True
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        if len(observations) < 3:
            raise DataError(
                f"{len(observations)} runs to fit mfu to; expected at least three with FLOP and "
                "GPU-hours of grade A, B or none"
            )
        if len(observations) > _MOST_RUNS:
            raise DataError(
                f"{len(observations):,} runs to fit mfu to; expected at most {_MOST_RUNS:,}"
            )
        self.observations = tuple(observations)
        self.families = tuple(dict.fromkeys(o.family for o in observations))
        middle = {o.name: float(np.mean(logit(o.mfu))) for o in observations}
        groups = [
            [middle[o.name] for o in observations if o.family == name] for name in self.families
        ]
        self._sigma, finest = _spreads_within(groups)
        low, high = min(middle.values()) - _ROOM, max(middle.values()) + _ROOM
        self._theta = np.arange(low, high + _STEP, min(_STEP, finest))
        self._logits = np.linspace(low - 2, high + 2, _POINTS)
        self._kept: dict[str, _Told] = {}
        self._predictives: dict[tuple[str, str | None, float], Predictive] = {}
        self._runs = [self._log_likelihood(one) for one in self.observations]

    def predictive(
        self, family: str, without: str | None = None, *, moe: float = 0.0
    ) -> Predictive:
        """Return the distribution of the MFU of one more run.

        Parameters
        ----------
        family
            Of its chip; one that has no run in the fit is taken as a new family.
        without
            Name of a run that is left out of the fit.
        moe
            Probability that its model is a sparse mixture of experts.
        """
        key = family, without, moe
        if key not in self._predictives:
            self._predictives[key] = self._predictive(family, without, moe)
        return self._predictives[key]

    def _predictive(self, family: str, without: str | None, moe: float) -> Predictive:
        theta, _ = self._posterior(family, without)
        cdf = np.zeros(self._logits.size)
        if moe < 1:
            cdf += (1 - moe) * (theta.sum(axis=1).ravel() @ self._below)
        if moe > 0:
            mfu = expit(self._logits)
            for factor, share in zip(_FACTORS, theta.swapaxes(0, 1), strict=True):
                dense = logit(np.minimum(mfu / factor, 1.0))
                cdf += moe * np.interp(dense, self._logits, share.ravel() @ self._below)
        return Predictive(self._logits, np.maximum.accumulate(cdf / cdf[-1]))

    def moe_factor(self, levels: Sequence[float]) -> FloatArray:
        """Return posterior quantiles of a mixture of experts' MFU over a dense model's."""
        _, shared = self._posterior(self.families[0], None)
        share = shared.sum(axis=(0, 2, 3))
        middles = np.clip(np.cumsum(share) - share / 2, _TINY, 1 - 1e-16)
        # The grid is even in log f, which between its points is taken as normal, as it is but for
        # its tails.
        return np.asarray(np.exp(np.interp(ndtri(levels), ndtri(middles), np.log(_FACTORS))))

    def spreads(self) -> tuple[float, float]:
        """Return the posterior means of sigma, within families, and tau, between them."""
        _, shared = self._posterior(self.families[0], None)
        within = float(shared.sum(axis=(1, 2, 3)) @ self._sigma)
        return within, float(shared.sum(axis=(0, 1, 2)) @ _BETWEEN)

    def _posterior(self, family: str, without: str | None) -> tuple[FloatArray, FloatArray]:
        """Return posteriors on the grid: (sigma, f, theta of `family`), (sigma, f, mu, tau)."""
        told = {name: self._told(name) for name in self.families}
        for observation in self.observations:
            if observation.name == without:
                told[observation.family] = self._told(observation.family, without)
        log_posterior = self._log_prior + sum(one.log_mean for one in told.values())
        shared = np.exp(log_posterior - log_posterior.max())
        shared /= shared.sum()
        if family in told:
            mean = np.exp(told[family].log_mean - told[family].peak)
            theta = told[family].likelihood * ((shared / mean) @ self._kernel.T)
        else:
            theta = shared @ self._kernel.T
        shapes = _SIGMAS, _FACTORS.size
        return theta.reshape(*shapes, -1), shared.reshape(*shapes, _MEANS, _BETWEEN.size)

    def _told(self, family: str, without: str | None = None) -> _Told:
        """Return what a family's runs tell, without one of them."""
        if without is None and family in self._kept:
            return self._kept[family]
        log = np.zeros((_SIGMAS, _FACTORS.size, self._theta.size))
        for observation, one in zip(self.observations, self._runs, strict=True):
            if observation.family == family and observation.name != without:
                log += one
        by_shape = log.reshape(-1, self._theta.size)
        peak = by_shape.max(axis=1, keepdims=True)
        likelihood = np.exp(by_shape - peak)
        told = _Told(likelihood, peak, np.log(likelihood @ self._kernel + _TINY) + peak)
        if without is None:
            self._kept[family] = told
        return told

    @cached_property
    def _kernel(self) -> FloatArray:
        """Probability of each theta for each (mu, tau), shape (theta, mu * tau)."""
        mu = np.linspace(self._theta[0], self._theta[-1], _MEANS)
        z = (self._theta[:, None, None] - mu[:, None]) / _BETWEEN
        kernel = np.exp(-0.5 * z**2).reshape(self._theta.size, -1)
        return np.asarray(kernel / (kernel.sum(axis=0) + _TINY))

    @cached_property
    def _log_prior(self) -> FloatArray:
        """Log prior of each (shape, mu * tau) on the grid; sigma's is even in its logarithm."""
        within = np.log(self._sigma) - 0.5 * (self._sigma / SCALE_WITHIN) ** 2
        moe = -0.5 * (np.log(_FACTORS) / SCALE_MOE) ** 2
        between = np.tile(-0.5 * (_BETWEEN / SCALE_BETWEEN) ** 2, _MEANS)
        return np.asarray(np.add.outer(within, moe).reshape(-1, 1) + between)

    @cached_property
    def _below(self) -> FloatArray:
        """Probability below each logit for each (sigma, theta), shape (sigma * theta, logit)."""
        z = (self._logits - self._theta[:, None]) / self._sigma[:, None, None]
        return np.asarray(ndtr(z).reshape(-1, self._logits.size))

    def _log_likelihood(self, run: Observation) -> FloatArray:
        """Return the log likelihood of one run, shape (sigma, f, theta): for a dense one, one f."""
        density = (1 - run.moe) * self._density(run.mfu)[:, None]
        if run.moe:
            experts = np.stack([self._density(run.mfu / factor) for factor in _FACTORS], axis=1)
            density = density + run.moe * experts
        return np.asarray(np.log(density + _TINY))

    def _density(self, mfu: FloatArray) -> FloatArray:
        """Return the density of a dense model's MFU, or of equally likely ones: (sigma, theta)."""
        possible = mfu[mfu < 1]
        z = (logit(possible) - self._theta[:, None]) / self._sigma[:, None, None]
        density = np.exp(-0.5 * z**2) / ((1 - possible) * self._sigma[:, None, None])
        return np.asarray(density.sum(axis=2) / mfu.size)


def _spreads_within(groups: Sequence[Sequence[float]]) -> tuple[FloatArray, float]:
    """Return the grid of sigma, even in its logarithm, and how fine that of theta must be.

    Many runs leave little doubt about sigma and about the mean of their family, so the grid closes
    in on what is left: a point for each posterior standard deviation, or more.
    """
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(float(np.var(group)) * len(group) for group in groups)
    pooled = np.sqrt(squares / freedom) if freedom >= _FEW else 0.0
    if pooled < 1e-2:  # runs that agree to the digit, or too few to tell
        return np.geomspace(0.08, 2.0, _SIGMAS), _STEP
    reach = np.exp(_REACH / np.sqrt(2 * freedom))
    finest = 0.8 * pooled / np.sqrt(max(map(len, groups)))
    return np.geomspace(pooled / reach, pooled * reach, _SIGMAS), float(finest)


def fitted_runs(runs: Iterable[TrainingRun], smallest: float = 0.0) -> tuple[TrainingRun, ...]:
    """Return the runs that MFU is fitted to: those that tell it, of size and grade.

    Parameters
    ----------
    runs
        All there are.
    smallest
        FLOP from which a run counts.
    """
    return tuple(
        run
        for run in runs
        if run.grade in SCORED_GRADES
        and run.mfu is not None
        and run.training_flop is not None
        and run.training_flop >= smallest
    )


def fit_mfu(runs: Sequence[TrainingRun]) -> MfuFit:
    """Fit MFU to runs, FP8 taken out by the speed-up that the shipped scenarios believe it gives.

    Parameters
    ----------
    runs
        With GPU-hours and FLOP. Where the precision is not known and the chip has FP8, it counts as
        likely as `base` takes it; where the kind of model is not known, both count.

    Raises
    ------
    DataError
        Fewer than three runs.
    """
    return MfuFit(
        [Observation(run.name, run.chip.family, freed(run), chance_of_moe(run)) for run in runs]
    )


def freed(run: TrainingRun) -> FloatArray:
    """Return equally likely values of a run's MFU without what FP8 gained it.

    Raises
    ------
    DataError
        It lacks GPU-hours or FLOP, or no value is below 1.
    """
    if run.mfu is None:
        raise DataError(f"'{run.name}' lacks GPU-hours or FLOP; leave it out of the fit")
    speed_up = np.ones(1)
    if run.may_be_fp8:
        speed_up = _speed_ups(_IN_FP8 if run.precision == "fp8" else "base")
    speed_up = 1 + (speed_up - 1) * max(run.chip.fp8 - 1, 0.0)  # stated for a ratio of 2
    mfu = run.mfu / speed_up
    if not (mfu < 1).any():
        raise DataError(f"'{run.name}' has an mfu of {run.mfu:.3g}; expected less than 1")
    return np.asarray(mfu[mfu < 1])


@cache
def shipped_fit() -> MfuFit:
    """Return the fit to the shipped table, which the shipped priors are."""
    return fit_mfu(fitted_runs(published_runs()))


@cache
def _speed_ups(scenario: str) -> FloatArray:
    """Return equally likely speed-ups over 16 bits that a shipped scenario believes."""
    middles = (np.arange(_NODES) + 0.5) / _NODES
    return load_priors(scenario).inputs["precision_factor"].ppf(middles)


def chance_of_moe(run: TrainingRun) -> float:
    """Return the probability that a run's model is a sparse mixture of experts."""
    return CHANCE_OF_MOE if run.moe is None else float(run.moe)


class Beliefs:
    """The priors that each run is forecast with.

    Parameters
    ----------
    model, priors
        The equations and the scenario.
    one_prior
        Whether the scenario's own MFU is used for every run. Otherwise it is for runs on chips of
        the scenario's family, which its `peak_flops` tells; others take the fit of their family.
    """

    def __init__(self, model: Model, priors: Priors, *, one_prior: bool = False) -> None:
        self._model = model
        self._priors = priors
        self._one_prior = one_prior
        peak = priors.inputs.get("peak_flops")
        self.family = "" if peak is None else family_of_peak(float(peak.ppf(np.array([0.5]))[0]))
        shipped, own = load_priors("base").inputs["mfu"], priors.inputs.get("mfu")
        self.fitted = own is not None and own.distribution == shipped.distribution
        """Whether the scenario's MFU is the shipped prior, which is fitted to published runs."""
        self.names = frozenset(run.name for run in fitted_runs(published_runs()))
        """The runs that the shipped prior is fitted to."""

    def owns(self, run: TrainingRun) -> bool:
        """Tell whether a run is forecast with the scenario's own MFU."""
        return self._one_prior or run.chip.family == self.family

    def refits(self, run: TrainingRun) -> bool:
        """Tell whether the MFU that a run is forecast with was fitted to it too."""
        return run.name in self.names and (self.fitted or not self.owns(run))

    def of(self, run: TrainingRun, *, left_out: bool = False) -> Priors:
        """Return the priors for a run.

        Parameters
        ----------
        run
            Which run.
        left_out
            Whether MFU is fitted again without it, where it was fitted to it.
        """
        priors = self._priors
        if run.precision == "fp8":
            priors = priors.replace(self._fp8)
        refitted = left_out and self.refits(run)
        if self.owns(run) and not refitted:
            return priors
        family = self.family if self.owns(run) else run.chip.family
        left = run.name if refitted else None
        predictive = shipped_fit().predictive(family, left, moe=chance_of_moe(run))
        low, high = predictive.summary()
        mfu = f"logitnormal(q05={low:.6g}, q95={high:.6g})"
        return believe(priors, self._model, {"mfu": mfu})

    @cached_property
    def _fp8(self) -> Prior:
        """The speed-up of FP8: the scenario's own where it is one of FP8 for sure."""
        own = self._priors.inputs.get("precision_factor")
        if own is not None and float(own.ppf(np.array([0.01]))[0]) > 1:
            return own
        fp8 = load_priors(_IN_FP8, variables=self._model.variables).inputs["precision_factor"]
        return replace(fp8, joint="")
