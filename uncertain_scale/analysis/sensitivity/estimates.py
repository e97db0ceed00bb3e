"""The samples that all methods of sensitivity analysis share, some chains at a time, and estimates.

Each chain gives a number; together they give an estimate, its error and its 95% interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from uncertain_scale.analysis.sensitivity.evaluation import Conditioned, PickFreeze
from uncertain_scale.analysis.sensitivity.separable import Periodized, View, split
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.separable import Structure
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

_COVERAGE = 0.95
_ROUNDING = 1e-13
UNRESOLVED = "unresolved: its 95% interval holds 0"

_FEW = 256  # points that are enough for moments of one group


@dataclass(frozen=True)
class Estimate:
    """An estimate from independent chains.

    Parameters
    ----------
    value
        The estimate from all chains.
    mcse
        Its standard error, from the chains' spread; nan for one chain.
    by_chain
        What each chain says by itself, with the chains along the first axis.
    linear
        The same to first order about the estimate, so that a chain's own denominator counts little.
    """

    value: FloatArray
    mcse: FloatArray
    by_chain: FloatArray
    linear: FloatArray

    @property
    def half_width(self) -> FloatArray:
        """Half the width of the 95% interval, by Student's t."""
        chains = self.by_chain.shape[0]
        if chains < 2:
            return np.full_like(self.value, np.nan)
        return np.asarray(self.mcse * stdtrit(chains - 1, (1 + _COVERAGE) / 2))

    @property
    def unresolved(self) -> np.ndarray:
        """Whether the interval holds 0 though the estimate is not exactly 0."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.value != 0) & (np.abs(self.value) <= self.half_width))

    def variables(self, name: str, dims: tuple[str, ...]) -> dict[str, xr.Variable]:
        """Return the estimate, its error, its interval and whether it is resolved, by their names.

        Parameters
        ----------
        name
            What is estimated.
        dims
            Names of the estimate's axes.
        """
        import xarray as xr

        words = np.where(self.unresolved, UNRESOLVED, "").astype(object)
        return {
            name: xr.Variable(dims, self.value),
            f"{name}_mcse": xr.Variable(dims, self.mcse),
            f"{name}_low": xr.Variable(dims, self.value - self.half_width),
            f"{name}_high": xr.Variable(dims, self.value + self.half_width),
            f"{name}_unresolved": xr.Variable(dims, words.astype(str)),
        }


def average(by_chain: FloatArray) -> Estimate:
    """Return the average over chains, which are along the first axis."""
    return Estimate(by_chain.mean(axis=0), spread(by_chain), by_chain, by_chain)


def ratio(numerators: FloatArray, denominators: FloatArray) -> Estimate:
    """Return the ratio of two averages over chains; 0 where both are 0.

    Parameters
    ----------
    numerators
        Shape (chain, ...).
    denominators
        Of a shape that broadcasts to it, not negative.

    Notes
    -----
    The ratio of averages has K times less bias than the average of K chains' ratios. Its error is
    the spread of the chains' linearised shares.

    Examples
    --------
    >>> found = ratio(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    >>> float(found.value), float(found.mcse)
    (0.5, 0.0)
    """
    numerators, denominators = np.broadcast_arrays(numerators, denominators)
    below = denominators.mean(axis=0)
    above = numerators.mean(axis=0)
    nothing = (below == 0) & (above == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(nothing, 0.0, above / below)
        shares = np.where(nothing, 0.0, (numerators - value * denominators) / below)
        empty = (denominators == 0) & (numerators == 0)
        by_chain = np.where(empty, 0.0, numerators / denominators)
    return Estimate(value, spread(shares), by_chain, value + shares)


def variance(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return two samples' pooled variance; 0 where only rounding varies, nan where it is none.

    Parameters
    ----------
    first, second
        Shape (chain, draw).
    """
    both = np.concatenate([first, second], axis=1)
    found = both.var(axis=1, ddof=1)
    return settled(found, np.abs(both).max(axis=1))


def settled(variances: FloatArray, largest: FloatArray) -> FloatArray:
    """Return variances, 0 where only rounding varies and nan where there are none.

    Parameters
    ----------
    variances, largest
        Of some numbers, and the largest of these without its sign.
    """
    found = np.where(variances <= (_ROUNDING * largest) ** 2, 0.0, variances)
    return np.where(np.isfinite(variances), found, np.nan)


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
        self._held_anywhere: dict[tuple[int, int], Conditioned] = {}

    def by_chain(self, values: FloatArray) -> FloatArray:
        """Return draws by chain, shape (chain, draw)."""
        return values.reshape(len(self.numbers), -1)

    def by_block(self, values: FloatArray, pinned: Conditioned) -> FloatArray:
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
    def periodized(self) -> Periodized:
        """Points of A and of B that go further into the tails."""
        draws = self.study.design.draws
        if self.study.design.kind == "sobol":  # whose first points are even among themselves
            draws = max(min(draws, _FEW), draws // 4)
        points = self._points[..., :draws].swapaxes(0, 1)
        turns = np.array([[2 * number + sample for number in self.numbers] for sample in (0, 1)])
        return Periodized(self.study, points, turns)

    @cached_property
    def hybrids(self) -> PickFreeze:
        """Points between A and B."""
        return PickFreeze(self.study, self.first, self.second)

    def split(self, output: str, scale: Scale) -> Structure | None:
        """Return an output as a product or sum of what its inputs give, if it is nearly either."""
        key = output, scale
        if key not in self._splits:
            tangled = key in self.study.nonseparable
            self._splits[key] = None if tangled else split(View(self.periodized, *key))
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
            drivers = self.study.drivers[output]
            if found := self.split(output, scale):
                whole = View(self.periodized, *key).alone(drivers)
                largest = np.abs(whole).max(axis=(0, 2))
                self._variance[key] = settled(found.whole, largest)
            else:
                runs = (self.hybrids.on(scale, output, kept) for kept in (drivers, 0))
                self._variance[key] = variance(*map(self.by_chain, runs))
        return self._variance[key]

    def block(self, start: int, stop: int) -> PickFreeze:
        """Return points between A and B for some of each chain's draws."""
        if stop - start == self.study.design.draws:
            return self.hybrids
        return PickFreeze(
            self.study, self._part(self.first, start, stop), self._part(self.second, start, stop)
        )

    def held_at(self, *levels: float) -> Conditioned:
        """Return the draws of A with a player held at each of some levels."""
        held = np.tile(np.array(levels)[:, None], len(self.numbers))
        return Conditioned(self.study, self.first, lambda _: held)

    def held_anywhere(self, size: int, draws: int) -> Conditioned:
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
            self._held_anywhere[size, draws] = Conditioned(
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
