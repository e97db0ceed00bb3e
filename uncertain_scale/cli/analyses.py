"""`uncertain-scale compare`, `sensitivity`, `sweep` and `decide`: analyses of a question.

Each reads its options, asks the analysis of the Python interface, and presents the result.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import (
    Argument,
    Option,
    complete_scenario,
    complete_variables,
    whole_number,
)
from uncertain_scale.cli.effort import Search, drawing
from uncertain_scale.cli.options import RunOptions, belief, names_of, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Probs, Wide, present, saves
from uncertain_scale.cli.progress import INTERRUPTED, Bar, interrupts
from uncertain_scale.cli.record import note_reached
from uncertain_scale.cli.report import Evidence  # noqa: TC001 (typer reads it)
from uncertain_scale.errors import EvidenceError, QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.api import Problem as Asked
    from uncertain_scale.api import Result
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design

Couple = Annotated[
    list[str],
    belief(
        "How inputs that differ depend on one another: shared, independent or a rank "
        "correlation, for all or as INPUT=…; repeatable.",
        "[INPUT=]HOW",
    ),
]
Chips = Annotated[
    str | None,
    belief("Chips of the catalogue to compare, such as H100,GB200.", "A,B", replay="merged"),
]
Scenarios = Annotated[
    list[str] | None,
    Argument(
        "The base, then others: scenarios or files.",
        "BASE OTHER...",
        reads="scenario",
        autocompletion=complete_scenario,
    ),
]


_DECIDED = (0.9,)
"""Probability of the intervals of a choice."""


class Scale(StrEnum):
    """What variance is taken of."""

    value = "value"
    log = "log"


On = Annotated[Scale, Option("Variance of the value or of its log.")]


class Steps(StrEnum):
    """How the points of a range are spaced."""

    auto = "auto"
    log = "log"
    linear = "linear"


@with_options
def compare(
    options: RunOptions,
    scenarios: Scenarios = None,  # click 8.1 takes no other default of arguments that repeat
    chips: Chips = None,
    couple: Couple = [],  # noqa: B006 (typer reads a default, nobody changes it)
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("comparison.html, .md and .json")] = None,
) -> None:
    """Answer a question under several scenarios, draw by draw.

    What they share has the same draws in each; how inputs that differ depend on one another is said
    by the prior files, or --couple.

    Example: uncertain-scale compare h100-dense-fp8 h100-sparse-fp8 --budget 100M
    """
    options, scenarios = with_chips(options, scenarios, chips)
    if evidence and couple:
        raise QuestionError(
            "--couple has nothing to act on beside --evidence, where medians are compared and "
            "not draws; drop one of them"
        )
    with Bar() as bar:
        if evidence:
            result = _given_evidence(options, scenarios, evidence, prob, bar)
        else:
            result = compared(options, scenarios, prob, couple, bar)
    present(result.kind, result.document, form, folder=output, wide=wide)


def with_chips(
    options: RunOptions, scenarios: list[str] | None, chips: str | None
) -> tuple[RunOptions, list[str]]:
    """Return the options and the scenarios compared, those of chips behind the others.

    Raises QuestionError: they are fewer than two, or not named so.
    """
    from uncertain_scale.inputs.chip_scenarios import chip_scenario

    named = [chip_scenario(one, options.number_format) for one in names_of(chips)]
    scenarios = [*(scenarios or []), *named]
    if named:
        options = replace(options, number_format=None)
        note_reached(scenarios=scenarios, chips=None, number_format=None)
    _check(options, scenarios)
    return options, scenarios


def compared(
    options: RunOptions, scenarios: list[str], prob: list[float], couple: list[str], bar: Bar
) -> Result:
    """Answer under the first scenario and the others."""
    first, *others = _each(options, scenarios, bar)
    return first.compare(*others, couple=couple, prob=prob)


def _given_evidence(
    options: RunOptions, scenarios: list[str], evidence: list[str], prob: list[float], bar: Bar
) -> Result:
    """Update each scenario by the same evidence, and hold the others against the first."""
    problems, trees = _each(options, scenarios, bar), []
    for name, problem in zip(scenarios, problems, strict=True):
        interrupts.begun()
        try:
            trees.append(problem.given_evidence(evidence))
        except EvidenceError as error:
            raise EvidenceError([f"{name}: {fault}" for fault in error.faults]) from None
    return problems[0].held_against(trees, prob)


def _each(options: RunOptions, scenarios: list[str], bar: Bar) -> list[Asked]:
    """Return the question under each scenario."""
    return [replace(options, scenario=one).problem(bar, scenarios) for one in scenarios]


def _check(options: RunOptions, scenarios: list[str]) -> None:
    if options.scenario is not None:
        raise QuestionError(
            "compare takes scenarios by position, chips as --chips; drop --scenario or --chip"
        )
    if len(scenarios) < 2:
        found = ", ".join(scenarios) or "none"
        raise QuestionError(f"compare takes a base and at least one other; found {found}")
    options.checked_design()


@with_options
def sensitivity(
    options: RunOptions,
    of: Annotated[
        str | None,
        Option(
            "Outputs looked at; all by default.",
            "A,B",
            autocompletion=complete_variables,
        ),
    ] = None,
    on: On = Scale.value,
    group: Annotated[
        list[str],
        Option("Take inputs as one in Sobol' indices; repeatable.", "NAME=A,B"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
    second_order: Annotated[
        bool, Option("Sobol' indices of pairs of inputs too.", None, "--second-order")
    ] = False,
    loss: Annotated[
        str | None,
        Option(
            "What a wrong answer to --event costs: 'false yes=20M USD, false no=5M USD'.", "LOSS"
        ),
    ] = None,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("sensitivity.html, .md and .json")] = None,
) -> None:
    """Rank the inputs by how much of an answer's spread each accounts for.

    Example: uncertain-scale sensitivity --budget 100M --of training_flop
    """
    from uncertain_scale.analysis.sensitivity import parse_groups

    groups = parse_groups(group)
    options.checked_design()
    if loss is not None and len(options.event) != 1:
        events = f"{len(options.event)} events" if options.event else "no --event"
        raise QuestionError(f"--loss says what a wrong answer to one --event costs; found {events}")
    if evidence and (groups or loss is not None):
        option = "--group" if groups else "--loss"
        raise QuestionError(
            f"{option} needs inputs to be drawn one given another, which --evidence has tied "
            f"together in ways that only the draws know; drop {option} or --evidence"
        )
    more = {"group": groups, "second_order": second_order, "loss": loss, "evidence": evidence}
    result = ranked(options, names_of(of), on, **more)
    present(result.kind, result.document, form, folder=output, wide=wide)


def ranked(options: RunOptions, of: list[str], on: Scale, **more: Any) -> Result:
    """Rank the inputs of a question."""
    with Bar() as bar:
        return options.problem(bar, asked=of).sensitivity(*of, on=on.value, **more)


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

    beliefs, result = swept(options, points, steps, prob)
    if output is not None:
        save_draws(result.data, output / "sweep.nc")
    guides = gpt4_guides_of(beliefs)
    present("sweep", result.document, form, folder=output, wide=wide, guides=guides)


def gpt4_guides_of(beliefs: Priors) -> dict[str, float]:
    """Return multiples of GPT-4's FLOP, by the median of what is believed about them."""
    import numpy as np

    from uncertain_scale.report.figures.charts import gpt4_guides

    if "gpt4_flop" not in beliefs.inputs:
        return {}
    return gpt4_guides(float(beliefs.inputs["gpt4_flop"].ppf(np.array([0.5]))[0]))


