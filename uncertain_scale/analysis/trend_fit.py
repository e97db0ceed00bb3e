"""The trend of a dated quantity: a random walk with drift in the logarithm, fitted to its values.

Level and drift follow exactly, by a Kalman filter, for each of a thousand triples of volatility,
turning and scatter, which are weighed by likelihood and prior: the answer has no Monte Carlo error
and rests on no seed.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.trend_forecast import (
    ENDS,
    Interval,
    Predictive,
    TrendStatement,
    years_between,
)
from uncertain_scale.errors import DataError, counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from uncertain_scale.inputs.series import Series
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["TrendFit", "filter_values"]

SCALE_DRIFT = 1.5
"""Standard deviation of log growth a year: 90% between a twelfth and twelve times. OpenAI's "AI and
Compute" (2018) had 11.5, the highest trend of training compute that was published."""

SCALE_VOLATILITY = 0.3
"""Half-normal scale of the walk about the trend, per root year: a year moves the level by a third
without being a surprise, as rents and prices did from 2023 to 2025."""

SCALE_TURNING = 0.2
"""Half-normal scale of the walk of log growth, per root year: growth changes by a factor 1.2 in a
year as a matter of course, and twice that is no surprise. Changes that were seen, of the logarithm:
0.9 for training compute, 11.5 times a year until 2018 and 4.4 after; 0.6 for chips in being from
2023 to 2025; 0.5 for capital spending in 2023; none for what a chip's dollar or joule buys."""

SCALE_SCATTER = 1.0
"""Half-normal scale of one more value about the trend: values within a factor 2.7 are none."""

FEWEST, MOST = 5, 1_000
LEAST_YEARS, MOST_YEARS = 0.95, 200
HORIZON = 3.0
"""Years ahead at which a statement, whose growth is constant, has the variance of the fit."""

_SCALES = (SCALE_VOLATILITY, SCALE_TURNING, SCALE_SCATTER)
_NODES = (10, 8, 14)
_LEAST, _MOST = 0.02, 4.0  # of each scale
_NEGLIGIBLE = 1e-7


class State(NamedTuple):
    """Normal beliefs about level and drift on the day of the last value, one for each triple.

    Each array has shape (triples,); the likelihood is that of all values but the first.
    """

    level: FloatArray
    drift: FloatArray
    var_level: FloatArray
    cov: FloatArray
    var_drift: FloatArray
    log_likelihood: FloatArray


def filter_values(
    years: FloatArray,
    logs: FloatArray,
    errors: FloatArray,
    triples: tuple[FloatArray, FloatArray, FloatArray],
) -> State:
    """Return what values tell of level and drift, by the Kalman filter, for many triples at once.

    Parameters
    ----------
    years, logs, errors
        Days in years, ascending, logarithms of the values, and their standard errors, shape (n,).
    triples
        Volatility, turning and scatter, each of shape (triples,).

    Notes
    -----
    The first value gives the level, which is flat before it.
    """
    volatility, turning, scatter = triples
    level = np.full_like(scatter, logs[0])
    drift = np.zeros_like(scatter)
    var_level = scatter**2 + errors[0] ** 2
    cov = np.zeros_like(scatter)
    var_drift = np.full_like(scatter, SCALE_DRIFT**2)
    log_likelihood = np.zeros_like(scatter)
    for step, log, error in zip(np.diff(years), logs[1:], errors[1:], strict=True):
        level = level + step * drift
        var_level = var_level + step * (2 * cov + step * var_drift)
        var_level = var_level + wander(step, volatility, turning)
        cov = cov + step * var_drift + turning**2 * step**2 / 2
        var_drift = var_drift + turning**2 * step
        var_log = var_level + scatter**2 + error**2
        surprise = log - level
        log_likelihood = log_likelihood - 0.5 * (np.log(var_log) + surprise**2 / var_log)
        gain = var_level / var_log
        level = level + gain * surprise
        drift = drift + cov / var_log * surprise
        var_drift = var_drift - cov**2 / var_log
        cov = cov * (1 - gain)
        var_level = var_level * (1 - gain)
    return State(level, drift, var_level, cov, var_drift, log_likelihood)


def wander(years: float, volatility: FloatArray, turning: FloatArray) -> FloatArray:
    """Return the variance that walk and turning of growth add to the level in some years.

    volatility^2 t + turning^2 t^3 / 3: the second is of the integral of a walk.
    """
    return np.asarray(volatility**2 * years + turning**2 * years**3 / 3)


