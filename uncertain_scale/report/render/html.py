"""Blocks as one self-contained HTML page: no script, no request, light, dark and on paper."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.report.blocks import (
    Figure,
    Form,
    Heading,
    Items,
    Page,
    Part,
    Table,
    Text,
    shown,
)
from uncertain_scale.report.figures.style import styled
from uncertain_scale.report.html.parts import PARTS
from uncertain_scale.report.html.templating import environment, inline
from uncertain_scale.report.numbers import with_powers
from uncertain_scale.report.rows import question_in_words
from uncertain_scale.report.spoken import names_of, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markupsafe import Markup

    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

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
            unnamed = sum(one["id"][1:].isdigit() for one in sections)
            place = block.id or f"s{unnamed + 1}"
            short = block.text if block.short == "" else block.short
            sections.append({"id": place, "title": block.text, "short": short, "body": []})
        else:
            sections[-1]["body"] += _parts(block, sections[-1], number)
    return (
        environment()
        .get_template("page.html")
        .render(
            document=document,
            question=_question(document) if "question" in document else "",
            head=head,
            headline=head.headline if isinstance(head.headline, str) else head.headline(),
            sections=[one for one in sections if one["id"] != "run"],
            record=dict(_record(document)),
            command=command,
            ending=[part for one in sections if one["id"] == "run" for part in one["body"]],
        )
    )


def _question(document: Document) -> str:
    return with_powers(spoken(question_in_words(document), names_of(document)))


def _parts(block: Block, section: dict[str, Any], number: Iterator[int]) -> Iterator[Markup]:
    macros: Any = environment().get_template("macros.html").module
    title = section["title"]
    match block:
        case Text(_, style):
            yield from (macros.text(line, style) for line in block.each)
        case Items(lines):
            yield macros.items(lines)
        case Table(header, rows):
            if not rows:
                return
            before = sum("<table" in part for part in section["body"])
            place = f"{section['id']}-c{before or ''}"
            columns = range(len(header))
            yield macros.table(
                place,
                block.caption or title,
                header,
                rows,
                [k for k in columns if k and k not in block.words],
                wide=[k for k in columns if any(len(row[k]) > _LONG for row in rows)],
                code=block.code,
                seen=bool(block.caption),
                fold=block.fold,
            )
        case Figure(draw, least, zoom, label):
            try:
                drawn = inline(draw(), next(number), least=least, zoom=zoom)
            except DataError:
                return
            yield macros.figure(drawn, label or f"Figure: {title}")
        case Part(macro, values):
            if prepare := PARTS.get(macro):
                values = prepare(number, *values)
            yield getattr(macros, macro)(*values)


def _record(document: Document) -> Iterator[tuple[str, object]]:
    """Yield what was run, with draws or without; of several priors the digest of each by name."""
    if "design" in document:
        yield "Design", document["design"]
        yield "Seed", document["seed"]
        yield "Chains", document["chains"]
        yield "Draws of each", f"{document['draws']:,}"
    yield from ((f"{name} version", one) for name, one in document["versions"].items())
    for name, found in document.get("hashes", {}).items():
        digests = found if isinstance(found, dict) else {name: found}
        yield from ((f"SHA-256 of {one}", digest) for one, digest in digests.items())
