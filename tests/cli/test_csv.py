"""`--format csv`: one long table of everything that has a number, as RFC 4180 has it."""

import csv
import io
import json

import pytest

from uncertain_scale.report.render.csv import COLUMNS, as_csv, csv_report

FEW = ("--draws", "64", "--chains", "4")
LONG = {
    "report": ("report", "--budget", "100M", "--event", "gpus >= 2e4"),
    "cost": ("report", "--given", "gpt4_multiple=10", "--outputs", "budget"),
    "compare": ("compare", "base", "post-reading", "--budget", "100M", "--event", "gpus >= 2e4"),
    "sensitivity": ("sensitivity", "--budget", "1M", "--of", "gpus", "--second-order"),
    "decision": (
        *("sensitivity", "--budget", "100M", "--of", "gpus", "--event", "gpus >= 2e4"),
        *("--loss", "false yes=2M USD, false no=1M USD"),
    ),
    "update": ("update", "h100-clusters", "--gpus", "100k", "--outputs", "facility_power"),
    "given evidence": (
        *("sensitivity", "--gpus", "100k", "--of", "facility_power"),
        *("--evidence", "h100-clusters"),
    ),
    "compared evidence": (
        *("compare", "base", "h100-dense-fp8", "--gpus", "100k", "--outputs", "facility_power"),
        *("--evidence", "h100-clusters"),
    ),
}
OWN = {
    "sweep": ("sweep", "--budget", "1M,1B", "--outputs", "gpus", *FEW),
    "claims": ("claims", "--claim", "gpt4-multiple", *FEW),
    "priors list": ("priors", "list"),
    "priors show": ("priors", "show", "base"),
    "model": ("model",),
    "model asked": ("model", "--budget", "1M", "--outputs", "training_flop"),
}


def table(text):
    """Read a table; every row has as many cells as the header."""
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert rows
    assert {len(row) for row in rows} == {len(header)}
    assert len(set(header)) == len(header)
    return [dict(zip(header, row, strict=True)) for row in rows]


def figures(part):
    """Yield each figure of a result that stands beside its error."""
    if isinstance(part, list):
        for one in part:
            yield from figures(one)
    elif isinstance(part, dict):
        for key, one in part.items():
            if key.endswith("_mcse") and isinstance(part[key.removesuffix("_mcse")], float):
                yield part[key.removesuffix("_mcse")], one
            yield from figures(one)


@pytest.mark.slow_but("report")
@pytest.mark.parametrize("question", LONG)
def test_every_figure_with_an_error_is_in_the_table_once_and_to_the_last_digit(cli, question):
    command = (*LONG[question], *FEW)
    rows = table(cli(*command, "--format", "csv")[1])
    assert tuple(rows[0]) == COLUMNS
    found = {tuple(float(r[k]) if r[k] else None for k in ("value", "mcse")) for r in rows}
    document = json.loads(cli(*command, "--format", "json")[1])
    expected = set(figures(document))
    assert len(expected) > 5
    assert expected - found == set()
    about = [tuple(row[key] for key in COLUMNS[:6]) for row in rows]
    assert len(set(about)) == len(about)


@pytest.mark.slow
@pytest.mark.parametrize("question", OWN)
def test_other_tables_have_no_row_twice(cli, question):
    rows = table(cli(*OWN[question], "--format", "csv")[1])
    assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_rows_say_what_they_are_of(cli):
    rows = table(cli(*LONG["report"], *FEW, "--format", "csv")[1])
    document = json.loads(cli(*LONG["report"], *FEW, "--format", "json")[1])
    power = document["outputs"]["facility_power"]
    (low,) = [
        piece for piece in power["intervals"] if (piece["kind"], piece["prob"]) == ("eti", 0.5)
    ]
    asked = {"kind": "answer", "name": "facility_power", "measure": "eti_low", "prob": "0.5"}
    (row,) = [row for row in rows if asked.items() <= row.items()]
    assert (row["scenario"], row["units"]) == ("base", "MW")
    assert (float(row["value"]), float(row["mcse"])) == (low["low"], low["low_mcse"])
    asked = {"kind": "input", "name": "mfu", "measure": "quantile", "prob": "0.05"}
    (row,) = [row for row in rows if asked.items() <= row.items()]
    assert float(row["value"]) == document["inputs"]["mfu"]["q05"]
    (row,) = [row for row in rows if row["kind"] == "event"]
    assert float(row["value"]) == document["events"][0]["probability"]
    assert row["name"] == "gpus >= 2e4"


