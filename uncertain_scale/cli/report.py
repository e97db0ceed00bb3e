"""`uncertain-scale report`: the interval report for a question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.clusters import on_cluster
from uncertain_scale.cli.options import RunOptions, Scheduler, command_of, with_run_options
from uncertain_scale.cli.showing import PageForm, PageFormat, Probs, show
from uncertain_scale.cli.update import Evidence, draw

if TYPE_CHECKING:
    from collections.abc import Callable

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
) -> None:
    """Answer a question, such as what 100M USD buy, with intervals.

    Example: uncertain-scale report --budget 100M --gpus 25k
    """
    from uncertain_scale.analysis.streamed import stream
    from uncertain_scale.report import report_document
    from uncertain_scale.report.markdown import markdown_report
    from uncertain_scale.report.saving import save_report
    from uncertain_scale.report.terminal import terminal_report
    from uncertain_scale.sampling.engine import Simulation
    from uncertain_scale.sampling.memory import memory_for

    design = options.checked_design()
    asked = options.prepare()
    events = options.events(asked[0])
    simulation = Simulation.of(*asked, design)
    html = _page_maker(options, asked, design, prob, evidence)
    with on_cluster(scheduler, evidence) as cluster:
        if memory_for(simulation).streams and output is None and not evidence:
            answer = stream(*asked, design, events=events, cluster=cluster)
            document = report_document(answer, probs=prob, events=events)
        else:
            tree = draw(asked, design, evidence, cluster=cluster)
            document = report_document(tree, probs=prob, events=events)
            if output is not None:
                save_report(document, tree, output, page=html(document))
    show(document, form, terminal=terminal_report, markdown=markdown_report, html=html)


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
