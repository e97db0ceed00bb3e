"""The largest training run that is possible at a date, and what binds it.

Each limit is a run's computation, as one thing alone would bound it: the money that is spent on one
run, the power of one site or of one company's sites, the chips that one owner has, the text that
there is, and the time that data take through a model. Priors of the shipped trends move them.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.units.aliases import (
    AtLeastOne,
    Days,
    Dollars,
    Flop,
    FlopPerSecondPerDollar,
    GigaflopPerJoule,
    Gigawatts,
    Gpus,
    Megawatts,
    Ratio,
    Share,
    Tokens,
    TokensPerParameter,
    Years,
    smallest,
)

SECONDS_PER_DAY: Annotated[float, "s/day"] = 86_400.0
SECONDS_PER_YEAR: Annotated[float, "s/year"] = 31_557_600.0
WATTS_PER_MEGAWATT: Annotated[float, "W/MW"] = 1e6
MEGAWATTS_PER_GIGAWATT: Annotated[float, "MW/GW"] = 1e3
FLOP_PER_GIGAFLOP: Annotated[float, "FLOP/s/W/(GFLOP/J)"] = 1e9
H100_PEAK: Annotated[float, "FLOP/s/gpu"] = 989.4e12
FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 6.0


def spending_limit(  # noqa: PLR0913, PLR0917 (a law has the arguments that it has)
    largest_spending: Dollars,
    chip_cost_share: Share,
    price_performance: FlopPerSecondPerDollar,
    hardware_life: Years,
    precision_factor: Ratio,
    mfu: Share,
) -> Flop:
    """FLOP of the largest run that is paid for.

    spending x the chips' share of it x FLOP/s per USD x life x speed-up x MFU: chips are written
    off evenly over their life.

    Reference: Cottier et al. 2024 (amortised cost), https://arxiv.org/abs/2405.21015
    """
    chips = largest_spending * chip_cost_share
    peak = chips * price_performance * precision_factor * mfu
    return peak * hardware_life * SECONDS_PER_YEAR


def site_power_limit(  # noqa: PLR0913, PLR0917 (as above)
    largest_site_power: Megawatts,
    chip_power_share: Share,
    pue: AtLeastOne,
    energy_efficiency: GigaflopPerJoule,
    precision_factor: Ratio,
    mfu: Share,
    training_time: Days,
) -> Flop:
    """FLOP of the largest run that one site has the power for.

    power / PUE x the chips' share of IT power x FLOP per joule x speed-up x MFU x time.

    Reference: Sevilla et al. 2024, https://epoch.ai/blog/can-ai-scaling-continue-through-2030
    """
    chips = largest_site_power * WATTS_PER_MEGAWATT / pue * chip_power_share
    speed = chips * energy_efficiency * FLOP_PER_GIGAFLOP * precision_factor * mfu
    return speed * training_time * SECONDS_PER_DAY


def fleet_power_limit(  # noqa: PLR0913, PLR0917 (as above)
    hyperscaler_power: Gigawatts,
    fleet_share: Share,
    chip_power_share: Share,
    pue: AtLeastOne,
    energy_efficiency: GigaflopPerJoule,
    precision_factor: Ratio,
    mfu: Share,
    training_time: Days,
) -> Flop:
    """FLOP of the largest run that one company's sites together have the power for.

    As by the power of one site, of the share of all sites that one run can have.

    Reference: Sevilla et al. 2024, https://epoch.ai/blog/can-ai-scaling-continue-through-2030
    """
    power = hyperscaler_power * MEGAWATTS_PER_GIGAWATT * fleet_share
    chips = power * WATTS_PER_MEGAWATT / pue * chip_power_share
    speed = chips * energy_efficiency * FLOP_PER_GIGAFLOP * precision_factor * mfu
    return speed * training_time * SECONDS_PER_DAY


def chip_limit(
    chips_in_being: Gpus,
    owner_share: Share,
    precision_factor: Ratio,
    mfu: Share,
    training_time: Days,
) -> Flop:
    """FLOP of the largest run that one owner has the chips for.

    H100 equivalents x one run's share x an H100's dense peak x speed-up x MFU x time.

    Reference: Sevilla et al. 2024, https://epoch.ai/blog/can-ai-scaling-continue-through-2030
    """
    speed = chips_in_being * owner_share * H100_PEAK * precision_factor * mfu
    return speed * training_time * SECONDS_PER_DAY


def data_limit(
    training_text: Tokens, data_over_text: AtLeastOne, data_per_param: TokensPerParameter
) -> Flop:
    """FLOP of the largest run that there are data for.

    6 D^2 / r, D = text x all data over text, in tokens, at r a parameter.

    Reference: Villalobos et al. 2024, https://arxiv.org/abs/2211.04325
    """
    data = training_text * data_over_text
    return FLOP_PER_PARAMETER_TOKEN * data**2 / data_per_param


def power_limit(site_power_limit: Flop, fleet_power_limit: Flop) -> Flop:
    """FLOP of the largest run that there is power for.

    The larger of two limits: of one site, or of one company's sites together.
    """
    return np.maximum(site_power_limit, fleet_power_limit)


@smallest
def largest_run(
    spending_limit: Flop,
    power_limit: Flop,
    chip_limit: Flop,
    data_limit: Flop,
    latency_limit: Flop,
) -> Flop:
    """FLOP of the largest run that is possible.

    The smallest of the limits.
    """
    paid_and_fed = np.minimum(spending_limit, power_limit)
    made_and_taught = np.minimum(chip_limit, data_limit)
    return np.minimum(np.minimum(paid_and_fed, made_and_taught), latency_limit)


def largest_run_cost(
    largest_run: Flop,
    spending_limit: Flop,
    largest_spending: Dollars,
    rent_over_cost: Ratio,
) -> Dollars:
    """Cost of the largest run that is possible, at rents.

    spending x what other limits leave of it x rent over amortised cost.
    """
    return largest_spending * largest_run / spending_limit * rent_over_cost
