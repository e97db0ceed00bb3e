"""The coordinate in which a density is smooth: the draws themselves, their log, or an arcsinh.

Budgets and FLOP spread over factors, so their logs have plain densities; heavy tails on both sides
are tamed by an arcsinh, which is linear in the middle and logarithmic outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Coordinate", "choose_coordinate"]

_WIDE = 2.0  # a factor between the 1% and 99% quantiles from which on logs are taken
_HEAVY = 5.0  # 98% range over interquartile range; 3.4 for a normal


@dataclass(frozen=True)
class Coordinate:
    """An increasing map from draws x to y, with y of the order of one.

    Parameters
    ----------
    kind
        linear: x = centre + scale y; log: x = centre exp(scale y), with a negative centre and
        scale for negative draws; arcsinh: x = centre + scale sinh(y).
    centre, scale
        Numbers of that formula.
    """

    kind: Literal["linear", "log", "arcsinh"]
    centre: float
    scale: float

    def forward(self, x: FloatArray) -> FloatArray:
        """Return y of x."""
        if self.kind == "log":
            return np.asarray(np.log(x / self.centre) / self.scale)
        y = (x - self.centre) / self.scale
        return np.asarray(y if self.kind == "linear" else np.arcsinh(y))

    def back(self, y: FloatArray) -> FloatArray:
        """Return x of y."""
        if self.kind == "log":
            return np.asarray(self.centre * np.exp(self.scale * y))
        return np.asarray(self.centre + self.scale * (y if self.kind == "linear" else np.sinh(y)))

    def log_stretch(self, y: FloatArray) -> FloatArray:
        """Return log(dx/dy)."""
        if self.kind == "log":
            return np.asarray(np.log(self.centre * self.scale) + self.scale * y)
        flat = np.full_like(y, np.log(self.scale))
        return flat if self.kind == "linear" else flat + np.log(np.cosh(y))

    def log_stretch_slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative of log(dx/dy) by y."""
        if self.kind == "log":
            return np.full_like(y, self.scale)
        return np.zeros_like(y) if self.kind == "linear" else np.tanh(y)


def choose_coordinate(pooled: FloatArray) -> Coordinate:
    """Choose by sign and spread.

    Parameters
    ----------
    pooled
        Draws in ascending order, at least two of them different.

    Examples
    --------
    >>> choose_coordinate(np.geomspace(1, 1000, 50)).kind
    'log'
    >>> choose_coordinate(np.linspace(-1, 1, 50)).kind
    'linear'
    """
    places = np.array([0.01, 0.25, 0.5, 0.75, 0.99]) * (pooled.size - 1)
    q01, q25, q50, q75, q99 = map(float, pooled[places.astype(int)])
    scale = (q75 - q25) / 1.349 or (q99 - q01) / 4.6 or float(pooled[-1] - pooled[0])
    if pooled[0] > 0 and q99 > _WIDE * q01:
        return Coordinate("log", q50, float(np.log(q75 / q25) / 1.349 or np.log(q99 / q01) / 4.6))
    if pooled[-1] < 0 and q01 < _WIDE * q99:
        return Coordinate("log", q50, float(np.log(q75 / q25) / 1.349 or np.log(q99 / q01) / 4.6))
    if q99 - q01 > _HEAVY * (q75 - q25):
        return Coordinate("arcsinh", q50, scale)
    return Coordinate("linear", q50, scale)
