"""Chains dealt out in batches: large enough to cost little, small enough to share out evenly."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AHEAD", "Batches"]

AHEAD = 2
"""Batches begun for each thread, so that none waits for its next."""


class Batches:
    """Numbers of chains, dealt out in batches.

    Parameters
    ----------
    chains
        All that are to be done.
    groups
        A batch is of chains of one group, which are equal modulo this; what is kept of it is then
        no larger than what is kept of one chain.
    most
        Chains of a batch at most.
    """

    def __init__(self, chains: Sequence[int], *, groups: int = 1, most: int | None = None) -> None:
        by_group: dict[int, deque[int]] = {}
        for chain in sorted(chains):
            by_group.setdefault(chain % groups, deque()).append(chain)
        self._groups = deque(by_group.values())
        self._left = sum(map(len, self._groups))
        self._most = most or max(self._left, 1)

    def take(self, size: int, slots: int) -> tuple[int, ...]:
        """Return the next batch, of some size, or less where each thread is to have its share.

        Groups take turns, so that they are about even when a run is stopped.
        """
        if not self._groups:
            return ()
        group = self._groups.popleft()
        fair = math.ceil(self._left / (AHEAD * max(slots, 1)))
        batch = tuple(group.popleft() for _ in range(min(size, fair, self._most, len(group))))
        self._left -= len(batch)
        if group:
            self._groups.append(group)
        return batch
