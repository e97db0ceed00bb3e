"""What a person looks at: a question, scenarios, edited inputs, and how draws are made.

A `View` is frozen: each change makes another, so that an answer always belongs to one view. What is
asked of the engine follows from a view alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.analysis.query import has_date
from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs import Prior, Priors, load_priors
from uncertain_scale.inputs.prior import loose_ends
from uncertain_scale.inputs.writing import overlay_file
from uncertain_scale.sampling import Design
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.model import Model, Problem

EDITS = "explored.toml"
"""Name of the prior file that holds the edits of a view."""
_STEM = Path(EDITS).stem


class Scenarios:
    """Scenarios in the units of a model's variables, each read once until it is forgotten."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._known: dict[tuple[str, tuple[Path, ...]], Priors] = {}
        self._dated: dict[tuple[str, tuple[Path, ...]], Scenarios] = {}

    def read(self, source: str, overlays: tuple[Path, ...] = ()) -> Priors:
        """Return a scenario with prior files laid over it.

        Raises
        ------
        PriorError
            Everything that is wrong with the files.
        """
        key = source, overlays
        if key not in self._known:
            variables = self.model.variables
            self._known[key] = load_priors(source, overlays=overlays, variables=variables)
        return self._known[key]

    def dated(self, source: str, overlays: tuple[Path, ...]) -> Scenarios:
        """Return scenarios for questions with a date, by the trends of one of them.

        Raises
        ------
        PriorError
            Everything that is wrong with the files.
        """
        if DATE in self.model.variables:
            return self
        key = source, overlays
        if key not in self._dated:
            variables = self.model.variables
            priors = load_priors(source, overlays=overlays, variables=variables, with_date=True)
            self._dated[key] = Scenarios(self.model.with_trends(priors))
        return self._dated[key]

    def forget(self) -> None:
        """Read the files again when they are next asked for: they may have been changed."""
        self._known.clear()
        self._dated.clear()


def scenarios_for(view: View) -> Scenarios:
    """Return scenarios in the variables of the model that a view asks, whose equations are run.

    Raises
    ------
    UncertainScaleError
        A fault of the equations or of a prior file.
    """
    from uncertain_scale.analysis.events import names_in
    from uncertain_scale.sampling.sample import prepare

    asked = (*view.outputs, *(name for text in view.events for name in names_in(text)))
    known, asked, free = (
        tuple(name for name in names if name not in {DATE, FIRST_DATE})
        for names in (view.given, asked, view.free)
    )
    model, _ = prepare(
        view.scenario,
        equations=view.equations,
        extends_builtin=view.extends_builtin,
        priors=view.overlays,
        known=(*known, *view.edits),
        asked=asked,
        free=free,
        beside=view.others,
    )
    return Scenarios(model)


