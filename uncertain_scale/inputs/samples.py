"""Joint samples from a CSV file beside a prior file."""

from __future__ import annotations

import csv
import math
from array import array
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.tables import check_header
from uncertain_scale.reading import UnreadableError, is_inside, open_within, text_lines
from uncertain_scale.units.parsing import SpellingError, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["read_samples"]

_MOST_BYTES = 256_000_000
_MOST_ROWS = 1_000_000
_MOST_NUMBERS = 10_000_000
_LONGEST_LINE = 1_000_000


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
        The file is missing, too large or elsewhere, or a column is missing or holds no number.
        A file may have 256 MB, a million rows and ten million numbers in the columns wanted.
    """
    path = folder / name
    short = name[:60]
    if not is_inside(path, folder) or path.resolve().parent != folder.resolve():
        raise ValueError(f"'{short}' lies outside the prior file's folder; move it there")
    try:
        with open_within(path, _MOST_BYTES, "thin its rows out") as file:
            rows = _filled(csv.reader(text_lines(file, _LONGEST_LINE), strict=True))
            line, header = next(rows, (0, []))
            if not header:
                raise ValueError(
                    f"'{short}' is empty; expected a header that names {', '.join(columns)}"
                )
            names = [cell.strip() for cell in header]
            try:
                check_header(names, columns, ",".join(header))
            except ValueError as error:
                raise ValueError(f"{short}:{line} {error}") from None
            positions = [names.index(column) for column in columns]
            values = _values(short, rows, len(names), positions)
    except UnreadableError as error:
        raise ValueError(error.of(f"'{short}'")) from None
    except csv.Error as error:
        raise ValueError(f"'{short}' is not a CSV file in UTF-8: {error}") from None
    if len(values) < 2:
        raise ValueError(f"'{short}' has {len(values)} rows; expected at least two")
    return values[np.lexsort(values.T[::-1])]


def _filled(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the line each begins on."""
    line = 0
    for row in rows:
        begins, line = line + 1, rows.line_num  # type: ignore[attr-defined]
        if any(map(str.strip, row)):
            yield begins, row


def _values(
    name: str, rows: Iterable[tuple[int, list[str]]], width: int, positions: Sequence[int]
) -> FloatArray:
    """Return the numbers of the columns wanted, as an array of shape (rows, columns)."""
    found = array("d")
    most = min(_MOST_ROWS, _MOST_NUMBERS // len(positions))
    for count, (line, row) in enumerate(rows, 1):
        if count > most:
            raise ValueError(
                f"'{name}' has more than {most:,} rows of {len(positions)} columns; thin them out"
            )
        if len(row) != width:
            raise ValueError(
                f"{name}:{line} has {len(row)} cells where the header names {width} columns: "
                f"{row[:8]!r:.60}"
            )
        found.extend(_numbers(name, line, row, positions))
    return np.array(found).reshape(-1, len(positions))


def _numbers(name: str, line: int, row: Sequence[str], positions: Sequence[int]) -> list[float]:
    try:
        numbers = [_number(row[position]) for position in positions]
    except SpellingError as error:
        raise ValueError(f"{name}:{line} {error}") from None
    except ValueError:
        raise ValueError(f"{name}:{line} holds no number in each column: {row[:8]!r:.60}") from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name}:{line} holds a number that is not finite: {row[:8]!r:.60}")
    return numbers


def _number(text: str) -> float:
    """Read a bare number as every other reader does; a plain one, of millions, the quick way."""
    try:
        return float(text)
    except ValueError:
        return parse_quantity(text).to("1")
