"""What is asked: the givens, the outputs wanted, and the inputs that are to be solved for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, SupportsFloat

from uncertain_scale.errors import (
    QuestionError,
    UnitError,
    by_name,
    not_a_variable,
    several,
)
from uncertain_scale.inputs.catalog import trend_units
from uncertain_scale.inputs.distributions import (
    DistributionError,
    build,
    is_interval,
    parse_distribution,
)
from uncertain_scale.inputs.domains import interval_in
from uncertain_scale.inputs.prior import Prior, Priors, Provenance, loose_ends
from uncertain_scale.inputs.stated import as_typed, split_sources
from uncertain_scale.inputs.trends import WHEN
from uncertain_scale.units import Quantity, as_bytes, conversion_factor
from uncertain_scale.units.dates import DATE, dates_as_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uncertain_scale.model.model import Model

__all__ = ["EVERYTHING", "Question", "as_day", "ask", "believe", "refuse_idle"]

EVERYTHING = ("all",)
BELIEVED = '{"mfu": "0.3 to 0.5"}'
"""Replaced priors, as an example."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NAMES = 'names of variables, such as ["training_flop"]'
"""What a list of variables is, in words."""


@dataclass(frozen=True)
class Question:
    """A question to a model.

    Parameters
    ----------
    given
        What is taken as known, by variable, in the model's units: a constant as a rule.
    outputs
        Variables wanted; empty for the model's headline, `("all",)` for all that can be computed.
    free
        Inputs whose priors are dropped, so that they are solved for; of a variable with a law that
        yields (`@overridable`), the law.
    also
        Variables wanted besides those of `outputs`, whatever these are.
    as_of
        The reader's day, to which the ages of figures are counted; None for the day of the report.
        No draw depends on it.
    """

    given: Mapping[str, Prior] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    as_of: dt.date | None = None


def ask(  # noqa: PLR0913 (all that makes a question)
    model: Model,
    given: Mapping[str, str | float | Quantity],
    *,
    outputs: Iterable[str] = (),
    free: Iterable[str] = (),
    also: Iterable[str] = (),
    as_of: str | dt.date | None = None,
) -> Question:
    """Read a question and check its names and units against a model.

    Parameters
    ----------
    model
        Whose variables the names must be.
    given
        Values as people type them, by variable: `100M`, `"120 MW"`, 25_000, or an interval or
        distribution such as `"80M to 120M"`. Bare numbers are in the variable's units.
    outputs, free, also, as_of
        As in `Question`.

    Raises
    ------
    QuestionError
        A name that is no variable, or one that is given and free at once; a day that is none.
    UnitError
        A value that cannot be read, whose units do not fit, or which the variable cannot have.

    Examples
    --------
    >>> from uncertain_scale.model import default_model
    >>> ask(default_model(), {"facility_power": "0.15 GW"}).given["facility_power"].factor
    1000.0
    """
    given = by_name("given", given)
    outputs, free, also = (
        several(option, names, str, NAMES)
        for option, names in (("outputs", outputs), ("free", free), ("also", also))
    )
    question = Question(outputs=outputs, free=free, also=also, as_of=as_day(as_of))
    named = () if question.outputs == EVERYTHING else question.outputs
    for name in (*given, *named, *question.free, *question.also):
        if name not in model.variables:
            moves = DATE not in model.variables and name in trend_units()
            raise QuestionError(
                f"{name}: {WHEN}" if moves else not_a_variable(name, model.variables)
            )
    for name in question.free:
        if name in given:
            raise QuestionError(f"'{name}' is given and free at once; drop one of the two")
    return replace(
        question,
        given={name: _stated(name, value, model, "given") for name, value in given.items()},
    )


def as_day(stated: str | dt.date | None, option: str = "as_of") -> dt.date | None:
    """Read a day, such as 2026-11-30; None stays None.

    Raises QuestionError: it is none.
    """
    if stated is None or type(stated) is dt.date:
        return stated
    try:
        if not _DAY.fullmatch(str(stated).strip()):
            raise ValueError(stated)
        return dt.date.fromisoformat(str(stated).strip())
    except ValueError:
        raise QuestionError(
            f"{option} '{str(stated)[:60]}' is not a day; write year, month and day, such as "
            "2026-11-30"
        ) from None


