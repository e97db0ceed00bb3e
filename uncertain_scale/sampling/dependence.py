"""From independent coordinates to inputs that hang together, and to scenarios that do.

Rank correlations come from a Gaussian copula, joint samples from whole rows. An input's own
coordinate never depends on which other inputs are asked for. Without a coupling two scenarios read
every input at the same quantile. A coordinate that is coupled otherwise blends its own with one
from a stream of its own, which moves no other coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.prior import correlation_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uncertain_scale.inputs.prior import JointSample, Prior, Priors
    from uncertain_scale.units.aliases import FloatArray


_NOTHING = 1e-14  # of a variance, that rounding leaves


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

    @property
    def moving(self) -> dict[str, int]:
        """Position of each coordinate that draws depend on: those of constants move nothing."""
        return self.positions_of(self.varying) or self.positions

    @property
    def varying(self) -> list[str]:
        """Names of the inputs wanted that are no constants."""
        inputs = self._priors.inputs
        return [name for name in self.names if inputs[name].joint or inputs[name].varies]

    def positions_of(self, inputs: Iterable[str]) -> dict[str, int]:
        """Return the position of each coordinate that some of the inputs are drawn from."""
        found: dict[str, int] = {}
        for name in inputs:
            own = [self._priors.inputs[name].joint or name]
            coordinates, _ = self._copulas.get(name, (own, None))
            found.update((one, self._positions[one]) for one in coordinates)
        return found

    def groups(self, names: Iterable[str]) -> list[list[str]]:
        """Return inputs in groups that are independent of one another."""
        groups: list[tuple[list[str], set[str]]] = []
        for name in names:
            members, coordinates = [name], set(self.positions_of([name]))
            for group in [group for group in groups if group[1] & coordinates]:
                groups.remove(group)
                members, coordinates = [*group[0], *members], group[1] | coordinates
            groups.append((members, coordinates))
        return [members for members, _ in groups]

    def variance(self, weights: Mapping[str, float]) -> float:
        """Return the variance of a weighted sum of inputs' normal scores.

        It is nan where a Gaussian copula is not all that ties them.
        """
        total = 0.0
        for name, weight in weights.items():
            ties = {name: 1.0, **self.ties(name)} if len(weights) > 1 else {name: 1.0}
            for other, second in weights.items():
                tie = ties.get(other, 0.0)
                total += weight * second * (np.nan if tie is None else tie)
        return total

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

    def ends(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest value that an input can have, in its prior's units."""
        prior = self._priors.inputs[name]
        if not prior.joint:
            return prior.distribution.support
        joint = self._joints[prior.joint]
        low, high = joint.ends[:, joint.inputs.index(name)].tolist()
        return low, high

    def at_rows(self, names: Iterable[str]) -> bool:
        """Tell whether inputs are drawn at the rows of a joint sample, all of them."""
        joints = [self._joints.get(self._priors.inputs[name].joint) for name in names]
        return all(joint is not None and not joint.smooth for joint in joints)

    def ties(self, name: str) -> Mapping[str, float | None]:
        """Return the correlation of an input's normal score with those of inputs it is tied to.

        They may be inputs that are not drawn. It is None where a Gaussian copula is not all there
        is to say.
        """
        own = self._blends[name]
        found: dict[str, float | None] = {}
        for other, weights in self._blends.items():
            if other != name and (shared := own.keys() & weights.keys()):
                found[other] = float(sum(own[key] * weights[key] for key in sorted(shared)))
        return found

    @cached_property
    def _blends(self) -> dict[str, dict[str, float]]:
        """By input the weights of the coordinates that its normal score is a sum of."""
        found = {name: {prior.joint or name: 1.0} for name, prior in self._priors.inputs.items()}
        for name, (coordinates, weights) in self._copulas.items():
            found[name] = dict(zip(coordinates, weights.tolist(), strict=True))
        return found

    def rows_of(self, joint: str) -> int:
        """Return how many levels list a joint sample: its rows, with both sides of smooth ones."""
        sample = self._joints[joint]
        return len(sample.rows) * (3 if sample.smooth else 1)

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
        columns = _Columns(design, self._positions, chain)
        return {name: self.level(name, columns.column, columns.score) for name in self.names}

    def level(
        self,
        name: str,
        coordinate: Callable[[str], FloatArray],
        score: Callable[[str], FloatArray] | None = None,
    ) -> FloatArray:
        """Return the level of each draw of one input, shape (draws,), in (0, 1).

        Parameters
        ----------
        name
            The input.
        coordinate
            Gives a coordinate of all points by its name.
        score
            Gives its normal scores, where several inputs share them.
        """
        joint = self._priors.inputs[name].joint
        if not joint and name in self._copulas:
            from scipy.special import ndtri

            members, weights = self._copulas[name]
            score = score or (lambda member: ndtri(coordinate(member)))
            return _blend(map(score, members), weights)
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


