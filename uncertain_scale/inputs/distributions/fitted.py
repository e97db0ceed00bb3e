"""Gamma, beta and student_t: exact quantiles by scipy.special, and fast ones fitted to them.

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

from uncertain_scale.inputs.distributions.base import (  # pydantic reads them
    Number,  # noqa: TC001 - at run time
    Positive,  # noqa: TC001 - at run time
)
from uncertain_scale.inputs.distributions.closed import order_faults, support_bounds
from uncertain_scale.inputs.distributions.continuous import Continuous, at_ends, score
from uncertain_scale.inputs.distributions.expansion import expand, in_chunks
from uncertain_scale.inputs.distributions.faults import DistributionError
from uncertain_scale.inputs.distributions.incomplete import (
    log_beta,
    log_beta_density,
    log_beta_quantile,
    log_gamma_density,
    log_gamma_quantile,
)
from uncertain_scale.inputs.distributions.named_quantiles import shape_from_three
from uncertain_scale.inputs.distributions.shapes import beta_shapes, gamma_shape

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.expansion import Expansion
    from uncertain_scale.inputs.distributions.faults import Faults
    from uncertain_scale.inputs.distributions.named_quantiles import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Beta", "Fitted", "Gamma", "StudentT"]

_LEAST_NU, _MOST_NU = 0.01, 1e12
_DEGREES = np.geomspace(0.1, 1e6, 141)


class Fitted(Continuous):
    """A kind whose quantile is a smooth function of the normal score, but a slow one."""

    @abstractmethod
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return what is expanded: smooth in the normal score z of p, whose complement is q."""

    @abstractmethod
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        """Return the quantile for what was expanded."""

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
        flat = z.ravel()
        smooth, doubtful = self.expansion(flat)
        if doubtful.size:
            there = flat[doubtful], p.ravel()[doubtful], q.ravel()[doubtful]
            smooth[doubtful] = self.smooth(*there)
        return self.value(smooth, flat).reshape(z.shape)

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        u = np.asarray(u, dtype=np.float64)
        if self._window is not None:
            return super().ppf(u)
        with np.errstate(all="ignore"):
            return at_ends(in_chunks(self._draw, u), u, 1 - u, self.support)

    def _draw(self, u: FloatArray) -> FloatArray:
        """Return quantiles at flat u, whose complements 1 - u are as good as u itself."""
        from scipy.special import ndtri

        z = ndtri(u)
        smooth, doubtful = self.expansion(z)
        if doubtful.size:
            smooth[doubtful] = self.smooth(z[doubtful], u[doubtful], 1 - u[doubtful])
        return self.value(smooth, z)


class Gamma(Fitted):
    """Gamma with shape alpha and rate beta, stated by them or by mean and sd.

    Mean alpha/beta, variance alpha/beta²; alpha = (mu/sigma)², beta = mu/sigma².
    """

    kind: Literal["gamma"] = "gamma"
    mu_is = "the mean and standard deviation"
    effort = 8
    alpha: Positive = Field(description="Shape.")
    beta: Positive = Field(description="Rate, one over the scale.")
    parameters = ("alpha", "beta")
    alternative = ("mu", "sigma")
    quantile_counts = (2, 2)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        del beside
        alpha, beta = gamma_shape(quantiles.within(0, np.inf))
        return {"alpha": alpha, "beta": beta}

    @classmethod
    @override
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        mu, sigma = float(given["mu"]), float(given["sigma"])
        if mu <= 0:
            raise DistributionError([("mu", f"mu = {mu:g} must be above 0")])
        return {**beside, "alpha": (mu / sigma) ** 2, "beta": mu / sigma / sigma}

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        del z
        return log_gamma_quantile(self.alpha, p, q)

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        del z
        return np.asarray(np.exp(smooth - np.log(self.beta)))

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import gammainc

        return np.asarray(gammainc(self.alpha, self.beta * np.maximum(x, 0)))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import gammaincc

        return np.asarray(gammaincc(self.alpha, self.beta * np.maximum(x, 0)))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(log_gamma_density(self.alpha, self.beta * x) + np.log(self.beta))

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return 0.0, np.inf

    @override
    def whole_mean(self) -> float:
        return self.alpha / self.beta

    @override
    def whole_sd(self) -> float:
        return float(np.sqrt(self.alpha)) / self.beta


