"""A comparison of scenarios: as plain data, in words and in blocks."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from uncertain_scale.report.ages import Dated, age_blocks
from uncertain_scale.report.blocks import Block, Form, Gap, Heading, Items, Page, Part, Table, Text
from uncertain_scale.report.document import probability_document, record_document, statistics
from uncertain_scale.report.numbers import Scale, number, percent, probability_in_words, scale_of
from uncertain_scale.report.rows import (
    design_in_words,
    distribution_in_words,
    intervals_of,
    question_in_words,
    scenario_in_words,
    titled,
)
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.comparison import Comparison, Ratio
    from uncertain_scale.analysis.coupling import Coupling
    from uncertain_scale.inputs import Prior
    from uncertain_scale.report.document import Document

_SAME = 1e-9
_HOW = (
    "Each ratio is taken draw by draw. What the scenarios share has the same draws in each, so "
    "that chance does not blur it; facts of their own are drawn independently."
)
_PLAIN = Scale("")
NO_RATIO = (
    "0 or of both signs in some draws",
    "years of the calendar, or 0 or of both signs in some draws",
)
"""Why an answer has no ratio: one in other units than years, and one in years."""


def comparison_document(
    tree: xr.DataTree, comparisons: Sequence[Comparison], probs: Sequence[float]
) -> Document:
    """Return what `compare` returns as plain data, with intervals of some probabilities.

    Views that have room for one interval show the first.
    """
    beside = (
        {name: Dated.of(other) for name, (_, other) in one.changed.items()} for one in comparisons
    )
    return {
        **record_document(tree, probs, beside=beside),
        "base": comparisons[0].base,
        "comparisons": [_one(comparison) for comparison in comparisons],
    }


def in_words(comparison: dict[str, Any], base: str) -> str:
    """Say in a sentence or two what a comparison shows."""
    outputs = comparison["outputs"]
    same = [name for name, one in outputs.items() if _unchanged(one)]
    exact = {
        name: one["ratio"]["median"]
        for name, one in outputs.items()
        if name not in same and one["ratio"] and one["ratio"]["constant"]
    }
    ties = [f"the correlation of {' and '.join(p)}" for p in comparison["changed_correlations"]]
    inputs = ", ".join([*comparison["changed_inputs"], *ties])
    inputs = inputs or "nothing that the answers depend on"
    sentences = [f"{comparison['other']} differs from {base} in {inputs}"]
    for factor in dict.fromkeys(round(value, 9) for value in exact.values()):
        names = [name for name, value in exact.items() if round(value, 9) == factor]
        sentences.append(f"{', '.join(names)}: exactly {factor:.6g} times in every draw")
    if same:
        sentences.append(f"unchanged in every draw: {', '.join(same)}")
    return "; ".join(sentences)


def comparison_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `comparison_document` returns: ratios, shares, changed priors."""
    given, made, base = question_in_words(document), design_in_words(document), document["base"]
    yield Page(
        partial(_headline, document),
        made,
        f"What changes when an assumption changes, given {given}?",
        title=f"{base} and others",
    )
    yield Text(f"Given {given}", "bold", only=Form.brief)
    yield Text(titled(f"Base {base}", document["title"]), only=Form.terminal)
    yield Text(scenario_in_words(document), only=Form.notebook)
    yield Heading(f"{given}: {base} and others", 1, only=Form.markdown)
    shared = f"{made}; what scenarios share has the same draws in each."
    yield Text(shared, only=Form.markdown)
    yield Heading("Comparison", id="comparison", only=Form.html)
    yield Text(_HOW, "how", only=Form.html)
    for place, comparison in enumerate(document["comparisons"], start=1):
        yield from _compared(document, comparison)
        yield Part("held_against", (document, comparison, place))
    yield Heading("Inputs that differ", id="inputs", only=Form.html)
    yield Part("changed", (document["comparisons"], base))
    yield Gap()
    yield from age_blocks(document, "scenario")
    yield Text(made, "dim", only=Form.brief)


