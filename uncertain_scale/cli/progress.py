"""A progress bar on stderr, for people who watch a run that takes over a second."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from uncertain_scale.cli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress

    from uncertain_scale.sampling import Design

__all__ = ["PATIENCE", "Bar", "length"]

PATIENCE = 1.0
"""Seconds after which it appears."""


class Bar:
    """A bar that appears after a second, and only where stderr is a terminal."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._state = (0.0, 1.0, "")
        self._start = (0.0, time.monotonic())  # of the work at hand: what was done when
        self._pace: float | None = None  # seconds for a unit
        self._shown: Progress | None = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Bar:  # noqa: PYI034 (mypy's target is 3.11's own Self, which reads no better)
        interrupts.begun()
        if self._watched:
            self._timer = threading.Timer(PATIENCE, self._appear)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            interrupts.drawn()
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._watched = False
            if self._shown is not None:
                self._shown.stop()

    def show(self, done: float, total: float, text: str) -> None:
        """Say how far a run is.

        Parameters
        ----------
        done, total
            In any units, such as draws.
        text
            What is being done.
        """
        with self._lock:
            if total != self._state[1]:
                self._start = (done, time.monotonic())
            elif done > self._start[0]:
                self._pace = (time.monotonic() - self._start[1]) / (done - self._start[0])
            self._state = (done, total, text)
            self._refresh()

    def chains_of(self, design: Design) -> Callable[[int], None]:
        """Return what shows how many chains of a run are finished."""
        return self._counting(design.chains, lambda done: f"{done} chains x {design.draws:,} draws")

    def counting(self, total: int, noun: str, before: int = 0) -> Callable[[int], None]:
        """Return what shows how many of some things are finished.

        Parameters
        ----------
        total, noun
            How many there are, and what.
        before
            Those that were finished when the counting began.
        """
        counted = self._counting(total, lambda done: f"{done} {noun}")

        def show(done: int) -> None:
            counted(before + done)

        show(0)
        return show

    def _counting(self, total: int, words: Callable[[str], str]) -> Callable[[int], None]:
        def show(done: int) -> None:
            if done == total:
                interrupts.drawn()
            self.show(done, total, words(f"{done:,} of {total:,}"))

        return show

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        with self._lock:
            if not self._watched:
                return
            self._shown = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=12),
                TextColumn("{task.fields[left]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown.add_task("", total=None, left="")
            self._refresh()
            self._shown.start()

    def _refresh(self) -> None:
        if self._shown is None:
            return
        done, total, text = self._state
        task = self._shown.task_ids[0]
        self._shown.update(
            task, description=text, completed=done, total=total, left=self._left(done, total)
        )

    def _left(self, done: float, total: float) -> str:
        if self._pace is None or done >= total:
            return ""
        return f"{length(self._pace * (total - done))} left"


def length(seconds: float) -> str:
    """Write a length of time.

    Examples
    --------
    >>> length(5.2), length(90), length(7200)
    ('6 s', '2 min', '2.0 h')
    """
    if seconds < 60:
        return f"{int(seconds) + 1} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
