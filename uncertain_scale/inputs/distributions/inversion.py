"""Roots of many increasing functions at once, each inside its own bracket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["increasing_roots"]


def increasing_roots(
    function: Callable[..., FloatArray],
    low: FloatArray,
    high: FloatArray,
    args: tuple[FloatArray, ...] = (),
) -> FloatArray:
    """Return where increasing functions cross zero, by Chandrupatla's bracketing method.

    Parameters
    ----------
    function
        Takes points and `args`, elementwise; increasing in the points.
    low, high
        Brackets. Where the function is not below zero at `low` that is the root, and so for `high`.
    args
        Arrays of the brackets' shape, such as what is to be inverted.

    Notes
    -----
    T. R. Chandrupatla (1997), Advances in Engineering Software 28, 145-149,
    doi:10.1016/S0965-9978(96)00051-8.

    Examples
    --------
    >>> increasing_roots(lambda x, y: x**3 - y, np.zeros(1), np.full(1, 9.0), (np.array([8.0]),))
    array([2.])
    """
    from scipy.optimize.elementwise import find_root

    with np.errstate(all="ignore"):
        roots = np.where(function(low, *args) >= 0, low, high)
        inside = (function(low, *args) < 0) & (function(high, *args) > 0)
        if inside.any():
            bracket = low[inside], high[inside]
            tolerances = {"xrtol": 1e-15, "xatol": 0.0, "fatol": 0.0, "frtol": 0.0}
            result = find_root(
                function,
                bracket,
                args=tuple(arg[inside] for arg in args),
                tolerances=tolerances,
                maxiter=200,
            )
            roots[inside] = result.x
    return roots
