"""Designs: how the points of a chain fill the unit cube, one named coordinate at a time.

The randomness of an input depends on (seed, chain, name) and on nothing else. A chain's points are
made in blocks, which bound memory and leave no trace: a coordinate is the same number whatever the
block it is made in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.sampling.nets import (
    MAX_COLUMNS,
    STRETCH,
    fill_points,
    keys_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["BLOCK", "Block", "Design", "DesignKind", "stream"]

DesignKind: TypeAlias = Literal["sobol", "lhs", "random"]

BLOCK = 8 * STRETCH
"""Points made at once: with fewer, two threads wait for Python's lock; more gain little."""
_MOST_DRAWS = 1 << 26


def stream(seed: int, chain: int, name: str) -> np.random.Generator:
    """Return the random stream that belongs to one name in one chain.

    Parameters
    ----------
    seed
        Seed of the whole run.
    chain
        Number of the chain, from 0.
    name
        Name of the input, or of the group of inputs that is drawn together.

    Notes
    -----
    The key is a BLAKE2b digest, so streams of different names, chains or seeds are independent, and
    it is the same on every platform and in every process.
    """
    key = hashlib.blake2b(f"{seed}\0{chain}\0{name}".encode(), digest_size=32).digest()
    return np.random.Generator(np.random.PCG64DXSM(int.from_bytes(key, "little")))


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
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise QuestionError(f"{name} = {value!r:.40} must be a whole number")
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
        column: FloatArray = self.points({name: position}, [chain])[0, 0]
        return column

    def blocks(
        self, coordinates: Mapping[str, int], *, chain: int, size: int = BLOCK
    ) -> Iterator[Block]:
        """Yield some coordinates of a chain's points, block by block.

        Parameters
        ----------
        coordinates
            Position in the cube by name, as in `column`.
        chain
            Number of the chain, from 0.
        size
            Points of a block, the last one apart; a multiple of `STRETCH`.

        Raises
        ------
        QuestionError
            There are more coordinates than a Sobol' design has columns.
        """
        for values in self._made(coordinates, [chain], size):
            yield Block(dict(zip(coordinates, values[:, 0], strict=True)))

    def points(self, coordinates: Mapping[str, int], chains: Sequence[int]) -> FloatArray:
        """Return some coordinates of all points of some chains.

        Parameters
        ----------
        coordinates
            Position in the cube by name, as in `column`.
        chains
            Numbers of the chains, from 0.

        Returns
        -------
        array of shape (coordinate, chain, draw)

        Raises
        ------
        QuestionError
            There are more coordinates than a Sobol' design has columns.
        """
        return next(self._made(coordinates, chains, max(self.draws, STRETCH)))

    def _made(
        self, coordinates: Mapping[str, int], chains: Sequence[int], size: int
    ) -> Iterator[FloatArray]:
        """Yield coordinates block by block, shape (coordinate, chain, point)."""
        makers = {"sobol": self._sobol, "lhs": self._lhs, "random": self._random}
        return makers[self.kind](coordinates, chains, size)

    def _stretches(self, size: int) -> Iterator[tuple[int, int]]:
        for start in range(0, self.draws, size):
            yield start, min(start + size, self.draws)

    def _sobol(
        self, coordinates: Mapping[str, int], chains: Sequence[int], size: int
    ) -> Iterator[FloatArray]:
        columns = [column for column in coordinates.values() for _ in chains]
        if columns and max(columns) >= MAX_COLUMNS:
            raise QuestionError(
                f"a Sobol' design has {MAX_COLUMNS} columns and the inputs are more; "
                "use the design lhs"
            )
        by_chain = [keys_of(self.seed, chain, list(coordinates)) for chain in chains]
        keys = np.stack(by_chain, axis=1).reshape(len(columns), *by_chain[0].shape[1:])
        for start, stop in self._stretches(size):
            u = np.empty((len(columns), stop - start))
            fill_points(columns, keys, start, stop, u)
            yield u.reshape(len(coordinates), len(chains), stop - start)

    def _lhs(
        self, coordinates: Mapping[str, int], chains: Sequence[int], size: int
    ) -> Iterator[FloatArray]:
        u = np.empty((len(coordinates), len(chains), self.draws))
        for name, columns in zip(coordinates, u, strict=True):
            for chain, column in zip(chains, columns, strict=True):
                column[:] = _latin(stream(self.seed, chain, name), self.draws)
        for start, stop in self._stretches(size):
            yield u[:, :, start:stop]

    def _random(
        self, coordinates: Mapping[str, int], chains: Sequence[int], size: int
    ) -> Iterator[FloatArray]:
        streams = [stream(self.seed, chain, name) for name in coordinates for chain in chains]
        for start, stop in self._stretches(size):
            u = np.empty((len(streams), stop - start))
            for row, generator in zip(u, streams, strict=True):
                generator.random(out=row)
            np.maximum(u, ENDS[0], out=u)
            yield u.reshape(len(coordinates), len(chains), stop - start)


@dataclass(frozen=True)
class Block:
    """Coordinates of some of a chain's points, shape (point,) by name; a half for the others."""

    columns: Mapping[str, FloatArray]

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        """Return one coordinate of the points."""
        if name in self.columns:
            return self.columns[name]
        return np.broadcast_to(0.5, next(iter(self.columns.values())).shape)


def _latin(generator: np.random.Generator, draws: int) -> FloatArray:
    """Return a column of a Latin hypercube: a point in each of as many cells as there are draws."""
    u = generator.random(draws)
    u += generator.permutation(draws)
    u /= draws
    return np.clip(u, *ENDS, out=u)
