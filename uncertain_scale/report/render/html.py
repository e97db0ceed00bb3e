"""Blocks as one self-contained HTML page: no script, no request, light, dark and on paper."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from uncertain_scale.errors import DataError
from uncertain_scale.report.blocks import (
    Form,
    Figure,
    Heading,
    Items,
    Page,
    Part,
    Table,
    Text,
    shown,
)
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.style import styled
from uncertain_scale.report.html.inline import inline
from uncertain_scale.report.html.templating import environment
from uncertain_scale.report.rows import question_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

__all__ = ["html"]

_LONG = 22  # characters, beyond which words take several lines


@styled
def html(blocks: Iterable[Block], document: Document, *, command: str = "") -> str:
    """Return blocks as a page, with the record of the run.

    Parameters
    ----------
    blocks
        A `Page` and what stands on it. What follows a heading of id "run" ends the record.
    document
        What the blocks were made of.
    command
        The command line that makes it again.
    """
    number = count(1)
    sections: list[dict[str, Any]] = []
    for block in shown(blocks, Form.html):
        if isinstance(block, Page):
            head = block
        elif isinstance(block, Heading):
            place = block.id or f"s{len([one for one in sections if one['id'][1:].isdigit()]) + 1}"
            short = block.short or block.text
            sections.append({"id": place, "title": block.text, "short": short, "body": []})
        else:
            sections[-1]["body"] += _parts(block, sections[-1], number)
    return (
        environment()
        .get_template("blocks.html")
        .render(
            document=document,
            question=with_powers(question_in_words(document)) if "question" in document else "",
            head=head,
            headline=head.headline if isinstance(head.headline, str) else head.headline(),
            sections=[one for one in sections if one["id"] != "run"],
            record=dict(_record(document)),
            command=command,
            ending=[part for one in sections if one["id"] == "run" for part in one["body"]],
        )
    )


def _parts(block: Block, section: dict[str, Any], number: Iterator[int]) -> Iterator[Markup]:
    macros = environment().get_template("macros.html").module
    match block:
        case Text(lines, style):
            for line in [lines] if isinstance(lines, str) else lines:
                yield macros.text(line, style)  # type: ignore[attr-defined]
        case Items(lines):
            yield macros.items(lines)  # type: ignore[attr-defined]
        case Table():
            if block.rows:
                tables = sum("<table" in part for part in section["body"])
                place = f"{section['id']}-c{tables or ''}"
                yield _table(block, place, section["title"])
        case Figure(draw, least, zoom):
            try:
                drawn = inline(draw(), next(number), least=least, zoom=zoom)
            except DataError:
                return
            yield macros.figure(drawn, f"Figure: {section['title']}")  # type: ignore[attr-defined]
        case Part(macro, values):
            yield getattr(macros, macro)(*values(number))


def _table(block: Table, place: str, title: str) -> Markup:
    columns = range(len(block.header))
    wide = [k for k in columns if any(len(row[k]) > _LONG for row in block.rows)]
    module = environment().get_template("macros.html").module
    found = module.table(  # type: ignore[attr-defined]
        place,
        block.caption or title,
        block.header,
        block.rows,
        [k for k in columns if k and k not in block.words],
        wide=wide,
        code=block.code,
        seen=bool(block.caption),
    )
    return Markup(found)  # noqa: S704 (a template's)


def _record(document: Document) -> Iterator[tuple[str, object]]:
    """Yield what was run; where there are several priors, the digest of each by its name."""
    yield "Design", document["design"]
    yield "Seed", document["seed"]
    yield "Chains", document["chains"]
    yield "Draws of each", f"{document['draws']:,}"
    yield from ((f"{name} version", one) for name, one in document["versions"].items())
    for name, found in document["hashes"].items():
        digests = found if isinstance(found, dict) else {name: found}
        yield from ((f"SHA-256 of {one}", digest) for one, digest in digests.items())
