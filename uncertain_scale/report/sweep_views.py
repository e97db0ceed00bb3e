"""A sweep for the terminal, a table an answer with its intervals drawn, and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from uncertain_scale.report.frames import Frame
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import percent, scale_for, scale_of, units_in_words
from uncertain_scale.report.rows import (
    chance_in_words,
    design_in_words,
    input_rows,
    intervals_of,
    question_in_words,
    reasons_in_words,
    region_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = [
    "markdown_sweep",
    "sweep_frames",
    "sweep_headline",
    "sweep_remarks",
    "sweep_run_in_words",
    "terminal_sweep",
]

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


def terminal_sweep(document: Document) -> RenderableType:
    """Return a sweep as something that rich can print, at 80 columns.

    Parameters
    ----------
    document
        What `sweep_document` returns.
    """
    prob = document["probs"][0]
    names = _names(document)
    parts: list[RenderableType] = [
        Text(f"Given {question_in_words(document)}", style="bold"),
        Text(f"Scenario {document['scenario']}: {document['title']}\n"),
    ]
    for name, output in document["points"][0]["outputs"].items():
        rows = list(_rows(document, name))
        own = _names_of(document, output)
        parts.append(Text(_title(name, output), style="bold"))
        if not own:
            row = rows[0]
            words = f"{row.median} ({row.interval}) {row.units}".rstrip()
            parts.append(Text(f" {words} at every {' and '.join(names)}\n"))
            continue
        draw = _chart([row.ends for row in rows], _WIDTH[len(own)])
        table = _table([*own, "median", f"{percent(prob)} interval"], ["units", ""])
        for row in rows:
            table.add_row(*map(Text, (*row.at, row.median, row.interval, row.units)), draw(row))
        parts.append(table)
    for place, event in enumerate(document["points"][0]["events"]):
        parts.append(Text(f"P({event['event']})", style="bold"))
        table = _table([*names, "probability", "standard error"], [""])
        for at, share, error, value in _chances(document, place):
            bar = "█" * round(value * _WIDTH[len(names)])
            table.add_row(*map(Text, (*at, share, error, bar)))
        parts.append(table)
    remarks = [Padding(Text(f"! {remark}"), (0, 0, 0, 1)) for remark in sweep_remarks(document)]
    return Group(*parts, *remarks, _footer(document))


def markdown_sweep(document: Document) -> str:
    """Return a sweep as Markdown text: every interval, the error of its ends, every source."""
    return "\n".join(_markdown(document)) + "\n"


def sweep_frames(document: Document) -> Iterator[Frame]:
    """Yield a table for each answer with its intervals and their errors, and for each event."""
    for name, output in document["points"][0]["outputs"].items():
        own = _names_of(document, output)
        header = [*own, "units", "median"]
        columns = []
        for prob in document["probs"]:
            header += [f"{percent(prob)} equal-tailed", "errors of its ends"]
            header += [f"{percent(prob)} highest density"]
            columns.append(_rows(document, name, prob))
        body = []
        for same in zip(*columns, strict=True):
            cells = [*same[0].at, same[0].units, same[0].median]
            for row in same:
                cells += [row.interval, row.error, row.region]
            body.append(tuple(cells))
        yield Frame(_title(name, output), header, body, words=[len(own)])
    for place, event in enumerate(document["points"][0]["events"]):
        header = [*_names(document), "probability", "standard error"]
        chances = [(*at, share, error) for at, share, error, _ in _chances(document, place)]
        yield Frame(f"P({event['event']})", header, chances)


def _names(document: Document) -> list[str]:
    return [one["name"] for one in document["swept"]]


def _title(name: str, output: dict[str, Any]) -> str:
    units = units_in_words(output["units"])
    meaning = f": {output['long_name']}" if output["long_name"] not in {"", name} else ""
    return f"{name}{f' ({units})' if units else ''}{meaning}"


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
        scale = scale_for([value], one["units"])
        cells.append(f"{scale.write(value, exact=True)} {scale.units}".rstrip())
    return tuple(cells)


def _rows(document: Document, name: str, prob: float | None = None) -> Iterator[_Row]:
    """Yield a row for each point at which an answer is another."""
    prob = document["probs"][0] if prob is None else prob
    names = _names_of(document, document["points"][0]["outputs"][name])
    for point in _points_of(document, names):
        output = point["outputs"][name]
        interval = intervals_of(output, "eti", prob)[0]
        scale = scale_of(output)
        exact = output["constant"]
        low, high = (scale.write_end(interval, end, exact=exact) for end in ("low", "high"))
        errors = [interval[f"{end}_mcse"] for end in ("low", "high")]
        known = [scale.write_error(error) for error in errors if error is not None]
        yield _Row(
            at=_at(document, point, names),
            median=scale.write(output["median"], output["median_mcse"], exact=exact),
            interval=low if low == high else f"{low} to {high}",
            region=region_in_words(output, prob) or "none",
            error=" and ".join(known),
            units=scale.units,
            ends=(interval["low"], output["median"], interval["high"]),
        )


def _chances(document: Document, place: int) -> Iterator[tuple[tuple[str, ...], str, str, float]]:
    """Yield where a point is, and an event's probability there with its standard error."""
    for point in document["points"]:
        event = point["events"][place]
        yield _at(document, point), *chance_in_words(event, document), event["probability"]


