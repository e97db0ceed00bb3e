"""Files of other programs turned into prior files: SIPmath libraries, and Guesstimate spaces.

A space becomes a prior file and equations; no formula of its is ever evaluated. Cells that hold
numbers, ranges, data or distributions become inputs, formulas become equations. Formulas are
parsed, and of the tree only arithmetic, some functions and names of cells are written.

References
----------
getguesstimate/guesstimate-app: how its texts are read (src/lib/guesstimator/formatter) and what its
ranges mean (src/lib/guesstimator/samplers): from 5% to 95%.
"""

from __future__ import annotations

import ast
import keyword
import math
import operator
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import PriorError
from uncertain_scale.inputs.distributions import build
from uncertain_scale.inputs.document import as_name
from uncertain_scale.inputs.prior import Prior, Priors, Provenance
from uncertain_scale.inputs.sipmath import read_library
from uncertain_scale.inputs.writing import prior_files
from uncertain_scale.reading import UnreadableError, parse_json, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

_MOST_BYTES = 64_000_000
_MOST_CELLS, _LONGEST = 2_000, 4_000
_NUMBER = r"(-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?)\s?([%KMBT]?)"
_POINT = re.compile(_NUMBER)
_RANGE = re.compile(rf"\[?\s*{_NUMBER}\s*(to|\.\.|->|:|of|in|,)\s*{_NUMBER}\s*\]?")
_SUFFIX = {"": 1.0, "%": 1e-2, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_REFERENCE = re.compile(r"\$\{metric:([^}]*)\}")
_CHOICE = re.compile(r"([^?]+)\?([^?:]+):([^?:]+)")
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS = {
    **{name: f"np.{name}" for name in ("sqrt", "exp", "log", "log10", "log2", "floor", "ceil")},
    "abs": "np.abs",
    "round": "np.rint",
    "min": "np.minimum",
    "max": "np.maximum",
    "pow": "np.power",
    "where": "np.where",
}
_DISTRIBUTIONS: dict[str, Callable[..., tuple[str, dict[str, float]]]] = {
    "normal": lambda mu, sigma: ("normal", {"mu": mu, "sigma": sigma}),
    "lognormal": lambda mu, sigma: ("lognormal", {"mu": mu, "sigma": sigma}),
    "uniform": lambda lower, upper: ("uniform", {"lower": lower, "upper": upper}),
    "beta": lambda alpha, beta: ("beta", {"alpha": alpha, "beta": beta}),
    "gamma": lambda shape, scale: ("gamma", {"alpha": shape, "beta": 1 / scale}),
    "exponential": lambda rate: ("gamma", {"alpha": 1.0, "beta": rate}),
    "chisquare": lambda nu: ("gamma", {"alpha": nu / 2, "beta": 0.5}),
    "studentt": lambda nu: ("student_t", {"nu": nu, "mu": 0.0, "sigma": 1.0}),
    "triangular": lambda a, b, c=None: ("triangular", _moded(a, b, c)),
    "PERT": lambda a, b, c=None, shape=4.0: ("pert", {**_moded(a, b, c), "shape": shape}),
    **dict.fromkeys(("bernoulli", "if", "test"), lambda p: ("bernoulli", {"p": p})),
}


_HEAD = """from typing import Annotated

import numpy as np

Cell = Annotated[float, "1"]
"""


class _LostError(ValueError):
    """Why a cell is not carried over."""


def read_import(
    path: Path, *, trials: int | None = None, taken: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Read a file of another program.

    Parameters
    ----------
    path
        A SIPmath 3.0 library or a Guesstimate space, in JSON.
    trials
        As in `read_library`.
    taken
        Names of variables that cells of a space may not have.

    Returns
    -------
    texts, lost
        Texts of files by name, the prior file first; and a line for each thing left out.

    Raises
    ------
    PriorError
        It cannot be read, is of neither kind, or nothing of it can be carried over.
    """
    try:
        document = parse_json(read_text(path, _MOST_BYTES))
    except UnreadableError as error:
        raise PriorError([error.of(path)]) from None
    except ValueError as error:
        raise PriorError([f"{path} is not JSON of finite numbers: {error!s:.200}"]) from None
    stem, parts = as_name(path.stem), set(document) if isinstance(document, dict) else set()
    if "sips" in parts:
        priors, lost = read_library(document, str(path), trials)
        return prior_files(priors, stem), lost
    if not {"space", "graph", "metrics"} & parts:
        found = "is neither a SIPmath library, with 'sips', nor a Guesstimate space, with a 'graph'"
        raise PriorError([f"{path} {found}"])
    if trials is not None:
        raise PriorError([f"{path} is a Guesstimate space; --trials are of SIPmath libraries"])
    priors, equations, lost = _read_space(document, str(path), taken)
    return prior_files(priors, stem) | ({f"{stem}.py": equations} if equations else {}), lost


def _read_space(
    document: Mapping[str, Any], name: str, taken: Collection[str] = ()
) -> tuple[Priors, str, list[str]]:
    """Read a space into priors and the text of a Python file of equations.

    Parameters
    ----------
    document
        The space, as JSON has it: as a whole, or its `graph` alone.
    name
        What the priors and messages call it.
    taken
        Names of variables that cells may not have.

    Returns
    -------
    priors, equations, lost
        A line of `lost` for each cell that is not carried over; the priors say that they lack it.

    Raises
    ------
    PriorError
        It is no space, or nothing of it can be carried over.
    """
    space = document.get("space", document)
    graph = space.get("graph", space) if isinstance(space, dict) else None
    metrics, guesses = (
        graph.get(key) if isinstance(graph, dict) else None for key in ("metrics", "guesstimates")
    )
    if not (isinstance(metrics, list) and isinstance(guesses, list) and metrics):
        raise PriorError([f"{name} has no lists of 'metrics' and 'guesstimates': it is no space"])
    if len(metrics) > _MOST_CELLS or not all(isinstance(one, dict) for one in (*metrics, *guesses)):
        raise PriorError([f"{name} 'metrics' are no objects, or more than {_MOST_CELLS:,}"])
    title = str(space.get("name") or name)[:200]
    cells = _Cells(metrics, {"np", "pi", "e", *_FUNCTIONS, *_DISTRIBUTIONS, *taken}, title)
    texts = {str(one.get("metric")): one for one in guesses}
    for metric in metrics:
        cells.read(str(metric.get("id")), texts.get(str(metric.get("id")), {}))
    if not cells.inputs and not cells.equations:
        raise PriorError([f"{name} {fault}" for fault in cells.lacking.values()])
    unused = set(cells.inputs) - cells.used if cells.equations else set()
    inputs = {key: prior for key, prior in cells.inputs.items() if key not in unused}
    priors = Priors(name, f"Guesstimate: {title}", inputs=inputs, lacking=cells.lacking)
    equations = "\n\n".join([f"{title!r}\n\n{_HEAD}", *cells.equations]) if cells.equations else ""
    lost = {**cells.lacking, **dict.fromkeys(unused, "no formula that is carried over uses it")}
    return priors, equations, [f"{name} {key}: {text}" for key, text in lost.items()]


class _Cells:
    """Reads cells into inputs, equations and what is lacking, by name."""

    def __init__(self, metrics: list[dict[str, Any]], taken: set[str], title: str) -> None:
        self.inputs: dict[str, Prior] = {}
        self.equations: list[str] = []
        self.lacking: dict[str, str] = {}
        self.used: set[str] = set()
        self._taken = taken
        self._title = title
        self._names: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        for one in metrics:
            label = str(one.get("name") or one.get("readableId") or one.get("id"))
            own = self._free(as_name(label.lower()))
            self._labels[own] = label[:1_000]
            self._names |= {str(one[key]): own for key in ("id", "readableId") if one.get(key)}

    def _free(self, wanted: str) -> str:
        """Return a name that no other has."""
        name, number = wanted, 2
        while name in self._taken or keyword.iskeyword(name):
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name

    def read(self, cell: str, guess: Mapping[str, Any]) -> None:
        """Read one cell."""
        name = self._names.get(cell, "")
        text = str(guess.get("expression") or guess.get("input") or "").strip()
        kind, self._note = str(guess.get("guesstimateType")), str(guess.get("description") or "")
        try:
            if not name:
                raise _LostError("the cell has no id")
            if len(text) > _LONGEST:
                raise _LostError(f"its text has more than {_LONGEST:,} characters")
            if text.startswith("="):
                self._formula(name, text[1:])
            elif isinstance(data := guess.get("data"), list) and data:
                self._believe(name, "empirical", {"values": [float(one) for one in data[:10_000]]})
            else:
                self._believe(name, *_stated(text, kind))
        except RecursionError:
            self.lacking[name] = "its formula nests too deeply"
        except (
            ValueError,
            TypeError,
            OverflowError,
        ) as error:  # faults of distributions among them
            self.lacking[name or "cell"] = f"{text[:80] or 'nothing'!r} there: {error}"[:2_000]

    def _believe(self, name: str, kind: str, parameters: Mapping[str, Any]) -> None:
        about = Provenance(
            long_name=self._labels.get(name, f"Part of a formula of {self._title}"),
            source=f"Guesstimate space: {self._title}",
            note=self._note[:20_000],
        )
        self.inputs[name] = Prior(name, build(kind, parameters), provenance=about)

    def _formula(self, name: str, text: str) -> None:
        """Read a formula: an equation, or an input where it rests on no other cell."""
        shown = _REFERENCE.sub(lambda one: f" {self._known(one[1])} ", text).replace("^", "**")
        if chosen := _CHOICE.fullmatch(shown):
            shown = f"where({', '.join(part.strip() for part in chosen.groups())})"
        try:
            tree = ast.parse(shown.strip().replace("if(", "test("), mode="eval").body
        except (SyntaxError, MemoryError):
            raise _LostError("it is no formula of arithmetic and known functions") from None
        if (law := _law(tree)) is not None:
            self._believe(name, *law)
        elif (value := _folded(tree)) is not None:
            self._believe(name, "constant", {"value": value})
        else:
            used: dict[str, None] = {}
            body = self._written(tree, used, name)
            if name in used or not used:
                raise _LostError("it is computed from itself" if used else "it is no number")
            self.used |= used.keys()
            arguments = ", ".join(f"{one}: Cell" for one in used)
            head = f"def {name}({arguments}) -> Cell:\n    {self._labels[name]!r}\n"
            self.equations.append(f"{head}    return {body}\n")

    def _known(self, cell: str) -> str:
        if cell not in self._names:
            raise _LostError(f"it names the cell '{cell:.40}', which is not there")
        return self._names[cell]

    def _written(self, node: ast.expr, used: dict[str, None], name: str) -> str:  # noqa: PLR0911 (one for each kind of node)
        """Return a part of a formula as Python; what is no arithmetic is refused."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return repr(float(value))
            case ast.Name(id="pi" | "e" as constant):
                return repr(getattr(math, constant))
            case ast.Name(id=found):
                known = found if found in self._labels else self._known(found)
                used[known] = None
                return known
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return f"(-{self._written(inner, used, name)})"
            case ast.BinOp(left, sign, right) if type(sign) in _OPERATORS:
                if not any(isinstance(one, ast.Name) for one in ast.walk(node)):
                    return f"({_finite(node)!r})"
                sides = (self._written(one, used, name) for one in (left, right))
                return f"({f' {_SIGNS[type(sign)]} '.join(sides)})"
            case ast.Compare(left, [sign], [right]) if type(sign) in _SIGNS:
                sides = (self._written(one, used, name) for one in (left, right))
                return f"1.0 * ({f' {_SIGNS[type(sign)]} '.join(sides)})"
            case ast.Call(ast.Name(id=called), arguments, []):
                if (law := _law(node)) is not None:
                    part = self._free(f"{name}_part")
                    self._believe(part, *law)
                    used[part] = None
                    return part
                return _call(called, [self._written(one, used, name) for one in arguments])
        raise _LostError(f"'{ast.unparse(node):.60}' is no arithmetic that is carried over")


_SIGNS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def _call(called: str, arguments: list[str]) -> str:
    """Return a call of a function of NumPy's; of a minimum of several, one in another."""
    count = {"pow": (2,), "where": (3,), "log": (1, 2)}.get(called, (1,))
    if called in {"min", "max"} and arguments:
        first, *others = arguments
        for other in others:
            first = f"{_FUNCTIONS[called]}({first}, {other})"
        return first
    if called not in _FUNCTIONS or len(arguments) not in count:
        raise _LostError(f"the function {called:.40}() of {len(arguments)} is not carried over")
    if called == "log" and len(arguments) == 2:
        return f"(np.log({arguments[0]}) / np.log({arguments[1]}))"
    return f"{_FUNCTIONS[called]}({', '.join(arguments)})"


def _folded(node: ast.expr) -> float | None:
    """Return the number that arithmetic of numbers gives; None where it is more than that."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return None if (value := _folded(inner)) is None else -value
        case ast.BinOp(left, sign, right) if type(sign) in _OPERATORS:
            sides = _folded(left), _folded(right)
            if None not in sides:
                with suppress(ArithmeticError):
                    found = _OPERATORS[type(sign)](*sides)
                    return found if isinstance(found, float) else None
    return None


def _finite(node: ast.expr) -> float:
    value = _folded(node)
    if value is None or not math.isfinite(value):
        raise _LostError(f"'{ast.unparse(node):.60}' is no arithmetic of finite numbers")
    return value


def _law(node: ast.expr) -> tuple[str, dict[str, float]] | None:
    """Return the distribution that a call of numbers names, and its parameters."""
    match node:
        case ast.Call(ast.Name(id=called), arguments, []) if called in _DISTRIBUTIONS:
            values = [_folded(one) for one in arguments]
            if None in values:
                raise _LostError(f"parameters of {called}() are not numbers")
            try:
                return _DISTRIBUTIONS[called](*values)
            except (TypeError, ZeroDivisionError):
                raise _LostError(f"{called}() of {len(values)} numbers is no kind") from None
    return None


def _moded(lower: float, upper: float, mode: float | None) -> dict[str, float]:
    return {"lower": lower, "upper": upper, "mode": (lower + upper) / 2 if mode is None else mode}


def _stated(text: str, kind: str) -> tuple[str, dict[str, float]]:
    """Return what a cell's text states that is no formula: a number or a range."""
    if (found := _POINT.fullmatch(text)) and found[1]:
        return "constant", {"value": _read(*found.groups())}
    found = _RANGE.fullmatch(text)
    if found is None or not (found[1] and found[4]):
        raise _LostError("it is no number, range or formula")
    low, high = _read(*found.group(1, 2)), _read(*found.group(4, 5))
    if found[3] in {"of", "in"}:
        return "beta", {"alpha": 2 * low, "beta": 2 * (high - low)}
    if kind == "UNIFORM":
        return "uniform", {"lower": low, "upper": high}
    normal = kind == "NORMAL" or low <= 0
    return "normal" if normal else "lognormal", {"q05": low, "q95": high}


def _read(digits: str, suffix: str) -> float:
    return float(digits.replace(",", "")) * _SUFFIX[suffix]
