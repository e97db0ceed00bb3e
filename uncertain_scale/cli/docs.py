"""`uncertain-scale docs`: the pages of the documentation, as they are written."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from uncertain_scale.cli.command import Argument
from uncertain_scale.cli.output import cut_for_stdout, text_for_stdout
from uncertain_scale.errors import QuestionError, nearest

_NOT_TO_READ = {"api", "index"}  # made of docstrings, which `help` shows; a list of the others


def docs(
    topic: Annotated[
        str | None, Argument("A page, such as budget; without one they are listed.", "[TOPIC]")
    ] = None,
) -> None:
    """Print a page of the documentation, or list the pages.

    Laid out on a terminal, and as Markdown where the output goes elsewhere.

    Example: uncertain-scale docs budget
    """
    pages = _pages()
    if topic is None:
        width = max(map(len, pages))
        titles = {name: page.partition("\n")[0].removeprefix("# ") for name, page in pages.items()}
        typer.echo("\n".join(f"{name:<{width}}  {title}" for name, title in titles.items()))
        return
    name = topic.removesuffix(".md")
    if name not in pages:
        raise QuestionError(f"page '{topic[:60]}' is unknown; {nearest(name, pages)}")
    page = text_for_stdout(pages[name])
    if not sys.stdout.isatty():
        typer.echo(page, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.capture() as printed:
        console.print(Markdown(page, hyperlinks=False))
    typer.echo(cut_for_stdout(printed.get()), nl=False)


def _pages() -> dict[str, str]:
    """Return the texts of the pages by topic."""
    from uncertain_scale.inputs.catalog import shipped_folder

    paths = sorted(shipped_folder("docs").glob("*.md"))
    pages = {path.stem: path.read_text(encoding="utf-8") for path in paths}
    return {name: page for name, page in pages.items() if name not in _NOT_TO_READ}
