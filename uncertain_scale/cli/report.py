"""`uncertain-scale report`: the interval report for a question."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.draws import Evidence, draw, on_cluster
from uncertain_scale.cli.effort import (
    Effort,
    MaxDraws,
    MaxTime,
    NoDraws,
    Precision,
    Resume,
    answer,
)
from uncertain_scale.cli.options import RunOptions, Scheduler, with_run_options
from uncertain_scale.cli.output import PageForm, PageFormat, Probs, behind, present, saves
from uncertain_scale.cli.progress import INTERRUPTED
from uncertain_scale.cli.record import note_reached

if TYPE_CHECKING:
    import xarray as xr


@with_run_options
def report(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    scheduler: Scheduler = None,
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    precision: Precision = None,
    max_time: MaxTime = None,
    max_draws: MaxDraws = None,
    resume: Resume = None,
    *,
    no_draws: NoDraws = False,
) -> None:
    """Answer a question, such as what 100M USD buy, with intervals.

    Example: uncertain-scale report --budget 100M --gpus 25k
    """
    from uncertain_scale.report import report_document
    from uncertain_scale.report.interval_report import report_blocks
    from uncertain_scale.report.render.csv import csv_report

    effort = Effort(precision, max_time, max_draws, resume, no_draws)
    output = output or resume
    design = options.checked_design()
    interrupted = False
    if evidence:
        effort.refuse_with_evidence()
        problem = options.prepare()
        with on_cluster(scheduler, evidence):  # refuses
            posterior = draw(problem, design, evidence)
        document = report_document(posterior, probs=prob, events=options.events(problem.model))
        tree: xr.DataTree | None = posterior
    else:
        effort.check(prob)
        problem = options.prepare()
        with on_cluster(scheduler) as cluster:
            found = answer(
                problem,
                design,
                events=options.events(problem.model),
                probs=prob,
                effort=effort,
                output=output,
                cluster=cluster,
            )
        document, tree, interrupted = found.document, found.tree, found.interrupted
        note_reached(draws=found.design.draws, chains=found.design.chains, no_draws=tree is None)
    blocks = partial(report_blocks, behind=behind(problem, design, document))

    def save(html: str, folder: Path) -> None:
        from uncertain_scale.report.store import save_report

        save_report(document, None if no_draws else tree, folder, page=html)

    present(document, form, blocks, csv_report, folder=output, keep=save)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
