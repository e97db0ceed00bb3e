"""Moments of outputs that are products of powers of independent inputs, from those of the inputs.

Equations run once on products in the place of arrays; what does more than multiply, divide and
raise to a number leaves its result unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.distributions import Constant, LogNormal
from uncertain_scale.model.calls import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.inputs.prior import Prior
    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler

__all__ = ["product_moments"]


@dataclass(frozen=True, eq=False)
class _Product(np.lib.mixins.NDArrayOperatorsMixin):
    """A number times powers of inputs, by name."""

    factor: float = 1.0
    powers: Mapping[str, float] = field(default_factory=dict)

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Refuse to be an array, so that no rule is passed by."""
        raise TypeError("a product is no array")

    def __bool__(self) -> bool:
        """Refuse to be true or false, which differs between draws."""
        raise TypeError("a product is neither true nor false")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Multiply, divide, or raise to a number."""
        rule = _RULES.get(ufunc.__name__)
        if rule is None or method != "__call__" or kwargs:
            return NotImplemented
        return rule(*inputs)


def product_moments(plan: Plan, sampler: InputSampler) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of each output that is a product of independent powers.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs and what ties them.

    Returns
    -------
    dict
        By output, in the model's units; outputs of which these do not follow are left out.
    """
    known: dict[str, Any] = {name: _Product(1.0, {name: 1.0}) for name in sampler.names}
    for equation in plan.steps:
        try:
            with user_code():
                result = equation.function(*(known[name] for name in equation.arguments))
            known[equation.target] = _of(result)
        except Exception:  # noqa: BLE001 - an equation may do anything: nothing is known
            known[equation.target] = None
    found = {
        name: _moments(known[name], sampler) for name in plan.outputs if known.get(name) is not None
    }
    return {name: pair for name, pair in found.items() if np.isfinite(pair).all()}


def _of(value: Any) -> _Product:
    return value if isinstance(value, _Product) else _Product(float(value))


def _times(a: _Product, b: _Product) -> _Product:
    names = dict.fromkeys([*a.powers, *b.powers])
    powers = {name: a.powers.get(name, 0.0) + b.powers.get(name, 0.0) for name in names}
    return _Product(a.factor * b.factor, powers)


def _raised(a: _Product, power: float) -> _Product:
    return _Product(a.factor**power, {name: power * one for name, one in a.powers.items()})


_RULES: dict[str, Callable[..., _Product]] = {
    "multiply": lambda a, b: _times(_of(a), _of(b)),
    "divide": lambda a, b: _times(_of(a), _raised(_of(b), -1.0)),
    "power": lambda a, b: _raised(a, float(b)),
    "sqrt": lambda a: _raised(a, 0.5),
    "square": lambda a: _raised(a, 2.0),
    "reciprocal": lambda a: _raised(a, -1.0),
    "positive": lambda a: a,
}


def _moments(product: _Product, sampler: InputSampler) -> tuple[float, float]:
    powers = {name: power for name, power in product.powers.items() if power}
    coordinates = [one for name in powers for one in sampler.positions_of([name])]
    if len(coordinates) > len(set(coordinates)):
        return math.nan, math.nan
    with np.errstate(all="ignore"):
        first, second = (
            np.prod([_moment(sampler.belief(name)[0], times * p) for name, p in powers.items()])
            for times in (1, 2)
        )
        spread = np.sqrt(np.maximum(second - first**2, 0.0))
    return float(product.factor * first), float(abs(product.factor) * spread)


def _moment(prior: Prior, power: float) -> np.float64:
    """Return E X^power in the model's units, nan where no closed form is at hand."""
    kind = prior.distribution
    found = np.float64(np.nan)
    if isinstance(kind, Constant):
        found = np.float64(kind.value) ** power
    elif isinstance(kind, LogNormal) and kind.truncate is None:
        found = np.exp(power * kind.mu + np.square(power * kind.sigma) / 2)
    elif power in {1.0, 2.0} and not prior.joint:
        mean, sd = kind.mean(), kind.sd()
        if power == 1 and mean is not None:
            found = np.float64(mean)
        elif mean is not None and sd is not None:
            found = np.square(np.float64(mean)) + np.square(np.float64(sd))
    return found * np.float64(prior.factor) ** power
