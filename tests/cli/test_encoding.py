"""Terminals and redirected files that are not in UTF-8: an answer all the same, no traceback."""
# ruff: noqa: RUF001

import csv
import html
import io
import json
import os
import re
import subprocess
import sys

import pytest

from uncertain_scale.cli import output as streams
from uncertain_scale.cli.main import _run, app

WIDTH = 90
ENCODINGS = ("cp1252", "latin-1", "ascii")
FEW = ("--draws", "32", "--chains", "2")
ASKED = ("--budget", "100M", "--outputs", "training_flop", *FEW)
COMMANDS = {
    "report": ("report", *ASKED),
    "compare": ("compare", "base", "post-reading", *ASKED),
    "sensitivity": ("sensitivity", "--budget", "100M", "--of", "training_flop", *FEW),
    "sweep": ("sweep", "--budget", "10M..1B", "--points", "3", *ASKED[2:]),
    "update": ("update", "h100-clusters", "--gpus", "100k", "--outputs", "training_flop", *FEW),
    "claims": ("claims", "post-2024-07", "--claim", "gpu-price", *FEW),
    "backtest": ("backtest", *FEW),
    "model": ("model",),
    "explained": ("model", "--budget", "100M", "--explain", "training_flop"),
    "priors": ("priors", "show", "base"),
    "list": ("priors", "list"),
    "schema": ("priors", "schema"),
    "fit": ("priors", "fit-mfu"),
    "columns": ("backtest", "--columns"),
    "claims listed": ("claims", "--list"),
    "verify": ("verify", "SAVED"),
    "diff": ("diff", "SAVED", "OTHER"),
    "no such option": ("report", "--bugdet", "1M"),
    "a fault": ("report", "--budget", "½ ▃ 日本 lots"),
    "a fault of a file": ("priors", "check", "BAD"),
}
PRINTED = {
    "report": ("terminal", "md", "json", "csv", "html"),
    **dict.fromkeys(("diff", "priors", "list"), ("terminal", "md", "json", "csv")),
    **dict.fromkeys(("model", "explained"), ("text", "md", "json", "csv", "mermaid")),
}
BRISK = (
    *(f"report-{form}-ascii" for form in ("terminal", "json")),
    *(f"{name}-plain-cp1252" for name in ("no such option", "a fault of a file")),
    *("model-text-ascii", "diff-terminal-ascii"),
)
CASES = [(name, form) for name in COMMANDS for form in PRINTED.get(name, ("",))]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    from typer.testing import CliRunner

    top = tmp_path_factory.mktemp("saved")
    for name, budget in (("saved", "100M"), ("other", "200M")):
        words = ["report", "--budget", budget, *ASKED[2:], "--output", str(top / name)]
        assert CliRunner().invoke(app, words).exit_code == 0
    bad = top / "bad.toml"
    bad.write_text(
        'schema_version = 1\ntitle = "±×…"\n[inputs.mfu]\nkind = "▃½ä"\nsource = "日本"\n',
        encoding="utf-8",
    )
    return {"SAVED": str(top / "saved"), "OTHER": str(top / "other"), "BAD": str(bad)}


@pytest.fixture
def printed(monkeypatch, places):
    """Run the program as with streams in an encoding; give its code and their bytes."""

    def run(words, encoding):
        pair = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", pair[0])
            patch.setattr(sys, "stderr", pair[1])
            patch.setattr(sys, "argv", ["uncertain-scale", *(places.get(w, w) for w in words)])
            patch.setenv("COLUMNS", str(WIDTH))
            streams.mend_streams()
            code = _run()
            for stream in pair:
                stream.flush()
        return code, *(stream.buffer.getvalue() for stream in pair)

    return run


@pytest.fixture(scope="module")
def wanted():
    """Keep what each command prints in UTF-8."""
    return {}


