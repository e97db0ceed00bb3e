"""Options, goals and limits as people type them, made into what `decide` chooses among."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.decide import Option
from uncertain_scale.analysis.goals import names_asked, parse_goal, parse_limit, parse_pilots
from uncertain_scale.analysis.sensitivity.sobol import parse_groups
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.model import ask
from uncertain_scale.units import SUFFIXES
from uncertain_scale.units.dates import DATE, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.analysis.goals import Goal, Limit, Pilot
    from uncertain_scale.inputs.option_files import Options
    from uncertain_scale.model import Problem

__all__ = ["Stated", "read_choice"]

_SCENARIOS = ("scenario", "chip", "number_format")
_MOST = 10_000
_LARGE = 1e15  # from where on numbers have exponents


@dataclass(frozen=True)
class Stated:
    """What `decide` takes."""

    options: Sequence[Option]
    goals: Sequence[Goal]
    limits: Sequence[Limit]
    pilots: Sequence[Pilot]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_choice(
    asked: Options,
    prepare: Callable[[str | None, Mapping[str, str], Sequence[str]], Problem],
    *,
    scenario: str | None = None,
    number_format: str | None = None,
) -> Stated:
    """Read a choice.

    Parameters
    ----------
    asked
        As it was typed.
    prepare
        Returns the question of an option: from its scenario, its own givens and the variables
        wanted.
    scenario, number_format
        Those of options that name none.

    Raises
    ------
    UncertainScaleError
        Fewer than two options, or more than 10,000; one that changes nothing or cannot be asked; no
        goal, or more than two; limits that contradict each other; what is no goal, limit or pilot.
    """
    settings = _combined(asked.options, asked.choose)
    count = len(asked.maximise) + len(asked.minimise)
    if not 1 <= count <= 2:
        raise QuestionError(
            f"decide has {count} goals; expected one or two, to maximise and minimise"
        )
    wanted = names_asked([*asked.maximise, *asked.minimise, *asked.limits])
    known: dict[tuple[Any, ...], Problem] = {}
    options = []
    for one in settings:
        own = _scenario(one, scenario, number_format)
        given = {name: value for name, value in one.items() if name not in {*_SCENARIOS, "name"}}
        key = own, tuple(given)
        if key not in known:  # those of one scenario and the same givens share a problem
            known[key] = prepare(own, given, wanted)
            _refuse_idle(known[key], given)
        problem = known[key]
        values = ask(problem.model, given).given if given else {}
        parts = [value if name in _SCENARIOS else f"{name} {value}" for name, value in one.items()]
        options.append(Option(one.get("name") or ", ".join(parts), problem.giving(values), one))
    if len({DATE in one.problem.question.given for one in options}) > 1:
        raise QuestionError("some options have a date and others have none; give each one a date")
    variables = options[0].problem.model.variables
    goals = [parse_goal(text, variables, maximise=True) for text in asked.maximise]
    goals += [parse_goal(text, variables, maximise=False) for text in asked.minimise]
    if len(goals) == 2 and goals[0].of == goals[1].of and goals[0].sign != goals[1].sign:
        raise QuestionError(
            f"to maximise {goals[0].text[:60]} and to minimise {goals[1].text[:60]} are of one "
            "variable and contradict each other; drop one"
        )
    limits = [parse_limit(text, variables) for text in asked.limits]
    _refuse_contradiction(limits)
    units = goals[0].units(variables)
    pilots = [one for text in asked.pilots for one in parse_pilots(text, variables, units)]
    for pilot in pilots:
        if pilot.cost is not None and goals[0].measure in {"log", "probability"}:
            raise QuestionError(
                f"pilot '{pilot.text[:60]}' has a cost, and the goal {goals[0].text[:40]} is a "
                f"{'mean of logarithms' if goals[0].measure == 'log' else 'probability'}, which "
                "none is taken off; take mean(…) of a variable in units of the cost"
            )
    return Stated(options, goals, limits, pilots, parse_groups(asked.groups))


def _combined(rows: Sequence[Mapping[str, str]], choices: Sequence[str]) -> list[dict[str, str]]:
    """Return the settings of each option: listed ones, times all combinations of the choices."""
    axes: dict[str, list[str]] = {}
    for text in choices:
        name, equals, values = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not (name and equals and values):
            raise QuestionError(
                f"option '{text[:60]}' is not of the form NAME=A,B or NAME=LOW..HIGH"
            )
        if name in axes or any(name in row for row in rows):
            raise QuestionError(f"options name {name} twice; keep one")
        axes[name] = _values(name, values)
        if len(axes[name]) < 2:
            raise QuestionError(
                f"option {name} has one value; expected two or more to choose among"
            )
    found = [
        {**row, **dict(zip(axes, values, strict=True))}
        for row in rows or [{}]
        for values in product(*axes.values())
    ]
    if len(found) < 2:
        raise QuestionError(
            "nothing to choose among; give options, such as chip=H100,GB200 or gpus=10k..100k:10"
        )
    if len(found) > _MOST:
        raise QuestionError(
            f"{len(found):,} options; expected at most {_MOST:,}: take fewer values"
        )
    return found


def _values(name: str, text: str) -> list[str]:
    """Return the values of a choice, as they would be typed."""
    if name in _SCENARIOS or ".." not in text:
        values = [part.strip() for part in text.split(",") if part.strip()]
        if len(set(values)) < len(values):
            raise QuestionError(f"option {name} lists a value twice; keep one")
        return values
    _, (axis,) = read_axes({name: text}, points=5)
    if name == DATE:  # a first day stands for its month or year
        days = (day_of(value).isoformat() for value in axis.values)
        return [day.removesuffix("-01").removesuffix("-01") for day in days]
    units = f" {axis.units}" if axis.units else ""
    short, whole = ([_typed(value, digits) for value in axis.values] for digits in (3, 12))
    written = short if len(set(short)) == len(short) else whole
    return [f"{one}{units}" for one in written]


def _typed(value: float, digits: int) -> str:
    """Return a number as people type it: 46.4k."""
    fitting = (one for one, size in SUFFIXES.items() if size <= abs(value) < _LARGE)
    suffix = max(fitting, key=SUFFIXES.__getitem__, default="")
    return f"{value / SUFFIXES.get(suffix, 1.0):.{digits}g}{suffix}".replace("e+", "e")


def _scenario(
    one: Mapping[str, str], scenario: str | None, number_format: str | None
) -> str | None:
    if chip := one.get("chip"):
        from uncertain_scale.inputs.chip_scenarios import chip_scenario

        if "scenario" in one:
            raise QuestionError(
                f"chip {chip[:40]} is a scenario of its own; drop {one['scenario']}"
            )
        return chip_scenario(chip, one.get("number_format", number_format))
    if "number_format" in one:
        raise QuestionError(
            "option number_format says how a chip trains; name the chip by option chip"
        )
    return one.get("scenario", scenario)


def _refuse_idle(problem: Problem, given: Mapping[str, str]) -> None:
    """Refuse what may be chosen and changes nothing."""
    idle = [name for name in given if name not in problem.plan.inputs]
    if idle:
        names = problem.question.outputs
        raise QuestionError(
            f"option {idle[0]} changes nothing: {listed(list(names))} do not rest on it; drop "
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
