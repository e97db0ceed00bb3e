"""What a run loses that is spread over several sites, whose models are averaged over long links.

Sites train copies of the model for some steps, then average what they have learnt in a ring. The
time for that is taken as lost: overlapped with training, or of fewer bits, it is shorter.
"""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    BytesPerParameter,
    Days,
    FromZeroToOne,
    Parameters,
    Ratio,
    Seconds,
    TerabytesPerSecond,
    Tokens,
)

SECONDS_PER_DAY: Annotated[float, "s/day"] = 86_400.0
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


def exchange_loss(exchange_time: Seconds, step_time: Seconds, local_steps: Ratio) -> FromZeroToOne:
    """Share of the time that is lost to averaging between sites.

    exchange / (exchange + H x step), after each H steps that a site trains alone.

    Reference: Douillard et al. 2023 (local steps), https://arxiv.org/abs/2311.08105
    """
    return exchange_time / (exchange_time + local_steps * step_time)
