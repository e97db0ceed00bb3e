"""Histograms for reports: the middle of the draws, in logs where they spread over decades."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.draws import Draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.analysis.draws import AnyDraws
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Histogram", "histogram", "histogram_of"]

_CENTRAL = (0.005, 0.995)
_DECADES = 1.5


class Histogram(NamedTuple):
    """Counts between edges, and whether the edges are evenly spaced in logs."""

    counts: npt.NDArray[np.int64]
    edges: FloatArray
    logarithmic: bool


def histogram(values: npt.ArrayLike, bins: int = 24) -> Histogram:
    """Count draws over the central 99% of them.

    Parameters
    ----------
    values
        Finite draws, (chain, draw) or of any other shape.
    bins
        Number of bins.

    Returns
    -------
    Histogram
        `counts` of shape (bins,), `edges` of shape (bins + 1,), and `logarithmic`, which is true
        where all draws are positive and their middle spans more than a decade and a half.

    Examples
    --------
    >>> counts, edges, logarithmic = histogram(np.geomspace(1, 1e6, 1000), bins=4)
    >>> logarithmic, bool(counts.sum() >= 985)
    (True, True)
    """
    return histogram_of(Draws(np.asarray(values, dtype=float).reshape(1, -1)), bins)


def histogram_of(draws: AnyDraws, bins: int = 24) -> Histogram:
    """Count draws over the central 99% of them, held or not; see `histogram`."""
    low, high = map(float, draws.at(np.array(_CENTRAL) * (draws.size - 1)))
    if not low < high:  # nearly all draws are one number
        low, high = draws.low, draws.high
    if not low < high:
        reach = abs(low) / 2 or 0.5
        low, high = low - reach, high + reach
    logarithmic = bool(draws.low > 0 and np.log10(high / low) > _DECADES)
    edges = np.geomspace(low, high, bins + 1) if logarithmic else np.linspace(low, high, bins + 1)
    return Histogram(draws.counts_between(edges), edges, logarithmic)
