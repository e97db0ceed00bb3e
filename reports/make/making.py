"""Reports written and checked: one at a time, and the pages over all of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from folders import PICTURE, RECORD, REPORTS, page_of, pages_in, picture_of, ran, read
from freshness import faults, picture_fault, record_fault, result_fault, sealed, text_fault
from paper import PAGES, paper
from program import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from folders import Report

__all__ = ["page_faults", "report_faults", "write_pages", "write_report"]

_OWN = "make"


def write_report(report: Report, folder: Path) -> None:
    """Run a report and write its folder; files that still say the same stay as they are.

    Parameters
    ----------
    report
        Which.
    folder
        Where the folders of reports are.
    """
    kept = folder / report.name
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        ran(report, made)
        _keep(report, kept, made)
    document = read(report, kept)
    write(kept / report.page, page_of(report, document))
    picture, path = picture_of(report, document), kept / PICTURE
    if picture and (not path.exists() or picture_fault(path.read_text("utf-8"), picture)):
        write(path, picture)
    write(kept / RECORD, sealed(kept))


def write_pages(folder: Path) -> None:
    """Write the pages over all reports from their results."""
    for page in PAGES:
        write(folder / page, paper(_results(folder), page))


def report_faults(report: Report, folder: Path) -> Iterator[str]:
    """Run a report and yield how its folder is not what comes of it."""
    with tempfile.TemporaryDirectory() as scratch:
        ran(report, Path(scratch))
        yield from faults(report, folder / report.name, Path(scratch))


def page_faults(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the pages over all reports, and what lies there besides."""
    known = {folder / name for name in (*PAGES, _OWN, *(report.name for report in REPORTS))}
    parents = {path.parent for path in known} - known
    yield from (
        f"{path.relative_to(folder).as_posix()} is made by no report"
        for parent in sorted(parents)
        for path in sorted(parent.iterdir())
        if path not in known | parents
    )
    if all((folder / report.name / report.result).exists() for report in REPORTS):
        for name in PAGES:
            page = folder / name
            text = page.read_text(encoding="utf-8") if page.exists() else ""
            if fault := text_fault(text, paper(_results(folder), name)):
                yield f"{name}: {fault}"


def _results(folder: Path) -> dict[str, dict[str, Any]]:
    return {report.name: read(report, folder / report.name) for report in REPORTS}


def _keep(report: Report, kept: Path, made: Path) -> None:
    """Put what a command has just made where it belongs, and take away what no longer does.

    A result that differs by rounding alone stays, and so does the record that names its digest.
    """
    result, record = report.result, RECORD
    fresh = (
        (kept / result).exists()
        and (kept / record).exists()
        and not result_fault(read(report, kept), read(report, made))
        and not record_fault(report, kept, made)
    )
    names = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    for name in sorted(names - ({result, record} if fresh else set())):
        write(kept / name, (made / name).read_text(encoding="utf-8"))
    names |= {report.page, PICTURE, *pages_in(report)}
    for path in [path for path in kept.rglob("*") if path.is_file()]:
        if str(path.relative_to(kept)) not in names:
            path.unlink()
