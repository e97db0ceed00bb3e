"""What GPU time and GPUs cost, and how the two compare."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.units.aliases import (
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


def gpu_hours(budget: Dollars, hourly_rate: DollarsPerGpuHour) -> GpuHours:
    """GPU-hours that a budget rents.

    Budget / rate: the cost of time alone, without staff, experiments or failed runs.
    """
    return budget / hourly_rate


def budget__from_hours(gpu_hours: GpuHours, hourly_rate: DollarsPerGpuHour) -> Dollars:
    """Cost of the training run's GPU time.

    GPU-hours x rate.
    """
    return gpu_hours * hourly_rate


def hourly_rate__implied(budget: Dollars, gpu_hours: GpuHours) -> DollarsPerGpuHour:
    """Rental rate at which a budget pays for GPU-hours.

    Budget / GPU-hours.
    """
    return budget / gpu_hours


def gpus_purchasable(budget: Dollars, gpu_price: DollarsPerGpu) -> Gpus:
    """GPUs that the same budget buys outright.

    Budget / all-in price (server, network and its share of the building).
    """
    return budget / gpu_price


def budget__from_purchase(gpus_purchasable: Gpus, gpu_price: DollarsPerGpu) -> Dollars:
    """Budget that buys a number of GPUs outright.

    GPUs x all-in price.
    """
    return gpus_purchasable * gpu_price


def gpu_price__from_purchase(budget: Dollars, gpus_purchasable: Gpus) -> DollarsPerGpu:
    """All-in price of one GPU at which a budget buys a number of them.

    Budget / GPUs.
    """
    return budget / gpus_purchasable


def cluster_price(gpus: Gpus, gpu_price: DollarsPerGpu) -> Dollars:
    """Price of building the cluster that trains.

    GPUs x all-in price.
    """
    return gpus * gpu_price


def gpus__from_price(cluster_price: Dollars, gpu_price: DollarsPerGpu) -> Gpus:
    """GPUs of a cluster that cost a given sum to build.

    Price of the cluster / all-in price.
    """
    return cluster_price / gpu_price


def gpu_price__from_cluster(cluster_price: Dollars, gpus: Gpus) -> DollarsPerGpu:
    """All-in price of one GPU, implied by that of a cluster.

    Price of the cluster / GPUs.
    """
    return cluster_price / gpus


def breakeven_time(gpu_price: DollarsPerGpu, hourly_rate: DollarsPerGpuHour) -> Years:
    """Time after which the rent paid for a GPU equals its price.

    Price / (rate x 8766 hours/year), held all the time; power and upkeep of an owned GPU, which
    lengthen it, are left out.
    """
    return gpu_price / (hourly_rate * HOURS_PER_YEAR)


def gpu_price__from_breakeven(
    breakeven_time: Years, hourly_rate: DollarsPerGpuHour
) -> DollarsPerGpu:
    """All-in price of one GPU that its rent equals after a time.

    Time x rate x 8766 hours/year.
    """
    return breakeven_time * hourly_rate * HOURS_PER_YEAR


def hourly_rate__from_breakeven(
    gpu_price: DollarsPerGpu, breakeven_time: Years
) -> DollarsPerGpuHour:
    """Rental rate that equals a GPU's price after a time.

    Price / (time x 8766 hours/year).
    """
    return gpu_price / (breakeven_time * HOURS_PER_YEAR)


def cost_per_flop(
    hourly_rate: DollarsPerGpuHour, effective_flops: FlopPerSecondPerGpu
) -> DollarsPerExaflop:
    """Rental cost of useful computation.

    Rate / (useful speed x 3600 s/hour), in USD for 1e18 FLOP.
    """
    return hourly_rate / (effective_flops * SECONDS_PER_HOUR) * FLOP_PER_EXAFLOP


def hourly_rate__from_cost_per_flop(
    cost_per_flop: DollarsPerExaflop, effective_flops: FlopPerSecondPerGpu
) -> DollarsPerGpuHour:
    """Rental rate at which useful computation costs a given sum.

    Cost x useful speed x 3600 s/hour.
    """
    return cost_per_flop * effective_flops * SECONDS_PER_HOUR / FLOP_PER_EXAFLOP


def effective_flops__from_cost_per_flop(
    cost_per_flop: DollarsPerExaflop, hourly_rate: DollarsPerGpuHour
) -> FlopPerSecondPerGpu:
    """Speed of one GPU at which computation costs a given sum.

    Rate / (cost x 3600 s/hour).
    """
    return hourly_rate / (cost_per_flop * SECONDS_PER_HOUR) * FLOP_PER_EXAFLOP
