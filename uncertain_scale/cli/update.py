"""`uncertain-scale update`: what observed facts do to the priors and to an answer."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.interrupts import interrupts
from uncertain_scale.cli.options import RunOptions, with_run_options
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.showing import PageForm, PageFormat, Probs, behind, page, show
from uncertain_scale.errors import QuestionError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.cluster import Cluster

__all__ = ["Evidence", "Way", "draw", "update"]

Evidence = Annotated[
    list[str],
    typer.Option(
        help="Update the priors by observed facts: a file or a shipped name; repeatable.",
        metavar="FILE.toml",
        rich_help_panel="Beliefs",
    ),
]


class Way(StrEnum):
    """How the posterior is found."""

    auto = "auto"
    importance = "importance"
    smc = "smc"


Road = Annotated[
    Way, typer.Option(help="How the posterior is found: by weights where they can be trusted.")
]


def draw(
    problem: Problem,
    design: Design,
    evidence: Sequence[str],
    road: Way = Way.auto,
    *,
    keep_sound: bool = False,
    cluster: Cluster | None = None,
) -> xr.DataTree:
    """Answer a question with draws, given evidence where there is any."""
    if evidence:
        from uncertain_scale.analysis.conditioning import condition

        with Bar() as bar:
            return condition(
                problem,
                design,
                evidence,
                road=road.value,
                keep_sound=keep_sound,
                progress=bar.chains_of(design),
            )
    from uncertain_scale.sampling import sample

    drawn = sample(problem, design, cluster=cluster)
    interrupts.drawn()
    return drawn


@with_run_options
def update(
    options: RunOptions,
    evidence: Annotated[
        list[str] | None,
        typer.Argument(help="Evidence files, or shipped names.", metavar="EVIDENCE.toml..."),
    ] = None,  # click 8.1 takes no other default of arguments that repeat
    road: Road = Way.auto,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write report.html, .md, .json and draws.nc there.", metavar="DIR"),
    ] = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of evidence files.")
    ] = False,
) -> None:
    """Update the priors by observed facts, and tell what moved.

    Observations with a fault are kept apart and told, the others used; the exit code is then 2.

    Example: uncertain-scale update h100-clusters --gpus 100k
    """
    if schema:
        _print_schema()
        return
    if not evidence:
        from uncertain_scale.inputs.observations import evidence_names

        shipped = ", ".join(evidence_names())
        raise QuestionError(f"update takes an evidence file; shipped: {shipped}")
    from uncertain_scale.report import report_document
    from uncertain_scale.report.interval_report import update_blocks
    from uncertain_scale.report.render.csv import csv_report
    from uncertain_scale.report.saving import save_report

    design = options.checked_design()
    problem = options.prepare()
    tree = draw(problem, design, evidence, road, keep_sound=True)
    document = report_document(tree, probs=prob, events=options.events(problem.model))
    blocks = partial(update_blocks, behind=behind(problem, design, document))
    html = ""
    if output is not None:
        html = page(document, blocks)
        save_report(document, tree, output, page=html)
    show(document, form, blocks, csv_report, html)
    if faults := document["evidence"]["left_out"]:
        typer.echo("\n".join(f"error: {printable(fault)}" for fault in faults), err=True)
        raise typer.Exit(2)


def _print_schema() -> None:
    import json

    from uncertain_scale.inputs.observation_document import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
