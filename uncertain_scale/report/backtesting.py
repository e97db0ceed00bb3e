"""A backtest for the terminal and as Markdown: rows of text, framed by each view."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from uncertain_scale.report.backtest_document import PRIORS, outside
from uncertain_scale.report.frames import Frame
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import percent, scale_for, scale_of
from uncertain_scale.report.rows import design_in_words, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = [
    "METHOD",
    "backtest_extent",
    "backtest_frames",
    "backtest_remarks",
    "markdown_backtest",
    "terminal_backtest",
]

_QUESTIONS = {
    "training_flop": "FLOP from hours",
    "gpu_hours": "hours from FLOP",
    "training_time": "days from FLOP, GPUs",
}
_LEVEL = 0.01
_SHORT = {"30% of the sparse peak": "30% sparse"}
METHOD = (
    "Left out: MFU fitted again without the run. The fit is to published runs of grades A and B of "
    "at least 1e23 FLOP; other runs cannot be left out of it. Intervals are equal-tailed; behind "
    "a share stands Jeffreys' 95% interval, and it reads as stated where that holds the promise. "
    "PIT: probability that the forecast gave to less than what was published; p: exact test that "
    "it is uniform, by simultaneous ECDF bands, rejected below 1%. CRPS: of log forecasts, less is "
    "better; that of a point forecast is |log error|. The points: 40% MFU, and 30% of the peak "
    "with sparsity, with the standard error of the difference over runs."
)
_HEADER = ("", *PRIORS.values(), "share left out", "reads")
_EVERY = (
    *("run", "chip", "grade", "quantity", "published", "units", "median, left out"),
    *("90%, left out", "PIT", "left out", "CRPS", "left out"),
)
_GROUP_HEADER = ("", "runs", "50%", "80%", "90%", "95%", "PIT", "p", "CRPS", "40%", "30%sp")


def terminal_backtest(document: Document) -> RenderableType:
    """Return a backtest as something that rich can print, at 80 columns.

    Parameters
    ----------
    document
        What `backtest_document` returns.
    """
    parts: list[RenderableType] = [
        Text(f"Backtest of {document['scenario']} on {document['table']['file']}", style="bold"),
        Text(backtest_extent(document)),
    ]
    parts += [Padding(Text(f"! {note}"), (0, 0, 0, 1)) for note in backtest_remarks(document)]
    for frame in (_headline(document), _others(document), _groups(document)):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
        for k, title in enumerate(frame.header):
            table.add_column(title, justify="right" if k else "left", no_wrap=True)
        for row in frame.rows:
            table.add_row(*map(Text, row))
        parts += [Text(), Text(frame.title, style="bold"), table]
    for place, frame in enumerate(_outside(document)):
        parts += [*([Text()] if place else []), Text(frame.title, style="bold")]
        for name, where, note in frame.rows:
            parts.append(Padding(Text(f"{name}: {where}"), (0, 0, 0, 1)))
            parts += [Padding(Text(note, style="dim"), (0, 0, 0, 3))] if note else []
    for reason, names in _not_tested(document):
        parts += [Text(), Text(f"Not tested ({reason}): {', '.join(names)}")]
    parts += [Text(), Text(f"{METHOD}\n{_made(document)}", style="dim")]
    return Group(*parts)


def markdown_backtest(document: Document) -> str:
    """Return a backtest as Markdown text, every forecast in it."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# Backtest of {plain(document['scenario'])} on {plain(document['table']['file'])}"
    yield ""
    yield f"{plain(document['title'])}. {plain(backtest_extent(document))}"
    yield ""
    yield f"{METHOD} {plain(_made(document))}."
    if remarks := list(backtest_remarks(document)):
        yield ""
        yield from (f"- {plain(remark)}" for remark in remarks)
    for frame in backtest_frames(document):
        yield ""
        yield f"## {plain(frame.title)}"
        yield ""
        yield from markdown_table(frame.header, frame.rows)
    if document["faults"]:
        yield ""
        yield "## Rows with faults, kept apart"
        yield ""
        yield from (f"- {plain(fault['text'])}" for fault in document["faults"])


