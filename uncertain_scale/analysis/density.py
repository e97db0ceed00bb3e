"""A smooth density fitted to draws: the log of it is a spline, by maximum likelihood.

The fit sees draws only through averages of splines. So it moves like an average: at the rate of the
root of the number of draws for random designs, faster for Latin hypercubes and Sobol' nets, and the
chains' averages tell its error through the fit's derivative. A shortest interval of raw draws has
neither property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.cells import DEGREE, NODE_WEIGHTS, NODES
from uncertain_scale.analysis.monte_carlo_error import spread
from uncertain_scale.analysis.splines import SplineCurve, spline_basis

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.analysis.cells import Cells
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["SmoothDensity"]

# Settles what no draws decide, in gaps between clusters; of no weight elsewhere.
_RIDGE = 1e-10
_MOST_STEPS = 60
_CONVERGED = 1e-15


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
        density = np.exp(self.log_density(nodes)) * NODE_WEIGHTS
        rest = half[:, None] * np.einsum("ij,ijk->ik", density, self.basis(nodes))
        about = self._basis_below[cell] + rest - self.cdf(y)[:, None] * self._average
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
        for _ in range(_MOST_STEPS):
            average, curvature = self._moments(mass)
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
        self._curve = SplineCurve(self._joins, coefficients, DEGREE)
        self._log_total, self.mass = total, mass
        self._average, self._curvature = self._moments(mass)

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
        # Adding a constant to the spline changes no density: that direction is pinned.
        pinned = np.full((self.size, self.size), 1 / self.size) + 1e-13 * np.eye(self.size)
        return average, curvature + self._penalty + pinned

    def _rest_of_cell(self, y: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
        """Return the cell of each y, half its distance from the cell's edge, nodes between."""
        edges = self.cells.edges
        cell = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, edges.size - 2)
        half = (y - edges[cell]) / 2
        return cell, half, edges[cell][:, None] + half[:, None] * (1 + NODES)
