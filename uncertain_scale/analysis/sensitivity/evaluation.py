"""The model evaluated where some players are as in one sample and the others are drawn anew.

Each variable is computed once for each different state of what it rests on, so that changing one
input costs only the equations downstream of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.inputs.prior import regression
from uncertain_scale.model.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.analysis.sensitivity.study import Player, Scale, Study
    from uncertain_scale.units.aliases import FloatArray


class Evaluation(ABC):
    """Values of variables by state, a whole number whose meaning the kinds below define."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._by_state: dict[tuple[str, int], FloatArray] = {}
        self._by_arguments: dict[tuple[str, tuple[int, ...]], FloatArray] = {}
        self._scaled: dict[tuple[Scale, int], FloatArray] = {}

    def value(self, variable: str, state: int) -> FloatArray:
        """Return a variable's draws in a state, shape (draws,)."""
        key = variable, self._relevant(variable, state)
        if key not in self._by_state:
            self._by_state[key] = self._compute(*key)
        return self._by_state[key]

    def on(self, scale: Scale, variable: str, state: int) -> FloatArray:
        """Return a variable's draws on a scale, nan where that is no finite number."""
        values = self.value(variable, state)
        key = scale, id(values)
        if key not in self._scaled:
            self._scaled[key] = _on_scale(values, scale)
        return self._scaled[key]

    def _compute(self, variable: str, state: int) -> FloatArray:
        way = self.study.plan.reached[variable]
        if way.equation is None:
            return self._input(variable, state)
        arguments = {name: self.value(name, state) for name in way.equation.arguments}
        # Arrays are kept, so equal ids are equal arrays: what nothing changed is not done again.
        key = variable, tuple(map(id, arguments.values()))
        if key not in self._by_arguments:
            self._by_arguments[key] = call(way.equation, list(arguments.values()))
        return self._by_arguments[key]

    def _relevant(self, variable: str, state: int) -> int:
        """Return the state, a set of players, as far as it matters to a variable."""
        return state & self.study.drivers[variable]

    @abstractmethod
    def _input(self, name: str, state: int) -> FloatArray:
        """Return an input's draws in a state."""


class PickFreeze(Evaluation):
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

    def _relevant(self, variable: str, state: int) -> int:
        return state & self.study.reach[variable]

    def _input(self, name: str, state: int) -> FloatArray:
        first, second = self._levels
        player = self.study.player_of.get(name)
        if player is None:
            return self._draws(name, 0, lambda: {0: first[name]})
        own = 1 << player
        if self.study.neighbours[player] == own:  # by one call, whose cost is the same for both
            return self._draws(name, state, lambda: {own: first[name], 0: second[name]})
        if state & own:
            return self._draws(name, own, lambda: {own: first[name]})
        tied = next(part for part in self.study.components(state | own) if part & own) & ~own
        if not tied:
            return self._draws(name, 0, lambda: {0: second[name]})
        kept = bits(tied)
        correlation = self.study.correlation
        weights = regression(correlation[np.ix_(kept, kept)], correlation[kept, player])

        def given_kept() -> dict[int, FloatArray]:
            scores = ndtri(second[name])
            for k, weight in zip(kept, weights, strict=True):
                scores += weight * self._difference(k)
            return {tied: np.asarray(ndtr(scores))}

        return self._draws(name, tied, given_kept)

    def _draws(
        self, name: str, state: int, levels: Callable[[], Mapping[int, FloatArray]]
    ) -> FloatArray:
        """Return an input's draws in a state, from levels by state that are drawn together."""
        key = f"input {name}", (state,)
        if key not in self._by_arguments:
            by_state = levels()
            together = np.concatenate(list(by_state.values()))
            for member, draws in _member_draws(self.study, name, together).items():
                for of, part in zip(by_state, draws.reshape(len(by_state), -1), strict=True):
                    self._by_arguments[f"input {member}", (of,)] = part
        return self._by_arguments[key]

    def _difference(self, player: int) -> FloatArray:
        name = self.study.players[player].inputs[0]
        first, second = self._levels
        return np.asarray(ndtri(first[name]) - ndtri(second[name]))


class OneAtATime(Evaluation):
    """Points whose state is the set of players that are drawn; the others stand at one point.

    A state holds all or none of the players that hang together.
    """

    ELSEWHERE = 0.4
    """The level of those not drawn: no median, where what is symmetric often vanishes."""

    def __init__(self, study: Study, levels: Mapping[str, FloatArray]) -> None:
        super().__init__(study)
        self._levels = levels

    def _input(self, name: str, state: int) -> FloatArray:
        key = f"input {name}", (state,)
        if key not in self._by_arguments:
            levels = np.append(self._levels[name], self.ELSEWHERE)
            own = self.study.drivers[name]
            for member, draws in _member_draws(self.study, name, levels).items():
                fixed = np.full(levels.size - 1, draws[-1])
                self._by_arguments[f"input {member}", (0,)] = fixed
                self._by_arguments[f"input {member}", (own,)] = draws[:-1]
        return self._by_arguments[key]


class Swap(Evaluation):
    """Points between two samples, whose state is the set of players that are as in the first.

    A state holds all or none of the players that hang together.

    Parameters
    ----------
    drawn
        Both samples, one behind the other.
    """

    def __init__(self, drawn: OneAtATime) -> None:
        super().__init__(drawn.study)
        self._drawn = drawn

    def _input(self, name: str, state: int) -> FloatArray:
        own = self.study.drivers[name]
        first, second = self._drawn.value(name, own).reshape(2, -1)
        return first if state & own else second


class AllRows(Evaluation):
    """The rows of a joint sample, or atoms, each once, in the state that holds it; else one point.

    Parameters
    ----------
    drawn
        At whose point the other players stand.
    player
        The joint sample or the input.
    levels
        Where its rows or atoms are.
    """

    def __init__(self, drawn: OneAtATime, player: Player, levels: FloatArray) -> None:
        super().__init__(drawn.study)
        self._drawn = drawn
        self._levels = levels
        self._draws = _member_draws(drawn.study, player.inputs[0], levels)

    def _compute(self, variable: str, state: int) -> FloatArray:
        if state:
            return super()._compute(variable, state)
        return np.full(self._levels.size, self._drawn.value(variable, 0)[0])

    def _input(self, name: str, state: int) -> FloatArray:  # noqa: ARG002 (never of no player)
        return self._draws[name]


class Conditioned(Evaluation):
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
        moved = self.study.drivers[variable] & near
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
        weights = regression(correlation[np.ix_(kept, kept)], correlation[kept, own])
        for k, weight in zip(kept, weights, strict=True):
            known = np.tile(ndtri(self._levels[self.study.players[k].inputs[0]]), self.blocks)
            scores += weight * (ndtri(self._held_levels(k, levels.size)) - known)
        return self.study.sampler.values({name: np.asarray(ndtr(scores))})[name]

    def _held_levels(self, player: int, draws: int) -> FloatArray:
        where = self._held(self.study.players[player])
        return np.repeat(where.ravel(), draws // where.shape[1])


def _member_draws(study: Study, name: str, levels: FloatArray) -> dict[str, FloatArray]:
    """Return an input's draws at some levels, and of all that share its level and row."""
    player = study.player_of.get(name)
    together = [name] if player is None else study.players[player].inputs
    return study.sampler.values(dict.fromkeys(together, levels))


def _on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    values = values if scale == "value" else np.log(values)
    if np.isfinite(values.sum()):  # so all of them are
        return values
    return np.asarray(np.where(np.isfinite(values), values, np.nan))
