"""Logarithms of beta and gamma quantiles and densities, which do not underflow, and shapes.

Near 0 both distribution functions are powers, p = C x^a (1 + O(x)), so that log x = log(p/C)/a
holds to the last digit where x is below 1e-19 or cannot be written at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.statement import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

_TINY = -45.0
# scipy answers NaN where a probability is hardly a normal number.
_FLOOR = 1e-300
_THIN = 1e-100
_NEAR_HALF = 1e-6
_SHARP = 1e7
_LEAST, _MOST = np.log(1e-3), np.log(1e9)  # logs of the shapes that are sought


def log_gamma_quantile(alpha: float, p: FloatArray, q: FloatArray) -> FloatArray:
    """Return log x of the standard gamma: P(alpha, x) = p, of which q = 1 - p.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> log_gamma_quantile(1.0, half, half).round(6)  # the exponential's median is log 2
    array([-0.366513])
    """
    from scipy.special import gammainccinv, gammaincinv, gammaln

    with np.errstate(all="ignore"):
        power = (np.log(p) + gammaln(alpha + 1)) / alpha
        x = np.empty_like(p)
        low = p <= q
        x[low] = gammaincinv(alpha, np.maximum(p[low], _FLOOR))
        x[~low] = gammainccinv(alpha, np.maximum(q[~low], _FLOOR))
        return np.where(power < _TINY, power, np.log(x))


def log_beta_quantile(alpha: float, beta: float, p: FloatArray, q: FloatArray) -> FloatArray:
    """Return log x of the standard beta: I_x(alpha, beta) = p, of which q = 1 - p.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> log_beta_quantile(2.0, 2.0, half, half).round(6)  # log 0.5
    array([-0.693147])
    """
    from scipy.special import betainccinv, betaincinv

    alpha, beta = _off_the_edge(alpha), _off_the_edge(beta)
    if min(alpha, beta) > _SHARP:
        return _log_sharp_beta(alpha, beta, p, q)
    with np.errstate(all="ignore"):
        power = (np.log(p) + np.log(alpha) + log_beta(alpha, beta)) / alpha
        x = np.empty_like(p)
        low = p <= q
        x[low] = betaincinv(alpha, beta, np.maximum(p[low], _FLOOR))
        x[~low] = betainccinv(alpha, beta, np.maximum(q[~low], _THIN))
        small = power + np.log1p(beta) < _TINY
        log_x = np.where(small, power, np.log(x))
        thin = ~low & (q < _THIN)
        if thin.any():
            log_x[thin] = np.log1p(-np.exp(log_beta_quantile(beta, alpha, q[thin], p[thin])))
        middle = np.abs(x - 0.5) < _NEAR_HALF
        if middle.any():  # scipy may be off by 3e-8 there, where shapes are equal or nearly so
            log_x[middle] = np.log(_stepped(alpha, beta, x[middle], p[middle]))
        if alpha == beta:
            log_x[p == q] = np.log(0.5)
        return log_x


def _log_sharp_beta(alpha: float, beta: float, p: FloatArray, q: FloatArray) -> FloatArray:
    """Return log x of a beta whose shapes are so large that it is all but normal.

    By Cornish and Fisher's expansion to the third order, whose error is below 1e-8 standard
    deviations; scipy's own inverse takes longer with the shapes, and is off by 0.8 of them at 1e15.

    Reference: Cornish and Fisher 1938, doi:10.2307/1400905
    """
    from scipy.special import ndtri

    total = alpha + beta
    mean = alpha / total
    sd = np.sqrt(mean * (beta / total) / (total + 1))
    skewness = 2 * (beta - alpha) * np.sqrt(total + 1) / ((total + 2) * np.sqrt(alpha * beta))
    kurtosis = 6 * ((alpha - beta) * (alpha - beta) * (total + 1) / (alpha * beta) - (total + 2))
    kurtosis /= (total + 2) * (total + 3)
    z = np.where(p <= q, ndtri(p), -ndtri(q))
    w = z + skewness * (z**2 - 1) / 6 + kurtosis * (z**3 - 3 * z) / 24
    w -= skewness**2 * (2 * z**3 - 5 * z) / 36
    return np.asarray(np.log(mean) + np.log1p(w * sd / mean))


def _stepped(alpha: float, beta: float, x: FloatArray, p: FloatArray) -> FloatArray:
    """Return x after a Newton step towards I_x(alpha, beta) = p."""
    from scipy.special import betainc

    slope = np.exp(log_beta_density(alpha, beta, x, 1 - x))
    step: FloatArray = (betainc(alpha, beta, x) - p) / slope
    return x - step


def log_gamma_density(alpha: float, x: FloatArray) -> FloatArray:
    """Return the log-density of the standard gamma at x >= 0.

    In the saddle-point form, whose terms are small near the mean, so that a large shape costs no
    digits.

    References
    ----------
    C. Loader (2000), Fast and accurate computation of binomial probabilities.

    Examples
    --------
    >>> log_gamma_density(1.0, np.array([0.0, 2.0]))  # the exponential's is -x
    array([ 0., -2.])
    """
    with np.errstate(all="ignore"):
        scale = 0.5 * np.log(alpha / (2 * np.pi)) - _stirling_error(alpha)
        density = scale + alpha * _log_excess(x / alpha) - np.log(x)
        return np.where(x == 0, _at_end(alpha, 0.0), density)


def log_beta_density(alpha: float, beta: float, place: FloatArray, other: FloatArray) -> FloatArray:
    """Return the log-density of the standard beta at a place in [0, 1]; `other` is 1 - place.

    In the saddle-point form, as `log_gamma_density`.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> log_beta_density(2.0, 2.0, half, half).round(6)  # log 1.5
    array([0.405465])
    """
    total = alpha + beta
    with np.errstate(all="ignore"):
        scale = 0.5 * (np.log(alpha) + np.log(beta / total) - np.log(2 * np.pi))
        scale += _stirling_error(total) - _stirling_error(alpha) - _stirling_error(beta)
        means = alpha / total, beta / total
        body = alpha * _log_excess(place / means[0]) + beta * _log_excess(other / means[1])
        density = scale + body - np.log(place) - np.log(other)
        density = np.where(place == 0, _at_end(alpha, np.log(beta)), density)
        return np.where(other == 0, _at_end(beta, np.log(alpha)), density)


def _log_excess(ratio: FloatArray) -> FloatArray:
    """Return log r - (r - 1), which is small where r is near 1."""
    away = ratio - 1
    return np.asarray(np.where(np.abs(away) < 0.5, np.log1p(away), np.log(ratio)) - away)


def _at_end(shape: float, level: float) -> float:
    """Return the log-density at an end that it leaves as the power shape - 1."""
    return level if shape == 1 else np.inf if shape < 1 else -np.inf


def _stirling_error(shape: float) -> float:
    """Return log Gamma(a) - ((a - 1/2) log a - a + log(2 pi)/2)."""
    from scipy.special import gammaln

    if shape < 16:
        plain = (shape - 0.5) * np.log(shape) - shape + 0.5 * np.log(2 * np.pi)
        return float(gammaln(shape) - plain)
    square = shape**2
    series = 1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square
    return series / shape


def log_beta(alpha: float, beta: float) -> float:
    """Return log B(alpha, beta); scipy's betaln loses digits where one is much the smaller."""
    from scipy.special import betaln, gammaln, poch

    small, large = sorted((alpha, beta))
    if small > 30:
        return float(betaln(small, large))
    return float(gammaln(small) - np.log(poch(large, small)))


