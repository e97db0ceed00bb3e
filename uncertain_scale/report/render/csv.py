"""Results as comma-separated values: one long table each, a row for every figure.

RFC 4180: a header, lines that end with CR LF, quotes where a cell needs them. Numbers are at full
precision, in the units beside them; an empty cell stands for what does not exist. Text is one line,
and no spreadsheet takes it for a formula.
"""

from __future__ import annotations

import csv
import io
import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import printable
from uncertain_scale.report.completeness import INCOMPLETE, completeness_in_words
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import figure_note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.report.document import Document

COLUMNS = (
    *("scenario", "kind", "name", "measure", "input", "prob"),
    *("value", "mcse", "units", "low", "high", "note"),
)
"""Columns of every table of figures; `low` and `high` are the 95% interval of a probability."""

_SHARES = ("rank_correlation", "variance_reduction", "interval_reduction")
_WORDS = ("scenario", "kind", "name", "measure", "input", "output", "units")
_OWN_NAMES = ("", "answer", "event", "given", "input")
"""Kinds whose names are not another's."""
_FORMULA = ("=", "+", "-", "@")
_QUANTILES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}


def as_csv(header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV; a row may lack columns, and has no others.

    Examples
    --------
    >>> as_csv(("name", "value"), [{"name": "a, b", "value": 0.1}, {"name": "c"}]).splitlines()
    ['name,value', '"a, b",0.1', 'c,']
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="")
    if header:
        writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def wide(table: str) -> str:
    """Return a table with a row for each result, point of a sweep or ranked input.

    Each figure has a column, named by what it is of, its measure and its units, and its error one
    behind it. A table that has a row for each option, forecast or input already stays as it is.

    Examples
    --------
    >>> rows = [{"scenario": "base", "name": "gpus", "measure": "median", "value": 2.0}]
    >>> wide(as_csv(COLUMNS, rows)).splitlines()
    ['scenario,input,gpus median', 'base,,2.0']
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in read_rows(table):
        if tuple(row) == COLUMNS:
            keys, figures = ["scenario", "input"], _named_figures(row)
        elif "output" in row:
            keys = list(row)[: list(row).index("output")]
            figures = {
                titled(f"{row['output']} {name}", row["units"]): value
                for name, value in list(row.items())[len(keys) + 2 :]
            }
        else:
            return table
        about = {key: row[key] for key in keys}
        found.setdefault(tuple(map(str, about.values())), about).update(figures)
    header = dict.fromkeys(name for one in found.values() for name in one)
    return as_csv(list(header), found.values())


def read_rows(table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table of `as_csv` with their numbers as numbers; texts are as shown."""
    for row in csv.DictReader(io.StringIO(table, newline="")):
        yield {key: cell if key in _WORDS else _read(cell) for key, cell in row.items()}


def measured(row: Mapping[str, Any]) -> str:
    """Return what a row of a table of figures measures, with the probability of an interval."""
    prob = f" {percent(row['prob'])}" if isinstance(row["prob"], float) else ""
    return f"{row['measure']}{prob}"


def titled(name: str, units: str) -> str:
    """Return the header of a column of figures with their units."""
    return name if units in {"", "1"} else f"{name} [{units}]"


def csv_report(document: Document) -> str:
    """Return a report as CSV: answers, events, what suffices, evidence and inputs."""
    return as_csv(COLUMNS, _under(document["scenario"], _report(document)))


def csv_comparison(document: Document) -> str:
    """Return a comparison as CSV: ratios, differences, and where ratios of medians come from."""
    rows = (
        row
        for one in document["comparisons"]
        for row in _under(f"{one['other']} / {document['base']}", _comparison(one))
    )
    return as_csv(COLUMNS, rows)


