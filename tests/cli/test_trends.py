"""`uncertain-scale priors fit-trend` and `backtest --trends` as a user runs them."""

import csv
import datetime as dt
import io
import json
import re
import tomllib

import pytest
from jsonschema import Draft202012Validator

from uncertain_scale.analysis.trend_fit import TrendFit
from uncertain_scale.inputs.series import read_series, shipped_series
from uncertain_scale.report.schema import json_schema

HEADER = "name,date,value [USD/gpu]\n"
ROWS = "".join(f"q{k},{2018 + k}-07-01,{30000 * 0.9**k:.0f}\n" for k in range(7))


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def fitted(cli, *words):
    code, out, err = cli("priors", "fit-trend", *words)
    assert (code, err) == (0, "")
    return tomllib.loads(out), out


def test_a_table_of_ones_own_becomes_a_prior_file(cli, prices):
    document, out = fitted(cli, prices, "--of", "gpu_price")
    (name, table), *others = document["inputs"].items()
    assert (name, others) == ("gpu_price", [])
    assert document["schema_version"] == 1
    assert table["kind"] == "trend"
    assert (table["at"], table["as_of"]) == (dt.date(2024, 7, 1),) * 2
    assert (table["data_from"], table["data_until"]) == (dt.date(2018, 7, 1), dt.date(2024, 7, 1))
    assert table["units"] == "USD/gpu"
    stated = TrendFit(read_series(prices)).statement()
    for part in ("value", "growth", "volatility", "scatter"):
        ends = getattr(stated, part)
        assert table[part]["kind"] == "lognormal"
        assert (table[part]["q05"], table[part]["q95"]) == pytest.approx(ends[:2], rel=0.005)
    assert table["growth"]["q05"] < 0.9 < table["growth"]["q95"]
    assert "of 3 later values" in table["note"]
    assert f"7 values in {prices}, 2018-07-01 to 2024-07-01" in table["source"]
    assert "# Lay it over a scenario: --scenario base --priors THIS_FILE --date DAY" in out


def test_a_shipped_series_is_of_its_own_variable(cli):
    document, _ = fitted(cli, "contract_rent")
    (table,) = document["inputs"].values()
    assert list(document["inputs"]) == ["hourly_rate"]
    assert table["long_name"] == shipped_series()["contract_rent"].long_name


