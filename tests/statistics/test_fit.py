"""B-splines against scipy's."""

import numpy as np
import pytest
from scipy.interpolate import BSpline

from uncertain_scale.statistics.density import SplineCurve, fill_valleys, spline_basis


@pytest.mark.parametrize("degree", [1, 3, 5])
@pytest.mark.parametrize("pieces", [1, 2, 40])
def test_splines_and_their_slopes_are_scipys(degree, pieces):
    rng = np.random.default_rng(pieces)
    knots = np.sort(rng.normal(size=pieces + 1))
    padded = np.concatenate([[knots[0]] * degree, knots, [knots[-1]] * degree])
    y = np.concatenate([knots, rng.uniform(knots[0], knots[-1], 200)]).reshape(-1, 1)
    coefficients = rng.normal(size=pieces + degree)
    curve = BSpline(padded, coefficients, degree)
    basis = spline_basis(y, knots, degree)
    assert basis.shape == (*y.shape, pieces + degree)
    np.testing.assert_allclose(basis.sum(axis=-1), 1, rtol=1e-13)
    np.testing.assert_allclose(basis @ coefficients, curve(y), rtol=1e-11, atol=1e-13)
    inside = y[pieces + 1 :]  # a broken line has two slopes at a knot
    fast = SplineCurve(knots, coefficients, degree)
    np.testing.assert_allclose(fast(y), curve(y), rtol=1e-11, atol=1e-12)
    slopes, exact = fast.slope(inside), curve.derivative()(inside)
    np.testing.assert_allclose(slopes, exact, rtol=1e-9, atol=1e-11 * np.abs(exact).max())


def test_the_last_piece_goes_on_beyond_the_end():
    knots, coefficients = np.array([0.0, 1.0, 3.0]), np.array([1.0, -2.0, 0.5, 4.0, 1.0])
    curve = BSpline(np.array([0, 0, 0, 0, 1, 3, 3, 3, 3.0]), coefficients, 3)
    y = np.array([-0.2, 3.1])
    np.testing.assert_allclose(spline_basis(y, knots, 3) @ coefficients, curve(y), rtol=1e-12)
    np.testing.assert_allclose(SplineCurve(knots, coefficients, 3)(y), curve(y), rtol=1e-12)


def test_noise_is_asked_for_only_where_there_is_a_valley():
    def asked():
        raise AssertionError

    below = np.linspace(0, 1, 5)
    for plain in ([0.0, 1.0, 3.0, 2.0, 0.0], [3.0, 2.0, 1.0, 1.0, 0.0]):
        assert fill_valleys(np.array(plain), below, asked).tolist() == plain
    with pytest.raises(AssertionError):
        fill_valleys(np.array([0.0, 2.0, 1.0, 2.0, 0.0]), below, asked)
