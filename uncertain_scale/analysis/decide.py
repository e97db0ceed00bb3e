"""Choosing among options on the same draws: goals, limits, regret, and what knowing is worth.

An option is a scenario with givens. All options are drawn together, chain by chain: what their
scenarios believe alike has the same draws in each, and what they believe of different facts is
independent, as `couplings` says. A chain's utilities are one matrix, options by draws, of which all
else is a statistic, averaged over chains, whose spread is the Monte Carlo error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from uncertain_scale.analysis.knowing import Outcomes, Regressed, folds, gains, sources_of
from uncertain_scale.analysis.utilities import LEAST, Option, Utilities
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.engine import each
from uncertain_scale.sampling.limits import StoppedError
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from uncertain_scale.analysis.goals import Goal, Limit, Pilot
    from uncertain_scale.analysis.knowing import Fit
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Choice", "Option", "Rated", "decide"]

_ERRORS = 2.0  # that two figures must lie apart to be told apart
_ALL = 64  # options, up to which all may be taken once more is known


@dataclass(frozen=True)
class Estimate:
    """A figure with its Monte Carlo standard error."""

    value: float
    mcse: float

    @classmethod
    def of(cls, chains: FloatArray) -> Estimate:
        """Return the average of a figure over chains, and its error."""
        return cls(float(np.mean(chains)), float(spread(np.asarray(chains))))

    @classmethod
    def learnt(cls, others: FloatArray, own: FloatArray, plain: FloatArray) -> Estimate:
        """Return a gain from what `gains` returns of a source, with its biases in its error.

        By other chains it is too small, as fits are noisy, and by its own too large by as much.
        What indices add to the plain regression tells how far that family of fits may be off.
        """
        found = cls.of(others)
        noise, shape = (max(float(np.mean(one)), 0.0) for one in (own - others, others - plain))
        return cls(found.value, float(np.hypot(found.mcse, np.hypot(noise, shape) / 2)))


@dataclass(frozen=True)
class Rated:
    """How an option does.

    Parameters
    ----------
    option
        The option.
    goals
        The value of each goal, in its own direction.
    limits
        The probability of each limit's event.
    interval
        Where 90% of the first goal's variable lie; none of a probability.
    met
        Whether each limit is met; None where the draws do not tell.
    best
        The probability of being the best option that meets the limits; None for one that does not.
    regret
        The expected loss of utility against the best option in each draw.
    tied
        Whether the draws cannot tell it from the best one.
    efficient
        With two goals: whether no other option is better in one and no worse in the other.
    dominated_by
        For one that is never best: an option that is as good in every draw, if there is one.
    """

    option: Option
    goals: tuple[Estimate, ...]
    limits: tuple[Estimate, ...]
    met: tuple[bool | None, ...]
    interval: tuple[Estimate, ...] = ()
    best: Estimate | None = None
    regret: Estimate | None = None
    tied: bool = False
    efficient: bool = False
    dominated_by: str = ""

    @property
    def feasible(self) -> bool:
        """Whether no limit is surely broken."""
        return all(one is not False for one in self.met)

    def __repr__(self) -> str:
        """Return one line: the option, its goals and how often it is the best."""
        goals = ", ".join(f"{one.value:.6g} ± {one.mcse:.2g}" for one in self.goals)
        best = "breaks a limit" if self.best is None else f"best in {self.best.value:.1%}"
        return f"{self.option.name}: {goals}; {best}"


@dataclass(frozen=True)
class Choice:
    """What is best, by how much, and what it would be worth to know.

    Parameters
    ----------
    rated
        The options, in the order in which they were given.
    goals, limits
        What was asked.
    chosen
        The option with the best value of the first goal among those that meet the limits; None
        where none does.
    evpi
        The expected utility of always taking the best option, over that of the chosen one.
    known
        The same of knowing one input, by its name, or a group of them.
    groups
        Members of each group.
    pilots, measured
        The expected value of each pilot's result, by its text, and the pilots: one for each
        scenario where these hold the input for different facts.
    nearest
        Where no option meets the limits: the one that misses least, and for each limit the value of
        its variable that would be met; of two variables, the factor of the second.
    lead
        By how much the chosen option is better than the next best, by the first goal.
    design
        The draws that it rests on.
    """

    rated: tuple[Rated, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    chosen: Rated | None
    evpi: Estimate | None = None
    known: Mapping[str, Estimate] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pilots: Mapping[str, Estimate] = field(default_factory=dict)
    measured: tuple[Pilot, ...] = ()
    nearest: tuple[Rated, tuple[float, ...]] | None = None
    lead: Estimate | None = None
    design: Design = field(default_factory=Design, repr=False)

    def __repr__(self) -> str:
        """Return a line for each option, the chosen one first."""
        order = sorted(self.rated, key=lambda one: one is not self.chosen)
        lines = (f"{'best: ' if one is self.chosen else ''}{one!r}" for one in order)
        return "\n".join(lines)

    @property
    def error(self) -> float:
        """How well the goals of the chosen option and its lead are known, relative to the goals.

        Half of the widest 95% confidence interval; of a goal by the logarithm, of the logarithm.
        """
        rated = self.chosen or (self.nearest[0] if self.nearest else self.rated[0])
        widening = float(stdtrit(max(self.design.chains - 1, 1), 0.975))
        found = list(zip(self.goals, rated.goals, strict=True))
        if self.lead is not None:
            found.append((self.goals[0], Estimate(rated.goals[0].value, self.lead.mcse)))
        sizes = ((1.0 if goal.measure == "log" else abs(one.value), one) for goal, one in found)
        return max(
            widening * one.mcse / size if size else (np.inf if one.mcse else 0.0)
            for size, one in sizes
        )


def decide(  # noqa: PLR0913 (what there is to choose, and by what)
    options: Sequence[Option],
    goals: Sequence[Goal],
    design: Design,
    *,
    limits: Sequence[Limit] = (),
    pilots: Sequence[Pilot] = (),
    groups: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int], object] | None = None,
    stop: Stop | None = None,
) -> Choice:
    """Choose among options.

    Parameters
    ----------
    options
        Two or more, whose questions ask for the variables of the goals, limits and pilots.
    goals
        One, or two, between which there is a frontier; the first one chooses.
    design
        As for `sample`.
    limits
        What an option must meet.
    pilots
        Measurements whose worth is wanted.
    groups
        Inputs that would be known together, by the group's name.
    progress
        Told how many chains are finished, each counted twice.
    stop
        Ends the draws early: the choice is that of the chains that are finished.

    Returns
    -------
    Choice
        All of it in the units of the goals; of a goal by the logarithm, in logarithms.

    Raises
    ------
    QuestionError
        Fewer than two options, one that cannot be answered, or a pilot of what is not uncertain.
    ModelError
        An equation fails.
    StoppedError
        `stop` came before two chains were finished.

    Notes
    -----
    Knowing an input, or the result of a pilot, is worth E[max_k E[u_k | x]] - max_k E[u_k]: of an
    input by regression, of a result by the likelihood of its outcomes. Which option is then taken
    is learnt from the chains of even number and tried on the others, and the other way round, so
    that noise gains nothing: the estimate errs downward. What each half gains by its own lesson
    errs upward as much, and half of the difference is in the error. So is, of several inputs, half
    of what indices of them add to regression on each and on products.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory. Strong, Oakley and Brennan
    (2014), doi:10.1177/0272989X13505910.
    """
    if len(options) < 2:
        raise QuestionError(f"{len(options)} option; expected two or more to choose among")
    table = Utilities(options, goals, limits, design)
    inputs = table.inputs(0)
    pilots = sorted(
        _measurable(pilots, list(inputs)), key=lambda one: list(inputs).index(one.input)
    )
    problems = [one.problem for one in options]
    names = {name for one in problems for name in (*one.plan.inputs, *one.priors.inputs)}
    teaching = design.draws * max(design.chains // 2, 1)
    sources = list(sources_of(inputs, groups or {}, pilots, teaching, names))
    first = []
    for one in each(table.first, range(design.chains), stop=stop):
        first.append(one)
        if progress is not None:
            progress(len(first))
        if stop is not None and stop.why:
            break
    if len(first) < min(design.chains, 2):
        raise StoppedError(stop.why if stop else "")
    table.design = design = replace(design, chains=len(first))
    chains = range(design.chains)
    # Shapes (chain, goal, option), (chain, limit, option) and (chain, end, option).
    values, shares, ends = (np.array([one[k] for one in first]) for k in range(3))
    rated = [_rated(table, number, values, shares, ends) for number in range(len(options))]
    candidates = [number for number, one in enumerate(rated) if one.feasible]
    if not candidates:
        nearest = _nearest(table, rated)
        return Choice(
            tuple(rated), tuple(goals), tuple(limits), None, nearest=nearest, design=design
        )
    place = _first(values[:, :, candidates].mean(axis=0))
    leads = values[:, 0, candidates[place], None] - values[:, 0, candidates]
    order = np.argsort(leads.mean(axis=0), kind="stable")
    next_best = [Estimate.of(leads[:, row]) for row in order if row != place]
    second, fits = [], []
    for ranks, own in each(lambda chain: table.second(chain, candidates, place, sources), chains):
        second.append(ranks)
        fits.append(own)
        if progress is not None:
            progress(design.chains + len(second))
    told = {name: np.array([one[name] for one in second]) for name in second[0]}
    rated = _ranked(table, rated, candidates, place, told)
    if len(goals) > 1:
        _mark_efficient(table, rated, candidates)
    gained = _gained(table, candidates, place, sources, folds(fits))
    known = {one.name: gained[one.name] for one in sources if isinstance(one, Regressed)}
    return Choice(
        tuple(rated),
        tuple(goals),
        tuple(limits),
        rated[candidates[place]],
        evpi=Estimate.of(told["regret"][:, place]),
        known=dict(sorted(known.items(), key=lambda item: -item[1].value)),
        groups={
            one.name: one.members
            for one in sources
            if isinstance(one, Regressed) and one.name in (groups or {})
        },
        pilots={one.text: gained[one.text] for one in pilots},
        measured=tuple(pilots),
        lead=next_best[0] if next_best else None,
        design=design,
    )


def _measurable(pilots: Sequence[Pilot], inputs: Sequence[str]) -> Iterator[Pilot]:
    """Yield each pilot, of each scenario's own input where there are several."""
    for pilot in pilots:
        own = [name for name in inputs if name.split(" ")[0] == pilot.input]
        if not own:
            known = list(dict.fromkeys(name.split(" ")[0] for name in inputs))
            raise QuestionError(
                f"pilot '{pilot.text[:60]}': {pilot.input} is not an uncertain input of these "
                f"options; expected one of {listed(known) if known else 'them, but there is none'}"
            )
        for name in own:
            text = pilot.text.replace(pilot.input, name, 1)
            yield replace(pilot, text=text, input=name)


