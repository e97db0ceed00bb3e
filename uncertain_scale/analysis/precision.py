"""How sure the ends of intervals are, and how sure they are to be.

An end counts as sure to a precision p where half of its 95% confidence interval, Student's t times
its Monte Carlo standard error, is at most p times the end. An end near 0 has no relative error: one
of an output with draws of both signs, or of a highest-density interval, is measured by no less than
a tenth of its distance from the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import PROBABILITIES, QuestionError, several
from uncertain_scale.statistics.sketch import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from uncertain_scale.statistics.sketch import AnyDraws

__all__ = ["COARSEST", "FINEST", "MOST", "End", "Goal", "worst"]

FINEST, COARSEST = 1e-5, 0.5
"""Least and largest precision: bins of draws that are not held are right to about a millionth."""
MOST = 1_000_000_000
"""Draws of all chains that a search stops at, unless other limits are asked for."""
_NEAR = 0.1  # of the distance from the median: ends nearer to 0 are measured by it


@dataclass(frozen=True)
class End:
    """An end of an interval, and how sure it is.

    Parameters
    ----------
    output, kind, prob, bound
        Which: `eti` or `hdi`; `low` or `high`.
    value, mcse
        In the output's units.
    error
        Half of its 95% confidence interval, relative to `measure`.
    measure
        The end's size, or a tenth of its distance from the median.
    """

    output: str
    kind: str
    prob: float
    bound: str
    value: float
    mcse: float
    error: float
    measure: float


@dataclass(frozen=True)
class Goal:
    """How sure the ends are to be, and how many draws at most.

    Parameters
    ----------
    precision
        Relative error of an end at 95%.
    probs
        Probabilities of the intervals.
    most
        Draws of all chains together.

    Raises
    ------
    QuestionError
        A precision or a number of draws out of range.
    """

    precision: float
    probs: Sequence[float] = (0.9, 0.5, 0.95)
    most: int = MOST

    def __post_init__(self) -> None:
        object.__setattr__(self, "probs", several("probs", self.probs, Real, PROBABILITIES))
        if not FINEST <= self.precision <= COARSEST:
            raise QuestionError(
                f"precision {self.precision:.6g} must lie from {FINEST:g} to {COARSEST:g}, "
                "such as 0.01 or 1%"
            )
        if self.most < 1:
            raise QuestionError(f"max-draws = {self.most} must be above 0")


def worst(summary: xr.Dataset, draws: Mapping[str, AnyDraws], chains: int) -> End | None:
    """Return the end of an interval that is least sure.

    Parameters
    ----------
    summary
        As `summarize` returns it.
    draws
        Draws or sketches by output.
    chains
        Number of chains.

    Returns
    -------
    End or None
        None where all outputs are constant. Intervals that do not exist are left out.
    """
    from scipy.special import stdtrit

    widening = float(stdtrit(max(min(chains, GROUPS) - 1, 1), 0.975))
    found: End | None = None
    for name, one in draws.items():
        if one.constant:
            continue
        row = summary.sel(output=name)
        median, signed = float(row["median"]), bool(one.low > 0 or one.high < 0)
        for kind in ("eti", "hdi"):
            values, errors = row[kind].values, row[f"{kind}_mcse"].values
            measures = np.abs(values)
            if kind == "hdi" or not signed:
                measures = np.maximum(measures, _NEAR * np.abs(values - median))
            there = np.isfinite(values)
            relative = np.divide(
                widening * np.nan_to_num(errors, nan=np.inf),
                measures,
                out=np.where(errors == 0, 0.0, np.inf),
                where=measures > 0,
            )
            relative = np.where(there, relative, -np.inf)
            at = np.unravel_index(int(np.argmax(relative)), relative.shape)
            if relative[at] >= (found.error if found else 0.0):
                found = End(
                    output=name,
                    kind=kind,
                    prob=float(summary["prob"].values[at[0]]),
                    bound=("low", "high")[at[-1]],
                    value=float(values[at]),
                    mcse=float(errors[at]),
                    error=float(relative[at]),
                    measure=float(measures[at]),
                )
    return found
