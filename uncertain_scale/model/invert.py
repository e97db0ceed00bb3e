"""Laws that are products of powers of their arguments, solved for any of these.

A law y = c a^p b^q is recognised by running it once on products in the place of arrays. Products
multiply, divide and are raised to numbers, exactly; they refuse all else, so that a sum, a cap, a
rounding or a branch is never taken for a product, however little it changes the result.

Inverses are of two ranks.

- Those that a law names (`@inverses`) stand beside it as if they were written. They go with their
  law: an equation that replaces it is solved under the same names, or they are dropped.
- All others, those of users' laws, are the last resort: they fire only where what is asked is not
  reached without them. So they never change an answer, nor put a second way beside one that there
  is. They are none of the model's equations, which are searched for contradictions: the law itself
  shows any. Such an inverse must give the argument back at numbers of both signs, save for
  variables that are known to be positive: so one with a power of 1, -1 or no whole number, of which
  no negative number has a value. An even power leaves two roots.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import ModelError
from uncertain_scale.model.calls import StandIn, call, try_on
from uncertain_scale.model.equation import Equation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_NO_POWER = 1e-9  # what rounding leaves where powers cancel
_POINTS, _DECADES, _LEAST_POINTS = 256, 30, 8
_SAME = 1e-12  # relative
_WITHIN = (1e-250, 1e250)  # sizes that keep their digits


@dataclass(frozen=True, eq=False)
class Product(StandIn):
    """A number times powers of variables, by name."""

    factor: Fraction = Fraction(1)
    powers: Mapping[str, float] = field(default_factory=dict)


def product_of(equation: Equation, known: Mapping[str, Product | None]) -> Product | None:
    """Return what an equation makes of products, or None where that is no product.

    Parameters
    ----------
    equation
        The equation.
    known
        Its arguments, by name; None for one that is no product itself.
    """
    found: Product | None = try_on(equation, [known[name] for name in equation.arguments], _of)
    return found


def named_inverses(law: Equation) -> list[Equation]:
    """Return the inverses that a law names.

    Raises ModelError: one of them does not follow from the law.
    """
    found = []
    for name, summary in getattr(law.function, "__inverses__", {}).items():
        solved = inverse(law, name, summary)
        if solved is None:
            raise ModelError(
                f"{law.where} {law} cannot be solved as {name}: it is no product of powers of its "
                "arguments, or has none of that name; write that equation out"
            )
        found.append(solved)
    return found


def other_inverses(law: Equation, signed: Collection[str]) -> Iterator[Equation]:
    """Yield a law solved for each of its arguments that follows without doubt.

    Parameters
    ----------
    law
        Any equation; one that is no product of powers yields nothing.
    signed
        Variables that may be negative.
    """
    for argument in law.arguments:
        name = f"{argument}__from_{law.name}"
        solved = inverse(law, name, f"{law.name} solved for {argument}", signed)
        if solved is not None:
            yield solved


def inverse(
    law: Equation, name: str, summary: str, signed: Collection[str] = ()
) -> Equation | None:
    """Solve a law for one of its arguments.

    Parameters
    ----------
    law
        An equation.
    name
        Of the inverse: the argument, and behind two underscores which way to it this is.
    summary
        What the inverse computes, in words.
    signed
        Variables that may be negative; of others the positive root is taken.

    Returns
    -------
    Equation or None
        None where the law is no product of powers, or that argument is none of its factors.
    """
    argument = name.split("__", maxsplit=1)[0]
    product = product_of(law, {one: Product(powers={one: 1.0}) for one in law.arguments})
    if product is None or not _WITHIN[0] < abs(product.factor) < _WITHIN[1]:
        return None
    power = product.powers.get(argument, 0.0)
    if abs(power) < _NO_POWER:
        return None
    sign, root = (1.0 if power > 0 else -1.0), 1 / abs(power)
    others = {one: -sign * product.powers.get(one, 0.0) for one in law.arguments if one != argument}
    powers = {law.target: sign, **others}
    if len(powers) == 2 and sign < 0:  # of two, the dividend first
        powers = dict(reversed(powers.items()))
    above, below = (
        {one: abs(power) for one, power in powers.items() if power * side > 0} for side in (1, -1)
    )
    factor = 1 / product.factor if sign > 0 else product.factor
    numbers = (float(factor), 1.0) if abs(factor) > 1 else (1.0, float(1 / factor))
    sides = (above, numbers[0]), (below, numbers[1])

    def function(*values: Any, **named: Any) -> Any:
        known = named or dict(zip(powers, values, strict=True))
        over, under = (_multiplied(known, *side) for side in sides)
        # By a square root first: no even power may make a result of a number below 0.
        return over / under if root == 1 else np.sqrt(over / under) ** (2 * root)

    function.__module__ = law.function.__module__
    function.__doc__ = f"{summary}.\n\n{_formula(sides, root)}.\n\n{law} solved for {argument}."
    solved = Equation(name, argument, tuple(powers), law.units, function, law.subject, law)
    exact = _SAME * max(1.0, root)
    return solved if law.builtin or _error(solved, law, signed) <= exact else None


def _multiplied(known: Mapping[str, Any], powers: Mapping[str, float], number: float) -> Any:
    factors = [known[one] if power == 1 else known[one] ** power for one, power in powers.items()]
    return reduce(operator.mul, [*factors, number] if number != 1 or not factors else factors)


def _formula(sides: Iterable[tuple[Mapping[str, float], float]], root: float) -> str:
    above, below = (
        [one if power == 1 else f"{one}^{power:.6g}" for one, power in powers.items()]
        + [f"{number:.12g}"] * (number != 1)
        for powers, number in sides
    )
    text = " x ".join(above) or "1"
    if below:
        text += f" / ({' x '.join(below)})" if len(below) > 1 else f" / {below[0]}"
    return text if root == 1 else f"({text})^{root:.6g}"


def _error(solved: Equation, law: Equation, signed: Collection[str]) -> float:
    """Return by how much an inverse misses the law's argument, over many decades; perhaps nan."""
    random = np.random.default_rng(0)
    values = {}
    for name in law.arguments:
        values[name] = 10 ** random.uniform(-_DECADES, _DECADES, _POINTS)
        if name in signed:
            values[name] *= random.choice([-1.0, 1.0], _POINTS)
    try:
        values[law.target] = call(law, [values[name] for name in law.arguments])
        found = call(solved, [values[name] for name in solved.arguments])
    except ModelError:
        return math.nan
    size = np.abs(values[law.target])
    usable = (size > _WITHIN[0]) & (size < _WITHIN[1])
    if np.count_nonzero(usable) < _LEAST_POINTS:
        return math.nan
    return float(np.abs(found[usable] / values[solved.target][usable] - 1).max())


def _of(value: Any) -> Product:
    return value if isinstance(value, Product) else Product(Fraction(float(value)))


def _times(a: Product, b: Product) -> Product:
    names = dict.fromkeys([*a.powers, *b.powers])
    powers = {name: a.powers.get(name, 0.0) + b.powers.get(name, 0.0) for name in names}
    return Product(a.factor * b.factor, powers)


def _over(a: Product, b: Product) -> Product:
    return _times(a, Product(1 / b.factor, {name: -one for name, one in b.powers.items()}))


def _raised(a: Product, power: float) -> Product:
    # A root of a negative factor is complex, which is no fraction.
    factor = Fraction(float(a.factor) ** power)
    return Product(factor, {name: power * one for name, one in a.powers.items()})


Product.rules = {
    "multiply": lambda a, b: _times(_of(a), _of(b)),
    "divide": lambda a, b: _over(_of(a), _of(b)),
    "power": lambda a, b: _raised(a, float(b)),
    "sqrt": lambda a: _raised(a, 0.5),
    "square": lambda a: _raised(a, 2.0),
    "reciprocal": lambda a: _over(Product(), a),
    "positive": lambda a: a,
}
