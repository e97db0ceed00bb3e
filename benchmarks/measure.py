"""How things are measured: calls taken in turns, and processes with their time and peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Budget", "available_mib", "child", "in_turns", "median", "paired", "process"]

_ROOT = Path(__file__).parents[1]


class Budget:
    """Seconds that a stage may take, counted from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; never below 0."""
        return max(self._end - time.perf_counter(), 0.0)


def in_turns(
    calls: Mapping[str, Callable[[], object]], rounds: int, budget: Budget | None = None
) -> dict[str, list[float]]:
    """Time calls in turns, so that what slows the machine down slows all of them.

    Parameters
    ----------
    calls
        Calls by name; one that returns a float has timed itself.
    rounds
        At most so many of each.
    budget
        Rounds end early, after the first at the soonest, where another as long as the last would
        exceed it.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        begun = time.perf_counter()
        for name, call in calls.items():
            start = time.perf_counter()
            found = call()
            took = time.perf_counter() - start
            times[name].append(found if isinstance(found, float) else took)
        if budget is not None and budget.left < time.perf_counter() - begun:
            break
    return times


def paired(times: Sequence[float], base: Sequence[float]) -> float:
    """Return the median over rounds of one's time over another's in the same round."""
    return statistics.median(a / b for a, b in zip(times, base, strict=True))


def median(times: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(times)


def process(command: Sequence[str], timeout: float = 3600) -> tuple[float, str]:
    """Run a process; return its seconds from start to end, and what it printed.

    Raises
    ------
    RuntimeError
        It fails or takes too long; the message ends with what it said.
    """
    start = time.perf_counter()
    try:
        done = subprocess.run(  # noqa: S603 (the benchmark's own commands)
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            cwd=_ROOT,
            env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"took more than {timeout:.0f} s") from None
    took = time.perf_counter() - start
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise RuntimeError(lines[-1])
    return took, done.stdout


def child(name: str, draws: int, seed: int = 0, timeout: float = 3600) -> dict[str, Any]:
    """Answer once in a process of its own: seconds within it, its peak MiB, its answers."""
    command = [sys.executable, "-m", "benchmarks.child", name, str(draws), str(seed)]
    found: dict[str, Any] = json.loads(process(command, timeout)[1])
    return found


def available_mib() -> float:
    """Return the memory that is free for use, in MiB."""
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
