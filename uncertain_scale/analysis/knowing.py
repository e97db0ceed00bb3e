"""What it is worth to know inputs, or the result of a pilot, before an option is taken.

With what is known, the option of the highest expected utility is taken. Which one that is, is
learnt from every other chain and tried on those between, so that noise gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np
from scipy.special import ndtri

from uncertain_scale.errors import QuestionError, listed, nearest
from uncertain_scale.sampling.engine import each

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from scipy import sparse

    from uncertain_scale.analysis.goals import Pilot
    from uncertain_scale.units.aliases import FloatArray

    Inputs: TypeAlias = Mapping[str, FloatArray]
    Columns: TypeAlias = FloatArray | sparse.csr_array

__all__ = ["Fit", "Outcomes", "Regressed", "Source", "folds", "gains", "sources_of"]

_CELL = 512  # draws to a cell between two knots: its noise and its width cost alike there
_KNOTS, _KNOTS_OF_SEVERAL = 65, 17  # of an input alone, and beside others
_TERMS, _DRAWS_A_TERM, _HIGHEST = 150, 50, 5  # products of inputs, and their degree
_OUTCOMES = (128, 512)
_FARTHEST = 8.5  # standard errors from a draw to outcomes that it makes likely to any digit
_BEYOND = 5  # standard errors beyond all values, between which outcomes lie
_FEWEST_WITHIN = 32  # of all draws, about as many within an error
_STEPS, _FINER = 2, 4  # outcomes to a standard error, steps from one to the next
_RIDGE = 1e-9
_NOISE = 1e-3  # share of a variance, up to which what lies over an input is a curve


class Fit(NamedTuple):
    """Products of columns with each other, and with utilities over those of the taken option."""

    gram: FloatArray
    moments: FloatArray

    def plus(self, other: Fit) -> Fit:
        """Return the sums over the draws of both."""
        return Fit(self.gram + other.gram, self.moments + other.moments)

    def among(self, options: Sequence[int]) -> Fit:
        """Return the sums of some options."""
        return Fit(self.gram, self.moments[:, options])

    def solved(self) -> FloatArray:
        """Return the coefficients of least squares."""
        size = np.sqrt(np.diagonal(self.gram, axis1=-2, axis2=-1))
        size = np.where(size > 0, size, 1.0)[..., None]
        scaled = self.gram / (size * np.swapaxes(size, -1, -2)) + _RIDGE * np.eye(size.shape[-2])
        return np.asarray(np.linalg.solve(scaled, self.moments / size) / size)


@dataclass(frozen=True, eq=False)
class Regressed:
    """Inputs whose values would be known: utilities are regressed on them.

    Parameters
    ----------
    name, members
        What they are called, and which they are.
    reference
        A chain's draws.
    draws
        How many a fit rests on.

    Notes
    -----
    The regressors are lines between knots in the rank of each input; of several, their logarithms,
    and products of their normal scores.

    References
    ----------
    Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910.
    """

    name: str
    members: Sequence[str]
    reference: Inputs
    draws: int

    def columns(self, inputs: Inputs) -> Columns:
        """Return the regressors, shape (draw, column); of several first 1 and their logarithms."""
        shares = [_shares(inputs[one], self._sorted[one]) for one in self.members]
        if len(shares) == 1:
            return _hats(shares, self.knots)
        scores = [ndtri(one) for one in shares]
        straight = (
            np.log(np.maximum(inputs[one], least)) if (least := self._sorted[one][0]) > 0 else score
            for one, score in zip(self.members, scores, strict=True)
        )
        hats = _hats(shares, min(self.knots, _KNOTS_OF_SEVERAL)).toarray()
        products = _products(scores, self.draws)
        return np.column_stack([np.ones_like(scores[0]), *straight, hats, *products])

    @property
    def knots(self) -> int:
        """How many the draws bear."""
        return min(max(self.draws // _CELL, 1) + 1, _KNOTS)

    @cached_property
    def _sorted(self) -> Inputs:
        return {name: np.sort(self.reference[name]) for name in self.members}

    def collect(self, over: FloatArray, inputs: Inputs) -> Fit:
        """Return a chain's sums, from utilities over those of the taken option, (draw, option)."""
        return _sums(self.columns(inputs), over)

    def taken(self, inputs: Inputs, fit: Fit) -> Collection[int]:
        """Return the options that would be taken in a chain."""
        return set(map(int, (self.columns(inputs) @ fit.solved()).argmax(axis=1)))

    def gain(self, over: FloatArray, inputs: Inputs, fit: Fit) -> float:
        """Return what a chain gains on average by the options that a fit takes."""
        if len(self.members) == 1 and _follow(over, inputs[self.members[0]]):
            return float(over.max(axis=1).mean())
        return _gain(over, self.columns(inputs) @ fit.solved())


