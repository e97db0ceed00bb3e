"""Continuous kinds, which can be truncated; their moments by quadrature.

A continuous kind gives its own quantiles and probabilities, in both tails. Truncation to [a, b]
maps a probability u to F(a) + u (F(b) - F(a)), in the tail that keeps its digits, so no mass piles
up on a bound and a cut at six standard deviations is as exact as one at none.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Bound, Distribution
from uncertain_scale.inputs.distributions.numerical import at_ends, expectation, mass_between
from uncertain_scale.inputs.distributions.statement import DistributionError, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.inputs.distributions.statement import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

_LEAST_MASS = 1e-290
_LEAST = 1e-300


class Window(NamedTuple):
    """The interval of a truncation: its ends, P below and above each, and P between them."""

    low: float
    high: float
    below_low: float
    above_low: float
    below_high: float
    above_high: float
    mass: float

    def inner(self, u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Map a probability u and its complement v to those of the untruncated distribution."""
        p = v * self.below_low + u * self.below_high
        q = v * self.above_low + u * self.above_high
        # Where no number is small enough, the quantile must not become an infinity.
        return np.maximum(p, _LEAST), np.maximum(q, _LEAST)

    def outer(self, p: float, q: float) -> tuple[float, float]:
        """Map a probability and its complement of the untruncated distribution to the window."""
        rising = p - self.below_low if self.below_low <= 0.5 else self.above_low - q
        falling = q - self.above_high if self.above_high <= 0.5 else self.below_high - p
        return rising / self.mass, falling / self.mass


