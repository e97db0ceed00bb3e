"""The options that say how far a run goes: to which precision, how long, and on from where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from uncertain_scale.cli.command import DRAWS, Option
from uncertain_scale.errors import QuestionError, UnitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.analysis.precision import Goal

__all__ = ["Effort", "MaxDraws", "MaxTime", "NoDraws", "Precision", "Resume"]

_SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
_LONGEST = 1e9


_sought = partial(Option, panel=DRAWS, replay="dropped")

Precision = Annotated[
    str | None, _sought("Draw until each interval end is as sure as this (95%).", "1%")
]
MaxTime = Annotated[str | None, _sought("Stop looking for the precision then.", "90s|10min|2h")]
MaxDraws = Annotated[str | None, _sought("Make no more draws than these (1B).", "N")]
Resume = Annotated[
    Path | None,
    _sought("Go on with the unfinished run that --output DIR left.", "DIR", reads="result"),
]
NoDraws = Annotated[
    bool,
    Option(
        "Save no draws with --output, which then holds checkpoints.",
        None,
        "--no-draws",
        panel=DRAWS,
        replay="recorded",
    ),
]


@dataclass(frozen=True)
class Effort:
    """How far a run goes, as it was typed."""

    precision: str | None = None
    max_time: str | None = None
    max_draws: str | None = None
    resume: Path | None = None
    no_draws: bool = False

    def goal(self, probs: Sequence[float]) -> Goal | None:
        """Return the precision that is sought, if any.

        Raises
        ------
        QuestionError
            An option cannot be read, or makes no sense without --precision.
        """
        if self.precision is None:
            for name in ("max_time", "max_draws"):
                if getattr(self, name) is not None:
                    option = name.replace("_", "-")
                    raise QuestionError(f"--{option} stops a --precision that is sought; add one")
            return None
        from uncertain_scale.analysis.precision import MOST, Goal

        most = MOST if self.max_draws is None else _count(self.max_draws)
        return Goal(_share(self.precision), tuple(dict.fromkeys(probs)), most)

    @property
    def seconds(self) -> float | None:
        """How long a precision is sought, in seconds.

        Raises
        ------
        QuestionError
            It cannot be read.
        """
        if self.max_time is None:
            return None
        _refuse_ambiguous("--max-time", self.max_time)
        found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(s|min|h|)\s*", self.max_time)
        seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
        if not 0 < seconds <= _LONGEST:
            raise QuestionError(
                f"--max-time '{self.max_time[:40]}' is no length of time; expected one such as "
                "90s, 10min or 2h"
            )
        return seconds

    def check(self, probs: Sequence[float]) -> None:
        """Tell what is wrong with the options, before any file is read.

        Raises
        ------
        QuestionError
            An option cannot be read, or makes no sense beside another.
        """
        self.goal(probs)
        _ = self.seconds

    def refuse_with_evidence(self) -> None:
        """Refuse what has no meaning where priors are updated.

        Raises
        ------
        QuestionError
            Naming the option.
        """
        for name in ("precision", "max_time", "max_draws", "resume"):
            if getattr(self, name) is not None:
                raise QuestionError(
                    f"--{name.replace('_', '-')} does not go with --evidence, whose draws are "
                    "weighted together; choose --draws and --chains instead"
                )
        if self.no_draws:
            raise QuestionError("--no-draws does not go with --evidence, which holds its draws")


def _share(text: str) -> float:
    _refuse_ambiguous("--precision", text)
    found = re.fullmatch(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)\s*(%?)\s*", text)
    if found is None:
        raise QuestionError(
            f"--precision '{text[:40]}' is no relative error; expected one such as 1% or 0.001"
        )
    return float(found[1]) / (100 if found[2] else 1)


def _count(text: str) -> int:
    from uncertain_scale.units import parse_quantity

    _refuse_ambiguous("--max-draws", text)
    try:
        found = parse_quantity(text)
    except UnitError:
        found = None
    if found is None or found.units is not None or not 1 <= found.value <= 1e18:
        raise QuestionError(
            f"--max-draws '{text[:40]}' is no number of draws; expected one such as 10M or 1e9"
        )
    return int(found.value)


def _refuse_ambiguous(option: str, text: str) -> None:
    from uncertain_scale.units import SpellingError, check_spelling

    try:
        check_spelling(text)
    except SpellingError as error:
        raise QuestionError(f"{option} {error}") from None
