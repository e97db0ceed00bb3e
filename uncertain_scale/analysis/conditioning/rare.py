"""Draws led into a region that the prior hardly reaches: bounds that few draws, or none, meet.

A likelihood that is 0 outside such bounds has no temperature at which it is mild. So the bounds
themselves are led in, level by level, each of which half of the draws meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.conditioning.smc import move, resample

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.analysis.conditioning.smc import Cloud
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["SHARE", "Unreachable", "reach"]

SHARE = 0.5
"""Of the draws, that a level holds, and that the evidence must allow in the end."""

_LEAST = np.log(1e-15)  # probability, below which nothing is looked for
_MOVES = 0.5  # a temperature below 1, at which moves need not forget everything


class Unreachable(Exception):  # noqa: N818 (never leaves the package)
    """No draws could be led to where all of the evidence is allowed."""


def reach(
    cloud: Cloud,
    outside: Callable[[FloatArray], FloatArray],
    log_likelihood: Callable[[FloatArray], FloatArray],
    rng: np.random.Generator,
) -> Cloud:
    """Lead draws of the prior to where at least half of them are allowed by all observations.

    Parameters
    ----------
    cloud
        Draws of the prior.
    outside
        How far each observation is from allowing normal scores: (particle, coordinate) to
        (particle, observation), 0 where it does.
    log_likelihood, rng
        As in `temper`.

    Returns
    -------
    Cloud
        Draws of the prior within the last level, with the logarithm of its probability as evidence.

    Raises
    ------
    Unreachable
        The bounds have a probability below 1e-15, or draws stay where they are.

    References
    ----------
    Au and Beck (2001), doi:10.1016/S0266-8920(01)00019-4, for the levels; Cerou, Del Moral, Furon
    and Guyader (2012), doi:10.1007/s11222-011-9231-6, for their choice and its error.
    """
    scale = _scale(outside(cloud.z))

    def farthest(z: FloatArray) -> FloatArray:
        return np.asarray((outside(z) / scale).max(axis=1))

    far = farthest(cloud.z)
    while (far > 0).mean() > 1 - SHARE:
        level = _level(far)
        kept = far <= level
        cloud.log_evidence += float(np.log(kept.mean()))
        if cloud.log_evidence < _LEAST:
            raise Unreachable
        cloud = cloud.chosen(resample(kept.astype(float), rng))
        cloud.temperatures.append(0.0)
        cloud.log_likelihood = np.zeros(len(cloud.z))
        move(cloud, _within(farthest, level), rng, temperature=_MOVES)
        far = farthest(cloud.z)
    if cloud.temperatures:
        cloud.log_likelihood = log_likelihood(cloud.z)
    if np.isneginf(cloud.log_likelihood).all():
        raise Unreachable
    return cloud


def _within(
    farthest: Callable[[FloatArray], FloatArray], level: float
) -> Callable[[FloatArray], FloatArray]:
    return lambda z: np.where(farthest(z) <= level, 0.0, -np.inf)


def _level(far: FloatArray) -> float:
    """Return the distance that half of the draws are within, and that some are beyond."""
    half, most = np.sort(far)[far.size // 2], far.max()
    if half < most:
        return float(half)
    nearer = far[far < most]
    if not nearer.size:
        raise Unreachable
    return float(nearer.max())


def _scale(outside: FloatArray) -> FloatArray:
    """Return the median distance of the draws outside, by observation, so that these compare."""
    scale = np.ones(outside.shape[1])
    for k, column in enumerate(outside.T):
        beyond = column[(column > 0) & np.isfinite(column)]
        if beyond.size:
            scale[k] = np.median(beyond)
    return scale
