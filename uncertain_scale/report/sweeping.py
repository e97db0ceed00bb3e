"""A sweep as plain data and as a table of comma-separated values.

In the document a point's `outputs` and `events` have the shape that a report gives them, without
the histograms; `at` says where the point is, in the variables' units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.events import Probability
from uncertain_scale.report.csv_tables import as_csv
from uncertain_scale.report.document import (
    inputs_document,
    probability_document,
    record_document,
    statistics_of,
)
from uncertain_scale.report.numbers import percent
from uncertain_scale.report.rows import figure_notes, intervals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.swept import Axis
    from uncertain_scale.report.document import Document

__all__ = ["csv_sweep", "sweep_document"]

_STATISTICS = ("mean", "sd", "median")
_WORDS = ("units", "long_name", "equation", "rests_on")
_CHANCES = ("probability", "probability_mcse", "probability_low", "probability_high")
_NOT_OF_A_ROW = (*_WORDS, "warnings", *_CHANCES)


def sweep_document(tree: xr.DataTree, found: xr.Dataset, axes: Sequence[Axis]) -> Document:
    """Return a sweep as plain data.

    Parameters
    ----------
    tree
        The first point's answer, with the record of the run.
    found
        What `Sweep.summarize` returns.
    axes
        What was swept.

    Returns
    -------
    dict
        A report's `question`, `scenario`, `inputs`, `design`, `hashes` and more; `swept`, a dict
        for each swept variable with its `values`; and `points`, the last variable fastest, each
        with `at`, `outputs`, `events` and `warnings`.
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
    }


def csv_sweep(document: Document) -> str:
    """Return a sweep as comma-separated values, a row for each point and output.

    Numbers are at full precision, with their standard errors beside them; a cell is empty where
    there is no number. A probability is the `mean` of a row named `P(event)`, its 95% interval
    `low` and `high`. `notes` say what is not settled, does not exist or lies beyond the draws.
    """
    rows = list(_rows(document))
    return as_csv(list(dict.fromkeys(name for row in rows for name in row)), rows)


def _points(found: xr.Dataset, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    about = {
        str(output): {key: str(found[key].values[k]) for key in _WORDS}
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


def _rows(document: Document) -> Iterator[dict[str, Any]]:
    swept = {one["name"]: one["units"] for one in document["swept"]}
    for point in document["points"]:
        where = {f"{name} [{units}]": point["at"][name] for name, units in swept.items()}
        for name, output in point["outputs"].items():
            yield {
                **where,
                "output": name,
                "units": output["units"],
                **_with_errors(output),
                **_ends(output, document["probs"]),
                "notes": "; ".join(figure_notes(output)),
            }
        for event in point["events"]:
            chance = {"mean": event["probability"], "mean_mcse": event["mcse"]}
            chance |= {"low": event["low"], "high": event["high"]}
            yield {**where, "output": f"P({event['event']})", "units": "1", **chance}


def _with_errors(output: Mapping[str, Any]) -> dict[str, Any]:
    keys = [key for name in _STATISTICS for key in (name, f"{name}_mcse")]
    return {key: output[key] for key in keys}


def _ends(output: dict[str, Any], probs: Sequence[float]) -> dict[str, Any]:
    """Return the ends of the intervals; further pieces of a region are numbered from 2."""
    found = {}
    for prob in probs:
        for kind in ("eti", "hdi"):
            for number, piece in enumerate(intervals_of(output, kind, prob), start=1):
                which = f"{kind}_{percent(prob)[:-1]}{f'_{number}' if number > 1 else ''}"
                for end in ("low", "low_mcse", "high", "high_mcse"):
                    found[f"{which}_{end}"] = piece[end]
    return found
