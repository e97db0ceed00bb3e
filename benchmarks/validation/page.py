"""The study's results as a file and as the page docs/validation.md."""

from __future__ import annotations

import json
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.validation.check import Check, failures, level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RESULTS", "Study", "load", "markdown", "save"]

RESULTS = Path(__file__).with_name("results.json")
_MUTANTS = Path(__file__).with_name("mutants.json")
_FUZZ = Path(__file__).with_name("fuzz.json")
_TEMPLATE = Path(__file__).with_name("page.md")
_PACKAGES = ("uncertain-scale", "numpy", "scipy", "xarray", "arviz-stats")
_P_VALUES = (0.001, 1.0)
_INPUTS = """\
`python tests/fuzz` makes prior files, claims, evidence, tables, values, events, saved reports and
command lines by grammars and by mutation of what is shipped, and sends each through the command
line. The last {total:,}, from seed {seed}: **{faults}** were met badly, by a traceback, a warning,
more than ten seconds, or a file opened or left that nobody named; the slowest took {slowest} s.
Told apart are saved reports of which `verify` says that they are not what was written."""
_WORDS = """\
A change of the code that no test notices is a test that is missing. `.ci/mutants.py` changes the
numerical core a little (another operator, another number, a condition turned round), at places
drawn at random, and asks the tests of that part. The sample has up to {size} changes a group, seed
{seed}, and was tried once; the target is 85% of them. Earlier samples have led to tests."""


@dataclass(frozen=True)
class Study:
    """A run of the study: its figures, and of what."""

    checks: tuple[Check, ...]
    cases: int
    seed: int
    versions: dict[str, str]

    @classmethod
    def of(cls, checks: Sequence[Check], cases: int, seed: int) -> Study:
        """Return a study that was run here."""
        versions = {"Python": platform.python_version()}
        versions |= {name: version(name) for name in _PACKAGES}
        return cls(tuple(checks), cases, seed, versions)


def save(study: Study) -> None:
    """Write a study's results beside this module."""
    rows = [
        [
            *(check.part, check.row, check.column, float(f"{check.value:.6g}")),
            *(*check.target, check.cases, float(f"{check.p:.4g}")),
        ]
        for check in study.checks
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    head = json.dumps({"cases": study.cases, "seed": study.seed, "versions": study.versions})
    RESULTS.write_text(f'{head[:-1]}, "checks": [\n{lines}\n]}}\n', encoding="utf-8")


def load() -> Study:
    """Return the study whose results are beside this module."""
    data = json.loads(RESULTS.read_text(encoding="utf-8"))
    checks = tuple(
        Check(part, row, column, value, (low, high), cases, p)
        for part, row, column, value, low, high, cases, p in data["checks"]
    )
    return Study(checks, data["cases"], data["seed"], data["versions"])


def markdown(study: Study) -> str:
    """Return the page."""

    def filled(found: re.Match[str]) -> str:
        what, _, part = found[1].partition(" ")
        lines = {"summary": _summary, "fuzz": _fuzz, "mutants": _mutants, "table": _table}[what](
            study, part
        )
        return "\n".join(lines)

    return re.sub(r"\{\{(.+?)\}\}", filled, _TEMPLATE.read_text(encoding="utf-8"))


def _summary(study: Study, _: str) -> Iterator[str]:
    surely = failures(study.checks)
    outside = [check for check in study.checks if check.outside]
    versions = ", ".join(f"{name} {number}" for name, number in study.versions.items())
    yield f"The last full run: {len(study.checks)} figures, most of {study.cases} cases,"
    yield f"from seed {study.seed} on; {versions}.\n"
    yield f"- Surely outside their targets (p < {level(study.checks):.1e}): **{len(surely)}**."
    yield f"- Outside as found, by chance or not: **{len(outside)}**, bold in the tables."
    for check in sorted(surely, key=lambda one: one.p):
        yield f"- Fails: {check.part}: {check.row}, {check.column}: {_value(check)}."


def _table(study: Study, part: str) -> Iterator[str]:
    checks = [check for check in study.checks if check.part == part]
    columns = list(dict.fromkeys(check.column for check in checks))
    at = {(check.row, check.column): check for check in checks}
    cases = sorted({check.cases for check in checks if check.cases < 10_000})
    yield f"{_title(checks)}{f'; {cases[0]} cases each' if len(cases) == 1 else ''}:\n"
    yield f"| {' | '.join(['', *columns])} |"
    yield "|---|" + "---:|" * len(columns)
    for row in dict.fromkeys(check.row for check in checks):
        cells = (_cell(at.get((row, column))) for column in columns)
        yield f"| {' | '.join([row, *cells])} |"


def _title(checks: Sequence[Check]) -> str:
    part = checks[0].part
    targets = {check.target for check in checks} - {(1.0, 1.0)} or {(1.0, 1.0)}
    if targets == {_P_VALUES}:
        return f"{part}: p-values, bold below {_P_VALUES[0]:g}"
    if part == "Rank correlations":
        low, high = checks[0].target
        return f"{part}, each aimed at within {(high - low) / 2:g} of what is asked"
    if len(targets) > 1 or targets == {(0.0, 1.0)}:
        return f"{part}, per cent"
    low, high = targets.pop()
    return f"{part}, per cent, target {100 * low:g} to {100 * high:g}"


def _value(check: Check) -> str:
    if check.part == "Rank correlations":
        return f"{check.value:.4f}"
    if check.target == _P_VALUES:
        return f"{check.value:.2g}"
    return f"{100 * check.value:.1f}"


def _cell(check: Check | None) -> str:
    if check is None:
        return ""
    return f"**{_value(check)}**" if check.outside else _value(check)


def _fuzz(_study: Study, _: str) -> Iterator[str]:
    found: dict[str, Any] = json.loads(_FUZZ.read_text(encoding="utf-8"))
    kinds = found["kinds"]
    yield "## Whatever is typed is answered or refused\n"
    yield _INPUTS.format(**found, total=sum(kinds["all"].values()), faults=kinds["all"]["faults"])
    told = list(kinds["all"])
    yield f"\n| kind of input | {' | '.join(told)} |\n|---|" + "---:|" * len(told)
    for kind, counts in kinds.items():
        yield f"| {kind} | " + " | ".join(f"{counts[one]:,}" for one in told) + " |"


def _mutants(_study: Study, _: str) -> Iterator[str]:
    if not _MUTANTS.exists():
        return
    found: dict[str, Any] = json.loads(_MUTANTS.read_text(encoding="utf-8"))
    yield "## Changes of the code are noticed\n"
    yield _WORDS.format(**found)
    below = [row["name"] for row in found["groups"] if row["killed"] < 0.85 * row["mutants"]]
    if below:
        yield f"\nBelow the target: {', '.join(below)}. {found.get('note', '')}"
    yield "\n| part | mutants | noticed | 95% interval |\n|---|---:|---:|---:|"
    for row in found["groups"]:
        low, high = row["interval"]
        yield (
            f"| {row['name']} | {row['mutants']} | {100 * row['killed'] / row['mutants']:.0f}% | "
            f"{100 * low:.0f} to {100 * high:.0f}% |"
        )
    yield "\nThose that no test noticed:\n"
    yield "| where | change | why |\n|---|---|---|"
    for row in found["survivors"]:
        yield f"| `{row['where']}` | {_code(row['change'])} | {row['why']} |"


def _code(text: str) -> str:
    """Return code for a cell of a table, in which a bar would end it, backticks or not."""
    if "|" not in text:
        return f"`{text}`"
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in text)}</code>"
