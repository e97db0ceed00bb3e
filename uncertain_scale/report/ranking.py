"""Which inputs drive the answers: as plain data, for the terminal and as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from uncertain_scale.report.deciding import (
    decision_document,
    markdown_decision,
    terminal_decision,
)
from uncertain_scale.report.document import record_document
from uncertain_scale.report.estimates import estimate, number
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import scale_of, share_in_words
from uncertain_scale.report.rows import design_in_words, question_in_words
from uncertain_scale.statistics.draws import all_draws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr
    from rich.console import RenderableType

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.sensitivity import Loss
    from uncertain_scale.report.document import Document

__all__ = ["markdown_sensitivity", "sensitivity_document", "terminal_sensitivity"]

_LEAST = 0.005  # shares below this are left out of the terminal's tables
_BAR = 12


def sensitivity_document(
    tree: xr.DataTree,
    found: xr.Dataset,
    on: str,
    decisions: Sequence[tuple[Event, xr.Dataset]],
    loss: Loss | None = None,
) -> Document:
    """Return a sensitivity analysis as plain data.

    Parameters
    ----------
    tree
        Draws of the question, for its record.
    found
        What `sensitivity` returns.
    on
        The scale, `value` or `log`, that indices, shares and the ranking are on.
    decisions
        Events of one variable, and what `decision_value` returns for each.
    loss
        What wrong answers cost, where that was stated.
    """
    outputs = {}
    for name in map(str, found["output"].values):
        one = found.sel(output=name)
        outputs[name] = _output(one, on, str(one["units"].item()))
    return {
        **record_document(tree, ()),
        "on": on,
        "outputs": outputs,
        "events": [
            decision_document(event.text, decision, loss, _units(tree, event))
            for event, decision in decisions
        ],
    }


def _units(tree: xr.DataTree, event: Event) -> str:
    return str(all_draws(tree)[event.threshold()[0]].attrs["units"])


def terminal_sensitivity(document: Document) -> RenderableType:
    """Return a sensitivity analysis as something that rich can print, at 80 columns."""
    scale = "log-variance" if document["on"] == "log" else "variance"
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Scenario {document['scenario']}: {document['title']}"),
        Text(
            f"Shares of {scale} (Shapley effects, which add up to 1); the answer's median with the "
            "input at its 5% and 95%; in how many chains the rank holds"
        ),
    ]
    for name, output in document["outputs"].items():
        parts += [Text(f"\n{name}", style="bold"), *_block(output, document["chains"])]
        if pairs := _pairs_in_words(output):
            parts.append(Text(f" Sobol' indices of second order: {pairs}"))
    for decision in document["events"]:
        parts += [Text(), *terminal_decision(decision)]
    return Group(*parts, Text(), Text(design_in_words(document), style="dim"))


def markdown_sensitivity(document: Document) -> str:
    """Return a sensitivity analysis as Markdown text, every method with its intervals."""
    return "\n".join(_markdown(document)) + "\n"


def _output(found: xr.Dataset, on: str, units: str) -> dict[str, Any]:
    scaled = found.sel(scale=on)
    ranked = scaled["rank"].dropna("input")
    order = [str(name) for name in ranked.sortby(ranked)["input"].values]
    sobol = {}
    for group in map(str, found["group"].values):
        place = scaled.sel(group=group)
        if math.isfinite(float(place["first"])):
            sobol[group] = {**estimate(place, "first"), **estimate(place, "total")}
    return {
        "units": units,
        "reason": str(scaled["reason"].item()),
        "ranking": order,
        "rank_share": {name: float(scaled["rank_share"].sel(input=name)) for name in order},
        "sobol": sobol,
        **({"second": _pairs(scaled)} if "second" in found else {}),
        "shapley": {name: estimate(scaled.sel(input=name), "shapley") for name in order},
        "log_variance_share": {
            name: number(found["log_variance_share"].sel(input=name)) for name in order
        },
        "rank_correlation": {
            name: estimate(found.sel(input=name), "rank_correlation") for name in order
        },
        "variance_reduction": {
            name: estimate(scaled.sel(input=name), "variance_reduction") for name in order
        },
        "interval_reduction": {
            name: estimate(scaled.sel(input=name), "interval_reduction") for name in order
        },
        "median": number(found["median"]),
        "swing": {name: _swing(found.sel(input=name)) for name in order},
    }


def _pairs(scaled: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return the Sobol' indices of second order, each pair under its first group."""
    names = [str(name) for name in scaled["group"].values]
    pairs: dict[str, dict[str, Any]] = {}
    for k, first in enumerate(names):
        for second in names[k + 1 :]:
            one = scaled.sel(group=first, group_2=second)
            if math.isfinite(float(one["second"])):
                pairs.setdefault(first, {})[second] = estimate(one, "second")
    return pairs


