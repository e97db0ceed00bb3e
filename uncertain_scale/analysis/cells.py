"""Draws reduced to a few moments in each of a few hundred cells, chain by chain.

A spline's average over draws then costs no more than over the cells: each cell's draws are replaced
by a few weighted nodes with the same moments, so that averages of piecewise quintics stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.tails import far_end

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["DEGREE", "NODES", "NODE_WEIGHTS", "Cells", "lay_cells"]

# Quintics miss by h^6 where cubics miss by h^4: a refinement then shows the coarser fit's error.
DEGREE = 5
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(DEGREE + 1)
_FROM_MOMENTS = np.linalg.inv(np.vander(NODES, increasing=True).T)

_CELLS = 128  # between the farthest knots
_FEWEST = 20  # draws between knots
_SCORES = 4.5  # normal scores between which cells are laid
_CORE = 0.002  # share of draws on either side that has no say in how wide the core is
_TAIL_PIECES = 8  # into which the first and last cells, which hold the tails, are cut
_TAIL_SHARE, _TAIL_DRAWS = 0.05, 200  # draws by which the far ends are found
_BEYOND = 1e-3  # draws expected beyond the far ends


@dataclass(frozen=True)
class Cells:
    """Draws of a continuous distribution, binned.

    Parameters
    ----------
    edges
        Ascending ends of the cells, shape (cell + 1,).
    knots
        Those edges that a spline of the finest level may have as knots.
    nodes, lengths
        Points in the cells, and how much of the line each stands for (Gauss-Legendre).
    weights
        Shape (chain, node): averages over a chain's draws are `weights @ function(nodes)`, exact
        for polynomials of degree 5 in a cell. They sum to the chain's share of draws over the
        pooled share, which is 1 on average.
    shares
        Share of a chain's draws that are here and not in point masses, shape (chain,).
    grain
        Number of different values, where draws repeat so often that those limit what can be seen.
    """

    edges: FloatArray
    knots: FloatArray
    nodes: FloatArray
    lengths: FloatArray
    weights: FloatArray
    shares: FloatArray
    grain: float = np.inf


def lay_cells(
    pooled: FloatArray,
    y: FloatArray,
    chain: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    *,
    grain: float = np.inf,
) -> Cells:
    """Lay cells over draws and take the moments of each.

    Parameters
    ----------
    pooled
        Draws in a coordinate in which they are smooth, ascending, shape (n,).
    y, chain
        The same draws in any order, and which chain each is of.
    sizes
        Number of draws of each chain, those included that are left out here.
    grain
        See `Cells`.
    """
    chains = sizes.size
    fine = _graded(pooled, _CELLS)
    coarse = _graded(pooled, max(4, int(grain / 40))) if grain < 40 * _CELLS else fine
    knots = _thin(coarse, pooled)
    size = int(min(_TAIL_SHARE * y.size, _TAIL_DRAWS))
    knots[0] = -far_end(-pooled[::-1], size, _BEYOND)
    knots[-1] = far_end(pooled, size, _BEYOND)
    first = np.linspace(knots[0], knots[1], _TAIL_PIECES + 1)
    last = np.linspace(knots[-2], knots[-1], _TAIL_PIECES + 1)
    edges = np.unique(
        np.concatenate([knots, first, last, fine[(fine > knots[1]) & (fine < knots[-2])]])
    )
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    count = middle.size
    cell = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, count - 1)
    place = (y - middle[cell]) / half[cell]
    key = cell + count * chain
    power = np.ones_like(y)
    moments = []
    for _ in range(DEGREE + 1):
        moments.append(np.bincount(key, weights=power, minlength=chains * count))
        power = power * place
    by_cell = np.stack(moments, axis=-1).reshape(chains, count, DEGREE + 1) * (chains / y.size)
    return Cells(
        edges=edges,
        knots=knots,
        nodes=(middle[:, None] + half[:, None] * NODES).ravel(),
        lengths=(half[:, None] * NODE_WEIGHTS).ravel(),
        weights=(by_cell @ _FROM_MOMENTS.T).reshape(chains, -1),
        shares=np.bincount(chain, minlength=chains) / sizes,
        grain=grain,
    )


def _graded(y: FloatArray, count: int) -> FloatArray:
    """Return points spaced evenly half by normal score and half by distance."""
    from scipy.special import ndtr

    scores = np.linspace(-_SCORES, _SCORES, 2001)
    places = np.arange(y.size)
    values = np.interp(ndtr(scores) * y.size - 0.5, places, y)
    low, high = np.interp(np.array([_CORE, 1 - _CORE]) * y.size, places, y)
    mixed = scores / 6 + (values - low) / (high - low)
    return np.asarray(np.interp(np.linspace(mixed[0], mixed[-1], count + 1), mixed, values))


def _thin(edges: FloatArray, y: FloatArray) -> FloatArray:
    """Drop edges until enough draws are left between every two."""
    before = np.searchsorted(y, edges)
    kept, last = [0], 0
    for number in range(1, edges.size - 1):
        if before[number] - last >= _FEWEST and y.size - before[number] >= _FEWEST:
            kept.append(number)
            last = int(before[number])
    return np.asarray(edges[[*kept, edges.size - 1]])