class TrendFit:
    """The trend of a series, fitted to its values as they are known at the time of the fit.

    Parameters
    ----------
    series
        Its values in their last revision; `Series.known_at` gives those of a day.

    Raises
    ------
    DataError
        Fewer than five values or more than 1,000, or less than a year of them or more than 200.

    Notes
    -----
    For the logarithm y of a value, with standard error s where one is stated, t in years::

        y = level(t) + normal(0, sqrt(scatter^2 + s^2))
        d level = drift dt + volatility dW    d drift = turning dW'
        level flat    drift on the first day ~ normal(0, 1.5)
        volatility ~ half-normal(0.3)    turning ~ half-normal(0.2)    scatter ~ half-normal(1)

    Without volatility and turning it is a straight line with normal errors; without turning a
    random walk with constant drift. `turning` makes breaks of growth a matter of course, and lets
    old values count less for the growth of today.

    References: Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter,
    section 4.1 (local linear trend); Gelman 2006, doi:10.1214/06-BA117A (half-normal scales).

    Examples
    --------
    >>> from uncertain_scale.inputs.series import shipped_series
    >>> fit = TrendFit(shipped_series()["energy_efficiency"].known_at())
    >>> bool(fit.statement().growth.q05 < 1.2 < fit.statement().growth.q95)
    True
    """

    def __init__(self, series: Series) -> None:
        values = series.values
        if len(values) < FEWEST:
            raise DataError(
                f"{series.file} has {counted(len(values), 'value')} to fit a trend to; expected at "
                f"least {FEWEST}: add some, or fit to a later day"
            )
        if len(values) > MOST:
            raise DataError(
                f"{series.file} has {counted(len(values), 'value')} to fit a trend to; expected at "
                f"most {MOST:,}: thin them out, say to one a week"
            )
        first, last = values[0].date, values[-1].date
        if not LEAST_YEARS <= years_between(first, last) <= MOST_YEARS:
            raise DataError(
                f"{series.file} has values from {first} to {last}; expected at least a year of "
                f"them, and at most {MOST_YEARS} years: growth a year is told from neither"
            )
        self.series = series
        self.at = values[-1].date
        self.years = np.array([years_between(self.at, one.date) for one in values])
        self.logs = np.log([one.value for one in values])
        self._errors = np.array([one.error for one in values])
        everywhere = [(_LEAST * scale, _MOST * scale) for scale in _SCALES]
        self._solve(self._solve(everywhere))

    def _solve(self, bounds: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Weigh a grid of triples, even in their logarithms, and return where its weight lies."""
        axes = [np.geomspace(*ends, n) for ends, n in zip(bounds, _NODES, strict=True)]
        grid = [one.ravel() for one in np.meshgrid(*axes, indexing="ij")]
        self.volatility, self.turning, self.scatter = grid
        self._state = filter_values(
            self.years, self.logs, self._errors, (grid[0], grid[1], grid[2])
        )
        log_weights = self._state.log_likelihood.copy()
        for values, scale in zip(grid, _SCALES, strict=True):
            log_weights += np.log(values) - 0.5 * (values / scale) ** 2
        weights = np.exp(log_weights - log_weights.max())
        self.weights = weights / weights.sum()
        cube = self.weights.reshape(_NODES)
        return [_support(cube, k, axis) for k, axis in enumerate(axes)]

    def predictive(self, date: dt.date, error: float = 0.0) -> Predictive:
        """Return the forecast of one more value.

        Parameters
        ----------
        date
            Its day, on or after the last value's.
        error
            Standard error of the value's logarithm, where it is published with one.
        """
        years = years_between(self.at, date)
        if years < 0:
            raise DataError(f"{date} is before the last value, of {self.at}; give a later day")
        state = self._state
        variance = (
            state.var_level
            + 2 * years * state.cov
            + years**2 * state.var_drift
            + wander(years, self.volatility, self.turning)
            + self.scatter**2
            + error**2
        )
        return Predictive(self.weights, state.level + years * state.drift, np.sqrt(variance))

    def line(self, date: dt.date) -> float:
        """Return the value on a straight line of the logarithm, by ordinary least squares."""
        slope, level = self._line
        return float(np.exp(level + slope * years_between(self.at, date)))

    @cached_property
    def _line(self) -> tuple[float, float]:
        """Slope and level on the last day, by ordinary least squares."""
        slope, level = np.polyfit(self.years, self.logs, 1)
        return float(slope), float(level)

    def statement(self) -> TrendStatement:
        """Return the trend as a prior file states it.

        Level and growth are independent there, and growth is constant: its variance is that which
        gives the fit's variance three years ahead, where their covariance and the turning of
        growth are in it.
        """
        state, weights = self._state, self.weights
        level = float(weights @ state.level)
        drift = float(weights @ state.drift)
        off_level, off_drift = state.level - level, state.drift - drift
        var_level = float(weights @ (state.var_level + off_level**2))
        var_drift = float(weights @ (state.var_drift + off_drift**2))
        cov = float(weights @ (state.cov + off_level * off_drift))
        turning = float(weights @ self.turning**2)
        growth = max(var_drift + 2 * cov / HORIZON + turning * HORIZON / 3, var_drift / 4)
        return TrendStatement(
            self.at,
            Interval.of(level, math.sqrt(var_level)),
            Interval.of(drift, math.sqrt(growth)),
            self._interval(self.volatility),
            self._interval(self.scatter),
        )

    def _interval(self, values: FloatArray) -> Interval:
        """Return the posterior 5% and 95% quantiles of one of the three scales, and its end."""
        nodes, where = np.unique(values, return_inverse=True)
        share = np.bincount(where, self.weights)
        middles = np.cumsum(share) - share / 2
        low, high = np.exp(np.interp(ENDS, middles, np.log(nodes)))
        return Interval(float(low), float(high), float(nodes[-1]))


def _support(cube: FloatArray, dim: int, axis: FloatArray) -> tuple[float, float]:
    """Return where the weight of one axis lies, with a node to either side."""
    others = tuple(k for k in range(cube.ndim) if k != dim)
    share = cube.sum(axis=others)
    inside = np.flatnonzero(share > _NEGLIGIBLE * share.max())
    first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, axis.size - 1)
    return float(axis[first]), float(axis[last])
