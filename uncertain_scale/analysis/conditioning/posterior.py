"""From draws of the prior and observed facts to draws of the posterior, equally weighted.

Importance weights, smoothed by a Pareto tail, where they can be trusted, a tempered sequential
Monte Carlo run where they cannot; either way each chain is led by itself and its draws are moved
until they have forgotten where they began.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from uncertain_scale.analysis.conditioning.smc import (
    SHARE,
    Cloud,
    Unreachable,
    effective_size,
    move,
    reach,
    resample,
    temper,
)
from uncertain_scale.errors import EvidenceError, QuestionError
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.sampling.design import stream
from uncertain_scale.sampling.engine import each
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.analysis.conditioning.terms import Term
    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

LARGEST_K = 0.7
_EQUAL = 1e-9  # between log-weights that differ by rounding alone
_NOTHING = 40.0  # below the largest log-weight, from which on a draw adds nothing to a tail

_T = TypeVar("_T")

Method: TypeAlias = Literal["auto", "importance", "smc"]
METHODS: tuple[Method, ...] = ("auto", "importance", "smc")

_LEAST_SHARE = 0.1  # of the draws that must count for weights to be preferred
_FEWEST = 1024  # particles of a chain
_FEW = 20  # draws of a chain that count, on average, for weights without a tail to be trusted
_WIDENED = 0.1  # of a coordinate, for all of its values together that draws would miss


@dataclass(frozen=True)
class Weights:
    """Weights of the prior's draws.

    Parameters
    ----------
    logarithms
        Smoothed chain by chain, shape (chain, draw).
    k_hat
        Pareto shape of the pooled weights' upper tail: up to 0.7 they can be trusted; None where
        the largest weights are equal, so that there is no tail, and infinite where a few draws
        outweigh all others.
    effective
        Effective number of draws, all chains together.
    log_evidence
        Logarithm of the mean likelihood by chain.
    """

    logarithms: FloatArray
    k_hat: float | None
    effective: float
    log_evidence: FloatArray


def smoothed(log_likelihood: FloatArray) -> Weights:
    """Return the weights that lead from the prior's draws to the posterior.

    Parameters
    ----------
    log_likelihood
        Shape (chain, draw), finite somewhere in each chain.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling,
    https://arxiv.org/abs/1507.02646.
    """
    _, k_hat = _smooth(log_likelihood.ravel())
    chains = np.array([_smooth(chain)[0] for chain in log_likelihood])
    top = log_likelihood.max(axis=1, keepdims=True)
    evidence = top[:, 0] + np.log(np.exp(log_likelihood - top).mean(axis=1))
    effective = sum(effective_size(chain) for chain in chains)
    return Weights(chains, k_hat, effective, evidence)


def _smooth(log_weights: FloatArray) -> tuple[FloatArray, float | None]:
    """Return smoothed log-weights and the shape of their tail.

    ArviZ's function takes log-likelihoods of which the weights are the reciprocals, as for leaving
    one out, hence the sign; it refuses a tail whose values are all equal, and finds no shape where
    most of the tail is nothing beside a few draws.
    """
    from arviz_stats.base.array import BaseArray

    arviz: Any = BaseArray()
    top = log_weights.max()
    plain = log_weights - top - np.log(np.exp(log_weights - top).sum())
    if top - log_weights[np.isfinite(log_weights)].min() < _EQUAL:
        return plain, None
    if (log_weights > top - _NOTHING).sum() < 3 * np.sqrt(log_weights.size):
        return plain, np.inf
    try:
        with np.errstate(all="ignore"):
            weights, k_hat = arviz.psislw(-log_weights)
    except ValueError:
        return plain, None
    usable = np.isfinite(k_hat) and not np.isnan(weights).any()
    return (np.asarray(weights), float(k_hat)) if usable else (plain, np.inf)


@dataclass(frozen=True)
class _Stretch:
    """A coordinate on which values that draws would miss are wider than they are.

    Parameters
    ----------
    at, levels
        Ends of its pieces, as drawn and as levels of the prior.
    log_weights
        Of each piece: its width as it is over that drawn.
    """

    at: FloatArray
    levels: FloatArray
    log_weights: FloatArray

    @classmethod
    def over(cls, rare: FloatArray) -> _Stretch:
        """Widen each of some levels, shape (value, 2), to the same part of the coordinate."""
        levels = np.unique(np.concatenate([[0.0], rare.ravel(), [1.0]]))
        widths = np.diff(levels)
        inside = np.isin(levels[:-1], rare[:, 0])
        drawn = np.where(
            inside,
            _WIDENED / inside.sum(),
            (1 - _WIDENED) * widths / widths[~inside].sum(),
        )
        at = np.append(0.0, np.cumsum(drawn))
        return cls(at / at[-1], levels, np.log(widths / drawn))

    def level(self, v: FloatArray) -> FloatArray:
        """Return the levels of the prior at points as drawn."""
        return np.interp(v, self.at, self.levels)

    def log_weight(self, v: FloatArray) -> FloatArray:
        """Return by how much points as drawn count, as a logarithm."""
        return np.asarray(self.log_weights[np.searchsorted(self.at[1:-1], v, side="right")])


@dataclass(frozen=True)
class Space:
    """The coordinates that observations rest on, and how likely these are at points of it.

    Parameters
    ----------
    terms
        The observations, bound to a model.
    positions
        Places of the scenario's own coordinates in the cube.
    stretches
        Of coordinates whose points are drawn more often than the prior has them somewhere, which
        the likelihood makes good.
    """

    terms: tuple[Term, ...]
    positions: Mapping[str, int]
    stretches: Mapping[str, _Stretch] = field(default_factory=dict)

    @classmethod
    def of(cls, terms: Sequence[Term], priors: Priors) -> Space:
        """Return the space of some observations of a scenario."""
        return cls(tuple(terms), {name: k for k, name in enumerate(priors.coordinates)})

    def stretched(self, draws: int) -> Space:
        """Return the space in which no value is rarer than so many draws would show."""
        rare = {k: v for term in self.terms for k, v in term.rare_levels(draws).items()}
        return replace(self, stretches={name: _Stretch.over(one) for name, one in rare.items()})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The coordinates, those of the scenario in its order and the observations' own behind."""
        used = dict.fromkeys(name for term in self.terms for name in term.coordinates)
        last = len(self.positions)
        return tuple(sorted(used, key=lambda name: self.positions.get(name, last)))

    def points(self, design: Design, chain: int) -> FloatArray:
        """Return a chain of the prior, shape (draw, coordinate)."""
        own = (name for name in self.names if name not in self.positions)
        places = {**self.positions, **{name: len(self.positions) + k for k, name in enumerate(own)}}
        columns = [design.column(name, position=places[name], chain=chain) for name in self.names]
        return np.stack(columns, axis=1)

    def columns(self, u: FloatArray) -> dict[str, FloatArray]:
        """Return points by coordinate, as levels of the prior."""
        found = dict(zip(self.names, u.T, strict=True))
        for name, stretch in self.stretches.items():
            found[name] = stretch.level(found[name])
        return found

    def log_weight(self, u: FloatArray) -> FloatArray:
        """Return by how much points count in a space that is stretched, shape (draw,)."""
        drawn = dict(zip(self.names, u.T, strict=True))
        weights = (stretch.log_weight(drawn[name]) for name, stretch in self.stretches.items())
        return sum(weights, np.zeros(len(u)))

    def log_likelihood(self, u: FloatArray) -> FloatArray:
        """Return the log-likelihood of all observations at points, shape (draw,)."""
        columns = self.columns(u)
        total = self.log_weight(u)
        for term in self.terms:
            total += term.log_likelihood(columns)
        return total

    def outside(self, u: FloatArray) -> FloatArray:
        """Return how far points are from what each observation allows: (draw, observation)."""
        columns = self.columns(u)
        return np.stack([term.distance(columns) for term in self.terms], axis=1)


