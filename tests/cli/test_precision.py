"""`report --precision`: what it takes, what it says, and that its record runs what it reached."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest

# Of an answer that has something left to draw, since its exponents vary by row.
QUESTION = ("report", "--budget", "100M", "--outputs", "optimal_params")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--precision", "0"), "precision 0 must lie from 1e-05 to 0.5"),
        (("--precision", "-1%"), "no relative error; expected one such as 1% or 0.001"),
        (("--precision", "200%"), "precision 2 must lie from"),
        (("--precision", "1e-9"), "precision 1e-09 must lie from"),
        (("--precision", "nan"), "no relative error"),
        (("--precision", "1%", "--chains", "1"), "needs at least two chains"),
        (("--precision", "1%", "--max-draws", "1000"), "is below the 16 chains x 4,096 draws"),
        (("--precision", "1%", "--max-draws", "-3"), "no number of draws"),
        (("--precision", "1%", "--max-draws", "3 day"), "no number of draws"),
        (("--precision", "1%", "--max-time", "0"), "no length of time"),
        (("--precision", "1%", "--max-time", "soon"), "no length of time"),
        (("--precision", "1%", "--max-time", "0.000001s"), "was up before the first chain"),
        (("--max-time", "3s"), "--max-time stops a --precision that is sought"),
        (("--max-draws", "1M"), "--max-draws stops a --precision that is sought"),
        (("--precision", "1%", "--evidence", "h100-clusters"), "does not go with --evidence"),
        (("--no-draws", "--evidence", "h100-clusters"), "does not go with --evidence"),
        (("--resume", "nowhere", "--evidence", "h100-clusters"), "does not go with --evidence"),
        (("--resume", "nowhere"), "no run was left unfinished in nowhere"),
    ],
)
def test_nonsense_is_one_clear_error(cli, options, message):
    code, out, err = cli(*QUESTION, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("plain_pages")
@pytest.mark.parametrize("kind", ["sobol", "random"])
def test_a_report_of_a_precision_is_verified_as_what_it_reached(cli, tmp_path, kind):
    design = ("--design", kind, "--draws", "512")
    asked = (*QUESTION, "--event", "training_flop > 5e25", *design, "--precision", "2%")
    code, out, _ = cli(*asked, "--output", tmp_path, "--format", "json")
    assert code == 0
    document = json.loads(out)
    search = document["search"]
    assert search["why"] == "reached"
    assert search["reached"] <= search["precision"] == 0.02
    assert search["tried"][-1]["draws"] == document["draws"]
    assert search["tried"][-1]["chains"] == document["chains"]
    worst = search["worst"]
    interval = next(
        one
        for one in document["outputs"]["optimal_params"]["intervals"]
        if (one["kind"], one["prob"]) == (worst["kind"], worst["prob"])
    )
    assert interval[worst["bound"]] == worst["value"]
    assert interval[f"{worst['bound']}_mcse"] == worst["standard_error"]
    command = json.loads((tmp_path / "run.json").read_text())["command"]
    assert "--precision" not in command
    assert command[command.index("--draws") + 1] == str(document["draws"])
    assert command[command.index("--chains") + 1] == str(document["chains"])
    code, out, _ = cli("verify", tmp_path)
    assert (code, out.partition(":")[0]) == (0, "identical")


@pytest.mark.slow
def test_every_view_says_what_was_asked_and_reached(cli, tmp_path):
    code, out, _ = cli(*QUESTION, "--precision", "1%", "--output", tmp_path)
    assert code == 0
    said = r"1% reached: the worst end is within 0\.\d+% \(95%\): optimal model( \(\w+\))? \d+% "
    plain = [" ".join(out.split())]
    plain += [
        (tmp_path / f"report.{form}").read_text().replace("\\", "") for form in ("md", "html")
    ]
    for text in plain:
        assert re.search(said, text)


def test_what_is_not_reached_is_said_so(cli):
    limits = ("--draws", "64", "--max-draws", "10k")
    code, out, _ = cli(*QUESTION, *limits, "--precision", "0.01%")
    assert code == 0
    assert "precision 0.01% NOT reached, stopped since more draws" in " ".join(out.split())


PROGRAM = "from uncertain_scale.cli import main, progress; progress.PATIENCE = 0.01; main()"


def shown(*, watched):
    """Return what the program writes on stderr, to a terminal or to a pipe."""
    ours, theirs = pty.openpty() if watched else os.pipe()
    command = [sys.executable, "-c", PROGRAM, *QUESTION, "--precision", "0.5%"]
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 600)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # a terminal that nobody has open any more
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait(600) == 0
    return written.decode()


@pytest.mark.slow
def test_progress_is_for_those_who_watch_and_has_no_colour_where_none_is_wanted():
    assert shown(watched=False) == ""
    text = shown(watched=True)
    assert re.search(r"optimal_params \d+% (eti|hdi) (low|high) ±[\d.]+%, wanted 0\.5%", text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
