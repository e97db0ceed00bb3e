"""How old the figures behind an answer are on the reader's day.

An input is old where its figures are dated more than 18 months before that day. Definitions,
ratings, laws and choices do not age: their prior file states `ages = false`.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from uncertain_scale.errors import listed
from uncertain_scale.inputs.catalog import find_prior_file
from uncertain_scale.inputs.toml import parse_toml
from uncertain_scale.model.question import as_day
from uncertain_scale.report.blocks import Block, Form, Items
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uncertain_scale.inputs import Prior
    from uncertain_scale.report.document_types import Ages, Old

__all__ = [
    "NEWEST",
    "STALE_MONTHS",
    "Dated",
    "age_blocks",
    "age_in_words",
    "ages_document",
    "oldest",
    "time_in_words",
]

STALE_MONTHS = 18
NEWEST = "frontier-2026"
"""The shipped scenario with the newest figures."""
_NAMED = 3  # inputs that the line names before it counts them
_DAYS = 31  # of a month, at most


class Dated(NamedTuple):
    """The date of an input's figures as ISO text or "", their units, and whether they age."""

    as_of: str
    units: str
    ages: bool = True

    @classmethod
    def of(cls, prior: Prior) -> Dated:
        """Return the date of a prior."""
        said = prior.provenance
        return cls(said.as_of.isoformat() if said.as_of else "", prior.units, said.ages)


def ages_document(inputs: Mapping[str, Dated], as_of: str | dt.date | None = None) -> Ages:
    """Return the reader's day and the inputs whose figures are old on it, prices first.

    Parameters
    ----------
    inputs
        The dates of the inputs in use, by name.
    as_of
        The reader's day; today by default.

    Examples
    --------
    >>> found = ages_document({"pue": Dated("2024-07-01", "1")}, "2026-11-30")
    >>> found["old"]["pue"]["months"]
    28
    """
    day = as_day(as_of) or dt.date.today()  # noqa: DTZ011 (the reader's day is local)
    old: dict[str, Old] = {}
    for name, dated in sorted(inputs.items(), key=lambda item: "USD" not in item[1].units):
        if not dated.ages or not dated.as_of:
            continue
        months = _months(dt.date.fromisoformat(dated.as_of), day)
        if months > STALE_MONTHS:
            newest = _newest(name)
            newer = newest.units == dated.units and newest.as_of > dated.as_of
            old[name] = {
                "as_of": dated.as_of,
                "months": int(months),
                "newer": NEWEST if newer else "",
            }
    return {"as_of": day.isoformat(), "old": old}


def oldest(*inputs: Mapping[str, Dated]) -> dict[str, Dated]:
    """Return the oldest date of each input among several scenarios; what does not age comes last.

    Examples
    --------
    >>> oldest({"pue": Dated("2026-09-01", "1")}, {"pue": Dated("2024-07-01", "1")})["pue"].as_of
    '2024-07-01'
    """
    found: dict[str, Dated] = {}
    for name, dated in (item for one in inputs for item in one.items()):
        pair = (found.get(name, dated), dated)
        found[name] = min(pair, key=lambda one: (not (one.ages and one.as_of), one.as_of))
    return found


def age_in_words(document: Mapping[str, Any], option: str = "--scenario") -> Iterator[str]:
    """Yield one line on the inputs of a document that are old, or none.

    Parameters
    ----------
    document
        With `ages`, as `ages_document` returns them.
    option
        What another scenario is asked for by.

    Examples
    --------
    >>> old = {"pue": {"as_of": "2024-07-01", "months": 28, "newer": ""}}
    >>> next(age_in_words({"ages": {"as_of": "2026-11-30", "old": old}}))
    'pue is of 2024-07, 28 months old on 2026-11-30'
    """
    ages: Ages | None = document.get("ages")  # results of earlier versions have none
    old = ages["old"] if ages else {}
    if ages is None or not old:
        return
    names = list(old)
    if len(names) > _NAMED + 1:
        names[_NAMED:] = [f"{len(names) - _NAMED} more"]
    subject = listed(names)
    months = sorted({one["months"] for one in old.values()})
    dates = sorted({one["as_of"][:7] for one in old.values()})
    verb = "is" if len(old) == 1 else "are"
    dated = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    most = f"{'up to ' if len(months) > 1 else ''}{months[-1]} months old"
    line = f"{subject} {verb} of {dated}, {most} on {ages['as_of']}"
    if newer := [name for name, one in old.items() if one["newer"]]:
        what = "newer figures" + ("" if len(newer) == len(old) else f" for {len(newer)} of them")
        line += f"; {option} {NEWEST} has {what}"
    yield line


def time_in_words(document: Mapping[str, Any], option: str = "--scenario") -> Iterator[str]:
    """Yield the notes of a question that has a date, such as what does not move, and old inputs."""
    question = document.get("question", {})
    if any(DATE in question.get(key, ()) for key in ("given", "free", "outputs")):
        yield from document["notes"]
    yield from age_in_words(document, option)


def age_blocks(document: Mapping[str, Any], option: str = "--scenario") -> Iterator[Block]:
    """Yield the lines of `time_in_words` as a block of their own, where there are any."""
    if lines := list(time_in_words(document, option)):
        yield Items(lines, "! ", only=Form.brief | Form.full)


def _months(before: dt.date, after: dt.date) -> float:
    months = 12 * (after.year - before.year) + after.month - before.month
    return months + (after.day - before.day) / _DAYS


def _newest(name: str) -> Dated:
    """Return the date of an input that the newest scenario or its catalogue states."""
    source = NEWEST
    while source != "base":
        document = _document(source)
        if table := document.get("inputs", {}).get(name):
            as_of = table.get("as_of")
            return Dated(as_of.isoformat() if as_of else "", table.get("units", "1"))
        source = document.get("extends", "base").removesuffix(".toml")
    return Dated("", "")


@cache
def _document(source: str) -> dict[str, Any]:
    """Return what a shipped prior file holds."""
    return parse_toml(find_prior_file(source))[1]
