"""What changes when an assumption changes: two scenarios, draw by draw.

Both answer one question with one design, so that each draw of the one has its twin in the other.
Inputs on which they agree are the same numbers in both; how those that differ depend on one another
is said by `couplings`. The difference is attributed by letting the changed inputs change one after
another, in every order.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from uncertain_scale.analysis.attribution import attribute
from uncertain_scale.analysis.coupling import (
    STATED,
    as_ranks,
    changed_correlations,
    changed_inputs,
    coupled,
    couplings,
    readings,
    refuse_idle_couplings,
)
from uncertain_scale.analysis.events import (
    grain_of,
    of_average,
    probability_in,
    share_of,
    widened,
)
from uncertain_scale.analysis.guards import warnings_in
from uncertain_scale.analysis.held_against import (
    difference_of,
    has_ratio,
    has_split,
    rounding_of,
)
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.model.problem import Closure, takes_problem
from uncertain_scale.model.refusal import lacking_message
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.cancellation import GRAIN
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.paths import Paths, sample_beside
from uncertain_scale.sampling.pivots import LAW, TIED
from uncertain_scale.sampling.rare_values import rare_of
from uncertain_scale.statistics.outputs import (
    all_draws,
    cancelled_inputs,
    joined_pivots,
    may_vary,
    pivot_inputs,
    read_draws,
)
from uncertain_scale.statistics.summary import summarize_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.coupling import Couple, Coupling
    from uncertain_scale.analysis.events import Event, Probability
    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.units.aliases import FloatArray

__all__ = [
    "Comparison",
    "Ratio",
    "compare",
    "same_way",
]

_Draws = TypeVar("_Draws", bound="Labelled")

_ROUNDING = 1e-12
_FIGURES = ("median", "mean", "eti", "hdi")


@dataclass(frozen=True)
class Ratio:
    """Ratios to the base under one reading of what the two scenarios share.

    Parameters
    ----------
    ratio
        Summary of other / base, draw by draw, as `summarize` lays it out, of the outputs that
        `has_ratio` lets through.
    difference
        Summary of other - base: of all outputs, or of those without a ratio.
    greater, greater_mcse, greater_ends
        P(other > base), its Monte Carlo error, and between what it lies, by output.
    """

    ratio: xr.Dataset
    difference: xr.Dataset
    greater: Mapping[str, float]
    greater_mcse: Mapping[str, float]
    greater_ends: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Comparison:
    """One scenario held against the base.

    Parameters
    ----------
    base, other
        Names of the two.
    ratio, difference
        Summaries of other / base and other - base, draw by draw, as `summarize` lays them out;
        the ratios of the outputs that `has_ratio` lets through.
    warnings
        What is doubtful about the other's peak and utilisation.
    greater, greater_mcse
        P(other > base) and its Monte Carlo error, by output; nan where all draws agree.
    greater_ends
        The 95% interval of that probability.
    events
        Probabilities of events under the base and under the other, by what was typed.
    changed
        The priors of both, by input that differs and that an output depends on.
    couplings
        How these depend on one another, by coordinate, as `couplings` returns it.
    otherwise
        The same ratios with all of them `shared`, and all `independent`: the extremes that are not
        what `couplings` says.
    correlations
        Pairs of inputs whose rank correlation differs and that an output depends on.
    attribution
        By output: how much of log(median of other / median of base) each changed input accounts
        for. The parts add up to the whole. An output whose median is not positive, or which takes
        both signs, has none.
    """

    base: str
    other: str
    ratio: xr.Dataset
    difference: xr.Dataset
    warnings: Sequence[str]
    greater: Mapping[str, float]
    greater_mcse: Mapping[str, float]
    greater_ends: Mapping[str, tuple[float, float]]
    events: Mapping[str, tuple[Probability, Probability]]
    changed: Mapping[str, tuple[Prior, Prior]]
    attribution: Mapping[str, Mapping[str, float]]
    couplings: Mapping[str, Coupling]
    otherwise: Mapping[str, Ratio]
    correlations: Sequence[tuple[str, str]] = ()

    def factor(self, output: str) -> float:
        """Return the ratio of medians that the attribution's parts add up to, in logarithms."""
        return math.exp(math.fsum(self.attribution[output].values()))

    def shares(self, output: str) -> dict[str, float]:
        """Return what share of the log-ratio each input accounts for; empty where it is nothing."""
        parts = self.attribution.get(output, {})
        whole = math.fsum(parts.values())
        return {name: part / whole for name, part in parts.items()} if abs(whole) > 1e-9 else {}


