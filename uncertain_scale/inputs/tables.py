"""CSV tables of quantities: bounded reading, units that are named, and every fault of every row.

A column's units stand in its header, `gpu_hours [gpu*hour]`, in a row whose first cell is `units`,
or in a cell itself, `1.3M gpu*hour`. What is wrong with a row is gathered, a line each, so that the
other rows can be used and nothing is dropped in silence.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError, UnitError, nearest
from uncertain_scale.reading import UnreadableError, read_text
from uncertain_scale.units import conversion_factor, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Faults", "Row", "RowFault", "Table", "check_header", "read_table"]

_MOST_BYTES = 16_000_000
_MOST_ROWS = 10_000
_MOST_COLUMNS = 200
_LONGEST_CELL = 4_000
_SMALLEST, _LARGEST = 1e-30, 1e40  # no product of a few such numbers leaves the floats
_OTHER_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_HEADER = re.compile(r"\s*(?P<name>[^\[\]]*?)\s*(?:\[(?P<units>[^\[\]]*)\])?\s*")


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one cell or row of a table.

    Parameters
    ----------
    file, line
        Where; the line is that on which the row begins.
    row
        What the row calls itself, or "".
    column
        The column, or "" for the row as a whole.
    message
        What was found, what was expected, what to do.
    """

    file: str
    line: int
    row: str
    column: str
    message: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        row = f" '{self.row[:60]}'" if self.row else ""
        column = f" [{self.column}]" if self.column else ""
        return f"{self.file}:{self.line}{row}{column} {self.message}"


@dataclass(frozen=True)
class Table:
    """A table as it stands in its file.

    Parameters
    ----------
    file
        Its name as it was given.
    columns
        Names of the columns, without units.
    units
        Units by column, where the header or a row of units names them.
    rows
        The rows that have a cell for each column.
    faults
        The rows that have not.
    """

    file: str
    columns: tuple[str, ...]
    units: Mapping[str, str]
    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]


@dataclass(frozen=True)
class Row:
    """One row: the line it begins on, and its cells by column, stripped."""

    line: int
    cells: Mapping[str, str]


@dataclass
class Faults:
    """Gathers what is wrong with one row while its cells are read.

    Parameters
    ----------
    table, row
        The row and where it stands.
    name
        What the row calls itself.
    """

    table: Table
    row: Row
    name: str = ""
    found: list[RowFault] = field(default_factory=list)

    def add(self, column: str, message: str) -> None:
        """Note a fault of a cell, or of the row where the column is ""."""
        self.found.append(RowFault(self.table.file, self.row.line, self.name, column, message))

    def text(self, column: str) -> str:
        """Return a cell, or "" where there is no such column."""
        return self.row.cells.get(column, "")

    def positive(self, column: str, units: str) -> float | None:
        """Return a positive quantity in `units`, or None where the cell is empty or faulty.

        Parameters
        ----------
        column
            Name of the column; a table without it is as one with empty cells.
        units
            Units wanted. A bare number in a column without units is a fault.
        """
        text = self.text(column)
        if not text:
            return None
        try:
            quantity = parse_quantity(text)
            stated = quantity.units or self.table.units.get(column)
            if stated is None:
                raise UnitError(
                    f"'{text[:40]}' has no units; name them in the header, "
                    f"'{column} [{units}]', in a row 'units', or behind the number"
                )
            value = quantity.value * conversion_factor(stated, units)
        except UnitError as error:
            self.add(column, str(error))
            return None
        if not _SMALLEST <= value <= _LARGEST:
            zero = "more than zero" if value <= 0 else f"{_SMALLEST:g} to {_LARGEST:g} {units}"
            self.add(column, f"is {text[:40]}; expected {zero}, or an empty cell")
            return None
        return value

    def one_of(self, column: str, known: Iterable[str]) -> str:
        """Return a cell that is empty or one of a few words, whatever its case, or "" for a fault.

        Parameters
        ----------
        column
            Name of the column.
        known
            The words, in the spelling that is returned.
        """
        text = self.text(column)
        words = {word.casefold(): word for word in known}
        if text and text.casefold() not in words:
            expected = ", ".join(words.values())
            self.add(column, f"is '{text[:40]}'; expected {expected}, or an empty cell")
            return ""
        return words.get(text.casefold(), "")


