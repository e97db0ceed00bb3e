"""How well a predicted value agrees with an observed one: log-densities and tail probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.distributions import LogNormal, Normal, StudentT

if TYPE_CHECKING:
    from uncertain_scale.inputs.observations import Observation
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["log_likelihood", "tail_probability"]

_STEP = 1e-4  # of the interquartile range, over which a density is the slope of a probability


def log_likelihood(observation: Observation, predicted: FloatArray) -> FloatArray:
    """Return the log-likelihood of what was observed, at predictions in the model's units.

    Parameters
    ----------
    observation
        The value with its error.
    predicted
        What the variable would be; a prediction that is no number has no likelihood.

    Returns
    -------
    array of the shape of `predicted`
        The log-density of the stated distribution at the prediction, -inf where it is 0; for a
        lognormal or loguniform, that of the logarithm, so that an error is a factor.

    Notes
    -----
    The value observed is the median of the stated distribution. An observation differs from the
    prediction by an error whose distribution is that of the median less the stated value, so this
    density, as a function of the prediction, is the likelihood.

    Examples
    --------
    >>> from uncertain_scale.inputs.observations import Observation
    >>> seen = Observation("x", "x", Normal(mu=1.0, sigma=2.0), "1", 1.0)
    >>> log_likelihood(seen, np.array([1.0, 3.0])).round(3).tolist()
    [-1.612, -2.112]
    """
    x = np.asarray(predicted, dtype=float) / observation.factor
    with np.errstate(all="ignore"):
        density = _log_density(observation, x)
    return np.asarray(np.where(np.isnan(density), -np.inf, density))


def tail_probability(observation: Observation, predicted: FloatArray) -> FloatArray:
    """Return, for each prediction, the probability of a value at or below the one observed.

    Parameters
    ----------
    observation, predicted
        As in `log_likelihood`.
    """
    x = np.asarray(predicted, dtype=float) / observation.factor
    return np.asarray(observation.stated.sf(x))


def _log_density(observation: Observation, x: FloatArray) -> FloatArray:
    """Return the log-density of the stated distribution, or of its logarithm."""
    stated = observation.stated
    whole = getattr(stated, "truncate", None) is None
    if isinstance(stated, Normal) and whole:
        return _normal((x - stated.mu) / stated.sigma, stated.sigma)
    if isinstance(stated, LogNormal) and whole:
        score = (np.log(np.maximum(x, 0)) - stated.mu) / stated.sigma
        return _normal(score, stated.sigma)
    if isinstance(stated, StudentT) and whole:
        return _student(stated.nu, (x - stated.mu) / stated.sigma, stated.sigma)
    if observation.logarithmic:
        return np.where(x > 0, _slope(observation, x) + np.log(np.maximum(x, 0)), -np.inf)
    return _slope(observation, x)


def _normal(score: FloatArray, sigma: float) -> FloatArray:
    return np.asarray(-0.5 * score**2 - np.log(sigma) - 0.5 * np.log(2 * np.pi))


def _student(nu: float, score: FloatArray, sigma: float) -> FloatArray:
    from scipy.special import gammaln

    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(sigma)
    return np.asarray(constant - (nu + 1) / 2 * np.log1p(score**2 / nu))


def _slope(observation: Observation, x: FloatArray) -> FloatArray:
    """Return a log-density as the slope of the probability on the nearer side of the median."""
    stated = observation.stated
    low, middle, high = stated.ppf(np.array([0.25, 0.5, 0.75]))
    step = _STEP * (high - low)
    below = stated.cdf(x + step) - stated.cdf(x - step)
    above = stated.sf(x - step) - stated.sf(x + step)
    return np.asarray(np.log(np.where(x < middle, below, above) / (2 * step)))
