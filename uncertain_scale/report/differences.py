"""What differs between two results as plain data, and whether chance can explain it.

A figure of a result stands beside its Monte Carlo error: `median` beside `median_mcse`, `low` by
`low_mcse`. So any two results of the same command can be compared without knowing the command.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeGuard

from uncertain_scale.errors import counted, printable
from uncertain_scale.report.blocks import Block, Gap, Heading, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.report.document import Document

ERROR = "_mcse"
ABSENT = "(absent)"
_LARGEST = 1e300  # no figure of ours is larger, and sums of such are finite
_ROUNDING = 1e-9  # relative; other versions of a library sum in another order
_CHANCE = 1e-6  # that a figure's difference is called one though only chance made it
_FACTOR = 10.0  # between two estimates of an error, where chains are many
_CHAINS = 16  # where a result does not say how many it was made with
_MANY = 1_000_000  # chains, from which on Student's t is the normal
_PLACES = ("where", "interpreted")  # which line or option stated a prior, not what it says
_OF_DRAWS = ("histogram",)  # counts of draws, which have no error of their own beside them

_MOST_SHOWN = 25
_MOST_NAMED = 3
_GROUPS = {
    "question": ("question", "probs", "base", "axes", "loss", "decision"),
    "inputs": ("inputs", "scenario", "title", "changed_inputs", "evidence"),
    "equations": ("hashes",),
    "design": ("design", "seed", "chains", "draws"),
    "versions": ("versions",),
    "ages": ("ages",),
}
_UNCOUNTED = ("versions", "ages")  # what these do shows in the answers, or is the reader's day


class Grade(IntEnum):
    """How much two values differ."""

    same = 0
    rounding = 1
    chance = 2
    different = 3


_WORDS = {
    Grade.same: "identical",
    Grade.rounding: "identical but for rounding",
    Grade.chance: "the same within Monte Carlo error",
    Grade.different: "different",
}


@dataclass(frozen=True)
class Difference:
    """One place where two results are not the same.

    Parameters
    ----------
    path
        Keys from the top, such as `("outputs", "training_flop", "median")`.
    old, new
        The values there, or `ABSENT`.
    grade
        Whether rounding or Monte Carlo error can explain it.
    """

    path: tuple[str, ...]
    old: Any
    new: Any
    grade: Grade

    @property
    def place(self) -> str:
        """The path as text."""
        return ".".join(self.path)


def differences(
    old: Document, new: Document, *, ignore: tuple[str, ...] = (), limit: float | None = None
) -> list[Difference]:
    """Return every place where two results differ, in the order of the first.

    Parameters
    ----------
    old, new
        Results as plain data, as JSON holds them.
    ignore
        Keys at the top that do not count, such as `versions`.
    limit
        How many standard errors apart two figures may be by chance; by default, what is exceeded in
        one of a million where draws differ. Of runs on the same draws, next to none.

    Examples
    --------
    >>> a = {"median": 1.00, "median_mcse": 0.01, "units": "USD"}
    >>> b = {"median": 1.02, "median_mcse": 0.01, "units": "USD"}
    >>> [(found.place, found.grade.name) for found in differences(a, b)]
    [('median', 'chance')]
    """
    kept = [{key: part for key, part in one.items() if key not in ignore} for one in (old, new)]
    limit = _limit(old, new) if limit is None else limit
    return list(_walk(kept[0], kept[1], (), None, limit))


def worst(found: list[Difference]) -> Grade:
    """Return the largest difference's grade; `same` where there is none."""
    return max((one.grade for one in found), default=Grade.same)


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
        (question, inputs, equations, design, versions, ages, answers) of `place`, `old`, `new`,
        `grade`. Versions and the reader's day do not count towards the verdict: what versions do
        shows in the answers.
    """
    found = differences(old, new)
    by_part: dict[str, list[Difference]] = {part: [] for part in (*_GROUPS, "answers")}
    for one in found:
        by_part[_part(one)].append(one)
    counted = [one for one in found if _part(one) not in _UNCOUNTED]
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


def difference_blocks(document: Document) -> Iterator[Block]:
    """Yield what changed: the verdict in a sentence, and a table for each part."""
    yield Text(_sentence(document), "bold")
    for part, changes in document["changes"].items():
        shown, more = _shown(changes)
        yield Gap()
        yield Heading(part.capitalize())
        yield Table(("what", "before", "after", ""), list(map(_row, shown)), range(4), open=True)
        if more:
            yield Text(more)


def _limit(*documents: Document) -> float:
    """Return how many standard errors apart two figures may be by chance.

    Errors come from the spread of a few chains, so differences follow Student's t.
    """
    from scipy.special import stdtrit

    counts = [one.get("chains", _CHAINS) for one in documents]
    fewest = min((count for count in counts if isinstance(count, int)), default=_CHAINS)
    return float(stdtrit(min(max(fewest - 1, 1), _MANY), 1 - _CHANCE / 2))


def _walk(
    old: Any, new: Any, path: tuple[str, ...], error: float | None, limit: float
) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key in _PLACES:
                continue
            here = (*path, str(key))
            pair = old.get(key, ABSENT), new.get(key, ABSENT)
            if str(key) in _OF_DRAWS:
                if pair[0] != pair[1]:
                    yield Difference(here, *pair, Grade.chance)
            elif str(key).endswith(ERROR):
                yield from _errors(pair, here, max(limit, _FACTOR))
            else:
                yield from _walk(*pair, here, _error(old, new, str(key)), limit)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _walk(*pair, (*path, _label(pair[0], index)), None, limit)
    elif old != new:
        yield Difference(path, old, new, _grade(old, new, None if error is None else limit * error))


def _label(item: Any, index: int) -> str:
    """Name an item of a list as a reader would: an interval by its kind and probability."""
    if isinstance(item, dict) and "kind" in item and "prob" in item:
        prob = item["prob"]
        return f"{item['kind']} {f'{prob:g}' if _is_number(prob) else prob}"
    return str(index)


def _error(old: Document, new: Document, key: str) -> float | None:
    """Return the error of the difference of two figures, where both have one."""
    errors = [error for one in (old, new) if _is_number(error := one.get(key + ERROR))]
    return math.hypot(*errors) if len(errors) == 2 else None


def _errors(pair: tuple[Any, Any], path: tuple[str, ...], factor: float) -> Iterator[Difference]:
    """Compare errors, which are estimates themselves: within a factor they say the same."""
    old, new = pair
    if old == new:
        return
    grade = Grade.different
    if _is_number(old) and _is_number(new):
        grade = _grade(old, new, None)
        if grade is Grade.different and old <= factor * new and new <= factor * old:
            grade = Grade.chance
    yield Difference(path, old, new, grade)


def _grade(old: Any, new: Any, allowed: float | None) -> Grade:
    if not (_is_number(old) and _is_number(new)):
        return Grade.different
    apart = abs(old - new)
    if apart <= _ROUNDING * max(abs(old), abs(new)):
        return Grade.rounding
    if allowed is not None and apart <= allowed:
        return Grade.chance
    return Grade.different


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _part(found: Difference) -> str:
    first = found.path[0] if found.path else ""
    if found.path[:2] == ("hashes", "priors"):
        return "inputs"
    return next((part for part, keys in _GROUPS.items() if first in keys), "answers")


def _sentence(document: Document) -> str:
    changes = document["changes"]
    count = sum(len(found) for part, found in changes.items() if part != "versions")
    text = f"{document['verdict']}: {counted(document['values'], 'value')}"
    altered = _altered(document.get("files") or {})
    if altered and document["grade"] != Grade.different.name:
        text = f"FILES ALTERED: {altered}; the answers are {text}"
    if count:
        text += f", {count:,} of them not the same"
        graded = [found for part, found in changes.items() if part != "versions"]
        worst_one = max(
            (one for part in graded for one in part), key=lambda one: Grade[one["grade"]]
        )
        text += f"; the first: {worst_one['place']}"
    if altered and document["grade"] == Grade.different.name:
        text += f"; files altered: {altered}"
    if (document.get("files") or {}).get("unlisted"):
        text += "; its record has a digest of the result alone, so that other files are unchecked"
    return text


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


def _shown(changes: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
    """Return the changes that a view shows, and a line on the others, or "".

    Errors that changed within reason say nothing that the figures do not.
    """
    telling = [
        one for one in changes if one["grade"] == "different" or not one["place"].endswith(ERROR)
    ]
    left = len(changes) - len(telling[:_MOST_SHOWN])
    more = f"and {left:,} more; --format json lists all" if left else ""
    return telling[:_MOST_SHOWN], more


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1
