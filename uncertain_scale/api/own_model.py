"""A model of one's own: equations and inputs of a notebook, asked as the built-in one is.

As files its equations are functions of Python, each with its units in the annotations.
"""

from __future__ import annotations

import ast
import inspect
import types
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from uncertain_scale import model as models
from uncertain_scale.analysis.query import has_date
from uncertain_scale.api.analyses import Problem
from uncertain_scale.api.words import names_stated, refuse_misspelt
from uncertain_scale.errors import (
    DataError,
    PriorError,
    QuestionError,
    by_name,
    not_a_variable,
    several,
)
from uncertain_scale.inputs import Priors, load_priors
from uncertain_scale.inputs.distributions import DistributionError, parse_distribution
from uncertain_scale.inputs.prior import Correlation, Provenance, loose_ends
from uncertain_scale.inputs.stated import as_typed, split_sources
from uncertain_scale.model.equation import unit_of
from uncertain_scale.model.memory import read_laws
from uncertain_scale.model.model import agreed_units, ends_first
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.model.unit_check import check_units
from uncertain_scale.sampling import Design
from uncertain_scale.units.domain import Units, domain_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.model.equation import Equation
    from uncertain_scale.model.memory import Law, Laws, Named

__all__ = ["Model", "default_model"]

_ALIASES = "uncertain_scale.units.aliases"
_MARKS = ("empirical", "overridable", "smallest")
_INPUTS = '{"capex": us.to(800, 1400, "USD/kW")}'
UNSOURCED = "to be filled in"
"""The source of an input that has none yet, in files."""


