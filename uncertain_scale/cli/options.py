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

from uncertain_scale.cli import completion
from uncertain_scale.cli.command import DRAWS, Option, whole_number, with_parameters
from uncertain_scale.cli.progress import interrupts
from uncertain_scale.cli.record import note_priors, note_reached
from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.analysis.events import Event
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
        autocompletion=completion.scenarios,
    ),
]
ChipName = Annotated[
    str | None,
    belief(
        "The scenario of a chip, such as GB300: see `chips`.",
        "CHIP",
        replay="merged",
        autocompletion=completion.chip_names,
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
        autocompletion=completion.assigned,
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
            autocompletion=completion.assigned,
        ),
    ] = field(default_factory=list)
    free: Annotated[
        list[str],
        _question(
            "Drop an input's prior and solve for it; repeatable.",
            "INPUT",
            autocompletion=completion.variables,
        ),
    ] = field(default_factory=list)
    outputs: Annotated[
        str | None,
        _question(
            "Variables wanted; `all` for all.", "A,B", autocompletion=completion.listed_variables
        ),
    ] = None
    event: Annotated[
        list[str],
        _question(
            "How likely is it? Such as 'training_flop >= 1e26'; repeatable.",
            "A>=B",
            autocompletion=completion.events,
        ),
    ] = field(default_factory=list)
    scenario: Scenario = None
    chip: ChipName = None
    number_format: NumberFormat = None
    believed: Changes = field(default_factory=list)
    priors: Overlays = field(default_factory=list)
    equations: Equations = field(default_factory=list)
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

    def prepare(self, beside: Sequence[str] = (), asked: Sequence[str] = ()) -> Problem:
        """Return the question to the model under the scenario.

        The same is asked of the scenarios `beside`, and variables `asked` are looked at besides.
        """
        from uncertain_scale.model import Problem, ask, believe

        model, priors, also = self.read(beside, asked)
        question = ask(
            model,
            self.givens(),
            outputs=names_of(self.outputs),
            free=self.free,
            also=also,
            as_of=self.as_of,
        )
        believed = believe(priors, model, self.changes(), option="--set", question=question)
        if beside and self.scenario:
            believed = replace(believed, name=_label(believed.name, self.scenario, beside))
        note_priors(self.scenario, believed)
        return Problem(model, believed, question)

    def answerable(self) -> tuple[RunOptions, Problem]:
        """Return the question, its date sought where two givens contradict each other without one.

        Raises
        ------
        QuestionError
            As `prepare` does, or no date is such that both hold.
        """
        problem = self.prepare()
        if self.with_date or len(self.givens()) != 2:
            return self, problem
        try:
            _ = problem.plan
        except OverdeterminedError as error:
            dated = replace(self, free=[*self.free, DATE])
            try:
                problem = dated.prepare()
                _ = problem.plan
            except QuestionError:
                raise error from None
            note_reached(free=dated.free)
            return dated, problem
        return self, problem

    def read(
        self, beside: Sequence[str] = (), asked: Sequence[str] = ()
    ) -> tuple[Model, Priors, list[str]]:
        """Return the model, the scenario as its files state it, and the variables of events."""
        from uncertain_scale.model.model import OwnEquations

        if self.number_format is not None:
            raise QuestionError("--number-format says how a chip trains; name it by --chip")
        from uncertain_scale.sampling.sample import prepare

        own = OwnEquations.read(self.equations)
        if self.with_date:  # the variables of trends are not known yet
            from uncertain_scale.analysis.events import names_in

            also = [name for text in self._chances() for name in names_in(text)]
        else:
            also = [name for event in self._events(own.variables) for name in event.variables]
        model, priors = prepare(
            self.scenario,
            equations=own,
            priors=self.priors,
            known=(*self.givens(), *self.changes()),
            asked=(*names_of(self.outputs), *also, *asked),
            free=self.free,
            beside=beside,
        )
        return model, priors, also

    def events(self, model: Model) -> list[Event]:
        """Return the events whose probabilities are asked for."""
        return self._events(model.variables)

    def _events(self, variables: Mapping[str, str]) -> list[Event]:
        if not (chances := self._chances()):
            return []
        from uncertain_scale.analysis.events import parse_event

        return [parse_event(text, variables) for text in chances]

    def _chances(self) -> list[str]:
        """Return the events asked for, and those that answers come with.

        That a date that is sought is none up to the last, and that a limit is the one that binds.
        """
        if not self.with_date:
            return list(dict.fromkeys(self.event))
        from uncertain_scale.model import default_model
        from uncertain_scale.units.dates import NEVER_AFTER

        named = {*self.free, *names_of(self.outputs)}
        more = [NEVER_AFTER] if DATE in named and DATE not in self.givens() else []
        laws = [law for law in default_model().equations if law.target in named]
        more += [f"{limit} <= {law.target}" for law in laws for limit in law.limits]
        return list(dict.fromkeys((*self.event, *more)))

    @property
    def with_date(self) -> bool:
        """Whether the question has a date, known or sought."""
        named = {*self.givens(), *self.changes(), *self.free, *names_of(self.outputs)}
        return not {DATE, FIRST_DATE}.isdisjoint(named) or any(DATE in text for text in self.event)

    def under(self, scenario: str) -> RunOptions:
        """Return the same question to another scenario."""
        return replace(self, scenario=scenario)

    def run(self) -> xr.DataTree:
        """Answer the question with draws."""
        from uncertain_scale.sampling import sample

        design = self.checked_design()  # a wrong option is reported before any file is read
        drawn = sample(self.prepare(), design)
        interrupts.drawn()
        return drawn

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


def _label(name: str, scenario: str, beside: Sequence[str]) -> str:
    """Return the name of a scenario and its overlays among others, which may be called alike."""
    from uncertain_scale.inputs.catalog import find_prior_file, scenario_labels

    paths = [find_prior_file(one) for one in (scenario, *beside)]
    return f"{scenario_labels(paths)[0]}{name.removeprefix(paths[0].stem)}"


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
