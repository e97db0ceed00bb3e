"""A report for the terminal: readable at 80 columns, in rich's renderables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from uncertain_scale.errors import printable
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import (
    event_rows,
    input_rows,
    output_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)
from uncertain_scale.report.updating import evidence_block

if TYPE_CHECKING:
    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = ["steady", "terminal_priors", "terminal_report"]


def steady(value: Any) -> Any:
    """Return plain data whose texts cannot steer a terminal: control characters as escapes.

    Characters that turn the direction of text are among them.
    """
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {steady(key): steady(one) for key, one in value.items()}
    return [steady(one) for one in value] if isinstance(value, list) else value


def terminal_report(document: Document) -> RenderableType:
    """Return a report as something that rich can print.

    Parameters
    ----------
    document
        What `report_document` returns.
    """
    document = steady(document)
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Scenario {document['scenario']}: {document['title']}"),
        Text(),
        _outputs(document),
    ]
    for event, share, error in event_rows(document):
        parts.append(Text(f" P({event}) = {share}{f' ± {error}' if error else ''}", style="bold"))
    for name, units, amounts in sufficient_rows(document):
        said = ", ".join(f"{share}: {amount}" for share, amount in amounts)
        parts.append(Text(f" {name} that suffices, by probability, in {units}: {said}"))
    parts += [Padding(Text(f"! {remark}"), (0, 0, 0, 1)) for remark in remarks(document)]
    if document.get("evidence") is not None:
        parts += evidence_block(document)
    parts += [Text(), _inputs(document), _footer(document)]
    return Group(*parts)


def terminal_priors(document: Document) -> RenderableType:
    """Return a scenario's inputs alone, each with its distribution and source in full."""
    document = steady(document)
    parts: list[RenderableType] = [
        Text(f"{document['scenario']}: {document['title']}", style="bold"),
    ]
    for row in input_rows(document):
        spread = f" ({row.interval})" if row.interval else ""
        cited = f"{row.source}{f', as of {row.as_of}' if row.as_of else ''}"
        words = [row.distribution, document["inputs"][row.name]["long_name"], cited, row.note]
        parts += [
            Text(f"\n{row.name}  {row.median} {row.units}".rstrip() + spread, style="bold"),
            *(Padding(Text(text), (0, 0, 0, 4)) for text in words if text),
        ]
    return Group(*parts)


def _outputs(document: Document) -> Table:
    prob = document["probs"][0]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("answer", no_wrap=True)
    table.add_column("median", justify="right", no_wrap=True)
    table.add_column(f"{percent(prob)} interval", justify="right", no_wrap=True)
    table.add_column("units", no_wrap=True)
    table.add_column("shape", no_wrap=True)
    for row in output_rows(document, prob):
        table.add_row(*map(Text, (row.name, row.median, row.interval, row.units, row.shape)))
    return table


def _inputs(document: Document) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    name = "input" if document.get("evidence") is None else "input, before"
    table.add_column(name, no_wrap=True)
    table.add_column("median", justify="right", no_wrap=True)
    table.add_column("5% to 95%", justify="right", no_wrap=True)
    table.add_column("source", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in input_rows(document):
        median = f"{row.median} {row.units}".strip()
        table.add_row(*map(Text, (row.name, median, row.interval, _short(row.source))))
    table.expand = True
    return table


def _short(source: str) -> str:
    """Return the first clause of a citation; `--format md` prints the whole."""
    return source.partition("\n")[0].partition(";")[0]


def _footer(document: Document) -> Text:
    versions = document["versions"]
    hashes = document["hashes"]
    return Text(
        f"{run_in_words(document)}\n"
        f"uncertain-scale {versions['uncertain-scale']}, priors {hashes['priors'][:12]}, "
        f"equations {hashes['equations'][:12]}\n"
        "--format md or json shows every interval, error and source in full",
        style="dim",
    )
