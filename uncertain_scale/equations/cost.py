"""What GPU time and GPUs cost, and how the two compare."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    Dollars,
    DollarsPerExaflop,
    DollarsPerGpu,
    DollarsPerGpuHour,
    FlopPerSecondPerGpu,
    GpuHours,
    Gpus,
    Years,
)

HOURS_PER_YEAR: Annotated[float, "hour/year"] = 8766.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
FLOP_PER_EXAFLOP: Annotated[float, "FLOP/EFLOP"] = 1e18


@inverses(
    budget__from_hours="Cost of the training run's GPU time",
    hourly_rate__implied="Rental rate at which a budget pays for GPU-hours",
)
def gpu_hours(budget: Dollars, hourly_rate: DollarsPerGpuHour) -> GpuHours:
    """GPU-hours that a budget rents.

    Budget / rate: the cost of time alone, without staff, experiments or failed runs.
    """
    return budget / hourly_rate


@inverses(
    budget__from_programme="Cost of the final run, implied by its whole programme's",
    programme_multiplier__implied="Whole programme over its final run, implied by their costs",
)
def programme_cost(budget: Dollars, programme_multiplier: AtLeastOne) -> Dollars:
    """Cost of the GPU time of the whole programme behind the run.

    Budget x multiplier: the final run with its experiments, failed runs and post-training, without
    staff.

    Reference: Cottier et al. 2024, https://arxiv.org/abs/2405.21015
    """
    return budget * programme_multiplier


@inverses(
    budget__from_purchase="Budget that buys a number of GPUs outright",
    gpu_price__from_purchase="All-in price of one GPU at which a budget buys a number of them",
)
def gpus_purchasable(budget: Dollars, gpu_price: DollarsPerGpu) -> Gpus:
    """GPUs that the same budget buys outright.

    Budget / all-in price (server, network and its share of the building).
    """
    return budget / gpu_price


@inverses(
    gpus__from_price="GPUs of a cluster that cost a given sum to build",
    gpu_price__from_cluster="All-in price of one GPU, implied by that of a cluster",
)
def cluster_price(gpus: Gpus, gpu_price: DollarsPerGpu) -> Dollars:
    """Price of building the cluster that trains.

    GPUs x all-in price.
    """
    return gpus * gpu_price


@inverses(
    gpu_price__from_breakeven="All-in price of one GPU that its rent equals after a time",
    hourly_rate__from_breakeven="Rental rate that equals a GPU's price after a time",
)
def breakeven_time(gpu_price: DollarsPerGpu, hourly_rate: DollarsPerGpuHour) -> Years:
    """Time after which the rent paid for a GPU equals its price.

    Price / (rate x 8766 hours/year), held all the time; power and upkeep of an owned GPU, which
    lengthen it, are left out.
    """
    return gpu_price / (hourly_rate * HOURS_PER_YEAR)


@inverses(
    hourly_rate__from_cost_per_flop="Rental rate at which useful computation costs a given sum",
    effective_flops__from_cost_per_flop="Speed of one GPU at which computation costs a given sum",
)
def cost_per_flop(
    hourly_rate: DollarsPerGpuHour, effective_flops: FlopPerSecondPerGpu
) -> DollarsPerExaflop:
    """Rental cost of useful computation.

    Rate / (useful speed x 3600 s/hour), in USD for 1e18 FLOP.
    """
    return hourly_rate / (effective_flops * SECONDS_PER_HOUR) * FLOP_PER_EXAFLOP
