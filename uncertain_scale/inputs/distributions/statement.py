"""How a kind is stated: by its parameters, by others in their place, or by named quantiles.

Each class declares the ways (`parameters`, `alternative`, `quantile_counts`); here they are read
and written as text, and their faults as messages: pydantic's errors and our own, all at once.
Digits after `q` are decimals, at least two: q05 is 5%, q975 is 97.5%.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from uncertain_scale.errors import UncertainScaleError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from uncertain_scale.inputs.distributions.base import Distribution
    from uncertain_scale.units.aliases import FloatArray

_NAME = re.compile(r"q\d+")
_PLAIN = frozenset({"alpha", "beta", "nu", "p", "shape", "geometric_sd"})
_COUNTS = ("no", "one", "two", "three", "four")
_FAULTS = {
    "float_type": "is not a number",
    "finite_number": "must be finite",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "missing": "must hold two bounds, as in [0, inf]",
    "model_type": "is not a distribution",
    "is_instance_of": "is not a distribution",
    "tuple_type": "must be a list, as in [1, 2]",
}
Fault: TypeAlias = tuple[str | None, str]
Faults: TypeAlias = "Iterable[Fault]"


class DistributionError(UncertainScaleError, ValueError):
    """Everything that is wrong with one distribution.

    Parameters
    ----------
    faults
        Name of a parameter, or None for the whole, and the message.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("; ".join(text for _, text in self.faults))

    def __reduce__(self) -> tuple[type[DistributionError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


def number_text(value: float) -> str:
    """Return the shortest text that reads back to the same number.

    Examples
    --------
    >>> number_text(8.2e24), number_text(3.0), number_text(0.1)
    ('8.2e24', '3', '0.1')
    """
    text = repr(float(value))
    if "e" in text:
        text = text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.removesuffix(".0")


def call_text(kind: str, stated: Mapping[str, Any], longest: int | None) -> str:
    """Return `kind(name=value, …)`, which people type and `parse_distribution` reads."""
    parts = (f"{name}={_value_text(value, longest)}" for name, value in stated.items())
    return f"{kind}({', '.join(parts)})"


def _value_text(value: Any, longest: int | None) -> str:
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, Sequence):
        texts = [_value_text(item, longest) for item in value[:longest]]
        if len(texts) < len(value):
            texts.append(f"… {len(value)} in all")
        return f"[{', '.join(texts)}]"
    return str(value.describe(longest)) if hasattr(value, "describe") else repr(value)


@dataclass(frozen=True)
class NamedQuantiles:
    """Quantiles in ascending order, with the names they were given by."""

    kind: str
    names: tuple[str, ...]
    levels: FloatArray
    values: FloatArray

    def text(self) -> str:
        """Return them as they were typed."""
        pairs = zip(self.names, self.values, strict=True)
        return ", ".join(f"{name} = {number_text(value)}" for name, value in pairs)

    def scores(self) -> FloatArray:
        """Return the normal scores of the levels."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.levels))

    def refuse(self, advice: str = "") -> DistributionError:
        """Return the error that no distribution of the kind has these quantiles."""
        text = f"no {self.kind} has {self.text()}"
        return DistributionError([(None, f"{text}; {advice}" if advice else text)])

    def within(self, lower: float, upper: float) -> NamedQuantiles:
        """Return these quantiles, all of them strictly inside the support.

        Raises DistributionError: one is not.
        """
        faults: list[Fault] = []
        for name, value in zip(self.names, self.values, strict=True):
            said = f"{name} = {number_text(value)} must be"
            if value <= lower:
                faults.append((name, f"{said} above {number_text(lower)} for a {self.kind}"))
            elif value >= upper:
                faults.append((name, f"{said} below {number_text(upper)} for a {self.kind}"))
        if faults:
            raise DistributionError(faults)
        return self

    def reproduced_by(self, values: FloatArray) -> bool:
        """Return whether quantiles are these, to 1e-9 of each."""
        spread = self.values[-1] - self.values[0]
        slack = 1e-9 * np.abs(self.values) + 1e-13 * spread
        return bool(np.all(np.abs(values - self.values) <= slack))


def is_quantile_name(name: str) -> bool:
    """Return whether a parameter's name is `q` and digits."""
    return _NAME.fullmatch(name) is not None


def is_quantity(cls: type[Distribution], name: str) -> bool:
    """Return whether a parameter is in the units of what it is about."""
    return name not in _PLAIN and not (name in {"mu", "sigma"} and "of the log" in cls.mu_is)


def level_of(name: str) -> float:
    """Return the probability that a quantile's name stands for.

    Raises
    ------
    DistributionError
        Fewer than two digits, or a level of 0% or 100%.

    Examples
    --------
    >>> level_of("q05"), level_of("q975"), level_of("q001")
    (0.05, 0.975, 0.001)
    """
    digits = name[1:]
    if len(digits) == 1:
        text = f"'{name}': write q0{digits} for {digits}% or q{digits}0 for {digits}0%"
        raise DistributionError([(name, text)])
    if set(digits) == {"0"} or re.fullmatch(r"10{2,}", digits):
        end = "0%" if digits[0] == "0" else "100%"
        text = f"'{name}': no quantile at {end} is a parameter; q001 to q999 are, or others"
        raise DistributionError([(name, text)])
    if len(digits) > 15:
        raise DistributionError([(name[:20], f"'{name[:20]}…' has too many digits; at most 15")])
    return float(f"0.{digits}")


def stated_parameters(cls: type[Distribution], data: dict[str, Any]) -> dict[str, Any]:
    """Return a kind's own parameters for the stated ones.

    Raises DistributionError: all faults of quantiles, or of parameters in place of its own.
    """
    if cls.quantile_counts[1] and any(map(is_quantile_name, data)):
        quantiles, beside = _read_quantiles(cls, data)
        return {**beside, **cls.from_quantiles(quantiles, beside)}
    if any(name in data for name in cls.alternative):
        given, beside = _read_alternative(cls, data)
        return {**beside, **cls.from_alternative(given, beside)}
    return data


def in_order(distribution: Distribution, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement in the order of the fields, quantiles by level, truncate last."""
    names, required = list(type(distribution).model_fields), distribution.required()
    resolved = {name: getattr(distribution, name) for name in names}

    def place(name: str) -> tuple[int, float]:
        if is_quantile_name(name):
            return 1, level_of(name)
        if name in distribution.alternative and name not in names:
            return 0, list(distribution.alternative).index(name)
        if name not in names:
            return 4, 0
        group = 3 if name == "truncate" else 0 if name in required else 2
        return group, names.index(name)

    return {
        name: resolved.get(name, data[name])
        for name in sorted(data, key=place)
        if name != "kind" and data[name] is not None
    }


def _read_alternative(
    cls: type[Distribution], data: Mapping[str, Any]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return a kind's other parameters, checked, and the rest of the statement."""
    given = {name: data[name] for name in cls.alternative if name in data}
    beside = {name: value for name, value in data.items() if name not in given}
    way, *others = sorted(cls.together(), key=lambda way: -sum(name in given for name in way))
    names = " and ".join(way)
    others = [one for one in (cls.parameters, *others) if any(name in data for name in one)]
    for mixed, other in ((name, " and ".join(one)) for one in others for name in one):
        if mixed not in data:
            continue
        text = f"{cls.kind_name()} takes {other}, or {names}, not both; drop {mixed}"
        raise DistributionError([(mixed, text)])
    faults: list[Fault] = [
        (missing, f"{missing} is missing; {cls.kind_name()} takes {names} together")
        for missing in way
        if missing not in given
    ]
    faults += [(name, said) for name in given if (said := number_fault(name, given[name]))]
    faults = faults or [
        (name, f"{name} = {value:g} must be above {least:g}")
        for name, value in given.items()
        if value <= (least := cls.alternative[name].get("exclusiveMinimum", -np.inf))
    ]
    faults += _beside_faults(cls, beside)
    if faults:
        raise DistributionError(faults)
    return given, beside


def _read_quantiles(
    cls: type[Distribution], data: Mapping[str, Any]
) -> tuple[NamedQuantiles, dict[str, Any]]:
    """Return a kind's named quantiles, ascending and checked, and the rest of the statement."""
    given = {name: value for name, value in data.items() if is_quantile_name(name)}
    beside = {name: value for name, value in data.items() if name not in given}
    faults, readable = _readable(given)
    if stated := [name for name in (*in_place(cls), *cls.alternative) if name in beside]:
        text = f"{' and '.join(stated)} and quantiles such as {next(iter(given))} are both given; "
        faults.append((stated[0], f"{text}{cls.kind_name()} takes either"))
    faults += _beside_faults(cls, beside)
    for (level, low, value), (next_level, high, next_value) in pairwise(readable):
        if level == next_level:
            faults.append((high, f"{low} and {high} are the same quantile; keep one"))
        elif value >= next_value:
            text = f"{low} = {number_text(value)} is not below {high} = {number_text(next_value)}"
            faults.append((low, f"{text}; swap them or fix the source"))
    faults += _count_faults(cls, list(given), beside)
    if faults:
        raise DistributionError(faults)
    levels, names, values = zip(*readable, strict=True)
    return NamedQuantiles(cls.kind_name(), names, np.array(levels), np.array(values)), beside


def _beside_faults(cls: type[Distribution], beside: Mapping[str, Any]) -> list[Fault]:
    """Say which parameters beside quantiles or others are unknown, or are no numbers."""
    known = {*cls.model_fields, *cls.alternative}
    numbers = cls.model_fields.keys() - {"kind", "truncate", *in_place(cls), *cls.alternative}
    faults: list[Fault] = [(name, unknown_text(cls, name)) for name in beside if name not in known]
    faults += [
        (name, said)
        for name, value in beside.items()
        if name in numbers and value is not None and (said := number_fault(name, value))
    ]
    return faults


def _readable(given: Mapping[str, Any]) -> tuple[list[Fault], list[tuple[float, str, float]]]:
    """Return the faults of quantiles by themselves, and level, name and value of the others."""
    faults: list[Fault] = []
    readable: list[tuple[float, str, float]] = []
    for name, value in given.items():
        text = number_fault(name, value)
        if text:
            faults.append((name, text))
        try:
            level = level_of(name)
        except DistributionError as error:
            faults += error.faults
            continue
        if text is None:
            readable.append((level, name, float(value)))
    return faults, sorted(readable, key=itemgetter(0))


def _count_faults(
    cls: type[Distribution], names: list[str], beside: Mapping[str, Any]
) -> list[Fault]:
    least, most = cls.free_parameters(beside)
    if least <= len(names) <= most:
        return []
    words = _COUNTS[least] if least == most else f"{_COUNTS[least]} to {most}"
    text = f"{cls.kind_name()} takes {words} quantiles, {len(names)} given ({', '.join(names[:6])})"
    if cls.free_shape:
        with_it, without = (_COUNTS[count] for count in cls.quantile_counts)
        text += f"; {with_it} with {cls.free_shape} given, {without} without"
    return [(names[-1], text)]


def in_place(cls: type[Distribution]) -> list[str]:
    """Return the parameters that no quantiles stand beside."""
    return [name for name in cls.parameters if name != cls.free_shape]


def faults_of(error: ValidationError, cls: type[Distribution] | None = None) -> list[Fault]:
    """Return the faults that a ValidationError holds, for a class whose names are known."""
    faults: list[Fault] = []
    missing: list[str] = []
    for detail in error.errors():
        inner = detail.get("ctx", {}).get("error")
        loc = detail["loc"]
        if isinstance(inner, DistributionError) and loc:
            faults += [(_parameter(loc), f"{_place(loc)}: {text}") for _, text in inner.faults]
        elif isinstance(inner, DistributionError):
            faults += inner.faults
        elif detail["type"] == "missing" and isinstance(loc[-1], str):
            missing.append(loc[-1])
        elif not (detail["type"] == "too_short" and any(name == loc[0] for name, _ in faults)):
            # A list is also too short where pydantic refused each of its items.
            faults.append((_parameter(loc), _in_words(detail, cls)))
    return [*_missing(missing, cls), *faults]


def number_fault(name: str, value: object) -> str | None:
    """Say why a value is not a finite number, or return None where it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} = {shown(value)} is not a number{_how(value)}"
    try:
        return None if math.isfinite(value) else f"{name} = {shown(value)} must be finite"
    except OverflowError:
        return f"{name} is too large; it must be a finite number"


def _how(value: object) -> str:
    """Say how a file states the number that somebody wrote as text, or return ""."""
    text = isinstance(value, str) and re.match(r"\s*[-+$]?[.\d]", value)
    return "; write it without quotes, units and suffixes, as 1.5e9" if text else ""


def unknown_text(cls: type[Distribution], name: str) -> str:
    """Say that a kind has no such parameter, and the nearest that it has."""
    known = [field for field in (*cls.model_fields, *cls.alternative) if field != "kind"]
    return f"{cls.kind_name()} has no parameter '{name[:60]}'; {nearest(name, known)}"


def ways_text(cls: type[Distribution]) -> str:
    """Return the ways to state a kind, as text."""
    ways = [
        f"{' and '.join(names)}{f' ({cls.mu_is})' if cls.mu_is and 'mu' in names else ''}"
        for names in (cls.required(), *cls.together())
        if names
    ]
    least, most = cls.quantile_counts
    if least:
        count = str(least) if most == least else f"{least} or more"
        ways.append(f"{count} quantiles such as q05 and q95")
    return f"{cls.kind_name()} takes {', or '.join(ways)}"


def shown(value: object) -> str:
    """Return a value as text, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = f"{value:.12g}" if isinstance(value, int | float) else repr(value)
    except (OverflowError, ValueError):
        return "a number too large"
    return text if len(text) <= 40 else f"{text[:40]}…"


def _missing(names: Sequence[str], cls: type[Distribution] | None) -> list[Fault]:
    if not names:
        return []
    verb = "is" if len(names) == 1 else "are"
    ways = f"; {ways_text(cls)}" if cls else ""
    return [(None, f"{' and '.join(names)} {verb} missing{ways}")]


def _parameter(loc: tuple[int | str, ...]) -> str | None:
    return next((part for part in loc if isinstance(part, str)), None)


def _place(loc: tuple[int | str, ...]) -> str:
    """Write a place as people do: `values[2]`."""
    name = _parameter(loc) or ""
    return name + "".join(f"[{part}]" for part in loc if isinstance(part, int))


def _in_words(detail: ErrorDetails, cls: type[Distribution] | None) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    place, sort = _place(detail["loc"]), detail["type"]
    if sort == "extra_forbidden" and cls is not None:
        return unknown_text(cls, str(detail["loc"][-1]))
    if sort == "missing":  # of a list with a fixed number of items
        place = _parameter(detail["loc"]) or place
    if sort == "float_type" and type(detail["input"]) is int:
        return f"{place} is too large; it must be a finite number"
    if sort == "too_long":
        return f"{place} holds too many; it may hold {context['max_length']}"
    if sort == "too_short":
        return f"{place} holds {context['actual_length']}; it must hold {context['min_length']}"
    said = f"{place} = {shown(detail['input'])}"
    if sort in _FAULTS:
        how = _how(detail["input"]) if sort == "float_type" else ""
        return f"{said} {_FAULTS[sort].format(**context)}{how}"
    return f"{said}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
