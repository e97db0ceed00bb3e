"""What was measured as Markdown, the goals side by side with it."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import start
from benchmarks.stages import NEEDED, OURS, PLAIN, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.start import Start

__all__ = ["Results", "markdown"]

_PACKAGES = (
    *("uncertain-scale", "numpy", "scipy", "xarray"),
    *("squigglepy", "openturns", "monaco", "SALib"),
)
_LABELS = {OURS: "uncertain_scale", PLAIN: "plain NumPy"}
_TEN_MILLION, _BILLION = 10**7, 10**9
_NS_FLOOR = 40.0
_SUMMARY = "mean, 5/50/95% quantiles and 90% highest-density interval"


class Results(NamedTuple):
    """All stages' numbers."""

    mode: str
    minutes: float
    missing: Mapping[str, str]
    checked: Mapping[str, int]
    million: Mapping[str, Mapping[str, float]]
    split: Mapping[str, float]
    each_draw: Mapping[str, float]
    growth: Mapping[str, Sequence[Any]]
    accuracy: Mapping[str, Any]
    whole: Mapping[str, Mapping[str, float]]
    starts: Mapping[str, float]
    start: Start
    scripts: Mapping[str, str]


class Goal(NamedTuple):
    """A goal, what was measured, and whether it is met (None: not measured)."""

    what: str
    goal: str
    measured: str
    met: bool | None
    reason: str = ""


