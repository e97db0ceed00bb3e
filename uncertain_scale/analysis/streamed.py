"""Answers of any size: drawn, reduced and forgotten, chain by chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.guards import WATCHED, warnings_of
from uncertain_scale.analysis.reduction import Part, Reduction
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.record import as_tree
from uncertain_scale.sampling.stopping import StoppedError
from uncertain_scale.sampling.tails import moment_facts
from uncertain_scale.statistics.summary import summarize_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event, Probability
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model, Question
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.stopping import Stop
    from uncertain_scale.statistics.sketch import AnyDraws

__all__ = ["Streamed", "stream", "watched_in"]


@dataclass(frozen=True, eq=False)
class Streamed:
    """An answer whose draws are not held.

    Parameters
    ----------
    record
        As `sample` returns it, each variable a nan in the place of its draws.
    reduction
        What was drawn, and what was kept of it.
    part
        What was kept of the chains that are done.
    """

    record: xr.DataTree
    reduction: Reduction
    part: Part

    @cached_property
    def sketches(self) -> Mapping[str, AnyDraws]:
        """What the statistics of each output are made of."""
        return self.part.sketches(self.reduction.simulation.plan.outputs)

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
        outputs = self.record["prior_predictive"].data_vars.items()
        return summarize_each(
            self.sketches,
            probs=probs,
            attributes={str(name): output.attrs for name, output in outputs},
            draws=self.reduction.simulation.design.draws,
        )

    def probabilities(self) -> list[Probability]:
        """Return the probability of each event that was counted."""
        return self.part.probabilities() if self.reduction.events else []

    def warnings(self) -> list[str]:
        """Return what is doubtful about peaks and utilisation, as `utilisation_warnings` does."""
        watched = self.part.sketches(name for name in WATCHED if name in self.part.tallies)
        medians = {
            name: float(one.at(np.array([(one.size - 1) / 2]))[0]) for name, one in watched.items()
        }
        above = 0.0
        if "mfu" in watched:
            above = 1 - float(watched["mfu"].shares_below(np.ones(1)).mean())
        return warnings_of(medians, above)


def stream(  # noqa: PLR0913 (what `sample` takes, and how it is gone about)
    model: Model,
    priors: Priors,
    question: Question,
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
    model, priors, question, design
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
    simulation = Simulation.of(model, priors, question, design)
    reduction = Reduction.of(simulation, names=watched_in(simulation), events=events)
    part = reduction.run(threads=threads, cluster=cluster, progress=progress, stop=stop, done=done)
    if len(part.chains) < design.chains:
        if not part.chains:
            raise StoppedError(stop.why if stop else "")
        design = replace(design, chains=len(part.chains))
    record = as_tree(
        model=model,
        priors=simulation.priors,
        question=question,
        plan=simulation.plan,
        design=design,
        draws=None,
        moments=moment_facts(simulation.plan, simulation.sampler()),
    )
    return Streamed(record, reduction, part)


def watched_in(simulation: Simulation) -> list[str]:
    """Return the variables that a simulation tallies for the sake of warnings."""
    return [name for name in WATCHED if name in simulation.variables]
