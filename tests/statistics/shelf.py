"""Distributions with exact statistics, and designs to draw them by, for the tests and the study.

Designs are made here and not by the package's sampler, so that each judges the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import betaincinv, gammainccinv, gammaincinv, ndtr, ndtri
from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DESIGNS", "SHELF", "Specimen", "cube", "densest_region"]

DESIGNS = ("random", "lhs", "sobol")
_SCORES = np.linspace(-8.4, 8.2, 20_001)
_Z95 = float(ndtri(0.95))


def cube(
    design: str, dimensions: int, seed: int, *, chains: int = 16, draws: int = 4096
) -> np.ndarray:
    """Return points of shape (chain, draw, dimension); a chain is one randomised design."""
    generator = np.random.default_rng([seed, 20])
    points = generator.random((chains, draws, dimensions))
    if design == "random":
        return points
    for chain in points:
        for column in range(dimensions):
            if design == "lhs":
                cells, count = generator.permutation(draws), draws
            else:
                net, bits = _net(dimensions, draws)
                cells, count = _nested_permutation(bits, generator)[net[:, column]], 1 << bits
            chain[:, column] = (cells + chain[:, column]) / count
    return np.clip(points, 2.0**-54, 1 - 2.0**-53)


@lru_cache
def _net(dimensions: int, draws: int) -> tuple[np.ndarray, int]:
    bits = (draws - 1).bit_length()
    points = qmc.Sobol(dimensions, scramble=False).random(1 << bits)[:draws]
    return (points * (1 << bits)).astype(np.int64), bits


def _nested_permutation(bits: int, generator: np.random.Generator) -> np.ndarray:
    """Owen's scrambling of cells: each node of their binary tree swaps its halves or not."""
    places = np.zeros(1, dtype=np.int64)
    for level in range(bits):
        left = 2 * places + generator.integers(0, 2, 1 << level)
        places = np.stack([left, left ^ 1], axis=1).ravel()
    return places


@dataclass(frozen=True)
class Specimen:
    """A distribution: how to draw it, its law, and where its mass is."""

    dimensions: int
    draw: Callable[[np.ndarray], np.ndarray]
    pdf: Callable[[np.ndarray], np.ndarray]
    cdf: Callable[[np.ndarray], np.ndarray]
    grid: np.ndarray
    mean: float
    sd: float

    @cached_property
    def _regions(self) -> dict[float, np.ndarray]:
        return {}

    def quantile(self, level: float) -> float:
        """Return an exact quantile."""
        low, high = self.grid[[0, -1]]
        return brentq(
            lambda x: float(self.cdf(np.array([x]))[0]) - level, low, high, xtol=1e-14 * abs(high)
        )

    def interval(self, prob: float) -> np.ndarray:
        """Return the exact equal-tailed interval."""
        return np.array([self.quantile((1 - prob) / 2), self.quantile((1 + prob) / 2)])

    def region(self, prob: float) -> np.ndarray:
        """Return the exact highest-density region, shape (piece, bound)."""
        if prob not in self._regions:
            self._regions[prob] = densest_region(self.pdf, self.cdf, self.grid, prob)
        return self._regions[prob]


