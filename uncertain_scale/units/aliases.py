"""The types that equations are annotated with: an array of draws and the units it is in.

An equation's argument `budget: Dollars` is `Annotated[FloatArray, "USD"]`: plain numbers in real
runs, and a pint quantity once, when the model is built and its units are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Days",
    "Dimensionless",
    "Dollars",
    "DollarsPerExaflop",
    "DollarsPerGpu",
    "DollarsPerGpuHour",
    "DollarsPerMegatoken",
    "FloatArray",
    "Flop",
    "FlopPerSecond",
    "FlopPerSecondPerGpu",
    "GigaflopPerJoule",
    "GigawattHours",
    "Gigawatts",
    "GpuHours",
    "Gpus",
    "KilowattsPerGpu",
    "Megawatts",
    "Parameters",
    "Tokens",
    "TokensPerParameter",
    "Years",
    "empirical",
]

FloatArray: TypeAlias = npt.NDArray[np.float64]

Dimensionless: TypeAlias = Annotated[FloatArray, "1"]
Dollars: TypeAlias = Annotated[FloatArray, "USD"]
DollarsPerGpu: TypeAlias = Annotated[FloatArray, "USD/gpu"]
DollarsPerGpuHour: TypeAlias = Annotated[FloatArray, "USD/gpu/hour"]
DollarsPerExaflop: TypeAlias = Annotated[FloatArray, "USD/EFLOP"]
DollarsPerMegatoken: TypeAlias = Annotated[FloatArray, "USD/Mtoken"]
Gpus: TypeAlias = Annotated[FloatArray, "gpu"]
GpuHours: TypeAlias = Annotated[FloatArray, "gpu*hour"]
Days: TypeAlias = Annotated[FloatArray, "day"]
Years: TypeAlias = Annotated[FloatArray, "year"]
Flop: TypeAlias = Annotated[FloatArray, "FLOP"]
FlopPerSecond: TypeAlias = Annotated[FloatArray, "FLOP/s"]
FlopPerSecondPerGpu: TypeAlias = Annotated[FloatArray, "FLOP/s/gpu"]
KilowattsPerGpu: TypeAlias = Annotated[FloatArray, "kW/gpu"]
Megawatts: TypeAlias = Annotated[FloatArray, "MW"]
Gigawatts: TypeAlias = Annotated[FloatArray, "GW"]
GigaflopPerJoule: TypeAlias = Annotated[FloatArray, "GFLOP/J"]
GigawattHours: TypeAlias = Annotated[FloatArray, "GWh"]
Parameters: TypeAlias = Annotated[FloatArray, "parameter"]
Tokens: TypeAlias = Annotated[FloatArray, "token"]
TokensPerParameter: TypeAlias = Annotated[FloatArray, "token/parameter"]

_F = TypeVar("_F", bound="Callable[..., Any]")


def empirical(equation: _F) -> _F:
    """Mark a fitted law that is stated for bare numbers in its declared units.

    `L = E + A / N**alpha` has no consistent dimensions: its constants absorb them. The unit check
    therefore feeds such an equation numbers in the units it declares, instead of quantities.
    """
    equation.__empirical__ = True  # type: ignore[attr-defined]
    return equation
