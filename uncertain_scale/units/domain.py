"""The values that a variable can have, declared beside its units."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from uncertain_scale.errors import UnitError

__all__ = ["Domain", "DomainError", "Units", "domain_of"]

_NUMBER = r"\s*([-+]?(?:inf|\d+\.?\d*(?:[eE][-+]?\d+)?))\s*"
_INTERVAL = re.compile(rf"([(\[]){_NUMBER},{_NUMBER}([)\]])")
_BINARY = "{0,1}"
_ROUNDING = 1e-12  # of a bound, by which a conversion of units may miss it


class DomainError(UnitError):
    """A value or prior that a variable cannot have."""


@dataclass(frozen=True)
class Domain:
    """An interval in the notation of mathematics, `[` and `]` ends that belong to it, or 0 and 1.

    Parameters
    ----------
    notation
        Such as `(0, inf)`, `(0, 1]` or `[1, inf)`, in the variable's units; `{0, 1}` for no or yes.

    Raises
    ------
    UnitError
        The text is no such interval.

    Examples
    --------
    >>> Domain("(0, 1]").words(), 0.0 in Domain("(0, 1]"), 1.0 in Domain("(0, 1]")
    ('above 0 and at most 1', False, True)
    >>> Domain("{0, 1}").words(), 0.3 in Domain("{0, 1}")
    ('0 or 1', False)
    """

    notation: str

    def __post_init__(self) -> None:
        if not self._parts or not self.bounds[0] < self.bounds[1]:
            raise UnitError(
                f"'{self.notation[:40]}' is no interval; expected such as (0, inf), (0, 1] or "
                "[1, inf), the lower end first, or {0, 1}"
            )

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The ends, which may be infinite."""
        return float(self._parts[1]), float(self._parts[2])

    @cached_property
    def closed(self) -> tuple[bool, bool]:
        """Whether each end belongs to it."""
        return self._parts[0] == "[", self._parts[3] == "]"

    @cached_property
    def binary(self) -> bool:
        """Whether it holds 0 and 1 alone."""
        return "".join(self.notation.split()) == _BINARY

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        if self.binary:
            return "[", "0", "1", "]"
        match = _INTERVAL.fullmatch(self.notation.strip())
        return match.groups() if match else ()

    def __contains__(self, value: float) -> bool:
        if self.binary:
            return value in {0, 1}
        (low, high), (from_low, to_high) = self.bounds, self.closed
        inside = (from_low or value > low) and (to_high or value < high)
        return inside and self.reaches(value, value)

    def reaches(self, low: float, high: float) -> bool:
        """Tell whether no value between two lies beyond an end, whichever ends belong to it."""
        least, most = self.bounds
        margin = [_ROUNDING * abs(end) if math.isfinite(end) else 0.0 for end in (least, most)]
        return low >= least - margin[0] and high <= most + margin[1]

    def touches(self, low: float, high: float) -> bool:
        """Tell whether any value from one to another, both included, lies in it."""
        first, last = max(low, self.bounds[0]), min(high, self.bounds[1])
        return first < last or (first == last and first in self)

    def words(self, units: str = "1") -> str:
        """Return it as a condition: `above 0 and at most 1`."""
        if self.binary:
            return "0 or 1"
        shown = "" if units == "1" else f" {units}"
        sides = (("above", "at least"), ("below", "at most"))
        said = [
            f"{names[closed]} {end:g}{shown if end else ''}"
            for names, end, closed in zip(sides, self.bounds, self.closed, strict=True)
            if math.isfinite(end)
        ]
        return " and ".join(said) or "finite"


class Units(str):
    """Units of a variable, with the domain of its values where one is declared."""

    __slots__ = ("domain",)
    domain: Domain | None

    def __new__(cls, text: str, domain: Domain | None = None) -> Self:
        """Return units that know their variable's domain."""
        units = super().__new__(cls, text)
        units.domain = domain
        return units


def domain_of(units: str) -> Domain | None:
    """Return the domain that is declared with a variable's units, if one is."""
    return units.domain if isinstance(units, Units) else None
