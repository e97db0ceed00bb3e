"""Shapley values of cooperative games, and Walsh-Hadamard transforms over sets of players.

A game is an array: entry J is the worth of the set of players whose bits are those of J.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["shapley_values", "walsh"]


def shapley_values(worth: FloatArray) -> FloatArray:
    """Return each player's Shapley value.

    Parameters
    ----------
    worth
        Worth of every set of d players along the first axis, shape (2^d, ...).

    Returns
    -------
    array of shape (d, ...)
        Which add up to the worth of all less that of none.

    References
    ----------
    Shapley (1953), A value for n-person games, doi:10.1515/9781400881970-018.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 3.0, 6.0])).tolist()
    [2.0, 4.0]
    """
    count = worth.shape[0].bit_length() - 1
    sets = np.arange(worth.shape[0])
    size = np.bitwise_count(sets).astype(int)
    weight = np.array(
        [factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)]
    )
    values = np.empty((count, *worth.shape[1:]))
    for player in range(count):
        without = sets[sets >> player & 1 == 0]
        gain = worth[without | 1 << player] - worth[without]
        values[player] = np.tensordot(weight[size[without]], gain, axes=1)
    return values


def walsh(values: FloatArray) -> FloatArray:
    """Return the Walsh-Hadamard transform along the first axis, not normalised.

    Parameters
    ----------
    values
        Shape (2^d, ...).

    Examples
    --------
    >>> walsh(np.array([1.0, 2.0])).tolist()
    [3.0, -1.0]
    """
    shape = values.shape
    step = 1
    while step < shape[0]:
        pairs = values.reshape(-1, 2, step, *shape[1:])
        low, high = pairs[:, 0], pairs[:, 1]
        values = np.stack([low + high, low - high], axis=1).reshape(shape)
        step *= 2
    return values