def csv_evidence_comparison(document: Document) -> str:
    """Return scenarios updated by the same evidence as CSV: each one's answers, and ratios."""
    rows = list(_under(document["base"], _report(document)))
    for one in document["comparisons"]:
        rows += _under(one["other"], _report(one["report"]))
        factor = _figure(one, "log_bayes_factor", kind="evidence")
        ratios = [
            _figure(ratio, "value", kind="ratio of medians", name=name, measure="median")
            for name, ratio in one["ratios_of_medians"].items()
        ]
        rows += _under(f"{one['other']} / {document['base']}", [factor, *ratios])
    return as_csv(COLUMNS, rows)


def csv_sensitivity(document: Document) -> str:
    """Return a ranking as CSV: for each answer, every measure of every input."""
    rows = [row for name, one in document["outputs"].items() for row in _ranking(name, one)]
    for event in document["events"]:
        rows += _decision(event)
    return as_csv(COLUMNS, _under(document["scenario"], rows))


def csv_dependent(document: Document) -> str:
    """Return a ranking given evidence as CSV: for each answer, what each input accounts for."""
    rows = [
        _figure(
            one, measure, kind="answer", name=name, input=input_name, units="1", **_note(output)
        )
        for name, output in document["outputs"].items()
        for input_name, one in output["inputs"].items()
        for measure in ("variance_reduction", "rank_correlation")
    ]
    rows += [*_events(document), *_evidence(document)]
    return as_csv(COLUMNS, _under(document["scenario"], rows))


def csv_difference(document: Document) -> str:
    """Return what changed between two results as CSV, a row for each place.

    And one for each file of a folder that is not as its run wrote it.
    """
    files = (
        {"part": "files", "place": name, "grade": kind}
        for kind in ("changed", "missing", "added")
        for name in document.get("files", {}).get(kind, ())
    )
    rows = (
        {"part": part, **{key: _plain(one[key]) for key in ("place", "old", "new", "grade")}}
        for part, changes in document["changes"].items()
        for one in changes
    )
    return as_csv(("part", "place", "old", "new", "grade"), (*files, *rows))


def csv_priors(document: Document) -> str:
    """Return a scenario's inputs as CSV, a row for each, with its source."""
    keys = (
        *("units", "q05", "q50", "q95", "distribution", "origin", "joint", "interpreted"),
        *("long_name", "source", "as_of", "note", "where"),
    )
    rows = (
        {"name": name, **{key: one[key] for key in keys}}
        for name, one in document["inputs"].items()
    )
    return as_csv(("name", *keys), rows)


def csv_equations(equations: Mapping[str, Any]) -> str:
    """Return a model's equations as CSV, from what `equations_as_data` returns."""
    header = ("name", "computes", "units", "from", "subject", "summary", "references")
    rows = (
        {
            **{key: one[key] for key in ("name", "computes", "subject", "summary")},
            "units": equations["variables"][one["computes"]]["units"],
            "from": " ".join(one["from"]),
            "references": "; ".join(one["references"]),
        }
        for one in equations["equations"]
    )
    return as_csv(header, rows)


