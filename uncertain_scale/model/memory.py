"""Equations of functions in memory: those of a notebook, with lambdas and units that follow.

What nobody annotates takes its units from what is stated: an argument from its input, a result from
the arguments by the formula. So a sketch needs no annotation, and its units are checked all the
same.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from uncertain_scale.errors import ModelError
from uncertain_scale.model.equation import (
    IN_MEMORY,
    Equation,
    read_function,
    refuse_kind,
)
from uncertain_scale.model.invert import named_inverses
from uncertain_scale.model.model import read_all
from uncertain_scale.model.unit_check import unit_of_result
from uncertain_scale.units.domain import Units

Law: TypeAlias = Callable[..., Any] | types.ModuleType | Path | str
Named: TypeAlias = Mapping[str, Callable[..., Any] | tuple[Any, str]]
Laws: TypeAlias = Law | Named | Sequence[Law | Named]
_EXPECTED = 'functions, {"name": lambda …}, modules or Python files'


def read_laws(laws: Laws, known: Mapping[str, str]) -> tuple[Equation, ...]:
    """Read equations from functions, modules and files, with units for every variable.

    Parameters
    ----------
    laws
        Functions, by name where they are lambdas, each alone or with the units of its result in a
        tuple; modules; Python files.
    known
        Units of inputs that no annotation states.

    Raises
    ------
    ModelError
        Something is no equation, or units do not go together.
    """
    found: dict[str, Equation] = {}
    for law in _each(laws):
        for one in [law, *named_inverses(law)]:
            if one.name in found and one is law:
                raise ModelError(
                    f"{one.where} {one.name} is an equation twice; a second way to "
                    f"'{one.target}' has a suffix, such as {one.target}__from_other"
                )
            found.setdefault(one.name, one)
    if not found:
        raise ModelError(f"equations: found none; expected {_EXPECTED}")
    return _with_all_units(tuple(found.values()), known)


def _each(laws: Any) -> Iterator[Equation]:
    if isinstance(laws, Mapping):
        for name, law in laws.items():
            yield _named(name, law)
    elif isinstance(laws, types.ModuleType | Path | str):
        yield from (one for one in read_all([laws]) if one.law is None)
    elif isinstance(laws, list | tuple):
        for law in laws:
            yield from _each(law)
    else:
        yield _read(getattr(laws, "__name__", type(laws).__name__), laws)


def _named(name: str, law: Any) -> Equation:
    """Read a function under a name of its own, with the units of its result if they are stated."""
    function, units = law if isinstance(law, tuple) and len(law) == 2 else (law, None)
    if not str(name).isidentifier():
        raise ModelError(f"equations: '{str(name)[:40]}' is not a name: letters, digits and _ only")
    equation = _read(name, _renamed(function, name) if _is_lambda(function) else function)
    equation = replace(equation, name=name, target=name.split("__", maxsplit=1)[0])
    if equation.target in equation.arguments:
        raise ModelError(f"{equation.where} {name} computes '{equation.target}' from itself")
    if units is None:
        return equation
    return replace(equation, units={**equation.units, equation.target: Units(str(units), None)})


def _read(name: str, function: Any) -> Equation:
    if _is_lambda(function):
        raise ModelError('equations: a lambda has no name; write {"name": lambda …}')
    if not callable(function):
        found = f"{type(function).__name__} {function!r:.60}"
        raise ModelError(f"equations: found {found}; expected {_EXPECTED}")
    if not isinstance(function, types.FunctionType):
        raise ModelError(
            f"equations: {name} is a {type(function).__name__} object; call it inside of a function"
        )
    refuse_kind(name, function, function)
    return read_function(_renamed(function, function.__name__), IN_MEMORY)


def _is_lambda(function: object) -> bool:
    return isinstance(function, types.FunctionType) and function.__name__ == "<lambda>"


def _renamed(function: types.FunctionType, name: str) -> types.FunctionType:
    """Return a function under another name."""
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        name,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__module__ = function.__module__ or IN_MEMORY  # None where `exec` made it
    functools.update_wrapper(copy, function, ("__doc__", "__annotations__"))
    return copy


def _with_all_units(
    equations: tuple[Equation, ...], known: Mapping[str, str]
) -> tuple[Equation, ...]:
    """Return equations that declare the units of all their variables.

    Raises ModelError: those of a result do not follow.
    """
    units: dict[str, str] = {name: Units(unit, None) for name, unit in known.items()}
    for equation in equations:
        units |= equation.units
    laws = [one for one in equations if one.law is None]
    computed = {one.target for one in laws}
    for name in (name for one in laws for name in one.arguments if name not in computed):
        units.setdefault(name, Units("1", None))
    while open_laws := [one for one in laws if one.target not in units]:
        ready = [one for one in open_laws if units.keys() >= {*one.arguments}]
        if not ready:
            first = open_laws[0]
            raise ModelError(
                f"{first.where} {first}: its units follow from themselves; state those of its "
                f'result, as in {{"{first.name}": (function, "USD")}}, or annotate it'
            )
        for one in ready:
            if one.target not in units:
                units[one.target] = Units(unit_of_result(one, units), None)
    return tuple(
        replace(one, units={**{name: units[name] for name in one.variables}, **one.units})  # type: ignore[misc]
        for one in equations
    )
