"""Monte Carlo standard errors from the spread of independent chains.

Draws within a chain may depend on one another (Latin hypercubes, Sobol' nets); chains never do. So
what each chain says by itself, or what each adds to a pooled estimate, tells its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

NEEDS_CHAINS = "a Monte Carlo error needs at least two chains"
# Squared skewness beyond which one chain is nearly all of it, and the spread is that chain's error.
_MOST_SKEWED = 3.0

# Larger numbers have no squares; their skewness, which has no size, is found in units of them.
_SQUARES = 1e150


def spread(statistics: FloatArray, axis: int = 0) -> FloatArray:
    """Return the standard error of a statistic that is averaged over chains.

    Parameters
    ----------
    statistics
        The statistic of each chain, or each chain's linearised share (its influence) in a pooled
        statistic, with the chains along `axis`.
    axis
        Where the chains are.

    Returns
    -------
    array without `axis`
        Standard deviation over the K chains, divided by the square root of K; nan for one chain.
        Divided by it, the error of an average follows Student's t with K - 1 degrees of freedom.

    Notes
    -----
    Right for averages, and for whatever moves like one: moments, quantiles, smooth functionals of
    them through their influence. Wrong for cube-root statistics such as the shortest interval of
    raw draws, whose pooled error falls more slowly than the root of K.

    Examples
    --------
    >>> round(float(spread(np.array([1.0, 3.0, 1.0, 3.0]))), 4)
    0.5774
    """
    statistics = np.asarray(statistics, dtype=float)
    chains = statistics.shape[axis]
    if chains < 2:
        return np.full_like(statistics.take(0, axis=axis), np.nan)
    with np.errstate(over="ignore"):
        found = np.asarray(statistics.std(axis=axis, ddof=1))
    if np.isinf(found).any() and np.isfinite(statistics).all():  # squares beyond all numbers
        scale = np.abs(statistics).max(axis=axis, keepdims=True)
        scaled = (statistics / np.where(scale > 0, scale, 1.0)).std(axis=axis, ddof=1)
        found = np.where(np.isinf(found), scaled * scale.take(0, axis=axis), found)
    return np.asarray(found / np.sqrt(chains))


def skewed_spread(statistics: FloatArray, widening: float, axis: int = 0) -> FloatArray:
    """Return the standard error of an average over chains that may be skewed, widened for that.

    Parameters
    ----------
    statistics
        As `spread` takes them.
    widening
        By what share the error grows for each unit of the chains' squared skewness.
    axis
        Where the chains are.

    Returns
    -------
    array without `axis`
        The standard error.

    Notes
    -----
    A stratified chain's mean of a heavy-tailed output errs mostly by its few farthest draws. So
    most chains err a little to one side and few by much to the other: where none of the few is
    among those drawn, both the estimate and the spread are too small. Student's t fails in this way
    in proportion to the skewness, and the skewness of a few chains understates that of all. Its
    square widens what is truly skewed and leaves nearly alone what is so by chance.

    References
    ----------
    Johnson (1978), Modified t tests and confidence intervals for asymmetrical populations,
    doi:10.1080/01621459.1978.10480051.

    Examples
    --------
    >>> round(float(skewed_spread(np.array([1.0, 3.0, 1.0, 3.0]), 0.25)), 4)
    0.5774
    >>> round(float(skewed_spread(np.array([0.0, 0.0, 0.0, 4.0]), 0.25)), 4)
    1.3333
    """
    statistics = np.asarray(statistics, dtype=float)
    about = statistics - statistics.mean(axis=axis, keepdims=True)
    largest = np.abs(about).max(axis=axis, keepdims=True)
    about = np.divide(about, largest, out=about, where=largest > _SQUARES)
    size = np.sqrt((about**2).mean(axis=axis, keepdims=True))
    parts = np.divide(about, size, out=np.zeros_like(about), where=size > 0)
    squared = np.minimum((parts**3).mean(axis=axis) ** 2, _MOST_SKEWED)
    return np.asarray(spread(statistics, axis=axis) * (1 + widening * squared))
