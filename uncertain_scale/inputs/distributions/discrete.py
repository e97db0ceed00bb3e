"""Kinds whose values have probabilities of their own: constant, bernoulli, choice, empirical.

A quantile is the least value whose cumulative probability is at least u, so that ppf and cdf are
each other's inverse in the usual one-sided sense.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Distribution, Number
from uncertain_scale.inputs.distributions.numerical import at_ends, inside

if TYPE_CHECKING:
    import numpy.typing as npt

    from uncertain_scale.inputs.distributions.statement import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

_MOST_VALUES = 1_000_000
_COMPARED = 8  # up to so many steps, each is compared with: a search waits for its branches
Share = Annotated[Number, Field(ge=0)]
_SUM_SLACK = 1e-6
FROM_BELOW = 0.999
"""Up to here a step is found by the probability itself, beyond by its complement."""
Indices: TypeAlias = "npt.NDArray[np.intp]"


class Discrete(Distribution):
    """A kind that is its atoms."""

    @abstractmethod
    def stated_atoms(self) -> tuple[FloatArray, FloatArray]:
        """Return values and their weights, in any order and of any sum."""

    @property
    @override
    def continuous(self) -> bool:
        return False

    @cached_property
    def _atoms(self) -> tuple[FloatArray, FloatArray]:
        """Values with a positive probability, ascending and distinct, and these."""
        values, weights = self.stated_atoms()
        values, index = np.unique(values[weights > 0], return_inverse=True)
        masses = np.bincount(index, weights[weights > 0])
        return values, masses / masses.sum()

    @cached_property
    def _cumulative(self) -> tuple[FloatArray, FloatArray]:
        """P(X <= value) and P(X > value), each summed from its own end."""
        masses = self._atoms[1]
        below, above = np.cumsum(masses), np.append(np.cumsum(masses[:0:-1])[::-1], 0.0)
        below[-1] = 1.0
        return below, above

    @override
    def atoms(self) -> tuple[FloatArray, FloatArray]:
        return self._atoms

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        u = np.asarray(u, dtype=np.float64)
        values, below = self._atoms[0], self._cumulative[0]
        if not inside(u):
            return self._steps(np.searchsorted(below, u), u, 1 - u)
        if below.size > _COMPARED:
            return values.take(np.searchsorted(below, u), mode="clip")
        index = np.zeros(u.shape, dtype=np.intp)
        for step in below[:-1]:
            index += u > step
        return values.take(index)

    @override
    def quantile(self, p: FloatArray, q: FloatArray) -> FloatArray:
        p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
        return self._steps(first_step(p, q, *self._cumulative), p, q)

    def _steps(self, index: Indices, p: FloatArray, q: FloatArray) -> FloatArray:
        x = np.where(np.isnan(p), np.nan, self._atoms[0].take(index, mode="clip"))
        return at_ends(x, p, q, self.support)

    @override
    def share(self, x: FloatArray, *, above: bool) -> FloatArray:
        index = np.searchsorted(self._atoms[0], x, side="right")
        steps = np.append(float(above), self._cumulative[above])
        return np.asarray(np.where(np.isnan(x), np.nan, steps[index]))

    @override
    def mean(self) -> float:
        values, masses = self._atoms
        return float(values @ masses)

    @override
    def sd(self) -> float:
        values, masses = self._atoms
        return float(np.sqrt((values - self.mean()) ** 2 @ masses))

    @property
    @override
    def support(self) -> tuple[float, float]:
        values = self._atoms[0]
        return float(values[0]), float(values[-1])


class Constant(Discrete):
    """One value, known without doubt.

    Examples
    --------
    >>> Constant(value=2).sd()
    0.0
    """

    kind: Literal["constant"] = "constant"
    value: Number = Field(description="The value.")

    @override
    def stated_atoms(self) -> tuple[FloatArray, FloatArray]:
        return np.array([self.value]), np.ones(1)

    @override
    def ppf(self, u: FloatArray) -> FloatArray:
        u = np.asarray(u, dtype=np.float64)
        if inside(u):
            return np.full(u.shape, self.value)
        return np.where((u >= 0) & (u <= 1), self.value, np.nan)


class Bernoulli(Discrete):
    """1 with probability p, else 0."""

    kind: Literal["bernoulli"] = "bernoulli"
    p: Annotated[Number, Field(ge=0, le=1)] = Field(description="Probability of 1.")

    @override
    def stated_atoms(self) -> tuple[FloatArray, FloatArray]:
        return np.array([0.0, 1.0]), np.array([1 - self.p, self.p])


class Choice(Discrete):
    """One of a few values, with stated probabilities or equal ones.

    Examples
    --------
    >>> Choice(values=(1, 2, 4)).mean().__round__(6)
    2.333333
    """

    kind: Literal["choice"] = "choice"
    values: tuple[Number, ...] = Field(description="The values.", min_length=1, max_length=1000)
    probabilities: tuple[Share, ...] | None = Field(
        default=None, description="Their probabilities, which sum to 1; equal if omitted."
    )

    @override
    def stated_atoms(self) -> tuple[FloatArray, FloatArray]:
        values = np.array(self.values)
        shares = self.probabilities
        return values, np.ones(values.size) if shares is None else np.array(shares)

    @override
    def check(self) -> Faults:
        faults = share_faults("probabilities", self.probabilities, "values", len(self.values))
        if len(set(self.values)) < len(self.values):
            twice = next(x for x in self.values if self.values.count(x) > 1)
            faults.append(("values", f"values holds {twice:.12g} twice; add its probabilities up"))
        total = 1.0 if self.probabilities is None else sum(self.probabilities)
        if not faults and abs(total - 1) > _SUM_SLACK:
            text = f"probabilities sum to {total:.9g}; they must sum to 1"
            faults.append(("probabilities", text))
        return faults


class Empirical(Discrete):
    """Observed values: the distribution that has exactly these, equally likely or weighted.

    Its quantile function is the inverse of the empirical distribution function; mean and sd are
    those of the values themselves (the sd divides by n).
    """

    kind: Literal["empirical"] = "empirical"
    values: tuple[Number, ...] = Field(
        description="The observed values.", min_length=1, max_length=_MOST_VALUES
    )
    weights: tuple[Share, ...] | None = Field(
        default=None,
        description="Relative weights, of any sum; equal if omitted.",
        max_length=_MOST_VALUES,
    )

    @override
    def stated_atoms(self) -> tuple[FloatArray, FloatArray]:
        values = np.array(self.values)
        return values, np.ones(values.size) if self.weights is None else np.array(self.weights)

    @override
    def describe(self, longest: int | None = None) -> str:
        return self._whole if longest is None else super().describe(longest)

    @cached_property
    def _whole(self) -> str:
        """The description of all values, which are thousands and told by each digest."""
        return super().describe()

    @cached_property
    def _cumulative(self) -> tuple[FloatArray, FloatArray]:
        below, above = super()._cumulative
        if self.weights is not None:
            return below, above
        counts = np.rint(below * len(self.values))  # k/n, without the error of a sum
        count = len(self.values)
        return counts / count, (count - counts) / count

    @override
    def check(self) -> Faults:
        return share_faults("weights", self.weights, "values", len(self.values))


def first_step(p: FloatArray, q: FloatArray, below: FloatArray, above: FloatArray) -> Indices:
    """Return the first step that reaches p, whose complement is q, of steps with P below and above.

    The step behind the last, where none does.
    """
    return np.where(p <= FROM_BELOW, np.searchsorted(below, p), np.searchsorted(-above, -q))


def share_faults(
    name: str, shares: tuple[float, ...] | None, owner: str, count: int
) -> list[Fault]:
    """Return the fault of weights or probabilities: a wrong number of them, or all 0."""
    if shares is None:
        return []
    if len(shares) != count:
        return [(name, f"{name} holds {len(shares)} and {owner} {count}; give one for each")]
    if not sum(shares) > 0:
        return [(name, f"{name} are all 0; at least one must be above 0")]
    return []