def densest_region(
    pdf: Callable[[np.ndarray], np.ndarray],
    cdf: Callable[[np.ndarray], np.ndarray],
    grid: np.ndarray,
    prob: float,
) -> np.ndarray:
    """Solve for the density level whose excursion set has a given mass, by nested root finding."""
    heights = pdf(grid)

    def ends(level: float) -> np.ndarray:
        inside = heights >= level
        found = [
            brentq(lambda x: float(pdf(np.array([x]))[0]) - level, *grid[i : i + 2], xtol=1e-300)
            for i in np.flatnonzero(inside[1:] != inside[:-1])
        ]
        first = [grid[0]] if inside[0] else []
        last = [grid[-1]] if inside[-1] else []
        return np.array(first + found + last)

    def surplus(level: float) -> float:
        return float(cdf(ends(level)) @ np.tile([-1.0, 1.0], len(ends(level)) // 2)) - prob

    level = brentq(surplus, 1e-4 * heights.max(), 0.9999 * heights.max(), xtol=1e-300, rtol=1e-13)
    return ends(level).reshape(-1, 2)


@lru_cache
def _table(kind: str, *parameters: float) -> CubicSpline:
    """Quantile function of a beta or gamma in normal scores, to about 1e-13."""
    low, high = ndtr(_SCORES), ndtr(-_SCORES)
    if kind == "beta":
        return CubicSpline(_SCORES, betaincinv(*parameters, low))
    lower, upper = gammaincinv(*parameters, low), gammainccinv(*parameters, high)
    return CubicSpline(_SCORES, np.where(_SCORES < 0, lower, upper))


def _between(q05: float, q95: float) -> tuple[float, float]:
    """Return mu and sigma of a lognormal."""
    low, high = np.log([q05, q95])
    return (low + high) / 2, (high - low) / 2 / _Z95


def _of(
    law: stats.rv_continuous, dimensions: int, draw: Callable[[np.ndarray], np.ndarray]
) -> Specimen:
    low, high = law.ppf([1e-10, 1 - 1e-10])
    grid = np.geomspace(low, high, 2001) if low > 0 else np.linspace(low, high, 2001)
    return Specimen(dimensions, draw, law.pdf, law.cdf, grid, float(law.mean()), float(law.std()))


_MEAN_MFU, _SD_MFU = 0.36, 0.07
_SIZE = _MEAN_MFU * (1 - _MEAN_MFU) / _SD_MFU**2 - 1
_MFU = (_MEAN_MFU * _SIZE, (1 - _MEAN_MFU) * _SIZE)
_RATE = _between(1.5, 3.5)
_PRICE = _between(3e4, 5e4)
_FLOP = 1e8 * 3600 * 0.9895e15


def _draw_flop(u: np.ndarray) -> np.ndarray:
    rate = np.exp(_RATE[0] + _RATE[1] * ndtri(u[..., 0]))
    speed = np.where(u[..., 1] < 0.5, 1, 2)
    return _FLOP / rate * speed * _table("beta", *_MFU)(ndtri(u[..., 2]))


def _flop() -> Specimen:
    """Law of the benchmark model's flop, by Gauss-Legendre quadrature over the MFU."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    weights = 8 * weights * stats.norm.pdf(8 * nodes)
    mfu = _table("beta", *_MFU)(8 * nodes)
    centre = np.log(_FLOP * mfu) - _RATE[0] + np.log([[1.0], [2.0]])

    def pdf(x: np.ndarray) -> np.ndarray:
        score = (np.log(x)[:, None, None] - centre) / _RATE[1]
        return (stats.norm.pdf(score) @ weights).mean(axis=1) / (x * _RATE[1])

    def cdf(x: np.ndarray) -> np.ndarray:
        return (ndtr((np.log(x)[:, None, None] - centre) / _RATE[1]) @ weights).mean(axis=1)

    first = _FLOP * np.exp(-_RATE[0] + _RATE[1] ** 2 / 2) * 1.5 * _MEAN_MFU
    second = (
        _FLOP**2 * np.exp(-2 * _RATE[0] + 2 * _RATE[1] ** 2) * 2.5 * (_MEAN_MFU**2 + _SD_MFU**2)
    )
    grid = np.geomspace(1e25, 6e26, 1001)
    return Specimen(3, _draw_flop, pdf, cdf, grid, first, float(np.sqrt(second - first**2)))


def _draw_breakeven(u: np.ndarray) -> np.ndarray:
    mu, sigma = _PRICE[0] - _RATE[0], ndtri(u)
    return np.exp(mu + _PRICE[1] * sigma[..., 0] - _RATE[1] * sigma[..., 1]) / 8766


def _two_peaks() -> Specimen:
    def pdf(x: np.ndarray) -> np.ndarray:
        return (stats.norm.pdf(x - 3) + stats.norm.pdf(x + 3)) / 2

    def cdf(x: np.ndarray) -> np.ndarray:
        return (ndtr(x - 3) + ndtr(x + 3)) / 2

    def draw(u: np.ndarray) -> np.ndarray:
        return np.where(u[..., 0] < 0.5, -3, 3) + ndtri(u[..., 1])

    return Specimen(2, draw, pdf, cdf, np.linspace(-10, 10, 2000), 0.0, float(np.sqrt(10)))


def _lognormal(sigma: float, median: float = 1.0) -> stats.rv_continuous:
    return stats.lognorm(sigma, scale=median)


SHELF: dict[str, Specimen] = {
    "normal": _of(stats.norm(), 1, lambda u: ndtri(u[..., 0])),
    "lognormal": _of(_lognormal(1.0), 1, lambda u: np.exp(ndtri(u[..., 0]))),
    "lognormal product": _of(
        _lognormal(np.sqrt(0.98)), 3, lambda u: np.exp(ndtri(u) @ [0.5, 0.3, 0.8])
    ),
    "flop": _flop(),
    "breakeven_years": _of(
        _lognormal(np.hypot(_PRICE[1], _RATE[1]), np.exp(_PRICE[0] - _RATE[0]) / 8766),
        2,
        _draw_breakeven,
    ),
    "beta(2,5)": _of(stats.beta(2, 5), 1, lambda u: _table("beta", 2, 5)(ndtri(u[..., 0]))),
    "gamma(2,1)": _of(stats.gamma(2), 1, lambda u: _table("gamma", 2)(ndtri(u[..., 0]))),
    "sum of normals": _of(stats.norm(0, np.sqrt(5.25)), 3, lambda u: ndtri(u) @ [1.0, 2.0, 0.5]),
    "two peaks": _two_peaks(),
}