def read_table(path: Path, *, required: Sequence[str], shown: str | None = None) -> Table:
    """Read a CSV file as it stands, its header checked.

    Parameters
    ----------
    path
        A file in UTF-8 whose first line names the columns, the first of them what a row is called.
    required
        Columns that must be there.
    shown
        What messages call the file; the path by default.

    Raises
    ------
    DataError
        The file cannot be read, is too large, or its header cannot be used.
    """
    file = shown or str(path)
    try:
        text = read_text(path, _MOST_BYTES)
        lines = io.StringIO(text, newline="")
        numbered = list(islice(_numbered(csv.reader(lines, strict=True)), _MOST_ROWS + 2))
    except UnreadableError as error:
        raise DataError(error.of(file)) from None
    except csv.Error as error:
        raise DataError(f"{file} is not a CSV file in UTF-8: {error}") from None
    if len(numbered) > _MOST_ROWS + 1:
        raise DataError(f"{file} has more than {_MOST_ROWS:,} rows; split it")
    if not numbered:
        raise DataError(f"{file} is empty; expected a header that names {', '.join(required)}")
    columns, units = _header(file, numbered[0], required, text.lstrip().partition("\n")[0])
    rows, faults = [], []
    for line, cells in numbered[1:]:
        name = cells[0]
        if name.casefold() == "units":
            stated = dict(zip(columns[1:], cells[1:], strict=False))
            units |= {column: text for column, text in stated.items() if text}
        elif len(cells) != len(columns):
            message = f"has {len(cells)} cells where the header names {len(columns)} columns"
            faults.append(RowFault(file, line, name, "", message))
        else:
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    return Table(file, columns, units, tuple(rows), tuple(faults))


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the line each begins on, without odd characters."""
    line = 0
    for cells in reader:
        begins, line = line + 1, reader.line_num  # type: ignore[attr-defined]
        if len(cells) > _MOST_COLUMNS or any(len(cell) > _LONGEST_CELL for cell in cells):
            raise csv.Error(
                f"line {begins} has more than {_MOST_COLUMNS} cells, or one of more than "
                f"{_LONGEST_CELL:,} characters"
            )
        if any(map(str.strip, cells)):
            yield begins, [_plain(cell) for cell in cells]


def _plain(cell: str) -> str:
    """Return a cell in one line, without what would steer a terminal."""
    folded = " ".join(cell.split())
    return folded if folded.isprintable() else "".join(c for c in folded if c.isprintable())


def check_header(names: Sequence[str], required: Sequence[str], line: str) -> None:
    """Refuse the header of a CSV file whose columns cannot be told apart, or lacks one.

    Parameters
    ----------
    names
        Of the columns; columns without a name may be there, and are not used.
    required
        Those that must be there.
    line
        The header as it stands in the file.

    Raises
    ------
    ValueError
        Naming the columns, or what stands between them in place of commas.
    """
    missing = [name for name in required if name not in names]
    for mark, words in _OTHER_MARKS.items():
        if missing and line.count(mark) >= max(line.count(","), 1):
            raise ValueError(
                f"the columns are parted by {words}; expected commas (save it as CSV with commas, "
                "and with a point before decimals)"
            )
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        named = ", ".join(f"'{name[:60]}'" for name in twice)
        raise ValueError(f"the header names {named} twice; rename one")
    if missing:
        hints = "; ".join(f"'{name}' ({nearest(name, filter(None, names))})" for name in missing)
        raise ValueError(f"the header lacks the column {hints}")


def _header(
    file: str, numbered: tuple[int, list[str]], required: Sequence[str], text: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    line, cells = numbered
    matches = [_HEADER.fullmatch(cell) for cell in cells]
    columns = tuple(
        match["name"] if match else cell for match, cell in zip(matches, cells, strict=True)
    )
    units = {m["name"]: m["units"].strip() for m in matches if m and m["units"] is not None}
    try:
        check_header(columns, required, text)
    except ValueError as error:
        raise DataError(f"{file}:{line} {error}") from None
    return columns, units
