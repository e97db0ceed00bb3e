"""The options that say what is asked and how it is drawn, shared by every command that asks.

A command takes them as one `RunOptions`; `with_options` spells its fields out for typer.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar, get_type_hints

from uncertain_scale.cli.command import (
    DRAWS,
    Option,
    complete_assignment,
    complete_chip,
    complete_event,
    complete_scenario,
    complete_variable,
    complete_variables,
    whole_number,
    with_parameters,
)
from uncertain_scale.cli.record import note_priors, note_reached, note_recorded
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.query import Query
    from uncertain_scale.api.analyses import Problem as Asked
    from uncertain_scale.api.analyses import Watch
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model, Problem
    from uncertain_scale.sampling import Design

_GIVENS = ("budget", "gpus", "training_time", "training_flop", "date")


class _Answers:
    """A stream that is another one inside of equations, in each thread by itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        from uncertain_scale.model.calls import running

        return getattr(sys.stderr if running() else self._stream, name)


def keep_for_answers(equations: list[Any]) -> list[Any]:
    """Keep standard output for answers once there are equations; return them as they are.

    What a user's equations print goes to standard error.
    """
    if equations and not isinstance(sys.stdout, _Answers):
        sys.stdout = _Answers(sys.stdout)
    return equations


def readers_day(stated: str | None) -> str:
    """Return the reader's day as ISO text; today where none is stated."""
    from uncertain_scale.model.question import as_day

    day = as_day(stated, "--as-of") or dt.date.today()  # noqa: DTZ011 (the reader's day is local)
    return day.isoformat()


belief = partial(Option, panel="Beliefs")
"""Declare an option that says what is believed."""
_question = partial(Option, panel="Question")
_draws = partial(Option, panel=DRAWS)

Scenario = Annotated[
    str | None,
    belief(
        "Shipped scenario or prior file (.toml).",
        "NAME|FILE",
        reads="scenario",
        replay="merged",
        autocompletion=complete_scenario,
    ),
]
ChipName = Annotated[
    str | None,
    belief(
        "The scenario of a chip, such as GB300: see `chips`.",
        "CHIP",
        replay="merged",
        autocompletion=complete_chip,
    ),
]
NumberFormat = Annotated[
    str | None,
    belief("What the chip trains in; 16 bits by default.", "bf16|fp8|fp4", replay="merged"),
]
Changes = Annotated[
    list[str],
    belief(
        'Replace a prior: 2.0, "1.4 to 3.2" or "lognormal(q05=1.4, q95=3.2)"; repeatable.',
        "INPUT=DIST",
        "--set",
        replay="merged",
        autocompletion=complete_assignment,
    ),
]
Overlays = Annotated[
    list[Path],
    belief(
        "Lay a prior file over the scenario; alone without one.",
        "FILE.toml",
        reads="overlay",
        replay="merged",
    ),
]
Equations = Annotated[
    list[Path],
    belief(
        "Equations of your own, a Python file, which is run.",
        "FILE.py",
        reads="equations",
        callback=keep_for_answers,
    ),
]
ExtendsBuiltin = Annotated[
    bool,
    belief(
        "Use the built-in equations beside --equations that have priors of their own.",
        None,
        "--extends-builtin",
    ),
]
AsOf = Annotated[
    str | None,
    Option(
        "Day to which the ages of figures are counted; today by default.",
        "YYYY-MM-DD",
        replay="recorded",
        callback=readers_day,
    ),
]
Draws = Annotated[int, _draws("Draws of a chain.", "N", parser=whole_number)]
Chains = Annotated[int, _draws("Independent randomisations.", "K", parser=whole_number)]
DesignName = Annotated[str, _draws("How draws fill the cube.", "sobol|lhs|random")]
Seed = Annotated[int, _draws("Seed of the random streams.", "S", parser=whole_number)]
Scheduler = Annotated[
    str | None,
    _draws("Draw on a dask cluster instead of here.", "tcp://HOST:PORT", replay="dropped"),
]


