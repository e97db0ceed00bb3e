"""A fitted trend as a prior file, with how well such fits forecast."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.trend_backtest import BASELINES, PROBS, score_trends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.analysis.trend_backtest import TrendForecast
    from uncertain_scale.analysis.trend_fit import TrendFit
    from uncertain_scale.analysis.trend_forecast import Interval

_LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
_AHEAD = (0, 1, 3, 5)
_DAYS_PER_YEAR = 365.25
_NOTE = (
    "uncertain-scale priors fit-trend: a random walk with drift in the logarithm, whose growth "
    "turns slowly, and scatter about it; growth as wide as the forecast of three years ahead needs."
)


def trend_prior_file(
    fit: TrendFit, variable: str, forecasts: Sequence[TrendForecast], *, until: dt.date | None
) -> str:
    """Return a prior file for a variable by its trend, what the fit found in its comments.

    Parameters
    ----------
    fit
        The trend of a series.
    variable
        Variable of the model that the values are of.
    forecasts
        Of values that the series knew later, by fits to earlier days; none where there are too few.
    until
        The day whose knowledge the fit is of; the present's by default.
    """
    return "\n".join(_lines(fit, variable, forecasts, until)) + "\n"


def _lines(
    fit: TrendFit, variable: str, forecasts: Sequence[TrendForecast], until: dt.date | None
) -> Iterator[str]:
    series, stated = fit.series, fit.statement()
    known = until or max(max(one.known, one.date) for one in series.values)
    first, last = series.values[0].date, series.values[-1].date
    counted = f"{len(series.values)} values in {series.file}, {first} to {last}"
    as_known = f", as known on {until}" if until else ""
    yield "#:schema ./schema.json"
    yield "# Lay it over a scenario: --scenario base --priors THIS_FILE --date DAY"
    yield f"# {counted}{as_known}."
    yield "# One more value, and how far in probability the statement is from the fit at most:"
    for years in _AHEAD:
        day = fit.at + dt.timedelta(round(years * _DAYS_PER_YEAR))
        predictive = fit.predictive(day)
        low, middle, high = predictive.quantiles([0.05, 0.5, 0.95])
        off = np.abs(stated.predictive(day).cdf(predictive.quantiles(_LEVELS)) - _LEVELS).max()
        yield f"#   {day}   5% {low:.3g}   50% {middle:.3g}   95% {high:.3g}   off {off:.2f}"
    yield "schema_version = 1"
    yield f"title = {json.dumps(f'Trend of {variable}, fitted to {series.name}')}"
    yield ""
    yield f"[inputs.{variable}]"
    yield 'kind = "trend"'
    yield f"at = {stated.at}"
    for name in ("value", "growth", "volatility", "scatter"):
        yield f"{name} = {_lognormal(getattr(stated, name))}"
    yield f'units = "{series.units}"'
    long_name = series.long_name or f"{variable}, by the trend of {series.name}"
    yield f"long_name = {_text(long_name)}"
    yield f"source = {_text(counted + as_known)}"
    yield f"as_of = {known}"
    yield f"note = {_text(' '.join(filter(None, (_NOTE, score_in_words(forecasts)))))}"
    yield f"data_from = {first}"
    yield f"data_until = {last}"


def score_in_words(forecasts: Sequence[TrendForecast]) -> str:
    """Say in a sentence how forecasts of later values fared, or that there are none."""
    if not forecasts:
        return "Too few values for forecasts of later ones from earlier fits."
    found = score_trends(forecasts)
    days = sorted({one.cutoff for one in forecasts})
    made = f"{days[0]}" if len(days) == 1 else f"each year's end from {days[0]} to {days[-1]}"
    inside = ", ".join(f"{found.hits[prob]} inside {100 * prob:g}%" for prob in PROBS)
    points = ", ".join(f"of {_WORDS[name]} {found.baselines[name]:.2f}" for name in BASELINES)
    return (
        f"Fitted to what was known at {made}: of {found.count} later values {inside}; CRPS of the "
        f"logarithm {found.crps:.2f}, {points}."
    )


_WORDS = {"straight line": "a straight line", "no change": "no change"}


def _lognormal(interval: Interval) -> str:
    bound = "" if math.isinf(interval.most) else f", truncate = [0.0, {interval.most:.2g}]"
    return f'{{ kind = "lognormal", q05 = {interval.q05:.3g}, q95 = {interval.q95:.3g}{bound} }}'


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