class _Columns:
    """Coordinates of a chain's points and their normal scores, each made once.

    Parameters
    ----------
    design
        Makes the coordinates.
    positions
        Position in the unit cube by name.
    chain
        Number of the chain.
    """

    def __init__(self, design: Coordinates, positions: Mapping[str, int], chain: int) -> None:
        self._design, self._positions, self._chain = design, positions, chain
        self._columns: dict[str, FloatArray] = {}
        self._scores: dict[str, FloatArray] = {}

    def column(self, name: str) -> FloatArray:
        """Return a coordinate of all points."""
        if name not in self._columns:
            position = self._positions[name]
            self._columns[name] = self._design.column(name, position=position, chain=self._chain)
        return self._columns[name]

    def score(self, name: str) -> FloatArray:
        """Return a coordinate's normal scores."""
        if name not in self._scores:
            from scipy.special import ndtri

            self._scores[name] = ndtri(self.column(name))
        return self._scores[name]


def _copulas(priors: Priors) -> dict[str, tuple[list[str], FloatArray]]:
    """Return, for each correlated input, the coordinates it blends and their weights.

    The weights are a row of the Cholesky factor in the scenario's order, so that an input blends
    its own coordinate with those of earlier inputs only.
    """
    tied = {name for correlation in priors.ties for name in correlation.inputs}
    names = [name for name in priors.inputs if name in tied]
    factor = cholesky(correlation_matrix(names, priors.ties))
    return {
        name: (
            [names[j] for j in range(k + 1) if factor[k, j] != 0],
            factor[k, : k + 1][factor[k, : k + 1] != 0],
        )
        for k, name in enumerate(names)
        if np.count_nonzero(factor[k]) > 1 or factor[k, k] != 1
    }


