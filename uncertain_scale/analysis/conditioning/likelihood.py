"""How well a predicted value agrees with an observed one: log-densities and tail probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.observations import Range
from uncertain_scale.units.rounding import compare

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.inputs.observations import Observation
    from uncertain_scale.units.aliases import FloatArray

_LEVELS = (np.arange(1000) + 0.5) / 1000


def log_likelihood(observation: Observation, predicted: FloatArray) -> FloatArray:
    """Return the log-likelihood of what was observed, at predictions in the model's units.

    Parameters
    ----------
    observation
        The value with its error, or a range.
    predicted
        What the variable would be; a prediction that is no number has no likelihood.

    Returns
    -------
    array of the shape of `predicted`
        The log-density of the stated distribution at the prediction, -inf where it is 0; for a
        lognormal or loguniform, that of the logarithm, so that an error is a factor. For a range,
        0 within and -inf outside.

    Notes
    -----
    The value observed is the median of the stated distribution. An observation differs from the
    prediction by an error whose distribution is that of the median less the stated value, so this
    density, as a function of the prediction, is the likelihood.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import Normal
    >>> from uncertain_scale.inputs.observations import Observation
    >>> seen = Observation("x", "x", Normal(mu=1.0, sigma=2.0), "1", 1.0)
    >>> log_likelihood(seen, np.array([1.0, 3.0])).round(3).tolist()
    [-1.612, -2.112]
    """
    x = np.asarray(predicted, dtype=float) / observation.factor
    stated = observation.stated
    if isinstance(stated, Range):
        return stated.log_likelihood(x)
    found = _log_density(stated, x, logarithmic=observation.logarithmic)
    return np.where(np.isnan(found), -np.inf, found)


def tail_probabilities(
    observation: Observation, predicted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return, for each prediction, P(a measured value <= the one observed) and P(it is >= that).

    Parameters
    ----------
    observation, predicted
        As in `log_likelihood`. Of a range no value was measured: both are 0.
    """
    x = np.asarray(predicted, dtype=float) / observation.factor
    stated = observation.stated
    if isinstance(stated, Range):
        return np.zeros_like(x), np.zeros_like(x)
    return stated.sf(x), stated.cdf(x)


def log_allowed(observation: Observation, predicted: FloatArray) -> FloatArray:
    """Return the log-likelihood of each prediction, less that of the value observed best."""
    found = log_likelihood(observation, predicted)
    return np.minimum(found - highest_log_likelihood(observation), 0.0)


def allowed_share(observation: Observation, predicted: FloatArray) -> float:
    """Return the mean likelihood of predictions, over that of the value observed best.

    It is the share of the predictions that an observation allows: those in a range, or within the
    bounds of a uniform one. No other predictions can make the observation more than one over this
    share times as likely.

    Parameters
    ----------
    observation, predicted
        As in `log_likelihood`.

    Examples
    --------
    >>> from uncertain_scale.inputs.observations import Observation
    >>> seen = Observation("x", "x", Range(lower=3.0), "1", 1.0)
    >>> allowed_share(seen, np.array([1.0, 2.0, 3.0, 4.0]))
    0.5
    """
    return float(np.exp(log_allowed(observation, predicted)).mean())


def distance(observation: Observation, predicted: FloatArray) -> FloatArray:
    """Return how far predictions are outside what an observation allows, 0 within.

    Parameters
    ----------
    observation, predicted
        As in `log_likelihood`; a prediction that is no number is infinitely far.
    """
    x = np.asarray(predicted, dtype=float) / observation.factor
    low, high = observation.stated.support
    if isinstance(observation.stated, Range):
        x = np.where(compare(x, ">=", low), np.maximum(x, low), x)
        x = np.where(compare(x, "<=", high), np.minimum(x, high), x)
    if observation.logarithmic:
        with np.errstate(all="ignore"):
            x, low, high = np.log(np.maximum(x, 0)), np.log(low), np.log(high)
    outside = np.maximum(np.maximum(low - x, x - high), 0.0)
    return np.where(np.isnan(outside), np.inf, outside)


def _log_density(stated: Distribution, x: FloatArray, *, logarithmic: bool) -> FloatArray:
    """Return the log-density of the stated distribution, or of its logarithm."""
    density = stated.log_pdf(x)
    if not logarithmic:
        return density
    with np.errstate(all="ignore"):
        return np.where(x > 0, density + np.log(x), -np.inf)


def highest_log_likelihood(observation: Observation) -> float:
    """Return the highest log-likelihood, but for the outermost 0.05% of the stated distribution.

    These may hold a density without bound, next to which nothing would be likely.
    """
    if isinstance(observation.stated, Range):
        return 0.0
    values = observation.stated.ppf(_LEVELS) * observation.factor
    return float(log_likelihood(observation, values).max())
