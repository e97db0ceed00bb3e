"""A backtest as a figure: every run's interval about what was published, and the PITs' ECDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.backtest.scores import ecdf_band
from uncertain_scale.report.backtest_document import outside
from uncertain_scale.report.figures.style import BLUE, MUTED, PAPER, VERMILLION, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from uncertain_scale.report.document import Document

_POINTS = (("40% MFU", "x"), ("30% of the sparse peak", "+"))
_TARGET = "training_flop"


@styled
def plot_backtest(document: Document) -> Figure:
    """Return a figure of a backtest's forecasts of training FLOP, each run left out.

    Parameters
    ----------
    document
        What `backtest_document` returns.
    """
    from matplotlib.figure import Figure

    tests = [one for one in document["forecasts"] if one["quantity"] == _TARGET and one["scored"]]
    tests.sort(key=lambda one: (one["family"], one["published"] / one["left_out"]["median"]))
    height = max(3.2, 0.17 * len(tests) + 1.0)
    figure = Figure(figsize=(9.6, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.55, 1.0))
    _intervals(left, tests)
    _ecdf(right, [one["left_out"]["transform"] for one in tests])
    figure.set_label(_described(document, tests))
    return figure


def _described(document: Document, tests: Sequence[dict[str, Any]]) -> str:
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
        f"Forecasts of training FLOP over what was published, for {len(tests)} runs, each "
        f"forecast without itself: {inside[0.5]} inside the 50% interval, {inside[0.9]} inside "
        f"the 90%{named}. Beside it, the distribution of the forecasts' PITs against the uniform."
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
