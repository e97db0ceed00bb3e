"""Faults of a distribution as messages: pydantic's errors and our own, all at once."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from uncertain_scale.errors import UncertainScaleError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from uncertain_scale.inputs.distributions.base import Distribution

_WORDS = {
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
    if sort in _WORDS:
        how = _how(detail["input"]) if sort == "float_type" else ""
        return f"{said} {_WORDS[sort].format(**context)}{how}"
    return f"{said}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
