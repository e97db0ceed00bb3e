"""Parts of a page made of a document: rows of text, cards of inputs, figures, marks on inputs.

A mark says that an input rests on judgement, is old on the reader's day or has no source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from uncertain_scale.errors import DataError, UncertainScaleError
from uncertain_scale.report import figures
from uncertain_scale.report.ages import STALE_MONTHS
from uncertain_scale.report.comparison_report import (
    comparison_rows,
    comparison_words,
    coupling_rows,
    labelled,
    otherwise_table,
)
from uncertain_scale.report.completeness import is_incomplete
from uncertain_scale.report.figures.sensitivity import (
    LEAST,
    input_label,
    rank_in_words,
    share_in_brief,
    shares_of,
)
from uncertain_scale.report.html.templating import inline
from uncertain_scale.report.interval_report import headline_outputs
from uncertain_scale.report.numbers import percent, quantity_text, scale_of, with_powers
from uncertain_scale.report.rows import design_in_words, input_rows, intervals_of, output_rows
from uncertain_scale.report.spoken import names_of, spoken
from uncertain_scale.units.dates import DATE
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.report.document import Document
    from uncertain_scale.report.document_types import Ages, Old
    from uncertain_scale.sampling import Design

_COMPARE_WIDTH = 440.0
_JUDGEMENT = re.compile(r"\bjudge?ments?\b", re.IGNORECASE)
_DRAWS, _CHAINS = 512, 16


def output_rows_of(document: Document) -> Iterator[dict[str, Any]]:
    """Yield a row an output; each number as text and as it stands in the document."""
    for row in output_rows(document, document["probs"][0]):
        output = document["outputs"][row.name]
        scale, exact = scale_of(output, row.name), output["constant"]
        median = scale.write(output["median"], output["median_mcse"], exact=exact)
        pieces = [intervals_of(output, "eti", prob)[0] for prob in document["probs"]]
        yield {
            "name": row.name,
            "label": row.label,
            "long_name": output["long_name"],
            "units": row.units,
            "median": (with_powers(median), repr(output["median"])),
            "intervals": [
                [
                    (with_powers(scale.write_end(piece, end, exact=exact)), repr(piece[end]))
                    for end in ("low", "high")
                ]
                for piece in pieces
            ],
        }


def input_card(
    document: Document, row: Any, marks: list[Any], background: Background | None, number: Any
) -> dict[str, Any]:
    """Return what a card shows of one input, with its density where it has one."""
    prior = document["inputs"][row.name]
    picture = None
    if background and row.interval and row.name in background.inputs:
        drawn = figures.plot_priors(background.inputs, [row.name], columns=1, titles=False)
        picture = inline(drawn, next(number))
    return {
        "name": row.name,
        "label": row.label,
        "long_name": prior["long_name"],
        "median": with_powers(quantity_text(row.median, row.units)),
        "interval": with_powers(row.interval),
        "distribution": row.distribution,
        "source": row.source,
        "as_of": row.as_of,
        "note": row.note,
        "marks": marks,
        "figure": picture,
    }


def ranking_parts(document: Document, number: Any) -> dict[str, Any]:
    """Return the figures and tables of a ranking."""
    outputs = document["outputs"]
    return {
        "measure": "log-variance" if document["on"] == "log" else "variance",
        "least": f"{LEAST:.1%}",
        "run": design_in_words(document),
        "panels": [
            inline(figures.plot_sensitivity(document, [name], columns=1), next(number))
            for name in outputs
        ],
        "rows": [
            (
                label_of(name),
                f"{label_of(input_name)} ({input_label(input_name)})",
                share_in_brief(share),
                rank_in_words(output, input_name, document["chains"]),
            )
            for name, output in outputs.items()
            for input_name, share in (() if output["reason"] else shares_of(output))
        ],
        "reasons": {label_of(k): one["reason"] for k, one in outputs.items() if one["reason"]},
    }


def comparison_parts(
    document: Document, comparison: dict[str, Any], number: Iterator[int]
) -> dict[str, Any]:
    """Return the figure, where one can be drawn, the words and the tables of a comparison."""
    prob, other, place = document["probs"][0], comparison["other"], next(number)
    try:
        drawn = figures.plot_compare(document, [other], titles=False)
        figure = inline(drawn, place, least=_COMPARE_WIDTH)
    except DataError:
        figure = None
    names, seen = names_of(document), set[str]()
    header, rows = otherwise_table(comparison, prob)
    return {
        "other": other,
        "figure": figure,
        "words": [
            spoken(line, names, seen) for line in comparison_words(comparison, document["base"])
        ],
        "rows": [
            (f"{label} ({name})", *cells)
            for label, name, *cells in labelled(comparison_rows(comparison, prob))
        ],
        "otherwise": (header, [(label_of(name), *cells) for name, *cells in rows]),
        "coupled": [
            (spoken(one, names, seen), how, why) for one, how, why in coupling_rows(comparison)
        ],
    }


def _panels(number: Iterator[int], document: Document) -> tuple[Any, ...]:
    moved = [name for name, output in document["outputs"].items() if not output["constant"]]
    drawn = (figures.plot_density(document, [name], columns=1) for name in moved)
    return ([inline(one, next(number)) for one in drawn],)


def _driven(number: Iterator[int], behind: Callable[[], Background] | None) -> tuple[Any, ...]:
    if behind is None:
        return None, "Not ranked in this page."
    found = behind()
    return found.drivers and ranking_parts(found.drivers, number), found.reason


def _believed(
    number: Iterator[int], document: Document, behind: Callable[[], Background] | None
) -> tuple[Any, ...]:
    marks, background = marks_of(document), behind and behind()
    rows = input_rows(document)
    cards = [input_card(document, row, marks[row.name], background, number) for row in rows]
    return cards, STALE_MONTHS, document["ages"]["as_of"]


def _held_against(
    number: Iterator[int], document: Document, comparison: dict[str, Any], place: int
) -> tuple[Any, ...]:
    parts = comparison_parts(document, comparison, number)
    return parts, place, document["base"], percent(document["probs"][0])


PARTS: dict[str, Callable[..., Sequence[Any]]] = {
    "answers": lambda _, document: (document, list(output_rows_of(document))),
    "believed": _believed,
    "driven": _driven,
    "held_against": _held_against,
    "panels": _panels,
    "ranking": lambda number, document: (ranking_parts(document, number),),
}
"""What makes the arguments of a macro, from the number of the next figure and a part's values."""


