"""A report as Markdown, complete: every interval with its error, every input with its source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import printable
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import (
    error_rows,
    event_rows,
    input_rows,
    output_rows,
    question_in_words,
    region_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)
from uncertain_scale.report.updating import markdown_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uncertain_scale.report.document import Document

__all__ = ["markdown_priors", "markdown_report", "markdown_table", "plain"]


def markdown_report(document: Document) -> str:
    """Return a report as Markdown text.

    Parameters
    ----------
    document
        What `report_document` returns.
    """
    return "\n".join(_lines(document)) + "\n"


def plain(text: object) -> str:
    """Return text that Markdown shows as it is: no markup, no link, no cell or line break."""
    folded = printable(" ".join(str(text).split()))
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", folded)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table; cells are written as plain text."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(map(plain, row))} |"


def markdown_priors(document: Document) -> str:
    """Return a scenario's inputs as Markdown text."""
    title = f"# {plain(document['scenario'])}: {plain(document['title'])}"
    return "\n".join([title, "", *_inputs(document)]) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {plain(question_in_words(document))}"
    yield ""
    yield f"Scenario {plain(document['scenario'])}: {plain(document['title'])}."
    yield f"{plain(run_in_words(document))}."
    yield ""
    if found := list(remarks(document)):
        yield from (f"- {plain(remark)}" for remark in found)
        yield ""
    yield "## Answers"
    yield ""
    yield from _answers(document)
    yield ""
    yield from _likelihoods(document)
    yield from markdown_evidence(document)
    yield "## Monte Carlo errors"
    yield ""
    yield "Standard errors, from the spread between independent chains."
    yield ""
    header = ("answer", "statistic", "estimate", "standard error", "units")
    yield from markdown_table(header, error_rows(document))
    yield ""
    yield "## Inputs"
    yield ""
    yield from _inputs(document)
    yield ""
    yield "## How each answer is reached"
    yield ""
    yield from markdown_table(
        ("answer", "meaning", "equation", "rests on"),
        (
            (name, output["long_name"], output["equation"], output["rests_on"] or "priors alone")
            for name, output in document["outputs"].items()
        ),
    )
    yield ""
    yield "## Run"
    yield ""
    yield from markdown_table(("what", "value"), _run(document))


def _inputs(document: Document) -> Iterator[str]:
    yield from markdown_table(
        ("input", "median", "5% to 95%", "units", "distribution", "as of", "source", "note"),
        (
            (r.name, r.median, r.interval, r.units, r.distribution, r.as_of, r.source, r.note)
            for r in input_rows(document)
        ),
    )


def _answers(document: Document) -> Iterator[str]:
    first = document["probs"][0]
    header = ["answer", "units", "median", "mean", "sd"]
    for prob in document["probs"]:
        header += [f"{percent(prob)} equal-tailed", f"{percent(prob)} highest density"]
    rows = []
    for row in output_rows(document, first):
        output = document["outputs"][row.name]
        cells = [row.name, row.units, row.median, row.mean, row.sd]
        for prob, same in zip(document["probs"], _by_prob(document, row.name), strict=True):
            cells += [same.interval, region_in_words(output, prob) or "none"]
        rows.append(cells)
    yield from markdown_table(header, rows)


def _likelihoods(document: Document) -> Iterator[str]:
    """Yield the tables of events and of what suffices, where there are any."""
    if document["events"]:
        yield "## How likely"
        yield ""
        header = ("event", "probability", "standard error")
        yield from markdown_table(header, event_rows(document))
        yield ""
    for name, units, amounts in sufficient_rows(document):
        yield f"## {plain(name)} that suffices"
        yield ""
        yield from markdown_table(("with probability", plain(units)), amounts)
        yield ""


def _by_prob(document: Document, name: str) -> Iterator[Any]:
    """Yield one output's row for each probability in turn."""
    one = {**document, "outputs": {name: document["outputs"][name]}}
    for prob in document["probs"]:
        yield from output_rows(one, prob)


def _run(document: Document) -> Iterator[tuple[str, object]]:
    for key in ("design", "seed", "chains", "draws"):
        yield key, document[key]
    for name, version in document["versions"].items():
        yield f"{name} version", version
    for name, digest in document["hashes"].items():
        yield f"SHA-256 of {name}", digest
