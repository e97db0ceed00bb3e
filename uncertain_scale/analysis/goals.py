"""What options are chosen by: goals, limits, and measurements that could be made first."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from uncertain_scale.analysis.events import Event, happened, names_in, parse_event
from uncertain_scale.analysis.sensitivity.loss import parse_loss
from uncertain_scale.errors import QuestionError, not_a_variable
from uncertain_scale.units import parse_quantity
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uncertain_scale.analysis.sensitivity.loss import Loss
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Goal", "Limit", "Pilot", "names_asked", "parse_goal", "parse_limit", "parse_pilots"]

Measure: TypeAlias = Literal["mean", "log", "quantile", "probability", "loss"]

_CALL = re.compile(r"\s*(mean|log|loss|q(\d{1,2}(?:\.\d+)?)|P)\s*\((.*)\)\s*", re.DOTALL)
_WITH = re.compile(r"(.*?)\s+with\s+(.+)", re.DOTALL)
_PILOT = re.compile(r"\s*(\w+)\s*(?:±|\+-|\+/-)\s*([^@]+?)\s*(?:\s(?:for|costs)\s+(.+))?\s*")
_RUNS = re.compile(r"(.+?)\s+in\s+([^%]+?)\s+runs?\s*")
_LARGEST = 100.0  # share, of which an error is
_EXAMPLES = "a variable, or mean(…), log(…), q05(…) of one, or P(…) of an event"


@dataclass(frozen=True)
class Goal:
    """What is to be as large, or as small, as possible.

    Parameters
    ----------
    text
        As it was typed, without the direction.
    measure
        The `mean` of a variable, of its logarithm (`log`), a `quantile`, or the `probability` of
        an event, or the expected `loss` on both of its sides.
    of
        The variable, or the event.
    sign
        1 where more is better, -1 where less is.
    level
        Of a quantile.
    loss
        What is lost where the event does not happen (a false yes), and where it does (a false no).
    """

    text: str
    measure: Measure
    of: str | Event
    sign: float = 1.0
    level: float = 0.5
    loss: Loss | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that it rests on."""
        return self.of.variables if isinstance(self.of, Event) else (self.of,)

    def units(self, variables: Mapping[str, str]) -> str:
        """Return the units of its value."""
        if self.loss is not None:
            return self.loss.units
        return str(variables[self.of]) if isinstance(self.of, str) else "1"

    def utility(self, draws: Mapping[str, FloatArray]) -> FloatArray:
        """Return what each draw is worth: the more the better."""
        if isinstance(self.of, Event) and self.loss is not None:
            values = np.add(*self.loss.of(happened(self.of, draws), self.of.distance(draws)))
        elif isinstance(self.of, Event):
            values = happened(self.of, draws).astype(float)
        else:
            values = draws[self.of]
        with np.errstate(all="ignore"):
            return self.sign * (np.log(values) if self.measure == "log" else values)

    def value(self, utilities: FloatArray) -> FloatArray:
        """Return the measure of utilities, along their last dim."""
        if self.measure != "quantile":
            return np.asarray(utilities.mean(axis=-1))
        level = self.level if self.sign > 0 else 1 - self.level
        return np.asarray(np.quantile(utilities, level, axis=-1))


@dataclass(frozen=True)
class Limit:
    """An event that must happen with some probability; always, where it is 1."""

    text: str
    event: Event
    probability: float = 1.0

    def would_hold(self, draws: Mapping[str, FloatArray]) -> tuple[float, float]:
        """Return where the event's threshold is, and where it would be met.

        Of a variable that is compared with a number, in its units; of two variables, factors of the
        second.
        """
        left, right = self.event.left, self.event.right
        if isinstance(left, str) and isinstance(right, str):
            sign, threshold = self.event.sign, self.event.factor
            with np.errstate(all="ignore"):
                values = draws[left] / draws[right]
        else:
            name, sign, threshold = self.event.threshold()
            values = draws[name]
        level = self.probability if sign in {"<=", "<"} else 1 - self.probability
        return threshold, float(np.quantile(values, level))


@dataclass(frozen=True)
class Pilot:
    """A measurement of an input that could be made first.

    Parameters
    ----------
    text
        As it was typed.
    input
        What it measures.
    error
        Its standard error, a share or in the input's units.
    relative
        Whether the error is a share.
    cost
        What it costs, in the units of the goal; None where that is not said.
    """

    text: str
    input: str
    error: float
    relative: bool
    cost: float | None = None

    @property
    def sigma(self) -> float:
        """Standard deviation of the error: of a share, in logarithms."""
        return float(np.sqrt(np.log1p(self.error**2))) if self.relative else self.error

    def of_runs(self, runs: int) -> Pilot:
        """Return as many independent measurements, whose average is taken."""
        cost = None if self.cost is None else self.cost * runs
        text = f"{self.text} in {runs} {'run' if runs == 1 else 'runs'}"
        return replace(self, text=text, error=self.error / runs**0.5, cost=cost)


def names_asked(texts: Iterable[str]) -> list[str]:
    """Return what may be variables in goals and limits whose model is not known yet.

    Examples
    --------
    >>> names_asked(["q05(training_flop)", "facility_power <= 150 MW with 90%"])
    ['training_flop', 'facility_power']
    """
    names: dict[str, None] = {}
    for text in texts:
        limited = _WITH.fullmatch(text)
        event = limited[1] if limited else text
        called = _CALL.fullmatch(event)
        names |= dict.fromkeys(names_in(called[3].partition(";")[0] if called else event))
    return list(names)


