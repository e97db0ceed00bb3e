"""Scenarios updated by the same evidence: as plain data and in blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.conditioning.information import evidence_ratio, ratios_of_medians
from uncertain_scale.report.blocks import Form, Gap, Heading, Items, Page, Table, Text
from uncertain_scale.report.document import report_document
from uncertain_scale.report.evidence import method_in_words, observation_lines, observation_rows
from uncertain_scale.report.numbers import number, scale_for
from uncertain_scale.report.rows import (
    chances_in_words,
    design_in_words,
    output_rows,
    question_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

__all__ = ["WHY", "evidence_comparison_blocks", "evidence_comparison_document"]

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
                "log_bayes_factor_mcse": number(factor.mcse),
                "ratios_of_medians": {
                    name: {"value": ratio.value, "mcse": number(ratio.mcse)}
                    for name, ratio in ratios_of_medians(trees[0], tree).items()
                },
                "report": document,
            }
        )
    return {**base, "base": base["scenario"], "reason": WHY, "comparisons": comparisons}


def evidence_comparison_blocks(document: Document) -> Iterator[Block]:
    """Yield what scenarios make of the same evidence, and what it says of them.

    Parameters
    ----------
    document
        What `evidence_comparison_document` returns.
    """
    given, made, base = question_in_words(document), design_in_words(document), document["base"]
    seen = ", ".join(f"{one['name']}: {one['fact']}" for one in observation_rows(document))
    told = [_factor_in_words(document, one) for one in document["comparisons"]]
    yield Page(
        f"{'. '.join(told)}.",
        made,
        f"Which scenario does the evidence speak for, given {given}?",
        title=f"{base} and others, given evidence",
        about=WHY,
    )
    yield Heading("To know first", id="remarks", only=Form.html)
    yield Items([": ".join(pair) for pair in observation_lines(document)], only=Form.html)
    yield Text(f"Given {given}", "bold", only=Form.terminal)
    yield Heading(f"Scenarios given evidence: {given}", 1, only=Form.markdown)
    for line in (f"Evidence: {seen}", WHY):
        yield Text(line, only=Form.terminal | Form.markdown)
    yield Text(f"{made}.", only=Form.markdown)
    for report in _reports(document):
        yield Gap()
        yield Text(f"{report['scenario']}: {report['title']}", "bold", only=Form.terminal)
        yield Heading(report["scenario"], only=Form.full)
        yield Items(list(_facts(report)))
    for said, comparison in zip(told, document["comparisons"], strict=True):
        rows = list(_rows(document, comparison))
        header = ("answer", base, comparison["other"])
        yield Gap()
        yield Text(said, "bold", only=Form.terminal)
        yield Table((*header, "ratio"), rows, tight=True, only=Form.terminal)
        yield Heading(f"{comparison['other']} against {base}", only=Form.full)
        yield Text(said, only=Form.markdown)
        yield Items([said], only=Form.html)
        yield Table((*header, "ratio of medians"), rows, only=Form.full)
    yield Gap(only=Form.markdown)
    yield Text(made, "dim", only=Form.terminal)


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
    yield method_in_words(report)
    yield from (f"! {warning}" for warning in report["warnings"])
    yield from (f"! {note}" for note in report["evidence"]["notes"])
    yield from chances_in_words(report)


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
        said = "none: 0 or of both signs"
        if ratio is not None:
            scale = scale_for([ratio["value"]], "1")
            said = scale.write(ratio["value"], ratio["mcse"], exact=ratio["mcse"] == 0)
        both = (f"{one.interval} {one.units}".rstrip() for one in (row, other))
        yield (row.name, *both, said)
