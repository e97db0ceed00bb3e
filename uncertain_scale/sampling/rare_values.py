"""Values of inputs so improbable that draws may hold few of them or none.

An atom of a discrete kind or a component of a mixture is known from the prior, however few of the
draws show it. A branch of an equation that only the far tail of an input reaches is found by
following the outputs along that input. Draws do not bear a mean that rests on either.
"""

from __future__ import annotations

import json
import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uncertain_scale.sampling.moment_facts import Probes, in_corners

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray

_FEWEST = 10  # draws of a value that bear what it adds to a moment
# Levels along an input, an octave of probability apart. From one to the next the step of a smooth
# tail grows by 4 for a power of 2 (heavier ones have no mean), by 10 for a lognormal with sigma 6.
_OCTAVES = np.exp2(-np.arange(3.0, 50.0))
_JUMP = 20.0
_FINE = 1024  # levels within an octave
_ROUNDING = 1e-12


class Rare(NamedTuple):
    """Values of an input that few draws hold, if any.

    Parameters
    ----------
    name
        The input.
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
        if not self.mass < _FEWEST / draws <= self.limit:
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


def rare_facts(plan: Plan, sampler: InputSampler) -> dict[str, dict[str, str]]:
    """Return, by output, the rare values of inputs that it rests on, as attributes of its draws.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs, drawn by their priors or in rows of a joint sample.

    Returns
    -------
    dict
        By output `rare`, a list in JSON of the fields of `Rare`; nothing for an output without.
    """
    known: dict[str, list[Rare]] = {}
    for name in sampler.names:
        prior, rows = sampler.belief(name)
        if rows is None and (found := rare_masses(prior.distribution.masses())):
            known[name] = [Rare(name, *pair) for pair in found]
    facts = {}
    branches = far_branches(plan, sampler)
    for output in plan.outputs:
        behind = plan.reached[output].ancestors | {output}
        rare = [one for name, found in known.items() if name in behind for one in found]
        rare += branches[output]
        facts[output] = {"rare": json.dumps(rare)} if rare else {}
    return facts


def far_branches(plan: Plan, sampler: InputSampler) -> dict[str, list[Rare]]:
    """Return, by output, the tails of inputs where an equation takes a branch of its own.

    Parameters
    ----------
    plan, sampler
        As in `rare_facts`.

    Notes
    -----
    One input goes into either tail, the others stand at their medians. Where the output steps by
    twenty times as much from one octave of probability to the next as in all before, it is no
    smooth tail that goes on as the draws show it. What only several inputs reach together, or what
    lies between other values, is not seen.
    """
    discrete = (name for name in sampler.names if not _smooth(sampler, name))
    skipped = {one for name in discrete for one in sampler.positions_of([name])}
    names = [name for name in sampler.coordinates if name not in skipped]
    values = in_corners(plan, sampler, Probes(names, _OCTAVES))
    found: dict[str, list[Rare]] = {}
    for output in plan.outputs:
        found[output] = []
        for row, step in zip(*np.nonzero(_jumps(values[output])), strict=True):
            y, name = values[output][row], names[row // 2]
            within = np.geomspace(_OCTAVES[step], _OCTAVES[step + 1], _FINE)
            fine = in_corners(plan, sampler, Probes([name], within))[output][row % 2]
            jumped = np.abs(fine - y[step]) > np.abs(fine - y[step + 1])
            with np.errstate(over="ignore", invalid="ignore"):
                squares = np.average((y[step + 1 :] - y[step]) ** 2, weights=_OCTAVES[step + 1 :])
            mass, size = float(within[np.argmax(jumped) - 1]), float(np.sqrt(squares))
            found[output].append(Rare(name, mass, size=size))
    return found


def _smooth(sampler: InputSampler, name: str) -> bool:
    """Tell whether an input has neither atoms nor components nor rows, at which outputs step."""
    prior, rows = sampler.belief(name)
    return rows is None and prior.distribution.masses().size == 1


def _jumps(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where values jump along the last axis: each step by its place, shape (row, step)."""
    with np.errstate(all="ignore"):
        steps = np.abs(np.diff(values, axis=-1))
        before = np.maximum.accumulate(steps, axis=-1)[:, :-1]
        jumps = steps[:, 1:] > np.maximum(_JUMP * before, _ROUNDING * np.abs(values[:, 1:-1]))
    return np.pad(jumps & np.isfinite(steps[:, 1:]), ((0, 0), (1, 0)))


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
