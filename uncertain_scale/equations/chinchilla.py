"""How parameters and tokens share a compute budget, and what a smaller model trades for data.

The fitted law is L = E + A / N^alpha + B / D^beta, with N parameters, D tokens and C = 6 N D FLOP;
its constants come as log A, log B and log E in nats, and absorb the dimensions of N and D. A model
`shrink_factor` times smaller than the compute-optimal one is compared with it by multiples.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    Dimensionless,
    FloatArray,
    Flop,
    Parameters,
    Ratio,
    Tokens,
    empirical,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 6.0


def _allocation(
    log_A: FloatArray, log_B: FloatArray, alpha: FloatArray, beta: FloatArray
) -> FloatArray:
    """Return G = (alpha A / (beta B))^(1 / (alpha + beta))."""
    allocation: FloatArray = np.exp((np.log(alpha / beta) + log_A - log_B) / (alpha + beta))
    return allocation


@empirical
def optimal_params(
    training_flop: Flop,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Parameters:
    """Parameters of the compute-optimal dense model.

    N = G (C/6)^(beta/(alpha+beta)), G = (alpha A/(beta B))^(1/(alpha+beta)). Fitted on dense models
    of 7e7 to 1.6e10 parameters and 5e9 to 5e11 tokens; far beyond is extrapolation.

    Reference: Hoffmann et al. 2022, eq. 4, https://arxiv.org/abs/2203.15556
    """
    share = beta / (alpha + beta)
    return (
        _allocation(log_A, log_B, alpha, beta) * (training_flop / FLOP_PER_PARAMETER_TOKEN) ** share
    )


@empirical
def training_flop__from_params(
    optimal_params: Parameters,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Flop:
    """FLOP for which a number of parameters is optimal.

    C = 6 (N/G)^((alpha+beta)/beta).
    """
    power = (alpha + beta) / beta
    return (
        FLOP_PER_PARAMETER_TOKEN
        * (optimal_params / _allocation(log_A, log_B, alpha, beta)) ** power
    )


@empirical
def optimal_tokens(
    training_flop: Flop,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Tokens:
    """Tokens that the compute-optimal dense model trains on.

    D = (C/6)^(alpha/(alpha+beta)) / G; with its parameters, 6 N D = C.

    Reference: Hoffmann et al. 2022, eq. 4, https://arxiv.org/abs/2203.15556
    """
    share = alpha / (alpha + beta)
    return (training_flop / FLOP_PER_PARAMETER_TOKEN) ** share / _allocation(
        log_A, log_B, alpha, beta
    )


@empirical
def training_flop__from_tokens(
    optimal_tokens: Tokens,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Flop:
    """FLOP for which a number of tokens is optimal.

    C = 6 (D G)^((alpha+beta)/alpha).
    """
    power = (alpha + beta) / alpha
    return (
        FLOP_PER_PARAMETER_TOKEN
        * (optimal_tokens * _allocation(log_A, log_B, alpha, beta)) ** power
    )


@empirical
def optimal_loss(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    optimal_params: Parameters,
    optimal_tokens: Tokens,
    log_A: Dimensionless,
    log_B: Dimensionless,
    log_E: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Ratio:
    """Loss that the compute-optimal dense model reaches, in nats per token.

    L = E + A/N^alpha + B/D^beta, on the text and with the tokeniser of the fit alone.

    Reference: Hoffmann et al. 2022, eq. 2, https://arxiv.org/abs/2203.15556
    """
    irreducible: FloatArray = np.exp(log_E)
    by_params: FloatArray = np.exp(log_A - alpha * np.log(optimal_params))
    by_tokens: FloatArray = np.exp(log_B - beta * np.log(optimal_tokens))
    return irreducible + by_params + by_tokens


@empirical
def training_flop__from_loss(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    optimal_loss: Ratio,
    log_A: Dimensionless,
    log_B: Dimensionless,
    log_E: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Flop:
    """FLOP for which a loss is optimal.

    C = 6 ((L - E) / (A G^-alpha + B G^beta))^(-(alpha+beta)/(alpha beta)); infinite where the loss
    is not above E, which no computation reaches.
    """
    log_G: FloatArray = np.log(_allocation(log_A, log_B, alpha, beta))
    reducible: FloatArray = np.maximum(optimal_loss - np.exp(log_E), 0.0)
    at_one: FloatArray = np.exp(log_A - alpha * log_G) + np.exp(log_B + beta * log_G)
    with np.errstate(divide="ignore"):
        flop: FloatArray = FLOP_PER_PARAMETER_TOKEN * (reducible / at_one) ** (
            -(alpha + beta) / (alpha * beta)
        )
    return flop


def equal_loss_data_multiple(shrink_factor: Ratio, alpha: Ratio, beta: Ratio) -> Ratio:
    """Multiple of data at which the smaller model equals the compute-optimal one.

    m = (1 - (beta/alpha) (s^alpha - 1))^(-1/beta): at the optimum alpha A/N^alpha = beta B/D^beta,
    so the loss that N/s adds and m D takes away cancel. Infinite where the bracket is not positive:
    no amount of data makes up for so few parameters.

    Reference: follows from Hoffmann et al. 2022, eq. 2 and 4, https://arxiv.org/abs/2203.15556
    """
    left: FloatArray = np.maximum(1 - beta / alpha * (shrink_factor**alpha - 1), 0.0)
    with np.errstate(divide="ignore"):
        multiple: FloatArray = left ** (-1 / beta)
    return multiple


def shrink_factor__from_equal_loss(
    equal_loss_data_multiple: Ratio, alpha: Ratio, beta: Ratio
) -> Ratio:
    """Factor by which the model shrinks, implied by the data multiple that makes up for it.

    s = (1 + (alpha/beta) (1 - m^-beta))^(1/alpha).
    """
    spent: FloatArray = 1 - equal_loss_data_multiple**-beta
    return (1 + alpha / beta * spent) ** (1 / alpha)


@inverses(
    equal_loss_data_multiple__from_compute=(
        "Multiple of data at equal loss, implied by the compute multiple"
    ),
    shrink_factor__from_multiples=(
        "Factor by which the model shrinks, implied by the two multiples at equal loss"
    ),
)
def equal_loss_compute_multiple(equal_loss_data_multiple: Ratio, shrink_factor: Ratio) -> Ratio:
    """Compute multiple at which the smaller model equals the compute-optimal one.

    Data multiple / shrink factor, as C = 6 N D.
    """
    return equal_loss_data_multiple / shrink_factor


@inverses(
    optimal_tokens__from_repetitions="Tokens that epochs of the unique text amount to",
    unique_tokens__implied="Stock of unique text, implied by the epochs that a run needs",
)
def data_repetitions(optimal_tokens: Tokens, unique_tokens: Tokens) -> Ratio:
    """Epochs of the unique text in the compute-optimal run.

    Tokens / unique tokens. Up to about four epochs are worth nearly as much as fresh text.

    Reference: Muennighoff et al. 2023, https://arxiv.org/abs/2305.16264
    """
    return optimal_tokens / unique_tokens


@inverses(
    data_repetitions__from_equal_loss=(
        "Epochs of the unique text in the compute-optimal run, from the smaller model's"
    ),
    equal_loss_data_multiple__from_repetitions=(
        "Multiple of data at equal loss, implied by the epochs of both models"
    ),
)
def equal_loss_repetitions(data_repetitions: Ratio, equal_loss_data_multiple: Ratio) -> Ratio:
    """Epochs of the unique text in the run of the smaller model of equal loss.

    Epochs of the compute-optimal run x data multiple, as if repeated text were worth as much.
    """
    return data_repetitions * equal_loss_data_multiple
