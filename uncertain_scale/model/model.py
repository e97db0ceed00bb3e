"""A model: equations that share variables, their units agreed; with a user's own or without."""

from __future__ import annotations

import hashlib
import inspect
import marshal
import sys
import types
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from uncertain_scale.errors import ModelError, listed, several
from uncertain_scale.model.equation import (
    IN_MEMORY,
    Equation,
    import_equations,
    read_equations,
)
from uncertain_scale.model.invert import inverse, named_inverses, other_inverses
from uncertain_scale.model.unit_check import check_units
from uncertain_scale.units.dates import DATE, DATES
from uncertain_scale.units.domain import Units, domain_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model.equation import Equation


_FILES = 'Python files of equations, such as ["my_model.py"], or modules'


@dataclass(frozen=True, repr=False)
class Model:
    """Equations with agreed units. Make one with `Model.of` or `default_model`.

    Parameters
    ----------
    equations
        In the order in which ways are preferred and shown.
    variables
        Units by variable, each with the domain that is declared, in the order of first use.
    headline
        Variables that a report shows by default.
    """

    equations: tuple[Equation, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    headline: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Model({len(self.equations)} equations, {len(self.variables)} variables)"

    @classmethod
    def of(
        cls, *modules: types.ModuleType | Path | str, headline: Sequence[str] | None = None
    ) -> Self:
        """Build a model from modules or files of equations and check its units.

        Parameters
        ----------
        *modules
            Python modules, or paths of files that are run to make them.
        headline
            Variables that a report shows; by default all that the equations compute.

        Raises
        ------
        ModelError
            An equation cannot be read, or units do not agree or do not work out.

        Examples
        --------
        >>> from uncertain_scale.equations import compute
        >>> Model.of(compute).variables["training_flop"]
        'FLOP'
        """
        equations = read_all(modules)
        variables = agreed_units(equations)
        check_units(equations, variables)
        shown = ends_first(equations) if headline is None else tuple(headline)
        return cls(equations, variables, shown)

    def extended(self, *modules: types.ModuleType | Path | str) -> Self:
        """Return the model with further equations, whose results become its headline.

        An equation replaces an earlier one of the same name.
        """
        return self.with_equations(read_all(modules)) if modules else self

    def with_equations(self, own: Sequence[Equation]) -> Self:
        """Return the model with further equations, as `extended` does for those of modules."""
        equations = tuple(_merged((*self.equations, *own)))
        variables = agreed_units(equations)
        # What was there before was checked, in units that it may not have any more.
        moved = {name for name, units in variables.items() if units != self.variables.get(name)}
        new = [e for e in equations if e in own or not moved.isdisjoint(e.variables)]
        check_units(new, {name: variables[name] for e in new for name in e.variables})
        shown = ends_first(own)
        return replace(self, equations=equations, variables=variables, headline=shown)

    def with_trends(self, priors: Priors) -> Self:
        """Return the model with the laws of a scenario's trends, which take a `date`, and sums.

        Parameters
        ----------
        priors
            As `load_priors(..., with_date=True)` reads them.
        """
        from uncertain_scale.inputs.trends import with_trends
        from uncertain_scale.model.trend_laws import sum_law, trend_law

        laws = [
            trend_law(trend, priors.inputs, self.variables.get(name, trend.units))
            for name, trend in priors.trends.items()
        ]
        laws += [
            sum_law(name, number, self.variables.get(name, "1"))
            for name, number in priors.sums.items()
        ]
        equations = tuple(_merged((*self.equations, *laws)))
        variables = with_trends(agreed_units(equations), priors)
        return replace(self, equations=equations, variables=variables)

    @cached_property
    def builtin_variables(self) -> dict[str, str]:
        """Units of the variables that built-in equations of the model have."""
        names = (n for e in self.equations if e.builtin for n in e.variables)
        return {name: self.variables[name] for name in names}

    @cached_property
    def inverses(self) -> tuple[Equation, ...]:
        """Laws solved for arguments that no equation computes from the same variables.

        They are the last resort of a question that is not answered without them.
        """
        ways = {(e.target, frozenset(e.arguments)) for e in self.equations}
        names = {e.name for e in self.equations}
        signed = {
            name
            for name, units in self.variables.items()
            if (domain := domain_of(units)) is None or domain.bounds[0] < 0
        }
        found = []
        for law in (e for e in self.equations if e.law is None and not e.overridable):
            for solved in other_inverses(law, signed):
                way = solved.target, frozenset(solved.arguments)
                if way not in ways and solved.name not in names:
                    ways.add(way)
                    found.append(solved)
        return tuple(found)

    @cached_property
    def conditions(self) -> frozenset[str]:
        """Variables that bring laws into force where they are stated.

        Not those of laws that would stand in for one of a user's own.
        """
        own = {e.name for e in self.equations if not e.builtin}
        kept = {e.stated[0] for e in self.equations if e.stated[1] in own}
        return frozenset({e.stated[0] for e in self.equations} - kept - {""})

    @cached_property
    def _by_stated(self) -> dict[frozenset[str], Model]:
        return {}

    def in_force(self, stated: Collection[str]) -> Model:
        """Return the model of the laws that are in force where some variables are stated."""
        key = self.conditions.intersection(stated)
        if key not in self._by_stated:
            laws = [e for e in self.equations if not e.stated[0] or e.stated[0] in key]
            replaced = {e.stated[1] for e in laws}
            kept = [e for e in laws if replaced.isdisjoint({e.name, e.law and e.law.name})]
            self._by_stated[key] = replace(self, equations=tuple(kept))
        return self._by_stated[key]

    def ways_to(self, variable: str) -> list[Equation]:
        """Return the equations that compute a variable."""
        return [equation for equation in self.equations if equation.target == variable]

    def long_name(self, variable: str) -> str:
        """Return what a variable is in words: the summary of its first equation, or ""."""
        ways = self.ways_to(variable)
        return ways[0].summary if ways else ""

    def digest(self) -> str:
        """Return a SHA-256 of the source that the equations stand in, as 64 hexadecimal digits."""
        modules: dict[str, list[Any]] = {}
        for equation in self.equations:
            alone = equation.subject == IN_MEMORY and equation.law is None
            place = "" if alone else equation.function.__module__
            modules.setdefault(place, []).append(equation.function)
        sources = [_source(name, functions) for name, functions in modules.items()]
        names = [equation.name for equation in self.equations]
        return hashlib.sha256("\n".join([*names, *sources]).encode()).hexdigest()


@cache
def default_model() -> Model:
    """Return the built-in model of the scale of LLM training.

    `default_model().extended("my_model.py")` has equations of one's own besides. Its units are
    checked by the package's tests: not at every start, which would wait for pint.
    """
    from uncertain_scale.equations import HEADLINE, SUBJECTS

    equations = read_all(SUBJECTS)
    return Model(equations, agreed_units(equations), HEADLINE)


def largest_possible() -> Mapping[str, str]:
    """Return, by variable, the variable of the built-in model that is the largest it can be."""
    from uncertain_scale.equations import LARGEST

    return LARGEST


def wholes() -> Mapping[str, tuple[str, str, str]]:
    """Return, by variable of the built-in model, which part it is, of what, and their ratio."""
    from uncertain_scale.equations import WHOLES

    return WHOLES


def read_all(modules: Sequence[types.ModuleType | Path | str]) -> tuple[Equation, ...]:
    """Read modules in turn; a function replaces an earlier one of the same name.

    Behind each law stand the inverses that it names.
    """
    equations: list[Equation] = []
    for module in several("equations", modules, (str, Path, types.ModuleType), _FILES):
        loaded = import_equations(Path(module)) if isinstance(module, str | Path) else module
        read = read_equations(loaded)
        if not read:
            place = getattr(loaded, "__file__", None) or loaded.__name__
            raise ModelError(f"{place}: holds no equations (public functions, by def)")
        for law in read:
            equations += [law, *named_inverses(law)]
    return tuple(_merged(equations))


def ends_first(equations: Sequence[Equation]) -> tuple[str, ...]:
    """Return what equations compute, first the results that none of their laws goes on from.

    The first equation of a variable is its law; others lead back to it, and end no chain.
    """
    laws: dict[str, Equation] = {}
    for equation in equations:
        if equation.law is None:
            laws.setdefault(equation.target, equation)
    used = {name for law in laws.values() for name in law.arguments}
    computed = dict.fromkeys(equation.target for equation in equations)
    return tuple(sorted(computed, key=lambda name: name in used))


def agreed_units(equations: Sequence[Equation]) -> dict[str, str]:
    """Return units by variable, with its domain; one that nobody annotates is a bare number."""
    units: dict[str, Units] = {}
    origin: dict[str, Equation] = {}
    names: dict[str, None] = {}
    for equation in equations:
        names.update(dict.fromkeys((*equation.arguments, equation.target)))
        for name, unit in equation.units.items():
            known, first = units.setdefault(name, unit), origin.setdefault(name, equation)
            if known == unit and (unit.domain is None or unit.domain == known.domain):
                continue
            places = f"{first.where} {first.name} but", f"in {equation.where} {equation.name};"
            if known != unit:
                raise ModelError(
                    f"'{name}' is in {known} in {places[0]} in {unit} {places[1]} declare the same "
                    "units in both"
                )
            if known.domain is not None and unit.domain is not None:
                one, other = known.domain.notation, unit.domain.notation
                raise ModelError(
                    f"'{name}' lies in {one} in {places[0]} in {other} {places[1]} declare the "
                    "same domain in both"
                )
            units[name], origin[name] = unit, equation
    return {name: units.get(name, "1") for name in names}


@dataclass(frozen=True)
class OwnEquations:
    """The equations of a user's files; none, where there are no files.

    They may be of another subject, which happens to use names of the built-in model. So built-in
    equations are there where they are asked for, by a shipped scenario or in words: where the
    priors or the question name a variable that the user's lack, and otherwise only to compute what
    these take and nothing states.

    Parameters
    ----------
    equations
        As `read_equations` reads them.
    """

    equations: tuple[Equation, ...] = ()

    @classmethod
    def read(cls, files: Sequence[Path | str]) -> OwnEquations:
        """Run Python files of equations.

        Raises
        ------
        ModelError
            A file or an equation cannot be read.
        """
        return cls(read_all(files))

    @property
    def variables(self) -> Mapping[str, str]:
        """Units of all variables that there may be, a user's before the built-in ones."""
        return {
            **agreed_units(self.equations),
            **default_model().variables,
            DATE: DATES,
            **self._declared(),
        }

    def model(
        self,
        stated: Collection[str],
        asked: Collection[str] = (),
        filed: Collection[str] = (),
        *,
        extends_builtin: bool = True,
    ) -> Model:
        """Return the model that they make, with the built-in equations where these are needed.

        Parameters
        ----------
        stated
            Variables that a question states: givens, and priors of its own.
        asked
            Other variables that it names.
        filed
            Variables that prior files state.
        extends_builtin
            Whether the built-in equations may take part.

        Raises
        ------
        ModelError
            Units do not agree or do not work out, or a name is one of the built-in model alone.
        """
        builtin = default_model()
        if not self.equations:
            return builtin
        own = {name for equation in self.equations for name in equation.variables}
        foreign, by_files = (
            [name for name in names if name in builtin.variables and name not in own]
            for names in ((*stated, *asked), filed)
        )
        if not extends_builtin:
            if foreign or by_files:
                raise ModelError(_not_extended((*foreign, *by_files)))
            return self._alone()
        if foreign or by_files:
            self._refuse_other_units(builtin, foreign)
            return builtin.with_equations(self.equations)
        computed = dict.fromkeys(equation.target for equation in self.equations)
        known = {*computed, *stated, *filed}
        if not any(builtin.ways_to(name) for name in own - known):
            return self._alone()
        declared = self._declared()
        fitting = tuple(
            equation
            for equation in builtin.equations
            if equation.target not in known
            and all(declared.get(name, unit) == unit for name, unit in equation.units.items())
        )
        return Model(fitting, agreed_units(fitting)).with_equations(self.equations)

    def _alone(self) -> Model:
        variables = agreed_units(self.equations)
        check_units(self.equations, variables)
        return Model(self.equations, variables, ends_first(self.equations))

    def listed(self) -> Model:
        """Return the model where nothing is asked: alone, unless it takes built-in variables."""
        computed = {equation.target for equation in self.equations}
        taken = {name for equation in self.equations for name in equation.arguments} - computed
        builtin = default_model().variables
        if not self.equations or not taken.isdisjoint(builtin):
            return self.model(builtin)
        return self.model(taken)

    def _declared(self) -> dict[str, str]:
        """Return the units that the equations annotate, by variable."""
        return {name: unit for equation in self.equations for name, unit in equation.units.items()}

    def _refuse_other_units(self, builtin: Model, foreign: Sequence[str]) -> None:
        """Refuse names of built-in variables in other units than theirs."""
        faults = []
        for name, units in self._declared().items():
            if builtin.variables.get(name, units) != units:
                first = next(e for e in self.equations if name in e.units)
                faults.append(
                    f"{first.where} {first.name} has '{name}' in {units}, the built-in model in "
                    f"{builtin.variables[name]}"
                )
        if faults:
            theirs = f"'{foreign[0]}' is" if foreign else "the scenario's priors are"
            faults[-1] += (
                "; declare the same units, or rename it. For a model of another subject, name its "
                "own priors alone, by --priors with a file that extends no scenario: the built-in "
                f"equations take part because {theirs} of theirs"
            )
            raise ModelError("\n".join(faults))


def _not_extended(names: Sequence[str]) -> str:
    """Say that variables are of the built-in model, which is not there, and how to have it."""
    one = len(names) == 1
    return (
        f"{listed([repr(name) for name in names[:5]])} {'is' if one else 'are'} in no equation of "
        "yours, which with priors of their own are a model of another subject; drop "
        f"{'it' if one else 'them'}, or have the built-in equations too, by --extends-builtin "
        "(extends_builtin=True)"
    )


def _merged(equations: Iterable[Equation]) -> Iterator[Equation]:
    """Yield equations, the last of each name, and inverses of laws that are there."""
    by_name = {equation.name: equation for equation in equations}
    for equation in by_name.values():
        law = equation.law and by_name.get(equation.law.name, equation.law)
        if law is equation.law:
            yield equation
        elif law and (solved := inverse(law, equation.name, equation.summary)):
            yield solved


def _source(module: str, functions: Sequence[Any]) -> str:
    """Return the source that functions stand in; each by itself where that is no file."""
    try:
        return inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return "\n".join(map(_own_source, functions))


def _own_source(function: Any) -> str:
    """Return the source of a function with the numbers it refers to, or its code."""
    plain = inspect.unwrap(function)
    try:
        text = inspect.getsource(plain)
    except (OSError, TypeError):
        code = plain.__code__.replace(co_filename="", co_firstlineno=1)
        text = marshal.dumps(code).hex()
    known = inspect.getclosurevars(plain)
    around = {**known.globals, **known.nonlocals}
    numbers = {name: one for name, one in around.items() if isinstance(one, Real)}
    return "\n".join([text, *(f"{name} = {numbers[name]!r}" for name in sorted(numbers))])
