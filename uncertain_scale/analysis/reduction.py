"""Which draws are made and what is kept of them, chain by chain, in parts that add up.

This is the seam between what is computed and what computes it. A `Reduction` is a plain picklable
value that says which draws are made and how they are counted. `Reduction.chain` is the job of one
chain; it may run in any thread, process or machine. Its result is a `Part`; parts of different
chains are added to one another in any order, and the same bits come out. So chains may be added to
a finished run, a run may be interrupted and gone on with from the parts of the chains that are
done, and `Part.sketches` gives the statistics at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain as in_turn
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.events import happened, probability_of
from uncertain_scale.analysis.guards import WATCHED
from uncertain_scale.sampling.engine import each
from uncertain_scale.sampling.jobs import Batches
from uncertain_scale.sampling.pivots import input_facts
from uncertain_scale.statistics.outputs import pivot_inputs, pivots_of, read_each, refuse_bad
from uncertain_scale.statistics.sketch import GROUPS, STAND_INS, Sketch, group_of
from uncertain_scale.statistics.tally import PILOT, Tally, choose_binning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.analysis.events import Event, Probability
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.engine import Simulation
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.statistics.integrated import Pivot
    from uncertain_scale.statistics.tally import Binning
    from uncertain_scale.units.aliases import FloatArray

_ROUNDING = 1e-11  # of a pivot's width: up to which numbers that differ are one, computed

__all__ = ["Part", "Reduction", "watched_in"]


@dataclass
class Part:
    """What is kept of the chains that are done.

    Parameters
    ----------
    chains
        Their numbers.
    tallies
        By variable and group of chains; a group is a part of a single chain where there is one.
    happened
        By group, in how many draws each event happened, and the number of draws.
    """

    chains: set[int] = field(default_factory=set)
    tallies: dict[str, dict[int, Tally]] = field(default_factory=dict)
    happened: dict[int, tuple[tuple[int, ...], int]] = field(default_factory=dict)

    def add(self, other: Part) -> None:
        """Add the part of other chains of the same reduction, which is not to be used after.

        Raises
        ------
        ValueError
            A chain is in both.
        """
        if both := self.chains & other.chains:
            raise ValueError(f"chain {min(both)} is in both parts; each chain counts once")
        self.chains |= other.chains
        for name, groups in other.tallies.items():
            own = self.tallies.setdefault(name, {})
            for group, tally in groups.items():
                if group in own:
                    own[group].add(tally)
                else:
                    own[group] = tally
        for group, (counts, draws) in other.happened.items():
            mine, before = self.happened.get(group, ((0,) * len(counts), 0))
            together = tuple(a + b for a, b in zip(mine, counts, strict=True))
            self.happened[group] = (together, before + draws)

    def sketches(self, names: Iterable[str]) -> dict[str, Sketch]:
        """Return what the statistics of variables are made of.

        Raises
        ------
        DataError
            Some draws of a variable are no finite numbers.
        """

        def sketch(name: str, groups: Mapping[int, Tally]) -> Sketch:
            bad, size = (sum(getattr(t, what) for t in groups.values()) for what in ("bad", "size"))
            if bad:
                refuse_bad(name, bad / size, next(t.example for t in groups.values() if t.bad))
            return Sketch([groups[group] for group in sorted(groups)], len(self.chains))

        return read_each(sketch, ((name, self.tallies[name]) for name in names))

    def probabilities(self, constant: Sequence[bool]) -> list[Probability]:
        """Return the probability of each event.

        Parameters
        ----------
        constant
            Of each event, whether it rests on numbers that do not vary.
        """
        counted = [self.happened[group] for group in sorted(self.happened)]
        if len(self.chains) == 1:
            counted = [
                (
                    tuple(map(sum, zip(*(c for c, _ in counted), strict=True))),
                    sum(draws for _, draws in counted),
                )
            ]
        shares = np.array([[count / draws for count in counts] for counts, draws in counted])
        chains = len(self.chains)
        each = sum(draws for _, draws in counted) // max(chains, 1)
        return [
            probability_of(row, each, chains, constant=sure)
            for row, sure in zip(shares.T, constant, strict=True)
        ]


@dataclass(frozen=True)
class Reduction:
    """What is drawn, and what is kept of it.

    Parameters
    ----------
    simulation
        How draws are made. Its design says how many chains there are at first; any number may be
        asked for.
    binnings
        Bins by variable that is tallied.
    events
        Events whose draws are counted; their variables are among the simulation's.
    rests
        By name of what is tallied beside the variables: an output, and the pivot that is taken out
        of it.
    known
        By output that rests on nothing but its pivot: the pivot, and what is left of each draw, one
        number, which needs no tally.
    """

    simulation: Simulation
    binnings: Mapping[str, Binning]
    events: tuple[Event, ...] = ()
    rests: Mapping[str, tuple[str, Pivot]] = field(default_factory=dict)
    known: Mapping[str, tuple[Pivot, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, simulation: Simulation, *, names: Sequence[str] = (), events: Sequence[Event] = ()
    ) -> Reduction:
        """Lay bins by the first draws of the first chain.

        Parameters
        ----------
        simulation
            How draws are made.
        names
            Variables that are tallied beside the outputs.
        events
            See `Reduction`.
        """
        tallied = list(dict.fromkeys((*simulation.plan.outputs, *names)))
        blocks: list[dict[str, FloatArray]] = []
        blocks_of = (simulation.blocks(chain) for chain in range(simulation.design.chains))
        for block in in_turn.from_iterable(blocks_of):
            blocks.append(block)
            if sum(one[simulation.variables[0]].size for one in blocks) >= PILOT:
                break
        pilot = {
            name: np.concatenate([block[name] for block in blocks])[:PILOT]
            for name in dict.fromkeys((*tallied, *simulation.inputs))
        }
        rests, known = {}, {}
        for output, pivot, alone in _pivots(simulation, pilot):
            rest = pivot.rest(pilot[output], pilot)
            if alone and np.ptp(rest) <= _ROUNDING * pivot.width:
                known[output] = pivot, float(np.median(rest))
            else:
                name = f"{output}, without {pivot.name}"
                rests[name], pilot[name] = (output, pivot), rest
        binnings = {}
        for name in (*tallied, *rests):
            draws = pilot[name][np.isfinite(pilot[name])]
            binnings[name] = choose_binning(draws if draws.size else np.zeros(1))
        return cls(simulation, binnings, tuple(events), rests, known)

    def chain(self, chain: int, *, stop: Stop | None = None) -> Part:
        """Draw one chain and keep what counts of it.

        Parameters
        ----------
        chain
            Number of the chain, from 0.
        stop
            Ends the chain early.

        Raises
        ------
        StoppedError
            It did.
        ModelError
            An equation fails, or does not give a number for each draw.
        """
        design = self.simulation.design
        part = Part({chain}, {name: {} for name in self.binnings})
        start = 0
        for block in self.simulation.blocks(chain):
            if stop is not None:
                stop.check()
            draws = block[self.simulation.variables[0]].size
            group = group_of(chain) if design.chains > 1 else start * STAND_INS // design.draws
            for name, binning in self.binnings.items():
                groups = part.tallies[name]
                if group not in groups:
                    groups[group] = Tally(binning)
                groups[group].count(self._values(name, block))
            if self.events:
                counts, before = part.happened.get(group, ((0,) * len(self.events), 0))
                now = (int(np.count_nonzero(happened(event, block))) for event in self.events)
                together = tuple(a + b for a, b in zip(counts, now, strict=True))
                part.happened[group] = (together, before + draws)
            start += draws
        return part

    def _values(self, name: str, block: Mapping[str, FloatArray]) -> FloatArray:
        """Return a variable's draws, or what is left of an output's without its pivot."""
        if name not in self.rests:
            return block[name]
        output, pivot = self.rests[name]
        return pivot.rest(block[output], block)

    def together(self, chains: Iterable[int]) -> Part:
        """Draw chains one after another and keep what counts of them, added up."""
        part = Part()
        for chain in chains:
            part.add(self.chain(chain))
        return part

    def run(  # noqa: PLR0913 (each is one way to go about it)
        self,
        chains: Iterable[int] | None = None,
        *,
        threads: int | None = None,
        cluster: Cluster | None = None,
        done: Part | None = None,
        progress: Callable[[Part], object] | None = None,
        stop: Stop | None = None,
    ) -> Part:
        """Draw chains, here or on a cluster, and add them up.

        Parameters
        ----------
        chains
            Numbers of chains; by default all of the design that are not done.
        threads
            How many of this process; by default one for each processor. They change no bit.
        cluster
            Draws the chains instead of this process; it changes no bit.
        done
            Chains that are done, which the others are added to.
        progress
            Called with what is there after each chain, or each few chains of a cluster.
        stop
            Ends the run early: the part then holds the chains that were finished.

        Raises
        ------
        ModelError
            An equation fails, or does not give a number for each draw.
        ClusterError
            The cluster cannot do it.
        """
        part = done or Part()
        work = self.chain if stop is None else partial(self.chain, stop=stop)
        if chains is None:
            chains = (n for n in range(self.simulation.design.chains) if n not in part.chains)
        if cluster is None:
            found = each(work, chains, threads=threads, stop=stop)
        else:
            batches = Batches(list(chains), groups=GROUPS)
            found = cluster.map(self.simulation, self.together, batches, stop=stop)
        for one in found:
            part.add(one)
            if progress is not None:
                progress(part)
        return part


def _pivots(
    simulation: Simulation, pilot: Mapping[str, FloatArray]
) -> Iterator[tuple[str, Pivot, bool]]:
    """Yield outputs, the first pivot of each that serves in all the draws of a pilot, and more.

    The last is whether nothing else that the output rests on varies.
    """
    sampler = simulation.sampler()
    facts = simulation.trial_facts()
    inputs = {name: input_facts(sampler, name) for name in simulation.inputs}
    for output in simulation.plan.outputs:
        for pivot in pivots_of(facts[output], inputs):
            if np.isfinite(pivot.rest(pilot[output], pilot)).all():
                others = pivot_inputs(facts[output]).difference(one.name for one in pivot.parts)
                yield output, pivot, others.isdisjoint(sampler.varying)
                break


def watched_in(simulation: Simulation) -> list[str]:
    """Return the variables that a simulation tallies for the sake of warnings."""
    return [name for name in WATCHED if name in simulation.variables]
