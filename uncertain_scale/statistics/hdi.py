"""Highest-density intervals whose errors hold.

The shortest interval of raw draws converges with the cube root of their number, and the spread of
the chains' intervals understates the error of the pooled one. Here the log density is fitted by
splines, coarse ones first, until a finer one moves no end by more than chance; the ends of the
finer fit are shown, with errors from the chains' shares in that fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.statistics.cells import DEGREE, choose_coordinate, extremes, lay_cells
from uncertain_scale.statistics.density import SmoothDensity, spline_basis
from uncertain_scale.statistics.intervals import beyond, skewed_spread, spread
from uncertain_scale.statistics.region import (
    DensityLevels,
    Region,
    atom_region,
    averaged_regions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uncertain_scale.statistics.cells import Cells, Coordinate
    from uncertain_scale.statistics.sketch import AnyDraws, Table
    from uncertain_scale.statistics.tally import Atoms
    from uncertain_scale.units.aliases import FloatArray

_FEWEST = 400  # draws below which no density is fitted
_CHANCE = 0.02  # that a fit is refined though nothing but chance moves any of its ends
_MISFIT = 8.0  # standard errors by which a fine enough fit may miss the averages of another spline
_TELLING = 16  # pieces of a spline that shows whether there may be another piece of the region
_CHECKS = 32  # pieces of that spline
# An end is uncertain by a part of a draw even where the chains' influence agrees.
_GRAIN = 0.25
# Where draws are stratified, the farthest ones decide the error: see `skewed_spread`.
_WIDER = 0.4
# Which fit is chosen depends on the same draws, which the influence leaves out.
_CHOICE = 1.03
_CHANGED = 2.0  # errors by which ends differ where a valley counts, so that it is told
_THINNED = 2001  # order statistics by which the coordinate is chosen
_BOUNDARY_DRAWS = 10
_OFF = 0.05  # of the draws, by which a region may hold more or less than it is to
_PLACES, _EQUAL = (
    200,
    1.05,
)  # nine in ten of so many intervals no more than 5% longer than the least

LEVEL = "nearly every interval of this probability is equally dense; the equal-tailed one is shown"
LOOSE = "the density hardly falls where the interval ends, so its ends are loosely determined"
LOST = "where its highest-density interval ends is not settled by these draws; more would settle it"
UNSURE = "how many pieces the region has is not settled by these draws"
ROUGH = "the density is rough or the draws are few, so the shortest interval of the draws is shown"


@dataclass(frozen=True)
class HighestDensity:
    """A highest-density region of one output.

    Parameters
    ----------
    ends, errors
        Shape (piece, bound), in the output's units, pieces ascending.
    note
        What a reader should know of it, or nothing.
    out
        Whether the first and the last end lie too far out for the draws to bear: they are then
        bounds without an error.
    """

    ends: FloatArray
    errors: FloatArray
    note: str = ""
    out: tuple[bool, bool] = (False, False)

    @property
    def beyond(self) -> npt.NDArray[np.bool_]:
        """Which ends the draws do not bear, shape (piece, bound)."""
        found = np.zeros(self.ends.shape, dtype=bool)
        found[0, 0], found[-1, 1] = self.out
        return found


def highest_density(draws: AnyDraws, probs: Sequence[float]) -> list[HighestDensity]:
    """Return the smallest region that holds each probability.

    Parameters
    ----------
    draws
        Draws of one output, not all the same.
    probs
        Probabilities inside, each in (0, 1).

    Returns
    -------
    list of HighestDensity
        One for each probability. Errors are nan where there is one chain.

    References
    ----------
    Hyndman (1996), doi:10.1080/00031305.1996.10473359. Kim and Pollard (1990), Cube root
    asymptotics, doi:10.1214/aos/1176347498.

    Examples
    --------
    >>> from scipy.special import ndtri
    >>> u = np.random.default_rng(1).random((16, 2048))
    >>> from uncertain_scale.statistics.draws import Draws
    >>> found = highest_density(Draws(ndtri(u)), [0.9])[0]
    >>> bool(np.all(np.abs(found.ends - [[-1.645, 1.645]]) < 5 * found.errors))
    True
    """
    if draws.conditional is not None:
        regions = averaged_regions(draws.conditional, probs)
        left = [prob for prob, one in zip(probs, regions, strict=True) if one is None]
        fitted = dict(zip(left, _fitted(draws, left), strict=True)) if left else {}
        return [
            fitted[prob] if one is None else _averaged(draws, *one)
            for prob, one in zip(probs, regions, strict=True)
        ]
    return _fitted(draws, probs)


def _averaged(draws: AnyDraws, region: Region, coordinate: Coordinate) -> HighestDensity:
    """Carry a region of a density with the pivot integrated out over to the output's units."""
    ends = coordinate.back(region.ends)
    stretch = np.exp(coordinate.log_stretch(region.ends))
    average = draws.conditional
    tolerance, unseen = (average.tolerance, average.unseen) if average is not None else (0.0, 0.0)
    parts = skewed_spread(region.influence, _WIDER, axis=2), tolerance, unseen / region.density
    errors = np.hypot.reduce(np.broadcast_arrays(*parts)) * stretch
    return HighestDensity(ends, errors if draws.chains > 1 else np.full_like(errors, np.nan))


