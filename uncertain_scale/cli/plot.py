"""`uncertain-scale plot`: figures for papers and slides, as SVG, PNG or PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.claims import SHIPPED, checked, tell_faults
from uncertain_scale.cli.compare import Couple, compared
from uncertain_scale.cli.options import (
    Chains,
    DesignName,
    Draws,
    Equations,
    RunOptions,
    Seed,
    names_of,
    with_run_options,
)
from uncertain_scale.cli.sensitivity import Scale
from uncertain_scale.cli.showing import Probs  # noqa: TC001 (typer reads it)
from uncertain_scale.cli.sweep import Steps, gpt4_guides_of, swept
from uncertain_scale.errors import QuestionError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure

    from uncertain_scale.report import Document

__all__ = ["app"]

app = typer.Typer(
    help="Draw figures: intervals, densities, rankings, comparisons, sweeps, priors, equations.",
    no_args_is_help=True,
)

Output = Annotated[
    Path,
    typer.Option(help="File to write: .svg, .png or .pdf.", metavar="FILE", show_default=False),
]
Of = Annotated[str | None, typer.Option(help="Outputs drawn; all by default.", metavar="A,B")]


@app.command()
@with_run_options
def intervals(
    options: RunOptions,
    output: Output,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
) -> None:
    """Draw all answers as intervals around their medians.

    Example: uncertain-scale plot intervals --budget 100M --output intervals.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_intervals

    _write(plot_intervals(_report(options, prob)), output)


@app.command()
@with_run_options
def density(
    options: RunOptions,
    output: Output,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006
) -> None:
    """Draw a panel for each answer: its density over its intervals.

    Example: uncertain-scale plot density --budget 100M --outputs gpus,training_flop --output d.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_density

    _write(plot_density(_report(options, prob)), output)


@app.command()
@with_run_options
def sensitivity(
    options: RunOptions,
    output: Output,
    of: Of = None,
    on: Annotated[Scale, typer.Option(help="Variance of the value or of its log.")] = Scale.value,
) -> None:
    """Draw what drives each answer: shares of its variance by input.

    Example: uncertain-scale plot sensitivity --budget 100M --of training_flop --output s.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_sensitivity

    _write(plot_sensitivity(_ranking(options, of, on)), output)


@app.command()
@with_run_options
def tornado(options: RunOptions, output: Output, of: Of = None) -> None:
    """Draw one answer's median with each input at its own 5% and 95%.

    Example: uncertain-scale plot tornado --budget 100M --of training_flop --output t.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_tornado

    if len(names_of(of)) != 1:
        raise QuestionError("a tornado is of one output; name it, such as --of training_flop")
    _write(plot_tornado(_ranking(options, of, Scale.value)), output)


@app.command()
@with_run_options
def compare(
    options: RunOptions,
    scenarios: Annotated[
        list[str],
        typer.Argument(help="The base, then others: scenarios or files.", metavar="BASE OTHER..."),
    ],
    output: Output,
    couple: Couple = [],  # noqa: B006
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006
) -> None:
    """Draw answers under other scenarios over those of a base, draw by draw.

    Example: uncertain-scale plot compare h100-dense-fp8 post-reading --budget 100M --output c.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_compare

    _write(plot_compare(compared(options, scenarios, prob, couple)), output)


@app.command()
@with_run_options
def sweep(
    options: RunOptions,
    output: Output,
    points: Annotated[
        list[str], typer.Option(help="Points of a range, or of that of NAME.", metavar="N|NAME=N")
    ] = [],  # noqa: B006
    steps: Annotated[Steps, typer.Option(help="Spacing of a range.")] = Steps.auto,
    of: Annotated[
        str | None, typer.Option(help="The output drawn; the first by default.", metavar="NAME")
    ] = None,
    prob: Probs = [0.5, 0.8, 0.95],  # noqa: B006
) -> None:
    """Draw a fan chart: an answer as a function of what is given.

    FLOP are drawn with multiples of GPT-4's as guides.

    Example: uncertain-scale plot sweep --budget 10M..100B --of training_flop --output fan.svg
    """
    _checked(output)
    from dataclasses import replace

    from uncertain_scale.report.figures import plot_sweep

    names = names_of(of)
    if len(names) > 1:
        raise QuestionError(f"a fan chart is of one output; found --of {of}")
    if names:
        options = replace(options, outputs=names[0])
    beliefs, document, _ = swept(options, points, steps, prob)
    drawn = names[0] if names else next(iter(document["points"][0]["outputs"]))
    units = document["points"][0]["outputs"][drawn]["units"]
    guides = gpt4_guides_of(beliefs) if units == "FLOP" else {}
    _write(plot_sweep(document, drawn, guides=guides), output)


