"""Answers against the exact ones: whether a tool is right at all, and how many draws it needs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.measure import median
from benchmarks.peers import NAMES, PEERS
from benchmarks.reference import OUTPUTS, STATISTICS, exact

if TYPE_CHECKING:
    from benchmarks.measure import Budget
    from benchmarks.peers import Answers

__all__ = ["ENDS", "Rung", "draws_needed", "faults", "ladder", "rung"]

ENDS = ("q05", "q95")
_LEVELS = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
_SMALLEST, _CHEAP = 1 << 8, 1 << 17
_NEVER = 4.9  # standard errors; a right tool is beyond them once in a million figures
_HDI = 0.03  # a raw shortest interval is this far off at 1e5 draws, and no wrong one is nearer


class Rung(NamedTuple):
    """Root-mean-square relative errors over seeds at one number of draws."""

    draws: int
    ends: float
    hdi: float
    seconds: float
    seeds: int


def faults(name: str, answers: Answers, draws: int) -> list[str]:
    """Return which of a tool's answers are not the exact ones within their Monte Carlo error.

    The error is that of independent draws, which quasi-random ones do not exceed.
    """
    found = []
    for output, row in answers.items():
        for statistic, value in zip(STATISTICS, row, strict=False):
            right = _EXACT[output][statistic]
            error = _standard_error(output, statistic, draws)
            if not abs(value - right) <= error:
                found.append(
                    f"{name}: {statistic} of {output} is {value:.6g}, exactly {right:.6g}; "
                    f"at {draws:,} draws at most {error:.2g} apart"
                )
    return found + [f"{name}: {o} is missing" for o in NAMES if o not in answers]


def draws_needed(accuracy: float) -> int:
    """Return the independent draws at which the worst interval end has this relative error.

    The standard error of a quantile is sqrt(p (1 - p) / n) / f(q), and f is known.
    """
    worst = max(
        _quantile_error(output, end) / _EXACT[output][end] for output in NAMES for end in ENDS
    )
    return int(np.ceil((worst / accuracy) ** 2))


def ladder(
    name: str, target: float, *, seeds: int, budget: Budget, also: tuple[int, ...] = ()
) -> list[Rung]:
    """Double a tool's draws, from 256, until the worst interval end has the relative error wanted.

    Parameters
    ----------
    name
        One of `PEERS`.
    target
        Root-mean-square relative error.
    seeds
        Independent runs of each number of draws.
    budget
        More draws are not tried where they are expected to exceed it.
    also
        Numbers of draws that are measured in any case.
    """
    PEERS[name].answer(4096, 1)
    rungs: list[Rung] = []
    draws = _SMALLEST
    while True:
        rungs.append(rung(name, draws, seeds=_seeds(draws, seeds)))
        last = rungs[-1]
        draws *= 2
        if last.ends <= target or 2 * last.seconds * _seeds(draws, seeds) > budget.left:
            break
    measured = {one.draws for one in rungs}
    rungs += [rung(name, n, seeds=_seeds(n, seeds)) for n in also if n not in measured]
    return sorted(rungs)


def _seeds(draws: int, seeds: int) -> int:
    """Return more seeds where they cost little: the worst of sixteen ends is a noisy figure."""
    return seeds * 3 if draws <= _CHEAP else seeds


def rung(name: str, draws: int, *, seeds: int) -> Rung:
    """Measure a tool's errors and time at one number of draws."""
    times, rows = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        rows.append(PEERS[name].answer(draws, 1000 + seed))
        times.append(time.perf_counter() - start)
    return Rung(draws, _rmse(rows, ENDS), _rmse(rows, STATISTICS[4:]), median(times), seeds)


def _rmse(rows: list[Answers], statistics: tuple[str, ...]) -> float:
    """Return the largest root-mean-square relative error of these statistics; nan without them."""
    worst = []
    for output in NAMES:
        for statistic in statistics:
            place = STATISTICS.index(statistic)
            if place >= len(rows[0][output]):
                return float("nan")
            values = np.array([row[output][place] for row in rows])
            worst.append(np.sqrt(np.mean((values / _EXACT[output][statistic] - 1) ** 2)))
    return float(max(worst))


def _standard_error(output: str, statistic: str, draws: int) -> float:
    if statistic == "mean":
        return _NEVER * OUTPUTS[output].sd / np.sqrt(draws)
    if statistic in _LEVELS:
        return _NEVER * _quantile_error(output, statistic) / np.sqrt(draws)
    low, high = OUTPUTS[output].region
    # An end of the shortest interval converges as the cube root of the draws.
    return _HDI * (high - low) * (1e5 / draws) ** (1 / 3)


def _quantile_error(output: str, statistic: str) -> float:
    level = _LEVELS[statistic]
    density = OUTPUTS[output].density(_EXACT[output][statistic])
    return float(np.sqrt(level * (1 - level)) / density)


_EXACT = exact()
