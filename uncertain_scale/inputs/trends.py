"""Inputs that move: a value at a date, its growth, and what a straight line leaves out.

A prior file states one with `kind = "trend"`. It becomes several plain inputs, called after the
variable, and a `Trend`, which says that the variable follows from these at the question's date:

- `NAME_level` and `NAME_level_date`, the value and the date it is of;
- `NAME_growth`, a factor a year, and `NAME_growth_until_2025_10_01` where growth breaks;
- `NAME_volatility`, of a random walk in the logarithm, per root year, and `NAME_reversion`, by
  which the walk returns to the line, a year;
- `NAME_scatter`, of one more value about the trend, in the logarithm;
- `NAME_shock`, the standard normal that both of these take;
- `NAME_floor` and `NAME_cap`.

`first_date_score`, which all trends share, is uniform: it places a first passage in its law.

So each is believed, replaced, ranked, correlated and learnt of as any input is. A trend without a
value is about the scenario's own prior of the variable, which it takes to be of that one's date.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import UnitError, listed
from uncertain_scale.inputs.distributions import (
    Constant,
    DistributionError,
    Normal,
    Uniform,
    build,
    parse_distribution,
)
from uncertain_scale.inputs.prior import Prior, Provenance, copies_of
from uncertain_scale.units.dates import DATE, DATES, FIRST_DATE, PASSAGE, date_text, year_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.inputs.document import TrendTable
    from uncertain_scale.inputs.prior import Priors

KIND = "trend"
WHEN = "it is a trend: give a date, such as date = 2027-07"
"""Why an input that moves has no prior where a question has no date."""

_FAR = 10  # years, behind the figures
_ABOVE = {"level": 0.0, "growth": 0.0, "rate": -1.0, "reversion": 0.0}
_FROM = ("volatility", "scatter")
_WORDS = {
    "growth": "Factor a year",
    "rate": "Rate a year",
    "volatility": "Volatility of the logarithm, per root year",
    "reversion": "Return to the trend, per year",
    "scatter": "Scatter of the logarithm about the trend",
    "shock": "Standard normal shock",
    "floor": "Floor",
    "cap": "Cap",
    "level": "Level",
    "level_date": "Date of the level",
}
_PASSAGE = Prior(
    PASSAGE,
    Uniform(lower=0.0, upper=1.0),
    provenance=Provenance(
        long_name="Uniform score of a first passage", source="By definition", ages=False
    ),
)
_OPTIONAL = ("reversion", "scatter", "floor", "cap", "shock")


@dataclass(frozen=True)
class Trend:
    """How a variable follows from its parts and a date.

    Parameters
    ----------
    name, units
        The variable, and the units that its level is stated in.
    until
        The dates on which growth changes, ascending.
    rate
        Whether growth is stated as a rate, 0.3 for a factor of 1.3.
    fallback
        Whether it holds only where nothing given determines the variable.
    data_from, data_until
        The span of the figures that it was fitted to, where that is known.
    """

    name: str
    units: str = "1"
    until: tuple[dt.date, ...] = ()
    rate: bool = False
    fallback: bool = False
    data_from: dt.date | None = None
    data_until: dt.date | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def part(self, what: str) -> str:
        """Return the name of the input that is one of its parts, such as `growth`."""
        return f"{self.name}_{what}"

    @property
    def growths(self) -> tuple[str, ...]:
        """The inputs that growth is stated by, those of the periods first."""
        last = self.part("rate" if self.rate else "growth")
        return (*(f"{last}_until_{day:%Y_%m_%d}" for day in self.until), last)

    @property
    def needed(self) -> tuple[str, ...]:
        """The inputs that each trend has."""
        level = self.part("level"), self.part("level_date")
        return (*level, *self.growths, self.part("volatility"))

    @property
    def form(self) -> tuple[object, ...]:
        """All that its law is told by, besides its inputs."""
        return self.name, self.growths, self.fallback

    def leveled(self, inputs: Collection[str]) -> bool:
        """Whether its level is among some inputs."""
        return self.part("level") in inputs

    def arguments(self, inputs: Collection[str]) -> tuple[str, ...]:
        """Return the inputs that it follows from, those it may have as far as they are there."""
        optional = (self.part(what) for what in _OPTIONAL)
        return (*self.needed, *(name for name in optional if name in inputs))


def beyond(trends: Sequence[Trend], first: float, last: float) -> Iterator[str]:
    """Say that dates lie before the figures of some trends, or more than ten years after them."""
    begin = {one.name: one.data_from for one in trends}
    end = {one.name: one.data_until for one in trends}
    before = {name: day for name, day in begin.items() if day and first < year_of(day)}
    after = {name: day for name, day in end.items() if day and last > year_of(day) + _FAR}
    for date, days, words in (
        (first, before, "before the first figures of"),
        (last, after, f"more than {_FAR} years after the last figures of"),
    ):
        if days:
            named = listed([f"{name} ({day})" for name, day in days.items()])
            yield f"{date_text(date)} lies {words} {named}"


def parts_of(trend: Trend, table: TrendTable, fault: Any) -> Iterator[Prior]:
    """Yield the inputs that a table of a prior file states.

    Parameters
    ----------
    trend, table
        The trend, and the table.
    fault
        Told the key and the words of each thing that is wrong with it.
    """
    growth = "rate" if trend.rate else "growth"
    stated: dict[str, tuple[tuple[str | int, ...], str, Any]] = {
        trend.growths[-1]: ((growth,), growth, getattr(table, growth))
    }
    for index, (name, period) in enumerate(zip(trend.growths, table.periods, strict=False)):
        stated[name] = ("periods", index, growth), growth, getattr(period, growth)
    whats = {"level": "value", "volatility": "volatility", "reversion": "reversion"}
    whats |= {"scatter": "scatter", "floor": "lower", "cap": "upper"}
    for what, key in whats.items():
        stated[trend.part(what)] = (key,), what, getattr(table, key)
    noise = False
    for name, (place, what, belief) in stated.items():
        if belief is None:
            continue
        try:
            distribution = _distribution(belief)
            _check(what, distribution)
        except (DistributionError, UnitError) as error:
            own = error.faults if isinstance(error, DistributionError) else [(None, str(error))]
            for inner, text in own:
                fault((*place, inner) if inner else place, text)
            continue
        noise |= what in _FROM and distribution.support[1] > 0
        units = trend.units if what in {"level", "floor", "cap"} else "1"
        yield _part(trend, what, distribution, name=name, units=units, coupling=table.coupling)
    if noise:
        yield _part(trend, "shock", Normal(mu=0.0, sigma=1.0))
    if table.at is not None:
        yield _part(trend, "level_date", Constant(value=year_of(table.at)), units=DATE)


def _part(
    trend: Trend, what: str, distribution: Distribution, *, name: str = "", **more: Any
) -> Prior:
    """Return one of a trend's inputs, with what else is known of it."""
    said = trend.provenance
    long_name = f"{_WORDS[what]} of the {said.long_name or trend.name}"
    about = replace(said, long_name=long_name[:1_000], ages=False)
    return Prior(name or trend.part(what), distribution, provenance=about, **more)


