"""Kinds whose quantiles have a closed form: uniform, loguniform, normal, lognormal, logitnormal."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import (  # pydantic reads them
    Number,  # noqa: TC001 - at run time
    Positive,  # noqa: TC001 - at run time
)
from uncertain_scale.inputs.distributions.continuous import Continuous, score
from uncertain_scale.inputs.distributions.faults import DistributionError

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.faults import Faults
    from uncertain_scale.inputs.distributions.named_quantiles import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

__all__ = [
    "LogNormal",
    "LogUniform",
    "LogitNormal",
    "Normal",
    "Uniform",
    "order_faults",
    "support_bounds",
]


def order_faults(**ascending: float) -> Faults:
    """Say which of parameters that must ascend do not."""
    items = list(ascending.items())
    if not np.isfinite(items[-1][1] - items[0][1]):
        return [(items[0][0], f"{items[0][0]} and {items[-1][0]} are too far apart for numbers")]
    return [
        (one, f"{one} = {low:.12g} must be below {two} = {high:.12g}")
        for (one, low), (two, high) in pairwise(items)
        if not low < high
    ]


def support_bounds(beside: dict[str, Any]) -> tuple[float, float]:
    """Return bounds of support that were given as numbers, in order."""
    lower, upper = beside.get("lower", 0.0), beside.get("upper", 1.0)
    if faults := list(order_faults(lower=lower, upper=upper)):
        raise DistributionError(faults)
    return float(lower), float(upper)


class Uniform(Continuous):
    """Equally likely anywhere between two bounds.

    Q(u) = lower + u (upper - lower).

    Examples
    --------
    >>> float(Uniform(lower=2, upper=4).ppf(0.25))
    2.5
    """

    kind: Literal["uniform"] = "uniform"
    lower: Number = Field(description="Lower bound.")
    upper: Number = Field(description="Upper bound.")
    parameters = ("lower", "upper")
    quantile_counts = (2, 2)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        del beside
        (u1, u2), (x1, x2) = quantiles.levels.tolist(), quantiles.values.tolist()
        slope = (x2 - x1) / (u2 - u1)
        return {"lower": x1 - slope * u1, "upper": x2 + slope * (1 - u2)}

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return q * self.lower + p * self.upper

    @override
    def below(self, x: FloatArray) -> FloatArray:
        return np.clip((x - self.lower) / (self.upper - self.lower), 0, 1)

    @override
    def above(self, x: FloatArray) -> FloatArray:
        return np.clip((self.upper - x) / (self.upper - self.lower), 0, 1)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(0 * x - np.log(self.upper - self.lower))

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @override
    def whole_mean(self) -> float:
        return self.lower / 2 + self.upper / 2

    @override
    def whole_sd(self) -> float:
        return (self.upper - self.lower) / float(np.sqrt(12))

    @override
    def check(self) -> Faults:
        return order_faults(lower=self.lower, upper=self.upper) or super().check()


class LogUniform(Continuous):
    """Equally likely in any decade between two positive bounds.

    Q(u) = lower^(1-u) upper^u.
    """

    kind: Literal["loguniform"] = "loguniform"
    lower: Positive = Field(description="Lower bound, above 0.")
    upper: Positive = Field(description="Upper bound.")
    parameters = ("lower", "upper")
    quantile_counts = (2, 2)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        del beside
        (u1, u2) = quantiles.levels.tolist()
        y1, y2 = np.log(quantiles.within(0, np.inf).values)
        slope = (y2 - y1) / (u2 - u1)
        with np.errstate(over="ignore", under="ignore"):
            lower, upper = np.exp(y1 - slope * u1), np.exp(y2 + slope * (1 - u2))
        if not (lower > 0 and np.isfinite(upper)):
            raise quantiles.refuse("its bounds would leave the range of numbers")
        return {"lower": float(lower), "upper": float(upper)}

    @property
    def _log_width(self) -> float:
        excess = (self.upper - self.lower) / self.lower
        if excess < 1:
            return float(np.log1p(excess))
        return float(np.log(self.upper) - np.log(self.lower))

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        from_low = self.lower * np.exp(p * self._log_width)
        from_high = self.upper * np.exp(-q * self._log_width)
        return np.asarray(np.where(p <= q, from_low, from_high))

    @override
    def below(self, x: FloatArray) -> FloatArray:
        return np.clip(np.log(np.maximum(x, self.lower) / self.lower) / self._log_width, 0, 1)

    @override
    def above(self, x: FloatArray) -> FloatArray:
        return np.clip(np.log(self.upper / np.maximum(x, self.lower)) / self._log_width, 0, 1)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.log(x) - np.log(self._log_width))

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @override
    def whole_mean(self) -> float:
        return (self.upper - self.lower) / self._log_width

    @override
    def check(self) -> Faults:
        return order_faults(lower=self.lower, upper=self.upper) or super().check()


class _Scored(Continuous):
    """A monotone function of a normal score."""

    mu: Number = Field(description="Location, on the scale where the kind is normal.")
    sigma: Positive = Field(description="Standard deviation, on the scale where it is normal.")
    parameters = ("mu", "sigma")
    quantile_counts = (2, 2)

    @classmethod
    @abstractmethod
    def _normal_values(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> FloatArray:
        """Return quantiles on the scale where the kind is normal."""

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        (z1, z2) = quantiles.scores().tolist()
        (y1, y2) = cls._normal_values(quantiles, beside).tolist()
        # A weighted mean: exact where one level is 50%, and symmetric where the two are.
        return {"mu": (z2 * y1 - z1 * y2) / (z2 - z1), "sigma": (y2 - y1) / (z2 - z1)}

    @abstractmethod
    def _value(self, y: FloatArray) -> FloatArray:
        """Return what stands at y on the normal scale."""

    @abstractmethod
    def _normal(self, x: FloatArray) -> FloatArray:
        """Return what x is on the normal scale."""

    def _log_slope(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the slope of `_normal`, within the support."""
        return 0 * x

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        z = (self._normal(x) - self.mu) / self.sigma
        density = -0.5 * z**2 - np.log(self.sigma) - 0.5 * np.log(2 * np.pi) + self._log_slope(x)
        return np.where(np.isinf(z), -np.inf, density)  # no slope makes up for a normal tail

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self._value(self.mu + self.sigma * score(p, q))

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        if self._window is not None:
            return super().ppf(u)
        from scipy.special import ndtri

        u = np.asarray(u, dtype=np.float64)
        with np.errstate(all="ignore"):
            return np.asarray(self._value(self.mu + self.sigma * ndtri(u)))

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return np.asarray(ndtr((self._normal(x) - self.mu) / self.sigma))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return np.asarray(ndtr((self.mu - self._normal(x)) / self.sigma))


