"""A law for each kind of distribution, made without the package: cdf, density, mean and sd.

The package's side is a line of its notation; the other is SciPy, or a formula from the paper that
defines the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit, logit

from benchmarks.coverage import densest_region
from uncertain_scale.inputs.distributions import parse_distribution

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LAWS", "Law"]


@dataclass(frozen=True)
class Law:
    """What a distribution is, apart from the package.

    Parameters
    ----------
    text
        The distribution in the package's notation.
    cdf, pdf
        Functions of arrays; no density where there are atoms, or where only points are known.
    support
        Where the density is looked for, or the points where the cdf is known.
    moments
        Mean and standard deviation; nan where they are not known.
    atoms
        Values with a probability of their own.
    points, at_points
        Levels at which alone the quantiles are known, and these; all are where it is empty.
    flat
        Whether highest-density intervals are not unique.
    """

    text: str
    cdf: Callable[[np.ndarray], np.ndarray]
    support: tuple[float, float]
    moments: tuple[float, float]
    pdf: Callable[[np.ndarray], np.ndarray] | None = None
    atoms: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    at_points: tuple[float, ...] = ()
    flat: bool = False

    @property
    def kind(self) -> str:
        """Name of the kind, as the package spells it."""
        return self.text.partition("(")[0]

    @cached_property
    def ppf(self) -> Callable[[np.ndarray], np.ndarray]:
        """The package's quantile function: what is judged."""
        return parse_distribution(self.text)[0].ppf

    def knows(self, probability: float) -> bool:
        """Tell whether the quantile at a level is known, and one number."""
        if self.atoms and np.any(np.abs(self.cdf(np.array(self.atoms)) - probability) < 1e-12):
            return False  # between two atoms any number would do
        return not self.points or any(abs(probability - one) < 1e-12 for one in self.points)

    @cache  # noqa: B019 (laws live as long as the study)
    def quantile(self, probability: float) -> float:
        """Return the least value whose cdf reaches a level."""
        if self.atoms:
            for one in self.atoms:
                at = np.array([np.nextafter(one, -np.inf), one])
                below, upto = self.cdf(at)
                if below < probability <= upto:
                    return one
        if self.points:
            return float(np.interp(probability, self.points, self.at_points))
        low, high = self.support
        return float(
            brentq(
                lambda x: float(self.cdf(np.array([x]))[0]) - probability,
                low,
                high,
                xtol=1e-14 * max(abs(low), abs(high)),
            )
        )

    @cache  # noqa: B019
    def region(self, probability: float) -> np.ndarray:
        """Return the highest-density region, shape (piece, bound)."""
        low, high = self.support
        decades = low > 0 and high / low > 50
        grid = (np.geomspace if decades else np.linspace)(low, high, 4001)
        return densest_region(self.pdf, self.cdf, grid, probability)


def _scipy(text: str, law: stats.rv_continuous, **more: bool) -> Law:
    low, high = law.support()
    if not np.isfinite([low, high]).all():
        low, high = law.ppf(1e-10), law.ppf(1 - 1e-10)
    return Law(text, law.cdf, (low, high), (law.mean(), law.std()), law.pdf, **more)


def _discrete(text: str, values: list[float], weights: list[float]) -> Law:
    order = np.argsort(values)
    at, mass = np.array(values, float)[order], np.array(weights, float)[order] / sum(weights)
    mean = float(at @ mass)

    def cdf(x: np.ndarray) -> np.ndarray:
        upto = np.concatenate([[0.0], np.cumsum(mass)])
        upto[-1] = 1
        return upto[np.searchsorted(at, x, side="right")]

    sd = float(np.sqrt(mass @ (at - mean) ** 2))
    return Law(text, cdf, (at[0], at[-1]), (mean, sd), atoms=tuple(at.tolist()))


def _mixed(text: str, parts: list[stats.rv_continuous], weights: list[float]) -> Law:
    mass = np.array(weights) / sum(weights)
    means, sds = np.array([[one.mean(), one.std()] for one in parts]).T
    mean = float(mass @ means)
    return Law(
        text,
        lambda x: sum(w * one.cdf(x) for w, one in zip(mass, parts, strict=True)),
        (min(one.ppf(1e-10) for one in parts), max(one.ppf(1 - 1e-10) for one in parts)),
        (mean, float(np.sqrt(mass @ (sds**2 + means**2) - mean**2))),
        lambda x: sum(w * one.pdf(x) for w, one in zip(mass, parts, strict=True)),
    )


def _atom_and_beta() -> Law:
    """Seven tenths exactly 1, the rest a beta from 1 to 2, as a speed-up by FP8 is."""
    rest = stats.beta(1.4, 2.0, loc=1)
    mean = 0.7 + 0.3 * rest.mean()
    square = 0.7 + 0.3 * (rest.var() + rest.mean() ** 2)
    return Law(
        "mixture(components=[constant(value=1), beta(alpha=1.4, beta=2, lower=1, upper=2)], "
        "weights=[0.7, 0.3])",
        lambda x: 0.7 * (x >= 1) + 0.3 * rest.cdf(x),
        (1.0, 2.0),
        (mean, float(np.sqrt(square - mean**2))),
        atoms=(1.0,),
    )