def _chart(ends: Sequence[tuple[float, float, float]], width: int) -> Callable[[_Row], Text]:
    """Return what draws a row's interval and median on a scale that all rows share."""
    least, most = min(low for low, _, _ in ends), max(high for _, _, high in ends)
    logarithmic = least > 0 and most / least >= _DECADE
    start, reach = (log(least), log(most / least)) if logarithmic else (least, most - least)

    def place(value: float) -> int:
        along = (log(value) if logarithmic else value) - start
        return min(int(along / reach * width), width - 1) if reach else 0

    def draw(row: _Row) -> Text:
        low, median, high = map(place, row.ends)
        line = [" "] * low + ["─"] * (high - low + 1)
        line[median] = "●"
        return Text("".join(line))

    return draw


def _table(numbers: Sequence[str], words: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for header in numbers:
        table.add_column(header, justify="right", no_wrap=True)
    for header in words:
        table.add_column(header, no_wrap=True)
    return table


def sweep_remarks(document: Document) -> Iterator[str]:
    """Yield what a reader should know, each once, with where it first holds."""
    yield from document["notes"]
    for name, prior in document["inputs"].items():
        if prior["interpreted"]:
            yield f"{name}: {prior['source']} is read as {prior['distribution']}"
        if prior["origin"] == "fallback":
            yield f"{name} is not determined by what is given; its prior is used"
    places: dict[str, list[str]] = {}
    for point in document["points"]:
        at = " and ".join(
            f"{name} = {value}"
            for name, value in zip(_names(document), _at(document, point), strict=True)
        )
        said = [f"warning: {warning}" for warning in point["warnings"]]
        for name, output in point["outputs"].items():
            said += [f"{name}: {reason}" for reason in dict.fromkeys(reasons_in_words(output))]
            prob = document["probs"][0]
            if len(intervals_of(output, "hdi", prob)) > 1:
                said.append(f"{name} has separate likely regions ({percent(prob)})")
        for remark in said:
            places.setdefault(remark, []).append(at)
    for remark, where in places.items():
        if len(where) == len(document["points"]):
            yield remark
        else:
            more = f" and {len(where) - 1} more points" if len(where) > 1 else ""
            yield f"at {where[0]}{more}: {remark}"


def _footer(document: Document) -> Text:
    return Text(
        f"{sweep_run_in_words(document)}\n"
        f"uncertain-scale {document['versions']['uncertain-scale']}, priors "
        f"{document['hashes']['priors'][:12]}, equations {document['hashes']['equations'][:12]}\n"
        "--format md, json or csv shows every interval, error and source in full",
        style="dim",
    )


def sweep_headline(document: Document) -> str:
    """Say what the first answer is at the first point and at the last."""
    name = next(iter(document["points"][0]["outputs"]))
    rows = list(_rows(document, name))
    ends = [f"{row.median} {row.units}".rstrip() for row in (rows[0], rows[-1])]
    if ends[0] == ends[1]:
        return f"{name}: {ends[0]} in the median throughout."
    places = [" and ".join(row.at) for row in (rows[0], rows[-1])]
    return f"{name}: in the median {ends[0]} at {places[0]}, {ends[1]} at {places[1]}."


def sweep_run_in_words(document: Document) -> str:
    """Say how many points there are, and how each was drawn."""
    values = " x ".join(
        f"{len(one['values'])} values of {one['name']}{_spaced(one)}" for one in document["swept"]
    )
    return f"{values}, each on the same {design_in_words(document)}"


def _spaced(one: dict[str, Any]) -> str:
    return "" if one["steps"] == "list" else f" in {one['steps']} steps"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {plain(question_in_words(document))}"
    yield ""
    yield f"Scenario {plain(document['scenario'])}: {plain(document['title'])}."
    run = plain(sweep_run_in_words(document))
    yield f"{run}. Standard errors are from the spread between chains."
    yield ""
    if found := list(sweep_remarks(document)):
        yield from (f"- {plain(remark)}" for remark in found)
        yield ""
    for frame in sweep_frames(document):
        yield f"## {plain(frame.title)}"
        yield ""
        yield from markdown_table([*map(plain, frame.header)], frame.rows)
        yield ""
    yield "## Inputs"
    yield ""
    yield from markdown_table(
        ("input", "median", "5% to 95%", "units", "distribution", "as of", "source", "note"),
        (
            (r.name, r.median, r.interval, r.units, r.distribution, r.as_of, r.source, r.note)
            for r in input_rows(document)
        ),
    )
    yield ""
    yield "## Run"
    yield ""
    made = [(key, document[key]) for key in ("design", "seed", "chains", "draws")]
    made += [(f"{name} version", version) for name, version in document["versions"].items()]
    made += [(f"SHA-256 of {name}", digest) for name, digest in document["hashes"].items()]
    yield from markdown_table(("what", "value"), made)
