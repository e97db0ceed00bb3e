"""The answer to a view: what `report`, `sensitivity` and `compare` say, as far as a page shows it.

The draws are those of the commands, and each figure comes from the same function, so that it is the
same to the bit. What a page does not show (moments, highest-density regions, the other methods of
ranking) is not computed, which is what makes the answer follow a hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from uncertain_scale.analysis.attribution import attribute
from uncertain_scale.analysis.comparison import (
    alike,
    changed_unseen,
    greater_in,
    inputs_apart,
    inputs_beside,
    rounding,
    same_way,
    unseen,
)
from uncertain_scale.analysis.coupling import (
    STATED,
    changed_correlations,
    changed_inputs,
    coupled,
    couplings,
    readings,
)
from uncertain_scale.analysis.events import grain_of
from uncertain_scale.analysis.guards import warnings_in
from uncertain_scale.analysis.held_against import difference_of, has_ratio, has_split, rounding_of
from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.report.comparison_report import couplings_document
from uncertain_scale.report.document import (
    events_document,
    histogram_document,
    inputs_document,
    interval_document,
    record_document,
    sufficient_document,
)
from uncertain_scale.report.interval_report import headline_outputs
from uncertain_scale.report.numbers import estimates, number
from uncertain_scale.report.sensitivity_report import ranking_document
from uncertain_scale.sampling.branches import rare_facts
from uncertain_scale.sampling.cancellation import GRAIN
from uncertain_scale.sampling.chains import ArrayTree, Labelled, Variable, as_tree
from uncertain_scale.sampling.engine import Simulation, each, propagate, threads_for
from uncertain_scale.sampling.limits import Stop, StoppedError, refuse_to_hold
from uncertain_scale.sampling.paths import Paths
from uncertain_scale.statistics.intervals import quantiles
from uncertain_scale.statistics.outputs import draws_of, joined_pivots, read_draws
from uncertain_scale.statistics.summary import why_unsettled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uncertain_scale.analysis.coupling import Coupling
    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.sampling.dependence import Coupled
    from uncertain_scale.statistics.draws import Draws
    from uncertain_scale.units.aliases import FloatArray

_SAME = 1e-9
_FIRST = ("training_flop", "budget")  # what is looked at first, where it is an answer


@dataclass(frozen=True)
class Answer:
    """What follows from a view, as the plain data that views of a report take.

    Parameters
    ----------
    document
        As `report_document` returns it; an output has a median and equal-tailed intervals, no
        moments, and no histogram but for that which is ranked.
    of
        The answer that is ranked.
    ranking
        As `sensitivity_document` returns it, of that one answer by its Shapley effects alone.
    comparison
        As `comparison_document` returns it, with ratios, or differences where there are none; None
        without other scenarios.
    refused
        By scenario that cannot be compared, why.
    inputs
        Priors by name, givens among them.
    problem
        What is asked, and how it is reached.
    steps
        Rough medians of the variables between inputs and answers, of the first chain.
    """

    document: Document
    of: str
    ranking: Document
    comparison: Document | None
    refused: Mapping[str, str]
    inputs: Mapping[str, Prior]
    problem: Problem
    steps: Mapping[str, float]


@dataclass(frozen=True)
class _Drawn:
    """A simulation and its draws, as `sample` gives them but for what a page needs at times."""

    simulation: Simulation
    tree: ArrayTree

    @property
    def inputs(self) -> Mapping[str, Labelled]:
        return self.tree.groups["prior"]

    @property
    def outputs(self) -> Mapping[str, Labelled]:
        return self.tree.outputs

    def facts(self, output: str) -> dict[str, Any]:
        """Return an output's attributes, and which rare values its draws may miss."""
        return {**self.outputs[output].attrs, **self._rare[output]}

    @cached_property
    def _rare(self) -> dict[str, dict[str, str]]:
        return rare_facts(self.simulation.plan, self.simulation.sampler())

    def values(self) -> dict[str, FloatArray]:
        """Return the draws of the inputs, shape (chain, draw)."""
        return {name: one.values for name, one in self.inputs.items()}

    def steps(self) -> dict[str, float]:
        """Return the medians, in the first chain, of what is computed on the way to the outputs."""
        first = {name: values[0] for name, values in self.values().items()}
        found, known = propagate(self.simulation.plan, first), self.tree.variables
        return {name: float(np.median(x)) for name, x in found.items() if name not in known}


