"""Which figures are old on the reader's day, and the line that says so."""

import datetime as dt
import json

import pytest

import uncertain_scale as us
from uncertain_scale.inputs import load_priors
from uncertain_scale.report.ages import NEWEST, Dated, _newest, age_in_words, ages_document, oldest

DAY = "2026-11-30"
MINE = """
schema_version = 1
extends = "base"
[inputs.hourly_rate]
kind = "lognormal"
q05 = 2.0
q95 = 3.0
units = "USD/gpu/hour"
as_of = {as_of}
"""
ASKED = ("report", "--budget", "100M", "--outputs", "gpu_hours", "--draws", "16", "--chains", "2")


def old(*dated, day=DAY, **inputs):
    named = {"pue": Dated(*dated)} if dated else inputs
    return ages_document(named, day)["old"]


def today():
    return dt.datetime.now().astimezone().date().isoformat()


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        ("2025-05-31", None),
        ("2025-05-30", None),  # 18 months to the day
        ("2025-05-29", 18),
        ("2025-04-30", 19),
        ("2024-12-01", 23),
        ("2024-11-30", 24),
        ("2026-11-30", None),
        ("2027-03-01", None),  # after the reader's day
        ("", None),
    ],
)
def test_an_input_is_old_from_the_day_after_18_months(as_of, months):
    found = old(as_of, "1")
    assert (found["pue"]["months"] if found else None) == months


def test_what_does_not_age_is_never_old():
    assert old(pue=Dated("1999-01-01", "1", ages=False)) == {}


def test_without_a_day_ages_are_told_as_of_today():
    before = today()
    assert ages_document({})["as_of"] in {before, today()}


def test_prices_come_first():
    rate, power = Dated("2024-07-01", "USD/gpu/hour"), Dated("2024-07-01", "kW/gpu")
    assert list(old(gpu_power=power, hourly_rate=rate)) == ["hourly_rate", "gpu_power"]


def test_a_newer_figure_is_one_of_the_same_units_and_a_later_date():
    own = load_priors(NEWEST).inputs["hourly_rate"]
    newest, units = own.provenance.as_of, own.units
    cases = {
        (newest - dt.timedelta(days=1), units): NEWEST,
        (newest, units): "",  # its own
        (newest - dt.timedelta(days=1), "EUR/gpu/hour"): "",
    }
    for (as_of, unit), newer in cases.items():
        found = old(hourly_rate=Dated(as_of.isoformat(), unit), day="2031-01-01")
        assert found["hourly_rate"]["newer"] == newer
    assert old(staff_cost=Dated("2020-01-01", "USD"))["staff_cost"]["newer"] == ""


def test_the_dates_of_the_newest_scenario_are_those_that_are_loaded():
    loaded = load_priors(NEWEST).inputs
    found = {name: dated for name in loaded if (dated := _newest(name)).as_of}
    assert {"hourly_rate", "gpu_price", "pue", "mfu", "peak_flops"} <= found.keys()
    assert "experts_per_active" not in found  # stated by `base` alone
    for name, dated in found.items():
        assert (dated.as_of, dated.units) == Dated.of(loaded[name])[:2]


def test_of_several_scenarios_the_oldest_date_counts():
    new, older = Dated("2026-01-01", "1"), Dated("2024-01-01", "1")
    definition, undated = Dated("1999-01-01", "1", ages=False), Dated("", "1")
    for other in (new, definition, undated):
        assert oldest({"pue": other}, {"pue": older})["pue"] == older
        assert oldest({"pue": older}, {"pue": other})["pue"] == older


def line(newer=(), **inputs):
    one = {name: {"as_of": date, "months": months} for name, (date, months) in inputs.items()}
    found = {name: {**v, "newer": NEWEST if name in newer else ""} for name, v in one.items()}
    return next(age_in_words({"ages": {"as_of": DAY, "old": found}}), None)


def test_the_line_names_inputs_dates_and_age_and_a_scenario_only_where_it_has_newer_figures():
    a, b = ("2024-07-01", 28), ("2024-12-24", 23)
    assert line() is None
    assert line(rate=a) == "rate is of 2024-07, 28 months old on 2026-11-30"
    assert line(rate=a, pue=a) == "rate and pue are of 2024-07, 28 months old on 2026-11-30"
    four = line(("rate",), rate=a, price=a, pue=a, days=b)
    assert four == (
        "rate, price, pue and days are of 2024-07 to 2024-12, up to 28 months old on 2026-11-30; "
        "--scenario frontier-2026 has newer figures for 1 of them"
    )
    five = line(("a", "b", "c", "d", "e"), **dict.fromkeys("abcde", a))
    assert five.startswith("a, b, c and 2 more are of 2024-07, 28 months old")
    assert five.endswith("; --scenario frontier-2026 has newer figures")


def test_results_of_earlier_versions_have_no_line():
    assert list(age_in_words({})) == []


def scenario(tmp_path, as_of):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.format(as_of=as_of), encoding="utf-8")
    return "--scenario", path


def test_every_view_says_it_and_json_holds_it(in_every_format, tmp_path):
    asked = (*ASKED, *scenario(tmp_path, "2024-07-01"), "--as-of", DAY)
    says = "Rental rate (hourly_rate) is of 2024-07, 28 months old on 2026-11-30; --scenario"
    printed, _ = in_every_format(*asked, forms=("terminal", "md", "json", "csv"))
    assert says in " ".join(printed["terminal"].split())
    assert says in printed["md"].replace("\\", "")
    ages = {"hourly_rate": {"as_of": "2024-07-01", "months": 28, "newer": NEWEST}}
    assert json.loads(printed["json"])["ages"] == {"as_of": DAY, "old": ages}
    noted = [row for row in printed["csv"].splitlines() if "28 months old on 2026-11-30" in row]
    assert len(noted) == 3  # its quantiles
    assert all(",input,hourly_rate," in row for row in noted)


def test_a_scenario_with_nothing_old_says_nothing(in_every_format, tmp_path):
    asked = (*ASKED, *scenario(tmp_path, "2026-09-01"), "--as-of", DAY)
    printed, _ = in_every_format(*asked, forms=("terminal", "md", "json", "csv"))
    assert json.loads(printed.pop("json"))["ages"] == {"as_of": DAY, "old": {}}
    assert not any("months old" in text for text in printed.values())


def test_a_given_and_a_replaced_prior_have_no_age(cli, tmp_path):
    asked = (*ASKED, *scenario(tmp_path, "2024-07-01"), "--as-of", DAY)
    for change in (("--set", "hourly_rate=2"), ("--given", "hourly_rate=2")):
        assert "months old" not in cli(*asked, *change)[1]


def test_of_a_joint_sample_that_does_not_age_no_constant_is_old():
    tree = us.run("base", outputs=["optimal_params"], given={"training_flop": "1e26"}, as_of=DAY)
    assert us.report_document(tree)["ages"] == {"as_of": DAY, "old": {}}


def test_python_tells_the_day_to_run_or_to_ask():
    tree = us.run(outputs=["gpu_hours"], given={"budget": "1M"}, as_of=dt.date(2026, 11, 30))
    found = us.report_document(tree)["ages"]
    assert found["as_of"] == DAY
    assert list(found["old"]) == ["hourly_rate"]
    assert "Rental rate (hourly_rate) is of 2024-07" in us.show(tree).html
    early = us.run(outputs=["gpu_hours"], given={"budget": "1M"}, as_of="2025-01-01")
    assert us.report_document(early)["ages"]["old"] == {}
    assert (tree["prior/hourly_rate"] == early["prior/hourly_rate"]).all()
