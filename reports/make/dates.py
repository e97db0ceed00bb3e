"""What the page on dates asks of its results: answers by date, dates of answers, and the record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uncertain_scale.inputs.series import shipped_series
from uncertain_scale.report.claim_words import median_in_words
from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.numbers import scale_for, share_in_words
from uncertain_scale.report.rows import intervals_of, scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.inputs.series import DatedValue

    Output = dict[str, Any]

__all__ = ["Dates", "probability_in_words"]

_BY_DATE, _DATES, _SITE, _CLAIMS = "when/cost", "when/dates", "when/site", "when/claims"
_PROB = 0.9
_RARE = 1e-9  # a probability of no draw, or of all, is rounded from this far off


@dataclass(frozen=True)
class Dates:
    """Figures of the reports on dates, in words.

    A year in the arguments is its first day, as of the reports: the end of 2027 is 2028.
    """

    results: Mapping[str, dict[str, Any]]

    # --- at a date -------------------------------------------------------------------------------

    def output(self, year: int, name: str) -> Output:
        """Return an answer at a date."""
        found: Output = self._point(year)["outputs"][name]
        return found

    def answer(self, year: int, name: str) -> str:
        """Write an answer at a date, with its 90% interval."""
        return interval_in_words(self.output(year, name), _PROB).replace("90%: ", "")

    def over(self, year: int, name: str, other: str) -> float:
        """Return the median of one answer over that of another."""
        ratio: float = self.output(year, name)["median"] / self.output(year, other)["median"]
        return ratio

    def probability(self, year: int, event: str) -> float:
        """Return the probability of an event at a date."""
        (found,) = [one for one in self._point(year)["events"] if one["event"] == event]
        probability: float = found["probability"]
        return probability

    def within(self, year: int) -> str:
        """Write the probability that a frontier model of the trend is possible at a date."""
        return probability_in_words(self.probability(year, "frontier_flop <= largest_run"))

    def chance(self, year: int, billions: int) -> str:
        """Write the probability that a run of a cost is possible at a date."""
        return probability_in_words(self.probability(year, f"largest_run_cost >= {billions}B"))

    def binds(self, year: int, limit: str) -> str:
        """Write the probability that a limit is the one that binds."""
        return probability_in_words(self.binding(year, limit))

    def binding_row(self, year: int) -> list[str]:
        """Write the same of money, power, chips, data and latency."""
        return [
            self.binds(year, limit) for limit in ("spending", "power", "chip", "data", "latency")
        ]

    def binding(self, year: int, limit: str) -> float:
        """Return the probability that a limit is the one that binds."""
        return self.probability(year, f"{limit}_limit <= largest_run")

    def _point(self, year: int) -> dict[str, Any]:
        (found,) = [
            one for one in self.results[_BY_DATE]["points"] if one["at"]["date"] == float(year)
        ]
        point: dict[str, Any] = found
        return point

    # --- when ------------------------------------------------------------------------------------

    def when(self, billions: int) -> Output:
        """Return the date at which a run of a cost is possible."""
        cost = "largest_run_cost"
        points = self.results[_DATES]["points"]
        (found,) = [one for one in points if one["at"][cost] == billions * 1e9]
        output: Output = found["outputs"]["date"]
        return output

    def never(self, billions: int) -> str:
        """Write the probability that a run of a cost is not possible before 2040."""
        points = self.results[_DATES]["points"]
        (found,) = [one for one in points if one["at"]["largest_run_cost"] == billions * 1e9]
        return probability_in_words(found["events"][0]["probability"])

    @property
    def site(self) -> Output:
        """The report on the largest site."""
        return self.results[_SITE]["outputs"]

    def site_chance(self, event: str) -> str:
        """Write the probability of an event of the report on the largest site."""
        (found,) = [one for one in self.results[_SITE]["events"] if one["event"] == event]
        return probability_in_words(found["probability"])

    @staticmethod
    def median(output: Output) -> str:
        """Write a median date."""
        return scale_of(output).write(output["median"], output["median_mcse"])

    @staticmethod
    def end(output: Output, end: str) -> str:
        """Write the low or the high end of the 90% interval of a date."""
        (piece,) = intervals_of(output, "eti", _PROB)
        return scale_of(output).write_end(piece, end)

    # --- what the post says, and what came -------------------------------------------------------

    def claim(self, name: str) -> dict[str, Any]:
        """Return a claim with the answer of `base` and its verdict in words."""
        (one,) = [claim for claim in self.results[_CLAIMS]["claims"] if claim["name"] == name]
        judged = one["judged"][0]
        covered = judged["covered"]
        return {**one, "ours": median_in_words(judged, one), "judge": judged, "covered": covered}

    def record(self, series: str, day: str = "") -> DatedValue:
        """Return the largest published value of a series up to a day; the largest of all."""
        until = dt.date.fromisoformat(day) if day else dt.date.max
        values = shipped_series()[series].known_at().values
        return max((one for one in values if one.date <= until), key=lambda one: one.value)

    def first_above(self, series: str, value: float) -> DatedValue:
        """Return the first published value of a series that is above a figure."""
        values = shipped_series()[series].known_at().values
        return next(one for one in values if one.value > value)

    def at_rents(self, cost: DatedValue) -> str:
        """Write what the amortised cost of a run is at rents, 5% to 95%."""
        factor = self.results[_BY_DATE]["inputs"]["rent_over_cost"]
        low, high = (cost.value * factor[end] for end in ("q05", "q95"))
        scale = scale_for([high], "USD")
        return (
            f"{low / scale.divisor:.1f} to {high / scale.divisor:.1f}{scale.suffix} {scale.units}"
        )

    @staticmethod
    def written(series: str, one: DatedValue) -> str:
        """Write a published value."""
        units = shipped_series()[series].units
        scale = scale_for([one.value], units)
        return f"{scale.write(one.value, exact=True)} {scale.units}".rstrip()


def probability_in_words(probability: float) -> str:
    """Write a probability; one that no draw shows, or all, is rare."""
    return share_in_words(min(max(probability, _RARE), 1 - _RARE))
