"""The pages of `reports/`: templates whose figures are filled in from the results.

A template asks for a figure by report and name, and gets it with the digits that its Monte Carlo
error bears. What it says in words ("above", "most") stands behind a `premise`: where the results no
longer bear it out the page is not made, and the sentence is named. Figures of the last edition are
constants, in `edition`.
"""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from board import Board
from dates import Dates, probability_in_words
from edition import BEFORE
from folders import BOARD, COSTS, PICTURE, REPORTS
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from uncertain_scale.inputs import load_priors
from uncertain_scale.model import default_model
from uncertain_scale.report.claim_words import median_in_words, percentile_in_words
from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.figures.sensitivity import input_label, shares_of
from uncertain_scale.report.numbers import Scale, scale_for, share_in_words
from uncertain_scale.report.rows import design_in_words, event_rows, intervals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["PAGES", "PremiseError", "paper"]

PAGES = {
    "README.md": "paper.md.j2",
    "2026.md": "2026.md.j2",
    "when/README.md": "when.md.j2",
    BOARD: "board.md.j2",
}
"""Template of each page."""
_PROB = 0.9
_WITHIN = ("inside", "overlaps")
_PLAIN = Scale("")
_WIDTH = 105


class PremiseError(Exception):
    """The results no longer bear out what the prose says."""


def paper(results: Mapping[str, dict[str, Any]], page: str = "README.md") -> str:
    """Return a page.

    Parameters
    ----------
    results
        The results of `REPORTS`, by name.
    page
        Its file, of `PAGES`.

    Raises
    ------
    PremiseError
        A sentence of the prose is no longer true.
    """
    environment = Environment(
        extensions=["jinja2.ext.do"],
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (Markdown, of our own results)
    )
    environment.tests["startingwith"] = str.startswith
    environment.filters["exp"] = lambda log: f"{math.exp(log):.1f}"
    text = environment.get_template(PAGES[page]).render(
        ask=Figures(results),
        dates=Dates(results),
        board=Board(results),
        costs=COSTS,
        share=probability_in_words,
        results=results,
        before=BEFORE,
        reports=REPORTS,
        picture=PICTURE,
        whole=whole,
        premise=partial(premise, PAGES[page]),
        design=design_in_words(results["budget-100M"]),
        as_of=results["budget-100M"]["ages"]["as_of"],
    )
    return wrapped(text)


def whole(share: float) -> str:
    """Write a share of a few runs, or a promised one, in whole percent."""
    return f"{100 * share:.0f}%"


def wrapped(text: str) -> str:
    """Return Markdown with its prose broken at 105 columns; tables, fences and headings stay."""
    blocks: list[str] = []
    fenced = False
    for line in text.splitlines():
        opens = line.startswith("```")
        stays = fenced or opens or not line or line[0] in "|#!<" or not blocks
        fenced ^= opens
        if stays or line.startswith("- ") or not blocks[-1] or blocks[-1][0] in "|#!<`":
            blocks.append(line)
        else:
            blocks[-1] += f" {line.strip()}"
    return "\n".join(one if _stays(one) else _filled(one) for one in blocks) + "\n"


def premise(template: str, holds: bool, sentence: str) -> str:  # noqa: FBT001 (a template's words)
    """Let a sentence stand, where the results bear it out.

    Raises
    ------
    PremiseError
        They do not.
    """
    if not holds:
        raise PremiseError(
            f"reports/make/{template} says that {sentence}, which the results no longer bear out: "
            "say what they do"
        )
    return ""


