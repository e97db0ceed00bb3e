"""Claims held against draws: as plain data, in blocks and as CSV; `claim_words` words verdicts."""

from __future__ import annotations

import re
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.events import Probability
from uncertain_scale.report.ages import Dated, age_in_words, ages_document, oldest
from uncertain_scale.report.blocks import Block, Facts, Form, Gap, Heading, Items, Page, Table, Text
from uncertain_scale.report.claim_words import (
    asserted_in_words,
    given_in_words,
    judge_in_words,
    judged_in_words,
    median_in_words,
    own_in_words,
    percentile_in_words,
    readings_in_words,
    summary_in_words,
)
from uncertain_scale.report.document import Document, interval_document, probability_document
from uncertain_scale.report.numbers import number, percent
from uncertain_scale.report.render.csv import as_csv
from uncertain_scale.report.render.markdown import plain
from uncertain_scale.report.rows import design_in_words
from uncertain_scale.statistics.intervals import NEEDS_CHAINS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from uncertain_scale.analysis.claims import Checked, CheckedClaims, Judged, Own
    from uncertain_scale.analysis.verdict import Found
    from uncertain_scale.inputs.assertion import Claims
    from uncertain_scale.model import Model
    from uncertain_scale.sampling import Design

RULES = """\
A claim is judged under the scenario of its document, without what the document assumes in its \
place, and under those that are asked for besides. Another stands in place of the document's where \
the claim names it, or where the document's gives one number: what it extends, or base.
A figure counts to its stated digits: it follows from its own inputs where what they give rounds \
to it. Where these inputs are uncertain, their median counts.
A figure is inside the narrowest interval of the draws that holds it. "Rounded" tells of a \
narrower one that holds a number that rounds to the figure. An asserted interval is inside the \
narrowest that it shares a number with, or overlaps it where that does not hold all of it.
Outside the widest interval it is overstated or understated, by the figure over the median; an \
asserted interval at least by its nearest end.
A bound holds with 95% probability or more, is likely from 50%, unlikely from 5%, and else does \
not hold.
The percentile is the share of draws below the figure, with its Monte Carlo error.
A ratio of scenarios is judged with what they believe differently coupled as their prior files \
say; then with all of it shared, and with all of it independent, where that is not the same."""


def claims_document(  # noqa: PLR0913 (what was checked, and how)
    claims: Claims,
    found: CheckedClaims,
    model: Model,
    design: Design,
    probs: list[float],
    *,
    as_of: str | dt.date | None = None,
) -> Document:
    """Return what `check_claims` found as plain data, with what the claims were checked with.

    Numbers are in the units of each claim's variable, None for what does not exist; `as_of` is the
    reader's day, as `us.run` takes it.
    """
    rows = [_claim(one) for one in found.checked]
    dated = ({name: Dated.of(one) for name, one in used.items()} for used in found.in_use)
    apart = claims.apart + len(claims.claims) - len(rows)
    unknown = [f"{NEEDS_CHAINS}; draw 16, say"] if design.chains < 2 else []
    return {
        "claims_of": claims.name,
        "title": claims.title,
        "source": claims.source,
        "as_of": claims.as_of.isoformat() if claims.as_of else "",
        "note": claims.note,
        "summary": summary_in_words(rows, apart),
        "claims": rows,
        "apart": apart,
        "faults": list(found.faults),
        "warnings": [*found.warnings, *unknown],
        "ages": ages_document(oldest(*dated), as_of),
        "design": design.kind,
        "seed": design.seed,
        "chains": design.chains,
        "draws": design.draws,
        "probs": sorted(set(probs)),
        "versions": {"uncertain-scale": version("uncertain-scale")},
        "hashes": {
            "priors": {priors.name: priors.digest() for priors in found.priors.values()},
            "equations": model.digest(),
        },
    }


