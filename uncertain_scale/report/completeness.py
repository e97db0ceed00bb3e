"""The end of a run: the precision that it reached, or why not all of it was finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.report.numbers import percent as level_in_words
from uncertain_scale.report.numbers import scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.report.document import Document
    from uncertain_scale.report.document_types import Incomplete

INCOMPLETE = "INCOMPLETE"
"""What an interrupted report is marked by, in every format that people read."""
UNREPEATED = ("search", "incomplete")
"""Keys of a report that a replay leaves out: it runs what was reached, and does not look for it."""

_WHY = {
    "max-draws": "stopped since more draws than the most allowed would be needed",
    "max-time": "stopped when the time allowed was up",
    "interrupted": "interrupted",
}


def incomplete_document(why: str, finished: int, chains: int) -> Incomplete:
    """Return, as plain data, that some of a run's chains were not finished."""
    return {"why": why, "finished": finished, "chains": chains}


def is_incomplete(document: Document) -> bool:
    """Say whether somebody interrupted the run."""
    stops = (document.get(key) for key in UNREPEATED)
    return any(found is not None and found["why"] == "interrupted" for found in stops)


def completeness_in_words(document: Document) -> Iterator[str]:
    """Yield what a reader must know first: that a report is incomplete, and how sure it is."""
    if found := document.get("incomplete"):
        yield (
            f"{INCOMPLETE}: {found['why']} when {found['finished']:,} of "
            f"{found['chains']:,} chains "
            "were finished; all figures and errors are those of these"
        )
    if found := document.get("search"):
        from uncertain_scale.analysis.precision import FINEST

        asked = percent(found["precision"])
        if found["why"] == "interrupted":
            yield f"{INCOMPLETE}: interrupted before the precision of {asked} was reached"
        end = found["worst"]
        if end is None:
            yield f"precision {asked}: reached, since no answer varies"
            return
        known = found["reached"]  # what is surer than any precision asked for is within that
        reached = "of no known error" if known is None else percent(max(known, FINEST))
        what = _worst(document, end)
        if found["why"] == "reached":
            yield f"precision {asked} reached: the worst end is within {reached} (95%): {what}"
        else:
            yield (
                f"precision {asked} NOT reached, {_WHY[found['why']]}: the worst end is within "
                f"{reached} (95%): {what}"
            )


def end_in_words(output: str, kind: str, prob: float, bound: str) -> str:
    """Name an end of an interval."""
    return f"{output} {level_in_words(prob)} {kind} {bound}"


def percent(share: float) -> str:
    """Write a relative error.

    Examples
    --------
    >>> percent(0.01), percent(0.00123), percent(3.0)
    ('1%', '0.12%', '300%')
    """
    return f"{100 * share:.2g}%" if share < 1 else f"{100 * share:.0f}%"


def _worst(document: Document, end: dict[str, Any]) -> str:
    output = document["outputs"][end["output"]]
    scale = scale_of(output)
    value = scale.write(end["value"], end["standard_error"])
    name = end_in_words(end["output"], end["kind"], end["prob"], end["bound"])
    near = abs(end["relative_to"]) > abs(end["value"]) * (1 + 1e-12)
    measured = ", measured by a tenth of its distance from the median" if near else ""
    return f"{name}, {value} {scale.units}".rstrip() + measured