def markdown(found: Results) -> str:
    """Return the results as Markdown text."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Results) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield (
        "Written by `python -m benchmarks"
        f"{'' if found.mode == 'default' else f' --{found.mode}'}` in {found.minutes:.0f} minutes; "
        "do not edit. Seven independent inputs, eight outputs (`benchmarks/model/`); of each "
        f"{_SUMMARY}. Tools that have no highest-density interval are timed without it. Times are "
        "medians of runs taken in turns; ratios are medians of the ratios within a turn, which a "
        "busy machine moves less than it moves times."
    )
    yield ""
    yield from _machine(found)
    yield "## Goals"
    yield ""
    goals = list(_goals(found))
    rows = [(g.what, g.goal, g.measured, _MET[g.met]) for g in goals]
    yield from _table(("what", "goal", "measured", ""), rows)
    yield ""
    for goal in goals:
        if not goal.met and goal.reason:
            yield f"- **{goal.what}**: {goal.reason}"
    yield ""
    yield from _tables(found)
    for name, text in found.scripts.items():
        yield from (*_script_lines(name, text), "")


def with_script(results: str, name: str, text: str) -> str:
    """Return results in which a script's section holds what it printed when run again.

    Parameters
    ----------
    results
        Results as `markdown` wrote them.
    name, text
        The script, and what it printed.

    Raises
    ------
    ValueError
        The results have no such section.
    """
    start = results.find(f"## `benchmarks/{name}`\n")
    if start < 0:
        raise ValueError(f"the results have no section of {name}")
    end = results.find("\n## ", start)
    rest = "" if end < 0 else results[end:]
    return results[:start] + "\n".join(_script_lines(name, text, _AGAIN)) + "\n" + rest


def _script_lines(name: str, text: str, note: str = "") -> list[str]:
    noted = [note, ""] if note else []
    return [f"## `benchmarks/{name}`", "", *noted, "```text", text.rstrip(), "```"]


_AGAIN = "Run again by itself, with nothing else running."
_MET = {True: "met", False: "missed", None: "not measured"}


def _machine(found: Results) -> Iterator[str]:
    load = os.getloadavg()[1]
    yield f"- processor: {_processor()}, {os.cpu_count()} cores, load {load:.1f} at the end"
    yield f"- {platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield f"- {', '.join(f'{name} {v}' for name in _PACKAGES if (v := _version(name)))}"
    checked = ", ".join(f"{_label(name)} ({draws:,})" for name, draws in found.checked.items())
    yield (
        "- all answers agree with the exact ones (closed forms, quadrature) within 4.9 standard "
        f"errors of as many independent draws, before anything is timed: {checked}"
    )
    for name, reason in found.missing.items():
        yield f"- skipped: {name}: {reason}"
    yield ""


def _goals(found: Results) -> Iterator[Goal]:
    yield _goal_million(found)
    yield from _goals_growth(found)
    for target, limit in ((1e-3, 0.1), (1e-4, 0.03)):
        if target in found.accuracy["timed"]:
            yield _goal_accuracy(found, target, limit)
    yield _goal_whole(found)
    seconds, bare = (
        found.starts[name] for name in ("uncertain-scale --help", "a bare typer program --help")
    )
    yield Goal(
        "`--help`",
        "at most 0.3 s",
        f"{seconds:.2f} s (a bare typer program {bare:.2f} s)",
        seconds <= 0.3,
        f"{seconds / bare:.2f} times a bare typer program, which is the floor",
    )
    yield Goal(
        "`report --budget 100M`, processor time from start to answer",
        "at most 1.1x of importing NumPy, scipy.special, xarray, pydantic, typer and rich",
        f"{found.start.ratio:.2f}x",
        found.start.ratio <= 1.1,
        "its parts stand below",
    )
    cluster = found.scripts.get("cluster.py", "")
    said = cluster.strip().splitlines()[-1] if cluster else "not run"
    ratio = re.match(r"(\d+\.\d+)x ", said)
    yield Goal(
        "cluster of 2 workers against 2 threads",
        "at most 1.15x, same bits",
        said,
        None if ratio is None else float(ratio[1]) <= 1.15,
        "scheduler, workers and this process share two cores; the processor time is what it costs",
    )


def _goal_million(found: Results) -> Goal:
    ours = found.million[OURS]
    drawing, summaries = (1e3 * found.split[part] for part in ("drawing", "summaries"))
    plain = 1e3 * found.million[PLAIN]["seconds"]
    return Goal(
        "sample, propagate, summarise 1e6 draws in process",
        "at most 0.35x plain, highest-density intervals included",
        f"{ours['ratio']:.2f}x ({1e3 * ours['seconds']:.0f} ms)",
        ours["ratio"] <= 0.35,
        f"the floor is drawing and the model, {drawing:.0f} ms or {drawing / plain:.2f}x; "
        f"summaries take {summaries:.0f} ms, most of it for what plain has not: every figure's "
        "Monte Carlo error, the fit of a density for the ends of its highest part, and whether "
        "moments exist",
    )


def _goals_growth(found: Results) -> Iterator[Goal]:
    ours, plain = (
        {one.draws: one for one in found.growth[name] if one.seconds} for name in (OURS, PLAIN)
    )
    refused = {one.draws: one.reason for one in found.growth[OURS] if not one.seconds}
    most = max(ours)
    reached = f"the largest run was {most:.0e} draws in {ours[most].mib:,.0f} MiB"
    what, goal = "the same at 1e7", "at most 0.2x plain, under 300 MiB"
    if _TEN_MILLION in ours and _TEN_MILLION in plain:
        one, base = ours[_TEN_MILLION], plain[_TEN_MILLION]
        ratio = one.seconds / base.seconds
        yield Goal(
            what,
            goal,
            f"{ratio:.2f}x ({one.seconds:.1f} s), {one.mib:,.0f} MiB (plain {base.mib:,.0f})",
            ratio <= 0.2 and one.mib < 300,
            f"{1e9 * one.seconds / _TEN_MILLION:.0f} ns a draw; {_in_parts(found)}",
        )
    else:
        why = refused.get(_TEN_MILLION, "not asked for")
        yield Goal(what, goal, f"not run: {why}", None, reached)
    what, goal = "1e9 draws", "under 1 GiB, within 1.5x of 40 ns a draw"
    if _BILLION in ours:
        one = ours[_BILLION]
        each = 1e9 * one.seconds / _BILLION
        met = one.mib < 1024 and each <= 1.5 * _NS_FLOOR
        words = f"{each:.0f} ns a draw, {one.mib:,.0f} MiB"
        yield Goal(what, goal, words, met, _in_parts(found))
    else:
        why = refused.get(_BILLION, "not asked for by --quick")
        each = 1e9 * ours[most].seconds / most
        yield Goal(what, goal, f"not run: {why}", None, f"{reached}, {each:.0f} ns a draw")


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


def _goal_accuracy(found: Results, target: float, limit: float) -> Goal:
    timed = found.accuracy["timed"][target]
    first = found.accuracy["rungs"][OURS][0]
    ours, plain = timed[OURS], timed[PLAIN]
    what = f"in process, to relative error {target:.0e} on the worst interval end"
    goal = f"at most {limit:g}x plain"
    if ours["seconds"] is None:
        last = found.accuracy["rungs"][OURS][-1]
        words = f"not reached: {last.ends:.1e} at {last.draws:,} draws ({last.seconds:.1f} s)"
        return Goal(what, goal, words, met=False, reason="more draws take longer than is allowed")
    base, how = plain["seconds"], ""
    if base is None:
        base, how = _extrapolated(found, plain["draws"]), ", extrapolated"
    ratio = ours["ratio"] or ours["seconds"] / base
    return Goal(
        what,
        goal,
        f"{ratio:.3f}x ({1e3 * ours['seconds']:.0f} ms for {ours['draws']:,} draws; plain "
        f"{base:.2f} s for {plain['draws']:,}{how})",
        ratio <= limit,
        f"at {first.draws:,} draws it takes {1e3 * first.seconds:.0f} ms already, "
        f"{first.seconds / base:.3f}x, which hardly depends on draws: the fits of eight densities, "
        "and the errors of eight outputs",
    )


def _goal_whole(found: Results) -> Goal:
    what = "whole process, start to printed answer at 1e-3"
    goal = "at most 0.7x squigglepy"
    if OURS not in found.whole:
        return Goal(what, goal, "1e-3 was not reached", met=False)
    ours = found.whole[OURS]
    base = "squigglepy" if "squigglepy" in found.whole else PLAIN
    met = ours["ratio"] <= 0.7 if base == "squigglepy" else None
    return Goal(
        what,
        goal,
        f"{ours['ratio']:.2f}x {_label(base)} ({ours['seconds']:.2f} s)",
        met,
        f"the floor is what is imported of others, {found.starts[NEEDED]:.2f} s; a report of 8,192 "
        f"draws takes {found.starts[SMALL]:.2f} s, its own modules, units and views included",
    )


def _extrapolated(found: Results, draws: int) -> float:
    """Return plain's time for more draws than it can hold, at its time a draw where it can."""
    largest = [one for one in found.growth[PLAIN] if one.seconds][-1]
    return float(largest.seconds / largest.draws * draws)


