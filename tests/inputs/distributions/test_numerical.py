"""Piecewise polynomials: within their tolerance, or honest about where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from uncertain_scale.inputs.distributions.incomplete import log_beta_quantile, log_gamma_quantile
from uncertain_scale.inputs.distributions.numerical import (
    REACH,
    expand,
    expectation,
    in_chunks,
    increasing_roots,
)

Z = np.linspace(-REACH, REACH, 10_001)[1:-1]


@pytest.mark.parametrize("function", [np.tanh, np.exp, np.sin, lambda z: 1 / (1 + 25 * z * z)])
def test_smooth_functions_are_reproduced(function):
    values, doubtful = expand(function)(Z)
    assert doubtful.size == 0
    np.testing.assert_allclose(values, function(Z), atol=2e-9)


def test_a_kink_and_what_lies_outside_are_left_to_the_exact_function():
    fitted = expand(lambda z: np.abs(z - 0.1234))
    assert not fitted.good.all()
    values, doubtful = fitted(np.append(Z, [9.0, -9.0, np.nan]))
    trusted = np.setdiff1d(np.arange(Z.size), doubtful)
    np.testing.assert_allclose(values[trusted], np.abs(Z[trusted] - 0.1234), atol=2e-9)
    assert set(doubtful) >= {Z.size, Z.size + 1, Z.size + 2}
    assert 0 < doubtful.size < 0.01 * Z.size


def test_tolerance_by_range_follows_the_function():
    fitted = expand(np.exp, 1e-10, by_range=True, degree=11)
    values, _ = fitted(Z)
    np.testing.assert_allclose(values, np.exp(Z), rtol=1e-10)


def test_chunks_change_nothing():
    u = np.random.default_rng(2).random((3, 7_001))
    np.testing.assert_array_equal(in_chunks(np.sqrt, u), np.sqrt(u))


@pytest.mark.parametrize("power", [-0.99, -0.5, 0.0, 0.3, 2.0])
def test_powers_of_probability_integrate_to_their_closed_form(power):
    exact = 1 / (1 + power)
    assert expectation(lambda p, q: p**power + 0 * q) == pytest.approx(exact, rel=1e-9)
    assert expectation(lambda p, q: q**power + 0 * p) == pytest.approx(exact, rel=1e-9)


def test_a_kink_that_is_named_costs_no_accuracy():
    value = expectation(lambda p, q: np.abs(p - 0.3) + 0 * q, [(0.3, 0.7)])
    assert value == pytest.approx((0.09 + 0.49) / 2, rel=1e-13)


def test_roots_at_the_ends_of_their_brackets():
    target = np.array([-1.0, 0.25, 9.0])
    roots = increasing_roots(lambda x, y: x - y, np.zeros(3), np.ones(3), (target,))
    assert roots.tolist() == [0, 0.25, 1]


def test_logarithms_do_not_underflow():
    """Powers near 0: P(alpha, x) = x^alpha / Gamma(alpha + 1); I_x(alpha, 1) = x^alpha."""
    p, q = np.array([1e-15]), np.array([1.0])
    assert log_gamma_quantile(0.001, p, q)[0] == pytest.approx(1e3 * np.log(1e-15), rel=1e-4)
    assert log_beta_quantile(0.001, 1.0, p, q)[0] == pytest.approx(1e3 * np.log(1e-15), rel=1e-12)
    assert log_beta_quantile(3.0, 1.0, p, q)[0] == pytest.approx(np.log(1e-15) / 3, rel=1e-12)
