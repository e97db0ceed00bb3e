"""Outputs that are, or nearly are, products or sums over independent inputs.

Scaling equations mostly are. The variance of a product or a sum splits by algebra; left to draws
are two moments of each factor or term by itself, integrals over one or a few coordinates instead of
all. Of what is nearly one, the small rest is left to draws too. The structure is tested at points
that go further into the tails than draws do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from uncertain_scale.analysis.sensitivity.evaluation import AllRows, OneAtATime, Swap
from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.prior import ENDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

_GOLDEN = (np.sqrt(5) - 1) / 2  # whose multiples are even, modulo 1, however many
_TRIED = 4  # points of a chain, but for one in so many, at which rare atoms are not tried

_TOLERANCE = 1e-11  # of the range
_ROUNDING = 64 * np.finfo(float).eps
_NEAR = 0.01  # of the variance: up to here a rest is left with half the error or less
_SPREAD = 32  # points that a rest must lie on in effect, or chains' spread would miss rare ones


class Periodized:
    """Points of two samples that go further into the tails than draws do, and their weights.

    Parameters
    ----------
    study
        What is evaluated.
    points
        Evenly spread in (0, 1), shape (coordinate, sample, chain, draw), the coordinates in the
        order of the study.
    turns
        A number for each sample of each chain, shape (sample, chain).

    Notes
    -----
    A coordinate t becomes u = t^2 (3 - 2 t), and stands for du/dt = 6 t (1 - t) draws. Integrands
    that grow without bound towards u = 0 or 1, though slower than a square root, then go to 0 at
    both ends: no single draw decides their mean, whose error is normal. All points of a sample are
    moved by a part of their distance, each time another, so that a jump of the integrand does not
    stand near the edge of a cell in all of them, where their spread would miss what it does. The
    rows of a joint sample have no tails to go into: its coordinate is not periodized.

    References
    ----------
    Laurie (1996), Periodizing transformations for numerical integration, Journal of Computational
    and Applied Mathematics 66, 337-344.
    """

    def __init__(self, study: Study, points: FloatArray, turns: np.ndarray) -> None:
        self.study = study
        self.shape = points.shape[1:]
        shift = turns[..., None] * _GOLDEN % 1 / points.shape[-1]
        self._points = np.add(points, shift, order="C") % 1
        joints = {player.name for player in study.players if player.joint}
        self._even = [name in joints for name in study.positions]
        self._weights: dict[int, FloatArray] = {}
        self._rows: dict[int, AllRows] = {}

    @cached_property
    def alone(self) -> OneAtATime:
        """The model with some players at these points and the others at one."""
        t = self._points
        levels = np.clip(t * t * (3 - 2 * t), *ENDS)
        levels[self._even] = np.maximum(t[self._even], ENDS[0])
        self._try_atoms(levels)
        draws = int(np.prod(self.shape))
        columns = zip(self.study.positions, levels.reshape(len(levels), draws), strict=True)
        return OneAtATime(self.study, self.study.levels(dict(columns), draws))

    def _try_atoms(self, levels: FloatArray) -> None:
        """Put all atoms of inputs, of which draws may miss some, among the levels.

        A structure must hold there too. The moments of such an input are those of its atoms.
        """
        generator = np.random.default_rng(0)
        for row, name in enumerate(self.study.positions):
            player = self.study.player_of.get(name)
            if player in self.study.listed and not self.study.players[player].joint:
                atoms, _ = self.study.listed[player]
                tried = levels[row, ..., : -(-levels.shape[-1] // _TRIED)]
                tried[...] = generator.choice(atoms, tried.shape)

    @cached_property
    def exchanged(self) -> Swap:
        """The model with some players as in the first sample and the others as in the second."""
        return Swap(self.alone)

    @cached_property
    def _stood_for(self) -> dict[str, FloatArray]:
        weights = 6 * self._points * (1 - self._points)
        weights[self._even] = 1
        return dict(zip(self.study.positions, weights, strict=True))

    def weights(self, players: int) -> FloatArray:
        """Return how many draws each point of a set of players stands for, of `shape`."""
        if players not in self._weights:
            own = [self._stood_for[name] for name in self.study.coordinates_of(players)]
            self._weights[players] = own[0] if len(own) == 1 else np.prod(own, axis=0)
        return self._weights[players]

    def listed(self, players: int) -> tuple[AllRows, FloatArray] | None:
        """Return the model at all rows or atoms of a player, and their masses; None for others."""
        first, *more = bits(players)
        if more or first not in self.study.listed:
            return None
        levels, masses = self.study.listed[first]
        if players not in self._rows:
            self._rows[players] = AllRows(self.alone, self.study.players[first], levels)
        return self._rows[players], masses


@dataclass(frozen=True)
class View:
    """One output on one scale, at periodized points."""

    points: Periodized
    output: str
    scale: Scale

    @cached_property
    def components(self) -> tuple[int, ...]:
        """The independent sets that the players fall into that move the output."""
        study = self.points.study
        return study.components(study.drivers[self.output])

    @cached_property
    def weights(self) -> FloatArray:
        """How many draws each point stands for, by component, sample, chain and draw."""
        return np.array([self.points.weights(players) for players in self.components])

    def alone(self, players: int) -> FloatArray:
        """Return the output with some players at the points, shape (sample, chain, draw).

        The others stand at one point.
        """
        return self.points.alone.on(self.scale, self.output, players).reshape(self.points.shape)

    def exchanged(self, kept: int) -> FloatArray:
        """Return the output with some players as in the first sample, shape (chain, draw).

        The others are as in the second. Players that hang together are kept together.
        """
        values = self.points.exchanged.on(self.scale, self.output, kept)
        return values.reshape(self.points.shape[1:])

    def listed(self, players: int) -> tuple[FloatArray, FloatArray] | None:
        """Return the output by row or atom of a player, and their masses; None for other players.

        The other players stand at one point.
        """
        found = self.points.listed(players)
        return found and (found[0].on(self.scale, self.output, players), found[1])


@dataclass(frozen=True)
class Sum:
    """An output that is a constant and a term of each independent component of the players.

    Parameters
    ----------
    components
        Sets of players.
    constant
        The output at one point, from which terms are counted.
    variances
        Of the terms, shape (component, chain).
    """

    NEUTRAL = 0

    components: tuple[int, ...]
    constant: float
    variances: FloatArray

    @staticmethod
    def parts(values: FloatArray, constant: float) -> FloatArray:
        """Return terms from the output where one component alone moves."""
        return values - constant

    @staticmethod
    def joined(parts: FloatArray, constant: float) -> FloatArray:
        """Return the output from all terms, which are along the first axis."""
        return np.asarray(constant + parts.sum(axis=0))

    @property
    def whole(self) -> FloatArray:
        """Variance of the output, by chain."""
        return np.asarray(self.variances.sum(axis=0))

    def explained(self, players: int) -> tuple[FloatArray, FloatArray]:
        """Return the variance that whole components explain alone, and with all others."""
        inside = [k for k, component in enumerate(self.components) if component & players]
        own = np.asarray(self.variances[inside].sum(axis=0))
        return own, own


@dataclass(frozen=True)
class Product:
    """An output that is a constant times a factor of each independent component of the players.

    Parameters
    ----------
    components
        Sets of players.
    constant
        The output at one point, of which factors are multiples.
    squared_means, variances
        Of the factors, shape (component, chain).

    Notes
    -----
    With squared means m and variances v of the factors, the variance is prod(m + v) - prod(m). A
    set explains by itself what this is over the set, times prod(m) over the others, and with all
    others the same times prod(m + v).
    """

    NEUTRAL = 1

    components: tuple[int, ...]
    constant: float
    squared_means: FloatArray
    variances: FloatArray

    @staticmethod
    def parts(values: FloatArray, constant: float) -> FloatArray:
        """Return factors from the output where one component alone moves."""
        return values / constant

    @staticmethod
    def joined(parts: FloatArray, constant: float) -> FloatArray:
        """Return the output from all factors, which are along the first axis."""
        return np.asarray(constant * parts.prod(axis=0))

    @cached_property
    def whole(self) -> FloatArray:
        """Variance of the output, by chain."""
        return self.explained(sum(self.components))[0]

    def explained(self, players: int) -> tuple[FloatArray, FloatArray]:
        """Return the variance that whole components explain alone, and with all others.

        Raises QuestionError: it is beyond all numbers.
        """
        # The gap between prod(m + v) and prod(m), without the loss that their difference brings.
        try:
            gap, below = np.zeros(self.variances.shape[1]), self.constant**2
        except OverflowError:
            raise QuestionError(
                "a variance is beyond all numbers; rank the logarithm, or take larger units"
            ) from None
        means: FloatArray | float = 1.0
        squares: FloatArray | float = 1.0
        for component, mean, variance in zip(
            self.components, self.squared_means, self.variances, strict=True
        ):
            if component & players:
                gap = gap * (mean + variance) + below * variance
                below = below * mean
            else:
                means = means * mean
                squares = squares * (mean + variance)
        return gap * means, gap * squares


@dataclass(frozen=True)
class Nearly:
    """An output that is a product or a sum but for a rest with little variance.

    Parameters
    ----------
    near
        The product or sum.
    parts
        Its factors or terms at the points, shape (component, sample, chain, draw).
    view
        The output at two samples, between which columns are exchanged.

    Notes
    -----
    What an exchange of columns says of the output, less what it says of the product or sum at the
    same points, is added to what is known of the latter: a control variate, whose coefficient is 1.
    """

    near: Product | Sum
    parts: FloatArray
    view: View

    @cached_property
    def whole(self) -> FloatArray:
        """Variance of the output, by chain."""
        runs = self.runs([sum(self.near.components), 0])
        own, near = (np.diff(runs, axis=2) ** 2).mean(axis=(2, 3)) / 2
        return np.asarray(self.near.whole + own - near)

    def runs(self, sets: Sequence[int]) -> FloatArray:
        """Return the output, and what is near it, with sets of players as in the first sample.

        Less a constant, and times the root of the draws that a point stands for, so that plain
        means of products are weighted.

        Returns
        -------
        array of shape (2, chain, set, draw)
        """
        components = self.near.components
        second = [[0 if kept & players else 1 for kept in sets] for players in components]
        parts = np.array([part[rows] for part, rows in zip(self.parts, second, strict=True)])
        runs = np.empty((2, *parts.shape[1:]))
        runs[0] = [self.view.exchanged(kept) for kept in sets]
        runs[1] = self.near.joined(parts, self.near.constant)
        runs -= self.near.constant
        runs *= np.sqrt(self.view.weights.prod(axis=(0, 1)))
        return runs.swapaxes(1, 2)


Structure: TypeAlias = Product | Sum | Nearly


def split(view: View) -> Structure | None:
    """Return an output as a product or sum over the independent components that move it.

    Parameters
    ----------
    view
        The output, at the points by which it is judged.

    Returns
    -------
    Product, Sum, Nearly or None
        A product or a sum where the output is that at each of the points, None where it is not even
        nearly one.

    Notes
    -----
    With c the output at one point, and y_k where component k alone moves from there, the factors
    are y_k / c and the terms y_k - c. Moments are those of what changes, y_k / c - 1 or y_k - c;
    products of means come from two independent samples, so that none is biased. Those of a joint
    sample are taken over all its rows.
    """
    constant = float(view.alone(0).flat[0])
    if not view.components:
        return Sum((), constant, np.zeros((0, view.points.shape[1])))
    moved = np.array([view.alone(players) for players in view.components])
    everything = view.alone(sum(view.components))
    allowed = _TOLERANCE * np.ptp(everything) + _ROUNDING * np.abs(everything)

    parts: dict[type[Product | Sum], FloatArray] = {}
    beside: dict[type[Product | Sum], FloatArray] = {}
    for kind in (Product, Sum):
        parts[kind] = kind.parts(moved, constant)
        beside[kind] = everything - kind.joined(parts[kind], constant)
        if (np.abs(beside[kind]) <= allowed).all():
            return _estimate(kind, view, parts[kind], constant)

    weights = view.weights.prod(axis=0)
    whole = _squares(everything, weights).sum()
    rests = {kind: _squares(values, weights) for kind, values in beside.items()}
    near = [kind for kind, rest in rests.items() if _is_small(rest, whole)]
    if not near:
        return None
    kind = min(near, key=lambda kind: rests[kind].sum())
    return Nearly(_estimate(kind, view, parts[kind], constant), parts[kind], view)


def _estimate(
    kind: type[Product | Sum], view: View, parts: FloatArray, constant: float
) -> Product | Sum:
    """Return a product or sum with the moments that its parts have at the points."""
    changes = parts - kind.NEUTRAL
    weighted = changes * view.weights
    first, second = weighted.mean(axis=-1).swapaxes(0, 1)
    squared_means = (1 + first) * (1 + second)
    variances = (weighted * changes).mean(axis=(1, 3)) - first * second
    for k, players in enumerate(view.components):
        listed = view.listed(players)
        if listed is not None:
            values, masses = listed
            changes = kind.parts(values, constant) - kind.NEUTRAL
            mean = changes @ masses
            squared_means[k], variances[k] = (1 + mean) ** 2, (changes - mean) ** 2 @ masses
    if kind is Sum:
        return Sum(view.components, constant, variances)
    return Product(view.components, constant, squared_means, variances)


def _squares(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what each point adds to a variance, but for a constant."""
    return np.asarray(weights * (values - np.average(values, weights=weights)) ** 2)


def _is_small(rest: FloatArray, whole: float) -> bool:
    """Return whether a rest is little of a variance, and no few points make it."""
    effective = rest.sum() ** 2 / (rest**2).sum()
    return bool(rest.sum() <= _NEAR * whole and effective >= _SPREAD)
