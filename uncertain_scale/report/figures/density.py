"""Densities of outputs over their intervals, and of priors: a panel each, on its own axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.report.figures.axes import (
    Axis,
    as_shown,
    axis_for,
    in_brief,
    interval_in_words,
)
from uncertain_scale.report.figures.sheet import Sheet, fitted
from uncertain_scale.report.figures.style import BLUE, INK, MUTED, ORANGE, RULE, SKY, styled
from uncertain_scale.report.numbers import quantity_text, scale_for, with_powers
from uncertain_scale.report.rows import intervals_of
from uncertain_scale.units.labels import label_of, shown_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.inputs import Prior
    from uncertain_scale.report.document import Document
    from uncertain_scale.units.aliases import FloatArray

_WIDTH, _HEIGHT = 260.0, 126.0
_MARGIN = 10.0
_GAP = 14.0
_TOP, _BASE = 40.0, 82.0
_PAST = 0.02
_CENTRAL = (0.005, 0.995)
_CELLS, _COARSE = 40, 16
_MANY = 100
_POINTS = 4
_SMALL = 1e-290
_DECADES = 1.5
_NONE = 1e-6
_PRIOR_HEIGHT = 118.0
_PRIOR_TOP, _PRIOR_BASE = 38.0, 78.0


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
    sheet = Sheet(columns * (_WIDTH + _GAP) - _GAP, rows * (_HEIGHT + _GAP) - _GAP)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        panel = sheet.part(column * (_WIDTH + _GAP), row * (_HEIGHT + _GAP), _WIDTH, _HEIGHT)
        _draw_panel(panel, document, name)
    text = ". ".join(in_brief(document, name) for name in names)
    sheet.figure.set_label(f"Densities and intervals. {text}.")
    return sheet.figure


def _draw_shape(  # noqa: PLR0913 (where it stands and how it looks)
    panel: Sheet, shape: Shape, axis: Axis, *, top: float, base: float, colour: str = SKY
) -> None:
    """Draw a density as an area, and point masses as sticks as high as they are probable."""
    width = panel.width - 2 * _MARGIN
    heaviest = max((share for _, share in shape.atoms), default=0.0)
    if shape.smooth:
        xs, density = shape.curve()
        # Beside point masses a density has no common scale with them: it is kept half as high.
        reach = (base - top) * (0.55 if heaviest > 0 else 1.0)
        along = _MARGIN + width * np.array([axis.place(float(x)) for x in xs])
        up = base - reach * density
        outline_x = np.concatenate([[along[0]], along, [along[-1]]])
        outline_y = np.concatenate([[base], up, [base]])
        panel.area(outline_x, outline_y, colour=colour, opacity=0.45)
        panel.line(along, up, colour=BLUE, width=1.2)
    for value, share in shape.atoms:
        x = _MARGIN + width * axis.place(value)
        y = base - (base - top) * share / heaviest
        tip = f"exactly {axis.write(value)}: {share:.3g} of the probability"
        panel.line([x, x], [base, y], colour=ORANGE, width=2.5, tip=tip)


def _draw_axis(panel: Sheet, axis: Axis, *, y: float) -> None:
    """Draw an axis with its ticks and units below it."""
    width = panel.width - 2 * _MARGIN
    panel.line([_MARGIN, _MARGIN + width], [y, y], colour=RULE, width=0.8)
    for value, words in axis.ticks():
        x = _MARGIN + width * axis.place(value)
        panel.line([x, x], [y, y + 3], colour=MUTED, width=0.8)
        panel.text(x, y + 13, words, size=9, colour=MUTED, align="center")
    if axis.units:
        panel.text(panel.width / 2, y + 26, axis.units, size=9, colour=MUTED, align="center")


def _draw_panel(panel: Sheet, document: Document, name: str) -> None:
    output = as_shown(document, name)
    brief = interval_in_words(output, document["probs"][0])
    panel.text(0, 11, fitted(label_of(name), panel.width, 10.5, bold=True), size=10.5, bold=True)
    panel.text(0, 26, fitted(with_powers(brief), panel.width, 9.5), size=9.5)
    shape = shape_of_output(output, document["chains"] * document["draws"])
    if shape is None:
        panel.text(0, 58, "one value in every draw: no density", size=9, colour=MUTED)
        return
    probs = sorted(document["probs"], reverse=True)
    pieces = [intervals_of(output, "eti", prob)[0] for prob in probs]
    axis = _axis(output, shape, pieces)
    _draw_shape(panel, shape, axis, top=_TOP, base=_BASE)
    width = panel.width - 2 * _MARGIN
    for number, piece in enumerate(pieces):
        ends = [_MARGIN + width * axis.place(piece[end]) for end in ("low", "high")]
        half = 1.0 + 2.5 * number / max(len(pieces) - 1, 1)
        text = with_powers(interval_in_words(output, piece["prob"], median=False))
        panel.bar(ends[0], 90 - half, ends[1], 90 + half, colour=BLUE, opacity=0.75, tip=text)
    middle = _MARGIN + width * axis.place(output["median"])
    panel.line([middle, middle], [_BASE - 2, 95], colour=INK, width=1.6)
    _draw_axis(panel, axis, y=97)


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


@dataclass(frozen=True)
class Shape:
    """Masses between edges, and point masses apart from them.

    Parameters
    ----------
    edges, masses
        Shapes (cell + 1,) and (cell,); the masses are those of what has a density.
    log
        Whether the edges are evenly spaced in logarithms.
    atoms
        Values that have a probability of their own, with it, in ascending order.
    """

    edges: FloatArray
    masses: FloatArray
    log: bool
    atoms: tuple[tuple[float, float], ...] = ()

    @property
    def smooth(self) -> bool:
        """Whether any of it has a density."""
        return bool(self.masses.sum() > _NONE)

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Return values and the density on the axis, 1 at its highest.

        The curve is a monotone cubic through the cells' densities at their middles, so that it has
        no bump that the cells have not.
        """
        at = np.log(self.edges) if self.log else self.edges
        middles = (at[1:] + at[:-1]) / 2
        inside = np.maximum(1.5 * self.masses[[0, -1]] - 0.5 * self.masses[[1, -2]], 0.0)
        places = np.concatenate([at[:1], middles, at[-1:]])
        heights = np.concatenate([inside[:1], self.masses, inside[1:]])
        fine = np.linspace(at[0], at[-1], _POINTS * self.masses.size + 1)
        density = np.maximum(monotone_cubic(places, heights, fine), 0.0)
        return (np.exp(fine) if self.log else fine), density / density.max()


