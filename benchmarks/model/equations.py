"""The benchmark's model as a user writes one: what a rented cluster does with a budget."""

from __future__ import annotations

from typing import Annotated

HOURS_PER_DAY: Annotated[float, "hour/day"] = 24.0
HOURS_PER_YEAR: Annotated[float, "hour/year"] = 8766.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
KILOWATTS_PER_MEGAWATT: Annotated[float, "kW/MW"] = 1000.0
MEGAWATT_HOURS_PER_GIGAWATT_HOUR: Annotated[float, "MWh/GWh"] = 1000.0


def gpu_hours(
    budget: Annotated[float, "USD"], hourly_rate: Annotated[float, "USD/gpu/hour"]
) -> Annotated[float, "gpu*hour"]:
    """GPU-hours that the budget rents."""
    return budget / hourly_rate


def days(
    gpu_hours: Annotated[float, "gpu*hour"], gpus: Annotated[float, "gpu"]
) -> Annotated[float, "day"]:
    """Days that all GPUs run."""
    return gpu_hours / gpus / HOURS_PER_DAY


def flop(
    gpu_hours: Annotated[float, "gpu*hour"],
    peak_flops: Annotated[float, "FLOP/s/gpu"],
    precision_factor: float,
    mfu: float,
) -> Annotated[float, "FLOP"]:
    """FLOP that the run computes."""
    return gpu_hours * SECONDS_PER_HOUR * peak_flops * precision_factor * mfu


def gpt4_multiple(flop: Annotated[float, "FLOP"], gpt4_flop: Annotated[float, "FLOP"]) -> float:
    """FLOP of the run over those of GPT-4."""
    return flop / gpt4_flop


def capex(
    gpus: Annotated[float, "gpu"], gpu_price: Annotated[float, "USD/gpu"]
) -> Annotated[float, "USD"]:
    """Price of all GPUs."""
    return gpus * gpu_price


def power_mw(
    gpus: Annotated[float, "gpu"], gpu_power: Annotated[float, "kW/gpu"]
) -> Annotated[float, "MW"]:
    """Power that all GPUs draw."""
    return gpus * gpu_power / KILOWATTS_PER_MEGAWATT


def energy_gwh(
    power_mw: Annotated[float, "MW"], days: Annotated[float, "day"]
) -> Annotated[float, "GWh"]:
    """Energy that the run takes."""
    return power_mw * days * HOURS_PER_DAY / MEGAWATT_HOURS_PER_GIGAWATT_HOUR


def breakeven_years(
    capex: Annotated[float, "USD"],
    gpus: Annotated[float, "gpu"],
    hourly_rate: Annotated[float, "USD/gpu/hour"],
) -> Annotated[float, "year"]:
    """Years after which the rent paid equals the price."""
    return capex / (gpus * hourly_rate * HOURS_PER_YEAR)
