"""How a run is stopped before it is finished: by a person, or when its time is up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, TypeAlias

__all__ = ["Stop", "StoppedError", "Why"]

Why: TypeAlias = Literal["", "interrupted", "max-time"]


class StoppedError(Exception):
    """A run was stopped before any of its chains was finished."""


@dataclass
class Stop:
    """Asked by a run, block by block, whether it is to end.

    Parameters
    ----------
    seconds
        After how many it is to end by itself; never by default.
    """

    seconds: float | None = None
    _asked: Event = field(default_factory=Event, init=False, repr=False)
    _begun: float = field(default_factory=time.monotonic, init=False, repr=False)

    def interrupt(self) -> None:
        """Ask the run to end."""
        self._asked.set()

    @property
    def why(self) -> Why:
        """Why the run is to end; '' while it is not."""
        if self._asked.is_set():
            return "interrupted"
        return "max-time" if self.left is not None and self.left <= 0 else ""

    @property
    def left(self) -> float | None:
        """Seconds that are left, where they are limited."""
        if self.seconds is None:
            return None
        return self.seconds - (time.monotonic() - self._begun)

    def check(self) -> None:
        """End the chain that is being drawn, if the run is to end.

        Raises
        ------
        StoppedError
            It is.
        """
        if self.why:
            raise StoppedError(self.why)