def cholesky(matrix: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor, each row to the bit the same whatever rows follow it.

    A blocked algorithm may order its sums by the size of the matrix; an overlay that adds a
    correlated input would then move the last bits of the others' draws.
    """
    factor = np.zeros_like(matrix)
    for k, row in enumerate(matrix):
        for j in range(k):
            if factor[j, j] != 0:  # 0 where another input tells it
                factor[k, j] = (row[j] - factor[k, :j] @ factor[j, :j]) / factor[j, j]
        left = row[k] - factor[k, :k] @ factor[k, :k]
        factor[k, k] = np.sqrt(left) if left > _NOTHING else 0.0
    return factor


def _blend(scores: Iterable[FloatArray], weights: FloatArray) -> FloatArray:
    """Return uniform coordinates whose normal scores are a weighted sum of given ones."""
    from scipy.special import ndtr

    blended: FloatArray = sum(w * score for w, score in zip(weights, scores, strict=True))
    return np.asarray(ndtr(blended, out=blended))


def _refuse_torn(joint: JointSample, given: Sequence[str], drawn: Sequence[str]) -> None:
    rest = [name for name in joint.inputs if name in drawn and name not in given]
    if given and rest:
        raise QuestionError(
            f"'{given[0]}' is given, but it is drawn by whole rows with {', '.join(rest)}; "
            f"give {'these' if len(rest) > 1 else 'this'} too, or none of them"
        )


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
    which
        Distinguishes the streams of several scenarios that are all held against one.
    """

    ranks: Mapping[str, float]
    first: int
    without: frozenset[str] = frozenset()
    which: str = ""


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
    An input that is correlated with shared ones is coupled given these: its normal score is what
    these predict, which stays, and a residual, which is blended with one of its own. Correlations
    within the scenario so hold whatever is asked for, and a larger rank brings the two nearer.
    Inputs follow one another by the size of their coupling, shared ones first: each is coupled
    given those that are coupled more closely.
    """

    def __init__(
        self, priors: Priors, names: Sequence[str], given: Sequence[str], coupled: Coupled
    ) -> None:
        super().__init__(priors, names, given)
        self._first, self._which = coupled.first, coupled.which
        self._ranks = {
            name: float(2 * np.sin(np.pi * rank / 6))
            for name, rank in coupled.ranks.items()
            if rank != 1
        }
        tied = {
            name
            for tie in priors.ties
            for name in tie.inputs
            if name not in coupled.without and name not in given
            if not priors.inputs[name].joint
        }
        ordered = sorted(
            (name for name in priors.inputs if name in tied),
            key=lambda name: -abs(self._ranks.get(name, 2.0)),
        )
        self._tied = tuple(ordered) if any(map(self._is_coupled, ordered)) else ()
        ranks = [self._ranks.get(name, 1.0) for name in self._tied]
        matrix = correlation_matrix(self._tied, priors.ties)
        self._weights, self._fresh = _new_scores(matrix, np.array(ranks))

    @property
    def positions(self) -> dict[str, int]:
        """Position in the unit cube of each coordinate that is drawn from."""
        inputs = {*self.names, *self._tied_and_wanted()}
        shared = self.positions_of([name for name in self._priors.inputs if name in inputs])
        own = {
            self._own(name): self._first + self._positions[name]
            for name in shared
            if self._is_coupled(name)
        }
        return shared | own

    @property
    def moving(self) -> dict[str, int]:
        """Position of each coordinate that is drawn from."""
        return self.positions

    def ties(self, name: str) -> Mapping[str, float | None]:
        """Return the inputs that an input is tied to; how closely, the coupling decides too."""
        return dict.fromkeys(super().ties(name))

    def levels(self, design: Coordinates, chain: int) -> dict[str, FloatArray]:
        """Return the level of each draw by input, as `InputSampler.levels` does."""
        columns = _Columns(design, self.positions, chain)
        levels = {name: self.level(name, columns.column, columns.score) for name in self.names}
        tied = self._tied_and_wanted()
        if tied:
            levels |= self._tied_levels(tied, columns)
        for name in levels:
            own = self._priors.inputs[name].joint or name
            if self._is_coupled(own) and name not in tied:
                rank, fresh = self._ranks[own], self._own(own)
                weights = np.array([rank, np.sqrt(1 - rank**2)])
                blend = (columns.score(one) for one in (own, fresh))
                levels[name] = _blend(blend, weights) if rank else columns.column(fresh)
        return levels

    def _own(self, coordinate: str) -> str:
        """Return the name of the coordinate that one which is coupled has of its own."""
        return f"{coordinate}, coupled{self._which}"  # no input's: names have no comma

    def _is_coupled(self, coordinate: str) -> bool:
        return coordinate in self._ranks

    def _tied_and_wanted(self) -> tuple[str, ...]:
        """Return all correlated inputs, as they are coupled, where a coupled one is wanted."""
        wanted = any(name in self.names for name in self._tied if self._is_coupled(name))
        return self._tied if wanted else ()

    def _tied_levels(self, tied: Sequence[str], columns: _Columns) -> dict[str, FloatArray]:
        """Return the levels of the wanted ones of correlated inputs that are coupled."""
        from scipy.special import ndtr, ndtri

        scores = [ndtri(self.level(name, columns.column, columns.score)) for name in tied]
        drivers = [name for name in tied if self._is_coupled(name)]
        fresh = [columns.score(self._own(name)) for name in drivers]
        found = {}
        for k, name in enumerate(drivers):
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

    Old scores are L e, L the Cholesky factor; new ones are L (R e + (1 - R^2)^(1/2) f), f fresh.

    Parameters
    ----------
    matrix
        Correlations of the normal scores, the coupled inputs last.
    ranks
        R: correlation of each input's new residual with its old one; 1 for those that are shared.

    Returns
    -------
    weights, fresh
        Shapes (coupled, all) and (coupled, coupled).
    """
    shared = int(np.count_nonzero(ranks == 1))
    factor = cholesky(matrix)
    wanted = (factor[shared:] * ranks).T
    regular = factor.diagonal().all()
    weights = np.linalg.solve(factor.T, wanted) if regular else np.linalg.pinv(factor.T) @ wanted
    weights = weights.T
    fresh = factor[shared:, shared:] * np.sqrt(1 - ranks[shared:] ** 2)
    return np.asarray(weights, dtype=np.float64), fresh
