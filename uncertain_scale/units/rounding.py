"""Comparisons of computed numbers, in which the last digits do not decide.

In doubles 0.1 x 3 is above 0.3. Whether a law is met must not hang on that.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["SIGNS", "Sign", "compare"]

Sign: TypeAlias = Literal[">=", "<=", ">", "<"]
SIGNS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_LAST_DIGITS = 64 * np.finfo(float).eps  # relative: what some tens of operations leave


def compare(
    left: FloatArray | float, sign: str, right: FloatArray | float
) -> npt.NDArray[np.bool_]:
    """Compare numbers, those that differ by no more than rounding being equal.

    Parameters
    ----------
    left, right
        Numbers in the same units.
    sign
        One of `>=`, `<=`, `>`, `<`.

    Notes
    -----
    Rounding is counted in the size of the numbers compared. A difference that is compared with 0
    bears no trace of the size of its terms: compare the terms with one another.

    Examples
    --------
    >>> [bool(compare(0.1 * 3, sign, 0.3)) for sign in ("<=", ">", ">=", "<")]
    [True, False, True, False]
    """
    right = np.asarray(right, dtype=float)
    margin = np.where(np.isfinite(right), _LAST_DIGITS * np.abs(right), 0.0)
    edge = right - margin if sign in {">=", "<"} else right + margin
    return np.asarray(SIGNS[sign](np.asarray(left), edge))
