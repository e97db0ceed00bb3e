"""The smallest region that holds a given probability: under a fitted density, or of point masses.

Under a density it is where that exceeds a level, in one piece or several. Its ends and their errors
follow from the density's and the probability's, all linear in the chains' averages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.statistics.cells import Coordinate
from uncertain_scale.statistics.density import fill_valleys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uncertain_scale.statistics.conditional import Conditional
    from uncertain_scale.statistics.density import SmoothDensity
    from uncertain_scale.statistics.tally import Atoms
    from uncertain_scale.units.aliases import FloatArray

_RUN = 1.15  # times as many values as are needed: a run without holes is then preferred
_LATTICE = 5  # up to so many values each stands for itself; of more, neighbours make an interval

_STEPS_A_CELL = 4
_BISECTIONS = 14
_POLISHES, _SETTLED = 4, 1e-7  # Newton's next step is as the square of the last
_MATERIAL = 1e-3  # a piece or a gap with less probability is none, unless the gap is wide
_LIKELY = 1.5  # standard errors from which a valley may be real
_WIDE_GAP = 0.02  # as a share of the region's width

_REACH, _FAR = 4.9, 5e-7  # normal scores between which the density is looked at, and their level
_POINTS = 40
_MANY = 32  # values that are looked at to see where ends are
_ROUGH, _FINE = 128, 1024  # places over which the density is averaged
_STEP = 1e-4  # of the range, for a slope
_LEAST = 1e-300
_NARROW = 25.0  # bandwidths that the density must hold for its valleys to be no noise


def atom_region(atoms: Atoms, prob: float) -> FloatArray:
    """Return the fewest point masses that hold a probability, as pieces.

    Parameters
    ----------
    atoms
        Point masses that hold at least `prob` together.
    prob
        Probability inside.

    Returns
    -------
    array of shape (piece, bound)
        A value that stands alone has equal ends. Of more than five values on a lattice, such as
        counts, neighbours make one piece.

    Examples
    --------
    >>> from uncertain_scale.statistics.tally import Atoms
    >>> atom_region(Atoms(np.array([1.0, 10.0]), np.array([0.7, 0.3]), 2), 0.9).tolist()
    [[1.0, 1.0], [10.0, 10.0]]
    """
    order = np.argsort(-atoms.masses, kind="stable")
    held = np.cumsum(atoms.masses[order])
    chosen = np.sort(order[: int(np.searchsorted(held, prob - 1e-12)) + 1])
    run = _shortest_run(atoms.masses, prob)
    if atoms.values.size > _LATTICE and run.size <= max(chosen.size + 1, _RUN * chosen.size):
        chosen = run
    values = atoms.values[chosen]
    if atoms.values.size <= _LATTICE:
        return np.stack([values, values], axis=1)
    near = np.diff(values) <= 1.5 * np.median(np.diff(atoms.values))
    apart = np.flatnonzero(~((np.diff(chosen) == 1) & near)) + 1
    starts = np.concatenate([[0], apart])
    stops = np.append(apart, values.size) - 1
    return np.stack([values[starts], values[stops]], axis=1)


def _shortest_run(masses: FloatArray, prob: float) -> npt.NDArray[np.int64]:
    """Return the fewest neighbours that hold a probability together."""
    below = np.concatenate([[0.0], np.cumsum(masses)])
    start = np.arange(masses.size)
    stop = np.searchsorted(below, below[:-1] + prob - 1e-12)
    held = below[np.minimum(stop, masses.size)] - below[:-1]
    length = np.where(stop <= masses.size, stop - start, 2 * masses.size)
    best = int(np.argmin(length - held))  # of equally many, those with the most probability
    return np.arange(best, min(int(stop[best]), masses.size))


@dataclass(frozen=True)
class Region:
    """A highest-density region in the coordinate of its density.

    Parameters
    ----------
    ends
        Shape (piece, bound), ascending.
    influence
        What each chain adds to the ends, shape (piece, bound, chain).
    density
        Density at the ends in the fit's coordinate, shape (piece, bound).
    touches
        Whether an end is where all draws end, shape (piece, bound).
    settled
        Whether the ends are where the density crosses a level, to full precision.
    rival
        Ends of the region if valleys that may be chance were real, shape (bound,): the first and
        the last. None where that makes no other pieces.
    """

    ends: FloatArray
    influence: FloatArray
    density: FloatArray
    touches: np.ndarray
    settled: bool = True
    rival: FloatArray | None = None


@dataclass(frozen=True)
class DensityLevels:
    """The density of the draws themselves along a grid in the fit's coordinate.

    Parameters
    ----------
    density
        A fit, or an average.
    coordinate
        What it is in; the region is smallest in draws, so the map's stretch counts.
    """

    density: SmoothDensity | AveragedDensity
    coordinate: Coordinate

    @cached_property
    def _grid(self) -> FloatArray:
        edges = self.density.edges
        steps = np.arange(_STEPS_A_CELL) / _STEPS_A_CELL
        return np.append((edges[:-1, None] + np.diff(edges)[:, None] * steps).ravel(), edges[-1])

    @cached_property
    def _height(self) -> FloatArray:
        return self._log_density(self._grid)

    @cached_property
    def _noise(self) -> tuple[FloatArray, FloatArray]:
        """What each chain adds to the log density, and a further error of it."""
        density = self.density
        return density.log_density_influence(self._grid), density.log_density_grain(self._grid)

    @cached_property
    def _filled(self) -> FloatArray:
        return fill_valleys(self._height, self._below, lambda: self._noise)

    @cached_property
    def _likely(self) -> FloatArray:
        return fill_valleys(self._height, self._below, lambda: self._noise, _LIKELY)

    @cached_property
    def _below(self) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):  # of a fit that is none
            return self.density.cdf(self._grid)

    @cached_property
    def _is_fit(self) -> bool:
        """Whether the density is one: that of a spike may leave the range of numbers."""
        return bool(np.isfinite(self._below).all())

    def region(self, prob: float, prob_influence: FloatArray) -> Region | None:
        """Return the highest-density region, or None where the fit leaves the range of numbers.

        Parameters
        ----------
        prob
            Probability inside.
        prob_influence
            What each chain adds to `prob`, where that rests on draws too; shape (chain,).

        References
        ----------
        Hyndman (1996), Computing and graphing highest density regions,
        doi:10.1080/00031305.1996.10473359.
        """
        if not self._is_fit:
            return None
        height, level = self._cut(self._filled, prob)
        inside = height >= level
        ends, signs, below = self._crossings(height, level)
        mass = float((signs * below).sum()) + float(inside[-1])
        settled = abs(mass - prob) < 1e-3 * min(prob, 1 - prob)
        if not settled:
            return self._shortest(prob)
        polished = self._polish(ends, signs, level, prob - float(inside[-1]))
        found = self._with_influence(
            ends if polished is None else polished,
            signs,
            prob_influence,
            (bool(inside[0]), bool(inside[-1])),
        )
        return replace(found, settled=polished is not None)

    def _cut(self, height: FloatArray, prob: float) -> tuple[FloatArray, float]:
        """Return heights without immaterial gaps and pieces, and the level that cuts them."""
        height = height.copy()
        level = self._level(height, prob)
        while self._smooth_over(height, level):
            level = self._level(height, prob)
        return height, level

    def rival(self, prob: float, ends: FloatArray) -> FloatArray | None:
        """Return the outer ends of the region with the valleys that may be real, if it has more.

        Parameters
        ----------
        prob
            Probability inside.
        ends
            Of the region that is shown, (piece, bound).
        """
        if not self._is_fit:
            return None
        height, level = self._cut(self._likely, prob)
        other, _, _ = self._crossings(height, level)
        return other[[0, -1]] if other.size > ends.size and ends.size else None

    def _log_density(self, y: FloatArray) -> FloatArray:
        return self.density.log_density(y) - self.coordinate.log_stretch(y)

    def _crossings(
        self, height: FloatArray, level: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return where heights cross a level, -1 going up and +1 down, and the cdf there."""
        inside = height >= level
        at = np.flatnonzero(inside[1:] != inside[:-1])
        part = (level - height[at]) / (height[at + 1] - height[at])
        y = self._grid[at] + part * (self._grid[at + 1] - self._grid[at])
        below = self._below[at] + part * (self._below[at + 1] - self._below[at])
        return y, np.where(inside[at], 1.0, -1.0), below

    def _level(self, height: FloatArray, prob: float) -> float:
        """Return the level above which the heights hold a probability."""
        middle = (height[1:] + height[:-1]) / 2
        order = np.argsort(-middle)
        masses = np.diff(self._below)
        held = np.cumsum(masses[order])
        last = order[min(int(np.searchsorted(held, prob)), order.size - 1)]
        step = float(np.abs(np.diff(height))[masses > 1e-6].max(initial=1e-6))
        low, high = float(middle[last]) - step, float(middle[last]) + step
        # Steps with both ends above or both below cross no level between.
        above, under = height >= high, height < low
        near = np.flatnonzero(~((above[1:] & above[:-1]) | (under[1:] & under[:-1])))
        left, right = height[near], height[near + 1]
        bounds = np.minimum(left, right), np.maximum(left, right)
        ends = left, right, self._below[near], self._below[near + 1]
        steps = list(zip(*(one.tolist() for one in (*bounds, *ends)), strict=True))
        for _ in range(_BISECTIONS):
            level = (low + high) / 2
            steps = [step for step in steps if step[0] < high and step[1] >= low]
            if _held_above(steps, level) + (height[-1] >= level) > prob:
                low = level
            else:
                high = level
        return float((low + high) / 2)

    def _smooth_over(self, height: FloatArray, level: float) -> bool:
        """Fill one immaterial gap or cut one immaterial piece; say whether there was any."""
        inside = height >= level
        turns = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        starts = np.concatenate([[0], turns])
        stops = np.concatenate([turns, [inside.size]])
        width = self.coordinate.back(self._grid[[*turns, -1]])
        total = np.ptp(width) or 1.0
        for start, stop in zip(starts, stops, strict=True):
            last = min(stop, inside.size - 1)
            mass = self._below[last] - self._below[max(start - 1, 0)]
            if mass >= _MATERIAL or (start == 0 and stop == inside.size):
                continue
            if inside[start]:
                height[start:stop] = self._height.min()
                return True
            if start > 0 and stop < inside.size:
                ends = self.coordinate.back(self._grid[[start - 1, stop]])
                if ends[1] - ends[0] < _WIDE_GAP * total:
                    height[start:stop] = max(height[start - 1], height[stop])
                    return True
        return False

    def _polish(
        self, ends: FloatArray, signs: FloatArray, level: float, target: float
    ) -> FloatArray | None:
        """Move ends to where density and probability are exactly right, by Newton's method."""
        y = ends
        reach = 0.05 * float(self.density.edges[-1] - self.density.edges[0])
        for _ in range(_POLISHES):
            height = self.density.log_density(y)
            excess = height - self.coordinate.log_stretch(y) - level
            slope = self._slope(y)
            if (slope * signs >= 0).any():
                return None
            pull = signs * np.exp(height) / slope
            missing = target - float((signs * self.density.cdf(y)).sum())
            rise = (missing + float((pull * excess).sum())) / float(pull.sum())
            step = (rise - excess) / slope
            y, level = y + step, level + rise
            outside = (y <= self._grid[0]) | (y >= self._grid[-1])
            if (outside | (np.abs(y - ends) > reach)).any() or (np.diff(y) <= 0).any():
                return None
            if (np.abs(step) <= _SETTLED * reach).all():
                break
        return y

    def _slope(self, y: FloatArray) -> FloatArray:
        return self.density.slope(y) - self.coordinate.log_stretch_slope(y)

    def _with_influence(
        self,
        ends: FloatArray,
        signs: FloatArray,
        prob_influence: FloatArray,
        touches: tuple[bool, bool],
    ) -> Region:
        """Differentiate `log f(end) = level` and `sum of +-F(end) = prob` by the chains' shares."""
        density = self.density
        slope = np.minimum(self._slope(ends) * signs, -1e-3) * signs
        shift = density.log_density_influence(ends)
        lack = prob_influence - (signs[:, None] * density.cdf_influence(ends)).sum(axis=0)
        pull = signs * np.exp(density.log_density(ends)) / slope
        rise = (lack + (pull[:, None] * shift).sum(axis=0)) / (pull.sum() if pull.size else 1.0)
        moved = (rise - shift) / slope[:, None]
        edge = np.zeros((1, moved.shape[1]))
        low, high = touches
        y = np.concatenate([self._grid[:1] if low else [], ends, self._grid[-1:] if high else []])
        influence = np.concatenate([edge[: int(low)], moved, edge[: int(high)]])
        touching = np.zeros(y.size, dtype=bool)
        touching[0] |= low
        touching[-1] |= high
        pieces = (y.size // 2, 2)
        return Region(
            ends=y.reshape(pieces),
            influence=influence.reshape(*pieces, -1),
            density=np.exp(density.log_density(y)).reshape(pieces),
            touches=touching.reshape(pieces),
        )

    def _shortest(self, prob: float) -> Region:
        """Return the shortest interval, where no level cuts out the probability that is asked."""
        last = int(np.searchsorted(self._below, self._below[-1] - prob))
        low = self._grid[: max(last, 1)]
        high = np.interp(self._below[: low.size] + prob, self._below, self._grid)
        width = self.coordinate.back(high) - self.coordinate.back(low)
        least = int(np.argmin(width))
        # Intervals hardly longer would do as well: their range is the error, as a uniform's sd.
        chains = self._noise[0].shape[1]
        good = width <= width[least] + 0.02 * abs(width[least])
        ends = np.array([[low[least], high[least]]])
        error = np.array([[np.ptp(low[good]), np.ptp(high[good])]]) / np.sqrt(12)
        alternate = np.where(np.arange(chains) % 2, 1.0, -1.0) * np.sqrt(max(chains - 1, 1))
        return Region(
            ends=ends,
            influence=error[..., None] * alternate,
            density=np.exp(self.density.log_density(ends)),
            touches=np.zeros((1, 2), dtype=bool),
            settled=False,
        )


def _held_above(steps: Sequence[tuple[float, ...]], level: float) -> float:
    """Return the sum of the cdf where heights cross a level, added going down, less going up.

    Steps, by the lower and the upper of the heights at their ends, these heights from left to right
    and the cdf there, are few: no array is as quick.
    """
    held = 0.0
    for lower, upper, left, right, below, above in steps:
        if lower < level <= upper:
            at = below + (level - left) / (right - left) * (above - below)
            held += at if left >= level else -at
    return held


def averaged_regions(
    conditional: Conditional, probs: Sequence[float]
) -> list[tuple[Region, Coordinate] | None]:
    """Return the highest-density region of each probability, None where it has no clear ends.

    Parameters
    ----------
    conditional
        The output's distribution.
    probs
        Probabilities inside, each in (0, 1).
    """
    density = AveragedDensity(conditional)
    if not conditional.pivot.even or density.narrow:
        return [None] * len(probs)
    power = conditional.pivot.power
    coordinate = Coordinate("log" if power else "linear", 1.0 if power else 0.0, 1.0)
    levels = DensityLevels(density, coordinate)
    chains = len(conditional.table.counts)

    def serves(region: Region | None, prob: float) -> bool:
        if region is None or not region.settled or region.touches.any():
            return False
        return conditional.reaches(float(region.ends[0, 0]), float(region.ends[-1, 1]), 1 - prob)

    found = [(levels.region(prob, np.zeros(chains)), prob) for prob in probs]
    return [
        (region, coordinate) if region and serves(region, prob) else None for region, prob in found
    ]


@dataclass(frozen=True)
class AveragedDensity:
    """The density of log y, or of y, and its probabilities.

    Parameters
    ----------
    conditional
        What it is of.
    """

    conditional: Conditional

    @cached_property
    def edges(self) -> FloatArray:
        """Ascending points between which the density is looked at, closer where it is high."""
        from scipy.special import ndtr

        low, high = self.conditional.reach
        even = np.linspace(low, high, 4 * _POINTS)
        below = np.maximum.accumulate(self._of(even).together("below", even))
        inner = (below > _FAR) & (below < 1 - _FAR)
        levels = ndtr(np.linspace(-_REACH, _REACH, _POINTS))
        by_score = np.interp(levels, below[inner], even[inner])
        return np.unique(np.concatenate([even[inner][::8], by_score]))

    @property
    def narrow(self) -> bool:
        """Whether the pivot moves the output by so little that the average is not smooth."""
        return bool(self.edges[-1] - self.edges[0] > _NARROW * self.conditional.pivot.width)

    def _of(self, y: FloatArray) -> Conditional:
        """Return the average that is good enough: where ends are, or what they are."""
        if y.size > _MANY:
            return self.conditional.coarser(_ROUGH)
        return self.conditional.coarser(_FINE, rough=False)

    def log_density(self, y: FloatArray) -> FloatArray:
        """Return the log density, of the shape of y."""
        return _log_density(self._of(y), y)

    def slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative of the log density."""
        step = _STEP * float(self.edges[-1] - self.edges[0])
        after, before = _log_density(self._of(y), np.stack([y + step, y - step]))
        return np.asarray((after - before) / (2 * step))

    def cdf(self, y: FloatArray) -> FloatArray:
        """Return the probability below."""
        return self._of(y).together("below", y)

    def log_density_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the log density, shape (y, chain)."""
        by_chain = self._of(y).by_group("density", y)
        mean = np.maximum(by_chain.mean(axis=0), _LEAST)
        return np.asarray(((by_chain - mean) / mean).T)

    def log_density_grain(self, y: FloatArray) -> FloatArray:
        """Return 0: averages have no grain."""
        return np.zeros_like(y)

    def cdf_influence(self, y: FloatArray) -> FloatArray:
        """Return what each chain adds to the probability below, shape (y, chain)."""
        by_chain = self._of(y).by_group("below", y)
        return np.asarray((by_chain - by_chain.mean(axis=0)).T)


def _log_density(average: Conditional, y: FloatArray) -> FloatArray:
    found = average.together("density", y.reshape(-1))
    return np.asarray(np.log(np.maximum(found, _LEAST))).reshape(y.shape)
