"""The equations that a question uses, drawn: givens and inputs on the left, answers on the right.

Layers by longest path; long edges pass through the layers between in lanes of their own; within a
layer, order by the mean place of neighbours, swept to and fro (Sugiyama, Tagawa and Toda 1981,
doi:10.1109/TSMC.1981.4308636).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from uncertain_scale.report.figures.sheet import Sheet, fitted, text_width
from uncertain_scale.report.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, SKY, styled
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from uncertain_scale.model import Plan

_ROW, _LANE = 22.0, 9.0
_BOX = 16.0
_GAP = 40.0
_HEAD, _LEGEND = 26.0, 240.0
_SWEEPS = 16
_SIZE = 8.5
_WIDEST = 170.0
_KINDS = {"given": "given", "prior": "input with a prior", "fallback": "input with a prior"}


@dataclass(frozen=True)
class Layout:
    """Where variables stand.

    Parameters
    ----------
    layers
        Names of variables, and of lanes for edges that pass by, from top to bottom.
    paths
        By edge (source, target): all that it passes, both ends included.
    """

    layers: tuple[tuple[str, ...], ...]
    paths: Mapping[tuple[str, str], tuple[str, ...]]


@styled
def plot_graph(plan: Plan) -> Figure:
    """Return a figure of the equations that lead to an answer.

    Parameters
    ----------
    plan
        What `solve` returns.
    """
    layout = lay_out(plan)
    widths = [max((_width(plan, name) for name in layer), default=0.0) for layer in layout.layers]
    heights = [sum(_pitch(plan, name) for name in layer) for layer in layout.layers]
    wide = max(sum(widths) + _GAP * (len(widths) - 1), _LEGEND)
    sheet = Sheet(wide, _HEAD + max(heights))
    places: dict[str, tuple[float, float, float]] = {}
    left = 0.0
    for layer, width, height in zip(layout.layers, widths, heights, strict=True):
        loose = min(max(heights) / height, 1.8)
        y = _HEAD + (max(heights) - height * loose) / 2
        for name in layer:
            pitch = _pitch(plan, name) * loose
            places[name] = (left, y + pitch / 2, width)
            y += pitch
        left += width + _GAP
    for path in layout.paths.values():
        for start, end in pairwise(path):
            x, y, width = places[start]
            into = places[end]
            sheet.curve((x + width, y), (into[0], into[1]), colour=MUTED, width=0.7)
            if end not in plan.reached:  # a lane goes straight on
                sheet.line([into[0], into[0] + into[2]], [into[1]] * 2, colour=MUTED, width=0.7)
    for name in plan.reached:
        _draw_box(sheet, plan, name, places[name])
    _legend(sheet)
    sheet.figure.set_label(_described(plan))
    return sheet.figure


def lay_out(plan: Plan) -> Layout:
    """Return the variables of an answer in layers, each computed from those before it."""
    sources = {
        name: list(dict.fromkeys(way.equation.arguments)) if way.equation else []
        for name, way in plan.reached.items()
    }
    depth = _depths(sources)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, level in depth.items():
        layers[level].append(name)
    paths: dict[tuple[str, str], tuple[str, ...]] = {}
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for target, arguments in sources.items():
        for source in arguments:
            lanes = [f"{source} > {target} @{k}" for k in range(depth[source] + 1, depth[target])]
            for level, lane in enumerate(lanes, start=depth[source] + 1):
                layers[level].append(lane)
            path = (source, *lanes, target)
            paths[source, target] = path
            for start, end in pairwise(path):
                before.setdefault(end, []).append(start)
                after.setdefault(start, []).append(end)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            _reorder(layer, layers, before if forward else after)
    return Layout(tuple(tuple(layer) for layer in layers), paths)


def _depths(sources: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the layer of each variable; an input stands right before its first use."""
    depth: dict[str, int] = {}
    for name, arguments in sources.items():
        depth[name] = 1 + max((depth[source] for source in arguments), default=-1)
    for name, arguments in sources.items():
        users = [depth[user] for user, needed in sources.items() if name in needed]
        if not arguments and users:
            depth[name] = min(users) - 1
    return depth


def _reorder(
    layer: list[str], layers: Sequence[Sequence[str]], near: Mapping[str, Sequence[str]]
) -> None:
    """Sort a layer by the mean place of neighbours; who has none keeps its place."""
    place = {name: (number + 0.5) / len(one) for one in layers for number, name in enumerate(one)}
    layer.sort(key=lambda name: fmean([place[n] for n in near.get(name, ())] or [place[name]]))


def _pitch(plan: Plan, name: str) -> float:
    return _ROW if name in plan.reached else _LANE


def _width(plan: Plan, name: str) -> float:
    if name not in plan.reached:
        return 0.0
    return min(text_width(label_of(name), _SIZE, bold=name in plan.outputs) + 13, _WIDEST)


def _draw_box(sheet: Sheet, plan: Plan, name: str, place: tuple[float, float, float]) -> None:
    x, y, width = place
    way = plan.reached[name]
    colour = _colour(plan, name)
    tip = f"{name} = {way.equation}" if way.equation else f"{name}: {_KINDS[way.origin]}"
    half = _BOX / 2
    sheet.bar(x, y - half, x + width, y + half, colour=colour, opacity=0.25, tip=tip)
    sheet.bar(x, y - half, x + 2.5, y + half, colour=colour)
    bold = name in plan.outputs
    words = fitted(label_of(name), width - 9, _SIZE, bold=bold)
    sheet.text(x + 7, y + 3, words, size=_SIZE, colour=INK, bold=bold)


def _colour(plan: Plan, name: str) -> str:
    origin = plan.reached[name].origin
    if origin == "given":
        return ORANGE
    if origin != "equation":
        return GREEN
    return BLUE if name in plan.outputs else SKY


def _legend(sheet: Sheet) -> None:
    x = 0.0
    kinds = (("given", ORANGE), ("input", GREEN), ("computed", SKY), ("answer", BLUE))
    for words, colour in kinds:
        sheet.bar(x, 1, x + 9, 10, colour=colour)
        sheet.text(x + 13, 9, words, size=9, colour=MUTED)
        x += 13 + text_width(words, 9) + 16


def _described(plan: Plan) -> str:
    lines = [
        f"{label_of(name)} from {', '.join(map(label_of, way.equation.arguments))}"
        for name, way in plan.reached.items()
        if way.equation
    ]
    known = ", ".join(map(label_of, plan.inputs))
    return f"Equations used. Known: {known}. Computed: {'; '.join(lines)}."
