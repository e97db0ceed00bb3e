"""The mark of laws that are solved for their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    _F = TypeVar("_F", bound="Callable[..., object]")

__all__ = ["inverses"]


def inverses(**summaries: str) -> Callable[[_F], _F]:
    """Name the inverses of a law that is a product of powers of positive variables.

    Parameters
    ----------
    **summaries
        What each inverse computes, in a sentence without its full stop, by the inverse's name: the
        argument, and behind two underscores which way to it this is.
    """

    def marked(law: _F) -> _F:
        law.__inverses__ = summaries  # type: ignore[attr-defined]
        return law

    return marked
