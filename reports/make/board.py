"""What the board's page asks of its results: the choice, what comes next, and what to know."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.numbers import scale_for, share_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Option = dict[str, Any]

__all__ = ["Board", "best_of_each"]

_CHOICE, _RUN = "decide", "decide-run"
_PROB = 0.9
_LONGEST = 160  # characters of a source
_LEAST = 5e-3  # of the FLOP, below which an input is not told


def best_of_each(document: Mapping[str, Any]) -> list[Option]:
    """Return each chip's best option that meets the limits, the best first."""
    meeting = [one for one in document["options"] if one["best"] is not None]
    meeting.sort(key=lambda one: -one["goals"][0]["value"])
    first: dict[str, Option] = {}
    for one in meeting:
        first.setdefault(one["settings"]["chip"], one)
    return list(first.values())


@dataclass(frozen=True)
class Board:
    """Figures of the board's page, in words."""

    results: Mapping[str, dict[str, Any]]

    @property
    def _document(self) -> dict[str, Any]:
        return self.results[_CHOICE]

    @property
    def options(self) -> list[Option]:
        """The best option of each chip."""
        return best_of_each(self._document)

    @property
    def chosen(self) -> Option:
        """The option that is chosen."""
        (one,) = [o for o in self._document["options"] if o["name"] == self._document["chosen"]]
        found: Option = one
        return found

    @property
    def longer(self) -> Option:
        """The same chip for the next longer time, which the limit rules out."""
        days = self._days(self.chosen)
        same = [
            one
            for one in self._document["options"]
            if one["settings"]["chip"] == self.chosen["settings"]["chip"] and self._days(one) > days
        ]
        return min(same, key=self._days)

    @staticmethod
    def _days(one: Option) -> float:
        return float(one["settings"]["training_time"].split()[0])

    def days(self, one: Option) -> str:
        """Write how long an option is rented."""
        return f"{self._days(one):g} days"

    def asks_of_the_chosen(self) -> bool:
        """Tell whether the second report is of the option that is chosen."""
        given = self.results[_RUN]["question"]["given"]
        return (
            self.results[_RUN]["scenario"] == self.chosen["scenario"]
            and given["training_time"]["value"] == self._days(self.chosen)
            and given["facility_power"] == self._document["question"]["given"]["facility_power"]
        )

    def answer(self, name: str) -> str:
        """Write an answer about the chosen option, with its 90% interval."""
        return interval_in_words(self.results[_RUN]["outputs"][name], _PROB)

    def flop(self, one: Option) -> str:
        """Write an option's FLOP, with where 90% lie."""
        low, high = (scale_for([end["value"]], "FLOP") for end in one["interval"])
        ends = (end["value"] for end in one["interval"])
        low_text, high_text = (s.write(v) for s, v in zip((low, high), ends, strict=True))
        middle = one["goals"][0]["value"]
        return f"{scale_for([middle], 'FLOP').write(middle)} ({low_text} to {high_text})"

    @staticmethod
    def chance(one: Option) -> str:
        """Write how likely an option stays within the budget."""
        return share_in_words(one["limits"][0]["value"], one["limits"][0]["mcse"])

    @staticmethod
    def best(one: Option) -> str:
        """Write in what share of the draws an option is the best."""
        return share_in_words(one["best"]["value"])

    def rents(self) -> str:
        """Write the day that the rent of the chosen option is of."""
        day: str = self._document["inputs"]["hourly_rate"]["as_of"]
        return day

    def days_paid(self, factor: float) -> str:
        """Write the days of the chosen option over a factor."""
        return f"{self._days(self.chosen) / factor:.0f}"

    def ahead(self, one: Option) -> float:
        """Return by what factor the chosen option is ahead of another."""
        ratio: float = self.chosen["goals"][0]["value"] / one["goals"][0]["value"]
        return ratio

    @property
    def everything(self) -> str:
        """Write what it is worth to know all."""
        return _worth(self._document["evpi"])

    @property
    def errors(self) -> list[str]:
        """The standard errors of pilots that measure utilisation, as they were asked for."""
        names = (name.rpartition(" +- ")[2] for name in self._document["pilots"])
        return list(dict.fromkeys(names))

    def worths(self) -> Iterator[tuple[str, list[str]]]:
        """Yield an input that is worth knowing, and what it is worth: exactly, and by pilots."""
        pilots = self._document["pilots"]
        for name, known in self._document["known"].items():
            measured = [pilots.get(f"{name} +- {error}") for error in self.errors]
            if known["value"] > _LEAST:
                yield name, [_worth(one) if one else "" for one in (known, *measured)]

    @property
    def error(self) -> str:
        """Write the largest standard error of these."""
        every = (*self._document["known"].values(), *self._document["pilots"].values())
        return f"{100 * max(one['mcse'] for one in every):.1g}%"

    def sources(self) -> Iterator[tuple[str, str, str]]:
        """Yield the uncertain inputs of the chosen option, with 90% and where they are from."""
        for name, one in self._document["inputs"].items():
            if one["q05"] != one["q95"]:
                values = (one[key] for key in ("q50", "q05", "q95"))
                scale = scale_for([one["q50"]], one["units"])
                middle, low, high = (scale.write(value) for value in values)
                source = textwrap.shorten(one["source"], _LONGEST, placeholder=" …")
                yield name, f"{middle} ({low} to {high}) {scale.units}".rstrip(), source


def _worth(found: dict[str, float]) -> str:
    """Write what knowing adds to the FLOP, in per cent and as what as many cost."""
    share = math.expm1(max(found["value"], 0.0))
    return f"{100 * share:.1f}%, {1000 * share:.0f}M USD"
