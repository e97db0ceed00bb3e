"""Equations of a notebook as a Python file: each a function with its units in the annotations."""

from __future__ import annotations

import ast
import inspect
import types
from numbers import Real
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.model.equation import unit_of
from uncertain_scale.units.domain import Units, domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.model.equation import Equation
    from uncertain_scale.model.model import Model

_ALIASES = "uncertain_scale.units.aliases"
_MARKS = ("empirical", "overridable", "smallest")


def equations_text(model: Model) -> str:
    """Return the equations of a model as the text of a Python file.

    Raises
    ------
    DataError
        The source of one cannot be read, or it rests on something that is no number, function or
        module.
    """
    found = _Written()
    bodies = [found.equation(one) for one in model.equations if one.law is None]
    imports = [*found.imports, "from typing import Annotated"]
    if found.aliases:
        imports.append(f"from {_ALIASES} import {', '.join(sorted(found.aliases))}")
    parts = ["\n".join(imports), "\n".join(found.constants.values()), *found.helpers.values()]
    return "\n\n\n".join(filter(None, [*parts, *bodies])) + "\n"


class _Written:
    """What has been written, and what that needs."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.aliases: set[str] = set()
        self.constants: dict[str, str] = {}
        self.helpers: dict[str, str] = {}

    def equation(self, equation: Equation) -> str:
        """Return an equation as the text of a function."""
        node, function = _node_of(equation.function), equation.function
        self._needs(function)
        marks = [one for one in _MARKS if getattr(function, f"__{one}__", False)]
        self.aliases |= {*marks}
        if isinstance(node, ast.Lambda):
            words = ast.Expr(
                ast.Constant(f"To be described, from {', '.join(equation.arguments)}.")
            )
            body: list[ast.stmt] = [words, ast.Return(node.body)]
        else:
            body = node.body
        arguments = node.args
        for one in [*arguments.args, *arguments.kwonlyargs]:
            one.annotation = self._annotation(equation.units[one.arg])
        written = ast.FunctionDef(
            name=equation.name,
            args=arguments,
            body=body,
            decorator_list=[ast.Name(one) for one in marks],
            returns=self._annotation(equation.units[equation.target]),
        )
        return ast.unparse(ast.fix_missing_locations(written))

    def _annotation(self, units: Units) -> ast.expr:
        text = f"Annotated[float, {str(units)!r}]"
        if (domain := domain_of(units)) is not None:
            self.aliases.add("Domain")
            text = f"{text[:-1]}, Domain({domain.notation!r})]"
        return ast.parse(text, mode="eval").body

    def _needs(self, function: Any) -> None:
        """Note what a function takes from around it: modules, numbers and other functions."""
        known = inspect.getclosurevars(function)
        hints = function.__globals__.get("__annotations__", {})
        for name, value in {**known.globals, **known.nonlocals}.items():
            if isinstance(value, types.ModuleType):
                self.imports[f"import {value.__name__} as {name}"] = None
            elif isinstance(value, Real):
                units = unit_of(hints.get(name))
                hint = f": Annotated[float, {str(units)!r}]" if units else ""
                text = f"{name}{hint} = {getattr(value, 'item', lambda v=value: v)()!r}"
                if self.constants.setdefault(name, text) != text:
                    raise DataError(f"{name} has two values in the equations; rename one")
            elif isinstance(value, types.FunctionType) and _is_own(value):
                if name not in self.helpers:
                    self.helpers[name] = ast.unparse(_as_function(_node_of(value), name))
                    self._needs(value)
            elif getattr(value, "__module__", None) and hasattr(value, "__name__"):
                self.imports[f"from {value.__module__} import {value.__name__} as {name}"] = None
            else:
                raise DataError(
                    f"{function.__name__} rests on {name}, a {type(value).__name__}, which cannot "
                    "be written to a file; make it a number, or an argument with an input"
                )


def _is_own(function: types.FunctionType) -> bool:
    """Tell whether a function is a user's, and not one that a package can be asked for."""
    return function.__module__ == "__main__" or not function.__module__.partition(".")[2]


def _as_function(node: ast.FunctionDef | ast.Lambda, name: str) -> ast.stmt:
    if isinstance(node, ast.FunctionDef):
        return node
    return ast.fix_missing_locations(ast.Assign([ast.Name(name)], node))


def _node_of(function: Any) -> ast.FunctionDef | ast.Lambda:
    """Return the syntax of a function, found by its line in the source that it stands in.

    Raises DataError: the source cannot be read.
    """
    code = function.__code__
    try:
        lines, _ = inspect.findsource(code)
        tree = ast.parse("".join(lines))
    except (OSError, SyntaxError, TypeError):
        tree = ast.Module([], [])
    near = list(_at_line(tree, code))
    same = [one for one in near if _code_of(one) == _told(code)] if near[1:] else near
    if not same:
        raise DataError(
            f"the source of {function.__name__} cannot be read; write it in a cell of a notebook "
            "or in a file"
        )
    return same[0]


def _at_line(tree: ast.Module, code: types.CodeType) -> Iterator[ast.FunctionDef | ast.Lambda]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        decorators = getattr(node, "decorator_list", [])
        lines = {one.lineno for one in (node, *decorators)}
        if code.co_firstlineno in lines and code.co_name == getattr(node, "name", "<lambda>"):
            yield node


def _code_of(node: ast.FunctionDef | ast.Lambda) -> tuple[Any, ...]:
    """Return what the code of a function is, compiled from its syntax."""
    if isinstance(node, ast.FunctionDef):
        return ()
    made = compile(ast.Expression(node), "", "eval")
    inner = next(one for one in made.co_consts if isinstance(one, types.CodeType))
    return _told(inner)


def _told(code: types.CodeType) -> tuple[Any, ...]:
    """Return what tells one function from another."""
    return code.co_varnames, sorted({*code.co_names, *code.co_freevars}), code.co_consts
