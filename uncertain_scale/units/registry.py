"""The pint registry with the field's units, and conversion from one unit to another.

pint is imported on first use only: units that are spelled as declared need no conversion.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import UnitError

if TYPE_CHECKING:
    import pint

__all__ = ["conversion_factor", "registry"]

_DEFINITIONS = (
    "USD = [currency] = USD = dollar",
    "gpu = [accelerator] = gpu = GPU = gpus = GPUs",
    "FLOP = [computation] = FLOP = FLOPs = flop",
    "token = [token] = token = tokens",
    "parameter = [parameter] = parameter = parameters = param = params",
    "person = [person] = person = persons = people",
    "item = [item] = item = items",
)
_NONE = ("", "1")
_SUFFIXES = frozenset("KMBT")  # of numbers; as units they are molar, metres, barns, tesla
_FACTOR = r"(?:1|[A-Za-z_%]+(?:\s*(?:\*\*|\^)\s*-?\d)?)"
# Only names with small powers reach pint, which would evaluate 10**10**10 to the last digit.
_SPELLING = re.compile(rf"\s*{_FACTOR}(?:(?:\s*[*/]\s*|\s+){_FACTOR})*\s*")


@cache
def registry() -> pint.UnitRegistry[Any]:
    """Build pint's registry, once, with the units above as base units."""
    import pint

    units: pint.UnitRegistry[Any] = pint.UnitRegistry()
    for definition in _DEFINITIONS:
        units.define(definition)
    return units


def conversion_factor(found: str, expected: str) -> float:
    """Return what a number in units `found` is multiplied by to be in units `expected`.

    Raises
    ------
    UnitError
        `found` is no unit, or one of another dimension, or one with an offset (such as degC).

    Examples
    --------
    >>> conversion_factor("GW", "MW")
    1000.0
    >>> conversion_factor("USD/gpu/hour", "USD/gpu/hour")
    1.0
    """
    if found == expected:
        return 1.0
    import pint

    units = registry()
    try:
        if found and not (len(found) <= 80 and _SPELLING.fullmatch(re.sub(r"[()]", " ", found))):
            raise ValueError
        factor = units.Quantity(1.0, found or "dimensionless").to(expected).magnitude
        doubled = units.Quantity(2.0, found or "dimensionless").to(expected).magnitude
    except pint.DimensionalityError:
        raise UnitError(_incompatible(found, expected)) from None
    except Exception:  # noqa: BLE001 (pint raises many kinds, from tokenize to AttributeError)
        wanted = "none, or %" if expected in _NONE else f"one compatible with '{expected}'"
        msg = f"'{found[:60]}' is not a unit; expected {wanted}"
        raise UnitError(msg) from None
    if doubled != 2 * factor:
        raise UnitError(f"units '{found}' have an offset; give the value {_in(expected)}")
    if not 0 < factor < math.inf:
        raise UnitError(f"units '{found[:60]}' are beyond all numbers; give it {_in(expected)}")
    return float(factor)


def _incompatible(found: str, expected: str) -> str:
    if found in _NONE:
        return f"a number without units is incompatible with '{expected}'; give it {_in(expected)}"
    other = "a number without units" if expected in _NONE else f"'{expected}'"
    counted = not _SUFFIXES.isdisjoint(found.upper().split())
    hint = ", or write a suffix k, M, B or T right behind the number" if counted else ""
    return f"units '{found[:60]}' are incompatible with {other}; give it {_in(expected)}{hint}"


def _in(units: str) -> str:
    return "without units, or in %" if units in _NONE else f"in {units}"
