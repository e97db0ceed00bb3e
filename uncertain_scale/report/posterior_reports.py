"""Reports of posteriors, as plain data and in blocks.

Which inputs drive the answers given evidence (`dependent_`), and scenarios that are updated by the
same evidence (`evidence_comparison_`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.conditioning.information import evidence_ratio, ratios_of_medians
from uncertain_scale.report.ages import age_blocks, time_in_words
from uncertain_scale.report.blocks import Block, Form, Gap, Heading, Items, Page, Table, Text, shown
from uncertain_scale.report.comparison_report import NO_RATIO
from uncertain_scale.report.document import events_document, record_document, report_document
from uncertain_scale.report.evidence import (
    evidence_blocks,
    evidence_document,
    learnt_in_words,
    method_in_words,
    moved_rows,
    observation_lines,
    observation_rows,
)
from uncertain_scale.report.numbers import number, scale_for
from uncertain_scale.report.rows import (
    chances_in_words,
    design_in_words,
    event_rows,
    opening,
    output_rows,
    question_in_words,
    scenario_in_words,
    titled,
)
from uncertain_scale.sampling.chains import ArrayTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.report.document import Document

_LEAST = 0.005  # shares below this are left out of the terminal's tables
_MOST = 3  # answers in the headline
_NOTHING = "No input drives the answers."
_WHY_SHARES = (
    "Evidence ties the inputs together, so Sobol' indices, Shapley effects and swings of one input "
    "alone are not given. Shown: the share of variance that would go if an input were known, with "
    "all that it tells of the others (the shares need not add up to 1), and rank correlations."
)
_WHY_MEDIANS = (
    "Each scenario is updated by the evidence by itself, so that draws have no twins: medians are "
    "compared, with their Monte Carlo errors, and not draws; the ratio is not split among inputs."
)


def dependent_document(tree: xr.DataTree, found: xr.Dataset, events: Sequence[Event]) -> Document:
    """Return what `condition` and `posterior_sensitivity` return, and events, as plain data."""
    outputs: dict[str, dict[str, Any]] = {}
    for name in map(str, found["output"].values):
        one = found.sel(output=name)
        inputs = _inputs(one.drop_vars("reason"))
        outputs[name] = {"reason": str(one["reason"].item()), "inputs": inputs}
    moving = (
        name
        for output in outputs.values()
        for name, one in output["inputs"].items()
        if (one["variance_reduction"] or 0.0) >= _LEAST
    )
    used = {part for name in moving for part in name.split("+")}
    return {
        **record_document(tree, (0.9,), used=used),
        "on": found.attrs["on"],
        "reason": _WHY_SHARES,
        "outputs": outputs,
        "events": events_document(tree, events),
        **evidence_document(ArrayTree.of(tree), (0.9,)),
    }


def dependent_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `dependent_document` returns: for each answer, its inputs."""
    given, made = question_in_words(document), design_in_words(document)
    yield Page(
        _headline(document),
        made,
        f"What drives the answers, given {given}?",
        title="What drives the answers, given evidence",
        about=scenario_in_words(document),
    )
    seen = [": ".join(pair) for pair in observation_lines(document)]
    learnt = [method_in_words(document), learnt_in_words(document)]
    yield Heading("To know first", id="remarks", only=Form.html)
    events = [f"P({event}) = {share}" for event, share, _ in event_rows(document)]
    yield Items([*seen, *learnt, *document["evidence"]["notes"], *events], only=Form.html)
    yield from opening(document, f"What drives the answers: {given}", f"{made}.")
    moved = {**document, "evidence": {**document["evidence"], "before": {}}}
    yield from shown(evidence_blocks(moved), Form.terminal | Form.markdown)
    yield Text(_WHY_SHARES, only=Form.terminal | Form.markdown)
    for place, (name, output) in enumerate(document["outputs"].items()):
        if output["reason"]:
            yield Heading(name, only=Form.full)
            yield Text(f"{name}: {output['reason']}")
            continue
        header: tuple[str, ...] = (name, "variance gone if known", "rank correlation")
        yield Table(header, list(_rows(output, _LEAST)), tight=True, only=Form.terminal)
        yield Heading(name, only=Form.full)
        if not place:
            yield Text(_WHY_SHARES, "how", only=Form.html)
        header = ("input", "variance gone if known", "rank correlation", "standard errors")
        yield Table(header, _with_errors(output), only=Form.full)
    for text in chances_in_words(document):
        yield Text(f" {text}", "bold", only=Form.terminal)
        yield Text(text, only=Form.markdown)
    yield Gap(only=Form.markdown)
    yield from age_blocks(document)
    yield Text(made, "dim", only=Form.terminal)
    yield Heading("Inputs that moved", only=Form.html)
    header = ("input", "before: 5%, 50%, 95%", "now", "units", "bits learnt")
    yield Table(header, list(moved_rows(document)), (0, 3), only=Form.html)


