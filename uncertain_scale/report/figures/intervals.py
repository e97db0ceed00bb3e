"""All outputs as intervals on one axis, each relative to its median: which answers are surest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uncertain_scale.report.figures.axes import axis_for, in_brief, interval_in_words, with_powers
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, PAPER, RULE, styled
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import intervals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

__all__ = ["draw_bars", "plot_intervals"]

_ROW = 22.0
_TOP = 22.0
_PLOT = 250.0
_GAP = 12.0
_LEAST = 1.25


@styled
def plot_intervals(document: Document, outputs: Sequence[str] = ()) -> Figure:
    """Return a figure of outputs' intervals as multiples of their medians, with the numbers beside.

    An output whose interval is not all on one side of 0 has no such multiples; its numbers stand
    alone.

    Parameters
    ----------
    document
        What `report_document` returns.
    outputs
        The outputs drawn; all of them by default.
    """
    names = list(outputs or document["outputs"])
    probs = sorted(document["probs"], reverse=True)
    rows = {name: _relative(document, name, probs) for name in names}
    ends = [end for pieces in rows.values() for piece in pieces for end in piece]
    reach = max([_LEAST, *(max(end, 1 / end) for end in ends)]) ** 1.05
    axis = axis_for(1 / reach, reach, "1", middle=1.0, log=True)
    said = {
        name: with_powers(interval_in_words(document["outputs"][name], document["probs"][0]))
        for name in names
    }
    left = min(max(text_width(name, 9.5) for name in names) + _GAP, 190.0)
    right = max(text_width(words, 9) for words in said.values()) + 2 * _GAP
    bottom = _TOP + _ROW * len(names)
    sheet = Sheet(left + _PLOT + right, bottom + 34)
    plot = sheet.part(left, 0, _PLOT, sheet.height)
    for value, words in axis.ticks(7):
        x = _PLOT * axis.place(value)
        one = abs(value - 1) < 1e-9
        plot.line([x, x], [_TOP - 4, bottom], colour=MUTED if one else RULE, width=0.8)
        plot.text(x, bottom + 13, f"{words}×", size=9, colour=MUTED, align="center")
    plot.text(
        _PLOT / 2, bottom + 28, "relative to the median", size=9, colour=MUTED, align="center"
    )
    shares = ", ".join(map(percent, sorted(document["probs"])))
    sheet.text(0, 10, f"Medians with {shares} intervals", size=10, bold=True)
    for number, name in enumerate(names):
        y = _TOP + _ROW * (number + 0.5)
        sheet.text(0, y + 3, fitted(name, left - _GAP, 9.5), size=9.5)
        draw_bars(plot, [[_PLOT * axis.place(end) for end in piece] for piece in rows[name]], y)
        if rows[name] or document["outputs"][name]["constant"]:
            plot.dot(_PLOT * axis.place(1.0), y, colour=INK, radius=3.2, tip=said[name])
        else:
            words = "on both sides of 0"
            half = text_width(words, 8.5) / 2 + 4
            plot.bar(_PLOT / 2 - half, y - 6, _PLOT / 2 + half, y + 6, colour=PAPER)
            plot.text(_PLOT / 2, y + 3, words, size=8.5, colour=MUTED, align="center")
        sheet.text(left + _PLOT + _GAP, y + 3, said[name], size=9)
    told = ". ".join(in_brief(document, name) for name in names)
    sheet.figure.set_label(f"Intervals relative to their medians. {told}.")
    return sheet.figure


def draw_bars(plot: Sheet, pieces: Sequence[Sequence[float]], y: float) -> None:
    """Draw intervals over one another, the widest first and thinnest."""
    for number, (low, high) in enumerate(pieces):
        half = 0.9 + 3.1 * number / max(len(pieces) - 1, 1)
        plot.bar(low, y - half, high, y + half, colour=BLUE, opacity=0.7)


def _relative(document: Document, name: str, probs: Sequence[float]) -> list[tuple[float, float]]:
    output = document["outputs"][name]
    found = []
    for prob in probs:
        piece = intervals_of(output, "eti", prob)[0]
        if output["constant"] or not output["median"]:
            continue
        ends = [piece[end] / output["median"] for end in ("low", "high")]
        if min(ends) > 0:
            found.append((min(ends), max(ends)))
    return found
