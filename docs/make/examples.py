"""The examples of the pages: files, commands and Python, run as a reader would run them.

A fence with a title is a file; `$` in a console fence is a command, and lines below it are what it
prints; `>>>` in a python fence is a doctest. A page's examples share one folder and one namespace.
"""

from __future__ import annotations

import doctest
import linecache
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "AS_OF",
    "Command",
    "Example",
    "commands",
    "examples",
    "refilled",
    "run_command",
    "run_python",
]

_FENCE = re.compile(
    r"(?ms)^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$"
)
_NOT_RUN = (
    *("pip install", "python docs/make", "mkdocs ", "python -m venv", "dask "),
    *("uncertain-scale explore", "uncertain-scale mcp"),  # which go on until they are interrupted
)
AS_OF = "2026-11-30"
"""The reader's day of all that the pages and reports show."""
_DRAWN = ("report", "sensitivity", "compare", "sweep", "update", "claims", "backtest", "sample")
_FEW = ("--draws", "64", "--chains", "4")


@dataclass(frozen=True)
class Example:
    """One fence: its language, its title or "", its text, and where the text begins and ends."""

    language: str
    title: str
    body: str
    start: int
    end: int


@dataclass(frozen=True)
class Command:
    """A command as it was typed, and the lines shown below it."""

    text: str
    shown: str

    @property
    def runs(self) -> bool:
        """Whether it is the program's own; the others set things up."""
        return not self.text.startswith(_NOT_RUN)


def examples(page: str) -> Iterator[Example]:
    """Yield the fences of a page."""
    for found in _FENCE.finditer(page):
        yield Example(found["language"], found["title"] or "", found["body"], *found.span("body"))


def commands(body: str) -> list[Command]:
    """Return the commands of a console fence; a line that ends with a backslash goes on."""
    parts = re.split(r"(?m)^\$ ", body)
    if parts[0].strip():
        raise ValueError(f"a console fence begins with a command, not with {parts[0][:60]!r}")
    found = []
    for part in parts[1:]:
        text, _, shown = re.sub(r"\\\n\s*", "", part).partition("\n")
        found.append(Command(text.strip(), shown.strip("\n")))
    return found


def run_command(command: Command, run: Any, *, few: bool = True) -> str:
    """Run one command in this process and return what it prints, as a terminal shows it.

    Parameters
    ----------
    command
        `uncertain-scale` with options, and perhaps `| head -N` or `> FILE` behind.
    run
        Takes the arguments; returns exit code, output and error text.
    few
        Whether few draws will do where no output is shown.

    Raises
    ------
    AssertionError
        It is no such command, or it fails.
    """
    typed, _, file = command.text.partition(" > ")
    typed, _, behind = typed.partition(" | ")
    program, *arguments = shlex.split(typed)
    assert program == "uncertain-scale", f"not a command of the program: {command.text}"
    if arguments[0] in _DRAWN and "--as-of" not in arguments:
        arguments += ("--as-of", AS_OF)
    drawn = arguments[0] in _DRAWN and "--draws" not in arguments
    if few and drawn and not command.shown and "--chains" not in arguments:
        arguments += _FEW
    code, out, err = run(*arguments)
    # `diff` ends like diff: 1 where the two differ.
    expected = 1 if arguments[0] == "diff" else 0
    assert code == expected, f"{command.text}: exit code {code}\n{err}"
    lines = [line.rstrip() for line in out.splitlines()]
    if behind:
        head, count = behind.split(" -")
        assert head == "head", f"only head stands behind a pipe: {command.text}"
        lines = lines[: int(count)]
    if file:
        Path(file.strip()).write_text(out, encoding="utf-8")
        return ""
    return "\n".join(lines).strip("\n")


def run_python(body: str, names: dict[str, Any], page: str) -> None:
    """Run a python fence: as a doctest where it has prompts, else as it stands."""
    if ">>>" not in body:
        place = f"<{page} {len(body)}>"
        linecache.cache[place] = (len(body), None, body.splitlines(keepends=True), place)
        exec(compile(body, place, "exec"), names)  # noqa: S102 (the page is ours)
        return
    test = doctest.DocTestParser().get_doctest(body, names, page, page, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    failed = runner.run(test, out=said.append, clear_globs=False).failed
    names.update(test.globs)
    assert failed == 0, "".join(said)


def refilled(page: str, run: Callable[..., tuple[int, str, str]]) -> str:
    """Return a page with what its commands print now below each that shows what it prints."""
    pieces, last = [], 0
    for example in examples(page):
        if example.title:
            Path(example.title).write_text(example.body, encoding="utf-8")
        if example.language != "console":
            continue
        begin = example.start
        for command in commands(example.body):
            if not command.runs:
                continue
            printed = run_command(command, run)
            if command.shown:
                begin = page.index(command.shown, begin)
                pieces += [page[last:begin], printed]
                begin = last = begin + len(command.shown)
    return "".join([*pieces, page[last:]])
