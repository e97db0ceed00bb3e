"""Judge the package's statistics over fresh seeds, and say so where one is surely wrong.

    python -m benchmarks.validation                   200 cases a figure, half an hour of one core
    python -m benchmarks.validation --cases 20        about five minutes
    python -m benchmarks.validation --seed 20270101   other seeds
    python -m benchmarks.validation --write           also writes docs/validation.md

Exits with 1 where a figure is surely outside its target; see `check`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.validation.check import failures, level
from benchmarks.validation.dependence import ranks, rows
from benchmarks.validation.honesty import honesty
from benchmarks.validation.integrated import integrated
from benchmarks.validation.marginals import marginals
from benchmarks.validation.page import Study, markdown, save
from benchmarks.validation.shares import intervals_of_shares
from benchmarks.validation.tails import tails
from benchmarks.validation.updating import updating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.validation.check import Check

PARTS: dict[str, Callable[[int, int], Iterator[Check]]] = {
    "marginals": marginals,
    "ranks": ranks,
    "rows": rows,
    "updating": updating,
    "shares": intervals_of_shares,
    "tails": tails,
    "honesty": honesty,
    "integrated": integrated,
}
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"


def main() -> int:
    """Run the study; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.validation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=int, default=200, help="cases of a figure")
    parser.add_argument("--seed", type=int, default=20_000, help="first seed")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="parts")
    parser.add_argument("--write", action="store_true", help="write the results and their page")
    options = parser.parse_args()
    if options.cases < 2 or not 0 <= options.seed < 10**9:
        parser.error("expected --cases from 2 up, and --seed from 0 below 1e9")
    if options.write and set(options.only) != set(PARTS):
        parser.error("--write takes the whole study; leave --only out")
    checks: list[Check] = []
    for name in options.only:
        start = time.process_time()
        checks += PARTS[name](options.cases, options.seed)
        print(f"{name}: {time.process_time() - start:.0f} s of one core", flush=True)
    surely = failures(checks)
    print(f"{len(checks)} figures, of which {len(surely)} surely wrong (p < {level(checks):.1e})")
    for check in sorted(checks, key=lambda one: one.p):
        if check in surely or check.outside:
            verdict = "FAILS" if check in surely else "outside"
            print(
                f"{verdict}: {check.part}, {check.row}, "
                f"{check.column}: {check.value:.4g}, target {check.target[0]:g} to "
                f"{check.target[1]:g}, {check.cases} cases, p = {check.p:.2g}"
            )
    if options.write:
        study = Study.of(checks, options.cases, options.seed)
        save(study)
        _PAGE.write_text(markdown(study), encoding="utf-8")
        print(_PAGE)
    return 1 if surely else 0


if __name__ == "__main__":
    sys.exit(main())
