"""Kinds whose quantiles have a closed form: uniform, loguniform, triangular, and those of a normal.

Normal, lognormal and logitnormal are one kind on three scales. The scale is that of the support: x
itself where it has no ends, the log from one end, the logit between two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Number, Positive
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.inputs.distributions.numerical import score, shape_from_three
from uncertain_scale.inputs.distributions.statement import number_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.inputs.distributions.statement import Faults, NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

_ABOVE_0 = {"type": "number", "exclusiveMinimum": 0}
_PLACES = np.linspace(0, 1, 65)


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
        return dict(zip(cls.parameters, _line_ends(quantiles, quantiles.values), strict=True))

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return q * self.lower + p * self.upper

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        distance = self.upper - x if above else x - self.lower
        return np.clip(distance / (self.upper - self.lower), 0, 1)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(0 * x - np.log(self.upper - self.lower))

    @override
    def whole_mean(self) -> float:
        return self.lower / 2 + self.upper / 2

    @override
    def whole_sd(self) -> float:
        return (self.upper - self.lower) / float(np.sqrt(12))


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
        logs = _line_ends(quantiles, np.log(quantiles.within(0, np.inf).values))
        with np.errstate(over="ignore", under="ignore"):
            lower, upper = np.exp(logs)
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
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        x = np.maximum(x, self.lower)
        ratio = self.upper / x if above else x / self.lower
        return np.clip(np.log(ratio) / self._log_width, 0, 1)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.log(x) - np.log(self._log_width))

    @override
    def whole_mean(self) -> float:
        return (self.upper - self.lower) / self._log_width


def _line_ends(quantiles: NamedQuantiles, values: FloatArray) -> tuple[float, float]:
    """Return the ends, at probabilities 0 and 1, of the line through two quantiles."""
    (u1, u2), (x1, x2) = quantiles.levels.tolist(), values.tolist()
    slope = (x2 - x1) / (u2 - u1)
    return x1 - slope * u1, x2 + slope * (1 - u2)


class Moded(Continuous):
    """Bounds of support, and the most likely value between them."""

    lower: Number = Field(description="Lowest value.")
    mode: Number = Field(description="Most likely value.")
    upper: Number = Field(description="Highest value.")
    parameters = ("lower", "mode", "upper")
    quantile_counts = (2, 3)
    free_shape = "mode"

    @override
    def check(self) -> Faults:
        low, high = f"lower = {self.lower:.12g}", f"upper = {self.upper:.12g}"
        if not self.lower < self.upper:
            return [("lower", f"{low} must be below {high}")]
        if not self.lower <= self.mode <= self.upper:
            return [("mode", f"mode = {self.mode:.12g} must lie between {low} and {high}")]
        return self.truncation_faults()


def moded(
    quantiles: NamedQuantiles,
    standard: Callable[[float, FloatArray], FloatArray],
    mode: float | None,
) -> dict[str, Any]:
    """Return bounds and mode from three quantiles, or two and the mode, by its place in [0, 1]."""
    if mode is not None:
        return _about_mode(quantiles, standard, mode)
    place, lower, width = shape_from_three(quantiles, standard, _PLACES, 0.5)
    if not quantiles.reproduced_by(lower + width * standard(place, quantiles.levels)):
        raise quantiles.refuse("the search for it did not converge")
    mode = min(lower + place * width, lower + width)
    return {"lower": lower, "mode": mode, "upper": lower + width}


def _about_mode(
    quantiles: NamedQuantiles, standard: Callable[[float, FloatArray], FloatArray], mode: float
) -> dict[str, Any]:
    """Return bounds that reproduce two quantiles about a mode."""
    from scipy.optimize import brentq

    low, high = quantiles.values.tolist()

    def gap(place: float) -> float:
        first, second = standard(place, quantiles.levels)
        return float((place - first) / (second - first) - (mode - low) / (high - low))

    if not gap(0.0) <= 0 <= gap(1.0):
        raise quantiles.refuse(f"a mode of {number_text(mode)} is too far from them")
    place = float(brentq(gap, 0.0, 1.0, xtol=1e-16, maxiter=500))
    first, second = standard(place, quantiles.levels)
    width = (high - low) / float(second - first)
    lower = low - width * float(first)
    return {"lower": min(lower, mode), "mode": mode, "upper": max(lower + width, mode)}


class Triangular(Moded):
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
        return moded(quantiles, _standard_triangular, beside.get("mode"))

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
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        rising, falling = self._shares
        # Where x stands from the mode towards lower, and towards upper, from 0 to 1.
        near = (self.mode - np.clip(x, self.lower, self.mode)) / (self.mode - self.lower or 1.0)
        far = (np.clip(x, self.mode, self.upper) - self.mode) / (self.upper - self.mode or 1.0)
        if above:
            low, high = falling + rising * near * (2 - near), falling * (1 - far) ** 2
        else:
            low, high = rising * (1 - near) ** 2, rising + falling * far * (2 - far)
        return np.asarray(np.where(x < self.mode, low, high))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        rising = (x - self.lower) / (self.mode - self.lower or 1.0)
        falling = (self.upper - x) / (self.upper - self.mode or 1.0)
        height = np.where(x < self.mode, rising, np.where(x > self.mode, falling, 1.0 + 0 * x))
        return np.asarray(np.log(height) + np.log(2) - np.log(self.upper - self.lower))

    @override
    def kinks(self) -> tuple[float, ...]:
        return (self.mode,)

    @override
    def whole_mean(self) -> float:
        return (self.lower + self.mode + self.upper) / 3

    @override
    def whole_sd(self) -> float:
        left, right = self._shares
        spread = np.sqrt((left**2 + left * right + right**2) / 18)
        return (self.upper - self.lower) * float(spread)


def _standard_triangular(place: float, levels: FloatArray) -> FloatArray:
    rising = np.sqrt(levels * place)
    falling = 1 - np.sqrt((1 - levels) * (1 - place))
    return np.asarray(np.where(levels <= place, rising, falling))


class Scaled(Continuous):
    """A kind on a scale that has no ends, by which its support is bounded or not.

    On that scale x stands at x itself, log(x - lower), -log(upper - x) or, with both ends,
    log((x - lower) / (upper - x)).
    """

    def scaled(self, x: FloatArray) -> FloatArray:
        """Return x on the scale that has no ends."""
        lower, upper = self.whole_support
        if lower == -np.inf and upper == np.inf:
            return np.asarray(x)
        x = np.clip(x, lower, upper)
        with np.errstate(divide="ignore"):
            from_low = 0.0 if lower == -np.inf else np.log(x - lower)
            from_high = 0.0 if upper == np.inf else np.log(upper - x)
        return np.asarray(from_low - from_high)

    def unscaled(self, y: FloatArray) -> FloatArray:
        """Return x for its place on the scale that has no ends, which may be overwritten."""
        from scipy.special import expit

        y = np.asarray(y)
        lower, upper = self.whole_support
        if upper == np.inf:
            if lower == -np.inf:
                return y
            np.exp(y, out=y)
            return np.asarray(y + lower) if lower else y
        if lower == -np.inf:
            return np.asarray(upper - np.exp(-y))
        return np.asarray(lower * expit(-y) + upper * expit(y))

    def log_slope(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the slope of `scaled`, within the support."""
        lower, upper = self.whole_support
        slope = 0 * x
        if lower > -np.inf:
            slope = slope - np.log(x - lower)
        if upper < np.inf:
            slope = slope - np.log(upper - x)
        both = lower > -np.inf and upper < np.inf
        return slope + np.log(upper - lower) if both else slope


