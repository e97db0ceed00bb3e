"""Conditional Monte Carlo: statistics of an output with one input integrated out.

Where Y = c X^d (or c + d X) with an input X, the pivot, that is independent of what c rests on,

    P(Y <= y) = E P(c X^d <= y | c),      and the density of Y is its derivative.

The average runs over c alone, and what is averaged is smooth. Nets are good at that: errors fall
nearly as N^(-3/2), where a count of draws below y, which jumps, has N^(-0.7). So draws of log c (or
of c) are counted in the fine bins of `uncertain_scale.statistics.tally`, and every probability is a
sum over these. Its error is the spread of the chains' sums.

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

from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.prior import ENDS
from uncertain_scale.sampling.pivots import FACTOR, INPUTS, LAW, PIVOTS, TIED
from uncertain_scale.statistics.monte_carlo_error import skewed_spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.statistics.sketch import Table
    from uncertain_scale.units.aliases import FloatArray

    What: TypeAlias = Literal["below", "above", "density"]
    Facts: TypeAlias = Mapping[Any, Any]

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
_FEW = 8  # places up to which nothing is tabled, so that what one input alone decides is exact
_STEEP = 3.0  # times the slope of a line, up to which a cubic's ends do not bend back
_AGREE = 8.0  # standard errors by which shares of draws may miss the averages
_CHECKED = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])


@dataclass(frozen=True)
class Pivot:
    """An input that is integrated out, and how an output rests on it.

    Parameters
    ----------
    name
        The input.
    law, factor
        Its distribution, and what a draw of it is multiplied by to be in the model's units.
    power
        Whether the output is c X^d; else it is c + d X.
    exponent
        d, which is not 0.
    """

    name: str
    law: Distribution
    factor: float
    power: bool
    exponent: float

    def rest(self, y: FloatArray, x: FloatArray) -> FloatArray:
        """Return log c, or c, of each draw."""
        if self.power:
            return np.asarray(np.log(y) - self.exponent * np.log(x))
        return np.asarray(y - self.exponent * x)

    def function(self, what: What, away: FloatArray) -> FloatArray:
        """Return the probability that d log X (or d X) is below values or above, or its density."""
        with np.errstate(all="ignore"):
            x = away / self.exponent
            x = (np.exp(x) if self.power else x) / self.factor
            if what != "density":
                return self.law.share(x, above=(what == "above") is (self.exponent > 0))
            stretch = np.abs(x) if self.power else 1 / abs(self.factor)
            found = self.law.pdf(x) * stretch / abs(self.exponent)
        return np.where(np.isfinite(found), found, 0.0)

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Return what d log X, or d X, is at levels of X."""
        with np.errstate(divide="ignore"):
            x = self.law.ppf(levels) * self.factor
            return np.asarray(self.exponent * (np.log(x) if self.power else x))

    @cached_property
    def width(self) -> float:
        """How far the pivot alone moves log y, or y: a normal's standard deviation."""
        return float(np.ptp(self.quantiles(np.array([0.25, 0.75])))) / 1.349

    def tabled(self, what: What, away: FloatArray) -> FloatArray:
        """Return `function` by lines between the places of a table, which are right to 1e-6."""
        grid, tables = self._tables
        return np.interp(away, grid, tables[what])

    def smooth(self, what: What, away: FloatArray) -> FloatArray:
        """Return probabilities by cubics, which are right to 1e-10: slopes are the densities."""
        grid, tables = self._tables
        place = np.interp(away, grid, np.arange(grid.size))
        left = np.minimum(place.astype(np.intp), grid.size - 2)
        part = place - left
        values = tables[what]
        rise = np.diff(values)
        run = np.diff(grid) * (1.0 if what == "below" else -1.0)
        begin, end = run * tables["density"][:-1], run * tables["density"][1:]
        # Where a density jumps or has a pole, no cubic fits better than a line.
        usual = (np.abs(begin) <= _STEEP * np.abs(rise)) & (np.abs(end) <= _STEEP * np.abs(rise))
        begin, end = np.where(usual, begin, rise), np.where(usual, end, rise)
        curve = part * (1 - part)
        lines = values[left] + part * rise[left]
        return lines + curve * ((begin - rise)[left] * (1 - part) - (end - rise)[left] * part)

    @cached_property
    def _tables(self) -> tuple[FloatArray, dict[What, FloatArray]]:
        """Places by level and evenly, and the functions there."""
        by_score = self.quantiles(ndtr(np.linspace(-_FAR_SCORE, _FAR_SCORE, _GRID)))
        far = self.quantiles(np.array(ENDS))
        by_score, far = by_score[np.isfinite(by_score)], far[np.isfinite(far)]
        even = np.linspace(float(by_score.min()), float(by_score.max()), _GRID)
        grid = np.unique(np.concatenate([far, by_score, even]))
        names: tuple[What, ...] = ("below", "above", "density")
        return grid, {what: self.function(what, grid) for what in names}


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
    """

    pivot: Pivot
    table: Table
    chains: int

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
        errors = np.hypot(errors, self._grain(t, density) * density)
        values = self.back(t)
        slope = (values if self.pivot.power else 1.0) / density
        return values, np.where(np.isnan(values), np.nan, errors * slope)

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
        low, high = np.sort(self.pivot.quantiles(np.array([_FAR, 1 - _FAR])))
        return float(self._nodes[0][0] + low), float(self._nodes[0][-1] + high)

    def coarser(self, count: int) -> Conditional:
        """Return an average over fewer places, close to this one.

        Parameters
        ----------
        count
            How many there are, about: half of them by probability, half evenly.
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
        coarse = self._coarser[count] = replace(self)
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
        smooth = what != "density" and places.size > _COARSE
        return self.pivot.smooth(what, away) if smooth else self.pivot.tabled(what, away)

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
        return float(found[0]), float(skewed_spread(shares, _WIDER)[0])

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
        Those that are independent of all else that the output rests on; powers before lines, and
        of each form first those that move the output farthest.
    """
    rests_on = set(_listed(facts, INPUTS))
    found = []
    for name, form, exponent in _listed(facts, PIVOTS):
        known = inputs.get(name, {})
        if LAW in known and not rests_on.intersection(_listed(known, TIED)):
            power, factor = form == "power", float(known[FACTOR])
            found.append(_pivot(name, str(known[LAW]), factor, power, float(exponent)))
    return sorted(found, key=lambda pivot: (not pivot.power, -pivot.width))


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
def _pivot(name: str, law: str, factor: float, power: bool, exponent: float) -> Pivot:  # noqa: FBT001
    """Return a pivot; the tables of one that several outputs or points share are made once."""
    return Pivot(name, parse_distribution(law)[0], factor, power, exponent)
