"""Forecasts of trends held against later values: each fitted to what was known on a day.

A forecast is of the next value that is published, scored against a straight line and no change.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.trend_fit import TrendFit
from uncertain_scale.analysis.trend_forecast import years_between
from uncertain_scale.errors import DataError
from uncertain_scale.inputs.series import shipped_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uncertain_scale.inputs.series import Series

__all__ = [
    "BASELINES",
    "CUTOFFS",
    "PROBS",
    "TrendBacktest",
    "TrendForecast",
    "TrendScore",
    "backtest_shipped",
    "backtest_trends",
    "forecast_later",
    "score_trends",
    "year_ends",
]

PROBS = (0.5, 0.8, 0.9)
BASELINES = ("straight line", "no change")
"""Point forecasts: the line through the logarithms by least squares, and the last value."""

YEARS_AHEAD = 3
CUTOFFS: Mapping[dt.date, int] = {
    dt.date(2020, 12, 31): 3,
    dt.date(2021, 12, 31): 3,
    dt.date(2022, 12, 31): 4,
    dt.date(2023, 12, 31): 3,
}
"""Days that forecasts are made on, and how many years ahead they go."""

_ENDS = 6  # of years, that a series' own score is of
_TAILS = tuple((1 - prob) / 2 for prob in PROBS)


@dataclass(frozen=True)
class TrendForecast:
    """The forecast of one value, and how it fared.

    Parameters
    ----------
    series, units, name, date, value
        The value, as it is known now.
    cutoff, fitted
        The day that the fit was made on, and how many values were known to it.
    median, ends
        Of the forecast; ends of the equal-tailed interval by each of `PROBS`.
    transform
        Probability that the forecast gave to less than the value.
    crps
        Score of the logarithm: that of a point forecast is |log(forecast/value)|.
    baselines
        The point forecasts by name.
    """

    series: str
    units: str
    name: str
    date: dt.date
    value: float
    cutoff: dt.date
    fitted: int
    median: float
    ends: Mapping[float, tuple[float, float]]
    transform: float
    crps: float
    baselines: Mapping[str, float]

    @property
    def year(self) -> int:
        """Which year after the cutoff the value is of, from 1."""
        return max(math.ceil(years_between(self.cutoff, self.date) - 0.003), 1)

    def inside(self, prob: float) -> bool:
        """Tell whether the value lies in the interval."""
        low, high = self.ends[prob]
        return low <= self.value <= high

    def baseline_crps(self, name: str) -> float:
        """Return the score of a point forecast."""
        return abs(math.log(self.baselines[name] / self.value))


@dataclass(frozen=True)
class TrendScore:
    """How a set of forecasts fared.

    Parameters
    ----------
    count
        How many there are.
    hits
        How many values lie in the interval, by probability.
    mean_transform, crps
        Means of the probability transforms and of the scores.
    baselines
        Mean score of each point forecast.
    """

    count: int
    hits: Mapping[float, int]
    mean_transform: float
    crps: float
    baselines: Mapping[str, float]


@dataclass(frozen=True)
class TrendBacktest:
    """Forecasts of all series from all days.

    Parameters
    ----------
    forecasts
        By series, then by cutoff, then by date.
    skipped
        Series, cutoff and why no trend was fitted.
    """

    forecasts: Sequence[TrendForecast]
    skipped: Sequence[tuple[str, dt.date, str]]


def backtest_trends(
    series: Iterable[Series], cutoffs: Mapping[dt.date, int] = CUTOFFS
) -> TrendBacktest:
    """Forecast the later values of each series from what was known on each day.

    Parameters
    ----------
    series
        With the vintages of their values.
    cutoffs
        Days, and how many years ahead of each.

    Examples
    --------
    >>> found = backtest_trends([shipped_series()["energy_efficiency"]])
    >>> score_trends(found.forecasts).hits[0.9] / len(found.forecasts)
    1.0
    """
    forecasts: list[TrendForecast] = []
    skipped = []
    for one in series:
        for cutoff, years in cutoffs.items():
            try:
                forecasts += forecast_later(one, cutoff, years)
            except DataError as error:
                skipped.append((one.name, cutoff, str(error)))
    return TrendBacktest(forecasts, skipped)


@cache
def backtest_shipped() -> TrendBacktest:
    """Return the backtest of the shipped series, which is made once."""
    return backtest_trends(shipped_series().values())


def forecast_later(
    series: Series, cutoff: dt.date, years: int = YEARS_AHEAD
) -> list[TrendForecast]:
    """Forecast each value dated after a day, as it is known now, from what was known on that day.

    Raises
    ------
    DataError
        Too few values were known.
    """
    known = series.known_at(cutoff)
    fit = TrendFit(known)
    found = []
    for one in series.known_at().values:
        if not 0 < years_between(cutoff, one.date) <= years + 0.003:
            continue
        predictive = fit.predictive(one.date, one.error)
        median, *ends = predictive.quantiles([0.5, *_TAILS, *(1 - tail for tail in _TAILS)])
        low, high = ends[: len(PROBS)], ends[len(PROBS) :]
        points = fit.line(one.date), known.values[-1].value
        found.append(
            TrendForecast(
                series=series.name,
                units=series.units,
                name=one.name,
                date=one.date,
                value=one.value,
                cutoff=cutoff,
                fitted=len(known.values),
                median=float(median),
                ends={
                    prob: (float(a), float(b)) for prob, a, b in zip(PROBS, low, high, strict=True)
                },
                transform=float(predictive.cdf(one.value)),
                crps=predictive.crps(one.value),
                baselines=dict(zip(BASELINES, points, strict=True)),
            )
        )
    return found


def score_trends(forecasts: Sequence[TrendForecast]) -> TrendScore:
    """Score a set of forecasts, at least one."""
    return TrendScore(
        count=len(forecasts),
        hits={prob: sum(one.inside(prob) for one in forecasts) for prob in PROBS},
        mean_transform=float(np.mean([one.transform for one in forecasts])),
        crps=float(np.mean([one.crps for one in forecasts])),
        baselines={
            name: float(np.mean([one.baseline_crps(name) for one in forecasts]))
            for name in BASELINES
        },
    )


def year_ends(series: Series) -> dict[dt.date, int]:
    """Return the last six year ends within the values of a series, each with three years ahead."""
    first, last = series.values[0].date.year, series.values[-1].date.year
    return {dt.date(year, 12, 31): YEARS_AHEAD for year in range(max(first, last - _ENDS), last)}
