"""CSV files: tables of quantities, with every fault of every row, and joint samples of numbers.

Both are read within bounds, and what no CSV file may be is refused alike. A column's units stand in
its header, `gpu_hours [gpu*hour]`, in a row whose first cell is `units`, or in a cell itself, `1.3M
gpu*hour`. What is wrong with a row of a table is gathered, a line each, so that the other rows can
be used and nothing is dropped in silence.
"""

from __future__ import annotations

import csv
import math
import re
from array import array
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import DataError, UnitError
from uncertain_scale.reading import UnreadableError, is_inside, open_within, text_lines
from uncertain_scale.units import (
    SpellingError,
    conversion_factor,
    parse_quantity,
    refuse_other_digits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from uncertain_scale.units.aliases import FloatArray

_MOST_BYTES = 16_000_000
_MOST_ROWS = 10_000
_MOST_COLUMNS = 200
_LONGEST_CELL = 4_000
_MOST_BYTES_OF_SAMPLES = 256_000_000
_MOST_BAD_ROWS = 20
_MOST_SAMPLES = 1_000_000
_MOST_NUMBERS = 10_000_000
_LONGEST_LINE = 1_000_000
_MOST_SHOWN = 12  # columns in a message
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
class Cells:
    """Reads the cells of one row, which calls itself by a name, and gathers their faults."""

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

    def positive(self, column: str, units: str, *, bare: str | None = None) -> float | None:
        """Return a positive quantity in `units`, or None where the cell is empty or faulty.

        A table without the column is as one with empty cells; a bare number without units in the
        header is in those of `bare`, or a fault.
        """
        text = self.text(column)
        if not text:
            return None
        try:
            quantity = parse_quantity(text)
            stated = quantity.units or self.table.units.get(column, bare)
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
        """Return a cell that is empty or a known word, whatever its case, or "" for a fault."""
        text = self.text(column)
        words = {word.casefold(): word for word in known}
        if text and text.casefold() not in words:
            expected = ", ".join(words.values())
            self.add(column, f"is '{text[:40]}'; expected {expected}, or an empty cell")
            return ""
        return words.get(text.casefold(), "")


def refuse(faults: Iterable[RowFault]) -> None:
    """Raise a DataError of all faults in the order of their lines, where there are any."""
    if ordered := sorted(faults, key=attrgetter("line")):
        raise DataError("\n".join(map(str, ordered)))


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
    found = _csv_rows(path, file, _MOST_BYTES)
    columns, units = _columns(file, *_header(file, found, required), required)
    numbered = [(line, _plain(file, line, cells)) for line, cells in islice(found, _MOST_ROWS + 1)]
    if len(numbered) > _MOST_ROWS:
        raise DataError(f"{file} has more than {_MOST_ROWS:,} rows; split it")
    rows, faults = [], []
    for line, cells in numbered:
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


def _csv_rows(
    path: Path, shown: str, most: int, longest: int | None = None, advice: str = "split it"
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file that are not empty, with the line each begins on.

    Raises DataError: it has more bytes than `most`, or in a line than `longest`, or is no CSV file
    in UTF-8.
    """
    line = 0
    try:
        with open_within(path, most, advice) as file:
            rows = csv.reader(text_lines(file, longest or most), strict=True)
            for cells in rows:
                begins, line = line + 1, rows.line_num
                if any(map(str.strip, cells)):
                    yield begins, cells
    except UnreadableError as error:
        raise DataError(error.of(shown)) from None
    except csv.Error as error:
        raise DataError(f"{shown} is not a CSV file in UTF-8: {error}") from None


def _plain(file: str, line: int, cells: Sequence[str]) -> list[str]:
    """Return cells, within bounds, in one line each, without what would steer a terminal."""
    if len(cells) > _MOST_COLUMNS or any(len(cell) > _LONGEST_CELL for cell in cells):
        raise DataError(
            f"{file} is not a CSV file in UTF-8: line {line} has more than {_MOST_COLUMNS} "
            f"cells, or one of more than {_LONGEST_CELL:,} characters"
        )
    folded = [" ".join(cell.split()) for cell in cells]
    return [
        cell if cell.isprintable() else "".join(filter(str.isprintable, cell)) for cell in folded
    ]


def _header(
    shown: str, rows: Iterator[tuple[int, list[str]]], required: Sequence[str]
) -> tuple[int, list[str]]:
    """Return the first row, and the line that it is on."""
    line, cells = next(rows, (0, []))
    if not cells:
        raise DataError(f"{shown} is empty; expected a header that names {', '.join(required)}")
    return line, cells


def _columns(
    file: str, line: int, cells: Sequence[str], required: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names of a table's columns, and the units that its header states."""
    plain = _plain(file, line, cells)
    matches = [_HEADER.fullmatch(cell) for cell in plain]
    columns = tuple(
        match["name"] if match else cell for match, cell in zip(matches, plain, strict=True)
    )
    units = {m["name"]: m["units"].strip() for m in matches if m and m["units"] is not None}
    _check_header(f"{file}:{line}", columns, required, ",".join(cells), ours=True)
    return columns, units


def _check_header(
    place: str, names: Sequence[str], required: Sequence[str], line: str, *, ours: bool
) -> None:
    """Refuse a header whose columns cannot be distinguished, or that lacks one.

    Columns without a name may be there, and are not used. Names that are `ours` are right, where
    others may be what is misspelt.

    Raises DataError: naming the columns, or what stands between them in place of commas.
    """
    missing = [name for name in required if name not in names]
    for mark, words in _OTHER_MARKS.items():
        if missing and line.count(mark) >= max(line.count(","), 1):
            raise DataError(
                f"{place} the columns are parted by {words}; expected commas (save it as CSV with "
                "commas, and with a point before decimals)"
            )
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        named = ", ".join(f"'{name[:60]}'" for name in twice)
        raise DataError(f"{place} the header names {named} twice; rename one")
    if missing:
        others = [name for name in names if name and name not in required]
        meant = {name: get_close_matches(name, others, n=1) for name in missing}
        advice = "rename '{:.60}'" if ours else "did you mean '{:.60}'?"
        hints = [
            f"'{name}'" + (f" ({advice.format(*m)})" if m else "") for name, m in meant.items()
        ]
        found = ", ".join(f"'{name[:60]}'" for name in names[:_MOST_SHOWN] if name) or "none"
        more = ", …" if len(names) > _MOST_SHOWN else ""
        lacks = f"the column{'s' if len(missing) > 1 else ''} {' and '.join(hints)}"
        raise DataError(f"{place} the header lacks {lacks}; found {found}{more}")


class SamplesError(ValueError):
    """Rows of a joint sample that are not numbers.

    Parameters
    ----------
    faults
        A line each.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


def read_samples(folder: Path, name: str, columns: Sequence[str]) -> FloatArray:
    """Read columns of a CSV file, its rows in ascending order of the first column.

    Parameters
    ----------
    folder
        The prior file's folder; the samples may not lie anywhere else.
    name
        Name of the CSV file, whose first line names the columns.
    columns
        The columns wanted, in this order.

    Returns
    -------
    array of shape (rows, columns)

    Raises
    ------
    ValueError
        The file is missing, too large or elsewhere, or a column is missing.
    SamplesError
        Rows that do not hold a number in each column, the first 20 of them.
        A file may have 256 MB, a million rows and ten million numbers in the columns wanted.
    """
    path = folder / name
    short = name[:60]
    if not is_inside(path, folder) or path.resolve().parent != folder.resolve():
        raise ValueError(f"'{short}' lies outside the prior file's folder; move it there")
    quoted = f"'{short}'"
    rows = _csv_rows(path, quoted, _MOST_BYTES_OF_SAMPLES, _LONGEST_LINE, "thin its rows out")
    line, header = _header(quoted, rows, columns)
    names = [cell.strip() for cell in header]
    _check_header(f"{short}:{line}", names, columns, ",".join(header), ours=False)
    values = _values(short, rows, len(names), [names.index(column) for column in columns])
    if len(values) < 2:
        raise ValueError(f"'{short}' has {len(values)} rows; expected at least two")
    return values[np.lexsort(values.T[::-1])]


def _values(
    name: str, rows: Iterable[tuple[int, list[str]]], width: int, positions: Sequence[int]
) -> FloatArray:
    """Return the numbers of the columns wanted, as an array of shape (rows, columns)."""
    found = array("d")
    most = min(_MOST_SAMPLES, _MOST_NUMBERS // len(positions))
    faults: list[str] = []
    bad = 0
    for count, (line, row) in enumerate(rows, 1):
        if count > most:
            raise ValueError(
                f"'{name}' has more than {most:,} rows of {len(positions)} columns; thin them out"
            )
        try:
            found.extend(_numbers(name, line, row, width, positions))
        except SamplesError as error:
            bad += 1
            faults += error.faults if bad <= _MOST_BAD_ROWS else []
    if bad > _MOST_BAD_ROWS:
        faults.append(f"{name} has {bad - _MOST_BAD_ROWS:,} more bad rows")
    if faults:
        raise SamplesError(faults)
    return np.array(found).reshape(-1, len(positions))


def _numbers(
    name: str, line: int, row: Sequence[str], width: int, positions: Sequence[int]
) -> list[float]:
    if len(row) != width:
        said = f"has {len(row)} cells where the header names {width} columns"
        raise SamplesError([f"{name}:{line} {said}: {row[:8]!r:.60}"])
    try:
        numbers = _read_numbers([row[position] for position in positions])
    except SpellingError as error:
        raise SamplesError([f"{name}:{line} {error}"]) from None
    except ValueError:
        said = f"holds no number in each column: {row[:8]!r:.60}"
        raise SamplesError([f"{name}:{line} {said}"]) from None
    if not all(map(math.isfinite, numbers)):
        raise SamplesError([f"{name}:{line} holds a number that is not finite: {row[:8]!r:.60}"])
    return numbers


def _read_numbers(cells: Sequence[str]) -> list[float]:
    """Read bare numbers as every other reader does; plain ones, of millions, the quick way."""
    try:
        return list(map(float if all(map(str.isascii, cells)) else _number, cells))
    except ValueError:
        return list(map(_number, cells))


def _number(text: str) -> float:
    refuse_other_digits(text)
    try:
        return float(text)
    except ValueError:
        return parse_quantity(text).to("1")
