"""A backtest as plain data, and its forecasts as a table of one row each."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.backtest import score
from uncertain_scale.analysis.backtest.forecast import BASELINES, PROBS, TARGETS
from uncertain_scale.report.document import interval_document
from uncertain_scale.report.numbers import number
from uncertain_scale.report.render.csv import as_csv

if TYPE_CHECKING:
    from uncertain_scale.analysis.backtest import Backtest, Score, Tested
    from uncertain_scale.analysis.backtest.forecast import Forecast
    from uncertain_scale.model import Model
    from uncertain_scale.report.document import Document

PRIORS = {"in_sample": "prior as it is", "left_out": "run left out"}
"""The two forecasts of each quantity, and what views call them."""

_BINS = 10


def backtest_document(found: Backtest, model: Model) -> Document:
    """Return what `backtest` returns as plain data: in the model's units, at full precision."""
    design = found.design
    table = found.table
    return {
        "scenario": found.priors.name,
        "title": found.priors.title,
        "table": {
            "file": Path(table.file).name,  # the same wherever the table lies
            "rows": table.rows,
            "tested": len(found.of(TARGETS[0], scored=False)),
            "not_tested": len(found.skipped),
            "faulty": table.rows - len(table.runs),
            "unused_columns": list(table.unused),
        },
        "notes": list(found.notes),
        "probs": list(PROBS),
        "scores": {target: _both(found.of(target)) for target in TARGETS if found.of(target)},
        "groups": {name: _both(tests) for name, tests in found.groups().items()},
        "transforms": _histograms(found.of(TARGETS[0])),
        "forecasts": [_test(test, model) for test in found.tests],
        "not_tested": [{"run": name, "reason": reason} for name, reason in found.skipped],
        "faults": [
            {
                "line": f.line,
                "run": f.row,
                "column": f.column,
                "message": f.message,
                "text": str(replace(f, file=Path(f.file).name)),
            }
            for f in table.faults
        ],
        "design": design.kind,
        "seed": design.seed,
        "chains": design.chains,
        "draws": design.draws,
        "versions": {name: version(name) for name in ("uncertain-scale", "numpy", "scipy")},
        "hashes": {"priors": found.priors.digest(), "equations": model.digest()},
    }


def outside(document: Document, prob: float, *, counting: bool = True) -> list[dict[str, Any]]:
    """Return the forecasts of training FLOP, each run left out, outside an interval.

    Those of runs that the scores count, or else of the others, in what `backtest_document` made.
    """
    return [
        one
        for one in document["forecasts"]
        if one["quantity"] == TARGETS[0] and one["scored"] == counting
        for piece in one["left_out"]["intervals"]
        if piece["prob"] == prob and not piece["inside"]
    ]


def csv_backtest(document: Document) -> str:
    """Return the forecasts as CSV: a row for each run, quantity and prior; untested runs too."""
    header = [
        *("run", "chip", "family", "precision", "grade", "counts", "status"),
        *("quantity", "units", "given", "prior", "published", "median"),
        *(f"{end}_{100 * prob:g}" for prob in document["probs"] for end in ("low", "high")),
        *("transform", "transform_mcse", "crps_log", "crps_log_mcse"),
        *BASELINES,
    ]
    rows = [_row(one, kind) for one in document["forecasts"] for kind in PRIORS]
    rows += [
        {"run": one["run"], "status": f"not tested: {one['reason']}"}
        for one in document["not_tested"]
    ]
    return as_csv(header, rows)


def _row(one: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a forecast as a row of the table."""
    forecast = one[kind]
    about = ("run", "chip", "family", "precision", "grade", "quantity", "units", "published")
    ends = {
        f"{end}_{100 * piece['prob']:g}": piece[end]
        for piece in forecast["intervals"]
        for end in ("low", "high")
    }
    return {
        **{name: one[name] for name in about},
        "counts": one["scored"],
        "status": "tested",
        "given": " ".join(f"{name}={value!r}" for name, value in one["given"].items()),
        "prior": PRIORS[kind],
        **{name: forecast[name] for name in ("median", "transform", "transform_mcse")},
        "crps_log": forecast["crps"],
        "crps_log_mcse": forecast["crps_mcse"],
        **ends,
        **{name: one["baselines"][name]["forecast"] for name in BASELINES},
    }


def _both(tests: list[Tested]) -> dict[str, Any]:
    """Return the scores of a set with the prior as it is and with each run left out."""
    return {kind: _score(score(tests, left_out=kind == "left_out")) for kind in PRIORS} | {
        "refitted": sum(test.refitted for test in tests)
    }


def _score(found: Score) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "coverage": [
            {
                "prob": prob,
                "inside": found.hits[prob],
                "share": found.hits[prob] / found.runs,
                "low": low,
                "high": high,
            }
            for prob, (low, high) in found.share_interval.items()
        ],
        "mean_transform": found.mean_transform,
        "uniformity_p": found.uniformity,
        "crps": found.crps,
        "crps_mcse": number(found.crps_mcse),
        "baselines": {
            name: {"crps": crps, "worse_by": gain, "standard_error": number(error)}
            for name, (crps, gain, error) in found.baselines.items()
        },
    }


def _histograms(tests: list[Tested]) -> dict[str, Any]:
    edges = np.linspace(0, 1, _BINS + 1)
    counts = {
        kind: np.histogram([getattr(test, kind).transform for test in tests], edges)[0].tolist()
        for kind in PRIORS
    }
    return {"edges": edges.tolist(), **counts}


def _test(test: Tested, model: Model) -> dict[str, Any]:
    run = test.run
    return {
        "run": run.name,
        "chip": run.chip.name,
        "family": run.chip.family,
        "precision": run.precision,
        "grade": run.grade,
        "scored": test.scored,
        **{key: getattr(run, key) for key in ("date", "notes", "source")},
        "quantity": test.target,
        "units": model.variables[test.target],
        "given": dict(test.given),
        "published": test.in_sample.observed,
        "refitted": test.refitted,
        **{kind: _forecast(getattr(test, kind)) for kind in PRIORS},
        "baselines": {
            name: {"forecast": point, "crps": test.baseline_crps(name)}
            for name, point in test.baselines.items()
        },
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "median": forecast.median,
        "intervals": [
            {
                **interval_document(prob, ends, forecast.ends_mcse[prob]),
                "inside": forecast.inside(prob),
            }
            for prob, ends in forecast.ends.items()
        ],
        "transform": forecast.transform,
        "transform_mcse": number(forecast.transform_mcse),
        "crps": forecast.crps,
        "crps_mcse": number(forecast.crps_mcse),
    }
