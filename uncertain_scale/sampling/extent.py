"""What equations and priors tell of an output's range and of its moments, without any draw.

Equations run once on extents in the place of arrays: intervals that hold all values, with the
orders up to which moments exist. Each rule gives what must be so however the arguments depend on
one another; what an equation does beyond these rules leaves its result unknown. They run once more
on weighted sums of inputs, whose means and standard deviations follow from those of the inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.distributions import Constant, Normal
from uncertain_scale.model.calls import StandIn, try_on, user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.sampling.dependence import InputSampler

_INF = math.inf


@dataclass(frozen=True, eq=False)
class Extent(StandIn):
    """A closed interval that holds all values of a variable, and which of its moments exist.

    Parameters
    ----------
    low, high
        Ends, which may be infinite.
    order
        E|X|^q is finite for every q below it.
    inverse
        E|X|^-q is finite for every q below it.
    exponent
        E exp(s|X|) is finite for every s below it.
    sources
        The coordinates that it rests on: extents without a common one are independent.
    """

    low: float
    high: float
    order: float = 0.0
    inverse: float = 0.0
    sources: frozenset[str] = frozenset()
    exponent: float = 0.0

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high):
            object.__setattr__(self, "low", -_INF)
            object.__setattr__(self, "high", _INF)
        if self.bounded:
            object.__setattr__(self, "order", _INF)
            object.__setattr__(self, "exponent", _INF)
        if self.low > 0 or self.high < 0:
            object.__setattr__(self, "inverse", _INF)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def __array_function__(
        self, func: Any, types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Apply `where` and `clip`."""
        del types
        if func is np.where and len(args) == 3 and not kwargs:
            condition, *either = args
            one, other = map(_of, either)
            return _either(one, other, _of(condition).sources)
        if func is np.clip:
            return _clip(*args, **kwargs)
        return NotImplemented


UNKNOWN = Extent(-_INF, _INF)


def carry(plan: Plan, inputs: Mapping[str, Extent]) -> dict[str, Extent]:
    """Return the extent of each variable of a plan.

    Parameters
    ----------
    plan
        Which equations, in which order.
    inputs
        Extents of the inputs, in the model's units.
    """
    known = dict(inputs)
    with np.errstate(all="ignore"):
        for equation in plan.steps:
            try:
                with user_code():
                    result = equation.function(*(known[name] for name in equation.arguments))
                found = _of(result)
            except Exception:  # noqa: BLE001 - an equation may do anything, and then nothing is known
                found = UNKNOWN
            known[equation.target] = found
    return known


def _of(value: Any) -> Extent:
    if isinstance(value, Extent):
        return value
    values = np.asarray(value, dtype=float)
    if not values.size:
        raise TypeError("no number")
    return Extent(float(values.min()), float(values.max()))


def _hull(*ends: float) -> tuple[float, float]:
    """Return the least and greatest of some ends, where 0 times infinity is 0."""
    known = [0.0 if math.isnan(end) else end for end in ends]
    return min(known), max(known)


def _add(a: Extent, b: Extent) -> Extent:
    alike = (a.low >= 0 and b.low >= 0) or (a.high <= 0 and b.high <= 0)
    inverse = max(a.inverse, b.inverse) if alike else 0.0
    order = min(a.order, b.order)
    independent = not a.sources & b.sources
    exponent = _joined(a.exponent, b.exponent, independent=independent)
    ends = a.low + b.low, a.high + b.high
    return Extent(*ends, order, inverse, a.sources | b.sources, exponent)


def _negative(a: Extent) -> Extent:
    return Extent(-a.high, -a.low, a.order, a.inverse, a.sources, a.exponent)


def _joined(one: float, other: float, *, independent: bool) -> float:
    """Return the order of a product: Hoelder's, or the lesser where factors are independent."""
    if independent or math.isinf(one) or math.isinf(other):
        return min(one, other)
    return 1 / (1 / one + 1 / other) if one and other else 0.0


def _multiply(a: Extent, b: Extent) -> Extent:
    if a is b:
        return _power(a, Extent(2.0, 2.0))
    independent = not a.sources & b.sources
    # Only a bounded factor leaves an exponential moment.
    exponents = (
        one.exponent / size
        for one, other in ((a, b), (b, a))
        if 0 < (size := max(abs(other.low), abs(other.high))) < _INF
    )
    low, high = _hull(*(x * y for x in (a.low, a.high) for y in (b.low, b.high)))
    return Extent(
        low,
        high,
        _joined(a.order, b.order, independent=independent),
        _joined(a.inverse, b.inverse, independent=independent),
        a.sources | b.sources,
        max(exponents, default=0.0),
    )


def _reciprocal(a: Extent) -> Extent:
    if a.low < 0 < a.high:
        low, high = -_INF, _INF
    else:
        low = 1 / a.high if a.high else -_INF
        high = 1 / a.low if a.low else _INF
    return Extent(low, high, a.inverse, a.order, a.sources)


def _divide(a: Extent, b: Extent) -> Extent:
    if a is b:
        return Extent(1.0, 1.0, sources=a.sources) if b.low > 0 or b.high < 0 else UNKNOWN
    return _multiply(a, _reciprocal(b))


def _absolute(a: Extent) -> Extent:
    low = 0.0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))
    return Extent(low, max(abs(a.low), abs(a.high)), a.order, a.inverse, a.sources)


