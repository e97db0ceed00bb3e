"""Answers as functions of one or two givens, on the same draws at every point.

The inputs are drawn once. What does not descend from a swept variable is computed once; the rest
once a point, on the same draws, so that two points differ by what was swept and by no chance.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.events import probability
from uncertain_scale.analysis.guards import warnings_in
from uncertain_scale.analysis.query import Query
from uncertain_scale.analysis.swept import read_axes, refuse_impossible
from uncertain_scale.errors import DataError, QuestionError, by_name, listed, several
from uncertain_scale.model import ask
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.branches import rare_facts
from uncertain_scale.sampling.chains import as_tree
from uncertain_scale.sampling.engine import Simulation, each, propagate, settled_value
from uncertain_scale.sampling.limits import memory_for
from uncertain_scale.sampling.moment_facts import moment_facts
from uncertain_scale.sampling.paths import MOST_DATES, Paths
from uncertain_scale.statistics.outputs import all_draws
from uncertain_scale.statistics.summary import summarize_variables
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.swept import Axis, Spacing
    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Model, Plan, Problem
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Sweep", "last_point", "sweep"]


def sweep(  # noqa: PLR0913 (each is one option of the command line)
    scenario: str | Path | None = None,
    *,
    given: Mapping[str, Any],
    points: int | Mapping[str, int] | None = None,
    steps: Spacing = "auto",
    believed: Mapping[str, str | float] | None = None,
    free: Sequence[str] = (),
    outputs: Sequence[str] = (),
    equations: Sequence[str | Path] = (),
    priors: Sequence[str | Path] = (),
    extends_builtin: bool = False,
    design: Design | None = None,
    probs: Sequence[float] = (0.9, 0.5, 0.95),
    events: Sequence[str] = (),
) -> xr.Dataset:
    """Answer a question at each of many values of one or two givens, on the same draws.

    Parameters
    ----------
    scenario, believed, free, outputs, equations, priors, extends_builtin, design
        As in `run`.
    given
        By variable, one or two of them a range (`"10M..100B"`) or a list (`"10M, 30M"`, an array).
    points
        Points of a range, for all of them or by variable; 25 for one range, 9 each for two.
    steps
        `log`, `linear`, or `auto`: logarithmic where a range is positive and spans a decade.
    probs
        Probabilities of the intervals.
    events
        Events whose probabilities are wanted, such as `"training_flop >= 1e26"`.

    Returns
    -------
    xr.Dataset
        As `summarize` lays it out, the swept variables its first dims, their coordinates in the
        variables' units; what events there are as `probability` and `probability_mcse`, dims
        (swept, event).

    Raises
    ------
    UncertainScaleError
        Anything that is wrong with the files, the values, the ranges or the question.

    Examples
    --------
    >>> found = sweep("post-2024-07", given={"budget": [1e8, 2e8]}, outputs=["gpu_hours"])
    >>> found["median"].sel(output="gpu_hours").values.tolist()
    [50000000.0, 100000000.0]
    """
    believed = by_name("believed", believed, BELIEVED)
    outputs, free = several("outputs", outputs, str, NAMES), several("free", free, str, NAMES)
    events = several("events", events, str, 'events, such as ["training_flop >= 1e26"]')
    fixed, axes = read_axes(by_name("given", given), points=points, spacing=steps)
    query = Query(
        given=last_point(fixed, axes),
        changes=believed,
        free=free,
        outputs=outputs,
        events=events,
        scenario=scenario,
        priors=several("priors", priors, (str, Path), 'prior files, such as ["my.toml"]'),
        equations=equations,  # type: ignore[arg-type]
        extends_builtin=extends_builtin,
        option="believed",
    )
    problem = query.problem()
    study = Sweep(problem, design or Design(), axes)
    return study.summarize(probs=probs, events=query.events_in(problem.model.variables))


def last_point(fixed: Mapping[str, Any], axes: Sequence[Axis]) -> dict[str, Any]:
    """Return the givens of a sweep's last point; the first may lie below what is possible."""
    return {**fixed, **{axis.name: axis.quantities[-1] for axis in axes}}


