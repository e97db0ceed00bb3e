"""Conditional Monte Carlo: statistics of an output with inputs integrated out.

Where Y = c X^d (or c + d X) with an input X that is independent of what c rests on,

    P(Y <= y) = E P(c X^d <= y | c),      and the density of Y is its derivative.

The average runs over c alone, and what is averaged is smooth. Nets are good at that: errors fall
nearly as N^(-3/2), where a count of draws below y, which jumps, has N^(-0.7). So draws of log c (or
of c) are counted in the fine bins of `uncertain_scale.statistics.tally`, and every probability is a
sum over these. Its error is the spread of the chains' sums.

Several inputs are taken out together where the law of their sum, log(X1^d1 X2^d2 ...), is known:
normal terms add up to a normal, correlated or not; to it are added, by sums over their nodes, laws
of atoms and smooth ones. Of c then often nothing is left that varies.

References: Asmussen and Glynn (2007), Stochastic Simulation, section V.4; L'Ecuyer, Puchhammer and
Ben Abdellah (2022), Monte Carlo and quasi-Monte Carlo density estimation via conditioning,
doi:10.1287/ijoc.2021.1135.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy.special import ndtr, ndtri

from uncertain_scale.inputs.distributions import Mixture, parse_distribution
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.sampling.pivots import FACTOR, INPUTS, LAW, PIVOTS, TIED
from uncertain_scale.statistics.monte_carlo_error import skewed_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.statistics.sketch import Table
    from uncertain_scale.units.aliases import FloatArray

    What: TypeAlias = Literal["below", "above", "density"]
    Facts: TypeAlias = Mapping[Any, Any]

_FUNCTIONS: tuple[What, ...] = ("below", "above", "density")

_WIDER = 0.4  # by how much a skewed spread of chains is widened
_IN_EFFECT = 100  # draws that a probability must rest on, by Kish's count,
_SEEN = 10  # unless so many draws show it
_STEPS, _CLOSE = 60, 1e-11  # of Newton's method
_TINY = 1e-300
_NO_POWER = 1e-9  # what rounding leaves where powers cancel
_SLOPE = 1e-3  # of a pivot's width, over which a slope is taken
_COARSE = 256  # places of an average that only says where ends are
_FAR = 1e-7  # beyond what is looked at of a density
_GRID, _FAR_SCORE = 2048, 8.0  # places of a pivot's tables: so many evenly, and by normal score
_SCORES, _LAST = 64, 8.3  # normal scores that stand for a smooth law, and the last of them
_WIDEST = 4.0  # times what is smooth beside it that such a law may reach
_MOST_ATOMS = 64
_BY_PIECES = ("quantiles", "metalog", "empirical", "triangular")
_SMALLEST = 1e-7  # of a pivot's width: what tables leave open
_FEW = 8  # places up to which nothing is tabled, so that what one input alone decides is exact
_STEEP = 3.0  # times the slope of a line, up to which a cubic's ends do not bend back
_AGREE = 8.0  # standard errors by which shares of draws may miss the averages
_CHECKED = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])


@dataclass(frozen=True)
class Part:
    """An input that is integrated out, and how an output rests on it.

    Parameters
    ----------
    name
        The input.
    law, factor
        Its distribution, and what a draw of it is multiplied by to be in the model's units.
    power
        Whether the output is proportional to X^d; else it rises by d X.
    exponent
        d, which is not 0.
    ties
        Correlations of its normal score with those of other inputs; None where that is not all
        there is to say.
    """

    name: str
    law: Distribution
    factor: float
    power: bool
    exponent: float
    ties: tuple[tuple[str, float | None], ...] = ()

    def term(self, x: FloatArray) -> FloatArray:
        """Return d log X, or d X."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.exponent * (np.log(x) if self.power else x))

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Return the term at levels of X."""
        return self.term(self.law.ppf(levels) * self.factor)

    @cached_property
    def width(self) -> float:
        """How far the term reaches: the standard deviation of a normal."""
        return float(np.ptp(self.quantiles(np.array([0.05, 0.95])))) / 3.29

    @cached_property
    def normal(self) -> tuple[float, float] | None:
        """Mean and standard deviation of the term where it is a normal; below 0 where it falls."""
        if self.law.kind != ("lognormal" if self.power else "normal"):
            return None
        whole = (0.0 if self.power else -np.inf, np.inf)
        if self.law.support != whole or getattr(self.law, "truncate", None) is not None:
            return None
        low, high = self.quantiles(ndtr(np.array([-1.0, 1.0])))
        return float(low + high) / 2, float(high - low) / 2

    def function(self, what: What, away: FloatArray) -> FloatArray:
        """Return the probability that the term is below values or above, or its density."""
        with np.errstate(all="ignore"):
            x = away / self.exponent
            x = (np.exp(x) if self.power else x) / self.factor
            if what != "density":
                return self.law.share(x, above=(what == "above") is (self.exponent > 0))
            stretch = np.abs(x) if self.power else 1 / abs(self.factor)
            found = self.law.pdf(x) * stretch / abs(self.exponent)
        return np.where(np.isfinite(found), found, 0.0)

    def nodes(self, width: float) -> tuple[FloatArray, FloatArray] | None:
        """Return values of the term and their weights, which sums of smooth functions may rest on.

        Parameters
        ----------
        width
            Of what is smooth in the functions.

        Returns
        -------
        tuple of array, or None
            None where the law is not smooth by pieces that are known.
        """
        found = _nodes_of(self.law, max(self.width / width, 1.0))
        if found is None:
            return None
        values = self.term(found[0] * self.factor)
        return (values, found[1]) if np.isfinite(values).all() else None


def _nodes_of(law: Distribution, ratio: float) -> tuple[FloatArray, FloatArray] | None:
    """Return values and weights: atoms, and by even normal scores what is between (trapezoids)."""
    if isinstance(law, Mixture):
        weights = np.ones(len(law.components)) if law.weights is None else np.array(law.weights)
        parts = [_nodes_of(one, ratio) for one in law.components]
        if law.truncate is not None or any(one is None for one in parts):
            return None
        known, shares = [one for one in parts if one is not None], weights / weights.sum()
        return (
            np.concatenate([values for values, _ in known]),
            np.concatenate([w * mass for w, (_, mass) in zip(shares, known, strict=True)]),
        )
    values, masses = law.atoms()
    if values.size:
        return (values, masses) if values.size <= _MOST_ATOMS else None
    if ratio > _WIDEST or not law.continuous or not _smooth(law):
        return None
    scores = np.linspace(-_LAST, _LAST, int(_SCORES * ratio) | 1)
    mass = np.exp(-(scores**2) / 2)
    return law.ppf(ndtr(scores)), mass / mass.sum()


def _smooth(law: Distribution) -> bool:
    """Tell whether a quantile function has no kinks."""
    kinks = getattr(law, "kinks", None)
    return law.kind not in _BY_PIECES and not (kinks is not None and kinks())


@dataclass(frozen=True)
class Pivot:
    """What is integrated out of an output: one input, and all that can be added to it.

    Parameters
    ----------
    base
        Continuous parts: one, or all that are normal, whose sum is.
    others
        Further parts, with the nodes that stand for each.
    """

    base: tuple[Part, ...]
    others: tuple[tuple[Part, tuple[FloatArray, FloatArray]], ...] = ()

    @property
    def parts(self) -> list[Part]:
        """All of its parts."""
        return [*self.base, *(part for part, _ in self.others)]

    @property
    def name(self) -> str:
        """Names of the inputs, with commas between."""
        return ", ".join(part.name for part in self.parts)

    @property
    def power(self) -> bool:
        """Whether the output is a product; else it is a sum."""
        return self.base[0].power

    def rest(self, y: FloatArray, inputs: Mapping[str, FloatArray]) -> FloatArray:
        """Return log c, or c, of each draw: what of log y, or of y, is left without the parts."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(y) if self.power else np.array(y)
            for part in self.parts:
                found -= part.term(inputs[part.name])
        return found

    @cached_property
    def width(self) -> float:
        """How far the parts move log y, or y: the standard deviation of a normal."""
        return float(np.hypot.reduce([self.spread, *(part.width for part, _ in self.others)]))

    @property
    def spread(self) -> float:
        """The base's own part of the width."""
        return self.base[0].width if len(self.base) == 1 else self._normal[1]

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Values of the sum beyond which next to nothing lies."""
        low, high = np.sort(self._of_base_at(np.array([_FAR, 1 - _FAR])))
        for _, (values, _) in self.others:
            low, high = low + values.min(), high + values.max()
        return float(low), float(high)

    def function(self, what: What, away: FloatArray) -> FloatArray:
        """Return the probability that the sum is below values or above, or its density."""
        if self.others:
            return self.smooth(what, away)
        return self._of_base(what, away)

    def tabled(self, what: What, away: FloatArray) -> FloatArray:
        """Return `function` by lines between the places of a table, which are right to 1e-6."""
        return self._table.line(what, away)

    def smooth(self, what: What, away: FloatArray) -> FloatArray:
        """Return probabilities by cubics between the places of a table, right to 1e-9."""
        return self._table.cubic(what, away)

    @cached_property
    def _table(self) -> _Tabled:
        by_score = self._of_base_at(ndtr(np.linspace(-_FAR_SCORE, _FAR_SCORE, _GRID)))
        far = self._of_base_at(np.array(ENDS))
        by_score, far = by_score[np.isfinite(by_score)], far[np.isfinite(far)]
        even = np.linspace(float(by_score.min()), float(by_score.max()), _GRID)
        if not self.others:
            grid = np.unique(np.concatenate([far, by_score, even]))
            return _Tabled.of(self._of_base, grid)
        of: Callable[[What, FloatArray], FloatArray] = self._of_base
        table = None
        low, high = float(even[0]), float(even[-1])
        for _, (values, weights) in self.others:
            low, high = low + float(values.min()), high + float(values.max())
            table = _Tabled.of(_added(of, values, weights), np.linspace(low, high, _GRID // 4))
            scores = ndtr(np.linspace(-_FAR_SCORE, _FAR_SCORE, _GRID // 2))
            below = np.maximum.accumulate(table.functions["below"])
            grid = np.unique(np.concatenate([table.grid, np.interp(scores, below, table.grid)]))
            table = _Tabled.of(_added(of, values, weights), grid)
            of = table.cubic
        return table if table is not None else _Tabled.of(of, even)

    def _of_base(self, what: What, away: FloatArray) -> FloatArray:
        if len(self.base) == 1:
            return self.base[0].function(what, away)
        centre, sigma = self._normal
        z = (away - centre) / sigma
        if what == "density":
            return np.asarray(np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * sigma))
        return np.asarray(ndtr(-z if what == "above" else z))

    def _of_base_at(self, levels: FloatArray) -> FloatArray:
        """Return the base's terms at levels, in either order."""
        if len(self.base) == 1:
            return self.base[0].quantiles(levels)
        centre, sigma = self._normal
        return np.asarray(centre + sigma * ndtri(levels))

    @cached_property
    def _normal(self) -> tuple[float, float]:
        mean, sd = np.array([part.normal for part in self.base]).T
        return float(mean.sum()), float(np.sqrt(sd @ _correlations(self.base) @ sd))


