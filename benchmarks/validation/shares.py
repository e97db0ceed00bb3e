"""Whether 95% intervals of sensitivity indices cover what closed forms and quadrature say."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from benchmarks.validation.check import share
from uncertain_scale import Design, Model, ask, load_priors
from uncertain_scale.analysis.sensitivity import Loss, Penalty, decision_value
from uncertain_scale.analysis.sensitivity.methods import run_methods
from uncertain_scale.analysis.sensitivity.shapley import Shapley
from uncertain_scale.analysis.sensitivity.sobol import Sobol
from uncertain_scale.analysis.sensitivity.study import make_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.validation.check import Check
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Question

__all__ = ["intervals_of_shares"]

COVERING = (0.90, 0.99)
"""Shares of 95% intervals that cover the truth, as they are aimed at."""
_ISHIGAMI = '''
import numpy as np
def y(x1, x2, x3):
    """Ishigami's function."""
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
'''
_G = '''
import numpy as np
def y(x1, x2, x3):
    """Sobol's G function, a = 0, 0.5, 1."""
    return np.abs(4 * x1 - 2) * (np.abs(4 * x2 - 2) + 0.5) / 1.5 * (np.abs(4 * x3 - 2) + 1) / 2
'''
_PRODUCT = '''
def y(x1, x2, x3):
    """A product."""
    return x1 * x2 * x3
'''
_NEITHER = '''
def y(x1, x2, x3):
    """A product and a term."""
    return x1 * x2 + x3
'''
_NEARLY = '''
def y(x1, x2, x3):
    """A product, but for a small term."""
    return x1 * (x2 * x3 + 0.05)
'''
_SUM = '''
def y(a, b):
    """A weighted sum."""
    return 2 * a + b
