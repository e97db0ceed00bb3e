"""What Ctrl-C and SIGTERM do, from the program's first words to its last.

While chains are drawn for a report, the first ends them and the answer is that of the chains that
are finished. From the last chain on the answer is finished and written whatever the first one asks
for. A second, and any before there is something to finish, ends the program at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uncertain_scale.sampling.limits import Stop

__all__ = ["INTERRUPTED", "Interrupted", "Interrupts", "end_at_once", "interrupts"]

INTERRUPTED = 130
"""Exit code of a command that was interrupted."""
_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_SOON = 0.01  # seconds


class Interrupted(BaseException):
    """Somebody ended the program; neither click nor the standard library handles it."""


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

        Raises
        ------
        Interrupted
            The program is to end.
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

    def told(self) -> str:
        """Say what is lost now that a signal ended the program."""
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
