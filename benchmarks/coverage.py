"""Measure whether Monte Carlo errors are honest: how often an estimate lies within two of them.

Run `python benchmarks/coverage.py --seeds 200`. For each distribution and design it prints, for the
mean, sd, median and both ends of each interval, the percentage of seeds whose estimate lies within
two errors of the exact value (the target is 90 to 98; a t with 15 degrees of freedom has 93.6), and
the root-mean-square error of the highest-density ends beside that of ArviZ's raw shortest interval.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from uncertain_scale.statistics import summarize

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "statistics"))
from shelf import DESIGNS, SHELF, cube, densest_region  # noqa: F401 (for benchmarks.validation too)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shelf import Specimen

PROBS = (0.5, 0.9, 0.95)


class Study(NamedTuple):
    """Standardised errors, and HDI ends' errors of two estimators, a row a seed."""

    columns: list[str]
    scores: np.ndarray
    smooth: np.ndarray
    raw: np.ndarray


def study(specimen: Specimen, design: str, seeds: Sequence[int], *, raw: bool = True) -> Study:
    """Compare estimates with exact values."""
    exact = _exact(specimen)
    scores, smooth, shortest = [], [], []
    ends = np.array([specimen.region(prob).ravel()[[0, -1]] for prob in PROBS]).ravel()
    for seed in seeds:
        draws = specimen.draw(cube(design, specimen.dimensions, seed))
        found = estimates(draws)
        row = []
        for name, value in exact.items():
            estimate, error = found.get(name, (np.nan, np.nan))
            row.append((estimate - value) / error)
        scores.append(row)
        smooth.append(np.array([found[name][0] for name in _outer(found)]) - ends)
        if raw:
            pairs = [array_stats.hdi(draws.ravel(), prob) for prob in PROBS]
            shortest.append(np.ravel(pairs) - ends)
    return Study(list(exact), np.array(scores), np.array(smooth), np.array(shortest))


def estimates(draws: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return all numbers of a summary with their errors, by name."""
    dataset = xr.Dataset({"x": (("chain", "draw"), draws)})
    summary = summarize(dataset, probs=PROBS).sel(output="x")
    found = {
        name: (float(summary[name]), float(summary[f"{name}_mcse"]))
        for name in ("mean", "sd", "median")
    }
    for prob in PROBS:
        one = summary.sel(prob=prob)
        for name, ends, errors in (
            ("eti", one["eti"].values.ravel(), one["eti_mcse"].values.ravel()),
            ("hdi", one["hdi"].values.ravel(), one["hdi_mcse"].values.ravel()),
        ):
            count = int(np.isfinite(ends).sum())
            for place in range(count):
                found[f"{name}{prob:g}.{place}of{count}"] = (ends[place], errors[place])
    return found


def _exact(specimen: Specimen) -> dict[str, float]:
    exact = {"mean": specimen.mean, "sd": specimen.sd, "median": specimen.quantile(0.5)}
    for prob in PROBS:
        for name, ends in (
            ("eti", specimen.interval(prob)),
            ("hdi", specimen.region(prob).ravel()),
        ):
            exact |= {f"{name}{prob:g}.{k}of{ends.size}": end for k, end in enumerate(ends)}
    return exact


def _outer(found: dict[str, tuple[float, float]]) -> list[str]:
    """Return the names of the outermost HDI ends, in the order of `PROBS`."""
    names: list[str] = []
    for prob in PROBS:
        mine = [name for name in found if name.startswith(f"hdi{prob:g}.")]
        names += [mine[0], mine[-1]]
    return names


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=list(SHELF))
    parser.add_argument("--designs", nargs="*", default=list(DESIGNS))
    options = parser.parse_args()
    for name in options.only:
        for design in options.designs:
            result = study(SHELF[name], design, range(options.seeds))
            within = 100 * (np.abs(result.scores) <= 2).mean(axis=0)
            other = np.isnan(result.scores).mean(axis=0).max()
            _say(f"\n{name}, {design}: pieces differ in {other:.1%} of seeds")
            cells = [f"{c} {w:.0f}" for c, w in zip(result.columns, within, strict=True)]
            _say("  within 2:", "  ".join(cells))
            gain = np.sqrt((result.raw**2).mean(axis=0) / (result.smooth**2).mean(axis=0))
            _say("  raw/smooth RMSE of HDI ends:", np.array2string(gain, precision=1))


if __name__ == "__main__":
    main()
