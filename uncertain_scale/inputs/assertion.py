"""What a document asserts: its claims, and of each the figure, the interval or the bound."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from uncertain_scale.errors import QuestionError, UnitError, nearest
from uncertain_scale.units import check_ends, check_suffixes, parse_quantity

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Kind: TypeAlias = Literal["figure", "interval", "at least", "at most"]

_NUMBER = re.compile(r"[-+]?([\d_,]*)(\.?)([\d_,]*)")
_NEAR = 1e-9


@dataclass(frozen=True)
class Assertion:
    """What is asserted, in the units of its variable.

    Parameters
    ----------
    kind
        A figure, an interval or a bound.
    low, high
        What the assertion covers: all that rounds to a figure, or an interval; a bound is open on
        one side.
    value
        The figure, or None.
    text
        As the document puts it.
    digits
        Significant digits that a figure is stated to; 0 for what is no figure.
    below, above
        How far beyond the ends of an interval, or a bound, lies what rounds to them.
    """

    kind: Kind
    low: float
    high: float
    value: float | None
    text: str
    digits: int = 0
    below: float = 0.0
    above: float = 0.0

    def covers(self, number: float) -> bool:
        """Whether a number is what is asserted, to the digits that it is stated to.

        The ends have a grain for rounding errors.
        """
        grain = _NEAR * abs(number)
        return self.low - self.below - grain <= number <= self.high + self.above + grain

    def nearest_to(self, number: float) -> float:
        """Return the figure; of an interval or a bound, what lies nearest to a number."""
        return self.value if self.value is not None else min(max(number, self.low), self.high)


@dataclass(frozen=True)
class Reading:
    """A way to read the document's own inputs.

    Parameters
    ----------
    name, title
        Its name in the file, and in words.
    scenario
        Prior file of the inputs.
    given, assuming
        As typed, by variable: what replaces a claim's givens, and the scenario's inputs.
    """

    name: str
    title: str
    scenario: Path
    given: Mapping[str, str] = field(default_factory=dict)
    assuming: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim, its units those of the model.

    Parameters
    ----------
    name, says, quote, note
        As in the file.
    variable, asserted
        What it is about, and what is asserted of it; None for what is only implied.
    given, free
        The question that it answers, under any scenario.
    reading, others
        The document's own inputs as the claim takes them, None where the document states none; and
        further readings.
    scenario, against
        Prior file that it is judged under, or None for any; and the one that a ratio is against.
    against_reading
        The document's own inputs that a ratio is against.
    places
        File and line by key, and of the claim itself by "".
    """

    name: str
    says: str
    variable: str
    asserted: Assertion | None
    given: Mapping[str, str]
    free: tuple[str, ...]
    reading: Reading | None
    others: tuple[Reading, ...]
    scenario: Path | None
    against: Path | None
    against_reading: Reading | None
    quote: str
    note: str
    places: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fault(self, key: str, text: str) -> str:
        """Return a line that names the claim and the place of one of its keys."""
        return f"{self.places.get(key, self.places[''])} [[claims]] '{self.name}' {text}"


@dataclass(frozen=True)
class Claims:
    """What a document asserts.

    Parameters
    ----------
    name, title, source, as_of, note
        The file's name without its ending, and what it says of the document.
    claims
        Those that can be asked of the model.
    faults
        What is wrong with the others, a line each.
    apart
        How many others there are.
    """

    name: str
    title: str
    source: str
    as_of: dt.date | None
    note: str
    claims: tuple[Claim, ...]
    faults: tuple[str, ...]
    apart: int = 0

    def only(self, names: Sequence[str]) -> Claims:
        """Return the claims of these names; all of them where there are none.

        Raises QuestionError: there is no such claim.
        """
        known = [claim.name for claim in self.claims]
        for name in names:
            if name not in known:
                raise QuestionError(f"claim '{name[:64]}' is unknown; {nearest(name, known)}")
        kept = tuple(one for one in self.claims if one.name in names)
        return replace(self, claims=kept) if names else self


def figure(text: str, units: str, digits: int | None = None) -> Assertion:
    """Read a figure, which stands for every number that rounds to it.

    Parameters
    ----------
    text
        Such as `9e25 FLOP`; a bare number is in `units`.
    units
        Of the variable.
    digits
        Significant digits, where the text shows fewer or more than it means.

    Raises
    ------
    UnitError
        The text is no number, or its units do not fit.

    Examples
    --------
    >>> asserted = figure("0.15 GW", "MW")
    >>> round(asserted.low, 6), round(asserted.high, 6)
    (145.0, 155.0)
    """
    value = parse_quantity(text).to(units)
    if not math.isfinite(value):
        raise UnitError(f"'{text[:60]}' is too large; expected a finite number")
    to = significant_digits(text) if digits is None else digits
    # Rounding is to digits as they are typed: 2.3 years are 2.25 to 2.35 years, in days too.
    typed = parse_quantity(text).value
    low, high = (value / typed * end if typed else value for end in _rounding(typed, to))
    return Assertion("figure", low, high, value, text, to)


def span(low: str | None, high: str | None, units: str) -> Assertion:
    """Read an interval, or a bound where one end is None.

    Raises
    ------
    UnitError
        An end is no number, its units do not fit, or the lower is not below the upper.

    Examples
    --------
    >>> span("15 USD/Mtoken", None, "USD/Mtoken").kind
    'at least'
    """
    if low is not None and high is not None:
        check_ends(low, high)
        check_suffixes(low, high)
    first = -math.inf if low is None else parse_quantity(low).to(units)
    last = math.inf if high is None else parse_quantity(high).to(units)
    if not first < last:
        what = f"state 'value = {low}' for a figure" if first == last else "swap them"
        raise UnitError(f"low = '{low}' is not below high = '{high}'; {what}")
    below = 0.0 if low is None else first - figure(low, units).low
    above = 0.0 if high is None else figure(high, units).high - last
    kind: Kind = "interval"
    text = f"{low} to {high}"
    if high is None:
        kind, text = "at least", f"at least {low}"
    elif low is None:
        kind, text = "at most", f"at most {high}"
    return Assertion(kind, first, last, None, text, below=below, above=above)


def significant_digits(text: str) -> int:
    """Count the digits that a figure is stated to; zeros at the end of a whole number are none.

    Examples
    --------
    >>> [significant_digits(one) for one in ("9e25", "150 MW", "1000", "2.30", "100M", "$1.5B")]
    [1, 2, 1, 3, 1, 2]
    """
    match = _NUMBER.match(text.strip().lstrip("$ "))
    if match is None:
        return 1
    whole, point, part = (group.replace("_", "").replace(",", "") for group in match.groups())
    digits = (whole + part).lstrip("0")
    return max(len(digits if point else digits.rstrip("0")), 1)


def _rounding(value: float, digits: int) -> tuple[float, float]:
    """Return the ends of what rounds to a value; below a power of ten the steps are finer."""
    if value == 0:
        return 0.0, 0.0
    size = abs(value)
    exponent = math.floor(math.log10(size) + _NEAR)
    step = 10.0 ** (exponent - digits + 1)
    finer = math.isclose(size, 10.0**exponent)
    ends = size - step / (20 if finer else 2), size + step / 2
    return ends if value > 0 else (-ends[1], -ends[0])
