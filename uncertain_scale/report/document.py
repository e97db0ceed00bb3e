"""A report as plain data, from which the terminal, Markdown and JSON views are all made.

Numbers are in the variables' declared units and at full precision; None, with a reason, stands for
what does not exist.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from uncertain_scale.analysis.guards import warnings_in
from uncertain_scale.errors import DataError
from uncertain_scale.report.ages import Dated, ages_document, oldest
from uncertain_scale.report.numbers import number
from uncertain_scale.sampling.chains import ArrayTree, answer_groups
from uncertain_scale.statistics.intervals import quantiles
from uncertain_scale.statistics.outputs import draws_of
from uncertain_scale.statistics.summary import histogram_of, read_probs, summarize_each
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event, Probability
    from uncertain_scale.analysis.streamed import Streamed
    from uncertain_scale.inputs import Priors
    from uncertain_scale.report.document_types import (
        Chance,
        EventReport,
        Given,
        IntervalEnds,
        Record,
        Sufficient,
    )
    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.statistics.sketch import AnyDraws
    from uncertain_scale.statistics.summary import Intervals

__all__ = [
    "Document",
    "histogram_document",
    "inputs_document",
    "interval_document",
    "priors_document",
    "probability_document",
    "record_document",
    "report_document",
    "statistics",
    "statistics_of",
    "sufficient_document",
]

Document: TypeAlias = dict[str, Any]

_STATISTICS = ("mean", "sd", "median")
_RESOURCES = ("budget",)
_SUFFICIENT = (0.5, 0.8, 0.9, 0.95)
_REASONS = ("mean", "sd", "quantile", "hdi", "mcse")


BY_ARVIZ = "intervals are ArviZ's, of the draws alone"


def report_document(
    answer: xr.DataTree | ArrayTree | Streamed,
    *,
    probs: Sequence[float] = (0.9, 0.5, 0.95),
    events: Sequence[Event] = (),
    summary: xr.Dataset | None = None,
    intervals: Intervals = "conditional",
) -> Document:
    """Summarise draws into a report.

    Parameters
    ----------
    answer
        Draws and their record, as `run` or `sample` returns them, or what `stream` returns.
    probs
        Probabilities of the intervals; views that have room for one show the first.
    events
        Events whose probabilities are wanted; the answer holds their variables, or counted them.
    summary
        What `summarize` makes of the outputs with these `probs`, where it was made before.
    intervals
        As in `summarize`.

    Returns
    -------
    dict
        `question`, `scenario`, `inputs`, `outputs`, `events`, `design`, `seed`, `versions`,
        `hashes` and more, made of dicts, lists, strings, finite numbers and None alone.

    Raises
    ------
    DataError
        An output holds draws that are not finite numbers.

    Examples
    --------
    >>> from uncertain_scale.sampling import run
    >>> tree = run("post-2024-07", given={"budget": "100M"}, outputs=["gpu_hours"])
    >>> report_document(tree)["outputs"]["gpu_hours"]["median"]
    50000000.0
    """
    levels = tuple(read_probs(probs))
    held = _held(answer)
    if held is None:
        streamed = cast("Streamed", answer)
        tree, draws, warnings = streamed.tree, streamed.sketches, streamed.warnings()
        chances = map(probability_document, streamed.probabilities())
        likely = _events(events, chances)
    else:
        tree, draws, warnings = held, draws_of(held), None
        likely = events_document(held, events)
    attributes = {name: one.attrs for name, one in tree.outputs.items()}
    if summary is None:
        length = int(tree.attrs["draws"])
        found = summarize_each(
            draws, probs=levels, attributes=attributes, draws=length, intervals=intervals
        )
        rows = {name: statistics_of(found.row(name), found.probs) for name in draws}
    else:
        rows = {name: statistics(summary.sel(output=name)) for name in draws}
    record = record_document(tree, levels, warnings=warnings)
    if intervals == "arviz":
        record["notes"].append(BY_ARVIZ)
    return {
        **record,
        "inputs": inputs_document(tree),
        "outputs": {
            name: {"label": label_of(name), **_output(attributes[name], one, rows[name])}
            for name, one in draws.items()
        },
        "events": likely,
        "suffices": sufficient_document(
            draws, {name: one["origin"] for name, one in attributes.items()}
        ),
        **_evidence(tree, levels),
    }


def _held(answer: object) -> ArrayTree | None:
    """Return an answer that holds its draws, or None for a streamed one.

    What is neither is refused: a part of an answer has no record of how it was made.
    """
    if isinstance(answer, ArrayTree):
        return answer
    from uncertain_scale.analysis.streamed import Streamed

    if isinstance(answer, Streamed):
        return None
    import xarray as xr

    if isinstance(answer, xr.DataTree):
        tree = ArrayTree.of(answer)
        if answer_groups(tree.groups)[1] in tree.groups:
            return tree
    raise DataError(
        f"found {type(answer).__name__} without the groups of an answer; expected what run, "
        "sample, condition or stream return, as a whole"
    )


def _evidence(tree: ArrayTree, probs: Sequence[float]) -> dict[str, Any]:
    if "conditioning" not in tree.attrs:
        return {"evidence": None}
    from uncertain_scale.report.evidence import evidence_document

    return evidence_document(tree, probs)


def events_document(tree: xr.DataTree | ArrayTree, events: Sequence[Event]) -> list[EventReport]:
    """Return the probabilities of events with their Monte Carlo errors, as plain data."""
    if not events:
        return []
    from uncertain_scale.analysis.events import probability_in

    return _events(events, [probability_document(probability_in(one, tree)) for one in events])


def _events(events: Sequence[Event], chances: Iterable[Chance]) -> list[EventReport]:
    return [{"event": event.text, **chance} for event, chance in zip(events, chances, strict=True)]


def probability_document(found: Probability) -> Chance:
    """Return a probability with its error as plain data."""
    return {
        "probability": found.value,
        "mcse": number(found.mcse),
        "low": found.low,
        "high": found.high,
    }


def sufficient_document(
    draws: Mapping[str, AnyDraws], origins: Mapping[str, str]
) -> dict[str, list[Sufficient]]:
    """Return what of a resource that was asked for suffices, with rising probability.

    Parameters
    ----------
    draws
        Draws of the outputs by name.
    origins
        How each output is known.
    """
    found: dict[str, list[Sufficient]] = {}
    for name in _RESOURCES:
        if name in draws and origins[name] == "equation":
            values, errors = quantiles(draws[name], np.array(_SUFFICIENT))
            found[name] = [
                {"prob": prob, "value": float(value), "mcse": number(error)}
                for prob, value, error in zip(_SUFFICIENT, values, errors, strict=True)
            ]
    return found


def record_document(
    tree: xr.DataTree | ArrayTree,
    probs: Sequence[float],
    *,
    warnings: Sequence[str] | None = None,
    used: Collection[str] | None = None,
    beside: Iterable[Mapping[str, Dated]] = (),
) -> Record:
    """Return what was asked and how the draws were made, as plain data.

    Parameters
    ----------
    tree
        An answer, or its record.
    probs
        Probabilities of the intervals.
    warnings
        What is doubtful about the answer; by default it is looked for in the draws.
    used
        Names of the inputs in use, whose ages count; all of the answer by default.
    beside
        Dates of the inputs of other scenarios that the answer is compared with.
    """
    tree = ArrayTree.of(tree)
    record = tree.attrs
    stated = json.loads(record["given"])
    dated = oldest(dates_of(tree, used), *beside)
    if warnings is None:
        warnings = warnings_in(tree.variables)
    return {
        "question": {
            "given": {name: _given(tree, name, text) for name, text in stated.items()},
            "outputs": json.loads(record["outputs"]),
            "free": json.loads(record["free"]),
        },
        "scenario": record["scenario"],
        "title": record["title"],
        "notes": json.loads(record["notes"]),
        "warnings": list(warnings),
        "ages": ages_document(dated, record.get("as_of") or None),
        "design": record["design"],
        "seed": int(record["seed"]),
        "chains": int(record["chains"]),
        "draws": int(record["draws"]),
        "probs": [float(prob) for prob in dict.fromkeys(probs)],
        "versions": json.loads(record["versions"]),
        "hashes": {
            "priors": record["hash_priors"],
            "equations": record["hash_equations"],
        },
    }


def dates_of(tree: ArrayTree, used: Collection[str] | None = None) -> dict[str, Dated]:
    """Return the dates of the inputs of an answer, or of those in use; what is given has none."""
    return {
        name: Dated(one.attrs["as_of"], one.attrs["stated_units"], bool(one.attrs.get("ages", 1)))
        for name, one in tree.groups["prior"].items()
        if used is None or name in used
    }


def inputs_document(tree: xr.DataTree | ArrayTree) -> dict[str, Any]:
    """Return what is believed about each input of an answer, as plain data."""
    priors = ArrayTree.of(tree).groups["prior"]
    return {name: {"label": label_of(name), **_input(prior)} for name, prior in priors.items()}


def priors_document(priors: Priors) -> Document:
    """Return a scenario's title and inputs as plain data, as a report holds them."""
    return {
        "scenario": priors.name,
        "title": priors.title,
        "inputs": {
            name: {
                "label": label_of(name),
                **prior.facts(),
                "origin": "fallback" if prior.fallback else "prior",
            }
            | {"units": prior.model_units}
            for name, prior in priors.inputs.items()
        },
    }


