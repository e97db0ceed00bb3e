"""Branches of equations that only far tails of inputs reach, and other rare values of an output.

Outputs are followed from the medians of the inputs into corners of the unit cube, where no finite
sample goes: along each input alone, and along mixes of several. Where an output steps or bends as
no smooth tail does, the probability and the effect of what lies beyond follow from points there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from uncertain_scale.errors import ModelError, listed
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.sampling.engine import propagate
from uncertain_scale.sampling.moment_facts import Probes, in_corners
from uncertain_scale.sampling.rare_values import Rare, rare_masses
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import numpy.typing as npt

    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray

    Signs: TypeAlias = npt.NDArray[np.int8]

# Levels along an input, an octave of probability apart. From one to the next the step of a smooth
# tail grows by 4 for a power of 2 (heavier ones have no mean), by 10 for a lognormal with sigma 6.
_OCTAVES = np.exp2(-np.arange(3.0, 50.0))
_JUMP = 20.0
_FINE = 1024  # levels within an octave
_ROUNDING = 1e-12
# Several inputs together take two octaves a step. Smooth as it is, an output may grow by more, so
# such a step is looked at in parts: no smooth one is so much larger than all of as many before it.
_PACE = 2
_PACES = np.exp2(-np.arange(1.0, 50.0, _PACE))
_PARTS = 16
# Scores of the levels at which a corner may begin, and how widely points are spread about these:
# by more than a normal's 1, since a branch may lie along an arc.
_SCORES = np.linspace(-3.0, 8.0, 1101)
_POINTS = 1 << 14
_WIDTH = 1.5
# Octaves by which a branch may move with an input that it does not need, and by how many it is met
# sooner with one more that belongs to it.
_SHIFT, _SOONER = 0.5, 0.25
_MOST = 6  # branches of an output that are looked into


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
    alone, together = far_branches(plan, sampler), joint_branches(plan, sampler)
    for output in plan.outputs:
        behind = plan.reached[output].ancestors | {output}
        rare = [one for name, found in known.items() if name in behind for one in found]
        rare += [*alone[output], *together[output]]
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
    smooth tail that goes on as the draws show it. What only several inputs reach together is for
    `joint_branches`; what lies between other values is not seen.
    """
    discrete = (name for name in sampler.names if not _smooth(sampler, name))
    skipped = {one for name in discrete for one in sampler.positions_of([name])}
    names = [name for name in sampler.moving if name not in skipped]
    values = in_corners(plan, sampler, Probes(names, _OCTAVES))
    found: dict[str, list[Rare]] = {}

    @cache
    def finer(name: str, step: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        within = np.geomspace(_OCTAVES[step], _OCTAVES[step + 1], _FINE)
        return within, in_corners(plan, sampler, Probes([name], within))

    for output in plan.outputs:
        found[output] = []
        for row, step in zip(*np.nonzero(_jumps(values[output])), strict=True):
            y, name = values[output][row], names[row // 2]
            within, found_within = finer(name, int(step))
            fine = found_within[output][row % 2]
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


class _Rays:
    """Points from the medians into corners, each coordinate up, down or at its median.

    Parameters
    ----------
    names
        The coordinates; all others stand at their medians.
    signs
        1 for up, -1 for down, 0 for the median, shape (ray, coordinate).
    levels
        Probability beyond each point in the tail that a coordinate goes into, shape (step,), or
        (ray, step), or (ray, step, coordinate).
    """

    def __init__(self, names: Sequence[str], signs: Signs, levels: FloatArray) -> None:
        levels = levels[..., None] if levels.ndim < 3 else levels
        self.shape = len(signs), levels.shape[-2]
        self._columns = {
            name: np.where(sign < 0, level, np.where(sign > 0, 1 - level, 0.5))
            for k, name in enumerate(names)
            for sign, level in [(signs[:, k, None], levels[..., k % levels.shape[-1]])]
        }

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        """Return the levels of a coordinate at all points."""
        found = self._columns.get(name, np.full((1, 1), 0.5))
        return np.broadcast_to(found, self.shape).reshape(-1)


class _Corner(NamedTuple):
    """A corner in which an output takes a branch.

    Parameters
    ----------
    signs
        Where the coordinates go, 0 for those that are not needed, shape (coordinate,).
    depth
        Octaves of probability before the branch, where all of them go there together.
    """

    signs: Signs
    depth: float

    def holds(self, signs: Signs, depth: float) -> bool:
        """Tell whether it is the branch that another ray meets."""
        needed = self.signs != 0
        return abs(depth - self.depth) <= 1 and bool((signs == self.signs)[needed].all())


class _Follower:
    """Follows outputs along rays.

    Parameters
    ----------
    plan, sampler
        As in `rare_facts`.
    names
        The coordinates that go anywhere.
    """

    def __init__(self, plan: Plan, sampler: InputSampler, names: Sequence[str]) -> None:
        self._plan, self._sampler, self.names = plan, sampler, names
        self._inputs = set(plan.inputs)

    def alone(self, output: str) -> _Follower:
        """Return one that follows a single output."""
        behind = self._plan.reached[output].ancestors | {output}
        reached = {name: way for name, way in self._plan.reached.items() if name in behind}
        plan = replace(self._plan, outputs=(output,), reached=reached)
        return _Follower(plan, self._sampler, self.names)

    def values(self, signs: Signs, levels: FloatArray) -> dict[str, FloatArray]:
        """Return the outputs along rays, each of shape (ray, step)."""
        rays = _Rays(self.names, signs, levels)
        drawn = self._sampler.levels(rays, chain=0)
        # Scores of correlated inputs add up to levels that round to 0 or 1.
        inside = {name: np.clip(drawn[name], *ENDS) for name in drawn if name in self._inputs}
        found = propagate(self._plan, self._sampler.values(inside))
        size = rays.shape[0] * rays.shape[1]
        return {
            name: np.broadcast_to(found[name], size).reshape(rays.shape)
            for name in self._plan.outputs
        }

    def depths(self, signs: Signs) -> dict[str, FloatArray]:
        """Return octaves of probability before each ray's first branch, infinite without one."""
        coarse = {name: _jumps(one) for name, one in self.values(signs, _PACES).items()}
        found = {name: np.full(len(signs), np.inf) for name in coarse}
        places = np.argwhere(np.any(list(coarse.values()), axis=0))
        if not len(places):
            return found
        rays, steps = places.T
        start = 1.0 + _PACE * (steps[:, None] - 1)
        inside = start + np.arange(2 * _PARTS + 1) * (_PACE / _PARTS)
        for name, one in self.values(signs[rays], np.exp2(-inside)).items():
            breaks = _breaks(one) & coarse[name][rays, steps][:, None]
            which, part = np.nonzero(breaks)
            np.minimum.at(found[name], rays[which], inside[which, _PARTS + part])
        return found

    def corner(self, output: str, signs: Signs, depth: float) -> _Corner:
        """Return the corner of a branch that a ray meets.

        It is without coordinates that the branch does not need, and with those by which it is met
        sooner, as a limit of a sum is.
        """

        def met(rays: Signs) -> npt.NDArray[np.bool_]:
            return self.depths(rays)[output] <= depth + _SHIFT

        active = np.flatnonzero(signs)
        without = np.tile(signs, (active.size, 1))
        without[np.arange(active.size), active] = 0
        core = signs.copy()
        core[active[met(without)]] = 0
        if not met(core[None])[0]:  # one of several does
            core = signs.copy()
            for place in active:
                fewer = core.copy()
                fewer[place] = 0
                core = fewer if met(fewer[None])[0] else core
        return self._grown(output, core)

    def _grown(self, output: str, signs: Signs) -> _Corner:
        """Return the corner of a ray with all coordinates by which its branch is met sooner."""
        depth = float(self.depths(signs[None])[output][0])
        while (free := np.flatnonzero(signs == 0)).size:
            more = np.tile(signs, (2 * free.size, 1))
            more[np.arange(2 * free.size), np.tile(free, 2)] = np.repeat([1, -1], free.size)
            depths = self.depths(more)[output]
            best = int(np.argmin(depths))
            if not depths[best] < depth - _SOONER:
                break
            signs, depth = more[best], float(depths[best])
        return _Corner(signs, depth)

    def rare(self, output: str, corner: _Corner) -> Rare | None:
        """Return the probability and the effect of a branch, the other inputs at their medians.

        They are averages over normal scores about the place where the branch begins (importance
        sampling, as of a design point in structural reliability: Schuëller and Stix 1987,
        doi:10.1016/0167-4730(87)90009-5).
        """
        from scipy.special import ndtr, ndtri

        places = np.flatnonzero(corner.signs)
        levels = np.exp2(-corner.depth - np.arange(2.0))
        before, after = self.values(corner.signs[None], levels)[output][0]
        inside = np.exp2(-corner.depth - _PACE / _PARTS)

        def taken(values: FloatArray) -> npt.NDArray[np.bool_]:
            return np.asarray(np.abs(values - before) > np.abs(values - after))

        def at(scores: FloatArray, active: npt.NDArray[np.intp]) -> FloatArray:
            """Return the output with some coordinates at scores, shape (point, coordinate)."""
            levels = np.full((1, len(scores), corner.signs.size), inside)
            levels[0][:, active] = np.clip(ndtr(-scores), _OCTAVES[-1], 1 - _OCTAVES[-1])
            return np.asarray(self.values(corner.signs[None], levels)[output][0])

        begins = [
            _SCORES[int(np.argmax(taken(at(_SCORES[:, None], places[k : k + 1]))))]
            for k in range(places.size)
        ]
        away = ndtri(_spread(places.size))
        scores = np.array(begins) + _WIDTH * away
        values = at(scores, places)
        density = np.exp(np.sum(away**2 - scores**2, axis=1) / 2) * _WIDTH**places.size
        weights = density * taken(values) / _POINTS
        mass = float(weights.sum())
        if not mass:
            return None
        size = np.sqrt(np.sum(weights * np.where(weights > 0, values - before, 0) ** 2) / mass)
        name = f"{listed([self.names[place] for place in places.tolist()])} together"
        return Rare(name, min(mass, 1.0), size=float(size))


def joint_branches(plan: Plan, sampler: InputSampler) -> dict[str, list[Rare]]:
    """Return, by output, the corners of several inputs where an equation takes a branch of its own.

    Parameters
    ----------
    plan, sampler
        As in `rare_facts`.

    Notes
    -----
    Inputs go into their tails together, two octaves of probability a step: in mixes in which every
    two of them go both ways and stay at their medians beside one another, all up or down, and all
    in the direction in which each moves an output up or down. A branch is found as in
    `far_branches`, and where it also steps or bends so within an eighth of an octave. Then inputs
    that it does not need go back to their medians, and others join that bring it nearer. Some of
    its inputs are so enough to find a limit of a sum. Of conditions on each, a corner of three is
    nearly always among the mixes, one of more where it lies in such a direction, else by chance.
    Branches that lie between other values are not seen.
    """
    found: dict[str, list[Rare]] = {output: [] for output in plan.outputs}
    names = list(sampler.moving)
    if len(names) < 2 or any(step.target in {DATE, FIRST_DATE} for step in plan.steps):
        return found  # a date that is sought has one branch, that of none, whose chance is told
    try:
        with np.errstate(all="ignore"):  # far out numbers may be beyond all
            return _corners(_Follower(plan, sampler, names))
    except ModelError:  # an equation that cannot go so far out tells nothing of what is there
        return found


def _corners(follower: _Follower) -> dict[str, list[Rare]]:
    """Return, by output, what rays meet in corners of several inputs."""
    found: dict[str, list[Rare]] = {}
    rays = np.unique(np.vstack([_mixes(len(follower.names)), *_directions(follower)]), axis=0)
    for output, depths in follower.depths(rays).items():
        corners, along = list[_Corner](), follower.alone(output)
        for ray in np.argsort(depths, kind="stable"):
            signs, depth = rays[ray], float(depths[ray])
            if np.isinf(depth) or len(corners) == _MOST:
                break
            if not any(corner.holds(signs, depth) for corner in corners):
                corners.append(along.corner(output, signs, depth))
        unlike = {corner.signs.tobytes(): corner for corner in corners}.values()
        several = (corner for corner in unlike if np.count_nonzero(corner.signs) > 1)
        rare = (along.rare(output, corner) for corner in several)
        found[output] = [one for one in rare if one is not None]
    return found


def _directions(follower: _Follower) -> list[Signs]:
    """Return rays on which all coordinates go up or down, or move an output up or down."""
    count = len(follower.names)
    alone = np.vstack([np.eye(count, dtype=np.int8), -np.eye(count, dtype=np.int8)])
    together = [np.ones((1, count), dtype=np.int8)]
    for one in follower.values(alone, _OCTAVES[:1]).values():
        rise = one[:count, 0] - one[count:, 0]
        together.append(np.sign(np.nan_to_num(rise)).astype(np.int8)[None])
    return [sign * one for one in together for sign in (np.int8(1), np.int8(-1))]


@lru_cache
def _mixes(count: int) -> Signs:
    """Return rays in which every two coordinates have all pairs of signs, shape (ray, coordinate).

    The rows of an orthogonal array: all combinations of a few digits of base 3, and in each column
    another sum of theirs (Rao 1947, doi:10.2307/2983576). Three columns of which none is made of
    the other two have all triples too; such come first.
    """
    digits = 3
    while (3**digits - 1) / 2 < (3 * count if digits < 4 else count):
        digits += 1
    sums = [one for one in product(range(3), repeat=digits) if next(filter(None, one), 0) == 1]
    chosen: list[tuple[int, ...]] = []
    made: set[tuple[int, ...]] = set()
    for one in sums:
        if one not in made and len(chosen) < count:
            for other in chosen:
                for sign in (1, 2):
                    added = [(a + sign * b) % 3 for a, b in zip(one, other, strict=True)]
                    lead = next(filter(None, added))
                    made.add(tuple(lead * digit % 3 for digit in added))
            chosen.append(one)
    chosen += [one for one in sums if one not in chosen][: count - len(chosen)]
    rows = np.array(list(product(range(3), repeat=digits)))[1:]
    return np.asarray((rows @ np.array(chosen).T + 1) % 3 - 1, dtype=np.int8)


def _spread(dimensions: int) -> FloatArray:
    """Return points that fill a cube evenly, shape (point, coordinate).

    Multiples of powers of the root of x^(d + 1) = x + 1 (Roberts 2018, The unreasonable
    effectiveness of quasirandom sequences).
    """
    root = 1.5
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    return np.asarray((np.arange(1.0, _POINTS + 1)[:, None] * steps) % 1.0)


def _breaks(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where values jump in the second half of their steps, shape (row, 16)."""
    steps = np.abs(np.diff(values, axis=-1))
    before = sliding_window_view(steps[:, :-1], _PARTS, axis=-1).max(axis=-1)
    least = np.maximum(_JUMP * before, _ROUNDING * np.abs(values[:, _PARTS:-1]))
    return np.asarray(steps[:, _PARTS:] > least)