@takes_problem
def compare(  # noqa: PLR0913 (a question, two or more scenarios, and how to draw)
    problem: Problem,
    others: Sequence[Priors],
    design: Design,
    *,
    probs: Sequence[float] = (0.9, 0.5, 0.95),
    events: Sequence[Event] = (),
    couple: Couple = (),
    progress: Callable[[int], object] | None = None,
) -> tuple[xr.DataTree, list[Comparison]]:
    """Answer one question under several scenarios, and hold them against the first draw by draw.

    Parameters
    ----------
    problem
        The question under the base, as for `sample`.
    others
        Scenarios in the model's units.
    design
        As for `sample`.
    probs
        Probabilities of the intervals.
    events
        Events whose probabilities are wanted under each; the question asks for their variables.
    couple
        How inputs that differ depend on one another, where not as the prior files say: `"shared"`,
        `"independent"` or a rank correlation, for all or by input.
    progress
        Told how many scenarios are finished, the base among them.

    Returns
    -------
    tree, comparisons
        The base's draws, as `sample` returns them, and a Comparison for each of the others.

    Raises
    ------
    QuestionError
        A scenario cannot answer the question, or answers it by other equations than the base;
        `couple` is no coupling of inputs.

    References
    ----------
    Shapley (1953), doi:10.1515/9781400881970-018, for the attribution.
    """
    problem, unanswered = _answered_by_all(problem, others)
    stated, base, plan = as_ranks(couple), problem.priors, problem.plan
    ties = []
    for other in others:
        same_way(problem, other)
        ties.append(couplings(plan, base, other, stated))
    refuse_idle_couplings(stated, ties)
    first = sample(problem, design)
    found: list[Comparison] = []
    for other, tied in zip(others, ties, strict=True):
        if progress is not None:
            progress(1 + len(found))
        beside = replace(problem, priors=other)
        second = sample(beside, design)
        whole, own = Simulation.of(problem, design), Simulation.of(beside, design)
        joined = sample_beside(whole, own) if Paths([whole, own]).names else second
        draws = {
            reading: joined
            if (apart := coupled(plan, base, other, ranks)) is None
            else sample_beside(whole, Simulation.of(beside, design, apart))
            for reading, ranks in readings(tied).items()
        }
        one = _compare(plan, (base, first), (other, second), draws, tied, probs, events)
        absent = [unanswered[name] for name in (base.name, other.name) if name in unanswered]
        found.append(replace(one, warnings=[*one.warnings, *absent]))
    return first, found


def _answered_by_all(problem: Problem, others: Sequence[Priors]) -> tuple[Problem, dict[str, str]]:
    """Return the problem with the headline outputs that all scenarios answer, and why no others.

    A scenario that lacks an input answers fewer; the reasons are by scenario.
    """
    each = [replace(problem, priors=one) for one in (problem.priors, *others)]
    if problem.question.outputs or not any(one.priors.lacking for one in each):
        return problem, {}
    names = [name for name in each[0].plan.outputs if all(name in e.plan.outputs for e in each)]
    asked = replace(problem, question=replace(problem.question, outputs=tuple(names)))
    headline = problem.model.headline
    reasons = {one.priors.name: lacking_message(headline, one, Closure(one)) for one in each}
    return asked, {name: reason for name, reason in reasons.items() if reason}


