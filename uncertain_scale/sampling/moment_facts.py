"""Moments and tails of outputs as the model alone tells them, instead of the draws.

Every input is ppf(u), so the output can be followed along one coordinate into a corner, or to a
pole inside the cube, where no finite sample goes: if |y| grows like u^-k there, then P(|Y| > y)
falls like y^(-1/k), and moments of order 1/k and above do not exist. Which moments must exist
follows from the kinds of the inputs and the rules of `extent`. Those of products of powers of
independent inputs follow from the inputs'.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.distributions import LogNormal, Mixture, StudentT
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.model.invert import Product, product_of
from uncertain_scale.sampling.engine import propagate
from uncertain_scale.sampling.extent import Extent, affine_moments, carry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray

MOMENTS = ("exact_mean", "exact_sd")
"""Facts that hold before anything is observed, and not after."""

# Exact in floating point on both sides: 1 - 2^-49 is still a number. Two equal steps in log u.
_CORNERS = 2.0 ** -np.array([17, 33, 49])
_STEP = 16 * np.log(2)
# A power law has the same slope in both steps. A lognormal's slope falls by a quarter and more from
# the first to the second, since its tail is lighter than every power.
_STEADY = 0.9
_LEAST = 0.02
# Each of four steps is then steeper than the one before, whatever the other inputs.
_FINER = 2.0 ** -np.array([17, 25, 33, 41, 49])
_OTHERS = (0.5, 0.9)
_BEYOND = 2.5  # times the fall from 2^-25 to 2^-41: 25/16 in 1/log u, and more as it is curved
# A pole is looked for on lines through the medians and through a few points at random, and then
# closer and closer: brackets shrink by a factor of 8 a round.
_LINES, _ROUNDS = 8, 11
_LEVELS = 1 / (1 + np.exp(-np.linspace(-16, 16, 129)))
_ZOOM = np.linspace(0, 1, 17)
_POLE = 0.1  # powers below this are none
_AGREE = 0.1  # by how much the powers of early and of late rounds may differ
# Orders of moments are told from quantile functions to a few hundredths; see `_order`.
_MARGIN = 0.97
_SECOND = 2.0


def product_moments(
    plan: Plan, sampler: InputSampler, extents: Mapping[str, Extent] | None = None
) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of each output that is a product of powers of inputs.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs and what ties them.
    extents
        Ranges of the inputs and which of their moments exist, where they are known already.

    Returns
    -------
    dict
        By output, in the model's units; outputs of which these do not follow are left out, and a
        standard deviation of which that holds is nan.
    """
    known: dict[str, Product | None] = {n: Product(powers={n: 1.0}) for n in sampler.names}
    for equation in plan.steps:
        known[equation.target] = product_of(equation, known)
    products = {name: product for name in plan.outputs if (product := known.get(name)) is not None}
    behind = {name for product in products.values() for name in product.powers}
    extents = extents or {name: _extent(sampler, name) for name in behind}

    @cache
    def of_group(*powers: tuple[str, float]) -> tuple[float, float]:
        return _of_group(dict(powers), sampler, extents)

    found = {name: _moments(product, sampler, of_group) for name, product in products.items()}
    return {name: pair for name, pair in found.items() if np.isfinite(pair[0])}


def _moments(
    product: Product, sampler: InputSampler, of_group: Callable[..., tuple[float, float]]
) -> tuple[float, float]:
    powers = {name: power for name, power in product.powers.items() if power}
    mean, sd = float(product.factor), 0.0
    with np.errstate(all="ignore"):
        for names in sampler.groups(powers):
            first, spread = of_group(*((name, powers[name]) for name in names))
            # Of independent factors; what is small beside the mean keeps its digits.
            sd = math.hypot(sd * spread, sd * first, mean * spread)
            mean *= first
    return mean, sd


