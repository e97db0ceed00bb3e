"""Whether Monte Carlo errors are honest: how often the truth lies within two of them.

Every kind of distribution, drawn by every design of the package; and answers of several inputs, by
the designs of the tests' own shelf, which share no code with the package's. Means and standard
deviations of skewed laws, maxima and minima are also judged by how often the truth lies beyond four
errors: a rare and large miss hardly shows in the share within two.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy import stats
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from benchmarks.coverage import PROBS, SHELF, cube, estimates, study
from benchmarks.validation.check import share
from benchmarks.validation.laws import LAWS
from uncertain_scale import Design
from uncertain_scale.analysis.events import parse_event, probability
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.moments import Facts, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.validation.check import Check
    from benchmarks.validation.laws import Law

__all__ = ["DESIGNS", "FAR", "HONEST", "honesty"]

DESIGNS = ("sobol", "lhs", "random")
HONEST = (0.90, 0.98)
"""Shares of truths within two errors that are aimed at: Student's t of 15 degrees has 93.6%."""
FAR = (0.0, 0.005)
"""Shares of truths beyond four errors that are aimed at: Student's t of 15 degrees has 0.12%."""
_CHANCES = (0.02, 0.3)
_ANSWERS = ("lognormal product", "flop", "sum of normals", "two peaks")
_FAMILIES = ("mean", "sd", "median", "ETI ends", "HDI ends", "probability")
_STARTS = ("mean", "sd", "median", "eti", "hdi", "probability")
_EXACT = "no error"
"""Statistics of atoms, which every case has right: a constant's, the median of two values."""


def honesty(cases: int, seed: int) -> Iterator[Check]:
    """Yield a figure for each design, distribution and statistic, and one over distributions."""
    for design in DESIGNS:
        part = f"Honest errors, {design}"
        whole: dict[str, list[np.ndarray]] = defaultdict(list)
        for position, law in enumerate(LAWS):
            found = _of_law(law, position, design, cases, seed)
            for family, within in _by_family(found):
                target = (1.0, 1.0) if family == _EXACT else HONEST
                yield share((part, _short(law.text), family), within, target)
                whole[family].append(within.mean(axis=1))
        for name in _ANSWERS:
            scores = study(
                SHELF[name], design, range(seed + 10**6, seed + 10**6 + cases), raw=False
            )
            columns = zip(scores.columns, scores.scores.T, strict=True)
            found = {column: np.abs(one) <= 2 for column, one in columns}
            for family, within in _by_family(found):
                yield share((part, f"three inputs: {name}", family), within, HONEST)
                whole[family].append(within.mean(axis=1))
        for name, (dimensions, draw, truths) in _skewed().items():
            beyond = []
            for case in range(cases):
                draws = Draws(draw(cube(design, dimensions, seed + 2 * 10**6 + case)))
                known = moments(draws, Facts())
                beyond.append(
                    [
                        one.state != "unsettled" and abs(one.value - truth) > 4 * one.mcse
                        for one, truth in zip(known, truths, strict=True)
                    ]
                )
            for moment, one in zip(("mean", "sd"), np.array(beyond).T, strict=True):
                yield share((f"Beyond four errors, {design}", name, moment), one, FAR)
        for family in _FAMILIES:
            pooled = np.concatenate(whole[family])
            yield share((part, "all of these", family), pooled, HONEST)


def _skewed() -> dict[str, tuple[int, Callable[[np.ndarray], np.ndarray], tuple[float, float]]]:
    """Return dimensions, draws from points of the cube, and mean and sd, by name."""
    found = {}
    for sigma in (0.3, 1.0, 1.5, 2.0):
        square = np.exp(sigma**2)
        truth = float(np.sqrt(square)), float(np.sqrt(square * (square - 1)))
        found[f"lognormal, sigma {sigma:g}"] = 1, partial(_lognormal, sigma, None), truth
    for word, pick, sign in (("maximum", np.max, 1), ("minimum", np.min, -1)):
        first, second = (
            quad(
                lambda z, k=k, sign=sign: np.exp(k * z) * 2 * ndtr(sign * z) * stats.norm.pdf(z),
                -9,
                14,
                epsabs=0,
                limit=400,
            )[0]
            for k in (1, 2)
        )
        truth = first, float(np.sqrt(second - first**2))
        found[f"{word} of two lognormals"] = 2, partial(_lognormal, 1.0, pick), truth
    found["maximum of two uniforms"] = 2, partial(np.max, axis=-1), (2 / 3, float(np.sqrt(1 / 18)))
    # What perfect information is worth between two equal normals.
    tied = float(np.sqrt(1 / np.pi)), float(np.sqrt(1 - 1 / np.pi))
    found["EVPI at a tie"] = 2, _gain, tied
    return found


