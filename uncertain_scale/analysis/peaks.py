"""Which valleys of a fitted density are real, and which are noise."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.monte_carlo_error import spread

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["fill_valleys"]

# In standard errors. A t with 15 degrees of freedom exceeds it once in a hundred thousand.
_REAL = 6.0
_DEEP = 0.1  # in log density; a shallower valley is none, however sure
_MATERIAL = 1e-3  # a peak with less probability between the valleys beside it is none


def fill_valleys(
    height: FloatArray,
    below: FloatArray,
    influence: FloatArray,
    grain: FloatArray,
    real: float = _REAL,
) -> FloatArray:
    """Fill the valleys that are not deeper than chance makes them.

    Parameters
    ----------
    height
        Log density along a grid.
    below
        Probability below each point of the grid.
    influence
        What each chain adds to it, shape (grid, chain).
    grain
        A further error of it, shape (grid,).
    real
        Standard errors from which a valley is none of chance.

    Returns
    -------
    array of shape (grid,)
        The heights, with immaterial peaks cut and each valley that is filled raised to the lower of
        the peaks beside it.

    Notes
    -----
    Pairs of a valley and the lower peak beside it go in the order of how sure they are, least
    first, as the branches of a merge tree do by persistence.

    Examples
    --------
    >>> height = np.array([0.0, 1.0, 0.5, 2.0, 0.0])
    >>> noise = np.array([[0, 0], [1, -1], [0, 0], [-1, 1], [0, 0]])
    >>> fill_valleys(height, np.linspace(0, 1, 5), noise, np.zeros(5)).tolist()
    [0.0, 1.0, 1.0, 2.0, 0.0]
    """
    height = _cut_peaks(height, below)
    filled = height.copy()
    peaks, valleys = _extremes(height)
    while valleys:
        beside = [
            peak if height[peak] <= height[other] else other for peak, other in pairwise(peaks)
        ]
        certainty = [
            _certainty(height, influence, grain, peak, slice(left + 1, right))
            for peak, (left, right) in zip(beside, pairwise(peaks), strict=True)
        ]
        least = int(np.argmin(certainty))
        if certainty[least] >= real:
            break
        left, right, level = peaks[least], peaks[least + 1], height[beside[least]]
        between = filled[left : right + 1]
        np.maximum(between, level, out=between)
        peaks.remove(beside[least])
        del valleys[least]
    return filled


def _certainty(
    height: FloatArray, influence: FloatArray, grain: FloatArray, peak: int, between: slice
) -> float:
    """Return how surely, in standard errors, some place is lower than a peak."""
    depth = height[peak] - height[between]
    error = np.hypot(
        spread(influence[peak] - influence[between], axis=1),
        np.hypot(grain[peak], grain[between]),
    )
    return float(np.max(np.where(depth > _DEEP, depth / np.maximum(error, 1e-9), 0.0)))


def _cut_peaks(height: FloatArray, below: FloatArray) -> FloatArray:
    """Cut peaks that hold next to no probability down to the higher valley beside them."""
    height = height.copy()
    while True:
        _, valleys = _extremes(height)
        bounds = [0, *valleys, height.size - 1]
        masses = np.diff(below[bounds])
        least = int(np.argmin(masses))
        if not valleys or masses[least] >= _MATERIAL:
            return height
        around = valleys[max(least - 1, 0) : least + 1]
        basin = height[bounds[least] : bounds[least + 1] + 1]
        np.minimum(basin, height[around].max(), out=basin)


def _extremes(height: FloatArray) -> tuple[list[int], list[int]]:
    """Return the places of the peaks and of the valleys between them."""
    firsts = np.flatnonzero(np.append(True, np.diff(height) != 0))
    padded = np.concatenate([[-np.inf], height[firsts], [-np.inf]])
    rise = np.sign(np.diff(padded))
    peaks = firsts[(rise[:-1] > 0) & (rise[1:] < 0)]
    valleys = firsts[(rise[:-1] < 0) & (rise[1:] > 0)]
    return peaks.tolist(), valleys.tolist()
