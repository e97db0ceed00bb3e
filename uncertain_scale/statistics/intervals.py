"""Quantiles and equal-tailed intervals, with errors that hold for every design.

Draws within a chain may depend on one another (Latin hypercubes, Sobol' nets); chains never do. So
what each chain says by itself, or what each adds to a pooled estimate, tells its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import pdtr

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.statistics.sketch import AnyDraws
    from uncertain_scale.units.aliases import FloatArray

NEEDS_CHAINS = "a Monte Carlo error needs at least two chains"
# Squared skewness beyond which one chain is nearly all of it, and the spread is that chain's error.
_MOST_SKEWED = 3.0
# Larger numbers have no squares; their skewness, which has no size, is found in units of them.
_SQUARES = 1e150

# An end that fewer than three draws are expected beyond lies, in one run of twenty or more, beyond
# all of them: P(none) = exp(-3). No order statistic then bounds it with 95%.
_BORNE = 3.0
_SURE = 0.95

# An order statistic wanders by about 1/N in probability even where every chain is perfectly
# stratified and the chains' shares below it agree: midway between the last of K uniform points
# below a cell's edge and the first above, by 0.63 of a draw for 16 chains.
_GRAIN = 0.63
# So many chains that differ by no more than one draw, with so many draws in each below a quantile,
# do so by no chance: they are stratified to the draw. The quantile is then one of K points, each
# uniform in the cell that it divides, and wanders less than the shares below it.
_MANY, _BELOW = 8, 4
# Order statistics to either side over which the slope of the quantile function is taken, as a
# share of the distance to the nearer end: the slope's own noise is then a tenth.
_WINDOW = 0.25
_WIDEST_WINDOW = 64
_FEW_ALIKE = 4
_MOST_BEYOND = 8  # above the 95% quantile of a Poisson distribution of mean 3
# A gap holds a quantile where the step across it, within three errors of a level to either side, is
# wider than all else within so many times as far: one of 32 independent draws is by 1e-8.
_ERRORS, _FARTHER, _FEWEST = 3.0, 4.0, 16.0


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


def equal_tailed(draws: AnyDraws, prob: float) -> tuple[FloatArray, FloatArray]:
    """Return the interval that leaves (1 - prob) / 2 on either side, and its errors.

    Parameters
    ----------
    draws
        Draws of one output.
    prob
        Probability inside, in (0, 1).

    Returns
    -------
    ends, errors
        Arrays of shape (bound,), low and high.
    """
    tail = (1 - prob) / 2
    return quantiles(draws, np.array([tail, 1 - tail]))


def beyond(draws: AnyDraws, levels: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which quantiles lie too far out for the draws to bear.

    Parameters
    ----------
    draws
        Draws of one output.
    levels
        Probabilities below, in (0, 1).

    Notes
    -----
    Where the farthest draws are one value, as a probability of its own or a bound makes them, it is
    the quantile.
    """
    levels = np.atleast_1d(np.asarray(levels, dtype=float))
    count = draws.size
    out = np.asarray(np.minimum(levels, 1 - levels) * count < _BORNE)
    if not out.any():
        return out
    few = min(_FEW_ALIKE, count - 1)
    ends = draws.at(np.array([0.0, few, count - 1 - few, count - 1.0]))
    alike = np.where(levels < 0.5, ends[0] == ends[1], ends[2] == ends[3])
    out &= ~alike
    if out.any() and draws.conditional is not None:
        out &= np.isnan(_averaged(draws, levels)[0])
    return out


