"""Equations read from plain functions: names of arguments are variables, annotations their units.

Units are checked by magnitude: a check of dimensions alone passes FLOP/s x hour for FLOP, which is
wrong by 3,600. So each equation runs twice, on pint quantities and on bare numbers in the units it
declares, and the two results are compared in the units it declares for its own.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import re
import sys
import types
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from uncertain_scale.errors import ModelError, UnitError
from uncertain_scale.model.calls import (
    CHANGES,
    failure,
    is_interrupt,
    line_in,
    misfit,
    user_code,
    writes,
)
from uncertain_scale.reading import UnreadableError, read_text
from uncertain_scale.units import conversion_factor, registry
from uncertain_scale.units.domain import Domain, Units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_WAY = "__"
IN_MEMORY = "in memory"
"""The subject of equations that come from no file or module."""
_MOST_BYTES = 4_000_000

# Of NumPy and SciPy, what pint's quantities do not take.
_UNITLESS = re.compile(
    r"no implementation found for '([\w.]+)'|NotImplemented from \w+\(<ufunc '(\w+)'>"
)
_SAME, _SAME_SINGLE = 1e-9, 1e-5  # relative; in double precision, and in less


@dataclass(frozen=True)
class Equation:
    """One way to compute one variable.

    Parameters
    ----------
    name
        The function's name: the variable, and behind two underscores which way to it this is.
    target, arguments
        The variable computed, and those it is computed from.
    units
        Units by variable, with the domain where one is declared, for those that are annotated.
    function
        From arrays in those units to an array in the target's.
    subject
        The module it stands in.
    law
        The equation that it is solved from; None where it is written itself.
    """

    name: str
    target: str
    arguments: tuple[str, ...]
    units: Mapping[str, Units]
    function: Callable[..., Any]
    subject: str
    law: Equation | None = None

    @property
    def summary(self) -> str:
        """The first sentence of its docstring, without the full stop."""
        text = inspect.getdoc(self.function) or ""
        return " ".join(text.split("\n\n")[0].split()).removesuffix(".")

    @property
    def variables(self) -> tuple[str, ...]:
        """The variable computed, and those it is computed from."""
        return (self.target, *self.arguments)

    @property
    def empirical(self) -> bool:
        """Whether it is a fitted law for bare numbers, which quantities cannot go through."""
        return bool(getattr(self.function, "__empirical__", False))

    @property
    def overridable(self) -> bool:
        """Whether a prior or given of its variable stands in its place."""
        return bool(getattr(self.function, "__overridable__", False))

    @property
    def limits(self) -> tuple[str, ...]:
        """The arguments of a law that takes the smallest of them; none of any other."""
        return self.arguments if getattr(self.function, "__smallest__", False) else ()

    @property
    def fallback(self) -> bool:
        """Whether it counts only where nothing given determines its variable."""
        return bool(getattr(self.function, "__fallback__", False))

    @property
    def builtin(self) -> bool:
        """Whether it is one of the package's own."""
        return self.function.__module__.startswith("uncertain_scale.")

    @property
    def where(self) -> str:
        """File and line of the function, or of its law's."""
        return _place((self.law or self).function)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


def read_equations(module: types.ModuleType) -> tuple[Equation, ...]:
    """Return the equations of a module: its own public functions, in the order they stand there.

    Raises ModelError: functions with a default, without arguments, with *args or **kwargs, with
    annotations that cannot be read, or of another kind than `def`; all of them, a line each.
    """
    equations, faults = [], []
    subject = Path(getattr(module, "__file__", None) or module.__name__).stem
    for name, value in vars(module).items():
        function = value if inspect.isfunction(value) else _wrapped(value)
        if (
            name.startswith("_")
            or not inspect.isfunction(function)
            or function.__module__ != module.__name__
        ):
            continue
        try:
            refuse_kind(name, value, function)
            equations.append(read_function(function, subject))
        except ModelError as error:
            faults.append(str(error))
    if faults:
        raise ModelError("\n".join(dict.fromkeys(faults)))
    return tuple(equations)


