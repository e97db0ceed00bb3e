"""How much was learnt about an input: the divergence of its posterior from its prior, in bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["effective_rows", "information_gained", "jackknife"]

_CELLS = 48


def information_gained(levels: FloatArray, rows: int = 0) -> tuple[float, float]:
    """Return the Kullback-Leibler divergence of a posterior from a prior, in bits, and its error.

    Parameters
    ----------
    levels
        Posterior draws as levels of the prior, which is uniform on them: shape (chain, draw).
    rows
        Number of rows, for a joint sample whose rows are what is learnt about.

    Notes
    -----
    Draws are counted in cells that hold equal shares of an even mixture of prior and posterior, so
    that they are fine where either is. What cells lose falls with the square of their width, which
    halving them shows and takes off; the bias of counting, of the order of the cells over the
    draws, is taken off by leaving one chain out at a time, which also gives the error (nan for one
    chain). The cells of a joint sample are its rows.

    Examples
    --------
    >>> u = (np.arange(4096) + 0.5).reshape(64, 64).T / 4096
    >>> round(abs(information_gained(u)[0]), 2), round(information_gained(u / 2)[0], 2)
    (0.0, 1.0)
    """
    if rows:
        return jackknife(_counts(levels, np.arange(rows + 1) / rows), np.full(rows, 1 / rows))
    fine = _edges(levels, 2 * _CELLS)
    counts, masses = _counts(levels, fine), np.diff(fine)
    coarse = counts.reshape(len(counts), -1, 2).sum(axis=2), masses.reshape(-1, 2).sum(axis=1)
    return jackknife(counts, masses, coarse)


def effective_rows(levels: FloatArray, rows: int) -> float:
    """Return how many rows of a joint sample posterior draws amount to.

    Examples
    --------
    >>> effective_rows(np.array([[0.1, 0.3, 0.6, 0.9]]), 2)
    2.0
    """
    counts = np.bincount((levels.ravel() * rows).astype(np.intp), minlength=rows)
    return float(counts.sum() ** 2 / (counts**2).sum())


def _edges(levels: FloatArray, cells: int) -> FloatArray:
    """Return edges of cells that hold equal shares of half the prior and half the posterior."""
    pooled = np.sort(levels, axis=None)
    grid = np.concatenate([[0.0], pooled, [1.0]])
    below = np.concatenate([[0.0], (np.arange(pooled.size) + 0.5) / pooled.size, [1.0]])
    edges = np.interp(np.arange(1, cells) / cells, (below + grid) / 2, grid)
    return np.concatenate([[0.0], edges, [1.0]])


def _counts(levels: FloatArray, edges: FloatArray) -> FloatArray:
    return np.array([np.histogram(chain, edges)[0] for chain in levels], dtype=float)


def jackknife(
    counts: FloatArray,
    masses: FloatArray,
    coarse: tuple[FloatArray, FloatArray] | None = None,
) -> tuple[float, float]:
    """Return the divergence of counts from masses, in bits, without bias to first order.

    Parameters
    ----------
    counts
        Draws by cell, shape (chain, cell).
    masses
        Probability of each cell under the prior.
    coarse
        The same in cells of twice the width, from which the cells' own loss is extrapolated.
    """

    def divergence(kept: FloatArray) -> float:
        fine = _divergence(kept @ counts, masses)
        if coarse is None:
            return fine
        return fine + (fine - _divergence(kept @ coarse[0], coarse[1])) / 3

    chains = len(counts)
    whole = divergence(np.ones(chains))
    if chains < 2:
        return whole, float("nan")
    without = np.array([divergence(1.0 - np.eye(chains)[k]) for k in range(chains)])
    estimate = chains * whole - (chains - 1) * float(without.mean())
    error = float(np.sqrt((chains - 1) * without.var()))
    return max(estimate, 0.0), error


def _divergence(counts: FloatArray, masses: FloatArray) -> float:
    shares = counts / counts.sum()
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / masses[held])).sum())
