"""What drives the answers: shares of the variance by input, and swings of the median."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from uncertain_scale.errors import DataError
from uncertain_scale.report.figures.axes import as_shown, axis_for
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, ORANGE, RULE, SKY, styled
from uncertain_scale.report.numbers import scale_for, share_in_words, with_powers
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

WIDTH = 260.0
LEAST = 0.005  # inputs with a smaller share are counted together
_MOST = 8
_ROW = 26.0
_HEAD = 34.0
_FOOT = 22.0
_GAP = 18.0
_PLOT = 246.0
_SWING_ROW = 24.0
_SWING_TOP = 44.0
_SWING_PLOT = 300.0
_SWING_END = 64.0
_MOST_SWINGS = 12
_LOG_FROM = 3.0
_LEAST_SWING = 0.002


@styled
def plot_sensitivity(
    document: Document, outputs: Sequence[str] = (), *, columns: int = 3
) -> Figure:
    """Return a figure of Shapley effects by output, with 95% intervals of the simulation's error.

    Parameters
    ----------
    document
        What `sensitivity_document` returns.
    outputs
        The outputs drawn; all of them by default.
    columns
        Panels beside one another, at most.
    """
    names = list(outputs or document["outputs"])
    columns = min(columns, len(names))
    heights = [_height(document["outputs"][name]) for name in names]
    lines = [
        range(start, min(start + columns, len(names))) for start in range(0, len(names), columns)
    ]
    tall = [max(heights[number] for number in line) for line in lines]
    sheet = Sheet(columns * (WIDTH + _GAP) - _GAP, sum(tall) + _GAP * (len(tall) - 1))
    top = 0.0
    for line, height in zip(lines, tall, strict=True):
        for place, number in enumerate(line):
            panel = sheet.part(place * (WIDTH + _GAP), top, WIDTH, height)
            _draw_panel(panel, document, names[number])
        top += height + _GAP
    text = ". ".join(f"{name}: {_in_words(document['outputs'][name])}" for name in names)
    sheet.figure.set_label(f"Shares of {_measure(document)} by input. {text}.")
    return sheet.figure


def shares_of(output: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the inputs that matter with their shares, the largest first."""
    ranked = [(name, output["shapley"][name]) for name in output["ranking"]]
    known = [(name, one) for name, one in ranked if one["shapley"] is not None]
    return [(name, one) for name, one in known if one["shapley"] >= LEAST][:_MOST]


def share_in_brief(share: dict[str, Any]) -> str:
    """Write a share in percent with its standard error."""
    error = share["shapley_mcse"]
    words = share_in_words(share["shapley"])
    return f"{words} ± {float(f'{100 * error:.1g}'):g}%" if error else words


def rank_in_words(output: dict[str, Any], name: str, chains: int) -> str:
    """Say in how many chains the rank of an input holds."""
    return f"{round(output['rank_share'][name] * chains)} of {chains}"


def input_label(name: str) -> str:
    """Name an input, or a joint sample by its first and number of inputs."""
    first, *others = name.split("+")
    return f"{first} and {len(others)} drawn with it" if others else name


def _height(output: dict[str, Any]) -> float:
    return _HEAD + _ROW * max(len(shares_of(output)), 1) + _FOOT


def _measure(document: Document) -> str:
    return "log-variance" if document["on"] == "log" else "variance"


def _in_words(output: dict[str, Any]) -> str:
    if output["reason"] or not shares_of(output):
        return output["reason"] or "no input moves it"
    return ", ".join(
        f"{input_label(name)} {share_in_brief(one)}" for name, one in shares_of(output)
    )