def monotone_cubic(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Return a smooth curve through points that rises and falls only where they do.

    It is scipy's `PchipInterpolator`, without the 0.15 s that importing scipy.interpolate takes.

    Parameters
    ----------
    x, y
        At least three points, `x` ascending.
    at
        Where the curve is wanted, between the first and the last of `x`.

    References
    ----------
    Fritsch and Butland (1984), doi:10.1137/0905021; Moler (2004), Numerical Computing with MATLAB,
    section 3.4, for the slopes at both ends.
    """
    if x[-1] - x[0] < _SMALL:  # where slopes are no numbers
        x, at = x / (x[-1] - x[0]), at / (x[-1] - x[0])
    step = np.diff(x)
    rise = np.diff(y) / step
    before, after = rise[:-1], rise[1:]
    first, second = step[:-1] + 2 * step[1:], 2 * step[:-1] + step[1:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inner = (first + second) / (first / before + second / after)
    inner = np.where(before * after > 0, inner, 0.0)
    ends = (_end_slope(*step[:2], *rise[:2]), _end_slope(*step[:-3:-1], *rise[:-3:-1]))
    slope = np.concatenate([ends[:1], inner, ends[1:]])
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, step.size - 1)
    t = (at - x[k]) / step[k]
    bent = (slope[k] - rise[k]) * (1 - t) + (rise[k] - slope[k + 1]) * t
    return np.asarray(y[k] + step[k] * t * (rise[k] + (1 - t) * bent))


def _end_slope(near: float, far: float, rise: float, next_rise: float) -> float:
    slope = ((2 * near + far) * rise - near * next_rise) / (near + far)
    if slope * rise <= 0:
        return 0.0
    return 3 * rise if rise * next_rise <= 0 and abs(slope) > 3 * abs(rise) else slope


def shape_of_output(output: dict[str, Any], draws: int) -> Shape | None:
    """Return the shape of an output of a report with so many draws; None for a constant."""
    if output["constant"]:
        return None
    counted = output["histogram"]
    edges, counts = (np.array(counted[key], dtype=float) for key in ("edges", "counts"))
    atoms = tuple((float(a["value"]), float(a["share"])) for a in counted["atoms"])
    return Shape(edges, _without(edges, counts / draws, atoms), counted["log"], atoms)


def shape_of_prior(prior: Prior) -> Shape | None:
    """Return the shape of a prior by its own distribution function; None for a constant."""
    low, high = (float(end) for end in prior.ppf(np.array(_CENTRAL)))
    values, shares = prior.distribution.atoms()
    atoms = tuple(
        (float(value) * prior.factor, float(share))
        for value, share in zip(values, shares, strict=True)
    )
    cells = _CELLS
    if len(atoms) > _MANY:  # an observed sample, of something that has a density
        atoms, cells = (), _COARSE
    if not low < high:
        if len(atoms) < 2:
            return None
        low, high = atoms[0][0], atoms[-1][0]
    log = bool(low > 0 and np.log10(high / low) > _DECADES)
    edges = np.geomspace(low, high, cells + 1) if log else np.linspace(low, high, cells + 1)
    below = prior.distribution.cdf(edges / prior.factor)
    # The lowest edge may carry a point mass, which a difference of cdfs leaves out already.
    inner = tuple(one for one in atoms if low < one[0] <= high)
    masses = np.maximum(_without(edges, np.diff(below), inner), 0.0)
    return Shape(edges, masses, log, atoms)


def _without(
    edges: FloatArray, masses: FloatArray, atoms: tuple[tuple[float, float], ...]
) -> FloatArray:
    """Return cells' masses less what point masses put into them."""
    left = masses.copy()
    for value, share in atoms:
        if edges[0] <= value <= edges[-1]:
            cell = min(max(int(np.searchsorted(edges, value, side="left")) - 1, 0), left.size - 1)
            left[cell] -= share
    return np.where(left > _NONE, left, 0.0)


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
    height = _PRIOR_HEIGHT if titles else _PRIOR_HEIGHT - 32
    sheet = Sheet(columns * (_WIDTH + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        panel = sheet.part(column * (_WIDTH + _GAP), row * (height + _GAP), _WIDTH, height)
        if titles:
            panel.text(0, 11, fitted(label_of(name), _WIDTH, 10.5, bold=True), size=10.5, bold=True)
            words = with_powers(_belief_in_words(priors[name]))
            panel.text(0, 26, fitted(words, _WIDTH, 9.5), size=9.5)
        _draw_prior(panel, priors[name], shift=0 if titles else -32)
    text = ". ".join(f"{label_of(name)}: {_belief_in_words(priors[name])}" for name in names)
    sheet.figure.set_label(f"Beliefs about inputs. {text}.")
    return sheet.figure


def _belief_in_words(prior: Prior) -> str:
    """Write a prior's median with its 5% and 95%, or its one value."""
    low, median, high = map(float, prior.ppf(np.array([0.05, 0.5, 0.95])))
    scale = scale_for([median, low, high], shown_units(prior.name, prior.model_units))
    middle = quantity_text(scale.write(median, exact=True), scale.units)
    if low == high:
        return middle
    ends = " to ".join(scale.write(value, exact=True) for value in (low, high))
    return f"{middle} (5% to 95%: {ends})"


def _draw_prior(panel: Sheet, prior: Prior, shift: float) -> None:
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
    units = shown_units(prior.name, prior.model_units)
    axis = axis_for(start, stop, units, middle=middle, log=log)
    _draw_shape(panel, shape, axis, top=_PRIOR_TOP + shift, base=_PRIOR_BASE + shift)
    width = panel.width - 2 * _MARGIN
    at_low, at, at_high = (_MARGIN + width * axis.place(value) for value in (low, median, high))
    y = _PRIOR_BASE + shift + 5
    panel.bar(at_low, y - 2, at_high, y + 2, colour=BLUE, opacity=0.8, tip=_belief_in_words(prior))
    panel.line([at, at], [y - 6, y + 5], colour=INK, width=1.6)
    _draw_axis(panel, axis, y=_PRIOR_BASE + shift + 11)
