"""The model evaluated where some players are as in one sample and the others are drawn anew.

Each variable is computed once for each different state of what it rests on, so that changing one
input costs only the equations downstream of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from uncertain_scale.analysis.sensitivity.estimates import variance
from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.sampling.propagate import propagate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.analysis.sensitivity.study import Player, Scale, Study
    from uncertain_scale.sampling.dependence import Coordinates
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Chains", "Evaluation", "Hybrids", "Pinned"]


class Evaluation(ABC):
    """Values of variables by state, a whole number whose meaning the kinds below define."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._by_state: dict[tuple[str, int], FloatArray] = {}
        self._by_arguments: dict[tuple[str, tuple[int, ...]], FloatArray] = {}

    def value(self, variable: str, state: int) -> FloatArray:
        """Return a variable's draws in a state, shape (draws,)."""
        key = variable, self._relevant(variable, state)
        if key not in self._by_state:
            self._by_state[key] = self._compute(*key)
        return self._by_state[key]

    def _compute(self, variable: str, state: int) -> FloatArray:
        way = self.study.plan.reached[variable]
        if way.equation is None:
            return self._input(variable, state)
        arguments = {name: self.value(name, state) for name in way.equation.arguments}
        # Arrays are kept, so equal ids are equal arrays: what nothing changed is not done again.
        key = variable, tuple(map(id, arguments.values()))
        if key not in self._by_arguments:
            self._by_arguments[key] = self._apply(variable, arguments)
        return self._by_arguments[key]

    def _apply(self, variable: str, arguments: dict[str, FloatArray]) -> FloatArray:
        step = self.study.steps[variable]
        values = list(arguments.values())
        with suppress(Exception):
            result = np.asarray(step.steps[0].function(*values), dtype=float)
            if result.shape == values[0].shape:
                return result
        return propagate(step, arguments)[variable]  # which says what is wrong

    @abstractmethod
    def _relevant(self, variable: str, state: int) -> int:
        """Return the state as far as it matters to a variable."""

    @abstractmethod
    def _input(self, name: str, state: int) -> FloatArray:
        """Return an input's draws in a state."""


class Hybrids(Evaluation):
    """Points whose state is the set of players kept from sample A; the others are drawn anew.

    A player that is not kept is as in sample B if it is independent of those kept, and otherwise is
    drawn from its distribution given those kept.

    Notes
    -----
    In normal scores z, what is drawn anew is z_B + R_xJ R_JJ^-1 (z_A - z_B)_J for the kept set J:
    a joint draw B, corrected by what is known, has exactly the conditional distribution.

    References
    ----------
    Journel and Huijbregts (1978), Mining Geostatistics (conditional simulation by kriging).
    """

    def __init__(
        self, study: Study, first: Mapping[str, FloatArray], second: Mapping[str, FloatArray]
    ) -> None:
        super().__init__(study)
        self._levels = first, second
        self._scaled: dict[tuple[Scale, int], FloatArray] = {}

    def on(self, scale: Scale, variable: str, kept: int) -> FloatArray:
        """Return a variable's draws on a scale, nan where that is no finite number."""
        values = self.value(variable, kept)
        key = scale, id(values)
        if key not in self._scaled:
            self._scaled[key] = _on_scale(values, scale)
        return self._scaled[key]

    def _relevant(self, variable: str, state: int) -> int:
        return state & self.study.reach[variable]

    def _input(self, name: str, state: int) -> FloatArray:
        first, second = self._levels
        player = self.study.player_of.get(name)
        if player is None:
            return self._draws(name, 0, lambda: first[name])
        own = 1 << player
        if state & own:
            return self._draws(name, own, lambda: first[name])
        tied = next(part for part in self.study.components(state | own) if part & own) & ~own
        if not tied:
            return self._draws(name, 0, lambda: second[name])
        kept = bits(tied)
        correlation = self.study.correlation
        weights = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[kept, player])

        def given_kept() -> FloatArray:
            scores = ndtri(second[name])
            for k, weight in zip(kept, weights, strict=True):
                scores += weight * self._difference(k)
            return np.asarray(ndtr(scores))

        return self._draws(name, tied, given_kept)

    def _draws(self, name: str, state: int, levels: Callable[[], FloatArray]) -> FloatArray:
        key = f"input {name}", (state,)
        if key not in self._by_arguments:
            self._by_arguments[key] = self.study.sampler.values({name: levels()})[name]
        return self._by_arguments[key]

    def _difference(self, player: int) -> FloatArray:
        name = self.study.players[player].inputs[0]
        first, second = self._levels
        return np.asarray(ndtri(first[name]) - ndtri(second[name]))


