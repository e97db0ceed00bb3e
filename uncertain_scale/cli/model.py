"""`uncertain-scale model`: the equations, their graph, and how a variable is reached."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Option
from uncertain_scale.cli.options import RunOptions, with_options
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from uncertain_scale.model import Model, Plan


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
    from uncertain_scale.report.render.csv import csv_equations

    if form is Format.mermaid:
        return model_views.mermaid(model, plan)
    if form is Format.text:
        return "\n".join(model_views.explanation(plan, model, name) for name in plan.outputs)
    steps = model_views.steps_as_data(plan, model)
    if form is Format.json:
        return json.dumps(steps, indent=2)
    return csv_equations(steps) if form is Format.csv else model_views.markdown_equations(steps)


def _equations(model: Model, form: Format) -> str:
    """Return the whole model in one of the formats."""
    from uncertain_scale.report import model_views
    from uncertain_scale.report.render.csv import csv_equations

    if form is Format.mermaid:
        return model_views.mermaid(model)
    equations = model_views.equations_as_data(model)
    if form is Format.json:
        return json.dumps(equations, indent=2)
    if form is Format.csv:
        return csv_equations(equations)
    if form is Format.md:
        return model_views.markdown_equations(equations)
    return model_views.equations_in_words(model)