def _tables(found: Results) -> Iterator[str]:
    yield "## In process, 1e6 draws"
    yield ""
    rows = [
        (_label(name), f"{one['draws']:,}", _time(one["seconds"]), f"{one['ratio']:.2f}x")
        for name, one in sorted(found.million.items(), key=lambda item: item[1]["ratio"])
    ]
    yield from _table(("tool", "draws", "time", "of plain, same draws"), rows)
    yield ""
    parts = ", ".join(f"{part} {1e3 * seconds:.0f} ms" for part, seconds in found.split.items())
    yield f"Ours in parts: {parts}; reading the model's files is not in the table above."
    yield ""
    yield "## From 1e4 draws up"
    yield ""
    yield (
        "Seconds within a process of its own, and the peak memory of the whole process. Our draws "
        "are rounded up to chains of a power of two."
    )
    yield ""
    sizes = [one.draws for one in found.growth[PLAIN]]
    table = [
        (_label(name), *(_growth(one) for one in steps)) for name, steps in found.growth.items()
    ]
    yield from _table(("tool", *(f"{size:.0e}" for size in sizes)), table)
    yield ""
    yield from _accuracy(found)
    yield "## Whole processes, start to printed answers, at 1e-3 on every end"
    yield ""
    rows = [
        (_label(name), f"{one['draws']:,}", f"{one['seconds']:.2f} s", f"{one['ratio']:.2f}x")
        for name, one in sorted(found.whole.items(), key=lambda item: item[1]["ratio"])
    ]
    base = "squigglepy" if "squigglepy" in found.whole else PLAIN
    yield from _table(("tool", "draws", "time", f"of {_label(base)}"), rows)
    yield ""
    yield "## Starting"
    yield ""
    starts = [(name, f"{seconds:.3f} s") for name, seconds in found.starts.items()]
    yield from _table(("process", "time"), starts)
    yield ""
    yield from start.lines(found.start)
    yield ""


def _accuracy(found: Results) -> Iterator[str]:
    yield "## Accuracy for time"
    yield ""
    yield (
        "Root-mean-square relative error, over seeds, of the worst 5% or 95% quantile, against the "
        "exact values; beside it that of the worst end of a 90% highest-density interval."
    )
    yield ""
    rows = []
    for name, rungs in found.accuracy["rungs"].items():
        rows += [
            (_label(name), f"{r.draws:,}", f"{r.ends:.1e}", _error(r.hdi), _time(r.seconds))
            for r in rungs
        ]
    one = found.accuracy["plain"]
    rows.append((_label(PLAIN), f"{one.draws:,}", f"{one.ends:.1e}", _error(one.hdi), ""))
    header = ("tool", "draws", "5% and 95% quantiles", "highest-density ends", "time")
    yield from _table(header, rows)
    yield ""
    for target, timed in found.accuracy["timed"].items():
        yield (
            f"To {target:.0e}: independent draws need {timed[PLAIN]['draws']:,}, by the exact "
            "densities."
        )
        yield ""
        rows = [
            (
                _label(name),
                f"{one['draws']:,}" if one["draws"] else "not reached",
                _time(one["seconds"]) if one["seconds"] else "not run",
                f"{one['ratio']:.3f}x" if one["ratio"] else "",
            )
            for name, one in timed.items()
        ]
        yield from _table(("tool", "draws", "time", "of plain"), rows)
        yield ""


def _growth(one: Any) -> str:
    if one.seconds is None:
        return one.reason
    return f"{_time(one.seconds)}, {one.mib:,.0f} MiB"


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _error(value: float) -> str:
    return f"{value:.1e}" if value == value else "none"  # noqa: PLR0124 (nan alone differs)


def _label(name: str) -> str:
    return _LABELS.get(name, name)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(
        (part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line
    )
    numbers = f"family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}"
    return f"{facts.get('model name', platform.machine())} ({numbers})"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
