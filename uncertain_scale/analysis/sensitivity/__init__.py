"""Which inputs drive an answer: variance shares, swings, ranks, and what knowing is worth."""

from uncertain_scale.analysis.sensitivity.loss import Loss, Penalty, parse_loss
from uncertain_scale.analysis.sensitivity.methods import CONSTANT
from uncertain_scale.analysis.sensitivity.result import (
    decision_value,
    interval_reduction,
    rank_correlation,
    refuse_unmoved,
    sensitivity,
    shapley_effects,
    sobol_indices,
    swing,
)
from uncertain_scale.analysis.sensitivity.sobol import parse_groups
from uncertain_scale.analysis.sensitivity.study import ranking_design

__all__ = [
    "CONSTANT",
    "Loss",
    "Penalty",
    "decision_value",
    "interval_reduction",
    "parse_groups",
    "parse_loss",
    "rank_correlation",
    "ranking_design",
    "refuse_unmoved",
    "sensitivity",
    "shapley_effects",
    "sobol_indices",
    "swing",
]
