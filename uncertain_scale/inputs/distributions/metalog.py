"""Metalog: a flexible quantile function through three or more quantiles, checked to increase."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from typing_extensions import override

from uncertain_scale.inputs.distributions.inversion import increasing_roots
from uncertain_scale.inputs.distributions.transforms import Pointwise

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.faults import Fault
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Metalog"]

_REACH = 800.0
"""Log odds within which every probability that can be written lies."""


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
    effort = 30
    quantile_counts = (3, 16)

    @cached_property
    def _polynomials(self) -> tuple[FloatArray, FloatArray]:
        """Coefficients of A and B, ascending."""
        levels = self.points.levels
        odds, place = np.log(levels / (1 - levels)), levels - 0.5
        terms = range(len(levels))
        columns = [place ** _power(k) * (odds if _with_odds(k) else 1.0) for k in terms]
        weights = np.linalg.solve(np.column_stack(columns), self.transformed(self.points.values))
        a, b = np.zeros(len(levels)), np.zeros(len(levels))
        for k, weight in enumerate(weights):
            (b if _with_odds(k) else a)[_power(k)] += weight
        return a, b

    def _metalog(self, p: FloatArray, q: FloatArray) -> FloatArray:
        a, b = self._polynomials
        place = np.where(p <= q, p - 0.5, 0.5 - q)
        odds = np.log(p) - np.log(q)
        slope = np.polynomial.polynomial.polyval(place, b)
        return np.asarray(np.polynomial.polynomial.polyval(place, a) + slope * odds)

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self.restored(self._metalog(p, q))

    def _odds(self, x: FloatArray) -> FloatArray:
        """Return the log odds at x, which is what the metalog is a function of."""
        from scipy.special import expit

        x = np.asarray(x, dtype=np.float64)
        wanted = np.atleast_1d(self.transformed(x))

        def excess(odds: FloatArray, target: FloatArray) -> FloatArray:
            return self._metalog(expit(odds), expit(-odds)) - target

        ends = np.full(wanted.shape, _REACH)
        finite = np.where(np.isfinite(wanted), wanted, 0.0)
        roots = increasing_roots(excess, -ends + 100, ends - 100, (finite,))
        roots = np.where(np.isinf(wanted), np.sign(wanted) * np.inf, roots)
        return np.where(np.isnan(wanted), np.nan, roots).reshape(x.shape)

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(expit(self._odds(x)))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(expit(-self._odds(x)))

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
        _, b = self._polynomials
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
            found = self.exact(self.points.levels, 1 - self.points.levels)
            fits = self.points.reproduced_by(found)
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
        floor = 1e-12 * float(np.abs(self._polynomials[1]).max())
        return float(min(values[least], polished.fun)) - floor

    def _slope(self, odds: FloatArray) -> FloatArray:
        """Return h = u (1 - u) dM/du = u (1 - u) (A' + B' L) + B at log odds L."""
        from scipy.special import expit

        poly = np.polynomial.polynomial
        a, b = self._polynomials
        p, q = expit(odds), expit(-odds)
        place = np.where(p <= q, p - 0.5, 0.5 - q)
        rest = poly.polyval(place, poly.polyder(a)) + poly.polyval(place, poly.polyder(b)) * odds
        return np.asarray(p * q * rest + poly.polyval(place, b))


def _power(term: int) -> int:
    """Return the power of c in a term counted from 0."""
    return term // 2


def _with_odds(term: int) -> bool:
    """Tell whether a term has the factor L; the terms are 1, L, cL, c, c², c²L, c³, c³L, …."""
    return term in {1, 2} or (term > 3 and term % 2 == 1)
