"""`uncertain-scale decide`: which option is best under limits, and what would change that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import RunOptions, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.model import Problem


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
        Option("A measurement to weigh, such as 'mfu +- 10%'; repeatable.", "INPUT+-ERROR"),
    ] = [],  # noqa: B006 (as above)
    form: PageForm = PageFormat.terminal,
    output: Annotated[Path | None, saves("decision.html, .md, .json and .csv")] = None,
) -> None:
    """Choose among options under limits, on the same draws.

    Options are all combinations of what may be chosen, or those that a file lists.

    Example: uncertain-scale decide --budget 1B --option chip=H100,GB200 --maximise training_flop
    """
    from uncertain_scale.analysis.choices import choosable, combined, read_aims, refuse_goals
    from uncertain_scale.analysis.decide import decide as choose
    from uncertain_scale.analysis.goals import names_asked
    from uncertain_scale.report.decide_report import choice_blocks, choice_document, csv_choice

    design = options.checked_design()
    if options.outputs is not None or options.event:
        raise QuestionError(
            "decide asks for what its goals and limits name; drop --outputs, --event"
        )
    rows: list[dict[str, str]] = []
    if plan is not None:
        from uncertain_scale.inputs.option_files import read_options

        found = read_options(plan)
        rows = found.options
        option = [*found.choose, *option]
        maximise, minimise = [*found.maximise, *maximise], [*found.minimise, *minimise]
        limit, pilot = [*found.limits, *limit], [*found.pilots, *pilot]
    settings = combined(rows, option)
    refuse_goals(len(maximise) + len(minimise))
    wanted = names_asked([*maximise, *minimise, *limit])

    def asked(scenario: str | None, given: Mapping[str, str]) -> Problem:
        stated = options.giving({**options.givens(), **given})
        own = {"scenario": scenario, "chip": None, "number_format": None}
        return replace(stated, **own, outputs=",".join(wanted)).prepare()  # type: ignore[arg-type]

    problems = choosable(settings, asked, options.scenario, options.number_format)
    goals, limits, pilots = read_aims(
        problems[0].problem.model.variables,
        maximise=maximise,
        minimise=minimise,
        limits=limit,
        pilots=pilot,
    )
    with Bar() as bar:
        counted = bar.counting(2 * design.chains, "chains")
        choice = choose(problems, goals, design, limits=limits, pilots=pilots, progress=counted)
    document = choice_document(choice, design)
    present(
        document, form, choice_blocks, csv_choice, folder=output, name="decision", keep_csv=True
    )
