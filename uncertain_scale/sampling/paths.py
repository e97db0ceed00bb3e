"""Shocks at several dates: what joins dates draws each trend on one path.

A question of one date takes a shock of its own, whatever other dates there are. Where two dates
meet, in a choice, a ratio or a comparison, the first keeps its draws, and each later one is given
those before it: a shock at t is the normalised sum of the walk's increments from the level's day a
to t, and of one value's scatter. Walks that return to their line forget at their rate r:

    Cov = v1 v2 integral of exp(-r1 |t1 - s| - r2 |t2 - s|) over s in both (a1, t1) and (a2, t2),

negative where one runs forward there and the other backward, and s1 s2 more on one and the same
date. Without a return, from one level's day, that is a correlation of sqrt(t1 / t2), t counted from
that day, and of 0 on opposite sides of it. Volatility, return and scatter are those of each draw.

Reference: Uhlenbeck, G. E. and Ornstein, L. S. (1930), doi:10.1103/PhysRev.36.823.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.distributions import Normal
from uncertain_scale.inputs.prior import correlation_matrix
from uncertain_scale.sampling.chains import as_tree
from uncertain_scale.sampling.dependence import cholesky
from uncertain_scale.sampling.engine import Simulation, each, propagate
from uncertain_scale.sampling.sample import sample
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import xarray as xr

    from uncertain_scale.inputs.trends import Trend
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["MOST_DATES", "Paths", "Span", "correlation", "sample_beside"]

MOST_DATES = 50
"""Dates that are joined: a draw holds the correlations of all pairs."""
_LEAST = 1e-7  # of what a date adds to those before it
_STANDARD = Normal(mu=0.0, sigma=1.0)


@dataclass(frozen=True)
class Span:
    """What a walk runs over, each of shape (draw,).

    Parameters
    ----------
    since, date
        The level's day and the date, in years of the calendar.
    volatility, reversion, scatter
        As the trend has them; 0 where it has none.
    """

    since: FloatArray
    date: FloatArray
    volatility: FloatArray
    reversion: FloatArray
    scatter: FloatArray


def correlation(one: Span, other: Span) -> FloatArray:
    """Return the correlation of the shocks of one trend at two dates, shape (draw,).

    Examples
    --------
    >>> spans = [Span(*map(np.array, (2024.0, year, 0.3, 0.0, 0.0))) for year in (2025.0, 2028.0)]
    >>> float(correlation(*spans))
    0.5
    """
    with np.errstate(all="ignore"):
        sizes = np.sqrt(_covariance(one, one) * _covariance(other, other))
        found = np.where(sizes > 0, _covariance(one, other) / sizes, 0.0)
    alike = (np.asarray(getattr(one, k) == getattr(other, k)) for k in vars(one))
    return np.where(reduce(np.logical_and, alike), 1.0, np.clip(found, -1, 1))


def _covariance(one: Span, other: Span) -> FloatArray:
    from scipy.special import exprel

    ahead, astern = (np.where(span.date >= span.since, 1.0, -1.0) for span in (one, other))
    low = np.maximum(np.minimum(one.since, one.date), np.minimum(other.since, other.date))
    high = np.minimum(np.maximum(one.since, one.date), np.maximum(other.since, other.date))
    high = np.maximum(low, high)
    first, second = ahead * one.reversion, astern * other.reversion
    kept = np.exp(first * (high - one.date) + second * (high - other.date))
    walked = kept * (high - low) * exprel(-(first + second) * (high - low))
    scattered = np.where(one.date == other.date, one.scatter * other.scatter, 0.0)
    both = ahead * astern * one.volatility * other.volatility
    return np.asarray(both * walked + scattered)


class Paths:
    """The shocks of several questions that are joined draw by draw.

    Parameters
    ----------
    simulations
        The questions, whose design is one; the first that has a trend keeps its draws of it.

    Attributes
    ----------
    names
        The shocks that differ between them; none where all are of one date.

    Raises
    ------
    QuestionError
        More dates are joined than can be.
    """

    def __init__(self, simulations: Sequence[Simulation]) -> None:
        self._all = list(simulations)
        self._trends = [_shocks(one) for one in simulations]
        ends: dict[str, set[object]] = {}
        for one, trends in zip(self._all, self._trends, strict=True):
            for shock, trend in trends.items():
                days = (DATE, trend.part("level_date"))
                laws = tuple(one.priors.inputs[name].distribution for name in days)
                ends.setdefault(shock, set()).add(laws)
        self.names = tuple(shock for shock, found in ends.items() if len(found) > 1)
        most = max((len(found) for found in ends.values()), default=0)
        if most > MOST_DATES:
            raise QuestionError(
                f"{most} dates are joined draw by draw; expected at most {MOST_DATES}, take fewer"
            )

    def shocks(self, chain: int) -> list[dict[str, FloatArray]]:
        """Return the shocks of each question in a chain, those that are not its own draws."""
        found: list[dict[str, FloatArray]] = [{} for _ in self._all]
        if not self.names:
            return found
        scores = [_Scores(one, self.names, chain) for one in self._all]
        for shock in self.names:
            holders = [k for k, trends in enumerate(self._trends) if shock in trends]
            spans = [scores[k].span(self._trends[k][shock]) for k in holders]
            own = {k: f"{shock}, path {k}" for k in holders[1:]}  # no input's: names have no comma
            fresh = [scores[holders[0]].residuals[shock], *self._fresh(own.values(), chain)]
            for k, row in zip(holders, _factor(spans), strict=True):
                blend = sum(weight * one for weight, one in zip(row, fresh, strict=False))
                scores[k].residuals[shock] = np.asarray(blend)
        for k, one in enumerate(scores[1:], start=1):
            found[k] = {name: one.score(name) for name in self.names if name in self._trends[k]}
        return found

    def draws(self, chain: int) -> Iterator[dict[str, FloatArray]]:
        """Yield the draws of each question in a chain by variable, on its paths."""
        for one, shocks in zip(self._all, self.shocks(chain), strict=True):
            inputs = one.sampler().draw(one.design, chain)
            yield propagate(one.plan, inputs | shocks, one.settled)

    def _fresh(self, names: Iterable[str], chain: int) -> FloatArray:
        """Return normal scores that are no input's, each of a stream of its own name."""
        from scipy.special import ndtri

        design = self._all[0].design
        kind = design.kind if design.kind == "random" else "lhs"  # which has no end of columns
        points = replace(design, kind=kind).points(dict.fromkeys(names, 0), [chain])
        return np.asarray(ndtri(points[:, 0]))