def _named_figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a wide table that a row of a long one becomes."""
    if not row["measure"]:  # a message, on how complete the answer is
        return {row["kind"]: row["name"]}
    kind = "" if row["kind"] in _OWN_NAMES else f"{row['kind']}: "
    name = f"{kind}{row['name']} {measured(row)}".strip()
    parts = {key: row[key] for key in ("value", "mcse", "low", "high") if row[key] != ""}
    return {
        titled(name if key == "value" else f"{name} {key}", row["units"]): value
        for key, value in parts.items()
    }


def _read(cell: str) -> Any:
    with suppress(ValueError):
        number = float(cell)
        return number if math.isfinite(number) else cell
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _under(scenario: str, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({"scenario": scenario, **row} for row in rows)


def _figure(one: Mapping[str, Any], key: str, **about: Any) -> dict[str, Any]:
    """Return the row of a figure that stands beside its error; its key is its measure."""
    row = {"measure": key, "value": one[key], "mcse": one.get(f"{key}_mcse", one.get("mcse"))}
    if key.startswith("probability"):
        start = "" if key == "probability" else f"{key}_"
        row |= {end: one.get(f"{start}{end}") for end in ("low", "high")}
    if note := figure_note(one, key):
        row["note"] = note
    return row | about


def _report(document: Document) -> Iterator[dict[str, Any]]:
    for words in completeness_in_words(document):
        mark, colon, why = words.partition(": ")
        incomplete = mark == INCOMPLETE and colon
        kind, name = (INCOMPLETE, why) if incomplete else ("precision", words)
        yield {"kind": kind, "name": name}
    for name, output in document["outputs"].items():
        yield from _statistics(output, kind="answer", name=name, units=output["units"])
    yield from _events(document)
    for name, levels in document["suffices"].items():
        units = document["outputs"][name]["units"]
        for one in levels:
            about = {"kind": "suffices", "name": name, "prob": one["prob"], "units": units}
            yield _figure(one, "value", **about, measure="quantile")
    yield from _evidence(document)
    for name, prior in document["inputs"].items():
        kind = "given" if prior["origin"] == "given" else "input"
        about = {"kind": kind, "name": name, "units": prior["units"]}
        if old := document["ages"]["old"].get(name):
            about["note"] = f"{old['months']} months old on {document['ages']['as_of']}"
        yield from _quantiles(prior, **about)


def _events(document: Document) -> Iterator[dict[str, Any]]:
    for event in document["events"]:
        yield _figure(event, "probability", kind="event", name=event["event"], units="1")


def _statistics(output: Mapping[str, Any], **about: Any) -> Iterator[dict[str, Any]]:
    """Yield an output's moments and the ends of its intervals; pieces of a region are numbered."""
    yield from (_figure(output, key, **about) for key in ("median", "mean", "sd"))
    pieces: dict[tuple[str, float], int] = {}
    for piece in output["intervals"]:
        place = piece["kind"], piece["prob"]
        number = pieces[place] = pieces.get(place, 0) + 1
        for end in ("low", "high"):
            measure = f"{piece['kind']}_{end}" + (f"_{number}" if number > 1 else "")
            yield _figure(piece, end, **about, prob=piece["prob"]) | {"measure": measure}


def _quantiles(one: Mapping[str, Any], **about: Any) -> Iterator[dict[str, Any]]:
    for key, prob in _QUANTILES.items():
        yield _figure(one, key, **about, prob=prob) | {"measure": "quantile"}


def _evidence(document: Document) -> Iterator[dict[str, Any]]:
    evidence = document["evidence"]
    if evidence is None:
        return
    yield _figure(evidence, "bits", kind="evidence", units="bit")
    for key in ("log_evidence", "k_hat", "effective"):
        yield _figure(evidence, key, kind="evidence", units="1")
    for one in evidence["observations"]:
        yield from _observation(one)
    for name, one in evidence["before"].items():
        for key in ("median", "low", "high"):
            prob = {} if key == "median" else {"prob": (document["probs"] or [0.9])[0]}
            row = _figure(one, key, kind="answer before", name=name, units=one["units"], **prob)
            yield row | {"measure": key if key == "median" else f"eti_{key}"}
    for name, one in evidence["moved"].items():
        yield _figure(one, "bits", kind="input", name=name, units="bit")
        for when, kind in (("prior", "input before"), ("posterior", "input now")):
            yield from _quantiles(one[when], kind=kind, name=name, units=one["units"])


