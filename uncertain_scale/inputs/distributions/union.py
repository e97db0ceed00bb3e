"""All kinds as one: the tagged union, and `build`, which makes a distribution from a table."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from uncertain_scale.errors import nearest
from uncertain_scale.inputs.distributions.bounded import Pert, Triangular
from uncertain_scale.inputs.distributions.closed import (
    LogitNormal,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
)
from uncertain_scale.inputs.distributions.discrete import Bernoulli, Choice, Constant, Empirical
from uncertain_scale.inputs.distributions.faults import DistributionError, faults_of, shown
from uncertain_scale.inputs.distributions.fitted import Beta, Gamma, StudentT
from uncertain_scale.inputs.distributions.metalog import Metalog
from uncertain_scale.inputs.distributions.mixture import Mixture
from uncertain_scale.inputs.distributions.points import Quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.inputs.distributions.base import Distribution
    from uncertain_scale.inputs.distributions.faults import Fault

__all__ = ["KINDS", "AnyDistribution", "build", "json_schemas"]

AnyDistribution: TypeAlias = Annotated[
    Constant
    | Uniform
    | LogUniform
    | Normal
    | LogNormal
    | LogitNormal
    | StudentT
    | Gamma
    | Beta
    | Triangular
    | Pert
    | Metalog
    | Quantiles
    | Choice
    | Bernoulli
    | Mixture
    | Empirical,
    Field(discriminator="kind"),
]
"""Any kind of distribution, told apart by `kind`."""

KINDS: Mapping[str, type[Distribution]] = MappingProxyType(
    {
        cls.kind_name(): cls
        for cls in (
            Constant,
            Uniform,
            LogUniform,
            Normal,
            LogNormal,
            LogitNormal,
            StudentT,
            Gamma,
            Beta,
            Triangular,
            Pert,
            Metalog,
            Quantiles,
            Choice,
            Bernoulli,
            Mixture,
            Empirical,
        )
    }
)
"""The class of each kind, in the order of the documentation."""

_DEEPEST_TABLE = 32
_MOST_TABLES = 1_000
_MOST_KEYS = 1_000
_LONG = 100  # items of a list that are checked one by one, each with its own fault


def build(kind: str, parameters: Mapping[str, object]) -> Distribution:
    """Make a distribution from its kind and what a prior file says of it.

    Parameters
    ----------
    kind
        One of `KINDS`.
    parameters
        Parameters or named quantiles, and optionally `truncate`.

    Raises
    ------
    DistributionError
        All that is wrong with them.

    Examples
    --------
    >>> build("beta", {"mu": 0.4, "sigma": 0.1}).describe()
    'beta(mu=0.4, sigma=0.1)'
    >>> build("lognormall", {"mu": 0, "sigma": 1})
    Traceback (most recent call last):
    ...
    uncertain_scale.inputs.distributions.faults.DistributionError: kind 'lognormall' is unknown; \
did you mean 'lognormal'?
    """
    cls = KINDS.get(kind)
    if cls is None:
        text = f"kind '{kind[:60]}' is unknown; {nearest(kind, KINDS)}"
        raise DistributionError([("kind", text)])
    faults: list[Fault] = [
        (name, f"'{name[:60]}' is stated twice") for name in parameters if name == "kind"
    ]
    faults += [
        (name, f"{name} has no value")
        for name, value in parameters.items()
        if value is None and getattr(cls.model_fields.get(name), "default", ...) is not None
    ]
    if len(parameters) > _MOST_KEYS:
        text = f"{kind} with {len(parameters):,} keys; it may have {_MOST_KEYS:,}"
        raise DistributionError([(None, text)])
    depth, tables = _size(parameters)
    if depth > _DEEPEST_TABLE:
        faults.append(("components", "mixtures nest deeper than 8"))
    if tables > _MOST_TABLES + 1:  # and this one
        text = f"components holds too many; it may hold {_MOST_TABLES} in all"
        faults.append(("components", text))
    faults += _not_numbers(parameters)
    if faults:
        raise DistributionError(faults)
    try:
        return cls.model_validate(dict(parameters))
    except ValidationError as error:
        raise DistributionError(faults_of(error, cls)) from None


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind's table, without what a prior file adds to it.

    Returns
    -------
    dict
        By kind. That of `mixture` refers to the others in its own `$defs`, by their kinds, and to
        any of them as `AnyDistribution`.

    Examples
    --------
    >>> sorted(json_schemas()["normal"]["properties"])
    ['kind', 'mu', 'sigma', 'truncate']
    """
    schemas = {kind: cls.model_json_schema() for kind, cls in KINDS.items()}
    reference = {"$ref": "#/$defs/AnyDistribution"}
    schemas["mixture"]["properties"]["components"]["items"] = reference
    definitions = {kind: dict(schema) for kind, schema in schemas.items()}
    definitions["AnyDistribution"] = {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS]}
    schemas["mixture"]["$defs"] = definitions
    return schemas


def _not_numbers(parameters: Mapping[str, object]) -> list[Fault]:
    """Tell of long lists of numbers in which something is none, by the first such thing."""
    faults: list[Fault] = []
    for name, value in parameters.items():
        if name == "components" or not isinstance(value, list) or len(value) <= _LONG:
            continue
        wrong = (at for at, one in enumerate(value) if type(one) not in {int, float})
        if (at := next(wrong, None)) is not None:
            faults.append((name, f"{name}[{at}] = {shown(value[at])} is not a number"))
    return faults


def _size(value: object) -> tuple[int, int]:
    """Return how deep tables and lists nest, and how many tables there are, without recursion."""
    depth, tables, level = 0, 0, [value]
    while level and depth <= _DEEPEST_TABLE:
        tables += sum(isinstance(item, dict) for item in level)
        depth += 1
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += [part for part in item.values() if isinstance(part, dict | list | tuple)]
            elif isinstance(item, list | tuple):
                inner += [part for part in item if isinstance(part, dict | list | tuple)]
        level = inner
    return depth, tables