def _fitted(draws: AnyDraws, probs: Sequence[float]) -> list[HighestDensity]:
    """Return the regions of a density that is fitted to the draws."""
    atoms = draws.atoms
    within = [prob for prob in probs if prob > atoms.mass]
    with np.errstate(all="ignore"):  # where draws span the range of numbers
        fits = _beyond_atoms(draws, atoms, within) if within else []
    smooth = dict(zip(within, fits, strict=True))
    regions = (smooth[prob] if prob in smooth else _of_atoms(draws, atoms, prob) for prob in probs)
    return [_borne(draws, prob, region) for prob, region in zip(probs, regions, strict=True)]


def _borne(draws: AnyDraws, prob: float, region: HighestDensity) -> HighestDensity:
    """Return a region that ends no farther out than the draws, as a smooth fit may at a bound.

    Its ends are the bounds that the draws give where so few are expected outside that none may be.
    """
    levels = np.array([1 - prob, prob])  # all that is outside lies to one side at most
    low, high = (bool(one) for one in beyond(draws, levels))
    ends, errors = np.clip(region.ends, draws.low, draws.high), region.errors.copy()
    for out, place, far in ((low, (0, 0), draws.low), (high, (-1, 1), draws.high)):
        if out or not np.isfinite(ends[place]):
            ends[place], errors[place] = far, np.nan
    region = replace(region, ends=ends)
    if low or high:
        return replace(region, errors=errors, out=(low, high))
    lost = _lost(region)
    if not lost.any():
        return region
    return replace(region, errors=np.where(lost, np.nan, region.errors), note=LOST)


def _lost(region: HighestDensity) -> npt.NDArray[np.bool_]:
    """Return which ends have an error as large as the region: such an error says nothing."""
    span = float(region.ends[-1, 1] - region.ends[0, 0])
    return np.asarray((region.errors >= span) & (span > 0))


def _of_atoms(draws: AnyDraws, atoms: Atoms, prob: float) -> HighestDensity:
    ends = atom_region(atoms, prob)
    return HighestDensity(ends, np.zeros_like(ends) if draws.chains > 1 else ends * np.nan)