def _logitnormal(mu: float, sigma: float) -> Law:
    def moment(order: int) -> float:
        return quad(lambda z: expit(mu + sigma * z) ** order * stats.norm.pdf(z), -12, 12)[0]

    def pdf(x: np.ndarray) -> np.ndarray:
        x = np.clip(x, 1e-300, 1 - 1e-16)
        return stats.norm.pdf((logit(x) - mu) / sigma) / (sigma * x * (1 - x))

    return Law(
        f"logitnormal(mu={mu:g}, sigma={sigma:g})",
        lambda x: stats.norm.cdf((logit(x) - mu) / sigma),
        (float(expit(mu - 6.4 * sigma)), float(expit(mu + 6.4 * sigma))),
        (moment(1), float(np.sqrt(moment(2) - moment(1) ** 2))),
        pdf,
    )


def _metalog(text: str, levels: list[float], values: list[float]) -> Law:
    """Keelin (2016), doi:10.1287/deca.2016.0338: three terms through three quantiles."""
    at = np.array(levels)
    terms = np.column_stack([np.ones(3), logit(at), (at - 0.5) * logit(at)])
    a = np.linalg.solve(terms, np.array(values, float))

    def quantile(y: np.ndarray) -> np.ndarray:
        return a[0] + (a[1] + a[2] * (y - 0.5)) * logit(y)

    def cdf(x: np.ndarray) -> np.ndarray:
        low, high = np.full(np.shape(x), 1e-16), np.full(np.shape(x), 1 - 1e-16)
        for _ in range(60):
            middle = (low + high) / 2
            below = quantile(middle) < x
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def pdf(x: np.ndarray) -> np.ndarray:
        y = cdf(x)
        return 1 / ((a[1] + a[2] * (y - 0.5)) / (y * (1 - y)) + a[2] * logit(y))

    mean = quad(lambda y: float(quantile(y)), 0, 1)[0]
    square = quad(lambda y: float(quantile(y)) ** 2, 0, 1)[0]
    return Law(
        text,
        cdf,
        (float(quantile(1e-9)), float(quantile(1 - 1e-9))),
        (mean, float(np.sqrt(square - mean**2))),
        pdf,
    )


def _through_points(text: str, levels: list[float], values: list[float]) -> Law:
    return Law(
        text,
        lambda x: np.interp(x, values, levels),
        (values[0], values[-1]),
        (np.nan, np.nan),
        points=tuple(levels),
        at_points=tuple(values),
    )


def _between(q05: float, q95: float) -> stats.rv_continuous:
    low, high = np.log([q05, q95])
    return stats.lognorm((high - low) / 2 / stats.norm.ppf(0.95), scale=np.exp((low + high) / 2))


def _cauchy_between(low: float, high: float, shift: float) -> Law:
    law = stats.cauchy(shift)
    mass, base = law.cdf(high) - law.cdf(low), law.cdf(low)
    mean = quad(lambda x: x * law.pdf(x), low, high)[0] / mass
    square = quad(lambda x: x * x * law.pdf(x), low, high)[0] / mass
    return Law(
        f"student_t(nu=1, mu={shift:g}, sigma=1, truncate=[{low:g}, {high:g}])",
        lambda x: (law.cdf(np.clip(x, low, high)) - base) / mass,
        (low, high),
        (mean, float(np.sqrt(square - mean**2))),
        lambda x: np.where((x >= low) & (x <= high), law.pdf(x) / mass, 0.0),
    )


LAWS: tuple[Law, ...] = (
    _discrete("constant(value=2.5)", [2.5], [1]),
    _scipy("uniform(lower=-1, upper=3)", stats.uniform(-1, 4), flat=True),
    _scipy("loguniform(lower=0.1, upper=10)", stats.loguniform(0.1, 10)),
    _scipy("normal(mu=-3, sigma=0.2)", stats.norm(-3, 0.2)),
    _scipy("lognormal(q05=1.4, q95=3.2)", _between(1.4, 3.2)),
    _logitnormal(0.4, 0.9),
    _scipy("student_t(nu=5, mu=1, sigma=2)", stats.t(5, 1, 2)),
    _scipy("gamma(alpha=2.3, beta=0.5)", stats.gamma(2.3, scale=2)),
    _scipy("beta(mu=1.4, sigma=0.2, lower=1, upper=2)", stats.beta(2, 3, loc=1)),
    _scipy("triangular(lower=0, mode=1, upper=4)", stats.triang(0.25, 0, 4)),
    _scipy("pert(lower=0, mode=1, upper=4)", stats.beta(2, 4, 0, 4)),
    _metalog("metalog(q10=1, q50=3, q90=6)", [0.1, 0.5, 0.9], [1, 3, 6]),
    _through_points(
        "quantiles(q05=1, q25=2, q50=3, q75=4, q95=7)",
        [0.05, 0.25, 0.5, 0.75, 0.95],
        [1, 2, 3, 4, 7],
    ),
    _discrete("choice(values=[4, 1, 2], probabilities=[0.2, 0.5, 0.3])", [4, 1, 2], [2, 5, 3]),
    _discrete("bernoulli(p=0.3)", [0, 1], [7, 3]),
    _discrete("empirical(values=[3, 1, 4, 1, 5])", [1, 3, 4, 5], [2, 1, 1, 1]),
    _mixed(
        "mixture(components=[normal(mu=0, sigma=1), normal(mu=6, sigma=0.8)], weights=[3, 2])",
        [stats.norm(0, 1), stats.norm(6, 0.8)],
        [3, 2],
    ),
    _atom_and_beta(),
    _scipy("normal(mu=0, sigma=1, truncate=[-1, 2])", stats.truncnorm(-1, 2)),
    _cauchy_between(-3, 30, 1),
)
