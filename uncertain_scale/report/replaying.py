"""What a replay of a saved result found, and what changed between two results, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import printable
from uncertain_scale.report.differences import ABSENT, ERROR, Difference, Grade, differences, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = ["difference_document", "markdown_difference", "terminal_difference"]

_MOST_SHOWN = 25
_MOST_NAMED = 3
_GROUPS = {
    "question": ("question", "probs", "base", "axes", "loss", "decision"),
    "inputs": ("inputs", "scenario", "title", "changed_inputs", "evidence"),
    "equations": ("hashes",),
    "design": ("design", "seed", "chains", "draws"),
    "versions": ("versions",),
}
_WORDS = {
    Grade.same: "identical",
    Grade.rounding: "identical but for rounding",
    Grade.chance: "the same within Monte Carlo error",
    Grade.different: "different",
}


def difference_document(old: Document, new: Document) -> Document:
    """Return what changed between two results as plain data.

    Parameters
    ----------
    old, new
        Results of one command, as their JSON holds them.

    Returns
    -------
    dict
        `verdict`, the `grade` that it stands for, `values` compared, and `changes`: a list by part
        (question, inputs, equations, design, versions, answers) of `place`, `old`, `new`, `grade`.
        Versions do not count towards the verdict: what they do shows in the answers.
    """
    found = differences(old, new)
    by_part: dict[str, list[Difference]] = {part: [] for part in (*_GROUPS, "answers")}
    for one in found:
        by_part[_part(one)].append(one)
    counted = [one for one in found if _part(one) != "versions"]
    return {
        "verdict": _WORDS[worst(counted)],
        "grade": worst(counted).name,
        "values": _size(old),
        "changes": {
            part: [
                {"place": one.place, "old": one.old, "new": one.new, "grade": one.grade.name}
                for one in changes
            ]
            for part, changes in by_part.items()
            if changes
        },
    }


def markdown_difference(document: Document) -> str:
    """Return what changed as Markdown."""
    lines = [f"**{_sentence(document)}**", ""]
    for part, changes in document["changes"].items():
        lines += [f"## {part.capitalize()}", ""]
        lines += ["| what | before | after | |", "|---|---|---|---|"]
        shown, more = _shown(changes)
        for change in shown:
            lines.append("| " + " | ".join(map(_cell, _row(change))) + " |")
        lines += [*more, ""]
    return "\n".join(lines)


def terminal_difference(document: Document) -> RenderableType:
    """Return what changed for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(_sentence(document), style="bold")]
    for part, changes in document["changes"].items():
        table = Table(title=part.capitalize(), title_justify="left", title_style="bold", box=None)
        for heading in ("what", "before", "after", ""):
            table.add_column(heading, overflow="fold")
        shown, more = _shown(changes)
        for change in shown:
            table.add_row(*(Text(printable(cell)) for cell in _row(change)))
        parts += [Text(""), table, *map(Text, more)]
    return Group(*parts)


def _part(found: Difference) -> str:
    first = found.path[0] if found.path else ""
    if found.path[:2] == ("hashes", "priors"):
        return "inputs"
    return next((part for part, keys in _GROUPS.items() if first in keys), "answers")


def _sentence(document: Document) -> str:
    changes = document["changes"]
    count = sum(len(found) for part, found in changes.items() if part != "versions")
    said = f"{document['verdict']}: {document['values']:,} values"
    altered = _altered(document.get("files") or {})
    if altered and document["grade"] != Grade.different.name:
        said = f"FILES ALTERED: {altered}; the answers are {said}"
    if count:
        said += f", {count:,} of them not the same"
        graded = [found for part, found in changes.items() if part != "versions"]
        worst_one = max(
            (one for part in graded for one in part), key=lambda one: Grade[one["grade"]]
        )
        said += f"; the first: {worst_one['place']}"
    if altered and document["grade"] == Grade.different.name:
        said += f"; files altered: {altered}"
    if (document.get("files") or {}).get("unlisted"):
        said += "; its record has a digest of the result alone, so that other files are unchecked"
    return said


def _altered(files: Mapping[str, Any]) -> str:
    """Name the files that are not as a run wrote them; "" where all are."""
    parts = []
    for kind, words in (("changed", "changed"), ("missing", "not there")):
        names = [printable(name) for name in files.get(kind, ())]
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        if names:
            parts.append(f"{', '.join(names[:_MOST_NAMED])}{more} {words}")
    return "; ".join(parts)


def _row(change: Mapping[str, Any]) -> tuple[str, str, str, str]:
    grade = {"chance": "within error", "rounding": "rounding", "different": ""}[change["grade"]]
    return (
        change["place"].removeprefix("outputs."),
        _text(change["old"]),
        _text(change["new"]),
        grade,
    )


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and len(value) == 64 and value.isalnum():
        return f"{value[:12]}…"
    if isinstance(value, dict | list):
        return f"({len(value)} entries)"
    return ABSENT if value == ABSENT else str(value)[:60]


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _shown(changes: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return the changes that a view shows, and a line on the others.

    Errors that changed within reason say nothing that the figures do not.
    """
    telling = [one for one in changes if one["grade"] == "different" or not _is_error(one["place"])]
    left = len(changes) - len(telling[:_MOST_SHOWN])
    more = [f"and {left:,} more; --format json lists all"] if left else []
    return telling[:_MOST_SHOWN], more


def _is_error(place: str) -> bool:
    return place.endswith(ERROR)


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1
