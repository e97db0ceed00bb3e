"""Parts of the page that move their own widgets without hearing themselves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Quiet"]


class Quiet:
    """A part that listens to its widgets but for a while."""

    _quiet = False

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Hear nothing until the end; a while within another ends with the outer one."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before
