"""Dated data: tables of one quantity's values by date, shipped or one's own, for fits of trends.

A table is read whole or refused with every fault in it. A value that was revised stands on several
lines, each with the day from which it was known, so that a fit can be made to the data of a day.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError, nearest
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.tables import Cells, read_table, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: Mapping[str, str] = {
    "name": "the thing observed: a model, a chip, a quarter",
    "date": "day of the value, such as 2024-07-23",
    "value": "the value; its units stand in the header, as in value [FLOP]",
    "low": "5% of the value's error, or empty",
    "high": "95% of the value's error, or empty",
    "known": "day from which this value was known, where it is not `date`",
    "note": "for the reader",
    "source": "for the reader: where the figure stands",
}
"""Columns of a table of dated values; others may be there and are not used."""

_FOLDER = "trends"
_INDEX = "series.csv"
_INDEX_COLUMNS = ("name", "variable", "long_name", "note")
_SIGMAS_IN_INTERVAL = 2 * 1.6448536269514722  # from 5% to 95% of a normal


@dataclass(frozen=True)
class DatedValue:
    """One dated value.

    Parameters
    ----------
    name
        The thing observed.
    date
        The day of the value.
    value
        In the units of its series.
    error
        Standard deviation of the value's logarithm; 0 where the table states none.
    known
        The day from which the value was known.
    """

    name: str
    date: dt.date
    value: float
    error: float
    known: dt.date


@dataclass(frozen=True)
class Series:
    """Dated values of one quantity.

    Parameters
    ----------
    name
        Of a shipped series, or of the file.
    file
        What messages call its table.
    units
        Of its values.
    values
        By date; several of one name and date are revisions of each other.
    variable
        Variable of the model that the values are of, or "".
    long_name, note
        For the reader.
    """

    name: str
    file: str
    units: str
    values: tuple[DatedValue, ...]
    variable: str = ""
    long_name: str = ""
    note: str = ""

    def known_at(self, day: dt.date | None = None) -> Series:
        """Return the series as it was known on a day: each value in its last revision until then.

        Examples
        --------
        >>> series = shipped_series()["frontier_flop"]
        >>> series.known_at(dt.date(2022, 12, 31)).values[-1].name
        'ERNIE 3.0 Titan'
        """
        latest = {
            (one.name, one.date): one
            for one in sorted(self.until(day).values, key=lambda one: one.known)
        }
        ordered = sorted(latest.values(), key=lambda one: one.date)
        return replace(self, values=tuple(ordered))

    def until(self, day: dt.date | None = None) -> Series:
        """Return the series without what became known after a day, its revisions kept."""
        if day is None:
            return self
        known = [one for one in self.values if max(one.known, one.date) <= day]
        return replace(self, values=tuple(known))


def find_series(named: str | Path) -> Series:
    """Return the series that a shipped name or the path of a table stands for.

    Raises
    ------
    DataError
        There is neither such a series nor such a file, or the table has faults.

    Examples
    --------
    >>> find_series("chips_in_being").units
    'gpu'
    """
    text = str(named)
    if text.endswith(".csv"):
        return read_series(Path(named))
    if text in shipped_series():
        return shipped_series()[text]
    raise DataError(
        f"series '{text[:60]}' is unknown; {nearest(text, shipped_series())}; "
        "the name of a table of your own ends in .csv"
    )


@cache
def shipped_series() -> Mapping[str, Series]:
    """Return the shipped series by name, in the order of their index.

    Raises DataError: a shipped table has a fault.
    """
    folder = shipped_folder() / _FOLDER
    index = read_table(
        folder / _INDEX,
        required=("name", "variable", "long_name", "note"),
        shown=f"{_FOLDER}/{_INDEX}",
    )
    found = {}
    for row in index.rows:
        name, variable, long_name, note = (row.cells[column] for column in _INDEX_COLUMNS)
        table = read_series(folder / f"{name}.csv", shown=f"{_FOLDER}/{name}.csv")
        found[name] = replace(table, variable=variable, long_name=long_name, note=note)
    return found


def read_series(path: Path, *, shown: str | None = None) -> Series:
    """Read a table of dated values.

    Parameters
    ----------
    path
        A CSV file with the columns of `COLUMNS`, of which `name` comes first, and `date` and
        `value` must be there too.
    shown
        What messages call the file; the path by default.

    Raises
    ------
    DataError
        The file cannot be read, its header cannot be used, or a row has a fault; all of them.
    """
    table = read_table(path, required=("name", "date", "value"), shown=shown)
    if table.columns[0] != "name":
        raise DataError(f"{table.file}:1 the first column is '{table.columns[0][:40]}', not 'name'")
    if not (units := table.units.get("value", "")):
        raise DataError(
            f"{table.file}:1 [value] has no units; name them in the header, as in 'value [FLOP]'"
        )
    faults = list(table.faults)
    values = []
    lines: dict[tuple[str, dt.date, dt.date], int] = {}
    for row in table.rows:
        cells = Cells(table, row, row.cells["name"])
        one = _dated_value(cells, units)
        if one is not None:
            earlier = lines.setdefault((one.name, one.date, one.known), row.line)
            if earlier != row.line:
                cells.add(
                    "name",
                    f"stands on line {earlier} with the same days; name each value once, or a "
                    "revision by the day from which it was known, in the column known",
                )
            values.append(one)
        faults += cells.found
    refuse(faults)
    values.sort(key=lambda one: (one.date, one.known))
    return Series(path.stem, table.file, units, tuple(values))


def _dated_value(cells: Cells, units: str) -> DatedValue | None:
    """Read one row; None where it has a fault."""
    date = _day(cells, "date")
    known = _day(cells, "known") or date
    value = cells.positive("value", units)
    if not cells.text("value"):
        cells.add("value", "is empty; state the value or drop the row")
    if not cells.text("date"):
        cells.add("date", "is empty; expected a day such as 2024-07-23")
    error = _error(cells, units, value)
    if cells.found or date is None or known is None or value is None:
        return None
    return DatedValue(cells.name, date, value, error, known)


def _error(cells: Cells, units: str, value: float | None) -> float:
    """Return the standard deviation of a value's logarithm that its low and high tell, or 0."""
    stated = {
        end: cells.positive(end, units, bare=units) for end in ("low", "high") if cells.text(end)
    }
    low, high = stated.get("low"), stated.get("high")
    if len(stated) == 1:
        (end,) = stated
        other = "high" if end == "low" else "low"
        cells.add(other, f"is empty where {end} is stated; state both, or neither")
    if value is None or low is None or high is None:
        return 0.0
    if not (low <= value <= high and low < high):
        cells.add(
            "low", f"low, value and high are {low:g}, {value:g}, {high:g}; expected ascending"
        )
        return 0.0
    return math.log(high / low) / _SIGMAS_IN_INTERVAL


def _day(cells: Cells, column: str) -> dt.date | None:
    """Read a day; None where the cell is empty or faulty."""
    text = cells.text(column)
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        cells.add(column, f"is '{text[:40]}'; expected a day such as 2024-07-23")
        return None
