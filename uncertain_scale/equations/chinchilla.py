"""How parameters and tokens share a compute budget, and what a smaller model trades for data.

The fitted law is L = E + A / N^alpha + B / D^beta, with N parameters, D tokens and C = 6 N D FLOP;
its constants come as log A, log B and log E in nats, and absorb the dimensions of N and D: a row of
constants for each published law and each of its errors, so that the optimum has one source. A model
`shrink_factor` times smaller than the compute-optimal one is compared with it by multiples.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    AtLeastOne,
    Dimensionless,
    FloatArray,
    Flop,
    Parameters,
    Ratio,
    Tokens,
    TokensPerParameter,
    empirical,
    overridable,
)

FLOP_PER_PARAMETER_TOKEN: Annotated[float, "FLOP/parameter/token"] = 6.0


def _allocation(
    log_A: FloatArray, log_B: FloatArray, alpha: FloatArray, beta: FloatArray
) -> FloatArray:
    """Return G = (alpha A / (beta B))^(1 / (alpha + beta))."""
    allocation: FloatArray = np.exp((np.log(alpha / beta) + log_A - log_B) / (alpha + beta))
    return allocation


def _at_one(
    log_A: FloatArray, log_B: FloatArray, alpha: FloatArray, beta: FloatArray
) -> FloatArray:
    """Return A G^-alpha + B G^beta, the reducible loss of the optimum at 6 FLOP."""
    log_G: FloatArray = np.log(_allocation(log_A, log_B, alpha, beta))
    reducible: FloatArray = np.exp(log_A - alpha * log_G) + np.exp(log_B + beta * log_G)
    return reducible


@empirical
def optimal_params(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    training_flop: Flop,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
    expert_sparsity: AtLeastOne,
    sparsity_exponent: Ratio,
) -> Parameters:
    """Active parameters of the compute-optimal model.

    N = G (C/6)^(beta/(alpha+beta)) / s^(k/2), G = (alpha A/(beta B))^(1/(alpha+beta)): that of a
    dense model, s = 1, and for one of s experts to each active one s^k times the tokens for a
    parameter. The laws were fitted below 1e22 FLOP; far beyond is extrapolation.

    Reference: Hoffmann et al. 2022, eq. 4, https://arxiv.org/abs/2203.15556; Abnar et al. 2025,
    appendix D.4 (sparsity), https://arxiv.org/abs/2501.12370
    """
    share = beta / (alpha + beta)
    dense = (
        _allocation(log_A, log_B, alpha, beta) * (training_flop / FLOP_PER_PARAMETER_TOKEN) ** share
    )
    return dense / expert_sparsity ** (sparsity_exponent / 2)


@empirical
def training_flop__from_params(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    optimal_params: Parameters,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
    expert_sparsity: AtLeastOne,
    sparsity_exponent: Ratio,
) -> Flop:
    """FLOP for which a number of active parameters is optimal.

    C = 6 (N s^(k/2)/G)^((alpha+beta)/beta).
    """
    dense = optimal_params * expert_sparsity ** (sparsity_exponent / 2)
    power = (alpha + beta) / beta
    return FLOP_PER_PARAMETER_TOKEN * (dense / _allocation(log_A, log_B, alpha, beta)) ** power


@empirical
def optimal_tokens(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    training_flop: Flop,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
    expert_sparsity: AtLeastOne,
    sparsity_exponent: Ratio,
) -> Tokens:
    """Tokens that the compute-optimal model trains on.

    D = s^(k/2) (C/6)^(alpha/(alpha+beta)) / G; with its active parameters, 6 N D = C.

    Reference: Hoffmann et al. 2022, eq. 4, https://arxiv.org/abs/2203.15556
    """
    share = alpha / (alpha + beta)
    dense = (training_flop / FLOP_PER_PARAMETER_TOKEN) ** share / _allocation(
        log_A, log_B, alpha, beta
    )
    return dense * expert_sparsity ** (sparsity_exponent / 2)


@empirical
def training_flop__from_tokens(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    optimal_tokens: Tokens,
    log_A: Dimensionless,
    log_B: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
    expert_sparsity: AtLeastOne,
    sparsity_exponent: Ratio,
) -> Flop:
    """FLOP for which a number of tokens is optimal.

    C = 6 (D G / s^(k/2))^((alpha+beta)/alpha).
    """
    dense = optimal_tokens / expert_sparsity ** (sparsity_exponent / 2)
    power = (alpha + beta) / alpha
    return FLOP_PER_PARAMETER_TOKEN * (dense * _allocation(log_A, log_B, alpha, beta)) ** power


@overridable
def optimal_tokens_per_param(
    optimal_tokens: Tokens, optimal_params: Parameters
) -> TokensPerParameter:
    """Compute-optimal tokens for each active parameter, at the run's computation.

    Tokens / parameters of the optimum. A rule of thumb may be stated in its place.
    """
    return optimal_tokens / optimal_params


@empirical
def optimal_loss(  # noqa: PLR0913, PLR0917 (the law has as many constants)
    training_flop: Flop,
    log_A: Dimensionless,
    log_B: Dimensionless,
    log_E: Dimensionless,
    alpha: Ratio,
    beta: Ratio,
) -> Ratio:
    """Loss that the compute-optimal dense model reaches, in nats per token.

    L = E + (A G^-alpha + B G^beta) (C/6)^(-alpha beta/(alpha+beta)), which is E + A/N^alpha +
    B/D^beta at the optimum, on the text and with the tokeniser of the fit alone.

    Reference: Hoffmann et al. 2022, eq. 2, https://arxiv.org/abs/2203.15556
    """
    power = -alpha * beta / (alpha + beta)
    reducible = (
        _at_one(log_A, log_B, alpha, beta) * (training_flop / FLOP_PER_PARAMETER_TOKEN) ** power
    )
    loss: FloatArray = np.exp(log_E) + reducible
    return loss


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
    reducible: FloatArray = np.maximum(optimal_loss - np.exp(log_E), 0.0)
    with np.errstate(divide="ignore"):
        flop: FloatArray = FLOP_PER_PARAMETER_TOKEN * (
            reducible / _at_one(log_A, log_B, alpha, beta)
        ) ** (-(alpha + beta) / (alpha * beta))
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

    Tokens / unique tokens; `data_worth` is what the repeated ones are worth.

    Reference: Muennighoff et al. 2023, https://arxiv.org/abs/2305.16264
    """
    return optimal_tokens / unique_tokens