class _Scored(Scaled):
    """A normal on the scale of its support."""

    mu: Number = Field(description="Location, on the scale where the kind is normal.")
    sigma: Positive = Field(description="Standard deviation, on the scale where it is normal.")
    parameters = ("mu", "sigma")
    quantile_counts = (2, 2)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = cls.ordered_bounds(beside)
        x = quantiles.within(lower, upper).values
        if lower > -np.inf:
            x = np.log(x if upper == np.inf else (x - lower) / (upper - x))
        return location_and_scale(quantiles.scores(), x)

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self.unscaled(self.mu + self.sigma * score(p, q))

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        if self._window is not None:
            return super().ppf(u)
        from scipy.special import ndtri

        u = np.asarray(u, dtype=np.float64)
        with np.errstate(all="ignore"):
            y = np.asarray(ndtri(u))
            y *= self.sigma
            y += self.mu
            return self.unscaled(y)

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import ndtr

        z = (self.scaled(x) - self.mu) / self.sigma
        return np.asarray(ndtr(-z if above else z))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        z = (self.scaled(x) - self.mu) / self.sigma
        density = -0.5 * z**2 - np.log(self.sigma) - 0.5 * np.log(2 * np.pi) + self.log_slope(x)
        return np.where(np.isinf(z), -np.inf, density)  # no slope makes up for a normal tail


