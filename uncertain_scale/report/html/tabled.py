"""Pages of what is mostly tables: sweeps, claims and backtests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.report import evidence_comparing, figures
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uncertain_scale.report.document import Document

__all__ = [
    "html_dependent",
    "html_evidence_comparison",
]

_WIDE = 640.0
_LONG = 22  # characters, beyond which words take several lines


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
