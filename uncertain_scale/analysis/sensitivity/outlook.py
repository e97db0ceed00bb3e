"""Which outputs can be analysed on which scale, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.method import Findings
from uncertain_scale.sampling.tails import moment_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.analysis.sensitivity.chains import Chains
    from uncertain_scale.analysis.sensitivity.study import Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["CONSTANT", "Outlook"]

CONSTANT = "constant: no input moves it"
_NO_VARIANCE = 0.49  # an index found by asking the model is exact to about a hundredth


@dataclass(frozen=True)
class Outlook:
    """The reasons why an output's shares of variance are zero, nan or not to be trusted."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the variance by output and scale; nan where there is none."""
        study = chains.study
        found = np.empty((len(chains.numbers), len(study.outputs), len(study.scales)))
        for o, output in enumerate(study.outputs):
            for s, scale in enumerate(study.scales):
                found[:, o, s] = chains.variance(output, scale)
        return {"variance": found}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `reason` by output and scale, "" where all is well."""
        found = collected["variance"].mean(axis=0)
        moments = moment_facts(study.plan, study.sampler)
        reasons = [
            [
                _reason(float(found[o, s]), scale, moments[output]["tail_index"])
                for s, scale in enumerate(study.scales)
            ]
            for o, output in enumerate(study.outputs)
        ]
        import xarray as xr

        return Findings(
            {"reason": xr.Variable(("output", "scale"), np.array(reasons))},
            coords={"output": list(study.outputs), "scale": list(study.scales)},
        )


def _reason(variance: float, scale: str, tail: float) -> str:
    if variance == 0:
        return CONSTANT
    if not np.isfinite(variance):
        wanted = "finite" if scale == "value" else "positive and finite"
        return f"not {wanted} in all draws: no shares of variance"
    if scale == "value" and tail >= _NO_VARIANCE:
        return (
            f"its variance does not exist (tail index {tail:.2g}, 0.5 and above): shares of it "
            "depend on the draws; the log scale is safe"
        )
    return ""