def _compared(document: Document, comparison: dict[str, Any]) -> Iterator[Block]:
    """Yield what one scenario makes of the answers, but for HTML, where it is a part."""
    prob = document["probs"][0]
    text, couplings = in_words(comparison, document["base"]), list(coupling_words(comparison))
    lines, rows = _lines(comparison), list(labelled(comparison_rows(comparison, prob)))
    interval = f"{percent(prob)} interval"
    yield Gap()
    yield Heading(comparison["other"], only=Form.markdown)
    yield Text(text, "bold", only=Form.brief)
    yield Text(couplings, only=Form.terminal)
    yield Text([f"{text}.", *(f"{one.capitalize()}." for one in couplings)], only=Form.markdown)
    header: tuple[str, ...] = ("answer, other / base", "name", "median", interval, "P(more)")
    if rows:
        yield Table(header, rows, (0, 1), tight=True, named=True, only=Form.brief)
    header = ("answer", "name", "ratio, median", interval, "P(more)")
    yield Table(header, rows, only=Form.markdown)
    header, otherwise = otherwise_table(comparison, prob)
    if otherwise:
        yield Text("The same with inputs that differ coupled otherwise:", only=Form.markdown)
        yield Table(header, otherwise, tight=True, only=Form.brief | Form.markdown)
    yield Items(lines, only=Form.terminal | Form.markdown)
    yield Text([*couplings, *lines], only=Form.notebook)
    changed = [
        (
            name,
            distribution_in_words(pair["base"]),
            pair["base"]["source"],
            distribution_in_words(pair["other"]),
            pair["other"]["source"],
        )
        for name, pair in comparison["changed_inputs"].items()
    ]
    header = ("changed input", "base", "source", "other", "source")
    yield Table(header, changed, only=Form.markdown)
    if coupled := coupling_rows(comparison):
        yield Table(("coupled input", "how", "why"), coupled, only=Form.markdown)


def _headline(document: Document) -> str:
    """Say in a sentence what each scenario makes of the answers that move."""
    sentences, probs = [], document["probs"]
    for one in document["comparisons"]:
        moved = [
            f"{label_of(name)} {ratio_in_words(output['ratio'], probs)}{_otherwise(output, probs)}"
            for name, output in one["outputs"].items()
            if output["ratio"] and not _unchanged(output)
        ]
        moved += [
            "{} {} ({}: {})".format(label_of(label), *cells[:1], percent(probs[0]), *cells[1:])
            for label, *cells, _ in comparison_rows(one, probs[0])
            if label not in one["outputs"]
        ]
        text = ", ".join(moved[:2]) or "no answer moves"
        sentences.append(f"{one['other']} over {document['base']}: {text}.")
    return " ".join(sentences)


def _otherwise(output: dict[str, Any], probs: Sequence[float]) -> str:
    """Write what the extreme couplings give, where they give something else."""
    lines = [
        f"; all {kind}: {ratio_in_words(one['ratio'], probs)}"
        for kind, one in output["otherwise"].items()
        if one["ratio"] and not one["ratio"]["constant"]
    ]
    return "".join(lines)


def ratio_in_words(ratio: dict[str, Any], probs: Sequence[float]) -> str:
    """Write a ratio with its 90% interval, or its widest, or that it is exact."""
    if ratio["constant"]:
        return (
            "unchanged"
            if is_one(ratio)
            else f"exactly ×{_PLAIN.write(ratio['median'], exact=True)}"
        )
    prob = 0.9 if 0.9 in probs else max(probs)
    piece = intervals_of(ratio, "eti", prob)[0]
    middle = _PLAIN.write(ratio["median"], ratio["median_mcse"])
    low, high = (_PLAIN.write_end(piece, end) for end in ("low", "high"))
    return f"×{middle} ({percent(prob)}: {low} to {high})"


def comparison_words(comparison: dict[str, Any], base: str) -> list[str]:
    """Say what differs, where it comes from, how events fare, and what is doubtful."""
    return [in_words(comparison, base), *coupling_words(comparison), *_lines(comparison)]