class Pinned(Evaluation):
    """Points at which some players are held at given levels, the others drawn given those.

    The state is the set of players held, 0 for none. Draws come in blocks, one a level, and in each
    block chain by chain.

    Parameters
    ----------
    study
        What is evaluated.
    levels
        Levels of the draws of some chains by input, which every block repeats.
    held
        The levels that a player is held at, shape (block, chain). Levels of several players belong
        together: they are what the scenario draws.
    """

    FREE = 0

    def __init__(
        self,
        study: Study,
        levels: Mapping[str, FloatArray],
        held: Callable[[Player], FloatArray],
    ) -> None:
        super().__init__(study)
        self._levels = levels
        self._held = held
        self.blocks = held(study.players[0]).shape[0] if study.players else 1

    def _relevant(self, variable: str, state: int) -> int:
        near = 0
        for k in bits(state):
            near |= self.study.neighbours[k]
        moved = self.study.movers[variable] & near
        return state & self.study.reach[variable] if moved else self.FREE

    def _input(self, name: str, state: int) -> FloatArray:
        levels = self._levels[name]
        if not state:
            return np.tile(self.study.sampler.values({name: levels})[name], self.blocks)
        own = self.study.player_of[name]
        if state >> own & 1:
            held = self._held_levels(own, levels.size)
            return self.study.sampler.values({name: held})[name]
        scores = np.tile(ndtri(levels), self.blocks)
        kept = bits(state)
        correlation = self.study.correlation
        weights = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[kept, own])
        for k, weight in zip(kept, weights, strict=True):
            known = np.tile(ndtri(self._levels[self.study.players[k].inputs[0]]), self.blocks)
            scores += weight * (ndtri(self._held_levels(k, levels.size)) - known)
        return self.study.sampler.values({name: np.asarray(ndtr(scores))})[name]

    def _held_levels(self, player: int, draws: int) -> FloatArray:
        where = self._held(self.study.players[player])
        return np.repeat(where.ravel(), draws // where.shape[1])


class Chains:
    """The samples of some chains, made where they are first needed and shared by all methods.

    Draws of all of them stand in one array, chain by chain, which saves what a call costs.

    Parameters
    ----------
    study
        What is evaluated.
    numbers
        Numbers of the chains, from 0.
    """

    def __init__(self, study: Study, numbers: Sequence[int]) -> None:
        self.study = study
        self.numbers = numbers
        self._variance: dict[tuple[str, Scale], FloatArray] = {}
        self._held_anywhere: dict[tuple[int, int], Pinned] = {}

    def by_chain(self, values: FloatArray) -> FloatArray:
        """Return draws by chain, shape (chain, draw)."""
        return values.reshape(len(self.numbers), -1)

    def by_block(self, values: FloatArray, pinned: Pinned) -> FloatArray:
        """Return draws with a player held, shape (block, chain, draw)."""
        return values.reshape(pinned.blocks, len(self.numbers), -1)

    def one_by_one(self) -> list[Chains]:
        """Return the chains by themselves."""
        return [self] if len(self.numbers) == 1 else self._singles

    @cached_property
    def _singles(self) -> list[Chains]:
        return [Chains(self.study, [number]) for number in self.numbers]

    @cached_property
    def first(self) -> dict[str, FloatArray]:
        """Levels of sample A: those of a forecast with the same design."""
        return self._levels(_Columns(self.study.design, self.study.positions))

    @cached_property
    def second(self) -> dict[str, FloatArray]:
        """Levels of sample B, independent of A; with it one net of twice the dimension."""
        return self._levels(_Columns(self.study.design, _free(self.study.positions), "B"))

    @cached_property
    def hybrids(self) -> Hybrids:
        """Points between A and B."""
        return Hybrids(self.study, self.first, self.second)

    def variance(self, output: str, scale: Scale) -> FloatArray:
        """Return an output's variance by chain; 0 where only rounding varies."""
        key = output, scale
        if key not in self._variance:
            runs = (self.hybrids.on(scale, output, k) for k in (self.study.movers[output], 0))
            self._variance[key] = variance(*map(self.by_chain, runs))
        return self._variance[key]

    def block(self, start: int, stop: int) -> Hybrids:
        """Return points between A and B for some of each chain's draws."""
        if stop - start == self.study.design.draws:
            return self.hybrids
        return Hybrids(
            self.study, self._part(self.first, start, stop), self._part(self.second, start, stop)
        )

    def held_at(self, *levels: float) -> Pinned:
        """Return the draws of A with a player held at each of some levels."""
        held = np.tile(np.array(levels)[:, None], len(self.numbers))
        return Pinned(self.study, self.first, lambda _: held)

    def held_anywhere(self, size: int, draws: int) -> Pinned:
        """Return the first draws of A with players held at `size` random levels, as if known.

        The levels are those of a small forecast of the same scenario, so that what hangs together
        is held together.
        """
        if (size, draws) not in self._held_anywhere:
            design = replace(
                self.study.design,
                kind="lhs" if self.study.design.kind == "random" else self.study.design.kind,
                draws=size,
            )
            levels = self._levels(_Columns(design, self.study.positions, "held"))
            blocks = {name: self.by_chain(values).T for name, values in levels.items()}
            self._held_anywhere[size, draws] = Pinned(
                self.study,
                self._part(self.first, 0, draws),
                lambda player: blocks[player.inputs[0]],
            )
        return self._held_anywhere[size, draws]

    def _levels(self, design: Coordinates) -> dict[str, FloatArray]:
        chains = [self.study.sampler.levels(design, number) for number in self.numbers]
        return {name: np.concatenate([levels[name] for levels in chains]) for name in chains[0]}

    def _part(
        self, levels: Mapping[str, FloatArray], start: int, stop: int
    ) -> dict[str, FloatArray]:
        return {
            name: self.by_chain(values)[:, start:stop].ravel() for name, values in levels.items()
        }


class _Columns:
    """A design's columns of some coordinates, under other names; the others move nothing."""

    def __init__(self, design: Design, positions: Mapping[str, int], suffix: str = "") -> None:
        self._design = design
        self._positions = positions
        self._suffix = f"\0{suffix}" if suffix else ""

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        if name not in self._positions:
            return np.full(self._design.draws, 0.5)
        return self._design.column(
            f"{name}{self._suffix}", position=self._positions[name], chain=chain
        )


def _free(taken: Mapping[str, int]) -> dict[str, int]:
    """Return other positions for coordinates: the first, and best, that are not taken."""
    free = (k for k in count() if k not in taken.values())
    return dict(zip(taken, free, strict=False))


def _on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    values = values if scale == "value" else np.log(values)
    finite = np.isfinite(values)
    return values if finite.all() else np.asarray(np.where(finite, values, np.nan))