def _power(a: Extent, b: Extent) -> Extent:
    if b.low != b.high:
        return _exp(_multiply(b, _log(a))) if a.low > 0 else UNKNOWN
    power = b.low
    if power == 0:
        return Extent(1.0, 1.0)
    if power < 0:
        return _reciprocal(_power(a, Extent(-power, -power)))
    base = a
    if a.low < 0:
        if power % 2 == 0:
            base = _absolute(a)
        elif power % 1:
            return UNKNOWN  # nan for some draws
    ends = (_raised(base.low, power), _raised(base.high, power))
    return Extent(*ends, a.order / power, a.inverse / power, a.sources)


def _raised(value: float, power: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.power(value, power))


def _exp(a: Extent) -> Extent:
    low, high = (float(np.exp(end)) for end in (a.low, a.high))
    order, inverse = (a.exponent if math.isinf(end) else _INF for end in (high, a.low))
    return Extent(low, high, order, inverse, a.sources)


def _log(a: Extent) -> Extent:
    if a.low < 0:
        return UNKNOWN
    low = math.log(a.low) if a.low > 0 else -_INF
    high = math.log(a.high) if 0 < a.high < _INF else _INF if a.high else -_INF
    order = _INF if a.order > 0 and a.inverse > 0 else 0.0
    return Extent(low, high, order, 0.0, a.sources)


def _monotone(function: Callable[[float], Any], *, bounded: bool = False) -> Any:
    def rule(a: Extent) -> Extent:
        ends = (float(function(a.low)), float(function(a.high)))
        return Extent(*ends, _INF if bounded else a.order, 0.0, a.sources)

    return rule


def _maximum(a: Extent, b: Extent) -> Extent:
    inverse = max(a.inverse, b.inverse) if a.low >= 0 and b.low >= 0 else 0.0
    ends = max(a.low, b.low), max(a.high, b.high)
    return Extent(*ends, min(a.order, b.order), inverse, a.sources | b.sources)


def _minimum(a: Extent, b: Extent) -> Extent:
    # The lesser of what is not negative is no more than either.
    positive = a.low >= 0 and b.low >= 0
    order = max(a.order, b.order) if positive else min(a.order, b.order)
    inverse = min(a.inverse, b.inverse)
    ends = min(a.low, b.low), min(a.high, b.high)
    return Extent(*ends, order, inverse, a.sources | b.sources)


def _either(a: Extent, b: Extent, of: frozenset[str]) -> Extent:
    return Extent(
        min(a.low, b.low),
        max(a.high, b.high),
        min(a.order, b.order),
        min(a.inverse, b.inverse),
        a.sources | b.sources | of,
    )


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **names: Any) -> Extent:
    least, most = names.get("min", a_min), names.get("max", a_max)
    if set(names) - {"min", "max"}:
        raise TypeError("no rule for this way to clip")
    found = _of(a)
    found = found if least is None else _maximum(found, _of(least))
    return found if most is None else _minimum(found, _of(most))


def _test(*sides: Extent) -> Extent:
    return Extent(0.0, 1.0, sources=frozenset().union(*(side.sources for side in sides)))


_RULES: dict[str, Callable[..., Extent]] = {
    "add": _add,
    "subtract": lambda a, b: _add(a, _negative(b)),
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "float_power": _power,
    "negative": _negative,
    "positive": lambda a: a,
    "reciprocal": _reciprocal,
    "absolute": _absolute,
    "fabs": _absolute,
    "square": lambda a: _power(a, Extent(2.0, 2.0)),
    "sqrt": lambda a: _power(a, Extent(0.5, 0.5)),
    "cbrt": _monotone(np.cbrt),
    "exp": _exp,
    "exp2": lambda a: _exp(_multiply(a, _of(math.log(2)))),
    "expm1": lambda a: _add(_exp(a), Extent(-1.0, -1.0)),
    "log": _log,
    "log2": lambda a: _multiply(_log(a), _of(1 / math.log(2))),
    "log10": lambda a: _multiply(_log(a), _of(1 / math.log(10))),
    "log1p": lambda a: _log(_add(a, Extent(1.0, 1.0))),
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _maximum,
    "fmin": _minimum,
    "clip": lambda a, low, high: _minimum(_maximum(a, low), high),
    "floor": _monotone(np.floor),
    "ceil": _monotone(np.ceil),
    "rint": _monotone(np.rint),
    "trunc": _monotone(np.trunc),
    "tanh": _monotone(np.tanh, bounded=True),
    "arctan": _monotone(np.arctan, bounded=True),
    "sign": _monotone(np.sign, bounded=True),
    **dict.fromkeys(
        (
            *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"),
            *("logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert"),
            "isfinite",
        ),
        _test,
    ),
}


def _applied(rule: Callable[..., Extent]) -> Callable[..., Extent]:
    return lambda *inputs: rule(*map(_of, inputs))


Extent.rules = {name: _applied(rule) for name, rule in _RULES.items()}


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
    found: Affine | None = try_on(equation, [known[name] for name in equation.arguments], _affine)
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
    if columns:
        total = np.sum(columns, axis=0)
        sd = float(total.std()) if sampler.at_rows(slopes) else math.nan
        return float(total.mean()), sd
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


def _affine(value: Any) -> Affine:
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
    "add": lambda a, b: _plus(_affine(a), _affine(b)),
    "subtract": lambda a, b: _plus(_affine(a), _affine(b), -1.0),
    "multiply": lambda a, b: _times(_affine(a), _affine(b)),
    "divide": lambda a, b: _over(_affine(a), _affine(b)),
    "negative": lambda a: _plus(Affine(), a, -1.0),
    "positive": lambda a: a,
}
