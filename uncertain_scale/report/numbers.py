"""Numbers for people: as many digits as their Monte Carlo error supports, in readable prefixes.

A number among others, such as an interval's end, has the digits that distinguish it: years from
2019.67 to 2020.09 are no "2,020". `number` and `estimate` make plain data of a labelled result.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from uncertain_scale.units import is_date, takes_suffix
from uncertain_scale.units.dates import DATE, date_text
from uncertain_scale.units.labels import shown_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

# Counted things take thousands, millions, billions, trillions behind the number.
_COUNTED = {"USD", "gpu", "gpu*hour", "USD/gpu", "token", "parameter"}
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
# Power and energy climb to the next prefix instead.
_LADDERS = {
    "kW": ((1e6, "GW"), (1e3, "MW")),
    "MW": ((1e3, "GW"),),
    "GWh": ((1e3, "TWh"),),
}
_WORDS = {
    "1": "",
    "date": "",
    "day": "days",
    "gpu": "GPUs",
    "gpu*hour": "gpu-hours",
    "item": "items",
    "parameter": "parameters",
    "person": "people",
    "token": "tokens",
    "year": "years",
}
_PERCENT, _LEAST_SHARE = "%", 1e-6
_LEAST_OF_SUFFIX = 1e-3  # of a suffix, below which a number has none
_PLAIN, _MOST_COUNTED = 1e5, 1e15  # from where on other units have suffixes, and to where
_LEAST_PLAIN = 1e-4  # of an error that is written without an exponent
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_DIGITS = 3
_EXACT_DIGITS = 4
_DIGIT, _UNSEEN = 1e-3, 1e-4  # of a probability: its last digit, and an error that is none
_SPREAD_DIGITS = 2
_FAR_APART = 1e3  # largest over least of the medians that one scale writes
_WIDEST = 1e6  # of a number's ends, largest over least, beyond which no suffix or zeros help
_FAR = 300  # powers of ten that `round` does not take
_FLOAT_DIGITS = 16
_LONGEST = 20  # characters of a number that is written out; longer ones have an exponent
_PLAIN_POWERS = range(-2, 4)  # of a number such as 0.056 or 330 among others with exponents
_CALENDAR = "years"
_HOURS = -3  # the digit of a date that has no other to be told from


@dataclass(frozen=True)
class Scale:
    """How the numbers of one row are written: divided by `divisor`, with `suffix` or `exponent`.

    `finest` is the power of ten that distinguishes them, where they lie close together.
    """

    units: str
    divisor: float = 1.0
    suffix: str = ""
    exponent: int | None = None
    finest: int | None = None
    spread: float | None = None
    """How far dates lie apart, in years; None for what is no date."""

    def write(self, value: float, error: float | None = None, *, exact: bool = False) -> str:
        """Write a number with the digits that its error supports.

        Parameters
        ----------
        value, error
            In the variable's units; an error of None or nan is unknown.
        exact
            Whether the number is a constant, which its own digits describe.

        Examples
        --------
        >>> scale_for([7.6e7], "gpu*hour").write(7.631e7, 1e6)
        '76M'
        """
        if self.spread is not None or not math.isfinite(value):
            return _date(value, error, self.spread)
        most = _EXACT_DIGITS if exact else _MOST_DIGITS
        places = digits(value, error, most=most, finest=self.finest) if value else 0
        # What arithmetic leaves in the last digits decides no tie: 31.25 and 312.5 round alike.
        near = float(f"{value:.13g}")
        value = rounded(near if abs(near) < float(f"1e{min(places, 290) + 12}") else value, places)
        if value == 0:
            return "0"
        # 9.996 has become 10.0
        places = max(places, digits(value, error, most=most, finest=self.finest))
        if self.exponent is not None:
            return _scientific(value, places, exact=exact)
        divided, power = value / self.divisor, places - round(math.log10(self.divisor))
        text = _fixed(divided, power, exact=exact) if abs(power) < _LONGEST else ""
        if 0 < len(text) <= _LONGEST:
            return f"{grouped(text, self.units)}{self.suffix}"
        if self.suffix:
            return _scientific(value, places, exact=exact)
        return _scientific(divided, power, exact=exact)

    def write_end(self, piece: Mapping[str, Any], end: str, *, exact: bool = False) -> str:
        """Write an end of an interval, or what it is beyond, or that draws do not settle it.

        Parameters
        ----------
        piece
            With `low`, `high`, their errors, and `_beyond` or `_unsettled` of an end that is.
        end
            "low" or "high".
        exact
            As in `write`.
        """
        if piece.get(f"{end}_unsettled"):
            return f"{self.write(piece[end], 2 * abs(piece[end]))} (not settled)"
        text = self.write(piece[end], piece[f"{end}_mcse"], exact=exact)
        if not piece.get(f"{end}_beyond"):
            return text
        return f"{'below' if end == 'low' else 'above'} {text}"

    def write_error(self, error: float) -> str:
        """Write a standard error to two digits, in the scale of its number where that shows it.

        Examples
        --------
        >>> scale = scale_for([5e4], "gpu")
        >>> scale.write_error(6.1e6), scale.write_error(2.1e14), scale.write_error(0.51)
        ('6,100k', '2.1e14', '0.51')
        """
        if self.spread is not None:
            return f"{_two_digits(error / self.divisor)} years"
        scaled = error / self.divisor
        if self.suffix and error and not _LEAST_OF_SUFFIX <= scaled < _PLAIN:
            return _two_digits(error)
        return f"{_two_digits(scaled)}{self.suffix}"


def _date(value: float, error: float | None, spread: float | None) -> str:
    """Write a date, or how far dates lie apart, or what is none of them."""
    if not math.isfinite(value):
        return "-"
    return date_text(value, error, spread) if is_date(DATE, value) else f"{value:.2g} years"


def scale_for(values: Iterable[float], units: str) -> Scale:
    """Choose how numbers of one variable are written, by the first of them: the median, say.

    The others, such as the ends of its interval, say how far apart they lie, and so to which digit
    they are distinguished.

    Examples
    --------
    >>> scale_for([1562.0], "MW").units
    'GW'
    >>> scale_for([8.6e5, 5.69e5, 1.3e6], "USD/year").write(8.6e5)
    '860k'
    >>> scale_for([2019.88, 2019.67, 2020.09], "year").write(2019.8762)
    '2019.88'
    >>> scale_for([4e-4, -12.9, 12.7], "1").write(-12.93, 0.01)
    '-12.9'
    >>> scale_for([2.1e6, 3.8e-4, 1.2e11], "gpu").write(3.8e-4)
    '3.80e-4'
    """
    finite = [value for value in values if math.isfinite(value)]
    spread, largest = max(finite) - min(finite), max(map(abs, finite))
    if units == DATE:
        return Scale("", spread=spread)
    # About 0 the median has no size of its own.
    about_zero = min(finite) < 0 < max(finite) and largest >= 1
    scale = _scale(largest if about_zero else abs(finite[0]), units)
    if 0 < min(finite) * _WIDEST < largest:
        bare = "" if units == _PERCENT else units_in_words(units)
        return Scale(bare, exponent=math.floor(math.log10(finite[0])))
    if not spread > largest * 10.0**-_FLOAT_DIGITS:
        return replace(scale, finest=_HOURS) if is_date(units, *finite) else scale
    return replace(scale, finest=math.floor(math.log10(spread)) - _SPREAD_DIGITS + 1)


def scale_of(output: Mapping[str, Any], name: str = "") -> Scale:
    """Choose how the numbers of an answer in a document are written, by its median and intervals.

    Parameters
    ----------
    name
        The variable, of which a share is written in per cent; "" for no variable's.
    output
        With `median`, `units`, and `intervals` or, where inputs were held, their `swing`.

    Examples
    --------
    >>> interval = {"kind": "eti", "low": 149.2, "high": 150.8}
    >>> output = {"median": 150.0, "units": "day", "intervals": [interval]}
    >>> scale_of(output).write(149.24, 1e-3)
    '149.2'
    """
    sides = ("low", "high")
    pieces = [one for one in output.get("intervals", ()) if one.get("kind", "eti") == "eti"]
    ends = [piece[side] for piece in pieces for side in sides]
    ends += [one[side]["median"] for one in output.get("swing", {}).values() for side in sides]
    known = [end for end in ends if end is not None]
    return scale_for([output["median"], *known], shown_units(name, output["units"]))


def scale_at(value: float, swept: Mapping[str, Any]) -> Scale:
    """Choose how a value of a swept variable is written, so that it differs from its neighbours.

    Examples
    --------
    >>> swept = {"values": [2019.5, 2019.75, 2020.0], "units": "year"}
    >>> [scale_at(value, swept).write(value, exact=True) for value in swept["values"]]
    ['2019.5', '2019.75', '2020']
    """
    others = [other for other in swept["values"] if other != value]
    nearest = min(others, key=lambda other: abs(other - value), default=value)
    return scale_for([value, nearest], shown_units(swept.get("name", ""), swept["units"]))


def common_scale(outputs: Sequence[Mapping[str, Any]], name: str) -> Scale | None:
    """Return one scale for a variable's answers in rows below one another, such as a sweep's.

    None where they lie too far apart for one: then each row has its own.

    Examples
    --------
    >>> rows = [{"median": median, "units": "parameter"} for median in (4e11, 9e11, 2.4e12)]
    >>> common_scale(rows, "optimal_params").suffix
    'B'
    """
    scales = [scale_of(output, name) for output in outputs]
    if len({(one.units, one.divisor, one.exponent is None) for one in scales}) == 1:
        return None
    sizes = [abs(output["median"]) for output in outputs]
    if not min(sizes) * _FAR_APART > max(sizes):
        return None
    return scales[sizes.index(sorted(sizes)[len(sizes) // 2])]


def _scale(size: float, units: str) -> Scale:
    for divisor, prefixed in _LADDERS.get(units, ()):
        if size >= divisor:
            return Scale(units_in_words(prefixed), divisor)
    words = units_in_words(units)
    if units == _PERCENT:
        small = size and size < _LEAST_SHARE
        return Scale("", exponent=math.floor(math.log10(size))) if small else Scale(words, 0.01)
    if units in _COUNTED or takes_suffix(units):
        least = 1e3 if units in _COUNTED else _PLAIN
        for divisor, suffix in _SUFFIXES if least <= size < _MOST_COUNTED else ():
            if size >= divisor:
                return Scale(words, divisor, suffix)
    if units in _COUNTED and size < _MOST_COUNTED:
        return Scale(words)
    if size and not 1e-3 <= size < _PLAIN:
        return Scale(words, exponent=math.floor(math.log10(size)))
    return Scale(words)


def digits(
    value: float, error: float | None, *, most: int = _MOST_DIGITS, finest: int | None = None
) -> int:
    """Return the power of ten that a number is rounded to.

    It is the smallest that is at least half the error and leaves at most `most` digits, or those
    down to `finest`; one digit is always left, so that nothing is rounded to 0.

    Examples
    --------
    >>> digits(7.7566, 0.012)
    -2
    """
    largest = math.floor(math.log10(abs(value)))
    power = largest - most + 1
    if finest is not None:
        power = min(power, max(finest, largest - _FLOAT_DIGITS + 1))
    if error and math.isfinite(error):
        power = max(power, math.ceil(math.log10(error) - math.log10(2)))
    return min(power, largest)


def grouped(text: str, units: str) -> str:
    """Take the comma out of what may be a year of the calendar: 2019.67.

    That is a number of years, and one of four digits without units.
    """
    plain = units == _CALENDAR or (not units and len(text.lstrip("-").partition(".")[0]) == 5)
    return text.replace(",", "") if plain else text


def rounded(value: float, power: int) -> float:
    """Round to a multiple of ten to `power`."""
    if abs(power) < _FAR:
        return round(value, -power)
    places = max(math.floor(math.log10(abs(value))) - power, 0) if value else 0
    near = float(f"{value:.{places}e}")
    return near if math.isfinite(near) else value


def percent(prob: float) -> str:
    """Write the probability of an interval in percent, with all digits that it was given.

    Examples
    --------
    >>> percent(0.9), percent(0.9999999)
    ('90%', '99.99999%')
    """
    return f"{float(f'{100 * prob:.15g}'):.12g}%"


def share_in_words(share: float, error: float | None = None) -> str:
    """Write a probability in percent, and what is nearly none or all as such.

    Parameters
    ----------
    share
        The probability.
    error
        Its standard error, which says whether what is nearly none or all has a digit.

    Examples
    --------
    >>> share_in_words(0.1234), share_in_words(1e-5), share_in_words(1.0)
    ('12.3%', '<0.1%', '100%')
    >>> share_in_words(3.12e-4, 5e-5), share_in_words(1 - 3.12e-4, 5e-6)
    ('0.03%', '99.969%')
    """
    missed = min(share, 1 - share)
    if not 0 < missed < 1e-3:
        return f"{100 * share:.3g}%"
    if error is not None and error < missed:
        least = max(error, _DIGIT * missed)
        return f"{100 * share:.{-digits(100 * missed, 100 * least)}f}%"
    return "<0.1%" if share == missed else ">99.9%"


def error_in_words(error: float | None, share: float = 0.5) -> str:
    """Write the standard error of a probability in percent, to one digit.

    Nothing is written of none, nor of one that is far below the last digit that is shown.

    Examples
    --------
    >>> error_in_words(0.002), error_in_words(3e-4, 0.99), error_in_words(3e-10)
    ('0.2%', '0.03%', '')
    """
    if not error or error < _UNSEEN * min(share, 1 - share):
        return ""
    shown = float(f"{100 * error:.1g}")
    places = -math.floor(math.log10(shown)) if shown else 0
    return f"{shown:.{max(places, 0)}f}%"


def probability_in_words(found: Mapping[str, Any], key: str = "probability") -> str:
    """Write a probability in percent, and of what no draw or every draw shows, the 95% bound.

    Parameters
    ----------
    found
        With the probability, its standard error `mcse`, and its 95% interval, `low` and `high`.
    key
        Of the probability; another than the default is in the names of the others too.

    Examples
    --------
    >>> probability_in_words({"probability": 0.0, "low": 0.0, "high": 4.57e-5})
    'below 0.0046%'
    >>> probability_in_words({"probability": 1.0, "low": 1 - 4.57e-5, "high": 1.0})
    'above 99.9954%'
    """
    start = "" if key == "probability" else f"{key}_"
    share, low, high = found[key], found.get(f"{start}low"), found.get(f"{start}high")
    if share not in {0, 1} or low is None or high is None or low == high:
        return share_in_words(share, found.get(f"{start}mcse"))
    missed = float(f"{max(high - low, 1e-15):.1e}")
    places = max(1 - math.floor(math.log10(100 * missed)), 0)
    if share:
        return f"above {100 * (1 - missed):.{places}f}%"
    return f"below {100 * missed:.{places}f}%"


def quantity_text(number: str, units: str) -> str:
    """Write a number with its units behind it, as people do.

    Examples
    --------
    >>> quantity_text("21", "%"), quantity_text("21", "MW"), quantity_text("21", "")
    ('21%', '21 MW', '21')
    """
    return f"{number}{units}" if units == _PERCENT else f"{number} {units}".rstrip()


def units_in_words(units: str) -> str:
    """Write units as people say them."""
    return _WORDS.get(units, units.replace("*", " "))


def raised(exponent: int) -> str:
    """Write a whole number as an exponent.

    Examples
    --------
    >>> raised(-25)
    '⁻²⁵'
    """
    return str(exponent).translate(_RAISED)


def with_powers(text: str) -> str:
    """Write powers of ten as people do: 4.81e25 becomes 4.81×10²⁵, and 6.3e0 is 6.3.

    Examples
    --------
    >>> with_powers("4.81e25 FLOP")
    '4.81×10²⁵ FLOP'
    """
    return re.sub(
        r"(?<![\w.])(-?\d+(?:\.\d+)?)e\+?(-?\d+)\b",
        lambda found: f"{found[1]}×10{raised(int(found[2]))}" if int(found[2]) else found[1],
        text,
    )


def _fixed(value: float, power: int, *, exact: bool) -> str:
    text = f"{value:,.{max(-power, 0)}f}"
    return text.rstrip("0").rstrip(".") if exact and "." in text else text


def _scientific(value: float, power: int, *, exact: bool) -> str:
    number, _, exponent = f"{value:.15e}".partition("e")  # 10**exponent may be no number
    if int(exponent) in _PLAIN_POWERS:
        return _fixed(value, power, exact=exact)
    mantissa = _fixed(float(number), power - int(exponent), exact=exact)
    return f"{mantissa}e{int(exponent)}"


def _two_digits(value: float) -> str:
    """Write a number to two digits, grouped where it is not too long for that.

    Examples
    --------
    >>> _two_digits(6123.0), _two_digits(0.0512), _two_digits(1.23e9)
    ('6,100', '0.051', '1.2e9')
    """
    if not value or not math.isfinite(value):
        return f"{value:g}"
    power = digits(value, None, most=_SPREAD_DIGITS)
    near = rounded(value, power)
    plain = _LEAST_PLAIN <= abs(near) < _PLAIN
    return _fixed(near, power, exact=True) if plain else _scientific(near, power, exact=True)


def estimate(found: xr.Dataset, name: str) -> dict[str, Any]:
    """Return an estimate with its error, its 95% interval, and whether that holds 0."""
    return {
        name: number(found[name]),
        f"{name}_mcse": number(found[f"{name}_mcse"]),
        f"{name}_low": number(found[f"{name}_low"]),
        f"{name}_high": number(found[f"{name}_high"]),
        f"{name}_unresolved": str(found[f"{name}_unresolved"].item()),
    }


def estimates(found: xr.Dataset, name: str, inputs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return an estimate of each of some inputs, as `estimate` does; `input` is the only dim."""
    places = {str(one): place for place, one in enumerate(found["input"].values)}
    keys = [f"{name}{part}" for part in ("", "_mcse", "_low", "_high")]
    columns = {key: found[key].values for key in keys}
    words = found[f"{name}_unresolved"].values
    return {
        one: {
            **{key: number(column[places[one]]) for key, column in columns.items()},
            f"{name}_unresolved": str(words[places[one]]),
        }
        for one in inputs
    }


def number(value: Any) -> float | None:
    """Return a finite number, or none."""
    found = float(value)
    return found if math.isfinite(found) else None
