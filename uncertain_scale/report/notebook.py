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

from uncertain_scale.analysis.decide import Choice
from uncertain_scale.analysis.streamed import Streamed
from uncertain_scale.inputs import Priors
from uncertain_scale.report.blocks import Block, Facts, Form, Heading, Items, Table, Text, shown
from uncertain_scale.report.comparison_report import comparison_blocks, comparison_document
from uncertain_scale.report.decide_report import choice_blocks, choice_document
from uncertain_scale.report.document import priors_document, report_document
from uncertain_scale.report.html.templating import linked, on_one_line
from uncertain_scale.report.interval_report import priors_blocks, report_blocks
from uncertain_scale.report.numbers import percent, quantity_text, scale_for
from uncertain_scale.report.render.terminal import terminal
from uncertain_scale.report.sensitivity_report import sensitivity_blocks, sensitivity_document
from uncertain_scale.report.spoken import in_words
from uncertain_scale.statistics.summary import read_probs
from uncertain_scale.units.labels import label_of, shown_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from uncertain_scale.analysis.comparison import Comparison

__all__ = ["Shown", "notebook", "show", "shown_blocks"]

_WIDTH = 80
_OPTION = "--format "
_TAGS = {"bold": "strong", "dim": "small"}


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
    result: xr.DataTree | Streamed | Priors | xr.Dataset | Choice,
    found: Sequence[Comparison] | xr.Dataset | None = None,
    *,
    probs: Sequence[float] = (0.9, 0.5, 0.95),
) -> Shown:
    """Show a result as a table in a notebook, and as the terminal's text elsewhere.

    Parameters
    ----------
    result
        What `run`, `sample`, `condition` or `stream` returns; a scenario; the dataset that
        `summarize` or `sweep` returns; or a choice, which `decide` returns.
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
    probs = read_probs(probs)
    if isinstance(result, Choice):
        return _said(choice_blocks, choice_document(result))
    if isinstance(result, Priors):
        return _said(priors_blocks, priors_document(result))
    if isinstance(result, xr.Dataset) and {"median", "eti"} <= set(result.data_vars):
        header, rows = _points(result)
        return shown_blocks([Table(header, rows, only=Form.notebook)], _plain([header, *rows]))
    if isinstance(result, xr.DataTree) and found is not None:
        if isinstance(found, xr.Dataset):
            return _said(sensitivity_blocks, sensitivity_document(result, found, "value", []))
        return _said(comparison_blocks, comparison_document(result, found, probs))
    if isinstance(result, xr.DataTree | Streamed):
        return _said(report_blocks, report_document(result, probs=probs))
    raise TypeError(
        f"show takes draws, a scenario, or what summarize or sweep returns; found {type(result)}"
    )


def _said(blocks: Callable[[Any], Iterable[Block]], document: Any) -> Shown:
    return shown_blocks(in_words(blocks(document), document))


def shown_blocks(blocks: Iterable[Block], text: str | None = None) -> Shown:
    """Return blocks for a notebook, with the terminal's text of them, or another."""
    from rich.console import Console

    kept, printed = list(blocks), io.StringIO()
    # In a notebook, a console displays what it prints, and takes itself for a terminal, unless it
    # is asked not to.
    console = Console(
        file=printed, width=_WIDTH, no_color=True, force_jupyter=False, force_terminal=False
    )
    console.print(terminal(kept))
    # What the command line says of its own options is of no use here.
    lines = [one for one in printed.getvalue().splitlines() if not one.startswith(_OPTION)]
    words = "\n".join(line.rstrip() for line in lines).strip("\n")
    tabular = (
        form
        for form in (Form.notebook, Form.terminal, Form.markdown)
        if any(isinstance(one, Table) for one in shown(kept, form))
    )
    html = notebook(kept, next(tabular, Form.notebook))
    return Shown(html=html, text=words if text is None else text)


def _points(found: xr.Dataset) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a summary as a header and rows of text: a row for each point and output."""
    prob = float(found["prob"].values[0])
    swept = [str(name) for name in found["median"].dims if name != "output"]
    header = (*map(label_of, swept), "answer", "name", "median")
    header = (*header, f"{percent(prob)} interval", "units")
    rows = []
    shape = [found.sizes[name] for name in swept]
    for index in np.ndindex(*shape):
        at = dict(zip(swept, index, strict=True))
        for output in map(str, found["output"].values):
            one = found.isel(at | {"prob": 0}).sel(output=output)
            places = (_place(found, name, k) for name, k in at.items())
            rows.append((*places, label_of(output), output, *_row(one, output)))
    return header, rows


def _place(found: xr.Dataset, name: str, index: int) -> str:
    value = float(found[name].values[index])
    scale = scale_for([value], shown_units(name, str(found[name].attrs.get("units", "1"))))
    return quantity_text(scale.write(value, exact=True), scale.units)


def _row(one: xr.Dataset, name: str) -> tuple[str, str, str]:
    median = float(one["median"])
    units = shown_units(name, str(one["units"].item()))
    scale = scale_for([median, *map(float, one["eti"].values)], units)
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


def notebook(blocks: Iterable[Block], form: Form = Form.notebook) -> str:
    """Return blocks as HTML that reads the same wherever notebooks are shown.

    Parameters
    ----------
    blocks
        What is shown.
    form
        Whose blocks: a subject without tables for notebooks shows the terminal's, less their bars,
        or Markdown's.
    """
    parts = [part for block in shown(blocks, form) for part in _parts(block)]
    return str(Markup("<div>{}</div>").format(Markup("\n").join(parts)))


def _parts(block: Block) -> Iterator[Markup]:
    match block:
        case Text(_, style):
            kept = (line for line in block.each if not line.startswith(_OPTION))
            yield from (_line(line, _TAGS.get(style, "span")) for line in kept)
        case Items(lines, mark):
            yield from (_line(mark + line, "span") for line in lines)
        case Heading(text):
            yield _line(text, "strong")
        case Facts(pairs):
            yield from (_line(f"{label}: {value}", "span") for label, value in pairs)
        case Table(header, rows):
            plain = [place for place in range(len(header)) if place not in block.drawn]
            header, *rows = [[row[place] for place in plain] for row in (header, *rows)]
            head = Markup('<th scope="col">{}</th>')
            heads = Markup().join(head.format(on_one_line(name)) for name in header)
            cited = [place for place, name in enumerate(header) if name == "source"]
            body = Markup("\n").join(_cells(row, cited) for row in rows)
            table = Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table>").format(
                heads, body
            )
            folded = Markup("<details><summary>{}</summary>{}</details>")
            yield folded.format(block.fold, table) if block.fold else table


def _line(text: str, tag: str) -> Markup:
    return Markup("<p><{0}>{1}</{0}></p>").format(Markup(tag), on_one_line(text))  # noqa: S704 (ours)


def _cells(row: Iterable[str], cited: list[int]) -> Markup:
    cells = (linked(one) if k in cited else escape(on_one_line(one)) for k, one in enumerate(row))
    return Markup("<tr>{}</tr>").format(Markup().join(map(Markup("<td>{}</td>").format, cells)))
