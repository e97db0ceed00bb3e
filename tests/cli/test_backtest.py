"""`uncertain-scale backtest` and `priors fit-mfu` as a user runs them."""

import csv
import io
import json
import re
import tomllib

import pytest

from uncertain_scale.inputs import load_priors
from uncertain_scale.report.figures.style import VERMILLION

HEAD = "name,hardware,precision,gpus [gpu],training_time [day],gpu_hours [gpu*hour],"
FEW = ("--draws", "64", "--chains", "2")


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(
        f"{HEAD}training_flop [FLOP],notes\n"
        "ours,H100 SXM,bf16,,,1e6,1.0e24,\n"
        "slow,H100 SXM,bf16,1000,10,,2e22,a *bad* network\n"
        "no flop,H100 SXM,bf16,,,1e6,,\n"
    )
    return path


def test_it_shows_scores_runs_outside_and_runs_not_tested(cli, runs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cli("backtest", runs, *FEW)
    assert (code, err) == (0, "")
    assert re.search(r"inside 90% +1 of 2 +1 of 2 +50%, 6% to 94% +as stated", out)
    assert "slow (NVIDIA H100 SXM): 2.00e22 FLOP, below" in out
    assert "a *bad* network" in out
    assert "Not tested (no FLOP): no flop" in out
    assert "CRPS 40% MFU" in out
    assert "CRPS 30% sparse" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out


def test_json_and_csv_hold_every_forecast(cli, runs):
    code, out, _ = cli("backtest", runs, *FEW, "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert [one["run"] for one in document["not_tested"]] == ["no flop"]
    forecasts = {(one["run"], one["quantity"]): one for one in document["forecasts"]}
    assert len(forecasts) == 5  # days of the second only
    assert forecasts["slow", "training_time"]["published"] == 10
    _, out, _ = cli("backtest", runs, *FEW, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 2 * 5 + 1
    assert rows[-1]["status"] == "not tested: no FLOP"
    first = rows[0]
    known = forecasts["ours", "training_flop"]["in_sample"]
    assert float(first["transform"]) == known["transform"]
    assert float(first["low_90"]) == known["intervals"][2]["low"]


def test_markdown_shows_text_as_it_is(cli, runs):
    code, out, _ = cli("backtest", runs, *FEW, "--format", "md")
    assert code == 0
    assert "a \\*bad\\* network" in out
    assert "## Every forecast" in out


@pytest.mark.slow
def test_files_appear_whole(cli, runs, tmp_path):
    folder = tmp_path / "out"
    code, _, _ = cli("backtest", runs, *FEW, "--output", folder)
    assert code == 0
    written = {path.name for path in folder.iterdir()}
    assert {"backtest.csv", "backtest.json", "backtest.md", "run.json"} <= written
    assert cli("verify", folder)[0] == 0


@pytest.mark.slow
def test_the_figure_is_the_same_each_time(cli, runs, tmp_path):
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    assert cli("backtest", runs, *FEW, "--figure", first)[0] == 0
    assert cli("backtest", runs, *FEW, "--figure", second)[0] == 0
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text(encoding="utf-8")
    assert text.count("<svg") == 1
    assert "slow  H100" in text


@pytest.mark.slow
def test_good_rows_are_shown_and_bad_ones_end_with_code_2(cli, specimens):
    path = specimens / "runs" / "bad.csv"
    code, out, err = cli("backtest", path, *FEW)
    assert code == 2
    assert "Runs that count: 4; shown apart: 0; not tested: 1; rows with faults: 16" in out
    first, *faults = err.splitlines()
    assert "16 of 21 rows have faults and were kept apart (--skip-bad-rows allows them)" in first
    assert len(faults) == 19
    assert all(line.startswith(f"{path}:") for line in faults)
    code, _, err = cli("backtest", path, *FEW, "--skip-bad-rows")
    assert code == 0
    assert err.startswith("warning: ")
    assert err.splitlines()[1:] == faults


def test_a_table_of_bad_rows_alone_tells_them_all(cli, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("name,hardware\nx,Foo\ny,Bar\n")
    code, out, err = cli("backtest", path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 3
    assert "no run can be tested (rows with faults)" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "none.csv cannot be read"),
        (["--figure", "plot.gif"], "plot.gif: figures are written as .svg, .png, .pdf"),
        (["--draws", "1"], "draws = 1 must lie"),
        (["--scenario", "bas"], "did you mean 'base'"),
        (["--set", "mfuu=0.3"], "did you mean 'mfu'"),
    ],
)
def test_bad_command_lines_are_told_in_one_line(cli, arguments, message):
    code, out, err = cli("backtest", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_columns_are_listed(cli):
    code, out, _ = cli("backtest", "--columns")
    assert code == 0
    assert "gpu_hours" in out
    assert "training_flop" in out


@pytest.mark.slow
def test_the_fit_prints_a_prior_file_that_is_the_shipped_prior(cli, tmp_path):
    code, out, _ = cli("priors", "fit-mfu")
    assert code == 0
    stated = tomllib.loads(out)["inputs"]["mfu"]
    shipped = tomllib.loads(load_priors("base").files[0].read_text(encoding="utf-8"))
    for key in ("kind", "q05", "q95", "units"):
        assert stated[key] == shipped["inputs"]["mfu"][key]
    path = tmp_path / "mfu.toml"
    path.write_text(out, encoding="utf-8")
    assert cli("report", "--budget", "1M", "--scenario", "base", "--priors", path, *FEW)[0] == 0


@pytest.mark.slow
def test_the_fit_takes_ones_own_runs_and_refuses_too_few(cli, tmp_path):
    path = tmp_path / "runs.csv"
    rows = "".join(f"r{k},A100,bf16,,,1e6,{2 + k}e23\n" for k in range(4))
    path.write_text(f"{HEAD}training_flop [FLOP]\n{rows}")
    code, out, _ = cli("priors", "fit-mfu", path, "--family", "A100")
    assert code == 0
    assert "4 runs" in tomllib.loads(out)["inputs"]["mfu"]["source"]
    code, out, err = cli("priors", "fit-mfu", path, "--smallest", "4e23")
    assert (code, out) == (2, "")
    assert "2 runs to fit mfu to; expected at least three" in err
    assert cli("priors", "fit-mfu", "--family", "H10")[0] == 2
    assert cli("priors", "fit-mfu", "--smallest", "-1")[0] == 2
    assert cli("priors", "fit-mfu", "--moe", "1.5")[0] == 2
    mixed = {moe: tomllib.loads(cli("priors", "fit-mfu", path, "--moe", moe)[1]) for moe in "01"}
    ends = [one["inputs"]["mfu"]["q95"] for one in mixed.values()]
    assert ends[0] == mixed["0"]["inputs"]["dense_model_mfu"]["q95"] > ends[1]


@pytest.mark.slow
def test_the_runs_listed_as_outside_are_those_that_the_table_counts(in_every_format, tmp_path):
    """In every view: runs that count are N less those inside, and the others stand apart."""
    figure = tmp_path / "figure.svg"
    shown, _ = in_every_format("backtest", *FEW, "--figure", figure)
    document = json.loads(shown["json"])
    found = document["scores"]["training_flop"]["left_out"]
    (coverage,) = [one for one in found["coverage"] if one["prob"] == 0.9]
    count = found["runs"] - coverage["inside"]
    assert count == round(found["runs"] * (1 - coverage["share"]))
    title = f"Outside the 90% interval, left out: {count} of {found['runs']}"
    for form in ("terminal", "md", "html"):
        assert title in shown[form]
    rows = [
        row
        for row in csv.DictReader(io.StringIO(shown["csv"]))
        if (row["quantity"], row["prior"]) == ("training_flop", "run left out")
        and not float(row["low_90"]) <= float(row["published"]) <= float(row["high_90"])
    ]
    counted, apart = (
        [row["run"] for row in rows if row["counts"] == counts] for counts in ("True", "False")
    )
    assert len(counted) == count > 0
    assert len(apart) > 0
    listed = shown["md"].partition(f"## {title}")[2]
    listed, _, others = listed.partition("## Shown apart")
    others = others.partition("## ")[0]
    assert f"{len(apart)} of {document['table']['tested'] - found['runs']} outside" in others
    for names, part in ((counted, listed), (apart, others)):
        assert part.count("\n| ") == len(names) + 1
        assert all(f"| {name} (" in part for name in names)
    (told,) = re.findall(r"outside the 90%: (.*?)\. Beside", shown["html"])
    assert set(told.split(", ")) == set(counted)
    # Each run outside has two bars in the colour of a miss.
    assert figure.read_text(encoding="utf-8").count(f"stroke: {VERMILLION}") == 2 * count


def test_runs_that_do_not_count_alone_have_no_score(cli, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(f"{HEAD}training_flop [FLOP],grade\nours,H100 SXM,bf16,,,1e6,1e24,C\n")
    code, out, err = cli("backtest", path, *FEW)
    assert (code, out) == (2, "")
    assert "no run counts for the scores (grades C" in err


@pytest.mark.parametrize("command", ["backtest", "priors fit-mfu", "plot backtest --output a.svg"])
def test_faults_are_told_where_no_good_row_is_left(cli, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(
        f'{HEAD}training_flop [FLOP]\nmain,H1000,,,,"1,9M","6,5e23"\n'
    )
    code, out, err = cli(*command.split(), "runs.csv")
    assert (code, out) == (2, "")
    first, *faults = err.splitlines()
    assert re.search("0 runs to fit mfu to|no run can be tested", first)
    assert [re.match(r"runs.csv:2 'main' \[(\w+)\]", fault)[1] for fault in faults] == [
        "hardware",
        "gpu_hours",
        "training_flop",
    ]
