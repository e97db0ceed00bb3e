"""How fast a GPU trains, and how much computation GPU-hours of it make."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    Flop,
    FlopPerSecondPerGpu,
    GpuHours,
    Indicator,
    Ratio,
    Share,
    overridable,
)

SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0


@overridable
def mfu(dense_model_mfu: Share, moe: Indicator, moe_factor: Ratio) -> Share:
    """Whole-run utilisation of the dense BF16 peak.

    That of a dense model x f^m, m = 1 for a sparse mixture of experts and 0 for a dense model. A
    step's utilisation is higher, by the time lost.
    """
    return dense_model_mfu * moe_factor**moe


def moe__from_sparsity(expert_sparsity: AtLeastOne) -> Indicator:
    """Whether the model is a sparse mixture of experts, told by its experts.

    1 where there is more than one to each active one, else 0.
    """
    return np.where(expert_sparsity > 1, 1.0, 0.0)


@overridable
def expert_sparsity(moe: Indicator, experts_per_active: AtLeastOne) -> AtLeastOne:
    """Experts to each active one: 8 for one in eight, 1 for a dense model.

    s^m, m = 1 for a sparse mixture of experts and 0 for a dense model.
    """
    return experts_per_active**moe


@inverses(
    mfu__implied="Whole-run utilisation of the dense BF16 peak, implied by a speed",
    precision_factor__implied="Realised speed-up over BF16, implied by a speed",
    sparsity_factor__implied="Sparse over dense peak, implied by a speed",
    peak_flops__implied="Dense BF16 peak of one GPU, implied by a speed",
)
def effective_flops(
    peak_flops: FlopPerSecondPerGpu,
    sparsity_factor: Ratio,
    precision_factor: Ratio,
    mfu: Share,
) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains, averaged over the whole run.

    peak x sparsity x precision x MFU, where MFU is the run's model FLOP over its chip-hours times
    the dense BF16 peak. Restarts and idle time are inside MFU: multiply by no goodput on top of it.
    Sparsity is 1 for every training run known; the precision factor is the speed-up that FP8
    realises end to end, not the ratio of the two peaks.

    Reference: Chowdhery et al. 2022, appendix B (MFU), https://arxiv.org/abs/2204.02311
    """
    return peak_flops * sparsity_factor * precision_factor * mfu


@inverses(
    gpu_hours__from_compute="GPU-hours of the training run",
    effective_flops__implied=(
        "Speed at which one GPU trains, implied by a run's computation and GPU-hours"
    ),
)
def training_flop(gpu_hours: GpuHours, effective_flops: FlopPerSecondPerGpu) -> Flop:
    """FLOP of the training run.

    GPU-hours x 3600 s/hour x useful speed: model FLOP, without what recomputation adds.
    """
    return gpu_hours * SECONDS_PER_HOUR * effective_flops