@dataclass(frozen=True, init=False)
class Model(models.Model):
    """Equations with agreed units, and inputs for them, without the built-in ones.

    Parameters
    ----------
    equations
        Functions, whose names are variables and whose arguments are too; lambdas by name, alone or
        with the units of their result, `{"lcoe": (lambda capex, yield_: …, "USD/kWh")}`; modules;
        Python files. What is not annotated has the units of its input, or those that follow.
    variables, headline
        Units by variable, and what a report shows, where `equations` are `Equation`s already.
    inputs
        By variable: `to(800, 1400, "USD/kW")`, `beta(2, 3)` and the other kinds, text as it is
        typed, a number, a distribution of `scipy.stats` or PreliZ, one of these with its units in a
        tuple, or a table with a `source` beside its `kind` or `value`.
    correlations
        Rank correlations by pair of inputs: `{("capex", "load"): -0.3}`.
    title
        What the model is, in a line.

    Raises
    ------
    UncertainScaleError
        Units do not work out, or something is no equation or no input.

    Examples
    --------
    >>> import scipy.stats
    >>> from uncertain_scale.inputs.stated import to
    >>> model = Model(
    ...     {"cost": lambda price, amount: price * amount},
    ...     inputs={"price": to(2, 5, "USD/kg"), "amount": (scipy.stats.norm(40, 2), "kg")},
    ... )
    >>> model.variables["cost"], float(model.ask().run().summary()["median"][0].round())
    ('USD', 126.0)
    """

    priors: Priors | None = None

    def __init__(  # noqa: PLR0913 (what a model is made of)
        self,
        equations: Laws | tuple[Any, ...],
        variables: Mapping[str, str] | None = None,
        headline: tuple[str, ...] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        correlations: Mapping[tuple[str, str], float] | None = None,
        title: str = "",
        priors: Priors | None = None,
    ) -> None:
        stated = None
        if variables is None:
            stated = by_name("inputs", inputs, _INPUTS)
            read = read_laws(equations, {name: _units(name, one) for name, one in stated.items()})
            variables = agreed_units(read)
            check_units(read, variables)
            equations, headline = read, headline or ends_first(read)
        super().__init__(equations, variables, tuple(headline))  # type: ignore[arg-type]
        if priors is None and (stated is not None or inputs or correlations):
            priors = models.believe(Priors("own", title), self, inputs or {}, option="inputs")
            priors = _correlated(priors, correlations or {})
        object.__setattr__(self, "priors", priors)

    def extended(self, *laws: Law | Named) -> Self:
        """Return the model with further equations, whose results become its headline.

        Parameters
        ----------
        *laws
            As `equations`; an equation replaces an earlier one of the same name.

        Examples
        --------
        >>> model = default_model().extended({"cost_per_gpu": lambda budget, gpus: budget / gpus})
        >>> model.variables["cost_per_gpu"]
        'USD/gpu'
        """
        return self.with_equations(read_laws(laws, self.variables)) if laws else self

    def ask(  # noqa: PLR0913 (each is one option of the command line)
        self,
        *,
        given: Mapping[str, Any] | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002 (the command's word)
        free: str | Sequence[str] = (),
        outputs: str | Sequence[str] = (),
        event: str | Sequence[str] = (),
        scenario: str | Path | None = None,
        as_of: str | dt.date | None = None,
        draws: int = 4096,
        chains: int = 16,
        design: Literal["sobol", "lhs", "random"] = "sobol",
        seed: int = 0,
        **variables: Any,
    ) -> Problem:
        """Ask the model, as `uncertain_scale.ask` asks the built-in one.

        Parameters
        ----------
        given, set, free, outputs, event, as_of, draws, chains, design, seed, **variables
            As in `uncertain_scale.ask`.
        scenario
            A scenario or prior file for the inputs; the model's own by default, `base` without.

        Raises
        ------
        UncertainScaleError
            Anything that is wrong with the names or the values.

        Examples
        --------
        >>> model = Model({"area": lambda side: side**2}, inputs={"side": (3, "m")})
        >>> float(model.ask(side="2 m").run()["area"][0, 0])
        4.0
        """
        from uncertain_scale.analysis.events import parse_event

        known = {**by_name("given", given), **variables}
        wanted, freed = names_stated(outputs), several("free", free, str, NAMES)
        events = several("event", event, str, 'events, such as ["area >= 3"]')
        model, priors = self._with_priors(
            scenario, dated=has_date({*known, *wanted, *freed}, events)
        )
        also = [name for text in events for name in parse_event(text, model.variables).variables]
        try:
            question = models.ask(model, known, outputs=wanted, free=freed, also=also, as_of=as_of)
        except QuestionError as error:
            refuse_misspelt(variables, inspect.signature(self.ask).parameters, error)
            raise
        changes = by_name("set", set, BELIEVED)
        believed = models.believe(priors, model, changes, option="set", question=question)
        drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
        return Problem(model, believed, question, drawn, events)

    def _with_priors(
        self, scenario: str | Path | None, *, dated: bool
    ) -> tuple[models.Model, Priors]:
        """Return the model with its trends where a date is named, and the inputs."""
        if scenario is None and self.priors is not None:
            return self, self.priors
        source = scenario or "base"
        found = load_priors(source, variables=self.variables, with_date=dated or None)
        return (self.with_trends(found) if found.trends else self), found

    def to_files(self, stem: str | Path) -> list[Path]:
        """Write the equations as STEM.py and the inputs as STEM.toml, with sources to fill in.

        `ask(equations="STEM.py", priors="STEM.toml")` gives the same draws to the bit.

        Raises
        ------
        DataError
            One of the files is there already or cannot be written, or the source of an equation
            cannot be read.
        """
        from uncertain_scale.inputs.writing import prior_files
        from uncertain_scale.report.store import copy_files

        stem = Path(stem)
        texts = {f"{stem.name}.py": _equations_text(self)}
        if self.priors is not None:
            texts |= prior_files(_to_be_sourced(self.priors, stem.name), stem.name)
        return copy_files([], stem.parent, texts)


def default_model() -> Model:
    """Return the built-in model of the scale of LLM training.

    `default_model().extended("my_model.py")` has equations of one's own besides.
    """
    built_in = models.default_model()
    return Model(built_in.equations, built_in.variables, built_in.headline)


def _units(name: object, value: Any) -> str:
    """Return the units that an input is stated in; "1" for a bare number."""
    if not isinstance(name, str):
        raise PriorError([f"inputs: {name!r:.40} is no name of a variable"])
    typed = as_typed(split_sources(value)[0])
    try:
        units = parse_distribution(typed)[1] if isinstance(typed, str) else None
    except DistributionError as error:
        raise PriorError([f"inputs {name}: {text}" for _, text in error.faults]) from None
    return units or getattr(typed, "units", None) or "1"


def _correlated(priors: Priors, ranks: Mapping[tuple[str, str], float]) -> Priors:
    """Return priors with rank correlations.

    Raises PriorError: a name is no input, or they contradict one another.
    """
    ties: list[Correlation] = []
    faults: list[str] = []
    stated: Mapping[Any, Any] = by_name("correlations", ranks, '{("capex", "load"): -0.3}')  # type: ignore[arg-type]
    for pair, rank in stated.items():
        if not (isinstance(pair, tuple) and len({*pair}) == len(pair) == 2):
            faults.append(f"correlations: {pair!r:.60} is no pair of two inputs")
        elif not isinstance(rank, int | float) or not -1 <= rank <= 1:
            faults.append(f"correlations {pair}: {rank!r:.40} does not lie from -1 to 1")
        elif missing := [name for name in pair if name not in priors.inputs]:
            faults.append(f"correlations: {not_a_variable(str(missing[0]), priors.inputs)}")
        else:
            ties.append(Correlation(pair, float(rank), Provenance(where="correlations")))
    tied = replace(priors, correlations=tuple(ties))
    if faults or (faults := loose_ends(tied)):
        raise PriorError(faults)
    return tied


def _to_be_sourced(priors: Priors, name: str) -> Priors:
    """Return priors in which an input without a source says that it is missing."""

    def sourced(said: Provenance) -> Provenance:
        stated = f"{said.where} {said.stated}"
        return replace(said, source=UNSOURCED) if said.source in {"", stated} else said

    inputs = {
        one: replace(prior, provenance=sourced(prior.provenance))
        for one, prior in priors.inputs.items()
    }
    ties = tuple(replace(one, provenance=sourced(one.provenance)) for one in priors.correlations)
    return replace(priors, title=priors.title or name, inputs=inputs, correlations=ties)


def _equations_text(model: models.Model) -> str:
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
