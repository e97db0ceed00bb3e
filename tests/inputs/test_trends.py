"""Trends in prior files: what they become, what replaces them, what is wrong with them."""

import datetime as dt
import json

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.errors import PriorError, QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.catalog import scenario_names
from uncertain_scale.inputs.writing import prior_files
from uncertain_scale.sampling.sample import prepare
from uncertain_scale.units.dates import year_of

HEAD = 'schema_version = 1\nextends = "base"\n'
TREND = """
[inputs.{name}]
kind = "trend"
at = 2025-01-01
value = {value}
growth = "1.2 to 1.5"
volatility = 0.2
units = "{units}"
"""
RATE = TREND.format(name="hourly_rate", value="'2 to 3'", units="USD/gpu/hour")
FEW = us.Design(draws=256, chains=4)


@pytest.fixture
def written(tmp_path):
    def write(text, name="own.toml"):
        path = tmp_path / name
        path.write_text(HEAD + text, encoding="utf-8")
        return path

    return write


def refusal(path, **options):
    with pytest.raises(PriorError) as error:
        load_priors(path, **options)
    return str(error.value)


def test_a_trend_becomes_inputs_that_are_named_after_it(written):
    priors = load_priors(written(RATE), with_date=True)
    trend = priors.trends["hourly_rate"]
    parts = ("level", "level_date", "growth", "volatility", "shock")
    assert set(trend.arguments(priors.inputs)) == {f"hourly_rate_{part}" for part in parts}
    assert "hourly_rate" not in priors.inputs
    assert priors.inputs["hourly_rate_growth"].ppf(np.array([0.05, 0.95])) == pytest.approx(
        [1.2, 1.5]
    )


def test_without_a_date_a_trend_is_lacking_and_its_parts_are_no_inputs(written):
    priors = load_priors(written(RATE))
    assert priors.trends == {}
    assert not [name for name in priors.inputs if name.startswith("hourly_rate_")]
    assert "it is a trend" in priors.lacking["hourly_rate"]
    with pytest.raises(QuestionError, match="hourly_rate: .*|not without hourly_rate"):
        us.run(written(RATE), given={"budget": "1M"}, outputs=["gpu_hours"], design=FEW)


def test_a_trend_without_a_value_takes_the_scenarios_own_prior_at_its_date():
    model, priors = prepare(known=["date"])
    plain = load_priors("base", variables=model.variables, with_date=False)
    level, own = priors.inputs["hourly_rate_level"], plain.inputs["hourly_rate"]
    assert level.distribution == own.distribution
    since = priors.inputs["hourly_rate_level_date"].distribution.value
    assert since == pytest.approx(2024 + 182 / 366)
    ties = {frozenset(tie.inputs) for tie in priors.correlations}
    assert frozenset({"gpu_price_level", "hourly_rate_level"}) in ties


def test_a_prior_without_a_date_of_its_own_stands_still(written):
    path = written('[inputs.hourly_rate]\nkind = "constant"\nvalue = 3.0\nunits = "USD/gpu/hour"\n')
    tree = us.run(path, given={"budget": "3M", "date": "2030"}, outputs=["gpu_hours"], design=FEW)
    assert np.unique(tree["prior_predictive/gpu_hours"]).tolist() == [1e6]


def test_a_value_that_is_set_or_given_is_no_trend():
    for how in ({"believed": {"hourly_rate": 2.5}}, {"given": {"hourly_rate": 2.5}}):
        given = {"budget": "5M", "date": "2030", **how.get("given", {})}
        tree = us.run(given=given, believed=how.get("believed"), outputs=["gpu_hours"], design=FEW)
        assert np.unique(tree["prior_predictive/gpu_hours"]).tolist() == [2e6]


def test_a_part_of_a_trend_is_set_like_any_input():
    options = {"given": {"budget": "1M", "date": "2034"}, "outputs": ["hourly_rate"]}
    still = {"hourly_rate_growth": 1.0, "hourly_rate_volatility": 0.0}
    slow = us.run(believed=still, **options, design=FEW)
    fast = us.run(believed={**still, "hourly_rate_growth": 2.0}, **options, design=FEW)
    one, other = (tree["prior_predictive/hourly_rate"].values for tree in (slow, fast))
    free = one > 0.1  # where the floor does not hold it
    years = 2034 - (2026 + 181 / 365)  # since the last period
    assert np.log2(other[free] / one[free]) == pytest.approx(years, rel=1e-9)


def test_an_overlay_replaces_a_trend_whole_and_a_trend_replaces_a_prior_whole(written):
    flat = '[inputs.hourly_rate]\nkind = "constant"\nvalue = 2.0\nunits = "USD/gpu/hour"\n'
    overlay = written(flat, "flat.toml")
    overlay.write_text(f"schema_version = 1\n{flat}", encoding="utf-8")
    priors = load_priors(written(RATE), overlays=[overlay], with_date=True)
    assert "hourly_rate" not in priors.trends
    assert priors.inputs["hourly_rate"].ppf(np.array([0.5])) == [2.0]
    assert not [name for name in priors.inputs if name.startswith("hourly_rate_")]


def test_correlated_shocks_move_trends_together(written):
    two = "".join(
        TREND.format(name=name, value="1.0", units="MW") for name in ("solar_site", "wind_site")
    )
    tie = '[[correlations]]\ninputs = ["solar_site_shock", "wind_site_shock"]\nrank = 0.8\n'
    path = written(two + tie)
    outputs = ["solar_site", "wind_site"]
    tree = us.run(path, given={"date": "2030"}, outputs=outputs, design=us.Design(draws=4096))
    one, other = (tree[f"prior/{name}_shock"].values.ravel() for name in outputs)
    assert stats.spearmanr(one, other).statistic == pytest.approx(0.8, abs=0.01)
    assert "solar_site_shock" not in str(load_priors(path).correlations)  # without a date


