"""Points in time: read as people write them, held as years of the calendar, and written as days.

A year stands for its first day, 2027-01-01, a month and a quarter for theirs. The day d of a year
that has n is (d - 1) / n of it.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from uncertain_scale.errors import UnitError
from uncertain_scale.units.domain import Domain, Units

DATE = "date"
"""The units of a variable that is a point in time: years of the calendar."""
FIRST_DATE, PASSAGE = "first_date", "first_date_score"
"""The date at which a path first reaches what is given, and the uniform input that it takes."""
FIRST, LAST = 1990, 2100
"""The first and last year of a question."""
DATES = Units(DATE, Domain(f"[{FIRST}, {LAST}]"))
"""The units of dates, with the domain of a question's."""

HORIZON = 2040.0
"""The date up to which one is sought."""
NEVER = HORIZON + 1e-3
"""What stands for a date behind that, or none at all."""
NEVER_AFTER = f"date > {HORIZON:.0f}"
"""The event that it is not reached before."""

_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?|\s?Q([1-4]))?")
_NUMBER = re.compile(r"\d{4}\.\d+")
_TO, _BETWEEN = re.compile(r"( to )"), re.compile(r"(\.\.|,| to )")
_FORMS = "expected a year, month, quarter or day: 2027, 2027-07, 2027Q3 or 2027-07-01"
_MONTH, _DAYS = 1 / 12, 1 / 365  # of a year


def year_of(day: dt.date) -> float:
    """Return a day as a year of the calendar.

    Examples
    --------
    >>> year_of(dt.date(2027, 1, 1)), round(year_of(dt.date(2027, 7, 2)), 3)
    (2027.0, 2027.499)
    """
    length = 366 if calendar.isleap(day.year) else 365
    return day.year + (day.timetuple().tm_yday - 1) / length


def day_of(year: float) -> dt.date:
    """Return the day that a year of the calendar is nearest to the beginning of.

    Examples
    --------
    >>> day_of(2027.0), day_of(2027.499)
    (datetime.date(2027, 1, 1), datetime.date(2027, 7, 2))
    """
    whole = int(year // 1)
    length = 366 if calendar.isleap(whole) else 365
    return dt.date(whole, 1, 1) + dt.timedelta(days=round((year - whole) * length))


def dates_as_numbers(text: str, *, several: bool = False) -> str:
    """Return a date, or an interval, range or list of dates, with years of the calendar in place.

    Parameters
    ----------
    text
        Such as `2027-07` or `2026 to 2028`; a distribution, which has its numbers already, is
        returned as it is.
    several
        Whether it may be a range or list, such as `2024..2030` or `2025, 2027Q3`.

    Raises
    ------
    UnitError
        One of them is no date, or lies before 1990 or after 2100.

    Examples
    --------
    >>> dates_as_numbers("2024..2026Q1", several=True), dates_as_numbers("2028-01-01")
    ('2024.0..2026.0', '2028.0')
    """
    if "(" in text:
        return text
    parts = (_BETWEEN if several else _TO).split(text)
    return "".join(part if place % 2 else _number(part) for place, part in enumerate(parts))


def date_text(year: float, error: float | None = None, spread: float | None = None) -> str:
    """Write a year of the calendar to the month, or as coarsely or finely as it is known.

    Parameters
    ----------
    year
        The point in time.
    error
        Its standard error in years: one of a month or more leaves the year alone.
    spread
        How far the dates beside it lie apart: those within two months are written to the day.

    Examples
    --------
    >>> date_text(2027.5), date_text(2027.5, error=0.3), date_text(2027.5, spread=0.1)
    ('2027-07', '2027', '2027-07-02')
    """
    if year >= NEVER:
        return f"after {HORIZON - 1:.0f}" if year == NEVER else f"{day_of(year).year}"
    day = day_of(year)
    if error is not None and error > _MONTH:
        return f"{day.year}"
    if (error is None or error < _DAYS) and spread is not None and spread < 2 * _MONTH:
        return day.isoformat()
    return f"{day:%Y-%m}"


def _number(stated: str) -> str:
    text = stated.strip()
    match = _DAY.fullmatch(text)
    try:
        if match:
            year, month, day, quarter = (int(part) if part else None for part in match.groups())
            month = 3 * quarter - 2 if quarter else month
            number = year_of(dt.date(year or 0, month or 1, day or 1))
        elif _NUMBER.fullmatch(text):
            number = float(text)
        else:
            raise ValueError(text)
    except ValueError:
        raise UnitError(f"'{text[:40]}' is not a date; {_FORMS}") from None
    if not FIRST <= number <= LAST:
        raise UnitError(f"'{text[:40]}' is not from {FIRST} to {LAST}; {_FORMS}")
    return repr(number)
