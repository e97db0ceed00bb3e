"""Verdicts on claims in plain words, by fixed rules; numbers with the digits that they can bear.

The rules stand in `analysis.verdict`; here each of their outcomes has one sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.report.numbers import (
    Scale,
    error_in_words,
    percent,
    probability_in_words,
    scale_for,
    scale_of,
)
from uncertain_scale.units import is_date
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = Scale("")
_SHOWN = 0.9
_WITHIN = ("inside", "overlaps")
_LIKELY = ((0.95, "holds"), (0.5, "likely"), (0.05, "unlikely"), (0.0, "does not hold"))


def own_in_words(claim: dict[str, Any]) -> str:
    """Say whether a claim follows from its own inputs, and what they give."""
    own = claim["own"]
    if own is None:
        return "the document states no inputs of its own"
    gives = f"they give {median_in_words(own, claim)}"
    if claim["implied"]:
        return f"not asserted; its own inputs: {gives}"
    named = "" if own["reading"] == "as stated" else f", {own['reading']}"
    others = claim["readings"]
    also = [other["reading"] for other in others if other["follows"]]
    if own["follows"]:
        if named and others and not also:
            return f"follows from its own inputs only with {own['reading']}: {gives}"
        return f"follows from its own inputs{named}: {gives}"
    off = _off(own, claim)
    instead = f"; it would with {', '.join(also)}" if also else ""
    return f"does not follow from its own inputs{named}: {gives}{off}{instead}"


def readings_in_words(claim: dict[str, Any]) -> str:
    """Say what the document's inputs give as other readings take them."""
    return "; ".join(
        f"{other['reading']}: {median_in_words(other, claim)}"
        f"{' (follows)' if other['follows'] else ''}"
        for other in claim["readings"]
    )


def judged_in_words(judged: dict[str, Any], claim: dict[str, Any]) -> str:
    """Say where an assertion falls among the draws of a scenario."""
    border = " (borderline: within two Monte Carlo errors of an end)"
    return f"{_placed(judged, claim)}{border if judged['borderline'] else ''}"


def judge_in_words(judged: dict[str, Any]) -> str:
    """Name the scenario that judges, and why it does."""
    if judged["own"]:
        without = " without what it assumes" if judged["without_assumptions"] else ""
        return f"{judged['scenario']}, the document's own{without}"
    other = judged["in_place_of"]
    return f"{judged['scenario']}, in place of {other}" if other else str(judged["scenario"])


def percentile_in_words(judged: dict[str, Any]) -> str:
    """Say which share of the draws lies below what is asserted; "" where all are one number."""
    if judged["constant"]:
        return ""
    shares = (_percent(share) for share in judged["below"])
    return " to ".join(dict.fromkeys(shares))


def median_in_words(found: dict[str, Any], claim: dict[str, Any]) -> str:
    """Write the median with its units, and an interval unless the draws are one number."""
    scale = scale_of({**found, "units": claim["units"]})
    exact = found["constant"]
    median = scale.write(found["median"], found["median_mcse"], exact=exact)
    words = f"{median} {scale.units}".rstrip()
    intervals = found["intervals"]
    if exact or not intervals:
        return words
    chosen = next((one for one in intervals if one["prob"] == _SHOWN), intervals[-1])
    ends = (scale.write_end(chosen, end) for end in ("low", "high"))
    return f"{words} ({percent(chosen['prob'])}: {' to '.join(ends)})"


def asserted_in_words(claim: dict[str, Any]) -> str:
    """Write what is asserted as the document puts it."""
    variable = f"{claim['variable']}, ratio" if claim["ratio"] else claim["variable"]
    if claim["implied"]:
        return f"{variable}, implied"
    kind = claim["asserted"]["kind"]
    return f"{variable} {'=' if kind == 'figure' else ''} {claim['asserted']['text']}".replace(
        "  ", " "
    )


def given_in_words(claim: dict[str, Any]) -> str:
    """Write what a claim takes as known."""
    parts = [f"{name} = {text}" for name, text in claim["given"].items()]
    return ", ".join([*parts, *(f"{name} solved for" for name in claim["free"])])


def summary_in_words(claims: Sequence[dict[str, Any]], apart: int) -> list[str]:
    """Count the verdicts: on the document's own inputs, and under each scenario."""
    asserted = [claim for claim in claims if not claim["implied"] and claim["own"]]
    follow = sum(bool(claim["own"]["follows"]) for claim in asserted)
    implied = sum(claim["implied"] for claim in claims)
    not_so = len(asserted) - follow
    if not claims:
        return [f"no claim can be judged: {apart} kept apart for faults"]
    counted = (
        f"{len(claims)} {'claim' if len(claims) == 1 else 'claims'}: "
        f"{follow} {'follows' if follow == 1 else 'follow'} from the document's own inputs, "
        f"{not_so} {'does' if not_so == 1 else 'do'} not"
    )
    counted += f", {implied} implied and not asserted" if implied else ""
    if without := len(claims) - len(asserted) - implied:
        counted += f", {without} without inputs of their own"
    lines = [f"{counted}; {apart} kept apart for faults" if apart else counted]
    counts: dict[str, dict[str, int]] = {}
    for claim in claims:
        for judged in claim["judged"]:
            manner = judged["scenario"].rpartition(", ")[2]
            label = f"ratios, {manner}" if claim["ratio"] else judge_in_words(judged)
            tally = counts.setdefault(label, {})
            place = _tally(judged)
            tally[place] = tally.get(place, 0) + 1
    lines += [
        f"{label}: {', '.join(f'{tally[key]} {key}' for key in sorted(tally, key=_rank))}"
        for label, tally in counts.items()
    ]
    return lines


