"""What is typed into the controls of a page, or where their sliders are, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.explore.edits import Track, moved
from uncertain_scale.report.numbers import scale_for
from uncertain_scale.units import parse_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.explore.edits import Handle
    from uncertain_scale.inputs import Prior

__all__ = [
    "GIVENS",
    "Given",
    "as_number",
    "as_pairs",
    "as_typed",
    "edited",
    "names_in",
    "pairs_in",
    "position_of",
]


@dataclass(frozen=True)
class Given:
    """A variable that people give, and where its slider runs."""

    name: str
    label: str
    track: Track


GIVENS = (
    Given("budget", "Budget, USD", Track(1e6, 1e12, log=True)),
    Given("gpus", "GPUs", Track(1e2, 1e7, log=True)),
    Given("training_time", "Training time, days", Track(1.0, 1e3, log=True)),
    Given("training_flop", "Training FLOP", Track(1e22, 1e30, log=True)),
)
"""What a question is usually asked by; anything else is given by its name."""


def as_typed(value: float, units: str) -> str:
    """Write a value as a person would type it.

    Examples
    --------
    >>> as_typed(1.5e8, "USD"), as_typed(2e26, "FLOP"), as_typed(80.0, "day")
    ('150M', '2e26', '80')
    """
    return scale_for([value], units).write(value, exact=True).replace(",", "")


def as_number(value: float) -> str:
    """Write a quantile or a value of an input, in the units that it is stated in.

    Examples
    --------
    >>> as_number(0.149), as_number(34000.0), as_number(8.2e24)
    ('0.149', '34000', '8.2e24')
    """
    return f"{value:.12g}".replace("e+", "e")


def position_of(text: str, units: str, track: Track) -> int | None:
    """Return where a slider stands for what is typed; None where that is no single number."""
    try:
        value = parse_quantity(text).to(units)
    except UnitError:
        return None
    return track.position(value) if value > 0 or not track.log else None


def pairs_in(text: str) -> dict[str, str]:
    """Read `NAME=VALUE; NAME=VALUE`.

    Raises
    ------
    QuestionError
        A part is no such pair, or a name comes twice.

    Examples
    --------
    >>> pairs_in("facility_power=150 MW; mfu = 0.4")
    {'facility_power': '150 MW', 'mfu': '0.4'}
    """
    pairs: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not (name and equals and value):
            raise QuestionError(
                f"'{part.strip()[:80]}' is not of the form NAME=VALUE; such as "
                "facility_power=150 MW, with ; between several"
            )
        if name in pairs:
            raise QuestionError(f"{name} is given twice; keep one")
        pairs[name] = value
    return pairs


def as_pairs(given: Mapping[str, str]) -> str:
    """Write what `pairs_in` reads."""
    return "; ".join(f"{name}={value}" for name, value in given.items())


def names_in(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def edited(prior: Prior, handle: Handle, texts: Mapping[str, str]) -> Prior:
    """Return an input with its handles where the texts say.

    Parameters
    ----------
    prior, handle
        The input, and what of it can be moved.
    texts
        By the handle's names; numbers in the units that the input is stated in, or with their own.

    Raises
    ------
    QuestionError
        There is no such distribution, such as one whose 5% is not below its 95%.
    UnitError
        A text is no number, or its units do not fit.
    """
    values = {}
    for name in handle.names:
        try:
            values[name] = parse_quantity(texts[name]).to(prior.units)
        except UnitError as error:
            raise UnitError(f"{prior.name}, {handle.label(name)}: {error}") from None
    return moved(prior, values)
