"""How fast a GPU trains, and how much computation GPU-hours of it make."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    Flop,
    FlopPerSecondPerGpu,
    GpuHours,
    Ratio,
    Share,
)

SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0


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
