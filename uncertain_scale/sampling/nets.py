"""Sobol' columns and their scrambling, for any stretch of points at once.

Points are binary digits in reverse, the first in the lowest bit: additions and multiplications
modulo 2^32 then change each digit by the digits before it alone, as no bit of their result depends
on a higher bit. A few of them, keyed, stand in for the tree of coins by which Owen's nested uniform
scrambling flips each digit.
"""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.units.aliases import FloatArray

Words: TypeAlias = npt.NDArray[np.uint32]

_ROUNDS = 2
_ADDED, _EVEN, _FLIPPED, _ODD = range(4)  # the words of a round
_WORDS = 4 * (_ROUNDS + 1)  # the last four are for the bits behind the digits
_SWAPS = tuple(
    (np.uint32(step), np.uint32(mask))
    for step, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F))
)

_TOGETHER = 1 << 16  # points scrambled at once, so that scratch stays small
_scratch = threading.local()

MAX_COLUMNS = 1024
STRETCH = 1 << 13
"""Points whose digits are kept; those of later stretches differ from them by one number."""
_BITS = 32


def keys_of(seed: int, chain: int, names: Sequence[str]) -> Words:
    """Return the key of each name's scrambling in one chain, shape (name, words, 1).

    Notes
    -----
    A BLAKE2b digest, so keys of different names, chains or seeds have nothing to do with one
    another, and are the same on every platform.
    """
    digests = [
        hashlib.blake2b(f"{seed}\0{chain}\0{name}".encode(), digest_size=4 * _WORDS).digest()
        for name in names
    ]
    keys = np.frombuffer(b"".join(digests), dtype="<u4").astype(np.uint32)
    keys = keys.reshape(len(digests), _WORDS, 1)
    keys[:, _EVEN::4] &= np.uint32(0xFFFFFFFE)
    keys[:, _ODD::4] |= np.uint32(1)
    return keys


def fill_points(
    columns: Sequence[int], keys: Words, start: int, stop: int, out: FloatArray
) -> None:
    """Write the scrambled coordinates of a stretch of points, in (0, 1).

    Parameters
    ----------
    columns, start, stop
        As in `sobol_digits`.
    keys
        As `keys_of` returns them, a key a column.
    out
        Shape (column, stop - start).

    Notes
    -----
    Scratch belongs to the thread and is used again: fresh memory costs as much as the arithmetic.
    """
    if not hasattr(_scratch, "words"):
        _scratch.words = np.empty((3, _TOGETHER), dtype=np.uint32)
    width = min(stop - start, _TOGETHER)
    height = _TOGETHER // max(width, 1)
    for first in range(0, len(columns), height):
        rows = slice(first, first + height)
        for begin in range(start, stop, width):
            end = min(begin + width, stop)
            shape = len(columns[rows]), end - begin
            digits, *scratch = (
                words[: shape[0] * shape[1]].reshape(shape) for words in _scratch.words
            )
            sobol_digits(columns[rows], begin, end, out=digits)
            scramble(digits, keys[rows], scratch[0])
            coordinates_of(
                digits, keys[rows], (scratch[0], scratch[1]), out[rows, begin - start : end - start]
            )


def scramble(digits: Words, keys: Words, scratch: Words) -> None:
    """Scramble reversed digits in place.

    Parameters
    ----------
    digits
        Shape (name, point), the first digit of a point in its lowest bit.
    keys
        As `keys_of` returns them.
    scratch
        Of the shape of `digits`; its content is lost.

    Notes
    -----
    Equally distributed over the 128 scramblings of three digits, and flips of further digits are
    independent in pairs, on which alone the variance of a scrambled net depends.

    References
    ----------
    Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences,
    doi:10.1007/978-1-4612-2552-2_19. Laine and Karras (2011), Stratified sampling for stochastic
    transparency, doi:10.1111/j.1467-8659.2011.02010.x. Burley (2020), Practical hash-based Owen
    scrambling, Journal of Computer Graphics Techniques 9(4).
    """
    for word in range(0, 4 * _ROUNDS, 4):
        np.add(digits, keys[:, word + _ADDED], out=digits)
        # Of a product with an even number, a bit depends on lower ones alone.
        np.multiply(digits, keys[:, word + _EVEN], out=scratch)
        np.bitwise_xor(digits, scratch, out=digits)
        np.bitwise_xor(digits, keys[:, word + _FLIPPED], out=digits)
        np.multiply(digits, keys[:, word + _ODD], out=digits)


def coordinates_of(
    digits: Words, keys: Words, scratch: tuple[Words, Words], out: FloatArray
) -> None:
    """Turn scrambled reversed digits into coordinates of 53 bits, in (0, 1).

    Parameters
    ----------
    digits
        As `scramble` leaves them; they are lost.
    keys
        As `keys_of` returns them.
    scratch
        Two arrays of the shape of `digits`; their content is lost.
    out
        Of the shape of `digits`, for the coordinates.

    Notes
    -----
    The 32 digits are followed by 20 bits of another hash of them and a 1, which keeps a coordinate
    off 0 and 1.
    """
    rest, shifted = scratch
    np.add(digits, keys[:, 4 * _ROUNDS + _ADDED], out=rest)
    for word, shift in ((_FLIPPED, 15), (_ODD, 13)):
        np.multiply(rest, keys[:, 4 * _ROUNDS + word] | np.uint32(1), out=rest)
        np.right_shift(rest, np.uint32(shift), out=shifted)
        np.bitwise_xor(rest, shifted, out=rest)
    np.multiply(rest, np.uint32(0x9E3779B1), out=rest)
    np.right_shift(rest, np.uint32(11), out=rest)
    np.bitwise_or(rest, np.uint32(1), out=rest)
    _reverse_bits(digits, shifted)
    np.copyto(out, rest)
    out *= 2.0**-21
    out += digits
    out *= 2.0**-32


def _reverse_bits(words: Words, scratch: Words) -> None:
    """Reverse the order of the 32 bits of each word, in place."""
    words.byteswap(inplace=True)
    for step, mask in _SWAPS:
        np.right_shift(words, step, out=scratch)
        np.bitwise_and(scratch, mask, out=scratch)
        np.bitwise_and(words, mask, out=words)
        np.left_shift(words, step, out=words)
        np.bitwise_or(words, scratch, out=words)


def sobol_digits(columns: Sequence[int], start: int, stop: int, out: Words | None = None) -> Words:
    """Return the reversed digits of a stretch of points of some Sobol' columns.

    Parameters
    ----------
    columns
        Numbers of the columns (the dimensions of the sequence), from 0, below `MAX_COLUMNS`.
    start, stop
        Numbers of the first point and of the one behind the last, `start` a multiple of `STRETCH`.
    out
        Where they are written, if not to an array of their own.

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
    size = stop - start
    digits = np.empty((len(columns), size), dtype=np.uint32) if out is None else out
    whole = size - size % STRETCH
    for row, column in zip(digits, columns, strict=True):
        first = _stretch(column)
        heads = np.array([_at(column, at) for at in range(start, stop, STRETCH)], dtype=np.uint32)
        even = row[:whole].reshape(-1, STRETCH)
        np.bitwise_xor(first, heads[: len(even), None], out=even)
        if whole < size:
            np.bitwise_xor(first[: size - whole], heads[-1], out=row[whole:])
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