def _draw_panel(panel: Sheet, document: Document, name: str) -> None:
    output = document["outputs"][name]
    panel.text(0, 11, fitted(label_of(name), panel.width, 10.5, bold=True), size=10.5, bold=True)
    panel.text(0, 25, f"share of its {_measure(document)}", size=9, colour=MUTED)
    shares = shares_of(output)
    if output["reason"] or not shares:
        words = output["reason"] or "no input moves it"
        panel.text(0, _HEAD + 12, fitted(words, panel.width, 9), size=9, colour=MUTED)
        return
    bottom = _HEAD + _ROW * len(shares)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        for number in range(len(shares)):  # beside the bars alone, not through the words
            y = _HEAD + _ROW * number
            panel.line([_PLOT * tick] * 2, [y + 14, y + 22], colour=RULE, width=0.7)
        align: Literal["left", "center"] = "left" if tick == 0 else "center"
        panel.text(_PLOT * tick, bottom + 12, f"{tick:.0%}", size=8.5, colour=MUTED, align=align)
    for number, (input_name, share) in enumerate(shares):
        y = _HEAD + _ROW * number
        words = share_in_brief(share)
        beside = text_width(words, 8.5)
        label = fitted(label_of(input_name), _PLOT - beside - 6, 9)
        panel.text(0, y + 11, label, size=9)
        panel.text(_PLOT, y + 11, words, size=8.5, align="right")
        end = _PLOT * min(max(share["shapley"], 0.0), 1.0)
        panel.bar(0, y + 14, end, y + 22, colour=BLUE, opacity=0.8, tip=f"{input_name}: {words}")
        if share["shapley_mcse"]:
            ends = [_PLOT * min(max(share[f"shapley_{e}"], 0.0), 1.0) for e in ("low", "high")]
            panel.line(ends, [y + 18, y + 18], colour=INK, width=1.4)


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
    found = as_shown(document, name)
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
    swings = [one for one in swings if abs(one[2] - one[1]) >= _LEAST_SWING * widest][:_MOST_SWINGS]
    ends = [value for _, *pair in swings for value in pair] + [median]
    low, high = min(ends), max(ends)
    if low == high:
        raise DataError(f"{name}: no input moves its median; nothing to draw")
    log = low > 0 and high / low >= _LOG_FROM
    axis = axis_for(low, high, found["units"], middle=median, log=log)
    scale = scale_for([median, *ends], found["units"])

    def written(value: float) -> str:
        return with_powers(scale.write(value))

    labels = {one: label_of(one) for one, _, _ in swings}
    left = min(max(text_width(label, 9.5) for label in labels.values()) + 12, 200.0)
    bottom = _SWING_TOP + _SWING_ROW * len(swings)
    sheet = Sheet(left + 2 * _SWING_END + _SWING_PLOT, bottom + (36 if axis.units else 20))
    plot = sheet.part(left + _SWING_END, 0, _SWING_PLOT, sheet.height)
    for value, words in axis.ticks():
        x = _SWING_PLOT * axis.place(value)
        plot.line([x, x], [_SWING_TOP, bottom], colour=RULE, width=0.8)
        plot.text(x, bottom + 13, words, size=9, colour=MUTED, align="center")
    plot.text(_SWING_PLOT / 2, bottom + 28, axis.units, size=9, colour=MUTED, align="center")
    for number, (one, at_low, at_high) in enumerate(swings):
        y = _SWING_TOP + _SWING_ROW * (number + 0.5)
        sheet.text(0, y + 3, fitted(labels[one], left - 12, 9.5), size=9.5)
        middle = _SWING_PLOT * axis.place(median)
        for value, colour, end in ((at_low, ORANGE, "5%"), (at_high, SKY, "95%")):
            tip = f"{one} at its {end}: median {written(value)} {scale.units}"
            x = _SWING_PLOT * axis.place(value)
            plot.bar(min(middle, x), y - 7, max(middle, x), y + 7, colour=colour, tip=tip)
        for value in {at_low, at_high}:
            x, before = _SWING_PLOT * axis.place(value), value < median
            side: Literal["left", "right"] = "right" if before else "left"
            if value != median:
                plot.text(x - 5 if before else x + 5, y + 3, written(value), size=8.5, align=side)
    middle = _SWING_PLOT * axis.place(median)
    plot.line([middle, middle], [_SWING_TOP - 4, bottom], colour=INK, width=1.2)
    units = scale.units if scale.units == "%" else f" {scale.units}".rstrip()
    sheet.text(0, 11, f"{label_of(name)}: median {written(median)}{units}", size=10.5, bold=True)
    _legend(sheet)
    text = "; ".join(f"{one} {written(a)} to {written(b)}" for one, a, b in swings)
    sheet.figure.set_label(
        f"{name}, median {written(median)}{units}; with an input at its 5% and 95%: {text}."
    )
    return sheet.figure


def _legend(sheet: Sheet) -> None:
    x = 0.0
    for words, colour in (("input at its 5%", ORANGE), ("input at its 95%", SKY)):
        sheet.bar(x, 21, x + 9, 30, colour=colour)
        sheet.text(x + 13, 29, words, size=9, colour=MUTED)
        x += 13 + text_width(words, 9) + 18
