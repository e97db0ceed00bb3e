"""Laws with a heavy tail, with steps and with a maximum, of a subject of their own."""

from typing import Annotated

import numpy as np


def ratio(x: Annotated[float, "1"], u: Annotated[float, "1"]) -> Annotated[float, "1"]:
    """Ratio x / u, which has no mean."""
    return x / u


def steps(u: Annotated[float, "1"]) -> Annotated[float, "1"]:
    """Thirds of u, in whole numbers."""
    return np.floor(3 * u)


def worst(x: Annotated[float, "1"], ratio: Annotated[float, "1"]) -> Annotated[float, "1"]:
    """Take the larger of x and x / u."""
    return np.maximum(x, ratio)
