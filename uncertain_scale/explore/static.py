"""A page that answers by itself: tables made in advance over ranges of up to three givens.

At each point of a grid stand the figures of the commands, as these print them. Between points the
page interpolates, in logarithms where there are any; how far that is off is measured halfway
between all points. Beyond the ranges there is no answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from itertools import count, product
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from scipy.special import expit, logit

from uncertain_scale.analysis.sweep import Sweep
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError
from uncertain_scale.explore.answer import document_of
from uncertain_scale.explore.edits import as_number
from uncertain_scale.report.ages import STALE_MONTHS
from uncertain_scale.report.html.parts import marks_of
from uncertain_scale.report.html.templating import environment, stylesheet
from uncertain_scale.report.numbers import (
    percent,
    scale_for,
    share_in_words,
    units_in_words,
    with_powers,
)
from uncertain_scale.report.rows import (
    input_rows,
    intervals_of,
    output_rows,
    question_in_words,
    remarks,
    run_in_words,
)
from uncertain_scale.report.spoken import names_of, spoken
from uncertain_scale.units.dates import DATE
from uncertain_scale.units.labels import label_of, with_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.analysis.swept import Axis
    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.report import Document
    from uncertain_scale.units.aliases import FloatArray

POINTS = {1: 17, 2: 9, 3: 5}
"""Points of each range, by how many there are."""
MOST_BYTES = 2_000_000
_BYTES_OF_AN_ANSWER = 90  # three figures as numbers and as text, with their units
_PACKAGE = "uncertain_scale.explore"
_ROUNDING, _LEAST = 1e-9, 1e-4


def axes_of(given: Mapping[str, str]) -> tuple[dict[str, Any], list[Axis]]:
    """Return what stays as it is given, and the ranges, with round numbers for their points.

    Raises
    ------
    QuestionError
        There is no range or there are more than three, or what is to vary is a list.
    UnitError
        An end cannot be read.
    """
    ranges = sum(".." in text for text in given.values())
    if not ranges:
        advice = "give what the page's sliders move as a range, such as --budget 10M..1B"
        raise QuestionError(f"--export: no given is a range; {advice}")
    fixed, axes = read_axes(given, points=POINTS.get(ranges), most=max(POINTS))
    for axis in axes:
        if axis.spacing == "list":
            said = f"{axis.name} = '{axis.stated[:60]}'"
            raise QuestionError(f"--export: {said} is a list; a slider takes a range, as 10M..1B")
    return fixed, [replace(axis, values=_rounder(axis.values)) for axis in axes]


def _rounder(values: Sequence[float]) -> tuple[float, ...]:
    """Return points of three digits, the ends as they are, where these keep them apart."""
    round_ones = (values[0], *(float(f"{x:.3g}") for x in values[1:-1]), values[-1])
    return round_ones if (np.diff(round_ones) > np.diff(values) / 2).all() else tuple(values)


def _halfway(axis: Axis) -> Axis:
    ends = np.array([axis.values[:-1], axis.values[1:]])
    middle = np.sqrt(ends).prod(axis=0) if axis.values[0] > 0 else ends.mean(axis=0)
    return replace(axis, values=tuple(middle.tolist()))


@dataclass(frozen=True)
class _Grid:
    """One scenario's answers, as documents of `report`, at the points of axes in turn."""

    axes: Sequence[Axis]
    points: Sequence[Mapping[str, float]]
    documents: Sequence[Document]

    @property
    def steps(self) -> list[FloatArray]:
        """The points of each axis in the coordinates in which the page interpolates."""
        found = (np.array(axis.values) for axis in self.axes)
        return [np.log(values) if values[0] > 0 else values for values in found]

    def figures(self, name: str) -> FloatArray:
        """Return an answer's median and the ends of its interval, shape (point, 3)."""
        outputs = [document["outputs"][name] for document in self.documents]
        prob = self.documents[0]["probs"][0]
        pieces = [intervals_of(output, "eti", prob)[0] for output in outputs]
        pairs = zip(outputs, pieces, strict=True)
        return np.array([[one["median"], piece["low"], piece["high"]] for one, piece in pairs])

    def odds(self, place: int) -> FloatArray:
        """Return the log odds of an event, by its place, at each point; at least those of 1e-6."""
        found: FloatArray = logit(np.clip(_chances(self, place), 1e-6, 1 - 1e-6))
        return found


_Pairs = list[tuple[_Grid, _Grid]]
"""Of each scenario, the points of the page and those halfway between them."""


