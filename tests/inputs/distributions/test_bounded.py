"""Triangular and PERT against scipy.stats, and solved from three quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uncertain_scale.inputs.distributions import DistributionError, Pert, Triangular, build

U = np.concatenate([10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), [0.5]])
LEVELS = np.array([0.05, 0.5, 0.95])


@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 1.0])
def test_triangular_against_scipy(place):
    ours = Triangular(lower=1, mode=1 + 3 * place, upper=4)
    theirs = stats.triang(place, 1, 3)
    np.testing.assert_allclose(ours.ppf(U), theirs.ppf(U), rtol=1e-12)
    x = np.linspace(1, 4, 50)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), atol=1e-14)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x), atol=1e-14)
    assert ours.mean() == pytest.approx(theirs.mean())
    assert ours.sd() == pytest.approx(theirs.std())


@pytest.mark.parametrize("place", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("shape", [1.0, 4.0, 60.0])
def test_pert_is_a_beta(place, shape):
    ours = Pert(lower=1, mode=1 + 3 * place, upper=4, shape=shape)
    theirs = stats.beta(1 + shape * place, 1 + shape * (1 - place), 1, 3)
    np.testing.assert_allclose(ours.ppf(U), theirs.ppf(U), rtol=1e-8)
    np.testing.assert_allclose(ours.cdf(theirs.ppf(U)), theirs.cdf(theirs.ppf(U)), rtol=1e-9)
    assert ours.mean() == pytest.approx((1 + shape * (1 + 3 * place) + 4) / (shape + 2))
    assert ours.sd() == pytest.approx(theirs.std())


@settings(deadline=None, max_examples=40)
@given(kind=st.sampled_from(["triangular", "pert"]), place=st.floats(0, 1), lower=st.floats(-5, 5))
def test_three_quantiles_give_the_parameters_back(kind, place, lower):
    made = build(kind, {"lower": lower, "mode": lower + 2 * place, "upper": lower + 2})
    x = made.exact(LEVELS, 1 - LEVELS)
    again = build(kind, dict(zip(("q05", "q50", "q95"), x.tolist(), strict=True)))
    if 0.2 < place < 0.8:  # with the mode near a bound, two triangles may have the same quantiles
        assert (again.lower, again.upper) == pytest.approx((made.lower, made.upper), abs=1e-6)
    np.testing.assert_allclose(again.cdf(x), LEVELS, rtol=1e-9)


@pytest.mark.parametrize("kind", ["triangular", "pert"])
def test_mirrored_quantiles_give_the_mirrored_parameters(kind):
    right = build(kind, {"q05": 1, "q50": 2.8, "q95": 6})
    left = build(kind, {"q05": -6, "q50": -2.8, "q95": -1})
    mirrored = (-left.upper, -left.mode, -left.lower)
    assert (right.lower, right.mode, right.upper) == pytest.approx(mirrored, rel=1e-7)


def test_three_quantiles_too_lopsided_are_refused():
    with pytest.raises(DistributionError, match="no triangular has q05 = 1, q50 = 1.1, q95 = 30"):
        build("triangular", {"q05": 1, "q50": 1.1, "q95": 30})


def test_shape_of_pert_may_stand_beside_quantiles():
    kind = build("pert", {"q05": 1, "q50": 2, "q95": 4, "shape": 9})
    assert kind.shape == 9
    np.testing.assert_allclose(kind.cdf(np.array([1, 2, 4])), LEVELS, rtol=1e-9)
    assert kind.describe() == "pert(q05=1, q50=2, q95=4, shape=9)"
