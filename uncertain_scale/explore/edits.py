"""What of an input can be moved by hand, and the input that moving it makes.

An input is moved by the quantiles that state it, its 5% and 95% as a rule, or by its one value. Its
kind, units, truncation and what it is tied to stay; a kind that quantiles do not state gives way to
one that they do. Here too is what the texts and sliders of the page's controls mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.inputs.distributions import KINDS, Distribution, DistributionError, build
from uncertain_scale.inputs.distributions.statement import is_quantile_name, level_of
from uncertain_scale.inputs.prior import Priors
from uncertain_scale.report.numbers import scale_for
from uncertain_scale.units import parse_quantity
from uncertain_scale.units.dates import DATE, dates_as_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Model

_STEPS = 400
_DECADES_OF_A_VALUE = 1.0
_LEAST_RATIO = 3.0
_DIGITS = 4
_ONE_FACT = "One fact, believed otherwise."
_FLOAT_DIGITS = 15
_EDITED = "edited"
VALUE = "value"
_BY_PARAMETER = {"constant": VALUE, "bernoulli": "p"}
"""Kinds that one parameter states, which can be moved."""


@dataclass(frozen=True)
class Track:
    """Where a handle runs: positions from 0 to `STEPS`, in logarithms where `log`.

    Parameters
    ----------
    low, high
        The ends, in the units of what is moved.
    log
        Whether equal steps are equal ratios.
    """

    low: float
    high: float
    log: bool
    steps: int = _STEPS

    def position(self, value: float) -> int:
        """Return the place of a value, an end for what lies beyond it."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return round(self.steps * (at - low) / (high - low))

    def value(self, position: float) -> float:
        """Return the value at a place, to as many digits as a step distinguishes."""
        part, spread = min(max(position / self.steps, 0.0), 1.0), self.high - self.low
        if self.log:
            value = self.low * (self.high / self.low) ** part
            return _shortened(value, digits=_DIGITS - 1, spread=spread)
        return _shortened(self.low + spread * part, digits=_DIGITS, spread=spread)


@dataclass(frozen=True)
class Handle:
    """What of an input can be moved.

    Parameters
    ----------
    names
        Quantiles by their names, `q05` and `q95` as a rule, `value` for a constant, or `p` for a
        Bernoulli; empty where the input cannot be moved by itself.
    values
        Where they are, in the units that the input is stated in.
    words
        What a person should know before moving them; "" where there is nothing to say.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    words: str = ""

    def label(self, name: str) -> str:
        """Return a quantile's name as people say it: 5%, 95%, value."""
        return f"{100 * level_of(name):.4g}%" if is_quantile_name(name) else name


def handle_of(prior: Prior) -> Handle:
    """Return what of an input can be moved.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> handle_of(load_priors().inputs["mfu"])
    Handle(names=('q05', 'q95'), values=(0.103, 0.4), words='')
    """
    distribution = prior.distribution
    if prior.joint:
        others = ", ".join(one for one in prior.joint.split("+") if one != prior.name)
        return Handle((), (), f"drawn by whole rows with {others}: edit its file instead")
    stated = distribution.stated
    if parameter := _BY_PARAMETER.get(distribution.kind):
        return Handle((parameter,), (float(stated[parameter]),))
    names = tuple(name for name in stated if is_quantile_name(name))
    if names:
        words = _truncated(distribution)
        return Handle(names, tuple(float(stated[name]) for name in names), words)
    names, words = _quantiles_for(distribution)
    levels = np.array([level_of(name) for name in names])
    points = distribution.ppf(levels).tolist()
    spread = points[-1] - points[0]
    values = (_shortened(x, digits=_DIGITS, spread=spread) for x in points)
    return Handle(names, tuple(values), words)