def _distribution(stated: Any) -> Distribution:
    """Read a number, a distribution in words, or a table."""
    if isinstance(stated, dict):
        own = dict(stated)
        return build(str(own.pop("kind", "")), own)
    if isinstance(stated, str):
        distribution, units = parse_distribution(stated)
        if units is not None:
            text = f"'{stated[:40]}' has units; state them once, in units"
            raise DistributionError([(None, text)])
        return distribution
    return Constant(value=float(stated))


def _check(what: str, distribution: Distribution) -> None:
    low = distribution.support[0]
    if what in _ABOVE:
        bound = _ABOVE[what]
        open_end = low == bound and not distribution.ppf(np.array([2.0**-54]))[0] <= low
        meets, words = low > bound or open_end, f"above {bound:g}"
    elif what in _FROM:
        meets, words = low >= 0, "at least 0"
    else:
        return
    if not meets:
        text = f"{distribution.describe(longest=8)} is not {words} throughout"
        raise DistributionError([(None, f"{text}; truncate it, or state a lognormal")])


def undated(priors: Priors) -> Priors:
    """Return the priors of a question without a date: what has no other prior is lacking."""
    if not priors.trends:
        return priors
    moving = {name: trend for name, trend in priors.trends.items() if name not in priors.inputs}
    lacking = {**priors.lacking, **dict.fromkeys(moving, WHEN)}
    return replace(_less(priors, priors.trends), lacking=lacking)


