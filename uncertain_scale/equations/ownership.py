"""Whether to rent GPUs or to own them, and what a run's energy costs and emits.

An owner pays for machines and building, at a cost of capital over the life of each, for energy and
for operations. Capital is recovered by a stream of payments that is the same at all hours; costs
are per hour owned, of which `hours_in_use` is the share that is used.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    Dollars,
    DollarsPerGpu,
    DollarsPerGpuHour,
    DollarsPerKilowattHour,
    FloatArray,
    FromZeroToOne,
    GigawattHours,
    KilogramsPerKilowattHour,
    KilowattsPerGpu,
    NotNegative,
    PerYear,
    Ratio,
    Share,
    Tonnes,
    Years,
)

HOURS_PER_YEAR: Annotated[float, "hour/year"] = 8766.0
ONE_YEAR: Annotated[float, "year"] = 1.0
KILOWATT_HOURS_PER_GIGAWATT_HOUR: Annotated[float, "kW*hour/GWh"] = 1e6
KILOGRAMS_PER_TONNE: Annotated[float, "kg/t"] = 1e3


def _recovery(interest: FloatArray) -> FloatArray:
    """Return x / (1 - exp(-x)): what a stream over a life pays for each dollar, 1 at no interest.

    As x/2 + (x/2) / tanh(x/2), and by its series where the quotient has no digits left.
    """
    half = interest / 2
    small = half < 1e-4
    quotient = half / np.tanh(np.where(small, 1.0, half))
    return half + np.where(small, 1 + half**2 / 3, quotient)


def machine_hourly_cost(
    gpu_price: DollarsPerGpu,
    machine_share: FromZeroToOne,
    machine_life: Years,
    resale_share: FromZeroToOne,
    cost_of_capital: NotNegative,
) -> DollarsPerGpuHour:
    """Capital cost of the machines for each hour owned.

    price x share x (1 - v (1+r)^-n) x/(1 - exp(-x)) / (n x 8766 hours/year), x = n ln(1+r): with
    server and network written off over n years at a cost of capital r, and resold for v of their
    price.
    """
    interest = np.log1p(cost_of_capital) * (machine_life / ONE_YEAR)
    written_off = 1 - resale_share * np.exp(-interest)
    price = gpu_price * machine_share * written_off * _recovery(interest)
    return price / (machine_life * HOURS_PER_YEAR)


def building_hourly_cost(
    gpu_price: DollarsPerGpu,
    machine_share: FromZeroToOne,
    building_life: Years,
    cost_of_capital: NotNegative,
) -> DollarsPerGpuHour:
    """Capital cost of the building for each hour owned.

    price x (1 - the machines' share) x x/(1 - exp(-x)) / (n x 8766 hours/year), x = n ln(1+r).
    """
    interest = np.log1p(cost_of_capital) * (building_life / ONE_YEAR)
    price = gpu_price * (1 - machine_share) * _recovery(interest)
    return price / (building_life * HOURS_PER_YEAR)


def fixed_hourly_cost(
    machine_hourly_cost: DollarsPerGpuHour,
    building_hourly_cost: DollarsPerGpuHour,
    gpu_price: DollarsPerGpu,
    operations_share: PerYear,
) -> DollarsPerGpuHour:
    """Cost of capital and operations for each hour owned, used or not.

    machines + building + price x operations' share of it a year / 8766 hours/year.
    """
    operations = gpu_price * operations_share / HOURS_PER_YEAR
    return machine_hourly_cost + building_hourly_cost + operations


@inverses(
    gpu_power__from_hourly_energy=(
        "Power of one GPU with its share of the servers, implied by the cost of an hour's energy"
    ),
    pue__from_hourly_energy="Power usage effectiveness, implied by the cost of an hour's energy",
    electricity_price__from_hours="Price of electricity at which an hour's energy costs a sum",
)
def energy_hourly_cost(
    gpu_power: KilowattsPerGpu, pue: AtLeastOne, electricity_price: DollarsPerKilowattHour
) -> DollarsPerGpuHour:
    """Cost of the energy of one GPU for each hour in use.

    IT power of one GPU under load x PUE x price.
    """
    return gpu_power * pue * electricity_price


def owner_hourly_cost(
    fixed_hourly_cost: DollarsPerGpuHour,
    energy_hourly_cost: DollarsPerGpuHour,
    hours_in_use: Share,
    idle_power_share: FromZeroToOne,
) -> DollarsPerGpuHour:
    """Full cost of an owned GPU for each hour in use.

    (fixed + energy x (u + i (1 - u))) / u, u the share of hours in use and i the power of an idle
    GPU over that under load.
    """
    load = hours_in_use + idle_power_share * (1 - hours_in_use)
    return (fixed_hourly_cost + energy_hourly_cost * load) / hours_in_use


@inverses(
    hourly_rate__from_rent_over_own="Rental rate that is a multiple of an owner's cost",
)
def rent_over_own(hourly_rate: DollarsPerGpuHour, owner_hourly_cost: DollarsPerGpuHour) -> Ratio:
    """Rental rate over the full cost of an owned GPU, for each hour in use.

    Rate / owner's cost; below 1 renting is cheaper.
    """
    return hourly_rate / owner_hourly_cost


def breakeven_utilisation(
    fixed_hourly_cost: DollarsPerGpuHour,
    energy_hourly_cost: DollarsPerGpuHour,
    idle_power_share: FromZeroToOne,
    hourly_rate: DollarsPerGpuHour,
) -> Ratio:
    """Share of hours in use at which owning a GPU costs what renting it does.

    (fixed + i energy) / (rate - (1 - i) energy), of one who rents for the hours in use alone. Above
    1 renting is always cheaper; infinite where the rate does not pay for the energy.
    """
    owned = fixed_hourly_cost + idle_power_share * energy_hourly_cost
    saved = hourly_rate - (1 - idle_power_share) * energy_hourly_cost
    with np.errstate(divide="ignore"):
        share: FloatArray = owned / np.maximum(saved, 0 * owned)
    return share


@inverses(
    training_energy__from_cost="Energy of a run that costs a given sum",
    electricity_price__from_training="Price of electricity at which a run's energy costs a sum",
)
def training_energy_cost(
    training_energy: GigawattHours, electricity_price: DollarsPerKilowattHour
) -> Dollars:
    """Cost of the energy that the training run takes.

    Energy x price; part of what the owner pays, and inside a rent.
    """
    return training_energy * KILOWATT_HOURS_PER_GIGAWATT_HOUR * electricity_price


@inverses(
    training_energy__from_emissions="Energy of a run that emits a given mass of CO2",
    grid_intensity__implied="CO2 that a kilowatt-hour emits, implied by a run's emissions",
)
def training_emissions(
    training_energy: GigawattHours, grid_intensity: KilogramsPerKilowattHour
) -> Tonnes:
    """CO2 equivalent that generating the run's energy emits.

    Energy x what the grid emits for each kWh, where the run is: nothing for the making of machines,
    and no certificates taken off.

    Reference: Patterson et al. 2021, section 2.3, https://arxiv.org/abs/2104.10350
    """
    emitted = training_energy * KILOWATT_HOURS_PER_GIGAWATT_HOUR * grid_intensity
    return emitted / KILOGRAMS_PER_TONNE
