"""Forecasts of trends from what was known: which values, by which fit, and how they are scored."""

import datetime as dt
import math

import numpy as np
import pytest

from uncertain_scale.analysis.trend_backtest import (
    CUTOFFS,
    backtest_shipped,
    backtest_trends,
    forecast_later,
    score_trends,
    year_ends,
)
from uncertain_scale.analysis.trend_fit import TrendFit
from uncertain_scale.errors import DataError
from uncertain_scale.inputs.series import DatedValue, Series, shipped_series

CUTOFF = dt.date(2021, 12, 31)


def made(rows):
    values = [
        DatedValue(name, dt.date.fromisoformat(day), value, 0.0, dt.date.fromisoformat(known))
        for name, day, value, known in rows
    ]
    return Series("made", "made.csv", "FLOP", tuple(values))


def yearly(values, **known):
    days = [dt.date(2016 + k, 7, 1) for k in range(len(values))]
    return made(
        (str(day.year), str(day), value, known.get(f"of{day.year}", str(day)))
        for day, value in zip(days, values, strict=True)
    )


def test_forecasts_are_of_the_values_within_the_years_ahead_alone():
    series = yearly([2.0**k for k in range(10)])
    found = forecast_later(series, CUTOFF, 2)
    assert [(one.name, one.year, one.fitted) for one in found] == [("2022", 1, 6), ("2023", 2, 6)]


def test_a_fit_rests_on_nothing_that_became_known_later():
    """Values of a day, later values and later revisions change no forecast that was made on it."""
    series = shipped_series()["frontier_flop"]
    (first, *_) = forecast_later(series, CUTOFF)
    predictive = TrendFit(series.until(CUTOFF).known_at()).predictive(first.date)
    assert first.median == pytest.approx(float(predictive.quantiles([0.5])[0]), rel=1e-12)
    changed = [
        one if max(one.known, one.date) <= CUTOFF else one._replace_value(1e3)
        for one in map(_Changed, series.values)
    ]
    later = Series("made", "made.csv", "FLOP", tuple(one.value for one in changed))
    assert forecast_later(later, CUTOFF)[0].median == first.median


class _Changed:
    """A dated value that can be multiplied."""

    def __init__(self, value):
        self.value = value
        self.known, self.date = value.known, value.date

    def _replace_value(self, factor):
        one = self.value
        self.value = DatedValue(one.name, one.date, one.value * factor, one.error, one.known)
        return self


def test_a_value_is_held_against_its_last_revision():
    rows = [(str(k), f"{2016 + k}-07-01", 2.0**k, f"{2016 + k}-07-01") for k in range(7)]
    series = made([*rows, ("6", "2022-07-01", 80.0, "2024-01-01")])
    (one,) = forecast_later(series, CUTOFF)
    assert one.value == 80.0


def test_points_are_the_line_and_the_last_value():
    series = yearly([3.0 * 2.0**k for k in range(8)])
    one = forecast_later(series, CUTOFF)[-1]
    assert one.baselines["no change"] == 3.0 * 2**5
    assert one.baseline_crps("no change") == pytest.approx(math.log(4))
    assert one.baseline_crps("straight line") < 1e-2  # years of 365 and 366 days


def test_scores_are_means_and_counts_of_the_forecasts():
    forecasts = forecast_later(shipped_series()["energy_efficiency"], CUTOFF)
    found = score_trends(forecasts)
    transforms = np.array([one.transform for one in forecasts])
    assert found.count == len(forecasts) == 14
    assert found.hits[0.5] == np.sum(np.abs(transforms - 0.5) <= 0.25)
    assert found.hits[0.9] == np.sum(np.abs(transforms - 0.5) <= 0.45)
    assert found.crps == pytest.approx(np.mean([one.crps for one in forecasts]))
    last = TrendFit(shipped_series()["energy_efficiency"].known_at(CUTOFF)).series.values[-1].value
    errors = [abs(math.log(one.value / last)) for one in forecasts]
    assert found.baselines["no change"] == pytest.approx(np.mean(errors))


def test_series_with_too_few_values_on_a_day_are_skipped_with_the_reason():
    found = backtest_trends([shipped_series()["output_token_price"]])
    assert found.forecasts == []
    assert [day for _, day, _ in found.skipped] == list(CUTOFFS)
    assert "has 2 values to fit a trend to" in found.skipped[-1][2]
    with pytest.raises(DataError, match="expected at least 5"):
        forecast_later(shipped_series()["output_token_price"], CUTOFF)


def test_year_ends_are_the_last_six_within_the_values():
    series = yearly([2.0**k for k in range(4)])
    assert list(year_ends(series)) == [dt.date(year, 12, 31) for year in (2016, 2017, 2018)]
    series = yearly([2.0**k for k in range(12)])
    assert list(year_ends(series)) == [dt.date(year, 12, 31) for year in range(2021, 2027)]


@pytest.fixture(scope="module")
def shipped():
    return backtest_shipped()


def test_of_what_was_known_at_the_end_of_2022_intervals_hold_as_promised(shipped):
    """90% intervals: between 80 and 97% of the values of 2023 to 2026, over seven series."""
    forecasts = [one for one in shipped.forecasts if one.cutoff.year == 2022]
    found = score_trends(forecasts)
    assert found.count == 95
    assert len({one.series for one in forecasts}) == 7
    assert 0.80 <= found.hits[0.9] / found.count <= 0.97
    assert found.hits[0.5] / found.count >= 0.5


def test_over_all_days_trends_forecast_better_than_lines_and_last_values(shipped):
    found = score_trends(shipped.forecasts)
    assert found.crps < 0.85 * found.baselines["straight line"]
    assert found.crps < 0.40 * found.baselines["no change"]
    assert found.hits[0.9] / found.count == pytest.approx(0.9, abs=0.06)
