"""Outputs as densities over their intervals, a panel an output, each on its own axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.report.figures.axes import axis_for, with_powers
from uncertain_scale.report.figures.shapes import shape_of_output
from uncertain_scale.report.figures.sheet import Sheet, fitted
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, ORANGE, RULE, SKY, styled
from uncertain_scale.report.figures.words import in_brief, interval_in_words
from uncertain_scale.report.rows import intervals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document
    from uncertain_scale.report.figures.axes import Axis
    from uncertain_scale.report.figures.shapes import Shape

__all__ = ["MARGIN", "draw_axis", "draw_shape", "plot_density"]

WIDTH, HEIGHT = 260.0, 126.0
MARGIN = 10.0
_GAP = 14.0
_TOP, _BASE = 40.0, 82.0
_PAST = 0.02


@styled
def plot_density(document: Document, outputs: Sequence[str] = (), *, columns: int = 3) -> Figure:
    """Return a figure with a panel for each output: its density over its intervals.

    Parameters
    ----------
    document
        What `report_document` returns.
    outputs
        The outputs drawn; all of them by default.
    columns
        Panels beside one another, at most.

    Returns
    -------
    matplotlib.figure.Figure
        Its label describes it in words, with the numbers.
    """
    names = list(outputs or document["outputs"])
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    sheet = Sheet(columns * (WIDTH + _GAP) - _GAP, rows * (HEIGHT + _GAP) - _GAP)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        panel = sheet.part(column * (WIDTH + _GAP), row * (HEIGHT + _GAP), WIDTH, HEIGHT)
        _draw_panel(panel, document, name)
    said = ". ".join(in_brief(document, name) for name in names)
    sheet.figure.set_label(f"Densities and intervals. {said}.")
    return sheet.figure


def draw_shape(  # noqa: PLR0913 (where it stands and how it looks)
    panel: Sheet, shape: Shape, axis: Axis, *, top: float, base: float, colour: str = SKY
) -> None:
    """Draw a density as an area, and point masses as sticks as high as they are probable."""
    width = panel.width - 2 * MARGIN
    heaviest = max((share for _, share in shape.atoms), default=0.0)
    if shape.smooth:
        xs, density = shape.curve()
        # Beside point masses a density has no common scale with them: it is kept half as high.
        reach = (base - top) * (0.55 if heaviest > 0 else 1.0)
        along = MARGIN + width * np.array([axis.place(float(x)) for x in xs])
        up = base - reach * density
        outline_x = np.concatenate([[along[0]], along, [along[-1]]])
        outline_y = np.concatenate([[base], up, [base]])
        panel.area(outline_x, outline_y, colour=colour, opacity=0.45)
        panel.line(along, up, colour=BLUE, width=1.2)
    for value, share in shape.atoms:
        x = MARGIN + width * axis.place(value)
        y = base - (base - top) * share / heaviest
        tip = f"exactly {axis.write(value)}: {share:.3g} of the probability"
        panel.line([x, x], [base, y], colour=ORANGE, width=2.5, tip=tip)


def draw_axis(panel: Sheet, axis: Axis, *, y: float) -> None:
    """Draw an axis with its ticks and units below it."""
    width = panel.width - 2 * MARGIN
    panel.line([MARGIN, MARGIN + width], [y, y], colour=RULE, width=0.8)
    for value, words in axis.ticks():
        x = MARGIN + width * axis.place(value)
        panel.line([x, x], [y, y + 3], colour=MUTED, width=0.8)
        panel.text(x, y + 13, words, size=9, colour=MUTED, align="center")
    if axis.units:
        panel.text(panel.width / 2, y + 26, axis.units, size=9, colour=MUTED, align="center")


def _draw_panel(panel: Sheet, document: Document, name: str) -> None:
    output = document["outputs"][name]
    brief = interval_in_words(output, document["probs"][0])
    panel.text(0, 11, fitted(name, panel.width, 10.5, bold=True), size=10.5, bold=True)
    panel.text(0, 26, fitted(with_powers(brief), panel.width, 9.5), size=9.5)
    shape = shape_of_output(output, document["chains"] * document["draws"])
    if shape is None:
        panel.text(0, 58, "one value in every draw: no density", size=9, colour=MUTED)
        return
    probs = sorted(document["probs"], reverse=True)
    pieces = [intervals_of(output, "eti", prob)[0] for prob in probs]
    axis = _axis(output, shape, pieces)
    draw_shape(panel, shape, axis, top=_TOP, base=_BASE)
    width = panel.width - 2 * MARGIN
    for number, piece in enumerate(pieces):
        ends = [MARGIN + width * axis.place(piece[end]) for end in ("low", "high")]
        half = 1.0 + 2.5 * number / max(len(pieces) - 1, 1)
        said = with_powers(interval_in_words(output, piece["prob"], median=False))
        panel.bar(ends[0], 90 - half, ends[1], 90 + half, colour=BLUE, opacity=0.75, tip=said)
    middle = MARGIN + width * axis.place(output["median"])
    panel.line([middle, middle], [_BASE - 2, 95], colour=INK, width=1.6)
    draw_axis(panel, axis, y=97)


def _axis(output: dict[str, Any], shape: Shape, pieces: Sequence[dict[str, Any]]) -> Axis:
    """Return an axis that the density and the widest interval fit on."""
    ends = [value for piece in pieces for value in (piece["low"], piece["high"])]
    atoms = [value for value, _ in shape.atoms]
    if shape.smooth:
        atoms += [float(shape.edges[0]), float(shape.edges[-1])]
    low, high = min([*ends, *atoms]), max([*ends, *atoms])
    if shape.log and low > 0:
        return axis_for(low, high, output["units"], middle=output["median"], log=True)
    margin = _PAST * (high - low) or abs(high) or 1.0
    low = low if 0 <= low < margin else low - margin
    middle = output["median"] or high or low
    return axis_for(low, high + margin, output["units"], middle=middle, log=False)
