"""`uncertain-scale update`: what observed facts do to the priors and to an answer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.draws import Method, draw
from uncertain_scale.cli.options import RunOptions, with_run_options
from uncertain_scale.cli.output import (
    PageForm,
    PageFormat,
    Probs,
    behind,
    end_with_faults,
    present,
    print_json,
    saves,
)
from uncertain_scale.errors import QuestionError


@with_run_options
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
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    *,
    schema: Annotated[
        bool, Option("Print the JSON Schema of evidence files.", None, "--schema")
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
    from uncertain_scale.report.render.csv import csv_report
    from uncertain_scale.report.store import save_report

    design = options.checked_design()
    problem = options.prepare()
    tree = draw(problem, design, evidence, method, keep_sound=True)
    document = report_document(tree, probs=prob, events=options.events(problem.model))
    blocks = partial(update_blocks, behind=behind(problem, design, document))
    present(
        document,
        form,
        blocks,
        csv_report,
        folder=output,
        keep=lambda page, folder: save_report(document, tree, folder, page=page),
    )
    end_with_faults(document["evidence"]["left_out"])