@dataclass(frozen=True, eq=False)
class Indexed:
    """Several inputs, by two indices of them for each option: utilities may jump along these.

    Parameters
    ----------
    inputs
        The inputs.
    fit
        Of utilities on them. What it expects is an index, and so is what lines in the logarithms
        do, which have the right direction wherever utilities rest on a product of powers.

    References
    ----------
    Li and Duan (1989), doi:10.1214/aos/1176347254.
    """

    inputs: Regressed
    fit: Fit

    def _indices(self, inputs: Inputs) -> list[FloatArray]:
        columns, few = self.inputs.columns(inputs), len(self.inputs.members) + 1
        straight = Fit(self.fit.gram[:few, :few], self.fit.moments[:few])
        return [columns @ self.fit.solved(), columns[:, :few] @ straight.solved()]

    @cached_property
    def _sorted(self) -> list[FloatArray]:
        return [np.sort(one, axis=0) for one in self._indices(self.inputs.reference)]

    def _columns(self, inputs: Inputs) -> Iterator[Columns]:
        found, knots = self._indices(inputs), self.inputs.knots
        for k in range(self.fit.moments.shape[1]):
            pairs = zip(found, self._sorted, strict=True)
            yield _hats([_shares(one[:, k], known[:, k]) for one, known in pairs], knots)

    def collect(self, over: FloatArray, inputs: Inputs) -> Fit:
        """Return a chain's sums, by option."""
        pairs = zip(self._columns(inputs), over.T, strict=True)
        found = [_sums(one, own[:, None]) for one, own in pairs]
        return Fit(*map(np.stack, zip(*found, strict=True)))

    def gain(self, over: FloatArray, inputs: Inputs, fit: Fit) -> float:
        """Return what a chain gains on average by the options that a fit takes."""
        pairs = zip(self._columns(inputs), fit.solved(), strict=True)
        return _gain(over, np.hstack([one @ own for one, own in pairs]))


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The result of a pilot: draws are weighted by how likely they make each of its outcomes.

    Parameters
    ----------
    pilot
        What it measures, and how well.
    outcomes
        Values that it could find, at equal distances in the scale of its error.
    sigma
        Standard deviation of its error, in that scale.

    Notes
    -----
    An outcome's probability and what is expected given it are averages over draws with the
    likelihood as the weight, as conditioning has them. Half a standard error or less apart, sums
    over outcomes are integrals of a normal density to all digits; the options' expectations, the
    greatest of which has bends, are taken at finer steps by splines.
    """

    pilot: Pilot
    outcomes: FloatArray
    sigma: float

    @property
    def name(self) -> str:
        """The pilot as it was typed."""
        return self.pilot.text

    def _weights(self, inputs: Inputs) -> FloatArray:
        """Return the probability of each outcome given a draw, shape (draw, outcome)."""
        values, outcomes = inputs[self.pilot.input], self.outcomes
        if self.pilot.relative:
            values, outcomes = np.log(values), np.log(outcomes)
        step, count = (outcomes[-1] - outcomes[0]) / (len(outcomes) - 1), len(outcomes)
        near = min(int(np.ceil(_FARTHEST * self.sigma / step)), count)
        # Few outcomes have a weight that a sum would show; beyond the ends there are none.
        places = np.rint((values - outcomes[0]) / step).astype(int)[:, None]
        places = places + np.arange(-near, near + 1)
        inside = (places >= 0) & (places < count)
        places = np.clip(places, 0, count - 1)
        weights = np.exp(-0.5 * np.square((values[:, None] - outcomes[places]) / self.sigma))
        weights[~inside] = 0.0
        total = weights.sum(axis=1, keepdims=True)
        weights /= np.where(total > 0, total, 1.0)
        rows = count * np.arange(len(values))[:, None]
        every = np.bincount((rows + places).ravel(), weights.ravel(), count * len(values))
        return np.asarray(every.reshape(len(values), count), dtype=float)

    def collect(self, over: FloatArray, inputs: Inputs) -> Fit:
        """Return a chain's sums."""
        return Fit(np.zeros((0, 0)), self._weights(inputs).T @ over)

    def taken(self, inputs: Inputs, fit: Fit) -> Collection[int]:  # noqa: ARG002 (as others)
        """Return the options that would be taken."""
        return set(map(int, fit.moments.argmax(axis=1)))

    def gain(self, over: FloatArray, inputs: Inputs, fit: Fit) -> float:
        """Return what a chain gains on average by the options that a fit takes."""
        own = _between(self.collect(over, inputs).moments) / over.shape[0]
        return float(own[np.arange(len(own)), _between(fit.moments).argmax(axis=1)].sum())


