"""Draws that are held, as the statistics want them: finite, by chain, and in order where it counts.

Sorting all draws costs more than making them. So they are counted in fine bins, and only those of
the few bins that matter are sorted: quantiles and extremes come out exactly as from a full sort.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from uncertain_scale.statistics.sketch import GROUPS, ROUGHLY, STAND_INS, AnyDraws
from uncertain_scale.statistics.tally import (
    BINS,
    PILOT,
    STRETCH,
    Atoms,
    Binning,
    Tally,
    choose_binning,
    find_atoms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray


_PART = 8 * STRETCH  # draws that are counted at once
_FEW = ROUGHLY  # up to so many draws are sorted whole
_APART = 256  # places; draws that are wanted and nearer than that are put in order together
_MARGIN = 5.0  # roots of the number of draws to either side of a quantile that are put in order


class Draws(AnyDraws):
    """Draws of one output, held.

    Parameters
    ----------
    values
        Finite numbers of shape (chain, draw).
    """

    def __init__(self, values: FloatArray) -> None:
        self.chains = int(values.shape[0])
        self.values = values
        self._runs: list[_Run] = []
        self._known = np.array([-1]), np.array([np.nan])  # ranks in runs, ascending; their draws

    @property
    @override
    def size(self) -> int:
        return int(self.values.size)

    @cached_property
    def _groups(self) -> list[FloatArray]:
        """Rows of draws by group."""
        if self.chains == 1:
            return [part for part in np.array_split(self.values, STAND_INS, axis=1) if part.size]
        return [self.values[first::GROUPS] for first in range(min(self.chains, GROUPS))]

    @cached_property
    def _binning(self) -> Binning:
        # An odd step: points of a Sobol' net that are a power of two apart lie in one corner.
        return choose_binning(self.values.reshape(-1)[:: self.size // PILOT | 1], BINS)

    @cached_property
    @override
    def tallies(self) -> list[Tally]:
        tallies = []
        for rows in self._groups:
            tally = Tally(self._binning)
            for part in _parts(rows):
                tally.count(part)
            tallies.append(tally)
        return tallies

    @override
    def forget_tables(self) -> None:
        """Do nothing: its bins are where draws that were put in order are found again."""

    @cached_property
    def by_chain(self) -> FloatArray:
        """Each chain in ascending order, shape (chain, draw)."""
        return np.sort(self.values, axis=1)

    @cached_property
    def pooled(self) -> FloatArray:
        """All draws in ascending order."""
        return np.sort(self.values, axis=None)

    @cached_property
    @override
    def atoms(self) -> Atoms:
        if self.size <= _FEW:
            return find_atoms(self.pooled)
        if self._binning.atoms.size:
            return self._counted_atoms
        distinct = min(self._binning.distinct, self.size)  # of which none is worth a count
        return Atoms(np.zeros(0), np.zeros(0), int(distinct))

    @property
    def _sorts(self) -> bool:
        """Whether all draws are put in order."""
        return self.size <= _FEW or self._binning.atoms.size > 0

    @override
    def at(self, places: FloatArray) -> FloatArray:
        places = np.clip(places, 0, self.size - 1)
        if np.isnan(places).any():  # as the errors of a single chain are
            return np.where(np.isnan(places), np.nan, self.at(np.nan_to_num(places)))
        low = np.floor(places).astype(np.int64)
        part = places - low
        below, above = self._ordered(low), self._ordered(np.minimum(low + 1, self.size - 1))
        step = above - below
        # From the nearer end, as NumPy's quantiles are taken, to the last bit.
        return np.asarray(np.where(part < 0.5, below + step * part, above - step * (1 - part)))

    @override
    def shares_below(self, values: FloatArray) -> FloatArray:
        values = np.asarray(values, dtype=float)
        counts = np.empty((len(self._rows), values.size))
        runs = [] if self._sorts else self._runs
        for place, value in enumerate(values):
            run = next((run for run in runs if run.holds(value)), None)
            if run is not None and self.chains > 1:
                counts[:, place] = run.below(value)
            else:
                counts[:, place] = [
                    (np.count_nonzero(rows < value) + np.count_nonzero(rows <= value)) / 2
                    for rows in self._rows
                ]
        return np.asarray(counts / np.array([[rows.size] for rows in self._rows]))

    @cached_property
    @override
    def low(self) -> float:
        return float(self.values.min())

    @cached_property
    @override
    def high(self) -> float:
        return float(self.values.max())

    @override
    def roughly(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self.size > max(ROUGHLY, self.chains):
            return self._some.roughly(levels)
        values = self.pooled[(levels * (self.size - 1)).astype(int)]
        groups = [rows.ravel() for rows in self._groups]
        sizes = np.array([rows.size for rows in groups])
        above = np.searchsorted(values, np.concatenate(groups))  # how many values lie below each
        numbers = above + (values.size + 1) * np.repeat(np.arange(sizes.size), sizes)
        counts = np.bincount(numbers, minlength=sizes.size * (values.size + 1))
        below = np.cumsum(counts.reshape(sizes.size, -1)[:, :-1], axis=1)
        return values, below / sizes[:, None]

    @cached_property
    def _some(self) -> Draws:
        """The first draws of each chain."""
        return Draws(self.values[:, : max(ROUGHLY // self.chains, 1)])

    @override
    def counts_between(self, edges: FloatArray) -> npt.NDArray[np.int64]:
        if not self._sorts:
            return self.table.counts_between(edges)
        below = np.searchsorted(self.pooled, edges)
        below[-1] = np.searchsorted(self.pooled, edges[-1], "right")
        return np.diff(below)

    @override
    def gather(self, levels: FloatArray, tail: int) -> None:
        if self._sorts:
            return
        centre, margin = np.asarray(levels) * self.size, _MARGIN * np.sqrt(self.size)
        ends = [(0, tail + 1), (self.size - tail - 2, self.size - 1)]
        self._add_runs([*ends, *zip(centre - margin, centre + margin, strict=True)])

    @property
    def _rows(self) -> list[FloatArray]:
        return self._groups if self.chains > 1 else [self.values]

    def _ordered(self, ranks: npt.NDArray[np.int64]) -> FloatArray:
        """Return the draws with these ranks, from 0."""
        if self._sorts:
            return np.asarray(self.pooled[ranks])
        found = np.full(ranks.shape, np.nan)
        missing = self._look_up(ranks, found)
        if missing.any():
            wanted = np.unique(ranks[missing])
            near = np.split(wanted, np.flatnonzero(np.diff(wanted) > _APART) + 1)
            self._add_runs([(part[0], part[-1]) for part in near])
            self._look_up(ranks, found)
        return found

    def _look_up(self, ranks: npt.NDArray[np.int64], found: FloatArray) -> npt.NDArray[np.bool_]:
        """Fill in the draws that have been put in order; return which are missing."""
        known, ordered = self._known
        place = np.minimum(np.searchsorted(known, ranks), known.size - 1)
        there = known[place] == ranks
        found[there] = ordered[place[there]]
        return np.asarray(~there)

    def _add_runs(self, spans: Sequence[tuple[float, float]]) -> None:
        """Put the draws in order whose ranks lie in spans, with all others in their bins."""
        table = self.table
        pooled = np.cumsum(table.counts.sum(axis=0))
        ranks = np.clip(np.array(spans), 0, self.size - 1)
        chosen = np.zeros(pooled.size + 2, dtype=bool)  # an empty bin on either side
        for low, high in np.searchsorted(pooled, np.floor(ranks), side="right"):
            chosen[low + 1 : high + 2] = True
        turns = np.flatnonzero(chosen[1:] != chosen[:-1])
        starts, stops = turns[::2], turns[1::2]
        none = np.zeros((len(table.counts), 1), int)
        cumulated = np.concatenate([none, np.cumsum(table.counts, axis=1)], axis=1)
        within = np.cumsum(cumulated[:, stops] - cumulated[:, starts], axis=1)
        picked = [
            np.split(np.sort(self._pick(rows, chosen[1:-1])), ends[:-1])
            for rows, ends in zip(self._groups, within, strict=True)
        ]
        for start, *by_group in zip(starts.tolist(), *picked, strict=True):
            ordered = np.sort(np.concatenate(by_group), kind="stable")  # quick where parts are
            below = cumulated[:, start]
            self._runs.append(_Run(int(below.sum()), ordered, by_group, below))
        held = np.concatenate([one.start + np.arange(one.ordered.size) for one in self._runs])
        order = np.argsort(held, kind="stable")
        self._known = held[order], np.concatenate([one.ordered for one in self._runs])[order]

    def _pick(self, rows: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the draws that lie in chosen bins."""
        table, binning = self.table, self.tallies[0].binning
        draws = []
        for x in _parts(rows):
            bins = (binning.numbers(binning.standard(x)) >> table.coarser) - table.first
            draws.append(x[np.flatnonzero(chosen[bins])])
        return np.concatenate(draws)


def _parts(rows: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Yield rows part by part, contiguous and each a multiple of `STRETCH` or the last of a row."""
    for row in rows:
        for start in range(0, row.size, _PART):
            yield np.ascontiguousarray(row[start : start + _PART])


@dataclass(frozen=True, eq=False)
class _Run:
    """All draws of neighbouring bins, in order.

    Parameters
    ----------
    start
        Number of draws below them.
    ordered
        The draws.
    by_group, below_by_group
        The same by group, and how many draws of each lie below.
    """

    start: int
    ordered: FloatArray
    by_group: list[FloatArray]
    below_by_group: npt.NDArray[np.int64]

    def holds(self, value: float) -> bool:
        """Say whether it has draws to either side of a value."""
        return bool(self.ordered.size and self.ordered[0] <= value <= self.ordered[-1])

    def below(self, value: float) -> FloatArray:
        """Return how many draws of each group lie below a value, half of those that equal it."""
        both = [
            np.searchsorted(x, [value]) + np.searchsorted(x, [value], "right")
            for x in self.by_group
        ]
        return np.asarray(self.below_by_group + np.concatenate(both) / 2)
