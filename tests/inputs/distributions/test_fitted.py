"""The fast quantiles of gamma, beta and student_t against scipy's inverses, tail to tail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from uncertain_scale.inputs.distributions import Beta, Gamma, Normal, StudentT, build
from uncertain_scale.inputs.distributions.incomplete import log_beta_quantile

SMALL = 10.0 ** -np.linspace(0.31, 15, 4_000)
U = np.concatenate([SMALL, 1 - SMALL, np.linspace(1e-4, 1 - 1e-4, 4_001)])
MOST = 1e-7
# Below this scipy's inverse itself leaves the normal range of numbers.
LEAST = 1e-290

GAMMAS = (1e-3, 0.05, 0.3, 1.0, 1.4, 7.0, 80.0, 1e3, 1e5, 1e7)
BETAS = (
    (1.4, 2.0),
    (1.0, 1.0),
    (0.5, 0.5),
    (0.05, 0.05),
    (0.05, 3.0),
    (3.0, 0.05),
    (0.01, 0.02),
    (1e-3, 5.0),
    (0.05, 1e5),
    (1e5, 0.05),
    (3.0, 1e5),
    (1e5, 3.0),
    (1e5, 1e5),
    (1e7, 1e7),
    (80.0, 0.1),
)
DEGREES = (0.1, 0.5, 1.0, 2.0, 2.5, 4.0, 30.0, 1e3, 1e6)


def worst(found, exact):
    """Return the largest relative error where the exact value is a normal number."""
    usable = np.abs(exact) > LEAST
    return float(np.max(np.abs(found[usable] / exact[usable] - 1)))


def exact_gamma(alpha):
    return np.where(U < 0.5, special.gammaincinv(alpha, U), special.gammainccinv(alpha, 1 - U))


def exact_beta(alpha, beta):
    lower = special.betaincinv(alpha, beta, U)
    return np.where(U < 0.5, lower, special.betainccinv(alpha, beta, 1 - U))


@pytest.mark.parametrize("alpha", GAMMAS)
def test_gamma_against_gammaincinv(alpha):
    assert worst(Gamma(alpha=alpha, beta=2).ppf(U), exact_gamma(alpha) / 2) < MOST


@pytest.mark.parametrize(("alpha", "beta"), BETAS)
def test_beta_against_betaincinv(alpha, beta):
    assert worst(Beta(alpha=alpha, beta=beta).ppf(U), exact_beta(alpha, beta)) < MOST


@pytest.mark.parametrize(("alpha", "beta"), BETAS)
def test_beta_is_as_good_near_its_upper_end(alpha, beta):
    """1 - x of beta(a, b) is the x of beta(b, a): with upper = 0 no digits hide behind the 1."""
    mirrored = Beta(alpha=beta, beta=alpha, lower=-1, upper=0)
    near_zero = np.abs(mirrored.quantile(1 - U, U))
    exact = exact_beta(alpha, beta)
    usable = (exact > 1e-6) & (exact < 1)
    np.testing.assert_allclose(near_zero[usable], exact[usable], rtol=1e-7)


@pytest.mark.parametrize("nu", DEGREES)
def test_student_t_against_stdtrit(nu):
    tail = np.minimum(U, 1 - U)
    exact = np.copysign(special.stdtrit(nu, tail), U - 0.5)
    finite = np.isfinite(exact) & (tail < 0.5 - 1e-9)  # next to 0.5 x has no digits
    assert worst(StudentT(nu=nu, mu=0, sigma=1).ppf(U)[finite], exact[finite]) < MOST


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.floats(-2, 5), st.floats(-2, 5))
def test_any_beta_and_gamma(log_alpha, log_beta):
    alpha, beta = np.round([10.0**log_alpha, 10.0**log_beta], 6)
    assert worst(Beta(alpha=alpha, beta=beta).ppf(U), exact_beta(alpha, beta)) < MOST
    assert worst(Gamma(alpha=alpha, beta=1).ppf(U), exact_gamma(alpha)) < MOST


@settings(deadline=None, max_examples=25)
@given(st.floats(-2, 5), st.floats(-2, 5))
def test_betainc_and_gammainc_give_the_probability_back(log_alpha, log_beta):
    """The inverses of scipy are not trusted here, only the functions themselves."""
    alpha, beta = 10.0**log_alpha, 10.0**log_beta
    u = np.linspace(0.001, 0.999, 999)
    x = Beta(alpha=alpha, beta=beta).ppf(u)
    inside = (x > 1e-250) & (x < 1 - 1e-4)
    np.testing.assert_allclose(special.betainc(alpha, beta, x)[inside], u[inside], atol=1e-7)
    x = Gamma(alpha=alpha, beta=1).ppf(u)
    np.testing.assert_allclose(special.gammainc(alpha, x)[x > 1e-250], u[x > 1e-250], atol=1e-7)


@pytest.mark.parametrize("simple", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("digits", [(1, 2), (2, 1), (64, 4), (-1, 3), (1, -1), (10**4, 1)])
def test_shapes_next_to_simple_ones(simple, digits):
    """Scipy's betaincinv(1 + 2e-16, 1 + 4e-16, 0.25) is 0.5."""
    alpha, beta = (simple * (1 + 2.0**-52 * digit) for digit in digits)
    plain = Beta(alpha=simple, beta=simple)
    u = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(Beta(alpha=alpha, beta=beta).ppf(u), plain.ppf(u), rtol=1e-8)