def _beyond_atoms(draws: AnyDraws, atoms: Atoms, probs: Sequence[float]) -> list[HighestDensity]:
    """Return regions that hold all point masses and the densest part of what is continuous."""
    table = draws.continuous
    size = int(table.sizes.sum())
    if size < _FEWEST:
        return [hdi_of_draws(draws, prob) for prob in probs]
    ascending = table.at(np.linspace(0.5, size - 0.5, _THINNED))
    if ascending[_THINNED // 50] == ascending[-_THINNED // 50]:
        return [hdi_of_draws(draws, prob) for prob in probs]
    # A bin may begin above draws that are 0 and have no log.
    ascending[0], ascending[-1] = (float(tail[0]) for tail in extremes(draws, 0))
    coordinate = choose_coordinate(ascending)
    distinct = atoms.distinct - atoms.values.size
    cells = lay_cells(draws, coordinate, grain=distinct if distinct < size / 4 else np.inf)
    share = float(cells.shares.mean())
    # Of the continuous part alone, 1 - (1 - prob)/share must be held; share rests on draws too.
    inner = [1 - (1 - prob) / share for prob in probs]
    moves = [(1 - prob) / share**2 * (cells.shares - share) for prob in probs]
    found = []
    for prob, within, (region, doubt) in zip(
        probs, inner, _settle(cells, coordinate, inner, moves), strict=True
    ):
        if region is None:
            found.append(hdi_of_draws(draws, prob))
            continue
        if _is_level(table, within):
            smooth = _central(table, within)
        else:
            smooth = _in_units(draws, coordinate, region, doubt)
            if not atoms.values.size:
                smooth = _best(draws, prob, doubt, smooth)
            smooth = _with_rival(smooth, region, coordinate)
            if _lost(smooth).any() and not atoms.values.size:
                raw = hdi_of_draws(draws, prob)
                smooth = smooth if _lost(raw).any() else raw
        if abs(_held(table, smooth) - within) > _OFF:
            found.append(hdi_of_draws(draws, prob))
            continue
        found.append(_with_atoms(smooth, atoms) if atoms.values.size else smooth)
    if draws.chains < 2:
        return [replace(one, errors=np.full_like(one.errors, np.nan)) for one in found]
    return found


def _settle(
    cells: Cells, coordinate: Coordinate, probs: Sequence[float], moves: Sequence[FloatArray]
) -> list[tuple[Region | None, FloatArray | float]]:
    """Refine the fit until it is fine enough; return regions and what is left in doubt of them.

    A doubt is how far the last refinement moved the ends where that is more than chance, and
    infinite where the regions differ in kind. Where even the finest fit is not fine enough, the
    refinement before counts too. Of coarser fits no region is looked at.
    """
    finest = cells.knots.size - 1
    check = spline_basis(cells.nodes, _some(cells.knots, _CHECKS), DEGREE)
    fits: list[DensityLevels] = []

    @cache
    def regions(fit: int) -> Sequence[Region | None]:
        if fit < 0:
            return [None] * len(probs)
        return [fits[fit].region(prob, move) for prob, move in zip(probs, moves, strict=True)]

    @cache
    def doubts(fit: int) -> Sequence[FloatArray | float]:
        if fit < 1:
            return [np.inf] * len(probs)
        pairs = list(zip(regions(fit - 1), regions(fit), strict=True))
        limit = _limit(cells.weights.shape[0] - 1, sum(fine.ends.size for _, fine in pairs if fine))
        return [_doubt(coarse, fine, limit) for coarse, fine in pairs]

    density, pieces, fine_enough = None, 1, False
    while True:
        density, last = SmoothDensity(cells, _some(cells.knots, pieces), density), len(fits)
        if not density.converged:
            return list(zip(regions(last - 1), doubts(last - 1), strict=True))
        fits.append(DensityLevels(density, coordinate))
        steady = fine_enough and not any(map(np.any, doubts(last)))
        if steady or pieces >= finest:
            left = doubts(last)
            if not fine_enough and density.misfit(check) >= _MISFIT:
                left = [_larger(*pair) for pair in zip(left, doubts(last - 1), strict=True)]
            found = list(zip(regions(last), left, strict=True))
            return _with_rivals(found, cells, coordinate, probs, (density, pieces))
        fine_enough = density.misfit(check) < _MISFIT
        pieces *= 2


def _with_rivals(
    found: Sequence[tuple[Region | None, FloatArray | float]],
    cells: Cells,
    coordinate: Coordinate,
    probs: Sequence[float],
    last: tuple[SmoothDensity, int],
) -> list[tuple[Region | None, FloatArray | float]]:
    """Add to each region the outer ends that a fit gives which is fine enough to show more pieces.

    A coarse fit that moves no end by more than chance may still bridge a valley.
    """
    density, pieces = last
    finer = min(max(_TELLING, 2 * pieces), cells.knots.size - 1)
    if finer > pieces:
        tried = SmoothDensity(cells, _some(cells.knots, finer), density)
        density = tried if tried.converged else density
    landscape = DensityLevels(density, coordinate)
    return [
        (region and replace(region, rival=landscape.rival(prob, region.ends)), doubt)
        for (region, doubt), prob in zip(found, probs, strict=True)
    ]


def _limit(freedom: int, ends: int) -> float:
    """Return by how many standard errors none of the ends moves, but for little chance."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - _CHANCE / max(ends, 1)))


def _some(knots: FloatArray, pieces: int) -> FloatArray:
    """Return the knots of a spline of so many pieces, or of as many as there can be."""
    finest = knots.size - 1
    chosen = np.round(np.linspace(0, finest, min(pieces, finest) + 1)).astype(int)
    return np.asarray(knots[np.unique(chosen)])


def _doubt(coarse: Region | None, fine: Region | None, limit: float) -> FloatArray | float:
    """Return by how much more than chance the ends moved: 0 where they did not."""
    if coarse is None or fine is None:
        return np.inf
    if coarse.ends.shape != fine.ends.shape or (coarse.touches != fine.touches).any():
        return np.inf
    moved = np.abs(fine.ends - coarse.ends)
    chance = spread(fine.influence - coarse.influence, axis=2)
    beyond = np.where(fine.touches | (moved <= limit * chance + 1e-13), 0.0, moved)
    return beyond if beyond.any() else 0.0


def _larger(last: FloatArray | float, before: FloatArray | float) -> FloatArray | float:
    """Return the larger of two doubts: the last refinement alone may be one by a few pieces."""
    if not np.any(last):
        return before
    infinite = np.any(np.isinf(last)) or np.any(np.isinf(before))
    return last if infinite else np.maximum(last, before)


def _in_units(
    draws: AnyDraws, coordinate: Coordinate, region: Region, doubt: FloatArray | float
) -> HighestDensity:
    """Carry a region over to the output's units."""
    ends = coordinate.back(region.ends)
    stretch = np.exp(coordinate.log_stretch(region.ends))
    size = int(draws.continuous.sizes.sum())
    with np.errstate(divide="ignore"):  # a density of 0, where ends could lie anywhere
        wide = _GRAIN / (size * region.density)
    grain = np.hypot(wide, np.where(np.isinf(doubt), 0.0, doubt))
    errors = np.hypot(_CHOICE * skewed_spread(region.influence, _WIDER, axis=2), grain) * stretch
    lower, upper = extremes(draws, _BOUNDARY_DRAWS)
    for side, ascending in ((0, lower), (1, -upper[::-1])):
        at = np.flatnonzero(region.touches[:, side])
        if at.size:
            step = float(ascending[_BOUNDARY_DRAWS] - ascending[0]) / _BOUNDARY_DRAWS
            end = float(ascending[0] - step)
            # Draws of one sign have ends of that sign.
            ends[at, side] = (1 - 2 * side) * (end if end * ascending[0] > 0 else 0.0)
            errors[at, side] = step
    note = "" if region.settled else LOOSE
    if len(ends) > 1 and np.any(doubt):
        note = LOST
    return HighestDensity(ends, errors, UNSURE if np.any(np.isinf(doubt)) else note)


def _best(
    draws: AnyDraws, prob: float, doubt: FloatArray | float, smooth: HighestDensity
) -> HighestDensity:
    """Keep a smooth interval, or take the draws' own where it is in doubt and that is surer."""
    if np.any(doubt) and len(smooth.ends) == 1:
        raw = hdi_of_draws(draws, prob)
        if np.any(np.isinf(doubt)) or raw.errors.sum() < smooth.errors.sum():
            return raw
    return smooth


def _with_rival(found: HighestDensity, region: Region, coordinate: Coordinate) -> HighestDensity:
    """Widen the errors of the outer ends by how far a reading with more pieces moves them."""
    if region.rival is None:
        return found
    places = ([0, -1], [0, 1])
    moved = np.abs(coordinate.back(region.rival) - found.ends[places])
    errors = found.errors.copy()
    errors[places] = np.hypot(errors[places], moved)
    told = found.note != ROUGH and (moved > _CHANGED * found.errors[places]).any()
    return replace(found, errors=errors, note=UNSURE if told else found.note)


def _held(table: Table, region: HighestDensity) -> float:
    """Return the share of the draws that are not at atoms and lie in a region."""
    shares = np.interp(region.ends, table.places, table.below) / table.sizes.sum()
    return float(np.diff(shares, axis=1).sum())


def _is_level(table: Table, prob: float) -> bool:
    """Say whether intervals of a probability are equally long, wherever they lie."""
    size = float(table.sizes.sum())
    for share in (prob, prob / 2):  # two like peaks make all intervals of one half equally long
        start = np.linspace(0.5, (1 - share) * size - 0.5, _PLACES)
        widths = table.at(start + share * size) - table.at(start)
        if not np.quantile(widths, 0.9) < _EQUAL * widths.min():
            return False
    return True


def _central(table: Table, prob: float) -> HighestDensity:
    """Return the equal-tailed interval of the draws that are not at atoms."""
    levels = np.array([(1 - prob) / 2, (1 + prob) / 2])
    ends = table.at(levels * float(table.sizes.sum()))
    return HighestDensity(ends[None], spread(table.at_by_group(levels))[None], LEVEL)


def _with_atoms(found: HighestDensity, atoms: Atoms) -> HighestDensity:
    """Add point masses to a region: each is a piece, unless a piece holds it or ends at it."""
    pieces = [
        [low, high, *errors] for (low, high), errors in zip(found.ends, found.errors, strict=True)
    ]
    for value in atoms.values:
        for piece in pieces:
            low, high, low_error, high_error = piece
            if low <= value <= high:
                break
            if 0 < low - value <= 10 * low_error:
                piece[0], piece[2] = value, 0.0
                break
            if 0 < value - high <= 10 * high_error:
                piece[1], piece[3] = value, 0.0
                break
        else:
            pieces.append([value, value, 0.0, 0.0])
    pieces.sort()
    merged = pieces[:1]
    for piece in pieces[1:]:
        if piece[0] > merged[-1][1]:
            merged.append(piece)
        elif piece[1] > merged[-1][1]:
            merged[-1][1::2] = piece[1::2]
    table = np.array(merged)
    return HighestDensity(table[:, :2], table[:, 2:], found.note)


def eti_of_draws(draws: AnyDraws, prob: float) -> FloatArray:
    """Return ArviZ's equal-tailed interval of all draws, shape (bound,)."""
    from arviz_stats.base.array import BaseArray

    arviz: Any = BaseArray()
    return np.asarray(arviz.eti(draws.pooled, prob))


def hdi_of_draws(draws: AnyDraws, prob: float) -> HighestDensity:
    """Return ArviZ's interval, with the error that cube-root asymptotics give the pooled one."""
    from arviz_stats.base.array import BaseArray

    arviz: Any = BaseArray()
    ends = np.asarray(arviz.hdi(draws.pooled, prob))
    by_chain = np.asarray(arviz.hdi(draws.by_chain, prob))
    errors = spread(by_chain) * np.sqrt(len(by_chain)) / np.cbrt(len(by_chain))
    return HighestDensity(ends[None], errors[None], ROUGH)
