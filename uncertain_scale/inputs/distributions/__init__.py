"""Kinds of distribution: each a frozen model with a quantile function, its inverse and moments."""

from uncertain_scale.inputs.distributions.base import Distribution
from uncertain_scale.inputs.distributions.closed import (
    LogitNormal,
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    Uniform,
)
from uncertain_scale.inputs.distributions.discrete import Bernoulli, Choice, Constant, Empirical
from uncertain_scale.inputs.distributions.faults import DistributionError
from uncertain_scale.inputs.distributions.fitted import Beta, Gamma, Pert, StudentT
from uncertain_scale.inputs.distributions.kinds import (
    KINDS,
    AnyDistribution,
    build,
    json_schemas,
    parse_distribution,
)
from uncertain_scale.inputs.distributions.mixture import Mixture
from uncertain_scale.inputs.distributions.pointwise import Metalog, Quantiles

__all__ = [
    "KINDS",
    "AnyDistribution",
    "Bernoulli",
    "Beta",
    "Choice",
    "Constant",
    "Distribution",
    "DistributionError",
    "Empirical",
    "Gamma",
    "LogNormal",
    "LogUniform",
    "LogitNormal",
    "Metalog",
    "Mixture",
    "Normal",
    "Pert",
    "Quantiles",
    "StudentT",
    "Triangular",
    "Uniform",
    "build",
    "json_schemas",
    "parse_distribution",
]