def quantiles(draws: AnyDraws, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return quantiles and their Monte Carlo errors, as `quantiles_and_gaps` does."""
    values, errors, _ = quantiles_and_gaps(draws, levels)
    return values, errors


def quantiles_and_gaps(
    draws: AnyDraws, levels: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return quantiles of the pooled draws, their Monte Carlo errors, and gaps that they lie in.

    Parameters
    ----------
    draws
        Draws of one output.
    levels
        Probabilities below, in (0, 1).

    Returns
    -------
    values, errors, gaps
        Arrays of the shape of `levels`, and of shape (level, 2). Where no probability lies between
        two numbers and, within the error, the level lies below both, any number between them is the
        quantile: these are its gap, its value is their middle, and its error half of their
        distance. Elsewhere a gap is nan. Where the draws do not bear a quantile, see `beyond`, the
        value is what it is beyond with 95%, one of the farthest draws, and its error nan.

    Notes
    -----
    A quantile of pooled draws is no average of the chains' quantiles, but the share of draws below
    a point is an average of the chains' shares. So the error is found in probability, from each
    chain's share below the pooled quantile, and carried over by the slope of the pooled quantile
    function across two errors to either side, as Woodruff's interval for a quantile is.

    References
    ----------
    Woodruff (1952), doi:10.1080/01621459.1952.10483443. Hyndman and Fan (1996),
    doi:10.1080/00031305.1996.10473566.
    """
    levels = np.atleast_1d(np.asarray(levels, dtype=float))
    # Type 5, "hazen". ArviZ's default is type 7, whose bias of (1/2 - t)/N in probability matters
    # beside quasi-random errors, which can be as small as 1/N.
    values, errors = _averaged(draws, levels)
    left = np.isnan(values)
    gaps = np.full((levels.size, 2), np.nan)
    if not left.all() and draws.conditional is not None:
        gaps[~left] = draws.conditional.gaps(levels[~left], values[~left], errors[~left])
    if not left.any():
        return *_in_gaps(values, errors, gaps), gaps
    values[left] = draws.at(levels[left] * draws.size + 0.5 - 1)
    errors[left], gaps[left] = _errors(draws, values[left], levels[left])
    out = left & beyond(draws, levels)
    if out.any():
        # The number of draws beyond a quantile is a Poisson's of this mean, or less spread.
        expected = np.minimum(levels, 1 - levels) * draws.size
        ranks = np.arange(_MOST_BEYOND)
        rank = (pdtr(ranks, expected[:, None]) < _SURE).sum(axis=1)
        rank = np.minimum(rank, (draws.size - 1) // 2)
        bound = draws.at(np.where(levels < 0.5, rank, draws.size - 1 - rank))
        values, errors = np.where(out, bound, values), np.where(out, np.nan, errors)
        gaps[out] = np.nan
    return *_in_gaps(values, errors, gaps), gaps


def _in_gaps(
    values: FloatArray, errors: FloatArray, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles and their errors, those in a gap at its middle."""
    there = np.isfinite(gaps[:, 0])
    return (
        np.where(there, gaps.mean(axis=1), values),
        np.where(there, np.ptp(gaps, axis=1) / 2, errors),
    )


def _averaged(draws: AnyDraws, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return quantiles with the pivot integrated out; nan where too few draws have a say."""
    if draws.conditional is None:
        return np.full(levels.shape, np.nan), np.full(levels.shape, np.nan)
    return draws.conditional.quantiles(levels, draws.roughly(levels)[0])


def _errors(
    draws: AnyDraws, values: FloatArray, levels: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the errors of quantiles, and gaps, nan where there is none."""
    count = draws.size
    shares = draws.shares_below(values)
    wander = spread(shares) * count  # in order statistics
    chains = len(shares)
    length = count / chains
    stratified = (np.ptp(shares, axis=0) * length <= 1 + 1e-9) & (
        np.minimum(levels, 1 - levels) * length >= _BELOW
    )
    if chains >= _MANY:
        wander = np.where(stratified, _order_statistic(chains), 1.0) * wander
    steps = np.hypot(wander, _GRAIN)
    centre = levels * count - 0.5
    room = np.minimum(centre, count - 1 - centre)
    window = np.maximum(np.minimum(_WINDOW * room, _WIDEST_WINDOW), 2 * steps)
    low, high = np.maximum(centre - window, 0), np.minimum(centre + window, count - 1)
    # The steeper side: where the density rises to both sides, as between two peaks, an estimate
    # that has strayed uphill would otherwise claim too small an error.
    rises = [
        (draws.at(high) - values) / np.maximum(high - centre, 1e-9),
        (values - draws.at(low)) / np.maximum(centre - low, 1e-9),
    ]
    return np.asarray(steps * np.maximum(*rises)), _gaps(draws, values, centre, steps)


def _gaps(draws: AnyDraws, values: FloatArray, centre: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the draws to either side of a gap within three steps of order statistics, or nan."""
    found = np.full((centre.size, 2), np.nan)
    atoms = np.isin(values, draws.atoms.values)
    if atoms.any():  # whose draws are below by half: what counts is how the shares of all wander
        beside = np.concatenate([np.nextafter(values[atoms], side) for side in (-np.inf, np.inf)])
        wander = spread(draws.shares_below(beside)).reshape(2, -1).max(axis=0) * draws.size
        steps = steps.copy()
        steps[atoms] = np.hypot(wander, _GRAIN)
    near = _ERRORS * np.nan_to_num(steps, nan=_GRAIN)
    far = np.maximum(_FARTHER * near, _FEWEST)
    ends = [np.floor(centre - far), np.floor(centre - near), np.ceil(centre + near)]
    ends.append(np.ceil(centre + far))
    inside = (ends[0] >= 0) & (ends[-1] <= draws.size - 1)
    if not inside.any():
        return found
    places = np.clip(ends, 0, draws.size - 1)
    low, left, right, high = draws.at(places.ravel()).reshape(places.shape)
    for k in np.flatnonzero(inside & (2 * (right - left) > high - low)):
        ordered = draws.at(np.arange(places[1][k], places[2][k] + 1))
        place = int(np.argmax(np.diff(ordered)))
        if 2 * (ordered[place + 1] - ordered[place]) > high[k] - low[k]:
            found[k] = ordered[place : place + 2]
    return found


def _order_statistic(chains: int) -> float:
    """Return the sd of one of K uniform points as a share of the sd of how many lie below it.

    The variance of the point of order k is k(K + 1 - k)/((K + 1)^2 (K + 2)) of the cell, which
    holds K draws; the spread of shares gives k(K - k)/(K - 1). Midway between two points of order
    k and k + 1, k(K - k) takes the place of the former's numerator, but for what the grain adds.
    """
    return float(chains / (chains + 1) * np.sqrt((chains - 1) / (chains + 2)))
