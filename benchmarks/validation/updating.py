"""Whether updated priors are right: simulation-based calibration by both roads.

Talts et al. (2018), https://arxiv.org/abs/1804.06788.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from benchmarks.calibration import WIDTHS, uniformity
from benchmarks.calibration import ranks as ranks_of_truth
from benchmarks.validation.check import FALSE_ALARMS, at_least, uniform
from benchmarks.validation.honesty import DESIGNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.validation.check import Check

__all__ = ["updating"]


def updating(cases: int, seed: int) -> Iterator[Check]:
    """Yield a p-value for each road, design and input, and whether a wrong posterior is found."""
    lot = seed * 10
    cases = max(cases, 200)
    caught, tried = 0, 0
    # Where facts are wide, weights serve, and where they do not, the program goes the other road.
    for road, width in (("auto", WIDTHS["wide"]), ("smc", WIDTHS["narrow"])):
        for design in DESIGNS:
            lot += 1
            found, weighted = ranks_of_truth(cases, width, design, lot, road)
            row = "sequential Monte Carlo" if road == "smc" else f"weights in {weighted:.0%}"
            for name, one in found.items():
                place = ("Updated priors", f"{row}, {design}", name)
                yield uniform(place, uniformity(one), cases)
            # The same posterior with half its spread.
            narrow = norm.cdf(2 * norm.ppf(np.clip(found["watts"], 1e-3, 1 - 1e-3)))
            caught += uniformity(narrow) < FALSE_ALARMS / 1000
            tried += 1
    place = ("Faults put in", "a posterior with half its spread", "found")
    yield at_least(place, caught, tried, 0.95)
