"""Claims and their verdicts for the terminal, as Markdown and as CSV."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from uncertain_scale.errors import printable
from uncertain_scale.report.claim_words import (
    asserted_in_words,
    given_in_words,
    judge_in_words,
    median_in_words,
    percentile_in_words,
    readings_in_words,
)
from uncertain_scale.report.csv_tables import as_csv
from uncertain_scale.report.frames import Frame
from uncertain_scale.report.markdown import markdown_table, plain
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import design_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from uncertain_scale.report.document import Document

__all__ = [
    "RULES",
    "cited",
    "claim_frames",
    "csv_claims",
    "markdown_claims",
    "terminal_claims",
]

RULES = """\
A claim is judged under the scenario of its document, without what the document assumes in its \
place, and under those that are asked for besides. Another stands in place of the document's where \
the claim names it, or where the document's gives one number: what it extends, or base.
A figure counts to its stated digits: it follows from its own inputs where what they give rounds \
to it. Where these inputs are uncertain, their median counts.
A figure is inside the narrowest interval of the draws that holds it; an asserted interval, inside \
the narrowest that it overlaps. "Rounded" tells of a narrower one that holds a number that rounds \
to the figure.
Outside the widest interval it is overstated or understated, by the figure over the median; an \
asserted interval at least by its nearest end.
A bound holds with 95% probability or more, is likely from 50%, unlikely from 5%, and else does \
not hold.
The percentile is the share of draws below the figure, with its Monte Carlo error.
A ratio of scenarios is judged with what they believe differently coupled as their prior files \
say; then with all of it shared, and with all of it independent, where that is not the same."""


def terminal_claims(document: Document) -> RenderableType:
    """Return claims as something that rich can print, at 80 columns.

    Parameters
    ----------
    document
        What `claims_document` returns.
    """
    parts: list[RenderableType] = [_text(document["title"], "bold"), _text(cited(document))]
    parts += [_text(line) for line in document["summary"]]
    for claim in document["claims"]:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=12, overflow="fold")
        grid.add_column(overflow="fold")
        for label, words in _lines(claim):
            grid.add_row(_text(f" {label}", "dim"), _text(words))
        parts += [Text(), _text(_heading(claim), "bold"), grid]
    parts.append(Text())
    parts += [_text(f"! {line}") for line in document["warnings"]]
    parts.append(
        Text(
            f"{design_in_words(document)}\n"
            "--format md tells the rules, and each interval; json and csv have all figures",
            style="dim",
        )
    )
    return Group(*parts)


def markdown_claims(document: Document) -> str:
    """Return claims as Markdown: a table of what follows, and tables of where each falls."""
    return "\n".join(_markdown(document)) + "\n"


def claim_frames(document: Document) -> Iterator[Frame]:
    """Yield tables: what follows from the document's own inputs, and where each claim falls."""
    header: list[str] = ["claim", "says", "asserted", "given", "verdict"]
    yield Frame(
        "From the document's own inputs",
        (*header, "other readings", "where", "note"),
        [
            (
                claim["name"],
                claim["says"],
                asserted_in_words(claim),
                given_in_words(claim),
                claim["own_verdict"],
                readings_in_words(claim),
                claim["quote"],
                claim["note"],
            )
            for claim in document["claims"]
        ],
        words=range(1, 8),
    )
    for labels, claims in _by_scenarios(document):
        header = ["claim", "asserted"]
        for judged in claims[0]["judged"]:
            header += [f"{judged['scenario']}: percentile", "median", "verdict"]
        rows = [tuple(_judged_row(claim)) for claim in claims]
        yield Frame(f"Under {'; '.join(labels)}", header, rows, words=range(1, len(header)))


def csv_claims(document: Document) -> str:
    """Return claims as CSV, a row for each claim and scenario, numbers at full precision."""
    rows = [_csv_row(claim, judged) for claim in document["claims"] for judged in claim["judged"]]
    return as_csv(list(rows[0]) if rows else [], rows)


def _heading(claim: dict[str, Any]) -> str:
    return f"{claim['name']}: {claim['says'] or asserted_in_words(claim)}"