@app.command()
def priors(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario or prior file (.toml).")],
    output: Output,
    inputs: Annotated[
        str | None, typer.Option(help="Inputs drawn; all by default.", metavar="A,B")
    ] = None,
) -> None:
    """Draw a panel for each input of a scenario: the density of its prior.

    Example: uncertain-scale plot priors base --inputs mfu,hourly_rate --output priors.svg
    """
    _checked(output)
    from uncertain_scale.inputs import load_priors
    from uncertain_scale.model import default_model
    from uncertain_scale.report.figures import plot_priors

    found = load_priors(scenario, variables=default_model().variables)
    names = _known(names_of(inputs), found.inputs, f"an input of {found.name}")
    _write(plot_priors(found.inputs, names), output)


@app.command()
@with_run_options
def backtest(
    options: RunOptions,
    output: Output,
    runs: Annotated[
        Path | None,
        typer.Argument(help="Table of runs; the shipped one by default.", metavar="RUNS.csv"),
    ] = None,
) -> None:
    """Draw forecasts of published runs, each left out, against what was published.

    Rows of the table with faults are left out; `uncertain-scale backtest` tells them.

    Example: uncertain-scale plot backtest --output backtest.svg
    """
    _checked(output)
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.inputs.evidence import read_runs, shipped_runs
    from uncertain_scale.report.backtest_document import backtest_document
    from uncertain_scale.report.backtest_figure import save_figure

    design = options.checked_design()
    if options.asks() or options.event:
        raise QuestionError("a backtest asks its own questions; drop givens, outputs and events")
    table = shipped_runs() if runs is None else read_runs(runs)
    problem = options.prepare()
    document = backtest_document(
        test_priors(problem.model, problem.priors, table, design), problem.model
    )
    typer.echo(save_figure(document, output))


@app.command()
def claims(
    output: Output,
    source: Annotated[
        str, typer.Argument(help="Shipped claims or a claims file.", metavar="[NAME|FILE.toml]")
    ] = SHIPPED,
    claim: Annotated[
        list[str], typer.Option(help="Only this claim; repeatable.", metavar="NAME")
    ] = [],  # noqa: B006
    scenario: Annotated[
        list[str],
        typer.Option(help="Judge under this scenario besides; repeatable.", metavar="NAME|FILE"),
    ] = [],  # noqa: B006
    equations: Equations = [],  # noqa: B006
    draws: Draws = 4096,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
) -> None:
    """Draw intervals over what a document asserts: right, and how far off.

    Example: uncertain-scale plot claims --output claims.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_claims
    from uncertain_scale.sampling import Design

    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)  # type: ignore[arg-type]
    probs = [0.5, 0.9, 0.95]
    document = checked(source, claim, drawn, scenarios=scenario, probs=probs, equations=equations)
    _write(plot_claims(document), output)
    tell_faults(document)


@app.command()
@with_run_options
def graph(options: RunOptions, output: Output) -> None:
    """Draw the equations that a question uses.

    Example: uncertain-scale plot graph --budget 100M --outputs training_flop --output graph.svg
    """
    _checked(output)
    from uncertain_scale.report.figures import plot_graph

    _write(plot_graph(options.prepare().plan), output)


def _checked(output: Path) -> None:
    """Refuse a file of another kind, or that cannot be written, before anything is computed."""
    from uncertain_scale.report.figures.style import checked_ending
    from uncertain_scale.report.staging import check_place

    check_place(checked_ending(output))


def _write(figure: Figure, output: Path) -> None:
    from uncertain_scale.report.figures import save_figure

    typer.echo(save_figure(figure, output))


def _report(options: RunOptions, prob: list[float]) -> Document:
    from uncertain_scale.report import report_document

    return report_document(options.run(), probs=prob)


def _ranking(options: RunOptions, of: str | None, on: Scale) -> Document:
    from uncertain_scale.cli.sensitivity import ranked

    return ranked(options, names_of(of), on)


def _known(names: list[str], known: Iterable[str], what: str) -> list[str]:
    there = list(known)
    for name in names:
        if name not in there:
            raise QuestionError(f"'{name[:60]}' is not {what}; {nearest(name, there)}")
    return names