@dataclass(frozen=True)
class Posterior:
    """Equally weighted draws of the posterior, and how they were found.

    Parameters
    ----------
    u
        Points of the space, shape (chain, draw, coordinate).
    log_likelihood
        At these, shape (chain, draw).
    log_evidence
        Estimates of the log marginal likelihood, by chain.
    method, reason
        `importance` or `smc`, and why.
    weights
        Importance weights of the prior's draws, None where some chain has no likely draw.
    stages, memory
        Temperatures gone through at most, and the largest correlation of a coordinate with where
        its last moves began, over the chains.
    """

    u: FloatArray
    log_likelihood: FloatArray
    log_evidence: FloatArray
    method: Method
    reason: str
    weights: Weights | None
    stages: int
    memory: float
    grain: float = 0.0
    """Least error of the log marginal likelihood, of counting whole draws within bounds."""

    @property
    def log_evidence_error(self) -> float:
        """Monte Carlo error of the log marginal likelihood; nan for one chain."""
        means = np.exp(self.log_evidence - self.log_evidence.max())
        return float(np.maximum(spread(means) / means.mean(), self.grain))


def find_posterior(
    space: Space,
    design: Design,
    method: Method = "auto",
    *,
    progress: Callable[[int], object] | None = None,
) -> Posterior:
    """Lead a design's draws from the prior to the posterior.

    Parameters
    ----------
    space
        The observations.
    design
        How draws are made; the posterior has as many, in as many independent chains.
    method
        `importance`, `smc`, or `auto`: importance where k-hat is at most 0.7 and at least a tenth
        of the draws count.
    progress
        Told how many chains are finished.

    Raises
    ------
    EvidenceError
        No draw of the prior can give what was observed, or importance was asked for and its
        weights cannot be trusted.
    """
    if method not in METHODS:
        raise QuestionError(f"method '{method}' is unknown; expected {', '.join(METHODS)}")
    space = space.stretched(max(design.draws, _FEWEST) * design.chains)
    points, likelihoods = _likely(space, design)
    weights = smoothed(likelihoods) if np.isfinite(likelihoods).any(axis=1).all() else None
    chosen, reason = _choose(weights, likelihoods.shape, method)

    def lead(chain: int) -> Cloud:
        rng = stream(design.seed, chain, "\0posterior")
        u, likelihood = points[chain], likelihoods[chain]
        if chosen == "importance" and weights is not None:
            logs = weights.logarithms[chain]
            index = resample(np.exp(logs - logs.max()), rng, max(design.draws, _FEWEST))
            evidence = float(weights.log_evidence[chain])
            cloud = Cloud(_scores(u[index]), likelihood[index], evidence, [1.0])
            move(cloud, _of_scores(space), rng)
        else:
            cloud = Cloud(_scores(u), likelihood.copy())
            cloud = reach(cloud, lambda z: space.outside(_levels(z)), _of_scores(space), rng)
            cloud = temper(cloud, _of_scores(space), rng)
        if len(cloud.z) > design.draws:
            cloud = cloud.chosen(rng.choice(len(cloud.z), design.draws, replace=False))
        return cloud

    try:
        clouds = over_chains(lead, design.chains, progress)
    except Unreachable:
        raise EvidenceError([_none(space, likelihoods.size)]) from None
    # Where draws have to be led in, the levels that they pass are scattered enough.
    counted = chosen == "importance" or np.isneginf(likelihoods).mean() < SHARE
    evidence = np.array([cloud.log_evidence for cloud in clouds])
    drawn = [_levels(cloud.z) for cloud in clouds]
    weighed = [c.log_likelihood - space.log_weight(u) for c, u in zip(clouds, drawn, strict=True)]
    return Posterior(
        u=np.array([np.stack([*space.columns(u).values()], axis=1) for u in drawn]),
        log_likelihood=np.array(weighed),
        log_evidence=evidence,
        method=chosen,
        reason=reason,
        weights=weights,
        stages=max(len(cloud.temperatures) for cloud in clouds),
        memory=max(cloud.memory for cloud in clouds),
        grain=_grain(likelihoods, evidence) if counted else 0.0,
    )


