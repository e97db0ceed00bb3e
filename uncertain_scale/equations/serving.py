"""What a model costs to serve, and how prices of output tokens fell."""

from __future__ import annotations

from typing import Annotated

from uncertain_scale.units.aliases import (
    Dimensionless,
    DollarsPerGpuHour,
    DollarsPerMegatoken,
    FlopPerSecondPerGpu,
    Parameters,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 2.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
TOKENS_PER_MEGATOKEN: Annotated[float, "token/Mtoken"] = 1e6


def inference_cost(
    served_params: Parameters,
    hourly_rate: DollarsPerGpuHour,
    peak_flops: FlopPerSecondPerGpu,
    inference_mfu: Dimensionless,
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


def served_params__from_inference_cost(
    inference_cost: DollarsPerMegatoken,
    hourly_rate: DollarsPerGpuHour,
    peak_flops: FlopPerSecondPerGpu,
    inference_mfu: Dimensionless,
) -> Parameters:
    """Active parameters of the model served, implied by what its tokens cost.

    Cost x speed / (2 FLOP x rate).
    """
    gpu_seconds = inference_cost * SECONDS_PER_HOUR / (hourly_rate * TOKENS_PER_MEGATOKEN)
    return gpu_seconds * peak_flops * inference_mfu / FLOP_PER_PARAMETER_TOKEN


def inference_mfu__implied(
    inference_cost: DollarsPerMegatoken,
    served_params: Parameters,
    hourly_rate: DollarsPerGpuHour,
    peak_flops: FlopPerSecondPerGpu,
) -> Dimensionless:
    """Utilisation of the dense BF16 peak by output tokens, implied by what they cost.

    2 FLOP x active parameters x rate / (cost x peak).
    """
    gpu_seconds = inference_cost * SECONDS_PER_HOUR / (hourly_rate * TOKENS_PER_MEGATOKEN)
    return served_params * FLOP_PER_PARAMETER_TOKEN / (peak_flops * gpu_seconds)


def hourly_rate__from_inference_cost(
    inference_cost: DollarsPerMegatoken,
    served_params: Parameters,
    peak_flops: FlopPerSecondPerGpu,
    inference_mfu: Dimensionless,
) -> DollarsPerGpuHour:
    """Rental rate at which output tokens cost a given sum.

    Cost x speed / (2 FLOP x active parameters).
    """
    gpu_seconds = served_params * FLOP_PER_PARAMETER_TOKEN / (peak_flops * inference_mfu)
    return inference_cost * SECONDS_PER_HOUR / (gpu_seconds * TOKENS_PER_MEGATOKEN)


def peak_flops__from_inference_cost(
    inference_cost: DollarsPerMegatoken,
    served_params: Parameters,
    hourly_rate: DollarsPerGpuHour,
    inference_mfu: Dimensionless,
) -> FlopPerSecondPerGpu:
    """Dense BF16 peak of one GPU at which output tokens cost a given sum.

    2 FLOP x active parameters x rate / (cost x inference MFU).
    """
    gpu_seconds = inference_cost * SECONDS_PER_HOUR / (hourly_rate * TOKENS_PER_MEGATOKEN)
    return served_params * FLOP_PER_PARAMETER_TOKEN / (inference_mfu * gpu_seconds)


def inference_saving(shrink_factor: Dimensionless) -> Dimensionless:
    """Cost of a token of the compute-optimal model over one of the smaller model.

    The factor by which the active parameters shrink: exact where the FLOP of the parameters decide,
    which leaves out attention over long contexts.
    """
    return shrink_factor * 1.0


def shrink_factor__from_saving(inference_saving: Dimensionless) -> Dimensionless:
    """Factor by which the model shrinks, implied by how much cheaper a token is to be.

    The same factor.
    """
    return inference_saving * 1.0


def output_price_ratio(
    old_output_price: DollarsPerMegatoken, new_output_price: DollarsPerMegatoken
) -> Dimensionless:
    """Price of output tokens of once-leading models over that of their successors.

    Old / new list price of a million output tokens.
    """
    return old_output_price / new_output_price


def old_output_price__implied(
    output_price_ratio: Dimensionless, new_output_price: DollarsPerMegatoken
) -> DollarsPerMegatoken:
    """List price of a once-leading model's output tokens, implied by the ratio.

    Ratio x new price.
    """
    return output_price_ratio * new_output_price


def new_output_price__implied(
    old_output_price: DollarsPerMegatoken, output_price_ratio: Dimensionless
) -> DollarsPerMegatoken:
    """List price of a leading model's output tokens, implied by the ratio.

    Old price / ratio.
    """
    return old_output_price / output_price_ratio
