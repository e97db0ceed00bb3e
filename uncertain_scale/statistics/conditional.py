"""Conditional Monte Carlo: statistics of an output with inputs integrated out.

Where Y = c X^d (or c + d X) with an input X that is independent of what c rests on,

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

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from uncertain_scale.statistics.intervals import skewed_spread, spread
from uncertain_scale.statistics.sketch import ROUGHLY
from uncertain_scale.statistics.tails import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from uncertain_scale.statistics.integrated import Pivot, What
    from uncertain_scale.statistics.sketch import AnyDraws, Table
    from uncertain_scale.units.aliases import FloatArray

_WIDER = 0.4  # by how much a skewed spread of chains is widened
_IN_EFFECT = 100  # draws that a probability must rest on, by Kish's count,
_SEEN = 10  # unless so many draws show it
_TAIL_SHARE, _TAIL_DRAWS = 0.05, 200  # the farthest draws of the rest, by which it is followed on
_FARTHER = np.geomspace(1e-12, 1, 97)  # draws expected beyond each place where it is followed
_SLIGHT, _MOST_MISSED = 0.01, 0.3  # of a probability, which the rest beyond all draws may hold
_STEPS, _CLOSE, _ROUNDING = 60, 1e-11, 1e-15  # of Newton's method
_NEARLY = 1e-6  # a step after which the next is of no account
_FINE = 0.7  # of a normal's width: bins over which sums of it are right to many digits
_BESIDE = np.linspace(-2, 2, 9)  # widths off at which bins and bins twice as wide are compared
_COARSEST = 0.05  # of the error of independent draws, which bins may add
_FAR_OFF, _SHORT = 0.01, 0.1  # scores off, and parts of a bracket, by which a step is too short
_TINY = 1e-300
_ACROSS, _LITTLE = 0.02, 1e-3  # of the range of an output, across which so little lies, at most
_ROUNDED = 1e-9  # probability
_COARSE = 256  # places of an average that only says where ends are
_LOGS, _LEAST, _FARTHEST = 690.0, 1e-280, 1e5  # of numbers, widths, and ranges in widths
_SMALLEST = 1e-7  # of a pivot's width: what tables leave open
_FEW = 8  # places up to which nothing is tabled, so that what one input alone decides is exact
_AGREE = 8.0  # standard errors by which shares of draws may miss the averages
_CHECKED = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])


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
    plain
        Whether nothing in the rest can have escaped all draws; see `hides_nothing`.
    rough
        Whether values that are right to 1e-6 do.
    """

    pivot: Pivot
    table: Table
    chains: int
    plain: bool = False
    rough: bool = False

    @classmethod
    def of(cls, pivot: Pivot, table: Table, output: AnyDraws, *, plain: bool) -> Conditional | None:
        """Return the average, or None where the output's own draws do not fit it."""
        found = cls(pivot, table, output.chains, plain)
        if not (table.sizes.all() and found._usable):
            return None
        values, shares = output.roughly(_CHECKED)
        off = shares - found.by_group("below", found.forward(values))
        error = np.fmax(spread(off), 1 / min(found.size, ROUGHLY))  # of one chain there is none
        fits = np.abs(off.mean(axis=0)) <= _AGREE * error
        return found if fits.all() else None

    @property
    def _usable(self) -> bool:
        """Whether numbers hold what is to be found: its size, and how far its tails reach."""
        low, high = self.reach
        width = self.pivot.width
        if self.pivot.power and not (-_LOGS < low < high < _LOGS):
            return False
        if not (_LEAST < width < 1 / _LEAST and high - low < _FARTHEST * width):
            return False
        return self.tolerance == 0 or self.pivot.fine

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
        t = self._start(levels, start)
        if self._nodes[0].size > 1:
            t = self.coarser(_COARSE).solve(levels, t)
        if self._nodes[0].size > 1 or self.pivot.others:
            t = self.solve(levels, t, _NEARLY)
        errors = np.full(t.shape, np.nan)
        density = np.full(t.shape, _TINY)
        for what, chosen in self._sides(levels):
            kernel = self._kernel(what, t[chosen])
            found = np.einsum("kn,n->k", kernel, self._pooled)
            error, grain, slope = self._errors(what, t[chosen], kernel)
            errors[chosen] = error if self.chains > 1 else np.nan
            density[chosen] = np.maximum(slope, _TINY)
            missed = self._missed(partial(self._kernel, what, t[chosen]))
            good = self._borne(kernel, found, missed) & self._serves(found, grain)
            errors[chosen] = self._with_missed(errors[chosen], missed, found)
            t[chosen] = np.where(good, t[chosen], np.nan)
        values = self.back(t)
        slope = (values if self.pivot.power else 1.0) / density
        return values, np.where(np.isnan(values), np.nan, errors * slope)

    def gaps(self, levels: FloatArray, values: FloatArray, errors: FloatArray) -> FloatArray:
        """Return the ends of gaps that quantiles lie in, shape (level, 2), nan where in none.

        Parameters
        ----------
        levels, values, errors
            As `quantiles` has and returns them.

        Notes
        -----
        Next to nothing then lies within a small part of the output's range to one side. The ends
        are where probability sets in: more of it than the error, or than rounding.
        """
        found = np.full((levels.size, 2), np.nan)
        t = self.forward(values)
        step = _ACROSS * (self.reach[1] - self.reach[0])
        rough = self.coarser(_COARSE) if self._nodes[0].size > _COARSE else self
        beside = rough.together("below", np.concatenate([t - step, t, t + step])).reshape(3, -1)
        for k in np.flatnonzero((np.diff(beside, axis=0) < _LITTLE).any(axis=0)):
            tail = min(levels[k], 1 - levels[k])
            error, _, _ = self._errors("below", t[k : k + 1], self._kernel("below", t[k : k + 1]))
            margin = max(3 * float(np.nan_to_num(error[0])), _ROUNDED)
            if not 8 * margin < tail:
                continue
            at = levels[k] + margin * np.array([-8, -1, 1, 8])
            start = t[k] + step * np.array([-1, -1, 1, 1])  # off a jump, whose slope leads nowhere
            low, left, right, high = self.back(self.solve(at, start))
            if 2 * (right - left) > high - low and right - left > 2 * np.nan_to_num(errors[k]):
                found[k] = left, right
        return found

    def _start(self, levels: FloatArray, start: FloatArray) -> FloatArray:
        """Return where to begin: at the solution, where the rest is one number."""
        places, _ = self._nodes
        if places.size > 1:
            return self.forward(start)
        return np.asarray(places[0] + self.pivot.quantiles(levels))

    @property
    def tolerance(self) -> float:
        """By how much a `t` may be off since functions are tabled."""
        exact = not self.pivot.others and self._nodes[0].size <= _FEW
        return 0.0 if exact else _SMALLEST * self.pivot.width

    def _errors(
        self, what: What, t: FloatArray, kernel: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the standard errors of probabilities, what bins add to them, and the density."""
        grain, density = self._grain(what, t)
        spread = np.zeros(t.shape)
        if self._nodes[0].size > 1:
            spread = skewed_spread(np.einsum("kn,gn->gk", kernel, self._nodes[1]), _WIDER)
        parts = [spread, grain, self.tolerance * density, np.full(t.shape, self.unseen)]
        return np.asarray(np.hypot.reduce(parts)), grain, density

    @property
    def unseen(self) -> float:
        """What probability may lie where no draw is."""
        return 0.0 if self.plain else 1 / self.size

    def _grain(self, what: What, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what it does to probabilities that draws are in bins, and the density about them.

        Bins twice as wide tell. Where the pivot is smooth over a bin the two differ by what their
        width does; elsewhere both are steps, which may lie at one height here and not beside it.
        """
        if self._nodes[0].size == 1:
            return np.zeros(t.shape), self.together("density", t)
        near = self._kernel("density", t) * self._pooled
        width = (near @ self._widths) / np.maximum(near.sum(axis=1), _TINY)
        smooth = (width == 0) | (width < _FINE * self.pivot.smooth_over)
        steps = np.zeros(1) if smooth.all() else _BESIDE
        beside = np.where(smooth, 0.0, steps[:, None]) * width + t
        found = self.together(what, beside.ravel()).reshape(beside.shape)
        halved = self._halved.together(what, beside.ravel()).reshape(beside.shape)
        off = np.abs(found - halved).max(axis=0)
        rise = np.abs(found[-1] - found[0]) / np.where(smooth, 1.0, np.ptp(beside, axis=0))
        return np.where(smooth, off / 2, off), np.where(smooth, near.sum(axis=1), rise)

    def _serves(self, found: FloatArray, grain: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where bins are fine enough for an average to be surer than a count of draws."""
        inside = np.clip(found, _TINY, 0.5)
        return np.asarray(grain <= _COARSEST * np.sqrt(inside * (1 - inside) / self.size))

    @cached_property
    def _halved(self) -> Conditional:
        """The same with bins that are twice as wide, to see what their width does."""
        table = self.table
        odd = table.counts.shape[1] % 2
        edges = np.append(table.edges, table.edges[-1:]) if odd else table.edges
        counts = np.pad(table.counts, ((0, 0), (0, odd)))
        wider = replace(table, edges=edges[::2], counts=counts[:, ::2] + counts[:, 1::2])
        return replace(self, table=wider)

    def solve(self, levels: FloatArray, start: FloatArray, close: float = _CLOSE) -> FloatArray:
        """Return the `t` below which given probabilities lie, by Newton's method.

        The last step is shorter than `close` pivot's widths. Steps are taken in normal scores, in
        which tails are nearly straight, and bisected where they would leave the bracket.
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
            with np.errstate(all="ignore"):
                step = np.clip(lack / slope, -reach, reach)
            # Where a tail is next to 0 or 1 its score is no guide.
            far, short = np.abs(lack) > _FAR_OFF, np.abs(step) < _SHORT * (high - low)
            least = close * self.pivot.width + _ROUNDING * np.abs(t)
            done = _CLOSE * self.pivot.width + _ROUNDING * np.abs(t)
            settled = (np.abs(step) <= least) & ~far | (high - low <= done)
            if settled.all():
                inside = (t + step > low) & (t + step < high)
                return np.where(inside, t + step, t)
            bracketed = np.isfinite(low) & np.isfinite(high)
            between = np.where(bracketed, (low + high) / 2, t + np.sign(lack) * reach)
            newton = (t + step > low) & (t + step < high) & ~(far & short)
            t = np.where(settled, t, np.where(newton, t + step, between))
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
        table, (places, there) = self.table, self._there
        counts = np.concatenate([table.counts, table.at_atoms], axis=1)
        return places[there], counts[:, there] / table.sizes[:, None]

    @cached_property
    def _there(self) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Middles of all bins, then atoms; and which of them hold draws, in ascending order."""
        table = self.table
        places = np.concatenate([(table.edges[1:] + table.edges[:-1]) / 2, table.atoms])
        there = np.flatnonzero(np.concatenate([table.counts, table.at_atoms], axis=1).any(axis=0))
        return places, there[np.argsort(places[there], kind="stable")]

    @cached_property
    def _widths(self) -> FloatArray:
        """Widths of the bins that the places stand for."""
        table = self.table
        widths = np.concatenate([np.diff(table.edges), np.zeros(table.atoms.size)])
        return np.asarray(widths[self._there[1]])

    @cached_property
    def _pooled(self) -> FloatArray:
        sizes = self.table.sizes
        return np.asarray(np.einsum("g,gn->n", sizes / sizes.sum(), self._nodes[1]))

    def _kernel(self, what: What, t: FloatArray, places: FloatArray | None = None) -> FloatArray:
        """Return what the pivot has at the distance of each value from each place."""
        own = self._nodes[0]
        away = t[:, None] - (own if places is None else places)
        if own.size <= _FEW:
            return self.pivot.function(what, away)
        return self.pivot.tabled(what, away) if self.rough else self.pivot.smooth(what, away)

    def _borne(
        self, kernel: FloatArray, found: FloatArray, missed: FloatArray
    ) -> npt.NDArray[np.bool_]:
        """Return whether enough draws have a say in probabilities, by Kish's count of them."""
        squares = np.einsum("kn,kn,n->k", kernel, kernel, self._pooled)
        enough = self.size * found**2 >= _IN_EFFECT * np.maximum(squares, _TINY)
        enough &= missed <= _MOST_MISSED * found
        return np.asarray((enough & self.plain) | (self.size * found >= _SEEN))

    @cached_property
    def _beyond(self) -> list[FloatArray]:
        """The farthest draw of the rest on either side, and places where it may be beyond that.

        Of the farthest draws a generalised Pareto distribution is followed. `_FARTHER` draws are
        expected beyond the places.
        """
        places, counts = self._nodes[0], np.rint(self._pooled * self.size).astype(np.int64)
        most = int(min(_TAIL_SHARE * self.size, _TAIL_DRAWS)) + 1
        found = []
        for sign in (-1.0, 1.0):
            order = slice(None, None, -int(sign))  # from the outermost inwards
            draws = np.repeat(places[order][:most], np.minimum(counts[order][:most], most))[:most]
            tail = followed(sign * draws[::-1], _FARTHER)
            if tail is not None:
                found.append(np.append(draws[:1], sign * tail))
        return found

    def _missed(self, kernel: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return what probabilities may gain where the rest is beyond all of its draws.

        One term of a sum alone may bring it farther than all draws of that term. What the farthest
        draw stands for is as likely as one draw in all of them.

        Parameters
        ----------
        kernel
            The probabilities at places of the rest, shape (value, place).
        """
        found = np.zeros(1)
        for places in self._beyond:
            there = kernel(places)
            more = np.maximum(there[:, 1:] - there[:, :1], 0)
            found = found + np.trapezoid(more, _FARTHER, axis=1) / self.size
        return found

    def _with_missed(self, error: FloatArray, missed: FloatArray, found: FloatArray) -> FloatArray:
        """Add to errors of probabilities what these may miss, where few draws show them."""
        counts = (missed > _SLIGHT * found) & (self.size * found < _SEEN)
        return np.where(counts, np.hypot(error, missed), error)

    def reaches(self, low: float, high: float, outside: float) -> bool:
        """Tell whether the draws tell what is below a `t` and above another, of a probability."""
        sides: tuple[tuple[What, float], ...] = (("below", low), ("above", high))
        missed = [self._missed(partial(self._kernel, what, np.array([t]))) for what, t in sides]
        return bool(max(np.concatenate(missed)) <= _MOST_MISSED * outside)

    def probability(self, what: What, value: float) -> tuple[float, float] | None:
        """Return the probability that the output is below a value or above it, and its error.

        None is returned where too few draws have a say in it, or there is one chain.
        """
        t = self.forward(np.array([value]))
        if np.isinf(t).any():
            return float((t[0] > 0) is (what == "below")), 0.0
        return self._estimate(partial(self._kernel, what, t), t)

    def inside(self, low: float, high: float) -> tuple[float, float] | None:
        """Return the probability that the output is between two values, as `probability` does."""
        ends = self.forward(np.array([low, high]))

        def between(places: FloatArray | None = None) -> FloatArray:
            shares = [
                self._kernel("below", t[None], places) if np.isfinite(t) else 1.0 * (t > 0)
                for t in ends
            ]
            return np.asarray(shares[1] - shares[0])

        return self._estimate(between, ends[np.isfinite(ends)])

    def _estimate(
        self, kernel_at: Callable[..., FloatArray], ends: FloatArray
    ) -> tuple[float, float] | None:
        kernel = kernel_at()
        found = np.einsum("kn,n->k", kernel, self._pooled)
        small = bool(found[0] <= 0.5)
        nearer, least = kernel if small else 1 - kernel, np.minimum(found, 1 - found)
        if self.chains == 1:
            return None
        missed = self._missed(lambda at: kernel_at(at) if small else 1 - kernel_at(at))
        if not self._borne(nearer, least, missed)[0]:
            return None
        grain = float(self._grain("below", ends)[0].max(initial=0.0))
        spread = skewed_spread(np.einsum("kn,gn->gk", kernel, self._nodes[1]), _WIDER)[0]
        tabled = self.tolerance * self.together("density", ends)
        error = np.hypot.reduce([spread, grain, self.unseen, *tabled])
        error = float(self._with_missed(error, missed[0], least[0]))
        if not self._serves(least, np.array([grain]))[0] or (error > least[0] and self.unseen):
            return None
        return float(found[0]), error

    @staticmethod
    def _sides(levels: FloatArray) -> Iterator[tuple[What, npt.NDArray[np.bool_]]]:
        """Yield the nearer tails, and which of the levels have each."""
        upper = levels > 0.5
        sides: tuple[tuple[What, npt.NDArray[np.bool_]], ...]
        sides = (("below", ~upper), ("above", upper))
        yield from (side for side in sides if side[1].any())