def same_way(problem: Problem, other: Priors) -> None:
    """Refuse a scenario that answers a question otherwise than the problem's own does.

    Raises
    ------
    QuestionError
        It cannot answer the question, or answers it by other equations.
    """
    try:
        same = replace(problem, priors=other).plan
    except QuestionError as error:
        raise QuestionError(f"{other.name}: {error}") from None
    steps, others = ({*map(str, plan.steps)} for plan in (problem.plan, same))
    if alone := sorted(steps ^ others):
        raise QuestionError(
            f"{other.name} answers by other equations than {problem.priors.name} "
            f"({listed(alone)} in one of them alone); give what one of them determines and the "
            "other believes"
        )


def _compare(  # noqa: PLR0913, PLR0917 (two scenarios, and how they are read together)
    plan: Plan,
    base: tuple[Priors, xr.DataTree],
    other: tuple[Priors, xr.DataTree],
    draws: Mapping[str, xr.DataTree],
    tied: Mapping[str, Coupling],
    probs: Sequence[float],
    events: Sequence[Event],
) -> Comparison:
    outputs = {name: tree["prior_predictive"].to_dataset() for name, tree in draws.items()}
    ranks = readings(tied)
    inputs = {name: inputs_in(tree) for name, tree in draws.items()}
    beside = {
        name: inputs_beside(inputs_in(base[1]), drawn, ranks[name])
        for name, drawn in inputs.items()
    }
    hidden = {name: changed_unseen(inputs_in(base[1]), drawn) for name, drawn in inputs.items()}
    one = base[1]["prior_predictive"].to_dataset()
    drawn = {name: [one[name].values, *(o[name].values for o in outputs.values())] for name in one}
    units = {name: str(one[name].attrs["units"]) for name in one}
    ratios = [name for name in plan.outputs if has_ratio(*drawn[name], units=units[name])]
    split = {name for name in ratios if has_split(drawn[name], units[name])}
    plain = [name for name in plan.outputs if name not in ratios]
    found = {
        name: _ratio(
            plan,
            (one, two),
            (*beside[name], hidden[name]),
            probs,
            ratios,
            plan.outputs if name == STATED else plain,
        )
        for name, two in outputs.items()
    }
    stated = found.pop(STATED)
    changed = changed_inputs(plan, base[0], other[0])
    parts = attribute(plan, changed, *(_draws(tree) for _, tree in (base, other)))
    return Comparison(
        base=base[0].name,
        other=other[0].name,
        ratio=stated.ratio,
        difference=stated.difference,
        warnings=warnings_in(all_draws(other[1])),
        greater=stated.greater,
        greater_mcse=stated.greater_mcse,
        greater_ends=stated.greater_ends,
        events={
            event.text: (probability_in(event, base[1]), probability_in(event, other[1]))
            for event in events
        },
        changed=changed,
        attribution={name: part for name, part in parts.items() if name in split},
        couplings=tied,
        otherwise=found,
        correlations=changed_correlations(plan, base[0], other[0]),
    )


def inputs_in(tree: xr.DataTree) -> dict[str, xr.DataArray]:
    """Return the inputs of an answer by name."""
    return {str(name): one for name, one in tree["prior"].data_vars.items()}


def inputs_beside(
    base: Mapping[str, _Draws], other: Mapping[str, _Draws], ranks: Mapping[str, float]
) -> tuple[dict[str, _Draws], dict[str, str]]:
    """Return the inputs of two scenarios, and the names of those of the other that are not shared.

    Left out is what the two draw from one coordinate and yet differ in.
    """
    inputs, renamed = dict(base), {}
    for name, draws in other.items():
        if name not in inputs or np.array_equal(inputs[name].values, draws.values):
            inputs[name] = draws
            continue
        renamed[name] = f"{name}, other"
        apart = ranks.get(str(draws.attrs["joint"]) or name, 1.0) == 0
        tied = (json.loads(one.attrs.get(TIED, "{}")) for one in (inputs[name], draws))
        if apart and not any(tied):
            inputs[renamed[name]] = draws
        else:
            del inputs[name]
    # What is tied to an input that differs is tied to it in both scenarios.
    for name, draws in list(inputs.items()):
        if renamed.keys() & json.loads(draws.attrs.get(TIED, "{}")):
            del inputs[name]
    return inputs, renamed