def _of_group(
    powers: Mapping[str, float], sampler: InputSampler, extents: Mapping[str, Extent]
) -> tuple[float, float]:
    """Return mean and standard deviation of a product of powers of inputs that hang together.

    They are nan where no closed form or quadrature is at hand.
    """
    beliefs = {name: sampler.belief(name) for name in powers}
    each = [
        (rows * prior.factor) ** powers[name]
        for name, (prior, rows) in beliefs.items()
        if rows is not None
    ]
    if each:
        values = np.prod(each, axis=0)
        at_rows = sampler.at_rows(powers)
        return (float(values.mean()), float(values.std())) if at_rows else (math.nan, math.nan)
    kinds = {name: prior.distribution for name, (prior, _) in beliefs.items()}
    scale = math.prod(prior.factor ** powers[name] for name, (prior, _) in beliefs.items())
    logs = [kind for kind in kinds.values() if isinstance(kind, LogNormal) and not kind.truncate]
    if len(logs) == len(kinds):
        sds = {name: powers[name] * kind.sigma for name, kind in zip(kinds, logs, strict=True)}
        variance = sampler.variance(sds)
        centre = sum(powers[name] * kind.mu for name, kind in zip(kinds, logs, strict=True))
        first = scale * np.exp(centre + variance / 2)
        return float(first), float(abs(first) * np.sqrt(np.expm1(np.maximum(variance, 0.0))))
    if len(kinds) > 1:
        return math.nan, math.nan
    ((name, kind),) = kinds.items()
    reach = extents[name].order if powers[name] > 0 else extents[name].inverse
    reach = reach if np.isinf(reach) else _MARGIN * reach
    power = abs(powers[name])
    first, spread = kind.moments(powers[name]) if power < reach else (math.nan, math.nan)
    return scale * first, abs(scale) * spread if 2 * power < reach else math.nan


def moment_facts(
    plan: Plan,
    sampler: InputSampler,
    along: Sequence[str] | None = None,
    *,
    exact: bool = True,
) -> dict[str, dict[str, float]]:
    """Return, by output, what the model tells of its moments, as attributes of its draws.

    Parameters
    ----------
    plan, sampler, along
        As in `tail_indices`.
    exact
        Whether an output that is an input keeps the moments of its prior, as it does unless facts
        have been observed.

    Returns
    -------
    dict
        `tail_index`: moments of order 1/k and above do not exist. `moment_order`: those below it
        do. `rises`, 1 where a tail gets heavier and heavier as far as it can be followed, so that
        it may be heavier than every power. `least` and `most`, ends of the range, which may be
        infinite. `varies`, 0 for what is one number whatever is drawn. `exact_mean` and `exact_sd`
        where the model gives them: of an output that is an input, a product of powers of inputs, or
        a weighted sum, whose mean does not hang on what ties its terms.
    """
    inputs = {name: _extent(sampler, name) for name in sampler.names}
    extents = carry(plan, inputs)
    indices = tail_indices(plan, sampler, along)
    unsure = [
        name for name, index in indices.items() if extents[name].order <= _SECOND and 0 <= index < 1
    ]
    poles = _poles(plan, sampler, unsure, sampler.coordinates if along is None else list(along))
    rising = _rising(plan, sampler, [n for n in indices if extents[n].order <= _SECOND], along)
    found: dict[str, dict[str, float]] = {}
    varying = varying_variables(plan, sampler)
    for name, index in indices.items():
        extent = extents[name]
        order = extent.order if np.isinf(extent.order) else _MARGIN * extent.order
        steepest = max(index, poles.get(name, 0.0))
        found[name] = {
            "tail_index": min(steepest, 1 / order) if order else steepest,
            "moment_order": order,
            "rises": float(name in rising),
            "least": extent.low,
            "most": extent.high,
            "varies": float(name in varying and extent.low < extent.high),
        }
        if exact and name in sampler.names:
            found[name] |= _exact(sampler, name)
    known = product_moments(plan, sampler, inputs) | affine_moments(plan, sampler) if exact else {}
    for name, pair in known.items():
        found[name] |= dict(zip(MOMENTS, pair, strict=True))
    return found


