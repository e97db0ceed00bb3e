"""How many GPUs run for how long, and how fast they are together."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    Days,
    FlopPerSecond,
    FlopPerSecondPerGpu,
    GpuHours,
    Gpus,
)

HOURS_PER_DAY: Annotated[float, "hour/day"] = 24.0


@inverses(gpu_hours__from_cluster="GPU-hours of a cluster held for a time")
def gpus(gpu_hours: GpuHours, training_time: Days) -> Gpus:
    """GPUs that train at once.

    GPU-hours / (days x 24 hours/day), all of them held for the whole run.
    """
    return gpu_hours / (training_time * HOURS_PER_DAY)


def training_time(gpu_hours: GpuHours, gpus: Gpus) -> Days:
    """Length of the training run, by the wall clock.

    GPU-hours / (GPUs x 24 hours/day).
    """
    return gpu_hours / (gpus * HOURS_PER_DAY)


@inverses(
    gpus__from_flops="GPUs that make up a cluster of a given speed",
    effective_flops__from_cluster="Speed at which one GPU trains, implied by a cluster's",
)
def cluster_flops(gpus: Gpus, effective_flops: FlopPerSecondPerGpu) -> FlopPerSecond:
    """Speed at which the cluster trains.

    GPUs x useful speed of one.
    """
    return gpus * effective_flops
