"""Laws by which variables move: a value at a date, from its level, growth and shock.

    log x(t) = log(level) + the growth in the logarithm from the level's date to t
               + shock x sqrt(volatility^2 w + scatter^2)

where w is the time between the two dates, t in years; or, with a return r to the trend,
(1 - exp(-2 r w)) / (2 r), the variance of an Ornstein-Uhlenbeck process that starts at its mean.
With normal growth and one volatility that is the lognormal of a random walk with drift. The law is
of one date: what joins two has a shock for each, by `sampling.paths`.

Reference: Black, F. and Scholes, M. (1973), doi:10.1086/260062, for the walk; Uhlenbeck, G. E. and
Ornstein, L. S. (1930), doi:10.1103/PhysRev.36.823, for its return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.prior import copies_of
from uncertain_scale.model.equation import Equation
from uncertain_scale.units.dates import DATE, DATES, year_of
from uncertain_scale.units.domain import Units

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from uncertain_scale.inputs.trends import Trend
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["AT_DATE", "drift", "sum_law", "trend_law"]

AT_DATE = "__at_date"
"""What is behind a variable in the name of its law."""
_LEAST = 1e-12  # a return to the trend, per year, that is none


def trend_law(trend: Trend, inputs: Collection[str], units: str) -> Equation:
    """Return the equation of a variable that moves.

    Parameters
    ----------
    trend
        The trend.
    inputs
        Names of the inputs that there are, its optional parts perhaps among them.
    units
        The variable's.
    """
    arguments = (DATE, *trend.arguments(inputs))
    parts = {name.removeprefix(f"{trend.name}_"): name for name in arguments}
    ends = [year_of(day) for day in trend.until]

    def function(*values: Any, **named: Any) -> Any:
        known = named or dict(zip(arguments, values, strict=True))

        def part(what: str) -> Any:
            return known[parts[what]] if what in parts else None

        growths = [known[name] for name in trend.growths]
        factors = [1 + one for one in growths] if trend.rate else growths
        date, since = _once(known[DATE]), _once(part("level_date"))
        value = part("level") * np.exp(drift(date, since, factors, ends))
        if "shock" in parts:
            value = value * np.exp(part("shock") * _spread(date - since, part))
        if "floor" in parts:
            value = np.maximum(value, part("floor"))
        return np.minimum(value, part("cap")) if "cap" in parts else value

    words = trend.provenance.long_name or trend.name
    function.__module__ = __name__
    function.__doc__ = f"{words}, at a date.\n\n{_formula(trend, parts)}"
    function.__overridable__ = True  # type: ignore[attr-defined]
    function.__fallback__ = trend.fallback  # type: ignore[attr-defined]
    own = Units(units, getattr(units, "domain", None))
    stated = {trend.name: own, trend.part("level"): own, DATE: DATES}
    stated[trend.part("level_date")] = Units(DATE)
    stated |= {parts[what]: own for what in ("floor", "cap") if what in parts}
    return Equation(trend.name + AT_DATE, trend.name, arguments, stated, function, subject="trends")


def sum_law(name: str, number: int, units: str) -> Equation:
    """Return the equation of a variable that is the sum of copies of an input.

    Parameters
    ----------
    name, units
        The variable.
    number
        How many copies there are.
    """
    arguments = tuple(copies_of(name, number))

    def function(*values: Any, **named: Any) -> Any:
        return sum(named.values() if named else values)

    function.__module__ = __name__
    function.__doc__ = (
        f"Sum of {number} independent copies.\n\n{arguments[0]} + … + {arguments[-1]}."
    )
    function.__overridable__ = True  # type: ignore[attr-defined]
    own = Units(units, getattr(units, "domain", None))
    stated = dict.fromkeys((name, *arguments), own)
    return Equation(f"{name}__of_copies", name, arguments, stated, function, subject="trends")


def drift(
    date: FloatArray, since: FloatArray, factors: list[FloatArray], ends: list[float]
) -> FloatArray:
    """Return the growth in the logarithm from one date to another.

    Parameters
    ----------
    date, since
        The dates, in years of the calendar.
    factors
        Growth a year, by period.
    ends
        The dates on which one period ends and the next begins.

    Examples
    --------
    >>> two, half = np.array([2.0]), np.array([0.5])
    >>> drift(np.array([2027.0]), np.array([2024.0]), [half, two], [2025.0])
    array([0.69314718])
    """
    bounds = [-np.inf, *ends, np.inf]
    total: Any = 0.0
    for factor, low, high in zip(factors, bounds, bounds[1:], strict=False):
        total = total + np.log(factor) * (np.clip(date, low, high) - np.clip(since, low, high))
    return np.asarray(total)


def _once(values: Any) -> Any:
    """Return values that are all one number as one, which is soon computed with."""
    alike = np.ndim(values) == 1 and np.size(values) and np.ptp(values) == 0
    return values[:1] if alike else values


def _spread(span: FloatArray, part: Any) -> FloatArray:
    """Return the standard deviation of the logarithm at a distance from the level's date."""
    within = np.abs(span)
    if (back := part("reversion")) is not None:
        back = np.maximum(back, _LEAST)
        within = -np.expm1(-2 * back * within) / (2 * back)
    variance = part("volatility") ** 2 * within
    if (scatter := part("scatter")) is not None:
        variance = variance + scatter**2
    return np.asarray(np.sqrt(variance))


def _formula(trend: Trend, parts: Mapping[str, str]) -> str:
    years = f"({DATE} - {trend.part('level_date')})"
    growth = trend.growths[-1] if not trend.rate else f"(1 + {trend.growths[-1]})"
    text = f"{trend.part('level')} x {growth}^{years}"
    if "shock" in parts:
        spread = f"{parts['volatility']}^2 {years}"
        spread += f" + {parts['scatter']}^2" if "scatter" in parts else ""
        text += f" x exp({parts['shock']} sqrt({spread}))"
    if trend.until:
        text += f", its growth changing on {', '.join(map(str, trend.until))}"
    return f"{text}."
