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


@dataclass(frozen=True)
class Coupled:
    """How the beliefs of one scenario depend on those of another, coordinate by coordinate.

    Parameters
    ----------
    ranks
        Rank correlation of each coordinate (an input, or a joint sample by its name) with the same
        one of the other scenario, given the inputs that both share; 1 for those that are not named.
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
    An input that is correlated with others is coupled given those of them that are shared: these
    keep their draws, and the scenario keeps its own correlations. With the normal scores of the
    correlated inputs in an order that has the shared ones first, z = F e for the Cholesky factor F
    and independent e; a coupled input's e becomes r e + sqrt(1 - r^2) times a new score, with r the
    correlation of normal scores that belongs to its rank correlation.
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
        self._factor = cholesky(correlation_matrix(self._tied, priors.correlations))

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

        news: list[FloatArray] = []  # independent normal scores behind those of the inputs
        olds: list[FloatArray] = []
        found = {}
        for row, name in zip(self._factor, tied, strict=True):
            k = len(olds)
            score = ndtri(self.level(name, coordinate))
            rest = score - sum((row[j] * olds[j] for j in range(k)), np.zeros_like(score))
            olds.append(rest / row[k])
            if not self._is_coupled(name):
                news.append(olds[k])
                continue
            rank = self._ranks[name]
            fresh = ndtri(coordinate(_own(name)))
            news.append(fresh if rank == 0 else rank * olds[k] + np.sqrt(1 - rank**2) * fresh)
            if name in self.names:
                found[name] = ndtr(
                    sum((row[j] * news[j] for j in range(k + 1)), np.zeros_like(score))
                )
        return found


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
