"""Priors held against the domain of their variable: what cannot be is refused, not drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.distributions import build
from uncertain_scale.inputs.distributions.continuous import Continuous
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.units.domain import Domain

__all__ = ["beyond", "interval_in"]

_NEGLIGIBLE = 1e-4  # probability below which the support is told instead of a share
_ALL = 1 - 1e-12


def beyond(name: str, distribution: Distribution, units: str, factor: float = 1.0) -> str:
    """Return why a variable cannot have a distribution, or "" where it can.

    The support must lie in the variable's domain, and no value with a probability of its own may
    be an end that does not belong to it. A density may reach up to such an end.

    Parameters
    ----------
    name
        The variable.
    distribution, factor
        What is believed of it, and what that is multiplied by to be in `units`.
    units
        The model's, with the domain where one is declared.
    """
    domain = domain_of(units)
    if domain is None:
        return ""
    atoms = distribution.atoms()[0] * factor
    if domain.binary:
        known = not distribution.continuous and bool(np.isin(atoms, (0, 1)).all())
        said = f"{name} must be {domain.words()}; where that is open, bernoulli(p=0.5)"
        return "" if known and atoms.size else said
    low, high = (float(end) * factor for end in distribution.support)
    at_ends = atoms[[0, -1]].tolist() if atoms.size else []
    if domain.reaches(low, high) and all(value in domain for value in at_ends):
        return ""
    must = f"{name} must be {domain.words(units)}"
    outside = _share_outside(distribution, domain, factor)
    if outside > _ALL:
        return f"{must}; write a percentage with %" if domain.bounds[1] == 1 < high else must
    if outside < _NEGLIGIBLE:
        said = f"its {distribution.kind} reaches from {low:g} to {high:g}"
    else:
        part = f"{100 * outside:.2g}%" if outside < 0.01 else f"{outside:.0%}"
        said = f"{part} of its probability is not"
    return f"{must}, and {said}; {_advice(distribution, domain, factor)}"


def interval_in(distribution: Distribution, units: str, factor: float) -> Distribution:
    """Return the distribution of an interval such as "1.4 to 3.2", on its variable's domain.

    Where it reaches beyond: logitnormal between two finite bounds, with the same quantiles, and
    truncated where one is finite, as a value with an error is. An interval whose ends are not
    inside stays as it is, for `beyond` to refuse.
    """
    domain, ends = domain_of(units), distribution.stated
    if (
        domain is None
        or domain.binary
        or domain.reaches(*(end * factor for end in distribution.support))
    ):
        return distribution
    low, high = (bound / factor for bound in domain.bounds)
    first, last = (float(ends[name if name in ends else "mu"]) for name in ("q05", "q95"))
    from_end = domain.closed[0] and high == np.inf and first == low
    if not (from_end or low < first) or not last < high:
        return distribution
    if "mu" in ends or not math.isfinite(high - low):
        return build(distribution.kind, {**ends, "truncate": [low, high]})
    bounds = {} if (low, high) == (0, 1) else {"lower": low, "upper": high}
    return build("logitnormal", {**ends, **bounds})


def _share_outside(distribution: Distribution, domain: Domain, factor: float) -> float:
    """Return the probability of what does not lie in a domain."""
    low, high = (bound / factor for bound in domain.bounds)
    from_low, to_high = domain.closed
    below = np.nextafter(low, -np.inf) if from_low else low
    above = high if to_high else np.nextafter(high, -np.inf)
    share = 0.0 if low == -np.inf else float(distribution.cdf(np.array([below]))[0])
    return share + (0.0 if high == np.inf else float(distribution.sf(np.array([above]))[0]))


def _advice(distribution: Distribution, domain: Domain, factor: float) -> str:
    """Say which distributions of a variable would do."""
    if not isinstance(distribution, Continuous):
        return "leave out the values that are not"
    low, high = (bound / factor for bound in domain.bounds)
    kind = "a lognormal" if low == 0 else "an interval"
    inside = domain.words().replace("at least", "above").replace("at most", "below")
    if math.isfinite(high - low):
        kind = "a logitnormal or a beta"
    cut = distribution.truncated(low, high).describe(longest=8)
    return f"state {kind} with both ends {inside}, or truncate it: {cut}"
