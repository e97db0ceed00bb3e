"""Priors, after files are read: Prior, JointSample and Priors, and one set laid over another.

A `Prior` is a distribution with its units and its source. `Priors` holds them by name and in order,
with what ties them together: rank correlations, and joint samples whose rows are drawn whole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import OWN_EQUATIONS, PriorError, UnitError, nearest
from uncertain_scale.inputs.distributions import Mixture
from uncertain_scale.inputs.domains import beyond
from uncertain_scale.units import conversion_factor
from uncertain_scale.units.domain import DomainError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.inputs.document import Sourced
    from uncertain_scale.inputs.trends import Trend
    from uncertain_scale.units.aliases import FloatArray


ENDS = (2.0**-54, 1 - 2.0**-53)
"""The levels furthest out that draws may have."""
_NEXT, _GAP = 1e-12, 1e-6  # a level just above, and a step there that is no slope
_MOST_HINTS = 100  # names that are likened to those of the model
_MOST_EFFORT = 5_000  # of all mixtures of a scenario
_MOST_TIED = 1_000
_NEIGHBOURS = 512  # rows among which neighbours are sought
_TOGETHER = 64  # rows whose neighbours are sought at once: distances then stay in the cache


@dataclass(frozen=True)
class Provenance:
    """Where a belief comes from: what a report prints beside it."""

    long_name: str = ""
    source: str = ""
    as_of: dt.date | None = None
    note: str = ""
    where: str = ""
    """File and line, or the option, that stated it."""
    key: str = field(default="", compare=False)
    """File and line of the key that other statements can contradict: units, or a pair's names."""
    stated: str = ""
    """What was typed, where it was typed at all."""
    interpreted: bool = False
    """Whether the kind of distribution was chosen for what was typed, as in "1.4 to 3.2"."""
    coupling_note: str = ""
    """Why the belief is coupled as it is with another scenario's."""
    ages: bool = True
    """Whether its date makes it old: not of a definition, a rating, a law or a choice."""

    @classmethod
    def of(cls, table: Sourced, **more: str | bool) -> Provenance:
        """Return what a table of a file says of its source, with what is known besides."""
        return cls(table.long_name, table.source, table.as_of, table.note, **more)  # type: ignore[arg-type]

    @property
    def place(self) -> str:
        """File and line of the key, where it is known."""
        return self.key or self.where


@dataclass(frozen=True)
class Prior:
    """A belief about one input.

    Parameters
    ----------
    name
        The variable of the model that it is about.
    distribution
        The belief, in `units`.
    units
        Units that the distribution is stated in.
    factor, model_units
        What a draw is multiplied by to be in the model's units, and these.
    fallback
        True where it holds only if nothing given determines the variable.
    unless
        A variable, or "": it does not hold where that one is stated, or follows from what is.
    joint
        Name of the joint sample that the input is drawn with, or "".
    coupling
        Rank correlation with another scenario's belief about the input: 1 where both are one belief
        seen twice, 0 where they are independent; None where the file leaves it to the rule of
        `couplings`.
    """

    name: str
    distribution: Distribution
    units: str = "1"
    factor: float = 1.0
    model_units: str = ""
    fallback: bool = False
    unless: str = ""
    joint: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    coupling: float | None = None

    @property
    def table(self) -> str:
        """The table of a prior file that states it."""
        return "[[joint]]" if self.joint else f"[inputs.{self.name}]"

    @cached_property
    def varies(self) -> bool:
        """Whether two draws can differ."""
        low, high = self.ppf(np.array(ENDS))
        return bool(low != high)

    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the quantiles at probabilities `u`, in the model's units."""
        quantiles: FloatArray = self.distribution.ppf(u)
        return quantiles if self.factor == 1 else quantiles * self.factor

    def facts(self) -> dict[str, str | float]:
        """Return what a report says of the prior, its quantiles in the model's units."""
        said = self.provenance
        levels = ("q05", "q50", "q95")
        low, middle, above, high = self.ppf(np.array([0.05, 0.5, 0.5 + _NEXT, 0.95]))
        if above - middle > _GAP * (high - low):  # half of it lies on either side of a gap
            middle = (middle + above) / 2
        return {
            "distribution": self.distribution.describe(longest=8),
            "stated_units": self.units,
            "joint": self.joint,
            "long_name": said.long_name,
            "source": said.source,
            "as_of": said.as_of.isoformat() if said.as_of else "",
            "note": said.note,
            "where": said.where,
            "interpreted": int(said.interpreted),
            **dict(zip(levels, map(float, (low, middle, high)), strict=True)),
        }

    def converted(self, units: str) -> Prior:
        """Return the same belief for a model that declares the variable in `units`.

        Raises UnitError: the units are of another dimension, or the belief reaches beyond the
        domain that the variable is declared with.
        """
        factor = conversion_factor(self.units, units)
        if fault := beyond(self.name, self.distribution, units, factor):
            raise DomainError(fault)
        return replace(self, factor=factor, model_units=units)


