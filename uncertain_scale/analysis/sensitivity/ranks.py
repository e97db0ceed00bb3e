"""Spearman's rank correlation of inputs and outputs, from the draws of a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import average
from uncertain_scale.analysis.sensitivity.method import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.analysis.sensitivity.chains import Chains
    from uncertain_scale.analysis.sensitivity.study import Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["RankCorrelation", "average_ranks"]


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation; nan for a joint sample, which has no order of its own."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the correlation by output and player."""
        study = chains.study
        everyone = study.everyone

        def scores(name: str) -> FloatArray:
            values = chains.by_chain(chains.hybrids.value(name, everyone))
            return np.array([_standardised(chain) for chain in values])

        found = np.zeros((len(chains.numbers), len(study.outputs), len(study.players)))
        inputs = [scores(player.inputs[0]) for player in study.players]
        for o, output in enumerate(study.outputs):
            own = scores(output)
            for k, player in enumerate(study.players):
                if study.neighbours[k] & study.movers[output]:
                    correlation = (inputs[k] * own).mean(axis=1)
                    found[:, o, k] = np.nan if player.joint else correlation
        return {"correlation": found}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `rank_correlation`, with its error."""
        found = average(collected["correlation"])
        return Findings(
            found.variables("rank_correlation", ("output", "input")),
            coords={"output": list(study.outputs), "input": study.names},
        )


def average_ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1, equal values sharing the average of theirs.

    Examples
    --------
    >>> average_ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _standardised(values: FloatArray) -> FloatArray:
    ranks = average_ranks(values) if np.isfinite(values).all() else np.full(values.shape, np.nan)
    sd = ranks.std()
    return np.zeros(values.shape) if sd == 0 else np.asarray((ranks - ranks.mean()) / sd)
