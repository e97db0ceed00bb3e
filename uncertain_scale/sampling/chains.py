"""Whole chains of draws, one after another, for what keeps them elsewhere than in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from uncertain_scale.sampling.batches import AHEAD, Batches
from uncertain_scale.sampling.engine import Simulation, each, processors
from uncertain_scale.sampling.memory import refuse_to_pass
from uncertain_scale.sampling.record import as_tree
from uncertain_scale.sampling.tails import moment_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Model, Question
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.stopping import Stop
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Drawn", "chains_of", "draw_chains"]

Drawn: TypeAlias = "tuple[int, dict[str, FloatArray]]"
"""Number of a chain, and its draws by variable, each of shape (draw,)."""


@dataclass(frozen=True)
class _Whole:
    """Draws a batch of one chain; it goes to workers."""

    simulation: Simulation

    def __call__(self, chains: Sequence[int]) -> Drawn:
        return chains[0], self.simulation.whole(chains[0])


def draw_chains(
    model: Model,
    priors: Priors,
    question: Question,
    design: Design,
    *,
    cluster: Cluster | None = None,
) -> tuple[xr.DataTree, Iterator[Drawn]]:
    """Answer a question with draws that the caller keeps, chain by chain.

    Parameters
    ----------
    model, priors, question, design, cluster
        As in `sample`. The draws are the same.

    Returns
    -------
    xarray.DataTree
        As `sample` returns it, each variable a nan in the place of its draws.
    iterator of Drawn
        The chains; a cluster's come in any order.

    Raises
    ------
    QuestionError
        The question cannot be answered, or the few chains that are held at once do not fit in
        memory.
    """
    simulation = Simulation.of(model, priors, question, design)
    record = as_tree(
        model=model,
        priors=simulation.priors,
        question=question,
        plan=simulation.plan,
        design=design,
        draws=None,
        moments=moment_facts(simulation.plan, simulation.sampler()),
    )
    refuse_to_pass(simulation, 2 * AHEAD if cluster else 2 * processors() + 2)
    return record, chains_of(simulation, range(design.chains), cluster=cluster)


def chains_of(
    simulation: Simulation,
    chains: Sequence[int],
    *,
    cluster: Cluster | None = None,
    stop: Stop | None = None,
) -> Iterator[Drawn]:
    """Yield some of a simulation's chains, until it is stopped; a cluster's come in any order.

    Raises
    ------
    ModelError
        An equation fails, or does not give a number for each draw.
    ClusterError
        The cluster cannot do it.
    """
    if cluster is None:
        # A run that is stopped has fewer results than chains.
        yield from zip(chains, each(simulation.whole, chains, stop=stop), strict=False)
    else:
        batches = Batches(chains, most=1)
        yield from cluster.map(simulation, _Whole(simulation), batches, packed=False, stop=stop)