def test_until_a_day_nothing_that_became_known_later_counts(cli):
    document, out = fitted(cli, "frontier_flop", "--until", "2022-12-31")
    table = document["inputs"]["frontier_flop"]
    assert table["as_of"] == dt.date(2022, 12, 31)
    assert table["data_until"] == dt.date(2021, 12, 23)
    assert "23 values" in table["source"]
    assert "as known on 2022-12-31" in table["source"]
    # The outcomes of its score were known then too.
    assert "to 2020-12-31: of " in table["note"]
    stated = TrendFit(shipped_series()["frontier_flop"].known_at(dt.date(2022, 12, 31)))
    assert table["value"]["q95"] == pytest.approx(stated.statement().value.q95, rel=0.005)
    assert out.count("[inputs.") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv", "--of", "gpu_price"], "none.csv cannot be read"),
        (["frontier_flops"], "did you mean 'frontier_flop'?"),
        (["leading_cluster"], "trends/leading_cluster.csv has no name of a variable; name it with"),
        (["leading_cluster", "--of", "1x"], "--of '1x' is not a name of a variable"),
        (["contract_rent", "--of", "gpu_price"], "has values in USD/gpu/hour, and gpu_price is in"),
        (["contract_rent", "--until", "2023-12-31"], "has 1 value to fit a trend to; expected at"),
        (["contract_rent", "--until", "soon"], "--until 'soon' is not a day; write year"),
    ],
)
def test_a_fit_that_cannot_be_made_is_one_clear_error(cli, words, message):
    code, out, err = cli("priors", "fit-trend", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_every_fault_of_a_table_is_told(cli, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER}a,2024-01-01,x\nb,yesterday,3\n", encoding="utf-8")
    code, out, err = cli("priors", "fit-trend", path, "--of", "gpu_price")
    assert (code, out) == (2, "")
    assert f"{path}:2 'a' [value]" in err
    assert f"{path}:3 'b' [date] is 'yesterday'; expected a day such as 2024-07-23" in err


@pytest.fixture
def document(cli):
    code, out, err = cli("backtest", "--trends", "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_forecasts_of_trends_follow_the_schema_and_add_up(document):
    Draft202012Validator(json_schema("backtest")).validate(document)
    assert list(document["cutoffs"]) == [f"{year}-12-31" for year in (2020, 2021, 2022, 2023)]
    for groups in ("cutoffs", "years_ahead", "series"):
        scores = document[groups].values()
        assert sum(one["values"] for one in scores) == len(document["forecasts"])
        for k, piece in enumerate(document["scores"]["coverage"]):
            inside = [one["coverage"][k]["inside"] for one in scores]
            assert sum(inside) == piece["inside"]
    assert sum(document["transforms"]["counts"]) == len(document["forecasts"])
    for one in document["forecasts"]:
        low, high = (one["intervals"][-1][end] for end in ("low", "high"))
        assert one["intervals"][-1]["inside"] == (low <= one["value"] <= high)
        assert one["intervals"][-1]["inside"] == (0.05 <= one["transform"] <= 0.95)
        assert one["cutoff"] < one["date"]


def test_csv_has_a_row_for_each_forecast_and_each_series_not_tested(cli, document):
    _, out, _ = cli("backtest", "--trends", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    tested = [row for row in rows if row["status"] == "tested"]
    assert len(tested) == len(document["forecasts"])
    assert len(rows) - len(tested) == len(document["not_tested"])
    first = document["forecasts"][0]
    assert float(tested[0]["high_90"]) == first["intervals"][-1]["high"]
    assert tested[0]["name"] == first["name"]


def test_a_terminal_of_80_columns_shows_scores_and_what_lies_outside(cli, document, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = cli("backtest", "--trends")
    assert max(map(len, out.splitlines())) <= 80
    scores = document["cutoffs"]["2022-12-31"]
    shares = " +".join(f"{piece['share']:.0%}" for piece in scores["coverage"])
    assert re.search(rf"end of 2022 +{scores['values']} +{shares}", out)
    assert f"Outside the 90% interval: {_missed(document)}" in out
    assert "contract_rent (2020, 2021, 2022, 2023)" in " ".join(out.split())


def _missed(document):
    return sum(not one["intervals"][-1]["inside"] for one in document["forecasts"])


@pytest.mark.parametrize("form", ["md", "html"])
def test_pages_have_every_forecast(cli, document, form):
    code, out, _ = cli("backtest", "--trends", "--format", form)
    assert code == 0
    assert "Every forecast" in out
    assert out.count("2022-12-31") >= document["cutoffs"]["2022-12-31"]["values"]


def test_trends_take_neither_a_table_nor_a_figure(cli, tmp_path):
    for words in (["runs.csv"], ["--figure", tmp_path / "a.svg"]):
        code, out, err = cli("backtest", "--trends", *words)
        assert (code, out) == (2, "")
        assert "--trends tests the shipped series; drop the table and --figure" in err


@pytest.mark.slow
def test_a_record_of_it_is_verified(cli, tmp_path):
    folder = tmp_path / "out"
    assert cli("backtest", "--trends", "--output", folder)[0] == 0
    names = {"backtest.html", "backtest.md", "backtest.json", "backtest.csv", "run.json"}
    assert {path.name for path in folder.iterdir()} == names
    code, out, _ = cli("verify", folder)
    assert code == 0, out


def test_a_question_with_a_date_is_answered_as_the_statement_forecasts(cli, tmp_path):
    path = tmp_path / "trend.toml"
    path.write_text(fitted(cli, "frontier_flop")[1], encoding="utf-8")
    code, out, err = cli(
        *("report", "--scenario", "base", "--priors", path, "--date", "2027-07-01"),
        *("--outputs", "frontier_flop", "--draws", "512", "--chains", "8", "--format", "json"),
    )
    assert code == 0, err
    answer = json.loads(out)["outputs"]["frontier_flop"]
    ends = next(one for one in answer["intervals"] if one["kind"] == "eti" and one["prob"] == 0.9)
    fit = TrendFit(shipped_series()["frontier_flop"].known_at())
    forecast = fit.statement().predictive(dt.date(2027, 7, 1))
    found = forecast.cdf([ends["low"], answer["median"], ends["high"]])
    assert found == pytest.approx([0.05, 0.5, 0.95], abs=0.015)
