"""Draws of one output reduced to counts and sums, as they come, to be added to one another.

Draws are counted in fine bins, and apart where values repeat. Sums of stretches are added up as
whole numbers, which is exact: in whatever order and on whatever machine chains are reduced, the
same bits come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

_DISCRETE = 200  # up to so many different values, all are point masses
_MASS = 0.005  # with more of them, a point mass is a value with so large a share of the draws
_FEWEST = 10
_COMPARED = 8  # up to so many point masses, draws are compared with each

BINS = 8192
"""Bins between the 0.1% and the 99.9% quantile: so many, or up to half as many."""
PILOT = 1 << 14
"""Draws that are enough to lay bins by."""
_TAIL = 0.001
_WIDE = 2.0  # a factor between the 1% and the 99% quantile from which on bins are in proportion
_FLOOR = 2.0**-40  # of the median: where bins in proportion turn into even ones
_MIDDLE = 4.0  # interquartile ranges to either side of the centre in which bins are about even
_LARGEST = np.finfo(float).max
_TINY = 2.0**-1000  # its inverse is a number

STRETCH = 8192
"""Draws that are summed as floats; draws are counted in multiples of it, the last ones apart."""
MOST_BINS = 1 << 16
"""With more bins than this, every two are made one."""
_PLACES = 80  # binary places to which sums are kept, of draws in standard units
_LARGE, _GREATEST = 1e200, 1.7e308


@dataclass(frozen=True)
class Atoms:
    """Point masses of a distribution.

    Parameters
    ----------
    values
        Where they are, ascending.
    masses
        Their probabilities.
    distinct
        Number of different values among all draws.
    """

    values: FloatArray
    masses: FloatArray
    distinct: int

    @property
    def mass(self) -> float:
        """Probability of all of them."""
        return float(self.masses.sum())


def find_atoms(pooled: FloatArray) -> Atoms:
    """Find the values that draws repeat.

    Parameters
    ----------
    pooled
        Draws in ascending order.

    Examples
    --------
    >>> find_atoms(np.repeat([1.0, 2.0], [30, 10])).masses.tolist()
    [0.75, 0.25]
    """
    starts = np.flatnonzero(np.append(True, pooled[1:] != pooled[:-1]))
    counts = np.diff(np.append(starts, pooled.size))
    values = pooled[starts]
    if counts.size <= _DISCRETE and counts.size <= pooled.size / 4:
        kept = np.full(counts.size, fill_value=True)
    else:
        kept = counts >= max(_FEWEST, _MASS * pooled.size)
    return Atoms(values[kept], counts[kept] / pooled.size, counts.size)


@dataclass(frozen=True, eq=False)
class Binning:
    """Where the bins are: by the leading bits of `unit + |x - centre| / scale`.

    Parameters
    ----------
    centre, scale, unit
        Numbers of that formula.
    shift
        How many trailing bits have no say.
    atoms
        Values that draws repeat so often that they are counted by themselves, ascending.
    distinct
        Number of different values where draws repeat throughout, inf where they do not.
    """

    centre: float
    scale: float
    unit: float
    shift: int
    atoms: FloatArray
    distinct: float = np.inf

    @property
    def _origin(self) -> int:
        return _bits(self.unit)

    def standard(self, x: FloatArray) -> FloatArray:
        """Return (x - centre) / scale, in an array of its own."""
        if not self.centre:
            return x * (1 / self.scale)
        away = x - self.centre
        away *= 1 / self.scale
        return away

    def numbers(self, away: FloatArray) -> npt.NDArray[np.int64]:
        """Return the number of each draw's bin.

        Parameters
        ----------
        away
            At least one draw, as `standard` returns them.

        Returns
        -------
        array of the shape of `away`
            Numbers ascend with the draws, and are negative below the centre.
        """
        return self.places(away.copy(), signed=bool(away.min() < 0))

    def places(
        self, away: FloatArray, coarser: int = 0, first: int = 0, *, signed: bool = True
    ) -> npt.NDArray[np.int64]:
        """Return the number of each draw's bin, counted from one of them.

        Parameters
        ----------
        away
            As in `numbers`, in an array that is overwritten.
        coarser
            How many times two bins are made one.
        first
            The number, of these, that is counted as 0.
        signed
            Whether some draws may be below the centre.
        """
        shift = self.shift + coarser
        if signed:
            away += 0.0  # -0.0 is not below
            below = away.view(np.int64) >> 63
            np.abs(away, out=away)
        away += self.unit
        bits = away.view(np.int64)
        bits >>= shift
        origin = self._origin >> shift  # whose trailing bits are 0
        if not signed:
            bits -= origin + first
            return bits
        bits -= origin
        bits ^= below  # -1 - bits
        if first:
            bits -= first
        return bits

    def number(self, x: float) -> int:
        """Return the number of one draw's bin, as `numbers` does."""
        away = (x - self.centre) * (1 / self.scale)
        number = (_bits(abs(away) + self.unit) - self._origin) >> self.shift
        return ~number if away < 0 else number

    def edges(self, numbers: npt.NDArray[np.int64]) -> FloatArray:
        """Return the lower ends of bins by their numbers."""
        last = (_bits(_LARGEST) - self._origin) >> self.shift
        bits = (np.minimum(np.abs(numbers), last) << self.shift) + self._origin
        away = (bits.view(np.float64) - self.unit) * self.scale
        return np.asarray(self.centre + np.where(numbers < 0, -away, away))


