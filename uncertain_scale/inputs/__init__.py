"""What is believed about the inputs: distributions, prior files, and the priors they make."""

from uncertain_scale.inputs.files import load_priors
from uncertain_scale.inputs.prior import Prior, Priors

__all__ = ["Prior", "Priors", "load_priors"]
