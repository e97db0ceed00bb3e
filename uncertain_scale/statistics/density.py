"""A smooth density fitted to draws, a log spline by maximum likelihood, and its real valleys.

The fit sees draws only through averages of splines. So it moves like an average: at the rate of the
root of the number of draws for random designs, faster for Latin hypercubes and Sobol' nets, and the
chains' averages tell its error through the fit's derivative. A shortest interval of raw draws has
neither property. B-splines are written out here: scipy.interpolate is slow to import.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.statistics.cells import DEGREE, NODE_WEIGHTS, NODES
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from uncertain_scale.statistics.cells import Cells
    from uncertain_scale.units.aliases import FloatArray

# Settles what no draws decide, in gaps between clusters; of no weight elsewhere.
_RIDGE = 1e-10
_MOST_STEPS = 60
_CONVERGED = 1e-15

# In standard errors. A t with 15 degrees of freedom exceeds it once in a hundred thousand.
_REAL = 6.0
_DEEP = 0.1  # in log density; a shallower valley is none, however sure
_MATERIAL = 1e-3  # a peak with less probability between the valleys beside it is none


def spline_basis(y: FloatArray, knots: FloatArray, degree: int) -> FloatArray:
    """Return all B-splines at y.

    Parameters
    ----------
    y
        Places, of any shape. Beyond the ends, the outermost pieces go on.
    knots
        Where the pieces join, the ends included, ascending, shape (piece + 1,).
    degree
        Of the pieces.

    Returns
    -------
    array of shape (*y.shape, piece + degree)

    References
    ----------
    de Boor (1978), A practical guide to splines, chapter X.

    Examples
    --------
    >>> spline_basis(np.array([0.5]), np.array([0.0, 1.0]), 2).tolist()
    [[0.25, 0.5, 0.25]]
    """
    flat = np.asarray(y, dtype=float).ravel()
    pieces = knots.size - 1
    piece = np.clip(np.searchsorted(knots, flat, side="right") - 1, 0, pieces - 1)
    padded = np.concatenate([[knots[0]] * degree, knots, [knots[-1]] * degree])
    at = piece + degree
    steps = np.arange(1, degree + 1)[:, None]
    right, left = padded[at + steps] - flat, flat - padded[at + 1 - steps]
    values = np.ones((1, flat.size))
    for order in range(1, degree + 1):
        ahead, behind = right[:order], left[:order][::-1]
        values /= ahead + behind
        grown = np.zeros((order + 1, flat.size))
        grown[:-1] = ahead * values
        grown[1:] += behind * values
        values = grown
    basis = np.zeros((flat.size, pieces + degree))
    basis[np.arange(flat.size)[:, None], piece[:, None] + np.arange(degree + 1)] = values.T
    return basis.reshape(*np.shape(y), pieces + degree)


class SplineCurve:
    """A spline as a polynomial a piece, which is many times faster to evaluate than its basis.

    Parameters
    ----------
    knots
        As in `spline_basis`.
    coefficients
        Of the B-splines, shape (piece + degree,).
    degree
        Of the pieces.

    Examples
    --------
    >>> parabola = SplineCurve(np.array([0.0, 1.0]), np.array([0.0, 0.0, 1.0]), 2)
    >>> half = np.array([0.5])
    >>> parabola(half).round(12).tolist(), parabola.slope(half).round(12).tolist()
    ([0.25], [1.0])
    """

    def __init__(self, knots: FloatArray, coefficients: FloatArray, degree: int) -> None:
        self._knots = knots
        self._middle = (knots[:-1] + knots[1:]) / 2
        self._half = np.diff(knots) / 2
        places, to_powers = _nodes(degree)
        y = self._middle[:, None] + self._half[:, None] * places
        # By power of the place in a piece, -1 at its start and 1 at its end, then by piece.
        self._powers = to_powers @ (spline_basis(y, knots, degree) @ coefficients).T

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return the spline at y; beyond the ends, the outermost pieces go on."""
        piece, place = self._place(y)
        return _horner(self._powers[:, piece], place)

    def slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative at y."""
        piece, place = self._place(y)
        order = np.arange(1, len(self._powers))
        slopes = (order[:, None] * self._powers[1:] / self._half)[:, piece]
        return _horner(slopes, place)

    def _place(self, y: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
        piece = self._knots[1:-1].searchsorted(y, side="right")
        return piece, (y - self._middle[piece]) / self._half[piece]


def _horner(powers: FloatArray, x: FloatArray) -> FloatArray:
    value = powers[-1]
    for power in powers[-2::-1]:
        value = value * x + power
    return np.asarray(value)


@lru_cache
def _nodes(degree: int) -> tuple[FloatArray, FloatArray]:
    """Return Legendre nodes, and what turns a polynomial's values there into its powers."""
    nodes = np.polynomial.legendre.leggauss(degree + 1)[0]
    return nodes, np.asarray(np.linalg.inv(np.vander(nodes, increasing=True)), dtype=float)