def track_of(prior: Prior, now: Handle) -> Track:
    """Return where the handles of an input run: about its prior in the file, in its units.

    The track reaches the places of the handles in any case.
    """
    low, high = map(float, prior.distribution.ppf(np.array([0.05, 0.95])))
    ends = (low, high, *now.values)
    least, most = min(ends), max(ends)
    below, above = prior.distribution.support
    if least > 0 and below >= 0 and not (below == 0 and above == 1):
        ratio = max(most / least, _LEAST_RATIO)
        ratio = 10**_DECADES_OF_A_VALUE if low == high else ratio
        return Track(least / ratio, most * ratio, log=True)
    if math.isfinite(above - below) and above > below:
        return Track(min(below, least), max(above, most), log=False)
    width = (most - least) or abs(most) or 1.0
    return Track(least - width, most + width, log=False)


def moved(prior: Prior, values: Mapping[str, float]) -> Prior:
    """Return an input with its quantiles, or its one value, elsewhere.

    Parameters
    ----------
    prior
        As it is now.
    values
        By the names of its handle, in the units that it is stated in.

    Raises
    ------
    QuestionError
        No distribution of its kind has these quantiles, such as a 5% that is not below the 95%, or
        the input is drawn by whole rows with others.
    """
    _refuse_joint(prior)
    old = prior.distribution
    stated = {name: value for name, value in old.stated.items() if _stays(name, old)}
    if KINDS[old.kind].quantile_counts[1] or old.kind in _BY_PARAMETER:
        kind = old.kind
    else:
        kind = "lognormal" if min(values.values()) > 0 and old.support[0] >= 0 else "normal"
        stated = {}
    try:
        distribution = build(kind, {**values, **stated})
    except DistributionError as error:
        raise QuestionError(f"{prior.name}: {error}") from None
    return _by_hand(prior, distribution)


def typed(prior: Prior, text: str, model: Model) -> Prior:
    """Return an input as a person types it: 2.0, "1.4 to 3.2" or a kind with its parameters.

    Parameters
    ----------
    prior
        As it is now.
    text
        In the notation of `--set`.
    model
        Whose variable it is.

    Raises
    ------
    QuestionError
        The input is drawn by whole rows with others.
    UnitError
        The text cannot be read, or its units do not fit.
    """
    from uncertain_scale.model import believe

    _refuse_joint(prior)
    alone = Priors(name="", inputs={})
    own = {prior.name: prior.model_units, **model.variables}  # of a trend, where there is a date
    whole = replace(model, variables=own)
    found = believe(alone, whole, {prior.name: text}, option="edited").inputs[prior.name]
    restated = _by_hand(prior, found.distribution)
    return replace(restated, units=found.units, factor=found.factor, model_units=found.model_units)


def _refuse_joint(prior: Prior) -> None:
    if prior.joint:
        raise QuestionError(f"{prior.name} is {handle_of(prior).words}")


def _by_hand(prior: Prior, distribution: Distribution) -> Prior:
    """Return an input with another distribution, and the word that a person chose it."""
    old = prior.provenance
    before = old.stated or prior.distribution.describe(longest=8)
    note = old.note if old.where == _EDITED else f"Judgement: set by hand; before, {before}."
    words = replace(
        old,
        source="edited by hand",
        as_of=None,
        note=note,
        where=_EDITED,
        stated="",
        interpreted=False,
        coupling_note=old.coupling_note if prior.coupling is not None else _ONE_FACT,
    )
    coupling = 1.0 if prior.coupling is None else prior.coupling
    return replace(prior, distribution=distribution, provenance=words, coupling=coupling)


def _stays(name: str, old: Distribution) -> bool:
    """Tell whether what was stated beside the quantiles goes on to hold."""
    return not is_quantile_name(name) and name not in {*old.parameters, *old.alternative, VALUE}


def _quantiles_for(distribution: Distribution) -> tuple[tuple[str, ...], str]:
    """Return the quantiles that can state a distribution that others state now."""
    cls = type(distribution)
    beside = {name: x for name, x in distribution.stated.items() if _stays(name, distribution)}
    least = cls.free_parameters(beside)[0]
    if least == 2:
        return ("q05", "q95"), _truncated(distribution)
    if least == 3:
        return ("q05", "q50", "q95"), _truncated(distribution)
    kind = "lognormal or normal"
    return ("q05", "q95"), f"moving it replaces this {distribution.kind} by a {kind}"


