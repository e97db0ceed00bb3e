"""Whether draws have the distributions they are said to have, by laws made without the package.

Three tests of one large sample: Kolmogorov and Smirnov's (the middle), Anderson and Darling's (the
tails) and a chi-squared test in cells that are narrow at both ends (atoms too). Stratified designs
are held to more: each of 1,024 equally likely cells has its exact share of every chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from benchmarks.validation.check import FALSE_ALARMS, at_least, near, uniform
from benchmarks.validation.laws import LAWS
from uncertain_scale import Design

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.validation.check import Check
    from benchmarks.validation.laws import Law

__all__ = ["FAULTS", "marginals", "p_values"]

CHAINS, DRAWS = 50, 4096
_CELLS = 1024
_STRICT = FALSE_ALARMS / 1000  # about the level of a figure in the whole study
_LEVELS = np.concatenate([[0.001, 0.005], np.linspace(0.02, 0.98, 49), [0.995, 0.999]])


FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "shifted by 2% of its sd": lambda z: z + 0.02,
    "2% too wide": lambda z: 1.02 * z,
    "upper 0.2% piled on a bound": lambda z: np.minimum(z, stats.norm.isf(2e-3)),
    "rounded to a twentieth of its sd": lambda z: np.round(20 * z) / 20,
    "tails as of a t with 30 degrees": lambda z: stats.t.ppf(stats.norm.cdf(z), 30),
}
"""What is done on purpose to a standard normal, to see that it is found."""


def marginals(cases: int, seed: int) -> Iterator[Check]:
    """Yield a figure for each law and test, and how often each fault is found."""
    for position, law in enumerate(LAWS):
        x = law.ppf(_levels(Design("random", DRAWS, CHAINS, seed), position))
        row = law.text.partition(", weights")[0]
        for test, p in p_values(law, x.ravel()).items():
            yield uniform(("Marginals, random", row, test), p, x.size)
        if not law.atoms and not law.points:
            for kind in ("sobol", "lhs"):
                x = law.ppf(_levels(Design(kind, DRAWS, 16, seed), position))
                off = [_uneven(law, chain) for chain in x]
                yield near(("Marginals, stratified", row, kind), np.array(off), (0.0, 0.002))
    normal = next(law for law in LAWS if law.text.startswith("normal(mu=-3, sigma=0.2)"))
    repeats = max(20, cases // 5)
    for fault, spoil in FAULTS.items():
        caught = 0
        for repeat in range(repeats):
            z = np.random.default_rng([seed, repeat]).standard_normal(CHAINS * DRAWS)
            caught += min(p_values(normal, -3 + 0.2 * spoil(z)).values()) < _STRICT
        yield at_least(("Faults put in", fault, "found"), caught, repeats, 0.95)


def p_values(law: Law, x: np.ndarray) -> dict[str, float]:
    """Return p-values of the hypothesis that draws follow a law, by test."""
    found = {"chi-squared": _chi_squared(law, x)}
    if not law.atoms and not law.points:
        u = np.sort(np.clip(law.cdf(x), 1e-300, 1 - 2.0**-53))
        found["Kolmogorov-Smirnov"] = float(stats.kstest(u, "uniform").pvalue)
        found["Anderson-Darling"] = anderson_darling(u)
    return found


def anderson_darling(u: np.ndarray) -> float:
    """Return the p-value of sorted uniform numbers.

    References
    ----------
    Marsaglia and Marsaglia (2004), doi:10.18637/jss.v009.i02: the limit, right to 2e-6.
    """
    number = len(u)
    odd = 2 * np.arange(1, number + 1) - 1
    z = -number - float(odd @ (np.log(u) + np.log1p(-u[::-1]))) / number
    if z < 2:
        series = 2.00012 + z * (
            0.247105 - z * (0.0649821 - z * (0.0347962 - z * (0.0116720 - z * 0.00168691)))
        )
        return float(1 - np.exp(-1.2337141 / z) / np.sqrt(z) * series)
    series = 1.0776 - z * (
        2.30695 - z * (0.43424 - z * (0.082433 - z * (0.008056 - z * 0.0003146)))
    )
    return float(-np.expm1(-np.exp(series)) if z < 12 else np.exp(-z))


def _chi_squared(law: Law, x: np.ndarray) -> float:
    edges = law.atoms
    if not edges:
        levels = law.points or tuple(_LEVELS)
        edges = tuple(law.quantile(float(one)) for one in levels)
    if law.atoms and law.quantile(0.999) not in law.atoms:  # atoms and a density beside them
        edges = tuple(sorted({*edges, *(law.quantile(0.72 + 0.02 * k) for k in range(12))}))
    # Cells are open on the left: at an edge, an atom belongs to the cell that ends there.
    counts = np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1)
    upto = np.concatenate([[0.0], law.cdf(np.array(edges)), [1.0]])
    expected = np.diff(upto) * x.size
    if counts[expected < 1e-9].any():
        return 0.0
    counts, expected = counts[expected >= 1e-9], expected[expected >= 1e-9]
    if len(counts) == 1:
        return 1.0
    return float(stats.chisquare(counts, expected).pvalue)


def _uneven(law: Law, chain: np.ndarray) -> float:
    """Return the share of cells that have not their exact number of a chain's draws."""
    cell = np.minimum((law.cdf(chain) * _CELLS).astype(int), _CELLS - 1)
    return float(np.mean(np.bincount(cell, minlength=_CELLS) != len(chain) // _CELLS))


def _levels(design: Design, position: int) -> np.ndarray:
    name = f"x{position}"
    return np.array([design.column(name, position=position, chain=c) for c in range(design.chains)])