class Sweep:
    """A question whose swept givens take many values, its inputs drawn once.

    Parameters
    ----------
    problem
        The problem of any one point; its swept givens are replaced.
    design
        As for `sample`.
    axes
        One or two variables, each given in the question, and their values.

    Attributes
    ----------
    points
        The values of each point, in the variables' units, the last axis fastest.

    Raises
    ------
    QuestionError
        No answer depends on a swept variable, or the question cannot be answered.
    UnitError
        A swept value's units do not fit its variable.
    """

    def __init__(self, problem: Problem, design: Design, axes: Sequence[Axis]) -> None:
        self.problem, self._design = problem, design
        self._plan = problem.plan
        self._sampler = Simulation(problem, design).sampler()
        self.names = [axis.name for axis in axes]
        for name in self.names:
            if name not in self._sampler.names:
                raise QuestionError(
                    f"{name} is swept, but no answer depends on it; sweep another variable, or "
                    "ask for other outputs"
                )
            if name in _VARIABLES:
                raise QuestionError(f"'{name}' names a statistic of the result; rename it")
        self._steps = [_values(problem.model, axis) for axis in axes]
        self.shape = tuple(len(steps) for steps in self._steps)
        self.points: list[dict[str, float]] = [
            {name: _number(prior) for name, prior in zip(self.names, step, strict=True)}
            for step in product(*self._steps)
        ]
        _refuse_to_hold(Simulation.of(problem, design))
        self._settled = Simulation(problem, design).settled.keys()
        still, self._moving = _split(self._plan, self.names)
        self._fixed: list[dict[str, FloatArray]] = list(
            each(
                lambda chain: propagate(still, self._sampler.draw(design, chain)),
                range(design.chains),
            )
        )

    def draws(self, point: Mapping[str, float]) -> dict[str, FloatArray]:
        """Return the draws of the inputs and outputs at a point, each of shape (chain, draw).

        Parameters
        ----------
        point
            Value by swept variable, in its units.
        """
        shape = (self._design.chains, self._design.draws)
        kept = dict.fromkeys((*self._sampler.names, *self._plan.outputs))
        arrays = {name: np.empty(shape) for name in kept}
        for chain, fixed in enumerate(self._fixed):
            swept = {name: np.full(self._design.draws, value) for name, value in point.items()}
            values = propagate(self._moving, {**fixed, **swept})
            for name, array in arrays.items():
                array[chain] = values[name]
        for name in self._settled & arrays.keys():
            arrays[name][:] = settled_value(arrays[name])
        return arrays

    def paths(self) -> xr.Dataset:
        """Return the outputs along dates that are swept, each draw one path of its trends.

        The first date has the draws of a report on it, each later one their law: what a draw does
        between two dates is the walk's (see `sampling.paths`).

        Returns
        -------
        xr.Dataset
            Of the outputs, dims (chain, draw, date).

        Raises
        ------
        QuestionError
            More is swept than the date, or more dates than can be joined.
        """
        import xarray as xr

        if self.names != [DATE]:
            raise QuestionError(f"paths run along dates; found {listed(self.names)}, sweep date")
        joined = Paths([self._simulation(step) for step in product(*self._steps)])
        chains = list(each(lambda chain: [*joined.draws(chain)], range(self._design.chains)))
        known = all_draws(self.tree())
        return xr.Dataset(
            {
                name: (
                    ("chain", "draw", DATE),
                    np.array([[point[name] for point in one] for one in chains]).swapaxes(1, 2),
                    {key: known[name].attrs[key] for key in _OF_THE_OUTPUT},
                )
                for name in self._plan.outputs
            },
            coords={DATE: (DATE, [point[DATE] for point in self.points], self._described(DATE))},
        )

    def some_paths(self) -> FloatArray:
        """Return the first draws along dates that are swept, each one path, as `paths` has them.

        Returns
        -------
        array of shape (path, output, date)
            Without paths but for a sweep over dates alone, or where these are too many to join.
        """
        steps = list(product(*self._steps))
        none = np.empty((0, len(self._plan.outputs), len(steps)))
        if self.names != [DATE] or len(steps) > MOST_DATES:
            return none
        draws = list(Paths([self._simulation(step) for step in steps]).draws(0))
        found = [[point[name][:_SHOWN] for point in draws] for name in self._plan.outputs]
        return np.moveaxis(np.array(found), 2, 0)

    def runs(self) -> Iterator[tuple[Simulation, dict[str, FloatArray]]]:
        """Yield the run of each point, and its draws as `draws` returns them."""
        for step, point in zip(product(*self._steps), self.points, strict=True):
            yield self._simulation(step), self.draws(point)

    def tree(self) -> xr.DataTree:
        """Return the first point's answer as `sample` returns it, with the record of the run.

        The hash of the priors is that of what all points share.
        """
        first = self._simulation([steps[0] for steps in self._steps])
        tree = as_tree(first, self.draws(self.points[0])).to_xarray()
        question = first.problem.question
        still = {k: v for k, v in question.given.items() if k not in self.names}
        shared = replace(first.problem, question=replace(question, given=still))
        tree.attrs["hash_priors"] = shared.believed.digest()
        return tree

    def summarize(
        self,
        *,
        probs: Sequence[float] = (0.9, 0.5, 0.95),
        events: Sequence[Event] = (),
        progress: Callable[[int], object] | None = None,
    ) -> xr.Dataset:
        """Summarise every point; see `sweep`.

        Parameters
        ----------
        probs
            Probabilities of the intervals.
        events
            Events whose probabilities are wanted; the question asks for their variables.
        progress
            Told how many points are finished.

        Raises
        ------
        DataError
            An output holds draws that are not finite numbers.
        """
        tree = self.tree()

        def one(step: tuple[Prior, ...], point: dict[str, float]) -> xr.Dataset:
            draws = self._dataset(tree, step, point)
            outputs = draws[list(self._plan.outputs)]
            try:
                found = summarize_variables(outputs, probs=probs, inputs=draws)
            except DataError as error:
                at = " and ".join(
                    f"{k} = {v:g} {self.problem.model.variables[k]}" for k, v in point.items()
                )
                raise DataError(f"at {at}: {error}") from None
            likely = [probability(event, draws) for event in events]
            found["warnings"] = (), "\n".join(warnings_in(draws))
            found["probability"] = "event", [chance.value for chance in likely]
            found["probability_mcse"] = "event", [chance.mcse for chance in likely]
            found["probability_low"] = "event", [chance.low for chance in likely]
            found["probability_high"] = "event", [chance.high for chance in likely]
            return found

        # A point at a time: its outputs are summarised side by side, and one point is held.
        found: list[xr.Dataset] = []
        for at in zip(product(*self._steps), self.points, strict=True):
            found.append(one(*at))
            if progress is not None:
                progress(len(found))
        return self._grid(found, tree, [event.text for event in events])

    def _simulation(self, step: Sequence[Prior]) -> Simulation:
        """Return the run of one point."""
        given = dict(zip(self.names, step, strict=True))
        return Simulation(self.problem.giving(given), self._design)

    def _dataset(
        self, tree: xr.DataTree, step: Sequence[Prior], point: Mapping[str, float]
    ) -> xr.Dataset:
        """Return a point's draws with the attributes that a summary reads."""
        import xarray as xr

        known = all_draws(tree)
        simulation = self._simulation(step)
        sampler = simulation.sampler()
        moments, rare = moment_facts(self._plan, sampler), rare_facts(self._plan, sampler)
        pivots = simulation.trial_facts()
        return xr.Dataset(
            {
                name: (
                    ("chain", "draw"),
                    values,
                    known[name].attrs
                    | moments.get(name, {})
                    | rare.get(name, {})
                    | pivots.get(name, {}),
                )
                for name, values in self.draws(point).items()
            }
        )

    def _grid(
        self, found: Sequence[xr.Dataset], tree: xr.DataTree, events: Sequence[str]
    ) -> xr.Dataset:
        """Lay the summaries of all points out along the swept variables."""
        import xarray as xr

        modes = max(one.sizes["mode"] for one in found)
        wide = [one.reindex(mode=np.arange(modes)) for one in found]
        coords: dict[str, Any] = {
            name: (name, [_number(prior) for prior in steps], self._described(name))
            for name, steps in zip(self.names, self._steps, strict=True)
        }
        coords |= {name: wide[0][name] for name in ("output", "prob", "bound", "mode")}
        coords["event"] = np.array(events, dtype=object)
        data: dict[str, Any] = {}
        for name, first in wide[0].data_vars.items():
            if name in _OF_THE_OUTPUT:
                data[str(name)] = first
                continue
            stacked = np.stack([one[name].values for one in wide])
            dims = (*self.names, *map(str, first.dims))
            data[str(name)] = dims, stacked.reshape(*self.shape, *stacked.shape[1:])
        for name in ("equation", "rests_on"):
            outputs = [tree[f"prior_predictive/{k}"] for k in wide[0]["output"].values]
            words = [one.attrs[name] for one in outputs]
            data[name] = "output", np.array(words, dtype=object)
        record = {k: v for k, v in tree.attrs.items() if k != "given"}
        stated = json.loads(tree.attrs["given"])
        record["given"] = json.dumps({k: v for k, v in stated.items() if k not in self.names})
        return xr.Dataset(data, coords=coords, attrs=record)

    def _described(self, name: str) -> dict[str, str]:
        words = self.problem.model.long_name(name) or name
        known = self.problem.priors.inputs.get(name)
        if known is not None and known.provenance.long_name:
            words = known.provenance.long_name
        return {"units": str(self.problem.model.variables[name]), "long_name": words}