@dataclass(frozen=True)
class View:
    """What is looked at.

    Parameters
    ----------
    given
        What is taken as known, as it was typed, by variable.
    free
        Inputs to be solved for.
    outputs
        Variables wanted; empty for the model's headline, `("all",)` for all.
    events
        Events whose probabilities are wanted, as they were typed.
    scenario
        A shipped scenario or a prior file.
    overlays
        Prior files laid over every scenario.
    equations, extends_builtin
        Python files of equations, and whether the built-in ones are there besides, whatever the
        scenario extends.
    others
        Scenarios that this one is compared with.
    edits
        Inputs that were changed, in the units in which they are stated, by name.
    everywhere
        Whether the edits are laid over the other scenarios too; they are where there are overlays,
        which come before them.
    of
        The answer that is ranked and shown by itself; the headline's first where it is None.
    on
        The scale of the ranking; values where it is None.
    at
        The input that is looked at by itself, to be changed; "" for none.
    probs
        Probabilities of the intervals; tables show the first.
    design
        How draws are made.
    as_of
        The reader's day, as `ask` takes it.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    scenario: str = "base"
    overlays: tuple[Path, ...] = ()
    equations: tuple[Path, ...] = ()
    others: tuple[str, ...] = ()
    edits: Mapping[str, Prior] = field(default_factory=dict)
    everywhere: bool = False
    of: str | None = None
    on: Scale | None = None
    at: str = ""
    probs: tuple[float, ...] = (0.9, 0.5, 0.95)
    design: Design = field(default_factory=Design)
    as_of: str | None = None
    extends_builtin: bool = False

    @property
    def lays_over_all(self) -> bool:
        """Whether edits are laid over the other scenarios too.

        They are where no file of their own could name what they extend: prior files laid over one
        another, or a file outside the folder that they are saved in.
        """
        return self.everywhere or bool(self.overlays) or self.scenario.endswith(".toml")

    @property
    def model_key(self) -> tuple[object, ...]:
        """What the model hangs on: the files of equations and of overlays."""
        return self.equations, self.overlays, self.extends_builtin

    def coarse(self, draws: int, chains: int) -> View:
        """Return the view with at most so many draws a chain, and chains: the first of its own."""
        design = self.design
        few = replace(design, draws=min(draws, design.draws), chains=min(chains, design.chains))
        return replace(self, design=few)

    def unedited(self, scenarios: Scenarios) -> Priors:
        """Return the scenario as its files state it.

        Raises
        ------
        PriorError
            Everything that is wrong with the files.
        """
        return self.of_date(scenarios).read(self.scenario, self.overlays)

    def of_date(self, scenarios: Scenarios) -> Scenarios:
        """Return scenarios as the question takes them: those with trends where it has a date."""
        if has_date({*self.given, *self.free, *self.outputs}, self.events):
            return scenarios.dated(self.scenario, self.overlays)
        return scenarios

    def problem(self, scenarios: Scenarios) -> Problem:
        """Return what the view asks of a model.

        Raises
        ------
        QuestionError
            The question names what is no variable, or an edit tears inputs apart that are drawn
            together.
        UncertainScaleError
            A value that cannot be read, or a fault of a file.
        """
        from uncertain_scale.model import Problem, ask
        from uncertain_scale.model.question import refuse_idle

        model = self.of_date(scenarios).model
        events = self.parsed_events(model)
        also = [name for event in events for name in event.variables]
        question = ask(
            model,
            self.given,
            outputs=self.outputs,
            free=self.free,
            also=also,
            as_of=self.as_of,
        )
        priors = self.unedited(scenarios)
        refuse_idle(self.edits, question, "an edit")
        if self.edits:
            title = self._title(priors)
            name = f"{priors.name} + {_STEM}" if self.lays_over_all else _STEM
            priors = replace(self._edited(priors, model), name=name, title=title)
        return Problem(model, priors, question)

    def parsed_events(self, model: Model) -> list[Event]:
        """Return the events whose probabilities are asked for.

        Raises
        ------
        QuestionError
            One is no comparison of variables.
        """
        from uncertain_scale.analysis.events import parse_event

        return [parse_event(text, model.variables) for text in self.events]

    def held_against(self, scenarios: Scenarios, other: str) -> Priors:
        """Return another scenario as this one is compared with it.

        Raises
        ------
        UncertainScaleError
            A fault of a file, or an edit that the scenario cannot take.
        """
        scenarios = self.of_date(scenarios)
        priors = scenarios.read(other, self.overlays)
        if not (self.edits and self.lays_over_all):
            return priors
        return replace(self._edited(priors, scenarios.model), name=f"{priors.name} + {_STEM}")

    def overlay(self, scenarios: Scenarios) -> str:
        """Return the text of the prior file that holds the edits; "" where there are none.

        Laid over the scenario it gives the same draws to the bit. It names the scenario that it
        extends unless it is laid over others too.
        """
        if not self.edits:
            return ""
        extends = None if self.lays_over_all else self.scenario
        title = self._title(self.unedited(scenarios))
        return overlay_file(self.edits.values(), title=title, extends=extends)

    def _edited(self, priors: Priors, model: Model) -> Priors:
        for prior in self.edits.values():
            if prior.name not in model.variables:
                raise QuestionError(
                    f"{prior.name} is edited, and there is none without a date; give a date, or "
                    "reset it"
                )
            priors = priors.replace(prior.converted(model.variables[prior.name]))
        if self.edits and (faults := loose_ends(priors)):
            raise QuestionError("\n".join(faults))
        return priors

    def _title(self, priors: Priors) -> str:
        return f"{priors.title}; edited: {', '.join(self.edits)}".removeprefix("; ")
