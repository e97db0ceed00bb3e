"""`python reports/make`: runs the reports again and writes what has changed of them.

A result that differs from the committed one by rounding alone stays as it is (`freshness` has the
rules); delete its folder to make it anew. With `--check` nothing is written: what is stale is told,
file by file with the first difference, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# What documentation and reports share.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "make"))

from folders import REPORTS
from making import page_faults, report_faults, write_pages, write_report

FOLDER = Path(__file__).resolve().parents[1]


def main() -> int:
    """Make the reports, or check them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python reports/make")
    parser.add_argument("--check", action="store_true", help="tell what is stale; write nothing")
    if not parser.parse_args().check:
        for report in REPORTS:
            write_report(report, FOLDER)
        write_pages(FOLDER)
        return 0
    stale = False
    for found in (*(report_faults(report, FOLDER) for report in REPORTS), page_faults(FOLDER)):
        for fault in found:
            print(f"reports/{fault}")  # noqa: T201 (this is a script)
            stale = True
    if stale:
        print("run: python reports/make")  # noqa: T201
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
