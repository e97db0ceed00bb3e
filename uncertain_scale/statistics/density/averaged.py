"""The density of an output whose pivot is integrated out, as highest-density regions read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.statistics.density.cells import Coordinate
from uncertain_scale.statistics.density.region import DensityLevels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.statistics.density.region import Region
    from uncertain_scale.units.aliases import FloatArray

_REACH, _FAR = 4.9, 5e-7  # normal scores between which the density is looked at, and their level
_POINTS = 40
_MANY = 32  # values that are looked at to see where ends are
_ROUGH, _FINE = 128, 1024  # places over which the density is averaged
_STEP = 1e-4  # of the range, for a slope
_LEAST = 1e-300
_NARROW = 25.0  # bandwidths that the density must hold for its valleys to be no noise


def averaged_regions(
    conditional: Conditional, probs: Sequence[float]
) -> list[tuple[Region, Coordinate] | None]:
    """Return the highest-density region of each probability, None where it has no clear ends.

    Parameters
    ----------
    conditional
        The output's distribution.
    probs
        Probabilities inside, each in (0, 1).
    """
    density = AveragedDensity(conditional)
    if not conditional.pivot.even or density.narrow:
        return [None] * len(probs)
    power = conditional.pivot.power
    coordinate = Coordinate("log" if power else "linear", 1.0 if power else 0.0, 1.0)
    levels = DensityLevels(density, coordinate)
    chains = len(conditional.table.counts)

    def serves(region: Region | None, prob: float) -> bool:
        if region is None or not region.settled or region.touches.any():
            return False
        return conditional.reaches(float(region.ends[0, 0]), float(region.ends[-1, 1]), 1 - prob)

    found = [(levels.region(prob, np.zeros(chains)), prob) for prob in probs]
    return [
        (region, coordinate) if region and serves(region, prob) else None for region, prob in found
    ]


@dataclass(frozen=True)
class AveragedDensity:
    """The density of log y, or of y, and its probabilities.

    Parameters
    ----------
    conditional
        What it is of.
    """

    conditional: Conditional

    @cached_property
    def edges(self) -> FloatArray:
        """Ascending points between which the density is looked at, closer where it is high."""
        from scipy.special import ndtr

        low, high = self.conditional.reach
        even = np.linspace(low, high, 4 * _POINTS)
        below = np.maximum.accumulate(self._of(even).together("below", even))
        inner = (below > _FAR) & (below < 1 - _FAR)
        levels = ndtr(np.linspace(-_REACH, _REACH, _POINTS))
        by_score = np.interp(levels, below[inner], even[inner])
        return np.unique(np.concatenate([even[inner][::8], by_score]))

    @property
    def narrow(self) -> bool:
        """Whether the pivot moves the output by so little that the average is not smooth."""
        return bool(self.edges[-1] - self.edges[0] > _NARROW * self.conditional.pivot.width)

    def _of(self, y: FloatArray) -> Conditional:
        """Return the average that is good enough: where ends are, or what they are."""
        if y.size > _MANY:
            return self.conditional.coarser(_ROUGH)
        return self.conditional.coarser(_FINE, rough=False)

    def log_density(self, y: FloatArray) -> FloatArray:
        """Return the log density, of the shape of y."""
        return _log_density(self._of(y), y)

    def slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative of the log density."""
        step = _STEP * float(self.edges[-1] - self.edges[0])
        after, before = _log_density(self._of(y), np.stack([y + step, y - step]))
        return np.asarray((after - before) / (2 * step))

    def cdf(self, y: FloatArray) -> FloatArray:
        """Return the probability below."""
        return self._of(y).together("below", y)

    def log_density_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the log density, shape (y, chain)."""
        by_chain = self._of(y).by_group("density", y)
        mean = np.maximum(by_chain.mean(axis=0), _LEAST)
        return np.asarray(((by_chain - mean) / mean).T)

    def log_density_grain(self, y: FloatArray) -> FloatArray:
        """Return 0: averages have no grain."""
        return np.zeros_like(y)

    def cdf_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the probability below, shape (y, chain)."""
        by_chain = self._of(y).by_group("below", y)
        return np.asarray((by_chain - by_chain.mean(axis=0)).T)


def _log_density(average: Conditional, y: FloatArray) -> FloatArray:
    found = average.together("density", y.reshape(-1))
    return np.asarray(np.log(np.maximum(found, _LEAST))).reshape(y.shape)
