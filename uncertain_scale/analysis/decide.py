"""Choosing among options on the same draws: goals, limits, regret, and what knowing is worth.

An option is a scenario with givens. All options are drawn together, chain by chain: what their
scenarios believe alike has the same draws in each, and what they believe of different facts is
independent, as `couplings` says. A chain's utilities are one matrix, options by draws, of which all
else is a statistic, averaged over chains, whose spread is the Monte Carlo error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.coupling import coupled, couplings
from uncertain_scale.analysis.events import happened
from uncertain_scale.errors import QuestionError, listed
from uncertain_scale.sampling.engine import Simulation, each, propagate
from uncertain_scale.sampling.paths import Paths
from uncertain_scale.statistics.monte_carlo_error import spread
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.analysis.goals import Goal, Limit, Pilot
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Choice", "Option", "Rated", "decide"]

_ERRORS = 2.0  # that two figures must lie apart to be told apart
_BINS = 16
"""Of an input's draws in a chain, within which it counts as known; powers of two fit nets. Of two
normals 16 are off by half a standard error at most, 64 by four."""
_ENDS = (0.05, 0.95)
_HELD = 1 << 25  # utilities that are kept, of all options and draws; more are made again
_LEAST = 1e-12  # relative, of a difference that is none


@dataclass(frozen=True)
class Option:
    """One choice: its settings as people typed them, and its question.

    Options that differ by the values of constant givens alone share a problem but for these, as
    `Problem.giving` returns them.
    """

    name: str
    problem: Problem = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """A figure with its Monte Carlo standard error."""

    value: float
    mcse: float

    @classmethod
    def of(cls, chains: FloatArray) -> Estimate:
        """Return the average of a figure over chains, and its error."""
        return cls(float(np.mean(chains)), float(spread(np.asarray(chains))))


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
        For one that is never best: the chosen option, where it is as good in every draw.
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
        The same of knowing one input, by its name.
    pilots, measured
        The expected value of each pilot's result, by its text, and the pilots: one for each
        scenario where these hold the input for different facts.
    nearest
        Where no option meets the limits: the one that misses least, and for each limit the value of
        its variable that would be met, or nan.
    """

    rated: tuple[Rated, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    chosen: Rated | None
    evpi: Estimate | None = None
    known: Mapping[str, Estimate] = field(default_factory=dict)
    pilots: Mapping[str, Estimate] = field(default_factory=dict)
    measured: tuple[Pilot, ...] = ()
    nearest: tuple[Rated, tuple[float, ...]] | None = None


def decide(  # noqa: PLR0913 (what there is to choose, and by what)
    options: Sequence[Option],
    goals: Sequence[Goal],
    design: Design,
    *,
    limits: Sequence[Limit] = (),
    pilots: Sequence[Pilot] = (),
    progress: Callable[[int], object] | None = None,
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
    progress
        Told how many chains are finished, each counted twice.

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

    Notes
    -----
    Knowing an input, or the result of a pilot, is worth E[max_k E[u_k | x]] - max_k E[u_k]. The
    conditional means are those of 16 bins of a chain's draws of x; the maximum turns their noise
    into bias, which falls like one over the draws of a bin: twice the estimate less the mean of
    those from either half of each bin has none of that order.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory. Strong, Oakley and Brennan
    (2014), doi:10.1177/0272989X13505910. Strong et al. (2015), doi:10.1177/0272989X15575286, for
    the value of sample information by regression on its results.
    """
    if len(options) < 2:
        raise QuestionError(f"{len(options)} option; expected two or more to choose among")
    table = _Table(options, goals, limits, design)
    pilots = list(_measurable(pilots, [*table.inputs(0)])) if pilots else []
    chains = range(design.chains)
    first = []
    for one in each(table.first, chains):
        first.append(one)
        if progress is not None:
            progress(len(first))
    # Shapes (chain, goal, option), (chain, limit, option) and (chain, end, option).
    values, shares, ends = (np.array([one[k] for one in first]) for k in range(3))
    rated = [_rated(table, number, values, shares, ends) for number in range(len(options))]
    candidates = [number for number, one in enumerate(rated) if one.feasible]
    if not candidates:
        return Choice(
            tuple(rated), tuple(goals), tuple(limits), None, nearest=_nearest(table, rated)
        )
    place = _first(values[:, :, candidates].mean(axis=0))
    second = []
    for found in each(lambda chain: table.second(chain, candidates, place, pilots), chains):
        second.append(found)
        if progress is not None:
            progress(design.chains + len(second))
    return _chosen(table, rated, candidates, place, second, pilots)


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


@dataclass
class _Group:
    """Options that are drawn together: they share a scenario and a plan."""

    simulation: Simulation
    numbers: list[int]
    moved: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        """What they ask, but for the givens that differ."""
        return self.simulation.problem


class _Table:
    """Utilities of all options, chain by chain."""

    def __init__(
        self,
        options: Sequence[Option],
        goals: Sequence[Goal],
        limits: Sequence[Limit],
        design: Design,
    ) -> None:
        self.options, self.goals, self.limits, self.design = options, goals, limits, design
        self.groups = list(self._grouped())
        self._place, self._paths = self._dated()
        small = len(options) * design.draws * design.chains <= _HELD
        self._kept: dict[int, FloatArray] | None = {} if small else None

    def _grouped(self) -> Iterator[_Group]:
        base = self.options[0].problem
        together: dict[tuple[int, int], list[int]] = {}
        for number, option in enumerate(self.options):
            key = id(option.problem.priors), id(option.problem.plan)
            together.setdefault(key, []).append(number)
        scenarios = {id(base.priors): 0}
        for numbers in together.values():
            problem = self.options[numbers[0]].problem
            which = scenarios.setdefault(id(problem.priors), len(scenarios))
            apart = None
            if which:
                ranks = {
                    name: one.rank
                    for name, one in couplings(problem.plan, base.priors, problem.priors).items()
                }
                apart = coupled(problem.plan, base.priors, problem.priors, ranks, which=which)
            simulation = Simulation.of(problem, self.design, apart)
            givens = [self.options[n].problem.question.given for n in numbers]
            moved = tuple(
                name
                for name in givens[0]
                if name in problem.plan.inputs
                and len({given[name].distribution for given in givens}) > 1
            )
            yield _Group(simulation, numbers, moved)

    def _dated(self) -> tuple[list[int], Paths]:
        """Return the place of each option's question, of a scenario and date, among joined ones."""
        owner = {number: group for group in self.groups for number in group.numbers}
        known: dict[tuple[int, object], int] = {}
        questions: list[Simulation] = []
        places: list[int] = []
        for number, option in enumerate(self.options):
            date = option.problem.question.given.get(DATE)
            key = id(owner[number]), date and date.distribution
            if key not in known:
                known[key] = len(questions)
                questions.append(replace(owner[number].simulation, problem=option.problem))
            places.append(known[key])
        return places, Paths(questions)

    def draws(self, chain: int) -> Iterator[tuple[int, _Group, dict[str, FloatArray]]]:
        """Yield a chain's draws of each option, with its number."""
        shocks = self._paths.shocks(chain)
        for group in self.groups:
            inputs = group.simulation.sampler().draw(self.design, chain)
            plan, settled = group.problem.plan, group.simulation.settled
            swept = (*group.moved, *self._paths.names)
            still, moving = (
                replace(
                    plan,
                    reached={
                        name: way
                        for name, way in plan.reached.items()
                        if way.ancestors.isdisjoint(swept) is apart
                    },
                )
                for apart in (True, False)
            )
            fixed = propagate(still, inputs, settled)
            for number in group.numbers:
                given = self.options[number].problem.question.given
                own = {
                    name: given[name].ppf(np.full(self.design.draws, 0.5)) for name in group.moved
                }
                own |= shocks[self._place[number]]
                yield number, group, propagate(moving, {**fixed, **own}, settled)

    def first(self, chain: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return a chain's values by goal and option, shares by limit, and ends of intervals."""
        count = len(self.options)
        ends = np.full((2, count), np.nan)
        values = np.empty((len(self.goals), count))
        shares = np.empty((len(self.limits), count))
        kept = None if self._kept is None else np.empty((count, self.design.draws))
        for number, _, draws in self.draws(chain):
            utilities = [goal.utility(draws) for goal in self.goals]
            self._refuse_missing(number, utilities)
            values[:, number] = [
                goal.value(one) for goal, one in zip(self.goals, utilities, strict=True)
            ]
            shares[:, number] = [happened(one.event, draws).mean() for one in self.limits]
            if isinstance(self.goals[0].of, str):
                ends[:, number] = np.quantile(draws[self.goals[0].of], _ENDS)
            if kept is not None:
                kept[number] = utilities[0]
        if self._kept is not None and kept is not None:
            self._kept[chain] = kept
        return values, shares, ends

    def _refuse_missing(self, number: int, utilities: Sequence[FloatArray]) -> None:
        for goal, found in zip(self.goals, utilities, strict=True):
            if not np.isfinite(found).all():
                raise QuestionError(
                    f"option {self.options[number].name}: {goal.text} is no finite number in "
                    f"{np.mean(~np.isfinite(found)):.2%} of the draws; take another goal, such as "
                    f"mean({', '.join(goal.variables)})"
                )

    def utilities(self, chain: int) -> FloatArray:
        """Return a chain's utilities by the first goal, shape (option, draw)."""
        if self._kept is not None and chain in self._kept:
            return self._kept[chain]
        found = np.empty((len(self.options), self.design.draws))
        for number, _, draws in self.draws(chain):
            found[number] = self.goals[0].utility(draws)
        return found

    def second(
        self, chain: int, candidates: Sequence[int], place: int, pilots: Sequence[Pilot]
    ) -> dict[str, FloatArray]:
        """Return a chain's shares of best, regrets, dominances and values of knowing.

        Parameters
        ----------
        chain
            Number of the chain.
        candidates, place
            The options that meet the limits, and which of them is chosen.
        pilots
            Measurements.
        """
        found = self.utilities(chain)[list(candidates)]
        top = found.max(axis=0)
        near = found >= top - _LEAST * np.maximum(np.abs(top), 1e-300)
        first = {
            "best": (near / near.sum(axis=0)).mean(axis=1),
            "regret": (top - found).mean(axis=1),
            "difference": found.mean(axis=1) - found[place].mean(),
            "beaten": (found <= found[place]).mean(axis=1),
        }
        known = self.inputs(chain)
        worth = {f"known {name}": _worth(found, place, values) for name, values in known.items()}
        for number, pilot in enumerate(pilots):
            if pilot.input in known:
                noise = np.random.default_rng((self.design.seed, chain, number)).standard_normal(
                    self.design.draws
                )
                result = pilot.measured(known[pilot.input], noise)
                worth[f"pilot {pilot.text}"] = _worth(found, place, result)
        return {**first, **worth}

    def inputs(self, chain: int) -> dict[str, FloatArray]:
        """Return a chain's draws of uncertain inputs, with a scenario's name where these differ."""
        found: dict[str, FloatArray] = {}
        first = self.groups[0].problem.priors.name
        seen: set[int] = set()
        for group in self.groups:
            if id(group.problem.priors) in seen:
                continue
            seen.add(id(group.problem.priors))
            for name, values in group.simulation.sampler().draw(self.design, chain).items():
                if values.min() == values.max() or name in group.moved:
                    continue
                if name not in found:
                    found[name] = values
                elif not np.array_equal(found[name], values):
                    found[f"{name} ({group.problem.priors.name})"] = values
        several = {name.split()[0] for name in found if " " in name}
        named = {f"{n} ({first})" if n in several else n: values for n, values in found.items()}
        return self._by_date(chain, named)

    def _by_date(self, chain: int, found: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Return a chain's inputs with the shocks of each date, where there are several."""
        for place, shocks in enumerate(self._paths.shocks(chain)):
            problem = self.options[self._place.index(place)].problem
            if DATE not in problem.question.given:
                continue
            date = problem.question.given[DATE].provenance.stated
            for name in self._paths.names:
                values = shocks.get(name) if place else found.pop(name, None)
                label = f"{name} ({date})"
                if label in found and values is not None:
                    label = f"{name} ({date}, {problem.priors.name})"
                if values is not None and not _is_among(values, found.values()):
                    found[label] = values
        return found


def _is_among(values: FloatArray, others: Iterable[FloatArray]) -> bool:
    return any(np.array_equal(values, one) for one in others)


def _worth(found: FloatArray, place: int, values: FloatArray) -> FloatArray:
    """Return what knowing `values` adds to the utility of the option at a place, in one chain.

    The mean of an option given a value runs straight from the middle of a bin to that of the next.
    """
    order = np.argsort(values, kind="stable")
    bins = min(_BINS, max(len(order) // 8, 1))
    size = len(order) // bins // 2 * 2
    order = order[: bins * size]
    cells = found[:, order].reshape(len(found), bins, size)
    halves = [cells[..., half::2].mean(axis=-1) for half in (0, 1)]
    whole = (halves[0] + halves[1]) / 2
    # Only options that are on top somewhere, by some of the means, can be so in between.
    tops = {int(k) for one in (whole, *halves) for k in one.argmax(axis=0)} | {place}
    among = sorted(tops)
    at = values[order]
    middles = at.reshape(bins, size).mean(axis=1)

    def most(means: FloatArray) -> float:
        return float(_between(at, middles, means[among]).max(axis=0).mean())

    gain = 2 * most(whole) - (most(halves[0]) + most(halves[1])) / 2
    return np.asarray(gain - _between(at, middles, whole[[place]]).mean())


def _between(at: FloatArray, middles: FloatArray, means: FloatArray) -> FloatArray:
    """Return means at values by straight lines through those at the middles, shape (row, value)."""
    if len(middles) < 2:
        return np.repeat(means, at.size, axis=1)
    left = np.clip(np.searchsorted(middles, at, side="right") - 1, 0, len(middles) - 2)
    width = np.diff(middles)
    share = np.zeros_like(at)
    np.divide(at - middles[left], width[left], out=share, where=width[left] > 0)
    return np.asarray(means[:, left] + share * (means[:, left + 1] - means[:, left]))


def _first(averages: FloatArray) -> int:
    """Return the place of the best option; of equal ones, of the best by the second goal."""
    top = averages[0].max()
    equal = averages[0] >= top - _LEAST * max(abs(top), 1.0)
    return int(np.argmax(np.where(equal, averages[-1], -np.inf)))


def _rated(
    table: _Table, number: int, values: FloatArray, shares: FloatArray, ends: FloatArray
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


def _chosen(  # noqa: PLR0913, PLR0917 (what the two passes found)
    table: _Table,
    rated: list[Rated],
    candidates: Sequence[int],
    place: int,
    second: Sequence[Mapping[str, FloatArray]],
    pilots: Sequence[Pilot],
) -> Choice:
    # To know what does not vary in a chain is worth nothing there.
    names = dict.fromkeys(name for one in second for name in one)
    chains = {name: np.array([one.get(name, 0.0) for one in second]) for name in names}
    for row, number in enumerate(candidates):
        best = Estimate.of(chains["best"][:, row])
        apart = Estimate.of(chains["difference"][:, row])
        beaten = best.value == 0 and chains["beaten"][:, row].mean() == 1
        rated[number] = replace(
            rated[number],
            best=best,
            regret=Estimate.of(chains["regret"][:, row]),
            tied=row != place and abs(apart.value) <= _ERRORS * apart.mcse,
            dominated_by=table.options[candidates[place]].name if beaten else "",
        )
    if len(table.goals) > 1:
        _mark_efficient(table, rated, candidates)
    known = {
        name.removeprefix("known "): Estimate.of(values)
        for name, values in chains.items()
        if name.startswith("known ")
    }
    return Choice(
        tuple(rated),
        tuple(table.goals),
        tuple(table.limits),
        rated[candidates[place]],
        evpi=Estimate.of(chains["regret"][:, place]),
        known=dict(sorted(known.items(), key=lambda item: -item[1].value)),
        pilots={one.text: Estimate.of(chains[f"pilot {one.text}"]) for one in pilots},
        measured=tuple(pilots),
    )


def _mark_efficient(table: _Table, rated: list[Rated], candidates: Sequence[int]) -> None:
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


def _nearest(table: _Table, rated: Sequence[Rated]) -> tuple[Rated, tuple[float, ...]]:
    """Return the option that misses its limits least, and the values that would be met."""

    def missed(one: Rated) -> float:
        wanted = (limit.probability for limit in table.limits)
        return sum(max(p - share.value, 0.0) for p, share in zip(wanted, one.limits, strict=True))

    number = min(range(len(rated)), key=lambda n: missed(rated[n]))
    values: list[list[float]] = [[] for _ in table.limits]
    for chain in range(table.design.chains):
        draws = next(found for n, _, found in table.draws(chain) if n == number)
        for k, limit in enumerate(table.limits):
            if len(limit.event.variables) > 1:
                values[k].append(np.nan)
                continue
            name, sign, _ = limit.event.threshold()
            level = limit.probability if sign in {"<=", "<"} else 1 - limit.probability
            values[k].append(float(np.quantile(draws[name], level)))
    return rated[number], tuple(float(np.mean(one)) for one in values)
