"""Bins that follow the leading bits of numbers: fine, quickly found, and without an end.

Above a unit, bins are as wide as a fixed part of the distance from the centre; below it they are
even. So a few thousand bins resolve the middle of any distribution, and its tails go on as far as
there are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.atoms import find_atoms

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["BINS", "PILOT", "Binning", "choose_binning"]

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
        if away.min() >= 0:
            bits = (away + self.unit).view(np.int64)
            bits -= self._origin
            bits >>= self.shift
            return bits
        bits = (np.abs(away) + self.unit).view(np.int64)
        bits -= self._origin
        bits >>= self.shift
        np.invert(bits, out=bits, where=away < 0)  # -1 - bits
        return bits

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