def _correlations(parts: Sequence[Part]) -> FloatArray:
    found = np.eye(len(parts))
    for k, part in enumerate(parts):
        ties = dict(part.ties)
        for j, other in enumerate(parts):
            if j != k:
                found[k, j] = ties.get(other.name) or 0.0
    return found


@dataclass(frozen=True)
class _Tabled:
    """Probabilities and a density at ascending places."""

    grid: FloatArray
    functions: dict[What, FloatArray]

    @classmethod
    def of(cls, function: Callable[[What, FloatArray], FloatArray], grid: FloatArray) -> _Tabled:
        return cls(grid, {what: function(what, grid) for what in _FUNCTIONS})

    def line(self, what: What, away: FloatArray) -> FloatArray:
        """Return a function by lines between the places."""
        return np.interp(away, self.grid, self.functions[what])

    def cubic(self, what: What, away: FloatArray) -> FloatArray:
        """Return a probability by cubics whose slopes are the densities, or such a slope."""
        side: What = "below" if what == "density" else what
        place = np.interp(away, self.grid, np.arange(self.grid.size))
        left = np.minimum(place.astype(np.intp), self.grid.size - 2)
        part = place - left
        values, begin, end = self._cubics[side]
        rise = np.diff(values)[left]
        first, last = begin[left] - rise, end[left] - rise
        turn = first * (1 - part) - last * part
        if what == "density":
            slope = rise + (1 - 2 * part) * turn - part * (1 - part) * (first + last)
            inside = (away >= self.grid[0]) & (away <= self.grid[-1])
            return np.where(inside, np.maximum(slope / np.diff(self.grid)[left], 0.0), 0.0)
        return np.asarray(values[left] + part * rise + part * (1 - part) * turn)

    @cached_property
    def _cubics(self) -> dict[What, tuple[FloatArray, FloatArray, FloatArray]]:
        """Values, and the slopes times the distance at both ends of each interval."""
        found: dict[What, tuple[FloatArray, FloatArray, FloatArray]] = {}
        sides: tuple[tuple[What, float], ...] = (("below", 1.0), ("above", -1.0))
        for what, sign in sides:
            values, run = self.functions[what], sign * np.diff(self.grid)
            rise, density = np.diff(values), self.functions["density"]
            begin, end = run * density[:-1], run * density[1:]
            # Where a density jumps or has a pole, no cubic fits better than a line.
            steepest = np.maximum(np.abs(begin), np.abs(end))
            usual = np.abs(steepest) <= _STEEP * np.abs(rise)
            found[what] = values, np.where(usual, begin, rise), np.where(usual, end, rise)
        return found


