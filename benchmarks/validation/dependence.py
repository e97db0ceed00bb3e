"""Whether inputs hang together as they are said to: rank correlations, and rows drawn whole."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from benchmarks.validation.check import FALSE_ALARMS, Check, at_least, near, uniform
from benchmarks.validation.honesty import DESIGNS
from uncertain_scale import Design, default_model, load_priors
from uncertain_scale.sampling.dependence import InputSampler

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ranks", "rows"]

ASKED = (-0.95, -0.6, 0.0, 0.3, 0.9)
_BIAS = 5e-4
"""How far an average rank correlation may be from what was asked."""
_MARGINALS = (
    'kind = "lognormal", mu = 0, sigma = 1.5',
    'kind = "beta", alpha = 0.5, beta = 3',
    'kind = "student_t", nu = 3, mu = 0, sigma = 1',
    'kind = "triangular", lower = 0, mode = 0, upper = 1',
)


def ranks(cases: int, seed: int) -> Iterator[Check]:
    """Yield a figure for each design and each rank correlation asked for."""
    for design in DESIGNS:
        for asked in ASKED:
            found = realised(asked, Design(design, 4096, 16 * cases, seed))
            place = ("Rank correlations", design, f"asked {asked:+g}")
            yield near(place, found, (asked - _BIAS, asked + _BIAS))
    caught = 0
    for repeat in range(20):
        # A rank correlation taken for the correlation of the normal scores.
        wrong = 6 / np.pi * np.arcsin(0.6 / 2)
        found = realised(wrong, Design("random", 4096, 32, seed + 1 + repeat))
        check = near(("", "", ""), found, (0.6 - _BIAS, 0.6 + _BIAS))
        caught += check.p < FALSE_ALARMS / 1000
    place = ("Faults put in", "a rank of 0.6 taken for a correlation of scores", "found")
    yield at_least(place, caught, 20, 0.95)


def realised(asked: float, design: Design) -> np.ndarray:
    """Return Spearman's rank correlation of each chain, freed of its bias in finite samples.

    The expectation of a sample's is (n - 2) rho + 3 tau, all over n + 1, for the rank correlation
    rho and Kendall's tau of the distribution (Moran 1948, doi:10.1093/biomet/35.1-2.203).
    """
    text = "schema_version = 1\n"
    for name, kind in zip("abcd", _MARGINALS, strict=True):
        text += f"inputs.{name} = {{ {kind} }}\n"
    text += f'[[correlations]]\ninputs = ["a", "b"]\nrank = {float(asked)!r}\n' if asked else ""
    text += '[[correlations]]\ninputs = ["c", "d"]\nrank = 0.5\n'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tied.toml"
        path.write_text(text, encoding="utf-8")
        sampler = InputSampler(load_priors(path), ["a", "b"])
    found = []
    for chain in range(design.chains):
        draws = sampler.draw(design, chain)
        found.append(stats.spearmanr(draws["a"], draws["b"]).statistic)
    tau = 2 / np.pi * np.arcsin(2 * np.sin(np.pi * asked / 6))
    number = design.draws
    return (np.array(found) * (number + 1) - 3 * tau) / (number - 2)


def rows(cases: int, seed: int) -> Iterator[Check]:
    """Yield whether rows of the shipped joint sample are drawn whole, and equally often."""
    del cases
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    joint = replace(priors.joints[0], smooth=False)
    priors = replace(priors, joints=(joint,))
    factors = [priors.inputs[name].factor for name in joint.inputs]
    known = {row.tobytes(): k for k, row in enumerate(joint.rows * factors)}
    for kind in DESIGNS:
        design = Design(kind, 4096, 16, seed)
        sampler = InputSampler(priors, joint.inputs)
        index = []
        for chain in range(design.chains):
            draws = sampler.draw(design, chain)
            table = np.column_stack([draws[name] for name in joint.inputs])
            index.append([known.get(row.tobytes(), -1) for row in table])
        place = ("Joint rows", kind, "drawn whole")
        whole = float(np.mean(np.array(index) >= 0))
        yield Check(*place, whole, (1.0, 1.0), np.size(index), float(whole == 1))
        counts = np.bincount(np.ravel(index), minlength=len(known))
        place = ("Joint rows", kind, "equally often: p")
        if kind == "random":
            yield uniform(place, float(stats.chisquare(counts).pvalue), np.size(index))
        else:  # never less even than chance
            p = float(stats.chi2.sf(stats.chisquare(counts).statistic, len(counts) - 1))
            yield uniform(place, p, np.size(index))
    torn = np.column_stack([np.roll(draws[name], k) for k, name in enumerate(joint.inputs)])
    lost = sum(row.tobytes() not in known for row in torn)
    place = ("Faults put in", "columns of joint rows drawn apart", "found")
    yield at_least(place, lost, len(torn), 0.95)
