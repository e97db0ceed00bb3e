"""Units checked by magnitude: an equation must give the same number with units and without.

A check of dimensions alone passes FLOP/s x hour for FLOP, which is wrong by 3,600. So each equation
runs twice, on pint quantities and on bare numbers in the units it declares, and the two results are
compared in the units it declares for its own.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from uncertain_scale.errors import ModelError, UnitError
from uncertain_scale.model.calls import failure, is_interrupt, misfit, user_code
from uncertain_scale.model.equation import unit_of
from uncertain_scale.units import conversion_factor, registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.model.equation import Equation

__all__ = ["check_units"]

_SAME, _SAME_SINGLE = 1e-9, 1e-5  # relative; in double precision, and in less


def check_units(equations: Sequence[Equation], units: Mapping[str, str]) -> None:
    """Check each equation's units by magnitude.

    Parameters
    ----------
    equations
        The equations; those marked empirical are stated for bare numbers and are not checked, nor
        are inverses, whose units follow from their laws'.
    units
        Units by variable, all of the equations' variables among them.

    Raises
    ------
    ModelError
        All equations whose result is not in the units they declare, at once.
    """
    faults = []
    for name, unit in units.items():
        try:
            conversion_factor(f"{unit} ", unit)
        except UnitError:
            faults.append(
                f"{name} is declared in units that cannot be read: '{unit[:60]}' is not a unit; "
                "what is counted is in gpu, token, parameter, person or item, or in '1'"
            )
    if not faults:
        faults = [
            fault
            for equation in equations
            if not equation.empirical
            and equation.law is None
            and (fault := _fault(equation, units))
        ]
    if faults:
        raise ModelError("\n".join(faults))


def _fault(equation: Equation, units: Mapping[str, str]) -> str:
    """Return what is wrong with one equation's units, or ""."""
    # Values of one size, all different and none special, so that no slip cancels by chance.
    numbers: dict[str, Any] = {name: 1.1 + 0.37 * k for k, name in enumerate(equation.arguments)}
    fault = _failure(equation, numbers)
    if fault:  # by what floats lack and arrays have, it may be
        numbers = {name: np.array([value]) for name, value in numbers.items()}
        if _failure(equation, numbers):
            return f"{equation.where} {equation} {fault}"
    quantity = registry().Quantity
    quantities = {name: quantity(value, _pint(units[name])) for name, value in numbers.items()}
    expected = units[equation.target]
    try:
        with user_code():
            plain = np.asarray(equation.function(**numbers))
            result = _with_units(equation)(**quantities)
        bare = float(plain.reshape(()))
        # The result of a comparison has no units.
        found = quantity(float(np.reshape(result, ())) if plain.dtype.kind == "b" else result)
        magnitude = float(np.reshape(found.to(_pint(expected)).magnitude, ()))
    except Exception as error:  # noqa: BLE001 (a user's equation may raise anything)
        return (
            f"{equation.where} {equation}: its units do not work out to {expected}: {error}; "
            "mend the formula or its annotations, or mark a fitted law @empirical "
            "(from uncertain_scale.units.aliases import empirical)"
        )
    same = _SAME if plain.dtype.itemsize >= 8 else _SAME_SINGLE
    if np.isclose(magnitude, bare, rtol=same, atol=0, equal_nan=True):
        return ""
    return (
        f"{equation.where} {equation} is off by a factor {magnitude / bare:.6g}: its result is in "
        f"{found.units:~P}, declared as {expected}; multiply by a constant annotated with its units"
    )


def _failure(equation: Equation, numbers: Mapping[str, Any]) -> str:
    """Return how an equation fails on plain numbers, or ""."""
    try:
        with user_code():
            result = equation.function(**numbers)
    except BaseException as error:
        if is_interrupt(error):
            raise
        return failure(error, "plain numbers")
    if said := misfit(result):
        return f"gives {said}; expected a number"
    size = np.size(result)
    return "" if size == 1 else f"gives {size} numbers where each argument is one"


def _pint(units: str) -> str:
    return "dimensionless" if units == "1" else units


def _with_units(equation: Equation) -> types.FunctionType:
    """Return the equation with its module's annotated constants as quantities."""
    function = equation.function
    module = sys.modules[function.__module__]
    constants = {
        name: registry().Quantity(getattr(module, name), _pint(unit))
        for name, hint in get_type_hints(module, include_extras=True).items()
        if hasattr(module, name) and (unit := unit_of(hint)) is not None
    }
    return types.FunctionType(
        function.__code__,
        {**function.__globals__, **constants},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