def _truncated(distribution: Distribution) -> str:
    bounds = getattr(distribution, "truncate", None)
    if bounds is None:
        return ""
    return f"before it is truncated to {bounds[0]:g} to {bounds[1]:g}"


def _shortened(value: float, *, digits: int, spread: float) -> float:
    """Return a number with so many digits, or as many as distinguish it within the spread."""
    if value and spread:
        beyond = math.floor(math.log10(abs(value))) - math.floor(math.log10(abs(spread)))
        digits = min(max(digits, beyond + digits - 1), _FLOAT_DIGITS)
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True)
class Given:
    """A variable that people give, and where its slider runs."""

    name: str
    label: str
    track: Track


GIVENS = (
    Given("budget", "Budget, USD", Track(1e6, 1e12, log=True)),
    Given("gpus", "GPUs", Track(1e2, 1e7, log=True)),
    Given("training_time", "Training time, days", Track(1.0, 1e3, log=True)),
    Given("training_flop", "Training FLOP", Track(1e22, 1e30, log=True)),
    Given(DATE, "Date, such as 2027-07", Track(2024.0, 2036.0, log=False, steps=48)),
)
"""What a question is usually asked by; anything else is given by its name."""


def as_typed(value: float, units: str) -> str:
    """Write a value as a person would type it.

    Examples
    --------
    >>> as_typed(1.5e8, "USD"), as_typed(80.0, "day"), as_typed(2027.6, "date")
    ('150M', '80', '2027Q3')
    """
    if units == DATE:
        year, quarter = divmod(round(4 * value), 4)
        return f"{year}Q{quarter + 1}"
    return scale_for([value], units).write(value, exact=True).replace(",", "")


def as_number(value: float) -> str:
    """Write a quantile or a value of an input, in the units that it is stated in.

    Examples
    --------
    >>> as_number(0.149), as_number(34000.0), as_number(8.2e24)
    ('0.149', '34000', '8.2e24')
    """
    return f"{value:.12g}".replace("e+", "e")


def position_of(text: str, units: str, track: Track) -> int | None:
    """Return where a slider stands for what is typed; None where that is no single number."""
    try:
        value = parse_quantity(dates_as_numbers(text) if units == DATE else text).to(units)
    except UnitError:
        return None
    return track.position(value) if value > 0 or not track.log else None


def pairs_in(text: str) -> dict[str, str]:
    """Read `NAME=VALUE; NAME=VALUE`.

    Raises
    ------
    QuestionError
        A part is no such pair, or a name comes twice.

    Examples
    --------
    >>> pairs_in("facility_power=150 MW; mfu = 0.4")
    {'facility_power': '150 MW', 'mfu': '0.4'}
    """
    pairs: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not (name and equals and value):
            raise QuestionError(
                f"'{part.strip()[:80]}' is not of the form NAME=VALUE; such as "
                "facility_power=150 MW, with ; between several"
            )
        if name in pairs:
            raise QuestionError(f"{name} is given twice; keep one")
        pairs[name] = value
    return pairs


def as_pairs(given: Mapping[str, str]) -> str:
    """Write what `pairs_in` reads."""
    return "; ".join(f"{name}={value}" for name, value in given.items())


def names_in(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def edited(prior: Prior, handle: Handle, texts: Mapping[str, str]) -> Prior:
    """Return an input with its handles where the texts say.

    Parameters
    ----------
    prior, handle
        The input, and what of it can be moved.
    texts
        By the handle's names; numbers in the units that the input is stated in, or with their own.

    Raises
    ------
    QuestionError
        There is no such distribution, such as one whose 5% is not below its 95%.
    UnitError
        A text is no number, or its units do not fit.
    """
    values = {}
    for name in handle.names:
        try:
            values[name] = parse_quantity(texts[name]).to(prior.units)
        except UnitError as error:
            raise UnitError(f"{prior.name}, {handle.label(name)}: {error}") from None
    return moved(prior, values)
