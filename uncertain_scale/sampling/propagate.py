"""Draws of the inputs carried through a plan's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import ModelError
from uncertain_scale.model.calls import call, call_shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["propagate", "refuse_mixing"]

# Rounding differs with where a draw stands, by 1e-7 in single precision, and an iteration that
# stops when all draws have converged may go one step further for some.
_SAME = 1e-6
_AGAIN = 1e-9


def propagate(plan: Plan, inputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Carry draws of the inputs through a plan's equations.

    Parameters
    ----------
    plan
        Which equations, in which order.
    inputs
        Draws by input, of one shape, in the model's units.

    Returns
    -------
    dict
        Draws by variable, the inputs among them.

    Raises
    ------
    ModelError
        An equation fails, writes into an argument, or does not give a number for each draw.
    """
    values = dict(inputs)
    for equation in plan.steps:
        values[equation.target] = call(equation, [values[a] for a in equation.arguments])
    return values


def refuse_mixing(plan: Plan, inputs: Mapping[str, FloatArray]) -> None:
    """Refuse equations in which a draw's result depends on more than that draw.

    Draws are made in blocks, by several threads or machines, so what `x / x.max()` gives would
    depend on the blocks, and what a random equation gives on chance.

    Parameters
    ----------
    plan, inputs
        As in `propagate`; a few dozen different draws are enough.

    Raises
    ------
    ModelError
        All equations that fail or are such, a line each.
    """
    values = {name: draws.reshape(-1) for name, draws in inputs.items()}
    faults = []
    for equation in plan.steps:
        if not all(name in values for name in equation.arguments):
            continue  # of an equation that fails
        arguments = [values[name] for name in equation.arguments]
        try:
            values[equation.target] = call(equation, arguments)
            fault = _fault(equation, arguments)
        except ModelError as error:
            faults.append(str(error))
        else:
            faults += [f"{equation.where} {equation} {fault}"] if fault else []
    if faults:
        raise ModelError("\n".join(faults))


def _fault(equation: Equation, arguments: Sequence[FloatArray]) -> str:
    """Say what a draw's result depends on besides the draw; "" where it is on nothing."""
    found = call_shared(equation, arguments)
    whole = found.copy()
    if not _close(call(equation, arguments), whole, _AGAIN):
        return (
            "gives the same draws another result when it is called again; expected the same "
            "result each time: what is random in it belongs into a prior, as an argument"
        )
    turned = call(equation, [draws[::-1].copy() for draws in arguments])
    if not np.array_equal(found, whole, equal_nan=True):
        return "writes into a result that it gave before; give a new array each time"
    if not _close(turned[::-1], whole, _SAME):
        how = "the others stand in another order"
    elif not all(
        _close(call(equation, [draws[rows] for draws in arguments]), whole[rows], _SAME)
        for rows in _parts(arguments)
    ):
        how = "other draws stand beside it"
    else:
        return ""
    return f"gives a draw another result where {how}; expected each draw's result from that alone"


def _parts(arguments: Sequence[FloatArray]) -> Iterator[slice | np.ndarray]:
    """Yield rows of parts of the draws: every other, and the low and high ones of each argument.

    Half of the low ones are above a mean or median of theirs, and none above that of all.
    """
    yield slice(None, None, 2)
    for draws in arguments:
        if draws.min() < draws.max():
            yield from np.array_split(np.argsort(draws, kind="stable"), 2)


def _close(some: FloatArray, others: FloatArray, tolerance: float) -> bool:
    finite = np.abs(others[np.isfinite(others)])
    least = 1e-12 * float(finite.max(initial=0))  # of rounding where large numbers cancel
    return bool(np.allclose(some, others, rtol=tolerance, atol=least, equal_nan=True))
