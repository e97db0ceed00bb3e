"""How good forecasts were: coverage with its uncertainty, and the continuous ranked probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from uncertain_scale.statistics.monte_carlo_error import spread

if TYPE_CHECKING:
    from uncertain_scale.statistics.draws import Draws
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["crps", "jeffreys", "transform"]

_GRAIN = 0.6  # of a draw, as for quantiles


def crps(draws: Draws, observed: float) -> tuple[float, float]:
    """Return the continuous ranked probability score of a forecast, and its Monte Carlo error.

    Parameters
    ----------
    draws
        The forecast.
    observed
        What happened; a point forecast would score its distance from it.

    Notes
    -----
    E|X - y| - E|X - X'| / 2, the second term over pairs of different draws, which makes the score
    fair to a small sample (Ferro 2014, doi:10.1002/qj.2270); by sorted draws it is a probability
    weighted moment (Zamo and Naveau 2018, doi:10.1007/s11004-017-9709-7). Draws of one chain may
    depend on one another, so the error is that of the chains' scores.

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> crps(Draws(np.array([[1.0, 3.0], [1.0, 3.0]])), 2.0)[0]
    0.33333333333333337
    """
    return (
        float(_fair(draws.pooled[None], observed)[0]),
        float(spread(_fair(draws.by_chain, observed))),
    )


def _fair(ordered: FloatArray, observed: float) -> FloatArray:
    """Return the score of each row of sorted draws, shape (rows,)."""
    n = ordered.shape[1]
    distance = np.abs(ordered - observed).mean(axis=1)
    if n < 2:
        return np.asarray(distance)
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    return np.asarray(distance - ordered @ weights / (n * (n - 1)))


def transform(draws: Draws, observed: float) -> tuple[float, float]:
    """Return the probability that a forecast gave to less than what happened, and its error.

    Ties count half. Over well calibrated forecasts it is uniform on (0, 1).

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> transform(Draws(np.array([[1.0, 2.0], [2.0, 3.0]])), 2.0)[0]
    0.5
    """
    below = (draws.values < observed).mean(axis=1)
    share = below + (draws.values == observed).mean(axis=1) / 2
    # Stratified chains may all agree to the draw; a draw more or less is then the error.
    error = np.hypot(spread(share), _GRAIN / draws.values.size)
    return float(share.mean()), float(error)


def jeffreys(hits: int, trials: int, prob: float = 0.95) -> tuple[float, float]:
    """Return Jeffreys' interval for a binomial share.

    Equal tails of Beta(hits + 1/2, trials - hits + 1/2); the end is 0 or 1 where no or all trials
    were hits. It covers as stated on average over shares, where Clopper and Pearson's is too wide.

    Reference: Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286.

    Examples
    --------
    >>> [round(end, 3) for end in jeffreys(9, 10)]
    [0.619, 0.989]
    """
    tail = (1 - prob) / 2
    a, b = hits + 0.5, trials - hits + 0.5
    low = 0.0 if hits == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if hits == trials else float(betaincinv(a, b, 1 - tail))
    return low, high