def test_the_measure_finds_an_error_of_a_millionth():
    exact = exact_gamma(2.0)
    assert worst(exact * (1 + 1e-6 * (np.abs(U - 0.3) < 1e-3)), exact) > MOST


def test_exact_values_beyond_the_expansion():
    """P(X < x) = 1e-200 is out of every table."""
    kind = Gamma(alpha=3, beta=1)
    low = kind.quantile(np.array([1e-200]), np.array([1.0]))
    assert low[0] == pytest.approx((6 * 1e-200) ** (1 / 3), rel=1e-12)
    high = kind.quantile(np.array([1.0]), np.array([1e-200]))
    assert special.gammaincc(3, high[0]) == pytest.approx(1e-200, rel=1e-9)


def test_heavy_tail_of_student_t_is_a_power():
    """With nu = 1 (Cauchy) x = 1/(pi p) far out."""
    kind = StudentT(nu=1, mu=0, sigma=1)
    x = kind.quantile(np.array([1e-250]), np.array([1.0]))
    assert x[0] == pytest.approx(-1e250 / np.pi, rel=1e-12)
    assert kind.quantile(np.array([0.5]), np.array([0.5]))[0] == 0


def test_a_single_number_is_the_same_as_one_of_many():
    kind = Beta(alpha=1.4, beta=2, lower=1, upper=2)
    many = kind.ppf(U)
    assert float(kind.ppf(U[1234])) == many[1234]
    np.testing.assert_array_equal(Beta(alpha=1.4, beta=2, lower=1, upper=2).ppf(U[:5]), many[:5])


CASES = (
    (Gamma(alpha=2.3, beta=0.5), stats.gamma(2.3, scale=2)),
    (Beta(alpha=1.4, beta=2, lower=1, upper=3), stats.beta(1.4, 2, 1, 2)),
    (StudentT(nu=5, mu=1, sigma=2), stats.t(5, 1, 2)),
)


@pytest.mark.parametrize(("ours", "theirs"), CASES)
def test_agrees_with_scipy(ours, theirs):
    x = theirs.ppf(np.linspace(0.001, 0.999, 99))
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x), rtol=1e-12)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-13)
    assert ours.sd() == pytest.approx(theirs.std(), rel=1e-13)
    assert ours.support == pytest.approx(theirs.support())


def test_moments_that_do_not_exist():
    assert StudentT(nu=1, mu=0, sigma=1).mean() is None
    assert StudentT(nu=1.01, mu=0, sigma=1).mean() == 0
    assert StudentT(nu=2, mu=0, sigma=1).sd() is None
    assert StudentT(nu=2.01, mu=0, sigma=1).sd() == pytest.approx(np.sqrt(201), rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.02, 50), st.floats(0.02, 50))
def test_gamma_and_beta_by_mean_and_sd(alpha, beta):
    gamma = Gamma(alpha=alpha, beta=beta)
    again = build("gamma", {"mu": gamma.mean(), "sigma": gamma.sd()})
    assert (again.alpha, again.beta) == pytest.approx((alpha, beta), rel=1e-12)
    first = Beta(alpha=alpha, beta=beta, lower=-2, upper=5)
    bounds = {"lower": -2, "upper": 5}
    second = build("beta", {"mu": first.mean(), "sigma": first.sd(), **bounds})
    assert (second.alpha, second.beta) == pytest.approx((alpha, beta), rel=1e-8)


@pytest.mark.parametrize(
    "shape", [0.06407516051426745, 0.34782057287676305, 1.197406847040558, 2.0]
)
def test_the_median_of_a_symmetric_beta_is_its_middle(shape):
    """By symmetry; betaincinv is off by 3e-8 at some of these."""
    half = np.array([0.5])
    assert log_beta_quantile(shape, shape, half, half)[0] == np.log(0.5)


@pytest.mark.parametrize("shape", [0.347186351960684, 1.2251802857418042, 7.3, 250.0])
@pytest.mark.parametrize("ulps", [-3, -2, -1, 1, 2, 3])
def test_medians_of_nearly_symmetric_betas(shape, ulps):
    """Of these, too."""
    half = np.array([0.5])
    found = log_beta_quantile(shape, shape * (1 + ulps * 2.0**-52), half, half)[0]
    assert found == pytest.approx(np.log(0.5), abs=1e-14)


