"""How well fits of utilisation forecast unseen runs: `python -m benchmarks.utilisation`.

Three ways of leaving out: each run, each family of chips, and all that was published since 2024.
Beside the shipped fit stand fits with less in them, judged alike: CRPS of the logarithm of mfu
(less is better), how many runs lie inside the intervals, and whether PITs are uniform.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.backtest.mfu_fit import chance_of_moe, fit_mfu, fitted_runs, freed
from uncertain_scale.analysis.backtest.scores import uniformity
from uncertain_scale.inputs.runs import published_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uncertain_scale.analysis.backtest.mfu_fit import Predictive
    from uncertain_scale.inputs.runs import TrainingRun

PROBS = (0.5, 0.8, 0.9, 0.95)
RECENT = "2024"
LARGE = 1e23  # FLOP
_LEVELS = (np.arange(2000) + 0.5) / 2000


class Judged(NamedTuple):
    """How forecasts fared.

    Parameters
    ----------
    runs, inside
        How many there are, and how many lie inside each of `PROBS`.
    mean, p
        Of their PITs: the mean, and the p-value of the test that they are uniform.
    crps
        Mean score of log mfu.
    """

    runs: int
    inside: tuple[int, ...]
    mean: float
    p: float
    crps: float


def judged(forecasts: Iterable[tuple[TrainingRun, Predictive]]) -> Judged:
    """Score forecasts of the mfu of runs, FP8's speed-up taken out at its mean."""
    transforms, scores = [], []
    for run, predictive in forecasts:
        found = np.log(float(np.mean(freed(run))))
        values = np.log(predictive.quantiles(_LEVELS))
        transforms.append(float(np.interp(found, values, _LEVELS)))
        spread = (2 * _LEVELS - 1) @ values / _LEVELS.size
        scores.append(float(np.abs(values - found).mean() - spread))
    middle = np.abs(np.array(transforms) - 0.5)
    inside = tuple(int((middle < prob / 2).sum()) for prob in PROBS)
    p = uniformity(transforms)
    return Judged(len(scores), inside, float(np.mean(transforms)), p, float(np.mean(scores)))


def each_left_out(
    runs: Sequence[TrainingRun], fitted: Sequence[TrainingRun] | None = None
) -> Judged:
    """Judge the fit to runs, or to some of them, by each left out in turn."""
    fit = fit_mfu(fitted or runs)
    return judged(
        (run, fit.predictive(run.chip.family, run.name, moe=chance_of_moe(run))) for run in runs
    )


def families_left_out(runs: Sequence[TrainingRun]) -> Judged:
    """Judge forecasts for a family of chips that no run is known of."""
    forecasts = []
    for family in dict.fromkeys(run.chip.family for run in runs):
        fit = fit_mfu([run for run in runs if run.chip.family != family])
        forecasts += [
            (run, fit.predictive("other", moe=chance_of_moe(run)))
            for run in runs
            if run.chip.family == family
        ]
    return judged(forecasts)


def years_left_out(runs: Sequence[TrainingRun]) -> Judged:
    """Judge forecasts, of what was published since 2024, by what was published before."""
    later = [run for run in runs if not run.date or run.date >= RECENT]
    fit = fit_mfu([run for run in runs if run not in later])
    return judged((run, fit.predictive(run.chip.family, moe=chance_of_moe(run))) for run in later)


def variants(runs: Sequence[TrainingRun]) -> dict[str, list[TrainingRun]]:
    """Return the runs as each fit sees them."""
    one = runs[0].chip.family
    return {
        "families, experts": list(runs),
        "families alone": [replace(run, moe=False) for run in runs],
        "experts alone": [replace(run, chip=replace(run.chip, family=one)) for run in runs],
    }


def lines() -> Iterable[str]:
    """Yield a Markdown table of all of it."""
    runs = fitted_runs(published_runs())
    large = [run for run in runs if run.training_flop is not None and run.training_flop >= LARGE]
    rows = {}
    for name, seen in variants(runs).items():
        rows[f"each run, {name}"] = each_left_out(seen)
        if name != "experts alone":
            rows[f"each family, {name}"] = families_left_out(seen)
        rows[f"since {RECENT}, {name}"] = years_left_out(seen)
    rows[f"each run of {LARGE:g} FLOP or more, fitted to all"] = each_left_out(large, runs)
    rows[f"each run of {LARGE:g} FLOP or more, fitted to these"] = each_left_out(large)
    yield "| left out, by | runs | inside 50, 80, 90, 95% | PIT mean | p | CRPS |"
    yield "|---|---|---|---|---|---|"
    for name, one in rows.items():
        inside = ", ".join(map(str, one.inside))
        yield f"| {name} | {one.runs} | {inside} | {one.mean:.2f} | {one.p:.2g} | {one.crps:.3f} |"


if __name__ == "__main__":
    print("\n".join(lines()))
