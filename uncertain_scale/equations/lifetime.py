"""The model that is cheapest to train and serve together, at the loss of the compute-optimal one.

A run of C = 6 N D FLOP is compared with that of a model `cheapest_shrink_factor` times smaller that
trains on `cheapest_data_multiple` times the tokens, to the same loss. Serving takes 2 FLOP a
parameter and token, each of which costs `serving_penalty` times what one of training costs.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    Dollars,
    DollarsPerExaflop,
    FloatArray,
    Flop,
    FlopPerSecondPerGpu,
    NotNegative,
    Parameters,
    Ratio,
    Share,
    Tokens,
    TokensOrNone,
)

TRAINING_OVER_SERVING: Annotated[float, "1"] = 3.0  # 6 FLOP a parameter and token over 2
FLOP_PER_EXAFLOP: Annotated[float, "FLOP/EFLOP"] = 1e18
_STEPS = 16  # of Newton's method, which has all digits after 8


@inverses(
    peak_flops__from_penalty="Dense BF16 peak of one GPU, implied by what serving costs",
    inference_mfu__from_penalty=(
        "Utilisation of the dense BF16 peak by output tokens, implied by what serving costs"
    ),
)
def serving_penalty(
    effective_flops: FlopPerSecondPerGpu, peak_flops: FlopPerSecondPerGpu, inference_mfu: Share
) -> Ratio:
    """Cost of a FLOP of output tokens over that of a FLOP of training, on the same GPUs.

    Useful speed in training / (dense BF16 peak x inference MFU).

    Reference: Sardana et al. 2024, section 3, https://arxiv.org/abs/2401.00448
    """
    return effective_flops / (peak_flops * inference_mfu)


@inverses(
    served_tokens__from_weight="Output tokens served over a model's life, implied by their weight",
    optimal_tokens__from_weight=(
        "Tokens that the compute-optimal model trains on, implied by the weight of those served"
    ),
    serving_penalty__implied="Cost of a FLOP served over one trained, implied by serving's weight",
)
def serving_weight(
    served_tokens: TokensOrNone, optimal_tokens: Tokens, serving_penalty: Ratio
) -> NotNegative:
    """Output tokens over a model's life, weighted by their cost, over those it trains on.

    k T / D; serving the compute-optimal model costs a third of it times its training.
    """
    return served_tokens / optimal_tokens * serving_penalty


def cheapest_data_multiple(serving_weight: NotNegative, alpha: Ratio, beta: Ratio) -> Ratio:
    """Tokens of the cheapest model's run over those of the compute-optimal run.

    m of 3 (1 + alpha/beta) m (m^beta - 1) = w, at which N (6 D + 2 k T) is least at the same loss:
    1 where nothing is served.

    Reference: follows from Sardana et al. 2024, eq. 3, https://arxiv.org/abs/2401.00448
    """
    # With y = log m, log(y + ...) rises in log y and is convex: from above, Newton's method falls.
    scaled = serving_weight / (TRAINING_OVER_SERVING * (1 + alpha / beta))
    target = np.log(np.maximum(scaled, 1e-300))
    log_y = np.log(np.minimum(np.exp(target) / beta, np.log1p(np.exp(target)) / beta))
    for _ in range(_STEPS):
        y = np.exp(log_y)
        missing = y + np.log(np.expm1(beta * y)) - target
        log_y = log_y - missing / (y - beta * y / np.expm1(-beta * y))
    multiple: FloatArray = np.where(scaled > 0, np.exp(np.exp(log_y)), 1.0)
    return multiple


def serving_weight__from_data_multiple(
    cheapest_data_multiple: Ratio, alpha: Ratio, beta: Ratio
) -> NotNegative:
    """Weight of the tokens served at which a multiple of data is cheapest.

    w = 3 (1 + alpha/beta) m (m^beta - 1).
    """
    rise: FloatArray = np.expm1(beta * np.log(cheapest_data_multiple))
    return TRAINING_OVER_SERVING * (1 + alpha / beta) * cheapest_data_multiple * rise


def cheapest_shrink_factor(cheapest_data_multiple: Ratio, alpha: Ratio, beta: Ratio) -> Ratio:
    """Factor by which the cheapest model is smaller than the compute-optimal one of its loss.

    s = (1 + (alpha/beta) (1 - m^-beta))^(1/alpha); active parameters of both.
    """
    spent: FloatArray = -np.expm1(-beta * np.log(cheapest_data_multiple))
    return (1 + alpha / beta * spent) ** (1 / alpha)


def cheapest_data_multiple__from_shrink(
    cheapest_shrink_factor: Ratio, alpha: Ratio, beta: Ratio
) -> Ratio:
    """Tokens of the cheapest model's run over the compute-optimal run's, implied by its size.

    m = (1 - (beta/alpha) (s^alpha - 1))^(-1/beta); infinite where no amount of data makes up for so
    few parameters.
    """
    left: FloatArray = np.maximum(1 - beta / alpha * (cheapest_shrink_factor**alpha - 1), 0.0)
    with np.errstate(divide="ignore"):
        multiple: FloatArray = left ** (-1 / beta)
    return multiple


@inverses(
    optimal_params__from_cheapest="Active parameters of the compute-optimal model of equal loss",
    cheapest_shrink_factor__implied="Factor by which the cheapest model is smaller, by parameters",
)
def cheapest_params(optimal_params: Parameters, cheapest_shrink_factor: Ratio) -> Parameters:
    """Active parameters of the model that is cheapest to train and serve at the optimum's loss.

    Compute-optimal parameters / shrink factor.
    """
    return optimal_params / cheapest_shrink_factor


@inverses(
    optimal_tokens__from_cheapest="Tokens that the compute-optimal model of equal loss trains on",
    cheapest_data_multiple__implied="Tokens of the cheapest model's run over the compute-optimal's",
)
def cheapest_tokens(optimal_tokens: Tokens, cheapest_data_multiple: Ratio) -> Tokens:
    """Tokens that the model that is cheapest to train and serve trains on.

    Compute-optimal tokens x data multiple, all of them as if unique.
    """
    return optimal_tokens * cheapest_data_multiple


def lifetime_cost(
    training_flop: Flop,
    cost_per_flop: DollarsPerExaflop,
    serving_weight: NotNegative,
    cheapest_data_multiple: Ratio,
    cheapest_shrink_factor: Ratio,
) -> Dollars:
    """Cost of training and serving the cheapest model, over its life.

    C x cost of a FLOP x (m + w/3) / s: GPU time alone, at the rent of training.
    """
    served = cheapest_data_multiple + serving_weight / TRAINING_OVER_SERVING
    return training_flop / FLOP_PER_EXAFLOP * cost_per_flop * served / cheapest_shrink_factor


def lifetime_saving(
    serving_weight: NotNegative, cheapest_data_multiple: Ratio, cheapest_shrink_factor: Ratio
) -> Ratio:
    """Cost of training and serving the compute-optimal model over that of the cheapest.

    (1 + w/3) s / (m + w/3), never below 1.
    """
    third = serving_weight / TRAINING_OVER_SERVING
    return (1 + third) * cheapest_shrink_factor / (cheapest_data_multiple + third)


def breakeven_served_tokens(
    optimal_tokens: Tokens,
    serving_penalty: Ratio,
    equal_loss_data_multiple: Ratio,
    shrink_factor: Ratio,
) -> TokensOrNone:
    """Output tokens from which on the smaller model of equal loss is the cheaper one.

    3 D (m - s) / (k (s - 1)), at which what it costs more to train is saved in serving; infinite
    where no amount of data makes up for so few parameters.
    """
    dearer = equal_loss_data_multiple - shrink_factor
    saved = serving_penalty * np.maximum(shrink_factor - 1, 1e-300)
    return TRAINING_OVER_SERVING * optimal_tokens * np.maximum(dearer, 0.0) / saved
