"""Blocks as Markdown, complete: what stands in them is text, whatever it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uncertain_scale.errors import printable
from uncertain_scale.report.blocks import Block, Form, Heading, Items, Table, Text, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def markdown(blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown text, a blank line between them."""
    lines: list[str] = []
    for block in shown(blocks, Form.markdown):
        lines += ["", *_lines(block)] if lines else _lines(block)
    return "\n".join(lines) + "\n"


def plain(text: object) -> str:
    """Return text that Markdown shows as it is: no markup, no link, no cell or line break."""
    folded = printable(" ".join(str(text).split()))
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", folded)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {plain(text)}"
        case Text(_, style):
            mark = "**" if style == "bold" else ""
            texts = (f"{mark}{plain(line)}{mark}" for line in block.each)
            yield from block.each if block.raw else texts
        case Items(lines):
            yield from (f"- {plain(line)}" for line in lines)
        case Table(header, rows):
            yield f"| {' | '.join(map(plain, header))} |"
            yield f"|{'---|' * len(header)}"
            yield from (f"| {' | '.join(map(plain, row))} |" for row in rows)
