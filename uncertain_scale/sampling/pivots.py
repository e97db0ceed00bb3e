"""Inputs in which an output is strictly monotone in a way that is known, whatever the others are.

With such an input X, the pivot, an output is Y = c X^d or Y = c + d X, where c rests on the other
inputs alone and d is one number. Then P(Y <= y) is an average of P(X <= x(y, c)) over the others,
which `uncertain_scale.statistics.conditional` takes. Equations run once on a stand-in for X, beside
trial draws of all else; what is not of these forms to the letter of the equations is left out.
"""

from __future__ import annotations

import json
import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uncertain_scale.model.calls import StandIn, try_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray

PIVOTS, INPUTS = "pivots", "inputs"
"""Attributes of an output: its pivots as JSON, [input, form, d] each, and the inputs behind it."""
LAW, FACTOR, TIED = "law", "factor", "tied"
"""Attributes of an input that serves: its distribution, what draws are multiplied by to be in the
model's units, and the correlations of its normal score with those of other inputs, as JSON."""
OF_THE_PRIOR = (PIVOTS, LAW)
"""Attributes that hold before anything is observed, and not after."""

_LONGEST = 10_000  # characters of a distribution
_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Power(StandIn):
    """What is proportional to a power of the pivot, each draw by a factor of its own."""

    degree: Any = 1.0


@dataclass(frozen=True, eq=False)
class Line(StandIn):
    """What rises evenly with the pivot, from where it stands in each draw."""

    slope: Any = 1.0


class Dependence(NamedTuple):
    """That a variable is proportional to input^exponent, or rises by exponent * input.

    The exponent is 0 where the input cancels.
    """

    variable: str
    input: str
    form: str
    exponent: float


FORMS: Mapping[str, type[Power | Line]] = {"power": Power, "line": Line}


def dependences(
    plan: Plan, sampler: InputSampler, trial: Mapping[str, FloatArray]
) -> list[Dependence]:
    """Return how variables rest on inputs that vary, where that is one power or slope.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs and what ties them.
    trial
        Trial draws of all variables.
    """
    return [
        Dependence(variable, name, form, exponent)
        for name in sampler.names
        if sampler.belief(name)[0].varies
        for form in _forms(sampler, name)
        for variable, exponent in _along(plan, trial, name, FORMS[form]).items()
    ]


def settled_variables(plan: Plan, sampler: InputSampler, known: Sequence[Dependence]) -> set[str]:
    """Return the computed variables in which all that varies cancels, but for rounding.

    Parameters
    ----------
    plan, sampler
        As in `dependences`.
    known
        What it returns.
    """
    cancelled = _cancelled(known)
    varying = {name for name in sampler.names if sampler.belief(name)[0].varies}
    behind = {
        equation.target: varying & plan.reached[equation.target].ancestors
        for equation in plan.steps
    }
    return {
        target
        for target, names in behind.items()
        if names and names <= cancelled.get(target, set())
    }


def pivot_facts(
    plan: Plan, sampler: InputSampler, known: Sequence[Dependence]
) -> dict[str, dict[str, str | int]]:
    """Return the attributes that tell a summary of an output's pivots.

    Parameters
    ----------
    plan, sampler, known
        As in `settled_variables`.

    Returns
    -------
    dict
        By variable that is an input or an output.
    """
    pivots: dict[str, list[tuple[str, str, float]]] = {}
    for one in known:
        if one.exponent and _serves(sampler, one.input):
            pivots.setdefault(one.variable, []).append((one.input, one.form, one.exponent))
    cancelled = _cancelled(known)
    settled = settled_variables(plan, sampler, known)
    return {
        variable: {
            **({"varies": 0} if variable in settled else {}),
            PIVOTS: json.dumps(pivots.get(variable, [])),
            INPUTS: json.dumps(
                sorted(_inputs_of(plan, sampler, variable) - cancelled.get(variable, set()))
            ),
        }
        for variable in (*plan.inputs, *plan.outputs)
    }