def _ratio(  # noqa: PLR0913, PLR0917 (two scenarios, and which outputs are held how)
    plan: Plan,
    pair: tuple[xr.Dataset, xr.Dataset],
    beside: tuple[Mapping[str, xr.DataArray], Mapping[str, str], set[str]],
    probs: Sequence[float],
    ratios: Sequence[str],
    differences: Sequence[str],
) -> Ratio:
    import xarray as xr

    (base, other), (inputs, renamed, hidden) = pair, beside
    ratio = xr.Dataset({name: other[name] / base[name] for name in ratios})
    for name in ratios:
        ratio[name].attrs = {"units": "1", "long_name": base[name].attrs["long_name"]}
        over, under = other[name].attrs, base[name].attrs
        ratio[name].attrs |= joined_pivots(over, under, "power", over_names=renamed)
        ratio[name].attrs |= unseen(ratio[name], (base[name], other[name]), renamed, hidden)
        ratio[name].attrs |= rounding((base[name], other[name]), "power")
    values = {name: (other[name].values, base[name].values) for name in plan.outputs}
    difference = xr.Dataset(
        {name: base[name].copy(data=difference_of(*values[name])) for name in differences}
    )
    for name in differences:
        difference[name].attrs = {key: base[name].attrs[key] for key in ("units", "long_name")}
        over, under = other[name].attrs, base[name].attrs
        difference[name].attrs |= joined_pivots(over, under, "line", over_names=renamed)
        difference[name].attrs |= unseen(
            difference[name], (base[name], other[name]), renamed, hidden, form="line"
        )
        difference[name].attrs |= rounding((base[name], other[name]), "line")

    def averaged(name: str) -> Conditional | None:
        return read_draws(ratio[name], inputs).conditional

    greater = {
        name: greater_in(
            *values[name],
            ratio.get(name),
            partial(averaged, name),
            grain=grain_of(other[name]) + grain_of(base[name]),
        )
        for name in plan.outputs
    }
    return Ratio(
        summarize_variables(ratio, probs=probs, inputs=inputs),
        _without_rounding(
            summarize_variables(difference, probs=probs, inputs=inputs),
            {name: rounding_of(*values[name]) for name in differences},
        ),
        {name: found.value for name, found in greater.items()},
        {name: found.mcse for name, found in greater.items()},
        {name: (found.low, found.high) for name, found in greater.items()},
    )


def changed_unseen(base: Mapping[str, Labelled], other: Mapping[str, Labelled]) -> set[str]:
    """Return the inputs whose priors differ in two scenarios and whose draws do not."""
    return {
        name
        for name, draws in other.items()
        if name in base
        and draws.attrs.get(LAW) != base[name].attrs.get(LAW)
        and np.array_equal(base[name].values, draws.values)
    }


def unseen(
    held: Labelled,
    pair: tuple[Labelled, Labelled],
    renamed: Mapping[str, str],
    hidden: set[str],
    form: Literal["power", "line"] = "power",
) -> dict[str, Any]:
    """Return, as attributes of a ratio or a difference, what its draws may not show of it.

    Parameters
    ----------
    held
        Its draws.
    pair
        The output in the base and in the other scenario.
    renamed
        Inputs of the other that are not shared, with their names beside the base's.
    hidden
        Inputs whose change no draw shows.
    form
        "power" for a ratio, "line" for a difference.

    Returns
    -------
    dict
        `rare`, the rare values of either side, sizes in the units of `held`. `varies`, where equal
        draws are no constant by the model: an input behind them has changed and moves none, or has
        values that they miss. Where nothing behind the two differs they are one answer.
    """
    differing = inputs_apart(pair, renamed, hidden)
    if not differing:
        return {"rare": "[]", "varies": 0}
    under, over = pair
    free = cancelled_inputs(over.attrs, under.attrs, form, renamed) - hidden
    scales = _scales(pair, form)
    rare = dict.fromkeys(
        one._replace(name=name, size=one.size * scale)
        for side, names, scale in zip(pair, ({}, renamed), scales, strict=True)
        for one in rare_of(side.attrs)
        if (name := names.get(one.name, one.name)) not in free
    )
    still = held.values.min() == held.values.max() == (1 if form == "power" else 0)
    unmoved = (differing if still else differing & hidden) - free
    missed = any(one.missed(held.values.size) for one in rare)
    return {"rare": json.dumps(list(rare)), "varies": int(bool(unmoved) or missed)}


