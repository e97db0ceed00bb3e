"""How commands print what they found: for the terminal, as Markdown, JSON or CSV."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Option
from uncertain_scale.cli.encoding import (
    cut_for_stdout,
    json_for_stdout,
    page_for_stdout,
    text_for_stdout,
)
from uncertain_scale.cli.record import typed_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.html.parts import Background
    from uncertain_scale.sampling import Design

    Blocks = Callable[[Document], Iterable[Block]]

__all__ = ["Form", "Format", "PageForm", "PageFormat", "Probs", "behind", "present", "saves"]


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


_FORM = Option("How to print it.", None, "--format", replay="dropped")
PageForm = Annotated[PageFormat, _FORM]
Form = Annotated[Format, _FORM]
Probs = Annotated[list[float], Option("Probability of an interval; repeatable.", "P")]


def saves(files: str) -> Option:
    """Declare the option of the folder that a command writes files to."""
    return Option(f"Also write {files} there.", "DIR", replay="dropped")


def present(
    document: Document,
    form: Format | PageFormat,
    blocks: Blocks,
    csv: Callable[[Document], str],
    *,
    folder: Path | None = None,
    name: str = "",
    keep_csv: bool = False,
    keep: Callable[[str, Path], object] | None = None,
) -> None:
    """Print a document in one of the formats, once it is kept in a folder, if one is wanted.

    Parameters
    ----------
    document, form
        What is printed, and how.
    blocks, csv
        What it says in every format but JSON, and in CSV.
    folder, name, keep_csv
        Where it is kept, as NAME.md, .json, .html and, if that is wanted, .csv.
    keep
        Writes its page and other files into the folder, in the place of these.
    """
    page = ""
    if folder is not None:
        page = _page(document, blocks)
        if keep is not None:
            keep(page, folder)
        else:
            _keep(document, blocks, csv if keep_csv else None, folder / name, page)
    _print(document, form, blocks, csv, page)


def _keep(
    document: Document, blocks: Blocks, csv: Callable[[Document], str] | None, path: Path, page: str
) -> None:
    """Write a document and its page in every format, each with an ending of its own."""
    from uncertain_scale.report.render.markdown import markdown
    from uncertain_scale.report.store import as_json, save_texts

    texts = {"md": markdown(blocks(document)), "json": as_json(document) + "\n", "html": page}
    texts |= {} if csv is None else {"csv": csv(document)}
    save_texts({f"{path.name}.{ending}": text for ending, text in texts.items()}, path.parent)


def _print(
    document: Document,
    form: Format | PageFormat,
    blocks: Blocks,
    csv: Callable[[Document], str],
    page: str,
) -> None:
    """Print a document, whose page is drawn if it is not yet."""
    if form == "html":
        typer.echo(page_for_stdout(page or _page(document, blocks)), nl=False)
    elif form == "json":
        from uncertain_scale.report.store import as_json

        typer.echo(json_for_stdout(as_json(document)))
    elif form == "csv":
        typer.echo(csv(document), nl=False)
    elif form == "terminal":
        from rich.console import Console

        from uncertain_scale.report.render.terminal import terminal

        console = Console()
        with console.capture() as printed:
            console.print(terminal(blocks(document), text_for_stdout))
        typer.echo(cut_for_stdout(printed.get()), nl=False)
    else:
        typer.echo(_renderer(form)(blocks(document)), nl=False)


def _renderer(form: str) -> Callable[[Iterable[Block]], str]:
    """Return what writes blocks in a format: the function in `render/` that is named after it."""
    name = {"md": "markdown"}.get(form, form)
    found: Callable[[Iterable[Block]], str]
    found = getattr(import_module(f"uncertain_scale.report.render.{name}"), name)
    return found


def _page(document: Document, blocks: Blocks) -> str:
    """Return a document as a page, with the command that makes it again."""
    from uncertain_scale.report.render.html import html

    return html(blocks(document), document, command=typed_command())


def behind(problem: Problem, design: Design, document: Document) -> Callable[[], Background]:
    """Return what finds out, once, what is behind a report."""

    @cache
    def found() -> Background:
        from uncertain_scale.report.html.parts import background_of

        return background_of(problem, design, document)

    return found