def _cancelled(known: Sequence[Dependence]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in known:
        if not one.exponent:
            found.setdefault(one.variable, set()).add(one.input)
    return found


def _forms(sampler: InputSampler, name: str) -> tuple[str, ...]:
    """Return the forms in which variables may rest on an input: powers of what is positive."""
    prior, _ = sampler.belief(name)
    positive = min(sampler.ends(name)) * prior.factor >= 0
    return ("power", "line") if positive else ("line",)


def input_facts(sampler: InputSampler, name: str) -> dict[str, str | float]:
    """Return the attributes by which an input serves as a pivot; none where it cannot."""
    prior, _ = sampler.belief(name)
    law = prior.distribution.describe() if _serves(sampler, name) else ""
    if not 0 < len(law) <= _LONGEST:
        return {}
    return {LAW: law, FACTOR: prior.factor, TIED: json.dumps(sampler.ties(name))}


def _inputs_of(plan: Plan, sampler: InputSampler, variable: str) -> frozenset[str]:
    """Return the inputs that a variable rests on, itself among them where it is one."""
    return (plan.reached[variable].ancestors | {variable}).intersection(sampler.names)


def _serves(sampler: InputSampler, name: str) -> bool:
    """Tell whether an input varies by a distribution of its own, and not by rows."""
    prior, rows = sampler.belief(name)
    return rows is None and prior.varies


def _along(
    plan: Plan, values: Mapping[str, FloatArray], name: str, kind: type[Power | Line]
) -> dict[str, float]:
    """Return, by variable of which it is one number, its degree or slope in an input.

    It is 0 where the input cancels.
    """
    known: dict[str, Any] = {**values, name: kind()}
    for equation in plan.steps:
        if name in plan.reached[equation.target].ancestors:
            known[equation.target] = try_on(equation, [known[one] for one in equation.arguments])
    found = {}
    for variable, one in known.items():
        if isinstance(one, kind):
            exponent = one.degree if isinstance(one, Power) else one.slope
            if (number := _one_number(exponent)) is not None:
                found[variable] = number
    return found


def _one_number(exponent: Any) -> float | None:
    """Return the number that an exponent is in all draws; None for several.

    It is 0 only where that does not hang on draws, of which some may differ that are not here.
    """
    numbers = np.asarray(exponent, dtype=float)
    low, high = float(numbers.min()), float(numbers.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    size = max(abs(low), abs(high))
    if size <= _SAME:
        return None if numbers.ndim else 0.0
    return (low + high) / 2 if high - low <= _SAME * size else None


def _degree(one: Any) -> Any:
    return one.degree if isinstance(one, Power) else 0.0


def _raised(base: Any, power: Any) -> Power:
    if isinstance(power, Power):
        raise TypeError("the pivot stands in an exponent")
    return Power(base.degree * power)


def _alike(a: Any, b: Any) -> Power:
    """Return the sum, or the larger or smaller, of what is proportional to one power."""
    if not (isinstance(a, Power) and isinstance(b, Power)):
        raise TypeError("a sum with what does not rest on the pivot")
    if not np.allclose(a.degree, b.degree, rtol=_SAME, atol=_SAME):
        raise TypeError("a sum of two powers")
    return a


def _slope(one: Any) -> Any:
    return one.slope if isinstance(one, Line) else 0.0


def _scaled(line: Any, factor: Any, by: Callable[[Any, Any], Any]) -> Line:
    if isinstance(factor, Line) or not isinstance(line, Line):
        raise TypeError("a product or ratio of the pivot with itself")
    return Line(by(line.slope, factor))


Power.rules = {
    "multiply": lambda a, b: Power(_degree(a) + _degree(b)),
    "divide": lambda a, b: Power(_degree(a) - _degree(b)),
    "power": _raised,
    "float_power": _raised,
    "sqrt": lambda a: Power(a.degree * 0.5),
    "square": lambda a: Power(a.degree * 2.0),
    "cbrt": lambda a: Power(a.degree / 3.0),
    "reciprocal": lambda a: Power(a.degree * -1.0),
    "positive": lambda a: a,
    "negative": lambda a: a,
    "absolute": lambda a: a,
    **dict.fromkeys(("add", "subtract", "maximum", "minimum", "fmax", "fmin"), _alike),
}
Line.rules = {
    "add": lambda a, b: Line(_slope(a) + _slope(b)),
    "subtract": lambda a, b: Line(_slope(a) - _slope(b)),
    "multiply": lambda a, b: (
        _scaled(a, b, operator.mul) if isinstance(a, Line) else _scaled(b, a, operator.mul)
    ),
    "divide": lambda a, b: _scaled(a, b, operator.truediv),
    "positive": lambda a: a,
    "negative": lambda a: Line(-a.slope),
}
