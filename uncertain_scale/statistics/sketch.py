"""What statistics are made of, held or counted, and counted draws: tables of groups of chains.

Draws are taken to lie evenly in their bins, so that the distribution function is a chain of
straight lines, with jumps at atoms. Bins are so fine that this is right to about a millionth. The
errors of statistics come from the spread between groups: a chain each, or as many chains as make
64 groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from typing_extensions import override

from uncertain_scale.statistics.tally import MOST_BINS, Atoms, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.units.aliases import FloatArray

GROUPS = 64
"""Groups of chains whose statistics are told apart; more chains than this share them in turn."""
STAND_INS = 8
"""Parts of a single chain, told apart where a fit is judged by the spread between groups."""
ROUGHLY = 1 << 14
"""Draws that are looked at where a rough answer does."""

_THINNED = 1 << 16
_MOST_OF_A_TAIL = 4097


@dataclass(frozen=True, eq=False)
class Table:
    """Draws by bin.

    Parameters
    ----------
    edges
        Ends of the bins, ascending, shape (bin + 1,); none where all draws are at atoms.
    counts
        Draws in each, those at atoms left out, shape (group, bin).
    atoms, at_atoms
        Values that draws repeat, ascending, and how often, shape (group, atom).
    first, coarser
        Number of the first bin, and how many times two were made one.
    """

    edges: FloatArray
    counts: npt.NDArray[np.int64]
    atoms: FloatArray
    at_atoms: npt.NDArray[np.int64]
    first: int = 0
    coarser: int = 0

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> Table:
        """Lay the tallies of groups side by side."""
        binning = tallies[0].binning
        at_atoms = np.stack([tally.at_atoms for tally in tallies])
        used = [tally.bins for tally in tallies if tally.bins[1] >= tally.bins[0]]
        if not used:
            return cls(np.zeros(0), np.zeros((len(tallies), 0), int), binning.atoms, at_atoms)
        coarser = _coarseness(used)
        first, last = (min(u[0] for u in used) >> coarser, max(u[1] for u in used) >> coarser)
        counts = np.zeros((len(tallies), last - first + 1), dtype=np.int64)
        for row, tally in zip(counts, tallies, strict=True):
            least, most, _ = tally.bins
            if most >= least:
                own = tally.counts(coarser)
                start = (least >> coarser) - first
                row[start : start + own.size] = own
        edges = binning.edges(np.arange(first, last + 2) << coarser)
        low, high = min(t.low for t in tallies), max(t.high for t in tallies)
        return cls(np.clip(edges, low, high), counts, binning.atoms, at_atoms, first, coarser)

    @classmethod
    def at_one(cls, value: float, sizes: Sequence[int]) -> Table:
        """Return groups of draws of some sizes that are all one number."""
        none = np.zeros((len(sizes), 0), dtype=np.int64)
        return cls(np.zeros(0), none, np.array([value]), np.array(sizes)[:, None])

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Number of draws of each group."""
        return np.asarray(self.counts.sum(axis=1) + self.at_atoms.sum(axis=1))

    @cached_property
    def below(self) -> FloatArray:
        """Draws below each of `places`, of all groups together."""
        return np.asarray(self.below_by_group.sum(axis=0))

    @cached_property
    def _order(self) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Values at which the distribution function bends or jumps, and which atoms are below."""
        if not self.atoms.size:
            return self.edges, np.zeros(self.edges.size, int)
        values = np.concatenate([self.edges, self.atoms, self.atoms])
        kind = np.repeat([0, 1, 2], [self.edges.size, self.atoms.size, self.atoms.size])
        order = np.lexsort((kind, values))
        return values[order], np.cumsum(kind[order] == 2)

    @property
    def places(self) -> FloatArray:
        """Where the distribution function bends; an atom, where it jumps, stands here twice."""
        return self._order[0]

    @cached_property
    def below_by_group(self) -> FloatArray:
        """Draws below each of `places`, shape (group, place); at an atom without, then with it."""
        between = _cumulated(self.counts)
        if self.counts.size and not self.atoms.size and (np.diff(self.edges) > 0).all():
            return between.astype(float)
        values, passed = self._order
        atoms = _cumulated(self.at_atoms)[:, passed].astype(float)
        if self.counts.size:
            atoms += np.array([np.interp(values, self.edges, row) for row in between])
        return atoms

    def at(self, below: FloatArray) -> FloatArray:
        """Return the values below which given numbers of draws lie."""
        return np.asarray(np.interp(below, self.below, self.places))

    def at_by_group(self, shares: FloatArray) -> FloatArray:
        """Return, by group, the values below which given shares of its draws lie."""
        return np.array(
            [
                np.interp(shares * row[-1], row, self.places)
                for row in self.below_by_group
                if row[-1] > 0
            ]
        )

    def below_limit(self, values: FloatArray, side: Literal["left", "right"]) -> FloatArray:
        """Return how many draws lie below values, those that equal them left out or counted."""
        place = np.searchsorted(self.places, values, side) - (side == "right")
        hit = self.places[np.clip(place, 0, self.places.size - 1)] == values
        exact = self.below[np.clip(place, 0, self.places.size - 1)]
        return np.where(hit, exact, np.interp(values, self.places, self.below))

    def counts_between(self, edges: FloatArray) -> npt.NDArray[np.int64]:
        """Return how many draws lie between ascending edges, those at the last one included."""
        below = np.append(
            self.below_limit(edges[:-1], "left"), self.below_limit(edges[-1:], "right")
        )
        whole: npt.NDArray[np.int64] = np.round(below).astype(np.int64)
        return whole[1:] - whole[:-1]

    def continuous(self) -> Table:
        """Return the table without the draws at atoms."""
        if not self.atoms.size:
            return self
        none = np.zeros((len(self.counts), 0), dtype=np.int64)
        return Table(self.edges, self.counts, np.zeros(0), none, self.first, self.coarser)

    def below_values(self, values: FloatArray) -> FloatArray:
        """Return how many draws of each group lie below values, half of those that equal them."""
        places = self.places
        left, right = (np.searchsorted(places, values, side) for side in ("left", "right"))
        hit = right > left
        last = places.size - 1
        low = self.below_by_group[:, np.minimum(left, last)]
        high = self.below_by_group[:, np.clip(right - 1, 0, last)]
        between = np.array([np.interp(values, places, row) for row in self.below_by_group])
        return np.where(hit, (low + high) / 2, between)


def _coarseness(used: Sequence[tuple[int, int, int]]) -> int:
    """Return how coarse bins must be for all groups to share them."""
    coarser = max(own for _, _, own in used)
    least, most = min(first for first, _, _ in used), max(last for _, last, _ in used)
    while (most >> coarser) - (least >> coarser) >= MOST_BINS:
        coarser += 1
    return coarser


def _cumulated(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros((len(counts), 1), int), np.cumsum(counts, axis=1)], axis=1)


def group_of(chain: int) -> int:
    """Return the group of a chain, which is the same however many chains there are."""
    return chain % GROUPS


class AnyDraws(Protocol):
    """Draws of one output as statistics ask for them, held (`Draws`) or counted (`Sketch`).

    What follows from the tallies of both alike is written here.

    Attributes
    ----------
    chains : int
        Number of chains.
    conditional : Conditional or None
        The distribution with an input integrated out, where there is one that can be.
    """

    chains: int
    conditional: Conditional | None = None

    @property
    def tallies(self) -> list[Tally]:
        """The tally of each group of chains, or of each part of a single chain."""

    @property
    def size(self) -> int:
        """Number of draws."""

    @property
    def pooled(self) -> FloatArray:
        """Draws in ascending order; counted ones evenly thinned where there are many."""

    @property
    def by_chain(self) -> FloatArray:
        """Draws of each chain, or group of counted ones, in ascending order; see `pooled`."""

    @property
    def atoms(self) -> Atoms:
        """Values that draws repeat."""

    def at(self, places: FloatArray) -> FloatArray:
        """Return order statistics, interpolated; 0 is the least draw, `size` - 1 the greatest."""

    def shares_below(self, values: FloatArray) -> FloatArray:
        """Return the share of draws below values, half of those that equal them.

        Returns
        -------
        array of shape (group, value)
            One row, of all draws, where there is one chain.
        """

    def counts_between(self, edges: FloatArray) -> npt.NDArray[np.int64]:
        """Return how many draws lie between ascending edges, those at the last one included."""

    def gather(self, levels: FloatArray, tail: int) -> None:
        """Make ready what lies about quantiles and in the tails, where that takes a pass."""

    def forget_tables(self) -> None:
        """Free what is made again from the tallies where it is asked for, and is larger."""

    @cached_property
    def table(self) -> Table:
        """Draws by bin and group."""
        return Table.of(self.tallies)

    @cached_property
    def continuous(self) -> Table:
        """Draws by bin and group, without those at atoms."""
        return self.table.continuous()

    @cached_property
    def pooled_tally(self) -> Tally:
        """All groups together."""
        whole = Tally(self.tallies[0].binning)
        for tally in self.tallies:
            whole.add(tally)
        return whole

    def roughly(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values near quantiles, and the share of each group's draws that are not above.

        Returns
        -------
        values, shares
            Shapes (level,) and (group, level), of groups as `tallies` has them.
        """
        table = self.table
        if not table.counts.size:  # all draws are at atoms
            values = table.atoms[np.searchsorted(np.cumsum(self.atoms.masses), levels)]
            return values, np.ones((len(table.counts), levels.size))
        pooled = np.cumsum(table.counts.sum(axis=0))
        last = np.searchsorted(pooled, levels * pooled[-1])
        values = table.edges[last + 1]
        below = np.cumsum(table.counts, axis=1)[:, last]
        below += (table.at_atoms[:, None] * (table.atoms < values[:, None])).sum(axis=2)
        return values, np.asarray(below / table.sizes[:, None])

    @property
    def low(self) -> float:
        """The least draw."""
        return self.pooled_tally.low

    @property
    def high(self) -> float:
        """The greatest draw."""
        return self.pooled_tally.high

    @property
    def constant(self) -> bool:
        """Whether all draws are one number."""
        return self.low == self.high

    def lowest(self, count: int) -> FloatArray:
        """Return the least draws in ascending order, evenly thinned where they are many."""
        return self.at(_evenly(count))

    def highest(self, count: int) -> FloatArray:
        """Return the greatest draws in ascending order, evenly thinned where they are many."""
        return self.at(self.size - 1 - _evenly(count)[::-1])

    def mean(self) -> float:
        """Return the mean of all draws."""
        return self.pooled_tally.mean()

    def means(self) -> FloatArray:
        """Return the mean of each group, or of the single chain."""
        return np.array([tally.mean() for tally in self._apart()])

    def mean_squares(self) -> tuple[float, FloatArray]:
        """Return a scale, and each group's mean square of (draw - mean of all) / scale."""
        about = self.mean()
        scale = self.tallies[0].binning.scale
        return scale, np.array([tally.mean_square(about) for tally in self._apart()])

    def _apart(self) -> list[Tally]:
        return self.tallies if self.chains > 1 else [self.pooled_tally]

    @cached_property
    def _counted_atoms(self) -> Atoms:
        table, binning = self.table, self.tallies[0].binning
        counts = table.at_atoms.sum(axis=0)
        there = counts > 0
        distinct = binning.distinct if np.isfinite(binning.distinct) else self.size
        return Atoms(table.atoms[there], counts[there] / self.size, int(distinct))


