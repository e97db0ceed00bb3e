"""Results for notebooks: an object whose HTML has tables, and whose text is the terminal's.

The HTML is plain tables without script, style sheet or picture, so that it reads the same wherever
notebooks are shown; `uncertain_scale.report.figures` draws.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from markupsafe import Markup, escape
from rich.console import Console

from uncertain_scale.analysis.streamed import Streamed
from uncertain_scale.inputs import Priors
from uncertain_scale.report.comparing import (
    comparison_document,
    comparison_rows,
    comparison_words,
    otherwise_table,
    terminal_comparison,
)
from uncertain_scale.report.document import priors_document, report_document
from uncertain_scale.report.figures.sensitivity import input_label, share_in_brief, shares_of
from uncertain_scale.report.html.text import linked, worded
from uncertain_scale.report.numbers import percent, scale_for, scale_of
from uncertain_scale.report.ranking import sensitivity_document, terminal_sensitivity
from uncertain_scale.report.rows import (
    design_in_words,
    event_rows,
    input_rows,
    output_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)
from uncertain_scale.report.terminal import terminal_priors, terminal_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from uncertain_scale.analysis.comparison import Comparison
    from uncertain_scale.report.document import Document

__all__ = ["Shown", "show"]

_WIDTH = 80


@dataclass(frozen=True, repr=False)
class Shown:
    """What `show` returns: a notebook displays its HTML, `print` its text.

    Parameters
    ----------
    html
        Tables, everything that others wrote escaped.
    text
        What the terminal shows, without colours, at 80 columns.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        """Return the text."""
        return self.text


def show(
    result: xr.DataTree | Streamed | Priors | xr.Dataset,
    found: Sequence[Comparison] | xr.Dataset | None = None,
    *,
    probs: Sequence[float] = (0.9, 0.5, 0.95),
) -> Shown:
    """Show a result as a table in a notebook, and as the terminal's text elsewhere.

    Parameters
    ----------
    result
        What `run`, `sample`, `condition` or `stream` returns; a scenario; or the dataset that
        `summarize` or `sweep` returns.
    found
        What `compare` returns beside the draws, or what `sensitivity` found of the same question.
    probs
        Probabilities of the intervals; the first is shown. A dataset has its own.

    Raises
    ------
    TypeError
        It is no such result.

    Examples
    --------
    >>> from uncertain_scale.sampling import run
    >>> shown = show(run("post-2024-07", given={"budget": "100M"}, outputs=["gpu_hours"]))
    >>> print(shown.text.splitlines()[0])
    Given budget = 100M USD
    >>> "<td>gpu-hours</td>" in shown.html
    True
    """
    if isinstance(result, Priors):
        document = priors_document(result)
        return _shown(_priors(document), terminal_priors(document))
    if isinstance(result, xr.Dataset) and {"median", "eti"} <= set(result.data_vars):
        header, rows = _points(result)
        return Shown(html=_frame(_table(header, rows)), text=_plain([header, *rows]))
    if isinstance(result, xr.DataTree) and found is not None:
        if isinstance(found, xr.Dataset):
            document = sensitivity_document(result, found, "value", [])
            return _shown(_ranking(document), terminal_sensitivity(document))
        document = comparison_document(result, found, probs)
        return _shown(_comparisons(document), terminal_comparison(document))
    if isinstance(result, xr.DataTree | Streamed):
        document = report_document(result, probs=probs)
        return _shown(_report(document), terminal_report(document))
    raise TypeError(
        f"show takes draws, a scenario, or what summarize or sweep returns; found {type(result)}"
    )


def _shown(parts: Iterable[Markup], text: RenderableType) -> Shown:
    printed = io.StringIO()
    # In a notebook, a console that is not told otherwise displays what it prints.
    Console(file=printed, width=_WIDTH, no_color=True, force_jupyter=False).print(text)
    # What the command line says of its own options is of no use here.
    lines = [one for one in printed.getvalue().splitlines() if not one.startswith("--format ")]
    return Shown(html=_frame(*parts), text="\n".join(line.rstrip() for line in lines).strip("\n"))


def _report(document: Document) -> Iterator[Markup]:
    prob = percent(document["probs"][0])
    yield _head(f"Given {question_in_words(document)}", document)
    yield _table(
        ("answer", "median", f"{prob} interval", "units", "shape", "what it is"),
        (
            (
                r.name,
                r.median,
                r.interval,
                r.units,
                r.shape,
                document["outputs"][r.name]["long_name"],
            )
            for r in output_rows(document, document["probs"][0])
        ),
    )
    for event, share, error in event_rows(document):
        yield _line(f"P({event}) = {share}{f' ± {error}' if error else ''}")
    for name, units, amounts in sufficient_rows(document):
        said = ", ".join(f"{share}: {amount}" for share, amount in amounts)
        yield _line(f"{name} that suffices, by probability, in {units}: {said}")
    for remark in remarks(document):
        yield _line(f"! {remark}")
    yield _folded("Inputs and their sources", _inputs(document))
    yield _line(run_in_words(document), small=True)