@pytest.mark.slow_but(*BRISK)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("name", "form"), CASES, ids=lambda value: value or "plain")
def test_every_command_says_the_same_in_every_encoding(printed, wanted, name, form, encoding):
    words = (*COMMANDS[name], *(("--format", form) if form else ()))
    if (name, form) not in wanted:
        wanted[name, form] = printed(words, "utf-8")
    code, out, err = wanted[name, form]
    found, mine, told = printed(words, encoding)
    assert found == code
    if encoding == "ascii":
        assert mine.isascii()
        assert told.isascii()
    mine, told, out, err = mine.decode(encoding), told.decode(encoding), out.decode(), err.decode()
    assert "Traceback" not in told
    assert (bool(mine), bool(told)) == (bool(out), bool(err))
    if form == "json":
        assert json.loads(mine) == json.loads(out)
    elif form == "html":
        assert html.unescape(mine) == html.unescape(out)
    elif form == "csv":
        rows, others = ([*csv.reader(io.StringIO(text, newline=""))] for text in (mine, out))
        assert [len(row) for row in rows] == [len(row) for row in others]
        numbers = [[cell for cell in row if cell[:1].isdigit()] for row in rows]
        assert any(numbers) or name in {"list", "model", "explained"}
        assert rows == [[streams.degraded(cell, encoding) for cell in row] for row in others]
    else:
        if form not in {"", "terminal"}:
            assert len(mine.splitlines()) == len(out.splitlines())
        widest = max((WIDTH, *map(len, out.splitlines())))
        assert all(len(line) <= widest for line in mine.splitlines())
        words, others = (
            re.findall(
                "[A-Za-z0-9]+", re.sub(r".*\.\.\..*\n", "", text)
            )  # but of lines that are cut
            for text in (mine, streams.degraded(out, encoding))
        )
        assert words == others


@pytest.mark.slow_but("ascii-words0", "ascii-words1", "cp1252-words3")
@pytest.mark.parametrize(
    "words", [(), ("report",), ("plot",), ("plot", "sweep"), ("priors", "fit-mfu")]
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_help_is_shown_in_every_encoding(printed, words, encoding):
    code, out, err = printed((*words, "--help"), encoding)
    assert (code, err) == (0, b"")
    assert "Usage" in out.decode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "degraded"),
    [
        ("1.2×10²⁶ ± 3% – für 5 µs, …", "ascii", "1.2x10^26 +/- 3% - fur 5 us, ..."),
        ("10²⁶ m²", "latin-1", "10^26 m²"),  # and not 10²^6
        ("10⁻³ ½ ≥ 日", "ascii", "10^-3 1/2 >= ?"),
        ("×±–…€", "cp1252", "×±–…€"),
        ("×±–…", "latin-1", "×±-..."),
        ("▁▂▃▄▅▆▇█", "cp1252", "_.:-=+*#"),
    ],
)
def test_what_an_encoding_lacks_is_written_as_near_as_it_comes(text, encoding, degraded):
    assert streams.degraded(text, encoding) == degraded
    assert degraded.encode(encoding).decode(encoding) == degraded


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C"}])
def test_the_program_itself_answers_where_the_locale_is_not_utf_8(setting):
    """As a process: in C, Python's own ways to UTF-8 are shut."""
    environment = {key: one for key, one in os.environ.items() if not key.startswith("LC_")}
    environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **setting}
    command = [sys.executable, "-m", "uncertain_scale", *COMMANDS["report"]]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(setting.get("PYTHONIOENCODING", "ascii"))
    assert "training_flop" in text
    assert "#" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_takes_more_room_in_other_characters_fits_the_terminal_all_the_same(
    monkeypatch, encoding
):
    """What is written as +/- or -> is laid out so, and what is cut ends as wide as its column."""
    from uncertain_scale.cli.output import print_document
    from uncertain_scale.report.blocks import Items, Table, Text

    row = ("x ± y → z", "1 ± 2 … ∞", "word ≥ " * 12)
    blocks = [
        Text("1 ± 2 → 3 " * 30),
        Items(["a ≥ b … " * 30]),
        Table(("a", "b", "c"), [row], fill=True),
    ]
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "80")
    streams.mend_streams()
    print_document({}, "terminal", lambda: blocks, str)
    stream.flush()
    lines = stream.buffer.getvalue().decode(encoding).splitlines()
    assert max(map(len, lines)) == 80
    (cut,) = [line for line in lines if "word" in line]
    assert re.search(r"word >= .*(\.\.\.|…)\W*$", cut)
