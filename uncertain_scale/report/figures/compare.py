"""Scenarios held against a base: ratios of answers, draw by draw, with their intervals."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.report.figures.axes import axis_for
from uncertain_scale.report.figures.intervals import draw_bars
from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import INK, MUTED, ORANGE, RULE, styled
from uncertain_scale.report.numbers import Scale, percent
from uncertain_scale.report.rows import intervals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

__all__ = ["plot_compare", "ratio_in_words"]

_ROW, _LINE = 21.0, 13.0
_HEAD, _TITLE = 32.0, 20.0
_FOOT = 36.0
_PLOT = 220.0
_GAP = 12.0
_UNDER = 3.0
_LEAST = 1.5
_COLUMNS = 88
_PLAIN = Scale("")


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
        other: {name: one for name, one in block.items() if not _same(one)}
        for other, block in blocks.items()
    }
    extremes = {one["other"]: _extremes(one) for one in document["comparisons"]}
    notes = {
        other: _unchanged(block) + _coupled(extremes[other]) for other, block in blocks.items()
    }
    for one in document["comparisons"]:
        if one["other"] in blocks:
            notes[one["other"]] += _without(one)
    ratios = [one for block in moved.values() for one in block.values()]
    ends = [p[end] for one in ratios for p in _pieces(one, probs) for end in ("low", "high")]
    ends += [one["median"] for one in ratios]
    ends += [
        _pieces(one, probs[:1])[0][end]
        for other in blocks
        for found in extremes[other].values()
        for one in found.values()
        for end in ("low", "high")
    ]
    axis = axis_for(
        min(1 / _LEAST, *ends, 1) / 1.04, max(_LEAST, *ends, 1) * 1.04, "1", middle=1.0, log=True
    )
    names = [name for block in moved.values() for name in block]
    left = min(max((text_width(name, 9.5) for name in names), default=0) + _GAP, 190.0)
    right = max((text_width(ratio_in_words(one, probs), 9) for one in ratios), default=0) + _GAP
    sizes = [_HEAD + _ROW * len(moved[o]) + _LINE * len(notes[o]) + _FOOT for o in blocks]
    sheet = Sheet(max(left + _PLOT + right, 460.0), sum(sizes) - (4 if titles else 4 + _TITLE))
    top = 0.0 if titles else -_TITLE
    for other, size in zip(blocks, sizes, strict=True):
        title = fitted(f"{other} over {document['base']}", sheet.width, 10.5, bold=True)
        if titles:
            sheet.text(0, top + 11, title, size=10.5, bold=True)
        bottom = top + _HEAD + _ROW * len(moved[other])
        plot = sheet.part(left, 0, _PLOT, sheet.height)
        for value, words in axis.ticks(6) if moved[other] else ():
            x = _PLOT * axis.place(value)
            one = abs(value - 1) < 1e-9
            plot.line([x, x], [top + 24, bottom], colour=INK if one else RULE, width=0.8)
            plot.text(x, bottom + 12, f"×{words}", size=9, colour=MUTED, align="center")
        for number, (name, ratio) in enumerate(moved[other].items()):
            y = top + _HEAD + _ROW * (number + 0.5) - 4
            sheet.text(0, y + 3, fitted(name, left - _GAP, 9.5), size=9.5)
            words = ratio_in_words(ratio, probs)
            pieces = _pieces(ratio, probs)
            draw_bars(
                plot, [[_PLOT * axis.place(p[e]) for e in ("low", "high")] for p in pieces], y
            )
            for row, (kind, extreme) in enumerate(extremes[other].get(name, {}).items()):
                (wide,) = _pieces(extreme, probs[:1])
                xs = [_PLOT * axis.place(wide[end]) for end in ("low", "high")]
                tip = f"all {kind}: {ratio_in_words(extreme, probs)}"
                plot.line(xs, [y + _UNDER * (row + 2)] * 2, colour=ORANGE, width=1.2, tip=tip)
            colour = ORANGE if ratio["constant"] else INK
            plot.dot(_PLOT * axis.place(ratio["median"]), y, colour=colour, radius=3.2, tip=words)
            sheet.text(left + _PLOT + _GAP, y + 3, words, size=9)
        for number, line in enumerate(notes[other]):
            y = bottom + (20 if moved[other] else -4) + _LINE * (number + 0.5)
            sheet.text(0, y, line, size=8.5, colour=MUTED)
        top += size
    told = [
        f"{other} over {document['base']}: "
        + ", ".join(f"{name} {ratio_in_words(one, probs)}" for name, one in block.items())
        for other, block in blocks.items()
    ]
    sheet.figure.set_label(f"Ratios of answers, draw by draw. {'. '.join(told)}.")
    return sheet.figure


def ratio_in_words(ratio: dict[str, Any], probs: Sequence[float]) -> str:
    """Write a ratio with its 90% interval, or its widest, or that it is exact."""
    if ratio["constant"]:
        return (
            "unchanged" if _same(ratio) else f"exactly ×{_PLAIN.write(ratio['median'], exact=True)}"
        )
    prob = 0.9 if 0.9 in probs else max(probs)
    piece = intervals_of(ratio, "eti", prob)[0]
    middle = _PLAIN.write(ratio["median"], ratio["median_mcse"])
    low, high = (_PLAIN.write_end(piece, end) for end in ("low", "high"))
    return f"×{middle} ({percent(prob)}: {low} to {high})"


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


def _coupled(extremes: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    kinds = dict.fromkeys(f"all {kind}" for found in extremes.values() for kind in found)
    if not kinds:
        return []
    return [f"lines below the bars: inputs that differ, {', then '.join(kinds)}"]


def _without(comparison: dict[str, Any]) -> list[str]:
    names = [name for name, output in comparison["outputs"].items() if not output["ratio"]]
    words = f"without a ratio, as 0 or of both signs: {', '.join(names)}"
    return textwrap.wrap(words, _COLUMNS) if names else []


def _same(ratio: dict[str, Any]) -> bool:
    return bool(ratio["constant"]) and abs(ratio["median"] - 1) < 1e-9


def _unchanged(block: dict[str, dict[str, Any]]) -> list[str]:
    names = [name for name, one in block.items() if _same(one)]
    words = f"unchanged in every draw: {', '.join(names)}"
    return textwrap.wrap(words, _COLUMNS) if names else []


def _ratios(comparison: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the ratios that can be drawn: positive ones."""
    found = {name: output["ratio"] for name, output in comparison["outputs"].items()}
    return {name: one for name, one in found.items() if one is not None and _positive(one)}


def _positive(ratio: dict[str, Any]) -> bool:
    pieces = [piece for piece in ratio["intervals"] if piece["kind"] == "eti"]
    return ratio["median"] > 0 and all(piece["low"] > 0 for piece in pieces)


def _pieces(ratio: dict[str, Any], probs: Sequence[float]) -> list[dict[str, Any]]:
    return [] if ratio["constant"] else [intervals_of(ratio, "eti", prob)[0] for prob in probs]
