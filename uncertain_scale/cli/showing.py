"""How commands print what they found: for the terminal, as Markdown, JSON or CSV."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.encoding import json_for_stdout, page_for_stdout
from uncertain_scale.cli.record import typed_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.html import Background
    from uncertain_scale.sampling import Design

__all__ = [
    "Form",
    "Format",
    "PageForm",
    "PageFormat",
    "Probs",
    "behind",
    "keep",
    "page",
    "show",
]


class Format(StrEnum):
    """How a result is written."""

    terminal = "terminal"
    md = "md"
    json = "json"
    csv = "csv"


class PageFormat(StrEnum):
    """How a result is written that is a page of its own, too."""

    terminal = "terminal"
    md = "md"
    json = "json"
    csv = "csv"
    html = "html"


PageForm = Annotated[PageFormat, typer.Option("--format", help="How to print it.")]
Form = Annotated[Format, typer.Option("--format", help="How to print it.")]
Probs = Annotated[
    list[float], typer.Option(help="Probability of an interval; repeatable.", metavar="P")
]


def page(document: Document, blocks: Callable[[Document], Iterable[Block]]) -> str:
    """Return a document as a page, with the command that makes it again."""
    from uncertain_scale.report.render.html import html

    return html(blocks(document), document, command=typed_command())


def keep(
    document: Document,
    folder: Path | None,
    name: str,
    blocks: Callable[[Document], Iterable[Block]],
    csv: Callable[[Document], str] | None = None,
) -> str:
    """Write a document as NAME.md, .json, .html and .csv into a folder, if one is wanted.

    Returns the page, "" where none was drawn.
    """
    if folder is None:
        return ""
    from uncertain_scale.report.render.markdown import markdown
    from uncertain_scale.report.saving import as_json, save_texts

    drawn = page(document, blocks)
    texts = {
        f"{name}.md": markdown(blocks(document)),
        f"{name}.json": as_json(document) + "\n",
        f"{name}.html": drawn,
    }
    if csv is not None:
        texts[f"{name}.csv"] = csv(document)
    save_texts(texts, folder)
    return drawn


def show(
    document: Document,
    form: Format | PageFormat,
    blocks: Callable[[Document], Iterable[Block]],
    csv: Callable[[Document], str],
    drawn: str = "",
) -> None:
    """Print a document in one of the formats.

    Parameters
    ----------
    document, form
        What is printed, and how.
    blocks, csv
        What it says in every format but JSON, and in CSV.
    drawn
        Its page, where that was drawn already.
    """
    if form == "html":
        typer.echo(page_for_stdout(drawn or page(document, blocks)), nl=False)
    elif form == "json":
        from uncertain_scale.report.saving import as_json

        typer.echo(json_for_stdout(as_json(document)))
    elif form == "csv":
        typer.echo(csv(document), nl=False)
    elif form == "md":
        from uncertain_scale.report.render.markdown import markdown

        typer.echo(markdown(blocks(document)), nl=False)
    else:
        from rich.console import Console

        from uncertain_scale.report.render.terminal import terminal

        Console().print(terminal(blocks(document)))


def behind(problem: Problem, design: Design, document: Document) -> Callable[[], Background]:
    """Return what finds out, once, what is behind a report."""

    @cache
    def found() -> Background:
        from uncertain_scale.report.html import background_of

        return background_of(problem, design, document)

    return found
