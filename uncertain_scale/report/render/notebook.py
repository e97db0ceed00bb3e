"""Blocks for notebooks: plain tables without script, style sheet or picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from uncertain_scale.report.blocks import Form, Items, Table, Text, shown
from uncertain_scale.report.html.templating import linked, worded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uncertain_scale.report.blocks import Block

__all__ = ["notebook"]

_TAGS = {"bold": "strong", "dim": "small"}


def notebook(blocks: Iterable[Block]) -> str:
    """Return blocks as HTML that reads the same wherever notebooks are shown."""
    parts = [part for block in shown(blocks, Form.notebook) for part in _parts(block)]
    return str(Markup("<div>{}</div>").format(Markup("\n").join(parts)))


def _parts(block: Block) -> Iterator[Markup]:
    match block:
        case Text(_, style):
            yield from (_line(line, _TAGS.get(style, "span")) for line in block.each)
        case Items(lines, mark):
            yield from (_line(mark + line, "span") for line in lines)
        case Table(header, rows):
            head = Markup('<th scope="col">{}</th>')
            heads = Markup().join(head.format(worded(name)) for name in header)
            cited = [place for place, name in enumerate(header) if name == "source"]
            body = Markup("\n").join(_row(row, cited) for row in rows)
            table = Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table>").format(
                heads, body
            )
            folded = Markup("<details><summary>{}</summary>{}</details>")
            yield folded.format(block.fold, table) if block.fold else table


def _line(text: str, tag: str) -> Markup:
    return Markup("<p><{0}>{1}</{0}></p>").format(Markup(tag), worded(text))  # noqa: S704 (ours)


def _row(row: Iterable[str], cited: list[int]) -> Markup:
    cells = (linked(one) if k in cited else escape(worded(one)) for k, one in enumerate(row))
    return Markup("<tr>{}</tr>").format(Markup().join(map(Markup("<td>{}</td>").format, cells)))
