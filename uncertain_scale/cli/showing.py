"""How commands print what they found: for the terminal, as Markdown or as JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import RenderableType

    from uncertain_scale.report import Document

__all__ = ["Form", "Format", "Probs", "keep", "show"]


class Format(StrEnum):
    """How a result is written."""

    terminal = "terminal"
    md = "md"
    json = "json"


Form = Annotated[Format, typer.Option("--format", help="How to print it.")]
Probs = Annotated[
    list[float], typer.Option(help="Probability of an interval; repeatable.", metavar="P")
]


def keep(
    document: Document, folder: Path | None, name: str, *, markdown: Callable[[Document], str]
) -> None:
    """Write a document as NAME.md and NAME.json into a folder, where one is wanted."""
    if folder is not None:
        from uncertain_scale.report.saving import as_json, save_texts

        texts = {f"{name}.md": markdown(document), f"{name}.json": as_json(document) + "\n"}
        save_texts(texts, folder)


def show(
    document: Document,
    form: Format,
    *,
    terminal: Callable[[Document], RenderableType],
    markdown: Callable[[Document], str],
) -> None:
    """Print a document in one of the formats."""
    if form is Format.json:
        from uncertain_scale.report.saving import as_json

        typer.echo(as_json(document))
    elif form is Format.md:
        typer.echo(markdown(document), nl=False)
    else:
        from rich.console import Console

        Console().print(terminal(document))
