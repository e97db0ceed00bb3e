"""`uncertain-scale decide`: which option is best under limits, and what would change that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.effort import Search, drawing
from uncertain_scale.cli.options import RunOptions, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Wide, present, saves
from uncertain_scale.cli.progress import INTERRUPTED, interrupts
from uncertain_scale.cli.record import note_reached
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design

_PROBS = (0.9,)


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
    from uncertain_scale.report.decide_report import choice_blocks, choice_document, csv_choice
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
    goal, stop = search.goal(_PROBS), Stop(search.seconds)
    typed = Options([], option, maximise, [*losses, *minimise], limit, pilot, group)
    asked = read_choice(
        read_options(plan).beside(typed) if plan is not None else typed,
        lambda *own: _prepare(options, *own),
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
    present(
        document,
        form,
        choice_blocks,
        csv_choice,
        folder=output,
        name="decision",
        keep_csv=True,
        wide=wide,
    )
    if stop.why == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _prepare(
    options: RunOptions, scenario: str | None, given: Mapping[str, str], wanted: Sequence[str]
) -> Problem:
    """Return the question of an option."""
    asked = options.giving({**options.givens(), **given})
    names = ",".join(wanted)
    asked = replace(asked, scenario=scenario, chip=None, number_format=None, outputs=names)
    return replace(asked, event=[]).prepare()
