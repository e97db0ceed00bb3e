"""Draws of one output reduced to counts and sums, as they come, to be added to one another.

Sums of stretches are added up as whole numbers, which is exact: in whatever order and on whatever
machine chains are reduced, the same bits come out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.analysis.binning import Binning
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["MOST_BINS", "STRETCH", "Tally"]

STRETCH = 8192
"""Draws that are summed as floats; draws are counted in multiples of it, the last ones apart."""
MOST_BINS = 1 << 16
"""With more bins than this, every two are made one."""
_PLACES = 80  # binary places to which sums are kept, of draws in standard units
_LARGE, _LARGEST = 1e200, 1.7e308


class Tally:
    """Counts and sums of one output's draws.

    Parameters
    ----------
    binning
        Where the bins are; tallies that are added to one another share it.

    Attributes
    ----------
    size, bad : int
        Number of draws, and of those among them that are no finite numbers.
    example : float
        One that is no finite number.
    low, high : float
        The least and the greatest draw.
    at_atoms : array of shape (atom,)
        Draws that equal each of the binning's atoms.
    """

    def __init__(self, binning: Binning) -> None:
        self.binning = binning
        self.size = 0
        self.bad = 0
        self.example = math.nan
        self.low, self.high = math.inf, -math.inf
        self.at_atoms = np.zeros(binning.atoms.size, dtype=np.int64)
        self._sum = 0
        self._squares = 0
        # Draws by bin, each of which is 2^_coarser of the binning's; the first has number _first.
        self._counts: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._first = 0
        self._coarser = 0
        self._least, self._most = 0, -1  # numbers of the outermost of the binning's bins in use

    def count(self, x: FloatArray) -> None:
        """Add draws.

        Parameters
        ----------
        x
            Contiguous, shape (draw,): a multiple of `STRETCH`, or the last of a chain.
        """
        self.size += x.size
        low, high = float(x.min()), float(x.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            wrong = x[~np.isfinite(x)]
            self.bad += wrong.size
            self.example = float(wrong[0])
            return
        self.low, self.high = min(self.low, low), max(self.high, high)
        away = self.binning.standard(x)
        self._add_sums(away)
        if self.binning.atoms.size:
            away = away[self._at_no_atom(x)]
            if not away.size:
                return
        numbers = self.binning.numbers(away)
        self._cover(int(numbers.min()), int(numbers.max()))
        if self._coarser:
            numbers >>= self._coarser
        numbers -= self._first
        self._counts += np.bincount(numbers, minlength=self._counts.size)

    def add(self, other: Tally) -> None:
        """Add another tally of the same binning."""
        self.size += other.size
        self.bad += other.bad
        self.example = other.example if other.bad else self.example
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._sum += other._sum
        self._squares += other._squares
        self.at_atoms += other.at_atoms
        if other._most >= other._least:
            self._cover(other._least, other._most)
            counts = other.counts(self._coarser)
            start = (other._least >> self._coarser) - self._first
            self._counts[start : start + counts.size] += counts

    @property
    def bins(self) -> tuple[int, int, int]:
        """Numbers of the first and last of the binning's bins in use, and how coarse they are."""
        return self._least, self._most, self._coarser

    def counts(self, coarser: int) -> npt.NDArray[np.int64]:
        """Return the draws by bin, from the first to the last in use, those at atoms left out.

        Parameters
        ----------
        coarser
            At least as coarse as they are kept: bins are 2^`coarser` of the binning's.
        """
        first, last = self._least >> self._coarser, self._most >> self._coarser
        counts = self._counts[first - self._first : last + 1 - self._first]
        if coarser == self._coarser:
            return counts
        joined = (np.arange(first, last + 1) >> (coarser - self._coarser)) - (
            self._least >> coarser
        )
        return np.bincount(joined, weights=counts).astype(np.int64)

    def state(self) -> tuple[tuple[int, ...], tuple[float, ...], tuple[str, str]]:
        """Return all that a tally knows but its counts: whole numbers, floats and exact sums."""
        return (
            (self.size, self.bad, self._least, self._most, self._coarser),
            (self.low, self.high, self.example),
            (hex(self._sum), hex(self._squares)),
        )

    @classmethod
    def restored(
        cls,
        binning: Binning,
        state: tuple[tuple[int, ...], tuple[float, ...], tuple[str, str]],
        counts: npt.NDArray[np.int64],
        at_atoms: npt.NDArray[np.int64],
    ) -> Tally:
        """Return the tally that had this state, counts and draws at atoms.

        Raises
        ------
        ValueError
            They do not belong together.
        """
        tally = cls(binning)
        (tally.size, tally.bad, tally._least, tally._most, tally._coarser), floats, sums = state
        tally.low, tally.high, tally.example = floats
        tally._sum, tally._squares = (int(one, 16) for one in sums)
        tally._first = tally._least >> tally._coarser
        used = max((tally._most >> tally._coarser) - tally._first + 1, 0)
        if counts.shape != (used,) or at_atoms.shape != tally.at_atoms.shape:
            raise ValueError("counts do not fit the bins")
        if not tally.bad and int(counts.sum() + at_atoms.sum()) != tally.size:
            raise ValueError("counts do not add up to the number of draws")
        tally._counts, tally.at_atoms = counts.copy(), at_atoms.copy()
        return tally

    def mean(self) -> float:
        """Return the mean."""
        return self.binning.centre + self.binning.scale * _rounded(self._sum, self.size)

    def mean_square(self, about: float) -> float:
        """Return the mean square of (draw - `about`) / scale, with the binning's scale."""
        mean = _rounded(self._sum, self.size)
        shift = (about - self.binning.centre) / self.binning.scale
        return max(_rounded(self._squares, self.size) - shift * (2 * mean - shift), 0.0)

    def _add_sums(self, away: FloatArray) -> None:
        whole = away.size - away.size % STRETCH
        for part in (*away[:whole].reshape(-1, STRETCH), away[whole:]):
            if part.size:
                self._sum += _exact(float(part.sum()))
                self._squares += _exact(float(np.einsum("i,i", part, part)))

    def _at_no_atom(self, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Count the draws at atoms; return which are at none."""
        atoms = self.binning.atoms
        nearest = np.minimum(np.searchsorted(atoms, x), atoms.size - 1)
        hit = atoms[nearest] == x
        self.at_atoms += np.bincount(nearest[hit], minlength=atoms.size)
        return np.asarray(~hit)

    def _cover(self, least: int, most: int) -> None:
        """Make room for bins from one number of the binning to another."""
        if self._most >= self._least:
            least, most = min(least, self._least), max(most, self._most)
        self._least, self._most = least, most
        coarser = self._coarser
        while (most >> coarser) - (least >> coarser) >= MOST_BINS:
            coarser += 1
        first, last = least >> coarser, most >> coarser
        same = coarser == self._coarser
        if same and self._first <= first and last < self._first + self._counts.size:
            return
        room = (last - first) // 8 + 64  # so that few draws further out make more of it
        counts = np.zeros(last - first + 1 + 2 * room, dtype=np.int64)
        if self._counts.size:
            old = np.flatnonzero(self._counts)
            at = ((old + self._first) >> (coarser - self._coarser)) - (first - room)
            np.add.at(counts, at, self._counts[old])
        self._counts, self._first, self._coarser = counts, first - room, coarser


def _exact(number: float) -> int:
    """Return a float in steps of 2^-80, which are far finer than the rounding of what it sums."""
    if abs(number) < _LARGE:
        return int(number * 2.0**_PLACES)
    return int(max(min(number, _LARGEST), -_LARGEST)) << _PLACES


def _rounded(total: int, count: int) -> float:
    """Return the float nearest to a sum divided by a count."""
    return total / (count << _PLACES)
