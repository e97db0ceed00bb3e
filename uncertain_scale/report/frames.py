"""Tables as rows of text, for any view to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Frame"]


class Frame(NamedTuple):
    """A table: its title, its header and its rows; the first column names a row.

    Parameters
    ----------
    title
        What the table is of.
    header
        A title for each column.
    rows
        A text for each column.
    words
        Which columns, from 0, are words and not numbers, the first aside.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    words: Sequence[int] = ()