def answer_to(
    view: View, scenarios: Scenarios, *, stop: Stop | None = None, brief: bool = False
) -> Answer:
    """Answer a view.

    Parameters
    ----------
    view
        What is looked at.
    scenarios
        Where scenarios are read.
    stop
        Ends the work early.
    brief
        Whether to leave out what ratios of medians come from, which takes as long as the rest, and
        of answers that are not ranked all intervals but the first, which no table shows.

    Raises
    ------
    UncertainScaleError
        The question cannot be answered, or a file or an edit is at fault. What is wrong with
        another scenario is no error: the answer reports it.
    StoppedError
        `stop` came.
    """
    problem = view.problem(scenarios)
    drawn = _draw(problem, view, stop)
    document, outputs, of = _document(view, drawn, view.probs[:1] if brief else view.probs)
    document["outputs"][of]["histogram"] = histogram_document(outputs[of])
    _check(stop)
    ranking = _ranking(view, problem, of, document)
    comparisons, refused = [], {}
    for name in view.others:
        _check(stop)
        try:
            other = view.held_against(scenarios, name)
            same_way(problem, other)
            tied = couplings(problem.plan, problem.priors, other)
            beside = replace(problem, priors=other)
            twin = _draw(beside, view, stop)
            apart_in_time = Paths([drawn.simulation, twin.simulation]).names
            joined = _draw(beside, view, stop, None, drawn) if apart_in_time else twin
            twins = {
                reading: joined
                if (apart := coupled(problem.plan, problem.priors, other, ranks)) is None
                else _draw(beside, view, stop, apart, drawn)
                for reading, ranks in readings(tied).items()
            }
            parts = [] if brief else [of]
            comparisons.append(_comparison(view, drawn, twin, twins, tied, parts))
        except UncertainScaleError as error:
            refused[name] = str(error)
    comparison = None
    if comparisons:
        comparison = {**document, "base": problem.priors.name, "comparisons": comparisons}
    inputs = problem.believed.inputs
    return Answer(document, of, ranking, comparison, refused, inputs, problem, drawn.steps())


def document_of(view: View, simulation: Simulation, values: Mapping[str, FloatArray]) -> Document:
    """Return the document of a view from draws of its inputs and outputs, shape (chain, draw)."""
    drawn = _Drawn(simulation, as_tree(simulation, values, brief=True))
    return _document(view, drawn, view.probs[:1])[0]


def _wanted(view: View, document: Document) -> tuple[str, ...]:
    """Return what is to be ranked, what comes first before what it falls back on."""
    chosen = () if view.of is None else (view.of,)
    return (*chosen, *document["question"]["free"], *_FIRST, *headline_outputs(document))


def _check(stop: Stop | None) -> None:
    if stop is not None:
        stop.check()


def _draw(
    problem: Problem,
    view: View,
    stop: Stop | None,
    apart: Coupled | None = None,
    beside: _Drawn | None = None,
) -> _Drawn:
    """Draw whole chains, as `sample` does, and `sample_beside` beside others."""
    simulation = Simulation.of(problem, view.design, apart)
    refuse_to_hold(simulation)
    paths = Paths([simulation] if beside is None else [beside.simulation, simulation])

    def chain(number: int) -> dict[str, FloatArray]:
        _check(stop)
        return [*paths.draws(number)][-1] if paths.names else simulation.whole(number)

    threads = threads_for(view.design)
    chains = list(each(chain, range(view.design.chains), threads=threads, stop=stop))
    if len(chains) < view.design.chains:
        raise StoppedError(stop.why if stop else "")
    values = {name: np.stack([one[name] for one in chains]) for name in simulation.variables}
    return _Drawn(simulation, as_tree(simulation, values, brief=True))


