"""The picture of docs/errors.md: what integrating an input out does to a share and to its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import uncertain_scale as us
from uncertain_scale.report.figures.style import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    new_figure,
    rendering,
    save_figure,
)
from uncertain_scale.statistics.intervals import quantiles
from uncertain_scale.statistics.outputs import conditionals_of, read_draws

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.statistics.draws import Draws

_OF, _PIVOT = "training_flop", "mfu"
_FEW = 16
_SIZES = (16, 64, 256, 1024, 4096, 16_384)


def errors_picture(path: Path) -> None:
    """Draw sixteen draws, counted and averaged, and errors by the number of draws."""
    with rendering():
        figure = new_figure(620.0, 260.0)
        left, right = figure.subplots(1, 2)
        _steps(left)
        _errors(right)
        figure.tight_layout(w_pad=3.0)
    save_figure(figure, path)


def _average(design: us.Design) -> tuple[Draws, Conditional]:
    """Return draws of the output, and its distribution with the pivot alone integrated out."""
    tree = us.run(given={"budget": "100M"}, outputs=[_OF], design=design)
    output, inputs = tree[f"prior_predictive/{_OF}"], tree["prior"].to_dataset()
    draws = read_draws(output)
    averages = conditionals_of(draws, output, inputs)
    return draws, next(one for one in averages if one.pivot.name == _PIVOT)


def _steps(axes: Axes) -> None:
    draws, average = _average(us.Design(draws=_FEW, chains=1, seed=2))
    flop = np.linspace(0.5e25, 1.6e26, 300)
    counted = (draws.values.ravel() <= flop[:, None]).mean(axis=1)
    axes.step(flop, counted, color=VERMILLION, label=f"share of {_FEW} draws below")
    axes.plot(
        flop,
        average.together("below", average.forward(flop)),
        color=BLUE,
        label=f"average of P(below | all but {_PIVOT})",
    )
    axes.set(xlabel="training_flop, FLOP", ylabel="probability below", ylim=(0, 1))
    axes.legend(frameon=False, loc="lower right", labelcolor=INK)


def _errors(axes: Axes) -> None:
    counted, averaged = [], []
    level = np.array([0.95])
    for size in _SIZES:
        draws, average = _average(us.Design(draws=size, seed=2))
        values, errors = quantiles(draws, level)
        counted.append(float(errors[0] / values[0]))
        values, errors = average.quantiles(level, values)
        averaged.append(float(errors[0] / values[0]))
    sizes = 16 * np.array(_SIZES)
    for found, colour, words in (
        (counted, VERMILLION, "draws counted"),
        (averaged, BLUE, f"{_PIVOT} integrated out"),
    ):
        axes.plot(sizes, found, color=colour, marker="o", markersize=3.5)
        axes.annotate(
            words, (sizes[2], found[2]), xytext=(6, 6), textcoords="offset points", color=colour
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="draws of all chains",
        ylabel="Monte Carlo error of the 95% quantile",
    )
    axes.tick_params(colors=MUTED)
