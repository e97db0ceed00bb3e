"""What it would be worth to know an input exactly: a narrower interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import ratio
from uncertain_scale.analysis.sensitivity.method import Findings
from uncertain_scale.analysis.sensitivity.swing import sample_quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.analysis.sensitivity.chains import Chains
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["IntervalReduction"]


@dataclass(frozen=True)
class IntervalReduction:
    """By how much the 90% interval is expected to narrow, relative to its width.

    Parameters
    ----------
    levels
        At how many random levels each chain holds an input.
    draws
        How many of the chain's draws are taken at each level, or all there are.

    Notes
    -----
    Each chain holds the input at stratified random levels, draws the others as they are given
    that, and averages the widths. On the log scale the width is the logarithm of the interval's
    ratio. Knowing an input can widen an interval, which gives less than 0.
    """

    levels: int = 16
    draws: int = 1024

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the interval's width, and what it narrows by, by output, player and scale."""
        study, held = chains.study, chains.held_anywhere(self.levels, self.draws)
        shape = (len(chains.numbers), len(study.outputs))
        free = np.zeros((*shape, len(study.scales)))
        narrower = np.zeros((*shape, len(study.players), len(study.scales)))
        for o, output in enumerate(study.outputs):
            untouched = held.value(output, held.FREE)
            whole = sample_quantiles(chains.by_block(untouched, held)[0])
            for s, scale in enumerate(study.scales):
                free[:, o, s] = _width(whole, scale)
            for k in range(len(study.players)):
                values = held.value(output, 1 << k)
                if values is untouched:
                    continue
                known = sample_quantiles(chains.by_block(values, held))
                for s, scale in enumerate(study.scales):
                    narrower[:, o, k, s] = free[:, o, s] - _width(known, scale).mean(axis=0)
        return {"free": free, "narrower": narrower}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `interval_reduction`, with its error."""
        found = ratio(collected["narrower"], collected["free"][:, :, None])
        return Findings(
            found.variables("interval_reduction", ("output", "input", "scale")),
            coords={
                "output": list(study.outputs),
                "input": study.names,
                "scale": list(study.scales),
            },
        )


def _width(quantiles: FloatArray, scale: Scale) -> FloatArray:
    low, high = quantiles[..., 0], quantiles[..., -1]
    return np.asarray(high - low if scale == "value" else np.log(high) - np.log(low))
