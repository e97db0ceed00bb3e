"""How draws are made: designs, dependence between inputs, and their way through the model."""

from uncertain_scale.sampling.design import Design
from uncertain_scale.sampling.sample import run, sample

__all__ = ["Design", "run", "sample"]