def test_a_trend_that_is_written_back_gives_the_same_draws(written, tmp_path):
    periods = "[[inputs.hourly_rate.periods]]\nuntil = 2026-01-01\ngrowth = 0.8\n"
    options = {"given": {"budget": "1M", "date": "2029"}, "outputs": ["hourly_rate"]}
    path = written(RATE + "scatter = 0.1\nupper = 20\ndata_until = 2025-06-01\n" + periods)
    _, priors = prepare(path, known=["date"])
    folder = tmp_path / "back"
    folder.mkdir()
    for name, text in prior_files(priors).items():
        (folder / name).write_text(text, encoding="utf-8")
    _, back = prepare(folder / "priors.toml", known=["date"])
    assert back.digest() == priors.digest()
    assert back.trends["hourly_rate"].until == (dt.date(2026, 1, 1),)
    first, second = (
        us.run(one, **options, design=FEW)["prior_predictive/hourly_rate"]
        for one in (path, folder / "priors.toml")
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("found", "instead", "fault"),
    [
        ("volatility = 0.2\n", "", r"own.toml:\d+ \[inputs.hourly_rate\] .*volatility.* missing"),
        ("volatility = 0.2", "volatility = -0.2", "at least 0 throughout"),
        ('growth = "1.2 to 1.5"', "", "expected growth, a factor a year, or rate"),
        ('growth = "1.2 to 1.5"', 'growth = "-1 to 2"', "not above 0 throughout"),
        ('growth = "1.2 to 1.5"', 'growth = "1.5 to 1.2"', "swap them"),
        ('growth = "1.2 to 1.5"', 'growth = "1.2 to 1.5 MW"', "has units"),
        ('growth = "1.2 to 1.5"', 'growth = { kind = "lognorml" }', "did you mean 'lognormal'"),
        ("at = 2025-01-01", "", "value and at, its date, go together"),
        ("value = '2 to 3'", "value = 0", "not above 0 throughout"),
        ("value = '2 to 3'", "value = true", "expected a number, an interval"),
        ("volatility", "volatilty", "did you mean 'volatility'"),
    ],
)
def test_what_is_wrong_with_a_trend_is_one_clear_line(written, found, instead, fault):
    assert found in RATE
    with pytest.raises(PriorError, match=fault):
        load_priors(written(RATE.replace(found, instead)))


def test_a_period_has_what_it_needs_and_nothing_else(written):
    words = refusal(written(RATE + "periods = [{ growht = 0.8 }]\n"))
    assert "'periods.0.until' is missing: the date" in words
    assert "'periods.0.growht' is not a key here; did you mean 'growth'?" in words


def test_periods_ascend_and_are_all_stated_one_way(written):
    late = "[[inputs.hourly_rate.periods]]\nuntil = 2027-01-01\ngrowth = 0.8\n"
    early = late.replace("2027", "2026")
    assert "do not ascend" in refusal(written(RATE + late + early))
    mixed = early.replace("growth = 0.8", "rate = -0.2")
    assert "growth and rate are mixed" in refusal(written(RATE + mixed))


def test_a_trend_without_a_level_is_told(written):
    loose = RATE.replace("at = 2025-01-01\nvalue = '2 to 3'\n", "").replace("hourly_rate", "site")
    assert "has no value, and the scenario has no prior of site" in refusal(
        written(loose), with_date=True
    )


def test_a_part_that_is_stated_besides_is_told(written):
    own = '[inputs.hourly_rate_growth]\nkind = "constant"\nvalue = 1.0\n'
    assert "is a part of the trend of hourly_rate too" in refusal(written(RATE + own))


def test_dates_beyond_the_figures_are_said():
    for date, words in (
        ("2020", "before the first figures of hourly_rate (2023-01-01)"),
        ("2045", "2045 lies more than 10 years after the last figures of hourly_rate (2026-06-26)"),
    ):
        outputs = ["hourly_rate", "training_time"]
        tree = us.run(given={"budget": "1M", "date": date}, outputs=outputs, design=FEW)
        (note,) = [one for one in json.loads(tree.attrs["notes"]) if "figures of" in one]
        assert words in note
        assert ("and training_time (2025-02-27)" in note) is (date == "2045")


def test_the_shipped_trends_are_no_scenario():
    assert "trends" not in scenario_names()


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2027", dt.date(2027, 1, 1)),
        ('"2027-07"', dt.date(2027, 7, 1)),
        ('"2027Q3"', dt.date(2027, 7, 1)),
        ('"2027-07-15"', dt.date(2027, 7, 15)),
        ("2027-07-15", dt.date(2027, 7, 15)),
    ],
)
def test_the_day_of_a_level_has_the_forms_of_a_date(written, typed, day):
    text = RATE.replace("2025-01-01", typed)
    level = load_priors(written(text), with_date=True).inputs["hourly_rate_level_date"]
    assert level.distribution.value == year_of(day)


@pytest.mark.parametrize("typed", ['"2027-13"', "20270", '"Q5"', "1989"])
def test_a_wrong_day_is_one_fault_at_its_line(written, typed):
    said = refusal(written(RATE.replace("2025-01-01", typed)))
    assert len(said.splitlines()) == 1
    assert "own.toml:6 [inputs.hourly_rate] at = " in said
    assert "2027, 2027-07, 2027Q3 or 2027-07-01" in said