class Mark(NamedTuple):
    """A word for a badge, its class, and why it is there."""

    word: str
    kind: str
    why: str


def marks_of(document: Document) -> dict[str, list[Mark]]:
    """Return the marks of each of the inputs of what `report_document` returns."""
    ages: Ages = document["ages"]
    return {
        name: _marks(prior, ages["old"].get(name), ages["as_of"])
        for name, prior in document["inputs"].items()
    }


def _marks(prior: dict[str, Any], old: Old | None, day: str) -> list[Mark]:
    found = []
    if prior["origin"] == "given":
        return [Mark("given", "given", "taken as known")]
    if prior["origin"] == "fallback":
        found.append(Mark("default", "note", "used since nothing given determines it"))
    if _JUDGEMENT.search(f"{prior['note']} {prior['source']}"):
        found.append(Mark("judgement", "judgement", "rests in part on judgement; see its note"))
    if not prior["source"]:
        found.append(Mark("no source", "stale", "no source is stated"))
    if old:
        found.append(Mark("stale", "stale", f"{old['months']} months old on {day}"))
    return found


@dataclass(frozen=True)
class Background:
    """What is behind a report.

    Parameters
    ----------
    inputs
        Priors by name, givens among them.
    plan
        How the answers are reached.
    drivers
        A sensitivity analysis of the outputs of the headline, or None.
    reason
        Why there is none, else "".
    """

    inputs: Mapping[str, Prior]
    plan: Plan
    drivers: Document | None = None
    reason: str = ""


def background_of(problem: Problem, design: Design, document: Document) -> Background:
    """Return what drives the answers of a report on a problem, by a design of modest size."""
    plan, inputs = problem.plan, problem.believed.inputs
    moved = [n for n in headline_outputs(document) if not document["outputs"][n]["constant"]]
    if not moved:
        return Background(
            inputs, plan, reason="All inputs are constant: nothing drives the answer."
        )
    if document.get("evidence") is not None:
        words = "What evidence has tied together is ranked by the command sensitivity --evidence."
        return Background(inputs, plan, reason=words)
    if is_incomplete(document):
        words = "The run was interrupted, so nothing is ranked; the command sensitivity does."
        return Background(inputs, plan, reason=words)
    if DATE in plan.reached and DATE not in plan.inputs:
        # Each of its draws is sought, and a ranking has some thousand times as many as an answer.
        return Background(
            inputs, plan, reason="What drives a date is ranked by the command sensitivity."
        )
    few = replace(design, draws=min(design.draws, _DRAWS), chains=min(design.chains, _CHAINS))
    try:
        return Background(inputs, plan, _drivers(problem, few, moved))
    except UncertainScaleError as error:
        return Background(inputs, plan, reason=f"Not ranked: {error}")


def _drivers(problem: Problem, design: Design, names: list[str]) -> Document:
    """Rank inputs by shares of the variance, as the command sensitivity does by default."""
    from uncertain_scale.analysis.sensitivity import sensitivity
    from uncertain_scale.report.sensitivity_report import sensitivity_document
    from uncertain_scale.sampling import sample

    found = sensitivity(problem, design, of=names, on=("value",))
    return sensitivity_document(sample(problem, design), found, "value", [])
