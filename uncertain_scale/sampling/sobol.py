"""Sobol' columns: where any stretch of their points lies, as binary digits in reverse.

Reversed digits, the first in the lowest bit, are what the scrambling of nets works on.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.sampling.scramble import Words

__all__ = ["MAX_COLUMNS", "STRETCH", "sobol_digits"]

MAX_COLUMNS = 1024
STRETCH = 1 << 13
"""Points whose digits are kept; those of later stretches differ from them by one number."""
_BITS = 32


def sobol_digits(columns: Sequence[int], start: int, stop: int) -> Words:
    """Return the reversed digits of a stretch of points of some Sobol' columns.

    Parameters
    ----------
    columns
        Numbers of the columns (the dimensions of the sequence), from 0, below `MAX_COLUMNS`.
    start, stop
        Numbers of the first point and of the one behind the last, `start` a multiple of `STRETCH`.

    Returns
    -------
    array of shape (column, stop - start)
        Of 2^m points from the first, the lowest m bits of a column take each value once.

    References
    ----------
    Joe and Kuo (2008), doi:10.1137/070709359.

    Examples
    --------
    >>> sobol_digits([0, 1], 0, 4).tolist()
    [[0, 1, 2, 3], [0, 1, 3, 2]]
    """
    digits = np.empty((len(columns), stop - start), dtype=np.uint32)
    for row, column in zip(digits, columns, strict=True):
        first = _stretch(column)
        for at in range(start, stop, STRETCH):
            part = row[at - start : at - start + STRETCH]
            np.bitwise_xor(first[: part.size], _at(column, at), out=part)
    return digits


@lru_cache(maxsize=1 << 16)
def _at(column: int, point: int) -> np.uint32:
    """Return the reversed digits of one point: the directions of its number's bits, together."""
    directions, digits = _reversed_directions(column), 0
    for bit in range(point.bit_length()):
        if point >> bit & 1:
            digits ^= int(directions[bit])
    return np.uint32(digits)


@lru_cache(maxsize=256)
def _stretch(column: int) -> Words:
    """Return the reversed digits of the first points of a column."""
    digits = np.zeros(1, dtype=np.uint32)
    for direction in _reversed_directions(column)[: STRETCH.bit_length() - 1]:
        digits = np.concatenate([digits, digits ^ direction])
    digits.flags.writeable = False
    return digits


@lru_cache(maxsize=256)
def _reversed_directions(column: int) -> Words:
    numbers = [int(f"{number:032b}"[::-1], 2) for number in _direction_numbers(column).tolist()]
    return np.array(numbers, dtype=np.uint32)


def _direction_numbers(column: int) -> Words:
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
