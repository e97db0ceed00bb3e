"""Outputs that are products or sums over independent inputs, as scaling equations mostly are.

Their variance splits by algebra. Left to draws are two moments of each factor or term by itself,
integrals over one or a few coordinates instead of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.evaluation import Alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Product", "Stretched", "Sum", "split"]

_TOLERANCE = 1e-11  # of the range
_ROUNDING = 64 * np.finfo(float).eps
_GOLDEN = (np.sqrt(5) - 1) / 2  # whose multiples are even, modulo 1, however many
_SMALLEST, _LARGEST = 2.0**-54, 1 - 2.0**-53


class Stretched:
    """Points of two samples that go further into the tails than draws do, and their weights.

    Parameters
    ----------
    study
        What is evaluated.
    points
        By coordinate, evenly spread in (0, 1), shape (sample, chain, draw).
    turns
        A number for each sample of each chain, shape (sample, chain).

    Notes
    -----
    A coordinate t becomes u = t^2 (3 - 2 t), and stands for du/dt = 6 t (1 - t) draws. Integrands
    that grow without bound towards u = 0 or 1, though slower than a square root, then go to 0 at
    both ends: no single draw decides their mean, whose error is normal. All points of a sample are
    moved by a part of their distance, each time another, so that a jump of the integrand does not
    stand near the edge of a cell in all of them, where their spread would miss what it does.

    References
    ----------
    Laurie (1996), Periodizing transformations for numerical integration, Journal of Computational
    and Applied Mathematics 66, 337-344.
    """

    def __init__(self, study: Study, points: Mapping[str, FloatArray], turns: np.ndarray) -> None:
        self.study = study
        draws = next((values.shape[-1] for values in points.values()), 1)
        self.shape = (*turns.shape, draws)
        shift = turns[..., None] * _GOLDEN % 1 / draws
        self._points = {name: (values + shift) % 1 for name, values in points.items()}
        self._weights: dict[int, FloatArray] = {}

    @cached_property
    def alone(self) -> Alone:
        """The model with some players at these points and the others at one."""
        levels = {
            name: np.clip(t * t * (3 - 2 * t), _SMALLEST, _LARGEST).ravel()
            for name, t in self._points.items()
        }
        return Alone(self.study, self.study.levels(levels, int(np.prod(self.shape))))

    def weights(self, players: int) -> FloatArray:
        """Return how many draws each point of a set of players stands for, of `shape`."""
        if players not in self._weights:
            columns = [self._points[name] for name in self.study.coordinates_of(players)]
            self._weights[players] = np.prod([6 * t * (1 - t) for t in columns], axis=0)
        return self._weights[players]

    def on(self, scale: Scale, output: str, players: int) -> FloatArray:
        """Return an output with some players at these points, of `shape`."""
        return self.alone.on(scale, output, players).reshape(self.shape)


@dataclass(frozen=True)
class Sum:
    """An output that is a constant and a term of each independent component of the players.

    Parameters
    ----------
    components
        Sets of players.
    variances
        Of the terms, shape (component, chain).
    """

    components: tuple[int, ...]
    variances: FloatArray

    @property
    def whole(self) -> FloatArray:
        """Variance of the output, by chain."""
        return np.asarray(self.variances.sum(axis=0))

    def explained(self, players: int) -> tuple[FloatArray, FloatArray]:
        """Return the variance that whole components explain alone, and with all others."""
        own = np.asarray(self.variances[_inside(self.components, players)].sum(axis=0))
        return own, own


@dataclass(frozen=True)
class Product:
    """An output that is a constant times a factor of each independent component of the players.

    Parameters
    ----------
    components
        Sets of players.
    scale
        The constant's square.
    squared_means, variances
        Of the factors, shape (component, chain).

    Notes
    -----
    With squared means m and variances v of the factors, the variance is prod(m + v) - prod(m). A
    set explains by itself what this is over the set, times prod(m) over the others, and with all
    others the same times prod(m + v).
    """

    components: tuple[int, ...]
    scale: float
    squared_means: FloatArray
    variances: FloatArray

    @cached_property
    def whole(self) -> FloatArray:
        """Variance of the output, by chain."""
        return self.scale * self._gap(range(len(self.components)))

    def explained(self, players: int) -> tuple[FloatArray, FloatArray]:
        """Return the variance that whole components explain alone, and with all others."""
        inside = _inside(self.components, players)
        own = self.scale * self._gap(inside)
        others = [k for k in range(len(self.components)) if k not in inside]
        alone = self.squared_means[others]
        return own * alone.prod(axis=0), own * (alone + self.variances[others]).prod(axis=0)

    def _gap(self, inside: Iterable[int]) -> FloatArray:
        """Return prod(m + v) - prod(m) without the loss that a difference brings."""
        gap, below = np.zeros(self.variances.shape[1]), np.ones(self.variances.shape[1])
        for k in inside:
            gap = gap * (self.squared_means[k] + self.variances[k]) + below * self.variances[k]
            below = below * self.squared_means[k]
        return gap


def split(points: Stretched, output: str, scale: Scale) -> Product | Sum | None:
    """Return an output as a product or sum over the independent components that move it.

    Parameters
    ----------
    points
        Where the output is looked at.
    output, scale
        Name of the output, and the scale it is looked at on.

    Returns
    -------
    Product, Sum or None
        None where the output is neither at each of the points.

    Notes
    -----
    With c the output at one point, and y_k where component k alone moves from there, the factors
    are y_k / c and the terms y_k - c. Moments are those of what changes, y_k / c - 1 or y_k - c;
    products of means come from two independent samples, so that none is biased.
    """
    study = points.study
    components = tuple(study.components(study.movers[output]))
    fixed = points.on(scale, output, 0)
    if not components:
        return Sum(components, np.zeros((0, points.shape[1])))
    moved = np.array([points.on(scale, output, players) for players in components])
    everything = points.on(scale, output, study.movers[output])
    allowed = _TOLERANCE * np.ptp(everything) + _ROUNDING * np.abs(everything)

    terms = moved - fixed
    if (np.abs(everything - fixed - terms.sum(axis=0)) <= allowed).all():
        return Sum(components, _moments(points, components, terms)[1])
    ratios = moved / fixed
    if (np.abs(everything - fixed * ratios.prod(axis=0)) <= allowed).all():
        constant = float(fixed.flat[0])
        return Product(components, constant**2, *_moments(points, components, ratios - 1))
    return None


def _moments(
    points: Stretched, components: Sequence[int], changes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the squared mean of 1 + each change, and its variance, shape (component, chain)."""
    weighted = changes * np.array([points.weights(players) for players in components])
    first, second = weighted.mean(axis=-1).swapaxes(0, 1)
    variances = (weighted * changes).mean(axis=(1, 3)) - first * second
    return (1 + first) * (1 + second), variances


def _inside(components: Sequence[int], players: int) -> list[int]:
    return [k for k, component in enumerate(components) if component & players]
