"""Draws as the statistics want them: finite, by chain, and sorted once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Draws", "all_draws", "answer_groups", "read_draws"]


@dataclass(frozen=True)
class Draws:
    """Draws of one output.

    Parameters
    ----------
    values
        Finite numbers of shape (chain, draw).
    """

    values: FloatArray

    @property
    def chains(self) -> int:
        """Number of independent chains."""
        return int(self.values.shape[0])

    @cached_property
    def by_chain(self) -> FloatArray:
        """Each chain in ascending order, shape (chain, draw)."""
        return np.sort(self.values, axis=1)

    @cached_property
    def pooled(self) -> FloatArray:
        """All draws in ascending order."""
        return np.sort(self.by_chain, axis=None)

    @property
    def constant(self) -> bool:
        """Whether all draws are one number."""
        return bool(self.values.min() == self.values.max())


def answer_groups(tree: xr.DataTree) -> tuple[str, str]:
    """Return the groups of inputs and outputs that answer: the posterior's, where there is one."""
    if "posterior" in tree.children:
        return "posterior", "posterior_predictive"
    return "prior", "prior_predictive"


def all_draws(tree: xr.DataTree) -> xr.Dataset:
    """Return an answer's inputs and outputs together, as they were drawn."""
    inputs, outputs = (tree[group].to_dataset() for group in answer_groups(tree))
    return inputs.merge(outputs, compat="override")


def read_draws(output: xr.DataArray) -> Draws:
    """Take the draws out of an output, or say what is wrong with them.

    Parameters
    ----------
    output
        Dims `chain` and `draw` in any order.

    Raises
    ------
    DataError
        Other dims, no draws, or draws that are not finite numbers.

    Examples
    --------
    >>> import xarray as xr
    >>> read_draws(xr.DataArray([[1.0, 2.0]], dims=("chain", "draw"), name="budget")).chains
    1
    """
    if set(output.dims) != {"chain", "draw"}:
        raise DataError(
            f"output '{output.name}' has dims {tuple(map(str, output.dims))}; "
            "expected ('chain', 'draw')"
        )
    values = np.asarray(output.transpose("chain", "draw").values, dtype=float)
    if values.size == 0:
        raise DataError(f"output '{output.name}' has no draws; expected at least one")
    bad = ~np.isfinite(values)
    if bad.any():
        first = values[bad][0]
        raise DataError(
            f"output '{output.name}' has {bad.mean():.2%} of draws that are no finite numbers "
            f"(such as {first}, as 1/0 or inf - inf gives); keep its inputs away from where the "
            "equation breaks down, by truncation say"
        )
    return Draws(values)
