"""Blocks and figures as one workbook: numbers as numbers, with formats, and texts as texts.

A sheet says in words what the page's blocks say; the others hold the figures of the comma-separated
table at full precision, and the inputs with their sources. No text is a formula.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError, how_to_install, printable
from uncertain_scale.report.blocks import Form, Items, Page, Part
from uncertain_scale.report.render.csv import (
    COLUMNS,
    csv_priors,
    csv_sensitivity,
    measured,
    read_rows,
    titled,
)
from uncertain_scale.report.rows import scenario_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

_SHARES = (
    *("probability", "shapley", "log_variance_share", "variance_reduction", "rank_share"),
    *("interval_reduction", "first", "total", "second", "prob", "level"),
)
_CODES = ("0.0%", "0.000E+00", "#,##0", "0.0", "0.000")
_DRIVERS = "What drives it"
_NAMES = {"answer": "Answers", "event": "Events"}
_WIDEST, _LONGEST_NAME = 60, 31
_Rows = list[dict[str, Any]]


def xlsx(blocks: Iterable[Block], document: Document, table: str, *, command: str = "") -> bytes:
    """Return a workbook.

    Parameters
    ----------
    blocks
        A page, of which the headline, the remarks and what drives the answers are taken.
    document, table
        What they were made of, and its figures as CSV.
    command
        The command line that makes it again.

    Raises
    ------
    DataError
        XlsxWriter is not installed.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        text = f"a workbook needs XlsxWriter, which is not installed; {how_to_install('xlsx')}"
        raise DataError(text) from None
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        head = book.add_format({"valign": "top", "bold": True, "bottom": 1, "text_wrap": True})
        text_format = book.add_format({"valign": "top", "text_wrap": True})
        codes = {one: book.add_format({"valign": "top", "num_format": one}) for one in _CODES}
        for name, rows in _sheets(list(blocks), document, table, command):
            sheet = book.add_worksheet(name[:_LONGEST_NAME])
            header = list(dict.fromkeys(key for row in rows for key in row))
            for column, title in enumerate(header):
                cells = [row.get(title, "") for row in rows]
                sheet.write_string(0, column, printable(title), head)
                for line, cell in enumerate(cells, 1):
                    if isinstance(cell, float):
                        sheet.write_number(line, column, cell, codes[_code(cell, title)])
                    elif cell != "":
                        sheet.write_string(line, column, printable(cell), text_format)
                sheet.set_column(column, column, _width(title, cells))
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, len(rows), len(header) - 1)
    return file.getvalue()


def _sheets(
    blocks: Sequence[Block], document: Document, table: str, command: str
) -> Iterator[tuple[str, _Rows]]:
    """Yield the name and the rows of each sheet that has some."""
    yield "Summary", [*_summary(blocks, document), {"what": "made by", "text": command}]
    figures = list(read_rows(table))
    if figures and tuple(figures[0]) == COLUMNS:
        elsewhere = {"input", "given"} if document.get("inputs") else set()
        for kind in dict.fromkeys(row["kind"] for row in figures if row["measure"]):
            if kind not in elsewhere:
                own = [row for row in figures if row["kind"] == kind]
                ranked = kind == "answer" and any(row["input"] for row in own)
                name = _NAMES.get(kind, kind[:1].upper() + kind[1:])
                yield _DRIVERS if ranked else name, _by_name(own)
    elif figures:
        yield "Figures", figures
    if levels := _quantiles(document):
        yield "Quantiles", levels
    for block in blocks:
        if isinstance(block, Part) and block.macro == "driven" and block.values[0] is not None:
            drivers = block.values[0]().drivers
            if drivers is not None:
                yield _DRIVERS, _by_name(read_rows(csv_sensitivity(drivers)))
    if document.get("inputs"):
        yield "Inputs", list(read_rows(csv_priors(document)))


def _summary(blocks: Iterable[Block], document: Document) -> Iterator[dict[str, Any]]:
    """Yield what a page says first, in words."""
    for block in blocks:
        if isinstance(block, Page):
            headline = block.headline if isinstance(block.headline, str) else block.headline()
            about = block.about if block.about is not None else scenario_in_words(document)
            words = {
                "question": block.kicker,
                "answer": headline,
                "scenario": about,
                "run": block.run,
            }
            yield from ({"what": key, "text": text} for key, text in words.items() if text)
        elif isinstance(block, Items) and block.only & Form.markdown:
            yield from ({"what": "to know", "text": line} for line in block.lines)


def _by_name(rows: Iterable[Mapping[str, Any]]) -> _Rows:
    """Return rows of figures as a row for each name and input, a column for each measure."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        about = {key: row[key] for key in ("name", "input", "scenario")}
        of_input = row["input"] or row["measure"].startswith("factor")
        one = found.setdefault(tuple(about.values()), about)
        measure = titled(measured(row), row["units"]) if of_input else measured(row)
        one |= {} if of_input else {"units": row["units"]}
        one[measure] = row["value"]
        if row["mcse"] != "":
            one[f"{measure} mcse"] = row["mcse"]
        one |= {f"{measure} {end}": row[end] for end in ("low", "high") if row[end] != ""}
        one |= {"note": row["note"]} if row["note"] else {}
    return [one for one in found.values() if any(isinstance(x, float) for x in one.values())]


def _quantiles(document: Document) -> _Rows:
    """Return the quantiles of the answers' draws: a row for each level, a column an answer."""
    rows: dict[float, dict[str, Any]] = {}
    for name, output in document.get("outputs", {}).items():
        column = titled(name, output.get("units", ""))
        levels = {0.5: output["median"]}
        for piece in output.get("intervals", ()):
            if piece["kind"] == "eti":
                tail = (1 - piece["prob"]) / 2
                levels |= {tail: piece["low"], 1 - tail: piece["high"]}
        for level, value in levels.items():
            row = rows.setdefault(round(level, 12), {"level": round(level, 12)})
            row[column] = "" if value is None else float(value)
    return [rows[level] for level in sorted(rows)] if len(rows) > 1 else []


def _code(value: float, title: str) -> str:
    """Return the number format of a cell."""
    size = abs(value)
    if title.split(" ", maxsplit=1)[0] in _SHARES:
        return "0.0%"
    if size >= 1e12 or 0 < size < 1e-3:
        return "0.000E+00"
    return "#,##0" if size >= 1e3 else "0.0" if size >= 1e2 else "0.000"


def _width(title: str, cells: Iterable[Any]) -> int:
    """Return the width of a column, in characters of numbers as they are shown."""
    shown = (f"{cell:,.3f}"[:11] if isinstance(cell, float) else cell for cell in cells)
    longest = max((len(line) for text in (title, *shown) for line in text.splitlines()), default=0)
    return min(max(longest, 6) + 2, _WIDEST)
