"""Where the time of `report --budget 100M` goes, from the start of the process to its answer.

    python -m benchmarks.start

prints, as Markdown, the processor time of its parts against a process that only imports, and what
it imports by package.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import median, paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Budget

__all__ = ["Start", "lines", "measure"]

IMPORTS = "import numpy, scipy.special, xarray, pydantic, typer, rich"
NEEDED = "import numpy, scipy.special, pydantic, typer, rich"
_ALONE = "import os; os.environ['OMP_NUM_THREADS'] = '1'"  # as the program does before it imports
REPORT = ("-m", "uncertain_scale", "report", "--budget", "100M")
PARTS = ("start", "reading", "drawing", "summarising", "printing")
_PARTS = ("-m", "benchmarks.start", "--parts")
_ROOT = Path(__file__).parents[1]
_IMPORTED = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")


class Start(NamedTuple):
    """Seconds of the processor, and imports.

    Parameters
    ----------
    processes
        Of whole processes by name: two that only import, and the report.
    ratio
        Of the report to the first of them, within a round.
    parts
        Of the report's parts.
    packages
        Modules by package, and shares of the time of imports.
    """

    processes: dict[str, float]
    ratio: float
    parts: dict[str, float]
    packages: dict[str, tuple[int, float]]


def measure(rounds: int, budget: Budget | None = None) -> Start:
    """Measure the report and its parts in turns with processes that only import.

    Parameters
    ----------
    rounds
        At most so many.
    budget
        Half of it is for the rounds, the other half for the imports.
    """
    half = budget.left / 2 if budget is not None else 0.0
    commands = {
        IMPORTS: ("-c", IMPORTS),
        NEEDED: ("-c", f"{_ALONE}; {NEEDED}"),
        "the report": REPORT,
    }
    for command in commands.values():  # bytecode is written once
        _run(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(_run(command)[0])
        for name, seconds in json.loads(_run(_PARTS)[1]).items():
            parts[name].append(seconds)
        if budget is not None and budget.left < half:
            break
    return Start(
        {name: median(one) for name, one in times.items()},
        paired(times["the report"], times[IMPORTS]),
        {name: median(one) for name, one in parts.items()},
        _packages(len(times[IMPORTS])),
    )


def lines(found: Start) -> Iterator[str]:
    """Yield the tables as lines of Markdown."""
    base = found.processes[IMPORTS]
    yield "## Start to answer by parts"
    yield ""
    yield (
        "Processor time of whole processes and, in a process of its own, of the parts of "
        f"`report --budget 100M`, which takes {found.ratio:.2f} times what imports alone take. The "
        "program and what it needs start linear algebra with one thread, all imports with theirs."
    )
    yield ""
    yield from ("| process or part | ms | of imports |", "|---|---|---|")
    for name, seconds in (*found.processes.items(), *found.parts.items()):
        yield f"| {name} | {1e3 * seconds:.0f} | {seconds / base:.2f}x |"
    yield ""
    yield "What it imports, and the shares of the time that this takes, by `python -X importtime`:"
    yield ""
    yield from ("| package | modules | share |", "|---|---|---|")
    for name, (modules, share) in found.packages.items():
        yield f"| {name} | {modules} | {100 * share:.1f}% |"


def _packages(rounds: int) -> dict[str, tuple[int, float]]:
    """Return modules and shares of the time of imports by package, the slowest first."""
    command = ("-X", "importtime", *REPORT)
    runs = [_IMPORTED.findall(_run(command)[2]) for _ in range(max(rounds, 3))]
    least = min(runs, key=lambda run: sum(int(taken) for taken, _ in run))
    modules: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for taken, module in least:
        package = module.partition(".")[0]
        name = "the standard library" if package in sys.stdlib_module_names else package
        modules[name] += 1
        times[name] += int(taken)
    whole = times.total()
    return {name: (modules[name], taken / whole) for name, taken in times.most_common()}


def _run(arguments: Sequence[str]) -> tuple[float, str, str]:
    """Run Python; return its seconds of the processor and what it wrote."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        # To files: a reader of pipes would wake at each line, in the middle of what is measured.
        subprocess.run(  # noqa: S603 (the benchmark's own commands)
            [sys.executable, *arguments],
            stdout=out,
            stderr=err,
            check=True,
            cwd=_ROOT,
            env=environment,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        err.seek(0)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, out.read(), err.read()


def parts() -> dict[str, float]:
    """Answer the question in this process; return the seconds of the processor by part."""
    from uncertain_scale.cli.options import RunOptions
    from uncertain_scale.cli.output import PageFormat, present
    from uncertain_scale.report.document import report_document
    from uncertain_scale.report.interval_report import report_blocks  # noqa: F401 (as above)
    from uncertain_scale.report.render.terminal import terminal  # noqa: F401 (what printing needs)
    from uncertain_scale.sampling.sample import sample_arrays

    options = RunOptions(budget="100M")
    marks = [0.0, time.process_time()]
    problem = options.prepare()
    marks.append(time.process_time())
    tree = sample_arrays(problem, options.checked_design())
    marks.append(time.process_time())
    document = report_document(tree)
    marks.append(time.process_time())
    with contextlib.redirect_stdout(io.StringIO()):
        present("report", document, PageFormat.terminal)
    marks.append(time.process_time())
    return {
        part: end - start for part, start, end in zip(PARTS, marks[:-1], marks[1:], strict=True)
    }


if __name__ == "__main__":
    print(json.dumps(parts()) if "--parts" in sys.argv else "\n".join(lines(measure(5))))
