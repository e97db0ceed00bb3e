"""Sobol' indices of every output of a report against `scipy.stats.sobol_indices` for one of them.

Run as `python benchmarks/sensitivity.py`. Both are given what they need to be within 0.01 of a
reference for every index, in nine of ten seeds; their times are taken alternately in this process.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import sobol_indices as scipy_indices

from uncertain_scale import Design, ask, default_model, load_priors
from uncertain_scale.analysis.sensitivity import sobol_indices
from uncertain_scale.model import solve

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE = 0.01
SEEDS = range(10)
MODEL = default_model()
PRIORS = load_priors("base", variables=MODEL.variables)
QUESTION = ask(MODEL, {"budget": "100M"})
ONE = "training_flop"
INPUTS = ("precision_factor", "mfu", "hourly_rate")
PEAK = 989.4e12


class _Frozen:
    """A prior as scipy wants a distribution: an object with `ppf`."""

    def __init__(self, name: str) -> None:
        self.ppf = PRIORS.inputs[name].ppf


def ours(draws: int, seed: int) -> np.ndarray:
    """Return first and total indices of all outputs."""
    design = Design(draws=draws, chains=4, seed=seed)
    found = sobol_indices(MODEL, PRIORS, QUESTION, design, on=["value"])
    return np.nan_to_num(np.stack([found["first"].values, found["total"].values]))


def scipys(draws: int, seed: int) -> np.ndarray:
    """Return first and total indices of the one output, its equation written by hand."""
    found = scipy_indices(
        func=lambda x: 1e8 / x[2] * 3600 * PEAK * x[0] * x[1],
        n=draws,
        dists=[_Frozen(name) for name in INPUTS],
        rng=seed,
    )
    return np.stack([found.first_order, found.total_order])


def needed(run: Callable[[int, int], np.ndarray], truth: np.ndarray) -> int:
    """Return the fewest draws, a power of two, that are within tolerance in nine of ten seeds."""
    draws = 16
    while True:
        errors = [np.abs(run(draws, seed) - truth).max() for seed in SEEDS]
        if np.quantile(errors, 0.9) <= TOLERANCE:
            return draws
        draws *= 2


def seconds(run: Callable[[int, int], np.ndarray], draws: int) -> float:
    """Return the time that one run takes."""
    start = time.perf_counter()
    run(draws, 0)
    return time.perf_counter() - start


def main() -> None:
    """Print the draws each needs, and the ratio of their times."""
    truths = [ours(1 << 15, 99), scipys(1 << 18, 99)]
    ours_draws, scipy_draws = needed(ours, truths[0]), needed(scipys, truths[1])
    pairs = [(seconds(ours, ours_draws), seconds(scipys, scipy_draws)) for _ in range(9)]
    mine, theirs = np.median(pairs, axis=0)
    outputs = len(solve(MODEL, PRIORS, QUESTION).outputs)
    print(f"ours, {outputs} outputs: 4 chains x {ours_draws} draws, {1e3 * mine:.1f} ms")
    print(f"scipy, {ONE} alone: n = {scipy_draws}, {1e3 * theirs:.1f} ms")
    print(f"ratio scipy / ours: {np.median([b / a for a, b in pairs]):.2f}")


if __name__ == "__main__":
    main()
