"""What power a cluster draws, what energy a run takes, and how that compares with the sites."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.units.aliases import (
    Dimensionless,
    FlopPerSecondPerGpu,
    GigaflopPerJoule,
    GigawattHours,
    Gigawatts,
    GpuHours,
    Gpus,
    KilowattsPerGpu,
    Megawatts,
)

KILOWATTS_PER_MEGAWATT: Annotated[float, "kW/MW"] = 1e3
WATTS_PER_KILOWATT: Annotated[float, "W/kW"] = 1e3
FLOP_PER_GIGAFLOP: Annotated[float, "FLOP/GFLOP"] = 1e9
MEGAWATTS_PER_GIGAWATT: Annotated[float, "MW/GW"] = 1e3
KILOWATT_HOURS_PER_GIGAWATT_HOUR: Annotated[float, "kW*hour/GWh"] = 1e6


def facility_power(gpus: Gpus, gpu_power: KilowattsPerGpu, pue: Dimensionless) -> Megawatts:
    """Power that the whole facility draws for the cluster.

    GPUs x IT power of one (its share of server, network and storage) x PUE (the facility's power
    over its IT power).
    """
    return gpus * gpu_power * pue / KILOWATTS_PER_MEGAWATT


def gpus__from_power(
    facility_power: Megawatts, gpu_power: KilowattsPerGpu, pue: Dimensionless
) -> Gpus:
    """GPUs that a facility's power feeds.

    Power / (IT power of one x PUE).
    """
    return facility_power * KILOWATTS_PER_MEGAWATT / (gpu_power * pue)


def gpu_power__implied(
    facility_power: Megawatts, gpus: Gpus, pue: Dimensionless
) -> KilowattsPerGpu:
    """Power of one GPU with its share of the servers, implied by a facility's power.

    Power / (GPUs x PUE).
    """
    return facility_power * KILOWATTS_PER_MEGAWATT / (gpus * pue)


def pue__implied(
    facility_power: Megawatts, gpus: Gpus, gpu_power: KilowattsPerGpu
) -> Dimensionless:
    """Power usage effectiveness, implied by a facility's power.

    Power / (GPUs x IT power of one).
    """
    return facility_power * KILOWATTS_PER_MEGAWATT / (gpus * gpu_power)


def training_energy(
    gpu_hours: GpuHours, gpu_power: KilowattsPerGpu, pue: Dimensionless
) -> GigawattHours:
    """Energy that the training run takes.

    GPU-hours x IT power of one GPU x PUE; the IT power is an average under load, not a rating.
    """
    return gpu_hours * gpu_power * pue / KILOWATT_HOURS_PER_GIGAWATT_HOUR


def gpu_hours__from_energy(
    training_energy: GigawattHours, gpu_power: KilowattsPerGpu, pue: Dimensionless
) -> GpuHours:
    """GPU-hours that an amount of energy pays for.

    Energy / (IT power of one GPU x PUE).
    """
    return training_energy * KILOWATT_HOURS_PER_GIGAWATT_HOUR / (gpu_power * pue)


def gpu_power__from_energy(
    training_energy: GigawattHours, gpu_hours: GpuHours, pue: Dimensionless
) -> KilowattsPerGpu:
    """Power of one GPU with its share of the servers, implied by a run's energy.

    Energy / (GPU-hours x PUE).
    """
    return training_energy * KILOWATT_HOURS_PER_GIGAWATT_HOUR / (gpu_hours * pue)


def pue__from_energy(
    training_energy: GigawattHours, gpu_hours: GpuHours, gpu_power: KilowattsPerGpu
) -> Dimensionless:
    """Power usage effectiveness, implied by a run's energy.

    Energy / (GPU-hours x IT power of one GPU).
    """
    return training_energy * KILOWATT_HOURS_PER_GIGAWATT_HOUR / (gpu_hours * gpu_power)


def hyperscaler_share(facility_power: Megawatts, hyperscaler_power: Gigawatts) -> Dimensionless:
    """Cluster's power as a part of one hyperscaler's data centres.

    Power of the facility / power of the fleet; more than 1 does not fit.
    """
    return facility_power / (hyperscaler_power * MEGAWATTS_PER_GIGAWATT)


def facility_power__from_share(
    hyperscaler_share: Dimensionless, hyperscaler_power: Gigawatts
) -> Megawatts:
    """Power of a facility that takes a part of a hyperscaler's.

    Part x power of the fleet.
    """
    return hyperscaler_share * hyperscaler_power * MEGAWATTS_PER_GIGAWATT


def hyperscaler_power__implied(
    facility_power: Megawatts, hyperscaler_share: Dimensionless
) -> Gigawatts:
    """Power of one hyperscaler's data centres, implied by a facility's part of it.

    Power of the facility / part.
    """
    return facility_power / (hyperscaler_share * MEGAWATTS_PER_GIGAWATT)


def sites_needed(facility_power: Megawatts, site_power: Gigawatts) -> Dimensionless:
    """Sites of a given power that the cluster fills.

    Power of the facility / power of one site.
    """
    return facility_power / (site_power * MEGAWATTS_PER_GIGAWATT)


def facility_power__from_sites(sites_needed: Dimensionless, site_power: Gigawatts) -> Megawatts:
    """Power of a facility that fills a number of sites.

    Sites x power of one.
    """
    return sites_needed * site_power * MEGAWATTS_PER_GIGAWATT


def site_power__implied(facility_power: Megawatts, sites_needed: Dimensionless) -> Gigawatts:
    """Power of one site, implied by the number that the cluster fills.

    Power of the facility / sites.
    """
    return facility_power / (sites_needed * MEGAWATTS_PER_GIGAWATT)


def flop_per_joule(
    effective_flops: FlopPerSecondPerGpu, gpu_power: KilowattsPerGpu, pue: Dimensionless
) -> GigaflopPerJoule:
    """Useful computation for each joule that the facility draws.

    Useful speed / (IT power of one GPU x PUE), which is also useful FLOP/s for each watt.
    """
    power = gpu_power * WATTS_PER_KILOWATT * pue
    return effective_flops / power / FLOP_PER_GIGAFLOP


def effective_flops__from_efficiency(
    flop_per_joule: GigaflopPerJoule, gpu_power: KilowattsPerGpu, pue: Dimensionless
) -> FlopPerSecondPerGpu:
    """Speed of one GPU at which a joule pays for a given computation.

    Computation for each joule x IT power of one GPU x PUE.
    """
    power = gpu_power * WATTS_PER_KILOWATT * pue
    return flop_per_joule * FLOP_PER_GIGAFLOP * power


def gpu_power__from_efficiency(
    flop_per_joule: GigaflopPerJoule, effective_flops: FlopPerSecondPerGpu, pue: Dimensionless
) -> KilowattsPerGpu:
    """Power of one GPU with its share of the servers, implied by computation for each joule.

    Useful speed / (computation for each joule x PUE).
    """
    return effective_flops / (flop_per_joule * FLOP_PER_GIGAFLOP * pue) / WATTS_PER_KILOWATT


def pue__from_efficiency(
    flop_per_joule: GigaflopPerJoule,
    effective_flops: FlopPerSecondPerGpu,
    gpu_power: KilowattsPerGpu,
) -> Dimensionless:
    """Power usage effectiveness, implied by computation for each joule.

    Useful speed / (computation for each joule x IT power of one GPU).
    """
    power = gpu_power * WATTS_PER_KILOWATT
    return effective_flops / (flop_per_joule * FLOP_PER_GIGAFLOP * power)