def varying_variables(plan: Plan, sampler: InputSampler) -> set[str]:
    """Return the variables that rest on an input of which two draws can differ.

    Parameters
    ----------
    plan, sampler
        As in `tail_indices`.
    """
    found = {name for name in sampler.names if sampler.belief(name)[0].varies}
    for equation in plan.steps:
        if found.intersection(equation.arguments):
            found.add(equation.target)
    return found


def tail_indices(
    plan: Plan, sampler: InputSampler, along: Sequence[str] | None = None
) -> dict[str, float]:
    """Return, by output, the largest tail index k along any one coordinate.

    Parameters
    ----------
    plan
        The equations that lead to the outputs.
    sampler
        The inputs, each of which offers a quantile function.
    along
        Coordinates that are followed; all that the inputs are drawn from by default.

    Returns
    -------
    dict
        k >= 0, and 0 for tails lighter than every power. The mean exists only where k < 1, the
        standard deviation only where k < 1/2.

    Notes
    -----
    A lower bound: a pole inside the cube (a denominator that changes sign) is not seen here, but by
    `moment_facts`.
    """
    names = sampler.coordinates if along is None else list(along)
    values = in_corners(plan, sampler, Probes(names))
    corners = [values[name] for name in plan.outputs]
    found = _powers(np.array(corners), limit=True).max(axis=-1, initial=0) if corners else ()
    return dict(zip(plan.outputs, map(float, found), strict=True))


def _rising(
    plan: Plan, sampler: InputSampler, outputs: Sequence[str], along: Sequence[str] | None
) -> set[str]:
    """Return the outputs of which a tail gets heavier at every step into some corner."""
    names = sampler.coordinates if along is None else list(along)
    found: set[str] = set()
    for others in _OTHERS if outputs and names else ():
        values = in_corners(plan, sampler, Probes(names, _FINER, others))
        found.update(name for name in outputs if _grows(values[name]).any())
    return found


def _grows(values: FloatArray) -> npt.NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        slopes = np.diff(np.log(np.abs(values)), axis=-1) / (_STEP / 2)
        first, last = slopes[..., 0], slopes[..., -1]
        steeper = (np.diff(slopes, axis=-1) > 0).all(axis=-1)
        grows = steeper & (first > 0) & (last > np.maximum(first / _STEADY, _LEAST))
    return np.asarray(grows | np.isinf(values[..., -1]))


class Probes:
    """Points that go into both corners of one coordinate, the others at one level."""

    def __init__(
        self, names: list[str], corners: FloatArray = _CORNERS, others: float = 0.5
    ) -> None:
        self.corners = np.concatenate([corners, 1 - corners])
        self._others = others
        self._block = {name: self.corners.size * k for k, name in enumerate(names)}
        self.size = self.corners.size * len(names)

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        """Return the levels of a coordinate at all points."""
        u = np.full(self.size, self._others)
        if name in self._block:
            start = self._block[name]
            u[start : start + self.corners.size] = self.corners
        return u


def in_corners(plan: Plan, sampler: InputSampler, probes: Probes) -> dict[str, FloatArray]:
    """Return the outputs in the corners, shape (coordinate and side, step)."""
    values = propagate(plan, _by_runs(sampler, sampler.levels(probes, chain=0)))
    shape = -1, probes.corners.size // 2
    return {
        name: np.broadcast_to(values[name], probes.size).reshape(shape) for name in plan.outputs
    }


