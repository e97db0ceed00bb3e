"""Axes of figures: where a value lies, which ticks are drawn, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uncertain_scale.report.numbers import (
    Scale,
    grouped,
    percent,
    quantity_text,
    raised,
    scale_for,
    scale_of,
    with_powers,
)
from uncertain_scale.report.rows import intervals_of
from uncertain_scale.units.labels import label_of, shown_units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uncertain_scale.report.document import Document

_MANTISSAS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LITTLE = 0.01
_LEAST_RATIO = 2.5  # logarithmic ticks under this ratio are evenly spaced ones


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers that is drawn.

    Parameters
    ----------
    low, high
        Its ends.
    log
        Whether equal ratios are equally far apart.
    scale
        How its numbers are written.
    """

    low: float
    high: float
    log: bool
    scale: Scale

    @property
    def decades(self) -> bool:
        """Whether it spans so many decades that ticks are powers of ten."""
        return self.log and self.scale.exponent is not None and self.high / self.low > 500

    @property
    def units(self) -> str:
        """What stands under the ticks: the units, with the power of ten left out of the ticks."""
        if self.scale.exponent is None or self.decades:
            return self.scale.units
        power = f"10{raised(self.scale.exponent)}"
        return f"{power} {self.scale.units}" if self.scale.units else f"× {power}"

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high end, no further."""
        if self.log:
            along = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            along = (value - self.low) / (self.high - self.low)
        return min(max(along, 0.0), 1.0)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Return the values that have ticks, at most so many, and what is written there."""
        return [(value, self.write(value)) for value in self._tick_values(most)]

    def write(self, value: float) -> str:
        """Write a tick's value, in the units and power that `units` names."""
        if value == 0:
            return "0"
        if self.decades:
            exponent = math.floor(math.log10(abs(value)) + 1e-9)
            mantissa = value / 10.0**exponent
            power = f"10{raised(exponent)}"
            return power if abs(mantissa - 1) < 1e-6 else f"{mantissa:g}×{power}"
        if self.scale.exponent is not None:
            return f"{value / 10.0**self.scale.exponent:.6g}"
        divided = value / self.scale.divisor
        if self.scale.suffix and not 1 <= abs(divided) < 1e3:  # 2,000M is 2B, 0.1B is 100M
            own = scale_for([value], "USD")  # which counted unit does not matter
            return with_powers(f"{value / own.divisor:.6g}{own.suffix}")
        if not 1e-3 <= abs(divided) < 1e7:
            return with_powers(f"{divided:.6g}{self.scale.suffix}")
        text = grouped(f"{divided:,.6f}", self.scale.units).rstrip("0").rstrip(".")
        return f"{text}{self.scale.suffix}"

    def _tick_values(self, most: int) -> list[float]:
        if self.log and self.high / self.low >= _LEAST_RATIO:
            best: list[float] = []
            for mantissas in _MANTISSAS:
                found = list(self._log_values(mantissas))
                if len(found) > most:
                    break
                best = found
            if len(best) >= 2:
                return best
            found = list(self._log_values((1.0,)))
            if len(found) > most:
                every = math.ceil(len(found) / most)
                return found[::every]
        return self._even_values(most)

    def _log_values(self, mantissas: Iterable[float]) -> Iterable[float]:
        first = math.floor(math.log10(self.low))
        last = math.ceil(math.log10(self.high))
        for exponent in range(first, last + 1):
            for mantissa in mantissas:
                value = float(f"{mantissa}e{exponent}")
                if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9):
                    yield value

    def _even_values(self, most: int) -> list[float]:
        span = self.high - self.low
        base = 10.0 ** math.floor(math.log10(span / most))
        steps = [mantissa * base for mantissa in _STEPS]
        if self.scale.spread is not None and span > most / 2:  # dates: whole years
            steps = [step for step in steps if step >= 1 and step.is_integer()]
        for step in steps:
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            if last - first + 1 <= most:
                return [float(f"{number * step:.12g}") for number in range(first, last + 1)]
        return [self.low, self.high]


def axis_for(low: float, high: float, units: str, *, middle: float, log: bool) -> Axis:
    """Return an axis whose numbers are written by the size of a value in its middle.

    Where that is next to nothing beside the ends, as a median near 0 is, the larger end decides.

    Examples
    --------
    >>> axis = axis_for(1e25, 1e26, "FLOP", middle=4.8e25, log=True)
    >>> [text for _, text in axis.ticks()], axis.units
    (['1', '2', '5', '10'], '10²⁵ FLOP')
    """
    largest = max(abs(low), abs(high))
    size = middle if log or abs(middle) > _LITTLE * largest else largest
    return Axis(low, high, log, scale_for([size], units))


def interval_in_words(output: dict[str, Any], prob: float, *, median: bool = True) -> str:
    """Write an output's median and equal-tailed interval with the digits that they can bear."""
    scale = scale_of(output)
    exact = output["constant"]
    middle = scale.write(output["median"], output["median_mcse"], exact=exact)
    if exact:
        return quantity_text(middle, scale.units)
    piece = intervals_of(output, "eti", prob)[0]
    low, high = (scale.write_end(piece, end) for end in ("low", "high"))
    if not median:
        return f"{percent(prob)}: {low} to {quantity_text(high, scale.units)}"
    return f"{quantity_text(middle, scale.units)} ({percent(prob)}: {low} to {high})"


def in_brief(document: Document, name: str) -> str:
    """Name an output with its median and first interval."""
    return f"{label_of(name)}: {interval_in_words(as_shown(document, name), document['probs'][0])}"


def as_shown(document: Document, name: str) -> dict[str, Any]:
    """Return an output in the units that it is shown in."""
    output = document["outputs"][name]
    return {**output, "units": shown_units(name, output["units"])}
