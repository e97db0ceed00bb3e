"""Closed-form kinds against scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uncertain_scale.inputs.distributions import (
    LogitNormal,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
    build,
)

U = np.concatenate([10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), [0.5]])
CASES = (
    (Uniform(lower=-2, upper=5), stats.uniform(-2, 7)),
    (LogUniform(lower=0.1, upper=50), stats.loguniform(0.1, 50)),
    (Normal(mu=-1, sigma=3), stats.norm(-1, 3)),
    (LogNormal(mu=0.7, sigma=0.4), stats.lognorm(0.4, scale=np.exp(0.7))),
)


@pytest.mark.parametrize(("ours", "theirs"), CASES)
def test_agrees_with_scipy(ours, theirs):
    x = theirs.ppf(U)
    np.testing.assert_allclose(ours.ppf(U), x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x), rtol=1e-6)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-12)
    assert ours.sd() == pytest.approx(theirs.std(), rel=1e-10)
    assert ours.support == pytest.approx(theirs.support())


def test_logitnormal_is_a_normal_of_the_logit():
    kind = LogitNormal(mu=0.3, sigma=2, lower=-1, upper=4)
    x = kind.ppf(U)
    odds = np.log((x + 1) / (4 - x))
    middle = (U > 1e-6) & (U < 1 - 1e-6)
    np.testing.assert_allclose(odds[middle], stats.norm(0.3, 2).ppf(U[middle]), rtol=1e-8)


def test_logitnormal_moments_by_simpson_over_the_normal():
    y = np.linspace(-25, 25, 200_001)
    density = stats.norm(0.3, 2).pdf(y)
    value = 1 / (1 + np.exp(-y))
    mean = np.trapezoid(value * density, y)
    sd = np.sqrt(np.trapezoid((value - mean) ** 2 * density, y))
    kind = LogitNormal(mu=0.3, sigma=2)
    assert kind.mean() == pytest.approx(mean, rel=1e-11)
    assert kind.sd() == pytest.approx(sd, rel=1e-11)
    assert LogitNormal(mu=0, sigma=2).mean() == pytest.approx(0.5, rel=1e-13)


def test_a_narrow_loguniform_keeps_its_digits():
    kind = LogUniform(lower=1, upper=1 + 1e-9)
    assert kind.mean() == pytest.approx(1 + 0.5e-9, rel=1e-15)
    assert kind.sd() == pytest.approx(1e-9 / np.sqrt(12), rel=1e-6)
    assert float(kind.cdf(1 + 0.25e-9)) == pytest.approx(0.25, rel=1e-6)


def test_lognormal_moments_may_leave_the_range_of_numbers():
    assert LogNormal(mu=0, sigma=100).mean() == np.inf


@settings(deadline=None, max_examples=50)
@given(
    kind=st.sampled_from(["uniform", "loguniform", "normal", "lognormal", "logitnormal"]),
    low=st.floats(0.05, 0.4),
    high=st.floats(0.41, 0.95),
    names=st.sampled_from([("q05", "q95"), ("q10", "q50"), ("q001", "q975"), ("q60", "q75")]),
)
def test_named_quantiles_are_reproduced(kind, low, high, names):
    distribution = build(kind, dict(zip(names, (low, high), strict=True)))
    levels = np.array([float(f"0.{name[1:]}") for name in names])
    np.testing.assert_allclose(distribution.ppf(levels), [low, high], rtol=1e-12)
    np.testing.assert_allclose(distribution.cdf(np.array([low, high])), levels, rtol=1e-11)


def test_median_and_symmetry_are_exact():
    assert build("normal", {"q50": 0.3, "q95": 2}).mu == 0.3
    assert build("lognormal", {"q05": 0.1, "q95": 10}).mu == pytest.approx(0, abs=1e-15)
