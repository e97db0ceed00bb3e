"""Results as blocks: a subject yields what a page says, once; the renderers say how.

A block stands in the forms that it names, by default in the terminal, in Markdown and in HTML.
Texts are plain text: each renderer escapes them in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Flag, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure as Drawing


class Form(Flag):
    """A form that blocks are rendered in; the long ones have room for everything."""

    terminal = auto()
    markdown = auto()
    html = auto()
    notebook = auto()
    full = markdown | html
    brief = terminal | notebook


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a page, and the forms that it stands in."""

    only: Form = Form.terminal | Form.full


@dataclass(frozen=True)
class Page(Block):
    """The head of a page of its own: its title, the question, the answer in a sentence.

    Parameters
    ----------
    headline, run
        The answer, or what writes it, and how it was computed.
    kicker, title
        The question, and the name of the page; by default both are made of what was given.
    about
        A line below the headline; the scenario by default.
    """

    headline: str | Callable[[], str]
    run: str
    kicker: str
    title: str = ""
    about: str | None = None
    only: Form = field(default=Form.html, kw_only=True)


@dataclass(frozen=True)
class Heading(Block):
    """The start of a section; a page links to it by its text or a shorter one, but not by None."""

    text: str
    level: int = 2
    short: str | None = field(default="", kw_only=True)
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Text(Block):
    """A paragraph of some lines.

    Parameters
    ----------
    lines
        The lines, in the order in which they stand.
    style
        "bold", "dim" (the small print), "how" (an explanation) or "".
    indent
        Columns that the terminal moves it in.
    raw
        Whether it is taken as it is: with names for labels, and unescaped by Markdown.
    """

    lines: str | Sequence[str]
    style: str = ""
    indent: int = field(default=0, kw_only=True)
    raw: bool = field(default=False, kw_only=True)

    @property
    def each(self) -> Sequence[str]:
        """The lines, also where there is one."""
        return [self.lines] if isinstance(self.lines, str) else self.lines


@dataclass(frozen=True)
class Items(Block):
    """A list; `mark` leads each line where there are no bullets."""

    lines: Sequence[str]
    mark: str = ""


@dataclass(frozen=True)
class Table(Block):
    """A table; the first column names a row.

    Parameters
    ----------
    header, rows
        A text for each column.
    words
        Which columns, from 0, are words and not numbers.
    caption
        What it shows; by default the heading before it says so.
    code
        Which columns HTML shows letter by letter.
    fold
        The summary under which it is folded away in HTML and in notebooks.
    tight, open
        Whether the terminal puts one blank between columns, not two; whether it draws no rule, and
        breaks what is long.
    named
        Whether its first two columns are labels and the names that are typed for them: a terminal
        breaks the labels before it drops what is drawn, and drops names before it breaks figures.
    drawn
        Which columns are bars or shapes, which the terminal narrows before it breaks another.
    widths
        The least characters of a column in the terminal, where there is room.
    fill
        Whether its last column takes the rest of the terminal's line, and is cut there.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = (0,)
    caption: str = field(default="", kw_only=True)
    code: Sequence[int] = field(default=(), kw_only=True)
    fold: str = field(default="", kw_only=True)
    tight: bool = field(default=False, kw_only=True)
    open: bool = field(default=False, kw_only=True)
    named: bool = field(default=False, kw_only=True)
    drawn: Sequence[int] = field(default=(), kw_only=True)
    widths: Mapping[int, int] = field(default_factory=dict, kw_only=True)
    fill: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Facts(Block):
    """Lines with a label before each, in the terminal."""

    pairs: Sequence[tuple[str, str]]
    only: Form = field(default=Form.terminal, kw_only=True)


@dataclass(frozen=True)
class Figure(Block):
    """A figure, drawn where it is shown; left out where its data allow none.

    Parameters
    ----------
    draw
        Draws it; a `DataError` says that there is nothing to draw.
    least, zoom
        As in `uncertain_scale.report.html.templating`.
    label
        What it shows; by default the heading before it says so.
    """

    draw: Callable[[], Drawing]
    least: float = 0.0
    zoom: float = 1.3
    label: str = ""
    only: Form = field(default=Form.html, kw_only=True)


@dataclass(frozen=True)
class Part(Block):
    """A part that only HTML has: a macro of `macros.html`, and what it is of.

    Parameters
    ----------
    macro
        Its name; what makes the arguments of some is in `uncertain_scale.report.html.parts`.
    values
        What they are made of, or else the arguments themselves.
    """

    macro: str
    values: Sequence[Any]
    only: Form = field(default=Form.html, kw_only=True)


@dataclass(frozen=True)
class Gap(Block):
    """A blank line."""

    only: Form = field(default=Form.terminal, kw_only=True)


def shown(blocks: Iterable[Block], form: Form) -> Iterator[Block]:
    """Yield the blocks that stand in a form, or in one of several, and in no other."""
    for block in blocks:
        if only := block.only & form:
            yield replace(block, only=only)
