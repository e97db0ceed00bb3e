"""Observations as questions of their own to the model, and the coordinates that they rest on.

An observation is answered from the same points of the cube as everything else, so that it shares
its inputs with the question, except those that it owns: these have coordinates of their own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.conditioning.likelihood import distance, log_likelihood
from uncertain_scale.errors import EvidenceError, QuestionError, UnitError, nearest
from uncertain_scale.inputs.prior import ENDS, correlation_matrix, regression
from uncertain_scale.model import Problem, ask
from uncertain_scale.sampling.dependence import InputSampler, cholesky
from uncertain_scale.sampling.engine import propagate, try_equations
from uncertain_scale.sampling.rare_values import rare_levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.inputs.observations import Observation
    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Model, Plan
    from uncertain_scale.units.aliases import FloatArray

_LEVELS = np.array([ENDS[0], 0.25, 0.5, 0.75, ENDS[1]])


@dataclass(frozen=True)
class Columns:
    """Coordinates by name, as what gives an `InputSampler` its points; a half for the others."""

    by_name: Mapping[str, FloatArray]

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        """Return one coordinate of all points."""
        size = next(iter(self.by_name.values())).size
        return self.by_name.get(name, np.full(size, 0.5))


@dataclass(frozen=True)
class _Own:
    """Inputs that an observation draws by itself, given those that it shares.

    In normal scores z: own = slopes z_shared + ties (z_question - slopes z_shared) + factor eps.
    """

    names: tuple[str, ...]
    coordinates: tuple[str, ...]
    shared: tuple[str, ...]
    slopes: FloatArray
    factor: FloatArray
    tie: float = 0.0


@dataclass(frozen=True)
class Term:
    """One observation bound to a model: its likelihood at points of the cube.

    Parameters
    ----------
    observation
        What was observed.
    plan, sampler
        How the model predicts it, and the inputs that it predicts it from.
    coordinates
        Names of the coordinates of the cube that the prediction rests on.
    inputs
        The question's inputs that it shares or is tied to, by name.
    units
        The model's units of the observed variable.
    own
        Inputs that it draws by itself.
    """

    observation: Observation
    plan: Plan
    sampler: InputSampler
    coordinates: tuple[str, ...]
    inputs: tuple[str, ...]
    units: str = "1"
    own: tuple[_Own, ...] = ()

    def predict(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return the observed variable at points given by coordinate, in the model's units."""
        levels = self.sampler.levels(Columns(points), 0)
        for own in self.own:
            levels |= _own_levels(own, levels, points)
        values = propagate(self.plan, self.sampler.values(levels))
        return values[self.observation.variable]

    def log_likelihood(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return the log-likelihood of what was observed at points given by coordinate."""
        return log_likelihood(self.observation, self.predict(points))

    def rare_levels(self, draws: int) -> dict[str, FloatArray]:
        """Return, by coordinate, the levels of values that so many draws may miss."""
        alone = {name: tuple(self.sampler.positions_of([name])) for name in self.inputs}
        alone |= {own.names[0]: own.coordinates for own in self.own if not (own.shared or own.tie)}
        found = {}
        for name, coordinates in alone.items():
            prior, rows = self.sampler.belief(name)
            if rows is None and len(coordinates) == 1:
                levels = rare_levels(prior.distribution, draws)
                if levels.size:
                    found[coordinates[0]] = levels
        return found

    def distance(self, points: Mapping[str, FloatArray]) -> FloatArray:
        """Return how far points are from what the observation allows, 0 where it does."""
        return distance(self.observation, self.predict(points))


def bind(
    model: Model, priors: Priors, observations: Sequence[Observation], faults: Sequence[str] = ()
) -> tuple[Term, ...]:
    """Ask a model what each observation's givens predict.

    Parameters
    ----------
    model, priors
        The equations, and the scenario in their units.
    observations, faults
        As `read_evidence` returns them.

    Raises
    ------
    EvidenceError
        Everything that is wrong with the observations, the faults of reading them first.
    """
    terms, all_faults = bind_sound(model, priors, observations, faults)
    if all_faults:
        raise EvidenceError(all_faults)
    return terms


def bind_sound(
    model: Model, priors: Priors, observations: Sequence[Observation], faults: Sequence[str] = ()
) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Return terms for the observations without fault, and everything that is wrong with others.

    Takes what `bind` takes.

    Raises
    ------
    EvidenceError
        There is no observation without fault.
    """
    terms, all_faults = [], list(faults)
    for observation in observations:
        try:
            terms.append(_bind(model, priors, observation))
        except EvidenceError as error:
            all_faults += error.faults
    if all_faults and not terms:
        raise EvidenceError(all_faults)
    return tuple(terms), tuple(all_faults)


def in_one_way(problem: Problem, observations: Sequence[Observation]) -> Problem:
    """Return the problem without priors that the question or a fact has a law for.

    Where a question or a fact is told a variable that a prior is not used beside (`unless`), all
    that need the input go by the law that takes its place: a fact about a dense model so bears on a
    question that leaves open whether the model is one.
    """
    model, priors = problem.model, problem.priors
    held = [name for name, prior in priors.inputs.items() if prior.unless in priors.inputs]
    plans = [problem.plan]
    for observation in observations if held else ():
        with suppress(QuestionError, UnitError):  # told where the observation is bound
            question = ask(model, observation.given, outputs=[observation.variable])
            plans.append(Problem(model, priors, question).plan)
    ways = {
        name: {plan.reached[name].origin for plan in plans if name in plan.reached} for name in held
    }
    gone = {name for name, origins in ways.items() if "equation" in origins}
    return replace(problem, priors=priors.without(gone)) if gone else problem


def varies(priors: Priors, name: str) -> bool:
    """Tell whether an input is uncertain at all."""
    ends = priors.inputs[name].ppf(_LEVELS)
    return bool((ends != ends[:1]).any())


def _bind(model: Model, priors: Priors, observation: Observation) -> Term:
    variable = observation.variable
    observation = replace(observation, own=_by_inputs(model, priors, observation.own))
    faults = list(_faults(model, priors, observation))
    if faults:
        raise EvidenceError(faults)
    problem = Problem(model, priors, ask(model, observation.given, outputs=[variable]))
    try:
        plan = problem.plan
    except QuestionError as error:
        text = str(error).replace("the question is over", "its givens are over")
        text = text.partition(", or free an input")[0]  # an observation frees nothing
        raise EvidenceError([observation.fault("given", text)]) from None
    priors, names, given = problem.believed, plan.inputs, problem.question.given
    try:
        sampler = InputSampler(priors, names, tuple(given))
    except QuestionError as error:
        raise EvidenceError([observation.fault("given", str(error))]) from None
    try_equations(plan, sampler)
    known = [name for name in given if name in names]
    own = tuple(_owned(priors, observation, names, known))
    taken = {name for one in own for name in one.names}
    uncertain = [name for name in names if varies(priors, name)]
    if not uncertain:
        raise EvidenceError([_nothing_to_learn(observation, plan, sampler)])
    for name in observation.own:
        if name not in names:
            said = f"owns {name}, which {variable} does not rest on here; drop it"
            raise EvidenceError([observation.fault("own", said)])
    shared = [name for name in uncertain if name not in taken]
    tied = [name for one in own if one.tie for name in one.names]
    part = InputSampler(priors, [*shared, *tied])
    coordinates = (*part.coordinates, *(name for one in own for name in one.coordinates))
    units = model.variables[variable]
    return Term(observation, plan, sampler, coordinates, (*shared, *tied), units, own)


def _by_inputs(model: Model, priors: Priors, own: Mapping[str, float]) -> dict[str, float]:
    """Return what is owned, the first argument of a law that yields in its variable's place."""
    laws = {law.target: law for law in model.equations if law.overridable}
    return {
        laws[name].arguments[0] if name in laws and name not in priors.inputs else name: rank
        for name, rank in own.items()
    }


def _faults(model: Model, priors: Priors, observation: Observation) -> Iterator[str]:
    """Yield what is wrong with the givens and with what an observation owns."""
    for name, value in observation.given.items():
        try:
            ask(model, {name: value})
        except (QuestionError, UnitError) as error:
            yield observation.fault("given", str(error))
    if observation.variable in observation.given:
        said = f"gives {observation.variable}, which is what it observes; drop it from 'given'"
        yield observation.fault("given", said)
    for name, rank in observation.own.items():
        if name not in priors.inputs:
            behind = [a for way in model.ways_to(name)[:1] for a in way.arguments]
            hint = (
                f"it follows from {', '.join(behind)}" if behind else nearest(name, priors.inputs)
            )
            yield observation.fault("own", f"'{name[:60]}' is not an input of the scenario; {hint}")
        elif name in observation.given:
            yield observation.fault("own", f"gives and owns {name}; a given is its own already")
        elif rank and (others := _relatives(priors, name)):
            yield observation.fault(
                "own",
                f"ties {name} to the question's, but it is correlated with {', '.join(others)}; "
                f"own it whole: own = ['{name}']",
            )


def _relatives(priors: Priors, name: str) -> list[str]:
    """Return the inputs that an input is correlated with."""
    pairs = (c.inputs for c in priors.ties if name in c.inputs)
    return [other for pair in pairs for other in pair if other != name]


def _owned(
    priors: Priors, observation: Observation, names: Sequence[str], given: Sequence[str]
) -> Iterator[_Own]:
    """Yield what an observation draws by itself: joint samples, givens, and its own inputs."""
    joints = {joint.name: joint for joint in priors.joints}
    single = {name: 0.0 for name in given if varies(priors, name)}
    group: list[str] = []
    done: set[str] = set()
    for name, rank in observation.own.items():
        joint = joints.get(priors.inputs[name].joint)
        if joint is not None and joint.name not in done:
            done.add(joint.name)
            members = tuple(member for member in joint.inputs if member in names)
            yield _alone(observation, joint.name, members, rank)
        elif joint is None and _relatives(priors, name):
            group.append(name)
        elif joint is None:
            single[name] = rank
    for name, rank in single.items():
        yield _alone(observation, name, (name,), rank)
    own = tuple(name for name in group if name in names)
    if own:
        yield _given_shared(priors, observation, own, [n for n in names if n not in own])


def _alone(observation: Observation, name: str, members: tuple[str, ...], rank: float) -> _Own:
    """Return inputs with one coordinate, tied to the question's by a rank correlation."""
    tie = 2 * np.sin(np.pi * rank / 6)
    scale: FloatArray = np.array([[np.sqrt(1 - tie**2)]])
    return _Own(members, (f"{observation.name}\0{name}",), (), np.zeros((1, 0)), scale, float(tie))


def _given_shared(
    priors: Priors, observation: Observation, own: tuple[str, ...], others: Sequence[str]
) -> _Own:
    """Return correlated inputs, drawn afresh given those of the others that they hang on."""
    tied = {name for correlation in priors.ties for name in correlation.inputs}
    shared = tuple(name for name in others if name in tied and varies(priors, name))
    matrix = correlation_matrix([*own, *shared], priors.ties)
    k = len(own)
    slopes = regression(matrix[k:, k:], matrix[k:, :k]).T
    residual = matrix[:k, :k] - slopes @ matrix[k:, :k]
    exact = any(one.exact for one in priors.ties)
    factor = np.asarray((cholesky if exact else np.linalg.cholesky)(residual), dtype=np.float64)
    coordinates = tuple(f"{observation.name}\0{name}" for name in own)
    return _Own(own, coordinates, shared, slopes, factor)


def _own_levels(
    own: _Own, levels: Mapping[str, FloatArray], points: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Return the levels of an observation's own inputs."""
    from scipy.special import ndtr, ndtri

    scores = own.factor @ ndtri([points[name] for name in own.coordinates])
    if own.shared:
        scores = scores + own.slopes @ ndtri([levels[name] for name in own.shared])
    if own.tie:
        scores = scores + own.tie * ndtri(levels[own.names[0]])
    found = np.clip(ndtr(scores), *ENDS)
    together = len(own.coordinates) == 1
    return {name: found[0 if together else k] for k, name in enumerate(own.names)}


def _nothing_to_learn(observation: Observation, plan: Plan, sampler: InputSampler) -> str:
    """Say that a prediction rests on no uncertain input."""
    term = Term(observation, plan, sampler, (), ())
    value = float(term.predict({"": np.full(1, 0.5)})[0])
    return observation.fault(
        "given",
        f"{observation.variable} follows exactly from what is given ({value:.4g}), so that the "
        "observation moves nothing; give less, or drop it",
    )
