"""What power a cluster draws, what energy a run takes, and how that compares with the sites."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    FlopPerSecondPerGpu,
    GigaflopPerJoule,
    GigawattHours,
    Gigawatts,
    GpuHours,
    Gpus,
    KilowattsPerGpu,
    Megawatts,
    Ratio,
)

KILOWATTS_PER_MEGAWATT: Annotated[float, "kW/MW"] = 1e3
WATTS_PER_KILOWATT: Annotated[float, "W/kW"] = 1e3
FLOP_PER_GIGAFLOP: Annotated[float, "FLOP/GFLOP"] = 1e9
MEGAWATTS_PER_GIGAWATT: Annotated[float, "MW/GW"] = 1e3
KILOWATT_HOURS_PER_GIGAWATT_HOUR: Annotated[float, "kW*hour/GWh"] = 1e6


@inverses(
    gpus__from_power="GPUs that a facility's power feeds",
    gpu_power__implied=(
        "Power of one GPU with its share of the servers, implied by a facility's power"
    ),
    pue__implied="Power usage effectiveness, implied by a facility's power",
)
def facility_power(gpus: Gpus, gpu_power: KilowattsPerGpu, pue: AtLeastOne) -> Megawatts:
    """Power that the whole facility draws for the cluster.

    GPUs x IT power of one (its share of server, network and storage) x PUE (the facility's power
    over its IT power).
    """
    return gpus * gpu_power * pue / KILOWATTS_PER_MEGAWATT


@inverses(
    gpu_hours__from_energy="GPU-hours that an amount of energy pays for",
    gpu_power__from_energy=(
        "Power of one GPU with its share of the servers, implied by a run's energy"
    ),
    pue__from_energy="Power usage effectiveness, implied by a run's energy",
)
def training_energy(
    gpu_hours: GpuHours, gpu_power: KilowattsPerGpu, pue: AtLeastOne
) -> GigawattHours:
    """Energy that the training run takes.

    GPU-hours x IT power of one GPU x PUE; the IT power is an average under load, not a rating.
    """
    return gpu_hours * gpu_power * pue / KILOWATT_HOURS_PER_GIGAWATT_HOUR


@inverses(
    facility_power__from_share="Power of a facility that takes a part of a hyperscaler's",
    hyperscaler_power__implied=(
        "Power of one hyperscaler's data centres, implied by a facility's part of it"
    ),
)
def hyperscaler_share(facility_power: Megawatts, hyperscaler_power: Gigawatts) -> Ratio:
    """Cluster's power as a part of one hyperscaler's data centres.

    Power of the facility / power of the fleet; more than 1 does not fit.
    """
    return facility_power / (hyperscaler_power * MEGAWATTS_PER_GIGAWATT)


@inverses(
    facility_power__from_sites="Power of a facility that fills a number of sites",
    site_power__implied="Power of one site, implied by the number that the cluster fills",
)
def sites_needed(facility_power: Megawatts, site_power: Gigawatts) -> Ratio:
    """Sites of the largest power possible that the cluster fills.

    Power of the facility / power of one site.
    """
    return facility_power / (site_power * MEGAWATTS_PER_GIGAWATT)


@inverses(
    effective_flops__from_efficiency=(
        "Speed of one GPU at which a joule pays for a given computation"
    ),
    gpu_power__from_efficiency=(
        "Power of one GPU with its share of the servers, implied by computation for each joule"
    ),
    pue__from_efficiency="Power usage effectiveness, implied by computation for each joule",
)
def flop_per_joule(
    effective_flops: FlopPerSecondPerGpu, gpu_power: KilowattsPerGpu, pue: AtLeastOne
) -> GigaflopPerJoule:
    """Useful computation for each joule that the facility draws.

    Useful speed / (IT power of one GPU x PUE), which is also useful FLOP/s for each watt.
    """
    power = gpu_power * WATTS_PER_KILOWATT * pue
    return effective_flops / power / FLOP_PER_GIGAFLOP