def _by_runs(sampler: InputSampler, levels: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return what `sampler.values` does, once where a level is that of the point before."""
    turns = {name: np.flatnonzero(level[1:] != level[:-1]) + 1 for name, level in levels.items()}
    starts = {name: np.append(0, turn)[: levels[name].size] for name, turn in turns.items()}
    values = sampler.values({name: level[starts[name]] for name, level in levels.items()})
    for name, turn in turns.items():
        lengths = np.concatenate([turn, [levels[name].size]]) - starts[name]
        values[name] = np.repeat(values[name], lengths)
    return values


def _powers(values: FloatArray, *, limit: bool = False) -> FloatArray:
    """Return the powers with which three values grow towards corners, 0 where it is none.

    The limit of one that falls on the way, as of exp(gamma), lies below: a power of the logarithm
    beside u^-k adds to the slope what goes like 1/log u, so that two steps bound k from below.
    """
    with np.errstate(all="ignore"):
        near, far = np.moveaxis(np.diff(np.log(np.abs(values)), axis=-1) / _STEP, -1, 0)
        steady = np.isfinite(far) & (far > _LEAST) & (far > _STEADY * near)
        reached = far - _BEYOND * np.maximum(near - far, 0.0) if limit else far
    return np.where(steady, np.maximum(reached, 0.0), 0.0)


def _extent(sampler: InputSampler, name: str) -> Extent:
    """Return the range of an input, and which of its moments its kind has."""
    prior, rows = sampler.belief(name)
    sources = frozenset(sampler.positions_of([name]))
    low, high = sorted(prior.factor * end for end in sampler.ends(name))
    if rows is not None:
        return Extent(low, high, sources=sources)
    levels = np.concatenate([_CORNERS, 1 - _CORNERS])
    quantiles = prior.ppf(levels)
    powers = _powers(quantiles.reshape(2, 3))
    tails = [power for power, end in zip(powers, (low, high), strict=True) if not np.isfinite(end)]
    inverse = 0.0
    if low == 0 and quantiles[2] > 0:
        towards = _powers(1 / quantiles[:3])
        inverse = 1 / float(towards) if towards else np.inf
    steepest = max(tails, default=0.0)
    order = 1 / float(steepest) if steepest else np.inf
    explosive = _explosive(prior.distribution)
    exponent = 0.0 if explosive else _exponent(quantiles.reshape(2, 3))
    return Extent(low, high, order, inverse, sources, exponent)


def _explosive(kind: Distribution) -> bool:
    """Tell whether a kind without ends has no mean of exp(s|X|) for any s > 0."""
    if isinstance(kind, Mixture):
        return any(map(_explosive, kind.components))
    return isinstance(kind, LogNormal | StudentT)


def _exponent(quantiles: FloatArray) -> float:
    """Return below which s the mean of exp(s|X|) exists, from quantiles towards both ends."""
    near, far = np.abs(np.diff(quantiles, axis=1)).T / _STEP
    if (far > near / _STEADY).any():
        return 0.0  # heavier than an exponential tail, as a lognormal's
    steady = far > _STEADY * near
    return _MARGIN / float(far[steady].max()) if steady.any() and far[steady].max() else np.inf


def _exact(sampler: InputSampler, name: str) -> dict[str, float]:
    prior, rows = sampler.belief(name)
    if rows is not None:
        return {}
    moments = {"exact_mean": prior.distribution.mean(), "exact_sd": prior.distribution.sd()}
    found = {key: prior.factor * value for key, value in moments.items() if value is not None}
    return {key: value for key, value in found.items() if np.isfinite(value)}


class _Points:
    """Points of the cube that are given by coordinate, all others at their medians."""

    def __init__(self, columns: dict[str, FloatArray], size: int) -> None:
        self._columns, self._size = columns, size

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        return self._columns.get(name, np.full(self._size, 0.5))


def _poles(
    plan: Plan, sampler: InputSampler, outputs: Sequence[str], along: Sequence[str]
) -> dict[str, float]:
    """Return the powers with which outputs grow towards poles inside the cube, where they do."""
    if not outputs or not along:
        return {}
    plan = plan.part(outputs)
    generator = np.random.default_rng(0)
    through = np.vstack([np.full(len(along), 0.5), generator.random((_LINES, len(along)))])
    moving = sampler.moving.keys()  # nothing peaks along the coordinate of a constant
    followed = [k for k, name in enumerate(along) if name in moving]
    # Axes: point that a line goes through, coordinate that it follows, level on it, coordinate.
    shape = (len(through), len(followed), _LEVELS.size, len(along))
    points = np.empty(shape[1:])
    values = []
    for point in through:  # one at a time: what is in the processor's cache is soon computed
        points[:] = point
        for place, k in enumerate(followed):
            points[place, :, k] = _LEVELS
        values.append(_at(plan, sampler, along, points.reshape(-1, len(along))))
    found = {}
    for name in outputs:
        sizes = np.array([one[name] for one in values]).reshape(shape[:3])
        inner = sizes[..., 1:-1]
        peak = (inner >= sizes[..., :-2]) & (inner >= sizes[..., 2:])
        peak &= inner > np.minimum(sizes[..., :-2], sizes[..., 2:])
        with np.errstate(all="ignore"):
            heights = np.where(peak, inner / np.median(sizes, axis=-1, keepdims=True), 0.0)
        heights = np.nan_to_num(heights, posinf=np.inf)
        line, coordinate, level = np.unravel_index(int(np.argmax(heights)), heights.shape)
        if heights[line, coordinate, level] > 1:
            bracket = _LEVELS[level], _LEVELS[level + 2]
            where = name, through[line], followed[coordinate]
            found[name] = _pole(plan.part([name]), sampler, along, where, bracket)
    return found


def _pole(
    plan: Plan,
    sampler: InputSampler,
    along: Sequence[str],
    where: tuple[str, FloatArray, int],
    bracket: tuple[float, float],
) -> float:
    """Return the power with which an output grows towards its peak on a line, 0 where it is none.

    The ends of a bracket are about as far from the peak as it is wide.
    """
    name, point, k = where
    low, high = bracket
    sizes, widths = [], []
    still: dict[str, FloatArray] = {}
    for _ in range(_ROUNDS):
        points = np.tile(point, (_ZOOM.size, 1))
        points[:, k] = low + (high - low) * _ZOOM
        values = _at(plan, sampler, along, points, still)[name]
        widths.append(high - low)
        sizes.append(float(np.sqrt(values[0] * values[-1])))
        top = min(max(int(np.argmax(values)), 1), _ZOOM.size - 2)
        low, high = points[top - 1, k], points[top + 1, k]
    with np.errstate(all="ignore"):
        slopes = -np.diff(np.log(sizes)[[2, 6, 10]]) / np.diff(np.log(widths)[[2, 6, 10]])
    early, late = slopes
    steady = np.isfinite(slopes).all() and late > _POLE and abs(late - early) < _AGREE * late
    return float(late) if steady else 0.0


def _at(
    plan: Plan,
    sampler: InputSampler,
    along: Sequence[str],
    points: FloatArray,
    still: dict[str, FloatArray] | None = None,
) -> dict[str, FloatArray]:
    """Return the size of each output at points of the cube, 0 where it is no number, as 0/0.

    Inputs whose level is that of all points are put into `still`, to be used where these are not
    left.
    """
    columns = dict(zip(along, np.clip(points, *ENDS).T, strict=True))
    levels = sampler.levels(_Points(columns, len(points)), chain=0)
    still = {} if still is None else still
    levels = {name: levels[name] for name in plan.inputs if name not in still}
    inputs = _by_runs(sampler, levels)
    still |= {name: inputs[name] for name, one in levels.items() if one[0] == one[-1]}
    values = propagate(plan, {**inputs, **still})
    sizes = {name: np.abs(np.broadcast_to(values[name], len(points))) for name in plan.outputs}
    return {name: np.nan_to_num(size, nan=0.0, posinf=np.inf) for name, size in sizes.items()}
