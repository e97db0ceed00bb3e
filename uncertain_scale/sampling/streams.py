"""Named streams: the randomness of an input depends on (seed, chain, name) and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["stream"]


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
