"""Units checked by magnitude: an equation must give the same number with units and without.

A check of dimensions alone passes FLOP/s x hour for FLOP, which is wrong by 3,600. So each equation
runs twice, on pint quantities and on bare numbers in the units it declares, and the two results are
compared in the units it declares for its own.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, get_type_hints

import numpy as np

from uncertain_scale.errors import ModelError, UnitError
from uncertain_scale.model.equation import unit_of
from uncertain_scale.units import conversion_factor, registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.model.equation import Equation

__all__ = ["check_units"]


def check_units(equations: Sequence[Equation], units: Mapping[str, str]) -> None:
    """Check each equation's units by magnitude.

    Parameters
    ----------
    equations
        The equations; those marked empirical are stated for bare numbers and are not checked.
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
        except UnitError as error:
            faults.append(f"{name} is declared in units that cannot be read: {error}")
    if not faults:
        faults = [
            fault
            for equation in equations
            if not equation.empirical and (fault := _fault(equation, units))
        ]
    if faults:
        raise ModelError("\n".join(faults))


def _fault(equation: Equation, units: Mapping[str, str]) -> str:
    """Return what is wrong with one equation's units, or ""."""
    # Values of one size, all different and none special, so that no slip cancels by chance.
    numbers = {name: 1.1 + 0.37 * k for k, name in enumerate(equation.arguments)}
    quantity = registry().Quantity
    quantities = {name: quantity(value, _pint(units[name])) for name, value in numbers.items()}
    expected = units[equation.target]
    try:
        with np.errstate(all="ignore"):
            bare = float(equation.function(**numbers))
            found = quantity(_with_units(equation)(**quantities))
        magnitude = float(found.to(_pint(expected)).magnitude)
    except Exception as error:  # noqa: BLE001 (a user's equation may raise anything)
        return (
            f"{equation.where} {equation}: its units do not work out to {expected}: {error}; "
            "mend the formula or its annotations, or mark a fitted law @empirical"
        )
    if np.isclose(magnitude, bare, rtol=1e-9, atol=0, equal_nan=True):
        return ""
    return (
        f"{equation.where} {equation} is off by a factor {magnitude / bare:.6g}: its result is in "
        f"{found.units:~P}, declared as {expected}; multiply by a constant annotated with its units"
    )


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
