"""Bases of all kinds: a quantile function, its inverse, a density and two moments.

Parameters are checked by pydantic when an instance is made. A kind that can be stated in another
way (`q05=…, q95=…`, or a mean and sd) turns that into its own parameters first, and remembers the
statement for `describe`; the JSON Schema has all the ways.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    Strict,
    ValidationError,
    model_validator,
)

from uncertain_scale.inputs.distributions.statement import (
    DistributionError,
    NamedQuantiles,
    call_text,
    faults_of,
    in_order,
    in_place,
    level_of,
    stated_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ModelWrapValidatorHandler

    from uncertain_scale.inputs.distributions.statement import Faults
    from uncertain_scale.units.aliases import FloatArray

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
Bound = Annotated[float, Strict(), Field(allow_inf_nan=True)]
_PATTERN = "^q[0-9]{2,}$"


def amend_schema(schema: dict[str, Any], cls: type[Distribution]) -> None:
    """Add the other ways to state a kind to its JSON Schema, which pydantic does not know.

    Of draft 7 it uses only the part that editors understand: `patternProperties`, `oneOf`,
    `required`, `not`.

    Parameters
    ----------
    schema
        Changed in place; pydantic calls this as `json_schema_extra`.
    cls
        The class it is of.
    """
    properties = schema["properties"]
    schema["description"] = (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
    schema["required"] = ["kind", *[n for n in schema.get("required", []) if n != "kind"]]
    for name, field in properties.items():
        field.pop("title", None)
        if "anyOf" in field:  # optional: TOML has no null, so the other form remains
            only = next(form for form in field.pop("anyOf") if form.get("type") != "null")
            properties[name] = {**only, **field}
            if properties[name].get("default", ...) is None:
                del properties[name]["default"]
    least, most = cls.quantile_counts
    if most:
        text = "Quantile by name: digits after q are decimals, q05 is 5%."
        schema["patternProperties"] = {_PATTERN: {"type": "number", "description": text}}
    properties.update((name, dict(other)) for name, other in cls.alternative.items())
    schema["additionalProperties"] = False
    ways = _ways(cls)
    if len(ways) > 1:
        schema["required"] = [n for n in schema["required"] if n not in cls.required()]
        schema["oneOf"] = ways
    elif most:
        beside = sum(1 for name in properties if name in schema["required"])
        schema["minProperties"] = least + beside


def _ways(cls: type[Distribution]) -> list[dict[str, Any]]:
    """Return the ways to state a kind, of which exactly one holds."""
    least, most = cls.quantile_counts
    own, other = list(cls.required()), list(cls.alternative)
    stated = [(own, other)] if own else []
    stated += [
        (list(way), [*cls.parameters, *(name for name in other if name not in way)])
        for way in cls.together()
    ]
    ways: list[dict[str, Any]] = [
        {"title": " and ".join(names), "required": names, **_without(against)}
        for names, against in stated
    ]
    if not most:
        return ways
    for way in ways:
        way["patternProperties"] = {_PATTERN: False}
    if own:
        without = _without([*in_place(cls), *other])
        ways.append({"title": "named quantiles", "minProperties": least + 1, **without})
    return ways


def _without(names: list[str]) -> dict[str, Any]:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}} if names else {}


class Distribution(BaseModel, ABC):
    """A belief about one number, as a frozen tagged model; `kind` is its tag in a prior file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        ser_json_inf_nan="constants",
        json_schema_extra=amend_schema,
        defer_build=True,  # until a prior is of the kind
    )
    kind: str
    parameters: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that quantiles stand in for."""
    alternative: ClassVar[dict[str, dict[str, Any]]] = {}
    """Other parameters that may be given in place of `parameters`, each with its JSON Schema."""
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Those of them that are given together; by default all are."""
    quantile_counts: ClassVar[tuple[int, int]] = (0, 0)
    """Least and largest number of named quantiles that state the kind; (0, 0): none do."""
    free_shape: ClassVar[str] = ""
    """A parameter that leaves the least number of quantiles where it is given, else the largest."""
    mu_is: ClassVar[str] = ""
    """Meaning of `mu` and `sigma`, where kinds differ in it."""
    effort: ClassVar[int] = 1
    """Cost as a component of a mixture, by the time that an inversion takes."""

    _stated: dict[str, Any] = PrivateAttr(default_factory=dict)

    @abstractmethod
    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the quantiles at probabilities `u`, elementwise, non-decreasing in u.

        `u` has any shape; 0 and 1 give the ends of the support, values outside give NaN.
        """

    def cdf(self, x: FloatArray) -> FloatArray:
        """Return P(X <= x), elementwise."""
        return self.share(np.asarray(x, dtype=np.float64), above=False)

    def sf(self, x: FloatArray) -> FloatArray:
        """Return P(X > x), elementwise, without loss of digits in the upper tail."""
        return self.share(np.asarray(x, dtype=np.float64), above=True)

    @abstractmethod
    def share(self, x: FloatArray, *, above: bool) -> FloatArray:
        """Return P(X > x), or P(X <= x), elementwise, each without loss of digits."""

    @abstractmethod
    def quantile(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return the quantiles at probabilities `p`, whose complements `q` are 1 - p.

        Both are given so that neither tail loses digits: the upper tail is read off `q`.
        """

    @abstractmethod
    def mean(self) -> float | None:
        """Return the mean, or None where it does not exist."""

    @abstractmethod
    def sd(self) -> float | None:
        """Return the standard deviation, or None where it does not exist."""

    def moments(self, power: float) -> tuple[float, float]:
        """Return the mean and the standard deviation of X^power, nan where they are not at hand.

        Parameters
        ----------
        power
            For any but 1, whose moments are checked for, both must exist to be right.

        Examples
        --------
        >>> from uncertain_scale.inputs.distributions import build
        >>> mean, sd = build("uniform", {"lower": 1, "upper": 2}).moments(-1)
        >>> round(mean, 6), round(sd, 6)  # log 2, and the root of 1/2 - (log 2)^2
        (0.693147, 0.139811)
        """
        if power == 1:
            mean, sd = self.mean(), self.sd()
            return np.nan if mean is None else mean, np.nan if sd is None else sd
        with np.errstate(all="ignore"):
            return self._moments_of_power(power)

    def _moments_of_power(self, power: float) -> tuple[float, float]:
        values, masses = self.atoms()
        mean = float(values**power @ masses)
        return mean, float(np.sqrt((values**power - mean) ** 2 @ masses))

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The smallest closed interval with probability one; its ends may be infinite."""

    def log_pdf(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the density, elementwise: -inf where it is 0.

        Raises
        ------
        DistributionError
            Some values have a probability of their own, so that there is no density.
        """
        del x
        text = f"{self.kind} has no density: single values have a probability of their own"
        raise DistributionError([(None, text)])

    def pdf(self, x: FloatArray) -> FloatArray:
        """Return the density, elementwise: 0 outside the support.

        Raises what `log_pdf` raises.

        Examples
        --------
        >>> from uncertain_scale.inputs.distributions import build
        >>> build("uniform", {"lower": 2, "upper": 4}).pdf(np.array([1.9, 2.0, 3.0, 4.1])).tolist()
        [0.0, 0.5, 0.5, 0.0]
        """
        return np.asarray(np.exp(self.log_pdf(x)))

    @property
    def continuous(self) -> bool:
        """Whether no single value has a probability of its own."""
        return True

    def atoms(self) -> tuple[FloatArray, FloatArray]:
        """Return the values that have a probability of their own, ascending, and these."""
        return np.empty(0), np.empty(0)

    def masses(self) -> FloatArray:
        """Return the probabilities of the atoms or components that it consists of."""
        return np.ones(1) if self.continuous else self.atoms()[1]

    def levels_of_masses(self) -> FloatArray:
        """Return the levels between which nearly all of each of `masses` lies, shape (mass, 2)."""
        above = np.minimum(np.cumsum(self.masses()), 1.0)
        return np.stack([np.append(0.0, above[:-1]), above], axis=1)

    @property
    def stated(self) -> dict[str, Any]:
        """The parameters or named quantiles as typed, without those left at their defaults."""
        return dict(self._stated)

    def describe(self, longest: int | None = None) -> str:
        """Return the distribution in the notation that people type, which parses back to it.

        Parameters
        ----------
        longest
            Lists of more than this many numbers are cut short with an ellipsis, for reports;
            by default nothing is cut.

        Examples
        --------
        >>> from uncertain_scale.inputs.distributions import build
        >>> build("lognormal", {"q05": 1.4, "q95": 3.2}).describe()
        'lognormal(q05=1.4, q95=3.2)'
        """
        return call_text(self.kind, self._stated, longest)

    def __eq__(self, other: object) -> bool:
        """Compare kinds and parameters; not their statements, nor values computed since."""
        return type(self) is type(other) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        given = self.model_extra or {}
        extra = tuple((name, given[name]) for name in sorted(given, key=level_of))
        return (self.kind, *(getattr(self, name) for name in type(self).model_fields), *extra)

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Turn a statement into parameters, check them, and remember the statement."""
        if not isinstance(data, dict):
            return handler(data)
        try:
            made = handler(stated_parameters(cls, {"kind": cls.kind_name(), **data}))
        except ValidationError as error:
            raise DistributionError(faults_of(error, cls)) from None
        made._stated = in_order(made, data)  # noqa: SLF001 - an instance of this class
        if faults := list(made.check()):
            raise DistributionError(faults)
        return made

    @classmethod
    def kind_name(cls) -> str:
        """Return the kind's tag."""
        return str(cls.model_fields["kind"].default)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Return the parameters that must be given, where nothing stands in for them."""
        return tuple(name for name, field in cls.model_fields.items() if field.is_required())

    @classmethod
    def together(cls) -> tuple[tuple[str, ...], ...]:
        """Return the names of `alternative` by the ways in which they state the kind."""
        return cls.alternatives or ((tuple(cls.alternative),) if cls.alternative else ())

    @classmethod
    def free_parameters(cls, data: Mapping[str, object]) -> tuple[int, int]:
        """Return the least and largest number of quantiles beside other parameters."""
        if not cls.free_shape:
            return cls.quantile_counts
        count = cls.quantile_counts[cls.free_shape not in data]
        return count, count

    def check(self) -> Faults:
        """Return the faults of parameters that are each valid alone."""
        return []

    @classmethod
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters that reproduce named quantiles.

        Parameters
        ----------
        quantiles
            Ascending levels and values.
        beside
            Other parameters: bounds of support, or a shape.
        """
        raise NotImplementedError

    @classmethod
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters for those in `alternative`."""
        raise NotImplementedError
