"""Outputs that are, or nearly are, products or sums over independent inputs.

Scaling equations mostly are. The variance of a product or a sum splits by algebra; left to draws
are two moments of each factor or term by itself, integrals over one or a few coordinates instead of
all. Of what is nearly one, the small rest is left to draws too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.analysis.sensitivity.stretched import View
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Nearly", "Product", "Structure", "Sum", "split"]

_TOLERANCE = 1e-11  # of the range
_ROUNDING = 64 * np.finfo(float).eps
_NEAR = 0.01  # of the variance: up to here a rest is left with half the error or less
_SPREAD = 32  # points that a rest must lie on in effect, or chains' spread would miss rare ones


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
        """Return the variance that whole components explain alone, and with all others."""
        # The gap between prod(m + v) and prod(m), without the loss that their difference brings.
        gap, below = np.zeros(self.variances.shape[1]), self.constant**2
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
            changes = kind.parts(listed, constant) - kind.NEUTRAL
            squared_means[k], variances[k] = (1 + changes.mean()) ** 2, changes.var()
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
