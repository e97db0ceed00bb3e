"""Equations read from plain functions: arguments are variables, annotations their units."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from uncertain_scale.errors import ModelError
from uncertain_scale.model.calls import (
    line_in,
    user_code,
)
from uncertain_scale.reading import UnreadableError, read_text
from uncertain_scale.units.domain import Domain, Units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_WAY = "__"
IN_MEMORY = "in memory"
"""The subject of equations that come from no file or module."""
_MOST_BYTES = 4_000_000


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
    def stated(self) -> tuple[str, str]:
        """The variable that has to be stated for it, and the law that it stands in for; or ""."""
        variable, instead_of = getattr(self.function, "__stated__", ("", ""))
        return variable, instead_of

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