def test_scenarios_equations_and_inputs_are_tables(cli):
    listed = table(cli("priors", "list", "--format", "csv")[1])
    assert {row["scenario"] for row in listed} == set(
        json.loads(cli("priors", "list", "--format", "json")[1])["scenarios"]
    )
    inputs = {row["name"]: row for row in table(cli(*OWN["priors show"], "--format", "csv")[1])}
    document = json.loads(cli(*OWN["priors show"], "--format", "json")[1])
    assert list(inputs) == list(document["inputs"])
    assert float(inputs["mfu"]["q95"]) == document["inputs"]["mfu"]["q95"]
    assert inputs["mfu"]["source"] == document["inputs"]["mfu"]["source"]
    asked = table(cli(*OWN["model asked"], "--format", "csv")[1])
    assert [row["name"] for row in asked] == ["effective_flops", "gpu_hours", "training_flop"]
    assert asked[1]["from"] == "budget hourly_rate"
    steps = json.loads(cli(*OWN["model asked"], "--format", "json")[1])
    assert [one["name"] for one in steps["equations"]] == [row["name"] for row in asked]
    assert steps["variables"]["budget"]["origin"] == "given"


@pytest.mark.parametrize("command", [("priors", "list"), ("priors", "show", "base"), ("model",)])
def test_tables_in_markdown_have_a_row_for_each_row(cli, command):
    rows = table(cli(*command, "--format", "csv")[1])
    lines = cli(*command, "--format", "md")[1].splitlines()
    assert sum(line.startswith("| ") for line in lines) == len(rows) + 1


@pytest.mark.slow
def test_changes_are_a_table(cli, tmp_path):
    for name, rate in (("a", "2"), ("b", "3")):
        given = ("--budget", "1M", "--outputs", "gpu_hours", "--set", f"hourly_rate={rate}")
        cli("report", *given, *FEW, "--no-draws", "--output", tmp_path / name)
    code, out, _ = cli("diff", tmp_path / "a", tmp_path / "b", "--format", "csv")
    assert code == 1
    rows = {row["place"]: row for row in table(out)}
    median = rows["outputs.gpu_hours.median"]
    assert (median["part"], median["grade"]) == ("answers", "different")
    assert (float(median["old"]), float(median["new"])) == (500000.0, 1e6 / 3)


def test_lines_end_as_the_standard_has_it_and_cells_are_quoted_where_they_need_it():
    rows = [{"a": 'say "so", twice', "b": 0.1}, {"a": "two\nlines"}, {"b": 1e300}]
    assert as_csv(("a", "b"), rows) == (
        'a,b\r\n"say ""so"", twice",0.1\r\ntwo lines,\r\n,1e+300\r\n'
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", " =1", "\t=1"])
def test_no_text_is_a_formula_for_a_spreadsheet(text):
    cell = as_csv(("a",), [{"a": text}]).splitlines()[1]
    assert cell.startswith("'")
    assert as_csv(("a",), [{"a": -1.5}]).splitlines()[1] == "-1.5"


def test_what_does_not_exist_is_an_empty_cell():
    output = {"units": "1", "median": 2.0, "median_mcse": None, "intervals": []}
    output |= {"mean": None, "mean_mcse": None, "sd": None, "sd_mcse": None}
    document = {"scenario": "x", "outputs": {"y": output}, "events": [], "suffices": {}}
    rows = table(csv_report({**document, "evidence": None, "inputs": {}}))
    assert [row["value"] for row in rows] == ["2.0", "", ""]
