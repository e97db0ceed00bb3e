"""Whether moments that do not exist are denied or in doubt, and those that do are not.

Answers of models, as a user asks for them, and transformed uniforms, of which nothing but the draws
is known; near the limits too: a t with 2 degrees of freedom has no variance, one with 3 has.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.special import ndtri

from benchmarks.validation.check import share
from benchmarks.validation.honesty import DESIGNS
from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.moments import Facts, heaviness, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.validation.check import Check

__all__ = ["tails"]

_MISSES = (0.0, 0.05)
_ALARMS = (0.0, 0.01)
_COST = '''
def y(budget, mfu):
    """What goes as 1/MFU."""
    return budget / mfu
'''
_NET = '''
def y(budget, mfu):
    """What goes as 1/(MFU - 0.1), which may be 0."""
    return budget / (mfu - 0.1)
'''
_FLOOD = '''
def y(budget, mfu):
    """The height of a flood goes as the river bed's roughness to the power -0.6."""
    return budget * mfu ** -0.6
'''
_GROWTH = '''
def y(budget, mfu):
    """What doubles with every unit of MFU."""
    return budget * 2 ** mfu
'''
_ASKED: dict[str, tuple[str, str, bool, bool]] = {
    "cost / uniform from 0": (_COST, 'kind = "uniform", lower = 0, upper = 0.5', False, False),
    "cost / normal cut at 0": (
        _COST,
        'kind = "normal", mu = 0.3, sigma = 0.12, truncate = [0, inf]',
        False,
        False,
    ),
    "cost / beta(1, 2)": (_COST, 'kind = "beta", alpha = 1, beta = 2', False, False),
    "cost / (normal - 0.1)": (_NET, 'kind = "normal", mu = 0.3, sigma = 0.1', False, False),
    "growth by a t with 10 degrees": (
        _GROWTH,
        'kind = "student_t", nu = 10, mu = 0.3, sigma = 0.1',
        False,
        False,
    ),
    "cost / beta(1.5, 3)": (_COST, 'kind = "beta", alpha = 1.5, beta = 3', True, False),
    "flood, roughness normal cut at 0": (
        _FLOOD,
        'kind = "normal", mu = 30, sigma = 7.5, truncate = [0, inf]',
        True,
        False,
    ),
    "cost / beta(3, 5)": (_COST, 'kind = "beta", alpha = 3, beta = 5', True, True),
    "cost / logitnormal": (_COST, 'kind = "logitnormal", q05 = 0.15, q95 = 0.43', True, True),
}
_BEYOND = "lognormal, sigma 2"
_DRAWN: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool, bool]] = {
    "1/uniform": (lambda u: 1 / u, False, False),
    "1/normal": (lambda u: 1 / ndtri(u), False, False),
    "t with 1.5 degrees": (lambda u: stats.t.ppf(u, 1.5), True, False),
    "t with 2 degrees": (lambda u: stats.t.ppf(u, 2), True, False),
    "t with 3 degrees": (lambda u: stats.t.ppf(u, 3), True, True),
    "t with 5 degrees": (lambda u: stats.t.ppf(u, 5), True, True),
    "lognormal, sigma 1.2": (lambda u: np.exp(1.2 * ndtri(u)), True, True),
    _BEYOND: (lambda u: np.exp(2 * ndtri(u)), True, True),
    "exponential": (lambda u: -np.log(u), True, True),
    "normal": (ndtri, True, True),
    "uniform": (lambda u: u, True, True),
}


def tails(cases: int, seed: int) -> Iterator[Check]:
    """Yield how often each moment is denied where it exists, or not where it does not."""
    cases = max(cases // 4, 2)
    for kind in DESIGNS:
        for name, (equation, prior, *exists) in _ASKED.items():
            yield from _rates(f"{name}", kind, _asked(equation, prior, kind, cases, seed), exists)
        for name, (transform, *exists) in _DRAWN.items():
            found = []
            for case in range(cases):
                design = Design(kind, seed=seed + case)
                u = [design.column(name, position=0, chain=c) for c in range(design.chains)]
                doubts = heaviness(Draws(transform(np.array(u))))
                found.append(tuple(bool(side) for _, side in doubts))
            yield from _rates(f"draws: {name}", kind, np.array(found), exists)


def _asked(equation: str, prior: str, kind: str, cases: int, seed: int) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        model_file, prior_file = Path(folder) / "own.py", Path(folder) / "own.toml"
        model_file.write_text(equation, encoding="utf-8")
        prior_file.write_text(
            "schema_version = 1\n"
            'inputs.budget = { kind = "lognormal", q05 = 0.8, q95 = 1.25 }\n'
            f"inputs.mfu = {{ {prior} }}\n",
            encoding="utf-8",
        )
        model = Model.of(model_file)
        priors = load_priors(prior_file, variables=model.variables)
        found = []
        for case in range(cases):
            design = Design(kind, seed=seed + case)  # type: ignore[arg-type]
            y = sample(model, priors, ask(model, {}), design)["prior_predictive/y"]
            known = moments(Draws(y.values), Facts.of(y.attrs))
            found.append(tuple(one.state in {"none", "unsettled"} for one in known))
    return np.array(found)


def _rates(name: str, kind: str, denied: np.ndarray, exists: list[bool]) -> Iterator[Check]:
    for moment, there, one in zip(("mean", "sd"), exists, denied.T, strict=True):
        if name.endswith(_BEYOND):
            part, wrong, target = "Moments that exist, beyond what draws tell", one, (0.0, 1.0)
        elif there:
            part, wrong, target = "Moments that exist: false alarms", one, _ALARMS
        else:
            part, wrong, target = "Moments that do not: misses", ~one, _MISSES
        yield share((part, name, f"{moment}, {kind}"), wrong, target)