def _first(averages: FloatArray) -> int:
    """Return the place of the best option; of equal ones, of the best by the second goal."""
    top = averages[0].max()
    equal = averages[0] >= top - LEAST * max(abs(top), 1.0)
    return int(np.argmax(np.where(equal, averages[-1], -np.inf)))


def _rated(
    table: Utilities, number: int, values: FloatArray, shares: FloatArray, ends: FloatArray
) -> Rated:
    goals = tuple(
        Estimate.of(goal.sign * values[:, k, number]) for k, goal in enumerate(table.goals)
    )
    limits = tuple(Estimate.of(shares[:, k, number]) for k in range(len(table.limits)))
    met = tuple(
        _met(share, limit.probability) for share, limit in zip(limits, table.limits, strict=True)
    )
    known = isinstance(table.goals[0].of, str)
    interval = tuple(Estimate.of(ends[:, end, number]) for end in range(2)) if known else ()
    return Rated(table.options[number], goals, limits, met, interval)


def _met(share: Estimate, wanted: float) -> bool | None:
    """Tell whether a probability is at least what is wanted; None where its error hides it."""
    apart = share.value - wanted
    if apart and share.mcse > 0 and abs(apart) < _ERRORS * share.mcse:
        return None
    return apart >= 0


def _ranked(
    table: Utilities,
    rated: Sequence[Rated],
    candidates: Sequence[int],
    place: int,
    chains: Mapping[str, FloatArray],
) -> list[Rated]:
    """Return options with how often they are best, their regret, ties, and what dominates them."""
    found, never = list(rated), []
    for row, number in enumerate(candidates):
        best = Estimate.of(chains["best"][:, row])
        regret = Estimate.of(chains["regret"][:, row])
        apart = Estimate.of(chains["difference"][:, row])
        tied = row != place and abs(apart.value) <= _ERRORS * apart.mcse
        found[number] = replace(found[number], best=best, regret=regret, tied=tied)
        if best.value == 0:
            never.append(number)
    for number, other in _dominators(table, candidates, never).items():
        found[number] = replace(found[number], dominated_by=table.options[other].name)
    return found


