"""A problem: a model, priors and a question; and the plan by which it is answered.

Equations fire forward from the givens and the priors, each variable once, until nothing new is
reached. Only where what is asked is not reached by then, laws are solved for it. What a variable
rests on (its basis, the givens it descends from) decides whether two ways to it contradict each
other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    NamedTuple,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.inputs.prior import Priors
from uncertain_scale.model.model import Model
from uncertain_scale.model.notes import notes_on
from uncertain_scale.model.question import EVERYTHING, Question
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Container,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from uncertain_scale.inputs.prior import Prior
    from uncertain_scale.model.equation import Equation


_PARTS = {"model": Model, "priors": Priors, "question": Question}
_Options = ParamSpec("_Options")
_Answer = TypeVar("_Answer")
_Answer_co = TypeVar("_Answer_co", covariant=True)

Origin: TypeAlias = Literal["given", "prior", "fallback", "equation"]


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A model, what is believed, and what is asked of them.

    Parameters
    ----------
    model
        The equations.
    priors
        The scenario, in the model's units (`load_priors(..., variables=model.variables)`). A given
        overrides a prior, and a free input has none.
    question
        The givens, the outputs wanted and the free inputs.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.model import ask, default_model
    >>> model = default_model()
    >>> priors = load_priors("base", variables=model.variables)
    >>> problem = Problem(model, priors, ask(model, {"budget": "100M"}, outputs=["gpu_hours"]))
    >>> [str(equation) for equation in problem.plan.steps]
    ['gpu_hours(budget, hourly_rate)']
    """

    model: Model
    priors: Priors
    question: Question

    def __repr__(self) -> str:
        given = self.question.given.items()
        asked = [f"{name} = {prior.provenance.stated}" for name, prior in given]
        asked += [f"{name} solved for" for name in self.question.free]
        asked += [", ".join(self.question.outputs)] if self.question.outputs else []
        return f"Problem({'; '.join([*asked, repr(self.priors), repr(self.model)])})"

    @cached_property
    def plan(self) -> Plan:
        """How it is answered; finding out raises as `solve` does."""
        return solve(self)

    @cached_property
    def believed(self) -> Priors:
        """The priors, with what is given in its place."""
        priors = self.priors
        for given in self.question.given.values():
            priors = priors.replace(given)
        return priors

    @cached_property
    def tried(self) -> set[str]:
        """What has been tried on its equations without a fault, and need not be again."""
        return set()

    def giving(self, given: Mapping[str, Prior]) -> Problem:
        """Return the problem with other values of what is given."""
        changed = {**self.question.given, **given}
        other = replace(self, question=replace(self.question, given=changed))
        if changed.keys() == self.question.given.keys():  # values do not decide how it is answered
            vars(other)["plan"] = self.plan
        return other

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of what is believed or given (`priors`) and of the `equations`."""
        return {"priors": self.believed.digest(), "equations": self.model.digest()}

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind equations that are not needed: those of a file may not be picklable."""
        needed = replace(self.model, equations=tuple(self.plan.steps))
        return {**vars(self), "model": needed, "plan": self.plan}


class _Asked(Protocol[_Options, _Answer_co]):
    """A function that takes a problem, or the three things that make one, before all else."""

    @overload
    def __call__(
        self, problem: Problem, /, *args: _Options.args, **kwargs: _Options.kwargs
    ) -> _Answer_co: ...

    @overload
    def __call__(
        self,
        model: Model,
        priors: Priors,
        question: Question,
        /,
        *args: _Options.args,
        **kwargs: _Options.kwargs,
    ) -> _Answer_co: ...


