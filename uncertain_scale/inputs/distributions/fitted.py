"""Gamma, beta, pert and student_t: exact quantiles by scipy.special, fast ones fitted to them.

`exact` inverts the incomplete gamma and beta functions at up to a microsecond a number. `fast`,
which `ppf` uses, is an expansion in normal scores made at its first use and kept on the instance:
tens of nanoseconds, at a relative error of about 1e-9.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Number, Positive
from uncertain_scale.inputs.distributions.closed import (
    Moded,
    location_and_scale,
    moded,
)
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.inputs.distributions.incomplete import (
    beta_shapes,
    gamma_shape,
    log_beta,
    log_beta_density,
    log_beta_quantile,
    log_gamma_density,
    log_gamma_quantile,
)
from uncertain_scale.inputs.distributions.numerical import (
    at_ends,
    expand,
    in_chunks,
    inside,
    score,
    shape_from_three,
)
from uncertain_scale.inputs.distributions.statement import DistributionError

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.numerical import Expansion
    from uncertain_scale.inputs.distributions.statement import Faults, NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

_LEAST_NU, _MOST_NU = 0.01, 1e12
_DEGREES = np.geomspace(0.1, 1e6, 141)
_MEAN_AND_SD: dict[str, dict[str, Any]] = {
    "mu": {"type": "number", "description": "Mean of the whole."},
    "sigma": {
        "type": "number",
        "description": "Standard deviation of the whole.",
        "exclusiveMinimum": 0,
    },
}


class Fitted(Continuous):
    """A kind whose quantile is a smooth function of the normal score, but a slow one."""

    effort = 8

    @abstractmethod
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return a function of the quantile, smooth in the normal score z of p; q is 1 - p."""

    @abstractmethod
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        """Return the quantile for a value of that function."""

    @cached_property
    def expansion(self) -> Expansion:
        """The fit, made at first use."""
        from scipy.special import ndtr

        return expand(lambda z: self.smooth(z, ndtr(z), ndtr(-z)))

    @override
    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        z = score(p, q)
        return self.value(self.smooth(z, p, q), z)

    @override
    def fast(self, p: FloatArray, q: FloatArray) -> FloatArray:
        z = score(p, q)
        return self._expanded(z.ravel(), p.ravel(), q.ravel()).reshape(z.shape)

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        u = np.asarray(u, dtype=np.float64)
        if self._window is not None:
            return super().ppf(u)
        from scipy.special import ndtri

        with np.errstate(all="ignore"):
            x = in_chunks(lambda u: self._expanded(ndtri(u), u), u)
            return x if inside(u) else at_ends(x, u, 1 - u, self.support)

    def _expanded(self, z: FloatArray, p: FloatArray, q: FloatArray | None = None) -> FloatArray:
        """Return quantiles at flat z by the expansion, and exact ones where it does not hold."""
        smooth, doubtful = self.expansion(z)
        if doubtful.size:
            p = p[doubtful]
            q = 1 - p if q is None else q[doubtful]
            smooth[doubtful] = self.smooth(z[doubtful], p, q)
        return self.value(smooth, z)


class Gamma(Fitted):
    """Gamma with shape alpha and rate beta, stated by them or by mean and sd.

    Mean alpha/beta, variance alpha/beta²; alpha = (mu/sigma)², beta = mu/sigma².
    """

    kind: Literal["gamma"] = "gamma"
    mu_is = "the mean and standard deviation"
    alpha: Positive = Field(description="Shape.")
    beta: Positive = Field(description="Rate, one over the scale.")
    parameters = ("alpha", "beta")
    alternative = _MEAN_AND_SD
    quantile_counts = (2, 2)
    ends = (0.0, np.inf)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        return dict(zip(cls.parameters, gamma_shape(quantiles.within(*cls.ends)), strict=True))

    @classmethod
    @override
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        mu, sigma = float(given["mu"]), float(given["sigma"])
        if mu <= 0:
            raise DistributionError([("mu", f"mu = {mu:g} must be above 0")])
        return {"alpha": (mu / sigma) ** 2, "beta": mu / sigma / sigma}

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        return log_gamma_quantile(self.alpha, p, q)

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        return np.asarray(np.exp(smooth - np.log(self.beta)))

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import gammainc, gammaincc

        share = gammaincc if above else gammainc
        return np.asarray(share(self.alpha, self.beta * np.maximum(x, 0)))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(log_gamma_density(self.alpha, self.beta * x) + np.log(self.beta))

    @override
    def whole_mean(self) -> float:
        return self.alpha / self.beta

    @override
    def whole_sd(self) -> float:
        return float(np.sqrt(self.alpha)) / self.beta


