"""`uncertain-scale plot`: figures for papers and slides, as SVG, PNG or PDF."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.analyses import (
    Chips,
    Couple,
    On,
    Scale,
    Scenarios,
    Steps,
    compared,
    gpt4_guides_of,
    ranked,
    swept,
    with_chips,
)
from uncertain_scale.cli.command import Group, Option, with_parameters
from uncertain_scale.cli.judgements import (
    SHIPPED,
    Judged,
    Names,
    Runs,
    Source,
    checked,
    tested,
    with_judges,
)
from uncertain_scale.cli.judgements import Scenarios as Judges
from uncertain_scale.cli.options import (
    AsOf,
    Chains,
    ChipName,
    DesignName,
    Draws,
    Equations,
    NumberFormat,
    RunOptions,
    Seed,
    names_of,
    with_options,
)
from uncertain_scale.cli.output import Probs, end_with_faults
from uncertain_scale.cli.priors import Scenario, scenario_shown
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.report import draw
from uncertain_scale.errors import QuestionError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

app = typer.Typer(
    cls=Group,
    help="Draw figures: intervals, densities, rankings, comparisons, sweeps, priors, equations.",
    no_args_is_help=True,
    add_completion=False,
)

Output = Annotated[
    Path,
    Option("File to write: .svg, .png or .pdf.", "FILE", replay="dropped", show_default=False),
]
Of = Annotated[str | None, Option("Outputs drawn; all by default.", "A,B")]
Content = dict[str, Any]
"""Arguments of the function that draws a figure, by name."""


def _figure(command: Callable[..., Content]) -> Callable[..., None]:
    """Let a command write the figure of its name, of what it returns, to its `--output`."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    keyword = inspect.Parameter.KEYWORD_ONLY
    own.insert(own[0].name == "options", inspect.Parameter("output", keyword, annotation=Output))

    @functools.wraps(command)
    def draw(output: Path, **arguments: Any) -> None:
        from uncertain_scale.report.figures.style import check_figure

        check_figure(output)
        _write(command.__name__, output, command(**arguments))

    return with_parameters(draw, own)


def _write(name: str, output: Path, content: Content) -> None:
    from uncertain_scale.report.ages import time_in_words
    from uncertain_scale.report.figures import FIGURES, save_figure

    typer.echo(save_figure(FIGURES[name](**content), output))
    for line in time_in_words(content.get("document", {})):
        typer.echo(f"! {line}", err=True)


@app.command()
@with_options
@_figure
def intervals(
    options: RunOptions,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
) -> Content:
    """Draw all answers as intervals around their medians.

    Example: uncertain-scale plot intervals --budget 100M --output intervals.svg
    """
    return _report(options, prob)


@app.command()
@with_options
@_figure
def density(
    options: RunOptions,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006
) -> Content:
    """Draw a panel for each answer: its density over its intervals.

    Example: uncertain-scale plot density --budget 100M --outputs gpus,training_flop --output d.svg
    """
    return _report(options, prob)


@app.command()
@with_options
@_figure
def sensitivity(options: RunOptions, of: Of = None, on: On = Scale.value) -> Content:
    """Draw what drives each answer: shares of its variance by input.

    Example: uncertain-scale plot sensitivity --budget 100M --of training_flop --output s.svg
    """
    return {"document": ranked(options, names_of(of), on).document}


@app.command()
@with_options
@_figure
def tornado(options: RunOptions, of: Of = None) -> Content:
    """Draw one answer's median with each input at its own 5% and 95%.

    Example: uncertain-scale plot tornado --budget 100M --of training_flop --output t.svg
    """
    if len(names_of(of)) != 1:
        raise QuestionError("a tornado is of one output; name it, such as --of training_flop")
    return {"document": ranked(options, names_of(of), Scale.value).document}


@app.command()
@with_options
@_figure
def compare(
    options: RunOptions,
    scenarios: Scenarios = None,
    chips: Chips = None,
    couple: Couple = [],  # noqa: B006
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006
) -> Content:
    """Draw answers under other scenarios over those of a base, draw by draw.

    Example: uncertain-scale plot compare h100-dense-fp8 post-reading --budget 100M --output c.svg
    """
    options, scenarios = with_chips(options, scenarios, chips)
    with Bar() as bar:
        return {"document": compared(options, scenarios, prob, couple, bar).document}


