"""How far rounding moves outputs in which large terms cancel, as `(a + 1e15) - 1e15` does.

Equations run once on trial draws that carry a bound of their rounding error. Each operation adds
half a unit in the last place, and passes on what a move by the errors of its arguments changes
(running error analysis: Wilkinson 1986, doi:10.1093/imanum/6.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from uncertain_scale.errors import ModelError
from uncertain_scale.model.calls import StandIn, call, try_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.units.aliases import FloatArray

GRAIN = "grain"
"""Attribute of an output that rounding moves: by how much, in its units."""

_HALF = np.finfo(float).eps / 2
# Of a typical distance from the median. No figure here is surer, nor a probability: rounding moves
# it by the density times the grain, which is less than the grain by that distance. A model without
# cancellation is at 1e-15.
_COARSE = 1e-6
_ALIKE = 1e-9  # of a number that most draws are


@dataclass(frozen=True, eq=False)
class Rounded(StandIn):
    """Draws, and bounds of their rounding errors.

    Parameters
    ----------
    value, error
        Shape (draw,).
    """

    value: FloatArray
    error: FloatArray

    @classmethod
    def of(cls, value: Any, error: FloatArray | float = 0.0) -> Rounded:
        """Return draws with the error of their last digit added."""
        value = np.asarray(value, dtype=float)
        return cls(value, np.asarray(error + _HALF * np.abs(value)))

    @override
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a function to draws, those of conditions without an error."""
        if method != "__call__" or kwargs or ufunc.nout > 1:
            return NotImplemented
        values = [one.value if isinstance(one, Rounded) else one for one in inputs]
        found = ufunc(*values)
        if found.dtype.kind != "f":
            return found
        errors = [one.error if isinstance(one, Rounded) else 0.0 for one in inputs]
        return Rounded.of(found, _passed_on(lambda moved: ufunc(*moved), values, errors, found))

    def __array_function__(
        self, func: Any, types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Apply `where` and `clip`."""
        del types
        if func is np.where and len(args) == 3 and not kwargs:
            condition, *either = args
            condition = condition.value if isinstance(condition, Rounded) else condition
            one, other = (
                side if isinstance(side, Rounded) else Rounded.of(side) for side in either
            )
            value = np.where(condition, one.value, other.value)
            return Rounded(value, np.where(condition, one.error, other.error))
        if func is np.clip and len(args) == 3 and not kwargs:
            value, low, high = args
            return np.minimum(np.maximum(value, low), high)
        return NotImplemented


def grains(
    plan: Plan, trial: Mapping[str, FloatArray], settled: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Return, by output that rounding moves, how far, as attributes of its draws.

    Parameters
    ----------
    plan
        Which equations, in which order.
    trial
        Trial draws of all variables.
    settled
        Variables that only rounding moves, which are made one number.

    Returns
    -------
    dict
        `grain`, the median over the trial draws of the bound of the rounding error, where that is
        more than a millionth of a typical distance from the median; nothing for other outputs. Of
        an equation that is no formula of NumPy's functions, cancellation inside of it is not seen.
    """
    known = {name: Rounded.of(trial[name]) for name in plan.inputs}
    varying = {name for name in plan.inputs if np.ptp(trial[name]) > 0}
    for equation in plan.steps:
        name, arguments = equation.target, [known[one] for one in equation.arguments]
        if varying.intersection(equation.arguments):
            varying.add(name)
        if name in settled:
            known[name] = Rounded(trial[name], np.zeros(trial[name].shape))
            continue
        found = try_on(equation, arguments, _read(trial[name].shape))
        if found is None:
            with np.errstate(all="ignore"):
                found = _opaque(equation, arguments, trial[name])
        known[name] = found
    sizes = {name: _grain(known[name]) for name in plan.outputs if name in varying}
    return {name: {GRAIN: size} for name, size in sizes.items() if size}


def _read(shape: tuple[int, ...]) -> Callable[[Any], Rounded]:
    """Return what reads the result of an equation as draws of a shape."""

    def read(found: Any) -> Rounded:
        one = found if isinstance(found, Rounded) else Rounded.of(found)
        return Rounded(np.broadcast_to(one.value, shape), np.broadcast_to(one.error, shape))

    return read


def _opaque(equation: Equation, arguments: Sequence[Rounded], value: FloatArray) -> Rounded:
    """Return the result of an equation that is called as a whole."""

    def moved(values: Sequence[Any]) -> FloatArray:
        try:
            return call(equation, [np.ascontiguousarray(one) for one in values])
        except ModelError:  # it may not bear other values
            return value

    values, errors = [one.value for one in arguments], [one.error for one in arguments]
    return Rounded.of(value, _passed_on(moved, values, errors, value))


def _passed_on(
    function: Callable[[Sequence[Any]], FloatArray],
    values: Sequence[Any],
    errors: Sequence[FloatArray | float],
    found: FloatArray,
) -> FloatArray:
    """Return by how much the errors of arguments move a result.

    Of both directions that moves less: on an exact edge of a step, one of them leaves the result.
    """
    total = np.zeros(found.shape)
    for place, error in enumerate(errors):
        if np.any(error):
            moves = [
                np.abs(
                    function([*values[:place], values[place] + by, *values[place + 1 :]]) - found
                )
                for by in (error, -error)
            ]
            total = total + np.fmin(*moves)
    return total


def _grain(one: Rounded) -> float:
    """Return the size of a rounding error that is not small beside the spread, else 0."""
    finite = np.isfinite(one.value) & np.isfinite(one.error)
    if not finite.any():
        return 0.0
    values = one.value[finite]
    middle = float(np.median(values))
    spread, error = float(np.median(np.abs(values - middle))), float(np.median(one.error[finite]))
    least = _COARSE * spread if spread else _ALIKE * abs(middle)
    return error if error > least else 0.0
