"""Scenarios held against one another after each has been updated by the same evidence.

Draws of two posteriors are no twins, so nothing is compared draw by draw: medians are, and how
likely each scenario makes the evidence.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.statistics.draws import answer_groups
from uncertain_scale.statistics.monte_carlo_error import spread

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Estimate", "evidence_ratio", "ratios_of_medians"]


class Estimate(NamedTuple):
    """A number and its Monte Carlo standard error."""

    value: float
    mcse: float


def ratios_of_medians(base: xr.DataTree, other: xr.DataTree) -> dict[str, Estimate]:
    """Return other over base of each answer's median, where both are above 0.

    The error comes from the chains, each scenario's own against the base's of the same number:
    they share the streams of what evidence does not touch.
    """
    one, two = (tree[answer_groups(tree)[1]].to_dataset() for tree in (base, other))
    found = {}
    for name in map(str, one.data_vars):
        pair = [np.asarray(draws[name].values, dtype=float) for draws in (one, two)]
        by_chain = np.array([np.median(draws, axis=1) for draws in pair])
        if (by_chain > 0).all():
            ratio = float(np.median(pair[1]) / np.median(pair[0]))
            found[name] = Estimate(
                ratio, ratio * float(spread(np.diff(np.log(by_chain), axis=0)[0]))
            )
    return found


def evidence_ratio(base: xr.DataTree, other: xr.DataTree) -> Estimate:
    """Return the logarithm of the Bayes factor: how much likelier `other` makes the evidence."""
    one, two = (json.loads(tree.attrs["conditioning"]) for tree in (base, other))
    errors = [
        math.nan if r["log_evidence_mcse"] is None else r["log_evidence_mcse"] for r in (one, two)
    ]
    return Estimate(two["log_evidence"] - one["log_evidence"], math.hypot(*errors))
