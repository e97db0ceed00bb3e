"""`uncertain-scale model`: the equations, their graph, and how a variable is reached."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.options import RunOptions, with_run_options

if TYPE_CHECKING:
    from uncertain_scale.model import Model

__all__ = ["model"]


class Format(StrEnum):
    """How the model is written."""

    text = "text"
    mermaid = "mermaid"
    json = "json"


@with_run_options
def model(
    options: RunOptions,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.text,
    explain: Annotated[
        str | None,
        typer.Option(help="Tell how a question reaches this variable.", metavar="NAME"),
    ] = None,
) -> None:
    """Print the equations with units and sources, or how a question uses them.

    Example: uncertain-scale model --budget 100M --explain training_flop
    """
    from uncertain_scale.model import default_model, solve
    from uncertain_scale.report import model_views

    if explain is None and not options.asks():
        whole = default_model().extended(*options.equations)
        typer.echo(_whole(whole, form))
        return
    whole, priors, question = replace(options, outputs=explain or options.outputs).prepare()
    plan = solve(whole, priors, question)
    if form is Format.mermaid:
        typer.echo(model_views.mermaid(whole, plan))
    else:
        typer.echo("\n".join(model_views.explanation(plan, whole, name) for name in plan.outputs))


def _whole(model: Model, form: Format) -> str:
    """Return the whole model in one of the formats."""
    from uncertain_scale.report import model_views

    if form is Format.mermaid:
        return model_views.mermaid(model)
    if form is Format.json:
        return json.dumps(model_views.equations_as_data(model), indent=2)
    return model_views.equations_in_words(model)
