"""Answers of any size, whose draws are not held: what a reduction kept of them is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.events import (
    Probability,
    decided_by_range,
    grain_of,
    of_average,
    side_of,
    widened,
)
from uncertain_scale.analysis.guards import bounds_of, rounding_warnings, warnings_of, watched
from uncertain_scale.analysis.reduction import Reduction, watched_in
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling.chains import as_tree
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.limits import StoppedError
from uncertain_scale.statistics.conditional import Conditional
from uncertain_scale.statistics.outputs import hides_nothing, may_vary
from uncertain_scale.statistics.sketch import Sketch, Table
from uncertain_scale.statistics.summary import summarize_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.reduction import Part
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling.chains import ArrayTree
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.statistics.sketch import AnyDraws

__all__ = ["Streamed", "stream"]


@dataclass(frozen=True, eq=False)
class Streamed:
    """An answer whose draws are not held.

    Parameters
    ----------
    tree
        The record, each variable a nan in the place of its draws.
    reduction
        What was drawn, and what was kept of it.
    part
        What was kept of the chains that are done.
    """

    tree: ArrayTree
    reduction: Reduction
    part: Part

    @cached_property
    def record(self) -> xr.DataTree:
        """As `sample` returns it, each variable a nan in the place of its draws."""
        return self.tree.to_xarray()

    @cached_property
    def sketches(self) -> Mapping[str, AnyDraws]:
        """What the statistics of each output are made of."""
        found = self.part.sketches(self.reduction.simulation.plan.outputs)
        facts = {name: one.attrs for name, one in self.tree.variables.items()}
        for name, (output, pivot) in self.reduction.rests.items():
            groups = self.part.tallies[name]
            if any(tally.bad for tally in groups.values()) or found[output].constant:
                continue
            rest = Sketch([groups[group] for group in sorted(groups)], len(self.part.chains))
            plain = hides_nothing(pivot, facts[output], facts)
            found[output].conditional = Conditional.of(
                pivot, rest.table, found[output], plain=plain
            )
        for output, (pivot, value) in self.reduction.known.items():
            sketch = found[output]
            if not sketch.constant:
                table = Table.at_one(value, [tally.size for tally in sketch.tallies])
                sketch.conditional = Conditional.of(pivot, table, sketch, plain=True)
        return found

    def summarize(self, *, probs: Sequence[float] = (0.5, 0.9, 0.95)) -> xr.Dataset:
        """Summarise the outputs, as `uncertain_scale.summarize` does.

        Parameters
        ----------
        probs
            Probabilities of the intervals, each between 0 and 1.

        Raises
        ------
        DataError
            Draws that are not finite numbers.
        QuestionError
            No probability, or one that is not between 0 and 1.
        """
        return summarize_each(
            self.sketches,
            probs=probs,
            attributes={name: output.attrs for name, output in self.tree.outputs.items()},
            draws=self.reduction.simulation.design.draws,
        ).to_xarray()

    def probabilities(self) -> list[Probability]:
        """Return the probability of each event that was counted."""
        variables = self.tree.variables
        events = self.reduction.events
        decided = [decided_by_range(event, variables) for event in events]
        constant = [
            sure or not any(may_vary(variables[name].attrs) for name in event.variables)
            for event, sure in zip(events, decided, strict=True)
        ]
        counted = self.part.probabilities(constant) if constant else []
        return [
            found if sure else self._rounded(event, self._averaged(event) or found)
            for event, found, sure in zip(events, counted, decided, strict=True)
        ]

    def _rounded(self, event: Event, found: Probability) -> Probability:
        """Return a probability with what rounding moves it by, where the draws were counted."""
        name = event.variables[0]
        grain, sketch = grain_of(self.tree.variables[name]), self.sketches.get(name)
        if not grain or sketch is None or len(event.variables) > 1:
            return found
        _, sign, value = event.threshold()
        below = sketch.shares_below(np.array([value - grain, value + grain])).mean(axis=0)
        shares = below if side_of(sign) == "below" else 1 - below
        ends = [(min(one, found.low), max(one, found.high)) for one in shares.tolist()]
        moved = zip(shares.tolist(), ends, strict=True)
        return widened(found, [Probability(one, found.mcse, *pair) for one, pair in moved])

    def _averaged(self, event: Event) -> Probability | None:
        """Return how likely an event is with an input integrated out, where one can be."""
        if len(event.variables) > 1:
            return None
        name, sign, value = event.threshold()
        sketch = self.sketches.get(name)
        if sketch is None or sketch.conditional is None:
            return None
        return of_average(sketch.conditional, side_of(sign), value)

    def warnings(self) -> list[str]:
        """Return what is doubtful about the answer, as `warnings_in` does."""
        draws = self.tree.variables
        sketches = self.part.sketches(watched(draws))
        medians = {
            name: float(one.at(np.array([(one.size - 1) / 2]))[0]) for name, one in sketches.items()
        }
        outside = {}
        computed = [name for name in sketches if draws[name].attrs.get("equation")]
        for name, bounds in bounds_of(computed).items():
            below_low, below_high = sketches[name].shares_below(np.array(bounds)).mean(axis=0)
            outside[name] = float(below_low + 1 - below_high)
        return [*warnings_of(medians, outside), *rounding_warnings(self.tree.outputs)]


@takes_problem
def stream(  # noqa: PLR0913 (what `sample` takes, and how it is gone about)
    problem: Problem,
    design: Design,
    *,
    events: Sequence[Event] = (),
    threads: int | None = None,
    cluster: Cluster | None = None,
    progress: Callable[[Part], object] | None = None,
    stop: Stop | None = None,
    done: Part | None = None,
) -> Streamed:
    """Answer a question with draws that are not held, however many they are.

    Parameters
    ----------
    problem, design
        As in `sample`. The draws are the same.
    events
        Events whose draws are counted; the question reaches their variables.
    threads, cluster, progress
        As in `Reduction.run`.
    stop
        Ends the run early: the answer is then that of the chains that were finished, the same bits
        as a run of so many where they hold the 16,384 draws by which bins are laid.
    done
        Chains of the same run, which are not drawn again.

    Returns
    -------
    Streamed
        Its `summarize` gives what `summarize` gives of held draws: means and standard deviations to
        rounding, ends of intervals within their Monte Carlo errors.

    Raises
    ------
    QuestionError
        The question cannot be answered, or is over-determined.
    StoppedError
        `stop` came before the first chain was finished.

    Examples
    --------
    >>> from uncertain_scale import Design, ask, default_model, load_priors
    >>> model = default_model()
    >>> priors = load_priors("post-2024-07", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"}, outputs=["gpu_hours"])
    >>> answer = stream(model, priors, question, Design(draws=64, chains=2))
    >>> float(answer.summarize(probs=[0.9])["mean"][0])
    50000000.0
    """
    simulation = Simulation.of(problem, design)
    reduction = Reduction.of(simulation, names=watched_in(simulation), events=events)
    part = reduction.run(threads=threads, cluster=cluster, progress=progress, stop=stop, done=done)
    if len(part.chains) < design.chains:
        if not part.chains:
            raise StoppedError(stop.why if stop else "")
        design = replace(design, chains=len(part.chains))
    return Streamed(as_tree(replace(simulation, design=design)), reduction, part)
