"""Units: how they are named, typed and converted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pint

__all__ = [
    "Quantity",
    "SpellingError",
    "as_bytes",
    "check_ends",
    "check_spelling",
    "check_suffixes",
    "conversion_factor",
    "declare_unit",
    "is_date",
    "keep_units",
    "parse_quantity",
    "refuse_other_digits",
    "registry",
    "takes_suffix",
    "withdraw_units",
]

_DEFINITIONS = (
    "USD = [currency] = USD = dollar",
    "gpu = [accelerator] = gpu = GPU = gpus = GPUs",
    "FLOP = [computation] = FLOP = FLOPs = flop",
    "token = [token] = token = tokens",
    "parameter = [parameter] = parameter = parameters = param = params",
    "person = [person] = person = persons = people",
    "item = [item] = item = items",
    "date = year",  # a point in time, in years of the calendar
)
_NONE = ("", "1")
_SUFFIXES = frozenset("KMBT")  # of numbers; as units they are molar, metres, barns, tesla
_FACTOR = r"(?:1|[A-Za-z_%][A-Za-z_0-9]*(?:\s*(?:\*\*|\^)\s*-?\d)?)"
# Only names with small powers reach pint, which would evaluate 10**10**10 to the last digit.
_SPELLING = re.compile(rf"\s*{_FACTOR}(?:(?:\s*[*/]\s*|\s+){_FACTOR})*\s*")
# A hyphen binds closer than a stroke: USD/GPU-hour; and PF-days are petaFLOP/s times days.
_HYPHENED = re.compile(r"[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+")
_SPEED = re.compile(
    r"\b(?:([kMGTPEZ])F(?:LOPS|LOP/s|lops|lop/s)?|(kilo|mega|giga|tera|peta|exa|zetta)flop(?:s|/s)?)"
    r"(?:[- ]|/s[- ])(seconds?|hours?|days?|years?)\b"
)

SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_LONGEST = 200
_FIRST_YEAR, _LAST_YEAR = 1500, 2500
# Whatever people put between the digits of one number is taken with it, to be judged as a whole.
_MARKS = r"[.,_'\u2019]+|\s(?=\d{3}(?!\d))"
_QUANTITY = re.compile(
    rf"(?P<dollar>\$?)\s*(?P<sign>[-+]?)(?P<digits>[.,]?\d(?:(?:{_MARKS})?\d)*\.?)"
    r"(?P<exponent>(?:[eE][-+]?\d+)?)(?P<rest>.*)",
    re.DOTALL,
)
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_MARKS_HINT = (
    "a point stands before decimals, and a comma between groups of three digits, as in 1,900"
)
_GROUPED = re.compile(r"(?:\d+(?:_\d+)*|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.(?:\d+(?:_\d+)*)?)?")
# Other spellings of a suffix or an exponent: 100 million, 1.5bn, $2 B, 10^26, 3 × 10²⁶.
_WORDS = {
    "thousand": "k",
    "million": "M",
    "mio": "M",
    "mn": "M",
    "billion": "B",
    "bn": "B",
    "trillion": "T",
    "tn": "T",
}
OWN = "own"
"""How a unit that converts to no other is declared."""
_OWN_UNIT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")
_CURRENCY = re.compile("[A-Z]{3}")
_DECLARED: dict[str, str] = {}
_DEFINED: dict[str, str] = {}  # what is declared, to pint
_KEPT: set[str] = set()  # what a file declares that was read without a fault
_BYTES = re.compile(r"(?<![A-Za-z])(?:[kMGTPEZ]i?)?(?:B|(?:[a-z]{4})?(?:bytes?|bits?))(?![A-Za-z])")
_MILLI = 1e-6  # of a kilowatt and more, in which power of computers is
_MILLIWATTS = re.compile(r"\bm(Wh?)\b")
_ABSURD = 1e4  # ratio of an interval's ends of which one alone has a suffix
_WORD = re.compile(
    rf"\s*(?P<word>{'|'.join(_WORDS)})s?(?![A-Za-z])(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_SPACED = re.compile(r"\s+(?P<suffix>[kKMBT])(?P<rest>\s+[A-Za-z].*|\s*[/*].*|\s*)", re.DOTALL)
_POWER = re.compile(
    r"(?:(?P<digits>[\d.,_]+)\s*[x×*·]\s*)?10\s*(?:\^|\*\*)\s*\+?(?P<power>-?\d+)(?P<rest>.*)",
    re.DOTALL,
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@cache
def registry() -> pint.UnitRegistry[Any]:
    """Build pint's registry, once, with the units above as base units, and those declared."""
    import pint

    units: pint.UnitRegistry[Any] = pint.UnitRegistry()
    for definition in (*_DEFINITIONS, *_DEFINED.values()):
        units.define(definition)
    return units


