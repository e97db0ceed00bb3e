"""The goals of speed and accuracy: each with the measured figure, and the floor of a missed one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import start
from benchmarks.ours import COUNTED, DRAWING, INTEGRATED
from benchmarks.stages import FEW, MILLION, NEEDED, OURS, PLAIN, REPORT, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.writing import Results

__all__ = ["Goal", "goals"]

_BILLION = 10**9
_EARLIER = 165.0  # ns a draw of the run of 1e9 draws before inputs were integrated out
_ACCURACY = {1e-3: 0.03, 1e-4: 0.0005}
_ENDS, _HDI = 3e-5, 2e-4
_FRAME = "0.57x (beside one other scenario 0.51x)"  # by hand: medians of pairs of processes


class Goal(NamedTuple):
    """A goal, the measured figure, and whether it is met (None: not measured)."""

    what: str
    goal: str
    measured: str
    met: bool | None
    reason: str = ""


def goals(found: Results) -> Iterator[Goal]:
    """Yield the goals in the order of the page."""
    yield from _errors(found)
    for target, limit in _ACCURACY.items():
        if target in found.accuracy["timed"]:
            yield _time_to(found, target, limit)
    yield _counted(found)
    yield _million(found)
    yield _billion(found)
    yield _report(found)
    base, needed = (found.start.processes[name] for name in (start.IMPORTS, start.NEEDED))
    answer = sum(spent for part, spent in found.start.parts.items() if part != "start")
    yield Goal(
        f"`{REPORT}`, processor time from start to answer",
        "at most 1.1x of importing NumPy, scipy.special, xarray, pydantic, typer and rich",
        f"{found.start.ratio:.2f}x",
        found.start.ratio <= 1.1,
        f"the floor is the imports without xarray, {needed / base:.2f}x; reading, drawing, "
        f"summarising and printing take {answer / base:.2f}x",
    )
    yield Goal(
        "a slider of `explore` to a new frame",
        "at most 0.6x the earlier one",
        f"{1e3 * found.slider:.0f} ms of a processor at the server",
        None,
        f"the earlier page cannot run beside this one; in turns with a checkout of it a frame took "
        f"{_FRAME} of its time, a quarter of which two figures take to be drawn and written. "
        "`python -m benchmarks.explore` times frames in a browser",
    )
    yield _cluster(found)


def _errors(found: Results) -> Iterator[Goal]:
    """Yield the goals of the worst ends at the draws of a report."""
    rung = next(one for one in found.accuracy["rungs"][OURS] if one.draws == USUAL)
    ways = found.accuracy["ways"][USUAL]
    counted = [name for name, way in ways.items() if not way]
    reason = (
        f"draws are counted of {', '.join(counted)}"
        if counted
        else "of every output inputs are integrated out; what else it rests on is drawn"
    )
    for name, error, limit, before in (
        ("worst 5% or 95% end", rung.ends, _ENDS, "1.3e-3"),
        ("worst highest-density end", rung.hdi, _HDI, "3.8e-3"),
    ):
        yield Goal(
            f"{name} at {USUAL:,} draws, root-mean-square relative error",
            f"at most {limit:.0e} (before: {before})",
            f"{error:.1e}",
            error <= limit,
            reason,
        )


def _time_to(found: Results, target: float, limit: float) -> Goal:
    timed = found.accuracy["timed"][target]
    ours, plain = timed[OURS], timed[PLAIN]
    what = f"in process, to relative error {target:.0e} on every 5% and 95% end"
    goal = f"at most {limit:g}x plain"
    if ours["seconds"] is None:
        last = found.accuracy["rungs"][OURS][-1]
        words = f"not reached: {last.ends:.1e} at {last.draws:,} draws ({last.seconds:.1f} s)"
        return Goal(what, goal, words, met=False, reason="more draws take longer than is allowed")
    how = ", extrapolated" if plain["extrapolated"] else ""
    return Goal(
        what,
        goal,
        f"{ours['ratio']:.2g}x ({1e3 * ours['seconds']:.0f} ms for {ours['draws']:,} draws; plain "
        f"{plain['seconds']:.2f} s for {plain['draws']:,}{how})",
        ours["ratio"] <= limit,
        _floor(found, ours["draws"], plain["seconds"]),
    )


def _floor(found: Results, draws: int, plain: float) -> str:
    """Say what the draws and the summaries of a size take, of plain's time."""
    if draws not in found.split:
        return ""
    drawing, summaries = (found.split[draws][part] for part in (DRAWING, "summaries"))
    return (
        f"at {draws:,} draws the floor is drawing and the model, {1e3 * drawing:.0f} ms or "
        f"{drawing / plain:.2g}x; summaries take {1e3 * summaries:.0f} ms or "
        f"{summaries / plain:.2g}x, the averages and the fits of eight densities"
    )


