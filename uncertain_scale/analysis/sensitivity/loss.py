"""Losses of wrong answers to a question with a threshold, and how people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import QuestionError, UnitError, nearest
from uncertain_scale.units import conversion_factor, parse_quantity

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Loss", "Penalty", "parse_loss"]

_SIDES = ("false yes", "false no")
_EXPECTED = "expected one such as 'false yes=20M USD, false no=5M USD'"
# A comma parts two penalties only where a name follows: 20,000 is one number.
_COMMA = re.compile(r"[,;](?=[^,;=]*=)")
_PER = re.compile(r"\s+per\s+")


@dataclass(frozen=True)
class Penalty:
    """What one kind of wrong answer costs.

    Parameters
    ----------
    amount
        In the loss's units, above 0.
    per
        The distance from the threshold that costs this amount, in the output's units; by default
        the amount is the same for every distance.
    """

    amount: float
    per: float | None = None

    def __post_init__(self) -> None:
        for value in (self.amount, self.per):
            if value is not None and not (0 < value < np.inf):
                raise QuestionError(
                    f"a wrong answer that costs {value:g} is no loss; give numbers above 0"
                )

    def of(self, distance: FloatArray) -> FloatArray:
        """Return the loss at distances from the threshold, not negative, in the output's units."""
        if self.per is None:
            return np.full_like(distance, self.amount)
        return np.asarray(self.amount / self.per * distance)


@dataclass(frozen=True)
class Loss:
    """What wrong answers cost; a right one costs nothing.

    Parameters
    ----------
    false_yes
        The loss where the answer was yes and the event does not happen.
    false_no
        The loss where the answer was no and the event happens.
    units
        Of both.

    Notes
    -----
    Whatever the four outcomes of a decision between two actions are worth, only what a wrong action
    loses against the right one matters to the decision and to the value of information.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory (opportunity loss).
    """

    false_yes: Penalty
    false_no: Penalty
    units: str = "1"

    @property
    def grows(self) -> bool:
        """Whether a loss grows with the distance from the threshold."""
        return self.false_yes.per is not None or self.false_no.per is not None

    def of(
        self, happens: npt.NDArray[np.bool_], distance: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the losses of the answers yes and no, draw by draw.

        Parameters
        ----------
        happens
            Whether the event does.
        distance
            From the threshold, in the output's units.
        """
        yes = np.where(happens, 0.0, self.false_yes.of(distance))
        return yes, np.where(happens, self.false_no.of(distance), 0.0)


def parse_loss(text: str, units: str) -> Loss:
    """Read what wrong answers cost.

    Parameters
    ----------
    text
        Such as `false yes=20M USD, false no=5M USD`, or, where a loss grows with the distance from
        the threshold, `false yes=20M USD, false no=2M USD per 1e25 FLOP`.
    units
        Of the output that the event is about.

    Raises
    ------
    QuestionError
        A text of another form, one penalty missing or given twice, or one that is not above 0.
    UnitError
        Units that are none, that differ between both, or that do not fit the output.

    Examples
    --------
    >>> parse_loss("false yes=20M USD, false no=5M USD", "FLOP").false_yes
    Penalty(amount=20000000.0, per=None)
    """
    where = f"loss '{text[:80]}'"
    found: dict[str, str] = {}
    for part in _COMMA.split(text):
        name, equals, value = part.partition("=")
        side = " ".join(re.split(r"[\s_-]+", name.strip().lower()))
        if not equals or not value.strip():
            raise QuestionError(f"{where} is not of the form NAME=VALUE, NAME=VALUE; {_EXPECTED}")
        if side not in _SIDES:
            raise QuestionError(f"{where} names '{name.strip()[:40]}'; {nearest(side, _SIDES)}")
        if side in found:
            raise QuestionError(f"{where} gives '{side}' twice; keep one")
        found[side] = value.strip()
    for side in _SIDES:
        if side not in found:
            raise QuestionError(f"{where} does not say what a {side} costs; {_EXPECTED}")
    try:
        own, false_yes = _penalty(found["false yes"], None, units)
        _, false_no = _penalty(found["false no"], own, units)
    except (QuestionError, UnitError) as error:
        raise type(error)(f"{where}: {error}") from None
    return Loss(false_yes, false_no, own)


def _penalty(text: str, wanted: str | None, output_units: str) -> tuple[str, Penalty]:
    """Return a penalty and its units: those wanted, or those that it was typed with."""
    amount, *distances = _PER.split(text)
    if len(distances) > 1:
        raise QuestionError(f"'{text[:60]}' says 'per' twice; keep one")
    quantity = parse_quantity(amount)
    typed = quantity.units or "1"
    if "/" in typed:
        raise UnitError(
            f"'{amount[:60]}' is a rate; a loss that grows with the distance from the threshold is "
            f"written as an amount per distance, such as '2M USD per 10 {output_units}'"
        )
    if wanted is None:
        _check(typed)
    factor = conversion_factor(typed, wanted or typed)
    per = None
    if distances:
        distance = distances[0]
        per = parse_quantity(distance if distance[:1] in "0123456789.$+-" else f"1 {distance}")
    return wanted or typed, Penalty(
        quantity.value * factor, None if per is None else per.to(output_units)
    )


def _check(units: str) -> None:
    """Refuse what is no unit; spelled otherwise, so that it is looked up."""
    try:
        conversion_factor(units, f"1*{units}")
    except UnitError:
        raise UnitError(
            f"'{units[:60]}' is not a unit; expected one such as USD, day or FLOP"
        ) from None