def declare_unit(name: str, stated: str = OWN) -> None:
    """Add a unit to the registry.

    Parameters
    ----------
    name
        Letters, digits and _, such as `EUR`, `tCO2` or `FTE`.
    stated
        "own" for one that converts to no other, or what it is in others, such as `1000 EUR`.

    Raises
    ------
    UnitError
        It is a unit already, or is a currency in another, or what it is stated in is none.

    Examples
    --------
    >>> declare_unit("tCO2")
    >>> conversion_factor("ktCO2", "tCO2")  # prefixes come with it
    1000.0
    """
    stated = stated.strip()
    if _DECLARED.get(name) == stated:
        return
    if not _OWN_UNIT.fullmatch(name):
        raise UnitError(f"'{name[:40]}' cannot name a unit: up to 30 letters, digits and _")
    if name in registry() or name in SUFFIXES:
        if name not in _DECLARED:
            raise UnitError(f"'{name}' is a unit already; choose another name, or drop it")
        raise UnitError(
            f"'{name}' is declared as '{_DECLARED[name]}' already, for all models of this Python "
            f"process, and cannot be '{stated[:40]}' too; declare it alike, or start a new process"
        )
    definition = f"{name} = [{name}]"
    if stated != OWN:
        quantity = parse_quantity(stated if stated[:1] in "0123456789.$" else f"1 {stated}")
        units = quantity.units or "1"
        if _CURRENCY.fullmatch(name) and _CURRENCY.fullmatch(units):
            raise UnitError(
                f"a rate of exchange moves, so that '{name}' is no number of {units}; declare "
                f"{name} = '{OWN}', and give the rate as an input in '{name} / {units}'"
            )
        conversion_factor(units, f"1*{_unhyphened(units)}")
        definition = f"{name} = {quantity.value!r} * {_unhyphened(units)}"
    registry().define(definition)
    _DECLARED[name], _DEFINED[name] = stated, definition


def keep_units(names: Iterable[str]) -> None:
    """Keep units that were declared, whatever is refused from now on."""
    _KEPT.update(_DECLARED.keys() & names)


def withdraw_units(names: Iterable[str]) -> None:
    """Forget units that were declared and not kept, and all that are stated in them."""
    gone = (_DECLARED.keys() & names) - _KEPT
    for name in gone:
        del _DECLARED[name], _DEFINED[name]
    if gone:
        registry.cache_clear()


def conversion_factor(found: str, expected: str) -> float:
    """Return what a number in units `found` is multiplied by to be in units `expected`.

    Raises
    ------
    UnitError
        `found` is no unit, or one of another dimension, or one with an offset (such as degC), or in
        milliwatts where kilowatts or more are expected.

    Examples
    --------
    >>> conversion_factor("GW", "MW")
    1000.0
    >>> conversion_factor("USD/GPU-hour", "USD/gpu/hour"), conversion_factor("PF-days", "FLOP")
    (1.0, 8.64e+19)
    """
    if found == expected:
        return 1.0
    import pint

    units = registry()
    try:
        plain = _unhyphened(found[:81])
        if found and not (len(found) <= 80 and _SPELLING.fullmatch(re.sub(r"[()]", " ", plain))):
            raise ValueError
        if expected in _NONE and _BYTES.fullmatch(plain):  # to pint they are 8 of nothing
            raise UnitError(_incompatible(found, expected))
        factor = units.Quantity(1.0, plain or "dimensionless").to(expected).magnitude
        doubled = units.Quantity(2.0, plain or "dimensionless").to(expected).magnitude
    except pint.DimensionalityError:
        raise UnitError(_incompatible(found, expected)) from None
    except UnitError:
        raise
    except Exception:  # noqa: BLE001 (pint raises many kinds, from tokenize to AttributeError)
        wanted = "none, or %" if expected in _NONE else f"one compatible with '{expected}'"
        msg = f"'{found[:60]}' is not a unit; expected {wanted}"
        raise UnitError(msg) from None
    if doubled != 2 * factor:
        raise UnitError(f"units '{found}' have an offset; give the value {_in(expected)}")
    if not 0 < factor < math.inf:
        raise UnitError(f"units '{found[:60]}' are beyond all numbers; give it {_in(expected)}")
    if factor <= _MILLI and _MILLIWATTS.search(plain):
        meant = _MILLIWATTS.sub(r"M\1", plain)
        raise UnitError(
            f"'{found[:60]}' is in milliwatts; write {meant}, or give it {_in(expected)}"
        )
    return float(factor)