def _added(
    function: Callable[[What, FloatArray], FloatArray], values: FloatArray, weights: FloatArray
) -> Callable[[What, FloatArray], FloatArray]:
    """Return the functions of a sum with a further part that is given by its nodes."""

    def added(what: What, away: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("kn,n->k", function(what, away[:, None] - values), weights))

    return added


@dataclass(frozen=True)
class Conditional:
    """An output's distribution, averaged over what stands beside the pivot.

    Values of the output are given and returned as `t`: log y where the pivot is raised to a power,
    and y itself where it is added.

    Parameters
    ----------
    pivot
        What is integrated out.
    table
        Draws of log c, or of c, by bin and group of chains.
    chains
        Number of chains.
    rough
        Whether values that are right to 1e-6 do.
    """

    pivot: Pivot
    table: Table
    chains: int
    rough: bool = False

    @classmethod
    def of(cls, pivot: Pivot, table: Table, chains: int, output: Table) -> Conditional | None:
        """Return the average, or None where the output's own draws do not fit it."""
        if not (output.counts.size and table.sizes.all()):
            return None
        found = cls(pivot, table, chains)
        pooled = np.cumsum(output.counts.sum(axis=0))
        last = np.searchsorted(pooled, _CHECKED * pooled[-1])
        values = output.edges[last + 1]
        below = np.cumsum(output.counts, axis=1)[:, last]
        below += (output.at_atoms[:, None] * (output.atoms < values[:, None])).sum(axis=2)
        off = below / output.sizes[:, None] - found.by_group("below", found.forward(values))
        error = off.std(axis=0, ddof=1) / np.sqrt(len(off))
        fits = np.abs(off.mean(axis=0)) <= _AGREE * np.maximum(error, 1 / found.size)
        return found if fits.all() else None

    def forward(self, y: FloatArray) -> FloatArray:
        """Return `t` of values of the output."""
        y = np.asarray(y, dtype=float)
        if not self.pivot.power:
            return y
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(y > 0, np.log(y), -np.inf)

    def back(self, t: FloatArray) -> FloatArray:
        """Return the values of the output that are `t`."""
        return np.asarray(np.exp(t) if self.pivot.power else t)

    def together(self, what: What, t: FloatArray) -> FloatArray:
        """Return the probability below `t` or above it, or the density there, of all draws."""
        return np.asarray(np.einsum("kn,n->k", self._kernel(what, t), self._pooled))

    def by_group(self, what: What, t: FloatArray) -> FloatArray:
        """Return the same of each group of chains, shape (group, value)."""
        return np.asarray(np.einsum("kn,gn->gk", self._kernel(what, t), self._nodes[1]))

    def quantiles(self, levels: FloatArray, start: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return quantiles of the output and their Monte Carlo errors.

        Parameters
        ----------
        levels
            Probabilities below, in (0, 1).
        start
            Where to begin: quantiles of the draws.

        Returns
        -------
        values, errors
            Arrays of the shape of `levels`; errors are nan where there is one chain, and values
            where too few draws have a say.
        """
        coarse = self.coarser(_COARSE)
        t = coarse.solve(levels, self.forward(start))
        density = np.maximum(coarse.together("density", t), _TINY)
        errors = np.full(t.shape, np.nan)
        for what, chosen in self._sides(levels):
            kernel = self._kernel(what, t[chosen])
            found = np.einsum("kn,n->k", kernel, self._pooled)
            lack = levels[chosen] - found if what == "below" else found - (1 - levels[chosen])
            t[chosen] += lack / density[chosen]
            if self.chains > 1:
                shares = np.einsum("kn,gn->gk", kernel, self._nodes[1])
                errors[chosen] = skewed_spread(shares, _WIDER)
            t[chosen] = np.where(self._borne(kernel, found), t[chosen], np.nan)
        errors = np.hypot(errors, np.hypot(self._grain(t, density), self.tolerance) * density)
        values = self.back(t)
        slope = (values if self.pivot.power else 1.0) / density
        return values, np.where(np.isnan(values), np.nan, errors * slope)

    @property
    def tolerance(self) -> float:
        """By how much a `t` may be off since functions are tabled."""
        exact = not self.pivot.others and self._nodes[0].size <= _FEW
        return 0.0 if exact else _SMALLEST * self.pivot.width

    def _grain(self, t: FloatArray, density: FloatArray) -> FloatArray:
        """Return by how much quantiles may be off since draws stand in the middle of their bins."""
        step = _SLOPE * self.pivot.width
        steeper = self.coarser(_COARSE).together("density", t + step)
        return np.asarray(self._square_width / 24 * np.abs(steeper / density - 1) / step)

    @cached_property
    def _square_width(self) -> float:
        """Mean square of the widths of the bins that draws of the rest lie in."""
        counts = self.table.counts.sum(axis=0)
        return float(np.diff(self.table.edges) ** 2 @ counts / self.size) if counts.size else 0.0

    def solve(self, levels: FloatArray, start: FloatArray) -> FloatArray:
        """Return the `t` below which given probabilities lie, by Newton's method.

        Steps are taken in normal scores, in which tails are nearly straight, and bisected where
        they would leave the bracket.
        """
        upper = levels > 0.5
        target = ndtri(np.where(upper, 1 - levels, levels))
        reach = float(np.ptp(self._nodes[0])) + self.pivot.width
        t = np.where(np.isfinite(start), start, sum(self.reach) / 2)
        low, high = np.full(t.shape, -np.inf), np.full(t.shape, np.inf)
        for _ in range(_STEPS):
            tail = np.empty(t.shape)
            for what, chosen in self._sides(levels):
                tail[chosen] = self.together(what, t[chosen])
            score = ndtri(np.clip(tail, _TINY, 1 - 1e-16))
            lack = np.where(upper, score - target, target - score)  # above 0 where t must rise
            low, high = np.where(lack >= 0, t, low), np.where(lack <= 0, t, high)
            slope = np.sqrt(2 * np.pi) * np.exp(score**2 / 2) * self.together("density", t)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                there = t + np.clip(lack / slope, -reach, reach)
            bracketed = np.isfinite(low) & np.isfinite(high)
            between = np.where(bracketed, (low + high) / 2, t + np.sign(lack) * reach)
            there = np.where((there > low) & (there < high), there, between)
            moved, t = there - t, np.where(lack == 0, t, there)
            if (np.abs(moved) <= _CLOSE * np.maximum(np.abs(t), 1.0)).all():
                break
        return t

    @property
    def reach(self) -> tuple[float, float]:
        """A `t` below nearly all that is likely, and one above it."""
        low, high = self.pivot.ends
        return float(self._nodes[0][0] + low), float(self._nodes[0][-1] + high)

    def coarser(self, count: int, *, rough: bool = True) -> Conditional:
        """Return an average over fewer places, close to this one.

        Parameters
        ----------
        count
            How many there are, about: half of them by probability, half evenly.
        rough
            See `Conditional`.
        """
        if count in self._coarser:
            return self._coarser[count]
        places, shares = self._nodes
        across = (places - places[0]) / (np.ptp(places) or 1.0)
        cells = sum(
            np.minimum(count / 2 * part, count / 2 - 1).astype(np.int64)
            for part in (np.cumsum(self._pooled), across)
        )
        starts = np.flatnonzero(np.append(True, np.diff(cells)))
        mass = np.add.reduceat(self._pooled, starts)
        centres = np.add.reduceat(self._pooled * places, starts) / mass
        coarse = self._coarser[count] = replace(self, rough=rough)
        vars(coarse)["_nodes"] = centres, np.add.reduceat(shares, starts, axis=1)
        return coarse

    @cached_property
    def _coarser(self) -> dict[int, Conditional]:
        return {}

    @cached_property
    def size(self) -> float:
        """Number of draws."""
        return float(self.table.sizes.sum())

    @cached_property
    def _nodes(self) -> tuple[FloatArray, FloatArray]:
        """Where draws of the rest stand, ascending, and each group's shares, (group, node)."""
        table = self.table
        places = np.concatenate([(table.edges[1:] + table.edges[:-1]) / 2, table.atoms])
        counts = np.concatenate([table.counts, table.at_atoms], axis=1)
        there = np.flatnonzero(counts.any(axis=0))
        there = there[np.argsort(places[there], kind="stable")]
        return places[there], counts[:, there] / table.sizes[:, None]

    @cached_property
    def _pooled(self) -> FloatArray:
        sizes = self.table.sizes
        return np.asarray(np.einsum("g,gn->n", sizes / sizes.sum(), self._nodes[1]))

    def _kernel(self, what: What, t: FloatArray) -> FloatArray:
        """Return what the pivot has at the distance of each value from each place."""
        places, _ = self._nodes
        away = t[:, None] - places
        if places.size <= _FEW:
            return self.pivot.function(what, away)
        return self.pivot.tabled(what, away) if self.rough else self.pivot.smooth(what, away)

    def _borne(self, kernel: FloatArray, found: FloatArray) -> npt.NDArray[np.bool_]:
        """Return whether enough draws have a say in probabilities, by Kish's count of them."""
        squares = np.einsum("kn,kn,n->k", kernel, kernel, self._pooled)
        enough = self.size * found**2 >= _IN_EFFECT * np.maximum(squares, _TINY)
        return np.asarray(enough | (self.size * found >= _SEEN))

    def probability(self, what: What, value: float) -> tuple[float, float] | None:
        """Return the probability that the output is below a value or above it, and its error.

        None is returned where too few draws have a say in it, or there is one chain.
        """
        if self.chains == 1:
            return None
        t = self.forward(np.array([value]))
        if np.isinf(t).any():  # a power of the pivot is above 0
            return (0.0 if what == "below" else 1.0), 0.0
        kernel = self._kernel(what, t)
        found = np.einsum("kn,n->k", kernel, self._pooled)
        nearer = kernel if found[0] <= 0.5 else 1 - kernel
        if not self._borne(nearer, np.minimum(found, 1 - found))[0]:
            return None
        shares = np.einsum("kn,gn->gk", kernel, self._nodes[1])
        error = skewed_spread(shares, _WIDER)[0]
        return float(found[0]), float(
            np.hypot(error, self.tolerance * self.together("density", t)[0])
        )

    @staticmethod
    def _sides(levels: FloatArray) -> Iterator[tuple[What, npt.NDArray[np.bool_]]]:
        """Yield the nearer tails, and which of the levels have each."""
        upper = levels > 0.5
        sides: tuple[tuple[What, npt.NDArray[np.bool_]], ...]
        sides = (("below", ~upper), ("above", upper))
        yield from (side for side in sides if side[1].any())


def pivots_of(facts: Facts, inputs: Mapping[str, Facts]) -> list[Pivot]:
    """Return the pivots that an output's attributes tell of.

    Parameters
    ----------
    facts
        The attributes that `sample` gives the output.
    inputs
        Those of inputs by name.

    Returns
    -------
    list of Pivot
        Of inputs that are independent of all else that the output rests on. First all that can be
        integrated out together; then each that serves alone, powers before lines, and of each
        first those that move the output farthest.
    """
    rests_on = set(_listed(facts, INPUTS))
    parts = []
    for name, form, exponent in _listed(facts, PIVOTS):
        known = inputs.get(name, {})
        if LAW in known:
            ties = json.loads(known.get(TIED, "{}"))
            kept = tuple((one, rho) for one, rho in ties.items() if one in rests_on)
            power, factor = form == "power", float(known[FACTOR])
            parts.append(_part(name, str(known[LAW]), factor, power, float(exponent), kept))
    parts.sort(key=lambda part: (not part.power, -part.width))
    alone = [Pivot((part,)) for part in parts if part.law.continuous and not part.ties]
    forms = ([part for part in parts if part.power is power] for power in (True, False))
    wholes = (_whole(tuple(_untied(some))) for some in forms)
    return [*filter(None, wholes), *alone]


def _untied(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that are tied to none but normal ones that are left, too."""
    kept = list(parts)
    while True:
        normal = {part.name for part in kept if part.normal is not None}
        fit = [
            part
            for part in kept
            if not part.ties
            or (
                part.name in normal
                and all(one in normal and rho is not None for one, rho in part.ties)
            )
        ]
        if len(fit) == len(kept):
            return kept
        kept = fit


@lru_cache(maxsize=256)
def _whole(parts: tuple[Part, ...]) -> Pivot | None:
    """Return all that can be integrated out together; None where that is no more than one."""
    continuous = [part for part in parts if part.law.continuous]
    if not continuous:
        return None
    base = tuple(part for part in parts if part.normal is not None)
    width = Pivot(base).spread if base else 0.0
    loose = [part for part in continuous if not part.ties]
    if loose and loose[0].width > _WIDEST * width and not any(part.ties for part in base):
        base, width = (loose[0],), loose[0].width
    others = []
    for part in parts:
        discrete = not part.law.continuous and not isinstance(part.law, Mixture)
        if part not in base and (discrete or len(base) > 1 or base[0].normal is not None):
            nodes = part.nodes(width)
            if nodes is not None:
                others.append((part, nodes))
    return Pivot(base, tuple(others)) if others or len(base) > 1 else None


def joined_pivots(
    over: Facts, under: Facts, form: Literal["power", "line"], renamed: Mapping[str, str]
) -> dict[str, str]:
    """Return the attributes of the ratio of two outputs, or of their difference.

    Parameters
    ----------
    over, under
        The attributes that `sample` gives the outputs.
    form
        "power" for a ratio, "line" for a difference.
    renamed
        Other names of inputs of `over` that are not those of `under`.
    """
    exponents, rests_on = [], []
    for facts, names in ((over, renamed), (under, {})):
        pivots = _listed(facts, PIVOTS)
        exponents.append({names.get(n, n): d for n, kind, d in pivots if kind == form})
        rests_on.append({names.get(name, name) for name in _listed(facts, INPUTS)})
    above, below = exponents
    pivots = [
        (name, form, above.get(name, 0.0) - below.get(name, 0.0))
        for name in {**above, **below}
        if all(name in one or name not in on for one, on in zip(exponents, rests_on, strict=True))
    ]
    kept = [one for one in pivots if abs(one[2]) > _NO_POWER]
    return {PIVOTS: json.dumps(kept), INPUTS: json.dumps(sorted(set.union(*rests_on)))}


def _listed(facts: Facts, attribute: str) -> list[Any]:
    found: list[Any] = json.loads(facts.get(attribute, "[]"))
    return found


@lru_cache(maxsize=256)
def _part(  # noqa: PLR0913, PLR0917 (a part's own)
    name: str,
    law: str,
    factor: float,
    power: bool,  # noqa: FBT001
    exponent: float,
    ties: tuple[tuple[str, float | None], ...] = (),
) -> Part:
    """Return a part; what is computed of one that several outputs or points share is so once."""
    return Part(name, parse_distribution(law)[0], factor, power, exponent, ties)
