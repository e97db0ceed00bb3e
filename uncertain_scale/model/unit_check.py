"""Units of equations, checked by magnitude.

A check of dimensions alone passes FLOP/s x hour for FLOP, which is wrong by 3,600. So each equation
runs twice, on pint quantities and on bare numbers in the units it declares, and the two results are
compared in the units it declares for its own.
"""

from __future__ import annotations

import re
import sys
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from uncertain_scale.errors import ModelError, UnitError
from uncertain_scale.model.calls import CHANGES, failure, is_interrupt, misfit, user_code, writes
from uncertain_scale.model.equation import unit_of
from uncertain_scale.units import conversion_factor, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.model.equation import Equation

# Of NumPy and SciPy, what pint's quantities do not take.
_UNITLESS = re.compile(
    r"no implementation found for '([\w.]+)'|NotImplemented from \w+\(<ufunc '(\w+)'>"
)
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
            first = next((one for one in equations if name in one.units), None)
            place = f"{first.where} {first.name}: " if first else ""
            faults.append(
                f"{place}{name} is declared in units that cannot be read: '{unit[:60]}' is not a "
                "unit; money is in USD, and what is counted in gpu, token, parameter, person or "
                "item, or in '1'; declare others in [units] of a prior file, as EUR = 'own'"
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
    numbers = _numbers(equation)
    fault = _failure(equation, numbers)
    if fault:  # by what floats lack and arrays have, it may be
        numbers = {name: np.array([value]) for name, value in numbers.items()}
        if _failure(equation, numbers):
            return f"{equation.where} {equation} {fault}"
    quantity = registry().Quantity
    expected = units[equation.target]
    try:
        with user_code():
            plain = np.asarray(equation.function(**numbers))
        result = _on_quantities(equation, numbers, units)
        bare = float(plain.reshape(()))
        # The result of a comparison has no units.
        found = quantity(float(np.reshape(result, ())) if plain.dtype.kind == "b" else result)
        magnitude = float(np.reshape(found.to(_pint(expected)).magnitude, ()))
    except Exception as error:  # noqa: BLE001 (a user's equation may raise anything)
        if fault := _other_fault(equation, numbers):
            return f"{equation.where} {equation} {fault}"
        if called := _UNITLESS.search(str(error)):
            return _fault_of_unitless(equation, units, called[1] or called[2])
        return (
            f"{equation.where} {equation}: its units do not work out to {expected}: {error}; "
            "mend the formula or its annotations, or mark a fitted law @empirical "
            "(from uncertain_scale.units.aliases import empirical)"
        )
    same = _SAME if plain.dtype.itemsize >= 8 else _SAME_SINGLE
    if np.isclose(magnitude, bare, rtol=same, atol=0, equal_nan=True):
        return ""
    fault = _other_fault(equation, numbers) or _factor_fault(found, expected, magnitude / bare)
    return f"{equation.where} {equation} {fault}"


def unit_of_result(equation: Equation, units: Mapping[str, str]) -> str:
    """Return the units that an equation's result has, by those of its arguments.

    Raises ModelError: they do not go together.
    """
    if equation.empirical:
        return "1"
    try:
        found = _on_quantities(equation, _numbers(equation), units)
    except Exception as error:  # noqa: BLE001 (a user's equation may raise anything)
        taken = ", ".join(f"{name} in {units[name]}" for name in equation.arguments)
        raise ModelError(
            f"{equation.where} {equation}: its units do not work out, with {taken}: {error}; "
            "mend the formula or the units, or mark a fitted law @empirical "
            "(from uncertain_scale.units.aliases import empirical)"
        ) from None
    text = f"{found.units:C}" if hasattr(found, "units") else "1"
    return "1" if text == "dimensionless" else text


def _numbers(equation: Equation) -> dict[str, Any]:
    """Return values of one size, all different and none special: no slip cancels by chance."""
    return {name: 1.1 + 0.37 * k for k, name in enumerate(equation.arguments)}


def _on_quantities(equation: Equation, numbers: Mapping[str, Any], units: Mapping[str, str]) -> Any:
    """Return what an equation gives for numbers with units."""
    quantity = registry().Quantity
    quantities = {name: quantity(value, _pint(units[name])) for name, value in numbers.items()}
    with user_code():
        return _with_units(equation)(**quantities)


def _fault_of_unitless(equation: Equation, units: Mapping[str, str], called: str) -> str:
    """Return what is wrong with an equation that calls what quantities lack: "" without units."""
    named = {name: units[name] for name in (*equation.arguments, equation.target)}
    used = equation.function.__code__.co_names
    named |= {name: unit for name, unit in _constants(equation).items() if name in used}
    some = next((name for name, unit in named.items() if unit != "1"), "")
    if not some:
        return ""
    return (
        f"{equation.where} {equation} calls {called}, which knows no units, so that these cannot "
        f"be checked ({some} is in {named[some]}); write it with operators and functions such as "
        "np.where, np.maximum and np.exp, call it in an equation whose variables have no units, or "
        "mark a fitted law @empirical (from uncertain_scale.units.aliases import empirical)"
    )


def _other_fault(equation: Equation, numbers: Mapping[str, Any]) -> str:
    """Return what else than its units keeps an equation from the same result twice, or ""."""
    arguments = [np.atleast_1d(np.asarray(value, dtype=float)) for value in numbers.values()]
    if fault := writes(equation, arguments):
        return fault
    with user_code():
        first, second = (np.asarray(equation.function(**numbers)) for _ in range(2))
    return "" if np.array_equal(first, second, equal_nan=first.dtype.kind == "f") else CHANGES


def _factor_fault(found: Any, expected: str, factor: float) -> str:
    """Say by which factor a result with units differs from one without, and what to write."""
    units = registry().Quantity(1.0, _pint(expected))
    one = registry().Quantity(1.0, found.units)
    explained = float(one.to(units.units).magnitude)
    if not np.isclose(explained, factor, rtol=1e-6):
        return (
            f"is off by a factor {factor:.6g}, which its result's units do not explain: terms that "
            "are added or compared are in different units, such as kW and MW; multiply one by a "
            'constant annotated with its units, such as KW_PER_MW: Annotated[float, "kW/MW"] = 1000'
        )
    shown = f"{found.units:~P}" or "1"
    constant = f'FACTOR: Annotated[float, "{(units / one).units:C}"] = {factor:.6g}'
    return (
        f"is off by a factor {factor:.6g}: its result is in {shown}, declared as {expected}; "
        f"multiply by a constant annotated with its units, {constant}"
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


def _hints_of(module: types.ModuleType) -> dict[str, Any]:
    """Return the annotations of a module's names, less those that only a type checker reads."""
    try:
        return get_type_hints(module, include_extras=True)
    except NameError:
        found = {}
        for name, hint in vars(module).get("__annotations__", {}).items():
            with suppress(Exception):
                found[name] = eval(hint, vars(module)) if isinstance(hint, str) else hint  # noqa: S307 (the user's own)
        return found


def _with_units(equation: Equation) -> types.FunctionType:
    """Return the equation with its module's annotated constants as quantities."""
    function = equation.function
    module = _module_of(function)
    constants = {
        name: registry().Quantity(getattr(module, name), _pint(unit))
        for name, unit in _constants(equation).items()
    }
    return types.FunctionType(
        function.__code__,
        {**function.__globals__, **constants},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def _constants(equation: Equation) -> dict[str, str]:
    """Return the units of the module's annotated constants."""
    module = _module_of(equation.function)
    return {
        name: unit
        for name, hint in _hints_of(module).items()
        if hasattr(module, name) and (unit := unit_of(hint)) is not None
    }


def _module_of(function: Callable[..., Any]) -> types.ModuleType:
    """Return the module of a function, also of one that was made in memory."""
    module = sys.modules.get(function.__module__)
    if module is None or vars(module) is not function.__globals__:
        module = types.ModuleType(function.__module__)
        vars(module).update(function.__globals__)
    return module