@dataclass(frozen=True)
class RunOptions:
    """What is asked, believed and drawn, as it was typed."""

    budget: Annotated[str | None, _question("Cost of time, such as 100M (USD).", "VALUE")] = None
    gpus: Annotated[str | None, _question("GPUs of the cluster, such as 25k.", "VALUE")] = None
    training_time: Annotated[
        str | None, _question("Length of the run, such as 80day.", "VALUE")
    ] = None
    training_flop: Annotated[str | None, _question("Training compute, such as 2e26.", "VALUE")] = (
        None
    )
    date: Annotated[
        str | None,
        _question("When: inputs that move are of then, such as 2027-07.", "DATE"),
    ] = None
    given: Annotated[
        list[str],
        _question(
            "Any other variable that is known; repeatable.",
            "NAME=VALUE",
            autocompletion=complete_assignment,
        ),
    ] = field(default_factory=list)
    free: Annotated[
        list[str],
        _question(
            "Drop an input's prior and solve for it; repeatable.",
            "INPUT",
            autocompletion=complete_variable,
        ),
    ] = field(default_factory=list)
    outputs: Annotated[
        str | None,
        _question("Variables wanted; `all` for all.", "A,B", autocompletion=complete_variables),
    ] = None
    event: Annotated[
        list[str],
        _question(
            "How likely is it? Such as 'training_flop >= 1e26'; repeatable.",
            "A>=B",
            autocompletion=complete_event,
        ),
    ] = field(default_factory=list)
    scenario: Scenario = None
    chip: ChipName = None
    number_format: NumberFormat = None
    believed: Changes = field(default_factory=list)
    priors: Overlays = field(default_factory=list)
    equations: Equations = field(default_factory=list)
    extends_builtin: ExtendsBuiltin = False
    as_of: AsOf = None
    draws: Draws = 4096
    chains: Chains = 16
    design: DesignName = "sobol"
    seed: Seed = 0

    def __post_init__(self) -> None:
        """Let a chip's scenario stand for the chip."""
        if self.chip is not None:
            named = scenario_of_chip(self.scenario, self.chip, self.number_format)
            for name, value in (("scenario", named), ("chip", None), ("number_format", None)):
                object.__setattr__(self, name, value)

    def asks(self) -> bool:
        """Return whether a question was asked at all."""
        return bool(self.givens() or self.free or self.outputs)

    def query(self) -> Query:
        """Return the question as it was typed.

        Raises QuestionError: an option is not of its form.
        """
        from uncertain_scale.analysis.query import Query

        return Query(
            given=self.givens(),
            changes=self.changes(),
            free=tuple(self.free),
            outputs=tuple(names_of(self.outputs)),
            events=tuple(self.event),
            scenario=self.scenario,
            priors=tuple(self.priors),
            equations=tuple(self.equations),
            extends_builtin=self.extends_builtin,
            as_of=self.as_of,
            option="--set",
        )

    def prepare(self, beside: Sequence[str] = (), asked: Sequence[str] = ()) -> Problem:
        """Return the question to the model under the scenario.

        The same is asked of the scenarios `beside`, and variables `asked` are looked at besides.
        """
        problem = self._stated().problem(beside, asked)
        note_priors(self.scenario, problem.priors)
        if self.equations and problem.model.builtin_variables:
            note_recorded(extends_builtin=True)  # the priors that a record merges extend nothing
        return problem

    def answerable(self) -> tuple[RunOptions, Problem]:
        """Return the question, its date sought where two givens contradict each other without one.

        Raises
        ------
        QuestionError
            As `prepare` does, or no date is such that both hold.
        """
        problem, query = self.prepare(), self.query()
        dated = query.dated(problem)
        if dated is query:
            return self, problem
        options = replace(self, free=list(dated.free))
        note_reached(free=options.free)
        return options, options.prepare()

    def read(self, beside: Sequence[str] = ()) -> tuple[Model, Priors, list[str]]:
        """Return the model, the scenario as its files state it, and the variables of events."""
        return self._stated().read(beside)

    def events(self, model: Model) -> list[Event]:
        """Return the events whose probabilities are asked for."""
        return self.query().events_in(model.variables)

    def _stated(self) -> Query:
        if self.number_format is not None:
            raise QuestionError("--number-format says how a chip trains; name it by --chip")
        return self.query()

    def problem(
        self,
        watch: Watch,
        beside: Sequence[str] = (),
        asked: Sequence[str] = (),
    ) -> Asked:
        """Return the question as `prepare` does, with the analyses of the Python interface."""
        from uncertain_scale.api import Problem

        design = self.checked_design()  # a wrong option is reported before any file is read
        made, query = self.prepare(beside, asked), self.query()
        return Problem(made.model, made.priors, made.question, design, query.events, query, watch)

    def checked_design(self) -> Design:
        """Return the design that the options describe."""
        from uncertain_scale.sampling import Design

        return Design(
            kind=self.design,  # type: ignore[arg-type]
            draws=self.draws,
            chains=self.chains,
            seed=self.seed,
        )

    def giving(self, given: Mapping[str, str]) -> RunOptions:
        """Return the same options with other givens."""
        typed = [f"{name}={value}" for name, value in given.items()]
        named: dict[str, Any] = dict.fromkeys(_GIVENS)
        return replace(self, given=typed, **named)

    def asking(self, given: Mapping[str, str]) -> RunOptions:
        """Return the same options with other givens, in their order, on which draws may hang."""
        own = {name: given[name] for name in _GIVENS if name in given}
        rest = {name: value for name, value in given.items() if name not in own}
        asked = replace(self.giving(rest), **own)  # type: ignore[arg-type]
        return asked if list(asked.givens()) == list(given) else self.giving(given)

    def changes(self) -> dict[str, str]:
        """Return the inputs whose priors are replaced, as it was typed."""
        return _pairs(self.believed, "--set")

    def givens(self) -> dict[str, str]:
        """Return what is given, by variable, as it was typed."""
        given = _pairs(self.given, "--given")
        for name in _GIVENS:
            value = getattr(self, name)
            if value is not None and given.setdefault(name, value) != value:
                raise QuestionError(f"{name} is given twice; keep one")
        return given


