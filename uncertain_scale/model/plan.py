"""How a question is answered: which equation computes which variable, from what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.model.closure import Closure, Origin, Reached
from uncertain_scale.model.question import EVERYTHING
from uncertain_scale.model.refusal import say_contradiction, say_unreached

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.model.model import Model
    from uncertain_scale.model.question import Question

__all__ = ["Plan", "solve"]


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
    def steps(self) -> list[Equation]:
        """The equations, in an order in which they can be computed."""
        return [way.equation for way in self.reached.values() if way.equation is not None]

    def known(self, *origins: Origin) -> list[str]:
        """Return the variables that are known from one of these origins."""
        return [name for name, way in self.reached.items() if way.origin in origins]


def solve(model: Model, priors: Priors, question: Question) -> Plan:
    """Find out how a question is answered.

    Parameters
    ----------
    model
        The equations.
    priors
        The inputs that have priors; a given overrides one, a free input has none.
    question
        The givens, the outputs wanted and the free inputs.

    Raises
    ------
    OverdeterminedError
        Two ways lead to one variable, neither descends from it, and they rest on different givens.
    QuestionError
        An output cannot be reached, or a free input is not determined.
    """
    closure = Closure(model, priors, question)
    if contradiction := closure.contradiction():
        raise OverdeterminedError(say_contradiction(contradiction, model, priors, question))
    if question.outputs in {(), EVERYTHING}:
        shown = closure.computed(model.headline if not question.outputs else model.variables)
        outputs = (*question.free, *shown)
    else:
        outputs = question.outputs
    outputs = (*outputs, *question.also)
    missing = [name for name in (*outputs, *question.free) if name not in closure.reached]
    if missing or not outputs:
        raise QuestionError(say_unreached(missing, model, priors, question))
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
