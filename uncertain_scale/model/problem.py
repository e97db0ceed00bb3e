"""A problem: a model, what is believed and what is asked; and the plan by which it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.inputs.prior import Priors
from uncertain_scale.model.closure import Closure, Origin, Reached
from uncertain_scale.model.model import Model
from uncertain_scale.model.question import EVERYTHING, Question
from uncertain_scale.model.refusal import say_contradiction, say_unreached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from uncertain_scale.inputs.prior import Prior
    from uncertain_scale.model.equation import Equation

__all__ = ["Plan", "Problem", "solve", "takes_problem"]

_PARTS = {"model": Model, "priors": Priors, "question": Question}
_Options = ParamSpec("_Options")
_Answer = TypeVar("_Answer")
_Answer_co = TypeVar("_Answer_co", covariant=True)


@dataclass(frozen=True, eq=False)
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

    The three are told from the other arguments by their types.
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
        raise OverdeterminedError(say_contradiction(contradiction, problem))
    if question.outputs in {(), EVERYTHING}:
        shown = closure.computed(model.headline if not question.outputs else model.variables)
        outputs = (*question.free, *shown)
    else:
        outputs = question.outputs
    outputs = (*outputs, *question.also)
    missing = [name for name in (*outputs, *question.free) if name not in closure.reached]
    if missing or not outputs:
        raise QuestionError(say_unreached(missing, problem))
    needed = set(outputs).union(*(closure.reached[name].ancestors for name in outputs))
    return Plan(
        outputs=tuple(dict.fromkeys(outputs)),
        reached={name: way for name, way in closure.reached.items() if name in needed},
        notes=tuple(_notes(closure, question, needed)),
    )


def _notes(closure: Closure, question: Question, needed: set[str]) -> Iterator[str]:
    """Say what a reader of the answer should know about the question."""
    for name in question.given:
        if name not in needed:
            yield f"{name} is given, but no answer depends on it"
    for name in (*question.outputs, *question.also):
        if name not in needed or closure.reached[name].origin != "prior":
            continue
        if given := ", ".join(closure.overridden_by(name)):
            yield (
                f"{name} is shown as its prior, which the given {given} overrides; "
                f"free {name} to solve for it"
            )
