"""Draws of the inputs carried through a plan's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["propagate", "refuse_mixing"]


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
        An equation fails, or does not give a number for each draw.
    """
    values = dict(inputs)
    # A division by a draw of zero gives inf or nan, which the summary reports in words.
    with np.errstate(all="ignore"):
        for equation in plan.steps:
            values[equation.target] = _apply(equation, [values[a] for a in equation.arguments])
    return values


def refuse_mixing(plan: Plan, inputs: Mapping[str, FloatArray]) -> None:
    """Refuse equations in which a draw's result depends on other draws, such as `x / x.max()`.

    Draws are made in blocks, so what such an equation gives would depend on the blocks.

    Parameters
    ----------
    plan, inputs
        As in `propagate`; a few different draws are enough.

    Raises
    ------
    ModelError
        The first such equation.
    """
    values = propagate(plan, inputs)
    turned = propagate(plan, {name: draws[::-1].copy() for name, draws in inputs.items()})
    for equation in plan.steps:
        one, other = values[equation.target], turned[equation.target][::-1]
        if not np.allclose(one, other, rtol=1e-9, atol=0, equal_nan=True):
            raise ModelError(
                f"{equation.where} {equation} gives a draw another result where the others stand "
                "in another order; expected each draw's result from that draw alone"
            )


def _apply(equation: Equation, arguments: list[FloatArray]) -> FloatArray:
    try:
        result = np.asarray(equation.function(*arguments), dtype=float)
    except Exception as error:
        raise ModelError(
            f"{equation.where} {equation} fails on arrays of draws: "
            f"{type(error).__name__}: {error}; write it with numpy's functions"
        ) from error
    if arguments and result.shape != arguments[0].shape:
        raise ModelError(
            f"{equation.where} {equation} gives an array of shape {result.shape} for draws of "
            f"shape {arguments[0].shape}; expected one number for each draw"
        )
    return result
