"""`uncertain-scale model`, `chips` and `docs`: what is shipped, to be read.

The equations with their graph, and how a variable is reached; the catalogue of chips, all of it or
one chip with its sources; the pages of the documentation, as they are written.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import RunOptions, with_options
from uncertain_scale.cli.output import Form, cut_for_stdout, present, text_for_stdout
from uncertain_scale.cli.output import Format as Written
from uncertain_scale.errors import DataError, QuestionError, nearest

if TYPE_CHECKING:
    from uncertain_scale.model import Model, Plan

app = typer.Typer(invoke_without_command=True, add_completion=False)
_NOT_TO_READ = {"api", "index"}  # made of docstrings, which `help` shows; a list of the others


class Format(StrEnum):
    """How the model is written."""

    text = "text"
    md = "md"
    json = "json"
    csv = "csv"
    mermaid = "mermaid"
    squiggle = "squiggle"


@with_options
def model(
    options: RunOptions,
    form: Annotated[
        Format, Option("How to print it.", None, "--format", replay="dropped")
    ] = Format.text,
    explain: Annotated[
        str | None,
        Option("Tell how a question reaches this variable.", "NAME"),
    ] = None,
) -> None:
    """Print the equations with units and sources, or how a question uses them.

    --format squiggle writes the question as a model in Squiggle.

    Example: uncertain-scale model --budget 100M --explain training_flop
    """
    from uncertain_scale.model.model import OwnEquations

    if form is Format.squiggle and not (explain or options.asks()):
        raise QuestionError("--format squiggle writes a question; ask one, such as --budget 100M")
    if explain is None and not options.asks():
        named = options.scenario or options.priors
        own = OwnEquations.read(options.equations)
        shown = options.read()[0] if named else own.listed()
        typer.echo(_equations(shown, form), nl=form is not Format.csv)
        return
    problem = replace(options, outputs=explain or options.outputs).prepare()
    if form is Format.squiggle:
        from uncertain_scale.report.squiggle import squiggle_model

        typer.echo(squiggle_model(problem))
        return
    typer.echo(_derivation(problem.model, problem.plan, form), nl=form is not Format.csv)


def _derivation(model: Model, plan: Plan, form: Format) -> str:
    """Return how a question is answered in one of the formats."""
    from uncertain_scale.report import model_views

    if form is Format.mermaid:
        return model_views.mermaid(model, plan)
    if form is Format.text:
        return "\n".join(model_views.explanation(plan, model, name) for name in plan.outputs)
    return _as_data(model_views.steps_as_data(plan, model), form)


def _equations(model: Model, form: Format) -> str:
    """Return the whole model in one of the formats."""
    from uncertain_scale.report import model_views

    if form is Format.mermaid:
        return model_views.mermaid(model)
    if form is Format.text:
        return model_views.equations_in_words(model)
    return _as_data(model_views.equations_as_data(model), form)


def _as_data(equations: dict[str, Any], form: Format) -> str:
    """Return equations that are plain data in a format that other programs read."""
    from uncertain_scale.report.model_views import markdown_equations
    from uncertain_scale.report.render.csv import csv_equations

    if form is Format.json:
        return json.dumps(equations, indent=2)
    return csv_equations(equations) if form is Format.csv else markdown_equations(equations)


@app.callback()
def chips(context: typer.Context, form: Form = Written.terminal) -> None:
    """List the chips of the catalogue: peaks, memory, power, rents and prices.

    Example: uncertain-scale chips show GB300
    """
    if context.invoked_subcommand is not None:
        return
    from uncertain_scale.inputs.chips import chips as catalogue
    from uncertain_scale.report.chips_report import chips_document

    present("chips", chips_document(catalogue().values()), form)


@app.command()
def show(
    chip: Annotated[str, Argument("A chip, such as GB300.", "CHIP")],
    form: Form = Written.terminal,
) -> None:
    """Show one chip, each figure with its source.

    Example: uncertain-scale chips show GB300
    """
    from uncertain_scale.inputs.chips import find_chip
    from uncertain_scale.report.chips_report import chips_document

    try:
        found = find_chip(chip)
    except DataError as error:
        raise QuestionError(f"{error} (`uncertain-scale chips` lists them)") from None
    present("chip", chips_document([found]), form)


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
