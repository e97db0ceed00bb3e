"""The samples that all methods of sensitivity analysis share, some chains at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import settled, variance
from uncertain_scale.analysis.sensitivity.evaluation import Hybrids, Pinned
from uncertain_scale.analysis.sensitivity.separable import split
from uncertain_scale.analysis.sensitivity.stretched import Stretched, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.analysis.sensitivity.separable import Structure
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Chains"]

_FEW = 256  # points that are enough for moments of one group


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
        self._splits: dict[tuple[str, Scale], Structure | None] = {}
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
    def first(self) -> Mapping[str, FloatArray]:
        """Levels of sample A: those of a forecast with the same design."""
        return self._levels(self.study.design, self._points[0])

    @cached_property
    def second(self) -> Mapping[str, FloatArray]:
        """Levels of sample B, independent of A; with it one net of twice the dimension."""
        return self._levels(self.study.design, self._points[1])

    @cached_property
    def stretched(self) -> Stretched:
        """Points of A and of B that go further into the tails."""
        draws = self.study.design.draws
        if self.study.design.kind == "sobol":  # whose first points are even among themselves
            draws = max(min(draws, _FEW), draws // 4)
        points = self._points[..., :draws].swapaxes(0, 1)
        turns = np.array([[2 * number + sample for number in self.numbers] for sample in (0, 1)])
        return Stretched(self.study, points, turns)

    @cached_property
    def hybrids(self) -> Hybrids:
        """Points between A and B."""
        return Hybrids(self.study, self.first, self.second)

    def split(self, output: str, scale: Scale) -> Structure | None:
        """Return an output as a product or sum of what its inputs give, if it is nearly either."""
        key = output, scale
        if key not in self._splits:
            tangled = key in self.study.entangled
            self._splits[key] = None if tangled else split(View(self.stretched, *key))
        return self._splits[key]

    @property
    def structure(self) -> frozenset[tuple[str, Scale, type[Structure] | None]]:
        """The outputs and scales that were looked at, and what they were found to be."""
        return frozenset(
            (*key, type(found) if found else None) for key, found in self._splits.items()
        )

    def variance(self, output: str, scale: Scale) -> FloatArray:
        """Return an output's variance by chain; 0 where only rounding varies."""
        key = output, scale
        if key not in self._variance:
            movers = self.study.movers[output]
            if found := self.split(output, scale):
                whole = View(self.stretched, *key).alone(movers)
                largest = np.abs(whole).max(axis=(0, 2))
                self._variance[key] = settled(found.whole, largest)
            else:
                runs = (self.hybrids.on(scale, output, kept) for kept in (movers, 0))
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
            held = {f"{name}\0held": place for name, place in self.study.positions.items()}
            levels = self._levels(design, design.points(held, self.numbers))
            blocks = {name: self.by_chain(values).T for name, values in levels.items()}
            self._held_anywhere[size, draws] = Pinned(
                self.study,
                self._part(self.first, 0, draws),
                lambda player: blocks[player.inputs[0]],
            )
        return self._held_anywhere[size, draws]

    @cached_property
    def _points(self) -> FloatArray:
        """Points of A and of B, shape (sample, coordinate, chain, draw)."""
        study = self.study
        free = {f"{name}\0B": place for name, place in study.free.items()}
        found = study.design.points({**study.positions, **free}, self.numbers)
        return found.reshape(2, len(free), *found.shape[1:])

    def _levels(self, design: Design, points: FloatArray) -> Mapping[str, FloatArray]:
        """Return levels by input at some points, chain by chain."""
        draws = design.draws * len(self.numbers)
        flat = points.reshape(len(points), draws)
        return self.study.levels(dict(zip(self.study.positions, flat, strict=True)), draws)

    def _part(
        self, levels: Mapping[str, FloatArray], start: int, stop: int
    ) -> dict[str, FloatArray]:
        return {
            name: self.by_chain(values)[:, start:stop].ravel() for name, values in levels.items()
        }