def inputs_apart(
    pair: tuple[Labelled, Labelled], renamed: Mapping[str, str], hidden: set[str]
) -> set[str]:
    """Return the inputs behind an output of two scenarios that differ, as `unseen` takes them."""
    behind = set[str]().union(*(pivot_inputs(one.attrs) for one in pair))
    return behind & (hidden | set(renamed))


def _scales(pair: tuple[Labelled, Labelled], form: Literal["power", "line"]) -> tuple[float, float]:
    """Return by how much a ratio or a difference moves with either side, base and other."""
    if form == "line":
        return 1.0, 1.0
    under, over = (float(np.median(np.abs(one.values))) for one in pair)
    return over / under**2, 1 / under


def rounding(pair: tuple[Labelled, Labelled], form: Literal["power", "line"]) -> dict[str, float]:
    """Return, as an attribute of a ratio or a difference, how far rounding moves it, if it does."""
    sizes = [grain_of(one) * by for one, by in zip(pair, _scales(pair, form), strict=True)]
    return {GRAIN: math.hypot(*sizes)} if any(sizes) else {}


def greater_in(
    other: FloatArray,
    base: FloatArray,
    ratio: Labelled | None,
    averaged: Callable[[], Conditional | None],
    *,
    grain: float = 0.0,
) -> Probability:
    """Return how likely an output is greater in the other scenario.

    Parameters
    ----------
    other, base
        Its draws in both, shape (chain, draw).
    ratio
        Those of the ratio, where that means anything.
    averaged
        Gives the distribution of the ratio with its pivot integrated out, where it has one.
    grain
        How far rounding moves the difference.
    """
    found = _greater(other, base, ratio, averaged)
    if not grain:
        return found
    difference = other - base
    return widened(found, [share_of(difference > by) for by in (-grain, grain)])


def _greater(
    other: FloatArray,
    base: FloatArray,
    ratio: Labelled | None,
    averaged: Callable[[], Conditional | None],
) -> Probability:
    """Return the same of draws as they are."""
    if ratio is not None and not alike(ratio) and base.min() > 0:
        average = averaged()
        found = average and of_average(average, "above", 1.0)
        if found:
            return found
    constant = ratio is not None and alike(ratio) and not may_vary(ratio.attrs)
    return share_of(difference_of(other, base) > 0, constant=constant)


def _without_rounding(found: xr.Dataset, rounding: Mapping[str, float]) -> xr.Dataset:
    """Return summaries whose figures are 0 where they are within the rounding, by output."""
    import xarray as xr

    if not rounding:
        return found
    least = xr.DataArray([*rounding.values()], dims="output", coords={"output": [*rounding]})
    figures = {
        name: one.where(~(np.abs(one) <= least), 0.0)
        for name, one in found[[name for name in _FIGURES if name in found]].items()
    }
    return found.assign(figures)


def alike(held: Labelled) -> bool:
    """Say whether a ratio or a difference is one number, but for rounding."""
    return bool(np.ptp(held.values) <= _ROUNDING * np.abs(held.values).max())


def _draws(tree: xr.DataTree) -> dict[str, FloatArray]:
    return {str(name): draws.values for name, draws in tree["prior"].data_vars.items()}
