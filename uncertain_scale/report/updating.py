"""Priors updated by evidence, for the terminal at 80 columns and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from uncertain_scale.report.evidence import (
    before_rows,
    learnt_in_words,
    moved_rows,
    observation_lines,
    observation_rows,
    road_in_words,
)
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import (
    event_rows,
    output_rows,
    question_in_words,
    remarks,
    run_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = ["evidence_block", "markdown_evidence", "plain_table", "terminal_update"]


def terminal_update(document: Document) -> RenderableType:
    """Return what evidence moved, as something that rich can print."""
    prob = percent(document["probs"][0])
    answers = plain_table(("answer", f"{prob} before", "median", f"{prob} now", "units"), "lrrrl")
    before = {name: interval for name, _, interval in before_rows(document)}
    for row in output_rows(document, document["probs"][0]):
        cells = (row.name, before[row.name], row.median, row.interval, row.units)
        answers.add_row(*map(Text, cells))
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Scenario {document['scenario']}: {document['title']}"),
        *evidence_block(document),
        answers,
    ]
    for event, share, error in event_rows(document):
        parts.append(Text(f" P({event}) = {share}{f' ± {error}' if error else ''}", style="bold"))
    parts += [Padding(Text(f"! {remark}"), (0, 0, 0, 1)) for remark in remarks(document)]
    footer = f"{run_in_words(document)}\n--format md or json shows every interval, error and source"
    return Group(*parts, Text(), Text(footer, style="dim"))


def evidence_block(document: Document) -> Iterator[RenderableType]:
    """Yield the observations, how the posterior was found, and a table of what moved."""
    yield Text("\nEvidence", style="bold")
    for headline, below in observation_lines(document):
        yield Padding(Text(headline), (0, 0, 0, 1))
        yield Padding(Text(below, style="dim"), (0, 0, 0, 4))
    yield Padding(Text(road_in_words(document)), (1, 0, 0, 1))
    yield Padding(Text(learnt_in_words(document)), (0, 0, 0, 1))
    header = ("what moved", "5%, 50%, 95% before", "5%, 50%, 95% now", "units", "bits")
    table = plain_table(header, "lrrlr")
    for row in moved_rows(document):
        table.add_row(*map(Text, row))
    yield table


def markdown_evidence(document: Document) -> Iterator[str]:
    """Yield the sections of a report that tell of the evidence, where there is any."""
    from uncertain_scale.report.markdown import markdown_table, plain

    if document.get("evidence") is None:
        return
    yield "## Evidence"
    yield ""
    header = {
        "name": "observation",
        "variable": "variable",
        "stated": "stated",
        "given": "given",
        "own": "its own inputs",
        "prior_predictive": "by the priors (90%)",
        "p_value": "p",
        "posterior_predictive": "now (90%)",
        "units": "units",
        "as_of": "as of",
        "source": "source",
        "note": "note",
    }
    rows = ([row[key] for key in header] for row in observation_rows(document))
    yield from markdown_table(tuple(header.values()), rows)
    yield ""
    yield plain(f"Posterior {road_in_words(document)}; {learnt_in_words(document)}.")
    evidence = document["evidence"]
    error = evidence["log_evidence_mcse"]
    said = "" if error is None else f" ± {error:.1g}"
    yield plain(
        f"Log marginal likelihood of the evidence: {evidence['log_evidence']:.4g}{said}. "
        "p: probability, under the priors, of a measured value as far out, or the share of the "
        "predictions that the observation allows, if that is larger."
    )
    yield ""
    yield "## What moved"
    yield ""
    header_moved = ("input", "5%, 50%, 95% before", "5%, 50%, 95% now", "units", "bits learnt")
    yield from markdown_table(header_moved, moved_rows(document))
    yield ""
    if not evidence["before"]:
        return
    yield "## Answers before the evidence"
    yield ""
    prob = f"{percent(document['probs'][0])} interval"
    yield from markdown_table(("answer", "median", prob), before_rows(document))
    yield ""


def plain_table(header: Sequence[str], justify: str) -> Table:
    """Return an empty table for the terminal; `justify` holds an l or r for each column."""
    sides = {"l": "left", "r": "right"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name, side in zip(header, justify, strict=True):
        table.add_column(name, justify=sides[side], no_wrap=True)  # type: ignore[arg-type]
    return table