class _OnBeta(Fitted):
    """A beta between bounds, whose shapes follow from the parameters of the kind."""

    @property
    @abstractmethod
    def shapes(self) -> tuple[float, float]:
        """The shapes of the beta."""

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        return _log_odds(*self.shapes, p, q)

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        from scipy.special import expit

        lower, upper = self.whole_support
        x = np.asarray(expit(smooth))
        x *= upper - lower
        x += lower
        return x

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import betainc

        (alpha, beta), (lower, upper) = self.shapes, self.whole_support
        distance = upper - np.asarray(x) if above else np.asarray(x) - lower
        place = np.clip(distance / (upper - lower), 0, 1)
        return np.asarray(betainc(beta, alpha, place) if above else betainc(alpha, beta, place))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        lower, upper = self.whole_support
        width = upper - lower
        places = (x - lower) / width, (upper - x) / width
        return np.asarray(log_beta_density(*self.shapes, *places) - np.log(width))

    @override
    def whole_mean(self) -> float:
        (alpha, beta), (lower, upper) = self.shapes, self.whole_support
        return lower * (beta / (alpha + beta)) + upper * (alpha / (alpha + beta))

    @override
    def whole_sd(self) -> float:
        (alpha, beta), (lower, upper) = self.shapes, self.whole_support
        total = alpha + beta
        share = alpha / total * (beta / total) / (total + 1)
        return (upper - lower) * float(np.sqrt(share))


class Beta(_OnBeta):
    """Beta with shapes alpha and beta on [lower, upper], stated by them or by mean and sd.

    With m the mean's place between the bounds and s the sd in their distance,
    alpha + beta = m (1 - m) / s² - 1, and alpha = m (alpha + beta).
    """

    kind: Literal["beta"] = "beta"
    mu_is = "the mean and standard deviation"
    alpha: Positive = Field(description="First shape: the larger, the less mass near lower.")
    beta: Positive = Field(description="Second shape: the larger, the less mass near upper.")
    lower: Number = Field(default=0.0, description="Lower end of the support.")
    upper: Number = Field(default=1.0, description="Upper end of the support.")
    parameters = ("alpha", "beta")
    alternative = _MEAN_AND_SD
    quantile_counts = (2, 2)
    ends = (0.0, 1.0)

    @property
    @override
    def shapes(self) -> tuple[float, float]:
        return self.alpha, self.beta

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        bounds = cls.ordered_bounds(beside)
        shapes = beta_shapes(quantiles.within(*bounds), *bounds)
        return dict(zip(cls.parameters, shapes, strict=True))

    @classmethod
    @override
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = cls.ordered_bounds(beside)
        mu, width = float(given["mu"]), upper - lower
        if not lower < mu < upper:
            text = f"mu = {mu:.12g} must lie between the bounds {lower:g} and {upper:g}"
            raise DistributionError([("mu", text)])
        m, s = (mu - lower) / width, float(given["sigma"]) / width
        total = m * (1 - m) / s**2 - 1
        if total <= 0:
            most = width * float(np.sqrt(m * (1 - m)))
            text = f"sigma = {given['sigma']:g} must be below {most:g} for a mean of {mu:g}"
            raise DistributionError([("sigma", text)])
        return {"alpha": m * total, "beta": (1 - m) * total}


class Pert(_OnBeta, Moded):
    """PERT: a smooth bump between bounds, the beta with a stated mode.

    With c the mode's place between the bounds, a beta with alpha = 1 + shape c and
    beta = 1 + shape (1 - c); its mean is (lower + shape mode + upper) / (shape + 2).

    References
    ----------
    D. G. Malcolm et al. (1959), Operations Research 7(5), 646-669, doi:10.1287/opre.7.5.646.
    """

    kind: Literal["pert"] = "pert"
    shape: Positive = Field(default=4.0, description="Weight of the mode; 4 is the usual.")

    @property
    @override
    def shapes(self) -> tuple[float, float]:
        place = (self.mode - self.lower) / (self.upper - self.lower)
        return 1 + self.shape * place, 1 + self.shape * (1 - place)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        shape = float(beside.get("shape", 4.0))
        if shape <= 0:
            return {"lower": 0.0, "mode": 0.0, "upper": 1.0}  # the check of shape will say so

        def standard(place: float, levels: FloatArray) -> FloatArray:
            from scipy.special import expit

            shapes = 1 + shape * place, 1 + shape * (1 - place)
            return np.asarray(expit(_log_odds(*shapes, levels, 1 - levels)))

        return moded(quantiles, standard, beside.get("mode"))


