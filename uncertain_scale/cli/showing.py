"""How commands print what they found: for the terminal, as Markdown, JSON or CSV."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.encoding import json_for_stdout, page_for_stdout
from uncertain_scale.cli.record import typed_command
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rich.console import RenderableType

    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model, Question
    from uncertain_scale.report import Document
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.sampling import Design

__all__ = [
    "Form",
    "Format",
    "PageForm",
    "PageFormat",
    "Probs",
    "keep",
    "keep_blocks",
    "report_page",
    "show",
    "show_blocks",
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


def keep(
    document: Document,
    folder: Path | None,
    name: str,
    *,
    markdown: Callable[[Document], str],
    html: Callable[[Document], str],
    csv: Callable[[Document], str] | None = None,
) -> None:
    """Write a document as NAME.md, .json, .html and .csv into a folder, if one is wanted."""
    if folder is not None:
        from uncertain_scale.report.saving import as_json, save_texts

        texts = {f"{name}.md": markdown(document), f"{name}.json": as_json(document) + "\n"}
        texts[f"{name}.html"] = html(document)
        if csv is not None:
            texts[f"{name}.csv"] = csv(document)
        save_texts(texts, folder)


def show(
    document: Document,
    form: Format | PageFormat,
    *,
    terminal: Callable[[Document], RenderableType],
    markdown: Callable[[Document], str],
    csv: Callable[[Document], str],
    html: Callable[[Document], str] | None = None,
) -> None:
    """Print a document in one of the formats.

    Raises
    ------
    QuestionError
        It is to be a page, and there is none for it.
    """
    if form == "html":
        if html is None:
            raise QuestionError(
                "there is no page for this result; --format md, json or csv shows it"
            )
        typer.echo(page_for_stdout(html(document)), nl=False)
    elif form == "json":
        from uncertain_scale.report.saving import as_json

        typer.echo(json_for_stdout(as_json(document)))
    elif form in {"md", "csv"}:
        typer.echo((markdown if form == "md" else csv)(document), nl=False)
    else:
        from rich.console import Console

        from uncertain_scale.report.terminal import steady

        Console().print(terminal(steady(document)))


def keep_blocks(
    document: Document,
    folder: Path | None,
    name: str,
    blocks: Callable[[Document], Iterable[Block]],
    csv: Callable[[Document], str] | None = None,
) -> None:
    """Write a document as NAME.md, .json, .html and .csv into a folder, if one is wanted."""
    if folder is not None:
        from uncertain_scale.report.render.html import html
        from uncertain_scale.report.render.markdown import markdown
        from uncertain_scale.report.saving import as_json, save_texts

        texts = {
            f"{name}.md": markdown(blocks(document)),
            f"{name}.json": as_json(document) + "\n",
            f"{name}.html": html(blocks(document), document, command=typed_command()),
        }
        if csv is not None:
            texts[f"{name}.csv"] = csv(document)
        save_texts(texts, folder)


def show_blocks(
    document: Document,
    form: Format | PageFormat,
    blocks: Callable[[Document], Iterable[Block]],
    csv: Callable[[Document], str],
) -> None:
    """Print a document in one of the formats.

    Parameters
    ----------
    document, form
        What is printed, and how.
    blocks, csv
        What it says in every format but JSON, and in CSV.
    """
    if form == "html":
        from uncertain_scale.report.render.html import html

        page = html(blocks(document), document, command=typed_command())
        typer.echo(page_for_stdout(page), nl=False)
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


def report_page(asked: tuple[Model, Priors, Question], design: Design) -> Callable[[Document], str]:
    """Return what makes the page of the running command's report, and makes it once."""
    pages: list[str] = []

    def page(document: Document) -> str:
        from uncertain_scale.report.html import background_of, html_report

        if not pages:
            behind = background_of(*asked, design, document)
            pages.append(html_report(document, behind, command=typed_command()))
        return pages[0]

    return page