class _Scores:
    """Normal scores of a question's shocks in a chain, as what its other inputs predict and a rest.

    The rest alone moves with the date, so that correlations hold on each date.

    Parameters
    ----------
    simulation, chain
        The question, and the number of the chain.
    shocks
        Those that move.
    """

    def __init__(self, simulation: Simulation, shocks: Sequence[str], chain: int) -> None:
        from scipy.special import ndtri

        self._plan, self._sampler = simulation.plan, simulation.sampler()
        self._levels = self._sampler.levels(simulation.design, chain)
        moving = [name for name in shocks if name in self._levels]
        ties = simulation.priors.ties
        tied = {name for tie in ties for name in tie.inputs}
        still = [name for name in self._levels if name in tied - set(moving)]
        if tied.isdisjoint(moving):
            still = []
        self._names = [*still, *moving]
        self._weights = cholesky(correlation_matrix(self._names, ties))
        scores = np.array([ndtri(self._levels[name]) for name in self._names])
        told = np.diag(self._weights.diagonal() == 0)  # by others alone: nothing is left
        self.residuals = dict(
            zip(self._names, np.linalg.solve(self._weights + told, scores), strict=True)
            if self._names
            else ()
        )

    def score(self, name: str) -> FloatArray:
        """Return the normal scores of a shock."""
        row = self._weights[self._names.index(name)]
        pairs = zip(row, self.residuals.values(), strict=True)
        return np.asarray(sum(weight * one for weight, one in pairs if weight))

    def span(self, trend: Trend) -> Span:
        """Return what a trend's walk runs over."""
        whats = ("level_date", "volatility", "reversion", "scatter")
        names = {what: trend.part(what) for what in whats if trend.part(what) in self._plan.reached}
        part = self._plan.part([DATE, *names.values()])
        inputs = self._sampler.values({name: self._levels[name] for name in part.inputs})
        values = propagate(part, inputs)
        found = {what: values[name] for what, name in names.items()}
        if not {"reversion", "scatter"} & names.keys():
            found["volatility"] = np.ones(1)  # cancels
        none = np.zeros(1)
        ends = (values[DATE], *(found.get(what, none) for what in whats))
        date, since, *rest = (one if np.ptp(one) else one[:1] for one in ends)
        return Span(since, date, *rest)


def sample_beside(first: Simulation, second: Simulation) -> xr.DataTree:
    """Answer the second of two questions with draws, its trends on the paths of the first.

    Raises as `sample` does.
    """
    paths = Paths([first, second])
    if not paths.names:
        return sample(second.problem, second.design, coupled=second.coupled)
    chains = list(each(lambda chain: [*paths.draws(chain)][1], range(second.design.chains)))
    arrays = {name: np.stack([one[name] for one in chains]) for name in second.variables}
    return as_tree(second, arrays).to_xarray()


def _shocks(simulation: Simulation) -> dict[str, Trend]:
    """Return the trends of a question that is of a date, by their shocks."""
    plan, priors = simulation.plan, simulation.priors
    if DATE not in plan.inputs:
        return {}
    found = {one.part("shock"): one for one in priors.trends.values()}
    return {
        name: one
        for name, one in found.items()
        if name in plan.inputs and priors.inputs[name].distribution == _STANDARD
    }


def _factor(spans: Sequence[Span]) -> list[list[FloatArray]]:
    """Return the rows of the Cholesky factor of the correlations of spans, draw by draw."""
    rows: list[list[FloatArray]] = []
    for span in spans:
        row: list[FloatArray] = []
        for j, before in enumerate(rows):
            inner = sum((a * b for a, b in zip(row, before, strict=False)), start=np.zeros(1))
            left = correlation(span, spans[j]) - inner
            with np.errstate(all="ignore"):
                row.append(np.where(before[j] > _LEAST, left / before[j], 0.0))
        rest = 1 - sum((one**2 for one in row), start=np.zeros(1))
        rows.append([*row, np.sqrt(np.maximum(rest, 0.0))])
    return rows
