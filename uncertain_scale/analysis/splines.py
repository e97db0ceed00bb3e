"""B-splines: all that fits of densities need of them, without the import of scipy.interpolate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["spline_basis", "spline_slope"]


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


def spline_slope(
    y: FloatArray, knots: FloatArray, coefficients: FloatArray, degree: int
) -> FloatArray:
    """Return the derivative of the spline with these coefficients at y."""
    padded = _repeat_ends(knots, degree)
    steps = padded[degree + 1 : -1] - padded[1 : -degree - 1]
    slopes = degree * np.diff(coefficients) / steps
    return np.asarray(spline_basis(y, knots, degree - 1) @ slopes)


def _repeat_ends(knots: FloatArray, degree: int) -> FloatArray:
    return np.concatenate([[knots[0]] * degree, knots, [knots[-1]] * degree])
