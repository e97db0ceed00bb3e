"""Parameters at the ends of the range of numbers: right values, and no warning of NumPy's."""

import math

import numpy as np
import pytest
from scipy import special

from uncertain_scale.inputs.distributions import DistributionError, build

LEVELS = np.array([0.0, 2.0**-54, 1e-9, 1e-3, 0.05, 0.5, 0.95, 0.999, 1 - 1e-9, 1 - 2.0**-53, 1.0])
SIZES = (1e-300, 1e-100, 1e-5, 1e-3, 1.0, 30.0, 1e6, 1e100, 1e300)
CASES = [
    *(("gamma", {"alpha": alpha, "beta": beta}) for alpha in SIZES[3:] for beta in SIZES),
    *(
        ("loguniform", {"lower": low, "upper": high})
        for low in SIZES
        for high in SIZES
        if low < high
    ),
    *(
        (kind, {"mu": mu, "sigma": sigma})
        for kind in ("normal", "lognormal", "logitnormal")
        for mu in (-1e300, -1e12, -1.0, 0.0, 700.0, 1e300)
        for sigma in SIZES
    ),
    *(
        (kind, {"lower": low, "mode": low + size / 2, "upper": low + size})
        for kind in ("triangular", "pert")
        for low, size in ((-1.0, 1e300), (0.0, 1e-300), (0.0, 1.0), (1e12, 1.0))
    ),
    *(
        ("beta", {"mu": mu, "sigma": part * math.sqrt(mu * (1 - mu))})
        for mu in (1e-3, 0.1, 0.5, 0.9)
        for part in (1e-6, 0.1, 0.9, 0.9998, 1 - 1e-9)
    ),
    *(("student_t", {"nu": nu, "mu": 0.0, "sigma": 1.0}) for nu in (0.01, 0.05, 0.5, 1e6, 1e12)),
    ("logitnormal", {"mu": 1e300, "sigma": 0.5, "lower": -1, "upper": 1e300}),
]


@pytest.mark.slow_but(*map(str, CASES[::12]))
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_extreme_parameter_warns_or_gives_what_is_no_number(case):
    """Warnings are errors in this suite."""
    kind, parameters = case
    distribution = build(kind, parameters)
    points = distribution.ppf(LEVELS)
    assert not np.isnan(points).any()
    assert (points[1:] >= points[:-1]).all()
    below, above = distribution.cdf(points), distribution.sf(points)
    assert ((below >= 0) & (below <= 1) & (above >= 0) & (above <= 1)).all()
    for moment in (distribution.mean(), distribution.sd()):
        assert moment is None or not math.isnan(moment)


def lognormal_sd(mu, sigma):
    return math.exp(mu + sigma**2) * math.sqrt(-math.expm1(-(sigma**2)))


@pytest.mark.parametrize(
    ("kind", "parameters", "sd"),
    [
        # Var = (b² - a²) / (2 log(b/a)) - mean², of which the first term decides here.
        (
            "loguniform",
            {"lower": 1e-300, "upper": 1e300},
            1e300 * math.sqrt(1 / (2 * 600 * math.log(10)) - (1 / (600 * math.log(10))) ** 2),
        ),
        ("triangular", {"lower": -1.0, "mode": 5e299, "upper": 1e300}, 1e300 / math.sqrt(24)),
        ("triangular", {"lower": 0.0, "mode": 1e-300, "upper": 1e-300}, 1e-300 / math.sqrt(18)),
        ("lognormal", {"mu": -1e12, "sigma": 1e6}, 1.0),
        ("lognormal", {"mu": -1e3, "sigma": 25.0}, lognormal_sd(-1e3, 25.0)),
        ("beta", {"mu": 0.5, "sigma": 0.4999}, 0.4999),
        ("gamma", {"alpha": 0.001, "beta": 1.0}, math.sqrt(0.001)),
    ],
)
def test_the_sd_is_right_where_its_square_is_no_number(kind, parameters, sd):
    assert build(kind, parameters).sd() == pytest.approx(sd, rel=1e-9)


@pytest.mark.parametrize(("alpha", "u"), [(0.001, 0.99), (0.02, 0.3), (0.001, 0.999), (0.1, 1e-3)])
def test_quantiles_of_nearly_empty_gammas_are_right(alpha, u):
    """Far below 1, P(X < x) is x^alpha / Gamma(alpha + 1) (1 - alpha x / (alpha + 1) + ...)."""
    x = float(build("gamma", {"alpha": alpha, "beta": 1.0}).ppf(np.array([u]))[0])
    log_below = alpha * math.log(x) - math.lgamma(alpha + 1)
    series = sum((-x) ** k / math.factorial(k) * alpha / (alpha + k) for k in range(40))
    assert log_below + math.log(series) == pytest.approx(math.log(u), abs=1e-12)


@pytest.mark.parametrize("nu", [1e-300, 1e-3, 0.0099, 2e12, 1e300])
def test_degrees_of_freedom_beyond_what_numbers_hold_are_refused(nu):
    with pytest.raises(DistributionError, match=r"nu = .* must lie from 0\.01"):
        build("student_t", {"nu": nu, "mu": 0.0, "sigma": 1.0})


@pytest.mark.parametrize(("alpha", "beta"), [(1.5e7, 3e7), (2e7, 1.2e9), (1e9, 1e9)])
def test_a_sharp_beta_is_inverted_to_its_own_probabilities(alpha, beta):
    levels = np.array([1e-15, 1e-6, 0.05, 0.5, 0.9])
    x = build("beta", {"alpha": alpha, "beta": beta}).ppf(levels)
    assert special.betainc(alpha, beta, x) == pytest.approx(levels, rel=1e-8)


def test_the_sharpest_beta_is_its_normal_limit():
    """Its skewness is 6e-8; scipy's own inverse is off by most of a standard deviation here."""
    sharp = build("beta", {"mu": 0.1, "sigma": 1e-8})
    levels = np.array([0.001, 0.05, 0.5, 0.95])
    assert (sharp.ppf(levels) - 0.1) / 1e-8 == pytest.approx(special.ndtri(levels), abs=5e-7)