@settings(deadline=None, max_examples=30)
@example(0.08822265149161379, 0.08822265149161379, ("q10", "q50"))
@example(-0.4594373554559832, -0.4594373554559832, ("q10", "q50"))
@given(
    st.floats(-1.3, 3),
    st.floats(-1.3, 3),
    st.sampled_from([("q05", "q95"), ("q10", "q50"), ("q25", "q75"), ("q01", "q99")]),
)
def test_gamma_and_beta_by_quantiles(log_alpha, log_beta, names):
    levels = np.array([float(f"0.{name[1:]}") for name in names])
    alpha, beta = 10.0**log_alpha, 10.0**log_beta
    x = special.gammaincinv(alpha, levels) / beta
    if x[0] > 1e-200:
        found = build("gamma", dict(zip(names, x.tolist(), strict=True)))
        assert found.alpha == pytest.approx(alpha, rel=1e-8)
        np.testing.assert_allclose(found.cdf(x), levels, rtol=1e-9)
    x = Beta(alpha=alpha, beta=beta).exact(levels, 1 - levels)
    if x[0] > 1e-200 and special.betaincinv(beta, alpha, 1 - levels)[1] > 1e-6:
        found = build("beta", dict(zip(names, x.tolist(), strict=True)))
        assert (found.alpha, found.beta) == pytest.approx((alpha, beta), rel=1e-5)
        np.testing.assert_allclose(found.cdf(x), levels, rtol=1e-9)


def test_beta_by_quantiles_on_its_own_support():
    kind = build("beta", {"q05": 1.1, "q95": 1.9, "lower": 1, "upper": 2})
    assert kind.alpha == pytest.approx(kind.beta, rel=1e-9)
    np.testing.assert_allclose(kind.cdf(np.array([1.1, 1.9])), [0.05, 0.95], rtol=1e-9)
    assert kind.describe() == "beta(q05=1.1, q95=1.9, lower=1, upper=2)"


@pytest.mark.parametrize("nu", [0.7, 3.0, 12.0])
def test_student_t_by_two_or_three_quantiles(nu):
    kind = StudentT(nu=nu, mu=2, sigma=0.3)
    names = ("q50", "q90", "q99")
    x = kind.exact(np.array([0.5, 0.9, 0.99]), np.array([0.5, 0.1, 0.01]))
    three = build("student_t", dict(zip(names, x.tolist(), strict=True)))
    assert (three.nu, three.mu, three.sigma) == pytest.approx((nu, 2, 0.3), rel=1e-8)
    two = build("student_t", {"q50": float(x[0]), "q99": float(x[2]), "nu": nu})
    assert (two.mu, two.sigma) == pytest.approx((2, 0.3), rel=1e-12)
    assert two.describe().startswith(f"student_t(nu={nu:g}, q50=2, q99=")


def test_large_shapes_are_nearly_normal():
    """An independent limit: gamma(alpha) is normal for large alpha, to its Wilson-Hilferty cube."""
    alpha = 1e6
    z = np.linspace(-3, 3, 7)
    found = Gamma(alpha=alpha, beta=1).ppf(special.ndtr(z))
    cube = alpha * (1 - 1 / (9 * alpha) + z / (3 * np.sqrt(alpha))) ** 3
    np.testing.assert_allclose(found, cube, rtol=1e-8)
    wide = StudentT(nu=1e9, mu=0, sigma=1).ppf(special.ndtr(z))
    np.testing.assert_allclose(wide, Normal(mu=0, sigma=1).ppf(special.ndtr(z)), atol=1e-7)


def test_beta_by_quantiles_beyond_all_digits_of_one():
    """1 - x is 1 in floating point here, and the mirror image has its quantiles next to 1."""
    levels = np.array([0.05, 0.1])
    x = special.betaincinv(0.06, 0.6, levels)
    kind = build("beta", {"q05": float(x[0]), "q10": float(x[1])})
    np.testing.assert_allclose(kind.cdf(x), levels, rtol=1e-9)
    assert kind.alpha == pytest.approx(0.06, rel=1e-9)
    near_one = special.betaincinv(3, 0.2, [0.1, 0.5])
    high = build("beta", {"q10": float(near_one[0]), "q50": float(near_one[1])})
    assert (high.alpha, high.beta) == pytest.approx((3, 0.2), rel=1e-7)


@pytest.mark.parametrize(("alpha", "beta"), [(0.0675, 39.75), (0.1476, 0.2734), (5845.0, 2.548)])
def test_shapes_are_polished_to_the_last_digits(alpha, beta):
    """By the logits of the quantiles that they were found from."""
    levels = np.array([0.05, 0.95])
    exact = log_beta_quantile(alpha, beta, levels, 1 - levels)
    low, high = np.exp(exact).tolist()
    kind = build("beta", {"q05": low, "q95": high})
    found = log_beta_quantile(kind.alpha, kind.beta, levels, 1 - levels)
    other = log_beta_quantile(kind.beta, kind.alpha, 1 - levels, levels)
    wanted = np.log([low, high]) - np.log1p([-low, -high])
    assert np.abs(found - other - wanted).max() < 1e-15 * np.abs(wanted).max()