Source: TypeAlias = Regressed | Indexed | Outcomes
"""What may be known."""


def _between(moments: FloatArray) -> FloatArray:
    """Return moments at steps between outcomes too, which add up to theirs."""
    from scipy.interpolate import CubicSpline

    places = np.arange((len(moments) - 1) * _FINER + 1) / _FINER
    return np.asarray(CubicSpline(np.arange(len(moments)), moments)(places) / _FINER)


def sources_of(
    inputs: Inputs,
    groups: Mapping[str, Sequence[str]],
    pilots: Sequence[Pilot],
    draws: int,
    names: Collection[str],
) -> Iterator[Regressed | Outcomes]:
    """Yield what may be known: each input, groups of them, and results of pilots.

    Parameters
    ----------
    inputs
        Draws of one chain, by the input's name.
    groups
        Members by name; an input that scenarios hold for different facts stands for all of them,
        and what is not uncertain adds nothing.
    pilots
        Measurements of inputs.
    draws
        How many a fit rests on.
    names
        All that may be a member.

    Raises
    ------
    QuestionError
        A member that is no input, a group of none that is uncertain or with the name of an input,
        or a pilot whose error is a share of what may be 0 or below.
    """
    sets = {name: [name] for name in inputs}
    for group, members in groups.items():
        if group in {name.split(" ")[0] for name in inputs}:
            raise QuestionError(f"group '{group}' has the name of an input; choose another")
        found = [_facts(group, member, inputs, names) for member in members]
        sets[group] = list(dict.fromkeys(name for one in found for name in one))
        if not sets[group]:
            raise QuestionError(
                f"group '{group}' holds nothing that is uncertain in these options; expected some "
                f"of {listed(list(inputs))}"
            )
    for name, own in sets.items():
        yield Regressed(name, own, inputs, draws)
    yield from (_outcomes(pilot, inputs[pilot.input], draws) for pilot in pilots)


def _facts(group: str, member: str, inputs: Inputs, names: Collection[str]) -> list[str]:
    found = [name for name in inputs if member in {name, name.split(" ")[0]}]
    if not found and member not in names:
        raise QuestionError(
            f"group '{group}' holds '{member[:60]}', which is no input; {nearest(member, names)}"
        )
    return found


def _outcomes(pilot: Pilot, values: FloatArray, draws: int) -> Outcomes:
    """Return a pilot with its outcomes; an error that few draws would lie within is widened."""
    if pilot.relative and values.min() <= 0:
        raise QuestionError(
            f"pilot '{pilot.text[:60]}': {pilot.input} may be 0 or below, of which an error is no "
            "share; state the error in its units"
        )
    scaled = np.log(values) if pilot.relative else values
    sigma = max(pilot.sigma, float(scaled.std()) * _FEWEST_WITHIN / draws)
    low, high = scaled.min() - _BEYOND * sigma, scaled.max() + _BEYOND * sigma
    found = np.linspace(low, high, int(np.clip(_STEPS * (high - low) / sigma, *_OUTCOMES)))
    return Outcomes(pilot, np.exp(found) if pilot.relative else found, sigma)


def folds(fits: Sequence[Sequence[Fit]]) -> list[list[Fit]]:
    """Return the sums over even chains and over odd ones, by source; of one chain, its own twice.

    Parameters
    ----------
    fits
        By chain and source.
    """
    halves = []
    for half in (fits[::2], fits[1::2] or fits):
        total = list(half[0])
        for chain in half[1:]:
            total = [one.plus(other) for one, other in zip(total, chain, strict=True)]
        halves.append(total)
    return halves


