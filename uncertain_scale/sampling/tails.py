"""How heavy an output's tails are, found by asking the model instead of the draws.

Every input is ppf(u), so the output can be followed along one coordinate into a corner where no
finite sample goes: if |y| grows like u^-k there, then P(|Y| > y) falls like y^(-1/k), and moments
of order 1/k and above do not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.sampling.propagate import propagate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["tail_indices"]

# Exact in floating point on both sides: 1 - 2^-49 is still a number. Two equal steps in log u.
_CORNERS = 2.0 ** -np.array([17, 33, 49])
_STEP = 16 * np.log(2)
# A power law has the same slope in both steps. A lognormal's slope falls by a quarter and more from
# the first to the second, since its tail is lighter than every power.
_STEADY = 0.9
_LEAST = 0.02


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
    A lower bound: a pole inside the cube (a denominator that changes sign) is not seen here, but
    leaves its mark on the draws.
    """
    names = sampler.coordinates if along is None else list(along)
    probes = _Probes(names)
    values = propagate(plan, sampler.draw(probes, chain=0))
    corners = [np.broadcast_to(values[name], probes.size).reshape(-1, 3) for name in plan.outputs]
    found = _powers(np.array(corners)).max(axis=-1, initial=0) if corners else ()
    return dict(zip(plan.outputs, map(float, found), strict=True))


class _Probes:
    """Points that go into both corners of one coordinate, the others at their medians."""

    def __init__(self, names: list[str]) -> None:
        self._block = {name: 6 * k for k, name in enumerate(names)}
        self.size = 6 * len(names)

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        u = np.full(self.size, 0.5)
        if name in self._block:
            start = self._block[name]
            u[start : start + 6] = np.concatenate([_CORNERS, 1 - _CORNERS])
        return u


def _powers(values: FloatArray) -> FloatArray:
    """Return the powers with which three values grow towards corners, 0 where it is none."""
    with np.errstate(all="ignore"):
        near, far = np.moveaxis(np.diff(np.log(np.abs(values)), axis=-1) / _STEP, -1, 0)
        steady = np.isfinite(far) & (far > _LEAST) & (far > _STEADY * near)
    return np.where(steady, far, 0.0)