def _gain(u: np.ndarray) -> np.ndarray:
    return np.maximum(ndtri(u[..., 0]) - ndtri(u[..., 1]), 0.0)


def _lognormal(sigma: float, pick: Callable[..., np.ndarray] | None, u: np.ndarray) -> np.ndarray:
    values = np.exp(sigma * ndtri(u))
    return values[..., 0] if pick is None else pick(values, axis=-1)


def _of_law(law: Law, position: int, kind: str, cases: int, seed: int) -> dict[str, np.ndarray]:
    """Return by statistic whether each case's estimate is within two errors of the truth."""
    truth = _truth(law)
    events = {
        f"probability {chance:g}": (event, float(law.cdf(np.array([at]))[0]))
        for chance in _CHANCES
        if law.knows(chance) or law.points
        for at in [law.quantile(chance if law.knows(chance) else law.points[0])]
        for event in [parse_event(f"x <= {at!r}", {"x": "1"})]
    }
    within: dict[str, list[bool]] = defaultdict(list)
    exact = {
        name
        for name, value in truth.items()
        if len(law.atoms) == 1 == len(set(law.support))
        or (name.startswith(("median", "eti")) and value in law.atoms)
    }
    for case in range(cases):
        design = Design(kind=kind, seed=seed + case)  # type: ignore[arg-type]
        name = f"x{position}"
        u = [design.column(name, position=position, chain=c) for c in range(design.chains)]
        draws = law.ppf(np.array(u))
        found = estimates(draws)
        for statistic, value in truth.items():
            place = f"{_EXACT}, {statistic}" if statistic in exact else statistic
            within[place].append(_near(*found.get(statistic, (np.nan, np.nan)), value))
        dataset = xr.Dataset({"x": (("chain", "draw"), draws)})
        for statistic, (event, value) in events.items():
            one = probability(event, dataset)
            place = f"{_EXACT}, {statistic}" if value == 1 else statistic
            within[place].append(_near(one.value, one.mcse, value))
    return {name: np.array(one) for name, one in within.items()}


def _near(estimate: float, error: float, truth: float) -> bool:
    return bool(abs(estimate - truth) <= 2 * error + 1e-9 * abs(truth))


def _truth(law: Law) -> dict[str, float]:
    exact = {"mean": law.moments[0], "sd": law.moments[1]} if not law.points else {}
    if law.knows(0.5):
        exact["median"] = law.quantile(0.5)
    for prob in PROBS:
        ends = ((1 - prob) / 2, (1 + prob) / 2)
        if all(law.knows(end) for end in ends):
            exact |= {f"eti{prob:g}.{k}of2": law.quantile(end) for k, end in enumerate(ends)}
        if law.pdf is not None and not law.flat:
            region = law.region(prob).ravel()
            exact |= {
                f"hdi{prob:g}.{k}of{region.size}": end
                for k, end in enumerate(region)
                if end not in law.support  # a bound is no estimate
            }
    return exact


def _by_family(found: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for family, start in zip((*_FAMILIES, _EXACT), (*_STARTS, _EXACT), strict=True):
        chosen = [one for name, one in found.items() if name.startswith(start)]
        if chosen:
            yield family, np.column_stack(chosen)


def _short(text: str) -> str:
    if text.startswith("mixture"):
        return "mixture of two normals" if "normal" in text else "mixture of an atom and a beta"
    return text
