"""The exact answers of the benchmark's model: closed forms, and one-dimensional quadrature.

Six of the eight outputs are products of powers of lognormals, so lognormal themselves; the two that
hold the utilisation and the speed-up of FP8 are a lognormal times a beta times 1 or 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import quad_vec
from scipy.optimize import brentq
from scipy.special import betaln, ndtr, ndtri

__all__ = [
    "BUDGET",
    "GPT4_FLOP",
    "GPUS",
    "GPU_POWER",
    "GPU_PRICE",
    "HOURLY_RATE",
    "MFU",
    "OUTPUTS",
    "PEAK",
    "STATISTICS",
    "Lognormal",
    "Mixed",
    "exact",
]

STATISTICS = ("mean", "q05", "q50", "q95", "hdi_low", "hdi_high")
_Z95 = float(ndtri(0.95))
_PROB = 0.9


@dataclass(frozen=True)
class Lognormal:
    """exp(mu + sigma Z), its highest-density interval where the densities at both ends agree."""

    mu: float
    sigma: float

    @classmethod
    def between(cls, q05: float, q95: float) -> Lognormal:
        """Return the one with these 5% and 95% quantiles."""
        low, high = np.log([q05, q95])
        return cls((low + high) / 2, (high - low) / (2 * _Z95))

    def power(self, exponent: float) -> Lognormal:
        """Return the distribution of a power."""
        return Lognormal(exponent * self.mu, abs(exponent) * self.sigma)

    def __mul__(self, other: Lognormal | float) -> Lognormal:
        if isinstance(other, Lognormal):
            return Lognormal(self.mu + other.mu, float(np.hypot(self.sigma, other.sigma)))
        return Lognormal(self.mu + float(np.log(other)), self.sigma)

    def quantile(self, prob: float) -> float:
        """Return a quantile."""
        return float(np.exp(self.mu + self.sigma * ndtri(prob)))

    def density(self, x: float) -> float:
        """Return the density, for standard errors of quantiles."""
        z = (np.log(x) - self.mu) / self.sigma
        return float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / (x * self.sigma))

    @property
    def mean(self) -> float:
        """The mean."""
        return float(np.exp(self.mu + self.sigma**2 / 2))

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return self.mean * float(np.sqrt(np.expm1(self.sigma**2)))

    @cached_property
    def region(self) -> tuple[float, float]:
        """The shortest interval of 90%: the ends are -sigma +- t in normal scores."""
        t = brentq(lambda t: ndtr(t - self.sigma) - ndtr(-t - self.sigma) - _PROB, 0.1, 10)
        low, high = np.exp(self.mu + self.sigma * (np.array([-t, t]) - self.sigma))
        return float(low), float(high)


@dataclass(frozen=True)
class Mixed:
    """A lognormal times a beta variable times 1 or 2 with equal chances, by quadrature."""

    rest: Lognormal
    alpha: float
    beta: float

    def _over_beta(self, function) -> np.ndarray:  # noqa: ANN001
        norm = np.exp(-betaln(self.alpha, self.beta))

        def weighted(m: float) -> np.ndarray:
            return norm * m ** (self.alpha - 1) * (1 - m) ** (self.beta - 1) * function(m)

        return quad_vec(weighted, 0, 1, epsabs=0, epsrel=1e-13)[0]

    def cumulative(self, x: float) -> float:
        """Return P(X <= x)."""

        def given(m: float) -> float:
            z = (np.log(x / (m * np.array([1.0, 2.0]))) - self.rest.mu) / self.rest.sigma
            return float(ndtr(z).mean())

        return float(self._over_beta(given))

    def density(self, x: float) -> float:
        """Return the density."""

        def given(m: float) -> float:
            z = (np.log(x / (m * np.array([1.0, 2.0]))) - self.rest.mu) / self.rest.sigma
            return float(np.exp(-z * z / 2).mean() / np.sqrt(2 * np.pi) / (x * self.rest.sigma))

        return float(self._over_beta(given))

    def quantile(self, prob: float) -> float:
        """Return a quantile, by root finding in the logarithm."""
        middle = np.log(self.mean)
        log_x = brentq(
            lambda y: self.cumulative(np.exp(y)) - prob, middle - 6, middle + 6, xtol=1e-13
        )
        return float(np.exp(log_x))

    @property
    def mean(self) -> float:
        """The mean."""
        return self.rest.mean * 1.5 * self.alpha / (self.alpha + self.beta)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        total = self.alpha + self.beta
        square = self.alpha * (self.alpha + 1) / (total * (total + 1))
        second = (self.rest.mean**2 + self.rest.sd**2) * 2.5 * square
        return float(np.sqrt(second - self.mean**2))

    @cached_property
    def region(self) -> tuple[float, float]:
        """The shortest interval of 90%: where the densities at both ends agree."""

        def upper(low: float) -> float:
            return self.quantile(self.cumulative(low) + _PROB)

        def gap(low: float) -> float:
            return self.density(low) - self.density(upper(low))

        low = brentq(gap, self.quantile(0.001), self.quantile(0.0999), rtol=1e-11)
        return float(low), upper(low)


BUDGET = 1e8
PEAK = 0.9895e15
GPU_PRICE = Lognormal.between(30_000, 50_000)
HOURLY_RATE = Lognormal.between(1.5, 3.5)
GPU_POWER = Lognormal.between(1.2, 1.7)
GPUS = Lognormal.between(2e4, 1.2e5)
GPT4_FLOP = Lognormal.between(1.5e25, 3e25)
_TOTAL = 0.36 * 0.64 / 0.07**2 - 1
MFU = (0.36 * _TOTAL, 0.64 * _TOTAL)


def _outputs() -> dict[str, Lognormal | Mixed]:
    hours = HOURLY_RATE.power(-1) * BUDGET
    speed = hours * (3600 * PEAK)
    return {
        "gpu_hours": hours,
        "days": hours * GPUS.power(-1) * (1 / 24),
        "flop": Mixed(speed, *MFU),
        "gpt4_multiple": Mixed(speed * GPT4_FLOP.power(-1), *MFU),
        "capex": GPUS * GPU_PRICE,
        "power_mw": GPUS * GPU_POWER * (1 / 1000),
        "energy_gwh": GPU_POWER * hours * 1e-6,
        "breakeven_years": GPU_PRICE * HOURLY_RATE.power(-1) * (1 / 8766),
    }


OUTPUTS = _outputs()


def exact() -> dict[str, dict[str, float]]:
    """Return mean, 5%, 50%, 95% quantiles and 90% highest-density interval of each output."""
    return {
        name: {
            "mean": one.mean,
            **{f"q{100 * p:02.0f}": one.quantile(p) for p in (0.05, 0.5, 0.95)},
            "hdi_low": one.region[0],
            "hdi_high": one.region[1],
        }
        for name, one in OUTPUTS.items()
    }