def parse_goal(text: str, variables: Mapping[str, str], *, maximise: bool) -> Goal:
    """Read a goal.

    Parameters
    ----------
    text
        A variable (by the mean of its logarithm where it is positive, else by its mean), or
        `mean(budget)`, `log(training_flop)`, `q05(training_flop)`, `P(training_flop >= 1e26)`, or
        `loss(training_time <= 90 day; false yes=1M USD per 1 day, false no=1 USD)`.
    variables
        Units by variable of the model.
    maximise
        Whether more is better.

    Raises
    ------
    QuestionError
        It is none of these.

    Examples
    --------
    >>> parse_goal("q05(x)", {"x": "1"}, maximise=True).level
    0.05
    """
    sign = 1.0 if maximise else -1.0
    match = _CALL.fullmatch(text)
    name = (match[3] if match else text).strip()
    if match and match[1] == "P":
        return Goal(text.strip(), "probability", parse_event(name, variables), sign)
    if match and match[1] == "loss":
        return _parse_loss(text.strip(), name, variables, maximise=maximise)
    if name not in variables:
        if re.fullmatch(r"\w+", name):
            raise QuestionError(f"goal '{text[:60]}': {not_a_variable(name, variables)}")
        raise QuestionError(f"goal '{text[:60]}' is none; expected {_EXAMPLES}")
    domain = domain_of(variables[name])
    positive = domain is not None and domain.bounds[0] >= 0
    if match is None:
        return Goal(name, "log" if positive else "mean", name, sign)
    if match[2]:
        return Goal(text.strip(), "quantile", name, sign, float(match[2]) / 100)
    if match[1] == "log" and not positive:
        raise QuestionError(f"goal '{text[:60]}': {name} may be 0 or below; take mean({name})")
    return Goal(text.strip(), "log" if match[1] == "log" else "mean", name, sign)


def _parse_loss(text: str, stated: str, variables: Mapping[str, str], *, maximise: bool) -> Goal:
    if maximise:
        raise QuestionError(f"goal '{text[:60]}': a loss is to be small; minimise it")
    about, _, losses = stated.partition(";")
    event = parse_event(about.strip(), variables)
    return Goal(
        text, "loss", event, -1.0, loss=parse_loss(losses.strip(), variables[event.variables[0]])
    )


def parse_limit(text: str, variables: Mapping[str, str]) -> Limit:
    """Read a limit, such as `facility_power <= 150 MW with 90%`; without a share it is hard.

    Raises
    ------
    QuestionError
        It is none.

    Examples
    --------
    >>> parse_limit("x <= 3 with 80%", {"x": "1"}).probability
    0.8
    """
    match = _WITH.fullmatch(text.strip())
    event = parse_event(match[1] if match else text.strip(), variables)
    if match is None:
        return Limit(text.strip(), event)
    share = parse_quantity(match[2]).to("1")
    if not 0 < share <= 1:
        raise QuestionError(
            f"limit '{text[:80]}': '{match[2][:20]}' is no probability above 0 and at most 100%"
        )
    return Limit(text.strip(), event, share)


def parse_pilots(text: str, variables: Mapping[str, str], units: str) -> list[Pilot]:
    """Read a measurement in one size or several, such as `mfu +- 20% for 1M USD in 1,4,16 runs`.

    As `parse_pilot`, which says what is raised; each run costs as much.

    Examples
    --------
    >>> [one.error for one in parse_pilots("x +- 8 in 1, 4 runs", {"x": "1"}, "USD")]
    [8.0, 4.0]
    """
    match = _RUNS.fullmatch(text)
    one = parse_pilot(match[1] if match else text, variables, units)
    if match is None:
        return [one]
    runs = [int(number) if number.strip().isdecimal() else 0 for number in match[2].split(",")]
    if min(runs) < 1 or len(set(runs)) < len(runs):
        raise QuestionError(
            f"pilot '{text[:60]}': '{match[2][:20]}' are no numbers of runs; expected 1,4,16 or so"
        )
    return [one.of_runs(number) for number in runs]


def parse_pilot(text: str, variables: Mapping[str, str], units: str) -> Pilot:
    """Read a measurement, such as `mfu ± 10%` or `mfu +- 10% for 2M USD`.

    Parameters
    ----------
    text
        The input, its standard error, and what it costs.
    variables
        Units by variable of the model.
    units
        Of the goal, which the cost is in.

    Raises
    ------
    QuestionError
        It is none.

    Examples
    --------
    >>> parse_pilot("x +- 10%", {"x": "1"}, "USD").relative
    True
    """
    match = _PILOT.fullmatch(text)
    if match is None:
        raise QuestionError(
            f"pilot '{text[:60]}' is none; expected an input and its error, such as 'mfu +- 10%'"
        )
    name, error, cost = match.groups()
    if name not in variables:
        raise QuestionError(f"pilot '{text[:60]}': {not_a_variable(name, variables)}")
    relative = error.strip().endswith("%")
    quantity = parse_quantity(error)
    size = quantity.to("1") if relative else quantity.to(variables[name])
    if not 0 < size < (_LARGEST if relative else np.inf):
        words = "all; state one above 0" if size <= 0 else "nothing; state a smaller one"
        raise QuestionError(f"pilot '{text[:60]}': an error of {error} measures {words}")
    return Pilot(
        text.strip(), name, size, relative, None if cost is None else parse_quantity(cost).to(units)
    )
