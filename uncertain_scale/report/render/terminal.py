"""Blocks for the terminal: readable at 80 columns, in rich's renderables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from uncertain_scale.errors import printable
from uncertain_scale.report.blocks import Facts, Form, Gap, Heading, Items, Table, Text, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from uncertain_scale.report.blocks import Block

_HEIGHTS = " ─▁▂▃▄▅▆▇█●"
_LEAST_LABEL = 12
_LEAST_DRAWN, _LEAST_CUT, _LEAST_FOLDED = 4, 8, 4  # characters of a column that gives way


def terminal(blocks: Iterable[Block], spell: Callable[[str], str] = str) -> RenderableType:
    """Return blocks as something that rich can print; no text in them can steer a terminal.

    `spell` writes a text in the characters that the terminal has, before it is laid out: some take
    more room in others.
    """
    write = partial(_text, spell=spell)
    return Group(*(part for block in shown(blocks, Form.terminal) for part in _parts(block, write)))


def _parts(block: Block, write: Callable[..., RichText]) -> Iterator[RenderableType]:
    match block:
        case Gap():
            yield RichText()
        case Heading(text):
            yield write(text, "bold")
        case Text(_, style):
            for line in block.each:
                shaped = write(line, style)
                yield Padding(shaped, (0, 0, 0, block.indent)) if block.indent else shaped
        case Items(lines, mark):
            yield from (Padding(write(mark + line), (0, 0, 0, 1)) for line in lines)
        case Facts(pairs):
            grid = RichTable.grid(padding=(0, 1, 0, 0))
            grid.add_column(width=12, overflow="fold")
            grid.add_column(overflow="fold")
            for label, words in pairs:
                grid.add_row(write(label, "dim"), write(words))
            yield grid
        case Table():
            yield _Table(block, write)


@dataclass(frozen=True)
class _Table:
    """A table that is laid out for the width it is printed at."""

    block: Table
    write: Callable[..., RichText]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table with columns that fit."""
        block, write = self.block, self.write
        natural = [_width(block, place) for place in range(len(block.header))]
        rules = 0 if block.open else len(natural) + 1
        inner = 0 if block.open else 1  # whether its edges have no padding
        for left in (0,) if block.tight else (1, 0):
            edges = inner * (left + 1)
            room = options.max_width - rules - len(natural) * (left + 1) + edges
            if sum(_given_way(block, natural)) <= room:
                break
        widths = fitted(block, natural, room)
        table = RichTable(
            box=None if block.open else box.SIMPLE_HEAD,
            pad_edge=block.open,
            padding=(0, 1, 0, left),
            expand=block.fill,
        )
        for place, name in enumerate(block.header):
            if not widths[place]:
                continue
            cut = block.fill and place == len(block.header) - 1
            table.add_column(
                write(name),
                justify="left" if place in block.words else "right",
                no_wrap=cut or place in block.drawn,
                overflow="ellipsis" if cut else "fold",
                min_width=min(block.widths.get(place, 0), widths[place]),
                max_width=_most(widths[place], natural[place], 0 if place else inner * left),
                ratio=1 if cut else None,
                style="dim" if block.named and place == 1 else "",
            )
        for row in block.rows:
            cells = (
                narrowed(cell, natural[place], widths[place]) if place in block.drawn else cell
                for place, cell in enumerate(row)
                if widths[place]
            )
            table.add_row(*map(write, cells))
        yield table
        if block.named and not widths[1] and block.rows:
            typed = ", ".join(row[1] for row in block.rows)
            yield Padding(write(f"typed, in this order: {typed}", "dim"), (0, 0, 0, 1))


def _most(width: int, natural: int, edge: int) -> int | None:
    """Return the limit of a column that is narrowed; rich takes the padding at an edge for room."""
    return width - edge if width < natural else None


def _width(block: Table, place: int) -> int:
    """Return how wide a column is where there is room for it."""
    texts = [block.header[place], *(row[place] for row in block.rows)]
    return max(block.widths.get(place, 0), *map(cell_len, texts))


def _given_way(block: Table, natural: Sequence[int]) -> list[int]:
    """Return the widths of a table's columns, its last one's the least where that is cut."""
    return [*natural[:-1], min(natural[-1], _LEAST_CUT) if block.fill else natural[-1]]


def fitted(block: Table, natural: Sequence[int], room: int) -> list[int]:
    """Return the widths of a table's columns in the room that there is; 0 of one that is left out.

    A column that is cut gives way first, then what is drawn and labels. Words and figures are never
    cut: they break between words, and only where a word alone is too wide within it.
    """
    widths, last = _given_way(block, natural), len(natural) - 1
    labels, names = ((0,), (1,)) if block.named else ((), ())
    words = {
        place: max(
            cell_len(word)
            for text in (block.header[place], *(row[place] for row in block.rows))
            for word in text.split() or [""]
        )
        for place in range(len(natural))
    }
    _narrow(widths, {k: max(_LEAST_DRAWN, cell_len(block.header[k])) for k in block.drawn}, room)
    _narrow(widths, {k: max(words[k], _LEAST_LABEL) for k in labels}, room)
    drawn = {place: widths[place] for place in block.drawn}
    for dropped in (block.drawn, names):
        if sum(widths) > room:
            for place in dropped:
                widths[place] = 0
    if names and not widths[names[0]]:
        for place, width in drawn.items():
            widths[place] = width if sum(widths) + width <= room else widths[place]
    for place in [*labels, *(place for place in drawn if widths[place])]:
        widths[place] += max(min(natural[place] - widths[place], room - sum(widths)), 0)
    others = [k for k, width in enumerate(widths) if width and not (block.fill and k == last)]
    words = {place: words[place] for place in others}
    _narrow(widths, words, room)
    _narrow(widths, {place: _LEAST_FOLDED for place in others if place in block.words}, room)
    _narrow(widths, dict.fromkeys(others, 1), room)
    if block.fill:
        widths[last] = max(min(natural[last], widths[last] + room - sum(widths)), 1)
    return widths


def _narrow(widths: list[int], least: Mapping[int, int], room: int) -> None:
    """Take from the widest of some columns until all fit, or each has its least width."""
    while sum(widths) > room:
        wide = [place for place, limit in least.items() if widths[place] > limit]
        if not wide:
            return
        widths[max(wide, key=lambda place: widths[place])] -= 1


def narrowed(drawing: str, natural: int, width: int) -> str:
    """Return a line of blocks or an interval in fewer characters, each the highest of its part.

    Examples
    --------
    >>> narrowed("  ───●──── ", 12, 6)
    ' ─●── '
    """
    if width >= natural:
        return drawing
    cells = drawing.ljust(natural)
    ends = [place * natural // width for place in range(width + 1)]
    parts = (cells[start:end] for start, end in pairwise(ends))
    return "".join(max(part, key=_HEIGHTS.find) for part in parts)


def _text(text: str, style: str = "", *, spell: Callable[[str], str]) -> RichText:
    return RichText(printable(spell(text)), style=style)
