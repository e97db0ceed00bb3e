"""A question as it is stated, in words: what makes the model, the priors and the question of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.events import names_in, parse_event
from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.inputs.catalog import find_prior_file, scenario_labels
from uncertain_scale.model import Problem, ask, believe, default_model
from uncertain_scale.model.model import OwnEquations
from uncertain_scale.sampling.sample import prepare
from uncertain_scale.units.dates import DATE, FIRST_DATE, NEVER_AFTER

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model


@dataclass(frozen=True)
class Query:
    """What is asked and believed, as it was stated.

    Parameters
    ----------
    given, changes
        What is known, and what is believed in place of priors, by variable.
    free, outputs, events
        Inputs to be solved for, variables wanted, and events whose probabilities are.
    scenario, priors, equations, extends_builtin, as_of
        As in `run`.
    option
        What stated the changes, for errors and sources.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    scenario: str | Path | None = None
    priors: tuple[str | Path, ...] = ()
    equations: tuple[str | Path, ...] = ()
    extends_builtin: bool = False
    as_of: str | dt.date | None = None
    option: str = "set"

    def problem(self, beside: Sequence[str | Path] = (), asked: Sequence[str] = ()) -> Problem:
        """Return the question to the model under the scenario.

        The same is asked of the scenarios `beside`, and variables `asked` are looked at besides.

        Raises
        ------
        UncertainScaleError
            Anything that is wrong with the files, the values or the names.
        """
        model, priors, also = self.read(beside, asked)
        question = ask(
            model,
            self.given,
            outputs=self.outputs,
            free=self.free,
            also=also,
            as_of=self.as_of,
        )
        believed = believe(priors, model, self.changes, option=self.option, question=question)
        if beside and self.scenario:
            believed = replace(believed, name=_label(believed.name, self.scenario, beside))
        return Problem(model, believed, question)

    def read(
        self, beside: Sequence[str | Path] = (), asked: Sequence[str] = ()
    ) -> tuple[Model, Priors, list[str]]:
        """Return the model, the scenario as its files state it, and the variables of events."""
        own = OwnEquations.read(self.equations)
        if self.with_date:  # the variables of trends are not known yet
            also = [name for text in self.chances() for name in names_in(text)]
        else:
            events = [parse_event(text, own.variables) for text in self.chances()]
            also = [name for event in events for name in event.variables]
        model, priors = prepare(
            self.scenario,
            equations=own,
            priors=self.priors,
            known=(*self.given, *self.changes),
            asked=(*self.outputs, *also, *asked),
            free=self.free,
            beside=beside,
            extends_builtin=self.extends_builtin,
        )
        return model, priors, also

    def events_in(self, variables: Mapping[str, str]) -> list[Event]:
        """Return the events whose probabilities are asked for, by units of a model's variables."""
        return [parse_event(text, variables) for text in self.chances()]

    def chances(self) -> list[str]:
        """Return the events asked for, and those that answers come with.

        That a date that is sought is none up to the last, and that a limit is the one that binds.
        """
        if not self.with_date:
            return list(dict.fromkeys(self.events))
        named = {*self.free, *self.outputs}
        more = [NEVER_AFTER] if DATE in named and DATE not in self.given else []
        laws = [law for law in default_model().equations if law.target in named]
        more += [f"{limit} <= {law.target}" for law in laws for limit in law.limits]
        return list(dict.fromkeys((*self.events, *more)))

    @property
    def with_date(self) -> bool:
        """Whether the question has a date, known or sought."""
        return has_date({*self.given, *self.changes, *self.free, *self.outputs}, self.events)

    def dated(self, problem: Problem) -> Query:
        """Return the query, its date sought where two givens contradict each other without one.

        Raises
        ------
        QuestionError
            No date is such that both hold.
        """
        if self.with_date or len(self.given) != 2:
            return self
        try:
            _ = problem.plan
        except OverdeterminedError as error:
            try:
                dated = replace(self, free=(*self.free, DATE))
                _ = dated.problem().plan
            except QuestionError:
                raise error from None
            return dated
        return self


def has_date(names: set[str], events: Sequence[str]) -> bool:
    """Return whether one of the names or of the events of a question is of a date."""
    return not {DATE, FIRST_DATE}.isdisjoint(names) or any(DATE in text for text in events)


def _label(name: str, scenario: str | Path, beside: Sequence[str | Path]) -> str:
    """Return the name of a scenario and its overlays among others, which may be called alike."""
    paths = [find_prior_file(one) for one in (scenario, *beside)]
    return f"{scenario_labels(paths)[0]}{name.removeprefix(paths[0].stem)}"
