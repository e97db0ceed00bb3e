"""A backtest of trends: as plain data, its forecasts as CSV, and in blocks."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.trend_backtest import BASELINES, PROBS, score_trends
from uncertain_scale.errors import counted
from uncertain_scale.report.blocks import Form, Gap, Heading, Page, Table, Text
from uncertain_scale.report.numbers import percent, scale_for
from uncertain_scale.report.render.csv import as_csv
from uncertain_scale.report.rows import sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from uncertain_scale.analysis.trend_backtest import TrendBacktest, TrendForecast
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

_BINS = 10
_TITLE = "Backtest of trends"
METHOD = (
    "Each series is fitted to the values that were known on a day, a revised value as it was then, "
    "and each later value, as it is known now, is forecast. Intervals are equal-tailed. Values of "
    "a series and a day go together: no error is given of a share. PIT: probability that the "
    "forecast gave to less than the value. CRPS: of log forecasts, less is better; that of a "
    "point forecast is |log error|. The points: a straight line through the logarithms, and the "
    "last value."
)
_HEADER = (
    *("", "values", *(f"in {percent(prob)}" for prob in PROBS)),
    *("PIT", "CRPS", "line", "last"),
)
_EVERY = (
    *("series", "fitted to", "value of", "date", "value", "units", "median", "90%", "PIT"),
    *("CRPS", *BASELINES),
)


def trends_document(found: TrendBacktest) -> Document:
    """Return what `backtest_trends` returns as plain data, at full precision."""
    forecasts = found.forecasts
    return {
        "title": _TITLE,
        "probs": list(PROBS),
        "scores": _scores(forecasts, lambda _: "all")["all"] if forecasts else None,
        "cutoffs": _scores(forecasts, lambda one: str(one.cutoff)),
        "years_ahead": _scores(sorted(forecasts, key=_year), lambda one: str(one.year)),
        "series": _scores(forecasts, lambda one: one.series),
        "transforms": _histogram(forecasts),
        "forecasts": [_forecast(one) for one in forecasts],
        "not_tested": [
            {"series": name, "cutoff": str(cutoff), "reason": reason}
            for name, cutoff, reason in found.skipped
        ],
        "versions": {name: version(name) for name in ("uncertain-scale", "numpy", "scipy")},
    }


def _year(one: TrendForecast) -> int:
    return one.year


def _scores(
    forecasts: Sequence[TrendForecast], group: Callable[[TrendForecast], str]
) -> dict[str, Any]:
    """Return the scores of each group of forecasts, in the order in which they come."""
    groups: dict[str, list[TrendForecast]] = {}
    for one in forecasts:
        groups.setdefault(group(one), []).append(one)
    return {name: _score(members) for name, members in groups.items()}


def _score(forecasts: Sequence[TrendForecast]) -> dict[str, Any]:
    found = score_trends(forecasts)
    return {
        "values": found.count,
        "series": len({one.series for one in forecasts}),
        "coverage": [
            {"prob": prob, "inside": inside, "share": inside / found.count}
            for prob, inside in found.hits.items()
        ],
        "mean_transform": found.mean_transform,
        "crps": found.crps,
        "baselines": dict(found.baselines),
    }


def _histogram(forecasts: Sequence[TrendForecast]) -> dict[str, Any]:
    edges = np.linspace(0, 1, _BINS + 1)
    counts = np.histogram([one.transform for one in forecasts], edges)[0]
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _forecast(one: TrendForecast) -> dict[str, Any]:
    return {
        "series": one.series,
        "units": one.units,
        "cutoff": str(one.cutoff),
        "fitted": one.fitted,
        "name": one.name,
        "date": str(one.date),
        "year": one.year,
        "value": one.value,
        "median": one.median,
        "intervals": [
            {"prob": prob, "low": low, "high": high, "inside": one.inside(prob)}
            for prob, (low, high) in one.ends.items()
        ],
        "transform": one.transform,
        "crps": one.crps,
        "baselines": {
            name: {"forecast": point, "crps": one.baseline_crps(name)}
            for name, point in one.baselines.items()
        },
    }


def csv_trends(document: Document) -> str:
    """Return the forecasts as CSV, a row each; series that were not fitted on a day too."""
    about = ("series", "units", "cutoff", "fitted", "name", "date", "year", "value", "median")
    ends = [f"{end}_{100 * prob:g}" for prob in document["probs"] for end in ("low", "high")]
    header = [*about, "status", *ends, "transform", "crps_log", *BASELINES]
    rows: list[dict[str, Any]] = [
        {
            **{name: one[name] for name in about},
            "status": "tested",
            **{
                f"{end}_{100 * piece['prob']:g}": piece[end]
                for piece in one["intervals"]
                for end in ("low", "high")
            },
            "transform": one["transform"],
            "crps_log": one["crps"],
            **{name: one["baselines"][name]["forecast"] for name in BASELINES},
        }
        for one in document["forecasts"]
    ]
    rows += [
        {
            "series": one["series"],
            "cutoff": one["cutoff"],
            "status": f"not tested: {one['reason']}",
        }
        for one in document["not_tested"]
    ]
    return as_csv(header, rows)


def trends_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `trends_document` returns: scores, values outside, forecasts."""
    extent = _extent(document)
    yield Page(
        _headline(document),
        "exact, without draws",
        "Would such forecasts have held?",
        title=_TITLE,
        about=extent,
    )
    yield Heading(_TITLE, 1, only=Form.terminal | Form.markdown)
    yield Text(extent, only=Form.terminal | Form.markdown)
    yield Text(METHOD, only=Form.markdown)
    yield Gap()
    yield Heading("By the day whose knowledge is fitted", short="Result")
    yield Text(METHOD, "how", only=Form.html)
    days = {f"end of {day[:4]}": one for day, one in document["cutoffs"].items()}
    everything = {"all": document["scores"]} if document["scores"] else {}
    yield Table(_HEADER, _rows(days | everything), tight=True)
    if document["forecasts"]:
        yield Text(f"PIT by tenths: {sparkline(document['transforms']['counts'])}")
    yield Gap()
    yield Heading("By years ahead", short="Years ahead")
    ahead = {f"year {year}": one for year, one in document["years_ahead"].items()}
    yield Table(_HEADER, _rows(ahead), tight=True)
    yield Gap()
    yield Heading("By series", short="Series")
    yield Table(_HEADER, _rows(document["series"]), tight=True)
    yield from _outside(document)
    yield Heading("Every forecast", only=Form.full)
    yield Table(_EVERY, list(_every(document)), (0, 1, 2, 3, 5), only=Form.full)
    yield from _not_tested(document)
    yield Gap()
    yield Text(METHOD, "dim", only=Form.terminal)


