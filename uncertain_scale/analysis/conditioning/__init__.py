"""Priors updated by what was observed: importance weights where they hold, tempering elsewhere."""

from uncertain_scale.analysis.conditioning.condition import condition
from uncertain_scale.analysis.conditioning.information import posterior_sensitivity
from uncertain_scale.analysis.conditioning.posterior import ROADS, Road

__all__ = ["ROADS", "Road", "condition", "posterior_sensitivity"]