def _dominators(
    table: Utilities, candidates: Sequence[int], never: Sequence[int]
) -> dict[int, int]:
    """Return an option that is as good in every draw, for those of the never best that have one.

    What no option that is best somewhere dominates can only be so by another such one.
    """
    found: dict[int, int] = {}
    left, others = list(never), [one for one in candidates if one not in set(never)]
    while left and others:
        compared = each(partial(table.dominances, left, others), range(table.design.chains))
        within = np.logical_and.reduce(list(compared))
        for row in np.flatnonzero(within.any(axis=1)):
            found[left[row]] = others[int(within[row].argmax())]
        left = [one for one in left if one not in found]
        others = left if others[0] not in set(never) and len(left) > 1 else []
    return found


def _gained(
    table: Utilities,
    candidates: Sequence[int],
    place: int,
    sources: Sequence[Regressed | Outcomes],
    taught: list[list[Fit]],
) -> dict[str, Estimate]:
    """Return what knowing each source is worth."""
    if not sources:
        return {}
    inputs = table.inputs(0)
    among = set(range(len(candidates))) if len(candidates) <= _ALL else {place}
    if len(candidates) > _ALL:
        pairs = ((one, fit) for fits in taught for one, fit in zip(sources, fits, strict=True))
        among = among.union(*(one.taken(inputs, fit) for one, fit in pairs))
    rows = sorted(among)
    over = partial(table.over, among=[candidates[row] for row in rows], chosen=candidates[place])
    halves = [[fit.among(rows) for fit in fits] for fits in taught]
    found = gains(sources, halves, over, table.inputs, table.design.chains)
    return {one.name: Estimate.learnt(*ways) for one, ways in zip(sources, found, strict=True)}