def _lines(claim: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines below a claim's heading, each with its label."""
    given = given_in_words(claim)
    yield "asserted", f"{asserted_in_words(claim)}{f'; given {given}' if given else ''}"
    yield "own inputs", claim["own_verdict"]
    if claim["readings"]:
        yield "readings", readings_in_words(claim)
    for judged in claim["judged"]:
        at = percentile_in_words(judged)
        judge = judge_in_words(judged)
        stands = f"at {at} of {judge}: " if at else f"{judge}: "
        median = median_in_words(judged, claim)
        gives = "it gives" if judged["constant"] else "median"
        yield "verdict", f"{stands}{judged['verdict']}; {gives} {median}"


def cited(document: Document) -> str:
    """Return where a document stands, and of when it is."""
    source, as_of = document["source"], document["as_of"]
    return source if as_of in source else ", ".join(filter(None, (source, as_of)))


def _text(text: str, style: str = "") -> Text:
    return Text(printable(" ".join(str(text).split())), style=style)


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {_plain(document['title'])}: its claims"
    yield ""
    yield from (f"{_plain(line)}.  " for line in (cited(document), *document["summary"]))
    if document["note"]:
        yield _plain(document["note"])
    yield ""
    yield from (f"- {rule}" for rule in RULES.splitlines())
    for title, key in (("Warnings", "warnings"), ("Claims kept apart", "faults")):
        if document[key]:
            yield from ("", f"## {title}", "")
            yield from (f"- {_plain(line)}" for line in document[key])
    for frame in claim_frames(document):
        yield from ("", f"## {_plain(frame.title)}", "")
        yield from _table([_plain(name) for name in frame.header], frame.rows)
    yield from ("", "## Run", "", f"{_plain(design_in_words(document))}.", "")
    hashes = [(f"SHA-256 of {name}", one) for name, one in document["hashes"]["priors"].items()]
    versions = [(f"{name} version", one) for name, one in document["versions"].items()]
    equations = ("SHA-256 of the equations", document["hashes"]["equations"])
    yield from _table(("what", "value"), [*versions, *hashes, equations])


def _judged_row(claim: dict[str, Any]) -> list[str]:
    cells = [claim["name"], asserted_in_words(claim)]
    for judged in claim["judged"]:
        cells += [
            percentile_in_words(judged) or "one value",
            median_in_words(judged, claim),
            judged["verdict"],
        ]
    return cells


def _by_scenarios(document: Document) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """Yield the claims that are judged under the same scenarios, which share a table."""

    def labels(claim: dict[str, Any]) -> tuple[str, ...]:
        return tuple(map(judge_in_words, claim["judged"]))

    order = list(dict.fromkeys(map(labels, document["claims"])))
    ordered = sorted(document["claims"], key=lambda claim: order.index(labels(claim)))
    for shared, claims in groupby(ordered, key=labels):
        yield shared, list(claims)


def _table(header: Any, rows: Iterable[Any]) -> Iterator[str]:
    yield from markdown_table(header, ([printable(cell) for cell in row] for row in rows))


def _plain(text: object) -> str:
    return plain(printable(text))


def _csv_row(claim: dict[str, Any], judged: dict[str, Any]) -> dict[str, Any]:
    own = claim["own"] or {"reading": "", "median": None, "follows": None, "excess": None}
    asserted = claim["asserted"]
    row = {
        "claim": claim["name"],
        "says": claim["says"],
        "variable": claim["variable"],
        "ratio": claim["ratio"],
        "units": claim["units"],
        "implied": claim["implied"],
        "asserted": asserted["text"],
        "value": asserted["value"],
        "low": asserted["low"],
        "high": asserted["high"],
        "given": given_in_words(claim),
        "own_reading": own["reading"],
        "own_value": own["median"],
        "follows": own["follows"],
        "own_excess": own["excess"],
        "own_verdict": claim["own_verdict"],
        "readings": readings_in_words(claim),
        "scenario": judged["scenario"],
        "own_scenario": judged["own"],
        "without_assumptions": judged["without_assumptions"],
        "in_place_of": judged["in_place_of"],
        "median": judged["median"],
        "median_mcse": judged["median_mcse"],
        "below": judged["below"][0]["probability"],
        "below_mcse": judged["below"][0]["mcse"],
        "below_upper": judged["below"][-1]["probability"],
        "covered": judged["covered"]["probability"],
        "asserted_over_median": judged["asserted_over_median"],
    }
    for interval in judged["intervals"]:
        for end in ("low", "high"):
            row[f"{end}_{percent(interval['prob'])[:-1]}"] = interval[end]
    return row | {
        "verdict": judged["verdict"],
        "where": claim["quote"],
        "note": claim["note"],
    }
