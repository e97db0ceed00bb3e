"""Variables in what a page says: by their labels, with the name beside it where it comes first.

Blocks are made with names, as they are typed; here they are put into words, for all pages alike.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from uncertain_scale.report.blocks import (
    Block,
    Facts,
    Form,
    Heading,
    Items,
    Page,
    Part,
    Table,
    Text,
)
from uncertain_scale.units.labels import label_of, within_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from uncertain_scale.report.document import Document

_PLACES = {"inputs", "outputs", "given", "variables", "series"}  # keys of what is held by name
_WORDS = frozenset({"mfu", "gpus", "pue", "moe", "budget"})  # names that no sentence has as words
# No part of an option, a command, a file, a call, an address or what is quoted.
_NAME = re.compile(
    r"(?<!\w)'[^'\n]*'(?!\w)|(?<![\w./@'\"-])(?<!set )(?<!free )[A-Za-z]\w*(?![\w/(='\"-]|\.\w)"
)


@cache
def _shipped() -> frozenset[str]:
    from uncertain_scale.inputs.catalog import trend_units
    from uncertain_scale.model.model import default_model

    return frozenset({*default_model().variables, *trend_units()})


def names_of(document: Document) -> set[str]:
    """Return the variables of a result and of the built-in model that texts are read for."""
    found, left = set(_shipped()), [cast("Any", document)]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            held = [one for key, one in part.items() if key in _PLACES and isinstance(one, dict)]
            found |= {name for one in held for name in one}
            found |= {part[key] for key in ("goal", "variable") if isinstance(part.get(key), str)}
            left += part.values()
        elif isinstance(part, list) and part and not isinstance(part[0], float):
            left += part
    return found


def spoken(text: str, names: Collection[str], seen: set[str] | None = None) -> str:
    """Return a text with labels for names, and the name behind those that it has first.

    Examples
    --------
    >>> spoken("training_flop is of gpus and hourly_rate", ["training_flop", "gpus"])
    'Training compute (training_flop) is of GPUs and hourly_rate'
    >>> spoken("P(training_flop >= 1e26)", ["training_flop"])
    'P(training compute [training_flop] >= 1e26)'
    """
    known = set() if seen is None else seen

    def label(found: re.Match[str]) -> str:
        name, before = found[0], text[: found.start()]
        if name not in names or not ("_" in name or name in _WORDS):
            return name
        new = name not in known
        known.add(name)
        if before.lower().endswith((f"{label_of(name).lower()} (", f"{label_of(name).lower()}, ")):
            return name
        first = not before.strip() or before.endswith((". ", "! "))
        said = "MFU" if name == "mfu" else label_of(name) if first else within_text(name)
        if not new or name.lower() in said.lower():
            return said
        inside = before.count("(") > before.count(")")
        return f"{said} [{name}]" if inside else f"{said} ({name})"

    return _NAME.sub(label, text)


def in_words(blocks: Iterable[Block], document: Document) -> Iterator[Block]:
    """Yield blocks with labels for the names in their texts, headings and first columns."""
    names = names_of(document)
    seen: dict[Form, set[str]] = {form: set() for form in Form}
    for block in blocks:
        forms = [form for form in Form if form & block.only]
        known = set.intersection(*(seen[form] for form in forms)) if forms else set()
        yield _in_words(block, names, known)
        for form in forms:
            seen[form] |= known


def _in_words(block: Block, names: Collection[str], seen: set[str]) -> Block:
    def say(text: Any) -> Any:
        if isinstance(text, list | tuple):
            return [say(one) for one in text]
        if isinstance(text, dict):  # but what a file says
            return {k: say(one) if k in {"fact", "given"} else one for k, one in text.items()}
        return spoken(text, names, seen) if isinstance(text, str) else text

    match block:
        case Heading(text) | Page(kicker=text):
            field = "text" if isinstance(block, Heading) else "kicker"
            return replace(block, **{field: say(text)})
        case Text(lines) | Items(lines):
            return (
                block if isinstance(block, Text) and block.raw else replace(block, lines=say(lines))
            )
        case Facts(pairs):
            return replace(block, pairs=[(label, say(words)) for label, words in pairs])
        case Part("first" | "observations", values):
            return replace(block, values=say(values))
        case Table():
            return _table(block, names, seen)
    return block


def _table(table: Table, names: Collection[str], seen: set[str]) -> Table:
    """Return a table with labels in front, and a column of names where these are new."""
    header = [spoken(title, names, {*names}) for title in table.header]
    if table.named or tuple(table.header[1:2]) == ("name",):
        seen |= {name for row in table.rows for name in row[1].split("+")}
        return replace(table, header=header)
    first = [row[0].split(", ") for row in table.rows]
    if not first or any(name not in names for cells in first for name in cells):
        rows = [(spoken(row[0], names, seen), *row[1:]) for row in table.rows]
        return replace(table, header=header, rows=rows)
    labels, rests = [label_of("+".join(cells)) for cells in first], [row[1:] for row in table.rows]
    if seen.issuperset(name for cells in first for name in cells):
        rows = [(label, *rest) for label, rest in zip(labels, rests, strict=True)]
        return replace(table, header=header, rows=rows)
    seen |= {name for cells in first for name in cells}
    typed = ("+".join(cells) for cells in first)
    rows = [(label, name, *rest) for label, name, rest in zip(labels, typed, rests, strict=True)]
    return replace(
        table,
        header=[header[0], "name", *header[1:]],
        rows=rows,
        words=sorted({0, 1, *(place + 1 for place in table.words)}),
        code=[place + 1 for place in table.code],
        drawn=[place + 1 for place in table.drawn],
        widths={place + 1: width for place, width in table.widths.items()},
        named=True,
    )
