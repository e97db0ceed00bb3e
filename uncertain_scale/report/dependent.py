"""Which inputs drive the answers given evidence: as plain data, for the terminal, as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from uncertain_scale.report.document import events_document, record_document
from uncertain_scale.report.evidence import evidence_document
from uncertain_scale.report.frames import Frame
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import scale_for
from uncertain_scale.report.rows import design_in_words, event_rows, question_in_words
from uncertain_scale.report.updating import evidence_block, markdown_evidence, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr
    from rich.console import RenderableType

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.report.document import Document

__all__ = [
    "WHY",
    "dependent_document",
    "dependent_frames",
    "dependent_headline",
    "markdown_dependent",
    "terminal_dependent",
]

_LEAST = 0.005  # shares below this are left out of the terminal's tables
_TOLD = 3  # answers in the headline
_NOTHING = "No input drives the answers."
WHY = (
    "Evidence ties the inputs together, so Sobol' indices, Shapley effects and swings of one input "
    "alone are not given. Shown: the share of variance that would go if an input were known, with "
    "all that it tells of the others (the shares need not add up to 1), and rank correlations."
)


def dependent_document(tree: xr.DataTree, found: xr.Dataset, events: Sequence[Event]) -> Document:
    """Return a sensitivity analysis given evidence as plain data.

    Parameters
    ----------
    tree, found
        What `condition` and `posterior_sensitivity` return.
    events
        Events whose probabilities are wanted.
    """
    return {
        **record_document(tree, (0.9,)),
        "on": found.attrs["on"],
        "reason": WHY,
        "outputs": {
            str(name): {"inputs": _inputs(found.sel(output=name))}
            for name in found["output"].values
        },
        "events": events_document(tree, events),
        **evidence_document(tree, (0.9,)),
    }


def terminal_dependent(document: Document) -> RenderableType:
    """Return a sensitivity analysis given evidence as something that rich can print."""
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Scenario {document['scenario']}: {document['title']}"),
        *evidence_block(document),
        Text(WHY),
    ]
    for name, output in document["outputs"].items():
        table = plain_table((name, "variance gone if known", "rank correlation"), "lrr")
        for row in _rows(output, _LEAST):
            table.add_row(*map(Text, row))
        parts.append(table)
    for event, share, error in event_rows(document):
        parts.append(Text(f" P({event}) = {share}{f' ± {error}' if error else ''}", style="bold"))
    return Group(*parts, Text(design_in_words(document), style="dim"))


def dependent_frames(document: Document) -> Iterator[Frame]:
    """Yield a table for each answer: its inputs, the largest share first, with their errors."""
    header = ("input", "variance gone if known", "rank correlation", "standard errors")
    for name, output in document["outputs"].items():
        rows = []
        for row, one in zip(_rows(output, -1.0), _sorted(output), strict=True):
            errors = [one[1][f"{key}_mcse"] for key in ("variance_reduction", "rank_correlation")]
            rows.append((*row, ", ".join(f"{e:.2g}" for e in errors if e is not None)))
        yield Frame(name, header, rows)


def dependent_headline(document: Document) -> str:
    """Say which input would narrow each answer most, if it were known."""
    said = []
    for name, output in document["outputs"].items():
        first = next(_rows(output, _LEAST), None)
        if first is not None:
            said.append(f"{name}: {first[0]} ({first[1]})")
    most = "; ".join(said[:_TOLD])
    return f"Variance that would go if an input were known, most: {most}." if said else _NOTHING


def markdown_dependent(document: Document) -> str:
    """Return a sensitivity analysis given evidence as Markdown text."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# What drives the answers: {plain(question_in_words(document))}"
    yield ""
    yield f"Scenario {plain(document['scenario'])}: {plain(document['title'])}."
    yield f"{plain(design_in_words(document))}."
    yield ""
    yield from markdown_evidence({**document, "evidence": {**document["evidence"], "before": {}}})
    yield plain(WHY)
    yield ""
    for frame in dependent_frames(document):
        yield f"## {plain(frame.title)}"
        yield ""
        yield from markdown_table(frame.header, frame.rows)
        yield ""
    for event, share, error in event_rows(document):
        yield f"P({plain(event)}) = {plain(share)}{f' ± {error}' if error else ''}"
        yield ""


def _inputs(found: xr.Dataset) -> dict[str, dict[str, float | None]]:
    names = [str(name) for name in found.data_vars]
    return {
        str(player): {name: _number(found[name].sel(input=player)) for name in names}
        for player in found["input"].values
    }


def _sorted(output: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(output["inputs"].items(), key=lambda one: -(one[1]["variance_reduction"] or 0))


def _rows(output: dict[str, Any], least: float) -> Iterator[tuple[str, str, str]]:
    """Yield each input with its share and its rank correlation, the largest share first."""
    for name, one in _sorted(output):
        share = one["variance_reduction"]
        if share is not None and share >= least:
            said = _written(one, "variance_reduction")
            yield name.replace("+", ", "), said, _written(one, "rank_correlation")
        elif least < 0:
            yield name.replace("+", ", "), "none", _written(one, "rank_correlation")


def _written(one: dict[str, Any], key: str) -> str:
    value, error = one[key], one[f"{key}_mcse"]
    if value is None:
        return ""
    # A share is never below 0: what is, is chance and the bias of few draws.
    if (error and abs(value) < 2 * error) or (value < 0 and key == "variance_reduction"):
        return "0"
    return scale_for([value], "1").write(value, error)


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
