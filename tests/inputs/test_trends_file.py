"""The shipped trends: sourced, of the span of their tables, and no narrower than they say."""

import datetime as dt
import math
import tomllib

import pytest

from uncertain_scale.analysis.trend_fit import TrendFit
from uncertain_scale.analysis.trend_forecast import Interval
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.series import shipped_series

ALL = tomllib.loads((shipped_folder() / "trends.toml").read_text(encoding="utf-8"))["inputs"]
TABLES = {name: table for name, table in ALL.items() if table["kind"] == "trend"}
SERIES = {"hourly_rate": "contract_rent", "hyperscaler_power": "capital_spending"}
FITTED = sorted({SERIES.get(name, name) for name in TABLES} & set(shipped_series()))


@pytest.mark.parametrize("name", sorted(ALL.keys() - TABLES.keys()))
def test_what_only_dated_questions_need_is_sourced(name):
    assert {"units", "long_name", "source", "as_of"} <= set(ALL[name])
    assert "Judgement" in ALL[name].get("note", "Judgement")


@pytest.mark.parametrize("name", list(TABLES))
def test_a_trend_has_its_growth_volatility_and_sources(name):
    table = TABLES[name]
    assert table["kind"] == "trend"
    assert {"growth", "volatility", "units", "long_name", "source", "as_of", "note"} <= set(table)
    assert "Judgement" in table["note"]
    assert ("at" in table) == ("value" in table)
    for part in ("value", "growth", "volatility", "scatter"):
        if part in table:
            assert 0 < table[part]["q05"] < table[part]["q95"]
        if part in {"volatility", "scatter"} & set(table):
            assert table[part]["truncate"][1] > table[part]["q95"]  # or there would be no mean


@pytest.mark.parametrize("name", [name for name in TABLES if SERIES.get(name, name) in FITTED])
def test_the_span_of_the_data_is_that_of_its_table(name):
    values = shipped_series()[SERIES.get(name, name)].values
    first, last = TABLES[name]["data_from"], TABLES[name]["data_until"]
    assert last == values[-1].date
    assert dt.timedelta(0) <= values[0].date - first < dt.timedelta(100)


@pytest.mark.parametrize(
    "name", ["frontier_flop", "frontier_spending", "price_performance", "energy_efficiency"]
)
def test_values_and_scatter_that_are_fitted_are_what_fit_trend_prints(name):
    stated = TrendFit(shipped_series()[name].known_at()).statement()
    assert TABLES[name]["at"] == stated.at
    for part in ("value", "scatter"):
        table, fitted = TABLES[name][part], getattr(stated, part)
        assert (table["q05"], table["q95"]) == pytest.approx(fitted[:2], rel=0.02)
    assert TABLES[name]["scatter"]["truncate"][1] == pytest.approx(stated.scatter.most, rel=0.1)


@pytest.mark.parametrize("name", [name for name in FITTED if "value" in TABLES.get(name, {})])
def test_the_middle_of_growth_lies_within_the_fit(name):
    fit = TrendFit(shipped_series()[name].known_at())
    table, fitted = TABLES[name]["growth"], fit.statement().growth
    stated = Interval(table["q05"], table["q95"])
    middle = math.sqrt(stated.q05 * stated.q95)
    assert fitted.q05 < middle < fitted.q95


def test_a_year_of_rent_holds_the_fall_and_the_rise():
    growth, volatility = (TABLES["hourly_rate"][part] for part in ("growth", "volatility"))
    mean, sd = Interval(growth["q05"], growth["q95"]).moments
    walk = math.sqrt(volatility["q05"] * volatility["q95"])
    low, high, _ = Interval.of(mean, math.hypot(sd, walk))
    fall, rise = 0.79, 1.7
    assert low < fall < 1 < rise < high


def test_periods_come_before_the_growth_that_goes_on():
    until = [period["until"] for period in TABLES["hourly_rate"]["periods"]]
    assert until == sorted(until)
    assert until[-1] >= shipped_series()["contract_rent"].values[-1].date
