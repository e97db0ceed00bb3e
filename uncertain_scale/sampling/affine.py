"""Means and standard deviations of weighted sums of inputs, from those of the inputs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uncertain_scale.inputs.distributions import Constant
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


def affine_moments(plan: Plan, sampler: InputSampler) -> dict[str, tuple[float, float, int]]:
    """Return mean and standard deviation of each output that is a sum of independent inputs.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs and what ties them.

    Returns
    -------
    dict
        By output, in the model's units, and behind both the number of inputs that vary in it.
        Outputs of which they do not follow are left out, as are the inputs themselves.
    """
    known: dict[str, Affine | None] = {name: _input(sampler, name) for name in sampler.names}
    for equation in plan.steps:
        known[equation.target] = _affine_of(equation, known)
    found = {
        name: _moments(affine, sampler)
        for name in plan.outputs
        if name not in sampler.names and (affine := known.get(name)) is not None
    }
    return {name: three for name, three in found.items() if all(map(math.isfinite, three))}


def _input(sampler: InputSampler, name: str) -> Affine:
    prior, _ = sampler.belief(name)
    if isinstance(prior.distribution, Constant):
        return Affine(prior.distribution.value * prior.factor)
    return Affine(slopes={name: 1.0})


def _affine_of(equation: Equation, known: Mapping[str, Affine | None]) -> Affine | None:
    """Return what an equation makes of weighted sums, or None where that is no such sum."""
    found: Affine | None = try_on(equation, [known[name] for name in equation.arguments], _of)
    return found


def _moments(affine: Affine, sampler: InputSampler) -> tuple[float, float, int]:
    slopes = {name: slope for name, slope in affine.slopes.items() if slope}
    coordinates = Counter(one for name in slopes for one in sampler.positions_of([name]))
    mean, deviation = affine.constant, 0.0
    for name, slope in slopes.items():
        prior, rows = sampler.belief(name)
        first, second = prior.distribution.mean(), prior.distribution.sd()
        if rows is not None or first is None or second is None:
            return math.nan, math.nan, 0
        mean += slope * prior.factor * first
        deviation = math.hypot(deviation, slope * prior.factor * second)
    if not slopes or max(coordinates.values()) > 1:
        return math.nan, math.nan, 0
    return mean, deviation, len(slopes)


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
