"""`uncertain-scale sweep`: answers as functions of one or two givens."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uncertain_scale.cli.command import Option, whole_number
from uncertain_scale.cli.options import RunOptions, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Probs, Wide, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.inputs import Priors
    from uncertain_scale.report import Document


class Steps(StrEnum):
    """How the points of a range are spaced."""

    auto = "auto"
    log = "log"
    linear = "linear"


@with_options
def sweep(
    options: RunOptions,
    points: Annotated[
        list[str],
        Option(
            "Points of a range, or of the range of NAME; 25 for one, 9 each for two.", "N|NAME=N"
        ),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
    steps: Annotated[
        Steps,
        Option("Spacing of a range; auto is log where it is positive and spans x10."),
    ] = Steps.auto,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("sweep.html, .md, .json, .csv and .nc")] = None,
) -> None:
    """Answer a question at many values of one or two givens, on the same draws.

    A given is swept where it is a range, LOW..HIGH, or a list, A,B,C.

    Example: uncertain-scale sweep --budget 10M..100B --points 25 --outputs training_flop
    """
    from uncertain_scale.report.store import save_draws
    from uncertain_scale.report.sweep_report import csv_sweep, sweep_blocks

    beliefs, document, found = swept(options, points, steps, prob)
    blocks = partial(sweep_blocks, guides=gpt4_guides_of(beliefs))
    if output is not None:
        save_draws(found, output / "sweep.nc")
    present(
        document,
        form,
        blocks,
        csv_sweep,
        folder=output,
        name="sweep",
        keep_csv=True,
        wide=wide,
    )


def gpt4_guides_of(beliefs: Priors) -> dict[str, float]:
    """Return multiples of GPT-4's FLOP, by the median of what is believed about them."""
    import numpy as np

    from uncertain_scale.report.figures.charts import gpt4_guides

    if "gpt4_flop" not in beliefs.inputs:
        return {}
    return gpt4_guides(float(beliefs.inputs["gpt4_flop"].ppf(np.array([0.5]))[0]))


def swept(
    options: RunOptions, points: list[str], steps: Steps, prob: list[float]
) -> tuple[Priors, Document, xr.Dataset]:
    """Answer at every point: the scenario, the answers as plain data, and as a dataset."""
    from uncertain_scale.analysis.sweep import Sweep
    from uncertain_scale.analysis.swept import read_axes
    from uncertain_scale.report.sweep_report import sweep_document

    design = options.checked_design()
    fixed, axes = read_axes(options.givens(), points=_points(points), spacing=steps.value)
    last = {axis.name: f"{axis.values[-1]!r} {axis.units or ''}" for axis in axes}
    problem = options.giving({**fixed, **last}).prepare()
    study = Sweep(problem, design, axes)
    with Bar() as bar:
        counted = bar.counting(len(study.points), "points")
        found = study.summarize(probs=prob, events=options.events(problem.model), progress=counted)
    return problem.priors, sweep_document(study.tree(), found, axes, study.some_paths()), found


def _points(texts: list[str]) -> int | dict[str, int] | None:
    """Read `25`, or `budget=9` for each range."""
    found: dict[str, int] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.rpartition("="))
        count = -1
        with suppress(ValueError):
            count = whole_number(number)
        if not number.isascii() or count < 0 or bool(equals) != bool(name):
            raise QuestionError(
                f"--points '{text[:60]}' is not a number of points; expected 25 or NAME=25"
            )
        if found.setdefault(name, count) != count:
            raise QuestionError(f"--points names {name or 'all ranges'} twice; keep one")
    if "" in found:
        if len(found) > 1:
            raise QuestionError("--points is one number for all ranges, or NAME=N for each")
        return found[""]
    return found or None
