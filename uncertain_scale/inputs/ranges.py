"""What is observed to lie in a range that may be open on one side: "at least 15 day"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Range"]


@dataclass(frozen=True)
class Range:
    """All values between two bounds, neither of them likelier than another.

    It is no distribution: open on one side it has no density that integrates to one.

    Parameters
    ----------
    lower, upper
        Bounds, which belong to it; -inf or inf leaves a side open.
    """

    lower: float = -np.inf
    upper: float = np.inf

    @property
    def support(self) -> tuple[float, float]:
        """The bounds."""
        return self.lower, self.upper

    def log_likelihood(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the likelihood at x: 0 within the bounds, else -inf.

        Examples
        --------
        >>> Range(lower=15.0).log_likelihood(np.array([14.9, 15.0, 900.0])).tolist()
        [-inf, 0.0, 0.0]
        """
        within = (self.lower <= x) & (x <= self.upper) & np.isfinite(x)
        return np.where(within, 0.0, -np.inf)