def data_worth(data_repetitions: Ratio, repetition_decay: Ratio) -> Ratio:
    """Worth of the compute-optimal run's tokens over as many that are all unique.

    w(x) / x, where x epochs are worth w(x) = x up to one epoch, and from there on
    1 + R (1 - exp(-(x - 1)/R)) epochs of unique text, never more than 1 + R.

    Reference: Muennighoff et al. 2023, eq. 5, https://arxiv.org/abs/2305.16264
    """
    return _worth(data_repetitions, repetition_decay) / data_repetitions


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

    Epochs of the compute-optimal run x data multiple, as if repeated text were worth as much as
    unique text: `equal_loss_data_worth` is what it is worth.
    """
    return data_repetitions * equal_loss_data_multiple


def equal_loss_data_worth(equal_loss_repetitions: Ratio, repetition_decay: Ratio) -> Ratio:
    """Worth of the smaller model's tokens over as many that are all unique, as `data_worth` has it.

    Reference: Muennighoff et al. 2023, eq. 5, https://arxiv.org/abs/2305.16264
    """
    return _worth(equal_loss_repetitions, repetition_decay) / equal_loss_repetitions


def _worth(epochs: FloatArray, decay: FloatArray) -> FloatArray:
    """Return the epochs of unique text that epochs of the same text are worth."""
    repeated: FloatArray = np.maximum(epochs - 1.0, 0.0)
    worth: FloatArray = np.minimum(epochs, 1.0) - decay * np.expm1(-repeated / decay)
    return worth
