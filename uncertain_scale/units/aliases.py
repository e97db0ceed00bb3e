"""The types that equations are annotated with: an array of draws and the units it is in.

An equation's argument `budget: Dollars` is `Annotated[FloatArray, "USD", Positive]`: plain numbers
in real runs, and a pint quantity once, when the model is built and its units are checked. Priors
and givens of the variable must lie in the domain behind the units, where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from uncertain_scale.units.domain import Domain

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "AtLeastOne",
    "BytesPerParameter",
    "BytesPerToken",
    "Days",
    "Dimensionless",
    "Dollars",
    "DollarsPerExaflop",
    "DollarsPerGpu",
    "DollarsPerGpuHour",
    "DollarsPerKilowattHour",
    "DollarsPerMegatoken",
    "Domain",
    "FailuresPerGpuDay",
    "FloatArray",
    "Flop",
    "FlopPerSecond",
    "FlopPerSecondPerDollar",
    "FlopPerSecondPerGpu",
    "FromZeroToOne",
    "GigaflopPerJoule",
    "GigawattHours",
    "Gigawatts",
    "GpuHours",
    "GpuSecondsPerToken",
    "Gpus",
    "Hours",
    "Indicator",
    "KilogramsPerKilowattHour",
    "KilowattsPerGpu",
    "Megawatts",
    "NotNegative",
    "Parameters",
    "PerYear",
    "Positive",
    "Ratio",
    "Seconds",
    "SecondsPerFlop",
    "SequencesPerGpu",
    "Share",
    "TerabytesPerSecond",
    "TerabytesPerSecondPerGpu",
    "Tokens",
    "TokensOrNone",
    "TokensPerParameter",
    "TokensPerSecond",
    "Tonnes",
    "Years",
    "empirical",
    "overridable",
    "smallest",
    "where_stated",
]

FloatArray: TypeAlias = npt.NDArray[np.float64]
Positive = Domain("(0, inf)")

Dimensionless: TypeAlias = Annotated[FloatArray, "1"]
Ratio: TypeAlias = Annotated[FloatArray, "1", Positive]
Share: TypeAlias = Annotated[FloatArray, "1", Domain("(0, 1]")]
FromZeroToOne: TypeAlias = Annotated[FloatArray, "1", Domain("[0, 1]")]
NotNegative: TypeAlias = Annotated[FloatArray, "1", Domain("[0, inf)")]
Indicator: TypeAlias = Annotated[FloatArray, "1", Domain("{0, 1}")]
AtLeastOne: TypeAlias = Annotated[FloatArray, "1", Domain("[1, inf)")]
Dollars: TypeAlias = Annotated[FloatArray, "USD", Positive]
DollarsPerGpu: TypeAlias = Annotated[FloatArray, "USD/gpu", Positive]
DollarsPerGpuHour: TypeAlias = Annotated[FloatArray, "USD/gpu/hour", Positive]
DollarsPerKilowattHour: TypeAlias = Annotated[FloatArray, "USD/kWh", Positive]
DollarsPerExaflop: TypeAlias = Annotated[FloatArray, "USD/EFLOP", Positive]
DollarsPerMegatoken: TypeAlias = Annotated[FloatArray, "USD/Mtoken", Positive]
Gpus: TypeAlias = Annotated[FloatArray, "gpu", Positive]
GpuHours: TypeAlias = Annotated[FloatArray, "gpu*hour", Positive]
Days: TypeAlias = Annotated[FloatArray, "day", Positive]
Hours: TypeAlias = Annotated[FloatArray, "hour", Positive]
SecondsPerFlop: TypeAlias = Annotated[FloatArray, "s/FLOP", Domain("[0, inf)")]
Seconds: TypeAlias = Annotated[FloatArray, "s", Positive]
FailuresPerGpuDay: TypeAlias = Annotated[FloatArray, "1/gpu/day", Positive]
Years: TypeAlias = Annotated[FloatArray, "year", Positive]
Flop: TypeAlias = Annotated[FloatArray, "FLOP", Positive]
FlopPerSecond: TypeAlias = Annotated[FloatArray, "FLOP/s", Positive]
FlopPerSecondPerDollar: TypeAlias = Annotated[FloatArray, "FLOP/s/USD", Positive]
FlopPerSecondPerGpu: TypeAlias = Annotated[FloatArray, "FLOP/s/gpu", Positive]
KilowattsPerGpu: TypeAlias = Annotated[FloatArray, "kW/gpu", Positive]
Megawatts: TypeAlias = Annotated[FloatArray, "MW", Positive]
KilogramsPerKilowattHour: TypeAlias = Annotated[FloatArray, "kg/kWh", Positive]
Tonnes: TypeAlias = Annotated[FloatArray, "t", Positive]
PerYear: TypeAlias = Annotated[FloatArray, "1/year", Domain("[0, inf)")]
Gigawatts: TypeAlias = Annotated[FloatArray, "GW", Positive]
GigaflopPerJoule: TypeAlias = Annotated[FloatArray, "GFLOP/J", Positive]
GigawattHours: TypeAlias = Annotated[FloatArray, "GWh", Positive]
BytesPerParameter: TypeAlias = Annotated[FloatArray, "byte/parameter", Positive]
BytesPerToken: TypeAlias = Annotated[FloatArray, "byte/token", Positive]
TerabytesPerSecond: TypeAlias = Annotated[FloatArray, "TB/s", Positive]
TerabytesPerSecondPerGpu: TypeAlias = Annotated[FloatArray, "TB/s/gpu", Positive]
GpuSecondsPerToken: TypeAlias = Annotated[FloatArray, "gpu*s/token", Positive]
SequencesPerGpu: TypeAlias = Annotated[FloatArray, "1/gpu", Positive]
TokensPerSecond: TypeAlias = Annotated[FloatArray, "token/s", Positive]
Parameters: TypeAlias = Annotated[FloatArray, "parameter", Positive]
Tokens: TypeAlias = Annotated[FloatArray, "token", Positive]
TokensOrNone: TypeAlias = Annotated[FloatArray, "token", Domain("[0, inf)")]
TokensPerParameter: TypeAlias = Annotated[FloatArray, "token/parameter", Positive]

_F = TypeVar("_F", bound="Callable[..., Any]")


def empirical(equation: _F) -> _F:
    """Mark a fitted law that is stated for bare numbers in its declared units.

    `L = E + A / N**alpha` has no consistent dimensions: its constants absorb them. The unit check
    therefore feeds such an equation numbers in the units it declares, instead of quantities.
    """
    equation.__empirical__ = True  # type: ignore[attr-defined]
    return equation


def overridable(equation: _F) -> _F:
    """Mark a law that yields to a prior or given of its variable, without contradiction."""
    equation.__overridable__ = True  # type: ignore[attr-defined]
    return equation


def where_stated(variable: str, *, instead_of: str = "") -> Callable[[_F], _F]:
    """Mark a law that is in force only where a variable is given, or has a prior that stays.

    Parameters
    ----------
    variable
        Whose fallback prior leaves the law out.
    instead_of
        Name of a law that is out of force then, with its inverses.
    """

    def marked(equation: _F) -> _F:
        equation.__stated__ = variable, instead_of  # type: ignore[attr-defined]
        return equation

    return marked


def smallest(equation: _F) -> _F:
    """Mark a law that takes the smallest of its arguments: reports say how often each it is."""
    equation.__smallest__ = True  # type: ignore[attr-defined]
    return equation