class Beta(Fitted):
    """Beta with shapes alpha and beta on [lower, upper], stated by them or by mean and sd.

    With m the mean's place between the bounds and s the sd in their distance,
    alpha + beta = m (1 - m) / s² - 1, and alpha = m (alpha + beta).
    """

    kind: Literal["beta"] = "beta"
    mu_is = "the mean and standard deviation"
    effort = 8
    alpha: Positive = Field(description="First shape: the larger, the less mass near lower.")
    beta: Positive = Field(description="Second shape: the larger, the less mass near upper.")
    lower: Number = Field(default=0.0, description="Lower end of the support.")
    upper: Number = Field(default=1.0, description="Upper end of the support.")
    parameters = ("alpha", "beta")
    alternative = ("mu", "sigma")
    quantile_counts = (2, 2)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = support_bounds(beside)
        alpha, beta = beta_shapes(quantiles.within(lower, upper), lower, upper)
        return {"alpha": alpha, "beta": beta}

    @classmethod
    @override
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        lower, upper = support_bounds(beside)
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
        return {**beside, "alpha": m * total, "beta": (1 - m) * total}

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        del z
        return log_beta_quantile(self.alpha, self.beta, p, q) - log_beta_quantile(
            self.beta, self.alpha, q, p
        )

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        from scipy.special import expit

        del z
        place = expit(smooth)
        return np.asarray(self.lower + (self.upper - self.lower) * place)

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import betainc

        return np.asarray(betainc(self.alpha, self.beta, self._place(x)))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import betainc

        place = np.clip((self.upper - np.asarray(x)) / (self.upper - self.lower), 0, 1)
        return np.asarray(betainc(self.beta, self.alpha, place))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        width = self.upper - self.lower
        places = (x - self.lower) / width, (self.upper - x) / width
        return np.asarray(log_beta_density(self.alpha, self.beta, *places) - np.log(width))

    def _place(self, x: FloatArray) -> FloatArray:
        return np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0, 1)

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @override
    def whole_mean(self) -> float:
        total = self.alpha + self.beta
        return self.lower * (self.beta / total) + self.upper * (self.alpha / total)

    @override
    def whole_sd(self) -> float:
        total = self.alpha + self.beta
        share = self.alpha / total * (self.beta / total) / (total + 1)
        return (self.upper - self.lower) * float(np.sqrt(share))

    @override
    def check(self) -> Faults:
        return order_faults(lower=self.lower, upper=self.upper) or super().check()


class StudentT(Fitted):
    """Student's t with nu degrees of freedom, location mu and scale sigma.

    The mean exists for nu > 1, the sd, sigma sqrt(nu / (nu - 2)), for nu > 2.
    """

    kind: Literal["student_t"] = "student_t"
    effort = 8
    nu: Positive = Field(description="Degrees of freedom; the smaller, the heavier the tails.")
    mu: Number = Field(description="Location.")
    sigma: Positive = Field(description="Scale; not the standard deviation.")
    parameters = ("mu", "sigma")
    quantile_counts = (2, 3)
    count_advice = "two with nu given, three without"

    @classmethod
    @override
    def free_parameters(cls, data: Any) -> tuple[int, int]:
        return (2, 2) if "nu" in data else (3, 3)

    @classmethod
    @override
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        if "nu" in beside:
            nu = float(beside["nu"])
            if nu <= 0:
                return {"mu": 0.0, "sigma": 1.0}  # the check of nu itself will say so
            (t1, t2) = _standard_t(nu, quantiles.levels).tolist()
            (x1, x2) = quantiles.values.tolist()
            return {"mu": (t2 * x1 - t1 * x2) / (t2 - t1), "sigma": (x2 - x1) / (t2 - t1)}
        nu, mu, sigma = shape_from_three(quantiles, _standard_t, _DEGREES, _DEGREES[-1])
        if not quantiles.reproduced_by(mu + sigma * _standard_t(nu, quantiles.levels)):
            raise quantiles.refuse()
        return {"nu": nu, "mu": mu, "sigma": sigma}

    @override
    def smooth(self, z: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        size = np.abs(z)
        ratio = np.asinh(_size_of_t(self.nu, np.minimum(p, q))) / np.maximum(size, 1e-12)
        from scipy.special import beta

        at_zero = np.sqrt(self.nu / (2 * np.pi)) * beta(self.nu / 2, 0.5)
        return np.where(size < 1e-12, at_zero, ratio)

    @override
    def value(self, smooth: FloatArray, z: FloatArray) -> FloatArray:
        return self.mu + self.sigma * np.sinh(smooth * z)

    @override
    def below(self, x: FloatArray) -> FloatArray:
        from scipy.special import stdtr

        return np.asarray(stdtr(self.nu, (x - self.mu) / self.sigma))

    @override
    def above(self, x: FloatArray) -> FloatArray:
        from scipy.special import stdtr

        return np.asarray(stdtr(self.nu, (self.mu - x) / self.sigma))

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        z = (x - self.mu) / self.sigma
        at_zero = -log_beta(self.nu / 2, 0.5) - 0.5 * np.log(self.nu) - np.log(self.sigma)
        return np.asarray(at_zero - (self.nu + 1) / 2 * np.log1p(z**2 / self.nu))

    @property
    @override
    def whole_support(self) -> tuple[float, float]:
        return -np.inf, np.inf

    @override
    def tails(self) -> tuple[float, float]:
        return 1 / self.nu, 1 / self.nu

    @override
    def whole_mean(self) -> float:
        return self.mu

    @override
    def check(self) -> Faults:
        if _LEAST_NU <= self.nu <= _MOST_NU:
            return super().check()
        text = f"nu = {self.nu:g} must lie from {_LEAST_NU:g}, below which quantiles leave the "
        return [("nu", f"{text}numbers, to {_MOST_NU:g}, above which it is a normal")]

    @override
    def whole_sd(self) -> float:
        return self.sigma * float(np.sqrt(self.nu / (self.nu - 2)))


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
