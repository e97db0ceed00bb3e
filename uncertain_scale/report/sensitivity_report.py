"""Which inputs drive the answers: as plain data and in blocks."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.report.ages import age_blocks
from uncertain_scale.report.blocks import Block, Form, Gap, Heading, Page, Part, Table, Text, shown
from uncertain_scale.report.decision_report import decision_blocks, decision_document
from uncertain_scale.report.document import Document, record_document
from uncertain_scale.report.figures.sensitivity import (
    input_label,
    rank_in_words,
    share_in_brief,
    shares_of,
)
from uncertain_scale.report.numbers import (
    Scale,
    estimate,
    estimates,
    number,
    quantity_text,
    scale_of,
    share_in_words,
)
from uncertain_scale.report.rows import design_in_words, opening, question_in_words
from uncertain_scale.statistics.outputs import all_draws
from uncertain_scale.units.labels import label_of, with_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.sensitivity import Loss

_LEAST = 0.005  # shares below this are left out of the terminal's tables
_PLACES, _MOST_PLACES = 3, 6  # of a share or a correlation, and of one near 0
_BAR = 12


def sensitivity_document(
    tree: xr.DataTree,
    found: xr.Dataset,
    on: str,
    decisions: Sequence[tuple[Event, xr.Dataset]],
    loss: Loss | None = None,
) -> Document:
    """Return what `sensitivity` returns as plain data, indices, shares and ranking on one scale.

    Parameters
    ----------
    tree
        Draws of the question, for its record.
    found, on
        What `sensitivity` returns, and the scale, `value` or `log`.
    decisions, loss
        Events of one variable with what `decision_value` returns, and what wrong answers cost.
    """
    outputs = {}
    for name in map(str, found["output"].values):
        one = found.sel(output=name)
        outputs[name] = _output(one, on, str(one["units"].item()))
    ranked = (name for one in outputs.values() for name in one["ranking"])
    used = {part for name in ranked for part in name.split("+")}
    return {
        **record_document(tree, (), used=used or None),
        "on": on,
        "outputs": outputs,
        "events": [
            decision_document(event.text, decision, loss, _units(tree, event))
            for event, decision in decisions
        ],
    }


def _units(tree: xr.DataTree, event: Event) -> str:
    return str(all_draws(tree)[event.threshold()[0]].attrs["units"])


def sensitivity_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `sensitivity_document` returns: for each answer, its inputs."""
    given, made = question_in_words(document), design_in_words(document)
    yield Page(
        partial(_headline, document),
        made,
        f"What drives the answers, given {given}?",
        title="What drives the answers",
    )
    measure = "log-variance" if document["on"] == "log" else "variance"
    scale = f"{made}; indices and shares of {measure},"
    spread = "with 95% intervals from the spread between chains."
    yield from opening(document, f"What drives the answers: {given}", scale, spread)
    shares = (
        f"Shares of {measure} (Shapley effects, which add up to 1); the answer's median with the "
        "input at its 5% and 95%; in how many chains the rank holds"
    )
    yield Text(shares, only=Form.terminal)
    for decision in document["events"]:
        yield from shown(decision_blocks(decision), Form.markdown)
    yield Heading("Ranking of inputs", short="Ranking", id="drivers", only=Form.html)
    yield Part("ranking", (document,))
    for name, output in document["outputs"].items():
        yield Gap()
        yield Heading(with_name(name), only=Form.terminal | Form.markdown)
        text = f"{with_name(name)}: shares of its {measure} by input (Shapley effects)"
        yield Text(text, "bold", only=Form.notebook)
        yield from _answer(name, output, document["chains"])
    yield Heading("Swings", id="swings", only=Form.html)
    header = ("Answer", "Input", "Input at 5%", "Input at 95%", "Units")
    caption = "An answer's median with an input at its own 5% and 95%"
    yield Table(header, list(_swings(document)), (0, 1, 4), caption=caption, only=Form.html)
    for decision in document["events"]:
        yield Gap()
        yield from shown(decision_blocks(decision), Form.terminal)
    yield Gap()
    yield from age_blocks(document)
    yield Text(made, "dim", only=Form.brief)


def _answer(answer: str, output: dict[str, Any], chains: int) -> Iterator[Block]:
    """Yield what drives one answer: the inputs that matter with a bar each, and every index."""
    if output["reason"]:
        yield Text(f" {output['reason']}", only=Form.terminal)
        yield Text(output["reason"], only=Form.markdown | Form.notebook)
    else:
        yield from _indices(answer, output, chains)
    if pairs := _pairs_in_words(output):
        yield Text(f" Sobol' indices of second order: {pairs}", only=Form.terminal)
    header = ("input", "name", "share", "median if low, if high", "units", "rank holds in chains")
    yield Table(header, list(_brief(answer, output, chains)), (0, 1), only=Form.notebook)


def _indices(answer: str, output: dict[str, Any], chains: int) -> Iterator[Block]:
    bars = [
        (
            label_of(name),
            name,
            share_in_words(share),
            "█" * max(round(share * _BAR), 1),
            swing,
            held,
        )
        for name, share, swing, held in _rows(answer, output, chains)
    ]
    header: tuple[str, ...] = ("input", "name", "share", "", "median if low, if high", "rank in")
    widths = {2: 5, 3: _BAR}
    yield Table(
        header,
        bars,
        (0, 1, 3),
        tight=True,
        named=True,
        drawn=(3,),
        widths=widths,
        only=Form.terminal,
    )
    yield _table(answer, output, chains)
    header = ("inputs", "Sobol' first order", "Sobol' total")
    groups = [
        (group, _with_interval(index, "first"), _with_interval(index, "total"))
        for group, index in output["sobol"].items()
    ]
    yield Table(header, groups, only=Form.markdown)
    pairs = [
        (first, other, _with_interval(one, "second"))
        for first, others in output.get("second", {}).items()
        for other, one in others.items()
    ]
    if pairs:
        yield Table(("inputs", "with", "Sobol' second order"), pairs, only=Form.markdown)


