"""The limits of a run: the memory that its draws take, its time, and a person who interrupts it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal, TypeAlias

from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from uncertain_scale.sampling.engine import Simulation

_NUMBER = 8
_SHARE = 0.6  # of what is free, so that the machine stays usable
_HELD = 1 << 29  # bytes of draws from which on they are not held unless they are to be kept
_WORKING = 1.25  # times the draws: one output is ordered beside them
_UNKNOWN = 1 << 32

Why: TypeAlias = Literal["", "interrupted", "max-time"]


@dataclass(frozen=True)
class Memory:
    """Bytes that draws take if they are held, and bytes that are free."""

    needed: int
    free: int

    @property
    def fits(self) -> bool:
        """Whether the draws can be held."""
        return self.needed <= _SHARE * self.free

    @property
    def streams(self) -> bool:
        """Whether draws that nobody wants to keep are better not held."""
        return self.needed > min(_HELD, _SHARE * self.free)


def memory_for(simulation: Simulation) -> Memory:
    """Estimate, before anything is drawn, what holding a simulation's draws would take."""
    design = simulation.design
    numbers = design.chains * design.draws * len(simulation.variables)
    return Memory(int(_WORKING * _NUMBER * numbers), _free())


def refuse_to_hold(simulation: Simulation) -> None:
    """Refuse to hold draws that do not fit.

    Raises
    ------
    QuestionError
        With the numbers, and what to do.
    """
    memory = memory_for(simulation)
    if not memory.fits:
        design = simulation.design
        raise QuestionError(
            f"holding {design.chains:,} chains x {design.draws:,} draws of "
            f"{len(simulation.variables)} variables takes {_gib(memory.needed)} and "
            f"{_gib(memory.free)} are free, of which {_SHARE:.0%} may be used; ask for fewer draws "
            "or fewer outputs; the command report without --output, or with --no-draws, holds none"
        )


def refuse_to_pass(simulation: Simulation, chains: int) -> None:
    """Refuse to draw whole chains of which even a few do not fit.

    Parameters
    ----------
    simulation
        What is drawn.
    chains
        How many are held at once.

    Raises
    ------
    QuestionError
        With the numbers, and what to do.
    """
    design = simulation.design
    one = _NUMBER * design.draws * len(simulation.variables)
    needed, free = min(chains, design.chains) * one, _free()
    if needed > _SHARE * free:
        raise QuestionError(
            f"{min(chains, design.chains)} chains of {design.draws:,} draws of "
            f"{len(simulation.variables)} variables are held at once, which takes {_gib(needed)}, "
            f"and {_gib(free)} are free, of which {_SHARE:.0%} may be used; ask for fewer draws a "
            "chain and more chains"
        )


def _gib(size: int) -> str:
    return f"{size / 2**30:,.2f} GiB"


def _free() -> int:
    """Return the bytes of memory that are free, or a guess."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) * 1024, _limit())
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _limit() -> int:
    """Return what a container leaves this process, or a large number."""
    group = Path("/sys/fs/cgroup")
    try:
        most = int((group / "memory.max").read_text(encoding="ascii"))
        return most - int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or "max"
        return 1 << 62


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
