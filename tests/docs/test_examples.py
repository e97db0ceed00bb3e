"""Every example of the pages does what the page says."""

import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("make")]

DOCS = Path(__file__).parents[2] / "docs"
SCHEDULER = "tcp://localhost:8786"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_examples_run_and_print_what_is_shown(name, cli, tmp_path, monkeypatch, request):
    from examples import commands, examples, run_command, run_python

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    names = {}
    page = (DOCS / name).read_text(encoding="utf-8")
    if SCHEDULER in page:
        page = page.replace(SCHEDULER, request.getfixturevalue("scheduler"))
    for example in examples(page):
        if example.title:
            (tmp_path / example.title).write_text(example.body, encoding="utf-8")
        elif example.language == "console":
            for command in commands(example.body):
                if command.runs:
                    printed = run_command(command, cli)
                    if command.shown:
                        assert _compared(command, printed) == _compared(command, command.shown)
        elif example.language == "python":
            run_python(example.body, names, name)


def _compared(command, text):
    """Return what must agree: all, but hashes, and a posterior's digits, whose last may differ.

    Words of an update agree, and what was known before it, to the letter.
    """
    text = re.sub(r"\b[0-9a-f]{12}\b", "#", text)
    if "update" not in command.text:
        return text
    known = re.findall(r"\w+ by the priors|p = [\d.]+|of the prior's draws|k-hat [-\d.]+", text)
    return re.sub(r"[\d.,]+e?\d*[kMBT]?%?|─+", "#", text).split() + known


def test_pages_have_examples():
    """The parser finds what the pages hold, so that no example goes by unrun."""
    from examples import commands, examples

    text = "".join((DOCS / name).read_text(encoding="utf-8") for name in PAGES)
    found = list(examples(text))
    assert len(found) == len(re.findall(r"^ *```\w", text, re.MULTILINE))
    asked = [one for e in found if e.language == "console" for one in commands(e.body)]
    typed = [one.text for one in asked]
    assert sum(map(len, re.findall(r"^\$ ", text, re.MULTILINE))) == 2 * len(typed)
    assert {command.split()[1] for command in typed if command.startswith("uncertain")} >= {
        *("report", "sensitivity", "compare", "sweep", "claims", "update", "backtest"),
        *("verify", "diff", "model", "priors", "plot"),
    }


@pytest.mark.parametrize(
    ("body", "shown", "fault"),
    [
        ("$ uncertain-scale priors list\nbase  another title\n", True, None),
        ("$ uncertain-scale report --no-such-option\n", False, "exit code 2"),
        ("$ rm -r anything\n", False, "not a command of the program"),
    ],
)
def test_an_example_that_is_wrong_is_found(body, shown, fault, cli):
    from examples import commands, run_command

    (command,) = commands(body)
    if fault is None:
        assert shown
        assert run_command(command, cli) != command.shown
    else:
        with pytest.raises(AssertionError, match=fault):
            run_command(command, cli)
