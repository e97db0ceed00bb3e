"""Joint samples from a CSV file beside a prior file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["read_samples"]

_MOST_BYTES = 256_000_000


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
    """
    path = folder / name
    if path.resolve().parent != folder.resolve():
        raise ValueError(f"'{name[:60]}' lies outside the prior file's folder; move it there")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"'{name}' is larger than {_MOST_BYTES // 1_000_000} MB")
        with path.open(newline="", encoding="utf-8") as lines:
            header, *rows = csv.reader(lines)
    except OSError as error:
        raise ValueError(f"'{name[:60]}' cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ValueError(f"'{name}' is not a CSV file in UTF-8: {error}") from None
    for column in columns:
        if column not in header:
            raise ValueError(f"'{name}' has no column '{column}'; {nearest(column, header)}")
    positions = [header.index(column) for column in columns]
    values = np.array([_numbers(name, line, row, positions) for line, row in enumerate(rows, 2)])
    if len(values) < 2:
        raise ValueError(f"'{name}' has {len(values)} rows; expected at least two")
    return values[np.lexsort(values.T[::-1])]


def _numbers(name: str, line: int, row: Sequence[str], positions: Sequence[int]) -> list[float]:
    try:
        numbers = [float(row[position]) for position in positions]
    except (ValueError, IndexError):
        raise ValueError(f"{name}:{line} holds no number in each column: {row!r:.60}") from None
    if not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name}:{line} holds a number that is not finite: {row!r:.60}")
    return numbers
