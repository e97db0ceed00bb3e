"""Questions that cannot be answered, in words: what is wrong, and what would mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from uncertain_scale.inputs.catalog import trend_units
from uncertain_scale.inputs.distributions import Constant
from uncertain_scale.inputs.files import load_priors
from uncertain_scale.inputs.prior import Prior, lay_over
from uncertain_scale.inputs.trends import WHEN
from uncertain_scale.model.problem import Closure
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uncertain_scale.model.model import Model
    from uncertain_scale.model.problem import Contradiction, Problem, Reached

_MOST_NAMES = 6


def contradiction_message(contradiction: Contradiction, problem: Problem) -> str:
    """Name both ways to a variable that is fixed twice, and what to drop or free."""
    name, first, second = contradiction
    drop = sorted(first.basis | second.basis)
    advice = [f"drop one of {', '.join(drop)}"] if drop else []
    if freed := _freed(contradiction, problem):
        advice.append(f"free an input to solve for it ({', '.join(freed)})")
    kind = "over-determined" if drop else "ambiguous"
    return (
        f"the question is {kind}: {name} follows in two ways, {_origin(first)} and "
        f"{_origin(second)}; {', or '.join(advice) or 'drop one of the equations or priors'}"
    )


def unreached_message(missing: Sequence[str], problem: Problem) -> str:
    """Say why variables are not reached, and which single given would reach them."""
    model, question, closure = problem.model, problem.question, Closure(problem)
    free = [name for name in missing if name in question.free]
    if absent := lacking_message(missing or model.headline, problem, closure):
        return absent
    if not missing:
        what = _nothing_shown(problem, closure)
    elif free:
        what = f"{free[0]} is free, and what is given does not determine it"
    else:
        if DATE not in model.variables and missing[0] in trend_units():
            return f"{missing[0]}: {WHEN}"
        why = _why(missing[0], model, closure)
        what = f"{missing[0]} does not follow from what is given{why}"
    helpful = [
        name
        for name in model.variables
        if name not in closure.reached and name not in missing and name not in question.free
        if _helps(name, missing, problem)
    ]
    more = ", …" if len(helpful) > _MOST_NAMES else ""
    if _base_reaches(missing, problem):
        return (
            f"{what}; the priors of {problem.priors.name} stand alone here: name the scenario that "
            "they are laid over, such as --scenario base"
        )
    law = next(filter(None, (_unsolved(name, model, closure) for name in missing)), "")
    one = "one of " if len(helpful) > 1 else ""
    remedy = "" if law else "give it, or a prior for what is missing"
    if helpful:
        remedy = f"give {one}{', '.join(helpful[:_MOST_NAMES])}{more}"
    elif not missing and (freed := _solvable(problem.priors.inputs, problem)):
        remedy = f"free an input to solve for it ({', '.join(freed)})"
    elif not missing:
        remedy = "give what is lacking, or name other outputs"
    return "; ".join(filter(None, (what, law, remedy)))


def lacking_message(wanted: Sequence[str], problem: Problem, closure: Closure) -> str:
    """Say which variables would follow if inputs had priors that the scenario lacks, or ""."""
    priors = problem.priors
    absent = [name for name in priors.lacking if name not in closure.reached]
    for name in absent:
        priors = priors.replace(Prior(name, Constant(value=1.0)))
    trial = Closure(replace(problem, priors=priors)).reached
    gained = [name for name in wanted if name in trial and name not in closure.reached]
    behind = set(gained).union(*(trial[name].ancestors for name in gained))
    needed = [name for name in absent if name in behind]
    if not needed:
        return ""
    whys = "; ".join(problem.priors.lacking[name] for name in needed)
    options = " ".join(f"--set {name}=…" for name in needed)
    return f"{', '.join(gained)}: not without {' and '.join(needed)} ({whys}); state it: {options}"


def _base_reaches(missing: Sequence[str], problem: Problem) -> bool:
    """Whether what is missing, or any headline, would be reached with `base` beneath the priors."""
    base = load_priors("base")
    if set(base.files) & set(problem.priors.files):
        return False
    trial = Closure(replace(problem, priors=lay_over(base, problem.priors)))
    return _reaches(missing, trial, problem)


def _origin(way: Reached) -> str:
    if way.equation is None:
        return "it is given" if way.origin == "given" else "it has a prior"
    rests = f"rests on {', '.join(sorted(way.basis))}" if way.basis else "rests on priors alone"
    return f"{way.equation} which {rests}"


def _freed(contradiction: Contradiction, problem: Problem) -> list[str]:
    """Return the inputs behind two ways whose freeing makes the question answerable."""
    behind: dict[str, None] = {contradiction.variable: None}
    for way in contradiction[1:]:
        behind.update(dict.fromkeys(way.equation.arguments if way.equation else ()))
    behind.update(dict.fromkeys(sorted(contradiction.first.ancestors)))
    behind.update(dict.fromkeys(sorted(contradiction.second.ancestors)))
    return _solvable(behind, problem)


def _solvable(names: Iterable[str], problem: Problem) -> list[str]:
    """Return those of the priors and of the laws that yield that freeing would solve for."""
    question, freed = problem.question, []
    loose = {one.target for one in problem.model.equations if one.overridable}
    for name in names:
        if name in {*problem.priors.inputs, *loose} and name not in {
            *question.given,
            *question.free,
        }:
            wider = replace(question, free=(*question.free, name))
            trial = Closure(replace(problem, question=wider))
            if name in trial.reached and trial.contradiction() is None:
                freed.append(name)
    return freed[:_MOST_NAMES]


def _nothing_shown(problem: Problem, closure: Closure) -> str:
    """Say why nothing of what the model shows by default is computed."""
    model = problem.model
    known = [name for name in model.headline if name in closure.reached]
    lacking = [name for name in model.headline if name not in closure.reached]
    given = f" and the given {', '.join(problem.question.given)}" if problem.question.given else ""
    whence = f"the priors{given}" if given else "the priors alone"
    if not lacking:
        are = "is" if len(known) == 1 else "are"
        return f"nothing is left to compute: {_names(known)}, all it shows, {are} known already"
    why = _why(lacking[0], model, closure)
    return f"nothing that the model shows ({_names(lacking)}) follows from {whence}{why}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def _unsolved(name: str, model: Model, closure: Closure) -> str:
    """Say which law holds a variable that is not reached and is not solved for it, or return ""."""
    solved = {(e.target, frozenset(e.variables)) for e in (*model.equations, *model.inverses)}
    seen, trail = {name}, [name]
    while trail:
        wanted = trail.pop(0)
        for law in (e for e in model.equations if wanted in e.arguments and e.law is None):
            if law.target not in closure.reached:
                trail += [] if law.target in seen else [law.target]
                seen.add(law.target)
            elif (wanted, frozenset(law.variables)) not in solved and all(
                one in closure.reached for one in law.arguments if one != wanted
            ):
                others = ", ".join(one for one in law.variables if one != wanted)
                return (
                    f"{law} is not solved for {wanted} (products of powers are, and sums, caps, "
                    "branches and even powers are not); write its inverse into a file of "
                    f"equations: def {wanted}__from_{law.name}({others})"
                )
    return ""


def _helps(name: str, missing: Sequence[str], problem: Problem) -> bool:
    """Whether a further given would reach what is missing, without a contradiction."""
    given = {**problem.question.given, name: Prior(name, Constant(value=1.0))}
    trial = Closure(replace(problem, question=replace(problem.question, given=given)))
    return _reaches(missing, trial, problem)


def _reaches(missing: Sequence[str], trial: Closure, problem: Problem) -> bool:
    """Whether a closure has what is missing, or any headline, without a contradiction."""
    shown = missing or trial.computed(problem.model.headline)
    reaches = bool(shown) and all(name in trial.reached for name in shown)
    return reaches and trial.contradiction() is None


def _why(name: str, model: Model, closure: Closure) -> str:
    """Say what a variable's ways lack, and the circle that they run in where there is one."""
    ways = model.ways_to(name)
    if not ways:
        return ": it has no prior and no equation"
    lacking = [
        f"{way} lacks {', '.join(a for a in way.arguments if a not in closure.reached)}"
        for way in ways[:3]
    ]
    if not any(way.units for way in ways):
        lacking[-1] += f"; {ways[0].name} has no annotations, so its variables have no units"
    circle = _circle(name, model, closure)
    return f" ({'; '.join(lacking)}{f'; a circle: {circle}' if circle else ''})"


def _circle(name: str, model: Model, closure: Closure) -> str:
    """Return a circle of unreached variables whose own equations each need the next, or ""."""
    trail = [name]
    while True:
        own = [way for way in model.ways_to(trail[-1]) if way.name == way.target]
        lacking = [a for way in own for a in way.arguments if a not in closure.reached]
        if not lacking:
            return ""
        if lacking[0] in trail:
            return " <- ".join((*trail[trail.index(lacking[0]) :], lacking[0]))
        trail.append(lacking[0])