@app.command()
@with_options
@_figure
def sweep(
    options: RunOptions,
    points: Annotated[list[str], Option("Points of a range, or of that of NAME.", "N|NAME=N")] = [],  # noqa: B006
    steps: Annotated[Steps, Option("Spacing of a range.")] = Steps.auto,
    of: Annotated[str | None, Option("The output drawn; the first by default.", "NAME")] = None,
    prob: Probs = [0.5, 0.9, 0.95],  # noqa: B006
) -> Content:
    """Draw a fan chart: an answer as a function of what is given.

    FLOP are drawn with multiples of GPT-4's as guides.

    Example: uncertain-scale plot sweep --budget 10M..100B --of training_flop --output fan.svg
    """
    from dataclasses import replace

    names = names_of(of)
    if len(names) > 1:
        raise QuestionError(f"a fan chart is of one output; found --of {of}")
    if names:
        options = replace(options, outputs=names[0])
    beliefs, found = swept(options, points, steps, prob)
    document = found.document
    drawn = names[0] if names else next(iter(document["points"][0]["outputs"]))
    units = document["points"][0]["outputs"][drawn]["units"]
    guides = gpt4_guides_of(beliefs) if units == "FLOP" else {}
    return {"document": document, "output": drawn, "guides": guides}


@app.command()
@_figure
def priors(
    scenario: Scenario = None,
    chip: ChipName = None,
    number_format: NumberFormat = None,
    equations: Equations = [],  # noqa: B006
    inputs: Annotated[str | None, Option("Inputs drawn; all by default.", "A,B")] = None,
) -> Content:
    """Draw a panel for each input of a scenario: the density of its prior.

    Example: uncertain-scale plot priors base --inputs mfu,hourly_rate --output priors.svg
    """
    from uncertain_scale.sampling.sample import prepare

    scenario = scenario_shown(scenario, chip, number_format)
    _, found = prepare(scenario, equations=equations, extends_builtin=True)
    names = _known(names_of(inputs), found.inputs, f"an input of {found.name}")
    return {"priors": found.inputs, "inputs": names}


@app.command()
@with_options
@_figure
def backtest(options: RunOptions, runs: Runs = None) -> Content:
    """Draw forecasts of published runs, each left out, against what was published.

    Rows of the table with faults are left out; `uncertain-scale backtest` tells them.

    Example: uncertain-scale plot backtest --output backtest.svg
    """
    options.checked_design()
    if options.asks() or options.event:
        raise QuestionError("a backtest asks its own questions; drop givens, outputs and events")
    _, found = tested(options, runs, one_prior=False, as_of=options.as_of)
    return {"document": found.document}


@app.command()
def claims(
    output: Output,
    source: Source = SHIPPED,
    claim: Names = [],  # noqa: B006
    scenario: Judges = [],  # noqa: B006
    chip: Judged = [],  # noqa: B006
    number_format: NumberFormat = None,
    equations: Equations = [],  # noqa: B006
    as_of: AsOf = None,
    draws: Draws = 4096,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
) -> None:
    """Draw intervals over what a document asserts: right, and how far off.

    Example: uncertain-scale plot claims --output claims.svg
    """
    from uncertain_scale.report.figures.style import check_figure

    check_figure(output)
    drawn = {"draws": draws, "chains": chains, "kind": design, "seed": seed}
    judges = with_judges(scenario, chip, number_format)
    more = {"probs": [0.5, 0.9, 0.95], "equations": equations, "as_of": as_of}
    document = checked(source, claim, judges, drawn, **more)
    _write("claims", output, {"document": document})
    end_with_faults(document["faults"], "claim")


@app.command()
@with_options
@_figure
def graph(options: RunOptions) -> Content:
    """Draw the equations that a question uses.

    Example: uncertain-scale plot graph --budget 100M --outputs training_flop --output graph.svg
    """
    return {"plan": options.prepare().plan}


def _report(options: RunOptions, prob: list[float]) -> Content:
    from uncertain_scale.report import report_document

    design = options.checked_design()  # a wrong option is reported before any file is read
    return {"document": report_document(draw(options.prepare(), design, ()), probs=prob)}


def _known(names: list[str], known: Iterable[str], what: str) -> list[str]:
    there = list(known)
    for name in names:
        if name not in there:
            raise QuestionError(f"'{name[:60]}' is not {what}; {nearest(name, there)}")
    return names