def believe(
    priors: Priors,
    model: Model,
    changes: Mapping[str, str | float],
    *,
    option: str = "believed",
    question: Question | None = None,
) -> Priors:
    """Return priors with inputs replaced by distributions as people type them.

    Parameters
    ----------
    priors
        The scenario's priors, in the model's units.
    model
        Whose variables the names must be.
    changes
        By input: `2.0`, `"1.4 to 3.2"` (5% to 95%) or `"lognormal(q05=1.4, q95=3.2)"`.
    option
        What stated them, for errors and sources.
    question
        What they are to answer, where that is known already: it must leave room for the changes.

    Raises
    ------
    QuestionError
        A name that is no variable, some but not all inputs of a joint sample, or an input that the
        question gives or solves for.
    UnitError
        A distribution that cannot be read, whose units do not fit, or which reaches beyond the
        domain of its variable.
    """
    for name, text in by_name(option, changes, BELIEVED).items():
        if name not in model.variables:
            names = {*priors.inputs, *model.variables}
            raise QuestionError(f"{option}: {not_a_variable(name, names)}")
        stated = _stated(name, text, model, option)
        known = priors.inputs.get(name)
        if known is not None:
            words = replace(stated.provenance, long_name=known.provenance.long_name)
            stated = replace(stated, provenance=words)
        priors = priors.replace(stated)
    priors = priors.without_unused_joints()
    if question is not None:
        refuse_idle(changes, question, option)
    if changes and (faults := loose_ends(priors)):
        raise QuestionError("\n".join(faults))
    return priors


def refuse_idle(changes: Iterable[str], question: Question, option: str) -> None:
    """Refuse priors that are replaced although the question has no use for any.

    Parameters
    ----------
    changes
        Names of the inputs.
    question
        What is asked.
    option
        What replaced them.

    Raises
    ------
    QuestionError
        One is given too, or solved for.
    """
    for name in changes:
        for way, names in (("given", question.given), ("free", question.free)):
            if name in names:
                raise QuestionError(
                    f"'{name}' is {way} and has a prior by {option} at once; drop one of the two"
                )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        raise UnitError("expected a number, a text such as '2 to 5 USD', or a Quantity")
    try:
        return float(value)
    except TypeError:
        raise UnitError("expected one number; of several, state us.empirical(values)") from None


def _stated(name: str, value: str | float | Quantity, model: Model, option: str) -> Prior:
    """Read one value or distribution in the units of its variable."""
    in_model = model.variables[name]
    try:
        if isinstance(value, dt.date):
            value = value.isoformat()
        value, about = split_sources(value)
        typed = value = as_typed(value)
        if isinstance(value, str) and in_model == DATE:
            value = dates_as_numbers(value)
        if isinstance(value, str):
            distribution, units = parse_distribution(as_bytes(value, in_model))
        elif isinstance(value, Quantity):
            distribution, units = build("constant", {"value": value.value}), value.units
        else:
            distribution, units = build("constant", {"value": _number(value)}), None
        bare = units or in_model in {"1", DATE}
        stated = f"{typed}" if bare else f"{typed} {in_model}"
        interval = isinstance(value, str) and is_interval(value)
        if interval:
            factor = conversion_factor(units or in_model, in_model)
            distribution = interval_in(distribution, in_model, factor)
        prior = Prior(
            name,
            distribution,
            units=units or str(in_model),
            provenance=Provenance(
                source=f"{option} {stated}",
                where=option,
                stated=stated,
                interpreted=interval,
            ),
        )
        if about:
            about |= {"as_of": as_day(about.get("as_of"), "as_of")}
            prior = replace(prior, provenance=replace(prior.provenance, **about))
        prior = prior.converted(in_model)
    except (DistributionError, UnitError) as error:
        raise UnitError(f"{option} {name} = '{str(value)[:80]}': {error}") from None
    return prior