def choose_binning(pilot: FloatArray, bins: int = BINS) -> Binning:
    """Lay bins for draws of which some are known.

    Parameters
    ----------
    pilot
        Finite draws, at least one, of any shape.
    bins
        As `BINS`.

    Examples
    --------
    >>> binning = choose_binning(np.geomspace(1, 1e6, 1001))
    >>> numbers = binning.numbers(binning.standard(np.array([1.0, 10.0, 1e6])))
    >>> bool(abs(binning.edges(numbers)[1] - 10) < 0.1)
    True
    """
    ascending = np.sort(pilot, axis=None)
    atoms = find_atoms(ascending)
    places = np.array([_TAIL, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - _TAIL]) * (ascending.size - 1)
    lowest, q01, q25, q50, q75, q99, highest = map(float, ascending[places.round().astype(int)])
    if lowest == highest:
        lowest, highest = float(ascending[0]), float(ascending[-1])
    reach = (highest - lowest) or abs(q50) or 1.0
    if (lowest > 0 and q99 > _WIDE * q01) or (highest < 0 and q01 < _WIDE * q99):
        centre, scale, unit = 0.0, abs(q50), _FLOOR
    else:
        centre, scale, unit = q50, _MIDDLE * (q75 - q25) or reach, 1.0
    whole = Binning(centre, max(scale, _TINY), unit, 0, atoms.values)
    least, most = whole.numbers(whole.standard(np.array([lowest, highest]))).tolist()
    shift = max((most - least).bit_length() - (bins - 1).bit_length(), 0)
    distinct = atoms.distinct if atoms.distinct < ascending.size / 4 else np.inf
    return replace(whole, shift=shift, distinct=distinct)


def _bits(number: float) -> int:
    return int(np.float64(number).view(np.int64))


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
            free = self._at_no_atom(x)
            x, away = x[free], away[free]
            if not x.size:
                return
            low, high = float(x.min()), float(x.max())
        least, most = self.binning.number(low), self.binning.number(high)
        self._cover(least, most)
        places = self.binning.places(away, self._coarser, self._first, signed=least < 0)
        self._counts += np.bincount(places, minlength=self._counts.size)

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
        counts: npt.NDArray[np.integer],
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
        tally._counts, tally.at_atoms = counts.astype(np.int64), at_atoms.copy()
        return tally

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to other processes with counts in as few bytes as hold them."""
        counts = self.counts(self._coarser)
        narrow = counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
        return Tally.restored, (self.binning, self.state(), narrow, self.at_atoms)

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
        rows = away[:whole].reshape(-1, STRETCH)
        sums, squares = [rows.sum(axis=1)], [np.einsum("ij,ij->i", rows, rows)]
        if whole < away.size:
            rest = away[whole:]
            sums.append(rest.sum(keepdims=True))
            squares.append(np.einsum("i,i", rest, rest)[None])
        self._sum += _exact(np.concatenate(sums))
        self._squares += _exact(np.concatenate(squares))

    def _at_no_atom(self, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Count the draws at atoms; return which are at none."""
        atoms = self.binning.atoms
        if atoms.size <= _COMPARED:
            free = np.full(x.shape, fill_value=True)
            for place, atom in enumerate(atoms):
                there = x == atom
                self.at_atoms[place] += np.count_nonzero(there)
                free &= ~there
            return free
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


def _exact(numbers: FloatArray) -> int:
    """Return a sum in steps of 2^-80, which are far finer than the rounding of what it sums."""
    if np.abs(numbers).max() < _LARGE:
        return sum(map(int, (numbers * 2.0**_PLACES).tolist()))
    return sum(map(_whole, numbers.tolist()))


def _whole(number: float) -> int:
    if abs(number) < _LARGE:
        return int(number * 2.0**_PLACES)
    return int(max(min(number, _GREATEST), -_GREATEST)) << _PLACES


def _rounded(total: int, count: int) -> float:
    """Return the float nearest to a sum divided by a count."""
    return total / (count << _PLACES)
