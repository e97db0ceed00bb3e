"""Probabilities of rare evidence: led to level by level, where draws of the prior hardly meet it.

The p-value of an observation is the mean of a share in [0, 1] over the prior: of how likely it
makes the observation, or of the error's tail beyond the value observed. Taken as a likelihood, its
mean is the evidence of a sequential Monte Carlo run, which is accurate however small it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np

from uncertain_scale.analysis.conditioning.likelihood import (
    log_allowed,
    tail_probabilities,
)
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.errors import EvidenceError
from uncertain_scale.inputs.observations import Range
from uncertain_scale.sampling.design import Design
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.analysis.conditioning.posterior import Posterior
    from uncertain_scale.analysis.conditioning.terms import Term
    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.inputs.observations import Observation
    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["evidence_share", "p_value_by_levels", "p_value_in_gap", "p_value_of", "shares"]

Share: TypeAlias = Literal["below", "above", "allowed"]

_DRAWS = Design(draws=1024, chains=16)
_HARDLY, _NEIGHBOURS, _SURE = 1e-6, 16, 0.95
_ENDS = np.array([1e-12, 1 - 1e-12])  # beyond these a tail adds nothing to a p-value


def shares(observation: Observation, predicted: FloatArray) -> dict[Share, FloatArray]:
    """Return, for each prediction, the shares whose means an observation's p-value rests on.

    Parameters
    ----------
    observation
        The value with its error, or a range.
    predicted
        In the model's units; one that is no number has no share of anything.

    Returns
    -------
    dict
        `below` and `above`: probability of a measured value at or below, and at or above, the one
        observed, which a range has none of. `allowed`: likelihood over the highest that there is.
    """
    below, above = tail_probabilities(observation, predicted)
    found: dict[Share, FloatArray] = {
        "below": below,
        "above": above,
        "allowed": np.exp(log_allowed(observation, predicted)),
    }
    usable = np.isfinite(predicted)
    return {name: np.where(usable, share, 0.0) for name, share in found.items()}


def p_value_of(observation: Observation, predicted: FloatArray) -> tuple[float, float]:
    """Return the probability, under the predictions, of an observation as far out, and its error.

    Parameters
    ----------
    observation, predicted
        As in `shares`; the predictions of shape (chain, draw).

    Returns
    -------
    tuple of float
        The larger of two probabilities: twice the smaller of those of a measured value at or below,
        and at or above, the one observed; and the share of predictions that the observation allows.
        Behind it its standard error, nan for one chain.

    Notes
    -----
    The first is Box's prior predictive check, where what is predicted is symmetric. It takes a wide
    interval for a value measured at its middle, which surprises even if most predictions are
    within; the second does not, and bounds what any other prior could gain by the observation. For
    a range it is the probability of what was observed. Where the prior is right, the larger of them
    is below any level at most as often as the level says.

    Chains of a net may all count the same within bounds, so the error is no less than that of a
    rounding, the root of a twelfth of a draw of each chain.

    References
    ----------
    Box (1980), doi:10.2307/2982063. Evans and Moshonov (2006), doi:10.1214/06-BA129. Edwards,
    Lindman and Savage (1963), doi:10.1037/h0044139, for the bound.
    """
    means = {name: share.mean(axis=1) for name, share in shares(observation, predicted).items()}
    tail = min(means["below"], means["above"], key=np.mean)
    chains = max(2 * tail, means["allowed"], key=np.mean)
    count, draws = predicted.shape
    error = np.maximum(spread(chains), 12**-0.5 / draws / count**0.5)
    return min(float(chains.mean()), 1.0), float(error)


def p_value_in_gap(observation: Observation, predicted: FloatArray) -> float | None:
    """Return a bound on how likely so lonely an observation is, or None where it is not.

    Between two modes either tail is likely, and yet nothing may be near. An observation is lonely
    where its mean likelihood is below a millionth of the highest, and where its 16th nearest
    prediction is farther than that of any other prediction from it, the outermost included.

    Parameters
    ----------
    observation, predicted
        As in `shares`.

    Notes
    -----
    The value observed and N predictions are alike where the prior is right, but for an error that
    hardly matters; that the first is the loneliest has then probability 1/(N + 1). The bound is
    that of what none of N draws shows, with 95% confidence. Nearest neighbours as a measure of how
    conforming a value is: Vovk, Gammerman and Shafer (2005), doi:10.1007/b106715.
    """
    if isinstance(observation.stated, Range):
        return None
    if shares(observation, predicted)["allowed"].mean() >= _HARDLY:
        return None
    x = np.sort(predicted[np.isfinite(predicted)]) / observation.factor
    at = observation.stated.ppf(np.array([0.5]))
    if observation.logarithmic:
        x, at = np.log(x[x > 0]), np.log(at)
    if x.size <= 2 * _NEIGHBOURS:
        return None
    place = int(np.searchsorted(x, at[0]))
    own = _loneliness(np.insert(x, place, at[0]), place)
    if own <= _loneliness(x, slice(None)).max():
        return None
    return float(-np.expm1(np.log1p(-_SURE) / x.size))


def _loneliness(ascending: FloatArray, which: int | slice) -> FloatArray:
    """Return how far the 16th nearest of the other numbers is from some."""
    count, edge = ascending.size, np.full(_NEIGHBOURS, np.inf)
    x = np.concatenate([-edge, ascending, edge])
    windows = ((x[j : j + count], x[j + _NEIGHBOURS :][:count]) for j in range(_NEIGHBOURS + 1))
    farther = [np.maximum(ascending - low, high - ascending) for low, high in windows]
    return np.asarray(np.min(farther, axis=0)[which])


def p_value_by_levels(term: Term, priors: Priors, seed: int) -> tuple[float, float]:
    """Return the p-value of an observation that hardly any draw makes likely, and its error.

    Parameters
    ----------
    term
        The observation, bound to a model.
    priors
        The scenario.
    seed
        Of the runs.

    Returns
    -------
    tuple of float
        The p-value, 0 where none can be led to, and its standard error.
    """
    names: tuple[Share, ...] = ("allowed",)
    if not isinstance(term.observation.stated, Range):
        names = ("allowed", "below", "above")
    means = {name: _mean(_Shared(term, name), priors, seed) for name in names}
    fits = means.pop("allowed")
    if not means:
        return fits
    tail, error = min(means.values())
    return max((2 * tail, 2 * error), fits)


def evidence_share(posterior: Posterior) -> tuple[float, float]:
    """Return the mean likelihood of a posterior's evidence under the prior, and its error."""
    share = float(np.exp(posterior.log_evidence).mean())
    return share, share * posterior.log_evidence_error


