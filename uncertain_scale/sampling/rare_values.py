"""Values of inputs so improbable that draws may hold few of them or none.

An atom of a discrete kind or a component of a mixture is known from the prior, however few of the
draws show it, a branch of an equation that only far tails reach from `branches`. Draws do not bear
a mean that rests on either.
"""

from __future__ import annotations

import json
import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.units.aliases import FloatArray

FEWEST = 10
"""Draws of a value that bear what it adds to a moment."""


class Rare(NamedTuple):
    """Values of an input that few draws hold, if any.

    Parameters
    ----------
    name
        The input, or inputs that have them together.
    mass
        Probability of these values.
    limit
        They are no rarer than other values where less than this is rare; see `rare_masses`.
    size
        By how much they move the output (root mean square), infinite where that is not known.
    """

    name: str
    mass: float
    limit: float = 1.0
    size: float = np.inf

    def missed(self, draws: int) -> float:
        """Return which probability so many draws may miss, 0 where ten and more hold the values."""
        if not self.mass < FEWEST / draws <= self.limit:
            return 0.0
        return min(self.mass, math.sqrt(self.mass / draws))

    def reason(self, draws: int) -> str:
        """Return in words that so many draws do not show the values."""
        return (
            f"a value of {self.name} with probability {float(f'{self.mass:.3g}')} is in few or "
            f"none of the {draws:,} draws"
        )


def rare_of(attributes: Mapping[str, Any]) -> tuple[Rare, ...]:
    """Return the rare values that the attributes of an output's draws tell of."""
    return tuple(Rare(*one) for one in json.loads(attributes.get("rare", "[]")))


def hidden_moment(order: int, rare: Iterable[Rare], draws: int) -> tuple[float, str]:
    """Return what rare values add to a moment that so many draws miss, and the reason.

    Of several values that which adds most; 0 and "" where draws show them all.
    """
    found = [
        (missed * np.float64(one.size) ** order, one.reason(draws))
        for one in rare
        if (missed := one.missed(draws))
    ]
    return max(found, default=(0.0, ""), key=itemgetter(0))


def rare_masses(masses: FloatArray) -> list[tuple[float, float]]:
    """Return pairs (s, l): the masses below any e with s < e <= l are s together, so less than e.

    Of a thousand equal masses none is rare, however small: about as many as expected are drawn.

    Parameters
    ----------
    masses
        Probabilities that add up to 1.

    Examples
    --------
    >>> rare_masses(np.array([0.9375, 0.0625]))
    [(0.0625, 0.9375)]
    >>> rare_masses(np.full(1000, 1e-3))
    []
    """
    ordered = np.sort(masses)
    together = np.cumsum(ordered)[:-1]
    apart = together < ordered[1:]
    pairs = zip(together[apart].tolist(), ordered[1:][apart].tolist(), strict=True)
    return list(pairs)


def rare_levels(distribution: Distribution, draws: int) -> FloatArray:
    """Return the levels between which values lie that so many draws may miss, shape (value, 2).

    They are in order and apart. A component that others lie over is missed by none.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import build
    >>> rare_levels(build("bernoulli", {"p": 0.25}), 1000).tolist()
    []
    >>> rare_levels(build("bernoulli", {"p": 1 / 1024}), 1000).tolist()
    [[0.9990234375, 1.0]]
    """
    masses = distribution.masses()
    together = [s for s, limit in rare_masses(masses) if Rare("", s, limit).missed(draws)]
    levels = distribution.levels_of_masses()[masses <= max(together, default=0.0)]
    levels = levels[np.argsort(levels[:, 0])]
    levels = levels[np.diff(levels).ravel() < FEWEST / draws]
    covered = np.append(0.0, np.maximum.accumulate(levels[:, 1])[:-1])
    levels[:, 0] = np.maximum(levels[:, 0], covered)
    return levels[levels[:, 0] < levels[:, 1]]