def over_chains(
    work: Callable[[int], _T], chains: int, progress: Callable[[int], object] | None = None
) -> list[_T]:
    """Return what `work` gives for each chain, in order, several at a time."""
    found = []
    for one in each(work, range(chains)):
        found.append(one)
        if progress is not None:
            progress(len(found))
    return found


def _likely(space: Space, design: Design) -> tuple[FloatArray, FloatArray]:
    """Return draws of the prior, and their log-likelihoods."""
    wide = replace(design, draws=max(design.draws, _FEWEST))
    points = np.array(over_chains(lambda c: space.points(wide, c), design.chains))
    found = np.array(over_chains(lambda c: space.log_likelihood(points[c]), design.chains))
    if np.isposinf(found).any():
        said = f"the density stated is infinite at {np.isposinf(found).sum():,} of the predictions"
        raise EvidenceError([f"{_names(space)}: {said}; state an error whose density is finite"])
    return points, found


def _grain(likelihoods: FloatArray, log_evidence: FloatArray) -> float:
    """Return the error of the mean likelihood by draws that are counted or not, relative to it.

    Chains of a net may all count the same within bounds: see `probability_of`.
    """
    if not np.isneginf(likelihoods).any():
        return 0.0
    chains, draws = likelihoods.shape
    top = np.exp(likelihoods.max() - log_evidence.mean())
    return float(top * 12**-0.5 / draws / chains**0.5)


def _none(space: Space, draws: int) -> str:
    """Say that nothing can give all that was observed."""
    said = f"of {draws:,} draws of the prior, and of those led towards it, none can give all"
    return f"{said} that was observed ({_names(space)}); widen the priors, or the errors"


def _names(space: Space) -> str:
    return ", ".join(f"'{term.observation.name}'" for term in space.terms)


def _choose(weights: Weights | None, shape: tuple[int, ...], method: Method) -> tuple[Method, str]:
    """Return the method to take, and why; `shape` is the number of chains and of draws of each."""
    chains, draws = shape[0], shape[0] * shape[1]
    if weights is None:
        trust, why = False, "some chain has no draw that the evidence allows"
    else:
        share = weights.effective / draws
        k_hat = weights.k_hat
        enough = weights.effective >= _FEW * chains
        trust = enough if k_hat is None else k_hat <= LARGEST_K
        tail = "" if k_hat is None else f"{k_hat:.2f}" if np.isfinite(k_hat) else "infinite"
        said = f"k-hat is {tail}, " if tail else ""
        why = f"{said}{share:.2g} of the draws count"
    if method == "importance" and not trust:
        limit = f"k-hat above {LARGEST_K:g}, or fewer than {_FEW} of a chain"
        said = f"importance weights cannot be trusted here: {why} ({limit})"
        raise EvidenceError([f"{said}; the method smc answers, or state errors that are less sure"])
    if method != "auto":
        return method, "as asked"
    if weights is not None and trust and weights.effective >= _LEAST_SHARE * draws:
        return "importance", why
    return "smc", why


def _of_scores(space: Space) -> Callable[[FloatArray], FloatArray]:
    return lambda z: space.log_likelihood(_levels(z))


def _scores(u: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(u))


def _levels(z: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    return np.asarray(np.clip(ndtr(z), *ENDS))