def _off(pairs: _Pairs, name: str) -> tuple[bool, float]:
    """Return whether an answer has logarithms, and how far it is off halfway, at most.

    In parts of the figure; of half the interval, if that is more, where it holds 0.
    """
    log = all(bool((grid.figures(name) > 0).all()) for pair in pairs for grid in pair)
    worst = 0.0
    for made, halfway in pairs:
        table, right = made.figures(name), halfway.figures(name)
        found = _between(made, halfway, np.log(table) if log else table)
        gap = np.abs((np.exp(found) if log else found) - right)
        half = np.where(right[:, 1] > 0, 0, (right[:, 2] - right[:, 1]) / 2)
        with np.errstate(all="ignore"):
            parts = gap / np.maximum(np.abs(right), half[:, None])
        worst = max(worst, float(np.nanmax(parts, initial=0.0)))
    return log, worst if worst > _ROUNDING else 0.0


def _between(made: _Grid, halfway: _Grid, table: FloatArray) -> FloatArray:
    """Return what figures at points, shape (point, …), are halfway when interpolated."""
    from scipy.interpolate import RegularGridInterpolator

    table = table.reshape(*map(len, made.steps), -1)
    found: FloatArray = RegularGridInterpolator(made.steps, table)(list(product(*halfway.steps)))
    return found