def takes_problem(
    function: Callable[Concatenate[Problem, _Options], _Answer],
) -> _Asked[_Options, _Answer]:
    """Let a function of a problem take a model, priors and a question in its place.

    The three are distinguished from the other arguments by their types.
    """

    @wraps(function)
    def asked(*args: Any, **options: Any) -> _Answer:
        if "problem" in options or (args and isinstance(args[0], Problem)):
            return function(*args, **options)
        parts: list[Any] = [
            options.pop(name, None) or next((one for one in args if isinstance(one, kind)), None)
            for name, kind in _PARTS.items()
        ]
        if None in parts:
            raise TypeError(
                f"{function.__name__}() takes a Problem, or a Model, Priors and a Question; found "
                f"{', '.join(type(one).__name__ for one in args) or 'nothing'}"
            )
        others = [one for one in args if not isinstance(one, tuple(_PARTS.values()))]
        return function(Problem(*parts), *others, **options)

    return cast("_Asked[_Options, _Answer]", asked)


@dataclass(frozen=True)
class Plan:
    """The answer's recipe.

    Parameters
    ----------
    outputs
        Variables wanted, in order.
    reached
        How each variable that they need is known, in an order in which it can be computed.
    notes
        What a reader of the answer should know about the question.
    """

    outputs: tuple[str, ...]
    reached: Mapping[str, Reached]
    notes: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are drawn: givens and priors."""
        return tuple(self.known("given", "prior", "fallback"))

    @property
    def steps(self) -> list[Equation]:
        """The equations, in an order in which they can be computed."""
        return [way.equation for way in self.reached.values() if way.equation is not None]

    def part(self, outputs: Sequence[str]) -> Plan:
        """Return what is needed for some of its variables."""
        needed = set(outputs).union(*(self.reached[name].ancestors for name in outputs))
        reached = {name: way for name, way in self.reached.items() if name in needed}
        return replace(self, outputs=tuple(dict.fromkeys(outputs)), reached=reached)

    def known(self, *origins: Origin) -> list[str]:
        """Return the variables that are known from one of these origins."""
        return [name for name, way in self.reached.items() if way.origin in origins]


@takes_problem
def solve(problem: Problem) -> Plan:
    """Find out how a problem is answered.

    Parameters
    ----------
    problem
        A `Problem`, or the model, the priors and the question that make one.

    Raises
    ------
    OverdeterminedError
        Two ways lead to one variable, neither descends from it, and they rest on different givens.
    QuestionError
        An output cannot be reached, or a free input is not determined.
    """
    model, question = problem.model, problem.question
    closure = Closure(problem)
    if contradiction := closure.contradiction():
        from uncertain_scale.model.refusal import contradiction_message

        raise OverdeterminedError(contradiction_message(contradiction, problem))
    if question.outputs in {(), EVERYTHING}:
        shown = closure.computed(model.headline if not question.outputs else model.variables)
        outputs = (*question.free, *shown)
    else:
        outputs = question.outputs
    outputs = (*outputs, *question.also)
    missing = [name for name in (*outputs, *question.free) if name not in closure.reached]
    if missing or not outputs:
        from uncertain_scale.model.refusal import unreached_message

        raise QuestionError(unreached_message(missing, problem))
    plan = Plan((), closure.reached).part(outputs)
    needed = plan.reached.keys()
    return replace(plan, notes=tuple(notes_on(closure, problem, outputs, needed)))


@dataclass(frozen=True)
class Reached:
    """How a variable is known.

    Parameters
    ----------
    origin
        A given, a prior, a fallback prior, or an equation.
    equation
        The equation, where it is one.
    basis
        The givens that it rests on.
    ancestors
        All variables that it is computed from.
    """

    origin: Origin
    equation: Equation | None = None
    basis: frozenset[str] = frozenset()
    ancestors: frozenset[str] = frozenset()

    @property
    def believed(self) -> bool:
        """Whether it is by a prior, or by a law that yields as one does."""
        return self.origin in {"prior", "fallback"} or (
            self.equation is not None and self.equation.overridable
        )


class Contradiction(NamedTuple):
    """A variable that is reached in two ways, neither of which descends from it."""

    variable: str
    first: Reached
    second: Reached


class Closure:
    """All that follows from the givens and priors of a problem.

    Parameters
    ----------
    problem
        What is known and asked.

    Attributes
    ----------
    reached
        How each variable is known, in an order in which it can be computed.
    """

    def __init__(self, problem: Problem) -> None:
        question, inputs = problem.question, problem.priors.inputs
        lasting = (name for name, prior in inputs.items() if not prior.fallback)
        stated = {*question.given, *lasting} - {*question.free}
        self._model = model = problem.model.in_force(stated)
        # A date determines nothing else: it says when, and priors move with it.
        self.reached: dict[str, Reached] = {
            name: Reached("given", basis=frozenset({name} - {DATE})) for name in question.given
        }
        freed = set(question.free)
        laws = [e for e in model.equations if not (e.overridable and e.target in freed)]
        self._laws = [law for law in laws if not law.fallback]
        outputs = question.outputs if question.outputs != EVERYTHING else ()
        wanted = {*outputs, *question.also, *question.free}
        fallbacks = self._believe(problem, wanted)
        self.dated_by = None
        self.bound = ""  # the largest possible that reaches what is given
        if not wanted.isdisjoint({DATE, FIRST_DATE}):
            self.dated_by = self._date(problem, wanted)
        # A law that yields is a belief about its variable, which other ways to it come after; nor
        # does a prior tell the variable that it is not used beside.
        told = {prior.unless for prior in problem.priors.inputs.values()}
        believed = told | {e.target for e in self._laws if e.overridable}
        self._fire(besides=believed)
        for name in fallbacks:
            if name not in self.reached:
                self.reached[name] = Reached("fallback")
                self._fire(besides=believed)
        for law in (law for law in laws if law.fallback):
            if law.target not in self.reached and self._can_fire(law):
                self.reached[law.target] = self._by(law)
                self._fire(besides=believed)
        self._fire()
        self._solve_laws(wanted)

    def _date(self, problem: Problem, wanted: Collection[str]) -> Equation | None:
        """Reach the date by what it leads to, where it is asked for; and return the equation."""
        if DATE in self.reached or not problem.priors.trends:
            return None
        from uncertain_scale.model.when import first_passage, solve_date

        found = solve_date(problem)
        for name in found.plan.known("fallback"):
            self.reached[name] = Reached("fallback")
        self.bound = found.target if found.bounds else ""
        equation = found.equation()
        self.reached[DATE] = self._by(equation)
        if FIRST_DATE in wanted:
            self.reached[FIRST_DATE] = self._by(first_passage(found, problem))
        return equation

    def _believe(self, problem: Problem, wanted: Collection[str]) -> list[str]:
        """Reach what has a prior that holds, and return the inputs whose priors are fallbacks.

        A prior that holds unless a variable is known comes last; a wanted variable is known.
        """
        fallbacks, held = [], {}
        for name, prior in problem.priors.inputs.items():
            if name in self.reached or name in problem.question.free:
                continue
            if name not in self._model.variables:
                continue
            if prior.fallback:
                fallbacks.append(name)
            elif prior.unless:
                held[name] = prior.unless
            else:
                self.reached[name] = Reached("prior")
        self._fire(only={*held.values()})
        for name in fallbacks:
            if name in wanted and name in held.values() and name not in self.reached:
                self.reached[name] = Reached("fallback")
        for name, unless in held.items():
            if unless not in self.reached:
                self.reached[name] = Reached("prior")
        return fallbacks

    def computed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the names that an equation reaches."""
        return tuple(
            name
            for name in names
            if name in self.reached and self.reached[name].origin == "equation"
        )

    def overridden_by(self, name: str) -> list[str]:
        """Return the givens that could be worked back to a prior that is kept."""
        bases = [
            self._by(equation).basis
            for equation in self._model.ways_to(name)
            if self._can_fire(equation) and not self._descends(equation)
            if equation is not self.reached[name].equation
        ]
        return sorted(frozenset().union(*bases))

    def set_aside(self, needed: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield inputs that no answer needs, and the variable whose prior is kept."""
        for law in (one for one in self._laws if one.law is None and not one.overridable):
            kept = law.target in needed and self.reached[law.target].origin == "prior"
            if kept and self._can_fire(law) and not self._descends(law):
                for name in law.arguments:
                    if name not in needed and self.reached[name].equation is None:
                        yield name, law.target

    def _fire(self, *, besides: Container[str] = (), only: Container[str] | None = None) -> None:
        """Fire every equation whose arguments are known and whose variable is not, to the end.

        Variables of `besides` are left to laws that yield; of `only`, where it is given, is each.
        """
        fired = True
        while fired:
            fired = False
            for equation in self._laws:
                if equation.target in besides and not equation.overridable:
                    continue
                if only is not None and equation.target not in only:
                    continue
                if equation.target not in self.reached and self._can_fire(equation):
                    self.reached[equation.target] = self._by(equation)
                    fired = True

    def _solve_laws(self, wanted: set[str]) -> None:
        """Solve laws for their arguments where nothing else reaches what is wanted.

        One law is solved at a time, as equations may fire from there, rather one that rests on
        givens than one on priors alone, and none that is not needed.
        """
        if wanted <= self.reached.keys() or not self._model.inverses:
            return
        before = dict(self.reached)
        solved = self._fire_until(wanted, self._model.inverses)
        reached, self.reached = self.reached, before
        if wanted <= reached.keys():
            needed = wanted.union(*(reached[name].ancestors for name in wanted))
            self._fire_until(wanted, [one for one in solved if one.target in needed])

    def _fire_until(self, wanted: set[str], inverses: Sequence[Equation]) -> list[Equation]:
        """Fire inverses, one at a time, until what is wanted is reached; return those fired."""
        fired = []
        while not wanted <= self.reached.keys():
            ready = (e for e in inverses if e.target not in self.reached and self._can_fire(e))
            inverse = max(ready, key=lambda e: bool(self._by(e).basis), default=None)
            if inverse is None:
                break
            self.reached[inverse.target] = self._by(inverse)
            fired.append(inverse)
            self._fire()
        return fired

    def _can_fire(self, equation: Equation) -> bool:
        return all(name in self.reached for name in equation.arguments)

    def _descends(self, equation: Equation) -> bool:
        """Return whether an equation's own variable is among what its arguments rest on."""
        target = equation.target
        return any(target in self.reached[name].ancestors for name in equation.arguments)

    def _by(self, equation: Equation) -> Reached:
        ways = [self.reached[name] for name in equation.arguments]
        return Reached(
            "equation",
            equation,
            basis=frozenset().union(*(way.basis for way in ways)),
            ancestors=frozenset(equation.arguments).union(*(way.ancestors for way in ways)),
        )

    def contradiction(self) -> Contradiction | None:
        """Return a second way to a variable that does not descend from it and may disagree.

        A given overrides what priors alone would have produced, and a prior stands against a way
        that rests on a given: the contradiction then shows at the given itself. A fallback stands
        for what nothing stated determines, whatever a choice may tell of it. A date that is solved
        for is the one at which all agree.
        """
        if self.dated_by is not None:
            return None
        for equation in self._laws:
            if equation.target not in self.reached or not self._can_fire(equation):
                continue
            first = self.reached[equation.target]
            if first.equation is equation or self._descends(equation):
                continue
            if equation.overridable and first.origin in {"given", "prior"}:
                continue
            second = self._by(equation)
            overridden = first.origin == "given" and not second.basis
            fallback = first.origin == "fallback" or (first.equation and first.equation.fallback)
            believed = fallback or (first.believed and second.basis)
            if not overridden and not believed:
                return Contradiction(equation.target, first, second)
        return None