@dataclass(frozen=True)
class JointSample:
    """Observed rows of several inputs at once, each row drawn whole.

    Parameters
    ----------
    inputs
        Names of the columns.
    rows
        Array of shape (rows, inputs), in the units of the inputs' priors, in ascending order of the
        first column, so that neighbouring coordinates give neighbouring rows.
    smooth
        Whether draws lie about the rows instead of at them: each row stands for a segment through
        it, in the direction of the row that is the square root of their number away from it.
    """

    inputs: tuple[str, ...]
    rows: FloatArray
    provenance: Provenance = field(default_factory=Provenance)
    smooth: bool = False

    @property
    def name(self) -> str:
        """The columns' names in one, which also names its random stream."""
        return "+".join(self.inputs)

    @cached_property
    def varies(self) -> bool:
        """Whether two rows differ."""
        return bool((self.rows != self.rows[:1]).any())

    def draw(self, u: FloatArray) -> FloatArray:
        """Return the rows at coordinates `u`; shape (len(u), inputs)."""
        place = u * len(self.rows)
        index = np.minimum(place.astype(np.intp), len(self.rows) - 1)
        if not self.smooth:
            return self.rows[index]
        within = np.clip(2 * (place - index) - 1, -1, 1)
        return self.rows[index] + within[:, None] * self.reach[index]

    @cached_property
    def reach(self) -> FloatArray:
        """What is added to each row for the end of its segment, shape (rows, inputs).

        Distances are those where the rows' covariance is the identity (Mahalanobis), so that
        columns that are nearly functions of one another stay so. Of many rows the neighbour is
        sought among some of them, spread over all.
        """
        alike = np.linalg.svd(self.rows - self.rows.mean(axis=0), full_matrices=False)[0]
        step = max(len(alike) // _NEIGHBOURS, 1)
        some = np.ascontiguousarray(alike[::step].T)
        nearest = max(round(np.sqrt(len(alike)) / step), 1)  # the row itself may come before it
        parts = (alike[start : start + _TOGETHER] for start in range(0, len(alike), _TOGETHER))
        found = step * np.concatenate([_neighbour(part, some, nearest) for part in parts])
        return np.asarray(self.rows[found] - self.rows)

    @cached_property
    def ends(self) -> FloatArray:
        """Least and greatest values of the columns, shape (bound, inputs)."""
        reach = np.abs(self.reach) if self.smooth else 0.0
        return np.array([(self.rows - reach).min(axis=0), (self.rows + reach).max(axis=0)])


def _neighbour(points: FloatArray, columns: FloatArray, nearest: int) -> npt.NDArray[np.intp]:
    """Return the place in some columns of each point's neighbour that so many are nearer than."""
    apart = np.zeros((len(points), columns.shape[1]))
    for coordinate, column in zip(points.T, columns, strict=True):
        apart += (coordinate[:, None] - column) ** 2
    for _ in range(nearest):
        apart[np.arange(len(points)), apart.argmin(axis=1)] = np.inf
    return np.asarray(apart.argmin(axis=1))


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of two inputs, realised by a Gaussian copula."""

    inputs: tuple[str, str]
    rank: float
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def normal(self) -> float:
        """Pearson's correlation of the normal scores, 2 sin(pi rank / 6)."""
        return self.rank if self.exact else float(2 * np.sin(np.pi * self.rank / 6))

    @property
    def exact(self) -> bool:
        """Whether one input is an increasing or decreasing function of the other."""
        return abs(self.rank) == 1


@dataclass(frozen=True, repr=False)
class Priors:
    """The beliefs of one scenario.

    Parameters
    ----------
    name, title
        The scenario's name, and its title for people.
    inputs
        Priors by name, in the order of the files.
    correlations
        Rank correlations, at most one for a pair.
    joints
        Joint samples; an input is in at most one.
    files
        The files that were read, the base first.
    coordinates
        Names of the coordinates of the unit cube: an input's own, or its joint sample's. An overlay
        keeps those of the base in their places and puts its own behind them.
    lacking
        Why inputs have no prior, by name: none is known, and that of what lies below is another's.
    trends
        How variables follow from inputs of theirs and a date, by variable.
    sums
        How many copies of an input a variable is the sum of, by variable.
    units
        Units that the files declare, and what each is.
    """

    name: str
    title: str = ""
    inputs: Mapping[str, Prior] = field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    joints: tuple[JointSample, ...] = ()
    files: tuple[Path, ...] = ()
    coordinates: tuple[str, ...] = ()
    lacking: Mapping[str, str] = field(default_factory=dict)
    trends: Mapping[str, Trend] = field(default_factory=dict)
    sums: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = (prior.joint or name for name, prior in self.inputs.items())
        object.__setattr__(self, "coordinates", tuple(dict.fromkeys((*self.coordinates, *own))))

    def __repr__(self) -> str:
        return f"Priors('{self.name}', {len(self.inputs)} inputs)"

    @property
    def ties(self) -> tuple[Correlation, ...]:
        """The rank correlations of inputs that are there."""
        return tuple(one for one in self.correlations if not self.lacking.keys() & one.inputs)

    def replace(self, prior: Prior) -> Priors:
        """Return these priors with one input replaced, or added behind the others."""
        lacking = {name: why for name, why in self.lacking.items() if name != prior.name}
        return replace(self, inputs={**self.inputs, prior.name: prior}, lacking=lacking)

    def without(self, names: Collection[str]) -> Priors:
        """Return these priors less some inputs, and less what ties these to others."""
        inputs = {name: prior for name, prior in self.inputs.items() if name not in names}
        ties = tuple(one for one in self.correlations if not set(one.inputs) & set(names))
        return replace(self, inputs=inputs, correlations=ties)

    def without_unused_joints(self) -> Priors:
        """Return these priors less the joint samples that no input is drawn with any longer."""
        used = {prior.joint for prior in self.inputs.values()}
        return replace(self, joints=tuple(joint for joint in self.joints if joint.name in used))

    def in_units_of(self, variables: Mapping[str, str]) -> Priors:
        """Return the priors converted to the units of a model's variables.

        Parameters
        ----------
        variables
            Units by variable.

        Raises
        ------
        PriorError
            Inputs that are no variable, whose units do not fit, or which reach beyond the domain of
            their variable, all at once.
        """
        converted: dict[str, Prior] = {}
        faults: list[str] = []
        others: list[int] = []  # faults of names that are like none of the model's
        for name, prior in self.inputs.items():
            where = f"{prior.provenance.where} {prior.table}".strip()
            units = f"{prior.provenance.place} {prior.table}".strip()
            if name not in variables:
                hint = nearest(name, variables) if len(faults) < _MOST_HINTS else ""
                if not hint.startswith("did you mean"):
                    hint, others = ("" if others else hint), [*others, len(faults)]
                hint = f"; {hint}" if hint else ""
                faults.append(f"{where} '{name}' is not a variable of the model{hint}")
                continue
            if prior.unless and prior.unless not in variables:
                hint = nearest(prior.unless, variables)
                faults.append(f"{where} unless '{prior.unless[:40]}': not a variable; {hint}")
            try:
                converted[name] = prior.converted(variables[name])
            except DomainError as error:
                faults.append(f"{where} {error}")
            except UnitError as error:
                faults.append(f"{units} '{name}': {error}" if prior.joint else f"{units} {error}")
        if others:
            faults[others[-1]] += f"; {OWN_EQUATIONS}"
        if faults:
            raise PriorError(faults)
        return replace(self, inputs=converted)

    def digest(self) -> str:
        """Return a SHA-256 of all that the draws depend on, as 64 hexadecimal digits."""
        content = {
            "inputs": {
                name: [
                    *(prior.distribution.describe(), prior.units, prior.fallback, prior.joint),
                    *((prior.unless,) if prior.unless else ()),
                    *(() if prior.coupling is None else (prior.coupling,)),
                ]
                for name, prior in sorted(self.inputs.items())
            },
            "coordinates": self.coordinates,
            "correlations": sorted([*sorted(c.inputs), c.rank] for c in self.correlations),
            "joints": {
                joint.name: hashlib.sha256(
                    np.ascontiguousarray(joint.rows).tobytes() + b"smooth" * joint.smooth
                ).hexdigest()
                for joint in self.joints
            },
        }
        if self.trends:
            content["trends"] = [str(self.trends[name].form) for name in sorted(self.trends)]
        if self.sums:
            content["sums"] = sorted(self.sums.items())
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def copies_of(name: str, number: int) -> list[str]:
    """Return the names of the inputs that a variable is the sum of."""
    return [f"{name}_{k}" for k in range(1, number + 1)]


def lay_over(base: Priors, overlay: Priors) -> Priors:
    """Return `base` with what `overlay` states in its place or behind it.

    An input is replaced whole and keeps its coordinate, and is gone where the overlay lacks it; a
    correlation replaces that of the same pair; a joint sample is gone once none of its inputs is
    drawn with it. A trend replaces the prior or trend of its variable, and is replaced by one; a
    trend without a level stands beside the prior that is to be its level.
    """
    gone = {
        part
        for name, trend in base.trends.items()
        if name in overlay.trends or (name in overlay.inputs and trend.leveled(base.inputs))
        for part in (name, *trend.arguments(base.inputs))
    }
    gone |= {n for n, one in overlay.trends.items() if one.leveled(overlay.inputs)}
    summed = {n for n in base.sums if n in overlay.inputs or n in overlay.sums or n in gone}
    parts = {part for name in summed for part in copies_of(name, base.sums[name])}
    gone |= overlay.sums.keys() | parts
    ties = [tie for tie in base.correlations if parts.isdisjoint(tie.inputs)]
    gone |= overlay.lacking.keys()
    kept = {name: one for name, one in base.inputs.items() if name not in gone}
    trends = {name: one for name, one in base.trends.items() if name not in gone}
    inputs = {**kept, **overlay.inputs}
    lacking = {**base.lacking, **overlay.lacking}
    pairs = {frozenset(c.inputs): c for c in (*ties, *overlay.correlations)}
    joints = {joint.name: joint for joint in (*base.joints, *overlay.joints)}
    whole = replace(
        base,
        title=overlay.title or base.title,
        inputs=inputs,
        correlations=tuple(pairs.values()),
        joints=tuple(joints.values()),
        files=(*base.files, *overlay.files),
        coordinates=(*base.coordinates, *overlay.coordinates),
        lacking={name: why for name, why in lacking.items() if name not in inputs},
        trends={**trends, **overlay.trends},
        sums={n: k for n, k in base.sums.items() if n not in gone | summed} | {**overlay.sums},
        units={**base.units, **overlay.units},
    )
    return whole.without_unused_joints()


def loose_ends(priors: Priors) -> list[str]:
    """Return the faults of how inputs are tied together: a line each, none where all is well."""
    return unknown_ends(priors) or [
        *_too_much_effort(priors),
        *_not_positive_definite(priors.correlations),
    ]


def unknown_ends(priors: Priors, spoiled: Collection[str] = ()) -> list[str]:
    """Return a line for each input that is tied, and is not there or cannot be.

    Parameters
    ----------
    priors
        With all that could be read.
    spoiled
        Names of inputs that could not.
    """
    faults = []
    for correlation in priors.correlations:
        where = f"{correlation.provenance.place} [[correlations]]".strip()
        for name in correlation.inputs:
            prior = priors.inputs.get(name)
            if prior is None and (name in spoiled or name in priors.lacking):
                continue
            if prior is None:
                hint = nearest(name, priors.inputs)
                faults.append(f"{where} '{name}' is not an input of the scenario; {hint}")
            elif prior.joint:
                faults.append(
                    f"{where} '{name}' is drawn by whole rows of a joint sample; "
                    "drop the correlation, the rows carry theirs"
                )
    for joint in priors.joints:
        loose = [name for name in joint.inputs if priors.inputs[name].joint != joint.name]
        if loose:
            faults.append(
                f"{priors.inputs[loose[0]].provenance.where} [inputs.{loose[0]}] '{loose[0]}' is "
                f"drawn by whole rows with {', '.join(n for n in joint.inputs if n not in loose)}; "
                "replace all of them, or none"
            )
    return faults


def correlation_matrix(names: Sequence[str], correlations: Sequence[Correlation]) -> FloatArray:
    """Return the correlation matrix of the normal scores of the inputs `names`.

    Of two whose rank correlation is 1 or -1, each has those of the other.
    """
    matrix = np.eye(len(names))
    exact = []
    for correlation in correlations:
        if set(correlation.inputs) <= set(names):
            i, j = (names.index(name) for name in correlation.inputs)
            matrix[i, j] = matrix[j, i] = correlation.normal
            exact += [(i, j, correlation.rank)] if correlation.exact else []
    for i, j, sign in exact * len(exact):
        one, other = matrix[i].copy(), sign * matrix[j]
        row = np.where(one == 0, other, one)
        matrix[i] = matrix[:, i] = row
        matrix[j] = matrix[:, j] = sign * row
        matrix[i, i] = matrix[j, j] = 1
    return matrix


def regression(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return the weights by which normal scores of a correlation matrix tell others'.

    Parameters
    ----------
    matrix, right
        Correlations of the scores among one another, and with the others.
    """
    if np.count_nonzero(np.abs(matrix) == 1) == len(matrix):
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    return np.asarray(np.linalg.pinv(matrix) @ right, dtype=np.float64)


def _too_much_effort(priors: Priors) -> list[str]:
    mixtures = {
        name: prior.distribution.total_effort()
        for name, prior in priors.inputs.items()
        if isinstance(prior.distribution, Mixture)
    }
    if sum(mixtures.values()) <= _MOST_EFFORT:
        return []
    most = max(mixtures, key=mixtures.__getitem__)
    fault = (
        f"{priors.inputs[most].provenance.where} [inputs.{most}] the components of the mixtures "
        f"count {sum(mixtures.values()):,} in all and may count {_MOST_EFFORT:,}, those of this "
        f"one {mixtures[most]:,}; state it with fewer"
    )
    return [fault]


def _not_positive_definite(correlations: Sequence[Correlation]) -> list[str]:
    names = list(dict.fromkeys(name for c in correlations for name in c.inputs))
    if len(names) > _MOST_TIED:
        fault = (
            f"{correlations[-1].provenance.where} [[correlations]] tie {len(names):,} inputs; "
            f"expected at most {_MOST_TIED:,}; draw those of them together as [[joint]] samples"
        )
        return [fault]
    matrix = correlation_matrix(names, correlations)
    same = {max(map(names.index, one.inputs)) for one in correlations if one.exact}
    smallest = np.linalg.eigvalsh(np.delete(np.delete(matrix, [*same], 0), [*same], 1)).min(
        initial=1.0
    )
    places = ([names.index(name) for name in one.inputs] for one in correlations)
    held = [matrix[i, j] == one.normal for one, (i, j) in zip(correlations, places, strict=True)]
    if smallest > 1e-9 and all(held):
        return []
    pairs = "; ".join(f"{' and '.join(c.inputs)} {c.rank:g}" for c in correlations)
    fault = (
        f"{correlations[-1].provenance.where} [[correlations]] the correlations contradict one "
        f"another: their matrix is not positive definite (smallest eigenvalue {smallest:.2g}); "
        f"bring one of them nearer to 0: {pairs}"
    )
    return [fault]
