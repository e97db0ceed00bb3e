"""What differs between two results as plain data, and whether chance can explain it.

A figure of a result stands beside its Monte Carlo error: `median` beside `median_mcse`, `low` by
`low_mcse`. So any two results of the same command can be told apart without knowing the command.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.report.document import Document

__all__ = ["ABSENT", "ERROR", "Difference", "Grade", "differences", "worst"]

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


class Grade(IntEnum):
    """How much two values differ."""

    same = 0
    rounding = 1
    chance = 2
    different = 3


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
