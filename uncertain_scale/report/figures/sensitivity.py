"""What drives the answers: shares of the variance by input, with their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, RULE, styled
from uncertain_scale.report.numbers import share_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

__all__ = ["LEAST", "input_label", "plot_sensitivity", "share_in_brief", "shares_of"]

WIDTH = 260.0
LEAST = 0.005  # inputs with a smaller share are counted together
_MOST = 8
_ROW = 26.0
_HEAD = 34.0
_FOOT = 22.0
_GAP = 18.0
_PLOT = 246.0


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
    said = ". ".join(f"{name}: {_in_words(document['outputs'][name])}" for name in names)
    sheet.figure.set_label(f"Shares of {_measure(document)} by input. {said}.")
    return sheet.figure


def shares_of(output: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the inputs that matter with their shares, the largest first."""
    ranked = [(name, output["shapley"][name]) for name in output["ranking"]]
    told = [(name, one) for name, one in ranked if one["shapley"] is not None]
    return [(name, one) for name, one in told if one["shapley"] >= LEAST][:_MOST]


def share_in_brief(share: dict[str, Any]) -> str:
    """Write a share in percent with its standard error."""
    error = share["shapley_mcse"]
    told = share_in_words(share["shapley"])
    return f"{told} ± {float(f'{100 * error:.1g}'):g}%" if error else told


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
    panel.text(0, 11, fitted(name, panel.width, 10.5, bold=True), size=10.5, bold=True)
    panel.text(0, 25, f"share of its {_measure(document)}", size=9, colour=MUTED)
    shares = shares_of(output)
    if output["reason"] or not shares:
        told = output["reason"] or "no input moves it"
        panel.text(0, _HEAD + 12, fitted(told, panel.width, 9), size=9, colour=MUTED)
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
        told = share_in_brief(share)
        beside = text_width(told, 8.5)
        label = fitted(input_label(input_name), _PLOT - beside - 6, 9)
        panel.text(0, y + 11, label, size=9)
        panel.text(_PLOT, y + 11, told, size=8.5, align="right")
        end = _PLOT * min(max(share["shapley"], 0.0), 1.0)
        panel.bar(0, y + 14, end, y + 22, colour=BLUE, opacity=0.8, tip=f"{input_name}: {told}")
        if share["shapley_mcse"]:
            ends = [_PLOT * min(max(share[f"shapley_{e}"], 0.0), 1.0) for e in ("low", "high")]
            panel.line(ends, [y + 18, y + 18], colour=INK, width=1.4)
