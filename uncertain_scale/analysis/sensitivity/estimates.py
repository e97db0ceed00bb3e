"""From what each chain says to an estimate, its error and its 95% interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from uncertain_scale.statistics.monte_carlo_error import spread

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Estimate", "average", "ratio", "settled", "variance"]

_COVERAGE = 0.95
_ROUNDING = 1e-13
UNRESOLVED = "unresolved: its 95% interval holds 0"


@dataclass(frozen=True)
class Estimate:
    """An estimate from independent chains.

    Parameters
    ----------
    value
        The estimate from all chains.
    mcse
        Its standard error, from the chains' spread; nan for one chain.
    by_chain
        What each chain says by itself, with the chains along the first axis.
    """

    value: FloatArray
    mcse: FloatArray
    by_chain: FloatArray

    @property
    def half_width(self) -> FloatArray:
        """Half the width of the 95% interval, by Student's t."""
        chains = self.by_chain.shape[0]
        if chains < 2:
            return np.full_like(self.value, np.nan)
        return np.asarray(self.mcse * stdtrit(chains - 1, (1 + _COVERAGE) / 2))

    @property
    def unresolved(self) -> np.ndarray:
        """Whether the interval holds 0 though the estimate is not exactly 0."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.value != 0) & (np.abs(self.value) <= self.half_width))

    def variables(self, name: str, dims: tuple[str, ...]) -> dict[str, xr.Variable]:
        """Return the estimate, its error, its interval and whether it is resolved, by their names.

        Parameters
        ----------
        name
            What is estimated.
        dims
            Names of the estimate's axes.
        """
        import xarray as xr

        words = np.where(self.unresolved, UNRESOLVED, "").astype(object)
        return {
            name: xr.Variable(dims, self.value),
            f"{name}_mcse": xr.Variable(dims, self.mcse),
            f"{name}_low": xr.Variable(dims, self.value - self.half_width),
            f"{name}_high": xr.Variable(dims, self.value + self.half_width),
            f"{name}_unresolved": xr.Variable(dims, words.astype(str)),
        }


def average(by_chain: FloatArray) -> Estimate:
    """Return the average over chains, which are along the first axis."""
    return Estimate(by_chain.mean(axis=0), spread(by_chain), by_chain)


def ratio(numerators: FloatArray, denominators: FloatArray) -> Estimate:
    """Return the ratio of two averages over chains; 0 where both are 0.

    Parameters
    ----------
    numerators
        Shape (chain, ...).
    denominators
        Of a shape that broadcasts to it, not negative.

    Notes
    -----
    The ratio of averages has K times less bias than the average of K chains' ratios. Its error is
    the spread of the chains' linearised shares.

    Examples
    --------
    >>> found = ratio(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    >>> float(found.value), float(found.mcse)
    (0.5, 0.0)
    """
    numerators, denominators = np.broadcast_arrays(numerators, denominators)
    below = denominators.mean(axis=0)
    above = numerators.mean(axis=0)
    nothing = (below == 0) & (above == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(nothing, 0.0, above / below)
        shares = np.where(nothing, 0.0, (numerators - value * denominators) / below)
        empty = (denominators == 0) & (numerators == 0)
        by_chain = np.where(empty, 0.0, numerators / denominators)
    return Estimate(value, spread(shares), by_chain)


def variance(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return two samples' pooled variance; 0 where only rounding varies, nan where it is none.

    Parameters
    ----------
    first, second
        Shape (chain, draw).
    """
    both = np.concatenate([first, second], axis=1)
    found = both.var(axis=1, ddof=1)
    return settled(found, np.abs(both).max(axis=1))


def settled(variances: FloatArray, largest: FloatArray) -> FloatArray:
    """Return variances, 0 where only rounding varies and nan where there are none.

    Parameters
    ----------
    variances, largest
        Of some numbers, and the largest of these without its sign.
    """
    found = np.where(variances <= (_ROUNDING * largest) ** 2, 0.0, variances)
    return np.where(np.isfinite(variances), found, np.nan)