def _swing(found: xr.Dataset) -> dict[str, Any]:
    """Return the output's median and 90% interval with the input at its own 5% and 95%."""
    return {
        end: {
            "median": number(found[f"swing_{end}_median"]),
            "low": number(found[f"swing_{end}_interval"].sel(end="low")),
            "high": number(found[f"swing_{end}_interval"].sel(end="high")),
        }
        for end in ("low", "high")
    }


def _block(output: dict[str, Any], chains: int) -> list[RenderableType]:
    """Return one output's table: the inputs that matter, with a bar each."""
    if output["reason"]:
        return [Text(f" {output['reason']}")]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("input", no_wrap=True, overflow="ellipsis", max_width=17)
    table.add_column("share", justify="right", no_wrap=True, min_width=5)
    table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("median if low, if high", justify="right", no_wrap=True)
    table.add_column("rank in", justify="right", no_wrap=True)
    for name, share, swing, held in _rows(output, chains):
        bar = "█" * max(round(share * _BAR), 1)
        table.add_row(*map(Text, (name, share_in_words(share), bar, swing, held)))
    return [table]


def _pairs_in_words(output: dict[str, Any]) -> str:
    """Say which pairs of inputs matter beyond what each does alone, the largest first."""
    pairs = [
        (one["second"], one["second_unresolved"], f"{first} with {second}")
        for first, others in output.get("second", {}).items()
        for second, one in others.items()
        if one["second"]
    ]
    resolved = [
        f"{names} {share_in_words(index)}"
        for index, unresolved, names in sorted(pairs, reverse=True)
        if not unresolved
    ]
    return ", ".join(resolved) or ("none is resolved" if pairs else "")


def _rows(output: dict[str, Any], chains: int) -> Iterator[tuple[str, float, str, str]]:
    scale = scale_of(output)
    for name in output["ranking"]:
        share = output["shapley"][name]["shapley"]
        if share is None or share < _LEAST:
            continue
        ends = [output["swing"][name][end]["median"] for end in ("low", "high")]
        swing = " to ".join(scale.write(end) for end in ends if end is not None)
        held = round(output["rank_share"][name] * chains)
        yield name, share, f"{swing} {scale.units}".rstrip(), f"{held} of {chains}"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# What drives the answers: {plain(question_in_words(document))}"
    yield ""
    yield f"Scenario {plain(document['scenario'])}: {plain(document['title'])}."
    yield f"{plain(design_in_words(document))}; indices and shares on the {document['on']} scale,"
    yield "with 95% intervals from the spread between chains."
    for decision in document["events"]:
        yield from markdown_decision(decision)
    for name, output in document["outputs"].items():
        yield ""
        yield f"## {plain(name)}"
        yield ""
        if output["reason"]:
            yield plain(output["reason"])
            continue
        yield from _table(output, document["chains"])
        yield ""
        yield from markdown_table(
            ("inputs", "Sobol' first order", "Sobol' total"),
            (
                (group, _with_interval(index, "first"), _with_interval(index, "total"))
                for group, index in output["sobol"].items()
            ),
        )
        if output.get("second"):
            yield ""
            yield from markdown_table(
                ("inputs", "with", "Sobol' second order"),
                (
                    (first, second, _with_interval(one, "second"))
                    for first, others in output["second"].items()
                    for second, one in others.items()
                ),
            )


def _table(output: dict[str, Any], chains: int) -> Iterator[str]:
    scale = scale_of(output)
    rows = []
    for name in output["ranking"]:
        swing = output["swing"][name]
        held = [swing[end]["median"] for end in ("low", "high")]
        rows.append(
            (
                name,
                _with_interval(output["shapley"][name], "shapley"),
                _share(output["log_variance_share"][name]),
                _with_interval(output["rank_correlation"][name], "rank_correlation"),
                _with_interval(output["interval_reduction"][name], "interval_reduction"),
                " to ".join(scale.write(end) for end in held if end is not None),
                f"{round(output['rank_share'][name] * chains)} of {chains}",
            )
        )
    header = (
        "input",
        "Shapley share",
        "share of log-variance",
        "rank correlation",
        "interval narrows by, if known",
        f"median at its 5% and 95% {plain(scale.units)}".rstrip(),
        "rank held",
    )
    yield from markdown_table(header, rows)


def _with_interval(found: dict[str, Any], name: str) -> str:
    if found[name] is None:
        return "none"
    if found[f"{name}_unresolved"]:
        return "unresolved"
    if not found[f"{name}_mcse"]:
        return f"{found[name]:.3g}"
    return f"{found[name]:.3f} ({found[f'{name}_low']:.3f} to {found[f'{name}_high']:.3f})"


def _share(share: float | None) -> str:
    return "none" if share is None else share_in_words(share)
