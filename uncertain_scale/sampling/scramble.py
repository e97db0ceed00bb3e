"""Owen's nested uniform scrambling by a keyed hash, for any stretch of a Sobol' column at once.

Scrambling flips each binary digit of a point by a coin that depends on the digits before it. With
the digits reversed, so that the first is the lowest bit, additions and multiplications modulo 2^32
do just that: a bit of their result depends on no higher bit. A few of them, keyed, stand in for a
tree of coins.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Words", "coordinates_of", "keys_of", "scramble"]

Words: TypeAlias = npt.NDArray[np.uint32]

_ROUNDS = 2
_ADDED, _EVEN, _FLIPPED, _ODD = range(4)  # the words of a round
_WORDS = 4 * (_ROUNDS + 1)  # the last four are for the bits behind the digits
_SWAPS = tuple(
    (np.uint32(step), np.uint32(mask))
    for step, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F))
)


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


def coordinates_of(digits: Words, keys: Words, scratch: Words, out: FloatArray) -> None:
    """Turn scrambled reversed digits into coordinates of 53 bits, in (0, 1).

    Parameters
    ----------
    digits
        As `scramble` leaves them; they are lost.
    keys
        As `keys_of` returns them.
    scratch
        Of the shape of `digits`; its content is lost.
    out
        Of the same shape, for the coordinates.

    Notes
    -----
    The 32 digits are followed by 20 bits of another hash of them and a 1, which keeps a coordinate
    off 0 and 1.
    """
    rest = digits + keys[:, 4 * _ROUNDS + _ADDED]
    for word, shift in ((_FLIPPED, 15), (_ODD, 13)):
        np.multiply(rest, keys[:, 4 * _ROUNDS + word] | np.uint32(1), out=rest)
        np.right_shift(rest, np.uint32(shift), out=scratch)
        np.bitwise_xor(rest, scratch, out=rest)
    np.multiply(rest, np.uint32(0x9E3779B1), out=rest)
    np.right_shift(rest, np.uint32(12), out=rest)
    _reverse_bits(digits, scratch)
    np.copyto(out, rest)
    out += 0.5
    out *= 2.0**-20
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