def _unhyphened(units: str) -> str:
    """Return units with products in place of hyphens, as pint reads them."""
    rates = _SPEED.sub(lambda found: f"({found[1] or found[2]}FLOP/s*{found[3]})", units)
    return _HYPHENED.sub(lambda found: f"({found[0].replace('-', '*')})", rates)


def as_bytes(text: str, units: str) -> str:
    """Return a text in which B is the byte, where a variable's units are of bytes.

    Elsewhere B is a billion.

    Examples
    --------
    >>> as_bytes("5 B", "GB"), as_bytes("2 to 3B/token", "byte/token"), as_bytes("5 B", "parameter")
    ('5 byte', '2 to 3 byte/token', '5 B')
    """
    return re.sub(r"(?<=\d)\s*B(?!\s*\w)", " byte", text) if _BYTES.search(units) else text


def is_date(units: str, *values: float) -> bool:
    """Tell whether numbers are years of the calendar, of which ratios and percentages say nothing.

    Years from 1500 to 2500 are: the spans of time of this world's questions are shorter.

    Examples
    --------
    >>> is_date("year", 2019.5, 2021.0), is_date("year", 12.0), is_date("day", 2019.0)
    (True, False, False)
    """
    inside = all(_FIRST_YEAR <= value <= _LAST_YEAR for value in values)
    return units in {"date", "year"} and inside


def takes_suffix(units: str) -> bool:
    """Tell whether large numbers are said in thousands and millions, and not in powers of ten.

    Numbers of operations, and those without units, have powers of ten.

    Examples
    --------
    >>> takes_suffix("USD/year"), takes_suffix("USD/EFLOP"), takes_suffix("FLOP/s")
    (True, True, False)
    """
    return units not in _NONE and "FLOP" not in units.partition("/")[0]


class SpellingError(UnitError):
    """A number in a spelling that is not read; the message says how to write it.

    Parameters
    ----------
    text
        The message, or the text itself where there is a verdict.
    readings
        What it may be meant for, as it is written here.
    verdict, hint
        What is wrong with the text, and how it is written.
    """

    def __init__(
        self, text: str, readings: Sequence[str] = (), *, verdict: str = "", hint: str = ""
    ) -> None:
        written = f"'{text[:60]}' {verdict}; write {' or '.join(readings)}"
        written += f" ({hint})" if hint else ""
        super().__init__(written if verdict else text)
        self.readings, self.verdict, self.hint = tuple(readings), verdict, hint


