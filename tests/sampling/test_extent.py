"""Intervals and orders of moments hold for every draw, by whatever NumPy functions they went."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.sampling.extent import Extent

ENDS = st.floats(-5, 5).map(lambda x: round(x, 3))
STEPS = {
    "sum": lambda x, y: x + y - 0.5,
    "product": lambda x, y: x * y,
    "ratio": lambda x, y: x / (1 + y**2),
    "clip": lambda x, y: np.clip(x, -1, 2) * y,
    "where": lambda x, y: np.where(x > y, x, -y),
    "power": lambda x, y: np.abs(x) ** 1.5 + y**3,
    "logs": lambda x, y: np.log1p(np.square(x)) - np.sqrt(np.abs(y)),
    "exponents": lambda x, y: np.exp(-x) * np.tanh(y),
    "extremes": lambda x, y: np.maximum(x, y) * np.minimum(x, 2.0),
    "power of both": lambda x, y: np.exp(x) ** y,
    "reflected": lambda x, y: 1 - np.floor(x) / 3 + (2.0**y),
    "negative power": lambda x, y: (3 + np.abs(x)) ** -0.5 * y,
}


@pytest.mark.slow_but("sum", "ratio", "where", "reflected")
@pytest.mark.parametrize("name", STEPS)
@given(st.lists(ENDS, min_size=4, max_size=4))
def test_no_value_lies_outside(name: str, ends: list[float]) -> None:
    (a, b), (c, d) = sorted(ends[:2]), sorted(ends[2:])
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(a, b, 23), np.linspace(c, d, 23)))
    values = STEPS[name](x, y)
    found = STEPS[name](Extent(a, b), Extent(c, d))
    slack = 1e-9 * (1 + np.abs(values).max())
    assert found.low - slack <= values.min()
    assert values.max() <= found.high + slack
    assert found.order == math.inf


def heavy(order: float, source: str) -> Extent:
    return Extent(0.0, math.inf, order, 0.0, frozenset({source}))


def test_orders_of_products_are_those_of_the_heavier_factor_if_independent() -> None:
    assert (heavy(3, "a") * heavy(4, "b")).order == 3
    assert (heavy(3, "a") * heavy(3.0, "a")).order == pytest.approx(1.5)


def test_orders_of_sums_and_powers() -> None:
    x = heavy(6, "a")
    assert (x + heavy(4, "b")).order == 4
    assert (x**2).order == 3
    assert np.sqrt(x).order == 12
    assert np.minimum(x, heavy(2, "b")).order == 6
    assert np.minimum(x, 1e6).order == math.inf
    assert (1 / (1 + x)).order == math.inf
    assert (1 / x).order == 0


@pytest.mark.parametrize("way", [np.sin, np.cumsum, float, bool, np.asarray, np.max])
def test_what_has_no_rule_is_refused(way: object) -> None:
    with pytest.raises(TypeError):
        way(Extent(0.0, 1.0))  # type: ignore[operator]
