"""`uncertain-scale report`: the interval report for a question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.clusters import on_cluster
from uncertain_scale.cli.effort import Effort, MaxDraws, MaxTime, NoDraws, Precision, Resume
from uncertain_scale.cli.options import RunOptions, Scheduler, command_of, with_run_options
from uncertain_scale.cli.record import note_reached
from uncertain_scale.cli.running import INTERRUPTED, answer
from uncertain_scale.cli.showing import PageForm, PageFormat, Probs, show
from uncertain_scale.cli.update import Evidence, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model, Question
    from uncertain_scale.report import Document
    from uncertain_scale.sampling import Design

__all__ = ["report"]


@with_run_options
def report(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    scheduler: Scheduler = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write report.html, .md, .json and draws.nc there.", metavar="DIR"),
    ] = None,
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
    from uncertain_scale.report.csv_tables import csv_report
    from uncertain_scale.report.markdown import markdown_report
    from uncertain_scale.report.saving import save_report
    from uncertain_scale.report.terminal import terminal_report

    effort = Effort(precision, max_time, max_draws, resume, no_draws)
    output = output or resume
    design = options.checked_design()
    interrupted = False
    if evidence:
        effort.refuse_with_evidence()
        asked = options.prepare()
        with on_cluster(scheduler, evidence):  # refuses
            posterior = draw(asked, design, evidence)
        document = report_document(posterior, probs=prob, events=options.events(asked[0]))
        tree: xr.DataTree | None = posterior
    else:
        effort.check(prob)
        asked = options.prepare()
        with on_cluster(scheduler) as cluster:
            found = answer(
                asked,
                design,
                events=options.events(asked[0]),
                probs=prob,
                effort=effort,
                output=output,
                cluster=cluster,
            )
        document, tree, interrupted = found.document, found.tree, found.interrupted
        options = replace(options, draws=found.design.draws, chains=found.design.chains)
        note_reached(**effort.reached(found.design, output, held=tree is not None))
    html = _page_maker(options, asked, design, prob, evidence)
    if output is not None:
        save_report(document, None if no_draws else tree, output, page=html(document))
    show(
        document,
        form,
        terminal=terminal_report,
        markdown=markdown_report,
        csv=csv_report,
        html=html,
    )
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _page_maker(
    options: RunOptions,
    asked: tuple[Model, Priors, Question],
    design: Design,
    prob: list[float],
    evidence: list[str],
) -> Callable[[Document], str]:
    """Return what makes the page of this command's report, once."""
    pages: list[str] = []

    def html(document: Document) -> str:
        from uncertain_scale.report.html import background_of, html_report

        if not pages:
            again = command_of(options, "report", prob=prob, evidence=evidence)
            pages.append(
                html_report(document, background_of(*asked, design, document), command=again)
            )
        return pages[0]

    return html
