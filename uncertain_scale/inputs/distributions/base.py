"""What every kind of distribution offers: a quantile function, its inverse and two moments.

Parameters are checked by pydantic when an instance is made. A kind that can be stated in another
way (`q05=…, q95=…`, or a mean and sd) turns that into its own parameters first, and remembers what
was stated, which is what `describe` shows.
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

from uncertain_scale.inputs.distributions.faults import (
    DistributionError,
    faults_of,
    number_fault,
    unknown_text,
)
from uncertain_scale.inputs.distributions.named_quantiles import (
    NamedQuantiles,
    is_quantile_name,
    level_of,
    read_quantiles,
)
from uncertain_scale.inputs.distributions.schema_parts import amend_schema
from uncertain_scale.inputs.distributions.text import call_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ModelWrapValidatorHandler

    from uncertain_scale.inputs.distributions.faults import Faults
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Distribution", "Number", "Positive"]

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]


class Distribution(BaseModel, ABC):
    """A belief about one number, as a frozen tagged model; `kind` is its tag in a prior file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        ser_json_inf_nan="constants",
        json_schema_extra=amend_schema,
    )
    kind: str
    parameters: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that quantiles stand in for."""
    alternative: ClassVar[tuple[str, ...]] = ()
    """Names of other parameters that may be given in place of `parameters`."""
    quantile_counts: ClassVar[tuple[int, int]] = (0, 0)
    """Least and largest number of named quantiles that state the kind; (0, 0): none do."""

    count_advice: ClassVar[str] = ""
    """What to add where the number of quantiles is wrong."""

    effort: ClassVar[int] = 1
    """What it counts among the components of a mixture, by the time that its inversion takes."""

    mu_is: ClassVar[str] = ""
    """What `mu` and `sigma` are, where kinds differ in it."""

    _stated: dict[str, Any] = PrivateAttr(default_factory=dict)

    @abstractmethod
    def ppf(self, u: FloatArray) -> FloatArray:
        """Return the quantiles at probabilities `u`, elementwise, non-decreasing in u.

        `u` has any shape; 0 and 1 give the ends of the support, what lies outside gives NaN.
        """

    @abstractmethod
    def cdf(self, x: FloatArray) -> FloatArray:
        """Return P(X <= x), elementwise."""

    @abstractmethod
    def mean(self) -> float | None:
        """Return the mean, or None where it does not exist."""

    @abstractmethod
    def sd(self) -> float | None:
        """Return the standard deviation, or None where it does not exist."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The smallest closed interval with probability one; its ends may be infinite."""

    @abstractmethod
    def quantile(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return the quantiles at probabilities `p`, whose complements `q` are 1 - p.

        Both are given so that neither tail loses digits: the upper tail is read off `q`.
        """

    @abstractmethod
    def sf(self, x: FloatArray) -> FloatArray:
        """Return P(X > x), elementwise, without loss of digits in the upper tail."""

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

    @property
    def stated(self) -> dict[str, Any]:
        """What was typed: parameters or named quantiles, without what was left at its default."""
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
        """Compare kinds and parameters; not how they were stated, nor what was computed since."""
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
        """Turn what was stated into parameters, check them, and remember what was stated."""
        if not isinstance(data, dict):
            return handler(data)
        try:
            made = handler(cls._parameters_from({"kind": cls.kind_name(), **data}))
        except ValidationError as error:
            raise DistributionError(faults_of(error, cls)) from None
        made._stated = cls._in_order(made, data)  # noqa: SLF001 - an instance of this class
        if faults := list(made.check()):
            raise DistributionError(faults)
        return made

    @classmethod
    def kind_name(cls) -> str:
        """Return the kind's tag."""
        return str(cls.model_fields["kind"].default)

    @classmethod
    def required_ways(cls) -> tuple[str, ...]:
        """Return the parameters that must be given, where nothing stands in for them."""
        return tuple(name for name, field in cls.model_fields.items() if field.is_required())

    def check(self) -> Faults:
        """Return what is wrong with parameters that are each right by themselves."""
        return []

    @classmethod
    def free_parameters(cls, data: Mapping[str, object]) -> tuple[int, int]:
        """Return the least and largest number of quantiles for what else is given."""
        del data
        return cls.quantile_counts

    @classmethod
    def from_quantiles(cls, quantiles: NamedQuantiles, beside: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters that reproduce named quantiles.

        Parameters
        ----------
        quantiles
            Ascending levels and values.
        beside
            What else was given: bounds of support, or a shape.
        """
        raise NotImplementedError

    @classmethod
    def from_alternative(cls, given: dict[str, float], beside: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters for those in `alternative`."""
        raise NotImplementedError

    @classmethod
    def _parameters_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        if cls.quantile_counts[1] and any(map(is_quantile_name, data)):
            quantiles, beside = read_quantiles(cls, data)
            return {**beside, **cls.from_quantiles(quantiles, beside)}
        if not any(name in data for name in cls.alternative):
            return data
        given = {name: data[name] for name in cls.alternative if name in data}
        beside = {name: value for name, value in data.items() if name not in given}
        names = " and ".join(cls.alternative)
        if mixed := [name for name in cls.parameters if name in data]:
            other = " and ".join(cls.parameters)
            text = f"{cls.kind_name()} takes {other}, or {names}, not both; drop {mixed[0]}"
            raise DistributionError([(mixed[0], text)])
        faults: list[tuple[str | None, str]] = [
            (missing, f"{missing} is missing; {cls.kind_name()} takes {names} together")
            for missing in cls.alternative
            if missing not in given
        ]
        faults += [(name, said) for name in given if (said := number_fault(name, given[name]))]
        if "sigma" in given and not faults and given["sigma"] <= 0:
            faults.append(("sigma", f"sigma = {given['sigma']:g} must be above 0"))
        faults += [
            (name, unknown_text(cls, name)) for name in beside if name not in cls.model_fields
        ]
        if faults:
            raise DistributionError(faults)
        return {**beside, **cls.from_alternative(given, beside)}

    def _in_order(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Put what was typed in the order of the fields, quantiles by level, truncate last."""
        names = list(type(self).model_fields)
        resolved = {name: getattr(self, name) for name in names}

        def place(name: str) -> tuple[int, float]:
            if is_quantile_name(name):
                return 1, level_of(name)
            if name in self.alternative and name not in names:
                return 0, self.alternative.index(name)
            if name not in names:
                return 4, 0
            group = 3 if name == "truncate" else 0 if name in self.required_ways() else 2
            return group, names.index(name)

        return {
            name: resolved.get(name, data[name])
            for name in sorted(data, key=place)
            if name != "kind" and data[name] is not None
        }