@dataclass(frozen=True)
class _Shared:
    """An observation whose likelihood is one of its shares."""

    term: Term
    share: Share

    @property
    def coordinates(self) -> tuple[str, ...]:
        return self.term.coordinates

    @property
    def observation(self) -> Observation:
        return self.term.observation

    def rare_levels(self, draws: int) -> dict[str, FloatArray]:
        return self.term.rare_levels(draws)

    def log_likelihood(self, points: Mapping[str, FloatArray]) -> FloatArray:
        predicted = self.term.predict(points)
        if self.share == "allowed":
            return log_allowed(self.observation, predicted)
        with np.errstate(divide="ignore"):
            return np.log(shares(self.observation, predicted)[self.share])

    def distance(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return how far points are outside of where the share is above next to nothing."""
        if self.share == "allowed":
            return self.term.distance(points)
        x = self.term.predict(points) / self.observation.factor
        low, high = cast("Distribution", self.observation.stated).ppf(_ENDS)
        beyond = x - high if self.share == "below" else low - x
        return np.where(np.isnan(x), np.inf, np.maximum(beyond, 0.0))


def _mean(shared: _Shared, priors: Priors, seed: int) -> tuple[float, float]:
    space = Space.of(cast("Sequence[Any]", [shared]), priors)
    try:
        return evidence_share(find_posterior(space, replace(_DRAWS, seed=seed), "smc"))
    except EvidenceError:
        return 0.0, 0.0
