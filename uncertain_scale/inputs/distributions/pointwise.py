"""Kinds that go through stated quantiles: metalog, and a smooth monotone one through any points.

Both hold the named quantiles themselves, and stand on the scale of their optional bounds.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Number  # noqa: TC001 - pydantic reads it
from uncertain_scale.inputs.distributions.closed import Scaled
from uncertain_scale.inputs.distributions.numerical import increasing_roots, score
from uncertain_scale.inputs.distributions.statement import (
    DistributionError,
    NamedQuantiles,
    is_quantile_name,
    level_of,
    unknown_text,
    ways_text,
)

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.statement import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

_REACH = 800.0
"""Log odds within which every probability that can be written lies."""
Pieces: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.intp]]"


class Pointwise(Scaled):
    """A kind stated by named quantiles alone, with optional bounds of support."""

    model_config = ConfigDict(extra="allow")
    lower: Number | None = Field(default=None, description="Lower end of support, if any.")
    upper: Number | None = Field(default=None, description="Upper end of support, if any.")
    effort = 30

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = cls.bounds(beside)
        if not lower < upper:
            text = f"lower = {lower:.12g} must be below upper = {upper:.12g}"
            raise DistributionError([("lower", text)])
        quantiles.within(lower, upper)
        return dict(zip(quantiles.names, quantiles.values.tolist(), strict=True))

    @cached_property
    def points(self) -> NamedQuantiles:
        """The quantiles that state the kind."""
        given = self.model_extra or {}
        names = sorted(filter(is_quantile_name, given), key=level_of)
        levels = np.array([level_of(name) for name in names])
        values = np.array([float(given[name]) for name in names])
        return NamedQuantiles(self.kind, tuple(names), levels, values)

    @override
    def check(self) -> Faults:
        faults: list[Fault] = [
            (name, unknown_text(type(self), name))
            for name in self.model_extra or {}
            if not is_quantile_name(name)
        ]
        if not self.points.names:
            faults.append((None, f"{self.kind} has no quantiles; {ways_text(type(self))}"))
        return faults or self.shape_faults() or self.truncation_faults()

    @abstractmethod
    def shape_faults(self) -> list[Fault]:
        """Say why no distribution of the kind goes through the points, if none does."""


class Metalog(Pointwise):
    """Metalog through three or more quantiles; bounds make it a log or logit metalog.

    M(u) = A(c) + B(c) log(u / (1 - u)) with c = u - 1/2 and polynomials A and B, in Keelin's
    order of terms 1, L, c L, c, c², c² L, … : as many terms as quantiles, so that it goes through
    each. With bounds M is the log or logit of the quantile. Refused where M does not increase.

    References
    ----------
    T. W. Keelin (2016), The Metalog Distributions, Decision Analysis 13(4), 243-277,
    doi:10.1287/deca.2016.0338.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import build
    >>> metalog = build("metalog", {"q10": 1, "q50": 3, "q90": 9})
    >>> metalog.ppf(np.array([0.1, 0.5, 0.9])).round(9)
    array([1., 3., 9.])
    """

    kind: Literal["metalog"] = "metalog"
    quantile_counts = (3, 16)

    @cached_property
    def polynomials(self) -> tuple[FloatArray, FloatArray]:
        """Coefficients of A and B, ascending."""
        levels = self.points.levels
        weights = np.linalg.solve(
            metalog_basis(levels, len(levels)), self.scaled(self.points.values)
        )
        a, b = np.zeros(len(levels)), np.zeros(len(levels))
        for (power, with_odds), weight in zip(_terms(len(levels)), weights, strict=True):
            (b if with_odds else a)[power] += weight
        return a, b

    def _metalog(self, p: FloatArray, q: FloatArray) -> FloatArray:
        a, b = self.polynomials
        place = np.where(p <= q, p - 0.5, 0.5 - q)
        odds = np.log(p) - np.log(q)
        slope = np.polynomial.polynomial.polyval(place, b)
        return np.asarray(np.polynomial.polynomial.polyval(place, a) + slope * odds)

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self.unscaled(self._metalog(p, q))

    def _odds(self, x: FloatArray) -> FloatArray:
        """Return the log odds at x, of which the metalog is a function."""
        from scipy.special import expit

        x = np.asarray(x, dtype=np.float64)
        wanted = np.atleast_1d(self.scaled(x))

        def excess(odds: FloatArray, target: FloatArray) -> FloatArray:
            return self._metalog(expit(odds), expit(-odds)) - target

        ends = np.full(wanted.shape, _REACH)
        finite = np.where(np.isfinite(wanted), wanted, 0.0)
        roots = increasing_roots(excess, -ends + 100, ends - 100, (finite,))
        roots = np.where(np.isinf(wanted), np.sign(wanted) * np.inf, roots)
        return np.where(np.isnan(wanted), np.nan, roots).reshape(x.shape)

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import expit

        odds = self._odds(x)
        return np.asarray(expit(-odds if above else odds))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        """Return log f = log u (1 - u) - log h, with h = u (1 - u) dM/du, and the bounds' slope."""
        odds = self._odds(x)
        peak = -np.abs(odds) - 2 * np.log1p(np.exp(-np.abs(odds)))
        density = peak - np.log(self._slope(odds)) + self.log_slope(x)
        # Towards a bound the density goes as the power 1/k - 1 of the distance.
        ends = np.where(np.where(odds < 0, *self._end_slopes) > 1, np.inf, -np.inf)
        at_bound = np.isinf(odds) & np.isfinite(x)
        return np.where(np.isinf(odds), np.where(at_bound, ends, -np.inf), density)

    @property
    def _end_slopes(self) -> tuple[float, float]:
        """B at u = 0 and at u = 1."""
        _, b = self.polynomials
        left, right = np.polynomial.polynomial.polyval(np.array([-0.5, 0.5]), b).tolist()
        return left, right

    @override
    def tails(self) -> tuple[float, float]:
        left, right = self._end_slopes
        # log(x - lower) grows like B(1/2) times the log odds, -log(upper - x) like B(-1/2).
        one_sided = (self.lower is None) != (self.upper is None)
        if not one_sided:
            return 0.0, 0.0
        return (left, 0.0) if self.lower is None else (0.0, right)

    def shape_faults(self) -> list[Fault]:
        """Say that M does not increase, or does not go through its points."""
        text = f"no metalog has {self.points.text()}"
        advice = "move the middle quantiles, drop one, or use kind = 'quantiles', which always fits"
        with np.errstate(all="ignore"):
            fits = self.points.reproduced_by(self.exact(self.points.levels, 1 - self.points.levels))
            increasing = fits and self._least_slope() > 0
        if increasing:
            return []
        reason = "its quantile function would not increase" if fits else "its terms are too alike"
        return [(None, f"{text}: {reason}; {advice}")]

    def _least_slope(self) -> float:
        """Return the least of h = u (1 - u) dM/du, over all u in (0, 1).

        Both tails are decided by B(-1/2) and B(1/2), which h tends to: beyond log odds of 40 the
        rest is below 1e-15 of the coefficients.
        """
        from scipy.optimize import minimize_scalar

        grid = np.linspace(-40, 40, 4001)
        values = self._slope(grid)
        least = int(np.argmin(values))
        near = grid[max(least - 1, 0)], grid[min(least + 1, 4000)]
        polished = minimize_scalar(lambda at: float(self._slope(np.asarray(at))), bounds=near)
        floor = 1e-12 * float(np.abs(self.polynomials[1]).max())
        return float(min(values[least], polished.fun)) - floor

    def _slope(self, odds: FloatArray) -> FloatArray:
        """Return h = u (1 - u) dM/du = u (1 - u) (A' + B' L) + B at log odds L."""
        from scipy.special import expit

        poly = np.polynomial.polynomial
        a, b = self.polynomials
        p, q = expit(odds), expit(-odds)
        place = np.where(p <= q, p - 0.5, 0.5 - q)
        rest = poly.polyval(place, poly.polyder(a)) + poly.polyval(place, poly.polyder(b)) * odds
        return np.asarray(p * q * rest + poly.polyval(place, b))


def metalog_basis(levels: FloatArray, count: int) -> FloatArray:
    """Return the first terms of a metalog at probabilities, shape (levels, count).

    They are those of Keelin's paper in its order, 1, L, cL, c, c², c²L, c³, c³L, ….
    """
    odds, place = np.log(levels / (1 - levels)), levels - 0.5
    columns = [place**power * (odds if with_odds else 1.0) for power, with_odds in _terms(count)]
    return np.column_stack(columns)


def _terms(count: int) -> list[tuple[int, bool]]:
    """Return the power of c of each term, and whether it has L."""
    return [(k // 2, k in {1, 2} or (k > 3 and k % 2 == 1)) for k in range(count)]


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
    quantile_counts = (2, 1000)

    @cached_property
    def _knots(self) -> Knots:
        z, y = self.points.scores(), self.scaled(self.points.values)
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
        return self.unscaled(self._value(score(p, q)))

    def _score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the normal scores at x, and the slope of the transformed x in them."""
        x = np.asarray(x, dtype=np.float64)
        y = np.atleast_1d(self.scaled(x))
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
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import ndtr

        z, _ = self._score(x)
        return np.asarray(ndtr(-z if above else z))

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
