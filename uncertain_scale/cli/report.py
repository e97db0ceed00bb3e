"""`uncertain-scale report` and `update`: intervals for a question, before and after evidence."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.draws import Evidence, Method, draw, on_cluster
from uncertain_scale.cli.effort import Effort, answer
from uncertain_scale.cli.options import RunOptions, Scheduler, with_options
from uncertain_scale.cli.output import (
    PageForm,
    PageFormat,
    Probs,
    Wide,
    behind,
    end_with_faults,
    present,
    print_json,
    saves,
)
from uncertain_scale.cli.progress import INTERRUPTED
from uncertain_scale.cli.record import note_reached
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.cli.output import Blocks
    from uncertain_scale.report import Document
    from uncertain_scale.sampling.chains import ArrayTree


@with_options
def report(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    scheduler: Scheduler = None,
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    *,
    effort: Effort,
) -> None:
    """Answer a question, such as what 100M USD buy, with intervals.

    Example: uncertain-scale report --budget 100M --gpus 25k
    """
    from uncertain_scale.report import report_document
    from uncertain_scale.report.interval_report import report_blocks

    output = output or effort.resume
    design = options.checked_design()
    interrupted = False
    if evidence:
        effort.refuse_with_evidence()
        options, problem = options.answerable()
        with on_cluster(scheduler, evidence):  # refuses
            posterior = draw(problem, design, evidence)
        document = report_document(
            posterior,
            probs=prob,
            events=options.events(problem.model),
            intervals=effort.intervals.value,
        )
        tree: xr.DataTree | ArrayTree | None = posterior
    else:
        effort.check(prob)
        options, problem = options.answerable()
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
    _present(document, None if effort.no_draws else tree, form, blocks, output, wide=wide)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


@with_options
def update(
    options: RunOptions,
    evidence: Annotated[
        list[str] | None,
        Argument("Evidence files, or shipped names.", "EVIDENCE.toml...", reads="evidence"),
    ] = None,  # click 8.1 takes no other default of arguments that repeat
    method: Annotated[
        Method, Option("How the posterior is found: by weights where they can be trusted.")
    ] = Method.auto,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    *,
    schema: Annotated[
        bool,
        Option("Print the JSON Schema of evidence files.", None, "--schema", replay="dropped"),
    ] = False,
) -> None:
    """Update the priors by observed facts, and tell what moved.

    Observations with a fault are kept apart and told, the others used; the exit code is then 2.

    Example: uncertain-scale update h100-clusters --gpus 100k
    """
    if schema:
        from uncertain_scale.inputs.document import EvidenceFile

        print_json(EvidenceFile.editor_schema())
        return
    if not evidence:
        from uncertain_scale.inputs.catalog import evidence_names

        shipped = ", ".join(evidence_names())
        raise QuestionError(f"update takes an evidence file; shipped: {shipped}")
    from uncertain_scale.report import report_document
    from uncertain_scale.report.interval_report import update_blocks

    design = options.checked_design()
    problem = options.prepare()
    tree = draw(problem, design, evidence, method, keep_sound=True)
    document = report_document(tree, probs=prob, events=options.events(problem.model))
    blocks = partial(update_blocks, behind=behind(problem, design, document))
    _present(document, tree, form, blocks, output, wide=wide)
    end_with_faults(document["evidence"]["left_out"], "evidence")


def _present(
    document: Document,
    tree: xr.DataTree | ArrayTree | None,
    form: PageFormat,
    blocks: Blocks,
    output: Path | None,
    *,
    wide: bool,
) -> None:
    """Print a report, and keep it with its draws in a folder, if one is wanted."""

    def csv(document: Document) -> str:
        from uncertain_scale.report.render.csv import csv_report

        return csv_report(document)

    def keep(page: str, folder: Path) -> None:
        from uncertain_scale.report.store import save_report
        from uncertain_scale.sampling.chains import ArrayTree

        drawn = tree.to_xarray() if isinstance(tree, ArrayTree) else tree
        save_report(document, drawn, folder, page=page)

    present(document, form, blocks, csv, folder=output, keep=keep, wide=wide)
