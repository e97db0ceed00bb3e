"""Run this package's engine and its peers on one model, and write `benchmarks/results.md`.

    python -m benchmarks            a quarter of an hour at most, ours up to 1e9 draws
    python -m benchmarks --quick    about two minutes, up to 1e6 draws
    python -m benchmarks --full     all up to 1e9 draws, more rounds and seeds, hours
    python -m benchmarks --again sensitivity.py    one script's section of the results, made anew

The ranking's script takes some minutes: it is run by --again or --full alone. The peers come with
`pip install -e '.[bench]'`; Squiggle is installed by npm, into --npm DIR.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks import ours, stages, start
from benchmarks.peers import PEERS, why_not
from benchmarks.squiggle import Squiggle, install
from benchmarks.stages import FEW, FULL, MILLION, NORMAL, OURS, QUICK, Mode, Tools, WrongAnswerError
from benchmarks.writing import Results, markdown, with_script

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")
_START = time.perf_counter()


def main() -> None:
    """Measure, and write what was measured."""
    # What a shell starts in the background ignores it, and so would a script that takes too long.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = _options()
    if options.again:
        results = options.output.read_text(encoding="utf-8")
        results = with_script(results, options.again, stages.script(options.again))
        options.output.write_text(results, encoding="utf-8")
        print(options.output)
        return
    load = os.getloadavg()[0]
    mode = QUICK if options.quick else FULL if options.full else NORMAL
    missing = {name: why for name in PEERS if (why := why_not(name))}
    squiggle = None
    why = "not run by --quick" if mode is QUICK else install(options.npm)
    if why:
        missing["squiggle"] = why
    else:
        squiggle = Squiggle(options.npm)
    try:
        found = _measure(mode, Tools(squiggle, missing), load)
    except WrongAnswerError as error:
        sys.exit(f"not timed, since answers are wrong:\n{error}")
    finally:
        if squiggle is not None:
            squiggle.close()
    options.output.write_text(markdown(found), encoding="utf-8")
    print(options.output)


def _measure(mode: Mode, tools: Tools, load: float) -> Results:
    checked = _stage("answers against the exact ones", tools.check)
    million = _stage("1e6 draws in process", lambda: tools.million(mode))
    growth = _stage("growing numbers of draws", lambda: tools.growth(mode))
    accuracy = _stage("time to an accuracy", lambda: tools.to_accuracy(mode))
    needed = {name: one["draws"] for name, one in accuracy["timed"][1e-3].items()}
    sizes = sorted({needed[OURS] or FEW, FEW, MILLION})
    return Results(
        mode=mode.name,
        missing=tools.missing,
        checked=checked,
        million=million,
        split=_stage("our time in parts", lambda: {n: ours.split(mode, n) for n in sizes}),
        counted=_stage("counting beside integrating", lambda: ours.counted(mode)),
        slider=_stage("a slider", lambda: ours.slider(mode)),
        each_draw=_stage("a draw in parts", lambda: ours.each_draw(mode)),
        growth=growth,
        accuracy=accuracy,
        whole=_stage("whole processes", lambda: tools.whole(mode, needed)),
        starts=_stage("starts", lambda: tools.starts(mode)),
        start=_stage(
            "from start to answer", lambda: start.measure(mode.rounds, mode.budget("start"))
        ),
        scripts=_stage("single parts", lambda: stages.scripts(mode)),
        load=(load, os.getloadavg()[0]),
        minutes=(time.perf_counter() - _START) / 60,
    )


def _stage(name: str, run: Callable[[], _Found]) -> _Found:
    """Say what is being measured, on standard error."""
    print(f"{time.perf_counter() - _START:6.0f} s  {name}", file=sys.stderr, flush=True)
    return run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="about two minutes")
    size.add_argument("--full", action="store_true", help="all up to 1e9 draws")
    size.add_argument(
        "--again",
        choices=FULL.scripts,
        metavar="SCRIPT",
        help="run one script again, for its section",
    )
    here = Path(__file__).parent
    parser.add_argument("--output", type=Path, default=here / "results.md", metavar="FILE")
    parser.add_argument(
        "--npm", type=Path, default=here / ".npm", metavar="DIR", help="where Squiggle is put"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
