"""The shape of a distribution as a figure draws it: masses between edges, and point masses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.inputs import Prior
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Shape", "shape_of_output", "shape_of_prior"]

_CENTRAL = (0.005, 0.995)
_CELLS, _COARSE = 40, 16
_MANY = 100
_POINTS = 4
_SMALL = 1e-290
_DECADES = 1.5
_NONE = 1e-6


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
    """Return the shape of one output of a report; None for a constant.

    Parameters
    ----------
    output
        One of the `outputs` of what `report_document` returns.
    draws
        Number of draws that it is made of.
    """
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
