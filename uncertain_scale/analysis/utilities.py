"""Utilities of options on the same draws, chain by chain.

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
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from uncertain_scale.analysis.goals import Goal, Limit
    from uncertain_scale.analysis.knowing import Fit, Source
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["LEAST", "Option", "Utilities"]

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

    def draws(
        self, chain: int, among: Container[int] | None = None
    ) -> Iterator[tuple[int, _Group, dict[str, FloatArray]]]:
        """Yield a chain's draws of each option, or of some, with its number."""
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
                if among is not None and number not in among:
                    continue
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

    def utilities(self, chain: int, among: Sequence[int]) -> FloatArray:
        """Return a chain's utilities of some options by the first goal, shape (option, draw)."""
        if self._kept is not None and chain in self._kept:
            return self._kept[chain][list(among)]
        places = {number: place for place, number in enumerate(among)}
        found = np.empty((len(places), self.design.draws))
        for number, _, draws in self.draws(chain, places):
            found[places[number]] = self.goals[0].utility(draws)
        return found

    def second(
        self, chain: int, candidates: Sequence[int], place: int, sources: Sequence[Source]
    ) -> tuple[dict[str, FloatArray], list[Fit]]:
        """Return a chain's shares of best, regrets and leads, and sums by what may be known.

        Parameters
        ----------
        chain
            Number of the chain.
        candidates, place
            The options that meet the limits, and which of them is chosen.
        sources
            What may be known.
        """
        found = self.utilities(chain, candidates)
        top = found.max(axis=0)
        near = found >= top - LEAST * np.maximum(np.abs(top), 1e-300)
        first = {
            "best": (near / near.sum(axis=0)).mean(axis=1),
            "regret": (top - found).mean(axis=1),
            "difference": found.mean(axis=1) - found[place].mean(),
        }
        over = np.ascontiguousarray((found - found[place]).T)
        inputs = self.inputs(chain)
        return first, [one.collect(over, inputs) for one in sources]

    def over(self, chain: int, among: Sequence[int], chosen: int) -> FloatArray:
        """Return a chain's utilities of some options over those of one, shape (draw, option)."""
        found = self.utilities(chain, among)
        return np.ascontiguousarray((found - found[among.index(chosen)]).T)

    def dominances(
        self, weak: Sequence[int], strong: Sequence[int], chain: int
    ) -> npt.NDArray[np.bool_]:
        """Return whether options are no better than others in any draw of a chain, (weak, strong).

        Few draws rule most of them out.
        """
        every = list(dict.fromkeys([*weak, *strong]))
        found = self.utilities(chain, every)
        rows = found[[every.index(one) for one in strong]]
        least = LEAST * np.abs(rows)
        within = np.zeros((len(weak), len(strong)), dtype=bool)
        for k, number in enumerate(weak):
            own = found[every.index(number)]
            left = np.flatnonzero([one != number for one in strong])
            for first, last in ((0, 16), (16, 256), (256, own.size)):
                part = slice(first, last)
                left = left[(own[part] <= rows[left, part] + least[left, part]).all(axis=1)]
            within[k, left] = True
        return within

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
                if name in group.moved or not _varies(group.problem, name, values):
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


def _varies(problem: Problem, name: str, values: FloatArray) -> bool:
    """Whether an input can differ between draws, if it does so in these or not."""
    prior = problem.question.given.get(name) or problem.priors.inputs.get(name)
    return bool(values.min() != values.max()) or (prior is not None and prior.varies)


def _is_among(values: FloatArray, others: Iterable[FloatArray]) -> bool:
    return any(np.array_equal(values, one) for one in others)