@dataclass(frozen=True)
class Quantity:
    """A number and the units it was typed with, or None where only the context determines them.

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

    What follows a suffix is units: `100M`, `100M USD`, `25k gpu`, `120 MW`, `80day`, `40%`, `$2B`,
    `$2/GPU-hour`. A suffix may be a word, `250 million USD`, or stand behind a space, `100 M`; but
    `300 K` and `3 T` alone are kelvins and teslas. Powers of ten may be `1e26` or `10^26`. Commas
    may part groups of exactly three digits, `1,900`, and underscores any digits, `1_900`; the
    decimals stand behind a point.

    Raises
    ------
    UnitError
        The text holds no finite number.
    SpellingError
        Two people would read it differently, as `2,5M`.

    Examples
    --------
    >>> parse_quantity("100M USD") == parse_quantity("100 million USD")
    True
    >>> parse_quantity("1.5 × 10^26 FLOP")
    Quantity(value=1.5e+26, units='FLOP')
    >>> parse_quantity("120MW")
    Quantity(value=120.0, units='MW')
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise UnitError(
            f"'{text[:40]}…' has {len(text):,} characters; expected a value of at most {_LONGEST}"
        )
    refuse_other_digits(text)
    match = _QUANTITY.fullmatch(text)
    if ".." in text:
        raise UnitError(
            f"'{text[:60]}' is a range of a sweep; write an interval in words: "
            f"'{text[:60].replace('..', ' to ')}'"
        )
    if match is None:
        raise UnitError(
            f"'{text[:60]}' is not a value; expected a number with optional suffix (k, M, B, T) "
            "and units, such as 100M, 2e25 FLOP or '80 day'"
        )
    dollar, sign, digits, exponent, rest = match.groups()
    if not _GROUPED.fullmatch(digits):
        tails = [_respelled(f"{exponent}{rest}"[:40], place) for place in range(2)]
        pairs = zip_longest(_readings(digits), tails)
        readings = [_read(f"{dollar}{sign}{one}{tail}") for one, tail in pairs if one]
        raise SpellingError(text, readings, verdict="can be misread", hint=_MARKS_HINT)
    if spelled := _spelled(dollar, digits, exponent, rest):
        return parse_quantity(f"{dollar}{sign}{spelled}")
    number = float(f"{sign}{digits}{exponent}".replace(",", ""))
    suffix, units = _split_suffix(rest)
    if units.startswith("*"):
        raise UnitError(f"'{text[:60]}' is a product; expected one number, with units behind it")
    value = number * SUFFIXES[suffix] if suffix else number
    if not math.isfinite(value):
        raise UnitError(f"'{text[:60]}' is too large; expected a finite number")
    if dollar:
        units = f"USD{'' if units.startswith('/') else ' '}{units}".strip()
    return Quantity(value, units or None)


def refuse_other_digits(text: str) -> None:
    """Refuse a number in the digits of another script than the Latin, such as Devanagari.

    Raises
    ------
    SpellingError
        With the spelling in the digits 0 to 9.
    """
    if text.isascii() or not _OTHER_DIGIT.search(text):
        return
    spelled = _OTHER_DIGIT.sub(lambda found: str(int(found[0])), text)
    raise SpellingError(text, [spelled[:60]], verdict="has digits other than 0 to 9")


def check_spelling(text: str) -> None:
    """Refuse a number in a spelling that is not read, and let pass what else may be wrong with it.

    Raises
    ------
    SpellingError
        As `parse_quantity` raises it.
    """
    try:
        parse_quantity(text)
    except SpellingError:
        raise
    except UnitError:
        return


def check_ends(first: str, second: str, between: str = " to ") -> None:
    """Refuse an interval of which an end is in a spelling that is not read.

    Raises
    ------
    SpellingError
        With the readings of both ends together.
    """
    faults: list[SpellingError] = []
    readings: list[tuple[str, ...]] = []
    for end in (first.strip(), second.strip()):
        try:
            check_spelling(end)
            readings.append((end,))
        except SpellingError as error:
            faults.append(error)
            readings.append(error.readings)
    if faults:
        both = [
            f"{low or readings[0][-1]}{between}{high or readings[1][-1]}"
            for low, high in zip_longest(*readings)
        ]
        text = f"{first.strip()}{between}{second.strip()}"
        raise SpellingError(text, both, verdict=faults[0].verdict, hint=faults[0].hint)


def check_suffixes(first: str, second: str) -> None:
    """Refuse an interval such as `100 to 200M`, which may be meant from 100 million on.

    Parameters
    ----------
    first, second
        Its ends as they are typed.

    Raises
    ------
    SpellingError
        The first end is a bare number, the second has a suffix, and is over 10,000 times as large.
    """
    start, end = (_QUANTITY.fullmatch(text.strip()) for text in (first, second))
    if start is None or end is None:
        return
    suffix, units = _split_suffix(end[5])
    bare = not start[4] and not _split_suffix(start[5])[0]
    low, high = parse_quantity(first), parse_quantity(second)
    # With the suffix at both ends it must be an interval too, as 5M to 2M is none.
    meant = suffix and bare and low.value < high.value / SUFFIXES[suffix]
    if not (meant and 0 < low.value * _ABSURD < high.value):
        return
    number = first.strip().removesuffix(start[5]).strip()
    behind = f" {units}" if units else ""
    both = f"{number}{suffix} to {end[1]}{end[2]}{end[3]}{end[4]}{suffix}{behind}"
    plain = f"{number} to {high.value:.12g}{behind}".replace("e+", "e")
    raise SpellingError(
        f"'{first.strip()[:40]} to {second.strip()[:40]}' can be misread; write {both}, or {plain}",
        [both, plain],
    )


def _incompatible(found: str, expected: str) -> str:
    if found in _NONE:
        return f"a number without units is incompatible with '{expected}'; give it {_in(expected)}"
    other = "a number without units" if expected in _NONE else f"'{expected}'"
    counted = not _SUFFIXES.isdisjoint(found.upper().split())
    hint = ", or write a suffix k, M, B or T right behind the number" if counted else ""
    return f"units '{found[:60]}' are incompatible with {other}; give it {_in(expected)}{hint}"


def _in(units: str) -> str:
    return "without units, or in %" if units in _NONE else f"in {units}"


def _spelled(dollar: str, digits: str, exponent: str, rest: str) -> str:
    """Return a number of another spelling as it is written here, its units behind it, or ""."""
    if match := _WORD.match(rest):
        return f"{digits}{exponent}{_WORDS[match['word'].lower()]}{match['rest'].rstrip()}"
    # Nothing here is molar or in barns; 3 T and 300 K are quantities of their own.
    match = _SPACED.fullmatch(rest)
    counted = match and (dollar or match["suffix"] in "kMB" or match["rest"].strip()[:1].isalpha())
    if match and counted:
        return f"{digits}{exponent}{match['suffix']}{match['rest'].rstrip()}"
    plain = re.sub("(?<=10)(?=[⁻⁰¹²³⁴-⁹])", "^", f"{digits}{rest}").translate(_SUPERSCRIPTS)
    match = None if exponent else _POWER.fullmatch(plain)
    return f"{match['digits'] or 1}e{match['power']}{match['rest'].rstrip()}" if match else ""


def _readings(digits: str) -> list[str]:
    """Return the numbers that digits with marks between them may be meant for."""
    head, mark, tail = re.split(r"([^\d])(?=\d*\.?$)", digits.removesuffix("."), maxsplit=1)
    whole, part = (re.sub(r"\D", "", one) for one in (head, tail))
    others = set(re.sub(r"\d", "", head))
    joined = f"{whole}{part}".lstrip("0") or "0"
    decimal = f"{whole.lstrip('0') or '0'}.{part}"
    if mark == "," and others <= {","} and whole.strip("0"):
        return [decimal, joined]
    return [decimal if mark in ",." and mark not in others else joined]


def _read(text: str) -> str:
    """Return a text as it is read, where it is spelled otherwise too."""
    try:
        check_spelling(text)
    except SpellingError as error:
        return error.readings[0]
    return text


def _respelled(text: str, place: int) -> str:
    """Return a text in which each number that can be misread is its reading at a place."""

    def one(found: re.Match[str]) -> str:
        digits = found[0]
        if _GROUPED.fullmatch(digits):
            return digits
        readings = _readings(digits)
        return readings[min(place, len(readings) - 1)]

    return re.sub(rf"\d(?:(?:{_MARKS})?\d)*", one, text)


def _split_suffix(rest: str) -> tuple[str, str]:
    """Take the suffix off what follows the number; `MW` and `kW` are units, `M` is a million."""
    suffix = rest[:1] if rest[:1] in SUFFIXES and not rest[1:2].isalpha() else ""
    return suffix, rest[len(suffix) :].strip()