'''
_UNIFORM = 'kind = "uniform", lower = {}, upper = {}'
_LOGNORMAL = 'kind = "lognormal", mu = 0, sigma = {}'
_STANDARD = 'kind = "normal", mu = 0, sigma = 1'


def _three(template: str, *values: tuple[float, ...]) -> dict[str, str]:
    return {f"x{k + 1}": template.format(*one) for k, one in enumerate(values)}


_SIGMAS = np.array([0.5, 0.3, 0.8])
_LOG_SHARES = _SIGMAS**2 / (_SIGMAS**2).sum()


def _of_neither() -> dict[str, list[float]]:
    """Return the indices of x1 x2 + x3."""
    squares = np.exp(_SIGMAS**2)
    (v1, v2, v3), (s1, s2, _) = squares * (squares - 1), squares
    own = np.array([s2 * v1, s1 * v2, v3])
    both = np.array([v1 * v2, v1 * v2, 0])
    whole = own.sum() + v1 * v2
    return {"first": list(own / whole), "total": list((own + both) / whole)}


def _of_nearly() -> dict[str, list[float]]:
    """Return the indices of x1 (x2 x3 + 0.05)."""
    squares = np.exp(_SIGMAS**2)
    (v1, v2, v3), (s1, s2, s3) = squares * (squares - 1), squares
    mean = np.sqrt(s2 * s3) + 0.05
    own = np.array([v1 * mean**2, s1 * v2 * s3, s1 * s2 * v3])
    pairs = np.array([v1 * v2 * s3, v1 * s2 * v3, s1 * v2 * v3])  # of 1 and 2, 1 and 3, 2 and 3
    three = v1 * v2 * v3
    whole = own.sum() + pairs.sum() + three
    met = np.array([pairs[0] + pairs[1], pairs[0] + pairs[2], pairs[1] + pairs[2]]) + three
    return {"first": list(own / whole), "total": list((own + met) / whole)}


_SPECIMENS = {
    "Ishigami": (
        _ISHIGAMI,
        _three(_UNIFORM, *[(-np.pi, np.pi)] * 3),
        "value",
        {
            "first": [0.3139052, 0.4424111, 0],
            "total": [0.5575889, 0.4424111, 0.2436837],
            "shapley": [0.43574705, 0.4424111, 0.12184185],
        },
    ),
    "Sobol' G": (
        _G,
        _three(_UNIFORM, *[(0, 1)] * 3),
        "value",
        {"first": [0.50625, 0.225, 0.1265625], "total": [0.6296875, 0.325, 0.19375]},
    ),
    "product of lognormals": (
        _PRODUCT,
        _three(_LOGNORMAL, *[(one,) for one in _SIGMAS]),
        "value",
        {
            "first": [0.1706416, 0.0565796, 0.5386029],
            "total": [0.3540950, 0.1377787, 0.7567088],
        },
    ),
    "its logarithm": (
        _PRODUCT,
        _three(_LOGNORMAL, *[(one,) for one in _SIGMAS]),
        "log",
        {name: list(_LOG_SHARES) for name in ("first", "total", "shapley")},
    ),
    "a product and a term": (
        _NEITHER,
        _three(_LOGNORMAL, *[(one,) for one in _SIGMAS]),
        "value",
        _of_neither(),
    ),
    "nearly a product": (
        _NEARLY,
        _three(_LOGNORMAL, *[(one,) for one in _SIGMAS]),
        "value",
        _of_nearly(),
    ),
}
FLAT = Loss(Penalty(20.0), Penalty(5.0), "USD")
GROWING = Loss(Penalty(3.0, per=1.0), Penalty(6.0, per=2.0), "USD")
_THRESHOLD = -1.0


def intervals_of_shares(cases: int, seed: int) -> Iterator[Check]:
    """Yield a figure for each specimen, design and index."""
    for kind in ("sobol", "random"):
        for name, (equations, inputs, scale, truth) in _SPECIMENS.items():
            question = _question(equations, inputs)
            covered: dict[str, list[np.ndarray]] = defaultdict(list)
            for case in range(cases):
                design = Design(kind, 128, 8, seed + case)
                study = make_study(*question, design, on=[scale])
                methods = [Sobol(study), *([Shapley(study)] if "shapley" in truth else [])]
                found = run_methods(study, methods).sel(scale=scale)
                for index, exact in truth.items():
                    low, high = (found[f"{index}_{end}"].values.ravel() for end in ("low", "high"))
                    covered[index].append((low <= exact) & (exact <= high))
            for index, hits in covered.items():
                place = ("Intervals of shares", f"{name}, {kind}", index)
                yield share(place, np.array(hits), COVERING)
        for name, loss in (("flat loss", FLAT), ("loss that grows", GROWING)):
            question = _question(_SUM, {"a": _STANDARD, "b": _STANDARD})
            truth = {x: worth(loss, *weights) for x, weights in (("a", (2, 1)), ("b", (1, 2)))}
            hits = []
            for case in range(cases):
                design = Design(kind, 128, 8, seed + case)
                found = decision_value(
                    *question, design, output="y", threshold=_THRESHOLD, loss=loss
                )
                ends = [
                    found[f"evppi_{end}"].sel(input=list(truth)).values for end in ("low", "high")
                ]
                exact = np.array(list(truth.values()))
                hits.append((ends[0] <= exact) & (exact <= ends[1]))
            place = ("Intervals of shares", f"sum of normals, {name}, {kind}", "EVPPI")
            yield share(place, np.array(hits), COVERING)


def worth(loss: Loss, weight: float, other: float) -> float:
    """Return what knowing x is worth, the answer weight x + other z, by a plain sum over x."""
    x = (np.arange(-400_000, 400_000) + 0.5) * 2e-5
    density = norm.pdf(x) * 2e-5
    margin = weight * x - _THRESHOLD
    better = 3 * margin if loss is GROWING else 25 * norm.cdf(margin / other) - 20
    return float(density @ np.maximum(better, 0) - max(float(density @ better), 0))


def _question(equations: str, inputs: dict[str, str]) -> tuple[Model, Priors, Question]:
    with tempfile.TemporaryDirectory() as folder:
        model_file, prior_file = Path(folder) / "own.py", Path(folder) / "own.toml"
        model_file.write_text(equations, encoding="utf-8")
        text = "".join(f"inputs.{name} = {{ {kind} }}\n" for name, kind in inputs.items())
        prior_file.write_text(f"schema_version = 1\n{text}", encoding="utf-8")
        model = Model.of(model_file)
        return model, load_priors(prior_file, variables=model.variables), ask(model, {})
