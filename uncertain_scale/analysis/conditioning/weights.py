"""Importance weights smoothed by a Pareto tail, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.arviz import array_stats
from uncertain_scale.analysis.conditioning.smc import effective_size

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["LARGEST_K", "Weights", "smoothed"]

LARGEST_K = 0.7


@dataclass(frozen=True)
class Weights:
    """Weights of the prior's draws.

    Parameters
    ----------
    logarithms
        Smoothed chain by chain, shape (chain, draw).
    k_hat
        Pareto shape of the pooled weights' upper tail: up to 0.7 they can be trusted; None where
        the largest weights are equal, so that there is no tail.
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
    one out, hence the sign; it refuses a tail whose values are all equal.
    """
    try:
        weights, k_hat = array_stats().psislw(-log_weights)
    except ValueError:
        top = log_weights.max()
        return log_weights - top - np.log(np.exp(log_weights - top).sum()), None
    return np.asarray(weights), float(k_hat)
