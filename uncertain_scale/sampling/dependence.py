"""From independent coordinates to inputs that hang together.

Rank correlations come from a Gaussian copula, joint samples from whole rows. An input's own
coordinate never depends on which other inputs are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.overlay import correlation_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uncertain_scale.inputs.prior import JointSample, Prior, Priors
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Coordinates", "InputSampler", "cholesky"]


class Coordinates(Protocol):
    """What gives the points of the unit cube: a `Design`, or points chosen on purpose."""

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:
        """Return one coordinate of all points of a chain, in (0, 1)."""


class InputSampler:
    """Draws the inputs of a scenario, a chain at a time.

    Parameters
    ----------
    priors
        The scenario, in the model's units.
    names
        The inputs wanted, which are the sampler's `names`.
    given
        Variables whose priors a given overrides.

    Raises
    ------
    QuestionError
        A given stands for one input of a joint sample while others of it are drawn by rows.
    """

    def __init__(self, priors: Priors, names: Sequence[str], given: Sequence[str] = ()) -> None:
        self._priors = priors
        self.names = tuple(names)
        self._positions = {name: k for k, name in enumerate(priors.coordinates)}
        self._joints = {joint.name: joint for joint in priors.joints}
        self._copulas = _copulas(priors)
        for joint in priors.joints:
            _refuse_torn(joint, [name for name in given if name in joint.inputs], self.names)

    @property
    def coordinates(self) -> list[str]:
        """Names of the coordinates that the inputs wanted are drawn from."""
        return list(self.positions)

    @property
    def positions(self) -> dict[str, int]:
        """Position in the unit cube of each of these coordinates."""
        return self.positions_of(self.names)

    def positions_of(self, inputs: Iterable[str]) -> dict[str, int]:
        """Return the position of each coordinate that some of the inputs are drawn from."""
        found: dict[str, int] = {}
        for name in inputs:
            own = [self._priors.inputs[name].joint or name]
            coordinates, _ = self._copulas.get(name, (own, None))
            found.update((one, self._positions[one]) for one in coordinates)
        return found

    @property
    def dimension(self) -> int:
        """Number of coordinates of the whole scenario, wanted or not: the first free position."""
        return len(self._positions)

    def belief(self, name: str) -> tuple[Prior, FloatArray | None]:
        """Return an input's prior, and its column of the joint sample that it is drawn with."""
        prior = self._priors.inputs[name]
        if not prior.joint:
            return prior, None
        joint = self._joints[prior.joint]
        return prior, joint.rows[:, joint.inputs.index(name)]

    def rows_of(self, joint: str) -> int:
        """Return how many rows a joint sample has."""
        return len(self._joints[joint].rows)

    def draw(self, design: Coordinates, chain: int) -> dict[str, FloatArray]:
        """Return the draws of one chain by input, each of shape (draws,), in the model's units.

        Raises
        ------
        QuestionError
            The design has fewer columns than there are coordinates.
        """
        return self.values(self.levels(design, chain))

    def levels(self, design: Coordinates, chain: int) -> dict[str, FloatArray]:
        """Return the level of each draw by input, each of shape (draws,), in (0, 1).

        The level is what an input's quantile function is applied to, its dependence on other inputs
        already in it; inputs of one joint sample share theirs, which picks the row.

        Raises
        ------
        QuestionError
            The design has fewer columns than there are coordinates.
        """
        coordinates: dict[str, FloatArray] = {}

        def coordinate(name: str) -> FloatArray:
            if name not in coordinates:
                coordinates[name] = design.column(name, position=self._positions[name], chain=chain)
            return coordinates[name]

        return {name: self.level(name, coordinate) for name in self.names}

    def level(self, name: str, coordinate: Callable[[str], FloatArray]) -> FloatArray:
        """Return the level of each draw of one input, shape (draws,), in (0, 1).

        Parameters
        ----------
        name
            The input.
        coordinate
            Gives a coordinate of all points by its name.
        """
        joint = self._priors.inputs[name].joint
        if not joint and name in self._copulas:
            members, weights = self._copulas[name]
            return _blend([coordinate(member) for member in members], weights)
        return coordinate(joint or name)

    def values(self, levels: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return the draws at given levels, by input, in the model's units.

        Parameters
        ----------
        levels
            Levels in (0, 1) by input; those of one joint sample are given equal levels.
        """
        rows: dict[str, FloatArray] = {}
        draws: dict[str, FloatArray] = {}
        for name, level in levels.items():
            prior = self._priors.inputs[name]
            if prior.joint:
                joint = self._joints[prior.joint]
                if joint.name not in rows:
                    rows[joint.name] = joint.draw(level)
                draws[name] = rows[joint.name][:, joint.inputs.index(name)] * prior.factor
            else:
                draws[name] = prior.ppf(level)
        return draws


def _copulas(priors: Priors) -> dict[str, tuple[list[str], FloatArray]]:
    """Return, for each correlated input, the coordinates it blends and their weights.

    The weights are a row of the Cholesky factor in the scenario's order, so that an input blends
    its own coordinate with those of earlier inputs only.
    """
    tied = {name for correlation in priors.correlations for name in correlation.inputs}
    names = [name for name in priors.inputs if name in tied]
    factor = cholesky(correlation_matrix(names, priors.correlations))
    return {
        name: (
            [names[j] for j in range(k + 1) if factor[k, j] != 0],
            factor[k, : k + 1][factor[k, : k + 1] != 0],
        )
        for k, name in enumerate(names)
        if np.count_nonzero(factor[k]) > 1
    }


def cholesky(matrix: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor, each row to the bit the same whatever rows follow it.

    A blocked algorithm may order its sums by the size of the matrix; an overlay that adds a
    correlated input would then move the last bits of the others' draws.
    """
    factor = np.zeros_like(matrix)
    for k, row in enumerate(matrix):
        for j in range(k):
            factor[k, j] = (row[j] - factor[k, :j] @ factor[j, :j]) / factor[j, j]
        factor[k, k] = np.sqrt(row[k] - factor[k, :k] @ factor[k, :k])
    return factor


def _blend(coordinates: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    """Return uniform coordinates whose normal scores are the weighted sum of the given ones'."""
    from scipy.special import ndtr, ndtri

    scores = sum(
        weight * ndtri(coordinate) for weight, coordinate in zip(weights, coordinates, strict=True)
    )
    blended: FloatArray = ndtr(scores)
    return blended


def _refuse_torn(joint: JointSample, given: Sequence[str], drawn: Sequence[str]) -> None:
    rest = [name for name in joint.inputs if name in drawn and name not in given]
    if given and rest:
        raise QuestionError(
            f"'{given[0]}' is given, but it is drawn by whole rows with {', '.join(rest)}; "
            f"give {'these' if len(rest) > 1 else 'this'} too, or none of them"
        )
