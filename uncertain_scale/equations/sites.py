"""What a run loses that is spread over several sites, whose models are averaged over long links.

Sites train copies of the model for some steps, then average what they have learnt in a ring. The
time for that is taken as lost: overlapped with training, or of fewer bits, it is shorter. Where a
number of sites is stated, the loss is in the speed of each GPU, and so in every answer.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations import compute
from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    BytesPerParameter,
    Days,
    Flop,
    FlopPerSecondPerGpu,
    FromZeroToOne,
    Gpus,
    Parameters,
    Ratio,
    Seconds,
    SecondsPerFlop,
    Share,
    TerabytesPerSecond,
    Tokens,
    where_stated,
)

SECONDS_PER_DAY: Annotated[float, "s/day"] = 86_400.0
FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 6.0
BYTES_PER_TERABYTE: Annotated[float, "byte/TB"] = 1e12


@inverses(
    training_time__from_steps="Length of the training run, implied by the time for a step",
    optimal_tokens__from_steps=(
        "Tokens that the compute-optimal model trains on, implied by the time for a step"
    ),
    batch_tokens__implied="Tokens of a batch, implied by the time for a step",
)
def step_time(training_time: Days, optimal_tokens: Tokens, batch_tokens: Tokens) -> Seconds:
    """Time for a step of the compute-optimal model's run.

    Days x 86,400 s/day / (tokens / tokens of a batch).
    """
    return training_time * SECONDS_PER_DAY / (optimal_tokens / batch_tokens)


def exchange_time(
    optimal_params: Parameters,
    expert_sparsity: AtLeastOne,
    exchanged_bytes: BytesPerParameter,
    training_sites: AtLeastOne,
    intersite_bandwidth: TerabytesPerSecond,
) -> Seconds:
    """Time in which the sites average their copies of the model.

    2 (k - 1)/k x parameters x bytes / bandwidth, for a ring of k sites and the bandwidth of each to
    the next; of a mixture of experts all parameters are exchanged, at most active ones x experts to
    each active one.

    Reference: Patarasuk and Yuan 2009, https://doi.org/10.1016/j.jpdc.2008.09.002
    """
    passes = 2 * (training_sites - 1) / training_sites
    exchanged = optimal_params * expert_sparsity * exchanged_bytes
    return passes * exchanged / (intersite_bandwidth * BYTES_PER_TERABYTE)


def exchange_burden(  # noqa: PLR0913, PLR0917 (a law has the arguments that it has)
    training_sites: AtLeastOne,
    expert_sparsity: AtLeastOne,
    exchanged_bytes: BytesPerParameter,
    intersite_bandwidth: TerabytesPerSecond,
    batch_tokens: Tokens,
    local_steps: Ratio,
) -> SecondsPerFlop:
    """Time that averaging between sites takes for each FLOP of training, all of them together.

    2 (k - 1)/k x s x bytes / bandwidth / (6 x tokens of a batch x H): an exchange of k sites, whose
    models have s parameters to each active one, after H steps of 6 FLOP a parameter and token each.
    The size of the model cancels.

    Reference: Patarasuk and Yuan 2009, https://doi.org/10.1016/j.jpdc.2008.09.002
    """
    passes = 2 * (training_sites - 1) / training_sites
    seconds = passes * expert_sparsity * exchanged_bytes / intersite_bandwidth / BYTES_PER_TERABYTE
    return seconds / (FLOP_PER_PARAMETER_TOKEN * batch_tokens * local_steps)


def single_site_flops(
    peak_flops: FlopPerSecondPerGpu,
    sparsity_factor: Ratio,
    precision_factor: Ratio,
    mfu: Share,
) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains where all stand on one site.

    peak x sparsity x precision x MFU: published utilisation is of runs on one site.
    """
    return compute.effective_flops(peak_flops, sparsity_factor, precision_factor, mfu)


def exchange_loss(
    gpus: Gpus, single_site_flops: FlopPerSecondPerGpu, exchange_burden: SecondsPerFlop
) -> FromZeroToOne:
    """Share of the time that is lost to averaging between sites.

    x / (1 + x), x = GPUs x speed on one site x time for each FLOP: an exchange after H steps that a
    site trains alone, over the time of these.

    Reference: Douillard et al. 2023 (local steps), https://arxiv.org/abs/2311.08105
    """
    ratio = gpus * single_site_flops * exchange_burden
    return ratio / (1 + ratio)


@where_stated("training_sites", instead_of="effective_flops")
def effective_flops__over_sites(
    single_site_flops: FlopPerSecondPerGpu, exchange_loss: FromZeroToOne
) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains where a run is spread over a stated number of sites.

    Speed on one site x (1 - share lost to averaging).
    """
    return single_site_flops * (1 - exchange_loss)


@where_stated("training_sites")
def effective_flops__in_time(
    single_site_flops: FlopPerSecondPerGpu,
    training_flop: Flop,
    training_time: Days,
    exchange_burden: SecondsPerFlop,
) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains in a run over sites that is to end in time.

    Speed on one site x (1 - FLOP x time for each / time of the run); none where averaging alone
    takes all of it.
    """
    left = 1 - training_flop * exchange_burden / (training_time * SECONDS_PER_DAY)
    return single_site_flops * np.where(left > 0, left, np.nan)


@where_stated("training_sites")
def single_site_flops__implied(
    effective_flops: FlopPerSecondPerGpu, gpus: Gpus, exchange_burden: SecondsPerFlop
) -> FlopPerSecondPerGpu:
    """Speed at which one GPU trains where all stand on one site, implied by that over sites.

    speed / (1 - GPUs x speed x time for each FLOP); none where averaging alone takes all the time.
    """
    left = 1 - gpus * effective_flops * exchange_burden
    return effective_flops / np.where(left > 0, left, np.nan)