def scenario_of_chip(scenario: str | None, chip: str, number_format: str | None) -> str:
    """Return the scenario that a chip and a format are, for the record in their place.

    Raises QuestionError: there is no such chip or format, or a scenario is named besides.
    """
    from uncertain_scale.inputs.chip_scenarios import chip_scenario

    if scenario is not None:
        raise QuestionError(f"--chip {chip[:40]} is a scenario of its own; drop it or {scenario}")
    named = chip_scenario(chip, number_format)
    note_reached(scenario=named, chip=None, number_format=None)
    return named


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    """Read NAME=VALUE options."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise QuestionError(f"{option} '{text[:80]}' is not of the form NAME=VALUE")
        if pairs.setdefault(name, value) != value:
            raise QuestionError(f"{option} names {name} twice; keep one")
    return pairs


def names_of(text: str | None) -> list[str]:
    """Read a list of names with commas between them."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


_Result = TypeVar("_Result")


def with_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Spell out, in a command's signature, the fields of its parameters such as `RunOptions`."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    groups: dict[str, Any] = {
        one.name: one.annotation for one in own if is_dataclass(one.annotation)
    }

    @functools.wraps(command)
    def spelled_out(**arguments: Any) -> _Result:
        made = {}
        for name, group in groups.items():
            stated = {one.name for one in fields(group)} & arguments.keys()
            made[name] = group(**{one: arguments.pop(one) for one in stated})
        return command(**made, **arguments)

    spelled = (_parameters(groups[one.name]) if one.name in groups else [one] for one in own)
    return with_parameters(spelled_out, [one for part in spelled for one in part])


def _parameters(group: Any) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as parameters of a command."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[one.name],
            default=[] if one.default is MISSING else one.default,
        )
        for one in fields(group)
    ]
