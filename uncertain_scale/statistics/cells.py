"""Draws as fits of densities take them: in a smooth coordinate, as moments in some hundred cells.

Budgets and FLOP spread over factors, so their logs have plain densities; heavy tails on both sides
are tamed by an arcsinh, which is linear in the middle and logarithmic outside. A spline's average
over draws costs no more than over the cells: each cell's draws are replaced by a few weighted nodes
with the same moments, so that averages of piecewise quintics stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uncertain_scale.statistics.tails import far_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.statistics.sketch import AnyDraws, Table
    from uncertain_scale.units.aliases import FloatArray

_WIDE = 2.0  # a factor between the 1% and 99% quantiles from which on logs are taken
_HEAVY = 5.0  # 98% range over interquartile range; 3.4 for a normal

# Quintics miss by h^6 where cubics miss by h^4: a refinement then shows the coarser fit's error.
DEGREE = 5
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(DEGREE + 1)
_BIN_NODES, _BIN_WEIGHTS = np.polynomial.legendre.leggauss(3)
_BIN_WEIGHTS = _BIN_WEIGHTS / 2
_FROM_MOMENTS = np.linalg.inv(np.vander(NODES, increasing=True).T)

_CELLS = 128  # between the farthest knots
_FEWEST = 20  # draws between knots
_SCORES = 4.5  # normal scores between which cells are laid
_CORE = 0.002  # share of draws on either side that has no say in how wide the core is
_TAIL_PIECES = 8  # into which the first and last cells, which hold the tails, are cut
_TAIL_SHARE, _TAIL_DRAWS = 0.05, 200  # draws by which the far ends are found
_BEYOND = 1e-3  # draws expected beyond the far ends
_FAR = 700.0  # from where cosh(y) is exp(abs(y))/2 to the bit


@dataclass(frozen=True)
class Coordinate:
    """An increasing map from draws x to y, with y of the order of one.

    Parameters
    ----------
    kind
        linear: x = centre + scale y; log: x = centre exp(scale y), with a negative centre and
        scale for negative draws; arcsinh: x = centre + scale sinh(y).
    centre, scale
        Numbers of that formula.
    """

    kind: Literal["linear", "log", "arcsinh"]
    centre: float
    scale: float

    def forward(self, x: FloatArray) -> FloatArray:
        """Return y of x."""
        if self.kind == "log":
            return np.asarray(np.log(x / self.centre) / self.scale)
        y = (x - self.centre) / self.scale
        return np.asarray(y if self.kind == "linear" else np.arcsinh(y))

    def back(self, y: FloatArray) -> FloatArray:
        """Return x of y."""
        if self.kind == "log":
            return np.asarray(self.centre * np.exp(self.scale * y))
        return np.asarray(self.centre + self.scale * (y if self.kind == "linear" else np.sinh(y)))

    def log_stretch(self, y: FloatArray) -> FloatArray:
        """Return log(dx/dy)."""
        if self.kind == "log":
            return np.asarray(np.log(self.centre * self.scale) + self.scale * y)
        flat = np.full_like(y, np.log(self.scale))
        if self.kind == "linear":
            return flat
        far = np.maximum(np.abs(y) - _FAR, 0)  # where cosh leaves the range of numbers
        return np.asarray(flat + np.log(np.cosh(np.clip(y, -_FAR, _FAR))) + far)

    def log_stretch_slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative of log(dx/dy) by y."""
        if self.kind == "log":
            return np.full_like(y, self.scale)
        return np.zeros_like(y) if self.kind == "linear" else np.tanh(y)


def choose_coordinate(pooled: FloatArray) -> Coordinate:
    """Choose by sign and spread.

    Parameters
    ----------
    pooled
        Draws in ascending order, at least two of them different.

    Examples
    --------
    >>> choose_coordinate(np.geomspace(1, 1000, 50)).kind
    'log'
    >>> choose_coordinate(np.linspace(-1, 1, 50)).kind
    'linear'
    """
    places = np.array([0.01, 0.25, 0.5, 0.75, 0.99]) * (pooled.size - 1)
    q01, q25, q50, q75, q99 = map(float, pooled[places.astype(int)])
    scale = (q75 - q25) / 1.349 or (q99 - q01) / 4.6 or float(pooled[-1] - pooled[0])
    if (pooled[0] > 0 and q99 > _WIDE * q01) or (pooled[-1] < 0 and q01 < _WIDE * q99):
        return Coordinate("log", q50, float(np.log(q75 / q25) / 1.349 or np.log(q99 / q01) / 4.6))
    if q99 - q01 > _HEAVY * (q75 - q25):
        return Coordinate("arcsinh", q50, scale)
    return Coordinate("linear", q50, scale)


@dataclass(frozen=True)
class Cells:
    """Draws of a continuous distribution, binned.

    Parameters
    ----------
    edges
        Ascending ends of the cells, shape (cell + 1,).
    knots
        Those edges that a spline of the finest level may have as knots.
    nodes, lengths
        Points in the cells, and how much of the line each stands for (Gauss-Legendre).
    weights
        Shape (chain, node): averages over a chain's draws are `weights @ function(nodes)`, exact
        for polynomials of degree 5 in a cell. They sum to the chain's share of draws over the
        pooled share, which is 1 on average.
    shares
        Share of a chain's draws that are here and not in point masses, shape (chain,).
    grain
        Number of different values, where draws repeat so often that those limit what can be seen.
    """

    edges: FloatArray
    knots: FloatArray
    nodes: FloatArray
    lengths: FloatArray
    weights: FloatArray
    shares: FloatArray
    grain: float = np.inf


