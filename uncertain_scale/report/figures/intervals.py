"""Intervals on one axis of multiples: of outputs over their medians, of claims, of scenarios.

`plot_intervals` shows which answers are surest, `plot_claims` how far a document's figures are from
the draws, `plot_compare` the ratios of answers to those of the base, draw by draw.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.report.claim_words import judge_in_words
from uncertain_scale.report.comparison_report import is_one, ratio_in_words, without_ratio
from uncertain_scale.report.figures.axes import (
    Axis,
    as_shown,
    axis_for,
    in_brief,
    interval_in_words,
)
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RULE,
    VERMILLION,
    styled,
)
from uncertain_scale.report.numbers import Scale, percent, with_powers
from uncertain_scale.report.rows import intervals_of
from uncertain_scale.units import is_date
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

_GAP = 12.0
_ROW, _TOP, _PLOT, _LEAST = 22.0, 22.0, 250.0, 1.25
_BELOW = 34.0
_CLAIM_ROW, _CLAIM_TOP, _CLAIM_LEFT = 20.0, 28.0, 390.0
_RATIO_PLOT, _LEAST_RATIO = 220.0, 1.5  # of claims and of scenarios
_RATIO_ROW, _LINE = 21.0, 13.0
_HEAD, _TITLE, _FOOT = 32.0, 20.0, 36.0
_UNDER = 3.0
_COLUMNS = 88


@styled
def plot_intervals(document: Document, outputs: Sequence[str] = ()) -> Figure:
    """Return a figure of outputs' intervals as multiples of their medians, with the numbers beside.

    An output whose interval is not all on one side of 0 has no such multiples; its numbers stand
    alone.

    Parameters
    ----------
    document
        What `report_document` returns.
    outputs
        The outputs drawn; all of them by default.
    """
    names = list(outputs or document["outputs"])
    panels = list(_panels(document, names))
    texts = {
        name: with_powers(interval_in_words(as_shown(document, name), document["probs"][0]))
        for name in names
    }
    left = min(max(text_width(label_of(name), 9.5) for name in names) + _GAP, 190.0)
    right = max(text_width(words, 9) for words in texts.values()) + 2 * _GAP
    sheet = Sheet(left + _PLOT + right, sum(_TOP + _ROW * len(one.rows) + _BELOW for one in panels))
    plot = sheet.part(left, 0, _PLOT, sheet.height)
    shares = ", ".join(map(percent, sorted(document["probs"])))
    sheet.text(0, 10, f"Medians with {shares} intervals", size=10, bold=True)
    top = _TOP
    for panel in panels:
        bottom = top + _ROW * len(panel.rows)
        _draw_multiples(
            plot, panel.axis, (top - 4, bottom), bottom + 13, most=7, form=panel.form, one=MUTED
        )
        _write_below(plot, bottom + 28, panel.below)
        for number, (name, (middle, pieces)) in enumerate(panel.rows.items()):
            y = top + _ROW * (number + 0.5)
            sheet.text(0, y + 3, fitted(label_of(name), left - _GAP, 9.5), size=9.5)
            sheet.text(left + _PLOT + _GAP, y + 3, texts[name], size=9)
            _draw_bars(plot, panel.axis, pieces, y)
            if pieces or document["outputs"][name]["constant"]:
                place = _PLOT * panel.axis.place(middle)
                plot.dot(place, y, colour=INK, radius=3.2, tip=texts[name])
                continue
            words = "on both sides of 0"
            half = text_width(words, 8.5) / 2 + 4
            plot.bar(_PLOT / 2 - half, y - 6, _PLOT / 2 + half, y + 6, colour=PAPER)
            plot.text(_PLOT / 2, y + 3, words, size=8.5, colour=MUTED, align="center")
        top = bottom + _BELOW + _TOP
    text = ". ".join(in_brief(document, name) for name in names)
    sheet.figure.set_label(f"Intervals relative to their medians. {text}.")
    return sheet.figure


def _draw_multiples(  # noqa: PLR0913 (where it stands and how it looks)
    plot: Sheet,
    axis: Axis,
    ends: tuple[float, float],
    words_at: float,
    *,
    most: int = 6,
    form: str = "×{}",
    one: str = INK,
) -> None:
    """Draw a line at each of at most so many ticks, in another colour at 1, and what it says."""
    for value, words in axis.ticks(most):
        x = plot.width * axis.place(value)
        colour = one if abs(value - 1) < 1e-9 else RULE
        plot.line([x, x], ends, colour=colour, width=0.8)
        plot.text(x, words_at, form.format(words), size=9, colour=MUTED, align="center")


def _write_below(plot: Sheet, y: float, words: str) -> None:
    plot.text(plot.width / 2, y, words, size=9, colour=MUTED, align="center")


def _draw_bars(plot: Sheet, axis: Axis, pieces: Sequence[tuple[float, float]], y: float) -> None:
    """Draw intervals over one another, the widest first and thinnest."""
    for number, piece in enumerate(pieces):
        half = 0.9 + 3.1 * number / max(len(pieces) - 1, 1)
        low, high = (plot.width * axis.place(end) for end in piece)
        plot.bar(low, y - half, high, y + half, colour=BLUE, opacity=0.7)


@dataclass(frozen=True)
class _Panel:
    """Rows on one axis: by name, where the median stands, and the ends of intervals."""

    rows: dict[str, tuple[float, list[tuple[float, float]]]]
    axis: Axis
    form: str
    below: str


def _panels(document: Document, names: Sequence[str]) -> Iterator[_Panel]:
    """Yield what is drawn as multiples of the median, and years of the calendar as they are."""
    probs = sorted(document["probs"], reverse=True)
    outputs = {name: document["outputs"][name] for name in names}
    dates = {n: one for n, one in outputs.items() if is_date(one["units"], one["median"])}
    if len(dates) < len(outputs):
        rows = {n: (1.0, _relative(document, n, probs)) for n in outputs if n not in dates}
        ends = [end for _, pieces in rows.values() for piece in pieces for end in piece]
        reach = max([_LEAST, *(max(end, 1 / end) for end in ends)]) ** 1.05
        axis = axis_for(1 / reach, reach, "1", middle=1.0, log=True)
        yield _Panel(rows, axis, "{}×", "relative to the median")
    if dates:
        years = {name: (one["median"], _pieces(one, probs)) for name, one in dates.items()}
        ends = [end for _, pieces in years.values() for piece in pieces for end in piece]
        ends += [one["median"] for one in dates.values()]
        margin = 0.05 * (max(ends) - min(ends)) or 1.0
        low, high = min(ends) - margin, max(ends) + margin
        axis = axis_for(low, high, "year", middle=ends[-1], log=False)
        yield _Panel(years, axis, "{}", "year")


def _relative(document: Document, name: str, probs: Sequence[float]) -> list[tuple[float, float]]:
    output = document["outputs"][name]
    found = []
    for prob in probs:
        piece = intervals_of(output, "eti", prob)[0]
        if output["constant"] or not output["median"]:
            continue
        ends = [piece[end] / output["median"] for end in ("low", "high")]
        if min(ends) > 0:
            found.append((min(ends), max(ends)))
    return found


@styled
def plot_claims(document: Document, names: Sequence[str] = ()) -> Figure:
    """Return a figure of intervals over what a document asserts, from under- to overstated.

    Drawn are figures that draws can be held against, once for each scenario that judges: no
    intervals, bounds or ratios, and nothing that a scenario knows for sure.

    Parameters
    ----------
    document
        What `claims_document` returns.
    names
        Claims drawn; all that can be by default.

    Raises
    ------
    DataError
        None can be drawn.
    """
    rows = [
        (claim, judged)
        for claim in document["claims"]
        if not names or claim["name"] in names
        for judged in claim["judged"]
        if _can_be_drawn(claim, judged)
    ]
    skipped = _left_out(document, names)
    if not rows:
        left_out = "; ".join(f"{', '.join(ns)}: {why}" for why, ns in skipped.items())
        text = f"no claim is a positive figure that draws can be held against ({left_out})"
        raise DataError(text)
    rows.sort(key=lambda row: row[1]["median"] / row[0]["asserted"]["value"], reverse=True)
    probs = sorted(document["probs"], reverse=True)
    pieces = [_over_asserted(claim, judged, probs) for claim, judged in rows]
    ends = [end for one in pieces for piece in one for end in piece]
    axis = axis_for(
        min(1 / _LEAST_RATIO, *ends), max(_LEAST_RATIO, *ends), "1", middle=1.0, log=True
    )
    lines = [f"{_factor(judged)} ({judged['scenario']})" for _, judged in rows]
    left = min(max(text_width(c["says"] or c["name"], 9) for c, _ in rows) + _GAP, _CLAIM_LEFT)
    bottom = _CLAIM_TOP + _CLAIM_ROW * len(rows)
    width = left + _RATIO_PLOT + _GAP + max(text_width(words, 8.5) for words in lines)
    notes = [
        line
        for why, left_out in skipped.items()
        for line in textwrap.wrap(
            f"not drawn, {why}: {', '.join(left_out)}", _COLUMNS, break_on_hyphens=False
        )
    ]
    sheet = Sheet(width, bottom + _BELOW + _LINE * len(notes))
    for number, line in enumerate(notes):
        sheet.text(0, bottom + _BELOW + _LINE * (number + 0.5), line, size=8.5, colour=MUTED)
    plot = sheet.part(left, 0, _RATIO_PLOT, sheet.height)
    _draw_multiples(plot, axis, (_CLAIM_TOP - 4, bottom), bottom + 13)
    _write_below(plot, bottom + 28, "over what is asserted")
    shares = ", ".join(map(percent, reversed(probs)))
    sheet.text(0, 10, f"Medians with {shares} intervals, over what is asserted", size=10, bold=True)
    for number, ((claim, judged), bars) in enumerate(zip(rows, pieces, strict=True)):
        y = _CLAIM_TOP + _CLAIM_ROW * (number + 0.5)
        sheet.text(0, y + 3, fitted(claim["says"] or claim["name"], left - _GAP, 9), size=9)
        _draw_bars(plot, axis, bars, y)
        middle = _RATIO_PLOT * axis.place(judged["median"] / claim["asserted"]["value"])
        colour = VERMILLION if judged["place"] != "inside" else INK
        plot.dot(middle, y, colour=colour, radius=3.2, tip=_verdict(judged))
        sheet.text(left + _RATIO_PLOT + _GAP, y + 3, lines[number], size=8.5, colour=colour)
    text = ". ".join(f"{claim['says']}: {_verdict(judged)}" for claim, judged in rows)
    sheet.figure.set_label(f"Intervals over what is asserted. {text}.")
    return sheet.figure


def _verdict(judged: dict[str, Any]) -> str:
    return f"{judge_in_words(judged)}: {judged['verdict']}"


def _can_be_drawn(claim: dict[str, Any], judged: dict[str, Any]) -> bool:
    return not _why_not_drawn(claim, judged)


def _left_out(document: Document, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the claims that the figure has no row for, by the reason."""
    found: dict[str, list[str]] = {}
    for claim in document["claims"]:
        reasons = [_why_not_drawn(claim, judged) for judged in claim["judged"]]
        if (not names or claim["name"] in names) and all(reasons):
            found.setdefault(reasons[0] if reasons else "unjudged", []).append(claim["name"])
    return found