_SHOWN = 12  # draws that a figure shows along dates
_OF_THE_OUTPUT = ("units", "long_name")
_VARIABLES = {
    *("mean", "sd", "median", "eti", "hdi", "probability"),
    *(f"{name}_mcse" for name in ("mean", "sd", "median", "eti", "hdi", "probability")),
    *(f"{name}_reason" for name in ("mean", "sd", "hdi", "mcse")),
    *(f"{name}_state" for name in ("mean", "sd")),
    *("eti_beyond", "hdi_beyond", "probability_low", "probability_high"),
    *("units", "long_name", "equation", "rests_on", "warnings", "pivot"),
    *("output", "prob", "bound", "mode", "event"),
}


def _values(model: Model, axis: Axis) -> list[Prior]:
    """Return an axis's values as givens, exactly as `ask` reads each."""
    refuse_impossible(axis, model)
    return [ask(model, {axis.name: value}).given[axis.name] for value in axis.quantities]


def _number(prior: Prior) -> float:
    """Return the value of a constant, in the model's units, to the bit that a draw has."""
    return float(prior.ppf(np.array([0.5]))[0])


def _split(plan: Plan, swept: Sequence[str]) -> tuple[Plan, Plan]:
    """Return what does not descend from a swept variable, and what does."""

    def part(*, moving: bool) -> Plan:
        return replace(
            plan,
            reached={
                name: way
                for name, way in plan.reached.items()
                if (not way.ancestors.isdisjoint(swept)) is moving
            },
        )

    return part(moving=False), part(moving=True)


def _refuse_to_hold(simulation: Simulation) -> None:
    """Refuse a sweep whose draws of the inputs and of one point do not fit in memory."""
    memory = memory_for(simulation)
    if not memory.fits:
        design = simulation.design
        needed, free = (f"{size / 2**30:,.2f} GiB" for size in (memory.needed, memory.free))
        raise QuestionError(
            f"a sweep holds the draws of one point, and {design.chains:,} chains x "
            f"{design.draws:,} draws of {len(simulation.variables)} variables take {needed} of the "
            f"{free} that are free; ask for fewer draws or fewer outputs"
        )
