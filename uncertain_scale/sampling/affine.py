"""Means and standard deviations of weighted sums of inputs, from those of the inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.distributions import Constant, Normal
from uncertain_scale.model.calls import StandIn, try_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.sampling.dependence import InputSampler


@dataclass(frozen=True, eq=False)
class Affine(StandIn):
    """A number plus multiples of inputs, by name."""

    constant: float = 0.0
    slopes: Mapping[str, float] = field(default_factory=dict)


def affine_moments(plan: Plan, sampler: InputSampler) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of each output that is a weighted sum of inputs.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs and what ties them.

    Returns
    -------
    dict
        By output, in the model's units. Outputs of which they do not follow are left out, as are
        the inputs themselves; a standard deviation of which that holds is nan.
    """
    known: dict[str, Affine | None] = {name: _input(sampler, name) for name in sampler.names}
    for equation in plan.steps:
        known[equation.target] = _affine_of(equation, known)
    found = {
        name: _moments(affine, sampler)
        for name in plan.outputs
        if name not in sampler.names and (affine := known.get(name)) is not None
    }
    return {name: pair for name, pair in found.items() if math.isfinite(pair[0])}


def _input(sampler: InputSampler, name: str) -> Affine:
    prior, _ = sampler.belief(name)
    if isinstance(prior.distribution, Constant):
        return Affine(prior.distribution.value * prior.factor)
    return Affine(slopes={name: 1.0})


def _affine_of(equation: Equation, known: Mapping[str, Affine | None]) -> Affine | None:
    """Return what an equation makes of weighted sums, or None where that is no such sum."""
    found: Affine | None = try_on(equation, [known[name] for name in equation.arguments], _of)
    return found


def _moments(affine: Affine, sampler: InputSampler) -> tuple[float, float]:
    slopes = {name: slope for name, slope in affine.slopes.items() if slope}
    if not slopes:
        return math.nan, math.nan
    mean, sd = affine.constant, 0.0
    for names in sampler.groups(slopes):
        first, spread = _of_group({name: slopes[name] for name in names}, sampler)
        mean, sd = mean + first, math.hypot(sd, spread)
    return mean, sd


def _of_group(slopes: Mapping[str, float], sampler: InputSampler) -> tuple[float, float]:
    """Return mean and standard deviation of a sum of inputs that are not independent.

    The mean of a sum is that of the means whatever ties them; the standard deviation is nan where
    no closed form is at hand.
    """
    beliefs = {name: sampler.belief(name) for name in slopes}
    scales = {name: slope * beliefs[name][0].factor for name, slope in slopes.items()}
    columns = [scales[name] * rows for name, (_, rows) in beliefs.items() if rows is not None]
    if len(columns) == len(slopes):
        total = np.sum(columns, axis=0)
        return float(total.mean()), float(total.std())
    kinds = {name: prior.distribution for name, (prior, _) in beliefs.items()}
    means, sds = np.transpose([kind.moments(1.0) for kind in kinds.values()])
    weights = np.array(list(scales.values()))
    mean = float(weights @ means)
    if len(kinds) == 1:
        return mean, float(np.abs(weights * sds)[0])
    if not all(isinstance(kind, Normal) and kind.truncate is None for kind in kinds.values()):
        return mean, math.nan
    variance = sampler.variance(dict(zip(kinds, (weights * sds).tolist(), strict=True)))
    return mean, math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan


def _of(value: Any) -> Affine:
    return value if isinstance(value, Affine) else Affine(float(value))


def _plus(a: Affine, b: Affine, sign: float = 1.0) -> Affine:
    names = dict.fromkeys([*a.slopes, *b.slopes])
    slopes = {name: a.slopes.get(name, 0.0) + sign * b.slopes.get(name, 0.0) for name in names}
    return Affine(a.constant + sign * b.constant, slopes)


def _times(a: Affine, b: Affine) -> Affine:
    if any(a.slopes.values()) and any(b.slopes.values()):
        raise TypeError("a product of two inputs")
    number, other = (b.constant, a) if any(a.slopes.values()) else (a.constant, b)
    slopes = {name: number * slope for name, slope in other.slopes.items()}
    return Affine(number * other.constant, slopes)


def _over(a: Affine, b: Affine) -> Affine:
    if any(b.slopes.values()):
        raise TypeError("a ratio over an input")
    return _times(a, Affine(1 / b.constant))


Affine.rules = {
    "add": lambda a, b: _plus(_of(a), _of(b)),
    "subtract": lambda a, b: _plus(_of(a), _of(b), -1.0),
    "multiply": lambda a, b: _times(_of(a), _of(b)),
    "divide": lambda a, b: _over(_of(a), _of(b)),
    "negative": lambda a: _plus(Affine(), a, -1.0),
    "positive": lambda a: a,
}
