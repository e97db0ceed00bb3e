"""`uncertain-scale sensitivity`: which inputs drive the answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uncertain_scale.cli import completion
from uncertain_scale.cli.command import Option
from uncertain_scale.cli.draws import Evidence, draw
from uncertain_scale.cli.options import RunOptions, names_of, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Wide, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.report import Document


class Scale(StrEnum):
    """What variance is taken of."""

    value = "value"
    log = "log"


On = Annotated[Scale, Option("Variance of the value or of its log.")]


@with_options
def sensitivity(
    options: RunOptions,
    of: Annotated[
        str | None,
        Option(
            "Outputs looked at; all by default.",
            "A,B",
            autocompletion=completion.listed_variables,
        ),
    ] = None,
    on: On = Scale.value,
    group: Annotated[
        list[str],
        Option("Take inputs as one in Sobol' indices; repeatable.", "NAME=A,B"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
    second_order: Annotated[
        bool, Option("Sobol' indices of pairs of inputs too.", None, "--second-order")
    ] = False,
    loss: Annotated[
        str | None,
        Option(
            "What a wrong answer to --event costs: 'false yes=20M USD, false no=5M USD'.", "LOSS"
        ),
    ] = None,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("sensitivity.html, .md and .json")] = None,
) -> None:
    """Rank the inputs by how much of an answer's spread each accounts for.

    Example: uncertain-scale sensitivity --budget 100M --of training_flop
    """
    from uncertain_scale.analysis.sensitivity import (
        decision_value,
        parse_groups,
        parse_loss,
        ranking_design,
        refuse_unmoved,
    )
    from uncertain_scale.analysis.sensitivity import sensitivity as analyse
    from uncertain_scale.report.render.csv import csv_sensitivity
    from uncertain_scale.report.sensitivity_report import sensitivity_blocks, sensitivity_document
    from uncertain_scale.sampling import sample

    groups = parse_groups(group)
    design = options.checked_design()
    if loss is not None and len(options.event) != 1:
        events = f"{len(options.event)} events" if options.event else "no --event"
        raise QuestionError(f"--loss says what a wrong answer to one --event costs; found {events}")
    problem = options.prepare(asked=names_of(of))
    model = problem.model
    design = ranking_design(problem, design, names_of(of))
    if evidence:
        if groups or loss is not None:
            option = "--group" if groups else "--loss"
            raise QuestionError(
                f"{option} needs inputs to be drawn one given another, which --evidence has tied "
                f"together in ways that only the draws know; drop {option} or --evidence"
            )
        tree = draw(problem, design, evidence)
        _given_evidence(tree, names_of(of), on, options.events(model), form, output, wide=wide)
        return
    asked = options.events(model)
    thresholds = [event.threshold() for event in asked]
    stated = None if loss is None else parse_loss(loss, model.variables[thresholds[0][0]])
    tree = sample(problem, design)
    passes = design.chains * (1 + len(thresholds))
    with Bar() as bar:
        found = analyse(
            problem,
            design,
            of=names_of(of),
            groups=groups,
            second_order=second_order,
            progress=bar.counting(passes, "chains"),
        )
        refuse_unmoved(found)
        decisions = [
            decision_value(
                problem,
                design,
                output=name,
                threshold=threshold,
                direction=sign,
                loss=stated,
                groups=groups,
                progress=bar.counting(passes, "chains", number * design.chains),
            )
            for number, (name, sign, threshold) in enumerate(thresholds, start=1)
        ]
    document = sensitivity_document(
        tree, found, on.value, list(zip(asked, decisions, strict=True)), stated
    )
    present(
        document,
        form,
        sensitivity_blocks,
        csv_sensitivity,
        folder=output,
        name="sensitivity",
        wide=wide,
    )


def ranked(options: RunOptions, of: list[str], on: Scale) -> Document:
    """Rank the inputs of a question, as plain data."""
    from uncertain_scale.analysis.sensitivity import ranking_design, refuse_unmoved
    from uncertain_scale.analysis.sensitivity import sensitivity as analyse
    from uncertain_scale.report.sensitivity_report import sensitivity_document
    from uncertain_scale.sampling import sample

    problem = options.prepare(asked=of)
    design = ranking_design(problem, options.checked_design(), of)
    with Bar() as bar:
        found = analyse(problem, design, of=of, progress=bar.counting(design.chains, "chains"))
    refuse_unmoved(found)
    return sensitivity_document(sample(problem, design), found, on.value, [])


def _given_evidence(
    tree: xr.DataTree,
    of: list[str],
    on: Scale,
    events: list[Event],
    form: PageFormat,
    output: Path | None,
    *,
    wide: bool,
) -> None:
    """Print and keep what can be said of inputs that evidence has tied together."""
    from uncertain_scale.analysis.conditioning import posterior_sensitivity
    from uncertain_scale.report.posterior_reports import dependent_blocks, dependent_document
    from uncertain_scale.report.render.csv import csv_dependent

    found = posterior_sensitivity(tree, of=of, on=on.value)
    document = dependent_document(tree, found, events)
    present(
        document,
        form,
        dependent_blocks,
        csv_dependent,
        folder=output,
        name="sensitivity",
        wide=wide,
    )
