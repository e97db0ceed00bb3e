"""One figure of the study: what was found, what it should be, and how sure it is that it is not.

The study fails where a figure is surely outside its target. A figure's p-value is the probability
of being as far outside by chance, at the edge of the target; it fails below `FALSE_ALARMS` divided
by the number of figures (Bonferroni), so that a study of a right program fails, whatever its parts
have to do with one another, in at most one run of a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FALSE_ALARMS",
    "Check",
    "at_least",
    "failures",
    "level",
    "near",
    "share",
    "uniform",
]

FALSE_ALARMS = 0.01
"""How often the whole study may fail a right program."""


@dataclass(frozen=True)
class Check:
    """A figure.

    Parameters
    ----------
    part, row, column
        Where it stands: in a part's table, its row and its column.
    value
        What was found.
    target
        Lowest and highest value aimed at.
    cases
        How many independent cases it rests on.
    p
        Probability of so extreme a value at the nearest edge of the target.
    """

    part: str
    row: str
    column: str
    value: float
    target: tuple[float, float]
    cases: int
    p: float

    @property
    def outside(self) -> bool:
        """Whether the figure as found is outside its target, by chance or not."""
        return not self.target[0] <= self.value <= self.target[1]


def level(checks: Sequence[Check]) -> float:
    """Return the p-value below which a figure of so many fails."""
    return FALSE_ALARMS / max(len(checks), 1)


def failures(checks: Sequence[Check]) -> list[Check]:
    """Return the figures that are surely outside their targets."""
    return [check for check in checks if not check.p >= level(checks)]


def share(place: tuple[str, str, str], happened: np.ndarray, target: tuple[float, float]) -> Check:
    """Judge how often something happens.

    Parameters
    ----------
    place
        Part, row and column.
    happened
        Zeros and ones, shape (case,) or (case, statistic); statistics of a case may depend on one
        another, cases may not.
    target
        Shares from and to which are right.

    Notes
    -----
    Statistics of one case count as many cases as the spread between cases shows, at least as one.
    """
    happened = np.asarray(happened, dtype=float)
    cases = happened.reshape(len(happened), -1)
    each = cases.mean(axis=1)
    mean, spread = float(each.mean()), float(each.var(ddof=1)) if len(each) > 1 else 0.0
    effective = mean * (1 - mean) * len(each) / spread if spread > 0 else len(each)
    number = round(float(np.clip(effective, len(each), cases.size)))
    count = round(mean * number)
    too_few = stats.binom.cdf(count, number, target[0])
    too_many = stats.binom.sf(count - 1, number, target[1])
    return Check(*place, mean, target, len(each), float(min(too_few, too_many, 0.5) * 2))


def near(place: tuple[str, str, str], values: np.ndarray, target: tuple[float, float]) -> Check:
    """Judge an average, by Student's t of independent values, against where it should lie."""
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    distance = max(target[0] - mean, mean - target[1])
    if error == 0:
        p = 1.0 if distance <= 0 else 0.0
    else:
        p = min(1.0, 2 * float(stats.t.sf(distance / error, len(values) - 1)))
    return Check(*place, mean, target, len(values), p)


def uniform(place: tuple[str, str, str], p: float, cases: int) -> Check:
    """Judge a p-value of a test whose hypothesis is true: it is itself the figure."""
    return Check(*place, p, (0.001, 1.0), cases, p)


def at_least(place: tuple[str, str, str], found: int, cases: int, least: float) -> Check:
    """Judge how often a fault that was put in on purpose is found."""
    return Check(
        *place, found / cases, (least, 1.0), cases, float(stats.binom.cdf(found, cases, least))
    )
