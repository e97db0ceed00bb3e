"""Charts on matplotlib's own axes: the fan of a sweep, the forecasts of a backtest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.backtest.scores import ecdf_band
from uncertain_scale.errors import DataError, counted
from uncertain_scale.inputs.series import shipped_series
from uncertain_scale.report.backtest_report import outside
from uncertain_scale.report.figures.axes import Axis, axis_for
from uncertain_scale.report.figures.style import (
    BLUE,
    INK,
    LINES,
    MUTED,
    PAPER,
    RULE,
    VERMILLION,
    new_figure,
    styled,
)
from uncertain_scale.report.numbers import (
    percent,
    scale_at,
    scale_for,
    share_in_words,
    with_powers,
)
from uncertain_scale.report.rows import PATHS, intervals_of
from uncertain_scale.units import conversion_factor
from uncertain_scale.units.dates import DATE, date_text, year_of
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document
    from uncertain_scale.units.aliases import FloatArray

_WIDTH, _HEIGHT = 460.0, 320.0
_DECADE = 5.0
_SHADES = (0.55, 0.35, 0.2)
_MULTIPLES = (1, 10, 100, 1_000, 10_000)
_POINTS = (("40% MFU", "x"), ("30% of the sparse peak", "+"))
_TARGET = "training_flop"
_MOST_OPTIONS = 20
_LONGEST, _LETTER = 34, 5.6  # letters of a name, and points for each
_FRONTIER = 230.0  # points


@styled
def plot_sweep(
    document: Document,
    output: str = "",
    *,
    guides: Mapping[str, float] | None = None,
    points: Sequence[tuple[str, float, float]] = (),
) -> Figure:
    """Return a fan chart of one answer against what is swept.

    Of two swept variables the one with more values runs along the axis, and the other's values
    have a line and the middle one of the intervals each.

    Parameters
    ----------
    document
        What `sweep_document` returns.
    output
        The output drawn; the first by default.
    guides
        Values to draw a thin level line at, by what is written beside it.
    points
        What others say: what is written beside the mark, the swept value, and the output.

    Raises
    ------
    DataError
        There would be more lines than there are colours.
    """
    name = output or next(iter(document["points"][0]["outputs"]))
    along, across = _roles(document)
    about = document["points"][0]["outputs"][name]
    probs = sorted(document["probs"])
    series = list(_series(document, name, across))
    xs = np.array(along["values"])
    values = np.concatenate([line["median"] for _, line in series])
    ends = np.concatenate([line[prob].ravel() for _, line in series for prob in probs])
    x_axis = _axis(xs, along["units"], log=along["steps"] != "linear")
    y_axis = _axis(np.concatenate([values, ends]), about["units"], log=True)
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_axes((0.13, 0.14, 0.69, 0.72))
    _lay_out(axes, x_axis, y_axis)
    paths = np.array(document.get("paths", {}).get(name, []), dtype=float)
    for k, path in enumerate(paths):
        words = "_" if k else f"{len(paths)} paths"
        axes.plot(xs, path, color=INK, alpha=0.55, linewidth=0.45, label=words)
    for number, (label, line) in enumerate(series):
        colour = BLUE if across is None else LINES[number]
        shown = probs[::-1] if across is None else [probs[len(probs) // 2]]
        for prob in shown:
            shade = _SHADES[min(probs.index(prob), 2)] if across is None else 0.15
            bounds = line[prob]
            legend = f"{percent(prob)} interval" if across is None else "_"
            axes.fill_between(
                xs, bounds[:, 0], bounds[:, 1], color=colour, alpha=shade, linewidth=0, label=legend
            )
        style: dict[str, Any] = {"color": INK if across is None else colour, "linewidth": 1.8}
        axes.plot(xs, line["median"], label="median" if across is None else label, **style)
    _mark(axes, y_axis, guides or {}, points)
    if along["units"] == DATE:
        _mark_dates(axes, document, name, about["units"])
    axes.set_xlabel(f"{label_of(along['name'])}, {x_axis.units}".rstrip(", "), parse_math=False)
    axes.set_ylabel(f"{label_of(name)}, {y_axis.units}".rstrip(", "), parse_math=False)
    title = (
        None
        if across is None
        else f"{label_of(across['name'])}, median with {percent(shown[0])} interval"
    )
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        fontsize=8.5,
        title=title,
        title_fontsize=8.5,
        columnspacing=1.2,
        handlelength=1.4,
    )
    text = _described(document, name, along, series, probs)
    if paths.size:
        text += f" {PATHS.format(len(paths))}"
    figure.set_label(" ".join([text, *(f"Marked: {words}, {y:g}." for words, _, y in points)]))
    return figure


def _mark_dates(axes: Axes, document: Document, name: str, units: str) -> None:
    """Draw a line at the reader's day, and the published values of the variable in the frame."""
    today = year_of(dt.date.fromisoformat(document["ages"]["as_of"]))
    (first, last), (low, high) = axes.get_xlim(), axes.get_ylim()
    if first < today < last:
        axes.axvline(today, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        about: dict[str, Any] = {
            "xytext": (3, 3),
            "textcoords": "offset points",
            "fontsize": 8,
            "color": MUTED,
        }
        axes.annotate(date_text(today), (today, low), **about)
    found = [
        (year_of(one.date), one.value * conversion_factor(series.units, units))
        for series in shipped_series().values()
        if series.variable == name
        for one in series.known_at().values
    ]
    shown = [(date, value) for date, value in found if first <= date <= last and low < value < high]
    if shown:
        style: dict[str, Any] = {
            "s": 16,
            "facecolors": "none",
            "edgecolors": INK,
            "linewidths": 0.9,
        }
        axes.scatter(*zip(*shown, strict=True), label="published", zorder=3, **style)


@styled
def plot_decision(document: Document) -> Figure:
    """Return a figure of options: where the first goal lies, and how often each is the best.

    Options that break a limit are grey, the best one is dark; of many the first twenty are drawn.

    Parameters
    ----------
    document
        What `choice_document` returns.

    Raises
    ------
    DataError
        The goal is a probability, which has no interval.
    """
    goal = document["goals"][0]
    options = [one for one in document["options"] if one["interval"]]
    if not options:
        raise DataError("the goal is a probability, which has no interval")
    sign = 1 if goal["direction"] == "maximise" else -1

    def order(one: dict[str, Any]) -> tuple[bool, float, float]:
        best = (one["best"] or {"value": 0.0})["value"]
        return one["best"] is None, -best, -sign * one["goals"][0]["value"]

    options.sort(key=order)
    shown = options[:_MOST_OPTIONS][::-1]
    values = np.array(
        [[one["goals"][0]["value"], *(end["value"] for end in one["interval"])] for one in shown]
    )
    axis = _axis(values.ravel(), goal["units"], log=bool(values.min() > 0))
    height = 90.0 + 20.0 * len(shown) + (_FRONTIER if len(document["goals"]) > 1 else 0.0)
    figure = new_figure(_WIDTH, height)
    longest = max(len(one["name"][:_LONGEST]) for one in shown)
    left = min(24.0 + _LETTER * longest, 0.45 * _WIDTH) / _WIDTH
    two = _FRONTIER if len(document["goals"]) > 1 else 0.0
    axes = figure.add_axes((left, (46 + two) / height, 0.85 - left, 1 - (70 + two) / height))
    rows = Axis(-0.6, len(shown) - 0.4, log=False, scale=scale_for([1.0], "1"))
    _lay_out(axes, axis, rows)
    for row, (one, (middle, low, high)) in enumerate(zip(shown, values, strict=True)):
        chosen = one["name"] == document["chosen"]
        colour = MUTED if one["best"] is None else (INK if chosen else BLUE)
        axes.plot([low, high], [row, row], color=colour, linewidth=3.0, alpha=0.6)
        axes.plot([middle], [row], "o", color=colour, markersize=5)
        best = "breaks a limit" if one["best"] is None else share_in_words(one["best"]["value"])
        axes.annotate(
            best, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
    axes.set_yticks(range(len(shown)), [one["name"][:_LONGEST] for one in shown], parse_math=False)
    axes.set_xlabel(f"{goal['goal']}, {axis.units}".rstrip(", "), parse_math=False)
    axes.set_title("90% of the draws, and how often best", fontsize=9, loc="left")
    if two:
        _draw_frontier(
            figure.add_axes((left, 46 / height, 0.85 - left, (two - 76) / height)), document
        )
    said = ", ".join(f"{one['name']} {one['goals'][0]['value']:.3g}" for one in shown[::-1])
    figure.set_label(f"Options by {goal['goal']}: {said}.")
    return figure


def _draw_frontier(axes: Axes, document: Document) -> None:
    """Draw options that meet the limits by two goals, those of the frontier dark and joined."""
    options = [one for one in document["options"] if one["best"] is not None]
    values = np.array([[found["value"] for found in one["goals"]] for one in options])
    values = values.reshape(-1, 2) if options else np.ones((1, 2))
    across, up = (
        _axis(column, goal["units"], log=bool(column.min() > 0))
        for column, goal in zip(values.T, document["goals"], strict=True)
    )
    _lay_out(axes, across, up)
    best = np.array([one["efficient"] for one in options], dtype=bool)
    if options:
        axes.plot(*values[~best].T, "o", color=MUTED, markersize=4, clip_on=False)
        joined = values[best][np.argsort(values[best, 0])]
        axes.plot(*joined.T, "o-", color=INK, markersize=5, clip_on=False)
    for axis, name, one in zip((across, up), ("x", "y"), document["goals"], strict=True):
        words = f"{one['direction']} {one['goal']}, {axis.units}".rstrip(", ")
        getattr(axes, f"set_{name}label")(words, parse_math=False)
    axes.set_title("The frontier between the goals", fontsize=9, loc="left")


def gpt4_guides(gpt4_flop: float) -> dict[str, float]:
    """Return multiples of GPT-4's FLOP, by what is written beside their lines.

    Examples
    --------
    >>> gpt4_guides(2e25)["10× GPT-4"]
    2e+26
    """
    return {("" if k == 1 else f"{k:,}× ") + "GPT-4": k * gpt4_flop for k in _MULTIPLES}


def _mark(
    axes: Axes,
    y_axis: Axis,
    guides: Mapping[str, float],
    points: Sequence[tuple[str, float, float]],
) -> None:
    """Draw level lines and points, each with its words."""
    for words, value in guides.items():
        if y_axis.low <= value <= y_axis.high:
            axes.axhline(value, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
            axes.annotate(
                words,
                (1.01, value),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.5,
                color=MUTED,
                parse_math=False,
            )
    for words, x, y in points:
        axes.plot([x], [y], marker="D", markersize=5.5, color=VERMILLION, linestyle="none")
        axes.annotate(
            words,
            (x, y),
            (-7, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=VERMILLION,
            parse_math=False,
        )


def _roles(document: Document) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the variable along the axis and, of two, the one with a line for each value."""
    first, *others = document["swept"]
    if not others:
        return first, None
    along, across = sorted((first, others[0]), key=lambda one: -len(one["values"]))
    if len(across["values"]) > len(LINES):
        raise DataError(
            f"{across['name']} has {len(across['values'])} values, a line each; a figure tells "
            f"{len(LINES)} apart: take fewer points of {across['name']}"
        )
    return along, across


def _series(
    document: Document, name: str, across: dict[str, Any] | None
) -> Iterator[tuple[str, dict[Any, FloatArray]]]:
    """Yield a label and the median and intervals along the axis for each line."""
    groups: dict[float, list[dict[str, Any]]] = {}
    for point in document["points"]:
        value = point["at"][across["name"]] if across else 0.0
        groups.setdefault(value, []).append(point["outputs"][name])
    for value, points in groups.items():
        label = ""
        if across is not None:
            scale = scale_at(value, across)
            label = with_powers(f"{scale.write(value, exact=True)} {scale.units}".rstrip())
        line: dict[Any, FloatArray] = {"median": np.array([one["median"] for one in points])}
        for prob in document["probs"]:
            pieces = [intervals_of(one, "eti", prob)[0] for one in points]
            line[prob] = np.array([[piece["low"], piece["high"]] for piece in pieces])
        yield label, line


def _axis(values: FloatArray, units: str, *, log: bool) -> Axis:
    low, high = float(values.min()), float(values.max())
    if low == high:
        margin = abs(low) / 2 or 1.0
        low, high, log = low - margin, high + margin, False
    log = log and low > 0 and high / low >= _DECADE
    # The geometric middle decides how numbers are written, so that both ends are short.
    middle = float(np.sqrt(low * high)) if log else high
    return axis_for(low, high, units, middle=middle or low, log=log)


def _lay_out(axes: Axes, x_axis: Axis, y_axis: Axis) -> None:
    """Give matplotlib's axes the scales, ends and ticks of ours."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    for axis, ours, set_scale, set_ends in (
        (axes.xaxis, x_axis, axes.set_xscale, axes.set_xlim),
        (axes.yaxis, y_axis, axes.set_yscale, axes.set_ylim),
    ):
        set_scale("log" if ours.log else "linear")
        set_ends(ours.low, ours.high)
        ticks = ours.ticks(6)
        axis.set_major_locator(FixedLocator([value for value, _ in ticks]))
        axis.set_major_formatter(FixedFormatter([words for _, words in ticks]))
        axis.set_minor_locator(NullLocator())
        axis.grid(visible=True, color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _described(
    document: Document, name: str, along: dict[str, Any], series: Sequence[Any], probs: Any
) -> str:
    """Describe the ends of each line in words."""
    about = document["points"][0]["outputs"][name]
    parts: list[str] = []
    for label, line in series:
        for place in (0, -1):
            x = along["values"][place]
            at = scale_at(x, along)
            ends = line[probs[-1]][place]
            scale = scale_for([line["median"][place], *ends], about["units"])
            low, high = (scale.write(value) for value in ends)
            parts.append(
                f"{f'{label}, ' if label else ''}{label_of(along['name'])} "
                f"{at.write(x, exact=True)} {at.units}: {scale.write(line['median'][place])} "
                f"{scale.units} ({percent(probs[-1])}: {low} to {high})"
            )
    return f"{label_of(name)} against {label_of(along['name'])}. {'. '.join(parts)}."


@styled
def plot_backtest(document: Document) -> Figure:
    """Return a figure of a backtest's forecasts of training FLOP, each run left out.

    Parameters
    ----------
    document
        What `backtest_document` returns.
    """
    tests = [one for one in document["forecasts"] if one["quantity"] == _TARGET and one["scored"]]
    tests.sort(key=lambda one: (one["family"], one["published"] / one["left_out"]["median"]))
    height = max(3.2, 0.17 * len(tests) + 1.0)
    figure = new_figure(9.6 * 72, height * 72)
    figure.set_layout_engine("constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.55, 1.0))
    _intervals(left, tests)
    _ecdf(right, [one["left_out"]["transform"] for one in tests])
    figure.set_label(_forecasts_described(document, tests))
    return figure


def _forecasts_described(document: Document, tests: Sequence[dict[str, Any]]) -> str:
    """Say in words what the figure shows, for those who do not see it."""
    inside = {
        prob: sum(
            piece["inside"]
            for test in tests
            for piece in test["left_out"]["intervals"]
            if piece["prob"] == prob
        )
        for prob in (0.5, 0.9)
    }
    missed = [one["run"] for one in outside(document, 0.9)]
    named = f"; outside the 90%: {', '.join(missed)}" if missed else ""
    return (
        f"Forecasts of training FLOP over what was published, for {counted(len(tests), 'run')}, "
        f"each forecast without itself: {inside[0.5]} inside the 50% interval, {inside[0.9]} "
        f"inside the 90%{named}. Beside it, the distribution of the forecasts' PITs against the "
        "uniform."
    )


def _intervals(axes: Axes, tests: Sequence[dict[str, Any]]) -> None:
    """Draw each run's 50% and 90% intervals, over what was published."""
    places = np.arange(len(tests))
    for place, test in zip(places, tests, strict=True):
        forecast, published = test["left_out"], test["published"]
        pieces = {piece["prob"]: piece for piece in forecast["intervals"]}
        colour = BLUE if pieces[0.9]["inside"] else VERMILLION
        for prob, width in ((0.9, 1.2), (0.5, 3.6)):
            ends = [pieces[prob][end] / published for end in ("low", "high")]
            axes.plot(ends, [place, place], color=colour, lw=width, solid_capstyle="butt")
        axes.plot(forecast["median"] / published, place, "o", ms=2.2, color=PAPER)
    for name, mark in _POINTS:
        points = [test["baselines"][name]["forecast"] / test["published"] for test in tests]
        axes.plot(points, places, mark, ms=4.5, color=MUTED, label=name)
    axes.axvline(1.0, color=MUTED, lw=0.8)
    axes.set_xscale("log")
    ticks = [0.5, 1, 2, 4]
    axes.set_xticks(ticks, [f"x{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, [f"{t['run']}  {t['family']}" for t in tests], fontsize=7.5)
    axes.set_ylim(-0.8, len(tests) - 0.2)
    axes.set_xlabel("forecast / published training FLOP, 50% and 90% intervals")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handletextpad=0.2)


def _ecdf(axes: Axes, transforms: Sequence[float]) -> None:
    """Draw the ECDF of the transforms less the diagonal, and the bands that would reject it."""
    n = len(transforms)
    for level, alpha in ((0.01, 0.12), (0.05, 0.2)):
        band = ecdf_band(n, level)
        axes.fill_between(
            band.points,
            band.low - band.points,
            band.high - band.points,
            color=BLUE,
            alpha=alpha,
            lw=0,
            label=f"left by {level:.0%} of uniform samples",
        )
    at = np.sort(transforms)
    x = np.concatenate([[0.0], np.repeat(at, 2), [1.0]])
    y = np.concatenate([[0.0, 0.0], np.repeat(np.arange(1, n + 1) / n, 2)])
    axes.plot(x, y - x, color=MUTED, lw=1.4, label="PIT of the runs, each left out")
    axes.axhline(0.0, color=MUTED, lw=0.6)
    axes.set_xlabel("probability integral transform (PIT)")
    axes.set_ylabel("ECDF - uniform")
    axes.set_xlim(0, 1)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