def swept(
    options: RunOptions, points: list[str], steps: Steps, prob: list[float]
) -> tuple[Priors, Result]:
    """Answer at every point: the scenario, and the answers."""
    from uncertain_scale.analysis.swept import read_axes

    options.checked_design()
    fixed, axes = read_axes(options.givens(), points=_points(points), spacing=steps.value)
    last = {axis.name: f"{axis.values[-1]!r} {axis.units or ''}" for axis in axes}
    with Bar() as bar:
        problem = options.giving({**fixed, **last}).problem(bar)
        return problem.priors, problem.over(axes, prob)


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


@with_options
def decide(
    options: RunOptions,
    plan: Annotated[
        Path | None, Argument("A file of options, goals and limits.", "FILE.toml", reads="options")
    ] = None,
    option: Annotated[
        list[str],
        Option("What may be chosen: chip=H100,GB200 or gpus=10k..100k:10; repeatable.", "NAME=…"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
    maximise: Annotated[
        list[str], Option("A goal: a variable, mean(…), log(…), q05(…) or P(…).", "GOAL")
    ] = [],  # noqa: B006 (as above)
    minimise: Annotated[
        list[str], Option("The same, to be small; of two goals the first chooses.", "GOAL")
    ] = [],  # noqa: B006 (as above)
    limit: Annotated[
        list[str],
        Option("Such as 'facility_power <= 150 MW with 90%'; repeatable.", "A<=B [with P]"),
    ] = [],  # noqa: B006 (as above)
    pilot: Annotated[
        list[str],
        Option(
            "A measurement to weigh: 'mfu +- 10%', or with 'for 1M USD in 1,4 runs' behind it.",
            "INPUT+-ERROR",
        ),
    ] = [],  # noqa: B006 (as above)
    group: Annotated[
        list[str], Option("Inputs that would be known together; repeatable.", "NAME=A,B")
    ] = [],  # noqa: B006 (as above)
    loss: Annotated[
        str | None,
        Option(
            "A goal: what both sides of --event cost, 'false yes=20M USD, false no=5M USD'.", "LOSS"
        ),
    ] = None,
    search: Search = Search(),  # noqa: B008 (frozen)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("decision.html, .md, .json and .csv")] = None,
) -> None:
    """Choose among options under limits, on the same draws.

    Options are all combinations of what may be chosen, or those that a file lists.

    Example: uncertain-scale decide --budget 1B --option chip=H100,GB200 --maximise training_flop
    """
    from uncertain_scale.analysis.decide_search import choose, seek_choice
    from uncertain_scale.analysis.option_grid import read_choice
    from uncertain_scale.inputs.option_files import Options, read_options
    from uncertain_scale.report.completeness import incomplete_document, percent
    from uncertain_scale.report.decide_report import choice_document
    from uncertain_scale.sampling.limits import Stop

    design = options.checked_design()
    if options.outputs is not None or (options.event and loss is None):
        raise QuestionError(
            "decide asks for what its goals and limits name; drop --outputs, --event"
        )
    if loss is not None and len(options.event) != 1:
        raise QuestionError(
            f"--loss is of both sides of one --event; found {len(options.event)}, such as "
            "--event 'training_time <= 90 day'"
        )
    losses = [] if loss is None else [f"loss({options.event[0]}; {loss})"]
    goal, stop = search.goal(_DECIDED), Stop(search.seconds)
    typed = Options([], option, maximise, [*losses, *minimise], limit, pilot, group)
    asked = read_choice(
        read_options(plan).beside(typed) if plan is not None else typed,
        lambda *own: _option(options, *own),
        scenario=options.scenario,
        number_format=options.number_format,
    )
    extra: dict[str, Any] = {}
    with drawing(stop, search) as bar:
        if goal is None:
            counted = bar.counting(2 * design.chains, "chains")
            choice = choose(asked, design, stop=stop, progress=counted)
            if choice.design != design:
                finished = choice.design.chains
                extra["incomplete"] = incomplete_document(stop.why, finished, design.chains)
        else:

            def show(running: Design, finished: int, error: float) -> None:
                words = f"{running.chains:,} chains x {running.draws:,} draws"
                wanted = f"; ±{percent(error)}, wanted {percent(goal.precision)}"
                bar.show(finished, 2 * running.chains, words + (wanted if error < 1 else ""))

            sought = seek_choice(asked, design, goal, stop=stop, progress=show)
            choice, extra["search"] = sought.choice, sought.facts()
        interrupts.drawn()
    note_reached(draws=choice.design.draws, chains=choice.design.chains)
    document = choice_document(choice) | extra
    present("decide", document, form, folder=output, wide=wide)
    if stop.why == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _option(
    options: RunOptions, scenario: str | None, given: Mapping[str, str], wanted: Sequence[str]
) -> Problem:
    """Return the question of an option."""
    asked = options.giving({**options.givens(), **given})
    names = ",".join(wanted)
    asked = replace(asked, scenario=scenario, chip=None, number_format=None, outputs=names)
    return replace(asked, event=[]).prepare()
