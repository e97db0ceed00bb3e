"""What statistics are made of, from draws that are not held: the tallies of groups of chains.

`Draws` offers the same of draws that are held, exactly. The errors of statistics come from the
spread between groups: a chain each, or as many chains as make 64 groups.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.atoms import Atoms
from uncertain_scale.analysis.table import Table
from uncertain_scale.analysis.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["GROUPS", "STAND_INS", "Sketch", "group_of"]

GROUPS = 64
"""Groups of chains whose statistics are told apart; more chains than this share them in turn."""
STAND_INS = 8
"""Parts of a single chain, told apart where a fit is judged by the spread between groups."""

_THINNED = 1 << 16
_MOST_OF_A_TAIL = 4097


def group_of(chain: int) -> int:
    """Return the group of a chain, which is the same however many chains there are."""
    return chain % GROUPS


class Sketch:
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
    def tallies(self) -> list[Tally]:
        """The tally of each group."""
        return self._tallies

    @cached_property
    def table(self) -> Table:
        """Draws by bin and group."""
        return Table.of(self.tallies)

    @cached_property
    def continuous(self) -> Table:
        """Draws by bin and group, without those at atoms."""
        return self.table.continuous()

    def forget_tables(self) -> None:
        """Free what is made again from the tallies where it is asked for, and is larger."""
        for name in ("table", "continuous"):
            self.__dict__.pop(name, None)

    @property
    def pooled(self) -> FloatArray:
        """Draws in ascending order, evenly thinned where there are many."""
        count = min(self.size, _THINNED)
        places = (np.arange(count) + 0.5) * (self.size / count)
        return self.table.at(np.asarray(places, dtype=float))

    @property
    def by_chain(self) -> FloatArray:
        """Draws of each group, or of the single chain, in ascending order, evenly thinned."""
        if self.chains == 1:
            return self.pooled[None]
        count = min(self.size // len(self.tallies), _THINNED // 16)
        return self.table.at_by_group((np.arange(count) + 0.5) / count)

    @cached_property
    def pooled_tally(self) -> Tally:
        """All groups together."""
        whole = Tally(self.tallies[0].binning)
        for tally in self.tallies:
            whole.add(tally)
        return whole

    @property
    def size(self) -> int:
        """Number of draws."""
        return self.pooled_tally.size

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

    @property
    def atoms(self) -> Atoms:
        """Values that draws repeat."""
        return self._atoms_counted

    @cached_property
    def _atoms_counted(self) -> Atoms:
        table, binning = self.table, self.tallies[0].binning
        counts = table.at_atoms.sum(axis=0)
        there = counts > 0
        distinct = binning.distinct if np.isfinite(binning.distinct) else self.size
        return Atoms(table.atoms[there], counts[there] / self.size, int(distinct))

    def at(self, places: FloatArray) -> FloatArray:
        """Return order statistics, interpolated; 0 is the least draw, `size` - 1 the greatest."""
        return self.table.at(np.asarray(places, dtype=float) + 0.5)

    def lowest(self, count: int) -> FloatArray:
        """Return the least draws in ascending order, evenly thinned where they are many."""
        return self.at(_evenly(0, count))

    def highest(self, count: int) -> FloatArray:
        """Return the greatest draws in ascending order, evenly thinned where they are many."""
        return self.at(self.size - 1 - _evenly(0, count)[::-1])

    def shares_below(self, values: FloatArray) -> FloatArray:
        """Return the share of draws below values, half of those that equal them.

        Returns
        -------
        array of shape (group, value)
            One row, of all draws, where there is one chain.
        """
        below = self.table.below_values(values)
        if self.chains == 1:
            return np.asarray(below.sum(axis=0, keepdims=True) / self.size)
        return np.asarray(below / self.table.sizes[:, None])

    def counts_between(self, edges: FloatArray) -> npt.NDArray[np.int64]:
        """Return how many draws lie between ascending edges, those at the last one included."""
        below = np.append(
            self.table.below_limit(edges[:-1], "left"), self.table.below_limit(edges[-1:], "right")
        )
        whole: npt.NDArray[np.int64] = np.round(below).astype(np.int64)
        return whole[1:] - whole[:-1]

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

    def gather(self, levels: FloatArray, tail: int) -> None:
        """Make ready what lies about quantiles and in the tails, where that takes a pass."""

    def _apart(self) -> list[Tally]:
        return self.tallies if self.chains > 1 else [self.pooled_tally]


def _evenly(start: int, count: int) -> FloatArray:
    """Return ranks from a start on, not all where they are many; the first and last are there."""
    return start + np.round(np.linspace(0, count - 1, min(count, _MOST_OF_A_TAIL)))
