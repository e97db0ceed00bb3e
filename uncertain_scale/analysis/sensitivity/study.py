"""What a sensitivity analysis is about: the plan, its outputs, and the players that move them.

A player is what can be known or redrawn by itself: one input that is not constant, or a joint
sample, whose inputs are drawn by whole rows. Sets of players are bit masks throughout.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from uncertain_scale.errors import QuestionError, not_a_variable, several
from uncertain_scale.inputs.distributions.discrete import Discrete
from uncertain_scale.inputs.prior import ENDS, correlation_matrix
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.model.question import NAMES
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.sampling.engine import have_been_tried, try_equations
from uncertain_scale.sampling.rare_values import Rare, rare_masses
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

Scale: TypeAlias = Literal["value", "log"]
SCALES: tuple[Scale, ...] = ("value", "log")
_T = TypeVar("_T")
_LISTED = 1 << 14  # rows of a joint sample, up to which all are gone through
_ALONE = 1 << 14  # draws of all chains up to which threads would wait for each other
_OF_A_DATE = 512  # draws of a chain, where by default there are 4,096
_TOGETHER = 1 << 13  # draws that are evaluated at a time, where a chain has fewer


class Player(NamedTuple):
    """An input, or a joint sample, that is known or redrawn as one."""

    name: str
    inputs: tuple[str, ...]
    joint: bool = False


@dataclass(frozen=True)
class Study:
    """A question prepared for sensitivity analysis. Make one with `make_study`.

    Parameters
    ----------
    plan
        The equations that lead to the outputs.
    sampler
        The inputs that the outputs rest on.
    design
        How draws are made; its chains give the errors.
    players
        In the order of the scenario; player k has bit k.
    correlation
        Correlations of the players' normal scores, the identity for joint samples.
    positions
        Positions in the unit cube of the coordinates that players are drawn from.
    free
        Positions for as many others: the first, and best, that no input of the scenario moves.
        They hang on no output, so that one alone gives what it gives among others.
    scales
        On which the outputs are looked at.
    nonseparable
        Outputs and scales that are not looked at as products or sums over their inputs.
    """

    plan: Plan
    sampler: InputSampler
    design: Design
    players: tuple[Player, ...]
    correlation: FloatArray
    positions: Mapping[str, int]
    free: Mapping[str, int]
    scales: tuple[Scale, ...] = SCALES
    nonseparable: frozenset[tuple[str, Scale]] = frozenset()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the order asked."""
        return self.plan.outputs

    @property
    def names(self) -> list[str]:
        """Names of the players."""
        return [player.name for player in self.players]

    @property
    def everyone(self) -> int:
        """The set of all players."""
        return (1 << len(self.players)) - 1

    @cached_property
    def player_of(self) -> dict[str, int]:
        """Number of the player by input; constant inputs are in none."""
        return {name: k for k, player in enumerate(self.players) for name in player.inputs}

    @cached_property
    def drivers(self) -> dict[str, int]:
        """The players that a variable is computed from, by variable."""
        own = {name: 1 << k for name, k in self.player_of.items()}
        return {
            name: _union(own[source] for source in way.ancestors | {name} if source in own)
            for name, way in self.plan.reached.items()
        }

    @cached_property
    def listed(self) -> dict[int, tuple[FloatArray, FloatArray]]:
        """Levels of the rows or atoms of which each is looked at, and their masses, by player.

        These are joint samples of no more than 16,384 rows, and independent inputs with atoms that
        the draws may miss.
        """
        found = {}
        for k, player in enumerate(self.players):
            name = player.inputs[0]
            rows = self.sampler.rows_of(player.name) if player.joint else 0
            kind = self.sampler.belief(name)[0].distribution
            if 0 < rows <= _LISTED:
                found[k] = (np.arange(rows) + 0.5) / rows, np.full(rows, 1 / rows)
            elif not player.joint and self.neighbours[k] == 1 << k and isinstance(kind, Discrete):
                masses = kind.masses()
                if any(Rare(name, *one).missed(self.draws) for one in rare_masses(masses)):
                    found[k] = np.clip(np.cumsum(masses) - masses / 2, *ENDS), masses
        return found

    @property
    def draws(self) -> int:
        """How many draws all chains have together."""
        return self.design.draws * self.design.chains

    @cached_property
    def neighbours(self) -> tuple[int, ...]:
        """By player, those that it is correlated with, itself among them."""
        return tuple(_union(1 << int(j) for j in np.flatnonzero(row)) for row in self.correlation)

    @cached_property
    def reach(self) -> dict[str, int]:
        """The players that may say anything about a variable: all that its drivers hang on."""
        components = self.components(self.everyone)
        return {
            name: _union(part for part in components if part & drivers)
            for name, drivers in self.drivers.items()
        }

    def inputs_of(self, players: int) -> list[str]:
        """Return the inputs of a set of players."""
        return [name for k in bits(players) for name in self.players[k].inputs]

    def coordinates_of(self, players: int) -> list[str]:
        """Return the coordinates that a set of players is drawn from."""
        return list(self.sampler.positions_of(self.inputs_of(players)))

    def levels(self, points: Mapping[str, FloatArray], draws: int) -> Mapping[str, FloatArray]:
        """Return the levels of all inputs at points of the unit cube, each of shape (draws,).

        Parameters
        ----------
        points
            By coordinate of the players; what hangs on no coordinate stands at its median.
        draws
            How many points there are.
        """
        return _Levels(self.sampler, points, draws)

    def components(self, players: int) -> tuple[int, ...]:
        """Return the independent sets that a set of players falls into by its correlations."""
        if players not in self._components:
            self._components[players] = tuple(self._parts(players))
        return self._components[players]

    @cached_property
    def _components(self) -> dict[int, tuple[int, ...]]:
        return {}

    def _parts(self, players: int) -> Iterator[int]:
        left = players
        while left:
            component, front = 0, left & -left
            while front:
                component |= front
                front = _union(self.neighbours[k] for k in bits(front)) & players & ~component
            yield component
            left &= ~component

    def over_chains(
        self,
        work: Callable[[Sequence[int]], _T],
        progress: Callable[[int], object] | None = None,
    ) -> list[_T]:
        """Return what `work` gives for the chains, some at a time, in their order.

        `progress` is told how many chains are finished.
        """
        chains, threads = self.design.chains, os.cpu_count() or 1
        if chains * self.design.draws <= _ALONE:
            return [work(range(chains))]
        together = max(1, min(_TOGETHER // self.design.draws, chains // 2))
        batches = [
            range(start, min(start + together, chains)) for start in range(0, chains, together)
        ]
        found = []
        with ThreadPoolExecutor(max_workers=min(len(batches), threads)) as pool:
            for batch, one in zip(batches, pool.map(work, batches), strict=True):
                found.append(one)
                if progress is not None:
                    progress(batch.stop)
        return found


def bits(players: int) -> list[int]:
    """Return the numbers of the players in a set.

    Examples
    --------
    >>> bits(0b1010)
    [1, 3]
    """
    return [k for k in range(players.bit_length()) if players >> k & 1]


@takes_problem
def make_study(
    problem: Problem,
    design: Design,
    *,
    of: Sequence[str] = (),
    on: Sequence[Scale] = SCALES,
) -> Study:
    """Prepare a question for sensitivity analysis.

    Parameters
    ----------
    problem, design
        As in `sample`.
    of
        The outputs looked at; all that the question asks for by default.
    on
        Scales: `value`, `log`, or both.

    Raises
    ------
    QuestionError
        An output that is no variable or cannot be reached, no or an unknown scale.
    """
    of = several("of", of, str, NAMES)
    for name in of:
        if name not in (known := problem.model.variables):
            raise QuestionError(not_a_variable(name, known))
    unknown = [scale for scale in on if scale not in SCALES]
    if unknown or not on:
        found = f"scale '{unknown[0]}'" if unknown else "no scale"
        raise QuestionError(f"{found} to look at outputs on; expected value, log or both")
    whole, problem = problem, _asking(problem, of)
    plan, priors = problem.plan, problem.believed
    names = [name for name in priors.inputs if name in plan.inputs]
    sampler = InputSampler(priors, names, tuple(problem.question.given))
    if not have_been_tried(plan, whole):
        try_equations(plan, sampler)
    players = _players(priors, names)
    positions, everywhere = (
        sampler.positions_of(name for player in some for name in player.inputs)
        for some in (players, _players(priors, list(priors.inputs)))
    )
    free = (place for place in count() if place not in everywhere.values())
    others = dict(zip(everywhere, free, strict=False))
    return Study(
        plan=plan,
        sampler=sampler,
        design=design,
        players=players,
        positions=positions,
        free={name: others[name] for name in positions},
        correlation=correlation_matrix([player.name for player in players], priors.correlations),
        scales=tuple(scale for scale in SCALES if scale in on),
    )


def _asking(problem: Problem, of: Sequence[str]) -> Problem:
    """Return a problem that asks for some outputs alone, for its own by default."""
    if not of:
        return problem
    return replace(problem, question=replace(problem.question, outputs=tuple(of), also=()))


def ranking_design(problem: Problem, design: Design, of: Sequence[str] = ()) -> Design:
    """Return a design, the default one with fewer draws where each evaluation seeks a date.

    A ranking evaluates the model hundreds of times a draw, and a date is sought by dozens of these.
    """
    known = [name for name in of if name in problem.model.variables]
    plan = _asking(problem, known).plan
    seeks = any(step.target in {DATE, FIRST_DATE} for step in plan.steps)
    usual = design.draws == type(design)().draws
    return replace(design, draws=_OF_A_DATE) if seeks and usual else design


class _Levels(Mapping[str, "FloatArray"]):
    """Levels by input, each computed when it is first looked up."""

    def __init__(self, sampler: InputSampler, points: Mapping[str, FloatArray], draws: int) -> None:
        self._sampler = sampler
        self._points = points
        self._draws = draws
        self._found: dict[str, FloatArray] = {}

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._found:
            self._found[name] = self._sampler.level(name, self._column)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sampler.names)

    def __len__(self) -> int:
        return len(self._sampler.names)

    def _column(self, name: str) -> FloatArray:
        found = self._points.get(name)
        return np.full(self._draws, 0.5) if found is None else found


def _players(priors: Priors, names: Sequence[str]) -> tuple[Player, ...]:
    """Return the players among inputs: joint samples as one, and no constants."""
    joints = {joint.name: joint for joint in priors.joints}
    players: dict[str, Player] = {}
    for name in names:
        prior = priors.inputs[name]
        if prior.joint:
            wanted = tuple(member for member in joints[prior.joint].inputs if member in names)
            players[prior.joint] = Player(prior.joint, wanted, joint=True)
        else:
            players[name] = Player(name, (name,))
    return tuple(
        player
        for name, player in players.items()
        if (joints[name] if player.joint else priors.inputs[name]).varies
    )


def _union(sets: Iterable[int]) -> int:
    result = 0
    for players in sets:
        result |= players
    return result
