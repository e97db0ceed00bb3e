"""A comparison of scenarios: as plain data, in words, for the terminal and as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from uncertain_scale.report.document import probability_document, record_document, statistics
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import Scale, percent, probability_in_words
from uncertain_scale.report.rows import design_in_words, intervals_of, question_in_words
from uncertain_scale.report.updating import plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr
    from rich.console import RenderableType

    from uncertain_scale.analysis.comparison import Comparison, Ratio
    from uncertain_scale.analysis.coupling import Coupling
    from uncertain_scale.inputs import Prior
    from uncertain_scale.report.document import Document

__all__ = [
    "comparison_document",
    "comparison_rows",
    "comparison_words",
    "coupling_rows",
    "coupling_words",
    "couplings_document",
    "in_words",
    "markdown_comparison",
    "otherwise_table",
    "terminal_comparison",
]

_SAME = 1e-9
_PLAIN = Scale("")


def comparison_document(
    tree: xr.DataTree, comparisons: Sequence[Comparison], probs: Sequence[float]
) -> Document:
    """Return comparisons as plain data.

    Parameters
    ----------
    tree, comparisons
        What `compare` returns.
    probs
        Probabilities of the intervals; views that have room for one show the first.
    """
    return {
        **record_document(tree, probs),
        "base": comparisons[0].base,
        "comparisons": [_one(comparison) for comparison in comparisons],
    }


def in_words(comparison: dict[str, Any], base: str) -> str:
    """Say in a sentence or two what a comparison shows."""
    outputs = comparison["outputs"]
    same = [name for name, one in outputs.items() if _constant(one, 1.0)]
    exact = {
        name: one["ratio"]["median"]
        for name, one in outputs.items()
        if name not in same and _constant(one, None)
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


def terminal_comparison(document: Document) -> RenderableType:
    """Return comparisons as something that rich can print, at 80 columns."""
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Base {document['base']}: {document['title']}"),
    ]
    prob = document["probs"][0]
    for comparison in document["comparisons"]:
        parts += [Text(), Text(in_words(comparison, document["base"]), style="bold")]
        parts += map(Text, coupling_words(comparison))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        table.add_column("answer, other / base", no_wrap=True)
        for header in ("median", f"{percent(prob)} interval", "P(more)"):
            table.add_column(header, justify="right", no_wrap=True)
        for row in comparison_rows(comparison, prob):
            table.add_row(*map(Text, row))
        if table.row_count:
            parts.append(table)
        names, cells = otherwise_table(comparison, prob)
        if cells:
            table = plain_table(names, "l" + "r" * (len(names) - 1))
            for cell in cells:
                table.add_row(*map(Text, cell))
            parts.append(table)
        parts += [Padding(Text(line), (0, 0, 0, 1)) for line in _lines(comparison)]
    return Group(*parts, Text(), Text(design_in_words(document), style="dim"))


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
            if one["ratio"] is not None and not one["ratio"]["constant"]:
                _, interval = _written(one["ratio"], prob)
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
            one["kind"] if one["kind"] != "correlated" else f"rank correlation {one['rank']:g}",
            one["reason"],
        )
        for one in comparison["couplings"]
    ]


def _lines(comparison: dict[str, Any]) -> list[str]:
    return [*_attributions(comparison), *_events(comparison), *_warnings(comparison)]


def markdown_comparison(document: Document) -> str:
    """Return comparisons as Markdown text: every figure, and both priors of what changed."""
    return "\n".join(_markdown(document)) + "\n"


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
        {"inputs": list(one.inputs), "kind": one.kind, "rank": one.rank, "reason": one.reason}
        for one in couplings.values()
        if one.asked
    ]


def _belief(prior: Prior) -> dict[str, Any]:
    return {**prior.facts(), "units": prior.model_units}


def _output(comparison: Comparison, name: str) -> dict[str, Any]:
    parts = comparison.attribution.get(name, {})
    return {
        "ratio": _statistics(comparison.ratio, name),
        "difference": {
            "units": str(comparison.difference["units"].sel(output=name).item()),
            **statistics(comparison.difference.sel(output=name)),
        },
        **_greater(comparison, name),
        "otherwise": {
            kind: {
                "ratio": _statistics(one.ratio, name),
                **_greater(one, name),
            }
            for kind, one in comparison.otherwise.items()
        },
        "ratio_of_medians": comparison.factor(name) if name in comparison.attribution else None,
        "attribution": comparison.shares(name),
        "factors": {input_name: math.exp(part) for input_name, part in parts.items()},
    }


def _greater(found: Comparison | Ratio, name: str) -> dict[str, Any]:
    low, high = found.greater_ends[name]
    return {
        "probability_greater": found.greater[name],
        "probability_greater_mcse": _finite(found.greater_mcse[name]),
        "probability_greater_low": low,
        "probability_greater_high": high,
    }


def _statistics(ratio: xr.Dataset, name: str) -> dict[str, Any] | None:
    return statistics(ratio.sel(output=name)) if name in ratio["output"].values else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _constant(output: dict[str, Any], value: float | None) -> bool:
    ratio = output["ratio"]
    if ratio is None or not ratio["constant"]:
        return False
    return value is None or abs(ratio["median"] - value) < _SAME


def comparison_rows(comparison: dict[str, Any], prob: float) -> Iterator[tuple[str, str, str, str]]:
    """Yield each answer that moves: the ratio's median and interval, and P(more)."""
    for name, output in comparison["outputs"].items():
        ratio = output["ratio"]
        if ratio is None or _constant(output, 1.0):
            continue
        yield name, *_written(ratio, prob), probability_in_words(output, "probability_greater")