def static_page(
    view: View,
    scenarios: Scenarios,
    *,
    command: Callable[[View], str],
    made_by: str,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> str:
    """Return the page: HTML that needs no server, no network and no other file.

    Parameters
    ----------
    view
        The question, one to three of its givens ranges, and the scenarios.
    scenarios
        Where scenarios are read.
    command
        Gives the command line that prints the figures of a view.
    made_by
        The command line that makes the page.
    progress
        Told how many points of how many are finished.

    Raises
    ------
    UncertainScaleError
        A range or the question is at fault, or the page would be too large.
    """
    fixed, axes = axes_of(view.given)
    last = {axis.name: f"{axis.values[-1]!r} {axis.units or ''}".strip() for axis in axes}
    asked = replace(view, given={**fixed, **last}, probs=view.probs[:1], others=())
    views = [_under(asked, name) for name in dict.fromkeys((view.scenario, *view.others))]
    grids = axes, [_halfway(axis) for axis in axes]
    sizes = [int(np.prod([len(axis.values) for axis in grid])) for grid in grids]
    answers = len(views) * sizes[0] * len(asked.problem(scenarios).plan.outputs)
    if answers * _BYTES_OF_AN_ANSWER > MOST_BYTES:
        raise QuestionError(
            f"--export: {answers:,} answers at all points would make a page of more than "
            f"{MOST_BYTES / 1e6:g} MB; name fewer scenarios or ranges, or the answers by --outputs"
        )
    total, done = len(views) * sum(sizes), count(1)

    def answered(one: View, points: Sequence[Axis]) -> _Grid:
        study, documents = Sweep(one.problem(scenarios), one.design, points), []
        for simulation, values in study.runs():
            documents.append(document_of(one, simulation, values))
            progress(next(done), total)
        return _Grid(points, study.points, documents)

    pairs = [(answered(one, grids[0]), answered(one, grids[1])) for one in views]
    named = {axis.name: f"AXIS{n}" for n, axis in enumerate(axes)}
    lines = [command(replace(one, given={**fixed, **named})) for one in views]
    return _page(pairs, scenarios, lines, made_by)


def _under(view: View, name: str) -> View:
    """Return the question under a scenario, to which edits belong only where laid over all."""
    edits = view.edits if name == view.scenario or view.lays_over_all else {}
    return replace(view, scenario=name, edits=edits, everywhere=view.lays_over_all)


def _page(pairs: _Pairs, scenarios: Scenarios, lines: Sequence[str], made_by: str) -> str:
    made = [grid for grid, _ in pairs]
    middle = len(made[0].points) // 2
    shown = [grid.documents[middle] for grid in made]
    if any(list(one["outputs"]) != list(shown[0]["outputs"]) for one in shown):
        raise QuestionError(
            "--export: scenarios have other answers; name those of all by --outputs"
        )
    data = {
        "axes": [_axis(axis.name, scenarios, made[0]) for axis in made[0].axes],
        "scenarios": [
            {"name": document["scenario"], "title": document["title"], "command": line}
            for document, line in zip(shown, lines, strict=True)
        ],
        "rows": [
            *(_row(pairs, name, output) for name, output in shown[0]["outputs"].items()),
            *(_chance(pairs, place) for place in range(len(shown[0]["events"]))),
        ],
        "at": middle,
        "made": shown[0]["ages"]["as_of"],
        "stale": STALE_MONTHS,
    }
    templates = files(_PACKAGE) / "templates"
    style = f"{stylesheet()}\n{(templates / 'static.css').read_text(encoding='utf-8')}"
    script = (templates / "static.js").read_text(encoding="utf-8")
    plain = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return (
        environment(_PACKAGE)
        .get_template("static.html")
        .render(
            style=Markup(style),  # noqa: S704 (our own)
            script=Markup(script),  # noqa: S704 (our own)
            data=Markup(plain),  # noqa: S704 (no < is left in it)
            digests={"style": _digest(style), "script": _digest(script)},
            page=data,
            prob=percent(shown[0]["probs"][0]),
            checked=f"{sum(len(check.points) for _, check in pairs):,}",
            fixed=_fixed(shown[0], {axis.name for axis in made[0].axes}),
            run=run_in_words(shown[0]),
            version=version("uncertain-scale"),
            digest=scenarios.model.digest()[:12],
            points=len(made[0].points),
            beliefs=[_beliefs(document) for document in shown],
            notes=[_notes(grid) for grid in made],
            command=made_by,
        )
    )


def _fixed(document: Document, moved: set[str]) -> str:
    """Return what is given besides what the sliders move, in words; "" for nothing."""
    question = document["question"]
    given = {name: one for name, one in question["given"].items() if name not in moved}
    if not given and not question["free"]:
        return ""
    asked = question_in_words({**document, "question": {**question, "given": given}})
    return with_powers(spoken(asked, names_of(document)))


def _axis(name: str, scenarios: Scenarios, grid: _Grid) -> dict[str, Any]:
    """Return a range: its points as numbers, as they are shown and as they are typed."""
    units = scenarios.model.variables[name]
    values = sorted({point[name] for point in grid.points})
    scales = [scale_for([value], units) for value in values]
    shown = (f"{s.write(x, exact=True)} {s.units}" for s, x in zip(scales, values, strict=True))
    return {
        "name": name,
        "title": label_of(name),
        "label": grid.documents[0]["inputs"][name]["long_name"],
        "units": units_in_words(units),
        "values": values,
        "typed": [as_number(value) for value in values],
        "texts": [with_powers(text.strip()) for text in shown],
        "date": name == DATE,
    }


def _row(pairs: _Pairs, name: str, output: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer at all points: its figures, and as the commands print them."""
    log, off = _off(pairs, name)
    error = f"{100 * off:.2g}%" if off >= _LEAST else f"below {_LEAST:.2%}"
    return {
        "name": name,
        "title": label_of(name),
        "label": output["long_name"],
        "date": output["units"] == DATE,
        "log": log,
        "off": off,
        "error": error if off else "none",
        "values": [
            [[float(f"{x:.9g}") for x in point] for point in grid.figures(name).tolist()]
            for grid, _ in pairs
        ],
        "texts": [[_texts(document, name) for document in grid.documents] for grid, _ in pairs],
    }


def _chance(pairs: _Pairs, place: int) -> dict[str, Any]:
    """Return the probability of an event at all points, in per cent, as an answer is given."""
    grids = [made for made, _ in pairs]
    document = grids[0].documents[0]
    gaps = (
        np.abs(expit(_between(made, halfway, made.odds(place))[:, 0]) - expit(halfway.odds(place)))
        for made, halfway in pairs
    )
    off = 100 * max(float(gap.max()) for gap in gaps)
    name = f"P({document['events'][place]['event']})"
    return {
        "name": "",
        "title": spoken(name, names_of(document)),
        "label": "",
        "date": False,
        "log": False,
        "chance": True,
        "off": off,
        "error": f"{off:.2g} points" if off >= _LEAST else "none",
        "values": [[[100 * x] for x in _chances(grid, place)] for grid in grids],
        "texts": [
            [[share_in_words(x, None), "", "", ""] for x in _chances(grid, place)] for grid in grids
        ],
    }


def _chances(grid: _Grid, place: int) -> list[float]:
    return [document["events"][place]["probability"] for document in grid.documents]


def _texts(document: Document, name: str) -> list[str]:
    alone = {**document, "outputs": {name: document["outputs"][name]}}
    row = next(output_rows(alone, document["probs"][0]))
    return [*map(with_powers, (row.median, row.low, row.high)), row.units]


def _beliefs(document: Document) -> list[tuple[str, ...]]:
    """Return a row an input: what is believed, its source, its date, and what marks it."""
    marks = marks_of(document)
    return [
        (
            *(
                with_name(row.name),
                f"{row.median} {row.units}".strip(),
                row.interval,
                row.source,
                row.as_of,
            ),
            ", ".join(mark.word for mark in marks[row.name]),
        )
        for row in input_rows(document)
        if document["inputs"][row.name]["origin"] != "given"
    ]


def _notes(grid: _Grid) -> list[str]:
    """Return what a reader should know, at all of the points or at some."""
    names = names_of(grid.documents[0])
    said = [[spoken(one, names) for one in remarks(document)] for document in grid.documents]
    alike = dict.fromkeys(note for notes in said for note in notes)
    everywhere = {note for note in alike if all(note in notes for notes in said)}
    return [note if note in everywhere else f"at some of the points: {note}" for note in alike]


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