def _with_errors(output: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return each input with its share, its rank correlation and their standard errors."""
    rows: list[tuple[str, ...]] = []
    for row, (_, one) in zip(_rows(output, -1.0), _sorted(output), strict=True):
        errors = [one[f"{key}_mcse"] for key in ("variance_reduction", "rank_correlation")]
        rows.append((*row, ", ".join(f"{error:.2g}" for error in errors if error is not None)))
    return rows


def _headline(document: Document) -> str:
    """Say which input would narrow each answer most, if it were known."""
    lines = []
    for name, output in document["outputs"].items():
        first = None if output["reason"] else next(_rows(output, _LEAST), None)
        if first is not None:
            lines.append(f"{name}: {first[0]} ({first[1]})")
    most = "; ".join(lines[:_MOST])
    return f"Variance that would go if an input were known, most: {most}." if lines else _NOTHING


def _inputs(found: xr.Dataset) -> dict[str, dict[str, float | None]]:
    names = [str(name) for name in found.data_vars]
    return {
        str(player): {name: number(found[name].sel(input=player)) for name in names}
        for player in found["input"].values
    }


def _sorted(output: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(output["inputs"].items(), key=lambda one: -(one[1]["variance_reduction"] or 0))


def _rows(output: dict[str, Any], least: float) -> Iterator[tuple[str, str, str]]:
    """Yield each input with its share and its rank correlation, the largest share first."""
    for name, one in _sorted(output):
        share = one["variance_reduction"]
        if share is not None and share >= least:
            text = _written(one, "variance_reduction")
            yield name.replace("+", ", "), text, _written(one, "rank_correlation")
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


def evidence_comparison_document(
    trees: Sequence[xr.DataTree], probs: Sequence[float], events: Sequence[Event]
) -> Document:
    """Return what `condition` returns for each scenario, the base first, as plain data.

    `probs` and `events` are those of `report_document`.
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
    return {**base, "base": base["scenario"], "reason": _WHY_MEDIANS, "comparisons": comparisons}


def evidence_comparison_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `evidence_comparison_document` returns: each scenario."""
    given, made, base = question_in_words(document), design_in_words(document), document["base"]
    seen = ", ".join(f"{one['name']}: {one['fact']}" for one in observation_rows(document))
    factors = [_factor_in_words(document, one) for one in document["comparisons"]]
    yield Page(
        f"{'. '.join(factors)}.",
        made,
        f"Which scenario does the evidence speak for, given {given}?",
        title=f"{base} and others, given evidence",
        about=_WHY_MEDIANS,
    )
    yield Heading("To know first", id="remarks", only=Form.html)
    yield Items([": ".join(pair) for pair in observation_lines(document)], only=Form.html)
    yield Text(f"Given {given}", "bold", only=Form.terminal)
    yield Heading(f"Scenarios given evidence: {given}", 1, only=Form.markdown)
    for line in (f"Evidence: {seen}", _WHY_MEDIANS):
        yield Text(line, only=Form.terminal | Form.markdown)
    yield Text(f"{made}.", only=Form.markdown)
    for report in (document, *(one["report"] for one in document["comparisons"])):
        yield Gap()
        title = titled(report["scenario"], report["title"])
        yield Text(title, "bold", only=Form.terminal)
        yield Heading(report["scenario"], only=Form.full)
        yield Items(list(_facts(report)))
    for text, comparison in zip(factors, document["comparisons"], strict=True):
        rows = list(_ratio_rows(document, comparison))
        header = ("answer", base, comparison["other"])
        yield Gap()
        yield Text(text, "bold", only=Form.terminal)
        yield Table((*header, "ratio"), rows, tight=True, only=Form.terminal)
        yield Heading(f"{comparison['other']} against {base}", only=Form.full)
        yield Text(text, only=Form.markdown)
        yield Items([text], only=Form.html)
        yield Table((*header, "ratio of medians"), rows, only=Form.full)
    yield Gap(only=Form.markdown)
    yield Text(made, "dim", only=Form.terminal)


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
    yield from (f"! {line}" for line in time_in_words(report, "scenario"))
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
    text = scale_for([factor], "1").write(factor, None if error is None else factor * error)
    return f"The evidence is {text} times likelier under {better} than under {worse}"


def _ratio_rows(document: Document, comparison: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield each answer's interval under both, and the ratio of medians."""
    prob = document["probs"][0]
    others = {row.name: row for row in output_rows(comparison["report"], prob)}
    for row in output_rows(document, prob):
        other = others[row.name]
        ratio = comparison["ratios_of_medians"].get(row.name)
        text = f"none: {NO_RATIO[document['outputs'][row.name]['units'] == 'year']}"
        if ratio is not None:
            scale = scale_for([ratio["value"]], "1")
            text = scale.write(ratio["value"], ratio["mcse"], exact=ratio["mcse"] == 0)
        both = (f"{one.interval} {one.units}".rstrip() for one in (row, other))
        yield (row.name, *both, text)