def _brief(answer: str, output: dict[str, Any], chains: int) -> Iterator[tuple[str, ...]]:
    scale = scale_of(output, answer)
    for name, share in shares_of(output):
        yield (
            label_of(name),
            input_label(name),
            share_in_brief(share),
            _swing_in_words(output, name, scale),
            scale.units,
            rank_in_words(output, name, chains),
        )


def _swing_in_words(output: dict[str, Any], name: str, scale: Scale) -> str:
    ends = [output["swing"][name][end]["median"] for end in ("low", "high")]
    return " to ".join(scale.write(end) for end in ends if end is not None)


def _swings(document: Document) -> Iterator[tuple[str, ...]]:
    """Yield each output's median with each input at its 5% and 95%, and the units."""
    for name, output in document["outputs"].items():
        if output["median"] is None:
            continue
        scale = scale_of(output, name)
        for input_name, swing in output["swing"].items():
            ends = [swing[end]["median"] for end in ("low", "high")]
            if None not in ends:
                words = with_name(name), f"{label_of(input_name)} ({input_label(input_name)})"
                yield *words, *map(scale.write, ends), scale.units


def _headline(document: Document) -> str:
    """Say in a sentence what drives each answer most."""
    lines = []
    for name, output in list(document["outputs"].items())[:3]:
        shares = [] if output["reason"] else shares_of(output)[:2]
        most = " and ".join(f"{label_of(n)} ({share_in_words(s['shapley'])})" for n, s in shares)
        lines.append(f"{label_of(name)}: {most or output['reason'] or 'no input moves it'}")
    return f"What drives the answers most: {'; '.join(lines)}."


def _output(found: xr.Dataset, on: str, units: str) -> dict[str, Any]:
    scaled = found.sel(scale=on)
    ranked = ranking_document(scaled)
    order = ranked["ranking"]
    sobol = {}
    for group in map(str, found["group"].values):
        place = scaled.sel(group=group)
        if math.isfinite(float(place["first"])):
            sobol[group] = {**estimate(place, "first"), **estimate(place, "total")}
    return {
        "units": units,
        **ranked,
        "sobol": sobol,
        **({"second": _pairs(scaled)} if "second" in found else {}),
        "shapley": estimates(scaled, "shapley", order),
        "log_variance_share": {
            name: number(found["log_variance_share"].sel(input=name))
            if "log_variance_share" in found
            else None
            for name in order
        },
        **{
            measure: estimates(one, measure, order)
            for measure, one in (
                ("rank_correlation", found),
                ("variance_reduction", scaled),
                ("interval_reduction", scaled),
            )
        },
        "median": number(found["median"]),
        "swing": {name: _swing(found.sel(input=name)) for name in order},
    }


def ranking_document(found: xr.Dataset) -> dict[str, Any]:
    """Return the inputs of one output in their order on one scale, or why there is none."""
    ranks, shares, names = (found[key].values for key in ("rank", "rank_share", "input"))
    order = np.argsort(ranks, kind="stable")[: np.count_nonzero(~np.isnan(ranks))]
    return {
        "reason": str(found["reason"].item()),
        "ranking": [str(names[place]) for place in order],
        "rank_share": {str(names[place]): float(shares[place]) for place in order},
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


def _rows(
    answer: str, output: dict[str, Any], chains: int
) -> Iterator[tuple[str, float, str, str]]:
    scale = scale_of(output, answer)
    for name in output["ranking"]:
        share = output["shapley"][name]["shapley"]
        if share is not None and share >= _LEAST:
            swing = quantity_text(_swing_in_words(output, name, scale), scale.units)
            yield name, share, swing, rank_in_words(output, name, chains)


def _table(answer: str, output: dict[str, Any], chains: int) -> Table:
    """Return every measure of each input with its interval."""
    scale = scale_of(output, answer)
    rows = [
        (
            label_of(name),
            name,
            _with_interval(output["shapley"][name], "shapley"),
            _share(output["log_variance_share"][name]),
            _with_interval(output["rank_correlation"][name], "rank_correlation"),
            _with_interval(output["interval_reduction"][name], "interval_reduction"),
            _swing_in_words(output, name, scale),
            rank_in_words(output, name, chains),
        )
        for name in output["ranking"]
    ]
    header = (
        "input",
        "name",
        "Shapley share",
        "share of log-variance",
        "rank correlation",
        "90% interval narrows by, if known",
        f"median at its 5% and 95% {scale.units}".rstrip(),
        "rank held",
    )
    return Table(header, rows, only=Form.markdown)


def _with_interval(found: dict[str, Any], name: str) -> str:
    if found[name] is None:
        return "none"
    if found[f"{name}_unresolved"]:
        return "unresolved"
    if not found[f"{name}_mcse"]:
        return f"{found[name]:.3g}"
    places = _PLACES
    if not round(found[name], _PLACES):  # or nothing of it would be seen
        places = min(max(math.ceil(-math.log10(found[f"{name}_mcse"])), _PLACES), _MOST_PLACES)
    value, low, high = (
        f"{found[key]:z.{places}f}" for key in (name, f"{name}_low", f"{name}_high")
    )
    return f"{value} ({low} to {high})"


def _share(share: float | None) -> str:
    return "none" if share is None else share_in_words(share)
