"""Draws of a scenario that is compared with another: which of its beliefs share their quantiles.

Without a coupling two scenarios read every input at the same quantile. A coordinate that is coupled
otherwise blends its own with one from a stream of its own, which moves no other coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.overlay import correlation_matrix
from uncertain_scale.sampling.dependence import InputSampler, cholesky

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.sampling.dependence import Coordinates
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Coupled", "CoupledSampler"]

_STEPS = 21
_LEAST = 1e-9


@dataclass(frozen=True)
class Coupled:
    """How the beliefs of one scenario depend on those of another, coordinate by coordinate.

    Parameters
    ----------
    ranks
        Rank correlation of each coordinate (an input, or a joint sample by its name) with the same
        one of the other scenario; 1 for those that are not named.
    first
        Number of the first column of the unit cube that neither scenario uses.
    without
        Variables whose priors are not drawn from, since they are given or computed.
    """

    ranks: Mapping[str, float]
    first: int
    without: frozenset[str] = frozenset()


class CoupledSampler(InputSampler):
    """Draws the inputs of a scenario as it is compared with another.

    Parameters
    ----------
    priors, names, given
        As in `InputSampler`.
    coupled
        What does not share its quantile with the other scenario.

    Notes
    -----
    An input that is correlated with others is given new normal scores that have the stated
    correlations with the scenario's other inputs, whose draws stay, and with the scores that it has
    in the other scenario. Where correlations within a scenario do not allow as much (an input that
    both share ties its partners to one another), these come as near as they can to what is
    asked: at worst they are so given the inputs that both share.
    """

    def __init__(
        self, priors: Priors, names: Sequence[str], given: Sequence[str], coupled: Coupled
    ) -> None:
        super().__init__(priors, names, given)
        self._first = coupled.first
        self._ranks = {
            name: float(2 * np.sin(np.pi * rank / 6))
            for name, rank in coupled.ranks.items()
            if rank != 1
        }
        tied = {
            name
            for tie in priors.correlations
            for name in tie.inputs
            if name not in coupled.without and name not in given
            if not priors.inputs[name].joint
        }
        ordered = sorted((name for name in priors.inputs if name in tied), key=self._is_coupled)
        self._tied = tuple(ordered) if any(map(self._is_coupled, ordered)) else ()
        ranks = [self._ranks.get(name, 1.0) for name in self._tied]
        matrix = correlation_matrix(self._tied, priors.correlations)
        self._weights, self._fresh = _new_scores(matrix, np.array(ranks))

    @property
    def positions(self) -> dict[str, int]:
        """Position in the unit cube of each coordinate that is drawn from."""
        inputs = {*self.names, *self._tied_and_wanted()}
        shared = self.positions_of([name for name in self._priors.inputs if name in inputs])
        own = {
            _own(name): self._first + self._positions[name]
            for name in shared
            if self._is_coupled(name)
        }
        return shared | own

    def levels(self, design: Coordinates, chain: int) -> dict[str, FloatArray]:
        """Return the level of each draw by input, as `InputSampler.levels` does."""
        columns: dict[str, FloatArray] = {}
        positions = self.positions

        def coordinate(name: str) -> FloatArray:
            if name not in columns:
                columns[name] = design.column(name, position=positions[name], chain=chain)
            return columns[name]

        levels = {name: self.level(name, coordinate) for name in self.names}
        tied = self._tied_and_wanted()
        if tied:
            levels |= self._tied_levels(tied, coordinate)
        for name in levels:
            own = self._priors.inputs[name].joint or name
            if self._is_coupled(own) and name not in tied:
                levels[name] = _blend(coordinate(own), coordinate(_own(own)), self._ranks[own])
        return levels

    def _is_coupled(self, coordinate: str) -> bool:
        return coordinate in self._ranks

    def _tied_and_wanted(self) -> tuple[str, ...]:
        """Return all correlated inputs, shared ones first, where a coupled one is wanted."""
        wanted = any(name in self.names for name in self._tied if self._is_coupled(name))
        return self._tied if wanted else ()

    def _tied_levels(
        self, tied: Sequence[str], coordinate: Callable[[str], FloatArray]
    ) -> dict[str, FloatArray]:
        """Return the levels of the wanted ones of correlated inputs that are coupled."""
        from scipy.special import ndtr, ndtri

        scores = [ndtri(self.level(name, coordinate)) for name in tied]
        movers = [name for name in tied if self._is_coupled(name)]
        fresh = [ndtri(coordinate(_own(name))) for name in movers]
        found = {}
        for k, name in enumerate(movers):
            if name in self.names:
                score = np.zeros_like(scores[0])
                for weight, old in zip(self._weights[k], scores, strict=True):
                    score += weight * old
                for weight, new in zip(self._fresh[k], fresh, strict=True):
                    score += weight * new
                found[name] = ndtr(score)
        return found


def _new_scores(matrix: FloatArray, ranks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weights of old and of fresh scores in the new ones of the inputs that are coupled.

    Parameters
    ----------
    matrix
        Correlations of the normal scores, the coupled inputs last.
    ranks
        Correlation of each input's new scores with its old ones; 1 for those that are shared.

    Returns
    -------
    weights, fresh
        Shapes (coupled, all) and (coupled, coupled).
    """
    shared = int(np.count_nonzero(ranks == 1))
    factor = cholesky(matrix)
    own = matrix[shared:, shared:]
    wanted = matrix[shared:].copy()
    together = np.outer(ranks[shared:], ranks[shared:])
    wanted[:, shared:] *= np.sqrt(np.abs(together)) * np.sign(ranks[shared:])
    wanted[:, shared:][together < 0] = 0
    given_shared = factor[shared:] * ranks @ factor.T
    for share in np.linspace(0, 1, _STEPS):
        across = (1 - share) * wanted + share * given_shared
        weights = np.linalg.solve(matrix, across.T).T
        rest = own - weights @ across.T
        if np.linalg.eigvalsh(rest).min(initial=1.0) > _LEAST:
            return weights, cholesky(rest)
    return weights, cholesky(rest + _LEAST * np.eye(len(rest)))


def _own(coordinate: str) -> str:
    """Return the name of the coordinate that one which is coupled has of its own."""
    return f"{coordinate}, coupled"  # no input's: names have no comma


def _blend(shared: FloatArray, own: FloatArray, correlation: float) -> FloatArray:
    """Return levels whose normal scores correlate with those of shared ones."""
    if correlation == 0:
        return own
    from scipy.special import ndtr, ndtri

    scores = correlation * ndtri(shared) + np.sqrt(1 - correlation**2) * ndtri(own)
    levels: FloatArray = ndtr(scores)
    return levels
