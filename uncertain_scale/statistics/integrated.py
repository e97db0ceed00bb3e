"""What can be integrated out of an output: inputs by their own laws, and the laws of their sums.

An output is a product of powers of such inputs and of what else it rests on, or a sum; its pivot is
one of them, or all whose terms, d log X or d X, add up to something known. Normal terms add up to a
normal, correlated or not. To it are added, by sums over their nodes, atoms and smooth laws: a sum
over even normal scores (trapezoids) of what is smooth is right to all digits.

References: Trefethen and Weideman (2014), The exponentially convergent trapezoidal rule,
doi:10.1137/130932132.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy.special import ndtr, ndtri

from uncertain_scale.inputs.distributions import Mixture
from uncertain_scale.inputs.prior import ENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.units.aliases import FloatArray

    What: TypeAlias = Literal["below", "above", "density"]
    Facts: TypeAlias = Mapping[Any, Any]

_FUNCTIONS: tuple[What, ...] = ("below", "above", "density")
_BESIDE: dict[What, tuple[float, float]]  # functions below all of a table's places, and above
_BESIDE = {"below": (0.0, 1.0), "above": (1.0, 0.0), "density": (0.0, 0.0)}
_FAR = 1e-7  # beyond what is looked at of a density
_GRID, _FAR_SCORE = 2048, 8.0  # places of a pivot's tables: so many evenly, and by normal score
_SCORES, _MOST_SCORES, _LAST = 64, 1024, 8.3  # normal scores that stand for a smooth law
_SEEN = 6.0  # scores beyond which terms may be farther apart
_MOST_ATOMS = 64
_JUMP = 0.1  # of the highest density: from one place of a table to the next
_COARSEST = 0.02  # probability between two places of a table
_BY_PIECES = ("quantiles", "metalog", "empirical", "triangular")
_STEEP = 3.0  # times the slope of a line, up to which a cubic's ends do not bend back


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
        with np.errstate(all="ignore"):
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
            Standard deviation of the normal that it is added to.

        Returns
        -------
        tuple of array, or None
            None where the law is not smooth by pieces that are known.
        """
        found = _nodes_of(self.law, lambda x: self.term(x * self.factor), width)
        if found is None or not np.isfinite(found[0]).all():
            return None
        return found