def _why_not_drawn(claim: dict[str, Any], judged: dict[str, Any]) -> str:
    """Say why a claim cannot be drawn as a multiple of what it asserts; "" where it can."""
    asserted = claim["asserted"]
    ends = [piece["low"] for piece in judged["intervals"]]
    reasons = {
        "implied and not asserted": claim["implied"],
        "on a ratio": claim["ratio"],
        "an interval": asserted["kind"] == "interval",
        "by a bound": asserted["kind"] not in {"figure", "interval"},
        "a year of the calendar": is_date(claim["units"], judged["median"]),
        "known for sure": judged["constant"],
        "0 or of both signs": min([asserted["value"] or 0.0, *ends]) <= 0,
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _over_asserted(
    claim: dict[str, Any], judged: dict[str, Any], probs: Sequence[float]
) -> list[tuple[float, float]]:
    by_prob = {piece["prob"]: piece for piece in judged["intervals"]}
    value = claim["asserted"]["value"]
    return [(by_prob[prob]["low"] / value, by_prob[prob]["high"] / value) for prob in probs]


def _factor(judged: dict[str, Any]) -> str:
    """Write how many times too large or too small an assertion is, at the median."""
    factor = judged["asserted_over_median"]
    size = max(factor, 1 / factor)
    error = size * (judged["median_mcse"] or 0.0) / judged["median"]
    return f"{'over' if factor >= 1 else 'under'}stated {Scale('').write(size, error)}x"


@styled
def plot_compare(document: Document, others: Sequence[str] = (), *, titles: bool = True) -> Figure:
    """Return a figure of answers under other scenarios over those of the base.

    A ratio that is one number in every draw is a dot without an interval; answers that are the
    same in every draw are named below.

    Parameters
    ----------
    document
        What `comparison_document` returns.
    others
        Scenarios drawn; all of them by default.
    titles
        Whether each block says which scenario is held against which.

    Raises
    ------
    DataError
        There is no ratio to draw.
    """
    probs = sorted(document["probs"], reverse=True)
    blocks = {
        one["other"]: _ratios(one)
        for one in document["comparisons"]
        if not others or one["other"] in others
    }
    if not any(blocks.values()):
        raise DataError("no answer has a positive ratio to that of the base; nothing to draw")
    moved = {
        other: {name: one for name, one in block.items() if not is_one(one)}
        for other, block in blocks.items()
    }
    extremes = {one["other"]: _extremes(one) for one in document["comparisons"]}
    notes = {
        one["other"]: _notes(one, blocks[one["other"]], extremes[one["other"]])
        for one in document["comparisons"]
        if one["other"] in blocks
    }
    ratios = [one for block in moved.values() for one in block.values()]
    ends = [end for one in ratios for piece in _pieces(one, probs) for end in piece]
    ends += [one["median"] for one in ratios]
    ends += [
        end
        for other in blocks
        for found in extremes[other].values()
        for one in found.values()
        for end in _pieces(one, probs[:1])[0]
    ]
    axis = axis_for(
        min(1 / _LEAST_RATIO, *ends, 1) / 1.04,
        max(_LEAST_RATIO, *ends, 1) * 1.04,
        "1",
        middle=1.0,
        log=True,
    )
    names = [name for block in moved.values() for name in block]
    longest = max((text_width(label_of(name), 9.5) for name in names), default=0)
    left = min(longest + _GAP, 190.0)
    right = max((text_width(ratio_in_words(one, probs), 9) for one in ratios), default=0) + _GAP
    sizes = [_HEAD + _RATIO_ROW * len(moved[o]) + _LINE * len(notes[o]) + _FOOT for o in blocks]
    sheet = Sheet(
        max(left + _RATIO_PLOT + right, 460.0), sum(sizes) - (4 if titles else 4 + _TITLE)
    )
    top = 0.0 if titles else -_TITLE
    for other, size in zip(blocks, sizes, strict=True):
        title = fitted(f"{other} over {document['base']}", sheet.width, 10.5, bold=True)
        if titles:
            sheet.text(0, top + 11, title, size=10.5, bold=True)
        bottom = top + _HEAD + _RATIO_ROW * len(moved[other])
        plot = sheet.part(left, 0, _RATIO_PLOT, sheet.height)
        if moved[other]:
            _draw_multiples(plot, axis, (top + 24, bottom), bottom + 12)
        for number, (name, ratio) in enumerate(moved[other].items()):
            y = top + _HEAD + _RATIO_ROW * (number + 0.5) - 4
            sheet.text(0, y + 3, fitted(label_of(name), left - _GAP, 9.5), size=9.5)
            words = ratio_in_words(ratio, probs)
            _draw_bars(plot, axis, _pieces(ratio, probs), y)
            for row, (kind, extreme) in enumerate(extremes[other].get(name, {}).items()):
                (wide,) = _pieces(extreme, probs[:1])
                xs = [_RATIO_PLOT * axis.place(end) for end in wide]
                tip = f"all {kind}: {ratio_in_words(extreme, probs)}"
                plot.line(xs, [y + _UNDER * (row + 2)] * 2, colour=ORANGE, width=1.2, tip=tip)
            colour = ORANGE if ratio["constant"] else INK
            plot.dot(
                _RATIO_PLOT * axis.place(ratio["median"]), y, colour=colour, radius=3.2, tip=words
            )
            sheet.text(left + _RATIO_PLOT + _GAP, y + 3, words, size=9)
        for number, line in enumerate(notes[other]):
            y = bottom + (20 if moved[other] else -4) + _LINE * (number + 0.5)
            sheet.text(0, y, line, size=8.5, colour=MUTED)
        top += size
    lines = [
        f"{other} over {document['base']}: "
        + ", ".join(f"{label_of(name)} {ratio_in_words(one, probs)}" for name, one in block.items())
        for other, block in blocks.items()
    ]
    sheet.figure.set_label(f"Ratios of answers, draw by draw. {'. '.join(lines)}.")
    return sheet.figure


def _extremes(comparison: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the ratios under the extreme couplings that can be drawn, by output and coupling."""
    found = {
        name: {
            kind: one["ratio"]
            for kind, one in output["otherwise"].items()
            if one["ratio"] and not one["ratio"]["constant"] and _positive(one["ratio"])
        }
        for name, output in comparison["outputs"].items()
    }
    return {name: kinds for name, kinds in found.items() if kinds}


def _notes(
    comparison: dict[str, Any],
    block: dict[str, dict[str, Any]],
    extremes: dict[str, dict[str, dict[str, Any]]],
) -> list[str]:
    """Return the lines below a block: which answers are unchanged or without a ratio, and marks."""
    same = [label_of(name) for name, one in block.items() if is_one(one)]
    kinds = dict.fromkeys(f"all {kind}" for found in extremes.values() for kind in found)
    named = {"unchanged in every draw": same} if same else {}
    named |= {
        f"without a ratio, {why}": [*map(label_of, names)]
        for why, names in without_ratio(comparison).items()
    }
    texts = [f"{opening}: {', '.join(names)}" for opening, names in named.items()]
    unchanged, without = (
        [line for text in part for line in textwrap.wrap(text, _COLUMNS, break_on_hyphens=False)]
        for part in (texts[: bool(same)], texts[bool(same) :])
    )
    lines = [f"lines below the bars: inputs that differ, {', then '.join(kinds)}"] if kinds else []
    return [*unchanged, *lines, *without]


def _ratios(comparison: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the ratios that can be drawn: positive ones."""
    found = {name: output["ratio"] for name, output in comparison["outputs"].items()}
    return {name: one for name, one in found.items() if one is not None and _positive(one)}


def _positive(ratio: dict[str, Any]) -> bool:
    pieces = [piece for piece in ratio["intervals"] if piece["kind"] == "eti"]
    return ratio["median"] > 0 and all(piece["low"] > 0 for piece in pieces)


def _pieces(ratio: dict[str, Any], probs: Sequence[float]) -> list[tuple[float, float]]:
    pieces = () if ratio["constant"] else (intervals_of(ratio, "eti", prob)[0] for prob in probs)
    return [(piece["low"], piece["high"]) for piece in pieces]
