"""Scenarios updated by the same evidence: as plain data, for the terminal and as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from uncertain_scale.analysis.conditioning.information import evidence_ratio, ratios_of_medians
from uncertain_scale.report.document import report_document
from uncertain_scale.report.evidence import observation_rows, road_in_words
from uncertain_scale.report.frames import Frame
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import scale_for
from uncertain_scale.report.rows import (
    design_in_words,
    event_rows,
    output_rows,
    question_in_words,
)
from uncertain_scale.report.updating import plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr
    from rich.console import RenderableType

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.report.document import Document

__all__ = [
    "WHY",
    "evidence_comparison_document",
    "evidence_comparison_headline",
    "evidence_comparison_parts",
    "markdown_evidence_comparison",
    "terminal_evidence_comparison",
]

WHY = (
    "Each scenario is updated by the evidence by itself, so that draws have no twins: medians are "
    "compared, with their Monte Carlo errors, and not draws; the ratio is not split among inputs."
)


def evidence_comparison_document(
    trees: Sequence[xr.DataTree], probs: Sequence[float], events: Sequence[Event]
) -> Document:
    """Return scenarios updated by the same evidence as plain data.

    Parameters
    ----------
    trees
        What `condition` returns for each scenario, the base first.
    probs, events
        As in `report_document`.
    """
    base, *others = (report_document(tree, probs=probs, events=events) for tree in trees)
    comparisons = []
    for tree, document in zip(trees[1:], others, strict=True):
        factor = evidence_ratio(trees[0], tree)
        comparisons.append(
            {
                "other": document["scenario"],
                "log_bayes_factor": factor.value,
                "log_bayes_factor_mcse": _number(factor.mcse),
                "ratios_of_medians": {
                    name: {"value": ratio.value, "mcse": _number(ratio.mcse)}
                    for name, ratio in ratios_of_medians(trees[0], tree).items()
                },
                "report": document,
            }
        )
    return {**base, "base": base["scenario"], "reason": WHY, "comparisons": comparisons}


def terminal_evidence_comparison(document: Document) -> RenderableType:
    """Return scenarios updated by the same evidence as something that rich can print."""
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        *map(Text, _headline(document)),
    ]
    for report in _reports(document):
        parts.append(Text(f"\n{report['scenario']}: {report['title']}", style="bold"))
        parts += [Padding(Text(line), (0, 0, 0, 1)) for line in _facts(report)]
    for comparison in document["comparisons"]:
        parts.append(Text(f"\n{_factor_in_words(document, comparison)}", style="bold"))
        table = plain_table(("answer", document["base"], comparison["other"], "ratio"), "lrrr")
        for row in _rows(document, comparison):
            table.add_row(*map(Text, row))
        parts.append(table)
    return Group(*parts, Text(design_in_words(document), style="dim"))


def evidence_comparison_parts(document: Document) -> Iterator[tuple[str, list[str], Frame | None]]:
    """Yield what a page tells: a title, lines below it and a table, where there is one."""
    for report in _reports(document):
        yield report["scenario"], list(_facts(report)), None
    for comparison in document["comparisons"]:
        said = _factor_in_words(document, comparison)
        title = f"{comparison['other']} against {document['base']}"
        yield title, [said], _frame(document, comparison)


def evidence_comparison_headline(document: Document) -> str:
    """Say which scenarios the evidence speaks for."""
    told = (_factor_in_words(document, one) for one in document["comparisons"])
    return f"{'. '.join(told)}."


def _frame(document: Document, comparison: dict[str, Any]) -> Frame:
    header = ("answer", document["base"], comparison["other"], "ratio of medians")
    title = f"{comparison['other']} against {document['base']}"
    return Frame(title, header, list(_rows(document, comparison)))


def markdown_evidence_comparison(document: Document) -> str:
    """Return scenarios updated by the same evidence as Markdown text."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# Scenarios given evidence: {plain(question_in_words(document))}"
    yield ""
    for line in (*_headline(document), f"{design_in_words(document)}."):
        yield plain(line)
        yield ""
    for report in _reports(document):
        yield f"## {plain(report['scenario'])}"
        yield ""
        yield from (f"- {plain(line)}" for line in _facts(report))
        yield ""
    for comparison in document["comparisons"]:
        yield f"## {plain(comparison['other'])} against {plain(document['base'])}"
        yield ""
        yield plain(_factor_in_words(document, comparison))
        yield ""
        frame = _frame(document, comparison)
        yield from markdown_table([*map(plain, frame.header)], frame.rows)
        yield ""


def _headline(document: Document) -> Iterator[str]:
    names = ", ".join(f"{one['name']}: {one['fact']}" for one in observation_rows(document))
    yield f"Evidence: {names}"
    yield WHY


def _reports(document: Document) -> Iterator[Document]:
    yield document
    yield from (comparison["report"] for comparison in document["comparisons"])


def _facts(report: Document) -> Iterator[str]:
    """Yield what a scenario makes of the evidence, and what to know of it."""
    for one in observation_rows(report):
        yield (
            f"{one['name']}: {one['prior_predictive']} {one['units']}".rstrip()
            + f" by the priors (p = {one['p_value']}), now {one['posterior_predictive']}"
        )
    yield road_in_words(report)
    yield from (f"! {warning}" for warning in report["warnings"])
    yield from (f"! {note}" for note in report["evidence"]["notes"])
    for event, share, error in event_rows(report):
        yield f"P({event}) = {share}{f' ± {error}' if error else ''}"


def _factor_in_words(document: Document, comparison: dict[str, Any]) -> str:
    """Say which scenario the evidence speaks for."""
    log, error = comparison["log_bayes_factor"], comparison["log_bayes_factor_mcse"]
    better, worse = comparison["other"], document["base"]
    if log < 0:
        better, worse, log = worse, better, -log
    if log < max(3 * (error or 0.0), 0.01):
        return f"The evidence does not tell {better} from {worse}"
    if log > math.log(1e6):
        return f"The evidence is over a million times likelier under {better} than under {worse}"
    factor = math.exp(log)
    said = scale_for([factor], "1").write(factor, None if error is None else factor * error)
    return f"The evidence is {said} times likelier under {better} than under {worse}"


def _rows(document: Document, comparison: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield each answer's interval under both, and the ratio of medians."""
    prob = document["probs"][0]
    others = {row.name: row for row in output_rows(comparison["report"], prob)}
    for row in output_rows(document, prob):
        other = others[row.name]
        ratio = comparison["ratios_of_medians"].get(row.name)
        said = ""
        if ratio is not None:
            scale = scale_for([ratio["value"]], "1")
            said = scale.write(ratio["value"], ratio["mcse"], exact=ratio["mcse"] == 0)
        both = (f"{one.interval} {one.units}".rstrip() for one in (row, other))
        yield (row.name, *both, said)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
