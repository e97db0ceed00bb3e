"""How heavy the tails of draws are, and which moments therefore do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

_SHORT = -0.35
_TINY = np.finfo(float).tiny
# The index of a far tail is taken half a standard error, (1 + |k|)/sqrt(size), above its estimate:
# where the largest draws happen to be small, so is the index, and with it the error.
_CAUTION = 0.5
# Rarer than this, in draws expected of a run, nothing is extrapolated: 1 in 1,000 runs meets it.
_RAREST = 1e-3
_NODES = 129
# For a probability far out: by less, one seed in eight missed half of a sum of two lognormals.
_WARY = 2.0
_DIFFERENT = 10  # draws that differ, by which a tail is followed
_LARGEST = 700.0  # whose exponential is a number
_SMALL = 1e-290


def fit_tail(exceedances: FloatArray) -> tuple[float, float]:
    """Fit a generalised Pareto distribution to excesses over a threshold.

    Parameters
    ----------
    exceedances
        Ascending, not negative, shape (n,), the last one positive.

    Returns
    -------
    index, scale
        The tail index k: P(X > x) falls like x^(-1/k); 0 for an exponential tail, below 0 for one
        that ends.

    References
    ----------
    Zhang and Stephens (2009), doi:10.1198/tech.2009.08017.

    Examples
    --------
    >>> t = (np.arange(2000) + 0.5) / 2000
    >>> k, scale = fit_tail(1 / (1 - t) - 1)
    >>> bool(abs(k - 1) < 0.05)
    True
    """
    if exceedances[-1] < _SMALL:  # whose inverse is no number
        index, scale = fit_tail(exceedances / exceedances[-1])
        return index, scale * float(exceedances[-1])
    count = exceedances.size
    quarter = max(exceedances[int(count / 4 + 0.5) - 1], _TINY, 1e-12 * exceedances[-1])
    grid = 30 + int(np.sqrt(count))
    theta = 1 / exceedances[-1] + (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (
        3 * quarter
    )
    # log(1 - x), not log1p(-x), which takes eight times as long; what is lost in small x is far
    # below what matters in their average.
    logs = theta[:, None] * exceedances
    np.subtract(1, logs, out=logs)
    index = np.log(logs, out=logs).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = count * (np.log(-theta / index) - index - 1)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weights = np.exp(likelihood - likelihood.max())
    best = float(theta @ weights / weights.sum()) or _TINY
    fitted = float(np.log1p(-best * exceedances).mean())
    return fitted, -fitted / best


def tail_index(tail: FloatArray) -> float:
    """Return the tail index of the draws beyond a threshold.

    Parameters
    ----------
    tail
        The threshold and the draws above it, ascending. For a lower tail, their negatives.

    Returns
    -------
    float
        0 where there are too few different draws to tell.

    Examples
    --------
    >>> t = (np.arange(10_000) + 0.5) / 10_000
    >>> bool(0.9 < tail_index(1 / (1 - t[-301:])) < 1.1)
    True
    """
    excess = tail[1:] - tail[0]
    different = 1 + np.count_nonzero(np.diff(excess))
    return fit_tail(excess)[0] if different > max(25, excess.size / 2) else 0.0


def far_end(ascending: FloatArray, size: int, beyond: float) -> float:
    """Return where a tail has all but ended.

    Parameters
    ----------
    ascending
        Sorted draws.
    size
        How many of the largest to fit.
    beyond
        Expected number of draws beyond the end, well below one.

    Returns
    -------
    float
        At or above the largest draw; just above it where the density ends in a jump.
    """
    threshold = ascending[-size - 1]
    excess = ascending[-size:] - threshold
    largest = float(ascending[-1])
    if excess[-1] <= 0:
        return largest
    reach = float(_reach(excess, np.log(size / beyond)))
    least = 0.5 * excess[-1] / size
    most = 3 * excess[-1]  # a fit to a few hundred draws is no licence to go further
    return float(max(threshold + min(reach, excess[-1] + most), largest + least))


def followed(tail: FloatArray, expected: FloatArray) -> FloatArray | None:
    """Return the values beyond which given numbers of draws are expected, well below one.

    Parameters
    ----------
    tail
        The threshold and the draws above it, ascending, which may be rounded to bins.
    expected
        Numbers of draws.

    Returns
    -------
    array or None
        At or above the largest draw, and rather too far out; None where there are too few different
        draws to tell.

    Examples
    --------
    >>> t = -np.log(1 - (np.arange(2000) + 0.5) / 2000)
    >>> far = followed(t[-201:], np.array([1e-3]))[0]
    >>> bool(1 < far / np.log(2000 / 1e-3) < 3)
    True
    """
    excess = tail[1:] - tail[0]
    if np.count_nonzero(np.diff(excess)) < _DIFFERENT:
        return None
    reach = _reach(excess, np.log(excess.size / expected), _WARY)
    return np.asarray(np.maximum(tail[0] + reach, tail[-1]))


def _reach(excess: FloatArray, ratio: FloatArray, caution: float = 0.0) -> FloatArray:
    """Return the excess over a threshold that a share e^-ratio of the draws beyond it exceeds."""
    index, scale = fit_tail(excess)
    if _SHORT < index < 0:  # as a normal's: light, but it need not end
        index, scale = 0.0, float(excess.mean())
    if caution and index >= 0:
        mean = scale / max(1 - index, 0.1)
        index += caution * (1 + index) / np.sqrt(excess.size)
        scale = mean * max(1 - index, 0.1)
    return scale * (ratio if abs(index) < 1e-8 else np.expm1(index * ratio) / index)


@dataclass(frozen=True)
class FarTail:
    """The tail of distances from the middle, followed beyond the draws.

    Parameters
    ----------
    threshold
        Where it begins, above 0.
    index, scale
        Of the generalised Pareto distribution of log(distance / threshold).
    size, total
        How many draws lie in the tail, and how many there are.
    most
        The largest distance that there can be.
    power
        Least slope of log(distance) over log(1/share), which the model tells: the tail index.
    """

    threshold: float
    index: float
    scale: float
    size: int
    total: int
    most: float = np.inf
    power: float = 0.0

    @classmethod
    def fit(
        cls, tail: FloatArray, size: int, total: int, most: float, power: float = 0.0
    ) -> FarTail | None:
        """Fit a tail, or return None where there are too few different draws.

        Parameters
        ----------
        tail
            The threshold and the distances above it, ascending, evenly thinned where many.
        size, total, most, power
            As in `FarTail`.

        Notes
        -----
        Logarithms of a lognormal's, a power's and a light tail are all near a generalised Pareto
        distribution far out, with an index about 0 or below.
        """
        if not 0 < tail[0] < tail[-1]:
            return None
        excess = np.log(tail[1:] / tail[0])
        if np.count_nonzero(np.diff(excess)) < max(25, excess.size / 2):
            return None
        index, scale = fit_tail(excess)
        caution = 0.0 if power else _CAUTION  # the model is surer than the draws
        wary = index + caution * (1 + abs(index)) / np.sqrt(size)
        # The mean excess, scale/(1 - index), stays what it is in the draws.
        scale *= max(1 - wary, 0.1) / max(1 - index, 0.1)
        return cls(float(tail[0]), wary, scale, size, total, most, power)

    def steps(self, ratio: FloatArray) -> FloatArray:
        """Return log(distance / threshold) where the share of the tail is e^-ratio."""
        start = self.scale, self.power
        turn = np.inf  # where the slopes of the fit and of the model's power cross
        if self.power and self.index and (np.log(start[1] / start[0]) / self.index) > 0:
            turn = np.log(start[1] / start[0]) / self.index
        first, second = (self._fitted, self._by_power)
        if start[0] < start[1]:
            first, second = second, first
        near = np.minimum(ratio, turn)
        return first(near) + np.where(ratio > turn, second(ratio) - second(near), 0.0)

    def moment(self, order: int, beyond: float, power: int = 1, unit: float = 1.0) -> float:
        """Return the mean of (d^order - q^order)^power where d > q, and 0 elsewhere.

        Parameters
        ----------
        order, power
            Of the distance d, and of what it adds.
        beyond
            Expected number of draws above q.
        unit
            Of distances.
        """
        counts = np.geomspace(_RAREST, beyond, _NODES)
        ratio = np.log(self.size / counts)
        logs = np.minimum(np.log(self.threshold) + self.steps(ratio), np.log(self.most))
        logs = np.minimum(logs - np.log(unit), _LARGEST / (2 * order * power))
        above = np.exp(order * logs) - np.exp(order * logs[-1])
        return float(np.trapezoid(above**power * counts, np.log(counts)) / self.total)

    def _fitted(self, ratio: FloatArray) -> FloatArray:
        steps = ratio if abs(self.index) < 1e-8 else np.expm1(self.index * ratio) / self.index
        return np.asarray(self.scale * steps)

    def _by_power(self, ratio: FloatArray) -> FloatArray:
        return self.power * ratio
