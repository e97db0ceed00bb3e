"""Parameters stated by quantiles: `q05 = 1.4, q95 = 3.2`, and the search that turns them back.

Digits after `q` are decimals, at least two: q05 is 5%, q975 is 97.5%.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.distributions.faults import (
    DistributionError,
    number_fault,
    unknown_text,
)
from uncertain_scale.inputs.distributions.text import number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.inputs.distributions.base import Distribution
    from uncertain_scale.inputs.distributions.faults import Fault
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["NamedQuantiles", "is_quantile_name", "level_of", "read_quantiles", "shape_from_three"]

_NAME = re.compile(r"q\d+")
_WORDS = ("no", "one", "two", "three", "four")


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
        """Return the news that no distribution of the kind has these quantiles."""
        text = f"no {self.kind} has {self.text()}"
        return DistributionError([(None, f"{text}; {advice}" if advice else text)])

    def within(self, lower: float, upper: float) -> NamedQuantiles:
        """Return these quantiles, all of them strictly inside the support.

        Raises
        ------
        DistributionError
            One is not.
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

    def reproduced_by(self, found: FloatArray) -> bool:
        """Tell whether quantiles are these, to 1e-9 of each."""
        spread = self.values[-1] - self.values[0]
        slack = 1e-9 * np.abs(self.values) + 1e-13 * spread
        return bool(np.all(np.abs(found - self.values) <= slack))


def is_quantile_name(name: str) -> bool:
    """Tell whether a parameter's name is `q` and digits."""
    return _NAME.fullmatch(name) is not None


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
        raise DistributionError(
            [(name, f"'{name}': write q0{digits} for {digits}% or q{digits}0 for {digits}0%")]
        )
    if set(digits) == {"0"} or re.fullmatch(r"10{2,}", digits):
        end = "0%" if digits[0] == "0" else "100%"
        raise DistributionError(
            [(name, f"'{name}': no quantile at {end} is a parameter; q001 to q999 are, or others")]
        )
    if len(digits) > 15:
        raise DistributionError([(name[:20], f"'{name[:20]}…' has too many digits; at most 15")])
    return float(f"0.{digits}")


def read_quantiles(
    cls: type[Distribution], data: Mapping[str, Any]
) -> tuple[NamedQuantiles, dict[str, Any]]:
    """Take the named quantiles out of what was stated, and check them.

    Returns
    -------
    quantiles
        In ascending order.
    beside
        What else was stated.

    Raises
    ------
    DistributionError
        Everything that is wrong with them.
    """
    given = {name: value for name, value in data.items() if is_quantile_name(name)}
    beside = {name: value for name, value in data.items() if name not in given}
    faults, levels = _levels(given)
    faults += _mixed(cls, given, beside)
    faults += [
        (name, unknown_text(cls, name))
        for name in beside
        if name not in {*cls.model_fields, *cls.alternative}
    ]
    faults += [
        (name, text)
        for name, value in beside.items()
        if name not in {"kind", "truncate", *cls.parameters, *cls.alternative}
        and name in cls.model_fields
        and value is not None
        and (text := number_fault(name, value))
    ]
    names = tuple(sorted(levels, key=levels.__getitem__))
    faults += _order(names, levels, given)
    faults += _count(cls, list(given), beside)
    if faults:
        raise DistributionError(faults)
    return (
        NamedQuantiles(
            cls.kind_name(),
            names,
            np.array([levels[name] for name in names]),
            np.array([float(given[name]) for name in names]),
        ),
        beside,
    )


def _levels(given: Mapping[str, Any]) -> tuple[list[Fault], dict[str, float]]:
    """Return the levels of quantiles whose names and values can be read, and other's faults."""
    faults: list[Fault] = []
    levels: dict[str, float] = {}
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
            levels[name] = level
    return faults, levels


def _mixed(
    cls: type[Distribution], given: Mapping[str, Any], beside: Mapping[str, Any]
) -> list[Fault]:
    stated = [name for name in (*cls.parameters, *cls.alternative) if name in beside]
    if not stated:
        return []
    one, other = " and ".join(stated), next(iter(given))
    text = f"{one} and quantiles such as {other} are both given; {cls.kind_name()} takes either"
    return [(stated[0], text)]


def _order(
    names: tuple[str, ...], levels: Mapping[str, float], given: Mapping[str, Any]
) -> list[Fault]:
    faults: list[Fault] = []
    for low, high in pairwise(names):
        if levels[low] == levels[high]:
            faults.append((high, f"{low} and {high} are the same quantile; keep one"))
        elif float(given[low]) >= float(given[high]):
            one, two = number_text(given[low]), number_text(given[high])
            swap = f"{low} = {one} is not below {high} = {two}; swap them or fix the source"
            faults.append((low, swap))
    return faults


def _count(cls: type[Distribution], names: list[str], beside: Mapping[str, Any]) -> list[Fault]:
    least, most = cls.free_parameters(beside)
    if least <= len(names) <= most:
        return []
    words = _WORDS[least] if least == most else f"{_WORDS[least]} to {most}"
    advice = cls.count_advice
    listed = ", ".join(names[:6])
    text = f"{cls.kind_name()} takes {words} quantiles, {len(names)} given ({listed})"
    return [(names[-1], f"{text}; {advice}" if advice else text)]


def shape_from_three(
    quantiles: NamedQuantiles,
    standard: Callable[[float, FloatArray], FloatArray],
    shapes: FloatArray,
    preferred: float,
) -> tuple[float, float, float]:
    """Find the shape, location and scale that reproduce three quantiles.

    With x = location + scale * t(shape), the ratio (x3 - x2) / (x2 - x1) depends on the shape
    alone, so one root is sought along a grid of shapes and then polished.

    Parameters
    ----------
    standard
        Quantiles of location 0 and scale 1 for a shape and levels.
    shapes
        Ascending grid.
    preferred
        Of several solutions the one nearest to this is taken.

    Raises
    ------
    DistributionError
        There is none, or the quantiles do not determine the shape.
    """
    from scipy.optimize import brentq

    steps = np.diff(quantiles.values)
    wanted = np.log(steps[1] / steps[0])

    def gap(shape: float) -> float:
        found = np.diff(standard(shape, quantiles.levels))
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(found[1] / found[0]) - wanted)

    gaps = np.array([gap(float(shape)) for shape in shapes])
    if np.ptp(gaps) < 1e-9:
        raise quantiles.refuse("these levels do not determine the shape; give it by its name")
    found = shapes[np.abs(gaps) < 1e-14].tolist()
    for left in np.flatnonzero(np.sign(gaps[:-1]) * np.sign(gaps[1:]) < 0):
        found.append(brentq(gap, shapes[left], shapes[left + 1], xtol=1e-16, maxiter=500))
    if not found:
        raise quantiles.refuse()
    shape = float(min(found, key=lambda root: abs(root - preferred)))
    points = standard(shape, quantiles.levels)
    scale = (quantiles.values[2] - quantiles.values[0]) / (points[2] - points[0])
    return shape, float(quantiles.values[0] - scale * points[0]), float(scale)
