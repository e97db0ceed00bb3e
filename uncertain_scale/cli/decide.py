"""`uncertain-scale decide`: which option is best under limits, and what would change that."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import RunOptions, names_of, with_options
from uncertain_scale.cli.output import PageForm, PageFormat, Wide, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.units import SUFFIXES
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.analysis.decide import Option as Choosable
    from uncertain_scale.model import Problem

_SCENARIOS = ("scenario", "chip", "number_format")
_MOST = 10_000
_LARGE = 1e15  # from where on numbers have exponents


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
    wide: Wide = False,
    output: Annotated[Path | None, saves("decision.html, .md, .json and .csv")] = None,
) -> None:
    """Choose among options under limits, on the same draws.

    Options are all combinations of what may be chosen, or those that a file lists.

    Example: uncertain-scale decide --budget 1B --option chip=H100,GB200 --maximise training_flop
    """
    from uncertain_scale.analysis.decide import decide as choose
    from uncertain_scale.analysis.goals import names_asked, parse_goal, parse_limit, parse_pilot
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
    settings = _combined(rows, option)
    if not 1 <= len(maximise) + len(minimise) <= 2:
        raise QuestionError(
            f"decide has {len(maximise) + len(minimise)} goals; expected one or two, by --maximise "
            "and --minimise"
        )
    wanted = names_asked([*maximise, *minimise, *limit])
    problems = list(_problems(options, settings, wanted))
    model = problems[0].problem.model
    goals = [parse_goal(text, model.variables, maximise=True) for text in maximise]
    goals += [parse_goal(text, model.variables, maximise=False) for text in minimise]
    limits = [parse_limit(text, model.variables) for text in limit]
    _refuse_contradiction(limits)
    of = goals[0].of
    units = str(model.variables[of]) if isinstance(of, str) else "1"
    pilots = [parse_pilot(text, model.variables, units) for text in pilot]
    with Bar() as bar:
        counted = bar.counting(2 * design.chains, "chains")
        choice = choose(problems, goals, design, limits=limits, pilots=pilots, progress=counted)
    document = choice_document(choice, design)
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


def _combined(rows: Sequence[Mapping[str, str]], choices: Sequence[str]) -> list[dict[str, str]]:
    """Return the settings of each option: listed ones, times all combinations of the choices."""
    axes: dict[str, list[str]] = {}
    for text in choices:
        name, equals, values = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not (name and equals and values):
            raise QuestionError(
                f"--option '{text[:60]}' is not of the form NAME=A,B or NAME=LOW..HIGH"
            )
        if name in axes or any(name in row for row in rows):
            raise QuestionError(f"--option names {name} twice; keep one")
        axes[name] = _values(name, values)
        if len(axes[name]) < 2:
            raise QuestionError(
                f"--option {name} has one value; expected two or more to choose among"
            )
    found = [
        {**row, **dict(zip(axes, values, strict=True))}
        for row in rows or [{}]
        for values in product(*axes.values())
    ]
    if len(found) < 2:
        raise QuestionError(
            "nothing to choose among; give options, such as --option chip=H100,GB200 or --option "
            "gpus=10k..100k:10"
        )
    if len(found) > _MOST:
        raise QuestionError(
            f"{len(found):,} options; expected at most {_MOST:,}: take fewer values"
        )
    return found


def _values(name: str, text: str) -> list[str]:
    """Return the values of a choice, as they would be typed."""
    if name in _SCENARIOS or ".." not in text:
        values = names_of(text)
        if len(set(values)) < len(values):
            raise QuestionError(f"--option {name} lists a value twice; keep one")
        return values
    from uncertain_scale.analysis.swept import read_axes

    span, colon, count = text.partition(":")
    if colon and not count.strip().isdecimal():
        raise QuestionError(
            f"--option {name} = '{text[:60]}': '{count[:20]}' is no number of values; expected "
            "LOW..HIGH:10"
        )
    _, (axis,) = read_axes({name: span}, points=int(count) if colon else 5)
    units = f" {axis.units}" if axis.units else ""
    short, whole = ([_typed(value, digits) for value in axis.values] for digits in (3, 12))
    written = short if len(set(short)) == len(short) and name != DATE else whole
    return [f"{one}{units}" for one in written]


def _typed(value: float, digits: int) -> str:
    """Return a number as people type it: 46.4k."""
    fitting = (one for one, size in SUFFIXES.items() if size <= abs(value) < _LARGE)
    suffix = max(fitting, key=SUFFIXES.__getitem__, default="")
    return f"{value / SUFFIXES.get(suffix, 1.0):.{digits}g}{suffix}".replace("e+", "e")


def _problems(
    options: RunOptions, settings: Sequence[Mapping[str, str]], wanted: Sequence[str]
) -> list[Choosable]:
    """Return the options, those of one scenario and the same givens with one problem."""
    from uncertain_scale.analysis.decide import Option as Choosable
    from uncertain_scale.model import ask

    known: dict[tuple[Any, ...], Problem] = {}
    found = []
    for one in settings:
        scenario = _scenario(options, one)
        given = {name: value for name, value in one.items() if name not in {*_SCENARIOS, "name"}}
        key = scenario, tuple(given)
        if key not in known:
            asked = replace(
                options.giving({**options.givens(), **given}),
                scenario=scenario,
                chip=None,
                number_format=None,
                outputs=",".join(wanted),
            )
            known[key] = problem = asked.prepare()
            _refuse_idle(problem, given)
        problem = known[key]
        values = ask(problem.model, given).given if given else {}
        parts = [value if name in _SCENARIOS else f"{name} {value}" for name, value in one.items()]
        label = one.get("name") or ", ".join(parts)
        found.append(Choosable(label, problem.giving(values), dict(one)))
    return found


def _scenario(options: RunOptions, one: Mapping[str, str]) -> str | None:
    if chip := one.get("chip"):
        from uncertain_scale.inputs.chip_scenarios import chip_scenario

        if "scenario" in one:
            raise QuestionError(
                f"chip {chip[:40]} is a scenario of its own; drop {one['scenario']}"
            )
        return chip_scenario(chip, one.get("number_format", options.number_format))
    if "number_format" in one:
        raise QuestionError(
            "--option number_format says how a chip trains; name it by --option chip"
        )
    return one.get("scenario", options.scenario)


def _refuse_idle(problem: Problem, given: Mapping[str, str]) -> None:
    """Refuse what may be chosen and changes nothing."""
    idle = [name for name in given if name not in problem.plan.inputs]
    if idle:
        names = problem.question.outputs
        raise QuestionError(
            f"--option {idle[0]} changes nothing: {listed(list(names))} do not rest on it; drop "
            "it, or name a goal or limit that does"
        )


def _refuse_contradiction(limits: Sequence[Any]) -> None:
    """Refuse two limits of one variable that no option can meet at once."""
    ends: dict[str, dict[str, tuple[float, Any]]] = {}
    for limit in limits:
        if len(limit.event.variables) > 1:
            continue
        name, sign, value = limit.event.threshold()
        side = "most" if sign in {"<=", "<"} else "least"
        ends.setdefault(name, {})[side] = (value, limit)
    for name, sides in ends.items():
        if len(sides) == 2 and sides["least"][0] > sides["most"][0]:
            first, second = sides["most"][1], sides["least"][1]
            if first.probability + second.probability > 1:
                raise QuestionError(
                    f"the limits '{first.text}' and '{second.text}' contradict each other: no "
                    f"{name} meets both that often; drop one"
                )
