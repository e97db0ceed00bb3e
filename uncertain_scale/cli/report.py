"""`uncertain-scale report`: the interval report for a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.options import RunOptions, with_run_options
from uncertain_scale.cli.showing import Form, Format, Probs, show
from uncertain_scale.cli.update import Evidence, draw

__all__ = ["report"]


@with_run_options
def report(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: Form = Format.terminal,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write report.md, report.json and draws.nc there.", metavar="DIR"),
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
    if memory_for(simulation).streams and output is None and not evidence:
        document = report_document(stream(*asked, design, events=events), probs=prob, events=events)
    else:
        tree = draw(asked, design, evidence)
        document = report_document(tree, probs=prob, events=events)
        if output is not None:
            save_report(document, tree, output)
    show(document, form, terminal=terminal_report, markdown=markdown_report)
