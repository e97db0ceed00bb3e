"""What a model costs to serve, how fast it is decoded, and how prices of output tokens fell."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    BytesPerParameter,
    BytesPerToken,
    DollarsPerGpuHour,
    DollarsPerMegatoken,
    FloatArray,
    FlopPerSecondPerGpu,
    Gpus,
    GpuSecondsPerToken,
    Parameters,
    Ratio,
    SequencesPerGpu,
    Share,
    TerabytesPerSecondPerGpu,
    Tokens,
    TokensPerSecond,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 2.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0
TOKENS_PER_MEGATOKEN: Annotated[float, "token/Mtoken"] = 1e6
BYTES_PER_TERABYTE: Annotated[float, "byte/TB"] = 1e12
CACHE_EXPONENT: Annotated[float, "1"] = 1 / 3  # of parameters, where depth and width grow alike
ONE_TOKEN: Annotated[float, "token"] = 1.0


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


@inverses(
    served_params__from_decoding="Active parameters of a model, implied by its time to decode",
    peak_flops__from_decoding="Dense BF16 peak of one GPU, implied by a model's time to decode",
    decode_peak_share__implied="Share of the peak that decoding reaches, implied by its time",
)
def decode_compute_time(
    served_params: Parameters, peak_flops: FlopPerSecondPerGpu, decode_peak_share: Ratio
) -> GpuSecondsPerToken:
    """GPU time for an output token where computation binds.

    2 FLOP x active parameters / (dense BF16 peak x share of it that decoding reaches): attention
    over the context is left out.
    """
    return served_params * FLOP_PER_PARAMETER_TOKEN / (peak_flops * decode_peak_share)


def decode_memory_time(  # noqa: PLR0913, PLR0917 (the law has as many terms)
    served_params: Parameters,
    total_over_active: AtLeastOne,
    weight_bytes: BytesPerParameter,
    sequences_per_gpu: SequencesPerGpu,
    decode_gpus: Gpus,
    decode_context: Tokens,
    cache_bytes: BytesPerToken,
    memory_bandwidth: TerabytesPerSecondPerGpu,
    bandwidth_share: Share,
) -> GpuSecondsPerToken:
    """GPU time for an output token where memory bandwidth binds.

    (r N (1 - (1 - 1/r)^b) w / b + context x cache) / (bandwidth x share of it that is reached): a
    step of b = sequences a GPU x GPUs reads the weights of all experts that its tokens are sent to,
    at even odds, of r N parameters of w bytes with N active ones for each token, and the cached
    keys and values of each context.

    Reference: Pope et al. 2022, section 2, https://arxiv.org/abs/2211.05102
    """
    batch = sequences_per_gpu * decode_gpus
    weights = _weights_read(served_params, total_over_active, weight_bytes, batch)
    read = weights / ONE_TOKEN + decode_context * cache_bytes / ONE_TOKEN
    return read / (memory_bandwidth * BYTES_PER_TERABYTE * bandwidth_share)


def _weights_read(
    params: FloatArray, total_over_active: FloatArray, weight_bytes: FloatArray, batch: FloatArray
) -> FloatArray:
    """Return the bytes of weights that a step reads for each of its sequences."""
    touched = 1 - (1 - 1 / total_over_active) ** batch
    return params * total_over_active * touched * weight_bytes / batch


def decode_gpu_time(
    decode_compute_time: GpuSecondsPerToken, decode_memory_time: GpuSecondsPerToken
) -> GpuSecondsPerToken:
    """GPU time for an output token while GPUs decode.

    The longer of two: of computation, or of memory bandwidth.
    """
    return np.maximum(decode_compute_time, decode_memory_time)


def decode_saving(  # noqa: PLR0913, PLR0917 (all that a step reads)
    decode_gpu_time: GpuSecondsPerToken,
    decode_compute_time: GpuSecondsPerToken,
    served_params: Parameters,
    shrink_factor: Ratio,
    total_over_active: AtLeastOne,
    weight_bytes: BytesPerParameter,
    sequences_per_gpu: SequencesPerGpu,
    decode_gpus: Gpus,
    decode_context: Tokens,
    cache_bytes: BytesPerToken,
    memory_bandwidth: TerabytesPerSecondPerGpu,
    bandwidth_share: Share,
) -> Ratio:
    """GPU time for an output token over that of a model with fewer parameters.

    Decoding's / the longer of computation / s, and of memory with N/s parameters and a cache of
    s^(-1/3): where depth and width shrink alike, parameters go as the cube of the depth, and the
    cache of a given number of heads as the depth.

    Reference: Kaplan et al. 2020, section 2.1, https://arxiv.org/abs/2001.08361
    """
    batch = sequences_per_gpu * decode_gpus
    weights = _weights_read(served_params / shrink_factor, total_over_active, weight_bytes, batch)
    cache = decode_context * cache_bytes / shrink_factor**CACHE_EXPONENT
    read = weights / ONE_TOKEN + cache / ONE_TOKEN
    memory = read / (memory_bandwidth * BYTES_PER_TERABYTE * bandwidth_share)
    return decode_gpu_time / np.maximum(decode_compute_time / shrink_factor, memory)


@inverses(
    sequences_per_gpu__from_speed="Sequences that a GPU decodes at a given speed for each user",
)
def decode_speed(
    decode_gpu_time: GpuSecondsPerToken, sequences_per_gpu: SequencesPerGpu
) -> TokensPerSecond:
    """Output tokens a second that each user is sent.

    1 / (GPU time for a token x sequences that a GPU decodes at once).
    """
    return 1 / (decode_gpu_time * sequences_per_gpu)


@inverses(
    hourly_rate__from_decode_cost="Rental rate at which decoding a million tokens costs a sum",
)
def decode_cost(
    decode_gpu_time: GpuSecondsPerToken, hourly_rate: DollarsPerGpuHour
) -> DollarsPerMegatoken:
    """Cost of the GPU time in which a million output tokens are decoded.

    GPU time for a token x rate / 3600 s/hour: without reading prompts and idling, which
    `inference_cost` has inside.
    """
    return decode_gpu_time * hourly_rate / SECONDS_PER_HOUR * TOKENS_PER_MEGATOKEN