class SmoothDensity:
    """Density exp(spline) of draws in cells.

    Parameters
    ----------
    cells
        The draws.
    knots
        Where the pieces of the spline join, the far ends included.
    start
        A coarser fit to start from.

    Attributes
    ----------
    mass : array of shape (node,)
        Probability that each of the cells' nodes stands for.
    converged : bool
        Whether the likelihood has reached its maximum.
    influence : array of shape (chain, coefficient)
        What each chain would add to the coefficients were the fit its own, to first order.

    References
    ----------
    Kooperberg and Stone (1991), A study of logspline density estimation,
    doi:10.1016/0167-9473(91)90115-I.
    """

    def __init__(self, cells: Cells, knots: FloatArray, start: SmoothDensity | None = None) -> None:
        self.cells = cells
        self._joins = knots
        self.size = knots.size + DEGREE - 1
        self._design = self.basis(cells.nodes)
        third = np.diff(np.eye(self.size), 3, axis=0)
        self._penalty = _RIDGE * third.T @ third
        # Adding a constant to the spline changes no density: that direction is pinned.
        self._pinned = np.full((self.size, self.size), 1 / self.size) + 1e-13 * np.eye(self.size)
        by_chain = cells.weights @ self._design
        self._climb(by_chain.mean(axis=0), self._begin(start))
        # A chain's share of draws enters too: its averages are over the pooled share.
        relative = cells.shares / cells.shares.mean()
        centred = by_chain - relative[:, None] * by_chain.mean(axis=0)
        self.influence = np.linalg.solve(self._curvature, centred.T).T
        count = cells.edges.size - 1
        self._below = np.append(0.0, np.cumsum(self.mass.reshape(count, -1).sum(axis=1)))
        moved = (self.mass[:, None] * self._design).reshape(count, DEGREE + 1, -1).sum(axis=1)
        self._basis_below = np.concatenate([np.zeros((1, self.size)), np.cumsum(moved, axis=0)])

    @property
    def edges(self) -> FloatArray:
        """Ends of the cells."""
        return self.cells.edges

    def basis(self, y: FloatArray) -> FloatArray:
        """Return the B-splines at y, shape (*y.shape, coefficient)."""
        return spline_basis(y, self._joins, DEGREE)

    def log_density(self, y: FloatArray) -> FloatArray:
        """Return the log of the density at y."""
        return self._curve(y) - self._log_total

    def slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative of the log density at y."""
        return self._curve.slope(y)

    def cdf(self, y: FloatArray) -> FloatArray:
        """Return the probability below y."""
        cell, half, nodes = self._rest_of_cell(y)
        return np.asarray(
            self._below[cell] + half * (np.exp(self.log_density(nodes)) @ NODE_WEIGHTS)
        )

    def log_density_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the log density at y, shape (y, chain)."""
        return np.asarray((self.basis(y) - self._average) @ self.influence.T)

    def log_density_grain(self, y: FloatArray) -> FloatArray:
        """Return the error of the log density at y by the few different values that there are."""
        if np.isinf(self.cells.grain):
            return np.zeros_like(y)
        about = self.basis(y) - self._average
        spread = np.einsum("ij,ji->i", about, np.linalg.solve(self._curvature, about.T))
        return np.asarray(np.sqrt(spread / self.cells.grain))

    def misfit(self, check: FloatArray) -> float:
        """Return by how many standard errors the fit misses the worst of other averages.

        Parameters
        ----------
        check
            Functions at the cells' nodes, shape (node, function), such as a finer spline's basis.
        """
        cells = self.cells
        expected = self.mass @ check
        together = (self._design.T * self.mass) @ check - np.outer(self._average, expected)
        relative = cells.shares / cells.shares.mean()
        by_chain = cells.weights @ check - relative[:, None] * expected
        noise = spread(by_chain - self.influence @ together)
        variance = np.maximum(self.mass @ check**2 - expected**2, 0.0)
        noise = np.hypot(noise, np.sqrt(variance / cells.grain))
        return float(np.max(np.abs(by_chain.mean(axis=0)) / np.maximum(noise, 1e-12)))

    def cdf_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the probability below y, shape (y, chain)."""
        cell, half, nodes = self._rest_of_cell(y)
        density = np.exp(self.log_density(nodes))
        below = self._below[cell] + half * (density @ NODE_WEIGHTS)
        rest = np.einsum("ij,ijk->ik", density * NODE_WEIGHTS, self.basis(nodes))
        about = self._basis_below[cell] + half[:, None] * rest - below[:, None] * self._average
        return np.asarray(about @ self.influence.T)

    def _begin(self, start: SmoothDensity | None) -> FloatArray:
        if start is None:
            return np.zeros(self.size)
        # Weighted by the coarse fit's own mass, so that it starts where the draws are.
        weights = start.mass + 1e-6 / start.mass.size
        weighted = self._design.T * weights
        about = weighted @ self._design + 1e-12 * np.eye(self.size)
        return np.asarray(np.linalg.solve(about, weighted @ start.log_density(self.cells.nodes)))

    def _climb(self, target: FloatArray, coefficients: FloatArray) -> None:
        """Maximise the likelihood by Newton's method, halving steps that overshoot."""
        self.converged = False
        height, total, mass = self._height(target, coefficients)
        average, curvature = self._moments(mass)
        for _ in range(_MOST_STEPS):
            gradient = target - average - self._penalty @ coefficients
            step = np.linalg.solve(curvature, gradient)
            gain = float(gradient @ step)
            if gain < _CONVERGED:
                self.converged = True
                break
            length = 1.0
            trial = self._height(target, coefficients + step)
            while trial[0] < height - 1e-14 and length > 1e-4:
                length /= 2
                trial = self._height(target, coefficients + length * step)
            coefficients = coefficients + length * step
            height, total, mass = trial
            average, curvature = self._moments(mass)
        self._curve = SplineCurve(self._joins, coefficients, DEGREE)
        self._log_total, self.mass = total, mass
        self._average, self._curvature = average, curvature

    def _height(
        self, target: FloatArray, coefficients: FloatArray
    ) -> tuple[float, float, FloatArray]:
        """Return the mean log likelihood, the log of the total and each node's share of it."""
        spline = self._design @ coefficients
        top = spline.max()
        mass = np.exp(spline - top) * self.cells.lengths
        total = mass.sum()
        log_total = float(top + np.log(total))
        bend = 0.5 * float(coefficients @ self._penalty @ coefficients)
        return float(target @ coefficients) - log_total - bend, log_total, mass / total

    def _moments(self, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
        average = mass @ self._design
        curvature = (self._design.T * mass) @ self._design - np.outer(average, average)
        return average, curvature + self._penalty + self._pinned

    def _rest_of_cell(self, y: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
        """Return the cell of each y, half its distance from the cell's edge, nodes between."""
        edges = self.cells.edges
        cell = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, edges.size - 2)
        half = (y - edges[cell]) / 2
        return cell, half, edges[cell][:, None] + half[:, None] * (1 + NODES)


def fill_valleys(
    height: FloatArray,
    below: FloatArray,
    noise: Callable[[], tuple[FloatArray, FloatArray]],
    real: float = _REAL,
) -> FloatArray:
    """Fill the valleys that are not deeper than chance makes them.

    Parameters
    ----------
    height
        Log density along a grid.
    below
        Probability below each point of the grid.
    noise
        Gives, where there is a valley, what each chain adds to the log density, shape (grid,
        chain), and a further error of it, shape (grid,).
    real
        Standard errors from which a valley is none of chance.

    Returns
    -------
    array of shape (grid,)
        The heights, with immaterial peaks cut and each valley that is filled raised to the lower of
        the peaks beside it.

    Notes
    -----
    Pairs of a valley and the lower peak beside it go in the order of how sure they are, least
    first, as the branches of a merge tree do by persistence.

    Examples
    --------
    >>> height = np.array([0.0, 1.0, 0.5, 2.0, 0.0])
    >>> chains = np.array([[0, 0], [1, -1], [0, 0], [-1, 1], [0, 0]])
    >>> fill_valleys(height, np.linspace(0, 1, 5), lambda: (chains, np.zeros(5))).tolist()
    [0.0, 1.0, 1.0, 2.0, 0.0]
    """
    height = _cut_peaks(height, below)
    filled = height.copy()
    peaks, valleys = _extremes(height)
    influence, grain = noise() if valleys else (height, height)
    while valleys:
        beside = [
            peak if height[peak] <= height[other] else other for peak, other in pairwise(peaks)
        ]
        certainty = [
            _certainty(height, influence, grain, peak, slice(left + 1, right))
            for peak, (left, right) in zip(beside, pairwise(peaks), strict=True)
        ]
        least = int(np.argmin(certainty))
        if certainty[least] >= real:
            break
        left, right, level = peaks[least], peaks[least + 1], height[beside[least]]
        between = filled[left : right + 1]
        np.maximum(between, level, out=between)
        peaks.remove(beside[least])
        del valleys[least]
    return filled


def _certainty(
    height: FloatArray, influence: FloatArray, grain: FloatArray, peak: int, between: slice
) -> float:
    """Return how surely, in standard errors, some place is lower than a peak."""
    depth = height[peak] - height[between]
    error = np.hypot(
        spread(influence[peak] - influence[between], axis=1),
        np.hypot(grain[peak], grain[between]),
    )
    return float(np.max(np.where(depth > _DEEP, depth / np.maximum(error, 1e-9), 0.0)))


def _cut_peaks(height: FloatArray, below: FloatArray) -> FloatArray:
    """Cut peaks that hold next to no probability down to the higher valley beside them."""
    height = height.copy()
    while True:
        _, valleys = _extremes(height)
        bounds = [0, *valleys, height.size - 1]
        masses = np.diff(below[bounds])
        least = int(np.argmin(masses))
        if not valleys or masses[least] >= _MATERIAL:
            return height
        around = valleys[max(least - 1, 0) : least + 1]
        basin = height[bounds[least] : bounds[least + 1] + 1]
        np.minimum(basin, height[around].max(), out=basin)


def _extremes(height: FloatArray) -> tuple[list[int], list[int]]:
    """Return the places of the peaks and of the valleys between them."""
    firsts = np.flatnonzero(np.append(True, np.diff(height) != 0))
    padded = np.concatenate([[-np.inf], height[firsts], [-np.inf]])
    rise = np.sign(np.diff(padded))
    peaks = firsts[(rise[:-1] > 0) & (rise[1:] < 0)]
    valleys = firsts[(rise[:-1] < 0) & (rise[1:] > 0)]
    return peaks.tolist(), valleys.tolist()
