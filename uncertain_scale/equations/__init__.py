"""How things scale: the laws of the built-in model, one subject a module.

Every public function of a subject is an equation. Its name is the variable that it computes, with
what follows two underscores telling one way from another; its argument names are the variables that
it computes from; its annotations are their units and domains. A law that is a product of powers
names its inverses, which the model derives, and any other stands beside them, so that a question
can be asked in any direction.
"""

from uncertain_scale.equations import (
    chinchilla,
    cluster,
    compute,
    cost,
    frontier,
    lifetime,
    overtraining,
    ownership,
    power,
    reliability,
    scale,
    serving,
    sites,
)

__all__ = ["HEADLINE", "LARGEST", "SUBJECTS", "WHOLES"]

SUBJECTS = (
    compute,
    cluster,
    cost,
    power,
    scale,
    chinchilla,
    overtraining,
    serving,
    frontier,
    ownership,
    lifetime,
    reliability,
    sites,
)

HEADLINE: tuple[str, ...] = (
    "gpu_hours",
    "gpus",
    "training_time",
    "facility_power",
    "training_energy",
    "training_flop",
    "gpt4_multiple",
    "budget",
    "gpus_purchasable",
    "cluster_price",
    "breakeven_time",
    "cost_per_flop",
    "hyperscaler_share",
    "optimal_params",
    "optimal_tokens",
)

LARGEST: dict[str, str] = {
    "facility_power": "largest_site_power",
    "training_flop": "largest_run",
    "budget": "largest_run_cost",
}
"""The largest that a variable can be at a date, of those for which there is such a law or trend."""

WHOLES: dict[str, tuple[str, str, str]] = {
    "budget": ("of the final run alone", "programme_cost", "programme_multiplier"),
}
"""By variable that is a part of more: which, and the variable of the whole and their ratio."""
