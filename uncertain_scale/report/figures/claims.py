"""What a document asserts beside what scenarios give: right, and how far off, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.report.claim_words import judge_in_words
from uncertain_scale.report.figures.axes import axis_for
from uncertain_scale.report.figures.intervals import draw_bars
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import INK, MUTED, RULE, VERMILLION, styled
from uncertain_scale.report.numbers import Scale, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

__all__ = ["plot_claims"]

_ROW = 20.0
_TOP = 28.0
_PLOT = 220.0
_GAP = 12.0
_LEFT = 390.0
_LEAST = 1.5


@styled
def plot_claims(document: Document, names: Sequence[str] = ()) -> Figure:
    """Return a figure of intervals over what a document asserts, from under- to overstated.

    Drawn are figures that draws can be held against, once for each scenario that judges: no
    intervals, bounds or ratios, and nothing that a scenario knows for sure.

    Parameters
    ----------
    document
        What `claims_document` returns.
    names
        Claims drawn; all that can be by default.

    Raises
    ------
    DataError
        None can be drawn.
    """
    rows = [
        (claim, judged)
        for claim in document["claims"]
        if not names or claim["name"] in names
        for judged in claim["judged"]
        if _can_be_drawn(claim, judged)
    ]
    if not rows:
        raise DataError("no claim is a positive figure that draws can be held against")
    rows.sort(key=lambda row: row[1]["median"] / row[0]["asserted"]["value"], reverse=True)
    probs = sorted(document["probs"], reverse=True)
    pieces = [_relative(claim, judged, probs) for claim, judged in rows]
    ends = [end for one in pieces for piece in one for end in piece]
    axis = axis_for(min(1 / _LEAST, *ends), max(_LEAST, *ends), "1", middle=1.0, log=True)
    said = [f"{_factor(judged)} ({judged['scenario']})" for _, judged in rows]
    left = min(max(text_width(c["says"] or c["name"], 9) for c, _ in rows) + _GAP, _LEFT)
    bottom = _TOP + _ROW * len(rows)
    width = left + _PLOT + _GAP + max(text_width(words, 8.5) for words in said)
    sheet = Sheet(width, bottom + 34)
    plot = sheet.part(left, 0, _PLOT, sheet.height)
    for value, words in axis.ticks(6):
        x = _PLOT * axis.place(value)
        one = abs(value - 1) < 1e-9
        plot.line([x, x], [_TOP - 4, bottom], colour=INK if one else RULE, width=0.8)
        plot.text(x, bottom + 13, f"×{words}", size=9, colour=MUTED, align="center")
    plot.text(_PLOT / 2, bottom + 28, "over what is asserted", size=9, colour=MUTED, align="center")
    shares = ", ".join(map(percent, reversed(probs)))
    sheet.text(0, 10, f"Medians with {shares} intervals, over what is asserted", size=10, bold=True)
    for number, ((claim, judged), bars) in enumerate(zip(rows, pieces, strict=True)):
        y = _TOP + _ROW * (number + 0.5)
        sheet.text(0, y + 3, fitted(claim["says"] or claim["name"], left - _GAP, 9), size=9)
        draw_bars(plot, [[_PLOT * axis.place(end) for end in piece] for piece in bars], y)
        middle = _PLOT * axis.place(judged["median"] / claim["asserted"]["value"])
        colour = VERMILLION if judged["place"] != "inside" else INK
        plot.dot(middle, y, colour=colour, radius=3.2, tip=_verdict(judged))
        sheet.text(left + _PLOT + _GAP, y + 3, said[number], size=8.5, colour=colour)
    told = ". ".join(f"{claim['says']}: {_verdict(judged)}" for claim, judged in rows)
    sheet.figure.set_label(f"Intervals over what is asserted. {told}.")
    return sheet.figure


def _verdict(judged: dict[str, Any]) -> str:
    return f"{judge_in_words(judged)}: {judged['verdict']}"


def _can_be_drawn(claim: dict[str, Any], judged: dict[str, Any]) -> bool:
    asserted = claim["asserted"]
    return (
        not claim["implied"]
        and not claim["ratio"]
        and asserted["kind"] == "figure"
        and asserted["value"] > 0
        and not judged["constant"]
        and all(piece["low"] > 0 for piece in judged["intervals"])
    )


def _relative(
    claim: dict[str, Any], judged: dict[str, Any], probs: Sequence[float]
) -> list[tuple[float, float]]:
    by_prob = {piece["prob"]: piece for piece in judged["intervals"]}
    value = claim["asserted"]["value"]
    return [(by_prob[prob]["low"] / value, by_prob[prob]["high"] / value) for prob in probs]


def _factor(judged: dict[str, Any]) -> str:
    """Write how many times too large or too small an assertion is, at the median."""
    factor = judged["asserted_over_median"]
    size = max(factor, 1 / factor)
    error = size * (judged["median_mcse"] or 0.0) / judged["median"]
    return f"{'over' if factor >= 1 else 'under'}stated {Scale('').write(size, error)}x"
