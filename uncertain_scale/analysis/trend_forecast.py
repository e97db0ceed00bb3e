"""Forecasts of trends: mixtures of normals in the logarithm, and the trend of a prior file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    import datetime as dt

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["ENDS", "Interval", "Predictive", "TrendStatement", "years_between"]

ENDS = (0.05, 0.95)
_DROPPED = 1e-5  # weight of the parts that do not count
_POINTS = 161
_REACH = 8.0  # standard deviations to either side
_SCORED = (np.arange(400) + 0.5) / 400
_NODES = (np.arange(15) + 0.5) / 15
_DAYS_PER_YEAR = 365.25


def years_between(earlier: dt.date, later: dt.date) -> float:
    """Return the years from one day to another, of 365.25 days; negative where it is earlier.

    Examples
    --------
    >>> import datetime as dt
    >>> round(years_between(dt.date(2024, 1, 1), dt.date(2028, 1, 1)), 6)
    4.0
    """
    return (later - earlier).days / _DAYS_PER_YEAR


class Interval(NamedTuple):
    """A positive quantity's 5% and 95% quantiles, which a lognormal is stated by, and its bound.

    Beyond the bound the lognormal is cut off.
    """

    q05: float
    q95: float
    most: float = math.inf

    @classmethod
    def of(cls, mean: float, sd: float) -> Interval:
        """Return the interval of a lognormal by the mean and standard deviation of its logarithm.

        Examples
        --------
        >>> [round(end, 3) for end in Interval.of(0.0, 0.5)]
        [0.439, 2.276, inf]
        """
        low, high = np.exp(mean + sd * ndtri(ENDS))
        return cls(float(low), float(high))

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm, were it not cut off."""
        low, high = math.log(self.q05), math.log(self.q95)
        return (low + high) / 2, (high - low) / (2 * float(ndtri(ENDS[1])))

    def ppf(self, levels: FloatArray) -> FloatArray:
        """Return the quantiles of the lognormal, cut off at its bound."""
        mean, sd = self.moments
        kept = 1.0 if math.isinf(self.most) else ndtr((math.log(self.most) - mean) / sd)
        return np.asarray(np.exp(mean + sd * ndtri(levels * kept)))


class Predictive:
    """A forecast: its logarithm is a mixture of normals.

    Parameters
    ----------
    weights, means, sds
        Of its parts, shape (parts,); the weights sum to 1.
    """

    def __init__(self, weights: FloatArray, means: FloatArray, sds: FloatArray) -> None:
        order = np.argsort(weights)
        kept = order[np.cumsum(weights[order]) > _DROPPED]
        self._weights = weights[kept] / weights[kept].sum()
        self._means, self._sds = means[kept], sds[kept]
        self.mean = float(self._weights @ self._means)
        self.sd = math.sqrt(float(self._weights @ (self._sds**2 + (self._means - self.mean) ** 2)))
        self._logs = self.mean + self.sd * np.linspace(-_REACH, _REACH, _POINTS)
        self._cdf = self.cdf(np.exp(self._logs))

    def cdf(self, values: npt.ArrayLike) -> FloatArray:
        """Return the probability below each value, exactly."""
        logs = np.log(np.asarray(values, dtype=float))
        return np.asarray(ndtr((logs[..., None] - self._means) / self._sds) @ self._weights)

    def quantiles(self, levels: npt.ArrayLike) -> FloatArray:
        """Return the values below which the forecast has each probability.

        Between its points, a tenth of a standard deviation apart, the normal scores of the
        cdf are taken as straight, which they are for a single normal.
        """
        inside = (self._cdf > 0) & (self._cdf < 1)
        scores, logs = ndtri(self._cdf[inside]), self._logs[inside]
        return np.asarray(np.exp(np.interp(ndtri(levels), scores, logs)))

    def crps(self, value: float) -> float:
        """Return the continuous ranked probability score of the logarithm, from 400 quantiles.

        Examples
        --------
        Of a standard normal at its middle it is (sqrt(2) - 1) / sqrt(pi):

        >>> one = np.ones(1)
        >>> round(Predictive(one, 0 * one, one).crps(1.0), 3)
        0.234
        """
        logs = np.log(self.quantiles(_SCORED))
        n = logs.size
        spread = (2.0 * np.arange(1, n + 1) - n - 1) @ logs / n**2
        return float(np.abs(logs - math.log(value)).mean() - spread)


@dataclass(frozen=True)
class TrendStatement:
    """A trend as a prior file states it: independent lognormals.

    Parameters
    ----------
    at
        The day of `value`.
    value
        Level of the trend, in the units of the series.
    growth
        Factor a year.
    volatility, scatter
        Of the logarithm, per root year, and of one more value about the trend; bounded, as the
        value would have no mean otherwise.
    """

    at: dt.date
    value: Interval
    growth: Interval
    volatility: Interval
    scatter: Interval

    def predictive(self, date: dt.date) -> Predictive:
        """Return the forecast of one more value that the statement makes, as a prior would be read.

        log x = log(value) + log(growth) h + z sqrt(volatility^2 |h| + scatter^2), h years after.
        """
        years = years_between(self.at, date)
        (level, level_sd), (growth, growth_sd) = self.value.moments, self.growth.moments
        walk, scatter = np.meshgrid(self.volatility.ppf(_NODES), self.scatter.ppf(_NODES))
        sds = np.sqrt(
            level_sd**2
            + (growth_sd * years) ** 2
            + walk.ravel() ** 2 * abs(years)
            + scatter.ravel() ** 2
        )
        return Predictive(
            np.full(sds.size, 1 / sds.size), np.full(sds.size, level + growth * years), sds
        )
