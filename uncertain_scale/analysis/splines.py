"""B-splines: all that fits of densities need of them, without the import of scipy.interpolate."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["SplineCurve", "spline_basis"]


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
    padded = _repeat_ends(knots, degree)
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


def _repeat_ends(knots: FloatArray, degree: int) -> FloatArray:
    return np.concatenate([[knots[0]] * degree, knots, [knots[-1]] * degree])