def location_and_scale(standard: FloatArray, values: FloatArray) -> dict[str, float]:
    """Return mu and sigma by which two standard quantiles become two others.

    Weighted means: exact where one level is 50%, and symmetric where the two are.
    """
    (z1, z2), (y1, y2) = standard.tolist(), values.tolist()
    return {"mu": (z2 * y1 - z1 * y2) / (z2 - z1), "sigma": (y2 - y1) / (z2 - z1)}


class Normal(_Scored):
    """Normal: Q(u) = mu + sigma z(u), where z(u) is the normal score.

    Examples
    --------
    >>> Normal(mu=1, sigma=2).mean()
    1.0
    """

    kind: Literal["normal"] = "normal"

    @override
    def whole_mean(self) -> float:
        return self.mu

    @override
    def whole_sd(self) -> float:
        return self.sigma


class LogNormal(_Scored):
    """Normal in the logarithm: Q(u) = exp(mu + sigma z(u)).

    mu and sigma are those of the logarithm: the median is exp(mu), the mean exp(mu + sigma²/2), the
    variance mean² (exp(sigma²) - 1), the geometric standard deviation exp(sigma). Stated by mean
    and sd, or by median and geometric_sd, too.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import build
    >>> round(build("lognormal", {"q05": 1.4, "q95": 3.2}).mu, 4)
    0.7498
    """

    kind: Literal["lognormal"] = "lognormal"
    mu_is = "those of the logarithm"
    ends = (0.0, np.inf)
    alternative: ClassVar[dict[str, dict[str, Any]]] = {
        "mean": {**_ABOVE_0, "description": "Mean."},
        "sd": {**_ABOVE_0, "description": "Standard deviation."},
        "median": {**_ABOVE_0, "description": "Median."},
        "geometric_sd": {
            "type": "number",
            "exclusiveMinimum": 1,
            "description": "Geometric standard deviation, a factor: 1.5 is times or over 1.5.",
        },
    }
    alternatives = (("mean", "sd"), ("median", "geometric_sd"))

    @classmethod
    @override
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        if "median" in given:
            sigma = float(np.log(given["geometric_sd"]))
            return {"mu": float(np.log(given["median"])), "sigma": sigma}
        variance = float(np.log1p((given["sd"] / given["mean"]) ** 2))
        return {"mu": float(np.log(given["mean"])) - variance / 2, "sigma": variance**0.5}

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
    ends = (0.0, 1.0)

    @override
    def log_slope(self, x: FloatArray) -> FloatArray:
        width = np.log(self.upper - self.lower)
        return np.asarray(width - np.log(x - self.lower) - np.log(self.upper - x))
