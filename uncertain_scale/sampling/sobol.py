"""One column of a Sobol' net at a time, and random permutations that keep its structure.

A column is worth keeping as the order in which it visits the 2^m cells of [0, 1): scrambling moves
cells, and a uniform draw inside each cell finishes the point.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_COLUMNS", "nested_permutation", "sobol_cells"]

MAX_COLUMNS = 1024
_BITS = 32

Cells: TypeAlias = npt.NDArray[np.uint32]


@lru_cache(maxsize=256)
def sobol_cells(column: int, bits: int) -> Cells:
    """Return the cells that the first 2^bits points of a Sobol' column fall in, in their order.

    Parameters
    ----------
    column
        Number of the column (the dimension of the sequence), from 0, below `MAX_COLUMNS`.
    bits
        There are 2^bits points and as many cells; each cell is visited once.

    References
    ----------
    Joe and Kuo (2008), doi:10.1137/070709359.
    """
    directions = _direction_numbers(column) >> np.uint32(_BITS - bits) if bits else ()
    cells = np.zeros(1, dtype=np.uint32)
    for direction in directions[:bits]:
        cells = np.concatenate([cells, cells ^ direction])
    cells.flags.writeable = False
    return cells


def nested_permutation(bits: int, generator: np.random.Generator) -> Cells:
    """Return a nested uniform permutation of 2^bits cells, as Owen's scrambling draws it.

    Each node of the binary tree of cells swaps its two halves or not, by a fair coin of its own. A
    digit net stays a net, and each cell is moved to a uniformly distributed place.

    References
    ----------
    Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences,
    doi:10.1007/978-1-4612-2552-2_19.
    """
    coins = np.unpackbits(np.frombuffer(generator.bytes((1 << bits) // 8 + 1), dtype=np.uint8))
    places = np.zeros(1, dtype=np.uint32)
    for level in range(bits):
        swapped = coins[1 << level : 2 << level].astype(np.uint32)
        left = 2 * places + swapped
        places = np.stack([left, left ^ np.uint32(1)], axis=1).ravel()
    return places


def _direction_numbers(column: int) -> Cells:
    """Return a column's direction numbers as binary fractions of 32 bits."""
    bits = np.arange(_BITS)
    if column == 0:
        return (np.uint32(1) << (_BITS - 1 - bits).astype(np.uint32)).astype(np.uint32)
    polynomial, *initial = _table()[column - 1]
    degree = polynomial.bit_length() - 1
    numbers = [m << (_BITS - 1 - k) for k, m in enumerate(initial)]
    for k in range(degree, _BITS):
        number = numbers[k - degree] ^ (numbers[k - degree] >> degree)
        for j in range(1, degree):
            if polynomial >> (degree - j) & 1:
                number ^= numbers[k - j]
        numbers.append(number)
    return np.array(numbers[:_BITS], dtype=np.uint32)


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[int, ...], ...]:
    """Read the table of polynomials and initial numbers, a row a column from the second on."""
    return tuple(_rows())


def _rows() -> Iterator[tuple[int, ...]]:
    text = files(__package__).joinpath("joe_kuo.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            yield tuple(map(int, line.split()))
