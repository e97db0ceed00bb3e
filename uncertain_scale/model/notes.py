"""What a reader of an answer should know about its question, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.trends import beyond
from uncertain_scale.model.model import wholes
from uncertain_scale.model.question import EVERYTHING
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator

    from uncertain_scale.model.model import Model
    from uncertain_scale.model.problem import Closure, Problem

_SET = ("--set ", "set ")  # how the source of a prior begins that a question states


def notes_on(
    closure: Closure, problem: Problem, outputs: Iterable[str], needed: Collection[str]
) -> Iterator[str]:
    """Yield the notes on a question.

    Parameters
    ----------
    closure
        What is reached from what is known.
    problem
        The question.
    outputs, needed
        The answers, and all that they rest on.
    """
    yield from _left_out(closure, problem)
    yield from _on_the_question(closure, problem, needed)
    yield from _dated(closure, problem, needed)
    yield from _of_a_part(problem, outputs, needed)
    yield from _where_stated(closure, problem, needed)


def _left_out(closure: Closure, problem: Problem) -> Iterator[str]:
    """Name what a report shows by default and what is given does not reach, and why."""
    if problem.question.outputs or problem.priors.lacking:
        return
    model, behind = problem.model, dict[str, list[str]]()
    for name in model.headline:
        if name not in closure.reached:
            lacking = ", ".join(_lacking(name, model, closure, set()))
            behind.setdefault(lacking, []).append(name)
    for lacking, names in behind.items():
        why = f": no prior or value of {lacking}" if lacking else ""
        yield f"left out, since what is given does not determine it{why}: {', '.join(names)}"


def _dated(closure: Closure, problem: Problem, needed: Collection[str]) -> Iterator[str]:
    """Name what does not move with the date of a question, and trends that it lies beyond."""
    priors = problem.priors
    if DATE not in needed:
        return
    moving = [trend for name, trend in priors.trends.items() if name in needed]
    parts = {part for trend in moving for part in trend.arguments(priors.inputs)}
    still = [
        name
        for name, way in closure.reached.items()
        if name in needed and name not in parts and way.origin in {"prior", "fallback"}
        if priors.inputs[name].varies and priors.inputs[name].provenance.ages
    ]
    if still:
        yield f"not dated, and as they stand: {', '.join(still)}"
    solved = closure.dated_by
    if closure.bound and solved is not None:
        trend = priors.trends.get(closure.bound)
        about = trend.provenance.long_name if trend else problem.model.long_name(closure.bound)
        yield f"{DATE}: the {solved.summary[0].lower()}{solved.summary[1:]}: {about}"
    elif solved is not None and len(problem.question.given) > 1:
        words = solved.summary[0].lower() + solved.summary[1:]
        yield (
            f"{DATE}: the {words}; where that is so on the first day already, or never, what is "
            "given does not agree at any date, and other answers are of that end"
        )
    if (given := problem.question.given.get(DATE)) is not None:
        first, last = given.ppf(np.array([0.05, 0.95]))
        yield from beyond(moving, first, last)


def _lacking(name: str, model: Model, closure: Closure, seen: set[str]) -> list[str]:
    """Return the unknown inputs of the first way to a variable that is not reached."""
    seen.add(name)
    ways = model.ways_to(name)
    if not ways:
        return [name]
    unknown = [a for a in ways[0].arguments if a not in closure.reached and a not in seen]
    return list(dict.fromkeys(x for a in unknown for x in _lacking(a, model, closure, seen)))


def _of_a_part(problem: Problem, outputs: Iterable[str], needed: Container[str]) -> Iterator[str]:
    """Say of a variable that is a part of more, how much that is."""
    inputs = problem.priors.inputs
    for name, (words, whole, factor) in wholes().items():
        asked = name in {*outputs, *problem.question.given} and name in needed
        if asked and factor in inputs and factor not in needed:
            low, high = inputs[factor].ppf(np.array([0.05, 0.95]))
            yield f"{name} is {words}: its {whole} is {low:.2g} to {high:.2g} times that"


def _where_stated(closure: Closure, problem: Problem, needed: Container[str]) -> Iterator[str]:
    """Say what a law counts that takes a variable to be stated, or what is left out without it."""
    reached = closure.reached
    for law in problem.model.equations:
        variable, instead_of = law.stated
        if law.target not in needed or not variable:
            continue
        known = (name for name in law.arguments if name in reached)
        told = [name for name in known if variable in reached[name].ancestors]
        if reached[law.target].equation is law:
            yield f"{law.target} counts {told[0]}, as {variable} is stated"
        elif instead_of and told and told[0] in needed and reached[variable].believed:
            yield f"{law.target} does not count {told[0]}, as {variable} is not stated"


def _on_the_question(closure: Closure, problem: Problem, needed: Collection[str]) -> Iterator[str]:
    """Say what a reader of the answer should know about the question."""
    question = problem.question
    if problem.priors.lacking and question.outputs in {(), EVERYTHING}:
        from uncertain_scale.model.refusal import lacking_message

        if absent := lacking_message(problem.model.headline, problem, closure):
            yield absent
    shown = {*question.outputs, *question.also}
    set_aside = {one: kept for one, kept in closure.set_aside(needed) if kept not in shown}
    for name, kept in set_aside.items():
        yield f"{name} is not used, as {kept} is by its prior; free {kept} to solve for it"
    for name in question.given:
        if name not in needed and name not in set_aside:
            yield f"{name} is given, but no answer depends on it"
    priors = problem.priors.inputs.items()
    idle = [name for name, p in priors if p.provenance.source.startswith(_SET)]
    yield from (
        f"{name} is set, but no answer is computed from it" for name in idle if name not in needed
    )
    for name in (*question.outputs, *question.also):
        if name not in needed or not closure.reached[name].believed or closure.dated_by:
            continue
        if given := ", ".join(closure.overridden_by(name)):
            yield (
                f"{name} is shown as its prior, which the given {given} overrides; "
                f"free {name} to solve for it"
            )
