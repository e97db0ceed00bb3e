"""Blocks for the terminal: readable at 80 columns, in rich's renderables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from uncertain_scale.errors import printable
from uncertain_scale.report.blocks import Facts, Form, Gap, Heading, Items, Table, Text, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from uncertain_scale.report.blocks import Block


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
            yield _table(block, write)


def _table(block: Table, write: Callable[..., RichText]) -> RichTable:
    padding = (0, 1, 0, 0) if block.tight else (0, 1)
    rule = None if block.open else box.SIMPLE_HEAD
    table = RichTable(box=rule, pad_edge=block.open, padding=padding, expand=block.fill)
    for place, name in enumerate(block.header):
        least, most = block.widths.get(place, (None, None))
        table.add_column(
            write(name),
            justify="left" if place in block.words else "right",
            no_wrap=not block.open,
            overflow="fold" if block.open else "ellipsis",
            min_width=least,
            max_width=most,
            ratio=1 if block.fill and place == len(block.header) - 1 else None,
        )
    for row in block.rows:
        table.add_row(*map(write, row))
    return table


def _text(text: str, style: str = "", *, spell: Callable[[str], str]) -> RichText:
    return RichText(printable(spell(text)), style=style)
