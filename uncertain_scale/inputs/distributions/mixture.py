"""Mixtures: one of several distributions, each with its weight, and their true quantiles."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, SerializeAsAny, WithJsonSchema
from typing_extensions import override

from uncertain_scale.inputs.distributions.base import Distribution
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.inputs.distributions.discrete import (
    FROM_BELOW,
    Constant,
    Share,
    first_step,
    share_faults,
)
from uncertain_scale.inputs.distributions.fitted import Fitted
from uncertain_scale.inputs.distributions.numerical import (
    at_ends,
    expand,
    increasing_roots,
    mass_between,
    score,
)
from uncertain_scale.inputs.distributions.pointwise import Pointwise
from uncertain_scale.inputs.distributions.statement import DistributionError

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.numerical import Expansion
    from uncertain_scale.inputs.distributions.statement import Fault, Faults
    from uncertain_scale.units.aliases import FloatArray

_MOST_COMPONENTS = 1000
_DEEPEST = 8
_MOST_EFFORT = 1000
_PIECES = (64, 256)
_TAIL = 5e-4  # of a component, on either side of where it mostly lies


class Part(NamedTuple):
    """A component with its share of the probability."""

    share: float
    distribution: Distribution


def _component(value: Any) -> Any:
    """Build a component that was stated as a table."""
    if not isinstance(value, dict):
        return value
    from uncertain_scale.inputs.distributions import build

    table = dict(value)
    kind = table.pop("kind", None)
    if not isinstance(kind, str):
        raise DistributionError([("kind", "has no kind")])
    return build(kind, table)


_Component = Annotated[SerializeAsAny[Distribution], BeforeValidator(_component)]


class Mixture(Continuous):
    """One of several distributions, chosen with given weights.

    F(x) = sum of w_i F_i(x); ppf is the inverse of that, not a mixture of quantiles. Where the
    supports of the components lie one behind the other it is exact, else to about 1e-12 of
    probability.

    Examples
    --------
    >>> from uncertain_scale.inputs.distributions import parse_distribution
    >>> text = "mixture(components=[constant(value=1), uniform(lower=1, upper=2)], weights=[3, 1])"
    >>> mixture, _ = parse_distribution(text)
    >>> mixture.ppf(np.array([0.7, 0.75, 0.875]))
    array([1. , 1. , 1.5])
    """

    kind: Literal["mixture"] = "mixture"
    components: Annotated[
        tuple[_Component, ...],
        WithJsonSchema({"type": "array", "items": {}, "minItems": 1, "maxItems": _MOST_COMPONENTS}),
    ] = Field(
        description="Distributions, each a table with its kind.",
        min_length=1,
        max_length=_MOST_COMPONENTS,
    )
    weights: tuple[Share, ...] | None = Field(
        default=None, description="Relative weights, of any sum; equal if omitted."
    )

    @cached_property
    def _whole_parts(self) -> tuple[Part, ...]:
        """Components that can occur, ordered by where their supports begin.

        A mixture among them stands as its own components: one inversion instead of one in another.
        """
        weights = np.ones(len(self.components)) if self.weights is None else np.array(self.weights)
        shares = (weights / weights.sum()).tolist()
        parts: list[Part] = []
        for share, component in zip(shares, self.components, strict=True):
            inner = component._parts if isinstance(component, Mixture) else (Part(1.0, component),)  # noqa: SLF001 - another mixture's
            parts += [Part(share * part.share, part.distribution) for part in inner]
        return _ordered([part for part in parts if part.share > 0])

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        """The components cut by the truncation, with their shares of the remaining probability."""
        window = self._window
        if window is None:
            return self._whole_parts
        kept = []
        for share, component in self._whole_parts:
            inner = component.truncated(window.low, window.high)  # type: ignore[attr-defined]
            if not inner.truncation_faults():
                kept.append(Part(share * _mass(component, window.low, window.high), inner))
        total = sum(part.share for part in kept)
        return _ordered([Part(share / total, inner) for share, inner in kept])

    @property
    @override
    def continuous(self) -> bool:
        return all(part.distribution.continuous for part in self._whole_parts)

    @override
    def atoms(self) -> tuple[FloatArray, FloatArray]:
        return self._atoms[0], self._atoms[1]

    @cached_property
    def _atoms(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Atoms with their masses, and P(X <= atom) and P(X > atom)."""
        each = [part.distribution.atoms() for part in self._parts]
        values, index = np.unique(np.concatenate([at for at, _ in each]), return_inverse=True)
        masses = [part.share * mass for part, (_, mass) in zip(self._parts, each, strict=True)]
        total = np.bincount(index, np.concatenate(masses), minlength=values.size).astype(np.float64)
        return values, total, self.cdf(values), self.sf(values)

    @override
    def masses(self) -> FloatArray:
        return np.concatenate([part.share * part.distribution.masses() for part in self._parts])

    @override
    def levels_of_masses(self) -> FloatArray:
        each = []
        for _, part in self._parts:
            ends = part.levels_of_masses()
            inset = _TAIL * np.diff(ends)
            low, high = part.ppf(np.hstack([ends[:, :1] + inset, ends[:, 1:] - inset])).T
            each.append(np.stack([self.cdf(np.nextafter(low, -np.inf)), self.cdf(high)], axis=1))
        return np.concatenate(each)

    @cached_property
    def _one_behind_another(self) -> bool:
        supports = [part.distribution.support for part in self._parts]
        return all(one[1] <= two[0] for one, two in pairwise(supports))

    @cached_property
    def _expansion(self) -> Expansion:
        """The quantile function in normal scores, to about 1e-12 of probability."""
        from scipy.special import ndtr

        return expand(
            lambda z: self._inverted(ndtr(z), ndtr(-z)),
            tolerance=1e-10,
            by_range=True,
            degree=11,
            pieces=_PIECES,
        )

    @override
    def quantile(self, p: FloatArray, q: FloatArray) -> FloatArray:
        p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
        with np.errstate(all="ignore"):
            invert = self._piecewise if self._one_behind_another else self._expanded
            x = invert(p.ravel(), q.ravel()).reshape(p.shape)
        return at_ends(x, p, q, self.support)

    def _piecewise(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return quantiles where each component has a range of probabilities to itself."""
        shares = np.array([part.share for part in self._parts])
        before = np.append(0.0, np.cumsum(shares)[:-1])
        after = np.append(np.cumsum(shares[:0:-1])[::-1], 0.0)
        upto = before + shares
        # u itself is compared, from the end that keeps its digits.
        owner = first_step(p, q, upto[:-1], after[:-1])
        owner[np.isnan(p)] = -1
        x = np.full(p.shape, np.nan)
        for index, (share, distribution) in enumerate(self._parts):
            mine = np.flatnonzero(owner == index)
            if isinstance(distribution, Constant):
                x[mine] = distribution.value
                continue
            inner_p = np.clip((p[mine] - before[index]) / share, 0, 1)
            inner_q = np.clip((q[mine] - after[index]) / share, 0, 1)
            # The smaller of the two has its digits; the other is its complement.
            low = inner_p <= inner_q
            pair = np.where(low, inner_p, 1 - inner_q), np.where(low, 1 - inner_p, inner_q)
            x[mine] = distribution.quantile(*pair)
        return x

    def _expanded(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return quantiles by the expansion, and by roots where it does not hold."""
        x, doubtful = self._expansion(score(p, q))
        x[doubtful] = self._inverted(p[doubtful], q[doubtful])
        return np.clip(x, *self.support)

    def _inverted(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return quantiles by finding roots of the distribution function, atoms apart."""
        values, masses, below, above = self._atoms
        x = np.full(p.shape, np.nan)
        smooth = ~np.isnan(p)
        if values.size:
            at = np.minimum(first_step(p, q, below, above), values.size - 1)
            upto, beyond = below[at], above[at]
            reached = np.where(p <= FROM_BELOW, p <= upto, q >= beyond)
            passed = np.where(p <= FROM_BELOW, p <= upto - masses[at], q >= beyond + masses[at])
            only_atoms = masses.sum() > 1 - 1e-12
            on_atom = smooth & ((reached & ~passed) | only_atoms)
            x[on_atom] = values[at[on_atom]]
            smooth &= ~on_atom
        if smooth.any():
            x[smooth] = self._roots(p[smooth], q[smooth])
        return x

    def _roots(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Invert the distribution function between the quantiles of the components."""

        def excess(x: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
            lower = p <= q
            gap = np.empty(x.shape)
            gap[lower] = self.cdf(x[lower]) / p[lower] - 1
            gap[~lower] = 1 - self.sf(x[~lower]) / q[~lower]
            return gap

        each = np.array([part.distribution.quantile(p, q) for part in self._parts])
        low, high = each.min(axis=0), each.max(axis=0)
        # Brackets a little wider, as the components' quantiles carry their own rounding.
        slack = 1e-8 * np.maximum(np.abs(low), np.abs(high))
        return increasing_roots(excess, low - slack, high + slack, (p, q))

    @override
    def share(self, x: FloatArray, *, above: bool) -> FloatArray:
        return np.minimum(_sum(self._parts, x, above=above), 1)

    @override
    def probability(self, x: FloatArray, *, above: bool) -> FloatArray:
        return _sum(self._whole_parts, x, above=above)

    def exact(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return quantiles; a truncation is in the components already."""
        return self.quantile(p, q)

    @override
    def log_density(self, x: FloatArray) -> FloatArray:
        each = [np.log(share) + part.log_pdf(x) for share, part in self._whole_parts]
        return np.asarray(np.logaddexp.reduce(each))

    @cached_property
    @override
    def whole_support(self) -> tuple[float, float]:
        return _hull(self._whole_parts)

    @property
    @override
    def support(self) -> tuple[float, float]:
        return _hull(self._parts)

    @override
    def moments(self, power: float) -> tuple[float, float]:
        shares = np.array([part.share for part in self._parts])
        means, sds = np.transpose([part.distribution.moments(power) for part in self._parts])
        mean = float(shares @ means)
        return mean, float(np.sqrt(shares @ (sds**2 + (means - mean) ** 2)))

    @override
    def mean(self) -> float | None:
        return None if np.isnan(mean := self.moments(1.0)[0]) else mean

    @override
    def sd(self) -> float | None:
        return None if np.isnan(sd := self.moments(1.0)[1]) else sd

    def mass_within(self, low: float, high: float) -> float:
        """Return P(low <= X <= high), without truncation."""
        return sum(share * _mass(part, low, high) for share, part in self._whole_parts)

    @override
    def check(self) -> Faults:
        faults: list[Fault] = share_faults(
            "weights", self.weights, "components", len(self.components)
        )
        if self.depth() > _DEEPEST:
            faults.append(("components", f"mixtures nest deeper than {_DEEPEST}"))
        if (effort := self.total_effort()) > _MOST_EFFORT:
            text = (
                f"components holds too many that are slow to invert: they count {effort:,} and may "
                f"count {_MOST_EFFORT:,} (a metalog and quantiles {Pointwise.effort} each; beta, "
                f"gamma, pert and student_t {Fitted.effort}); state it with fewer"
            )
            faults.append(("components", text))
        if not faults and self.truncate is not None and not self.continuous:
            text = "truncate needs a continuous kind, and a component is not; truncate the others"
            faults.append(("truncate", text))
        return faults or self.truncation_faults()

    def total_effort(self) -> int:
        """Return the effort of all components together."""
        return sum(
            part.total_effort() if isinstance(part, Mixture) else part.effort
            for part in self.components
        )

    def depth(self) -> int:
        """Return how deep mixtures nest."""
        inner = [part.depth() for part in self.components if isinstance(part, Mixture)]
        return 1 + max(inner, default=0)


def _ordered(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: part.distribution.support))


def _hull(parts: tuple[Part, ...]) -> tuple[float, float]:
    ends = [part.distribution.support for part in parts]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _mass(distribution: Distribution, low: float, high: float) -> float:
    """Return P(low < X <= high)."""
    ends = np.array([low, high])
    return mass_between(distribution.cdf(ends), distribution.sf(ends))


def _sum(parts: tuple[Part, ...], x: FloatArray, *, above: bool) -> FloatArray:
    """Return P(X > x), or P(X <= x), of parts together."""
    return np.asarray(sum(share * (part.sf(x) if above else part.cdf(x)) for share, part in parts))