def backtest_frames(document: Document) -> Iterator[Frame]:
    """Yield all tables of a backtest: what it comes to, runs outside, and every forecast."""
    yield from (_headline(document), _others(document), _groups(document))
    yield from _outside(document)
    yield Frame("Every forecast", _EVERY, list(_every(document)), words=(1, 2, 3, 5))
    if untested := [(one["run"], one["reason"]) for one in document["not_tested"]]:
        yield Frame("Not tested", ("run", "reason"), untested, words=(1,))


def backtest_extent(document: Document) -> str:
    """Say how many runs there are, and what became of them."""
    table = document["table"]
    counted = _counted(document)
    return (
        f"Runs that count: {counted}; shown apart: {table['tested'] - counted}; "
        f"not tested: {table['not_tested']}; rows with faults: {table['faulty']}"
    )


def backtest_remarks(document: Document) -> Iterator[str]:
    """Yield what a reader must know of the table of runs, and which runs more draws decide."""
    yield from document["notes"]
    if document["table"]["unused_columns"]:
        yield f"columns not used: {', '.join(document['table']['unused_columns'])}"
    for one in document["forecasts"]:
        for kind, words in PRIORS.items():
            for prob in _undecided(one[kind], document["probs"]):
                yield (
                    f"{one['run']}, {one['quantity']}, {words}: within two Monte Carlo errors of "
                    f"an end of the {percent(prob)} interval; more draws decide"
                )


def _undecided(forecast: dict[str, Any], probs: Sequence[float]) -> list[float]:
    """Return the intervals that more draws might move a run into or out of."""
    reach = 2 * (forecast["transform_mcse"] or 0.0)
    share = forecast["transform"]
    return [
        prob
        for prob in probs
        if min(abs(share - (1 - prob) / 2), abs(share - (1 + prob) / 2)) <= reach
    ]


def _counted(document: Document) -> int:
    """Return how many runs the scores are of."""
    return int(document["scores"]["training_flop"]["left_out"]["runs"])


def _headline(document: Document) -> Frame:
    """Return coverage, uniformity and scores of both priors, side by side."""
    found = document["scores"]["training_flop"]
    as_is, left_out = (found[kind] for kind in PRIORS)
    rows = []
    for one, other in zip(as_is["coverage"], left_out["coverage"], strict=True):
        counts = (f"{c['inside']} of {s['runs']}" for c, s in ((one, as_is), (other, left_out)))
        share = f"{other['share']:.0%}, {other['low']:.0%} to {other['high']:.0%}"
        rows.append((f"inside {percent(one['prob'])}", *counts, share, _verdict(other)))
    tenths = document["transforms"]
    rejected = "rejected" if left_out["uniformity_p"] < _LEVEL else "not rejected"
    rows += [
        ("PIT by tenths", *(sparkline(tenths[kind]) for kind in PRIORS), "", ""),
        ("PIT mean", *(f"{s['mean_transform']:.2f}" for s in (as_is, left_out)), "", ""),
        (
            "PIT uniform, p",
            *(f"{s['uniformity_p']:.2g}" for s in (as_is, left_out)),
            "",
            rejected,
        ),
        ("CRPS", *(f"{s['crps']:.3f}" for s in (as_is, left_out)), "", ""),
    ]
    for name, one in left_out["baselines"].items():
        error = one["standard_error"]
        worse = f"{one['worse_by']:+.3f}{'' if error is None else f' ± {error:.3f}'}"
        reads = "worse" if one["worse_by"] > 0 else "better"
        rows.append((f"CRPS {_SHORT.get(name, name)}", *[f"{one['crps']:.3f}"] * 2, worse, reads))
    return Frame("Training FLOP from GPU-hours, chip and precision", _HEADER, rows)


