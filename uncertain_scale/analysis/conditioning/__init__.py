"""Priors updated by what was observed: importance weights where they hold, tempering elsewhere."""

from uncertain_scale.analysis.conditioning.condition import condition
from uncertain_scale.analysis.conditioning.information import posterior_sensitivity
from uncertain_scale.analysis.conditioning.posterior import METHODS, Method

__all__ = ["METHODS", "Method", "condition", "posterior_sensitivity"]