class Normal(_Scored):
    """Normal: Q(u) = mu + sigma z(u), where z(u) is the normal score.

    Examples
    --------
    >>> Normal(mu=1, sigma=2).mean()
    1.0
    """

    kind: Literal["normal"] = "normal"

    @classmethod
    def _normal_values(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> FloatArray:
        del beside
        return quantiles.values

    def _value(self, y: FloatArray) -> FloatArray:
        return y

    def _normal(self, x: FloatArray) -> FloatArray:
        return x

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return -np.inf, np.inf

    @override
    def whole_mean(self) -> float:
        return self.mu

    @override
    def whole_sd(self) -> float:
        return self.sigma


class LogNormal(_Scored):
    """Normal in the logarithm: Q(u) = exp(mu + sigma z(u)).

    mu and sigma are those of the logarithm: the median is exp(mu), the mean exp(mu + sigma²/2), the
    variance mean² (exp(sigma²) - 1).

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import build
    >>> round(build("lognormal", {"q05": 1.4, "q95": 3.2}).mu, 4)
    0.7498
    """

    kind: Literal["lognormal"] = "lognormal"
    mu_is = "those of the logarithm"

    @classmethod
    def _normal_values(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> FloatArray:
        del beside
        return np.log(quantiles.within(0, np.inf).values)

    def _value(self, y: FloatArray) -> FloatArray:
        return np.exp(y)

    def _normal(self, x: FloatArray) -> FloatArray:
        return np.log(np.maximum(x, 0))

    @override
    def _log_slope(self, x: FloatArray) -> FloatArray:
        return -np.log(x)

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return 0.0, np.inf

    @override
    def whole_mean(self) -> float:
        with np.errstate(over="ignore", under="ignore"):
            return float(np.exp(self.mu + np.square(self.sigma) / 2))

    @override
    def whole_sd(self) -> float:
        with np.errstate(over="ignore", under="ignore"):
            mean, variance = self.whole_mean(), np.square(self.sigma)
            if 0 < mean < np.inf:
                return mean * float(np.sqrt(np.expm1(variance)))
            share = float(np.sqrt(-np.expm1(-variance))) or self.sigma
            return float(np.exp(self.mu + variance)) * share


class LogitNormal(_Scored):
    """Normal in the logit between two bounds.

    Q(u) = lower + (upper - lower) / (1 + exp(-(mu + sigma z(u)))), where mu and sigma are those of
    the logit; moments by quadrature.
    """

    kind: Literal["logitnormal"] = "logitnormal"
    mu_is = "those of the logit"
    lower: Number = Field(default=0.0, description="Lower end of the support.")
    upper: Number = Field(default=1.0, description="Upper end of the support.")

    @classmethod
    def _normal_values(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> FloatArray:
        lower, upper = support_bounds(beside)
        x = quantiles.within(lower, upper).values
        return np.asarray(np.log((x - lower) / (upper - x)))

    def _value(self, y: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(self.lower * expit(-y) + self.upper * expit(y))

    def _normal(self, x: FloatArray) -> FloatArray:
        x = np.clip(x, self.lower, self.upper)
        return np.log(x - self.lower) - np.log(self.upper - x)

    @override
    def _log_slope(self, x: FloatArray) -> FloatArray:
        width = np.log(self.upper - self.lower)
        return np.asarray(width - np.log(x - self.lower) - np.log(self.upper - x))

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @override
    def check(self) -> Faults:
        return order_faults(lower=self.lower, upper=self.upper) or super().check()
