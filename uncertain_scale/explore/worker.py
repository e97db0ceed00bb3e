"""Work for the latest wish only: what a newer one has overtaken is dropped or broken off."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition, Thread
from typing import TYPE_CHECKING

from uncertain_scale.sampling.limits import Stop, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.explore.explorer import Explorer, Shown
    from uncertain_scale.explore.view import View

__all__ = ["Worker"]


@dataclass(frozen=True)
class _Wish:
    view: View
    settled: bool


class Worker:
    """Answers views in a thread of its own, coarsely first and then fully.

    Parameters
    ----------
    explorer
        What answers.
    tell
        Called in the worker's thread with each answer.

    Notes
    -----
    A hand that drags wishes for more views than can be answered: of those that have piled up the
    latest is answered, coarsely, so that something is always seen to move. The full answer is begun
    once the hand rests, and broken off where it moves again.
    """

    def __init__(self, explorer: Explorer, tell: Callable[[Shown], None]) -> None:
        self._explorer = explorer
        self._tell = tell
        self._news = Condition()
        self._wish: _Wish | None = None
        self._full: Stop | None = None
        self._closed = False
        self._thread = Thread(target=self._work, name="explorer", daemon=True)
        self._thread.start()

    def ask(self, view: View, *, settled: bool) -> None:
        """Wish for a view.

        Parameters
        ----------
        view
            What is to be looked at.
        settled
            Whether the hand rests, so that the full answer is wanted too.
        """
        with self._news:
            self._wish = _Wish(view, settled)
            if self._full is not None:
                self._full.interrupt()
            self._news.notify()

    def close(self) -> None:
        """End the thread; what it is at is broken off."""
        with self._news:
            self._closed = True
            if self._full is not None:
                self._full.interrupt()
            self._news.notify()

    def _work(self) -> None:
        coarse: View | None = None
        while True:
            with self._news:
                while self._wish is None and not self._closed:
                    self._news.wait()
                if self._closed or self._wish is None:
                    return
                wish, self._wish = self._wish, None
            if wish.view != coarse:
                shown = self._explorer.show(wish.view, coarse=True)
                coarse = wish.view
                self._tell(shown)
                if not shown.coarse:  # all there is to say, or an error
                    continue
            if wish.settled:
                self._fully(wish)
                coarse = None

    def _fully(self, wish: _Wish) -> None:
        with self._news:
            if self._wish is not None or self._closed:
                return
            stop = self._full = Stop()
        try:
            shown = self._explorer.show(wish.view, stop=stop)
        except StoppedError:
            return
        finally:
            with self._news:
                self._full = None
        self._tell(shown)
