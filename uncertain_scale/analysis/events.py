"""How likely something is: comparisons of variables and quantities.

`training_flop >= 1e26` or `gpus > gpus_purchasable`: an expression is read by its one comparison
sign and never evaluated as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.special import betaincinv, stdtrit

from uncertain_scale.errors import QuestionError, UnitError, nearest
from uncertain_scale.sampling.cancellation import GRAIN
from uncertain_scale.sampling.chains import Variable, by_chain
from uncertain_scale.statistics.intervals import spread
from uncertain_scale.statistics.outputs import (
    all_draws,
    conditionals_of,
    joined_pivots,
    may_vary,
    read_draws,
)
from uncertain_scale.units import as_bytes, conversion_factor, parse_quantity
from uncertain_scale.units.dates import DATE, dates_as_numbers
from uncertain_scale.units.rounding import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.sampling.chains import ArrayTree, Labelled
    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.statistics.integrated import What
    from uncertain_scale.units.aliases import FloatArray
    from uncertain_scale.units.rounding import Sign

__all__ = [
    "SURE",
    "Event",
    "Probability",
    "as_probability",
    "grain_of",
    "happened",
    "names_in",
    "of_average",
    "parse_event",
    "probability",
    "probability_in",
    "probability_of",
    "share_of",
    "side_of",
    "widened",
]

SURE = 0.95
"""Probability of the interval of a probability."""

_MIRRORED: dict[Sign, Sign] = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
_LONGEST = 400
_LEAST = 1e-9
_SIGN = re.compile(r"(>=|<=|>|<)")
_NAME = re.compile(r"(?:(\d[\d.eE+,-]*)\s*\*\s*)?([A-Za-z]\w*)")  # perhaps 0.5 * it


@dataclass(frozen=True)
class Event:
    """A comparison of a variable with another or with a number in its units.

    Parameters
    ----------
    text
        What was typed.
    left, right
        A variable's name, or a number in the units of the other side.
    sign
        One of `>=`, `<=`, `>`, `<`.
    factor
        What the right side is multiplied by to be in the units of the left.
    """

    text: str
    left: str | float
    sign: Sign
    right: str | float
    factor: float = 1.0

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that it compares."""
        return tuple(side for side in (self.left, self.right) if isinstance(side, str))

    def distance(self, draws: Mapping[str, FloatArray]) -> FloatArray:
        """Return how far draws are from where the event begins, in the units of the left."""
        left, right = self.sides(draws)
        return np.abs(np.asarray(left - right))

    def sides(self, draws: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return what it compares, in the units of the left."""
        sides = (draws[one] if isinstance(one, str) else one for one in (self.left, self.right))
        left, right = (np.asarray(side, dtype=float) for side in sides)
        return left, right * self.factor

    def threshold(self) -> tuple[str, Sign, float]:
        """Return the variable, the sign and the number, the variable on the left.

        Raises
        ------
        QuestionError
            It compares two variables.
        """
        if isinstance(self.left, str) and not isinstance(self.right, str):
            return self.left, self.sign, self.right
        if isinstance(self.right, str) and not isinstance(self.left, str):
            return self.right, _MIRRORED[self.sign], self.left
        raise QuestionError(
            f"event '{self.text[:80]}' compares two variables; expected one variable and a number"
        )


@dataclass(frozen=True)
class Probability:
    """A probability as draws give it.

    Parameters
    ----------
    value, mcse
        The share of draws, and its Monte Carlo standard error: nan for one chain, and where none or
        all of draws that vary are counted, of which no error can be told.
    low, high
        Its 95% interval; one-sided where none or all are counted.
    """

    value: float
    mcse: float
    low: float = 0.0
    high: float = 1.0

    def __float__(self) -> float:
        return self.value


def names_in(text: str) -> list[str]:
    """Return what may be variables in an event whose model is not known yet.

    Examples
    --------
    >>> names_in("frontier_flop >= 1e27"), names_in("2030 > date")
    (['frontier_flop'], ['date'])
    """
    sides = (_NAME.fullmatch(part.strip()) for part in _SIGN.split(text[:_LONGEST]))
    return [side[2] for side in sides if side]


def parse_event(text: str, variables: Mapping[str, str]) -> Event:
    """Read an event.

    Parameters
    ----------
    text
        Such as `training_flop >= 1e26`, `facility_power < 0.1 GW`, `gpus > gpus_purchasable` or
        `gpus > 0.5 * gpus_purchasable`.
    variables
        Units by variable of the model.

    Raises
    ------
    QuestionError
        It is no comparison, or compares no variable of the model.
    UnitError
        The two sides are in units that do not fit.

    Examples
    --------
    >>> parse_event("facility_power < 0.1 GW", {"facility_power": "MW"}).right
    100.0
    """
    if len(text) > _LONGEST:
        raise QuestionError(
            f"event '{text[:60]}…' has {len(text):,} characters; expected at most {_LONGEST}"
        )
    parts = [part.strip() for part in _SIGN.split(text)]
    if len(parts) != 3 or not (parts[0] and parts[2]) or "=" in parts[0] + parts[2]:
        raise QuestionError(
            f"event '{text[:80]}' is not a comparison by one of >=, >, <= and <; expected one such "
            "as 'training_flop >= 1e26'"
        )
    sign = cast("Sign", parts[1])
    (times, left), (over, right) = (_scaled(side, text) for side in (parts[0], parts[2]))
    for name in (left, right):
        if _NAME.fullmatch(name) and name not in variables:
            raise QuestionError(
                f"event '{text[:80]}': '{name[:40]}' is not a variable; {nearest(name, variables)}"
            )
    try:
        if left in variables and right in variables:
            factor = conversion_factor(variables[right], variables[left]) * over / times
            return Event(text, left, sign, right, factor)
        if left in variables:
            return Event(text, left, sign, _number(right, variables[left]) / times)
        if right in variables:
            return Event(text, _number(left, variables[right]) / over, sign, right)
    except UnitError as error:
        raise UnitError(f"event '{text[:80]}': {error}") from None
    raise QuestionError(f"event '{text[:80]}' compares no variable; {nearest(left, variables)}")


def _scaled(side: str, text: str) -> tuple[float, str]:
    """Return the factor of a side such as `0.5 * gpus`, and what it multiplies."""
    found = _NAME.fullmatch(side)
    if found is None or found[1] is None:
        return 1.0, side
    factor = parse_quantity(found[1]).to("1")
    if not factor > 0:
        raise QuestionError(f"event '{text[:80]}': {side[:40]} is always 0; take a factor above 0")
    return factor, found[2]


def _number(text: str, units: str) -> float:
    text = dates_as_numbers(text) if units == DATE else as_bytes(text, units)
    return parse_quantity(text).to(units)


def probability_in(event: Event, tree: xr.DataTree | ArrayTree) -> Probability:
    """Return how likely an event is, from an answer's inputs and outputs."""
    return probability(event, all_draws(tree))


def probability(event: Event, draws: Mapping[Any, Labelled]) -> Probability:
    """Return how likely an event is, from draws of its variables.

    Parameters
    ----------
    event
        What is asked.
    draws
        The event's variables, each with dims (chain, draw), in the model's units.

    Examples
    --------
    >>> import xarray as xr
    >>> draws = xr.Dataset({"x": (("chain", "draw"), [[1.0, 2.0], [2.0, 3.0]])})
    >>> probability(parse_event("x >= 2", {"x": "1"}), draws).value
    0.75
    """
    found = _probability(event, draws)
    name, *others = event.variables
    grain = grain_of(draws[name]) + event.factor * sum(grain_of(draws[one]) for one in others)
    if not grain:
        return found
    values, attrs = by_chain(draws[name]), draws[name].attrs
    return widened(
        found,
        [
            _probability(event, {**draws, name: Variable(name, one, dict(attrs))})
            for one in (values - grain, values + grain)
        ],
    )


def grain_of(variable: Labelled) -> float:
    """Return how far rounding moves a variable, 0 where that is next to nothing."""
    return float(variable.attrs.get(GRAIN, 0.0))


def widened(found: Probability, moved: Sequence[Probability]) -> Probability:
    """Return a probability with what rounding moves it by in its error and its interval.

    Parameters
    ----------
    found
        The probability.
    moved
        Those of draws that are moved by the grain of their numbers, down and up.
    """
    every = (found, *moved)
    values = [one.value for one in every]
    error = float(np.hypot(np.nan_to_num(found.mcse), (max(values) - min(values)) / 2))
    low, high = min(one.low for one in every), max(one.high for one in every)
    return Probability(found.value, error or found.mcse, low, high)


def _probability(event: Event, draws: Mapping[Any, Labelled]) -> Probability:
    """Return how likely an event is, from draws as they are."""
    decided = decided_by_range(event, draws)
    averaged = None if decided else _averaged(event, draws)
    if averaged is not None:
        return averaged
    names = {name: by_chain(draws[name]) for name in event.variables}
    found = happened(event, names)
    constant = decided or all(
        values.min() == values.max() and not may_vary(draws[name].attrs)
        for name, values in names.items()
    )
    return share_of(found, constant=constant)


def decided_by_range(event: Event, draws: Mapping[Any, Labelled]) -> bool:
    """Tell whether the range of an event's variable, by the model and the evidence, decides it.

    Examples
    --------
    >>> import xarray as xr
    >>> x = xr.DataArray([[1.5, 2.5]], dims=("chain", "draw"), attrs={"least": 1.0, "most": 3.0})
    >>> [decided_by_range(parse_event(f"x {end}", {"x": "1"}), {"x": x}) for end in ("< 1", "> 2")]
    [True, False]
    """
    if len(event.variables) > 1:
        return False
    name, sign, value = event.threshold()
    facts = draws[name].attrs
    ends = np.array([facts.get("least", -np.inf), facts.get("most", np.inf)])
    at_least, at_most = compare(ends, sign, value)
    return bool(at_least == at_most)


def _averaged(event: Event, draws: Mapping[Any, Labelled]) -> Probability | None:
    """Return how likely an event is with an input integrated out, where one can be."""
    try:
        name, sign, value = event.threshold()
        variable = draws[name]
    except QuestionError:
        left, sign, right = draws[str(event.left)], event.sign, draws[str(event.right)]
        over, under = by_chain(left), by_chain(right)
        if not (over.min() > 0 and under.min() > 0):
            return None
        joined = joined_pivots(left.attrs, right.attrs, "power")
        variable, value = Variable(event.text, over / under, joined), event.factor
    what = side_of(sign)
    averages = conditionals_of(read_draws(variable), variable, draws)
    found = (of_average(average, what, value) for average in averages)
    return next(filter(None, found), None)


def side_of(sign: Sign) -> What:
    """Return which side of a threshold an event is on."""
    return "above" if sign.startswith(">") else "below"


def of_average(conditional: Conditional, what: What, value: float) -> Probability | None:
    """Return the probability that an average gives; None where it bears none, or no error."""
    return as_probability(conditional.probability(what, value), conditional)


def as_probability(
    found: tuple[float, float] | None, conditional: Conditional
) -> Probability | None:
    """Return a share and its error, which an average gives, with the interval that they make."""
    if found is None:
        return None
    share, error = found
    if error > 0 and min(share, 1 - share) < _LEAST:  # than which no error is surer
        ends = (0.0, _LEAST) if share < _LEAST else (1 - _LEAST, 1.0)
        return Probability(float(share > _LEAST), np.nan, *ends)
    width = error * float(stdtrit(len(conditional.table.counts) - 1, (1 + SURE) / 2))
    return Probability(share, error, max(share - width, 0.0), min(share + width, 1.0))


def happened(event: Event, draws: Mapping[str, FloatArray]) -> npt.NDArray[np.bool_]:
    """Return in which draws an event happens, those that are equal but for rounding being equal."""
    left, right = event.sides(draws)
    return compare(left, event.sign, right)


def share_of(happens: npt.NDArray[np.bool_], *, constant: bool = False) -> Probability:
    """Return how likely something is that happens in some draws, shape (chain, draw).

    Parameters
    ----------
    happens
        Whether it does.
    constant
        Whether it rests on numbers that do not vary, so that it is certain either way.
    """
    return probability_of(happens.mean(axis=1), happens.shape[1], constant=constant)


def probability_of(
    shares: FloatArray, draws: int, chains: int = 0, *, constant: bool = False
) -> Probability:
    """Return a probability with its error, from the shares of chains in which an event happens.

    Parameters
    ----------
    shares
        Of each chain, or group of chains, shape (chain,).
    draws, chains
        Draws of a chain, and how many chains there are, if not as many as shares.
    constant
        As in `share_of`.

    Notes
    -----
    Stratified chains may all count the same, so that nothing is spread: an event of probability p
    happens in n p draws of n, rounded one way or the other. An error is therefore no less than that
    of such a rounding, the root of a twelfth of a draw of each chain.

    Of what happens in none of N draws, or in all, no error can be told, but a bound: were its
    probability (or that of the contrary) above 1 - 0.05^(1/N), about 3/N, it would have shown in 95
    of 100 runs of independent draws. Stratified draws miss a part of the cube no more often.

    References
    ----------
    Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?,
    doi:10.1001/jama.1983.03330370053031.
    """
    value, error = float(shares.mean()), float(spread(shares))
    chains = chains or shares.size
    total = draws * chains
    if value in {0.0, 1.0} and constant:
        return Probability(value, 0.0 if chains > 1 else np.nan, value, value)
    if value in {0.0, 1.0}:
        missed = float(-np.expm1(np.log1p(-SURE) / total))
        return Probability(value, np.nan, *((0.0, missed) if value == 0 else (1 - missed, 1.0)))
    error = float(np.maximum(error, 12**-0.5 / draws / chains**0.5))  # nan for one chain
    if np.isnan(error):
        return Probability(value, error, *_binomial(round(value * total), total))
    width = error * float(stdtrit(shares.size - 1, (1 + SURE) / 2))
    return Probability(value, error, max(value - width, 0.0), min(value + width, 1.0))


def _binomial(count: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of Clopper and Pearson, for a single chain."""
    tail = (1 - SURE) / 2
    return (
        float(betaincinv(count, total - count + 1, tail)),
        float(betaincinv(count + 1, total - count, 1 - tail)),
    )