def _given(tree: ArrayTree, name: str, text: str) -> Given:
    """Return a given as it was typed and in the model's units, or None for an uncertain one."""
    given = tree.groups["constant_data"][name]
    return {"stated": text, "value": number(given.values), "units": given.attrs["units"]}


def _input(prior: Labelled) -> dict[str, Any]:
    """Return what is believed about an input; its quantiles are exact."""
    kept = ("units", "long_name", "distribution", "stated_units", "origin", "joint")
    cited = ("source", "as_of", "note", "where")
    quantiles = {name: number(prior.attrs[name]) for name in ("q05", "q50", "q95")}
    words = {name: str(prior.attrs.get(name, "")) for name in (*kept, *cited)}
    return words | quantiles | {"interpreted": bool(prior.attrs["interpreted"])}


def _output(
    attributes: Mapping[str, Any], draws: AnyDraws, row: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an output's statistics with their Monte Carlo errors, and its shape."""
    return {
        "units": attributes["units"],
        "long_name": attributes["long_name"],
        "equation": attributes.get("equation", ""),
        "rests_on": attributes.get("rests_on", ""),
        **row,
        "histogram": histogram_document(draws),
    }


def histogram_document(draws: AnyDraws) -> dict[str, Any]:
    """Return the counts of draws by bin, and their point masses, as plain data."""
    counts, edges, logarithmic = histogram_of(draws)
    atoms = zip(draws.atoms.values, draws.atoms.masses, strict=True)
    return {
        "counts": counts.tolist(),
        "edges": edges.tolist(),
        "log": logarithmic,
        "atoms": [{"value": float(value), "share": float(share)} for value, share in atoms],
    }


def statistics(summary: xr.Dataset) -> dict[str, Any]:
    """Return one output's row of a summary as plain data."""
    values = {str(name): one.values for name, one in summary.data_vars.items()}
    return statistics_of(values, summary["prob"].values.tolist())


def statistics_of(values: Mapping[str, Any], probs: Sequence[float]) -> dict[str, Any]:
    """Return one output's row of a summary as plain data, from its arrays by name.

    Parameters
    ----------
    values
        As `summarize` lays them out, without the dim `output`.
    probs
        Probabilities of the intervals.
    """
    found: dict[str, Any] = {}
    for name in _STATISTICS:
        found[name] = number(values[name])
        found[f"{name}_mcse"] = number(values[f"{name}_mcse"])
    found["constant"] = found["sd"] == 0 and str(values["sd_state"]) != "unsettled"
    found["pivot"] = str(values["pivot"])
    found["intervals"] = [
        interval for which, prob in enumerate(probs) for interval in _intervals(values, which, prob)
    ]
    reasons = {name: str(values[f"{name}_reason"]) for name in _REASONS}
    found["state"] = {name: str(values[f"{name}_state"]) for name in ("mean", "sd")}
    found["reason"] = {name: reason for name, reason in reasons.items() if reason}
    return found


def interval_document(prob: float, ends: Iterable[float], errors: Iterable[float]) -> IntervalEnds:
    """Return an interval with the Monte Carlo errors of its ends as plain data."""
    (low, high), (low_mcse, high_mcse) = (map(number, pair) for pair in (ends, errors))
    return {"prob": prob, "low": low, "high": high, "low_mcse": low_mcse, "high_mcse": high_mcse}


def _intervals(values: Mapping[str, Any], which: int, prob: float) -> list[dict[str, Any]]:
    """Return the equal-tailed interval and each piece of the highest-density region."""
    keys = ("", "_mcse", "_beyond")
    several = not str(values["mcse_reason"])  # one chain has no error of anything
    pieces = [("eti", *(values[f"eti{key}"][which] for key in keys))]
    regions = zip(*(values[f"hdi{key}"][which] for key in keys), strict=True)
    pieces += [("hdi", *region) for region in regions]
    return [
        {
            "kind": kind,
            **interval_document(prob, ends, errors),
            **{
                f"{end}_{'beyond' if out else 'unsettled'}": True
                for end, error, out in zip(("low", "high"), errors, beyond, strict=True)
                if out or (several and not math.isfinite(error))
            },
        }
        for kind, ends, errors, beyond in pieces
        if math.isfinite(ends[0]) or kind == "eti"
    ]