def _counted(found: Results) -> Goal:
    one, drawing = found.counted, found.split[FEW][DRAWING]
    return Goal(
        f"{FEW:,} draws of eight outputs, summaries included",
        "at most 0.25x the old way's time",
        f"{one['ratio']:.2f}x ({1e3 * one[INTEGRATED]:.0f} ms against {1e3 * one[COUNTED]:.0f} ms)",
        one["ratio"] <= 0.25,
        "the old way is timed in the same run: the bare outputs are given to `summarize`, which "
        f"then counts draws; the floor is drawing, which both do, {1e3 * drawing:.0f} ms or "
        f"{drawing / one[COUNTED]:.2f}x",
    )


def _million(found: Results) -> Goal:
    ours = found.million[OURS]
    return Goal(
        "sample, propagate, summarise 1e6 draws in process",
        "at most 0.35x plain, highest-density intervals included",
        f"{ours['ratio']:.2f}x ({1e3 * ours['seconds']:.0f} ms)",
        ours["ratio"] <= 0.35,
        _floor(found, MILLION, found.million[PLAIN]["seconds"]),
    )


def _billion(found: Results) -> Goal:
    what, goal = "1e9 draws", f"under 1 GiB, at most 0.5x the {_EARLIER:.0f} ns a draw of before"
    runs = {one.draws: one for one in found.growth[OURS]}
    done = [one for one in runs.values() if one.seconds]
    if not done:
        return Goal(what, goal, "not run", None)
    largest = max(done)
    each = 1e9 * largest.seconds / largest.draws
    words = f"{each / _EARLIER:.2f}x ({each:.0f} ns a draw), {largest.mib:,.0f} MiB"
    if largest.draws < _BILLION:
        why = runs[_BILLION].reason if _BILLION in runs else "not asked for by --quick"
        words = f"not run: {why}; {largest.draws:.0e} draws: {words}"
        return Goal(what, goal, words, None, _in_parts(found))
    met = largest.mib < 1024 and each <= 0.5 * _EARLIER
    return Goal(what, goal, words, met, _in_parts(found))


def _in_parts(found: Results) -> str:
    """Say what a draw costs, and what of it no engine of this kind can do without."""
    parts = ", ".join(f"{part} {spent:.0f}" for part, spent in found.each_draw.items())
    least = found.each_draw["quantile functions"] / 2
    return (
        f"a draw of seven inputs and eight outputs costs one thread, in ns: {parts}; two threads "
        f"share that but for what Python's lock serialises. The quantile functions alone, in turns "
        f"of two perfect threads, are {least:.0f} ns: the floor of drawing by inversion, which "
        "Sobol' nets, correlations and shared draws rest on"
    )


def _report(found: Results) -> Goal:
    what, goal = f"`{REPORT}`, whole process", "at most 0.5x squigglepy to 1e-3"
    ours = found.whole[REPORT]
    if "squigglepy" not in found.whole:
        return Goal(what, goal, f"{ours['seconds']:.2f} s; squigglepy is not installed", None)
    theirs = found.whole["squigglepy"]
    floor = found.starts[NEEDED]
    return Goal(
        what,
        goal,
        f"{ours['ratio']:.2f}x ({ours['seconds']:.2f} s against {theirs['seconds']:.2f} s for "
        f"{theirs['draws']:,} draws)",
        ours["ratio"] <= 0.5,
        f"the floor is the imports of others, {floor:.2f} s or {floor / theirs['seconds']:.2f}x",
    )


def _cluster(found: Results) -> Goal:
    text = found.scripts.get("cluster.py", "")
    last = text.strip().splitlines()[-1] if text.strip() else "not run"
    ratio = re.match(r"(\d+\.\d+)x ", last)
    return Goal(
        "cluster of 2 workers against 2 threads",
        "at most 1.15x, same bits",
        last,
        None if ratio is None else float(ratio[1]) <= 1.15,
        "scheduler, workers and this process share two cores; the processor time is what it costs",
    )