def _document(
    view: View, drawn: _Drawn, probs: Sequence[float]
) -> tuple[Document, dict[str, Draws], str]:
    """Return the document, the outputs' draws, and the output that is ranked.

    Of the others there are intervals of some probabilities alone.
    """
    outputs = draws_of(drawn.tree)
    record: Document = {**record_document(drawn.tree, view.probs)}
    wanted = _wanted(view, record | {"outputs": outputs})
    of = next(name for name in wanted if name in outputs)
    document = record | {
        "inputs": inputs_document(drawn.tree),
        "outputs": {
            name: {
                "units": drawn.outputs[name].attrs["units"],
                "long_name": drawn.outputs[name].attrs["long_name"],
                **_statistics(
                    draws,
                    view.probs if name == of else probs,
                    drawn.facts(name) if draws.constant else drawn.outputs[name].attrs,
                ),
                "histogram": {"counts": [], "edges": [], "log": False, "atoms": []},
            }
            for name, draws in outputs.items()
        },
        "events": events_document(drawn.tree, view.parsed_events(drawn.simulation.problem.model)),
        "suffices": sufficient_document(
            outputs, {name: one.attrs["origin"] for name, one in drawn.outputs.items()}
        ),
    }
    return document, outputs, of


def _statistics(draws: Draws, probs: Iterable[float], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the median and the equal-tailed intervals of one output, with their errors.

    Parameters
    ----------
    draws, probs
        Its draws, and the probabilities of the intervals.
    facts
        Its attributes, which tell of rounding, and of draws that are one number whether it is the
        only one.
    """
    probs = list(dict.fromkeys(probs))
    tails = ((1 - prob) / 2 for prob in probs)  # as `equal_tailed` takes them
    levels = np.array([0.5, *(level for tail in tails for level in (tail, 1 - tail))])
    if draws.constant:
        values = np.full(len(levels), draws.low)
        errors = np.full(len(levels), 0.0 if draws.chains > 1 else math.nan)
    else:
        if draws.conditional is None:
            draws.gather(levels, 0)
        values, errors = quantiles(draws, levels)
    if grain := facts.get(GRAIN):
        errors = np.hypot(errors, grain)
    reason = why_unsettled(draws, facts) if draws.constant else ""
    words = {"mean": f"mean {reason}", "sd": f"standard deviation {reason}"}
    return {
        "median": float(values[0]),
        "median_mcse": number(errors[0]),
        "constant": draws.constant and not reason,
        "pivot": draws.conditional.pivot.name if draws.conditional is not None else "",
        "mean": None,
        "sd": None,
        "reason": words if reason else {},
        "intervals": [
            {"kind": "eti", **interval_document(prob, values[k : k + 2], errors[k : k + 2])}
            for k, prob in zip(range(1, len(levels), 2), probs, strict=True)
        ],
    }


def _ranking(view: View, problem: Problem, of: str, document: Document) -> Document:
    """Rank the inputs by shares of the variance, as the command sensitivity does by default."""
    from uncertain_scale.analysis.sensitivity import CONSTANT, ranking_design, shapley_effects

    on: Scale = view.on or "value"
    if document["outputs"][of]["constant"]:
        output: dict[str, Any] = {"reason": CONSTANT, "ranking": [], "rank_share": {}}
    else:
        design = ranking_design(problem, view.design, [of])
        found = shapley_effects(problem, design, of=[of], on=(on,)).sel(output=of, scale=on)
        output = ranking_document(found)
        output["shapley"] = estimates(found, "shapley", output["ranking"])
    return {**document, "on": on, "outputs": {of: output}, "events": []}


def _comparison(  # noqa: PLR0913, PLR0917 (two scenarios, and how they are read together)
    view: View,
    base: _Drawn,
    other: _Drawn,
    twins: Mapping[str, _Drawn],
    tied: Mapping[str, Coupling],
    of: Sequence[str],
) -> dict[str, Any]:
    plan = base.simulation.plan
    priors = base.simulation.priors, other.simulation.priors
    changed = changed_inputs(plan, *priors)
    parts = attribute(plan, changed, base.values(), other.values(), of=of) if of else {}
    ranks = readings(tied)
    beside = {
        reading: (
            *inputs_beside(base.inputs, twin.inputs, ranks[reading]),
            changed_unseen(base.inputs, twin.inputs),
        )
        for reading, twin in twins.items()
    }

    def output(name: str) -> dict[str, Any]:
        """Return what one output is to that of the base, draw by draw."""
        answers = [one.outputs[name].values for one in (base, *twins.values())]
        units = str(base.outputs[name].attrs["units"])
        without = "" if has_ratio(*answers, units=units) else units
        found = {
            reading: _held(name, (base, twin), beside[reading], view, units=without)
            for reading, twin in twins.items()
        }
        split = parts.get(name) if has_split(answers, units) else None
        logs = split or {}
        whole = math.fsum(logs.values())
        shared = abs(whole) > _SAME
        return {
            **found.pop(STATED),
            "otherwise": found,
            "ratio_of_medians": None if split is None else math.exp(whole),
            "attribution": {one: part / whole for one, part in logs.items()} if shared else {},
            "factors": {one: math.exp(part) for one, part in logs.items()},
        }

    return {
        "other": priors[1].name,
        "warnings": warnings_in(other.tree.variables),
        "events": [],
        "changed_inputs": {name: {} for name in changed},
        "changed_correlations": [list(p) for p in changed_correlations(plan, *priors)],
        "couplings": couplings_document(tied),
        "common": [name for name in plan.known("prior", "fallback") if name not in changed],
        "outputs": {name: output(name) for name in plan.outputs},
    }


def _held(
    name: str,
    pair: tuple[_Drawn, _Drawn],
    beside: tuple[Mapping[str, Labelled], Mapping[str, str], set[str]],
    view: View,
    *,
    units: str,
) -> dict[str, Any]:
    """Return the ratio to the base, or the difference in its units where there is no ratio."""
    inputs, renamed, hidden = beside
    base, other = (drawn.outputs[name] for drawn in pair)
    form: Literal["line", "power"] = "line" if units else "power"
    with np.errstate(all="ignore"):
        both = other.values, base.values
        values = difference_of(*both) if units else np.divide(*both)
    pivots = joined_pivots(other.attrs, base.attrs, form, over_names=renamed)
    held = Variable(name, values, {**pivots, **rounding((base, other), form)})
    if alike(held) and inputs_apart((base, other), renamed, hidden):
        first, second = (Variable(name, one.outputs[name].values, one.facts(name)) for one in pair)
        held.attrs.update(unseen(held, (first, second), renamed, hidden, form))
    draws = read_draws(held, inputs)
    found = _statistics(draws, view.probs, held.attrs)
    if units:
        _round_off(found, rounding_of(*both))
    ratio = None if units else held
    grain = grain_of(other) + grain_of(base)
    greater = greater_in(*both, ratio, lambda: draws.conditional, grain=grain)
    return {
        "ratio": None if units else found,
        **({"difference": {"units": units, **found}} if units else {}),
        "probability_greater": greater.value,
        "probability_greater_mcse": number(greater.mcse),
        "probability_greater_low": greater.low,
        "probability_greater_high": greater.high,
    }


def _round_off(found: dict[str, Any], least: float) -> None:
    """Put 0 in place of figures of a difference that are within the rounding of its two sides."""
    for figures in (found, *found["intervals"]):
        for name in ("median", "low", "high"):
            value = figures.get(name)
            if value is not None and abs(value) <= least:
                figures[name] = 0.0
