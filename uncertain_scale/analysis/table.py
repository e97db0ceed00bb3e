"""A table of draws: how many there are in each bin, by group of chains.

Draws are taken to lie evenly in their bins, so that the distribution function is a chain of
straight lines, with jumps at atoms. Bins are so fine that this is right to about a millionth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uncertain_scale.analysis.tally import Tally
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Table"]


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
        values, passed = self._order
        atoms = _cumulated(self.at_atoms)[:, passed].astype(float)
        if self.counts.size:
            between = _cumulated(self.counts)
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

    def continuous(self) -> Table:
        """Return the table without the draws at atoms."""
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
    from uncertain_scale.analysis.tally import MOST_BINS

    coarser = max(own for _, _, own in used)
    least, most = min(first for first, _, _ in used), max(last for _, last, _ in used)
    while (most >> coarser) - (least >> coarser) >= MOST_BINS:
        coarser += 1
    return coarser


def _cumulated(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros((len(counts), 1), int), np.cumsum(counts, axis=1)], axis=1)
