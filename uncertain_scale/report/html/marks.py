"""Marks on inputs that a reader should look at twice: judgement, old figures, no source.

What is old is told by the report's own dates, not by a clock, so that a page made again is the
same page: an input is stale where its date is more than 18 months before the newest one among the
inputs of the report.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STALE_MONTHS", "Mark", "marks_of"]

STALE_MONTHS = 18
_JUDGEMENT = re.compile(r"\bjudge?ments?\b", re.IGNORECASE)


class Mark(NamedTuple):
    """A word for a badge, its class, and why it is there."""

    word: str
    kind: str
    why: str


def marks_of(inputs: Mapping[str, dict[str, Any]]) -> dict[str, list[Mark]]:
    """Return the marks of each input of a report.

    Parameters
    ----------
    inputs
        The `inputs` of what `report_document` returns.
    """
    dates = [date for prior in inputs.values() if (date := _date(prior))]
    newest = max(dates, default=None)
    return {name: _marks(prior, newest) for name, prior in inputs.items()}


def _marks(prior: dict[str, Any], newest: dt.date | None) -> list[Mark]:
    found = []
    if prior["origin"] == "given":
        return [Mark("given", "given", "taken as known")]
    if prior["origin"] == "fallback":
        found.append(Mark("default", "note", "used since nothing given determines it"))
    if _JUDGEMENT.search(f"{prior['note']} {prior['source']}"):
        found.append(Mark("judgement", "judgement", "rests in part on judgement; see its note"))
    if not prior["source"]:
        found.append(Mark("no source", "stale", "no source is stated"))
    date = _date(prior)
    if date and newest and _months(date, newest) > STALE_MONTHS:
        age = f"{_months(date, newest):.0f} months older than the newest date ({newest})"
        found.append(Mark("stale", "stale", age))
    return found


def _date(prior: dict[str, Any]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(prior["as_of"])
    except ValueError:
        return None


def _months(before: dt.date, after: dt.date) -> float:
    return (
        12 * (after.year - before.year) + after.month - before.month + (after.day - before.day) / 31
    )
