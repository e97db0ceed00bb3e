"""What was measured as Markdown, the goals side by side with it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import start
from benchmarks.goals import goals
from benchmarks.ours import COUNTED, INTEGRATED
from benchmarks.stages import FEW, OURS, PLAIN, REPORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.start import Start

__all__ = ["Results", "markdown"]

_PACKAGES = (
    *("uncertain-scale", "numpy", "scipy", "xarray"),
    *("squigglepy", "openturns", "probabilit", "monaco", "SALib"),
)
_LABELS = {OURS: "uncertain_scale", PLAIN: "plain NumPy"}
_BUSY = 0.5
_SUMMARY = "mean, 5/50/95% quantiles and 90% highest-density interval"


class Results(NamedTuple):
    """All stages' numbers."""

    mode: str
    minutes: float
    load: tuple[float, float]
    missing: Mapping[str, str]
    checked: Mapping[str, int]
    million: Mapping[str, Mapping[str, float]]
    split: Mapping[int, Mapping[str, float]]
    counted: Mapping[str, float]
    slider: float
    each_draw: Mapping[str, float]
    growth: Mapping[str, Sequence[Any]]
    accuracy: Mapping[str, Any]
    whole: Mapping[str, Mapping[str, float]]
    starts: Mapping[str, float]
    start: Start
    scripts: Mapping[str, str]


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
    all_goals = list(goals(found))
    rows = [(g.what, g.goal, g.measured, _MET[g.met]) for g in all_goals]
    yield from _table(("what", "goal", "measured", ""), rows)
    yield ""
    for goal in all_goals:
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
        The script, and what it printed; its section is the last where there was none.
    """
    start = results.find(f"## `benchmarks/{name}`\n")
    if start < 0:
        return results + "\n".join([*_script_lines(name, text, _AGAIN), "", ""])
    end = results.find("\n## ", start)
    rest = "" if end < 0 else results[end:]
    return results[:start] + "\n".join(_script_lines(name, text, _AGAIN)) + "\n" + rest


def _script_lines(name: str, text: str, note: str = "") -> list[str]:
    noted = [note, ""] if note else []
    return [f"## `benchmarks/{name}`", "", *noted, "```text", text.rstrip(), "```"]


_AGAIN = "Run again by itself, with nothing else running."
_MET = {True: "met", False: "missed", None: "not measured"}


def _machine(found: Results) -> Iterator[str]:
    before, after = found.load
    yield f"- processor: {_processor()}, {os.cpu_count()} cores"
    busy = "the machine was busy, so that times on this page are ratios only"
    idle = "nothing else of weight was running"
    yield (
        f"- load {before:.1f} at the start ({busy if before > _BUSY else idle}), {after:.1f} at "
        "the end, the benchmark's own included"
    )
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


def _tables(found: Results) -> Iterator[str]:
    yield "## In process, 1e6 draws"
    yield ""
    rows = [
        (_label(name), f"{one['draws']:,}", _time(one["seconds"]), f"{one['ratio']:.2f}x")
        for name, one in sorted(found.million.items(), key=lambda item: item[1]["ratio"])
    ]
    yield from _table(("tool", "draws", "time", "of plain, same draws"), rows)
    yield ""
    for draws, split in found.split.items():
        parts = ", ".join(f"{part} {1e3 * seconds:.0f} ms" for part, seconds in split.items())
        yield f"Ours in parts, {draws:,} draws: {parts}."
        yield ""
    yield "Reading the model's files is not in the table above."
    yield ""
    one = found.counted
    yield (
        f"{FEW:,} draws with their summaries: {_time(one[INTEGRATED])} with inputs integrated out; "
        f"{_time(one[COUNTED])} where draws of the bare outputs are counted."
    )
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
    yield f"`{REPORT}` answers the built-in model, 13 outputs, with what it draws by default."
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
    yield from _ways(found)
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
                _time(one["seconds"]) + (", extrapolated" if one.get("extrapolated") else "")
                if one["seconds"]
                else "not run",
                f"{one['ratio']:.2g}x" if one["ratio"] else "",
            )
            for name, one in timed.items()
        ]
        yield from _table(("tool", "draws", "time", "of plain"), rows)
        yield ""


def _ways(found: Results) -> Iterator[str]:
    """Yield the inputs that each output has integrated out, at the sizes measured."""
    ways = found.accuracy["ways"]
    yield "Inputs that our intervals have integrated out analytically (the summary's `pivot`):"
    yield ""
    rows = [
        (name, *(way[name] or "none: draws are counted" for way in ways.values()))
        for name in next(iter(ways.values()))
    ]
    yield from _table(("output", *(f"{size:,} draws" for size in ways)), rows)
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
