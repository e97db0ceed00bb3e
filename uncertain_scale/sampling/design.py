"""Designs: how the points of a chain fill the unit cube, one named coordinate at a time.

Each design gives a column its cells and draws uniformly inside them, so that all of them are one
formula: u = (cell + v) / cells, v uniform on [0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.sampling.sobol import MAX_COLUMNS, nested_permutation, sobol_cells
from uncertain_scale.sampling.streams import stream

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Design", "DesignKind"]

DesignKind: TypeAlias = Literal["sobol", "lhs", "random"]

_SMALLEST = 2.0**-54
_LARGEST = 1 - 2.0**-53
_MOST_DRAWS = 1 << 26


@dataclass(frozen=True)
class Design:
    """A randomised design: `chains` independent sets of `draws` points each.

    Parameters
    ----------
    kind
        `sobol`, Owen-scrambled Sobol' nets; `lhs`, Latin hypercubes; or `random`.
    draws
        Points of a chain; a power of two keeps a Sobol' net balanced.
    chains
        Independent randomisations, whose spread gives the Monte Carlo error.
    seed
        A whole number from 0 up; equal seeds give equal draws.

    Raises
    ------
    QuestionError
        An unknown kind, or a number of draws, chains or seed out of range.

    Examples
    --------
    >>> u = Design(kind="sobol", draws=4, chains=2, seed=1).column("mfu", position=0, chain=0)
    >>> sorted((u * 4).astype(int).tolist())
    [0, 1, 2, 3]
    """

    kind: DesignKind = "sobol"
    draws: int = 4096
    chains: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(DesignKind):
            raise QuestionError(
                f"design '{self.kind}' is unknown; {nearest(self.kind, get_args(DesignKind))}"
            )
        for name, low, high in (
            ("draws", 2, _MOST_DRAWS),
            ("chains", 1, 1 << 20),
            ("seed", 0, (1 << 63) - 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise QuestionError(f"{name} = {value} must lie from {low} to {high}")

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:
        """Return one coordinate of all points of a chain, in (0, 1).

        Parameters
        ----------
        name
            Whose coordinate it is: it alone picks the random stream.
        position
            Number of the coordinate in the cube, which picks the Sobol' column.
        chain
            Number of the chain, from 0.

        Returns
        -------
        array of shape (draws,)
        """
        generator = stream(self.seed, chain, name)
        u = generator.random(self.draws)
        if self.kind == "random":
            return np.maximum(u, _SMALLEST, out=u)
        if self.kind == "lhs":
            cells, count = generator.permutation(self.draws), self.draws
        else:
            cells, count = self._sobol_cells(position, generator)
        u += cells
        u /= count
        return np.clip(u, _SMALLEST, _LARGEST, out=u)

    def _sobol_cells(self, position: int, generator: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return where the chain's points fall in the scrambled column, and the cells there are."""
        if position >= MAX_COLUMNS:
            raise QuestionError(
                f"a Sobol' design has {MAX_COLUMNS} columns and the inputs are more; "
                "use --design lhs"
            )
        bits = (self.draws - 1).bit_length()
        places = nested_permutation(bits, generator)
        return places[sobol_cells(position, bits)[: self.draws]], 1 << bits
