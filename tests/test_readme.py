"""The README's outputs are those of the program."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\| \[.*\| `uncertain-scale (.*)` \|$", README, re.MULTILINE)


def test_the_report_shown_is_the_one_that_the_first_command_prints(cli, monkeypatch):
    """On the day that it names."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1]
    day = re.search(r"months\s+old\s+on\s+(\d{4}-\d\d-\d\d)", shown)[1]
    _, printed, _ = cli("report", "--budget", "100M", "--as-of", day)
    trimmed = "\n".join(line.rstrip() for line in printed.splitlines())
    assert shown.strip() == trimmed.strip()


def test_the_python_shown_runs_as_shown():
    examples = re.search(r"```python\n(>>>.*?)```", README, re.DOTALL)[1]
    test = doctest.DocTestParser().get_doctest(examples, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
    assert len(test.examples) >= 5


def test_every_question_of_the_table_has_a_command():
    rows = re.findall(r"^\| \[", README, re.MULTILINE)
    assert len(COMMANDS) == len(rows) >= 13
    assert "backtest" in COMMANDS  # which the test below runs


# Which the test below runs; which talks to a program; which a shell sends to a file.
APART = {"backtest", "mcp", *(one for one in COMMANDS if ">" in shlex.split(one))}


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in APART])
def test_every_command_of_the_table_is_answered(command, cli):
    """As it stands there."""
    code, out, err = cli(*shlex.split(command))
    assert code == 0, err
    assert out


@pytest.mark.slow
def test_the_track_record_is_that_of_the_program(cli):
    """The figures of the prose are in the rows that the command of the table prints."""
    prose = re.search(r"\*\*Track record\.\*\*(.*?)\n- ", README, re.DOTALL)[1]
    record = " ".join(prose.split())
    code, printed, _ = cli("backtest")
    assert code == 0
    pattern = r"inside 90% +\d+ of \d+ +(\d+) of (\d+) +(\d+%)"
    inside, runs, share = re.search(pattern, printed).groups()
    assert f"Of {runs} published training runs" in record
    assert f"{inside} lie inside the 90% interval: {share}" in record
    own, steady, sparse = re.findall(r"(?m)^ CRPS.*? [\d.]+ +([\d.]+)", printed)[:3]
    assert (
        f"(CRPS {own}) than an MFU of 40% ({steady}) or 30% of the sparse peak ({sparse})" in record
    )
    assert float(own) < min(float(steady), float(sparse))


@pytest.mark.slow
def test_the_track_record_of_trends_is_that_of_the_program(cli):
    prose = " ".join(re.search(r"\*\*Trends\.\*\*(.*?)\n- ", README, re.DOTALL)[1].split())
    code, printed, _ = cli("backtest", "--trends")
    assert code == 0
    rows = [
        re.search(rf"end of {year} +(\d+) +\S+ +\S+ +(\S+) +\S+ +(\S+) +(\S+) +(\S+)", printed)
        for year in (2022, 2023)
    ]
    (count, held, *first), (later, less, *second) = (one.groups() for one in rows)
    assert f"end of 2022, 90% intervals hold {held} of the {count} values" in prose
    assert f"at the end of 2023 {less} of {later}." in prose
    own, line, last = zip(first, second, strict=True)
    assert (
        "CRPS {} and {}, a straight line without noise {} and {}, no change {} and {}.".format(
            *own, *line, *last
        )
        in prose
    )
