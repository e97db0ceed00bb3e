"""Mean and standard deviation with their errors, whether they exist, and whether draws settle them.

That a moment exists, or not, follows from the model alone. Draws tell how heavy a tail seems, and
whether so many of them can bear the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from uncertain_scale.sampling.rare_values import hidden_moment, rare_of
from uncertain_scale.statistics.intervals import skewed_spread, spread
from uncertain_scale.statistics.tails import FarTail, tail_index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from uncertain_scale.sampling.rare_values import Rare
    from uncertain_scale.statistics.sketch import AnyDraws

State: TypeAlias = Literal["exact", "estimated", "unsettled", "none"]

# How many draws make a tail, in roots of their number, and the tail index above which the first and
# the second moment are in doubt. Three roots is what Pareto smoothing takes. Four times as many
# tell a power from a lognormal best (at 65,536 draws: 0.99 +- 0.04 for 1/U, 0.48 +- 0.02 for a t
# with 2 degrees of freedom, 0.32 +- 0.02 for a lognormal with sigma 1.2); few find a pole that only
# the farthest draws come near.
_TAILS = ((12.0, 0.85, 0.42), (3.0, 0.85, 0.55), (0.8, 0.95, 0.75))
_MOST_ROOTS = max(_TAILS)[0]
_FEWEST = 25
_MOST = 1 / 20  # of the draws
# With fewer draws the fit is noisier, and the limits are those of Pareto smoothing or above.
_PLENTY = 1500
_SCANT = (0.85, 0.6)
# An index found by asking the model is exact to about a hundredth.
_EXACT = (0.98, 0.49)
_FINE = (0.0, "")
# The share of a moment beyond all draws above which it is not settled.
_MISSING = 0.1
# Roots of the number of draws in a tail that tells what lies beyond all of them where the model
# does not tell that a moment exists: a power of the logarithm beside one of the draw is seen by few
# alone. Of 1/(u(1 - ln u)^2), with the mean 1, 16,384 draws miss 21% by three roots and 6% by
# twelve, of a lognormal with sigma 1.5 0.7% and 0.5%.
_FEW_ROOTS = 3.0
# From the model's index, a lower bound, the moments are in doubt as from the draws'.
_CLOSE = (0.85, 0.42)
# Of what a chain's last cell of a stratified design adds to a mean, this much of the square of the
# average is not by chance: 1 where cells are those of one input, 0 where draws fall anywhere.
_STRATIFIED = 0.5

# See `skewed_spread`.
_WIDER_MEAN, _WIDER_SD = 0.3, 0.8
# Farthest draws of a chain by whose numbers in each the stratification of a tail is judged: that of
# its last cell alone, and some, since a sum of several inputs is even by the latter and not by the
# former (by eight alone, the sd of three lognormals missed by four errors in 2% of the runs). Where
# it is even, the chains are skewed by their last cells, which the tail's error has already. By
# both, printed errors of the sd of one lognormal, gamma or t had 2.6 to 3.4 times the rms of the
# real ones (Sobol' nets and Latin hypercubes, 16 x 4,096 draws, 150 runs); by the tail's alone 1.0
# to 1.2 times, and the truth within two of them in 93 to 99% of the runs.
# By draws alone, without what the model tells of the power of the tail, those of a t with 5 degrees
# of freedom would hold it in 80% only, so the model must tell which moments there are.
_EVEN = np.array([1, 8])
_TOO_WIDE = (
    "standard deviation not settled at these draws: their squares leave the range of numbers"
)
_NAMES = {1: ("mean", "average"), 2: ("standard deviation", "average square")}


@dataclass(frozen=True)
class Facts:
    """What the model tells of an output's moments; see `sampling.moment_facts`.

    Parameters
    ----------
    tail_index
        Moments of order 1/k and above do not exist.
    moment_order
        Moments below this order exist.
    rises
        Above 0 where a tail gets heavier and heavier as far as it can be followed.
    least, most
        Ends of the range.
    exact_mean, exact_sd
        The moments themselves, nan where only draws give them.
    rare
        Inputs with values of small probability; see `sampling.rare_values`.
    """

    tail_index: float = 0.0
    moment_order: float = 0.0
    rises: float = 0.0
    least: float = -np.inf
    most: float = np.inf
    exact_mean: float = np.nan
    exact_sd: float = np.nan
    rare: tuple[Rare, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether draws are not needed for either."""
        return bool(np.isfinite(self.exact_mean) and np.isfinite(self.exact_sd))

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Facts:
        """Read the attributes of an output's draws."""
        names = [name for name in cls.__annotations__ if name in attributes and name != "rare"]
        return cls(**{name: float(attributes[name]) for name in names}, rare=rare_of(attributes))


