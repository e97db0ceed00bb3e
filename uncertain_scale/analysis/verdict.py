"""The scenarios that judge a claim, and where an assertion falls among their draws.

A document is judged by its own scenario first, without the assumptions that are themselves judged,
then by those that are asked for. Where this scenario gives one number, there are no intervals to
judge by, and the scenario that it extends judges in its place. The rules are the same for every
claim:

- A figure is *inside* the narrowest interval of the draws that holds it, and *above* or *below* the
  others. Where a number that rounds to the figure lies inside a narrower one, that is told beside
  it.
- An asserted interval is *inside* or *overlaps* the narrowest interval of the draws that shares a
  number with it, as that holds all of it or not.
- A bound is judged by the probability that it holds.
- Draws that are all one number have no intervals: what covers that number is *equal* to it.
- Where an end of an interval is within two Monte Carlo errors of the assertion, it is *borderline*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from uncertain_scale.analysis.events import Probability, as_probability, of_average, probability_of
from uncertain_scale.analysis.questions import Whole
from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.inputs.catalog import find_prior_file, scenario_labels
from uncertain_scale.statistics.intervals import equal_tailed, quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uncertain_scale.analysis.questions import QuestionCache
    from uncertain_scale.inputs.assertion import Assertion, Claim
    from uncertain_scale.statistics.draws import Draws
    from uncertain_scale.units.aliases import FloatArray

Side: TypeAlias = Literal["above", "below", ""]
Place: TypeAlias = Literal["equal", "inside", "overlaps", "above", "below", "bound"]

_BORDER = 2.0
_NEAR = 1e-9
# A share of perfectly stratified draws wanders by about one draw even where the chains agree.
_GRAIN = 0.6


@dataclass(frozen=True)
class Judge:
    """A scenario that a claim is judged under.

    Parameters
    ----------
    scenario, name
        Prior file, and what it is called.
    own
        Whether it is the document's own.
    without_assumptions
        Whether the document assumes inputs in place of some of its own scenario's.
    in_place_of
        Name of the document's own scenario, in whose place it judges; "" where it does not.
    """

    scenario: Path
    name: str
    own: bool = False
    without_assumptions: bool = False
    in_place_of: str = ""


def judges_of(claim: Claim, asked: Sequence[Path], desk: QuestionCache) -> tuple[Judge, ...]:
    """Return the scenarios that a claim is judged under, each once and its own first.

    Parameters
    ----------
    claim
        Not one on a ratio.
    asked
        Scenarios that all claims are judged under besides.
    desk
        Reads the scenarios.
    """
    paths: dict[Path, Path] = {}
    for path in (_first(claim, desk), *asked):
        paths.setdefault(path.resolve(), path)
    ordered = list(paths.values())
    names = scenario_labels(ordered)
    first = Judge(ordered[0], names[0])
    if claim.reading is not None:
        own = claim.reading.scenario
        same = own.resolve() == ordered[0].resolve()
        first = replace(
            first,
            own=same,
            without_assumptions=same and bool(claim.reading.assuming),
            in_place_of="" if same else own.stem,
        )
    return first, *map(Judge, ordered[1:], names[1:])


def assumed_facts(claim: Claim, judge: Judge, desk: QuestionCache) -> str:
    """Return a warning where a document assumes what its own scenario holds for certain, or "".

    A chip's peak is no belief to judge by: the claim may be of another chip than the scenario's.
    """
    if not judge.without_assumptions or claim.reading is None:
        return ""
    whole = Whole(judge.scenario, given=tuple(claim.given.items()), free=claim.free)
    uncertain = desk.uncertain(whole, claim.variable)
    facts = [name for name in claim.reading.assuming if uncertain.get(name) is False]
    if not facts:
        return ""
    return (
        f"{judge.name} holds {', '.join(facts)} for certain, and judges without what the document "
        "assumes instead; if that is so, give it in the claims, or name a scenario that holds it"
    )


def _first(claim: Claim, desk: QuestionCache) -> Path:
    """Return the scenario that the claim names, else the document's or what judges in its place.

    Of the document's scenario, what that extends in turn, and base, this is the first under which
    the claim's answer is uncertain; where it is one number under all of them, as the peak of a chip
    is, the first that holds any uncertain input. A document without a scenario is judged by base.
    """
    base = find_prior_file("base")
    if claim.scenario is not None:
        return claim.scenario
    if claim.reading is None:
        return base
    return _first_uncertain(claim, claim.reading.scenario, base, desk)


def _first_uncertain(claim: Claim, own: Path, base: Path, desk: QuestionCache) -> Path:
    given = tuple(claim.given.items())
    beliefs = None
    for path in _line(own, base, desk):
        try:
            whole = Whole(path, given=given, free=claim.free)
            if any(desk.uncertain(whole, claim.variable).values()):
                return path
            if beliefs is None and desk.believes(path):
                beliefs = path
        except UncertainScaleError:
            if path == own:  # what is wrong with it is reported where it is asked
                return own
    return beliefs or own


def _line(own: Path, base: Path, desk: QuestionCache) -> list[Path]:
    """Return a scenario, what it extends in turn, and base; itself alone where it has faults."""
    try:
        extended = desk.priors(own).files[::-1]
    except UncertainScaleError:
        return [own]
    line = {path.resolve(): path for path in (own, *extended[1:], base)}
    return list(line.values())


@dataclass(frozen=True)
class Interval:
    """An equal-tailed interval of draws, its ends with their Monte Carlo errors."""

    prob: float
    low: float
    high: float
    low_mcse: float
    high_mcse: float


@dataclass(frozen=True)
class Found:
    """What draws of a variable come to.

    Parameters
    ----------
    median, median_mcse
        In the variable's units.
    intervals
        Equal-tailed, the narrowest first.
    constant
        Whether all draws are one number.
    """

    median: float
    median_mcse: float
    intervals: tuple[Interval, ...]
    constant: bool


@dataclass(frozen=True)
class Share:
    """How much of the draws lies below a value, those equal to it by half."""

    value: float
    below: float
    mcse: float
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class RankVerdict:
    """Where an assertion falls among draws.

    Parameters
    ----------
    found
        The draws.
    shares
        Of the figure or the bound; of an interval's two ends.
    covered, covered_mcse
        Probability of what the assertion covers: all that rounds to it, an interval, or a bound.
    place, prob
        Equal to draws that are one number; inside the interval of probability `prob`, or one that
        overlaps it, but no narrower one; above or below the widest, whose probability is `prob`;
        or a bound.
    beyond
        Inside an interval, or overlapping it, but above or below the next narrower one; else "".
    rounded
        Probability of a narrower interval that holds a number that rounds to the figure, or 0.
    factor
        What is asserted over the median: the figure, or what of an interval lies nearest to it. nan
        where one of the two is not positive.
    borderline
        An end that decides is within two Monte Carlo errors of the assertion.
    """

    found: Found
    shares: tuple[Share, ...]
    covered: float
    covered_mcse: float
    covered_ends: tuple[float, float]
    place: Place
    prob: float
    beyond: Side
    rounded: float
    factor: float
    borderline: bool


def find(draws: Draws, probs: Sequence[float]) -> Found:
    """Return the median and the intervals of draws.

    Parameters
    ----------
    draws
        Of one variable.
    probs
        Probabilities of the intervals.
    """
    levels = sorted(set(probs))
    if draws.constant:
        value = float(draws.pooled[0])
        exact = (Interval(prob, value, value, 0.0, 0.0) for prob in levels)
        return Found(value, 0.0, tuple(exact), constant=True)
    median, median_mcse = quantiles(draws, np.array([0.5]))
    intervals = []
    for prob in levels:
        (low, high), errors = equal_tailed(draws, prob)
        intervals.append(Interval(prob, float(low), float(high), *map(float, errors)))
    return Found(float(median[0]), float(median_mcse[0]), tuple(intervals), constant=False)


def stand(asserted: Assertion, draws: Draws, probs: Sequence[float]) -> RankVerdict:
    """Tell where an assertion falls among draws.

    Parameters
    ----------
    asserted
        In the units of the draws.
    draws
        Of the variable that it is about.
    probs
        Probabilities of the intervals that it is held against.

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> from uncertain_scale.inputs.assertion import figure
    >>> draws = Draws(np.random.default_rng(0).normal(10, 1, size=(16, 1024)))
    >>> standing = stand(figure("21", "1"), draws, [0.5, 0.95])
    >>> standing.place, standing.prob, round(standing.factor, 1)
    ('above', 0.95, 2.1)
    """
    found = find(draws, probs)
    values = draws.values
    nearest = asserted.nearest_to(found.median)
    points = [end for end in (asserted.low, asserted.high) if np.isfinite(end)]
    shares = tuple(_share(v, draws) for v in ([nearest] if asserted.value is not None else points))
    grain = _NEAR * np.abs(values)
    inside = (values >= asserted.low - grain) & (values <= asserted.high + grain)
    average = draws.conditional if asserted.value is None else None
    covered = (
        average and as_probability(average.inside(asserted.low, asserted.high), average)
    ) or _chance(inside.mean(axis=1), values)
    spoken = (asserted.value, asserted.value) if asserted.value is not None else None
    place, prob, beyond, borderline = _placed(asserted, found, spoken)
    wide, rounded, _, _ = _placed(asserted, found)
    return RankVerdict(
        found=found,
        shares=shares,
        covered=covered.value,
        covered_mcse=covered.mcse,
        covered_ends=(covered.low, covered.high),
        place=place,
        prob=prob,
        beyond=beyond,
        rounded=rounded if wide == "inside" and (place != "inside" or rounded < prob) else 0.0,
        factor=nearest / found.median if nearest > 0 and found.median > 0 else float("nan"),
        borderline=borderline,
    )


def _share(value: float, draws: Draws) -> Share:
    average, values = draws.conditional, draws.values
    found = average and of_average(average, "below", value)
    if not found:
        grain = _NEAR * abs(value)
        equal = (np.abs(values - value) <= grain).mean(axis=1)
        found = _chance((values < value - grain).mean(axis=1) + equal / 2, values)
    return Share(value, found.value, found.mcse, found.low, found.high)


def _chance(by_chain: FloatArray, values: FloatArray) -> Probability:
    """Return a share of draws from those of the chains; certain where all draws are one number."""
    if values.min() == values.max():
        share = float(by_chain.mean())
        return Probability(share, 0.0, share, share)
    found = probability_of(by_chain, values.shape[1])
    return replace(found, mcse=float(np.hypot(found.mcse, _GRAIN / values.size)))


def _placed(
    asserted: Assertion, found: Found, ends: tuple[float, float] | None = None
) -> tuple[Place, float, Side, bool]:
    """Place what is asserted, or what lies between two ends of it, among the intervals."""
    if asserted.kind in {"at least", "at most"}:
        return "bound", 0.0, "", False
    if found.constant:
        side: Place = "above" if asserted.low > found.median else "below"
        return ("equal" if asserted.covers(found.median) else side), 0.0, "", False
    low, high = ends or (asserted.low, asserted.high)
    beyond: Side = ""
    borderline = False
    for interval in found.intervals:
        borderline |= abs(low - interval.high) < _BORDER * interval.high_mcse
        borderline |= abs(interval.low - high) < _BORDER * interval.low_mcse
        if low <= interval.high and high >= interval.low:
            if asserted.kind != "interval":
                return "inside", interval.prob, beyond, borderline
            borderline |= abs(low - interval.low) < _BORDER * interval.low_mcse
            borderline |= abs(high - interval.high) < _BORDER * interval.high_mcse
            held = interval.low <= low and high <= interval.high
            return "inside" if held else "overlaps", interval.prob, beyond, borderline
        beyond = "above" if low > interval.high else "below"
    return (beyond or "above"), found.intervals[-1].prob, "", borderline
