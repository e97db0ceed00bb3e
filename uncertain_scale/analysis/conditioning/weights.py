"""Importance weights smoothed by a Pareto tail, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.conditioning.smc import effective_size

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["LARGEST_K", "Weights", "smoothed"]

LARGEST_K = 0.7
_EQUAL = 1e-9  # between log-weights that differ by rounding alone
_NOTHING = 40.0  # below the largest log-weight, from which on a draw adds nothing to a tail


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