def _nodes_of(
    law: Distribution, term: Callable[[FloatArray], FloatArray], width: float
) -> tuple[FloatArray, FloatArray] | None:
    """Return terms and weights: of atoms, and at even normal scores of what is between.

    Such a sum (trapezoids) is right to nine digits where terms stand no farther apart than the
    standard deviation of the normal that they are added to; of far tails none is asked.
    """
    if isinstance(law, Mixture):
        weights = np.ones(len(law.components)) if law.weights is None else np.array(law.weights)
        parts = [_nodes_of(one, term, width) for one in law.components]
        if law.truncate is not None or any(one is None for one in parts):
            return None
        known, shares = [one for one in parts if one is not None], weights / weights.sum()
        return (
            np.concatenate([values for values, _ in known]),
            np.concatenate([w * mass for w, (_, mass) in zip(shares, known, strict=True)]),
        )
    values, masses = law.atoms()
    if values.size:
        return (term(values), masses) if values.size <= _MOST_ATOMS else None
    if not law.continuous or not _smooth(law):
        return None
    count = _SCORES
    while count <= _MOST_SCORES:
        scores = np.linspace(-_LAST, _LAST, count + 1)
        with np.errstate(all="ignore"):
            values = term(law.quantile(ndtr(scores), ndtr(-scores)))
            apart = float(np.abs(np.diff(values[np.abs(scores) < _SEEN])).max())
        if apart <= width:
            mass = np.exp(-(scores**2) / 2)
            return values, mass / mass.sum()
        count *= 2
    return None


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
        with np.errstate(all="ignore"):
            found = np.log(y) if self.power else np.array(y)
            for part in self.parts:
                found -= part.term(inputs[part.name])
        return found

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Return the sum's quantiles: exactly, or of what has others in it to 1e-5 of its width."""
        if self.others:
            return np.interp(levels, self._table.functions["below"], self._table.grid)
        if len(self.base) == 1 and self.base[0].exponent < 0:
            part = self.base[0]
            return part.term(part.law.quantile(1 - levels, levels) * part.factor)
        return self._of_base_at(levels)

    @cached_property
    def width(self) -> float:
        """How far the parts move log y, or y: the standard deviation of a normal."""
        return float(np.hypot.reduce([self.spread, *(part.width for part, _ in self.others)]))

    @property
    def spread(self) -> float:
        """The base's own part of the width."""
        return self.base[0].width if len(self.base) == 1 else self._normal[1]

    @cached_property
    @np.errstate(all="ignore")
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

    @property
    def fine(self) -> bool:
        """Whether the table says enough of what it is of."""
        with np.errstate(all="ignore"):
            return self._table.fine

    @property
    def smooth_over(self) -> float:
        """Over how far its functions are smooth: the width of what is normal in it, or 0."""
        return self.spread if all(part.normal is not None for part in self.base) else 0.0

    @property
    def even(self) -> bool:
        """Whether its density has neither jumps nor poles, nor ends where it is high."""
        with np.errstate(all="ignore"):
            density = self._table.functions["density"]
            steps = np.abs(np.diff(np.concatenate([[0.0], density, [0.0]])))
            return bool(np.isfinite(density).all() and steps.max() < _JUMP * density.max())

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
            added, some = _added(of, values, weights), np.linspace(low, high, _GRID // 4)
            scores = ndtr(np.linspace(-_FAR_SCORE, _FAR_SCORE, _GRID // 2))
            below = np.maximum.accumulate(added("below", some))
            grid = np.unique(np.concatenate([some, np.interp(scores, below, some)]))
            table = _Tabled.of(added, grid)
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

    @property
    def fine(self) -> bool:
        """Whether the places are close enough: no two have much between them."""
        below = self.functions["below"]
        steps = np.diff(np.concatenate([[0.0], below, [1.0]]))
        return bool(np.isfinite(below).all() and steps.max() < _COARSEST)

    def line(self, what: What, away: FloatArray) -> FloatArray:
        """Return a function by lines between the places."""
        left, right = _BESIDE[what]
        return np.interp(away, self.grid, self.functions[what], left=left, right=right)

    def cubic(self, what: What, away: FloatArray) -> FloatArray:
        """Return a probability by cubics whose slopes are the densities, or such a slope."""
        side: What = "below" if what == "density" else what
        place = np.interp(away, self.grid, self._places)
        place = np.where(np.isnan(place), 0.0, place)
        left = np.minimum(place.astype(np.intp), self.grid.size - 2)
        part = place - left
        rest = 1 - part
        values, rises, begin, end = self._cubics[side]
        rise, first, last = rises[left], begin[left], end[left]
        turn = first * rest - last * part
        if what == "density":
            slope = rise + (1 - 2 * part) * turn - part * rest * (first + last)
            found = np.maximum(slope / self._steps[left], 0.0)
        else:
            found = values[left] + part * rise + part * rest * turn
        below, above = _BESIDE[what]
        found = np.where(away < self.grid[0], below, found)
        return np.where(away > self.grid[-1], above, found)

    @cached_property
    def _places(self) -> FloatArray:
        """Number of each place."""
        return np.arange(float(self.grid.size))

    @cached_property
    def _steps(self) -> FloatArray:
        """Distances from each place to the next."""
        return np.diff(self.grid)

    @cached_property
    def _cubics(self) -> dict[What, tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
        """Values, rises, and by how much slopes times the distance exceed these at both ends."""
        found: dict[What, tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = {}
        sides: tuple[tuple[What, float], ...] = (("below", 1.0), ("above", -1.0))
        for what, sign in sides:
            values, run = self.functions[what], sign * self._steps
            rise, density = np.diff(values), self.functions["density"]
            begin, end = run * density[:-1], run * density[1:]
            # Where a density jumps or has a pole, no cubic fits better than a line.
            steepest = np.maximum(np.abs(begin), np.abs(end))
            usual = np.abs(steepest) <= _STEEP * np.abs(rise)
            begin, end = np.where(usual, begin, rise), np.where(usual, end, rise)
            found[what] = values, rise, begin - rise, end - rise
        return found


def _added(
    function: Callable[[What, FloatArray], FloatArray], values: FloatArray, weights: FloatArray
) -> Callable[[What, FloatArray], FloatArray]:
    """Return the functions of a sum with a further part that is given by its nodes."""

    def added(what: What, away: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("kn,n->k", function(what, away[:, None] - values), weights))

    return added