@dataclass(frozen=True)
class Moment:
    """A mean or a standard deviation.

    Parameters
    ----------
    value, mcse
        The figure and its Monte Carlo error; nan where there is none.
    state
        "exact", "estimated", "unsettled" (these draws do not bear it), or "none" (it does not
        exist).
    reason
        What a reader should know where it is unsettled or none.
    """

    value: float
    mcse: float
    state: State = "estimated"
    reason: str = ""


LEVELS = np.array([0.16, 0.5, 0.84])
"""Levels at which draws are looked at in order, besides the tails."""


def largest_tail(size: int) -> int:
    """Return how many draws of so many make the largest tail that is looked at."""
    return int(min(_MOST_ROOTS * np.sqrt(size), _MOST * size))


def moments(draws: AnyDraws, facts: Facts) -> tuple[Moment, Moment]:
    """Return the mean and the standard deviation of an output that varies.

    Parameters
    ----------
    draws
        Draws of one output.
    facts
        What the model tells of them.

    Notes
    -----
    What the model gives is no estimate. A moment is `none` where that follows from the model. Where
    the model does not tell that it exists, it is unsettled if the draws' tail falls so slowly that
    it may not, see `heaviness`, or a tail does by the model. Whether it exists or not, it is
    unsettled if more than a tenth of it seems to lie beyond all draws, or if it rests on a value of
    an input that fewer than ten draws are expected to hold.
    """
    tails, doubts = cache(partial(far_tails, draws, facts)), cache(partial(heaviness, draws))

    def moment(order: int) -> Moment:
        return _moment(order, draws, facts, tails, doubts)

    return moment(1), moment(2)


def _moment(
    order: int,
    draws: AnyDraws,
    facts: Facts,
    tails_of: Callable[[float], list[FarTail]],
    doubts: Callable[[], tuple[tuple[float, str], tuple[float, str]]],
) -> Moment:
    exact = (facts.exact_mean, facts.exact_sd)[order - 1]
    if np.isfinite(exact):
        return Moment(exact, 0.0 if draws.chains > 1 else np.nan, "exact")
    if facts.tail_index >= _EXACT[order - 1]:
        return Moment(np.nan, np.nan, "none", _denial(order, facts.tail_index))
    tails = tails_of(_MOST_ROOTS)
    value, error = (mean, standard_deviation)[order - 1](draws, tails, known=facts.moment_order > 0)
    if np.isnan(value):
        return Moment(np.nan, np.nan, "unsettled", _TOO_WIDE)
    hidden, rare = hidden_moment(order, facts.rare, draws.size)
    if hidden and hidden > _MISSING * _typical(draws, order):
        said = f"{_NAMES[order][0]} not settled at these draws: {rare}"
        return Moment(value, error, "unsettled", said)
    if hidden:
        error = float(np.hypot(error, hidden if order == 1 else hidden / (2 * value)))
    exists = facts.moment_order > order
    index, side = _FINE if exists else doubts()[order - 1]
    missing = _missing(draws, tails, order)
    unknown = "" if exists else _slow(order, facts)
    if not exists:
        missing = max(missing, _missing(draws, tails_of(_FEW_ROOTS), order))
    if side or unknown or missing > _MISSING:
        reason = _doubt(order, (index, side), missing, unknown, exists=exists)
        return Moment(value, error, "unsettled", reason)
    return Moment(value, error)


def heaviness(draws: AnyDraws) -> tuple[tuple[float, str], tuple[float, str]]:
    """Return a tail index and its tail where the mean, and where the sd, may not exist.

    Parameters
    ----------
    draws
        Draws of one output.

    Returns
    -------
    mean, sd
        (0, "") where nothing in the draws is against it.

    Notes
    -----
    Where P(|X| > x) falls like x^(-1/k), moments of order 1/k and above do not exist. The index k
    is fitted to both tails, over three numbers of draws, and the largest counts. Draws alone prove
    nothing: a tail that falls like a power as far as they go may end just beyond.

    References
    ----------
    Zhang and Stephens (2009), doi:10.1198/tech.2009.08017. Vehtari, Simpson, Gelman, Yao and Gabry
    (2024), Pareto smoothed importance sampling, arXiv:1507.02646.

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> u = np.random.default_rng(1).random((16, 4096))
    >>> heaviness(Draws(u))
    ((0.0, ''), (0.0, ''))
    >>> heaviness(Draws(1 / u))[0][1]
    'the upper tail'
    """
    doubts = [_FINE, _FINE]
    for roots, *limits in _TAILS:
        size = int(min(roots * np.sqrt(draws.size), _MOST * draws.size))
        if size < _FEWEST:
            continue
        scant = roots == _MOST_ROOTS and size < _PLENTY
        lower, upper = -draws.lowest(size + 1)[::-1], draws.highest(size + 1)
        for tail, side in ((lower, "the lower tail"), (upper, "the upper tail")):
            index = tail_index(tail)
            for order, limit in enumerate(_SCANT if scant else limits):
                if index > max(limit, doubts[order][0]):
                    doubts[order] = (index, side)
    return doubts[0], max(doubts)