class Continuous(Distribution):
    """A kind without atoms, that can be truncated."""

    truncate: tuple[Bound, Bound] | None = Field(
        default=None,
        description="Bounds [a, b] to cut at and renormalise; -inf or inf leaves a side open.",
    )
    ends: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    """The support where no fields `lower` and `upper` give it."""

    @abstractmethod
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return untruncated quantiles at p, with complements q, to full accuracy."""

    def fast(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return untruncated quantiles at p, with complements q, as draws need them."""
        return self.exact(p, q)

    @abstractmethod
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        """Return the untruncated P(X > x), or P(X <= x), each without loss of digits."""

    @abstractmethod
    def log_density(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the untruncated density, at x within the untruncated support."""

    @cached_property
    def whole_support(self) -> tuple[float, float]:
        """The support without truncation."""
        return self.bounds({name: getattr(self, name, None) for name in ("lower", "upper")})

    @classmethod
    def bounds(cls, given: Mapping[str, Any]) -> tuple[float, float]:
        """Return `lower` and `upper` where they are given, else the ends of the kind."""
        low, high = given.get("lower"), given.get("upper")
        return cls.ends[0] if low is None else low, cls.ends[1] if high is None else high

    @classmethod
    def ordered_bounds(cls, given: Mapping[str, Any]) -> tuple[float, float]:
        """Return `bounds`, or raise a DistributionError where they are not in order."""
        bounds = cls.bounds(given)
        if faults := cls.order_faults(bounds):
            raise DistributionError(faults)
        return bounds

    def whole_mean(self) -> float | None:
        """Return the mean without truncation."""
        return self._expectation(lambda x: x)

    def whole_sd(self) -> float | None:
        """Return the standard deviation without truncation."""
        return self._moments_of_power(1.0)[1]

    def tails(self) -> tuple[float, float]:
        """Return k of each tail where |x| grows like p^-k towards it; 0 where slower."""
        return 0.0, 0.0

    def kinks(self) -> tuple[float, ...]:
        """Return the values where the quantile function is not smooth."""
        return ()

    @property
    @override
    def support(self) -> tuple[float, float]:
        low, high = self.whole_support
        if self._window is None:
            return low, high
        return max(low, self._window.low), min(high, self._window.high)

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        u = np.asarray(u, dtype=np.float64)
        return self.quantile(u, 1 - u)

    @override
    def quantile(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self._quantile(p, q, self.fast)

    @override
    def log_pdf(self, x: FloatArray) -> FloatArray:
        x = np.asarray(x, dtype=np.float64)
        low, high = self.support
        with np.errstate(all="ignore"):
            density = self.log_density(x)
            if self._window is not None:
                density = density - np.log(self._window.mass)
        return np.where((x < low) | (x > high) | np.isinf(x), -np.inf, density)

    @override
    def mean(self) -> float | None:
        if not self._moment_exists(1):
            return None
        return self.whole_mean() if self._window is None else self._expectation(lambda x: x)

    @override
    def sd(self) -> float | None:
        if not self._moment_exists(2):
            return None
        return self.whole_sd() if self._window is None else self._moments_of_power(1.0)[1]

    @override
    def check(self) -> Faults:
        return self.order_faults(self.whole_support) or self.truncation_faults()

    @classmethod
    def order_faults(cls, bounds: tuple[float, float]) -> list[Fault]:
        """Return the fault of stated bounds that do not ascend, or are too far apart."""
        lower, upper = bounds
        if bounds == cls.ends:
            return []
        if not np.isfinite(upper - lower):
            return [("lower", "lower and upper are too far apart for numbers")]
        if not lower < upper:
            return [("lower", f"lower = {lower:.12g} must be below upper = {upper:.12g}")]
        return []

    def truncation_faults(self) -> list[Fault]:
        """Say why the distribution cannot be truncated to its bounds, if it cannot."""
        if self.truncate is None:
            return []
        low, high = self.truncate
        said = f"truncate = [{number_text(low)}, {number_text(high)}]"
        if not low < high:
            return [("truncate", f"{said}: the first bound must be below the second")]
        with np.errstate(all="ignore"):
            mass = self.mass_within(low, high)
        if mass > _LEAST_MASS:
            return []
        ends = ", ".join(map(number_text, self.whole_support))
        text = f"{said} holds no probability that can be told from 0; the support is [{ends}]"
        return [("truncate", text)]

    def truncated(self, low: float, high: float) -> Self:
        """Return this distribution cut to [low, high] as well.

        Examples
        --------
        >>> from uncertain_scale.inputs.distributions import build
        >>> build("normal", {"mu": 0, "sigma": 1}).truncated(0, np.inf).describe()
        'normal(mu=0, sigma=1, truncate=[0, inf])'
        """
        old_low, old_high = self.truncate or (-np.inf, np.inf)
        bounds = max(low, old_low), min(high, old_high)
        copy = self.model_copy(update={"truncate": bounds})
        # Cached values are dropped, but for the expansion of the untruncated quantiles.
        for name in copy.__dict__.keys() - type(self).model_fields.keys() - {"expansion"}:
            del copy.__dict__[name]
        copy.__pydantic_private__ = {"_stated": {**self._stated, "truncate": bounds}}
        return copy

    @cached_property
    def _window(self) -> Window | None:
        if self.truncate is None or self.truncate == (-np.inf, np.inf):
            return None
        low, high = map(float, self.truncate)
        ends = np.array([low, high])
        with np.errstate(all="ignore"):
            below, above = self._both_sides(ends)
        parts = (below[0], above[0], below[1], above[1], mass_between(below, above))
        return Window(low, high, *map(float, parts))

    def mass_within(self, low: float, high: float) -> float:
        """Return P(low <= X <= high), without truncation."""
        return mass_between(*self._both_sides(np.array([low, high])))

    def _both_sides(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the untruncated P(X <= x) and P(X > x)."""
        return self.probability(x, above=False), self.probability(x, above=True)

    def _quantile(
        self,
        p: FloatArray,
        q: FloatArray,
        function: Callable[[FloatArray, FloatArray], FloatArray],
    ) -> FloatArray:
        p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
        window = self._window
        with np.errstate(all="ignore"):
            if window is None:
                x = function(p, q)
            else:
                x = np.clip(function(*window.inner(p, q)), *self.support)
        return at_ends(x, p, q, self.support)

    @override
    def share(self, x: FloatArray, *, above: bool) -> FloatArray:
        with np.errstate(all="ignore"):
            if self._window is None:
                return np.asarray(self.probability(x, above=above))
            w = self._window
            if above and w.above_high <= 0.5:
                share = self.probability(x, above=True) - w.above_high
            elif above:
                share = w.below_high - self.probability(x, above=False)
            elif w.below_low <= 0.5:
                share = self.probability(x, above=False) - w.below_low
            else:
                share = w.above_low - self.probability(x, above=True)
            return np.asarray(np.clip(share / w.mass, 0, 1))

    def _moment_exists(self, order: int) -> bool:
        low, high = self.truncate or (-np.inf, np.inf)
        left, right = self.tails()
        return (np.isfinite(low) or order * left < 1) and (np.isfinite(high) or order * right < 1)

    def _kink_levels(self) -> list[tuple[float, float]]:
        low, high = self.support
        points = np.array([x for x in self.kinks() if low < x < high])
        levels = zip(*(side.tolist() for side in self._both_sides(points)), strict=True)
        return [self._window.outer(p, q) if self._window else (p, q) for p, q in levels]

    @override
    def _moments_of_power(self, power: float) -> tuple[float, float]:
        centre = self._expectation(lambda x: x**power)
        low, high = (self.ppf(np.array([0.05, 0.95])) ** power).tolist()
        # Squares may leave the numbers where the sd does not; a power of two changes no digit.
        unit = float(2.0 ** np.round(np.log2(abs(high - low) or abs(centre) or 1.0)))
        variance = self._expectation(lambda x: ((x**power - centre) / unit) ** 2)
        return centre, unit * float(np.sqrt(variance))

    def _expectation(self, function: Callable[[FloatArray], FloatArray]) -> float:
        return expectation(
            lambda p, q: function(self._quantile(p, q, self.exact)), self._kink_levels()
        )
