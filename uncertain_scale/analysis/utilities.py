"""Utilities of options on the same draws, chain by chain, and what knowing an input adds to them.

Options that share a scenario and a plan are drawn together, once, and what their givens do not move
is computed once. A chain's utilities are one matrix, options by draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.coupling import coupled, couplings
from uncertain_scale.analysis.events import happened
from uncertain_scale.errors import QuestionError
from uncertain_scale.sampling.engine import Simulation, propagate
from uncertain_scale.sampling.paths import Paths
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.analysis.goals import Goal, Limit, Pilot
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["LEAST", "Option", "Utilities", "worth_of"]

_BINS = 16
"""Of an input's draws in a chain, within which it counts as known; powers of two fit nets. Of two
normals 16 are off by half a standard error at most, 64 by four."""
_NOISE = 1e-3  # share of a variance, up to which what lies over an input is a curve
_ENDS = (0.05, 0.95)
_HELD = 1 << 25  # utilities that are kept, of all options and draws; more are made again
LEAST = 1e-12
"""Relative size of a difference that is none."""


@dataclass(frozen=True)
class Option:
    """One choice: its settings as people typed them, and its question.

    Options that differ by the values of constant givens alone share a problem but for these, as
    `Problem.giving` returns them.
    """

    name: str
    problem: Problem = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)


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


class Utilities:
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
                ends[:, number] = np.quantile(draws[self.goals[0].of], _ENDS, method="hazen")
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
        near = found >= top - LEAST * np.maximum(np.abs(top), 1e-300)
        first = {
            "best": (near / near.sum(axis=0)).mean(axis=1),
            "regret": (top - found).mean(axis=1),
            "difference": found.mean(axis=1) - found[place].mean(),
            "beaten": (found <= found[place]).mean(axis=1),
        }
        known = self.inputs(chain)
        worth = {f"known {name}": worth_of(found, place, values) for name, values in known.items()}
        for number, pilot in enumerate(pilots):
            if pilot.input in known:
                noise = np.random.default_rng((self.design.seed, chain, number)).standard_normal(
                    self.design.draws
                )
                result = pilot.measured(known[pilot.input], noise)
                worth[f"pilot {pilot.text}"] = worth_of(found, place, result)
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


def worth_of(found: FloatArray, place: int, values: FloatArray) -> FloatArray:
    """Return what knowing `values` adds to the utility of the option at a place, in one chain.

    The mean of an option given a value runs straight from the middle of a bin to that of the next.

    Parameters
    ----------
    found
        Utilities, shape (option, draw).
    place
        The option that is taken without knowing.
    values
        Of what would be known, shape (draw,).
    """
    order = np.argsort(values, kind="stable")
    found, at = found[:, order], values[order]
    if found.shape[1] > 2 * _BINS and _follow(found, place):
        return np.asarray(found.max(axis=0).mean() - found[place].mean())
    return np.asarray(_gain(found, place, at))


def _follow(found: FloatArray, place: int) -> bool:
    """Whether utilities in the order of an input follow from it: what is no noise has few bends.

    Reference: von Neumann, J. (1941), doi:10.1214/aoms/1177731677, with second differences.
    """
    over = found - found[place]
    bends = np.square(np.diff(over, 2, axis=1)).mean(axis=1) / 6  # of noise, its variance
    return bool(bends.sum() <= _NOISE * over.var(axis=1).sum())


def _gain(found: FloatArray, place: int, at: FloatArray) -> float:
    """Return the gain of knowing values in ascending order, beside which other inputs move."""
    bins = min(_BINS, max(len(at) // 8, 1))
    size = len(at) // bins // 2 * 2
    at = at[: bins * size]
    cells = found[:, : bins * size].reshape(len(found), bins, size)
    halves = [cells[..., half::2].mean(axis=-1) for half in (0, 1)]
    whole = (halves[0] + halves[1]) / 2
    # Only options that are on top somewhere, by some of the means, can be so in between.
    tops = {int(k) for one in (whole, *halves) for k in one.argmax(axis=0)} | {place}
    among = sorted(tops)
    middles = at.reshape(bins, size).mean(axis=1)

    def most(means: FloatArray) -> float:
        return float(_between(at, middles, means[among]).max(axis=0).mean())

    gain = 2 * most(whole) - (most(halves[0]) + most(halves[1])) / 2
    return gain - float(_between(at, middles, whole[[place]]).mean())


def _between(at: FloatArray, middles: FloatArray, means: FloatArray) -> FloatArray:
    """Return means at values by straight lines through those at the middles, shape (row, value)."""
    if len(middles) < 2:
        return np.repeat(means, at.size, axis=1)
    left = np.clip(np.searchsorted(middles, at, side="right") - 1, 0, len(middles) - 2)
    width = np.diff(middles)
    share = np.zeros_like(at)
    np.divide(at - middles[left], width[left], out=share, where=width[left] > 0)
    return np.asarray(means[:, left] + share * (means[:, left + 1] - means[:, left]))