def _mark_efficient(table: Utilities, rated: list[Rated], candidates: Sequence[int]) -> None:
    """Mark the options that no other one is better than in one goal and no worse in the other."""
    signs = [goal.sign for goal in table.goals]
    points = np.array(
        [
            [sign * one.value for sign, one in zip(signs, rated[n].goals, strict=True)]
            for n in candidates
        ]
    )
    for row, number in enumerate(candidates):
        others = np.delete(points, row, axis=0)
        worse = (others >= points[row]).all(axis=1) & (others > points[row]).any(axis=1)
        rated[number] = replace(rated[number], efficient=not worse.any())


def _nearest(table: Utilities, rated: Sequence[Rated]) -> tuple[Rated, tuple[float, ...]]:
    """Return the option that misses its limits least, and the values that would be met.

    Of those that miss by the same probability, it is the one whose values lie nearest.
    """

    def missed(one: Rated) -> float:
        wanted = (limit.probability for limit in table.limits)
        return sum(max(p - share.value, 0.0) for p, share in zip(wanted, one.limits, strict=True))

    least = min(map(missed, rated)) + LEAST
    candidates = [number for number, one in enumerate(rated) if missed(one) <= least]

    def levels(chain: int) -> list[list[tuple[float, float]]]:
        found = {
            number: [limit.would_hold(draws) for limit in table.limits]
            for number, _, draws in table.draws(chain)
            if number in candidates
        }
        return [found[number] for number in candidates]

    # Shape (option, limit, threshold and what would be met).
    found = np.mean(list(each(levels, range(table.design.chains))), axis=0)
    beyond = np.array([[one is False for one in rated[number].met] for number in candidates])
    apart = np.abs(found[..., 1] - found[..., 0]) / np.maximum(np.abs(found[..., 0]), LEAST)
    place = int(np.argmin((apart * beyond).sum(axis=-1)))
    return rated[candidates[place]], tuple(found[place, :, 1].tolist())
