"""Shapes of a gamma or beta that has two given quantiles, by bracketed root finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.distributions.incomplete import log_beta_quantile, log_gamma_quantile

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.named_quantiles import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["beta_shapes", "gamma_shape"]

_LEAST, _MOST = np.log(1e-3), np.log(1e9)


def gamma_shape(quantiles: NamedQuantiles) -> tuple[float, float]:
    """Return shape and rate of the gamma with two quantiles.

    The ratio of the quantiles falls with the shape, whatever the rate.

    Raises
    ------
    DistributionError
        There is none with a shape between 1e-3 and 1e9.
    """
    from scipy.optimize import brentq

    levels, logs = quantiles.levels, np.log(quantiles.values)

    def standard(log_shape: float) -> FloatArray:
        return log_gamma_quantile(float(np.exp(log_shape)), levels, 1 - levels)

    def gap(log_shape: float) -> float:
        low, high = standard(log_shape)
        return float((high - low) / (logs[1] - logs[0]) - 1)

    if not gap(_MOST) < 0 < gap(_LEAST):
        raise quantiles.refuse("they are too close together or too far apart")
    root = float(brentq(gap, _LEAST, _MOST, xtol=1e-15, maxiter=500))
    found = standard(root)
    log_rate = float(np.mean(found - logs))
    if not quantiles.reproduced_by(np.exp(found - log_rate)):
        raise quantiles.refuse("the search for it did not converge")
    return float(np.exp(root)), float(np.exp(log_rate))


def beta_shapes(quantiles: NamedQuantiles, lower: float, upper: float) -> tuple[float, float]:
    """Return the shapes of the beta on [lower, upper] with two quantiles.

    For each second shape there is one first shape that has the lower quantile; along these pairs
    the probability below the upper quantile rises. Newton steps in log shapes polish the root.

    Raises
    ------
    DistributionError
        There is none with shapes between 1e-3 and 1e9.
    """
    places = (quantiles.values - lower) / (upper - lower)
    others = (upper - quantiles.values) / (upper - lower)
    levels = quantiles.levels
    if np.log(places / others).sum() > 0:
        # Near the upper end the first shape hardly moves the quantiles: seek the mirror image.
        start = _search(1 - levels[::-1], others[::-1], places[::-1])
        start = None if start is None else start[::-1]
    else:
        start = _search(levels, places, others)
    if start is None:
        raise quantiles.refuse("they are too close together or too far apart")
    shapes = np.exp(_polished(quantiles, places, others, start))
    alpha, beta = shapes.tolist()
    found = np.exp(log_beta_quantile(alpha, beta, levels, 1 - levels))
    if not quantiles.reproduced_by(lower + (upper - lower) * found):
        raise quantiles.refuse("the search for it did not converge")
    return alpha, beta


def _search(levels: FloatArray, places: FloatArray, others: FloatArray) -> FloatArray | None:
    """Return the log shapes that have the places at their levels, or None."""
    from scipy.optimize import brentq
    from scipy.special import betainc, betaincc

    def excess(log_alpha: float, log_beta: float, which: int) -> float:
        """Return the logit of the probability below a quantile, beyond that of its level."""
        alpha, beta = np.exp([log_alpha, log_beta])
        place, other = float(places[which]), float(others[which])
        if place < other:  # the smaller of the two has its digits
            p, q = betainc(alpha, beta, place), betaincc(alpha, beta, place)
        else:
            p, q = betaincc(beta, alpha, other), betainc(beta, alpha, other)
        level = float(levels[which])
        return float(np.log(max(p, 1e-300) / max(q, 1e-300)) - np.log(level / (1 - level)))

    def partner(log_beta: float) -> float:
        if excess(_LEAST, log_beta, 0) <= 0:
            return float(_LEAST)
        if excess(_MOST, log_beta, 0) >= 0:
            return float(_MOST)
        return float(brentq(excess, _LEAST, _MOST, args=(log_beta, 0), xtol=1e-13, maxiter=500))

    def along(log_beta: float) -> float:
        return excess(partner(log_beta), log_beta, 1)

    if not along(_LEAST) < 0 < along(_MOST):
        return None
    log_beta = float(brentq(along, _LEAST, _MOST, xtol=1e-13, maxiter=500))
    return np.array([partner(log_beta), log_beta])


def _polished(
    quantiles: NamedQuantiles,
    places: FloatArray,
    others: FloatArray,
    logs: FloatArray,
) -> FloatArray:
    """Take Newton steps on the logits of the quantiles while they help."""
    wanted = np.log(places) - np.log(others)
    p, q = quantiles.levels, 1 - quantiles.levels

    def miss(at: FloatArray) -> FloatArray:
        a, b = np.exp(at)
        return np.asarray(log_beta_quantile(a, b, p, q) - log_beta_quantile(b, a, q, p) - wanted)

    here = miss(logs)
    for _ in range(4):
        slopes = np.column_stack(
            [(miss(logs + step) - miss(logs - step)) / 2e-5 for step in 1e-5 * np.eye(2)]
        )
        if not np.isfinite(slopes).all() or abs(np.linalg.det(slopes)) < 1e-12:
            return logs
        trial = logs - np.linalg.solve(slopes, here)
        there = miss(trial)
        if not np.abs(there).max() < np.abs(here).max():
            return logs
        logs, here = trial, there
    return logs
