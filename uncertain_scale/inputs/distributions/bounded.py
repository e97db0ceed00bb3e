"""Kinds between a lower and an upper bound around a mode: triangular and PERT."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import (  # pydantic reads them
    Number,  # noqa: TC001 - at run time
    Positive,  # noqa: TC001 - at run time
)
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.inputs.distributions.fitted import Beta
from uncertain_scale.inputs.distributions.named_quantiles import shape_from_three

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.inputs.distributions.faults import Fault, Faults
    from uncertain_scale.inputs.distributions.named_quantiles import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Pert", "Triangular"]

_PLACES = np.linspace(0, 1, 65)


class _Moded(Continuous):
    """Bounds of support, and the most likely value between them."""

    lower: Number = Field(description="Lowest value.")
    mode: Number = Field(description="Most likely value.")
    upper: Number = Field(description="Highest value.")
    parameters = ("lower", "mode", "upper")
    quantile_counts = (3, 3)

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @override
    def check(self) -> Faults:
        return self._mode_faults() or super().check()

    def _mode_faults(self) -> list[Fault]:
        said = f"mode = {self.mode:.12g} must lie between"
        if not self.lower < self.upper:
            low, high = f"{self.lower:.12g}", f"{self.upper:.12g}"
            return [("lower", f"lower = {low} must be below upper = {high}")]
        if not self.lower <= self.mode <= self.upper:
            bounds = f"lower = {self.lower:.12g} and upper = {self.upper:.12g}"
            return [("mode", f"{said} {bounds}")]
        return []


def _from_three(
    quantiles: NamedQuantiles, standard: Callable[[float, FloatArray], FloatArray]
) -> dict[str, Any]:
    """Return bounds and mode from three quantiles, by the place of the mode between 0 and 1."""
    place, lower, width = shape_from_three(quantiles, standard, _PLACES, 0.5)
    if not quantiles.reproduced_by(lower + width * standard(place, quantiles.levels)):
        raise quantiles.refuse("the search for it did not converge")
    mode = min(lower + place * width, lower + width)
    return {"lower": lower, "mode": mode, "upper": lower + width}


class Triangular(_Moded):
    """Triangular: density rising in a line from lower to the mode and falling to upper.

    With c the mode's place between the bounds, Q(u) = lower + (upper - lower) sqrt(u c) up to
    u = c, and upper - (upper - lower) sqrt((1 - u)(1 - c)) above.

    Examples
    --------
    >>> float(Triangular(lower=0, mode=1, upper=2).ppf(0.5))
    1.0
    """

    kind: Literal["triangular"] = "triangular"

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        return {**beside, **_from_three(quantiles, _standard_triangular)}

    @property
    def _shares(self) -> tuple[float, float]:
        """Probabilities below and above the mode."""
        width = self.upper - self.lower
        return (self.mode - self.lower) / width, (self.upper - self.mode) / width

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        left, right = self.mode - self.lower, self.upper - self.mode
        rising, falling = self._shares
        with np.errstate(all="ignore"):  # an arm that has no length is not taken below
            # Each arm from either of its ends, so that what lies near a bound keeps its digits.
            from_lower = self.lower + left * np.sqrt(p / rising)
            from_upper = self.upper - right * np.sqrt(q / falling)
            down, up = (q - falling) / rising, (p - rising) / falling
            below_mode = self.mode - left * down / (1 + np.sqrt(1 - down))
            above_mode = self.mode + right * up / (1 + np.sqrt(1 - up))
        low = np.where(p <= q, from_lower, below_mode)
        high = np.where(p <= q, above_mode, from_upper)
        return np.asarray(np.where(p <= rising, low, high))

    @override
    def below(self, x: FloatArray) -> FloatArray:
        rising, falling = self._shares
        near, far = self._places(x)
        low = rising * (1 - near) ** 2
        return np.asarray(np.where(x < self.mode, low, rising + falling * far * (2 - far)))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        rising, falling = self._shares
        near, far = self._places(x)
        high = falling * (1 - far) ** 2
        return np.asarray(np.where(x < self.mode, falling + rising * near * (2 - near), high))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        rising = (x - self.lower) / (self.mode - self.lower or 1.0)
        falling = (self.upper - x) / (self.upper - self.mode or 1.0)
        height = np.where(x < self.mode, rising, np.where(x > self.mode, falling, 1.0 + 0 * x))
        return np.asarray(np.log(height) + np.log(2) - np.log(self.upper - self.lower))

    def _places(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where x stands from the mode towards lower, and towards upper, from 0 to 1."""
        left, right = self.mode - self.lower, self.upper - self.mode
        near = (self.mode - np.clip(x, self.lower, self.mode)) / (left or 1.0)
        far = (np.clip(x, self.mode, self.upper) - self.mode) / (right or 1.0)
        return near, far

    @override
    def kinks(self) -> tuple[float, ...]:
        return (self.mode,)

    @override
    def whole_mean(self) -> float:
        return (self.lower + self.mode + self.upper) / 3

    @override
    def whole_sd(self) -> float:
        width = self.upper - self.lower
        left, right = (self.mode - self.lower) / width, (self.upper - self.mode) / width
        return width * float(np.sqrt((left**2 + left * right + right**2) / 18))


class Pert(_Moded):
    """PERT: a smooth bump between bounds, the beta with a stated mode.

    With c the mode's place between the bounds, a beta with alpha = 1 + shape c and
    beta = 1 + shape (1 - c); its mean is (lower + shape mode + upper) / (shape + 2).

    References
    ----------
    D. G. Malcolm et al. (1959), Operations Research 7(5), 646-669, doi:10.1287/opre.7.5.646.
    """

    kind: Literal["pert"] = "pert"
    effort = 8
    shape: Positive = Field(default=4.0, description="Weight of the mode; 4 is the usual.")

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        shape = float(beside.get("shape", 4.0))
        if shape <= 0:
            return {"lower": 0.0, "mode": 0.0, "upper": 1.0}  # the check of shape will say so

        def standard(place: float, levels: FloatArray) -> FloatArray:
            return _unit_beta(place, shape).exact(levels, 1 - levels)

        return _from_three(quantiles, standard)

    @cached_property
    def _beta(self) -> Beta:
        width = self.upper - self.lower
        place = (self.mode - self.lower) / width
        unit = _unit_beta(place, self.shape)
        return Beta(alpha=unit.alpha, beta=unit.beta, lower=self.lower, upper=self.upper)

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self._beta.exact(p, q)

    @override
    def fast(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self._beta.fast(p, q)

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        return self._beta.ppf(u) if self._window is None else super().ppf(u)

    @override
    def below(self, x: FloatArray) -> FloatArray:
        return self._beta.below(x)

    @override
    def above(self, x: FloatArray) -> FloatArray:
        return self._beta.above(x)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return self._beta.log_density(x)

    @override
    def whole_mean(self) -> float:
        return self._beta.whole_mean()

    @override
    def whole_sd(self) -> float:
        return self._beta.whole_sd()


def _unit_beta(place: float, shape: float) -> Beta:
    return Beta(alpha=1 + shape * place, beta=1 + shape * (1 - place))


def _standard_triangular(place: float, levels: FloatArray) -> FloatArray:
    rising = np.sqrt(levels * place)
    falling = 1 - np.sqrt((1 - levels) * (1 - place))
    return np.asarray(np.where(levels <= place, rising, falling))
