"""How good forecasts were: the continuous ranked probability, coverage, and calibration.

Calibration is judged by simultaneous bands for the ECDF of probability transforms, exactly. At each
of 100 points z the number of transforms below it is binomial(n, z) if they are uniform. The test
statistic is the smallest two-sided probability of these counts; how likely a smaller one is follows
exactly, since the counts at successive points are a Markov chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import bdtr, bdtrc, betaincinv, gammaln, xlog1py, xlogy

from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.statistics.draws import Draws
    from uncertain_scale.units.aliases import FloatArray

_GRAIN = 0.6  # of a draw, as for quantiles

_POINTS = np.arange(1, 101) / 101
_SAME = 1 + 1e-9


def crps(draws: Draws, observed: float) -> tuple[float, float]:
    """Return the continuous ranked probability score of a forecast, and its Monte Carlo error.

    Parameters
    ----------
    draws
        The forecast.
    observed
        What happened; a point forecast would score its distance from it.

    Notes
    -----
    E|X - y| - E|X - X'| / 2, the second term over pairs of different draws, which makes the score
    fair to a small sample (Ferro 2014, doi:10.1002/qj.2270); by sorted draws it is a probability
    weighted moment (Zamo and Naveau 2018, doi:10.1007/s11004-017-9709-7). Draws of one chain may
    depend on one another, so the error is that of the chains' scores.

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> crps(Draws(np.array([[1.0, 3.0], [1.0, 3.0]])), 2.0)[0]
    0.33333333333333337
    """
    return (
        float(_fair(draws.pooled[None], observed)[0]),
        float(spread(_fair(draws.by_chain, observed))),
    )


def _fair(ordered: FloatArray, observed: float) -> FloatArray:
    """Return the score of each row of sorted draws, shape (rows,)."""
    n = ordered.shape[1]
    distance = np.abs(ordered - observed).mean(axis=1)
    if n < 2:
        return np.asarray(distance)
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    return np.asarray(distance - ordered @ weights / (n * (n - 1)))


def transform(draws: Draws, observed: float) -> tuple[float, float]:
    """Return the probability that a forecast gave to less than what happened, and its error.

    Ties count half. Over well calibrated forecasts it is uniform on (0, 1).

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> transform(Draws(np.array([[1.0, 2.0], [2.0, 3.0]])), 2.0)[0]
    0.5
    """
    below = (draws.values < observed).mean(axis=1)
    share = below + (draws.values == observed).mean(axis=1) / 2
    # Stratified chains may all agree to the draw; a draw more or less is then the error.
    error = np.hypot(spread(share), _GRAIN / draws.values.size)
    return float(share.mean()), float(error)


def jeffreys(hits: int, trials: int, prob: float = 0.95) -> tuple[float, float]:
    """Return Jeffreys' interval for a binomial share.

    Equal tails of Beta(hits + 1/2, trials - hits + 1/2); the end is 0 or 1 where no or all trials
    were hits. It covers as stated on average over shares, where Clopper and Pearson's is too wide.

    Reference: Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286.

    Examples
    --------
    >>> [round(end, 3) for end in jeffreys(9, 10)]
    [0.619, 0.989]
    """
    tail = (1 - prob) / 2
    a, b = hits + 0.5, trials - hits + 0.5
    low = 0.0 if hits == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if hits == trials else float(betaincinv(a, b, 1 - tail))
    return low, high


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
