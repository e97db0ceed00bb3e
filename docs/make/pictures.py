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
from uncertain_scale.statistics.conditional import Conditional
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.integrated import pivots_of

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

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


def _steps(axes: Axes) -> None:
    design = us.Design(draws=_FEW, chains=1, seed=2)
    tree = us.run(given={"budget": "100M"}, outputs=[_OF], design=design)
    y, inputs = tree[f"prior_predictive/{_OF}"], tree["prior"].to_dataset()
    facts = {str(name): one.attrs for name, one in inputs.data_vars.items()}
    pivot = next(one for one in pivots_of(y.attrs, facts) if one.name == _PIVOT)
    rest = Draws(pivot.rest(y.values, {_PIVOT: inputs[_PIVOT].values}))
    average = Conditional(pivot, rest.table, 1)
    flop = np.linspace(0.5e25, 1.6e26, 300)
    counted = (y.values.ravel() <= flop[:, None]).mean(axis=1)
    axes.step(flop, counted, color=VERMILLION, label="share of 16 draws below")
    axes.plot(
        flop,
        average.together("below", average.forward(flop)),
        color=BLUE,
        label=f"average of P(below | all but {_PIVOT})",
    )
    axes.set(xlabel="training_flop, FLOP", ylabel="probability below", ylim=(0, 1))
    axes.legend(frameon=False, loc="lower right", labelcolor=INK)


def _errors(axes: Axes) -> None:
    for intervals, colour, words in (
        ("arviz", VERMILLION, "draws counted"),
        ("conditional", BLUE, f"{_PIVOT} integrated out"),
    ):
        errors = []
        for draws in _SIZES:
            tree = us.run(
                given={"budget": "100M"}, outputs=[_OF], design=us.Design(draws=draws, seed=2)
            )
            found = us.summarize(tree, probs=[0.9], intervals=intervals).isel(output=0, prob=0)
            errors.append(float(found["eti_mcse"][1] / found["eti"][1]))
        sizes = 16 * np.array(_SIZES)
        axes.plot(sizes, errors, color=colour, marker="o", markersize=3.5)
        axes.annotate(
            words, (sizes[2], errors[2]), xytext=(6, 6), textcoords="offset points", color=colour
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="draws of all chains",
        ylabel="Monte Carlo error of the 95% quantile",
    )
    axes.tick_params(colors=MUTED)
