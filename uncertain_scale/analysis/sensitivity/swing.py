"""Swing (the tornado): an output with one input held low and held high, the others as they are.

All on shared draws, so that what differs is the input alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import average
from uncertain_scale.analysis.sensitivity.method import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.chains import Chains
    from uncertain_scale.analysis.sensitivity.study import Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["ENDS", "QUANTILES", "Swing", "sample_quantiles"]

ENDS = ("low", "high")
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Swing:
    """Median and interval of each output with each input held at two of its quantiles.

    Parameters
    ----------
    low, high
        The levels that inputs are held at; a joint sample is held at the row at that level.

    Notes
    -----
    Inputs that hang together with the one held are drawn as they are given its value: what the
    swing shows is what learning the value would do, not what forcing it would.
    """

    low: float = 0.05
    high: float = 0.95

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return quantiles by output, player, end held at and level; and those of the outputs."""
        study = chains.study
        held = chains.held_at(self.low, self.high)
        shape = (len(chains.numbers), len(study.outputs))
        free = np.empty((*shape, len(QUANTILES)))
        found = np.empty((*shape, len(study.players), 2, len(QUANTILES)))
        for o, output in enumerate(study.outputs):
            untouched = held.value(output, held.FREE)
            free[:, o] = sample_quantiles(chains.by_block(untouched, held)[0])
            for k in range(len(study.players)):
                values = held.value(output, 1 << k)
                if values is untouched:
                    found[:, o, k] = free[:, o, None]
                else:
                    quantiles = sample_quantiles(chains.by_block(values, held))
                    found[:, o, k] = np.moveaxis(quantiles, 0, 1)
        return {"free": free, "held": found}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `median` and `interval`, and both as `swing_low_…` and `swing_high_…`."""
        variables = _variables("", collected["free"], ("output",))
        for e, end in enumerate(ENDS):
            held = collected["held"][:, :, :, e]
            variables |= _variables(f"swing_{end}_", held, ("output", "input"))
        return Findings(
            variables,
            coords={"output": list(study.outputs), "input": study.names, "end": list(ENDS)},
        )


def sample_quantiles(values: FloatArray) -> FloatArray:
    """Return the 5%, 50% and 95% quantiles along the last axis, behind what axes there are."""
    return np.moveaxis(np.quantile(values, QUANTILES, axis=-1, method="hazen"), 0, -1)


def _variables(prefix: str, quantiles: FloatArray, dims: tuple[str, ...]) -> dict[str, xr.Variable]:
    import xarray as xr

    with np.errstate(invalid="ignore"):
        found = average(quantiles)
    return {
        f"{prefix}median": xr.Variable(dims, found.value[..., 1]),
        f"{prefix}median_mcse": xr.Variable(dims, found.mcse[..., 1]),
        f"{prefix}interval": xr.Variable((*dims, "end"), found.value[..., ::2]),
        f"{prefix}interval_mcse": xr.Variable((*dims, "end"), found.mcse[..., ::2]),
    }
