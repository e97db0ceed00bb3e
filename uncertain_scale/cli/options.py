"""The options that say what is asked and how it is drawn, shared by every command that asks.

A command takes them as one `RunOptions`; `with_run_options` spells its fields out for typer.
"""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from uncertain_scale.cli.answers import keep_for_answers
from uncertain_scale.cli.command import DRAWS
from uncertain_scale.cli.interrupts import interrupts
from uncertain_scale.cli.record import note_priors
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model, Problem
    from uncertain_scale.sampling import Design

__all__ = [
    "Chains",
    "DesignName",
    "Draws",
    "Equations",
    "RunOptions",
    "Scheduler",
    "Seed",
    "command_of",
    "names_of",
    "with_run_options",
]

_QUESTION = "Question"
_BELIEFS = "Beliefs"
_PROBS = [0.9, 0.5, 0.95]
_GIVENS = ("budget", "gpus", "training_time", "training_flop")
_DESIGN = ("draws", "chains", "design", "seed")


def _option(help_text: str, panel: str, metavar: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help_text, rich_help_panel=panel, metavar=metavar, **more)


Draws = Annotated[int, _option("Draws of a chain.", DRAWS, "N")]
Chains = Annotated[int, _option("Independent randomisations.", DRAWS, "K")]
DesignName = Annotated[str, _option("How draws fill the cube.", DRAWS, "sobol|lhs|random")]
Seed = Annotated[int, _option("Seed of the random streams.", DRAWS, "S")]
Scheduler = Annotated[
    str | None, _option("Draw on a dask cluster instead of here.", DRAWS, "tcp://HOST:PORT")
]
Equations = Annotated[
    list[Path],
    _option(
        "Equations of your own, a Python file, which is run.",
        _BELIEFS,
        "FILE.py",
        callback=keep_for_answers,
    ),
]


