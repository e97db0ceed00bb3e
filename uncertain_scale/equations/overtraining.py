"""What training a model on more data than is compute-optimal for its size comes to.

A model `shrink_factor` times smaller than the compute-optimal one is compared with it by multiples
of data and computation; a published model, by its tokens per parameter.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    FloatArray,
    Flop,
    Parameters,
    Ratio,
    Tokens,
    TokensPerParameter,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 6.0


@inverses(
    compute_multiple__from_data=(
        "FLOP of the smaller model's run over those of the compute-optimal run"
    ),
    shrink_factor__from_data=(
        "Factor by which the model shrinks, implied by data and compute multiples"
    ),
)
def data_multiple(compute_multiple: Ratio, shrink_factor: Ratio) -> Ratio:
    """Tokens of the smaller model's run over those of the compute-optimal run.

    Compute multiple x shrink factor, as C = 6 N D.
    """
    return compute_multiple * shrink_factor


def optimal_equivalent_multiple(
    data_multiple: Ratio,
    shrink_factor: Ratio,
    alpha: Ratio,
    beta: Ratio,
) -> Ratio:
    """Compute multiple whose optimal model reaches the loss of the smaller model's run.

    q = ((s^alpha + (alpha/beta) m^-beta) / (1 + alpha/beta))^(-(alpha+beta)/(alpha beta)); above 1
    the smaller model's run is the better one, and costs more than q.

    Reference: follows from Hoffmann et al. 2022, eq. 2 and 4, https://arxiv.org/abs/2203.15556
    """
    ratio = alpha / beta
    reducible = (shrink_factor**alpha + ratio * data_multiple**-beta) / (1 + ratio)
    multiple: FloatArray = reducible ** (-(alpha + beta) / (alpha * beta))
    return multiple


def data_multiple__from_equivalent(
    optimal_equivalent_multiple: Ratio,
    shrink_factor: Ratio,
    alpha: Ratio,
    beta: Ratio,
) -> Ratio:
    """Tokens of the smaller model's run over the compute-optimal run's, implied by its loss.

    m = ((beta/alpha) ((1 + alpha/beta) q^(-alpha beta/(alpha+beta)) - s^alpha))^(-1/beta); infinite
    where no amount of data reaches that loss.
    """
    ratio = alpha / beta
    reducible = (1 + ratio) * optimal_equivalent_multiple ** (-alpha * beta / (alpha + beta))
    left: FloatArray = np.maximum((reducible - shrink_factor**alpha) / ratio, 0.0)
    with np.errstate(divide="ignore"):
        multiple: FloatArray = left ** (-1 / beta)
    return multiple


@inverses(
    data_multiple__from_overtraining=(
        "Tokens of the smaller model's run over the compute-optimal run's, from its overtraining"
    ),
    shrink_factor__from_overtraining=(
        "Factor by which the model shrinks, implied by its overtraining and data multiple"
    ),
)
def overtraining_factor(data_multiple: Ratio, shrink_factor: Ratio) -> Ratio:
    """Tokens per parameter of a model's run over the compute-optimal ratio.

    For the smaller model: data multiple x shrink factor. Where the optimal ratio is the same at all
    sizes, this is also the run's computation over the optimal one for so small a model.
    """
    return data_multiple * shrink_factor


@inverses(
    training_tokens__from_compute="Tokens that a published model trains on, implied by its FLOP",
    model_params__from_compute="Active parameters of a published model, implied by its FLOP",
)
def training_flop__from_model(training_tokens: Tokens, model_params: Parameters) -> Flop:
    """FLOP of a published model's run.

    C = 6 N D, of the active parameters; the optimum that the model is compared with is at these.
    """
    return training_tokens * model_params * FLOP_PER_PARAMETER_TOKEN


@inverses(
    training_tokens__from_overtraining=(
        "Tokens that a published model is trained on, implied by its overtraining"
    ),
    model_params__from_overtraining=(
        "Active parameters of a published model, implied by its overtraining"
    ),
    optimal_tokens_per_param__implied=(
        "Compute-optimal tokens per parameter, implied by a published model's overtraining"
    ),
)
def overtraining_factor__from_model(
    training_tokens: Tokens,
    model_params: Parameters,
    optimal_tokens_per_param: TokensPerParameter,
) -> Ratio:
    """Tokens per parameter of a published model over the compute-optimal ratio.

    Tokens / active parameters / optimal ratio.
    """
    return training_tokens / model_params / optimal_tokens_per_param