def otherwise_table(
    comparison: dict[str, Any], prob: float
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and rows of the ratios under the extreme couplings; no rows without any."""
    kinds: dict[str, None] = {}
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for name, output in comparison["outputs"].items():
        for kind, one in output["otherwise"].items():
            if not (one["ratio"] or one["difference"])["constant"]:
                _, interval = written(one, prob)
                kinds[kind] = None
                share = probability_in_words(one, "probability_greater")
                cells.setdefault(name, {})[kind] = (interval, share)
    words = [(f"all {kind}: {percent(prob)}", "P(more)") for kind in kinds]
    rows = [
        (name, *(cell for kind in kinds for cell in found[kind])) for name, found in cells.items()
    ]
    return ("answer", *(word for pair in words for word in pair)), rows


def coupling_words(comparison: dict[str, Any]) -> Iterator[str]:
    """Say which inputs that differ are one belief in both, and which are facts of their own."""
    kinds: dict[str, list[str]] = {}
    for names, kind, _ in coupling_rows(comparison):
        kinds.setdefault(kind, []).append(names)
    yield from (f"{kind}: {', '.join(names)}" for kind, names in kinds.items())


def coupling_rows(comparison: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the inputs that differ, how each is coupled, and why."""
    return [
        (
            ", ".join(one["inputs"]),
            _kind(one),
            one["reason"],
        )
        for one in comparison["couplings"]
    ]


def _kind(coupling: dict[str, Any]) -> str:
    kind = coupling["kind"]
    words = kind if kind != "correlated" else f"rank correlation {coupling['rank']:g}"
    return f"{words} given {', '.join(coupling['given'])}" if coupling["given"] else words


def _lines(comparison: dict[str, Any]) -> list[str]:
    """Say where ratios come from, which are not settled, how events fare, what is doubtful."""
    other = comparison["other"]
    lines = list(_attributions(comparison))
    lines += [f"{', '.join(names)}: {why}" for why, names in _unsettled(comparison).items()]
    for why, names in without_ratio(comparison).items():
        lines.append(f"{', '.join(names)}: {why}, where a ratio means nothing")
    for event in comparison["events"]:
        before, after = (probability_in_words(event[side]) for side in ("base", "other"))
        lines.append(f"P({event['event']}): {before} in the base, {after} in {other}")
    return [*lines, *(f"! {other}: {warning}" for warning in comparison["warnings"])]


def _unsettled(comparison: dict[str, Any]) -> dict[str, list[str]]:
    """Return the answers that are one number in all draws and yet may vary, by the reason."""
    found: dict[str, list[str]] = {}
    for name, one in comparison["outputs"].items():
        held = one["ratio"] or one["difference"]
        ends = {piece[end] for piece in held["intervals"] for end in ("low", "high")}
        if not held["constant"] and ends == {held["median"]} and "mean" in held["reason"]:
            found.setdefault(held["reason"]["mean"].removeprefix("mean "), []).append(name)
    return found


def without_ratio(comparison: dict[str, Any]) -> dict[str, list[str]]:
    """Return the answers that have a difference in the place of a ratio, by the reason."""
    found: dict[str, list[str]] = {}
    for name, one in comparison["outputs"].items():
        if not one["ratio"]:
            found.setdefault(NO_RATIO[one["difference"]["units"] == "year"], []).append(name)
    return found


def _one(comparison: Comparison) -> dict[str, Any]:
    changed = {
        name: {"base": _belief(a), "other": _belief(b)}
        for name, (a, b) in comparison.changed.items()
    }
    return {
        "other": comparison.other,
        "warnings": list(comparison.warnings),
        "events": [
            {
                "event": text,
                "base": probability_document(base),
                "other": probability_document(other),
            }
            for text, (base, other) in comparison.events.items()
        ],
        "changed_inputs": changed,
        "changed_correlations": [list(pair) for pair in comparison.correlations],
        "couplings": couplings_document(comparison.couplings),
        "outputs": {name: _output(comparison, name) for name in comparison.greater},
    }


def couplings_document(couplings: Mapping[str, Coupling]) -> list[dict[str, Any]]:
    """Return as plain data how inputs that answers depend on are coupled."""
    return [
        {
            "inputs": list(one.inputs),
            "kind": one.kind,
            "rank": one.rank,
            "given": list(one.given),
            "reason": one.reason,
        }
        for one in couplings.values()
        if one.asked
    ]


def _belief(prior: Prior) -> dict[str, Any]:
    return {**prior.facts(), "units": prior.model_units}


def _output(comparison: Comparison, name: str) -> dict[str, Any]:
    parts = comparison.attribution.get(name, {})
    return {
        **_held(comparison, name),
        "otherwise": {kind: _held(one, name) for kind, one in comparison.otherwise.items()},
        "ratio_of_medians": comparison.factor(name) if name in comparison.attribution else None,
        "attribution": comparison.shares(name),
        "factors": {input_name: math.exp(part) for input_name, part in parts.items()},
    }


def _held(found: Comparison | Ratio, name: str) -> dict[str, Any]:
    """Return an output's ratio and its difference, or what there is of the two, and P(more)."""
    low, high = found.greater_ends[name]
    ratios = found.ratio["output"].values
    difference = {}
    if name in found.difference["output"].values:
        one = found.difference.sel(output=name)
        difference["difference"] = {"units": str(one["units"].item()), **statistics(one)}
    return {
        "ratio": statistics(found.ratio.sel(output=name)) if name in ratios else None,
        **difference,
        "probability_greater": found.greater[name],
        "probability_greater_mcse": number(found.greater_mcse[name]),
        "probability_greater_low": low,
        "probability_greater_high": high,
    }


def is_one(ratio: dict[str, Any]) -> bool:
    """Say whether a ratio is 1 in every draw."""
    return bool(ratio["constant"]) and abs(ratio["median"] - 1) < _SAME


def _unchanged(output: dict[str, Any]) -> bool:
    if output["ratio"] is None:
        return bool(output["difference"]["constant"]) and not output["difference"]["median"]
    return is_one(output["ratio"])


def comparison_rows(comparison: dict[str, Any], prob: float) -> Iterator[tuple[str, str, str, str]]:
    """Yield each answer that moves: the ratio's median and interval, and P(more).

    An answer without a ratio has the difference in its place.
    """
    for name, output in comparison["outputs"].items():
        if not _unchanged(output):
            label = name if output["ratio"] else f"{name}, difference"
            more = probability_in_words(output, "probability_greater")
            yield label, *written(output, prob), more


def labelled(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield rows that begin with a variable's name, its label before it."""
    for name, *cells in rows:
        variable, comma, rest = name.partition(",")
        yield f"{label_of(variable)}{comma}{rest}", variable, *cells


def written(output: dict[str, Any], prob: float) -> tuple[str, str]:
    """Write the median and the interval of a ratio, or of the difference where there is none."""
    ratio = output["ratio"]
    if ratio is None:
        return _difference(output["difference"], prob)
    interval = intervals_of(ratio, "eti", prob)[0]
    exact = ratio["constant"]
    median = _PLAIN.write(ratio["median"], ratio["median_mcse"], exact=exact)
    ends = [_PLAIN.write_end(interval, end, exact=exact) for end in ("low", "high")]
    return f"x{median}", f"x{ends[0]}" if exact else f"x{ends[0]} to x{ends[1]}"


def _difference(difference: dict[str, Any], prob: float) -> tuple[str, str]:
    interval = intervals_of(difference, "eti", prob)[0]
    exact, scale = difference["constant"], scale_of(difference)
    median = scale.write(difference["median"], difference["median_mcse"], exact=exact)
    low, high = (scale.write_end(interval, end, exact=exact) for end in ("low", "high"))
    sign = "+" if difference["median"] > 0 else ""
    ends = low if exact else f"{low} to {high}"
    return f"{sign}{median} {scale.units}".rstrip(), f"{ends} {scale.units}".rstrip()


def _attributions(comparison: dict[str, Any]) -> Iterator[str]:
    """Say which inputs the ratios of medians come from; outputs of one pattern share a line."""
    patterns: dict[str, list[str]] = {}
    for name, output in comparison["outputs"].items():
        if output["attribution"]:
            parts = ", ".join(
                f"{input_name} x{factor:.3g}"
                for input_name, factor in output["factors"].items()
                if abs(factor - 1) > _SAME
            )
            whole = f"medians x{output['ratio_of_medians']:.3g} = {parts}"
            patterns.setdefault(whole, []).append(name)
    for whole, names in patterns.items():
        yield f"{', '.join(names)}: {whole}"
