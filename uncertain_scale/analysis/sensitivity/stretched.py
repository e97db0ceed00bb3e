"""Points of two samples that go further into the tails than draws do, and the model at these."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.evaluation import Alone, Exchanged, Listed
from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.inputs.prior import ENDS

if TYPE_CHECKING:
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Stretched", "View"]

_GOLDEN = (np.sqrt(5) - 1) / 2  # whose multiples are even, modulo 1, however many
_LISTED = 1 << 14  # rows of a joint sample, up to which all are gone through


class Stretched:
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
    rows of a joint sample have no tails to go into: its coordinate is not stretched.

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
        self._rows: dict[int, Listed | None] = {}

    @cached_property
    def alone(self) -> Alone:
        """The model with some players at these points and the others at one."""
        t = self._points
        levels = np.clip(t * t * (3 - 2 * t), *ENDS)
        levels[self._even] = np.maximum(t[self._even], ENDS[0])
        draws = int(np.prod(self.shape))
        columns = zip(self.study.positions, levels.reshape(len(levels), draws), strict=True)
        return Alone(self.study, self.study.levels(dict(columns), draws))

    @cached_property
    def exchanged(self) -> Exchanged:
        """The model with some players as in the first sample and the others as in the second."""
        return Exchanged(self.alone)

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

    def listed(self, players: int) -> Listed | None:
        """Return the model at all rows of a joint sample; None where they are too many, or none."""
        if players not in self._rows:
            first, *more = bits(players)
            player = self.study.players[first]
            rows = self.study.sampler.rows_of(player.name) if player.joint else 0
            some = not more and 0 < rows <= _LISTED
            self._rows[players] = Listed(self.alone, player, rows) if some else None
        return self._rows[players]


@dataclass(frozen=True)
class View:
    """One output on one scale, at stretched points."""

    points: Stretched
    output: str
    scale: Scale

    @cached_property
    def components(self) -> tuple[int, ...]:
        """The independent sets that the players fall into that move the output."""
        study = self.points.study
        return study.components(study.movers[self.output])

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

    def listed(self, players: int) -> FloatArray | None:
        """Return the output by row of a joint sample; None for others and for too many rows.

        The other players stand at one point.
        """
        rows = self.points.listed(players)
        return None if rows is None else rows.on(self.scale, self.output, players)
