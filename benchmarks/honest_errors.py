"""How honest the errors of this package's own designs are: four outputs with closed forms.

Run as `python benchmarks/honest_errors.py [SEEDS]`. For each design, statistic and output it prints
in how many per cent of the seeds the estimate lies within two standard errors of the truth: 93.6
where errors are normal and their own errors come from 16 chains.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import norm

from uncertain_scale import Design, summarize

PROBS = (0.5, 0.9, 0.95)
WEIGHTS = {
    "product of three lognormals": (0.5, 0.3, 0.8),
    "budget's FLOP": (0.2513, 0.2746),
    "one lognormal": (1.0,),
    "sum of four normals": (1.0, 2.0, 0.5, 1.0),
}


def truth(name: str) -> dict[str, float]:
    """Return the exact statistics of an output: a normal, or the exponential of one."""
    sigma = float(np.linalg.norm(WEIGHTS[name]))
    lognormal = not name.startswith("sum")
    exact = {"median": 1.0 if lognormal else 0.0}
    exact["mean"] = np.exp(sigma**2 / 2) if lognormal else 0.0
    exact["sd"] = exact["mean"] * np.sqrt(np.expm1(sigma**2)) if lognormal else sigma
    for prob in PROBS:
        z = sigma * norm.ppf((1 + prob) / 2)
        ends = np.array([-z, z])
        exact |= _named("eti", prob, np.exp(ends) if lognormal else ends)
        exact |= _named("hdi", prob, _densest(sigma, prob) if lognormal else ends)
    return exact


def _densest(sigma: float, prob: float) -> np.ndarray:
    """Return the highest-density interval of a lognormal with mu = 0."""

    def excess(half: float) -> float:
        return float(norm.cdf(-sigma + half) - norm.cdf(-sigma - half) - prob)

    half = brentq(excess, 0, 30)
    return np.exp(sigma * np.array([-sigma - half, -sigma + half]))


def _named(kind: str, prob: float, ends: np.ndarray) -> dict[str, float]:
    return {
        f"{prob:.0%} {kind} {end}": float(x) for end, x in zip(("low", "high"), ends, strict=True)
    }


def outputs(design: Design) -> xr.Dataset:
    """Return draws of the four outputs."""
    columns = range(max(map(len, WEIGHTS.values())))
    scores = [
        ndtri([design.column(f"x{k}", position=k, chain=c) for c in range(design.chains)])
        for k in columns
    ]
    sums = {
        name: sum(weight * score for weight, score in zip(weights, scores, strict=False))
        for name, weights in WEIGHTS.items()
    }
    return xr.Dataset(
        {
            name: (("chain", "draw"), total if name.startswith("sum") else np.exp(total))
            for name, total in sums.items()
        }
    )


def estimates(row: xr.Dataset) -> dict[str, tuple[float, float]]:
    """Return one output's statistics with their errors, by the names that `truth` gives them."""
    found = {
        name: (float(row[name]), float(row[f"{name}_mcse"])) for name in ("median", "mean", "sd")
    }
    for prob in PROBS:
        for kind in ("eti", "hdi"):
            ends, errors = row[kind].sel(prob=prob), row[f"{kind}_mcse"].sel(prob=prob)
            if kind == "hdi":
                ends, errors = ends.isel(mode=0), errors.isel(mode=0)
            values = _named(kind, prob, ends.values)
            spreads = _named(kind, prob, errors.values)
            found |= {name: (values[name], spreads[name]) for name in values}
    return found


def main(seeds: int) -> None:
    """Print a table for each design."""
    for kind in ("sobol", "lhs", "random"):
        within: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for seed in range(seeds):
            summary = summarize(outputs(Design(kind=kind, seed=1000 + seed)), probs=PROBS)
            for name in WEIGHTS:
                exact = truth(name)
                for statistic, (value, error) in estimates(summary.sel(output=name)).items():
                    within[statistic, name].append(abs(value - exact[statistic]) < 2 * error)
        print(f"\n{kind}, {seeds} seeds: {', '.join(WEIGHTS)}; all")
        for statistic in truth("one lognormal"):
            shares = [100 * np.mean(within[statistic, name]) for name in WEIGHTS]
            print(f"{statistic:>14}", *(f"{share:6.1f}" for share in [*shares, np.mean(shares)]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