def far_tails(
    draws: AnyDraws, facts: Facts | None = None, roots: float = _MOST_ROOTS
) -> list[FarTail]:
    """Return both tails of an output's distances from its median, as far as they can be fitted.

    Parameters
    ----------
    draws
        Draws of one output.
    facts
        What the model tells of its range.
    roots
        Draws of a tail, in roots of their number.
    """
    facts = facts or Facts()
    size = min(int(roots * np.sqrt(draws.size)), largest_tail(draws.size))
    if size < _FEWEST:
        return []
    middle = _middle(draws)
    sides = (
        (draws.highest(size + 1) - middle, facts.most - middle),
        ((middle - draws.lowest(size + 1))[::-1], middle - facts.least),
    )
    # The model tells how slowly the heavier of the two falls in the end, but not which it is.
    ends = [float(tail[-1]) for tail, _ in sides]
    power = facts.tail_index if facts.tail_index < _EXACT[1] else 0.0
    powers = [power if end == max(ends) else 0.0 for end in ends]
    fitted = [
        FarTail.fit(tail, size, draws.size, most, power)
        for (tail, most), power in zip(sides, powers, strict=True)
    ]
    return [tail for tail in fitted if tail is not None]


def mean(
    draws: AnyDraws, tails: list[FarTail] | None = None, *, known: bool = False
) -> tuple[float, float]:
    """Return the mean and its Monte Carlo error.

    Parameters
    ----------
    draws
        Draws of one output.
    tails
        As `far_tails` finds them.
    known
        Whether the model tells how slowly the tails fall.
    """
    tails = far_tails(draws) if tails is None else tails
    wider = _WIDER_MEAN * (1 - stratification(draws)) if tails and known else _WIDER_MEAN
    error = float(skewed_spread(draws.means(), wider))
    return draws.mean(), _with_tails(error, draws, tails, 1)


def standard_deviation(
    draws: AnyDraws, tails: list[FarTail] | None = None, *, known: bool = False
) -> tuple[float, float]:
    """Return the standard deviation of the pooled draws and its Monte Carlo error.

    Parameters
    ----------
    draws
        Draws of one output.
    tails, known
        As in `mean`.

    Notes
    -----
    The error is that of the mean of the standard deviation's influence, ((x - mean)^2/sd - sd)/2.

    Squares about the mean of the draws are too small by the variance of that mean, which is theirs
    over n for independent draws (hence n/(n - 1)) and hardly anything for stratified ones. It is
    taken from the spread of the chains.
    """
    tails = far_tails(draws) if tails is None else tails
    scale, squares = draws.mean_squares()
    off = float(spread(draws.means())) / scale
    missed = off * off if np.isfinite(off) else squares.mean() / max(draws.size - 1, 1)
    sd = float(np.sqrt(squares.mean() + missed))
    if not sd:
        return 0.0, 0.0
    if np.isinf(sd):
        return np.nan, np.nan
    wider = _WIDER_SD * (1 - stratification(draws)) if tails and known else _WIDER_SD
    error = scale * float(skewed_spread(squares, wider)) / (2 * sd)
    return scale * sd, _with_tails(error, draws, tails, 2, scale * sd)