def lay_cells(draws: AnyDraws, coordinate: Coordinate, *, grain: float = np.inf) -> Cells:
    """Lay cells over the draws that are not at atoms, and take the moments of each.

    Parameters
    ----------
    draws
        Draws of one output.
    coordinate
        In which the draws are smooth.
    grain
        See `Cells`.
    """
    table = draws.continuous
    size = int(table.sizes.sum())
    least, greatest = (float(tail[0]) for tail in extremes(draws, 0))
    # A bin may begin at 0, whose atom was taken out; the draws left do not, and 0 has no log.
    nearest = least if coordinate.centre > 0 else greatest
    with_log = np.where(table.edges * np.sign(nearest) > 0, table.edges, nearest)
    ends = coordinate.forward(with_log if coordinate.kind == "log" else table.edges)

    def quantile(below: FloatArray) -> FloatArray:
        return coordinate.forward(table.at(below))

    fine = _graded(quantile, size, _CELLS)
    coarse = _graded(quantile, size, max(4, int(grain / 40))) if grain < 40 * _CELLS else fine
    # Cells end where bins do, so that no bin is in two.
    fine, coarse = (_nearest(ends, edges) for edges in (fine, coarse))
    knots = _thin(coarse, np.interp(coarse, ends, table.below[: ends.size]), size)
    farthest = int(min(_TAIL_SHARE * size, _TAIL_DRAWS))
    lower, upper = (coordinate.forward(tail) for tail in extremes(draws, farthest))
    knots[0] = -far_end(-lower[::-1], lower.size - 1, _BEYOND)
    knots[-1] = far_end(upper, upper.size - 1, _BEYOND)
    first = np.linspace(knots[0], knots[1], _TAIL_PIECES + 1)[1:-1]
    last = np.linspace(knots[-2], knots[-1], _TAIL_PIECES + 1)[1:-1]
    inner = np.concatenate([first, last, fine[(fine > knots[1]) & (fine < knots[-2])]])
    edges = np.unique(np.concatenate([knots, _nearest(ends, inner)]))
    edges = edges[(edges >= knots[0]) & (edges <= knots[-1])]
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    by_cell = _moments(table, ends, edges) * (
        (table.sizes.sum() / size) / (draws.table.sizes * (size / draws.size))
    ).reshape(-1, 1, 1)
    return Cells(
        edges=edges,
        knots=knots,
        nodes=(middle[:, None] + half[:, None] * NODES).ravel(),
        lengths=(half[:, None] * NODE_WEIGHTS).ravel(),
        weights=(by_cell @ _FROM_MOMENTS.T).reshape(len(by_cell), -1),
        shares=table.sizes / draws.table.sizes,
        grain=grain,
    )


def extremes(draws: AnyDraws, count: int) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest draws that are not at atoms, `count` + 1 of each."""
    if not draws.atoms.values.size:
        return draws.lowest(count + 1), draws.highest(count + 1)
    table, below = draws.continuous, np.linspace(0.5, count + 0.5, count + 1)
    return table.at(below), table.at(table.sizes.sum() - below[::-1])


def _moments(table: Table, ends: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the sums of powers of draws' places in their cells, shape (group, cell, power)."""
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    within = (ends[1:] + ends[:-1]) / 2
    cell = np.clip(np.searchsorted(edges, within, side="right") - 1, 0, middle.size - 1)
    # Averages of powers over a bin, exact for quintics.
    points = within[:, None] + np.diff(ends)[:, None] / 2 * _BIN_NODES
    place = np.clip((points - middle[cell, None]) / half[cell, None], -1, 1)
    powers = np.empty((place.shape[0], DEGREE + 1))
    power = np.ones_like(place)
    for k in range(DEGREE + 1):
        powers[:, k] = power @ _BIN_WEIGHTS
        power *= place
    filled, starts = np.unique(cell, return_index=True)
    stops = np.append(starts[1:], cell.size)
    counts = table.counts.astype(float)
    sums = np.zeros((len(counts), middle.size, DEGREE + 1))
    for number, start, stop in zip(filled, starts, stops, strict=True):
        sums[:, number] = counts[:, start:stop] @ powers[start:stop]
    return sums


def _nearest(ends: FloatArray, edges: FloatArray) -> FloatArray:
    """Move edges to the nearest ends of bins, those beyond all bins apart."""
    right = np.clip(np.searchsorted(ends, edges), 1, ends.size - 1)
    low, high = ends[right - 1], ends[right]
    near = np.where(edges - low < high - edges, low, high)
    return np.where((edges > ends[0]) & (edges < ends[-1]), near, edges)


def _graded(quantile: Callable[[FloatArray], FloatArray], size: int, count: int) -> FloatArray:
    """Return points spaced evenly half by normal score and half by distance."""
    from scipy.special import ndtr

    scores = np.linspace(-_SCORES, _SCORES, 2001)
    values = quantile(np.clip(ndtr(scores) * size, 0.5, size - 0.5))
    low, high = quantile(np.array([_CORE, 1 - _CORE]) * size + 0.5)
    mixed = scores / 6 + (values - low) / (high - low)
    return np.asarray(np.interp(np.linspace(mixed[0], mixed[-1], count + 1), mixed, values))


def _thin(edges: FloatArray, before: FloatArray, size: int) -> FloatArray:
    """Drop edges until enough draws are left between every two."""
    kept, last = [0], 0.0
    for number in range(1, edges.size - 1):
        if before[number] - last >= _FEWEST and size - before[number] >= _FEWEST:
            kept.append(number)
            last = float(before[number])
    return np.asarray(edges[[*kept, edges.size - 1]])
