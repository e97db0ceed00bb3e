"""The kind `quantiles`: a smooth monotone distribution through any two or more given quantiles."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from typing_extensions import override

from uncertain_scale.inputs.distributions.continuous import score
from uncertain_scale.inputs.distributions.inversion import increasing_roots
from uncertain_scale.inputs.distributions.transforms import Pointwise

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.faults import Fault
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Quantiles"]

Pieces: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.intp]]"


class Knots(NamedTuple):
    """Normal scores, transformed values and slopes of the points."""

    scores: FloatArray
    values: FloatArray
    slopes: FloatArray


class Quantiles(Pointwise):
    """Monotone through two or more quantiles: a cubic in normal scores, with normal tails.

    Between the points x (or, with bounds, the log or logit of x between them) is Fritsch and
    Carlson's monotone cubic of the normal score z(u); beyond the outermost points it is a line, as
    for a normal (a lognormal or logitnormal where there are bounds), so that all moments exist. Two
    points give exactly that normal. Positive values are not taken for lognormal: say `lower = 0`.

    References
    ----------
    F. N. Fritsch, J. Butland (1984), SIAM J. Sci. Stat. Comput. 5(2), 300-304,
    doi:10.1137/0905021.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import build
    >>> points = build("quantiles", {"q05": 1, "q50": 3, "q95": 4})
    >>> points.ppf(np.array([0.05, 0.5, 0.95])).round(9)
    array([1., 3., 4.])
    """

    kind: Literal["quantiles"] = "quantiles"
    effort = 30
    quantile_counts = (2, 1000)

    @cached_property
    def _knots(self) -> Knots:
        z, y = self.points.scores(), self.transformed(self.points.values)
        return Knots(z, y, _slopes(np.diff(z), np.diff(y)))

    def _value(self, z: FloatArray) -> FloatArray:
        knots = self._knots
        piece = np.clip(np.searchsorted(knots.scores, z) - 1, 0, knots.scores.size - 2)
        y = _cubic(knots, piece, (z - knots.scores[piece]) / np.diff(knots.scores)[piece])
        left = knots.values[0] + knots.slopes[0] * (z - knots.scores[0])
        right = knots.values[-1] + knots.slopes[-1] * (z - knots.scores[-1])
        return np.where(z < knots.scores[0], left, np.where(z > knots.scores[-1], right, y))

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self.restored(self._value(score(p, q)))

    def _score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the normal scores at x, and the slope of the transformed x in them."""
        x = np.asarray(x, dtype=np.float64)
        y = np.atleast_1d(self.transformed(x))
        knots = self._knots
        piece = np.clip(np.searchsorted(knots.values, y) - 1, 0, knots.values.size - 2)

        def excess(at: FloatArray, target: FloatArray, where: FloatArray) -> FloatArray:
            return _cubic(knots, where.astype(np.intp), at) - target

        inside = np.clip(y, knots.values[0], knots.values[-1])
        ends = np.zeros(y.shape), np.ones(y.shape)
        at = increasing_roots(excess, *ends, (np.nan_to_num(inside), piece.astype(np.float64)))
        z = knots.scores[piece] + at * np.diff(knots.scores)[piece]
        slope = _cubic_slope(knots, piece, at)
        left = knots.scores[0] + (y - knots.values[0]) / knots.slopes[0]
        right = knots.scores[-1] + (y - knots.values[-1]) / knots.slopes[-1]
        z = np.where(y < knots.values[0], left, np.where(y > knots.values[-1], right, z))
        z = np.where(np.isnan(y), np.nan, z)
        return z.reshape(x.shape), slope.reshape(x.shape)

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return np.asarray(ndtr(self._score(x)[0]))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return np.asarray(ndtr(-self._score(x)[0]))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        z, slope = self._score(x)
        density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi) - np.log(slope) + self.log_slope(x)
        return np.where(np.isinf(z), -np.inf, density)

    @override
    def kinks(self) -> tuple[float, ...]:
        return tuple(self.points.values.tolist())

    def shape_faults(self) -> list[Fault]:
        """Say that points which differ become one in the log or logit between the bounds."""
        knots = self._knots
        if np.all(np.diff(knots.values) > 0) and np.isfinite(knots.values).all():
            return []
        text = f"{self.points.text()} cannot be told apart between the bounds; move these"
        return [(None, text)]


def _slopes(widths: FloatArray, rises: FloatArray) -> FloatArray:
    """Return slopes at the points: weighted harmonic means inside, of the secants at the ends."""
    secants = rises / widths
    if secants.size == 1:
        return np.repeat(secants, 2)
    left, right = 2 * widths[1:] + widths[:-1], widths[1:] + 2 * widths[:-1]
    inner = (left + right) / (left / secants[:-1] + right / secants[1:])
    return np.concatenate([secants[:1], inner, secants[-1:]])


def _cubic(knots: Knots, piece: Pieces, at: FloatArray) -> FloatArray:
    """Return Hermite's cubic on pieces, at places from 0 to 1 within them."""
    first, square, cube = _coefficients(knots, piece)
    return knots.values[piece] + at * (first + at * (square + at * cube))


def _cubic_slope(knots: Knots, piece: Pieces, at: FloatArray) -> FloatArray:
    """Return the slope of Hermite's cubic in the normal score."""
    first, square, cube = _coefficients(knots, piece)
    slope = first + at * (2 * square + 3 * at * cube)
    return np.asarray(slope / np.diff(knots.scores)[piece])


def _coefficients(knots: Knots, piece: Pieces) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return those of the first, second and third power of the place within a piece."""
    rise, width = np.diff(knots.values)[piece], np.diff(knots.scores)[piece]
    first, second = knots.slopes[piece] * width, knots.slopes[piece + 1] * width
    return first, 3 * rise - 2 * first - second, first + second - 2 * rise
