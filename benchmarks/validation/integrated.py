"""Whether errors are honest where an input is integrated out, and where none can be.

A model as users write one: pivots with bounded support, with poles, with heavy and with short
tails, slopes that vary by draw, steps, five correlated inputs. Truths are integrals of normal
distribution functions over quantiles, which share no code with the package.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

from benchmarks.validation.check import share
from benchmarks.validation.honesty import DESIGNS, HONEST
from uncertain_scale import Design, Model, ask, load_priors, sample, summarize
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.model.problem import Problem
from uncertain_scale.statistics.hdi import LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.validation.check import Check

__all__ = ["integrated"]

PROBS = (0.5, 0.9, 0.95)
_NORMAL = stats.norm(0, 1)
_CHANCES = (1e-5, 0.02, 0.3)  # of lying above
_NODES = 4000
_Q = stats.triang(0.2, 1, 5)
_PRIORS = """
schema_version = 1
inputs.q = { kind = "triangular", lower = 1, mode = 2, upper = 6 }
inputs.x = { kind = "lognormal", mu = 0, sigma = 1 }
inputs.u = { kind = "uniform", lower = 1, upper = 9 }
inputs.p = { kind = "beta", alpha = 0.6, beta = 0.6 }
inputs.t = { kind = "student_t", mu = 0, sigma = 1, nu = 3 }
inputs.flat = { kind = "uniform", lower = 0, upper = 40 }
inputs.two = { kind = "choice", values = [1, 3], probabilities = [0.7, 0.3] }
inputs.z = { kind = "normal", mu = 0, sigma = 0.5 }
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.c = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.d = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.e = { kind = "lognormal", mu = 0, sigma = 0.5 }
"""
_TIES = ("ab", "ac", "ad", "ae", "bc", "bd", "be", "cd", "ce", "de")
_RANK = 0.4
_LAWS = """
def skewed(x, q): return q**2 / x
def bounded(u, q): return u * q
def poles(p, q): return p * q
def heavy(t, q): return t + q
def level(flat, q): return flat + q
def steps(two, x, q): return two * q * x
def five(a, b, c, d, e, q): return a * b / c * d * e * q
def varying(q, z): return q * z
def narrow(a, q): return a**0.05 * q
"""


@dataclass(frozen=True)
class _Case:
    """An output that is a product or a sum of a law and of another, which is given by its nodes.

    Parameters
    ----------
    text
        What it is, in words.
    law
        Of what is integrated out.
    nodes, weights
        Of all else.
    product
        Whether they are multiplied, or added.
    of, back
        What of the triangular factor a node is, and its inverse.
    steps
        Shares and sizes of a discrete factor of the nodes.
    """

    text: str
    law: Any
    nodes: np.ndarray
    weights: np.ndarray
    product: bool = True
    of: Callable[[float], float] = float
    back: Callable[[float], float] = float
    steps: tuple[tuple[float, float], ...] = ((1.0, 1.0),)

    def below(self, y: float) -> float:
        x = y / self.nodes if self.product else y - self.nodes
        return float(self.weights @ self.law.cdf(x))

    def density(self, y: float) -> float:
        x = y / self.nodes if self.product else y - self.nodes
        return float(self.weights @ (self.law.pdf(x) / (self.nodes if self.product else 1.0)))

    def above(self, y: float) -> float:
        """Return P(Y > y) to nine digits, which sums over nodes do not give far out."""

        def integrand(q: float, scale: float) -> float:
            node = scale * self.of(q)
            x = y / node if self.product else y - node
            return float(self.law.sf(x) * _Q.pdf(q))

        edge = [y / self.law.support()[1] if self.product else y - self.law.support()[1]]
        total = 0.0
        for weight, scale in self.steps:
            cuts = sorted({1.0, 2.0, 6.0, *(self.back(one / scale) for one in edge)})
            inner = [one for one in cuts if 1.0 <= one <= 6.0]
            for low, high in pairwise(inner):
                part, _ = quad(integrand, low, high, (scale,), epsabs=0, epsrel=1e-10, limit=200)
                total += weight * part
        return total

    def quantile(self, level: float) -> float:
        low, high = self.law.ppf([1e-13, 1 - 1e-13])
        ends = sorted(
            [end * node if self.product else end + node]
            for end in (low, high)
            for node in (self.nodes.min(), self.nodes.max())
        )
        return float(
            brentq(lambda y: self.below(y) - level, ends[0][0], ends[-1][0], xtol=1e-13, rtol=1e-13)
        )

    @cached_property
    def truths(self) -> dict[str, float]:
        """Ends by statistic; highest-density ends where there is one piece."""
        found = {"median": self.quantile(0.5)}
        for prob in PROBS:
            tails = ((1 - prob) / 2, (1 + prob) / 2)
            found |= {f"eti{prob:g}.{k}": self.quantile(tail) for k, tail in enumerate(tails)}
            found |= {f"hdi{prob:g}.{k}": end for k, end in enumerate(self._region(prob))}
        return found

    def _region(self, prob: float) -> tuple[float, ...]:
        def excess(tail: float) -> float:
            ends = self.quantile(tail), self.quantile(tail + prob)
            return self.density(ends[0]) - self.density(ends[1])

        tails = np.linspace(1e-6, 1 - prob - 1e-6, 31)
        signs = np.sign([excess(tail) for tail in tails])
        turns = np.flatnonzero(signs[1:] != signs[:-1])
        if turns.size != 1:
            return ()  # several pieces, or a density that falls from a bound
        tail = brentq(excess, tails[turns[0]], tails[turns[0] + 1], xtol=1e-13)
        return self.quantile(tail), self.quantile(tail + prob)


@cache
def _cases() -> dict[str, _Case]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    p, weights = (nodes + 1) / 2, weights / 2
    q = _Q.ppf(p)
    pearson = 2 * np.sin(np.pi * _RANK / 6)
    signs = np.array([1, 1, -1, 1, 1])
    five = np.sqrt(0.25 * (5 + pearson * (signs.sum() ** 2 - 5)))
    both, half = np.concatenate([q, 3 * q]), np.concatenate([0.7 * weights, 0.3 * weights])
    return {
        "skewed": _Case(
            *("a wide pivot below the line", stats.lognorm(1), q**2, weights),
            of=lambda one: one**2,
            back=lambda one: max(one, 0.0) ** 0.5,
        ),
        "bounded": _Case("a pivot with bounds", stats.uniform(1, 8), q, weights),
        "poles": _Case("a pivot whose density has poles", stats.beta(0.6, 0.6), q, weights),
        "heavy": _Case("a pivot with heavy tails", stats.t(3), q, weights, product=False),
        "level": _Case("nearly flat", stats.uniform(0, 40), q, weights, product=False),
        "steps": _Case(
            *("steps beside the pivot", stats.lognorm(1), both, half),
            steps=((0.7, 1.0), (0.3, 3.0)),
        ),
        "five": _Case("five correlated inputs", stats.lognorm(five), q, weights),
        "varying": _Case("no pivot: slopes vary by draw", stats.norm(0, 0.5), q, weights),
        "narrow": _Case("a narrow pivot", stats.lognorm(0.025), q, weights),
    }


def integrated(cases: int, seed: int) -> Iterator[Check]:
    """Yield a figure for each design, model and statistic."""
    ties = "".join(f'[[correlations]]\ninputs = ["{a}", "{b}"]\nrank = {_RANK}\n' for a, b in _TIES)
    with tempfile.TemporaryDirectory() as folder:
        own, priors = Path(folder, "own.py"), Path(folder, "own.toml")
        own.write_text(_LAWS, encoding="utf-8")
        priors.write_text(_PRIORS + ties, encoding="utf-8")
        model = Model.of(own)
        problem = Problem(
            model,
            load_priors(priors, variables=model.variables),
            ask(model, {}, outputs=list(_cases())),
        )
        for kind in DESIGNS:
            yield from _of_design(problem, kind, cases, seed)


def _of_design(problem: Problem, kind: str, cases: int, seed: int) -> Iterator[Check]:
    known = _cases()
    events = {
        (name, chance): (
            parse_event(f"{name} > {threshold!r}", problem.model.variables),
            case.above(threshold),
        )
        for name, case in known.items()
        for chance in _CHANCES
        for threshold in [case.quantile(1 - chance)]
    }
    within: dict[tuple[str, str], list[list[bool]]] = defaultdict(list)
    for number in range(cases):
        design = Design(kind=kind, seed=seed + number)  # type: ignore[arg-type]
        tree = sample(problem, design)
        summary = summarize(tree, probs=PROBS)
        for name, case in known.items():
            for family, hits in _hits(case, summary.sel(output=name)).items():
                within[name, family].append(hits)
        for (name, chance), (event, exact) in events.items():
            found = probability_in(event, tree)
            if np.isfinite(found.mcse):
                hit = abs(found.value - exact) <= 2 * found.mcse + 1e-12
                within[name, f"probability {chance:g}"].append([hit])
    for (name, family), hits in within.items():
        if len(hits) >= cases / 2:
            place = f"An input integrated out, {kind}", known[name].text, family
            yield share(place, np.array(hits), HONEST)


def _hits(case: _Case, found: Any) -> dict[str, list[bool]]:
    """Return by family whether each end is within two errors of the truth."""
    shown = {"median": (float(found["median"]), float(found["median_mcse"]))}
    for prob in PROBS:
        one = found.sel(prob=prob)
        pieces = int(np.isfinite(one["hdi"].values[:, 0]).sum())
        width = float(np.ptp(one["eti"].values))
        level = LEVEL in str(found["hdi_reason"].item()) and np.allclose(
            one["hdi"].values[0], one["eti"].values, rtol=0, atol=0.01 * width
        )  # the equal-tailed one is shown, and said to be
        for k in range(2):
            shown[f"eti{prob:g}.{k}"] = float(one["eti"][k]), float(one["eti_mcse"][k])
            if pieces == 1 and not level:
                shown[f"hdi{prob:g}.{k}"] = float(one["hdi"][0, k]), float(one["hdi_mcse"][0, k])
    families: dict[str, list[bool]] = defaultdict(list)
    for name, truth in case.truths.items():
        if name not in shown:
            continue
        value, error = shown[name]
        family = {"m": "median", "e": "ETI ends", "h": "HDI ends"}[name[0]]
        families[family].append(bool(abs(value - truth) <= 2 * error + 1e-9 * abs(truth)))
    return families
