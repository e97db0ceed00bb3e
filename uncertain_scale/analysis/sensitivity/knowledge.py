"""What it would be worth to know an input exactly: a narrower interval, or another answer."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import average, ratio
from uncertain_scale.analysis.sensitivity.swing import sample_quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.evaluation import Chains
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Decision", "Direction", "IntervalReduction"]

Direction: TypeAlias = Literal[">=", ">", "<=", "<"]
DIRECTIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class IntervalReduction:
    """By how much the 90% interval is expected to narrow, relative to its width.

    Notes
    -----
    Each chain holds the input at 16 stratified random levels, draws the others as they are given
    that, and averages the widths. On the log scale the width is the logarithm of the interval's
    ratio. Knowing an input can widen an interval, which gives less than 0.
    """

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the interval's width, and what it narrows by, by output, player and scale."""
        study, held = chains.study, chains.held_anywhere
        shape = (len(chains.numbers), len(study.outputs))
        free = np.zeros((*shape, len(study.scales)))
        narrower = np.zeros((*shape, len(study.players), len(study.scales)))
        for o, output in enumerate(study.outputs):
            untouched = held.value(output, held.FREE)
            whole = sample_quantiles(chains.by_block(untouched, held)[0])
            for s, scale in enumerate(study.scales):
                free[:, o, s] = _width(whole, scale)
            for k in range(len(study.players)):
                values = held.value(output, k)
                if values is untouched:
                    continue
                known = sample_quantiles(chains.by_block(values, held))
                for s, scale in enumerate(study.scales):
                    narrower[:, o, k, s] = free[:, o, s] - _width(known, scale).mean(axis=0)
        return {"free": free, "narrower": narrower}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> xr.Dataset:
        """Return `interval_reduction`, with its error."""
        import xarray as xr

        found = ratio(collected["narrower"], collected["free"][:, :, None])
        return xr.Dataset(
            found.variables("interval_reduction", ("output", "input", "scale")),
            coords={
                "output": list(study.outputs),
                "input": study.names,
                "scale": list(study.scales),
            },
        )


@dataclass(frozen=True)
class Decision:
    """How knowing an input would change the answer "yes if its probability is at least 1/2".

    Parameters
    ----------
    threshold
        In the output's units.
    direction
        How the output compares to it where the event happens.

    References
    ----------
    Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910 (expected value of partial
    perfect information).
    """

    threshold: float
    direction: Direction = ">="

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return probabilities: of the event, of "yes" and of being right by player."""
        study, held = chains.study, chains.held_anywhere
        output = study.outputs[0]
        happens = DIRECTIONS[self.direction]

        def chances(values: FloatArray) -> FloatArray:
            blocks = chains.by_block(values, held)
            return np.asarray(happens(blocks, self.threshold).mean(axis=2))

        untouched = held.value(output, held.FREE)
        shape = (len(chains.numbers), len(study.players))
        says_yes, right, moved = (np.zeros(shape) for _ in range(3))
        for k in range(len(study.players)):
            values = held.value(output, k)
            known = chances(values)
            says_yes[:, k] = (known >= 0.5).mean(axis=0)
            right[:, k] = np.maximum(known, 1 - known).mean(axis=0)
            moved[:, k] = values is not untouched
        whole = chains.by_chain(chains.hybrids.value(output, study.everyone))
        return {
            "probability": happens(whole, self.threshold).mean(axis=1),
            "few": chances(untouched)[0],
            "says_yes": says_yes,
            "right": right,
            "moved": moved,
        }

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> xr.Dataset:
        """Return `probability`, and by input `changes` and `gain`, with their errors."""
        import xarray as xr

        probability = average(collected["probability"])
        yes = bool(probability.value >= 0.5)
        few, says_yes, moved = collected["few"][:, None], collected["says_yes"], collected["moved"]
        changes = moved * (1 - says_yes if yes else says_yes)
        gain = moved * (collected["right"] - (few if yes else 1 - few))
        variables = {
            "probability": xr.Variable((), probability.value),
            "probability_mcse": xr.Variable((), probability.mcse),
            "answer": xr.Variable((), "yes" if yes else "no"),
            **average(changes).variables("changes", ("input",)),
            **average(gain).variables("gain", ("input",)),
        }
        return xr.Dataset(
            variables,
            coords={"input": study.names},
            attrs={
                "output": study.outputs[0],
                "threshold": self.threshold,
                "direction": self.direction,
            },
        )


def _width(quantiles: FloatArray, scale: Scale) -> FloatArray:
    low, high = quantiles[..., 0], quantiles[..., -1]
    return np.asarray(high - low if scale == "value" else np.log(high) - np.log(low))
