"""`uncertain-scale report`: the interval report for a question."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.options import RunOptions, with_run_options

__all__ = ["Format", "report"]


class Format(StrEnum):
    """How a report is written."""

    terminal = "terminal"
    md = "md"
    json = "json"


@with_run_options
def report(
    options: RunOptions,
    prob: Annotated[
        list[float],
        typer.Option(help="Probability of an interval; repeatable.", metavar="P"),
    ] = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.terminal,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write report.md, report.json and draws.nc there.", metavar="DIR"),
    ] = None,
) -> None:
    """Answer a question, such as what 100M USD buy, with intervals.

    Example: uncertain-scale report --budget 100M --gpus 25k
    """
    from uncertain_scale.report import report_document
    from uncertain_scale.report.saving import save_report

    tree = options.run()
    document = report_document(tree, probs=prob)
    if output is not None:
        save_report(document, tree, output)
    _show(document, form)


def _show(document: dict[str, object], form: Format) -> None:
    if form is Format.json:
        from uncertain_scale.report.saving import as_json

        typer.echo(as_json(document))
    elif form is Format.md:
        from uncertain_scale.report.markdown import markdown_report

        typer.echo(markdown_report(document), nl=False)
    else:
        from rich.console import Console

        from uncertain_scale.report.terminal import terminal_report

        Console().print(terminal_report(document))
