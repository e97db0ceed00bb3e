"""Values as people type them: `100M`, `25k`, `2e25 FLOP`, `120 MW`, `80day`, `$1.5B`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from uncertain_scale.errors import UnitError
from uncertain_scale.units.registry import conversion_factor

__all__ = ["Quantity", "parse_quantity"]

SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_LONGEST = 200
_NUMBER = re.compile(
    r"(?P<dollar>\$?)\s*(?P<number>[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?P<rest>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Quantity:
    """A number and the units it was typed with, or None where only the context can tell.

    Examples
    --------
    >>> Quantity(0.15, "GW").to("MW")
    150.0
    """

    value: float
    units: str | None = None

    def to(self, units: str) -> float:
        """Return the number in `units`; a bare number is taken to be in them already.

        Raises
        ------
        UnitError
            The units typed are of another dimension.
        """
        return (
            self.value if self.units is None else self.value * conversion_factor(self.units, units)
        )


def parse_quantity(text: str) -> Quantity:
    """Read a number with an optional suffix (k, M, B, T) and optional units.

    A suffix stands right behind the number; what follows it, or a space, is units: `100M`,
    `100M USD`, `25k gpu`, `120 MW`, `80day`, `40%`, `$2B`.

    Raises
    ------
    UnitError
        The text holds no finite number.

    Examples
    --------
    >>> parse_quantity("100M USD")
    Quantity(value=100000000.0, units='USD')
    >>> parse_quantity("120MW")
    Quantity(value=120.0, units='MW')
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise UnitError(
            f"'{text[:40]}…' has {len(text):,} characters; expected a value of at most {_LONGEST}"
        )
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(
            f"'{text[:60]}' is not a value; expected a number with optional suffix (k, M, B, T) "
            "and units, such as 100M, 2e25 FLOP or '80 day'"
        )
    number = float(match["number"].replace("_", "").replace(",", ""))
    suffix, units = _split_suffix(match["rest"])
    value = number * SUFFIXES[suffix] if suffix else number
    if not math.isfinite(value):
        raise UnitError(f"'{text[:60]}' is too large; expected a finite number")
    if match["dollar"]:
        units = f"USD{'' if units.startswith('/') else ' '}{units}".strip()
    return Quantity(value, units or None)


def _split_suffix(rest: str) -> tuple[str, str]:
    """Take the suffix off what follows the number; `MW` and `kW` are units, `M` is a million."""
    suffix = rest[:1] if rest[:1] in SUFFIXES and not rest[1:2].isalpha() else ""
    return suffix, rest[len(suffix) :].strip()