@dataclass(frozen=True)
class Figures:
    """What the template asks of the results, in words."""

    results: Mapping[str, dict[str, Any]]

    # --- reports ---------------------------------------------------------------------------------

    def answer(self, report: str, output: str) -> str:
        """Write an answer with its 90% interval."""
        return interval_in_words(self.results[report]["outputs"][output], _PROB)

    def cell(self, report: str, output: str) -> str:
        """Write the same for a table that says which interval it is."""
        return self.answer(report, output).replace("90%: ", "")

    @staticmethod
    def over(now: float, before: str) -> str:
        """Write a figure over what the last edition had for it."""
        return f"{now / float(before.split(maxsplit=1)[0]):.2f}"

    def chance(self, report: str, event: str) -> str:
        """Write the probability of an event."""
        return {name: chance for name, chance, _ in event_rows(self.results[report])}[event]

    def swept_chances(self, event: str, budgets: Sequence[float]) -> list[str]:
        """Write the probability of an event at budgets of the sweep: what no draw shows is rare."""
        return [
            share_in_words(min(max(one["probability"], 1e-9), 1 - 1e-9))
            for budget in budgets
            for point in self.results["sweep"]["points"]
            if round(point["at"]["budget"] / budget, 9) == 1
            for one in point["events"]
            if one["event"] == event
        ]

    def beliefs(self) -> list[dict[str, Any]]:
        """Return the inputs of the budget reports that are not given."""
        inputs = self.results["budget-100M"]["inputs"].values()
        return [one for one in inputs if one["origin"] != "given"]

    def belief(self, name: str, report: str = "budget-100M") -> str:
        """Write an input's median and its 5% to 95%."""
        return _believed(self.results[report]["inputs"][name])

    def stated(self, name: str) -> str:
        """Write the same of an input that `base` states and no report rests on."""
        prior = load_priors("base", variables=default_model().variables).inputs[name]
        return _believed({**prior.facts(), "units": prior.model_units})

    def fitted(self, report: str, family: str) -> int:
        """Return how many runs on a family of chips the prior of utilisation was fitted to."""
        source = self.results[report]["inputs"]["mfu"]["source"]
        (count,) = re.findall(rf"\b{family} (\d+)", source)
        return int(count)

    # --- comparisons -----------------------------------------------------------------------------

    def compared(self, report: str, other: str, output: str) -> dict[str, Any]:
        """Return what became of an answer under another scenario."""
        (one,) = [c for c in self.results[report]["comparisons"] if c["other"] == other]
        found: dict[str, Any] = one["outputs"][output]
        return found

    def changed(self, report: str, other: str, name: str) -> dict[str, str]:
        """Write what both scenarios believe of an input, where that differs."""
        (one,) = [c for c in self.results[report]["comparisons"] if c["other"] == other]
        return {side: _believed(one["changed_inputs"][name][side]) for side in ("base", "other")}

    def apart(self, report: str, other: str, name: str) -> float:
        """Return the 95% of an input in another scenario over its 5%."""
        (one,) = [c for c in self.results[report]["comparisons"] if c["other"] == other]
        prior = one["changed_inputs"][name]["other"]
        factor: float = prior["q95"] / prior["q05"]
        return factor

    def ratio(self, report: str, other: str, output: str) -> str:
        """Write the median of a ratio to the base, as a number."""
        ratio = self.compared(report, other, output)["ratio"]
        return _PLAIN.write(ratio["median"], ratio["median_mcse"], exact=ratio["constant"])

    def spread(self, report: str, other: str, output: str) -> str:
        """Write a ratio's 90% interval."""
        (piece,) = intervals_of(self.compared(report, other, output)["ratio"], "eti", _PROB)
        low, high = (_PLAIN.write(piece[end], piece[f"{end}_mcse"]) for end in ("low", "high"))
        return f"{low} to {high}"

    def top(self, report: str, other: str, output: str) -> float:
        """Return the upper end of a ratio's 90% interval."""
        (piece,) = intervals_of(self.compared(report, other, output)["ratio"], "eti", _PROB)
        high: float = piece["high"]
        return high

    def part(
        self, report: str, other: str, output: str, name: str, *, inverse: bool = False
    ) -> str:
        """Write which factor of the ratio of medians comes from one input."""
        factor = self.factor_of(report, other, output, [name])
        return f"{1 / factor if inverse else factor:.3g}"

    def parts(self, report: str, other: str, output: str, names: Sequence[str]) -> str:
        """Write which factor of the ratio of medians comes from some inputs."""
        return f"{self.factor_of(report, other, output, names):.2g}"

    def factor_of(self, report: str, other: str, output: str, names: Sequence[str]) -> float:
        """Return which factor of the ratio of medians comes from some inputs."""
        factors = self.compared(report, other, output)["factors"]
        return math.prod(factors[name] for name in names)

    def doubt(self, report: str, other: str, about: str) -> str:
        """Return what a comparison warns of, up to what could be done about it."""
        (one,) = [c for c in self.results[report]["comparisons"] if c["other"] == other]
        (said,) = [warning for warning in one["warnings"] if about in warning]
        return str(re.split(r";|, which", said)[0])

    # --- claims ----------------------------------------------------------------------------------

    def claim(self, name: str) -> dict[str, Any]:
        """Return a claim with what its own inputs and our priors give, in words."""
        (one,) = [claim for claim in self.results["claims"]["claims"] if claim["name"] == name]
        judged = one["judged"][0]
        return {
            **one,
            "gives": median_in_words(one["own"], one),
            "ours": median_in_words(judged, one),
            "percentile": percentile_in_words(judged),
            "factor": _factor(judged),
            "verdict": judged["verdict"],
            "place": judged["place"],
            "prob": judged["prob"],
            "scenario": judged["scenario"],
        }

    @staticmethod
    def beyond(claim: dict[str, Any]) -> str:
        """Write the share of our distribution that lies above a claim's figure."""
        return f"{100 * (1 - claim['judged'][0]['below'][0]['probability']):.2g}%"

    def asserted(self, *, follow: bool | None = None) -> list[dict[str, Any]]:
        """Return the claims that the post asserts: all, or those that follow from it or do not."""
        claims = [one for one in self.results["claims"]["claims"] if not one["implied"]]
        return [one for one in claims if follow is None or bool(one["own"]["follows"]) is follow]

    def outside_together(self, names: Iterable[str]) -> int:
        """Count the ratios outside the 90% where all that two scenarios believe is shared."""
        together = [
            one
            for name in names
            for one in self.claim(name)["judged"]
            if one["scenario"].endswith("shared")
        ]
        return sum(one["place"] not in _WITHIN or one["prob"] > _PROB for one in together)

    def within(self, names: Iterable[str], prob: float) -> int:
        """Count the claims that lie inside our intervals of a probability, or overlap them."""
        claims = [self.claim(name) for name in names]
        return sum(one["place"] in _WITHIN and one["prob"] <= prob for one in claims)

    # --- what drives, and the track record -------------------------------------------------------

    def drivers(self, output: str, most: int = 3) -> str:
        """Name the inputs that account for most of an answer's variance, with their shares."""
        shares = shares_of(self.results["sensitivity"]["outputs"][output])[:most]
        told = [f"`{input_label(name)}` {share_in_words(one['shapley'])}" for name, one in shares]
        return ", ".join(told)

    def share(self, output: str, name: str) -> float:
        """Return an input's share of an answer's variance."""
        found: float = self.results["sensitivity"]["outputs"][output]["shapley"][name]["shapley"]
        return found

    def track(self) -> dict[str, Any]:
        """Return the scores of forecasts of training FLOP, each run left out."""
        found: dict[str, Any] = self.results["backtest"]["scores"]["training_flop"]["left_out"]
        covered = {f"{one['prob']:g}": one for one in found["coverage"]}
        return {**found, "inside": covered}

    def promises_kept(self) -> bool:
        """Tell whether each promised probability lies in the interval of the true share."""
        return all(one["low"] <= one["prob"] <= one["high"] for one in self.track()["coverage"])

    def median_miss(self) -> float:
        """Return the mean of |log(median / published)|, each run left out."""
        misses = [
            abs(math.log(one["left_out"]["median"] / one["published"]))
            for one in self.results["backtest"]["forecasts"]
            if one["quantity"] == "training_flop" and one["scored"]
        ]
        return math.fsum(misses) / len(misses)


def _believed(prior: dict[str, Any]) -> str:
    """Write a prior's median and its 5% to 95%."""
    scale = scale_for([prior["q50"]], prior["units"])
    low, high = (scale.write(prior[end], exact=True) for end in ("q05", "q95"))
    middle = prior["q50"] if low == high else float(f"{prior['q50']:.3g}")
    said = f"{scale.write(middle, exact=True)} {scale.units}".rstrip()
    return said if low == high else f"{said} (90%: {low} to {high})"


def _factor(judged: dict[str, Any]) -> str:
    """Write how many times the median an asserted figure is."""
    factor = judged["asserted_over_median"]
    if factor is None:
        return ""
    error = factor * (judged["median_mcse"] or 0.0) / abs(judged["median"])
    return _PLAIN.write(factor, error)


def _stays(line: str) -> bool:
    return not line or line[0] in "|#!<`$"


def _filled(line: str) -> str:
    hanging = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line,
        _WIDTH,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
