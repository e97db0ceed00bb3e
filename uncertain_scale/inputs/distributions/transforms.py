"""What metalog and quantiles share: they hold named quantiles, and optional bounds by a transform.

On the transformed scale x stands at x itself, log(x - lower), -log(upper - x) or, with both bounds,
log((x - lower) / (upper - x)).
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ConfigDict, Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import (
    Number,  # noqa: TC001 - pydantic reads it at run time
)
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.inputs.distributions.faults import (
    DistributionError,
    unknown_text,
    ways_text,
)
from uncertain_scale.inputs.distributions.named_quantiles import (
    NamedQuantiles,
    is_quantile_name,
    level_of,
)

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.faults import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Pointwise"]


class Pointwise(Continuous):
    """A kind stated by named quantiles alone, with optional bounds of support."""

    model_config = ConfigDict(extra="allow")
    lower: Number | None = Field(default=None, description="Lower end of support, if any.")
    upper: Number | None = Field(default=None, description="Upper end of support, if any.")

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = (
            default if beside.get(name) is None else beside[name]
            for name, default in (("lower", -np.inf), ("upper", np.inf))
        )
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

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        lower = -np.inf if self.lower is None else self.lower
        upper = np.inf if self.upper is None else self.upper
        return lower, upper

    def transformed(self, x: FloatArray) -> FloatArray:
        """Return x on the scale where it is unbounded."""
        lower, upper = self.whole_support
        x = np.clip(x, lower, upper)
        with np.errstate(divide="ignore"):
            if self.lower is None and self.upper is None:
                return np.asarray(x)
            from_low = 0.0 if self.lower is None else np.log(x - lower)
            from_high = 0.0 if self.upper is None else np.log(upper - x)
        return np.asarray(from_low - from_high)

    def restored(self, y: FloatArray) -> FloatArray:
        """Return x for what it is on the unbounded scale."""
        from scipy.special import expit

        lower, upper = self.whole_support
        if self.lower is None and self.upper is None:
            return y
        if self.upper is None:
            return np.asarray(lower + np.exp(y))
        if self.lower is None:
            return np.asarray(upper - np.exp(-y))
        return np.asarray(lower * expit(-y) + upper * expit(y))

    def log_slope(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the slope of `transformed`, within the support."""
        lower, upper = self.whole_support
        slope = 0 * x
        if self.lower is not None:
            slope = slope - np.log(x - lower)
        if self.upper is not None:
            slope = slope - np.log(upper - x)
        both = self.lower is not None and self.upper is not None
        return slope + np.log(upper - lower) if both else slope

    @override
    def check(self) -> Faults:
        faults: list[Fault] = [
            (name, unknown_text(type(self), name))
            for name in self.model_extra or {}
            if not is_quantile_name(name)
        ]
        if not self.points.names:
            faults.append((None, f"{self.kind} has no quantiles; {ways_text(type(self))}"))
        return faults or self.shape_faults() or super().check()

    @abstractmethod
    def shape_faults(self) -> list[Fault]:
        """Say why no distribution of the kind goes through the points, if none does."""