def _off_the_edge(shape: float) -> float:
    """Return 1/2 or 1 for a shape beside it.

    scipy's betaincinv takes these by a formula, and goes far astray a few last digits beside them:
    betaincinv(1 + 2e-16, 1 + 4e-16, 0.25) is 0.5.
    """
    return next((simple for simple in (0.5, 1.0) if abs(shape - simple) < 1e-12), shape)


def gamma_shape(quantiles: NamedQuantiles) -> tuple[float, float]:
    """Return shape and rate of the gamma with two quantiles.

    The ratio of the quantiles falls with the shape, whatever the rate.

    Raises DistributionError: there is none with a shape between 1e-3 and 1e9.
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
    standard_logs = standard(root)
    log_rate = float(np.mean(standard_logs - logs))
    if not quantiles.reproduced_by(np.exp(standard_logs - log_rate)):
        raise quantiles.refuse("the search for it did not converge")
    return float(np.exp(root)), float(np.exp(log_rate))


def beta_shapes(quantiles: NamedQuantiles, lower: float, upper: float) -> tuple[float, float]:
    """Return the shapes of the beta on [lower, upper] with two quantiles.

    For each second shape there is one first shape that has the lower quantile; along these pairs
    the probability below the upper quantile rises. Newton steps in log shapes polish the root.

    Raises DistributionError: there is none with shapes between 1e-3 and 1e9.
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
    solved = np.exp(log_beta_quantile(alpha, beta, levels, 1 - levels))
    if not quantiles.reproduced_by(lower + (upper - lower) * solved):
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
