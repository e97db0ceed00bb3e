"""Pages of what is mostly tables: sweeps, claims and backtests."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.report import evidence_comparing, figures
from uncertain_scale.report.backtesting import (
    METHOD,
    backtest_extent,
    backtest_frames,
    backtest_remarks,
)
from uncertain_scale.report.claim_views import RULES, cited, claim_frames
from uncertain_scale.report.dependent import WHY, dependent_frames, dependent_headline
from uncertain_scale.report.evidence import (
    learnt_in_words,
    moved_rows,
    observation_lines,
    road_in_words,
)
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.frames import Frame
from uncertain_scale.report.html.inline import inline
from uncertain_scale.report.html.pages import page
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import design_in_words, event_rows, question_in_words
from uncertain_scale.report.sweep_views import (
    sweep_frames,
    sweep_headline,
    sweep_remarks,
    sweep_run_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from markupsafe import Markup

    from uncertain_scale.report.document import Document

__all__ = [
    "html_backtest",
    "html_claims",
    "html_dependent",
    "html_evidence_comparison",
    "html_sweep",
]

_WIDE = 640.0
_NARROW = 440.0
_LONG = 22  # characters, beyond which words take several lines


def html_sweep(
    document: Document, guides: Mapping[str, float] | None = None, *, command: str = ""
) -> str:
    """Return a sweep as one self-contained HTML page: a fan chart and a table for each answer.

    Parameters
    ----------
    document
        What `sweep_document` returns.
    guides
        Levels drawn in charts of FLOP, by what is written beside them.
    command
        The command line that makes it again.
    """
    number = count(1)
    outputs = document["points"][0]["outputs"]
    sections = [_section(frame) for frame in sweep_frames(document)]
    for (name, output), section in zip(outputs.items(), sections, strict=False):
        section["short"] = name
        section["figure"] = _fan(
            document, name, guides if output["units"] == "FLOP" else None, next(number)
        )
    swept = " and ".join(one["name"] for one in document["swept"])
    given = with_powers(question_in_words(document))
    return page(
        "tables.html",
        document,
        command,
        headline=with_powers(sweep_headline(document)),
        title=f"Answers by {swept}",
        kicker=f"What follows from {given}?",
        about=f"Scenario {document['scenario']}: {document['title']}",
        remarks=list(sweep_remarks(document)),
        sections=sections,
        run=sweep_run_in_words(document),
    )


def html_claims(document: Document, *, command: str = "") -> str:
    """Return the claims of a document and their verdicts as one self-contained HTML page.

    Parameters
    ----------
    document
        What `claims_document` returns.
    command
        The command line that makes it again.
    """
    sections = [_section(frame) for frame in claim_frames(document)]
    sections[0] |= {"how": document["note"], "short": "Own inputs"}
    for section in sections[1:]:
        section["short"] = re.split("[,;]", section["title"].removeprefix("Under "))[0]
    rules = {"title": "How claims are judged", "short": "Rules", "rules": RULES.splitlines()}
    told = [*document["summary"], *document["warnings"]]
    return page(
        "tables.html",
        document,
        command,
        headline=f"{document['title']}: {document['summary'][0]}.",
        title=document["title"],
        kicker="Does what a document claims follow, and is it likely?",
        about=cited(document),
        remarks=[*told[1:], *(f"kept apart: {fault}" for fault in document["faults"])],
        sections=[*sections, _EMPTY | rules],
        run=design_in_words(document),
    )


def html_backtest(document: Document, *, command: str = "") -> str:
    """Return a backtest as one self-contained HTML page, every forecast in it.

    Parameters
    ----------
    document
        What `backtest_document` returns.
    command
        The command line that makes it again.
    """
    sections = [_section(frame) for frame in backtest_frames(document)]
    for short, section in zip(("Result", "Questions", "Groups"), sections, strict=False):
        section["short"] = short
    for section in sections[3:]:
        section["short"] = section["title"].partition(":")[0].removesuffix(", left out")
    drawn = figures.plot_backtest(document)
    sections[0] |= {"how": METHOD, "figure": inline(drawn, 1, least=_WIDE)}
    faults = [f"kept apart: {fault['text']}" for fault in document["faults"]]
    return page(
        "tables.html",
        document,
        command,
        headline=_scored(document),
        title=f"Backtest of {document['scenario']}",
        kicker="Would such intervals have held for runs that were published?",
        about=f"Scenario {document['scenario']}: {document['title']}. {backtest_extent(document)}",
        remarks=[*backtest_remarks(document), *faults],
        sections=sections,
        run=design_in_words(document),
    )


def html_dependent(document: Document, *, command: str = "") -> str:
    """Return what drives the answers given evidence as one self-contained HTML page.

    Parameters
    ----------
    document
        What `dependent_document` returns.
    command
        The command line that makes it again.
    """
    header = ("input", "before: 5%, 50%, 95%", "now", "units", "bits learnt")
    moved = Frame("Inputs that moved", header, list(moved_rows(document)), words=(3,))
    seen = [f"{said}: {foretold}" for said, foretold in observation_lines(document)]
    learnt = [road_in_words(document), learnt_in_words(document)]
    events = [f"P({event}) = {share}" for event, share, _ in event_rows(document)]
    return page(
        "tables.html",
        document,
        command,
        headline=dependent_headline(document),
        title="What drives the answers, given evidence",
        kicker=f"What drives the answers, given {with_powers(question_in_words(document))}?",
        about=f"Scenario {document['scenario']}: {document['title']}",
        remarks=[*seen, *learnt, *document["evidence"]["notes"], *events],
        sections=[*_explained(map(_section, dependent_frames(document)), WHY), _section(moved)],
        run=design_in_words(document),
    )


def html_evidence_comparison(document: Document, *, command: str = "") -> str:
    """Return scenarios updated by the same evidence as one self-contained HTML page.

    Parameters
    ----------
    document
        What `evidence_comparison_document` returns.
    command
        The command line that makes it again.
    """
    sections = []
    for title, lines, frame in evidence_comparing.evidence_comparison_parts(document):
        section = _EMPTY | {"title": title, "short": title} if frame is None else _section(frame)
        sections.append(section | {"rules": lines})
    return page(
        "tables.html",
        document,
        command,
        headline=evidence_comparing.evidence_comparison_headline(document),
        title=f"{document['base']} and others, given evidence",
        kicker=f"Which scenario does the evidence speak for, given "
        f"{with_powers(question_in_words(document))}?",
        about=evidence_comparing.WHY,
        remarks=[": ".join(pair) for pair in observation_lines(document)],
        sections=sections,
        run=design_in_words(document),
    )


_EMPTY: dict[str, Any] = {
    "how": "",
    "figure": None,
    "rows": [],
    "header": (),
    "numbers": (),
    "wide": (),
    "rules": (),
}


def _explained(sections: Iterable[dict[str, Any]], how: str) -> Iterator[dict[str, Any]]:
    """Put a word of explanation before the first section."""
    for place, section in enumerate(sections):
        yield section if place else section | {"how": how}


def _section(frame: Frame) -> dict[str, Any]:
    numbers = set(range(1, len(frame.header))) - set(frame.words)
    return _EMPTY | {
        "title": frame.title,
        "short": frame.title,
        "wide": {
            place
            for place in range(len(frame.header))
            if any(len(row[place]) > _LONG for row in frame.rows)
        },
        "header": frame.header,
        "rows": frame.rows,
        "numbers": numbers,
    }


def _fan(
    document: Document, name: str, guides: Mapping[str, float] | None, number: int
) -> Markup | None:
    """Return a fan chart; None where an answer does not move, or there are too many lines."""
    moves = {point["outputs"][name]["median"] for point in document["points"]}
    if len(moves) == 1:
        return None
    try:
        return inline(
            figures.plot_sweep(document, name, guides=guides), number, least=_NARROW, zoom=1.6
        )
    except DataError:
        return None


def _scored(document: Document) -> str:
    """Say in a sentence how many runs the widest promise holds for."""
    found = document["scores"]["training_flop"]["left_out"]
    told = [
        f"{one['inside']} of {found['runs']} inside the {percent(one['prob'])}"
        for one in found["coverage"]
        if one["prob"] in {0.5, 0.9}
    ]
    return f"Published runs, each forecast without itself: {', '.join(told)} interval."
