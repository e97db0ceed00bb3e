"""`uncertain-scale compare`: what changes when an assumption changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uncertain_scale.cli import completion
from uncertain_scale.cli.command import Argument
from uncertain_scale.cli.draws import Evidence, draw
from uncertain_scale.cli.options import RunOptions, belief, names_of, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Probs, Wide, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.record import note_reached
from uncertain_scale.errors import EvidenceError, QuestionError

if TYPE_CHECKING:
    from uncertain_scale.report import Document

Couple = Annotated[
    list[str],
    belief(
        "How inputs that differ depend on one another: shared, independent or a rank "
        "correlation, for all or as INPUT=…; repeatable.",
        "[INPUT=]HOW",
    ),
]
Chips = Annotated[
    str | None,
    belief("Chips of the catalogue to compare, such as H100,GB200.", "A,B", replay="merged"),
]
Scenarios = Annotated[
    list[str] | None,
    Argument(
        "The base, then others: scenarios or files.",
        "BASE OTHER...",
        reads="scenario",
        autocompletion=completion.scenarios,
    ),
]


@with_options
def compare(
    options: RunOptions,
    scenarios: Scenarios = None,  # click 8.1 takes no other default of arguments that repeat
    chips: Chips = None,
    couple: Couple = [],  # noqa: B006 (typer reads a default, nobody changes it)
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("comparison.html, .md and .json")] = None,
) -> None:
    """Answer a question under several scenarios, draw by draw.

    What they share has the same draws in each; how inputs that differ depend on one another is said
    by the prior files, or --couple.

    Example: uncertain-scale compare h100-dense-fp8 h100-sparse-fp8 --budget 100M
    """
    from uncertain_scale.report.comparison_report import comparison_blocks
    from uncertain_scale.report.render.csv import csv_comparison

    options, scenarios = with_chips(options, scenarios, chips)
    if evidence:
        if couple:
            raise QuestionError(
                "--couple has nothing to act on beside --evidence, where medians are compared and "
                "not draws; drop one of them"
            )
        asked = [options.under(name) for name in scenarios]
        _given_evidence(asked, evidence, prob, form, output, wide=wide)
        return
    document = compared(options, scenarios, prob, couple)
    present(
        document,
        form,
        comparison_blocks,
        csv_comparison,
        folder=output,
        name="comparison",
        wide=wide,
    )


def with_chips(
    options: RunOptions, scenarios: list[str] | None, chips: str | None
) -> tuple[RunOptions, list[str]]:
    """Return the options and the scenarios compared, those of chips behind the others.

    Raises QuestionError: they are fewer than two, or not named so.
    """
    from uncertain_scale.inputs.chip_scenarios import chip_scenario

    named = [chip_scenario(one, options.number_format) for one in names_of(chips)]
    scenarios = [*(scenarios or []), *named]
    if named:
        options = replace(options, number_format=None)
        note_reached(scenarios=scenarios, chips=None, number_format=None)
    _check(options, scenarios)
    return options, scenarios


def compared(
    options: RunOptions, scenarios: list[str], prob: list[float], couple: list[str]
) -> Document:
    """Answer under the first scenario and the others, as plain data."""
    from uncertain_scale.analysis.comparison import compare as hold_against
    from uncertain_scale.report.comparison_report import comparison_document

    _check(options, scenarios)
    design = options.checked_design()
    problem = options.under(scenarios[0]).prepare(scenarios)
    others = [options.under(name).prepare(scenarios).priors for name in scenarios[1:]]
    with Bar() as bar:
        tree, comparisons = hold_against(
            problem,
            others,
            design,
            probs=prob,
            events=options.events(problem.model),
            couple=couple,
            progress=bar.counting(len(scenarios), "scenarios"),
        )
    return comparison_document(tree, comparisons, prob)


def _check(options: RunOptions, scenarios: list[str]) -> None:
    if options.scenario is not None:
        raise QuestionError(
            "compare takes scenarios by position, chips as --chips; drop --scenario or --chip"
        )
    if len(scenarios) < 2:
        found = ", ".join(scenarios) or "none"
        raise QuestionError(f"compare takes a base and at least one other; found {found}")
    options.checked_design()


def _given_evidence(
    asked: list[RunOptions],
    evidence: list[str],
    prob: list[float],
    form: PageFormat,
    output: Path | None,
    *,
    wide: bool,
) -> None:
    """Update each scenario by the same evidence, and hold the others against the first."""
    from uncertain_scale.report.posterior_reports import (
        evidence_comparison_blocks,
        evidence_comparison_document,
    )
    from uncertain_scale.report.render.csv import csv_evidence_comparison

    trees = []
    for options in asked:
        prepared = options.prepare([one.scenario or "base" for one in asked])
        try:
            trees.append(draw(prepared, options.checked_design(), evidence))
        except EvidenceError as error:
            faults = [f"{options.scenario}: {fault}" for fault in error.faults]
            raise EvidenceError(faults) from None
    events = asked[0].events(prepared.model)
    document = evidence_comparison_document(trees, prob, events)
    present(
        document,
        form,
        evidence_comparison_blocks,
        csv_evidence_comparison,
        folder=output,
        name="comparison",
        wide=wide,
    )