def stratification(draws: AnyDraws) -> float:
    """Return how evenly chains share the farthest draws.

    Parameters
    ----------
    draws
        Draws of one output.

    Returns
    -------
    float
        1 where each chain has as many of them, on either side, and 0 where their numbers vary as
        those of independent draws do, or more.

    Examples
    --------
    >>> from uncertain_scale.statistics.draws import Draws
    >>> cells = np.arange(512) + np.random.default_rng(1).random((16, 512))
    >>> stratification(Draws(cells))
    1.0
    """
    ranks = _EVEN * draws.chains
    if draws.chains < 2 or 2 * ranks.max() > draws.size:
        return 0.0
    # Midway between two draws, so that the numbers are whole.
    low, high = (
        draws.shares_below(draws.at(places - 0.5)) for places in (ranks, draws.size - ranks)
    )
    counts = np.concatenate([low, 1 - high], axis=1) * draws.size / len(low)
    ratios = counts.var(axis=0, ddof=1) / np.maximum(counts.mean(axis=0), 1.0)
    return float(max(1 - ratios.max(), 0.0))


def _with_tails(
    error: float, draws: AnyDraws, tails: list[FarTail], order: int, sd: float = np.nan
) -> float:
    """Return the error of a moment, no less than the tails make it.

    The few draws beyond a share 1/n of a chain of n are what a stratified design leaves to chance,
    and where all of them are small, so is the spread of the chains. A fit to many more draws is
    surer. What lies beyond all draws is missing in nearly every run, and so counts twice, or once
    where the model tells how slowly the tail falls, so that it is no guess.
    """
    if not tails:
        return error
    chains, unit = draws.chains, _unit(tails)
    square = missing = 0.0
    for tail in tails:
        once, twice = (tail.moment(order, chains, power, unit) for power in (1, 2))
        square += max(twice - _STRATIFIED * once**2 * draws.size / chains, 0.0) / draws.size
        times = 1 if tail.power else 2
        missing = max(missing, times * tail.moment(order, 1.0, unit=unit))
    far = np.hypot(np.sqrt(square), missing) * (unit if order == 1 else unit / (2 * sd) * unit)
    return float(np.maximum(error, far))  # nan for one chain


def _missing(draws: AnyDraws, tails: list[FarTail], order: int) -> float:
    """Return which share of a mean distance from the middle, or of its square, no draw reaches."""
    if not tails:
        return 0.0
    unit = _unit(tails)
    typical = _typical(draws, order, unit)
    return max(tail.moment(order, 1.0, unit=unit) for tail in tails) / typical if typical else 0.0


def _typical(draws: AnyDraws, order: int, unit: float = 1.0) -> float:
    """Return a typical distance from the middle in some unit, or the mean of its square."""
    off = (draws.mean() - _middle(draws)) / unit
    if order == 1:
        low, high = draws.at(LEVELS[[0, -1]] * (draws.size - 1)) / unit
        return max(abs(off), float(high - low) / 2)
    scale, squares = draws.mean_squares()
    size = scale / unit
    return size * size * float(squares.mean()) + off * off


def _unit(tails: list[FarTail]) -> float:
    """Return a distance in units of which squares stay within the range of numbers."""
    return max(tail.threshold for tail in tails)


def _middle(draws: AnyDraws) -> float:
    return float(draws.at(np.array([(draws.size - 1) / 2]))[0])


def _denial(order: int, index: float) -> str:
    name, settles = _NAMES[order]
    for bound, least in zip((1.0, 0.5), _EXACT, strict=True):
        index = bound if least <= index < bound else index  # as exact as it is, it is the bound
    return (
        f"no {name}: by the model a tail falls like x^-{1 / index:.1f} (tail index {index:.2f}), "
        f"so the {settles} never settles"
    )


def _slow(order: int, facts: Facts) -> str:
    """Return how slowly a tail falls by the model where the moment may not exist, or nothing."""
    if facts.rises:
        return "by the model a tail falls the more slowly the farther it goes"
    if facts.tail_index < _CLOSE[order - 1]:
        return ""
    power, index = 1 / facts.tail_index, facts.tail_index
    return f"by the model a tail falls like x^-{power:.1f} (tail index {index:.2f}) or more slowly"


def _doubt(
    order: int, tail: tuple[float, str], missing: float, unknown: str, *, exists: bool
) -> str:
    name, _ = _NAMES[order]
    said = f"{name} not settled at these draws"
    index, side = tail
    if side:
        return (
            f"{said}: as far as they go {side} falls like x^-{1 / index:.1f} (tail index "
            f"{index:.2f}), too slowly to tell whether there is one; more draws, or a bound on "
            "what is behind that tail, would settle it"
        )
    there = (
        "it exists; more draws would settle it"
        if exists
        else "whether it exists the model does not tell; a bound on its tail, or more draws, would"
    )
    lack = f"about {min(missing, 1):.0%} of what makes it lies beyond all of them"
    return f"{said}: {unknown or lack}; {there}"