def _extent(document: Document) -> str:
    """Say how many series and forecasts there are."""
    series, forecasts = len(document["series"]), len(document["forecasts"])
    return f"{series} series, {counted(forecasts, 'forecast')} up to four years ahead"


def _headline(document: Document) -> str:
    """Say in a sentence how many values the widest interval holds."""
    if not document["scores"]:
        return "No series has values enough."
    found = document["scores"]
    widest = found["coverage"][-1]
    return (
        f"Later values, forecast from what was known: {widest['inside']} of {found['values']} "
        f"inside the {percent(widest['prob'])} interval."
    )


def _rows(scores: Mapping[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            str(one["values"]),
            *(f"{piece['share']:.0%}" for piece in one["coverage"]),
            f"{one['mean_transform']:.2f}",
            f"{one['crps']:.2f}",
            *(f"{one['baselines'][baseline]:.2f}" for baseline in BASELINES),
        )
        for name, one in scores.items()
    ]


def _outside(document: Document) -> Iterator[Block]:
    """Yield the values outside the widest interval, by series and day."""
    missed: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in document["forecasts"]:
        if not one["intervals"][-1]["inside"]:
            missed.setdefault((one["series"], one["cutoff"]), []).append(one)
    count = sum(map(len, missed.values()))
    widest = percent(document["probs"][-1])
    yield Gap()
    yield Heading(f"Outside the {widest} interval: {count or 'none'}", short="Outside")
    rows = [
        (name, day, _sides(those), ", ".join(one["name"] for one in those))
        for (name, day), those in missed.items()
    ]
    yield Table(("series", "fitted to", "values", "names"), rows, (0, 1, 2, 3), only=Form.full)
    for name, day, sides, _ in rows:
        yield Text(f"{name}, fitted to {day}: {sides}", indent=1, only=Form.terminal)


def _sides(those: Sequence[dict[str, Any]]) -> str:
    """Say how many of some values outside lie above, and how many below."""
    above = sum(one["value"] > one["median"] for one in those)
    named = {"above": above, "below": len(those) - above}
    return ", ".join(f"{count} {side}" for side, count in named.items() if count)


def _every(document: Document) -> Iterator[tuple[str, ...]]:
    for one in document["forecasts"]:
        scale = scale_for([one["value"]], one["units"])
        widest = one["intervals"][-1]
        yield (
            *(one[name] for name in ("series", "cutoff", "name", "date")),
            scale.write(one["value"]),
            scale.units,
            scale.write(one["median"]),
            " to ".join(scale.write(widest[end]) for end in ("low", "high")),
            f"{one['transform']:.3f}",
            f"{one['crps']:.3f}",
            *(f"{one['baselines'][name]['crps']:.3f}" for name in BASELINES),
        )


def _not_tested(document: Document) -> Iterator[Block]:
    """Yield the series that had too few values on a day."""
    by_series: dict[str, list[str]] = {}
    for one in document["not_tested"]:
        by_series.setdefault(one["series"], []).append(one["cutoff"][:4])
    if not by_series:
        return
    listed = "; ".join(f"{name} ({', '.join(years)})" for name, years in by_series.items())
    yield Gap()
    yield Text(f"Too few values at the end of a year: {listed}")