def _written(ratio: dict[str, Any], prob: float) -> tuple[str, str]:
    """Write the median and the interval of a ratio."""
    interval = intervals_of(ratio, "eti", prob)[0]
    exact = ratio["constant"]
    median = _PLAIN.write(ratio["median"], ratio["median_mcse"], exact=exact)
    ends = [_PLAIN.write_end(interval, end, exact=exact) for end in ("low", "high")]
    return f"x{median}", f"x{ends[0]}" if exact else f"x{ends[0]} to x{ends[1]}"


def _events(comparison: dict[str, Any]) -> Iterator[str]:
    for event in comparison["events"]:
        before, after = (probability_in_words(event[side]) for side in ("base", "other"))
        yield f"P({event['event']}): {before} in the base, {after} in {comparison['other']}"


def _warnings(comparison: dict[str, Any]) -> Iterator[str]:
    yield from (f"! {comparison['other']}: {warning}" for warning in comparison["warnings"])


def _attributions(comparison: dict[str, Any]) -> Iterator[str]:
    """Say which inputs the ratios of medians come from; outputs of one pattern share a line."""
    patterns: dict[str, list[str]] = {}
    for name, output in comparison["outputs"].items():
        if output["attribution"]:
            parts = " ".join(
                f"{input_name} x{factor:.3g}"
                for input_name, factor in output["factors"].items()
                if abs(factor - 1) > _SAME
            )
            whole = f"medians x{output['ratio_of_medians']:.3g} = {parts}"
            patterns.setdefault(whole, []).append(name)
    for whole, names in patterns.items():
        yield f"{', '.join(names)}: {whole}"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {plain(question_in_words(document))}: {plain(document['base'])} and others"
    yield ""
    yield f"{plain(design_in_words(document))}; what scenarios share has the same draws in each."
    prob = document["probs"][0]
    for comparison in document["comparisons"]:
        yield ""
        yield f"## {plain(comparison['other'])}"
        yield ""
        yield f"{plain(in_words(comparison, document['base']))}."
        yield from (f"{plain(line).capitalize()}." for line in coupling_words(comparison))
        yield ""
        header = ("answer", "ratio, median", f"{percent(prob)} interval", "P(more)")
        yield from markdown_table(header, comparison_rows(comparison, prob))
        yield ""
        names, cells = otherwise_table(comparison, prob)
        if cells:
            yield "The same with inputs that differ coupled otherwise:"
            yield ""
            yield from markdown_table(names, cells)
            yield ""
        yield from (f"- {plain(line)}" for line in _lines(comparison))
        yield ""
        yield from markdown_table(
            ("changed input", "base", "source", "other", "source"),
            (
                (
                    name,
                    pair["base"]["distribution"],
                    pair["base"]["source"],
                    pair["other"]["distribution"],
                    pair["other"]["source"],
                )
                for name, pair in comparison["changed_inputs"].items()
            ),
        )
        if comparison["couplings"]:
            yield ""
            yield from markdown_table(("coupled input", "how", "why"), coupling_rows(comparison))
