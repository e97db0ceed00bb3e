"""Piecewise polynomials in the normal score that stand in for a slow quantile function.

The function is one that is smooth in z = z(u) (a log, logit or asinh of the quantile). It is
interpolated at Chebyshev nodes on equal pieces of z, finer ones until the error on a grid between
the nodes is below a tolerance. Pieces that never get there, and what lies outside, are left to the
exact function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["REACH", "Expansion", "expand"]

REACH = 8.5
"""Normal scores within plus and minus this are expanded: u from 1e-17 to 1 - 1e-17."""
_CHUNK = 8192


@dataclass(frozen=True, eq=False)
class Expansion:
    """A function of z on [-REACH, REACH].

    Parameters
    ----------
    coefficients
        Shape (degree + 1, pieces), of powers of the place within a piece, from -1/2 to 1/2.
    good
        Shape (pieces,): whether the error of the piece is below the tolerance.
    error
        The largest error seen between the nodes of good pieces.
    """

    coefficients: FloatArray
    good: npt.NDArray[np.bool_]
    error: float

    def __call__(self, z: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Return values at flat z, and the indices of those that are not to be trusted."""
        pieces = self.good.size
        inside = np.abs(z) < REACH  # NaN is not
        z = np.where(inside, z, 0.0)
        place = (z + REACH) * (pieces / (2 * REACH))
        piece = place.astype(np.intp)
        place -= piece
        place -= 0.5
        value = self.coefficients[-1].take(piece, mode="clip")
        for row in self.coefficients[-2::-1]:
            value *= place
            value += row.take(piece, mode="clip")
        doubtful = ~inside
        if not self.good.all():
            doubtful |= ~self.good.take(piece, mode="clip")
        return value, np.flatnonzero(doubtful)


def expand(
    function: Callable[[FloatArray], FloatArray],
    tolerance: float = 1e-9,
    *,
    by_range: bool = False,
    degree: int = 5,
    pieces: tuple[int, int] = (64, 2048),
) -> Expansion:
    """Fit a function of the normal score.

    Parameters
    ----------
    function
        Vectorised; smooth almost everywhere.
    tolerance
        Absolute error that a piece may have, as a relative error is one in the logarithm.
    by_range
        Whether the tolerance is a part of the function's range in the piece instead, so that it is
        one of the probability rather than of the value.
    degree
        Of the polynomials; higher ones need fewer pieces, and longer to evaluate.
    pieces
        The coarsest and the finest division that are tried.

    Examples
    --------
    >>> fitted = expand(np.tanh)
    >>> values, doubtful = fitted(np.array([0.3, 9.0]))
    >>> abs(values[0] - np.tanh(0.3)) < 1e-9, doubtful.tolist()
    (np.True_, [1])
    """

    def allowed(values: FloatArray) -> FloatArray:
        if not by_range:
            return np.full(values.shape[1:], tolerance)
        rounding = 8 * np.finfo(float).eps * np.abs(values).max(axis=0)
        return np.asarray(tolerance * np.ptp(values, axis=0) + rounding)

    count, finest = pieces
    while True:
        fitted = _fit(function, count, degree, allowed)
        if fitted.good.all() or count >= finest:
            return fitted
        count *= 2


def _fit(
    function: Callable[[FloatArray], FloatArray],
    pieces: int,
    degree: int,
    allowed: Callable[[FloatArray], FloatArray],
) -> Expansion:
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) / 2
    between = np.cos(np.pi * np.arange(degree + 2) / (degree + 1)) / 2
    width = 2 * REACH / pieces
    middles = -REACH + width * (np.arange(pieces) + 0.5)
    with np.errstate(all="ignore"):
        samples = function((middles + width * nodes[:, None]).ravel()).reshape(-1, pieces)
        coefficients = np.linalg.solve(np.vander(nodes, increasing=True), samples)
        checks = function((middles + width * between[:, None]).ravel()).reshape(-1, pieces)
        guesses = np.vander(between, degree + 1, increasing=True) @ coefficients
        errors = np.abs(guesses - checks).max(axis=0)
        good = errors < allowed(checks)
    worst = float(errors[good].max()) if good.any() else 0.0
    return Expansion(np.ascontiguousarray(coefficients), good, worst)


def in_chunks(function: Callable[[FloatArray], FloatArray], u: FloatArray) -> FloatArray:
    """Apply an elementwise function piece by piece, so that its scratch stays in the cache."""
    flat = u.ravel()
    if flat.size <= _CHUNK:
        return function(flat).reshape(u.shape)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _CHUNK):
        result[start : start + _CHUNK] = function(flat[start : start + _CHUNK])
    return result.reshape(u.shape)
