"""`--format xlsx`, `--format csv --wide`, and pages on paper."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys

import openpyxl
import pytest
from typer.testing import CliRunner

from uncertain_scale.cli.main import app
from uncertain_scale.report.blocks import Items, Page
from uncertain_scale.report.render.csv import COLUMNS, as_csv, wide
from uncertain_scale.report.render.xlsx import xlsx

FEW = ("--draws", "64", "--chains", "4")
REPORT = ("report", "--budget", "100M", "--event", "gpus >= 2e4", *FEW)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


def workbook(*command):
    result = CliRunner().invoke(app, [*command, "--format", "xlsx"])
    assert result.exit_code == 0, result.stderr
    return openpyxl.load_workbook(io.BytesIO(result.stdout_bytes))


def rows(sheet):
    header, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(header, line, strict=True)) for line in lines]


def table(cli, *command):
    code, out, error = cli(*command, "--format", "csv")
    assert code == 0, error
    return list(csv.DictReader(io.StringIO(out, newline=""), strict=True))


def test_a_report_is_a_workbook_of_real_numbers_with_units_and_sources(cli):
    book = workbook(*REPORT)
    names = ["Summary", "Answers", "Events", "Quantiles", "What drives it", "Inputs"]
    assert book.sheetnames == names
    long = table(cli, *REPORT)
    (median,) = [
        float(one["value"])
        for one in long
        if (one["kind"], one["name"], one["measure"]) == ("answer", "training_flop", "median")
    ]
    answers = {one["name"]: one for one in rows(book["Answers"])}
    assert answers["training_flop"]["median"] == pytest.approx(median, rel=1e-15)
    assert answers["training_flop"]["units"] == "FLOP"
    levels = {one["level"]: one for one in rows(book["Quantiles"])}
    assert list(levels) == [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
    assert levels[0.5]["training_flop [FLOP]"] == answers["training_flop"]["median"]
    inputs = {one["name"]: one for one in rows(book["Inputs"])}
    assert inputs["hourly_rate"]["q05"] == pytest.approx(1.4)
    assert inputs["hourly_rate"]["source"].startswith("Owner's full cost")
    drivers = {(one["name"], one["input"]): one for one in rows(book["What drives it"])}
    assert 0.5 < drivers["training_flop", "mfu"]["shapley"] < 0.8
    (event,) = rows(book["Events"])
    assert (event["name"], 0 < event["probability"] < 1) == ("gpus >= 2e4", True)
    said = [one["text"] for one in rows(book["Summary"])]
    assert any(text.startswith("100M USD buy") for text in said)


@pytest.mark.parametrize(
    "command",
    [
        REPORT,
        ("sweep", "--budget", "1M,1B", "--outputs", "gpus", *FEW),
        ("compare", "base", "post-reading", "--budget", "100M", "--outputs", "gpus", *FEW),
        ("sensitivity", "--budget", "1M", "--of", "gpus", *FEW),
        ("claims", "--claim", "gpt4-multiple", *FEW),
    ],
    ids=lambda words: words[0],
)
def test_sheets_have_frozen_headers_formats_and_widths_that_fit(command):
    for sheet in workbook(*command):
        assert sheet.freeze_panes == "B2"
        assert sheet.max_row > 1
        widths = {
            place: one.width
            for one in sheet.column_dimensions.values()
            for place in range(one.min, one.max + 1)
        }
        for column in sheet.iter_cols():
            assert isinstance(column[0].value, str)
            width = widths[column[0].column]
            for cell in column[1:]:
                assert cell.data_type != "f"
                if isinstance(cell.value, int | float):
                    assert cell.number_format != "General"
                elif cell.value and len(cell.value) < 55:
                    assert len(cell.value) <= width
                else:
                    assert cell.value is None or cell.alignment.wrap_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", '=cmd|"/c calc"!A1', "\x1b[2J="])
def test_no_text_of_a_stranger_is_a_formula(text):
    page = Page(text, text, text)
    figures = [{"scenario": text, "kind": "answer", "name": text, "measure": "median", "value": -1}]
    document = {"scenario": text, "title": "", "outputs": {}, "inputs": {}}
    found = xlsx([page, Items([text])], document, as_csv(COLUMNS, figures))
    book = openpyxl.load_workbook(io.BytesIO(found))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert [cell.value for cell in cells if cell.data_type == "n"] == [-1]
    assert all("\x1b" not in str(cell.value) for cell in cells)


@pytest.mark.skipif(shutil.which("script") is None, reason="script, which gives a terminal")
def test_a_workbook_is_not_printed_to_a_terminal():
    words = " ".join(["-m uncertain_scale", *REPORT[:3], "--format xlsx"])
    command = ["script", "-qec", f"{sys.executable} {words}", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, "> report.xlsx" in done.stdout) == (2, True)


def test_a_workbook_without_its_library_is_refused(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    code, _, error = cli(*REPORT, "--format", "xlsx")
    assert (code, "[xlsx]" in error) == (2, True)


def test_a_wide_report_is_one_row_with_every_figure(cli):
    long = table(cli, *REPORT)
    (row,) = table(cli, *REPORT, "--wide")
    figures = {float(one[key]) for one in long for key in ("value", "mcse") if one[key]}
    found = {float(value) for key, value in list(row.items())[2:] if value}
    assert figures <= found
    power = [one for one in long if (one["name"], one["prob"]) == ("facility_power", "0.5")]
    (low,) = [one["value"] for one in power if one["measure"] == "eti_low"]
    assert row["facility_power eti_low 50% [MW]"] == low
    assert row["gpus >= 2e4 probability"]


def test_a_wide_sweep_is_a_row_for_each_point(cli):
    sweep = ("sweep", "--budget", "1M,1B", "--outputs", "gpus,training_flop", *FEW)
    found = table(cli, *sweep, "--wide")
    assert [float(one["budget [USD]"]) for one in found] == [1e6, 1e9]
    long = table(cli, *sweep)
    medians = {(one["budget [USD]"], one["output"]): one["median"] for one in long}
    for one in found:
        assert one["gpus median [gpu]"] == medians[one["budget [USD]"], "gpus"]
        assert one["training_flop median [FLOP]"] == medians[one["budget [USD]"], "training_flop"]


def test_a_wide_ranking_is_a_row_for_each_input_and_options_have_rows_already(cli):
    found = table(cli, "sensitivity", "--budget", "1M", "--of", "training_flop", *FEW, "--wide")
    shares = {one["input"]: one["training_flop shapley"] for one in found}
    assert float(shares["mfu"]) > float(shares["hourly_rate"])
    decide = ("decide", "--budget", "1B", "--option", "chip=H100,GB200")
    decide += ("--maximise", "training_flop")
    assert table(cli, *decide, *FEW, "--wide") == table(cli, *decide, *FEW)


@pytest.mark.parametrize("form", [(), ("--format", "json"), ("--format", "xlsx")])
def test_wide_is_of_csv_alone(cli, form):
    for words in (("--wide", *form), (*form, "--wide")):
        code, out, error = cli(*REPORT, *words)
        assert (code, out) == (2, "")
        assert "--wide is a layout of --format csv" in error


def test_texts_that_look_like_formulas_stay_guarded_and_numbers_stay_numbers():
    row = {"scenario": "=x", "kind": "answer", "name": "-a", "measure": "m", "value": -1.5}
    header, line = wide(as_csv(COLUMNS, [row])).splitlines()
    assert (header, line) == ("scenario,input,'-a m", "'=x,,-1.5")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium")
def test_pages_are_printed_whole_with_their_wide_tables_across(cli, tmp_path):
    command = ("sweep", "--budget", "1M..1B", "--points", "4", "--outputs", "gpus", *FEW)
    page, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(cli(*command, "--format", "html")[1], encoding="utf-8")
    words = ("--headless", "--no-sandbox", "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    subprocess.run([CHROMIUM, *words, page.as_uri()], check=True, capture_output=True, timeout=300)
    found = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", paper.read_bytes())
    boxes = [(float(width), float(height)) for width, height in found]
    assert 2 <= len(boxes) <= 5
    assert {width > height for width, height in boxes} == {True, False}