def _priors(document: Document) -> Iterator[Markup]:
    yield _line(f"{document['scenario']}: {document['title']}", strong=True)
    yield _inputs(document)


def _inputs(document: Document) -> Markup:
    return _table(
        ("input", "median", "5% to 95%", "units", "distribution", "source"),
        (
            (r.name, r.median, r.interval, r.units, r.distribution, linked(r.source))
            for r in input_rows(document)
        ),
    )


def _comparisons(document: Document) -> Iterator[Markup]:
    prob = document["probs"][0]
    yield _head(f"Given {question_in_words(document)}", document)
    for comparison in document["comparisons"]:
        first, *others = comparison_words(comparison, document["base"])
        yield _line(first, strong=True)
        yield _table(
            ("answer, other / base", "median", f"{percent(prob)} interval", "P(more)"),
            comparison_rows(comparison, prob),
        )
        header, rows = otherwise_table(comparison, prob)
        if rows:
            yield _table(header, rows)
        yield from map(_line, others)
    yield _line(design_in_words(document), small=True)


def _ranking(document: Document) -> Iterator[Markup]:
    yield _head(f"Given {question_in_words(document)}", document)
    for name, output in document["outputs"].items():
        yield _line(f"{name}: shares of its variance by input (Shapley effects)", strong=True)
        if output["reason"]:
            yield _line(output["reason"])
        yield _table(
            ("input", "share", "median if low, if high", "units", "rank holds in chains"),
            _shares(output, document["chains"]),
        )
    yield _line(design_in_words(document), small=True)


def _shares(output: dict[str, Any], chains: int) -> Iterator[tuple[str, ...]]:
    scale = scale_of(output)
    for name, share in shares_of(output):
        ends = [output["swing"][name][end]["median"] for end in ("low", "high")]
        swing = " to ".join(scale.write(end) for end in ends if end is not None)
        held = f"{round(output['rank_share'][name] * chains)} of {chains}"
        yield input_label(name), share_in_brief(share), swing, scale.units, held


def _points(found: xr.Dataset) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a summary as a header and rows of text: a row for each point and output."""
    prob = float(found["prob"].values[0])
    swept = [str(name) for name in found["median"].dims if name != "output"]
    header = (*swept, "answer", "median", f"{percent(prob)} interval", "units")
    rows = []
    shape = [found.sizes[name] for name in swept]
    for index in np.ndindex(*shape):
        at = dict(zip(swept, index, strict=True))
        for output in map(str, found["output"].values):
            one = found.isel(at | {"prob": 0}).sel(output=output)
            rows.append((*(_place(found, name, k) for name, k in at.items()), output, *_row(one)))
    return header, rows


def _place(found: xr.Dataset, name: str, index: int) -> str:
    value = float(found[name].values[index])
    scale = scale_for([value], str(found[name].attrs.get("units", "1")))
    return f"{scale.write(value, exact=True)} {scale.units}".rstrip()


def _row(one: xr.Dataset) -> tuple[str, str, str]:
    median = float(one["median"])
    scale = scale_for([median, *map(float, one["eti"].values)], str(one["units"].item()))
    exact = float(one["sd"]) == 0
    middle = scale.write(median, float(one["median_mcse"]), exact=exact)
    low, high = (
        scale.write(float(value), float(error), exact=exact)
        for value, error in zip(one["eti"].values, one["eti_mcse"].values, strict=True)
    )
    return middle, low if low == high else f"{low} to {high}", scale.units


def _plain(table: Sequence[Sequence[str]]) -> str:
    """Return rows as text in columns."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def _head(question: str, document: Document) -> Markup:
    scenario = f"Scenario {document['scenario']}: {document['title']}"
    return _line(question, strong=True) + _line(scenario)


def _frame(*parts: Markup) -> str:
    return str(Markup("<div>{}</div>").format(Markup("\n").join(parts)))


def _line(text: str, *, strong: bool = False, small: bool = False) -> Markup:
    tag = "strong" if strong else "small" if small else "span"
    return Markup("<p><{0}>{1}</{0}></p>").format(Markup(tag), worded(text))  # noqa: S704 (ours)


def _folded(title: str, body: Markup) -> Markup:
    return Markup("<details><summary>{}</summary>{}</details>").format(title, body)


def _table(header: Sequence[str], rows: Iterable[Sequence[str | Markup]]) -> Markup:
    heads = Markup().join(Markup('<th scope="col">{}</th>').format(name) for name in header)
    lines = Markup("\n").join(
        Markup("<tr>{}</tr>").format(Markup().join(map(_cell, row))) for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table>").format(
        heads, lines
    )


def _cell(text: str | Markup) -> Markup:
    words = text if isinstance(text, Markup) else escape(worded(text))
    return Markup("<td>{}</td>").format(words)
