"""A sweep: as plain data, in blocks, and as a table of comma-separated values.

In the document a point's `outputs` and `events` have the shape that a report gives them, without
the histograms; `at` says where the point is, in the variables' units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.events import Probability
from uncertain_scale.errors import counted
from uncertain_scale.report.ages import age_in_words
from uncertain_scale.report.blocks import Figure, Form, Gap, Heading, Items, Page, Table, Text
from uncertain_scale.report.document import (
    inputs_document,
    probability_document,
    record_document,
    statistics_of,
)
from uncertain_scale.report.numbers import (
    common_scale,
    number,
    percent,
    probability_in_words,
    quantity_text,
    scale_at,
    scale_of,
    units_in_words,
)
from uncertain_scale.report.render.csv import as_csv
from uncertain_scale.report.rows import (
    PATHS,
    chance_in_words,
    design_in_words,
    figure_notes,
    input_remarks,
    inputs_table,
    intervals_of,
    opening,
    question_in_words,
    reasons_in_words,
    record_table,
    region_in_words,
    scenario_in_words,
    versions_in_words,
)
from uncertain_scale.units.labels import label_of, shown_units, with_name, within_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import xarray as xr
    from matplotlib.figure import Figure as Drawing

    from uncertain_scale.analysis.swept import Axis
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document
    from uncertain_scale.units.aliases import FloatArray

_STATISTICS = ("mean", "sd", "median")
_WORDS = ("units", "long_name", "equation", "rests_on")
_CHANCES = ("probability", "probability_mcse", "probability_low", "probability_high")
_NOT_OF_A_ROW = (*_WORDS, "warnings", *_CHANCES)
_UNSETTLED = "not settled at these draws: "
_NARROW = 440.0
_WIDTH = {1: 26, 2: 16}
_DECADE = 10.0


@dataclass(frozen=True)
class _Row:
    """One answer at one point, as text, and where its interval is drawn."""

    at: tuple[str, ...]
    median: str
    interval: str
    region: str
    error: str
    units: str
    ends: tuple[float, float, float]


def sweep_document(
    tree: xr.DataTree, found: xr.Dataset, axes: Sequence[Axis], paths: FloatArray | None = None
) -> Document:
    """Return what `Sweep.summarize` returns as plain data, with the record of the first answer.

    Parameters
    ----------
    tree, found, axes
        The first answer, the summary, and what is swept.
    paths
        What `Sweep.some_paths` returns; none by default.

    Returns
    -------
    dict
        A report's `question`, `scenario`, `inputs`, `design`, `hashes` and more; `swept`, a dict
        for each swept variable with its `values`; `points`, the last variable fastest, each with
        `at`, `outputs`, `events` and `warnings`; and `paths`, some draws along dates by output.
    """
    names = [axis.name for axis in axes]
    record = record_document(tree, [float(prob) for prob in found["prob"].values])
    for axis in axes:
        record["question"]["given"][axis.name] |= {"stated": axis.stated, "value": None}
    beliefs = inputs_document(tree)
    points = list(_points(found, names))
    return {
        **record,
        "warnings": list(dict.fromkeys(w for point in points for w in point["warnings"])),
        "swept": [
            {
                "name": axis.name,
                "units": found[axis.name].attrs["units"],
                "long_name": found[axis.name].attrs["long_name"],
                "steps": axis.spacing,
                "values": found[axis.name].values.tolist(),
            }
            for axis in axes
        ],
        "inputs": {name: prior for name, prior in beliefs.items() if name not in names},
        "points": points,
        **({} if paths is None or not len(paths) else {"paths": _paths(found, paths)}),
    }


def _paths(found: xr.Dataset, paths: FloatArray) -> dict[str, list[list[float | None]]]:
    """Return paths by output, to the digits that a figure shows."""
    names = map(str, found["output"].values)
    return {
        name: [[number(float(f"{value:.5g}")) for value in path] for path in paths[:, k].tolist()]
        for k, name in enumerate(names)
    }


def sweep_blocks(document: Document, guides: Mapping[str, float] | None = None) -> Iterator[Block]:
    """Yield the blocks of what `sweep_document` returns; charts of FLOP have `guides` by label."""
    names = _names(document)
    given = question_in_words(document)
    run = _run_in_words(document)
    notes = list(_remarks(document))
    yield Page(
        _headline(document),
        run,
        f"What follows from {given}?",
        title=f"Answers by {' and '.join(names)}",
        about=scenario_in_words(document),
    )
    spread = "Standard errors are from the spread between chains."
    yield from opening(document, given, f"{run}. {spread}")
    yield Gap()
    if notes:
        yield Heading("To know first", id="remarks", only=Form.html)
        yield Items(notes, only=Form.full)
    for name, output in document["points"][0]["outputs"].items():
        yield Heading(_title(name, output), short=name)
        yield from _answer(document, name, guides if output["units"] == "FLOP" else None)
    for place, event in enumerate(document["points"][0]["events"]):
        yield Heading(f"P({event['event']})")
        header = (*names, "probability", "standard error")
        bars = list(_chance_bars(document, place, _WIDTH[len(names)]))
        last = (len(header),)
        yield Table((*header, ""), bars, last, drawn=last, only=Form.terminal)
        yield Table(header, list(_chances(document, place)), only=Form.full)
    yield Items(notes, "! ", only=Form.terminal)
    yield Heading("Inputs", only=Form.markdown)
    yield inputs_table(document)
    yield Heading("Run", only=Form.markdown)
    yield record_table(document)
    views = "--format md, json or csv shows every interval, error and source in full"
    yield Text((run, versions_in_words(document), views), "dim", only=Form.terminal)


def csv_sweep(document: Document) -> str:
    """Return a sweep as comma-separated values, a row for each point and output.

    Numbers are at full precision, with their standard errors beside them; a cell is empty where
    there is no number. A probability is the `mean` of a row named `P(event)`, its 95% interval
    `low` and `high`. `notes` say what is not settled, does not exist or lies beyond the draws.
    """
    rows = list(_csv_rows(document))
    return as_csv(list(dict.fromkeys(name for row in rows for name in row)), rows)


def _answer(document: Document, name: str, guides: Mapping[str, float] | None) -> Iterator[Block]:
    """Yield an answer's intervals: drawn on one scale, as a fan chart, and each with its errors."""
    own = _names_of(document, document["points"][0]["outputs"][name])
    first = list(_rows(document, name))
    if own:
        draw = _chart([row.ends for row in first], _WIDTH[len(own)])
        header = [*map(label_of, own), "median", f"{percent(document['probs'][0])} interval"]
        rows = [(*row.at, row.median, row.interval, row.units, draw(row)) for row in first]
        words = (len(own) + 2, len(own) + 3)
        yield Table(
            (*header, "units", ""), rows, words, tight=True, drawn=words[1:], only=Form.terminal
        )
    else:
        same = f"{first[0].median} ({first[0].interval}) {first[0].units}".rstrip()
        every = " and ".join(map(within_text, _names(document)))
        yield Text(f" {same} at every {every}", only=Form.terminal)
        yield Gap()
    if len({point["outputs"][name]["median"] for point in document["points"]}) > 1:
        yield Figure(partial(_fan, document, name, guides), _NARROW, 1.6)
        if paths := document.get("paths", {}).get(name):
            yield Text(PATHS.format(len(paths)), only=Form.html)
    header = [*map(with_name, own), "units", "median"]
    columns = []
    for prob in document["probs"]:
        header += [f"{percent(prob)} equal-tailed", "errors of its ends"]
        header += [f"{percent(prob)} highest density"]
        columns.append(_rows(document, name, prob))
    body = []
    for rows_of in zip(*columns, strict=True):
        cells = [*rows_of[0].at, rows_of[0].units, rows_of[0].median]
        for row in rows_of:
            cells += [row.interval, row.error, row.region]
        body.append(cells)
    yield Table(header, body, (0, len(own)), only=Form.full)