def claims_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `claims_document` returns: what follows, and how each is judged."""
    title, about = _folded(document["title"]), _folded(_cited(document))
    summary, warnings = document["summary"], [*document["warnings"], *age_in_words(document)]
    made, faults = design_in_words(document), document["faults"]
    yield Page(
        f"{title}: {summary[0]}.",
        made,
        "Does what a document claims follow, and is it likely?",
        title=title,
        about=about,
    )
    yield Text(title, "bold", only=Form.terminal)
    yield Text([about, *map(_folded, summary)], only=Form.terminal)
    for claim in document["claims"]:
        yield Gap()
        heading = f"{claim['name']}: {claim['says'] or asserted_in_words(claim)}"
        yield Text(_folded(heading), "bold", only=Form.terminal)
        yield Facts([(label, _folded(words)) for label, words in _lines(claim)])
    yield Gap()
    yield Text([f"! {_folded(line)}" for line in warnings], only=Form.terminal)
    views = "--format md tells the rules, and each interval; json and csv have all figures"
    yield Text((made, views), "dim", only=Form.terminal)
    yield Heading(f"{title}: its claims", 1, only=Form.markdown)
    lines = [f"{plain(line)}.  " for line in (about, *summary)]
    note = [plain(document["note"])] if document["note"] else []
    yield Text([*lines, *note], only=Form.markdown, raw=True)
    yield Items(RULES.splitlines(), only=Form.markdown)
    for name, lines in (("Warnings", warnings), ("Claims kept apart", faults)):
        if lines:
            yield Heading(name, only=Form.markdown)
            yield Items(lines, only=Form.markdown)
    if lines := [*summary[1:], *warnings, *(f"kept apart: {fault}" for fault in faults)]:
        yield Heading("To know first", id="remarks", only=Form.html)
        yield Items(lines, only=Form.html)
    yield from _tables(document)
    yield Heading("How claims are judged", short="Rules", only=Form.html)
    yield Items(RULES.splitlines(), only=Form.html)
    yield Heading("Run", only=Form.markdown)
    yield Text(f"{made}.", only=Form.markdown)
    hashes = [(f"SHA-256 of {name}", one) for name, one in document["hashes"]["priors"].items()]
    versions = [(f"{name} version", one) for name, one in document["versions"].items()]
    equations = ("SHA-256 of the equations", document["hashes"]["equations"])
    yield Table(("what", "value"), [*versions, *hashes, equations], only=Form.markdown)


def csv_claims(document: Document) -> str:
    """Return claims as CSV, a row for each claim and scenario, numbers at full precision."""
    rows = [_csv_row(claim, judged) for claim in document["claims"] for judged in claim["judged"]]
    return as_csv(list(rows[0]) if rows else [], rows)


def _claim(checked: Checked) -> dict[str, Any]:
    claim = checked.claim
    asserted = checked.asserted
    row: dict[str, Any] = {
        "name": claim.name,
        "says": claim.says,
        "variable": claim.variable,
        "ratio": claim.against is not None,
        "units": checked.units,
        "implied": claim.asserted is None,
        "asserted": {
            "text": asserted.text,
            "kind": asserted.kind,
            "value": asserted.value,
            "low": number(asserted.low),
            "high": number(asserted.high),
            "digits": asserted.digits,
        },
        "given": dict(claim.given),
        "free": list(claim.free),
        "quote": claim.quote,
        "note": claim.note,
        "own": _own(checked.own) if checked.own else None,
        "readings": [_own(other) for other in checked.others],
    }
    row["own_verdict"] = own_in_words(row)
    row["judged"] = [_judged(one, row) for one in checked.judged]
    return row


def _own(own: Own) -> dict[str, Any]:
    return {
        "reading": own.reading,
        **_found(own.found),
        "follows": own.follows,
        "excess": number(own.excess),
    }


def _judged(judged: Judged, row: dict[str, Any]) -> dict[str, Any]:
    standing = judged.standing
    judge = judged.judge
    one = {
        "scenario": judged.scenario,
        "own": judge is not None and judge.own,
        "without_assumptions": judge is not None and judge.without_assumptions,
        "in_place_of": judge.in_place_of if judge else "",
        **_found(standing.found),
        "below": [
            {
                "value": one.value,
                **probability_document(Probability(one.below, one.mcse, one.low, one.high)),
            }
            for one in standing.shares
        ],
        "covered": probability_document(
            Probability(standing.covered, standing.covered_mcse, *standing.covered_ends)
        ),
        **{key: getattr(standing, key) for key in ("place", "prob", "beyond", "rounded")},
        "asserted_over_median": number(standing.factor),
        "borderline": standing.borderline,
    }
    return {**one, "verdict": judged_in_words(one, row)}


def _found(found: Found) -> dict[str, Any]:
    return {
        "median": found.median,
        "median_mcse": number(found.median_mcse),
        "constant": found.constant,
        "intervals": [
            interval_document(one.prob, (one.low, one.high), (one.low_mcse, one.high_mcse))
            for one in found.intervals
        ],
    }


def _tables(document: Document) -> Iterator[Block]:
    """Yield what follows from the document's own inputs, and where each claim falls."""
    yield Heading("From the document's own inputs", short="Own inputs", only=Form.full)
    if document["note"]:
        yield Text(document["note"], "how", only=Form.html)
    header = ["claim", "says", "asserted", "given", "verdict", "other readings", "where", "note"]
    own = [
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
    ]
    yield Table(header, own, range(8), only=Form.full)
    for labels, claims in _by_scenarios(document):
        header = ["claim", "asserted"]
        for judged in claims[0]["judged"]:
            header += [f"{judged['scenario']}: percentile", "median", "verdict"]
        short = re.split("[,;]", "; ".join(labels))[0]
        yield Heading(f"Under {'; '.join(labels)}", short=short, only=Form.full)
        rows = list(map(_judged_row, claims))
        yield Table(header, rows, range(len(header)), only=Form.full)


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


def _cited(document: Document) -> str:
    """Return where a document stands, and of when it is."""
    source, as_of = document["source"], document["as_of"]
    return source if as_of in source else ", ".join(filter(None, (source, as_of)))


def _folded(text: str) -> str:
    return " ".join(text.split())


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


def _csv_row(claim: dict[str, Any], judged: dict[str, Any]) -> dict[str, Any]:
    own = claim["own"] or {"reading": "", "median": None, "follows": None, "excess": None}
    asserted = claim["asserted"]
    row = {
        "claim": claim["name"],
        **{key: claim[key] for key in ("says", "variable", "ratio", "units", "implied")},
        "asserted": asserted["text"],
        **{key: asserted[key] for key in ("value", "low", "high")},
        "given": given_in_words(claim),
        "own_reading": own["reading"],
        "own_value": own["median"],
        "follows": own["follows"],
        "own_excess": own["excess"],
        "own_verdict": claim["own_verdict"],
        "readings": readings_in_words(claim),
        "scenario": judged["scenario"],
        "own_scenario": judged["own"],
        **{key: judged[key] for key in ("without_assumptions", "in_place_of")},
        **{key: judged[key] for key in ("median", "median_mcse")},
        "below": judged["below"][0]["probability"],
        "below_mcse": judged["below"][0]["mcse"],
        "below_upper": judged["below"][-1]["probability"],
        "covered": judged["covered"]["probability"],
        "asserted_over_median": judged["asserted_over_median"],
    }
    for interval in judged["intervals"]:
        for end in ("low", "high"):
            row[f"{end}_{percent(interval['prob'])[:-1]}"] = interval[end]
    return row | {"verdict": judged["verdict"], "where": claim["quote"], "note": claim["note"]}
