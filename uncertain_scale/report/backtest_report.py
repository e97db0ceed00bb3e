"""A backtest: as plain data, its forecasts as CSV, and in blocks."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.backtest import Backtest, Score, Tested, score
from uncertain_scale.analysis.backtest.forecast import BASELINES, PROBS, TARGETS, Forecast
from uncertain_scale.model import Problem, ask
from uncertain_scale.report.ages import Dated, age_in_words, ages_document
from uncertain_scale.report.blocks import Figure, Form, Gap, Heading, Items, Page, Table, Text
from uncertain_scale.report.document import Document, interval_document
from uncertain_scale.report.numbers import number, percent, scale_for, scale_of
from uncertain_scale.report.render.csv import as_csv
from uncertain_scale.report.render.markdown import plain
from uncertain_scale.report.rows import design_in_words, sparkline

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.figure import Figure as Drawing

    from uncertain_scale.model import Model
    from uncertain_scale.report.blocks import Block

PRIORS = {"in_sample": "prior as it is", "left_out": "run left out"}
"""The two forecasts of each quantity, and what views call them."""

_BINS = 10
_QUESTIONS = {
    "training_flop": "FLOP from hours",
    "gpu_hours": "hours from FLOP",
    "training_time": "days from FLOP, GPUs",
}
_LEVEL = 0.01
_SHORT = {"30% of the sparse peak": "30% sparse"}
_TAIL = 0.025
METHOD = (
    "Left out: MFU fitted again without the run. The fit is to published runs of grades A and B; "
    "other runs cannot be left out of it. Intervals are equal-tailed; behind a share stands "
    "Jeffreys' 95% interval, and it reads as stated where that holds the promise, and too few to "
    "tell where an exact binomial test (2.5%) does not reject it. "
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


def backtest_document(
    found: Backtest, model: Model, *, as_of: str | dt.date | None = None
) -> Document:
    """Return what `backtest` returns as plain data: in the model's units, at full precision.

    `as_of` is the reader's day, as `us.run` takes it.
    """
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
        "ages": ages_document(_dates_in_use(found, model), as_of),
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


def _dates_in_use(found: Backtest, model: Model) -> dict[str, Dated]:
    """Return the dates of the inputs that the forecasts rest on."""
    asked = {(test.target, *test.given): test for test in found.tests}
    names: dict[str, None] = {}
    for test in asked.values():
        question = ask(model, test.given, outputs=(test.target,))
        plan = Problem(model, found.priors, question).plan
        names |= dict.fromkeys(plan.known("prior", "fallback"))
    return {name: Dated.of(found.priors.inputs[name]) for name in names}


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
        "chip": run.chip.full_name,
        "family": run.chip.family,
        "precision": run.precision,
        "grade": run.grade,
        "scored": test.scored,
        **{key: getattr(run, key) for key in ("date", "notes", "source")},
        "quantity": test.target,
        "units": str(model.variables[test.target]),
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


def backtest_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `backtest_document` returns: scores, runs outside, forecasts."""
    scenario, file = document["scenario"], document["table"]["file"]
    extent, made, notes = _extent(document), _made(document), list(_remarks(document))
    about = ". ".join(filter(None, (document["title"], extent)))
    yield Page(
        _scored(document),
        design_in_words(document),
        "Would such intervals have held for runs that were published?",
        title=f"Backtest of {scenario}",
        about=f"Scenario {scenario}: {about}",
    )
    yield Heading(f"Backtest of {scenario} on {file}", 1, only=Form.terminal | Form.markdown)
    yield Text(extent, only=Form.terminal)
    yield Text(about, only=Form.markdown)
    yield Text(f"{METHOD} {plain(made)}.", only=Form.markdown, raw=True)
    faults = [fault["text"] for fault in document["faults"]]
    if notes:
        yield Items(notes, "! ", only=Form.terminal | Form.markdown)
    if notes or faults:
        yield Heading("To know first", id="remarks", only=Form.html)
        yield Items([*notes, *(f"kept apart: {fault}" for fault in faults)], only=Form.html)
    yield Gap()
    yield Heading("Training FLOP from GPU-hours, chip and precision", short="Result")
    yield Text(METHOD, "how", only=Form.html)
    yield Figure(partial(_drawn, document), 640.0)
    yield Table(_HEADER, _headline(document), tight=True)
    yield Gap()
    yield Heading("Each question; counts inside, runs left out", short="Questions")
    questions = {_QUESTIONS[target]: found for target, found in document["scores"].items()}
    yield Table(_GROUP_HEADER, _scores(questions), tight=True)
    yield Gap()
    yield Heading("Training FLOP by group; counts inside, runs left out", short="Groups")
    yield Table(_GROUP_HEADER, _scores(document["groups"]), tight=True)
    yield from _outside(document)
    yield Heading("Every forecast", only=Form.full)
    yield Table(_EVERY, list(_every(document)), (0, 1, 2, 3, 5), only=Form.full)
    yield from _not_tested(document)
    if faults:
        yield Heading("Rows with faults, kept apart", only=Form.markdown)
        yield Items(faults, only=Form.markdown)
    yield Gap()
    yield Text((METHOD, made), "dim", only=Form.terminal)