def _fan(document: Document, name: str, guides: Mapping[str, float] | None) -> Drawing:
    from uncertain_scale.report.figures import plot_sweep

    return plot_sweep(document, name, guides=guides)


def _names(document: Document) -> list[str]:
    return [one["name"] for one in document["swept"]]


def _title(name: str, output: dict[str, Any]) -> str:
    units = units_in_words(shown_units(name, output["units"]))
    meaning = f": {output['long_name']}" if output["long_name"] not in {"", name} else ""
    return f"{label_of(name)}, {name}{f' ({units})' if units else ''}{meaning}"


def _names_of(document: Document, output: dict[str, Any]) -> list[str]:
    """Return the swept variables that an answer rests on."""
    rests_on = output["rests_on"].split(", ")
    return [name for name in _names(document) if name in rests_on]


def _points_of(document: Document, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the points at which variables other than these have their first value."""
    for point in document["points"]:
        others = (one for one in document["swept"] if one["name"] not in names)
        if all(point["at"][one["name"]] == one["values"][0] for one in others):
            yield point


def _at(
    document: Document, point: dict[str, Any], names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Write where a point is, in some of the swept variables or in all."""
    cells = []
    for one in document["swept"]:
        if names is not None and one["name"] not in names:
            continue
        value = point["at"][one["name"]]
        scale = scale_at(value, one)
        cells.append(quantity_text(scale.write(value, exact=True), scale.units))
    return tuple(cells)


def _rows(document: Document, name: str, prob: float | None = None) -> Iterator[_Row]:
    """Yield a row for each point at which an answer is another."""
    prob = document["probs"][0] if prob is None else prob
    names = _names_of(document, document["points"][0]["outputs"][name])
    points = list(_points_of(document, names))
    common = common_scale([point["outputs"][name] for point in points], name)
    for point in points:
        output = point["outputs"][name]
        interval = intervals_of(output, "eti", prob)[0]
        scale = scale_of(output, name)
        if common is not None:
            scale = replace(common, finest=scale.finest, spread=scale.spread)
        exact = output["constant"]
        low, high = (scale.write_end(interval, end, exact=exact) for end in ("low", "high"))
        errors = [interval[f"{end}_mcse"] for end in ("low", "high")]
        known = [scale.write_error(error) for error in errors if error is not None]
        yield _Row(
            at=_at(document, point, names),
            median=scale.write(output["median"], output["median_mcse"], exact=exact),
            interval=low if low == high else f"{low} to {high}",
            region=region_in_words(output, prob, scale) or "none",
            error=" and ".join(known),
            units=scale.units,
            ends=(interval["low"], output["median"], interval["high"]),
        )


def _chances(document: Document, place: int) -> Iterator[tuple[str, ...]]:
    """Yield where a point is with an event's probability and its error, in words."""
    for point in document["points"]:
        yield *_at(document, point), *chance_in_words(point["events"][place], document)


def _chance_bars(document: Document, place: int, width: int) -> Iterator[tuple[str, ...]]:
    """Yield the same in fewer words, with a bar of `width` characters for certainty."""
    for point in document["points"]:
        event = point["events"][place]
        share, (_, error) = event["probability"], chance_in_words(event, document)
        bounded = share in {0, 1} and event["low"] != event["high"]
        words = probability_in_words(event), "95% bound" if bounded else error or "negligible"
        yield *_at(document, point), *words, "█" * round(share * width)


def _chart(ends: Sequence[tuple[float, float, float]], width: int) -> Callable[[_Row], str]:
    """Return what draws a row's interval and median on a scale that all rows share."""
    least, most = min(low for low, _, _ in ends), max(high for _, _, high in ends)
    logarithmic = least > 0 and most / least >= _DECADE
    start, reach = (log(least), log(most / least)) if logarithmic else (least, most - least)

    def place(value: float) -> int:
        along = (log(value) if logarithmic else value) - start
        return min(int(along / reach * width), width - 1) if reach else 0

    def draw(row: _Row) -> str:
        low, median, high = map(place, row.ends)
        line = [" "] * low + ["─"] * (high - low + 1)
        line[median] = "●"
        return "".join(line)

    return draw


def _remarks(document: Document) -> Iterator[str]:
    """Yield what a reader should know, each once, with where it first holds.

    What is not settled has other figures at each point: those of the first stand for all.
    """
    yield from document["notes"]
    yield from age_in_words(document)
    yield from input_remarks(document["inputs"])
    places: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for point in document["points"]:
        at = " and ".join(
            f"{name} = {value}"
            for name, value in zip(_names(document), _at(document, point), strict=True)
        )
        lines = [f"warning: {warning}" for warning in point["warnings"]]
        for name, output in point["outputs"].items():
            lines += [f"{name}: {reason}" for reason in dict.fromkeys(reasons_in_words(output))]
            prob = document["probs"][0]
            if len(intervals_of(output, "hdi", prob)) > 1:
                lines.append(f"{name} has separate likely regions ({percent(prob)})")
        for line in lines:
            subject, _, figures = line.partition(_UNSETTLED)
            kind = f"{subject}{_UNSETTLED}" if figures else line
            words.setdefault(kind, line)
            places.setdefault(kind, []).append(at)
    for kind, where in places.items():
        if kind == words[kind] and len(where) == len(document["points"]):
            yield kind
        else:
            more = f" and {len(where) - 1} more points" if len(where) > 1 else ""
            yield f"at {where[0]}{more}: {words[kind]}"


def _headline(document: Document) -> str:
    """Say what the first answer is at the first point and at the last."""
    name = next(iter(document["points"][0]["outputs"]))
    rows = list(_rows(document, name))
    ends = [f"{row.median} {row.units}".rstrip() for row in (rows[0], rows[-1])]
    if ends[0] == ends[1]:
        return f"{name}: {ends[0]} in the median throughout."
    places = [" and ".join(row.at) for row in (rows[0], rows[-1])]
    return f"{name}: in the median {ends[0]} at {places[0]}, {ends[1]} at {places[1]}."


def _run_in_words(document: Document) -> str:
    """Say how many points there are, and how each was drawn."""
    values = " x ".join(
        f"{counted(len(one['values']), 'value')} of {one['name']}"
        + ("" if one["steps"] == "list" else f" in {one['steps']} steps")
        for one in document["swept"]
    )
    return f"{values}, each on the same {design_in_words(document)}"


def _points(found: xr.Dataset, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    about = {
        str(output): {
            "label": label_of(str(output)),
            **{key: str(found[key].values[k]) for key in _WORDS},
        }
        for k, output in enumerate(found["output"].values)
    }
    events = found["event"].values.tolist()
    probs = found["prob"].values.tolist()
    arrays = {str(name): one.values for name, one in found.data_vars.items()}
    rows = {name: values for name, values in arrays.items() if name not in _NOT_OF_A_ROW}
    for index in np.ndindex(*(found.sizes[name] for name in names)):
        chances = zip(events, *(arrays[name][index] for name in _CHANCES), strict=True)
        yield {
            "at": {
                name: float(found[name].values[k]) for name, k in zip(names, index, strict=True)
            },
            "outputs": {
                output: {
                    **words,
                    **statistics_of({key: one[(*index, k)] for key, one in rows.items()}, probs),
                }
                for k, (output, words) in enumerate(about.items())
            },
            "events": [
                {"event": event, **probability_document(Probability(*map(float, chance)))}
                for event, *chance in chances
            ],
            "warnings": str(arrays["warnings"][index]).splitlines(),
        }


def _csv_rows(document: Document) -> Iterator[dict[str, Any]]:
    swept = {one["name"]: one["units"] for one in document["swept"]}
    for point in document["points"]:
        where = {f"{name} [{units}]": point["at"][name] for name, units in swept.items()}
        for name, output in point["outputs"].items():
            yield {
                **where,
                "output": name,
                "units": output["units"],
                **{key: output[key] for one in _STATISTICS for key in (one, f"{one}_mcse")},
                **_ends(output, document["probs"]),
                "notes": "; ".join(figure_notes(output)),
            }
        for event in point["events"]:
            chance = {"mean": event["probability"], "mean_mcse": event["mcse"]}
            chance |= {"low": event["low"], "high": event["high"]}
            yield {**where, "output": f"P({event['event']})", "units": "1", **chance}


def _ends(output: dict[str, Any], probs: Sequence[float]) -> dict[str, Any]:
    """Return the ends of the intervals; further pieces of a region are numbered from 2."""
    found = {}
    for prob in probs:
        for kind in ("eti", "hdi"):
            for place, piece in enumerate(intervals_of(output, kind, prob), start=1):
                which = f"{kind}_{percent(prob)[:-1]}{f'_{place}' if place > 1 else ''}"
                for end in ("low", "low_mcse", "high", "high_mcse"):
                    found[f"{which}_{end}"] = piece[end]
    return found
