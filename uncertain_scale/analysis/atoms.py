"""Point masses: values that draws repeat, as choices and mixtures give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Atoms", "atom_region", "find_atoms"]

_DISCRETE = 200  # up to so many different values, all are point masses
_MASS = 0.005  # with more of them, a point mass is a value with so large a share of the draws
_FEWEST = 10
_RUN = 1.15  # times as many values as are needed: a run without holes is then preferred
_LATTICE = 5  # up to so many values each stands for itself; of more, neighbours make an interval


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


def atom_region(atoms: Atoms, prob: float) -> FloatArray:
    """Return the fewest point masses that hold a probability, as pieces.

    Parameters
    ----------
    atoms
        Point masses that hold at least `prob` together.
    prob
        Probability inside.

    Returns
    -------
    array of shape (piece, bound)
        A value that stands alone has equal ends. Of more than five values on a lattice, such as
        counts, neighbours make one piece.

    Examples
    --------
    >>> atom_region(Atoms(np.array([1.0, 10.0]), np.array([0.7, 0.3]), 2), 0.9).tolist()
    [[1.0, 1.0], [10.0, 10.0]]
    """
    order = np.argsort(-atoms.masses, kind="stable")
    held = np.cumsum(atoms.masses[order])
    chosen = np.sort(order[: int(np.searchsorted(held, prob - 1e-12)) + 1])
    run = _shortest_run(atoms.masses, prob)
    if atoms.values.size > _LATTICE and run.size <= max(chosen.size + 1, _RUN * chosen.size):
        chosen = run
    values = atoms.values[chosen]
    if atoms.values.size <= _LATTICE:
        return np.stack([values, values], axis=1)
    near = np.diff(values) <= 1.5 * np.median(np.diff(atoms.values))
    apart = np.flatnonzero(~((np.diff(chosen) == 1) & near)) + 1
    starts = np.concatenate([[0], apart])
    stops = np.append(apart, values.size) - 1
    return np.stack([values[starts], values[stops]], axis=1)


def _shortest_run(masses: FloatArray, prob: float) -> npt.NDArray[np.int64]:
    """Return the fewest neighbours that hold a probability together."""
    below = np.concatenate([[0.0], np.cumsum(masses)])
    start = np.arange(masses.size)
    stop = np.searchsorted(below, below[:-1] + prob - 1e-12)
    held = below[np.minimum(stop, masses.size)] - below[:-1]
    length = np.where(stop <= masses.size, stop - start, 2 * masses.size)
    best = int(np.argmin(length - held))  # of equally many, those with the most probability
    return np.arange(best, min(int(stop[best]), masses.size))
