"""Figures for reports, papers and slides: each function returns a `matplotlib.figure.Figure`.

They take what the report's functions return as plain data, so that a saved `report.json` can be
drawn as well. A figure's label (`figure.get_label()`) describes it in words, with its numbers.
`save_figure` writes SVG, PNG and PDF, byte for byte the same each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uncertain_scale.report.figures.charts import plot_backtest, plot_decision, plot_sweep
from uncertain_scale.report.figures.density import plot_density, plot_priors
from uncertain_scale.report.figures.graph import plot_graph
from uncertain_scale.report.figures.intervals import plot_claims, plot_compare, plot_intervals
from uncertain_scale.report.figures.sensitivity import plot_sensitivity, plot_tornado
from uncertain_scale.report.figures.style import save_figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

__all__ = [
    "FIGURES",
    "plot_backtest",
    "plot_claims",
    "plot_compare",
    "plot_decision",
    "plot_density",
    "plot_graph",
    "plot_intervals",
    "plot_priors",
    "plot_sensitivity",
    "plot_sweep",
    "plot_tornado",
    "save_figure",
]

FIGURES: dict[str, Callable[..., Figure]] = {
    "backtest": plot_backtest,
    "claims": plot_claims,
    "compare": plot_compare,
    "density": plot_density,
    "graph": plot_graph,
    "intervals": plot_intervals,
    "priors": plot_priors,
    "sensitivity": plot_sensitivity,
    "sweep": plot_sweep,
    "tornado": plot_tornado,
}
"""What draws each figure, by the name of its command."""