class Sketch(AnyDraws):
    """Draws of one output, by their tallies.

    Parameters
    ----------
    tallies
        One for each group of chains, or for each part of a single chain.
    chains
        Number of chains.
    """

    def __init__(self, tallies: Sequence[Tally], chains: int) -> None:
        self._tallies = list(tallies)
        self.chains = chains

    @property
    @override
    def tallies(self) -> list[Tally]:
        return self._tallies

    @property
    @override
    def size(self) -> int:
        return self.pooled_tally.size

    @property
    @override
    def pooled(self) -> FloatArray:
        count = min(self.size, _THINNED)
        places = (np.arange(count) + 0.5) * (self.size / count)
        return self.table.at(np.asarray(places, dtype=float))

    @property
    @override
    def by_chain(self) -> FloatArray:
        if self.chains == 1:
            return self.pooled[None]
        count = min(self.size // len(self.tallies), _THINNED // 16)
        return self.table.at_by_group((np.arange(count) + 0.5) / count)

    @property
    @override
    def atoms(self) -> Atoms:
        return self._counted_atoms

    @override
    def at(self, places: FloatArray) -> FloatArray:
        return self.table.at(np.asarray(places, dtype=float) + 0.5)

    @override
    def shares_below(self, values: FloatArray) -> FloatArray:
        below = self.table.below_values(values)
        if self.chains == 1:
            return np.asarray(below.sum(axis=0, keepdims=True) / self.size)
        return np.asarray(below / self.table.sizes[:, None])

    @override
    def counts_between(self, edges: FloatArray) -> npt.NDArray[np.int64]:
        return self.table.counts_between(edges)

    @override
    def gather(self, levels: FloatArray, tail: int) -> None:
        """Do nothing: a table has all that there is."""

    @override
    def forget_tables(self) -> None:
        for name in ("table", "continuous"):
            self.__dict__.pop(name, None)


@lru_cache
def _evenly(count: int) -> FloatArray:
    """Return ranks from 0 on, not all where they are many; the first and last are there."""
    return np.round(np.linspace(0, count - 1, min(count, _MOST_OF_A_TAIL)))
