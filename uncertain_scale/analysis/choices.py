"""What may be chosen, in words: settings of options, all their combinations, and their problems."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.decide import Option
from uncertain_scale.analysis.goals import parse_goal, parse_limit, parse_pilot
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.model import ask
from uncertain_scale.units import SUFFIXES
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.analysis.goals import Goal, Limit, Pilot
    from uncertain_scale.model import Problem

_SCENARIOS = ("scenario", "chip", "number_format")
_MOST = 10_000
_LARGE = 1e15  # from where on numbers have exponents


def combined(rows: Sequence[Mapping[str, str]], choices: Sequence[str]) -> list[dict[str, str]]:
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
        values = [one.strip() for one in text.split(",") if one.strip()]
        if len(set(values)) < len(values):
            raise QuestionError(f"--option {name} lists a value twice; keep one")
        return values
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


def choosable(
    settings: Sequence[Mapping[str, str]],
    problem_of: Callable[[str | None, Mapping[str, str]], Problem],
    scenario: str | None = None,
    number_format: str | None = None,
) -> list[Option]:
    """Return the options, those of one scenario and the same givens with one problem.

    Parameters
    ----------
    settings
        Of each option, by name, as `combined` returns them.
    problem_of
        Asks a scenario, or the question's own, with further givens.
    scenario, number_format
        Those of options that name none.

    Raises
    ------
    QuestionError
        A setting changes nothing, or two contradict each other.
    """
    known: dict[tuple[Any, ...], Problem] = {}
    found = []
    for one in settings:
        named = _scenario(one, scenario, number_format)
        given = {name: value for name, value in one.items() if name not in {*_SCENARIOS, "name"}}
        key = named, tuple(given)
        if key not in known:
            known[key] = problem_of(named, given)
            _refuse_idle(known[key], given)
        problem = known[key]
        values = ask(problem.model, given).given if given else {}
        parts = [value if name in _SCENARIOS else f"{name} {value}" for name, value in one.items()]
        label = one.get("name") or ", ".join(parts)
        found.append(Option(label, problem.giving(values), dict(one)))
    return found


def read_aims(
    variables: Mapping[str, str],
    *,
    maximise: Sequence[str],
    minimise: Sequence[str],
    limits: Sequence[str],
    pilots: Sequence[str],
) -> tuple[list[Goal], list[Limit], list[Pilot]]:
    """Read goals, limits and pilots by the units of a model's variables.

    Raises
    ------
    QuestionError
        One cannot be read, or two limits contradict each other.
    """
    goals = [parse_goal(text, variables, maximise=True) for text in maximise]
    goals += [parse_goal(text, variables, maximise=False) for text in minimise]
    read = [parse_limit(text, variables) for text in limits]
    _refuse_contradiction(read)
    of = goals[0].of
    units = str(variables[of]) if isinstance(of, str) else "1"
    return goals, read, [parse_pilot(text, variables, units) for text in pilots]


def refuse_goals(count: int) -> None:
    """Refuse a number of goals that no choice is made by: one or two."""
    if not 1 <= count <= 2:
        raise QuestionError(
            f"decide has {count} goals; expected one or two, by --maximise and --minimise"
        )


def _scenario(
    one: Mapping[str, str], scenario: str | None, number_format: str | None
) -> str | None:
    if chip := one.get("chip"):
        if "scenario" in one:
            raise QuestionError(
                f"chip {chip[:40]} is a scenario of its own; drop {one['scenario']}"
            )
        return chip_scenario(chip, one.get("number_format", number_format))
    if "number_format" in one:
        raise QuestionError(
            "--option number_format says how a chip trains; name it by --option chip"
        )
    return one.get("scenario", scenario)


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
