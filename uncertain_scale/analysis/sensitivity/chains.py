"""The samples that all methods of sensitivity analysis share, some chains at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import variance
from uncertain_scale.analysis.sensitivity.evaluation import Hybrids, Pinned
from uncertain_scale.sampling.sobol import STRETCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Chains"]


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
        return self._levels(self.study.design, self.study.positions)

    @cached_property
    def second(self) -> dict[str, FloatArray]:
        """Levels of sample B, independent of A; with it one net of twice the dimension."""
        return self._levels(self.study.design, self.study.free, "\0B")

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
            levels = self._levels(design, self.study.positions, "\0held")
            blocks = {name: self.by_chain(values).T for name, values in levels.items()}
            self._held_anywhere[size, draws] = Pinned(
                self.study,
                self._part(self.first, 0, draws),
                lambda player: blocks[player.inputs[0]],
            )
        return self._held_anywhere[size, draws]

    def _levels(
        self, design: Design, positions: Mapping[str, int], suffix: str = ""
    ) -> dict[str, FloatArray]:
        chains = [
            self.study.sampler.levels(_Columns(design, positions, number, suffix), number)
            for number in self.numbers
        ]
        if len(chains) == 1:
            return chains[0]
        return {name: np.concatenate([levels[name] for levels in chains]) for name in chains[0]}

    def _part(
        self, levels: Mapping[str, FloatArray], start: int, stop: int
    ) -> dict[str, FloatArray]:
        return {
            name: self.by_chain(values)[:, start:stop].ravel() for name, values in levels.items()
        }


class _Columns:
    """Columns of some coordinates of a chain; the others move nothing."""

    def __init__(
        self, design: Design, positions: Mapping[str, int], chain: int, suffix: str
    ) -> None:
        self._draws = design.draws
        self._suffix = suffix
        named = {f"{name}{suffix}": place for name, place in positions.items()}
        size = max(design.draws, STRETCH)
        self._columns = next(design.blocks(named, chain=chain, size=size)).columns if named else {}

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:  # noqa: ARG002
        found = self._columns.get(f"{name}{self._suffix}")
        return np.full(self._draws, 0.5) if found is None else found
