"""A run as people watch it and end it: its progress bar, Ctrl-C and SIGTERM.

While chains are drawn for a report, the first signal ends them and the answer is that of the chains
that are finished. From the last chain on the answer is finished and written whatever the first one
asks for. A second, and any before there is something to finish, ends the program at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from uncertain_scale.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from rich.progress import Progress

    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.limits import Stop

PATIENCE = 1.0
"""Seconds after which a bar appears."""
INTERRUPTED = 130
"""Exit code of a command that was interrupted."""
_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_SOON = 0.01  # seconds


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
        """Show how far a run is, in any units such as draws, and what is being done."""
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
        """Return what shows how many things are finished, besides those finished before."""
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


class Interrupts:
    """The state of the running command that decides what the next signal does."""

    def __init__(self) -> None:
        self._stop: Stop | None = None
        self._drawn = False
        self._asked = False  # for the first time
        self._writing = False
        self.folder: Path | None = None

    def listen(self) -> None:
        """Handle signals from now on, in a program that has just begun."""
        for number in _NUMBERS:
            signal.signal(number, self.handle)
        before = sys.unraisablehook

        def again(found: Any) -> None:
            """Send once more what came where Python lets no exception out, as in a finalizer."""
            if isinstance(found.exc_value, Interrupted):
                threading.Timer(_SOON, signal.raise_signal, (signal.SIGINT,)).start()
            else:
                before(found)

        sys.unraisablehook = again

    def handle(self, number: int, frame: Any) -> None:  # noqa: ARG002 (as signals are handled)
        """Do what a signal asks for now.

        Raises Interrupted: the program is to end.
        """
        if self._writing:
            return
        if self._asked or not (self._drawn or self._stop):
            raise Interrupted
        self._asked = True
        if self._drawn or self._stop is None:
            _say("finishing: all is drawn, and the answer is written; Ctrl-C again ends at once")
        else:
            self._stop.interrupt()

    @contextmanager
    def drawing(self, stop: Stop) -> Iterator[None]:
        """Let the first signal end what is drawn in a block, with what there is."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def begun(self) -> None:
        """Let the first signal end what is begun now."""
        self._drawn = False

    def drawn(self) -> None:
        """Let the first signal from now on wait until the answer is written."""
        self._drawn = True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hear no signal in a block that is over in a moment."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    def message(self) -> str:
        """Return what is lost now that a signal ended the program."""
        if not self._drawn and not self._asked:
            return "interrupted: there is no answer yet"
        lost = "ended at once: the answer is lost"
        if self.folder is None:
            return lost
        from uncertain_scale.report.checkpoint import CHECKPOINT

        if (self.folder / CHECKPOINT).is_file():
            return f"{lost}; --resume {self.folder} goes on from the last checkpoint"
        return f"{lost}, and {self.folder} is as it was"

    def leave(self, code: int) -> None:
        """Let a signal end the program at once with its own exit code, since all is done."""
        for number in _NUMBERS:
            signal.signal(number, lambda *_: end_at_once(code))


def end_at_once(code: int) -> NoReturn:
    """End the program without waiting for threads that are at their last draws."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, RuntimeError):  # which may be in the middle of a word
            stream.flush()
    os._exit(code)


interrupts = Interrupts()
"""Those of this process: signals are its own, too."""


def _say(text: str) -> None:
    """Write a line to stderr, whatever the stream is in the middle of."""
    with contextlib.suppress(OSError, ValueError):
        os.write(2, f"{text}\n".encode("ascii", "replace"))
