"""How many GPUs run for how long, and how fast they are together."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.units.aliases import (
    Days,
    FlopPerSecond,
    FlopPerSecondPerGpu,
    GpuHours,
    Gpus,
)

HOURS_PER_DAY: Annotated[float, "hour/day"] = 24.0


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


def gpu_hours__from_cluster(gpus: Gpus, training_time: Days) -> GpuHours:
    """GPU-hours of a cluster held for a time.

    GPUs x days x 24 hours/day.
    """
    return gpus * training_time * HOURS_PER_DAY


def cluster_flops(gpus: Gpus, effective_flops: FlopPerSecondPerGpu) -> FlopPerSecond:
    """Speed at which the cluster trains.

    GPUs x useful speed of one.
    """
    return gpus * effective_flops


def gpus__from_flops(cluster_flops: FlopPerSecond, effective_flops: FlopPerSecondPerGpu) -> Gpus:
    """GPUs that make up a cluster of a given speed.

    Speed of the cluster / useful speed of one GPU.
    """
    return cluster_flops / effective_flops


def effective_flops__from_cluster(cluster_flops: FlopPerSecond, gpus: Gpus) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains, implied by a cluster's.

    Speed of the cluster / GPUs.
    """
    return cluster_flops / gpus
