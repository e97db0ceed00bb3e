"""Values that are swept, as people type them: `10M..100B`, or `10M, 30M, 100M`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from uncertain_scale.errors import QuestionError, UnitError, nearest
from uncertain_scale.inputs.distributions.statement import number_text
from uncertain_scale.units import (
    Quantity,
    SpellingError,
    check_ends,
    conversion_factor,
    parse_quantity,
)
from uncertain_scale.units.dates import DATE, dates_as_numbers
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uncertain_scale.model import Model

Spacing: TypeAlias = Literal["auto", "log", "linear"]

_POINTS = {1: 25, 2: 9, 3: 5}
_MOST_SWEPT = 2
_MOST_POINTS = 10_000
_DECADE = 10.0
_PLACES = 12
# A list, or one number: 10,500 and 2,5M; 1,234.5; 1.234,5. In 0.2,0.3 every value has its point.
_UNCLEAR = re.compile(
    r"(?<![\d.eE])(?<![eE][-+])\d+,\d+(?![\d.])|(?<![\d.])\d{1,3},\d{3}\.|\.\d{3},\d+(?![\d.])"
)


@dataclass(frozen=True)
class Axis:
    """A variable and the values that it is swept over.

    Parameters
    ----------
    name
        The variable.
    values
        Two or more, ascending, in `units`.
    units
        What was typed, or None for the variable's own.
    spacing
        `log` or `linear` for a range, `list` for values that were listed.
    stated
        What was typed, or the values in brief.
    """

    name: str
    values: tuple[float, ...]
    units: str | None
    spacing: Literal["log", "linear", "list"]
    stated: str

    @property
    def quantities(self) -> list[Quantity]:
        """The values with their units."""
        return [Quantity(value, self.units) for value in self.values]


def read_axes(
    given: Mapping[str, Any],
    *,
    points: int | Mapping[str, int] | None = None,
    spacing: Spacing = "auto",
    most: int = _MOST_SWEPT,
) -> tuple[dict[str, Any], list[Axis]]:
    """Tell the givens that are swept from those that are not.

    Parameters
    ----------
    given
        By variable: a range (`"10M..100B"`, or `"10M..100B:5"` with its points), a list (`"10M,
        30M"` or numbers or quantities), or anything that `ask` reads.
    points
        Points of a range, for all of them or by variable; 25 for one range, 9 each for two.
    spacing
        `auto` takes logarithmic steps where both ends are positive and a decade or more apart.
    most
        Givens that may be swept, at most three.

    Returns
    -------
    fixed, axes
        The givens that are not swept, and one or two axes.

    Raises
    ------
    QuestionError
        Nothing is swept, or more than may be; a range that is reversed, empty or not positive
        where steps are to be logarithmic; a number of points that no range can have.
    UnitError
        An end or value cannot be read, or they are in units that do not fit one another.

    Examples
    --------
    >>> fixed, (axis,) = read_axes({"budget": "10M..1B", "gpus": "25k"}, points=3)
    >>> fixed, axis.values, axis.spacing
    ({'gpus': '25k'}, (10000000.0, 100000000.0, 1000000000.0), 'log')
    """
    typed, given = (
        given,
        {
            name: _dates(value) if name == DATE and isinstance(value, str) else value
            for name, value in given.items()
        },
    )
    swept = {name: value for name, value in given.items() if _is_swept(name, value)}
    if not swept:
        raise QuestionError(
            "nothing is swept; give a range such as budget = 10M..100B, or a list such as "
            "budget = 10M,30M,100M"
        )
    if len(swept) > most:
        expected = "one or two" if most == _MOST_SWEPT else f"at most {most}"
        raise QuestionError(
            f"{len(swept)} givens are swept ({', '.join(swept)}); expected {expected}, "
            "give the others one value each"
        )
    if spacing not in {"auto", "log", "linear"}:
        raise QuestionError(f"steps '{spacing}' are unknown; expected auto, log or linear")
    ranges = [name for name, value in swept.items() if isinstance(value, str) and ".." in value]
    counts = _counts(points, ranges, len(swept))
    axes = [
        _range(name, value, counts[name], spacing) if name in ranges else _list(name, value)
        for name, value in swept.items()
    ]
    axes = [
        replace(axis, stated=typed[DATE].strip())
        if axis.name == DATE and isinstance(typed[DATE], str)
        else axis
        for axis in axes
    ]
    size = int(np.prod([len(axis.values) for axis in axes]))
    if size > _MOST_POINTS:
        raise QuestionError(
            f"the sweep has {size:,} points; expected at most {_MOST_POINTS:,}, take fewer points"
        )
    return {name: value for name, value in given.items() if name not in swept}, axes


def _dates(text: str) -> str:
    """Return dates as numbers, with the points of a range behind them."""
    dates, colon, points = text.partition(":")
    return f"{dates_as_numbers(dates, several=True)}{colon}{points}"


def refuse_impossible(axis: Axis, model: Model) -> None:
    """Refuse values that a variable cannot have.

    Raises
    ------
    UnitError
        An end of them does not lie in the domain that the variable is declared with.
    """
    units = model.variables[axis.name]
    domain, factor = domain_of(units), Quantity(1.0, axis.units).to(units)
    ends = [axis.quantities[at].to(units) for at in (0, -1)]
    met = domain is None or all(end in domain for end in ends)
    if domain is None or (met and not (domain.binary and len(axis.values) > 2)):
        return
    low, high = (bound / factor for bound in domain.bounds)
    first, _, last = map(str.strip, axis.stated.partition(".."))
    if ends[0] not in domain:
        first = number_text(low or float(f"{min(axis.values[-1], high) / 100:.1g}"))
    last = last if ends[1] in domain else number_text(high)
    verb = "end" if ends[0] in domain else "start"
    advice = f"{verb} there, as in {first}..{last}"
    if axis.spacing == "list":
        advice = "drop the values that are not"
    if domain.binary:
        advice = "write 0, 1"
    must = f"must be {domain.words(units)} at every point"
    raise UnitError(f"{axis.name} = '{axis.stated[:60]}': {axis.name} {must}; {advice}")


def _is_swept(name: str, value: Any) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, Quantity) and np.ndim(value) > 0
    if ".." in value:
        return True
    if "," not in value or "(" in value or re.search(r"(?<![A-Za-z_])to(?![A-Za-z_])", value):
        return False
    if _UNCLEAR.search(value):
        raise QuestionError(
            f"{name} = '{value[:60]}': is it one number or a list? Write a number without commas, "
            "its decimals behind a point, and a list with a space behind each comma"
        )
    return True


def _counts(
    points: int | Mapping[str, int] | None, ranges: list[str], dimensions: int
) -> dict[str, int]:
    """Return the number of points of each range."""
    if points is None:
        return dict.fromkeys(ranges, _POINTS[dimensions])
    if not ranges:
        raise QuestionError("the number of points is that of a range, and none is given; drop it")
    if isinstance(points, int):
        counts = dict.fromkeys(ranges, points)
    else:
        for name in points:
            if name not in ranges:
                hint = nearest(name, ranges)
                raise QuestionError(f"points of '{name[:60]}', which has no range; {hint}")
        counts = {name: points.get(name, _POINTS[dimensions]) for name in ranges}
    for name, count in counts.items():
        _refuse_count(name, count)
    return counts


def _refuse_count(name: str, count: int) -> None:
    if not 2 <= count <= _MOST_POINTS:
        raise QuestionError(
            f"{name} has {count} point{'s' if count != 1 else ''}; a range has from 2 to "
            f"{_MOST_POINTS:,}, and one value needs no sweep"
        )


def _range(name: str, text: str, count: int, spacing: Spacing) -> Axis:
    """Read `LOW..HIGH` or `LOW..HIGH:POINTS`."""
    said = f"{name} = '{text[:60]}'"
    span, colon, points = text.partition(":")
    if colon:
        if not points.strip().isdecimal():
            raise QuestionError(
                f"{said}: '{points[:20]}' is no number of points; expected LOW..HIGH:POINTS, such "
                "as 10M..100B:5"
            )
        count = int(points[:9])
        _refuse_count(name, count)
    ends = span.split("..")
    if len(ends) != 2 or "..." in text or not all(map(str.strip, ends)):
        raise QuestionError(f"{said} is not a range; expected LOW..HIGH, such as 10M..100B")
    try:
        check_ends(ends[0], ends[1], "..")
    except SpellingError as error:
        raise QuestionError(f"{name}: {error}") from None
    (low, high), units = _in_one_unit(said, map(str.strip, ends))
    if not low < high:
        words = [f"{end:g} {units or ''}".rstrip() for end in (low, high)]
        what = "empty" if low == high else f"reversed ({words[0]} is above {words[1]})"
        raise QuestionError(f"{said}: the range is {what}; expected the lower end first")
    if spacing == "log" and low <= 0:
        raise QuestionError(f"{said}: logarithmic steps need two positive ends; take linear steps")
    logarithmic = spacing == "log" or (spacing == "auto" and low > 0 and high / low >= _DECADE)
    steps = np.geomspace(low, high, count) if logarithmic else np.linspace(low, high, count)
    # 100M within 10M..100B is 100M to the last bit, and not its neighbour.
    inner = [float(f"{step:.{_PLACES}g}") for step in steps[1:-1]]
    values = (low, *inner, high)
    if len(set(values)) < count:
        raise QuestionError(f"{said}: the ends are too close for {count} points; take fewer")
    return Axis(name, values, units, "log" if logarithmic else "linear", text.strip())


def _list(name: str, listed: Any) -> Axis:
    """Read `A, B, C`, or a sequence of texts, numbers and quantities."""
    said = f"{name} = '{str(listed)[:60]}'"
    parts: Iterable[Any] = listed.split(",") if isinstance(listed, str) else listed
    if isinstance(listed, str) and not all(map(str.strip, listed.split(","))):
        raise QuestionError(f"{said}: a value of the list is missing between two commas")
    values, units = _in_one_unit(said, parts)
    if len(values) < 2:
        raise QuestionError(f"{said}: one value needs no sweep; list two or more")
    ordered = sorted(set(values))
    if len(ordered) < len(values):
        raise QuestionError(f"{said}: a value is listed twice; keep one")
    brief = f"{ordered[0]:g}, …, {ordered[-1]:g}" if len(ordered) > 2 else f"{ordered}"[1:-1]
    stated = listed.strip() if isinstance(listed, str) else brief
    return Axis(name, tuple(ordered), units, "list", stated)


def _in_one_unit(said: str, parts: Iterable[Any]) -> tuple[list[float], str | None]:
    """Read values in the first unit that one of them names; bare ones are in it too."""
    try:
        quantities = list(_quantities(parts))
        units = next((one.units for one in quantities if one.units), None)
        values = [
            one.value
            if one.units is None or units is None
            else one.value * conversion_factor(one.units, units)
            for one in quantities
        ]
    except (UnitError, TypeError, ValueError) as error:
        raise UnitError(f"{said}: {error}") from None
    if not np.isfinite(values).all():
        raise UnitError(f"{said}: expected finite numbers")
    return values, units


def _quantities(parts: Iterable[Any]) -> Iterator[Quantity]:
    for part in parts:
        if isinstance(part, Quantity):
            yield part
        else:
            yield parse_quantity(part) if isinstance(part, str) else Quantity(float(part))
