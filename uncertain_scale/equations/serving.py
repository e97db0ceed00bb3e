"""What a model costs to serve, and how prices of output tokens fell."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    DollarsPerGpuHour,
    DollarsPerMegatoken,
    FlopPerSecondPerGpu,
    Parameters,
    Ratio,
    Share,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 2.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
TOKENS_PER_MEGATOKEN: Annotated[float, "token/Mtoken"] = 1e6


@inverses(
    served_params__from_inference_cost=(
        "Active parameters of the model served, implied by what its tokens cost"
    ),
    inference_mfu__implied=(
        "Utilisation of the dense BF16 peak by output tokens, implied by what they cost"
    ),
    hourly_rate__from_inference_cost="Rental rate at which output tokens cost a given sum",
    peak_flops__from_inference_cost=(
        "Dense BF16 peak of one GPU at which output tokens cost a given sum"
    ),
)
def inference_cost(
    served_params: Parameters,
    hourly_rate: DollarsPerGpuHour,
    peak_flops: FlopPerSecondPerGpu,
    inference_mfu: Share,
) -> DollarsPerMegatoken:
    """Cost of GPU time for a million output tokens.

    2 FLOP x active parameters x rate / (3600 s/hour x dense BF16 peak x inference MFU), where
    inference MFU counts the output tokens' FLOP over all the GPU time of the service, reading the
    prompts and idling included. A cost, without the seller's margin.

    Reference: Kaplan et al. 2020, section 2.1 (2 FLOP a parameter in the forward pass),
    https://arxiv.org/abs/2001.08361
    """
    gpu_seconds = served_params * FLOP_PER_PARAMETER_TOKEN / (peak_flops * inference_mfu)
    return gpu_seconds * hourly_rate / SECONDS_PER_HOUR * TOKENS_PER_MEGATOKEN


@inverses(
    shrink_factor__from_saving=(
        "Factor by which the model shrinks, implied by how much cheaper a token is to be"
    ),
)
def inference_saving(shrink_factor: Ratio) -> Ratio:
    """Cost of a token of the compute-optimal model over one of the smaller model.

    The factor by which the active parameters shrink: exact where the FLOP of the parameters decide,
    which leaves out attention over long contexts.
    """
    return shrink_factor * 1.0


@inverses(
    old_output_price__implied=(
        "List price of a once-leading model's output tokens, implied by the ratio"
    ),
    new_output_price__implied="List price of a leading model's output tokens, implied by the ratio",
)
def output_price_ratio(
    old_output_price: DollarsPerMegatoken, new_output_price: DollarsPerMegatoken
) -> Ratio:
    """Price of output tokens of once-leading models over that of their successors.

    Old / new list price of a million output tokens.
    """
    return old_output_price / new_output_price
