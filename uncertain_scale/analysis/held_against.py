"""Two answers held against one another: whether a ratio means anything, and their difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.units import is_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.units.aliases import FloatArray

_LAST_DIGITS = 16 * np.finfo(float).eps  # a few roundings on either side


def has_ratio(base: FloatArray, *others: FloatArray, units: str = "1") -> bool:
    """Tell whether other / base means anything: the base is never 0, and all are of one sign.

    A profit of 2 over one of -1 is no factor of -2, nor is -2 over -1 twice as good; and of years
    of the calendar only the difference says something.
    """
    answers = [base, *others]
    return bool(base.all()) and not of_both_signs(answers) and not are_dates(answers, units)


def has_split(answers: Sequence[FloatArray], units: str) -> bool:
    """Tell whether the ratio of medians means anything: no answer is 0, and all of one sign.

    A median at the edge of the draws that are 0 is one of the few smallest of the others.
    """
    never = all(one.all() for one in answers)
    return never and not of_both_signs(answers) and not are_dates(answers, units)


def are_dates(answers: Sequence[FloatArray], units: str) -> bool:
    """Tell whether answers are years of the calendar."""
    return all(is_date(units, float(one.min()), float(one.max())) for one in answers)


def of_both_signs(answers: Sequence[FloatArray]) -> bool:
    """Tell whether some answers are below 0 and others above it."""
    return bool(min(one.min() for one in answers) < 0 < max(one.max() for one in answers))


def difference_of(other: FloatArray, base: FloatArray) -> FloatArray:
    """Return other - base draw by draw, 0 where it is within the rounding of the two."""
    with np.errstate(all="ignore"):
        difference = other - base
    rounding = np.abs(difference) <= _LAST_DIGITS * np.maximum(np.abs(other), np.abs(base))
    return np.where(rounding, 0.0, difference)


def rounding_of(other: FloatArray, base: FloatArray) -> float:
    """Return what a figure of other - base may owe to the rounding of the two."""
    return _LAST_DIGITS * float(np.median(np.maximum(np.abs(other), np.abs(base))))
