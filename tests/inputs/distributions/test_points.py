"""The kind `quantiles`: through its points, smooth, with normal tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator
from scipy.special import ndtri

from uncertain_scale.inputs.distributions import (
    DistributionError,
    LogitNormal,
    LogNormal,
    Normal,
    build,
)

U = np.concatenate([10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), [0.5]])


@pytest.mark.parametrize(
    ("bounds", "kind"),
    [
        ({}, Normal(mu=0.3, sigma=0.1)),
        ({"lower": 0}, LogNormal(mu=-1, sigma=0.4)),
        ({"lower": 0, "upper": 1}, LogitNormal(mu=-1, sigma=0.4)),
    ],
)
def test_two_points_make_a_normal_of_the_transform(bounds, kind):
    x = kind.ppf(np.array([0.05, 0.95]))
    ours = build("quantiles", {"q05": float(x[0]), "q95": float(x[1]), **bounds})
    np.testing.assert_allclose(ours.ppf(U), kind.ppf(U), rtol=1e-11)
    np.testing.assert_allclose(ours.cdf(kind.ppf(U)), kind.cdf(kind.ppf(U)), rtol=1e-9)
    assert ours.mean() == pytest.approx(kind.mean(), rel=1e-11)
    assert ours.sd() == pytest.approx(kind.sd(), rel=1e-11)
    assert ours.support == kind.support


def test_points_of_a_normal_make_that_normal():
    """Any number of points on a line in normal scores leaves the line."""
    kind = Normal(mu=3, sigma=2)
    names = ("q02", "q10", "q40", "q50", "q93")
    values = kind.ppf(np.array([0.02, 0.1, 0.4, 0.5, 0.93]))
    ours = build("quantiles", dict(zip(names, values.tolist(), strict=True)))
    np.testing.assert_allclose(ours.ppf(U), kind.ppf(U), rtol=1e-11)
    assert ours.mean() == pytest.approx(3, rel=1e-11)


def test_inside_it_is_scipys_pchip_with_secant_ends():
    levels, x = np.array([0.05, 0.2, 0.5, 0.9, 0.95]), np.array([1, 2, 2.2, 8, 9.0])
    z = ndtri(levels)
    slopes = PchipInterpolator(z, x).derivative()(z)
    secants = np.diff(x) / np.diff(z)
    slopes[[0, -1]] = secants[[0, -1]]
    expected = CubicHermiteSpline(z, x, slopes)
    names = ("q05", "q20", "q50", "q90", "q95")
    ours = build("quantiles", dict(zip(names, x.tolist(), strict=True)))
    u = np.linspace(0.05, 0.95, 200)
    np.testing.assert_allclose(ours.ppf(u), expected(ndtri(u)), rtol=1e-12)
    # Beyond the ends the line goes on.
    out = ours.ppf(np.array([0.001, 0.999]))
    line = x[[0, -1]] + secants[[0, -1]] * (ndtri([0.001, 0.999]) - z[[0, -1]])
    np.testing.assert_allclose(out, line, rtol=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(1e-3, 3), min_size=2, max_size=6),
    st.sampled_from([{}, {"lower": 0}, {"upper": 30}, {"lower": 0, "upper": 30}]),
)
def test_any_ascending_points_fit(steps, bounds):
    x = 1 + np.cumsum(steps)
    levels = np.linspace(0.12, 0.9, len(x)).round(3)
    names = [f"q{round(level * 1000):03d}" for level in levels]
    kind = build("quantiles", {**dict(zip(names, x.tolist(), strict=True)), **bounds})
    np.testing.assert_allclose(kind.ppf(levels), x, rtol=1e-11)
    np.testing.assert_allclose(kind.cdf(x), levels, rtol=1e-9)
    assert (np.diff(kind.ppf(np.sort(U))) >= 0).all()
    assert np.isfinite(kind.mean())
    assert np.isfinite(kind.sd())


def test_mirrored_points_mirror():
    low = build("quantiles", {"q10": 1, "q50": 2, "q90": 9, "lower": 0})
    high = build("quantiles", {"q10": -9, "q50": -2, "q90": -1, "upper": 0})
    np.testing.assert_allclose(high.quantile(1 - U, U), -low.quantile(U, 1 - U), rtol=1e-9)
    assert high.sd() == pytest.approx(low.sd(), rel=1e-11)


def test_points_that_a_bound_makes_one_are_refused():
    points = {"q05": 1.0, "q95": 1.0 + 2.0**-52}
    with pytest.raises(DistributionError, match="cannot be told apart"):
        build("quantiles", {**points, "lower": -1e9})