def gains(
    sources: Sequence[Regressed | Outcomes],
    taught: Sequence[Sequence[Fit]],
    over: Callable[[int], FloatArray],
    inputs: Callable[[int], Inputs],
    chains: int,
) -> FloatArray:
    """Return what chains gain by knowing, by three ways of learning what to take then.

    Parameters
    ----------
    sources
        What may be known.
    taught
        The sums of even chains and of odd ones, as `folds` returns them.
    over, inputs
        By chain, utilities over those of the option that is taken without, and the inputs.
    chains
        How many there are.

    Returns
    -------
    array of shape (source, way, chain)
        Learnt from the half that a chain is not of; from its own; and from the former without
        indices, which only several inputs have.
    """
    plain: list[list[tuple[Source, Fit]]] = [[*zip(sources, fits, strict=True)] for fits in taught]
    lessons = [list(one) for one in plain]
    several = [k for k, one in enumerate(sources) if isinstance(one, Regressed) and one.members[1:]]
    if several:
        again = [
            {k: Indexed(cast("Regressed", sources[k]), own[k]) for k in several} for own in taught
        ]

        def collect(chain: int) -> list[Fit]:
            return [one.collect(over(chain), inputs(chain)) for one in again[chain % 2].values()]

        for half, fits in enumerate(folds(list(each(collect, range(chains))))):
            for (k, one), fit in zip(again[half].items(), fits, strict=True):
                lessons[half][k] = one, fit

    def gain(chain: int) -> list[list[float]]:
        found, known, half = over(chain), inputs(chain), chain % 2
        others, own = (
            [one.gain(found, known, fit) for one, fit in lessons[which]]
            for which in (1 - half, half)
        )
        simple = list(others)
        for k in several:
            one, fit = plain[1 - half][k]
            simple[k] = one.gain(found, known, fit)
        return [others, own, simple]

    return np.array(list(each(gain, range(chains)))).transpose(2, 1, 0)


def _sums(columns: Columns, over: FloatArray) -> Fit:
    """Return the sums of products of columns with each other and with utilities."""
    gram = columns.T @ columns
    return Fit(gram if isinstance(gram, np.ndarray) else gram.toarray(), columns.T @ over)


def _gain(over: FloatArray, expected: FloatArray) -> float:
    return float(over[np.arange(len(over)), expected.argmax(axis=1)].mean())


def _shares(values: FloatArray, known: FloatArray) -> FloatArray:
    """Return the share of others, in ascending order, that lie below values, and half of equals."""
    ranks = np.searchsorted(known, values) + np.searchsorted(known, values, side="right")
    return np.asarray(np.clip(ranks, 1, 2 * known.size - 1) / (2 * known.size))


def _hats(shares: Sequence[FloatArray], knots: int) -> sparse.csr_array:
    """Return the weights of each one's knots in lines between them, shape (draw, all knots)."""
    from scipy import sparse

    at = np.column_stack(shares)[..., None] * (knots - 1)
    places = np.minimum(at.astype(int), knots - 2) + np.arange(2)
    weights = 1 - np.abs(at - places)
    columns = places + knots * np.arange(len(shares))[:, None]
    ends = np.arange(0, weights.size + 1, 2 * len(shares))
    shape = len(at), knots * len(shares)
    return sparse.csr_array((weights.ravel(), columns.ravel(), ends), shape=shape)


def _products(scores: Sequence[FloatArray], draws: int) -> Iterator[FloatArray]:
    """Yield the products of two and more scores, of as high a degree as the draws bear."""
    count, most = len(scores), min(_TERMS, draws // _DRAWS_A_TERM)
    degrees = (one for one in range(2, _HIGHEST + 1) if comb(count + one, one) <= most)
    for degree in range(2, max(degrees, default=1) + 1):
        for factors in combinations_with_replacement(range(count), degree):
            if len(set(factors)) > 1:
                yield np.prod([scores[k] for k in factors], axis=0)


def _follow(over: FloatArray, values: FloatArray) -> bool:
    """Whether utilities in the order of an input follow from it: what is no noise has few bends.

    Reference: von Neumann, J. (1941), doi:10.1214/aoms/1177731677, with second differences.
    """
    ordered = over[np.argsort(values, kind="stable")]
    bends = np.square(np.diff(ordered, 2, axis=0)).mean(axis=0) / 6  # of noise, its variance
    return bool(bends.sum() <= _NOISE * ordered.var(axis=0).sum())
