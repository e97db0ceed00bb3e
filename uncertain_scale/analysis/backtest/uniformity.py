"""Whether probability transforms are uniform: simultaneous bands for their ECDF, exactly.

At each of 100 points z the number of transforms below it is binomial(n, z) if they are uniform. The
test statistic is the smallest two-sided probability of these counts; how likely a smaller one is
follows exactly, since the counts at successive points are a Markov chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import bdtr, bdtrc, gammaln, xlog1py, xlogy

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Band", "ecdf_band", "uniformity"]

_POINTS = np.arange(1, 101) / 101
_SAME = 1 + 1e-9


class Band(NamedTuple):
    """Points in (0, 1), and the ECDF's lowest and highest values at them that are not rejected."""

    points: FloatArray
    low: FloatArray
    high: FloatArray


def uniformity(transforms: npt.ArrayLike) -> float:
    """Return the p-value of a test that probability transforms are uniform and independent.

    Parameters
    ----------
    transforms
        Numbers in [0, 1]; at least one.

    Notes
    -----
    The simultaneous confidence bands for the ECDF of Säilynoja, Bürkner and Vehtari (2022),
    doi:10.1007/s11222-022-10090-6, which ArviZ's ECDF-PIT plots draw, turned into a p-value: the
    transforms are rejected at a level just where their ECDF leaves the band of that level. Computed
    by recursion over the points (their section 2.3), not by simulation, so it is exact for any n.
    Points are k / 101 for k = 1 to 100. Leaving one out makes transforms depend on one
    another a little, which the test ignores.

    Examples
    --------
    >>> uniformity([0.1, 0.3, 0.5, 0.7, 0.9]) > 0.9, uniformity([0.01, 0.02, 0.03, 0.04]) < 0.01
    (True, True)
    """
    values = np.sort(np.asarray(transforms, dtype=float).ravel())
    n = values.size
    counts = np.searchsorted(values, _POINTS, side="right")
    return _leaving(n, float(_two_sided(counts, n, _POINTS).min()))


def ecdf_band(n: int, level: float) -> Band:
    """Return the band that the ECDF of n uniform numbers stays in with a probability.

    Parameters
    ----------
    n
        How many numbers.
    level
        Probability that the ECDF leaves the band, at most: 0.05, say.

    Examples
    --------
    >>> band = ecdf_band(20, 0.05)
    >>> bool(band.low[49] < band.points[49] < band.high[49])
    True
    """
    low, high = 0.0, level  # of the points' own probability
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _leaving(n, middle) <= level else (low, middle)
    counts = np.arange(n + 1)
    inside = _two_sided(counts, n, _POINTS[:, None]) > low * _SAME
    first = inside.argmax(axis=1)
    return Band(_POINTS, first / n, (first + inside.sum(axis=1) - 1) / n)


def _two_sided(counts: npt.NDArray[np.int64], n: int, z: FloatArray) -> FloatArray:
    """Return twice the smaller tail of binomial(n, z) at counts, each tail with its count."""
    below = bdtr(counts, n, z)
    above = np.where(counts > 0, bdtrc(np.maximum(counts - 1, 0), n, z), 1.0)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(below, above)))


def _leaving(n: int, smallest: float) -> float:
    """Return the probability that some point's own probability is at most `smallest`."""
    counts = np.arange(n + 1)
    inside = _two_sided(counts, n, _POINTS[:, None]) > smallest * _SAME
    state = np.zeros(1, dtype=np.int64)
    probability = np.ones(1)
    before = 0.0
    for point, ok in zip(_POINTS, inside, strict=True):
        allowed = counts[ok]
        if allowed.size == 0:
            return 1.0
        left = n - state[:, None]
        share = float((point - before) / (1 - before))
        probability = probability @ _binomial(allowed - state[:, None], left, share)
        state, before = allowed, float(point)
    return float(np.clip(1 - probability.sum(), 0, 1))


def _binomial(k: npt.NDArray[np.int64], n: npt.NDArray[np.int64], p: float) -> FloatArray:
    """Return the probabilities of k out of n, 0 where k is negative."""
    k, n = np.broadcast_arrays(k, n)
    possible = (k >= 0) & (k <= n)
    k = np.where(possible, k, 0)
    logs = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return np.asarray(np.where(possible, np.exp(logs + xlogy(k, p) + xlog1py(n - k, -p)), 0.0))
