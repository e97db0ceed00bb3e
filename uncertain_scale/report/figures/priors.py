"""What is believed about the inputs: a panel each, with its density and its 5% to 95%."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.report.figures.axes import axis_for, with_powers
from uncertain_scale.report.figures.density import MARGIN, draw_axis, draw_shape
from uncertain_scale.report.figures.shapes import shape_of_prior
from uncertain_scale.report.figures.sheet import Sheet, fitted
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, styled
from uncertain_scale.report.numbers import scale_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.inputs import Prior

__all__ = ["belief_in_words", "plot_priors"]

WIDTH, HEIGHT = 260.0, 118.0
_GAP = 14.0
_TOP, _BASE = 38.0, 78.0


@styled
def plot_priors(
    priors: Mapping[str, Prior],
    inputs: Sequence[str] = (),
    *,
    columns: int = 3,
    titles: bool = True,
) -> Figure:
    """Return a figure with a panel for each input: the density of its prior.

    Parameters
    ----------
    priors
        By input, in the model's units, such as `Priors.inputs`.
    inputs
        The inputs drawn; all of them by default.
    columns
        Panels beside one another, at most.
    titles
        Whether panels carry names and numbers; without them a panel is only its density and axis.
    """
    names = list(inputs or priors)
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    height = HEIGHT if titles else HEIGHT - 32
    sheet = Sheet(columns * (WIDTH + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        panel = sheet.part(column * (WIDTH + _GAP), row * (height + _GAP), WIDTH, height)
        if titles:
            panel.text(0, 11, fitted(name, WIDTH, 10.5, bold=True), size=10.5, bold=True)
            words = with_powers(belief_in_words(priors[name]))
            panel.text(0, 26, fitted(words, WIDTH, 9.5), size=9.5)
        _draw(panel, priors[name], shift=0 if titles else -32)
    said = ". ".join(f"{name}: {belief_in_words(priors[name])}" for name in names)
    sheet.figure.set_label(f"Beliefs about inputs. {said}.")
    return sheet.figure


def belief_in_words(prior: Prior) -> str:
    """Write a prior's median with its 5% and 95%, or its one value."""
    low, median, high = map(float, prior.ppf(np.array([0.05, 0.5, 0.95])))
    scale = scale_for([median, low, high], prior.model_units)
    middle = f"{scale.write(median, exact=True)} {scale.units}".rstrip()
    if low == high:
        return middle
    ends = " to ".join(scale.write(value, exact=True) for value in (low, high))
    return f"{middle} (5% to 95%: {ends})"


def _draw(panel: Sheet, prior: Prior, shift: float) -> None:
    shape = shape_of_prior(prior)
    if shape is None:
        panel.text(0, 50 + shift, "taken as known: no density", size=9, colour=MUTED)
        return
    low, median, high = map(float, prior.ppf(np.array([0.05, 0.5, 0.95])))
    ends = [low, high, *(value for value, _ in shape.atoms)]
    if shape.smooth:
        ends += [float(shape.edges[0]), float(shape.edges[-1])]
    start, stop = min(ends), max(ends)
    log = shape.log and start > 0
    if not log:
        margin = 0.02 * (stop - start)
        start, stop = (start if 0 <= start < margin else start - margin), stop + margin
    middle = median or high
    axis = axis_for(start, stop, prior.model_units, middle=middle, log=log)
    draw_shape(panel, shape, axis, top=_TOP + shift, base=_BASE + shift)
    width = panel.width - 2 * MARGIN
    at_low, at, at_high = (MARGIN + width * axis.place(value) for value in (low, median, high))
    y = _BASE + shift + 5
    panel.bar(at_low, y - 2, at_high, y + 2, colour=BLUE, opacity=0.8, tip=belief_in_words(prior))
    panel.line([at, at], [y - 6, y + 5], colour=INK, width=1.6)
    draw_axis(panel, axis, y=_BASE + shift + 11)