def _observation(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what was observed, and what was to be expected of it before and now."""
    about = {"name": one["name"], "units": one["units"], "measure": "quantile"}
    for key in ("lower", "upper"):
        if one[key] is not None:
            yield {"kind": "observed", **about, "measure": key, "value": one[key]}
    for key, kind in (
        ("observed", "observed"),
        ("prior_predictive", "observation before"),
        ("posterior_predictive", "observation now"),
    ):
        if one[key] is None:
            continue
        errors = one.get(f"{key}_mcse", [None] * len(one[key]))
        for prob, value, error in zip(_QUANTILES.values(), one[key], errors, strict=True):
            yield {"kind": kind, **about, "prob": prob, "value": value, "mcse": error}
    yield _figure(one, "p_value", kind="observation before", name=one["name"], units="1")


def _comparison(comparison: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, output in comparison["outputs"].items():
        difference = output["difference"]
        plain = {"name": name, "units": difference["units"]}
        for how, one in {"": output, **output["otherwise"]}.items():
            end = f", all {how}" if how else ""
            about = {"kind": f"ratio{end}", "name": name, "units": "1"}
            yield from _statistics(one["ratio"], **about) if one["ratio"] is not None else ()
            yield _figure(one, "probability_greater", **about)
            if how and "difference" in one:
                yield from _statistics(one["difference"], kind=f"difference{end}", **plain)
        yield from _statistics(difference, kind="difference", **plain)
        if output["ratio_of_medians"] is not None:
            kind = "ratio of medians"
            yield _figure(output, "ratio_of_medians", kind=kind, name=name, units="1")
            for input_name, factor in output["factors"].items():
                about = {"kind": kind, "name": name, "input": input_name, "units": "1"}
                yield {"measure": "factor", "value": factor, **about}
    ranks = {name: one["rank"] for one in comparison["couplings"] for name in one["inputs"]}
    for name, rank in ranks.items():
        row = {"kind": "coupling", "name": name, "measure": "rank_correlation", "units": "1"}
        yield row | {"value": rank}
    for event in comparison["events"]:
        for side in ("base", "other"):
            about = {"kind": f"event, {side}", "name": event["event"], "units": "1"}
            yield _figure(event[side], "probability", **about)


def _ranking(name: str, output: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    about = {"kind": "answer", "name": name, "units": "1"}
    yield {"measure": "median", "value": output["median"], **about, "units": output["units"]}
    noted = about | _note(output)
    for input_name in output["ranking"]:
        shared = {**noted, "input": input_name}
        yield _figure(output["shapley"][input_name], "shapley", **shared)
        share = output["log_variance_share"][input_name]
        yield {"measure": "log_variance_share", "value": share, **shared}
        yield from (_figure(output[key][input_name], key, **shared) for key in _SHARES)
        rank = {"measure": "rank_share", "value": output["rank_share"][input_name]}
        yield rank | shared
        for end, prob in (("low", 0.05), ("high", 0.95)):
            for key, value in output["swing"][input_name][end].items():
                row = {"measure": f"swing_{end}_{key}", "prob": prob, "value": value}
                yield row | shared | {"units": output["units"]}
    for group, one in output["sobol"].items():
        for key in ("first", "total"):
            yield _figure(one, key, **noted, input=group)
    for group, pairs in output.get("second", {}).items():
        for other, one in pairs.items():
            yield _figure(one, "second", **noted, input=f"{group} x {other}")


def _note(output: Mapping[str, Any]) -> dict[str, str]:
    """Return the note on shares that are not to be trusted."""
    return {"note": output["reason"]} if output["reason"] else {}


def _decision(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    about = {"kind": "event", "name": event["event"], "units": "1"}
    yield _figure(event, "probability", **about)
    loss = event.get("loss") or {}
    units = loss.get("units", "1")
    for key in ("expected_loss_yes", "expected_loss_no", "evpi"):
        if key in loss:
            ends = {end: loss[f"{key}_{end}"] for end in ("low", "high")}
            yield _figure(loss, key, **about) | ends | {"units": units}
    worth = "evppi" if loss else "gain"
    for input_name, one in event["inputs"].items():
        yield _figure(one, "changes", **about, input=input_name)
        yield _figure(one, worth, **about, input=input_name) | {"units": units}


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    shown = printable(" ".join(value.split()))
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _plain(value: Any) -> Any:
    """Return a value of a result in one cell: what has parts as JSON."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value