def _placed(judged: dict[str, Any], claim: dict[str, Any]) -> str:
    place, prob = judged["place"], f"{percent(judged['prob'])}"
    if place == "bound":
        return _bound(judged["covered"])
    if place == "equal":
        return _equal(claim)
    over = _over(judged, claim)
    if judged["constant"]:
        return f"{place} the one value that the scenario gives{over}"
    rounded = f"; rounded, inside the {percent(judged['rounded'])}" if judged["rounded"] else ""
    over = f"{over} at the median" if over else ""
    inside = ""
    if place == "overlaps":
        place = "holds" if _holds(judged, claim) else place
        inside = f"; a draw is in it with probability {_percent(judged['covered'])}"
    if place not in {*_WITHIN, "holds"}:
        return f"{place} the {prob} interval{over}{rounded}"
    if not judged["beyond"]:
        return f"{place} the {prob} interval{inside}"
    probs = [one["prob"] for one in judged["intervals"] if one["prob"] < judged["prob"]]
    narrower = f"{percent(max(probs))}"
    return f"{judged['beyond']} the {narrower} interval, {place} the {prob}{inside}{over}{rounded}"


def _holds(judged: dict[str, Any], claim: dict[str, Any]) -> bool:
    """Tell whether an asserted interval holds the whole interval that it shares numbers with."""
    asserted = claim["asserted"]
    one = next(one for one in judged["intervals"] if one["prob"] == judged["prob"])
    return bool(asserted["low"] <= one["low"] and one["high"] <= asserted["high"])


def _equal(claim: dict[str, Any]) -> str:
    if claim["asserted"]["kind"] == "interval":
        return "holds the one value that the scenario gives"
    digits = "" if claim["implied"] else ", to its stated digits"
    return f"is the one value that the scenario gives{digits}"


def _over(judged: dict[str, Any], claim: dict[str, Any]) -> str:
    factor = judged["asserted_over_median"]
    if factor is None:
        return ""
    verb = "overstated" if factor >= 1 else "understated"
    least = " at least" if claim["asserted"]["kind"] == "interval" else ""
    median, mcse = judged["median"], judged["median_mcse"] or 0.0
    if is_date(claim["units"], median):
        when = "too late" if factor >= 1 else "too early"
        verb = when if claim["units"] == DATE else verb
        return f": {verb} by{least} {_span(median * (factor - 1), mcse)}"
    size = factor if factor >= 1 else 1 / factor
    return f": {verb}{least} {_PLAIN.write(size, size * mcse / abs(median))}x"


def _span(years: float, mcse: float = 0.0) -> str:
    """Write a difference between two years of the calendar."""
    scale = scale_for([years], "year")
    return f"{scale.write(abs(years), mcse)} {scale.units}"


def _bound(covered: dict[str, Any]) -> str:
    probability = covered["probability"]
    if probability in {0.0, 1.0}:
        text = "holds in every draw" if probability else "holds in no draw"
        bound = probability_in_words(covered)
        return text if covered["low"] == covered["high"] else f"{text}: probability {bound} (95%)"
    word = next(word for least, word in _LIKELY if probability >= least)
    return f"{word}: true in {_percent(covered)} of the draws"


def _percent(found: dict[str, Any]) -> str:
    share, mcse = found["probability"], found["mcse"]
    shown = error_in_words(mcse, share)
    error = f" ± {shown}" if shown else ""
    if not 1e-3 <= share <= 1 - 1e-3:
        words = probability_in_words(found)
        return f"{words}{error}" if words[0].isdecimal() and 0 < share < 1 else words
    return f"{_PLAIN.write(100 * share, 100 * (mcse or 0.0))}%{error}"


def _off(own: dict[str, Any], claim: dict[str, Any]) -> str:
    """Say how far the document's own inputs are from what it asserts."""
    excess, asserted = own["excess"], claim["asserted"]
    if excess is None:
        return ""
    if excess >= 1:
        return f", {1 + excess:.3g} times what is asserted"
    size = f"{100 * abs(excess):.2g}%"
    if is_date(claim["units"], own["median"]):
        size = _span(own["median"] * excess / (1 + excess))
    if asserted["kind"] == "figure":
        return f", {size} {'more' if excess > 0 else 'less'} than asserted"
    return f", {size} {'above' if excess > 0 else 'below'} what is asserted"


def _tally(judged: dict[str, Any]) -> str:
    place, prob = judged["place"], f"{percent(judged['prob'])}"
    if place == "bound":
        return "by a bound"
    if judged["constant"]:
        return "equal to the one value" if place == "equal" else "off the one value"
    return f"{'overlapping' if place == 'overlaps' else place} the {prob}"


def _rank(key: str) -> tuple[int, str]:
    order = ("inside", "overlapping", "above", "below", "equal", "off", "by")
    return next(place for place, word in enumerate(order) if key.startswith(word)), key