def _verdict(coverage: dict[str, Any]) -> str:
    """Say whether a share is compatible with what the interval promises."""
    if coverage["high"] < coverage["prob"]:
        return "too narrow"
    return "too wide" if coverage["low"] > coverage["prob"] else "as stated"


def _others(document: Document) -> Frame:
    return Frame(
        "Each question; counts inside, runs left out",
        _GROUP_HEADER,
        [
            (_QUESTIONS[target], *_cells(found["left_out"]))
            for target, found in document["scores"].items()
        ],
    )


def _groups(document: Document) -> Frame:
    rows = [(name, *_cells(found["left_out"])) for name, found in document["groups"].items()]
    return Frame("Training FLOP by group; counts inside, runs left out", _GROUP_HEADER, rows)


def _cells(found: dict[str, Any]) -> tuple[str, ...]:
    shares = [str(one["inside"]) for one in found["coverage"]]
    baselines = [f"{one['crps']:.2f}" for one in found["baselines"].values()]
    tested = (f"{found['mean_transform']:.2f}", f"{found['uniformity_p']:.2g}")
    return str(found["runs"]), *shares, *tested, f"{found['crps']:.2f}", *baselines


def _outside(document: Document) -> Iterator[Frame]:
    """Yield the runs outside their 90% intervals: those that count, and those shown apart."""
    tested = document["table"]["tested"]
    counted = _counted(document)
    title = "Outside the 90% interval, left out"
    for name, counting, runs in ((title, True, counted), ("Shown apart", False, tested - counted)):
        missed = outside(document, 0.9, counting=counting)
        if counting or missed:
            said = f"{name}: {len(missed) or 'none'} of {runs}" if runs else f"{name}: none"
            said += "" if counting else " outside the 90% interval"
            yield Frame(said, ("run", "how", "notes"), list(map(_missed, missed)), words=(1, 2))


def _missed(one: dict[str, Any]) -> tuple[str, str, str]:
    """Say of a run outside its 90% interval how far, and what its notes say."""
    forecast = one["left_out"]
    interval = next(i for i in forecast["intervals"] if i["prob"] == 0.9)
    scale = scale_of({**forecast, "units": one["units"]})
    low, high = (scale.write(interval[e], interval[f"{e}_mcse"]) for e in ("low", "high"))
    published = scale.write(one["published"])
    side = "below" if one["published"] < interval["low"] else "above"
    ratio = one["published"] / forecast["median"]
    grade = f", grade {one['grade']}" if one["grade"] else ""
    return (
        f"{one['run']} ({one['chip']}{grade})",
        f"{published} FLOP, {side} {low} to {high}; x{ratio:.2g} of the median",
        one["notes"],
    )


def _not_tested(document: Document) -> list[tuple[str, list[str]]]:
    by_reason: dict[str, list[str]] = {}
    for one in document["not_tested"]:
        by_reason.setdefault(one["reason"], []).append(one["run"])
    return list(by_reason.items())


def _every(document: Document) -> Iterator[tuple[str, ...]]:
    for one in document["forecasts"]:
        scale = scale_for([one["published"]], one["units"])
        forecast = one["left_out"]
        interval = next(i for i in forecast["intervals"] if i["prob"] == 0.9)
        ends = [scale.write(interval[e], interval[f"{e}_mcse"]) for e in ("low", "high")]
        yield (
            *(one[name] for name in ("run", "chip", "grade", "quantity")),
            scale.write(one["published"]),
            scale.units,
            scale.write(forecast["median"]),
            " to ".join(ends),
            *(f"{one[kind]['transform']:.3f}" for kind in PRIORS),
            *(f"{one[kind]['crps']:.3f}" for kind in PRIORS),
        )


def _made(document: Document) -> str:
    errors = [
        error
        for one in document["forecasts"]
        for error in (one[kind]["transform_mcse"] for kind in PRIORS)
        if error is not None and math.isfinite(error)
    ]
    most = f"; Monte Carlo error of a PIT at most {max(errors):.1g}" if errors else ""
    return f"{design_in_words(document)}{most}"
