"""Continuous kinds: truncation that renormalises, and moments, for any quantile function.

A kind gives its own quantiles and probabilities, in both tails. Truncation to [a, b] maps a
probability u to F(a) + u (F(b) - F(a)), in the tail that keeps its digits, so no mass piles up on a
bound and a cut at six standard deviations is as exact as one at none.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, Strict
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Distribution
from uncertain_scale.inputs.distributions.quadrature import expectation
from uncertain_scale.inputs.distributions.text import number_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.inputs.distributions.faults import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Bound", "Continuous", "at_ends", "score", "truncation_faults"]

Bound = Annotated[float, Strict(), Field(allow_inf_nan=True)]
_LEAST_MASS = 1e-290
_LEAST = 1e-300


class Window(NamedTuple):
    """What a truncation leaves: its ends, P below and above each, and P between them."""

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

    @abstractmethod
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return untruncated quantiles at p, with complements q, to full accuracy."""

    def fast(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return untruncated quantiles at p, with complements q, as draws need them."""
        return self.exact(p, q)

    @abstractmethod
    def below(self, x: FloatArray) -> FloatArray:
        """Return the untruncated P(X <= x)."""

    @abstractmethod
    def above(self, x: FloatArray) -> FloatArray:
        """Return the untruncated P(X > x)."""

    @abstractmethod
    def log_density(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the untruncated density, at x within the untruncated support."""

    @property
    @abstractmethod
    def whole_support(self) -> tuple[float, float]:
        """The support without truncation."""

    def whole_mean(self) -> float | None:
        """Return the mean without truncation."""
        return self._mean_by_quadrature()

    def whole_sd(self) -> float | None:
        """Return the standard deviation without truncation."""
        return self._sd_by_quadrature()

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
    def cdf(self, x: FloatArray) -> FloatArray:
        return self._share(x, upper=False)

    @override
    def sf(self, x: FloatArray) -> FloatArray:
        return self._share(x, upper=True)

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
        return self.whole_mean() if self._window is None else self._mean_by_quadrature()

    @override
    def sd(self) -> float | None:
        if not self._moment_exists(2):
            return None
        return self.whole_sd() if self._window is None else self._sd_by_quadrature()

    @override
    def check(self) -> Faults:
        return truncation_faults(self)

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
        copy.__dict__.pop("_window", None)
        copy.__pydantic_private__ = {"_stated": {**self._stated, "truncate": bounds}}
        return copy

    @cached_property
    def _window(self) -> Window | None:
        if self.truncate is None or self.truncate == (-np.inf, np.inf):
            return None
        low, high = map(float, self.truncate)
        ends = np.array([low, high])
        with np.errstate(all="ignore"):
            below, above = self.below(ends), self.above(ends)
        mass = below[1] - below[0] if below[0] <= 0.5 else above[0] - above[1]
        parts = (below[0], above[0], below[1], above[1], mass)
        return Window(low, high, *map(float, parts))

    def mass_within(self, low: float, high: float) -> float:
        """Return P(low <= X <= high), without truncation."""
        below, above = self.below(np.array([low, high])), self.above(np.array([low, high]))
        return float(below[1] - below[0] if below[0] <= 0.5 else above[0] - above[1])

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

    def _share(self, x: FloatArray, *, upper: bool) -> FloatArray:
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self._window is None:
                return np.asarray(self.above(x) if upper else self.below(x))
            w = self._window
            if upper and w.above_high <= 0.5:
                share = self.above(x) - w.above_high
            elif upper:
                share = w.below_high - self.below(x)
            elif w.below_low <= 0.5:
                share = self.below(x) - w.below_low
            else:
                share = w.above_low - self.above(x)
            return np.asarray(np.clip(share / w.mass, 0, 1))

    def _moment_exists(self, order: int) -> bool:
        low, high = self.truncate or (-np.inf, np.inf)
        left, right = self.tails()
        return (np.isfinite(low) or order * left < 1) and (np.isfinite(high) or order * right < 1)

    def _kink_levels(self) -> list[tuple[float, float]]:
        low, high = self.support
        points = np.array([x for x in self.kinks() if low < x < high])
        levels = zip(self.below(points).tolist(), self.above(points).tolist(), strict=True)
        return [self._window.outer(p, q) if self._window else (p, q) for p, q in levels]

    def _mean_by_quadrature(self) -> float:
        return expectation(lambda p, q: self._quantile(p, q, self.exact), self._kink_levels())

    def _sd_by_quadrature(self) -> float:
        centre = self._mean_by_quadrature()
        low, high = self.ppf(np.array([0.05, 0.95])).tolist()
        # Squares may leave the numbers where the sd does not; a power of two changes no digit.
        unit = float(2.0 ** np.round(np.log2(high - low or abs(centre) or 1.0)))
        variance = expectation(
            lambda p, q: ((self._quantile(p, q, self.exact) - centre) / unit) ** 2,
            self._kink_levels(),
        )
        return unit * float(np.sqrt(variance))


def score(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the normal scores of probabilities p whose complements are q, exact in both tails."""
    from scipy.special import ndtri

    z = ndtri(np.minimum(p, q))
    return np.asarray(np.where(p <= q, z, -z))


def at_ends(
    x: FloatArray, p: FloatArray, q: FloatArray, support: tuple[float, float]
) -> FloatArray:
    """Put the ends of the support where p or q is exactly 0, and NaN outside [0, 1]."""
    x = np.asarray(x)
    if p.size and not (p.min() > 0 and q.min() > 0):  # NaN counts as at an end
        x = np.where(p == 0, support[0], np.where(q == 0, support[1], x))
        x = np.where((p < 0) | (q < 0), np.nan, x)
    return x


def truncation_faults(distribution: Continuous) -> list[Fault]:
    """Say why a distribution cannot be truncated to its bounds, if it cannot."""
    if distribution.truncate is None:
        return []
    low, high = distribution.truncate
    said = f"truncate = [{number_text(low)}, {number_text(high)}]"
    if not low < high:
        return [("truncate", f"{said}: the first bound must be below the second")]
    with np.errstate(all="ignore"):
        mass = distribution.mass_within(low, high)
    if mass > _LEAST_MASS:
        return []
    ends = ", ".join(map(number_text, distribution.whole_support))
    text = f"{said} holds no probability that can be told from 0; the support is [{ends}]"
    return [("truncate", text)]