def import_equations(path: Path) -> types.ModuleType:
    """Run a Python file of equations and return it as a module.

    Raises ModelError: there is no such file, it is no Python, it defines an equation twice, or
    running it fails.
    """
    try:
        source = read_text(path, _MOST_BYTES)
    except UnreadableError as error:
        raise ModelError(f"{error.of(path)} (equations are read from a Python file)") from None
    # Two files of one name in different folders are two modules.
    unique = hashlib.blake2b(str(path.resolve()).encode(), digest_size=6).hexdigest()
    module = types.ModuleType(f"equations_{unique}")
    module.__file__ = str(path)
    try:
        tree = ast.parse(source, str(path))
        _refuse_doubles(tree, path)
        code = compile(tree, str(path), "exec")
        sys.modules[module.__name__] = module  # where get_type_hints looks names up
        with user_code():
            exec(code, vars(module))  # noqa: S102 (what the user asks for by naming the file)
    except SyntaxError as error:
        raise ModelError(f"{path}:{error.lineno}: not Python: {error.msg}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a user's file may raise anything)
        line = line_in(str(path), error)
        place = f"{path}:{line}" if line else f"{path}"
        raise ModelError(f"{place}: running it fails: {type(error).__name__}: {error}") from None
    return module


def _refuse_doubles(tree: ast.Module, path: Path) -> None:
    """Refuse a second `def` of one name, which Python would take in the place of the first."""
    first: dict[str, int] = {}
    for one in tree.body:
        if not isinstance(one, ast.FunctionDef) or one.name.startswith("_"):
            continue
        if one.name in first:
            raise ModelError(
                f"{path}:{one.lineno}: {one.name} is defined in line {first[one.name]} too; remove "
                f"one, or name a second way to it {one.name}{_WAY}…"
            )
        first[one.name] = one.lineno


def unit_of(hint: Any) -> Units | None:
    """Return the units in `Annotated[..., "units", Domain(...)]`, or None where there are none.

    A domain without units is one of bare numbers; of two domains the last one counts.

    Examples
    --------
    >>> unit_of(Annotated[float, "USD/gpu", Domain("(0, inf)")]).domain.words()
    'above 0'
    """
    if get_origin(hint) is not Annotated:
        return None
    extras = get_args(hint)[1:]
    units = next((extra for extra in extras if isinstance(extra, str)), None)
    domain = next((extra for extra in extras[::-1] if isinstance(extra, Domain)), None)
    return None if units is None and domain is None else Units(units or "1", domain)


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


def _wrapped(value: object) -> object:
    """Return the function inside of what `numpy.vectorize`, `functools` and the like make."""
    if isinstance(value, functools.partial):
        return value.func
    if isinstance(value, type | types.ModuleType) or not hasattr(value, "__dict__"):
        return None
    return vars(value).get("__wrapped__") or vars(value).get("pyfunc")


def refuse_kind(name: str, value: object, function: types.FunctionType) -> None:
    """Refuse what stands for a function but is of another kind than `def`."""
    if not inspect.isfunction(value):
        kind, instead = f"a {type(value).__name__} object", "call it inside of one"
    elif function.__name__ == "<lambda>":
        kind, instead = "a lambda", "which has room for units and a docstring"
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        kind, instead = "an 'async def'", "which gives its result when it is called"
    elif inspect.isgeneratorfunction(function):
        kind, instead = "a generator (it has 'yield')", "with 'return'"
    else:
        return
    raise ModelError(
        f"{_place(function)} {name} is {kind}; an equation is a plain 'def', {instead}; "
        "the name of what is none begins with _"
    )


def _place(function: Callable[..., Any]) -> str:
    """Return the file of a function, as its user named it, and the line."""
    code = function.__code__
    file = code.co_filename
    own = not function.__module__.startswith("uncertain_scale.")
    return f"{file if own else Path(file).name}:{code.co_firstlineno}"


def read_function(function: types.FunctionType, subject: str) -> Equation:
    """Return a plain function as an equation of a subject.

    Raises ModelError: it has a default, no arguments, *args or **kwargs, or annotations that cannot
    be read.
    """
    where = _place(function)
    arguments = inspect.signature(function).parameters
    if not arguments:
        raise ModelError(
            f"{where} {function.__name__} takes no variable; state a constant in a prior file "
            '(kind = "constant"), and begin the name of what is no equation with _'
        )
    for argument in arguments.values():
        if argument.kind is argument.POSITIONAL_ONLY:
            raise ModelError(f"{where} {function.__name__} takes {argument} by place; drop the '/'")
        if argument.kind not in {argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY}:
            raise ModelError(
                f"{where} {function.__name__} takes {argument}; name each variable it needs"
            )
        if argument.default is not argument.empty:
            raise ModelError(
                f"{where} {function.__name__} has a default for '{argument.name}', which is a "
                "hidden prior; put it into a prior file"
            )
    target = function.__name__.split(_WAY)[0]
    if target in arguments:
        raise ModelError(f"{where} {function.__name__} computes '{target}' from itself")
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # noqa: BLE001 (evaluating text may raise anything)
        raise ModelError(
            f"{where} {function.__name__} has an annotation that cannot be read: {error}"
        ) from None
    units = {
        target if name == "return" else name: unit
        for name, hint in hints.items()
        if (unit := unit_of(hint)) is not None
    }
    return Equation(
        name=function.__name__,
        target=target,
        arguments=tuple(arguments),
        units=units,
        function=function,
        subject=subject,
    )


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