def _drawn(document: Document) -> Drawing:
    from uncertain_scale.report.figures import plot_backtest

    return plot_backtest(document)


def _scored(document: Document) -> str:
    """Say in a sentence how many runs the widest promise holds for."""
    found = document["scores"]["training_flop"]["left_out"]
    lines = [
        f"{one['inside']} of {found['runs']} inside the {percent(one['prob'])}"
        for one in found["coverage"]
        if one["prob"] in {0.5, 0.9}
    ]
    return f"Published runs, each forecast without itself: {', '.join(lines)} interval."


def _extent(document: Document) -> str:
    """Say how many runs there are, and what became of them."""
    table = document["table"]
    counted = _counted(document)
    return (
        f"Runs that count: {counted}; shown apart: {table['tested'] - counted}; "
        f"not tested: {table['not_tested']}; rows with faults: {table['faulty']}"
    )


def _remarks(document: Document) -> Iterator[str]:
    """Yield what a reader must know of the table of runs, and which runs more draws decide."""
    yield from document["notes"]
    yield from age_in_words(document)
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


def _headline(document: Document) -> list[tuple[str, ...]]:
    """Return coverage, uniformity and scores of both priors, side by side."""
    found = document["scores"]["training_flop"]
    as_is, left_out = (found[kind] for kind in PRIORS)
    rows = []
    for one, other in zip(as_is["coverage"], left_out["coverage"], strict=True):
        counts = (f"{c['inside']} of {s['runs']}" for c, s in ((one, as_is), (other, left_out)))
        share = f"{other['share']:.0%}, {other['low']:.0%} to {other['high']:.0%}"
        rows.append(
            (f"inside {percent(one['prob'])}", *counts, share, _verdict(other, left_out["runs"]))
        )
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
    return rows


def _verdict(coverage: dict[str, Any], runs: int) -> str:
    """Say whether a share is compatible with what the interval promises.

    Of few runs Jeffreys' interval leaves out what chance explains: an exact binomial test decides.

    Examples
    --------
    >>> _verdict({"inside": 1, "prob": 0.95, "low": 0.06, "high": 0.94}, 2)
    'too few to tell'
    >>> _verdict({"inside": 10, "prob": 0.95, "low": 0.3, "high": 0.7}, 20)
    'too narrow'
    """
    from scipy.special import bdtr

    prob, inside = coverage["prob"], coverage["inside"]
    if coverage["low"] <= prob <= coverage["high"]:
        return "as stated"
    narrow = coverage["high"] < prob
    chance = bdtr(inside, runs, prob) if narrow else 1 - bdtr(inside - 1, runs, prob)
    if chance >= _TAIL:
        return "too few to tell"
    return "too narrow" if narrow else "too wide"


def _scores(found: Mapping[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    return [(name, *_cells(one["left_out"])) for name, one in found.items()]


def _cells(found: dict[str, Any]) -> tuple[str, ...]:
    shares = [str(one["inside"]) for one in found["coverage"]]
    baselines = [f"{one['crps']:.2f}" for one in found["baselines"].values()]
    tested = (f"{found['mean_transform']:.2f}", f"{found['uniformity_p']:.2g}")
    return str(found["runs"]), *shares, *tested, f"{found['crps']:.2f}", *baselines


def _outside(document: Document) -> Iterator[Block]:
    """Yield the runs outside their 90% intervals: those that count, and those shown apart."""
    tested, counted = document["table"]["tested"], _counted(document)
    title = "Outside the 90% interval, left out"
    for name, counting, runs in ((title, True, counted), ("Shown apart", False, tested - counted)):
        missed = list(map(_missed, outside(document, 0.9, counting=counting)))
        if not (counting or missed):
            continue
        text = f"{name}: {len(missed) or 'none'} of {runs}" if runs else f"{name}: none"
        text += "" if counting else " outside the 90% interval"
        if not counting:
            yield Gap()
        yield Heading(text, short=name.removesuffix(", left out"))
        yield Table(("run", "how", "notes"), missed, (0, 1, 2), only=Form.full)
        for run, where, note in missed:
            yield Text(f"{run}: {where}", indent=1, only=Form.terminal)
            if note:
                yield Text(note, "dim", indent=3, only=Form.terminal)


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


def _not_tested(document: Document) -> Iterator[Block]:
    untested = [(one["run"], one["reason"]) for one in document["not_tested"]]
    for reason in dict.fromkeys(reason for _, reason in untested):
        names = ", ".join(run for run, why in untested if why == reason)
        yield Gap()
        yield Text(f"Not tested ({reason}): {names}", only=Form.terminal)
    if untested:
        yield Heading("Not tested", only=Form.full)
        yield Table(("run", "reason"), untested, (0, 1), only=Form.full)


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