def _log_odds(alpha: float, beta: float, p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the log odds of the standard beta's quantiles, whose two ends both keep digits."""
    low, high = log_beta_quantile(alpha, beta, p, q), log_beta_quantile(beta, alpha, q, p)
    return low - high


class StudentT(Fitted):
    """Student's t with nu degrees of freedom, location mu and scale sigma.

    The mean exists for nu > 1, the sd, sigma sqrt(nu / (nu - 2)), for nu > 2.
    """

    kind: Literal["student_t"] = "student_t"
    nu: Positive = Field(description="Degrees of freedom; the smaller, the heavier the tails.")
    mu: Number = Field(description="Location.")
    sigma: Positive = Field(description="Scale; not the standard deviation.")
    parameters = ("mu", "sigma")
    quantile_counts = (2, 3)
    free_shape = "nu"

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        if "nu" in beside:
            nu = float(beside["nu"])
            if nu <= 0:
                return {"mu": 0.0, "sigma": 1.0}  # the check of nu itself will say so
            return location_and_scale(_standard_t(nu, quantiles.levels), quantiles.values)
        nu, mu, sigma = shape_from_three(quantiles, _standard_t, _DEGREES, _DEGREES[-1])
        if not quantiles.reproduced_by(mu + sigma * _standard_t(nu, quantiles.levels)):
            raise quantiles.refuse()
        return {"nu": nu, "mu": mu, "sigma": sigma}

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        from scipy.special import beta

        size = np.abs(z)
        ratio = np.asinh(_size_of_t(self.nu, np.minimum(p, q))) / np.maximum(size, 1e-12)
        at_zero = np.sqrt(self.nu / (2 * np.pi)) * beta(self.nu / 2, 0.5)
        return np.where(size < 1e-12, at_zero, ratio)

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        return self.mu + self.sigma * np.sinh(smooth * z)

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        from scipy.special import stdtr

        z = (x - self.mu) / self.sigma
        return np.asarray(stdtr(self.nu, -z if above else z))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        z = (x - self.mu) / self.sigma
        at_zero = -log_beta(self.nu / 2, 0.5) - 0.5 * np.log(self.nu) - np.log(self.sigma)
        return np.asarray(at_zero - (self.nu + 1) / 2 * np.log1p(z**2 / self.nu))

    @override
    def tails(self) -> tuple[float, float]:
        return 1 / self.nu, 1 / self.nu

    @override
    def whole_mean(self) -> float:
        return self.mu

    @override
    def whole_sd(self) -> float:
        return self.sigma * float(np.sqrt(self.nu / (self.nu - 2)))

    @override
    def check(self) -> Faults:
        if _LEAST_NU <= self.nu <= _MOST_NU:
            return super().check()
        text = f"nu = {self.nu:g} must lie from {_LEAST_NU:g}, below which quantiles leave the "
        return [("nu", f"{text}numbers, to {_MOST_NU:g}, above which it is a normal")]


def _standard_t(nu: float, levels: FloatArray) -> FloatArray:
    size = _size_of_t(nu, np.minimum(levels, 1 - levels))
    return np.copysign(size, levels - 0.5)


def _size_of_t(nu: float, tail: FloatArray) -> FloatArray:
    """Return |x| with P(T > |x|) = tail, by the beta function where the tail is thin.

    With w = nu / (nu + x²), 2 tail = I_w(nu/2, 1/2).
    """
    from scipy.special import stdtrit

    tail = np.asarray(tail, dtype=np.float64)
    size = np.asarray(np.abs(stdtrit(nu, tail)))
    thin = tail < 1e-6
    if thin.any():
        twice = 2 * tail[thin]
        log_w = log_beta_quantile(nu / 2, 0.5, twice, 1 - twice)
        size[thin] = np.sqrt(nu) * np.exp(-log_w / 2) * np.sqrt(-np.expm1(log_w))
    return size
