"""Draws that are held, as the statistics want them: finite, by chain, counted and in order.

They are sorted where an order statistic is asked for; moments and tables rest on fine bins, which
take less.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from uncertain_scale.statistics.sketch import GROUPS, ROUGHLY, STAND_INS, AnyDraws
from uncertain_scale.statistics.tally import (
    BINS,
    PILOT,
    Atoms,
    Binning,
    Tally,
    choose_binning,
    find_atoms,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray


_FEW = ROUGHLY  # up to so many draws are sorted whole


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
            for row in rows:
                tally.count(np.ascontiguousarray(row))
            tallies.append(tally)
        return tallies

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

    @override
    def at(self, places: FloatArray) -> FloatArray:
        places = np.clip(places, 0, self.size - 1)
        if np.isnan(places).any():  # as the errors of a single chain are
            return np.where(np.isnan(places), np.nan, self.at(np.nan_to_num(places)))
        low = np.floor(places).astype(np.int64)
        part = places - low
        below, above = self.pooled[low], self.pooled[np.minimum(low + 1, self.size - 1)]
        step = above - below
        # From the nearer end, as NumPy's quantiles are taken, to the last bit.
        return np.asarray(np.where(part < 0.5, below + step * part, above - step * (1 - part)))

    @override
    def shares_below(self, values: FloatArray) -> FloatArray:
        values = np.asarray(values, dtype=float)
        groups = self._groups if self.chains > 1 else [self.values]
        twice = [
            [np.count_nonzero(rows < one) + np.count_nonzero(rows <= one) for one in values]
            for rows in groups
        ]
        return np.asarray(np.array(twice) / (2 * np.array([[rows.size] for rows in groups])))

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
        if self.size > _FEW and not self._binning.atoms.size:
            return self.table.counts_between(edges)
        below = np.searchsorted(self.pooled, edges)
        below[-1] = np.searchsorted(self.pooled, edges[-1], "right")
        return np.diff(below)