def dated(priors: Priors) -> Priors:
    """Return the priors of a question with a date, each trend with a level.

    A trend that states none takes the scenario's own prior of the variable, at its date. One whose
    variable has no prior, or one without a date, or one that is drawn by rows, does not hold.
    """
    loose = [trend for trend in priors.trends.values() if not trend.leveled(priors.inputs)]
    inputs, idle, fallbacks = dict(priors.inputs), dict[str, Trend](), set[str]()
    for trend in loose:
        own = inputs.get(trend.name)
        if own is None or not _is_level(own):
            idle[trend.name] = trend
        else:
            level = trend.part("level")
            fallbacks |= {trend.name} if own.fallback else set()
            about = replace(own.provenance, ages=False)
            at = Constant(value=year_of(about.as_of or dt.date.min))
            words = f"{about.long_name or trend.name}, on {about.as_of}"
            inputs[level] = replace(
                own, name=level, fallback=False, provenance=replace(about, long_name=words)
            )
            inputs[trend.part("level_date")] = _part(trend, "level_date", at, units=DATE)
            del inputs[trend.name]
    if len(idle) < len(priors.trends):
        inputs.setdefault(PASSAGE, _PASSAGE)
    held = priors.trends.keys() - idle.keys()
    # What a variable is correlated with, its level is.
    named = {name: priors.trends[name].part("level") for name in held}
    pairs = [tuple(named.get(name, name) for name in tie.inputs) for tie in priors.correlations]
    ties = tuple(
        replace(tie, inputs=(one, other))
        for tie, (one, other) in zip(priors.correlations, pairs, strict=True)
    )
    trends = {
        name: replace(trend, fallback=trend.fallback or name in fallbacks)
        for name, trend in priors.trends.items()
    }
    return _less(replace(priors, inputs=inputs, correlations=ties, trends=trends), idle)


def levels_missing(stated: Priors, held: Priors) -> list[str]:
    """Return a line for each trend that was stated and does not hold."""
    return [
        f"{trend.provenance.where} [inputs.{name}] has no value, and the scenario has no prior of "
        f"{name} that could be its level: positive, with a date (as_of); state value and at"
        for name, trend in stated.trends.items()
        if name not in held.trends
    ]


def as_stated(plain: Priors, moving: Priors) -> Priors:
    """Return a scenario's priors with its trends, for questions with a date and for those without.

    Parameters
    ----------
    plain, moving
        As `undated` and `dated` return them.
    """
    own = [trend for name, trend in moving.trends.items() if name in plain.inputs]
    gone = {trend.part(what) for trend in own for what in ("level", "level_date")} | {PASSAGE}
    ties = (tie for tie in moving.correlations if gone.isdisjoint(tie.inputs))
    return replace(
        moving,
        inputs={**plain.inputs, **{n: one for n, one in moving.inputs.items() if n not in gone}},
        correlations=tuple(dict.fromkeys([*plain.correlations, *ties])),
    )


def _is_level(prior: Prior) -> bool:
    """Whether a prior can be the level of a trend: positive, of a date, by itself, always there."""
    free = not (prior.joint or prior.unless)
    return free and prior.provenance.as_of is not None and prior.distribution.support[0] >= 0


def without_known(shipped: Priors, own: Priors) -> Priors:
    """Return shipped trends less those whose variable a scenario has a trend or prior of already.

    A trend without a level is about such a prior, and stays; inputs that are none are left out.
    """
    known = {
        name: trend
        for name, trend in shipped.trends.items()
        if name in own.trends or (name in own.inputs and trend.leveled(shipped.inputs))
    }
    left = _less(shipped, known)
    return left.without(left.inputs.keys() & own.inputs.keys())


def with_trends(variables: Mapping[str, str], priors: Priors) -> dict[str, str]:
    """Return the units of a model's variables and of those that its trends add."""
    units = {**variables, DATE: DATES} if priors.trends else dict(variables)
    for name, trend in priors.trends.items():
        own = units.setdefault(name, trend.units)
        plain = dict.fromkeys(trend.arguments(priors.inputs), "1")
        plain |= {trend.part(what): own for what in ("level", "floor", "cap")}
        units |= plain | {trend.part("level_date"): DATE}
    for name, number in priors.sums.items():
        own = units.get(name, priors.inputs[f"{name}_1"].units)
        units |= dict.fromkeys(copies_of(name, number), own)
    return units | ({FIRST_DATE: DATES, PASSAGE: "1"} if priors.trends else {})


def _less(priors: Priors, gone: Mapping[str, Trend]) -> Priors:
    """Return priors less some trends and their parts."""
    parts = {part for trend in gone.values() for part in trend.arguments(priors.inputs)}
    trends = {name: one for name, one in priors.trends.items() if name not in gone}
    return replace(priors.without(parts), trends=trends)
