"""The swing of an answer: its median with each input at its own 5% and 95%."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from uncertain_scale.errors import DataError
from uncertain_scale.report.figures.axes import axis_for, with_powers
from uncertain_scale.report.figures.sensitivity import input_label
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import INK, MUTED, ORANGE, RULE, SKY, styled
from uncertain_scale.report.numbers import scale_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

__all__ = ["plot_tornado"]

_ROW = 24.0
_TOP = 44.0
_PLOT = 300.0
_END = 64.0
_MOST = 12
_LOG = 3.0
_LEAST = 0.002


@styled
def plot_tornado(document: Document, output: str = "") -> Figure:
    """Return a tornado figure of one output: its median with each input low and high.

    Parameters
    ----------
    document
        What `sensitivity_document` returns.
    output
        The output drawn; the first by default.

    Raises
    ------
    DataError
        No input moves the output.
    """
    name = output or next(iter(document["outputs"]))
    found = document["outputs"][name]
    swings = [
        (one, swing["low"]["median"], swing["high"]["median"])
        for one, swing in found["swing"].items()
        if swing["low"]["median"] is not None and swing["high"]["median"] is not None
    ]
    median = found["median"]
    if not swings or median is None:
        raise DataError(f"{name}: {found['reason'] or 'no input moves it'}; nothing to draw")
    swings.sort(key=lambda one: -abs(one[2] - one[1]))
    widest = abs(swings[0][2] - swings[0][1])
    swings = [one for one in swings if abs(one[2] - one[1]) >= _LEAST * widest][:_MOST]
    ends = [value for _, *pair in swings for value in pair] + [median]
    low, high = min(ends), max(ends)
    if low == high:
        raise DataError(f"{name}: no input moves its median; nothing to draw")
    log = low > 0 and high / low >= _LOG
    axis = axis_for(low, high, found["units"], middle=median, log=log)
    scale = scale_for([median, *ends], found["units"])

    def written(value: float) -> str:
        return with_powers(scale.write(value))

    labels = {one: input_label(one) for one, _, _ in swings}
    left = min(max(text_width(label, 9.5) for label in labels.values()) + 12, 200.0)
    bottom = _TOP + _ROW * len(swings)
    sheet = Sheet(left + 2 * _END + _PLOT, bottom + (36 if axis.units else 20))
    plot = sheet.part(left + _END, 0, _PLOT, sheet.height)
    for value, words in axis.ticks():
        x = _PLOT * axis.place(value)
        plot.line([x, x], [_TOP, bottom], colour=RULE, width=0.8)
        plot.text(x, bottom + 13, words, size=9, colour=MUTED, align="center")
    plot.text(_PLOT / 2, bottom + 28, axis.units, size=9, colour=MUTED, align="center")
    for number, (one, at_low, at_high) in enumerate(swings):
        y = _TOP + _ROW * (number + 0.5)
        sheet.text(0, y + 3, fitted(labels[one], left - 12, 9.5), size=9.5)
        middle = _PLOT * axis.place(median)
        for value, colour, end in ((at_low, ORANGE, "5%"), (at_high, SKY, "95%")):
            tip = f"{one} at its {end}: median {written(value)} {scale.units}"
            x = _PLOT * axis.place(value)
            plot.bar(min(middle, x), y - 7, max(middle, x), y + 7, colour=colour, tip=tip)
        for value in {at_low, at_high}:
            x, before = _PLOT * axis.place(value), value < median
            side: Literal["left", "right"] = "right" if before else "left"
            if value != median:
                plot.text(x - 5 if before else x + 5, y + 3, written(value), size=8.5, align=side)
    middle = _PLOT * axis.place(median)
    plot.line([middle, middle], [_TOP - 4, bottom], colour=INK, width=1.2)
    units = f" {scale.units}" if scale.units else ""
    sheet.text(0, 11, f"{name}: median {written(median)}{units}", size=10.5, bold=True)
    _legend(sheet)
    told = "; ".join(f"{one} {written(a)} to {written(b)}" for one, a, b in swings)
    sheet.figure.set_label(
        f"{name}, median {written(median)}{units}; with an input at its 5% and 95%: {told}."
    )
    return sheet.figure


def _legend(sheet: Sheet) -> None:
    x = 0.0
    for words, colour in (("input at its 5%", ORANGE), ("input at its 95%", SKY)):
        sheet.bar(x, 21, x + 9, 30, colour=colour)
        sheet.text(x + 13, 29, words, size=9, colour=MUTED)
        x += 13 + text_width(words, 9) + 18