@dataclass(frozen=True)
class RunOptions:
    """What is asked, believed and drawn, as it was typed."""

    budget: Annotated[
        str | None,
        _option("Cost of time, such as 100M (USD).", _QUESTION, "VALUE"),
    ] = None
    gpus: Annotated[
        str | None,
        _option("GPUs of the cluster, such as 25k.", _QUESTION, "VALUE"),
    ] = None
    training_time: Annotated[
        str | None,
        _option("Length of the run, such as 80day.", _QUESTION, "VALUE"),
    ] = None
    training_flop: Annotated[
        str | None,
        _option("Training compute, such as 2e26.", _QUESTION, "VALUE"),
    ] = None
    given: Annotated[
        list[str],
        _option("Any other variable that is known; repeatable.", _QUESTION, "NAME=VALUE"),
    ] = field(default_factory=list)
    free: Annotated[
        list[str],
        _option("Drop an input's prior and solve for it; repeatable.", _QUESTION, "INPUT"),
    ] = field(default_factory=list)
    outputs: Annotated[
        str | None,
        _option("Variables wanted; `all` for all.", _QUESTION, "A,B"),
    ] = None
    event: Annotated[
        list[str],
        _option(
            "How likely is it? Such as 'training_flop >= 1e26'; repeatable.",
            _QUESTION,
            "A>=B",
        ),
    ] = field(default_factory=list)
    scenario: Annotated[
        str | None,
        _option("Shipped scenario or prior file (.toml).", _BELIEFS, "NAME|FILE"),
    ] = None
    believed: Annotated[
        list[str],
        _option(
            'Replace a prior: 2.0, "1.4 to 3.2" or "lognormal(q05=1.4, q95=3.2)"; repeatable.',
            _BELIEFS,
            "INPUT=DIST",
            "--set",
        ),
    ] = field(default_factory=list)
    priors: Annotated[
        list[Path],
        _option("Lay a prior file over the scenario; alone without one.", _BELIEFS, "FILE.toml"),
    ] = field(default_factory=list)
    equations: Equations = field(default_factory=list)
    draws: Draws = 4096
    chains: Chains = 16
    design: DesignName = "sobol"
    seed: Seed = 0

    def asks(self) -> bool:
        """Tell whether a question was asked at all."""
        return bool(self.givens() or self.free or self.outputs)

    def prepare(self, beside: Sequence[str] = (), asked: Sequence[str] = ()) -> Problem:
        """Return the question to the model under the scenario.

        Parameters
        ----------
        beside
            Other scenarios of which the same is asked.
        asked
            Variables that are looked at besides those of the question.
        """
        from uncertain_scale.model import Problem, ask, believe

        model, priors, also = self.read(beside, asked)
        question = ask(
            model, self.givens(), outputs=names_of(self.outputs), free=self.free, also=also
        )
        believed = believe(priors, model, self.changes(), option="--set", question=question)
        note_priors(self.scenario, believed)
        return Problem(model, believed, question)

    def read(
        self, beside: Sequence[str] = (), asked: Sequence[str] = ()
    ) -> tuple[Model, Priors, list[str]]:
        """Return the model, the scenario as its files state it, and the variables of events."""
        from uncertain_scale.analysis.events import parse_event
        from uncertain_scale.model.own import OwnEquations
        from uncertain_scale.sampling.sample import prepare

        own = OwnEquations.read(self.equations)
        events = [parse_event(text, own.variables) for text in self.event]
        also = [name for event in events for name in event.variables]
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
        from uncertain_scale.analysis.events import parse_event

        return [parse_event(text, model.variables) for text in dict.fromkeys(self.event)]

    def under(self, scenario: str) -> RunOptions:
        """Return the same question to another scenario."""
        return replace(self, scenario=scenario)

    def run(self) -> xr.DataTree:
        """Answer the question with draws."""
        from uncertain_scale.sampling import sample

        design = self.checked_design()  # a wrong option is told before any file is read
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

    def words(self, command: str, *more: str, spelt_out: bool = False) -> str:
        """Return the command line that asks the same: what is not as it would be without asking.

        With `spelt_out` it says how draws are made in any case.
        """
        hints = get_type_hints(type(self), include_extras=True)
        words = ["uncertain-scale", command, *more]
        for option in fields(self):
            value, default = getattr(self, option.name), option.default
            declared = hints[option.name].__metadata__[0].default  # typer keeps a name there
            name = declared if isinstance(declared, str) else f"--{option.name.replace('_', '-')}"
            if value != default or (spelt_out and option.name in _DESIGN):
                for one in value if isinstance(value, list) else [value]:
                    words += [name, str(one)]
        return shlex.join(words)

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


def command_of(
    options: RunOptions,
    command: str,
    *positional: str,
    prob: Sequence[float] = (),
    spelt_out: bool = False,
) -> str:
    """Return the command line that asks the same, with options of the command's own."""
    own = [] if list(prob) == _PROBS else prob
    more = [word for one in own for word in ("--prob", f"{one:g}")]
    return options.words(command, *positional, *more, spelt_out=spelt_out)


def names_of(text: str | None) -> list[str]:
    """Read a list of names with commas between them."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


_Result = TypeVar("_Result")


def with_run_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Spell out `RunOptions` in the signature of a command whose first parameter it is."""
    hints = get_type_hints(RunOptions, include_extras=True)
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[1:]
    shared = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[option.name],
            default=[] if option.default is MISSING else option.default,
        )
        for option in fields(RunOptions)
    ]
    names = {option.name for option in shared}

    @functools.wraps(command)
    def spelled_out(**arguments: Any) -> _Result:
        options = RunOptions(**{k: v for k, v in arguments.items() if k in names})
        return command(options, **{k: v for k, v in arguments.items() if k not in names})

    parameters = [*shared, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own)]
    spelled_out.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    spelled_out.__annotations__ = {p.name: p.annotation for p in parameters}
    return spelled_out
