"""Mixtures: the inverse of the weighted distribution function, atoms and all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from uncertain_scale.inputs.distributions import (
    Beta,
    Constant,
    DistributionError,
    Mixture,
    Normal,
    Uniform,
    build,
    parse_distribution,
)

U = np.concatenate(
    [10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), np.linspace(0.01, 0.99, 99)]
)


def parsed(text):
    return parse_distribution(text)[0]


def test_atom_below_a_continuous_part():
    """The prior of FP8: not used with 0.75, else a speed-up between 1 and 2."""
    part = Beta(alpha=1.4, beta=2, lower=1, upper=2)
    kind = Mixture(components=(Constant(value=1), part), weights=(0.75, 0.25))
    assert kind.ppf(np.array([1e-12, 0.3, 0.75])).tolist() == [1, 1, 1]
    u = np.linspace(0.751, 0.999, 50)
    np.testing.assert_allclose(kind.ppf(u), part.ppf((u - 0.75) / 0.25), rtol=1e-12)
    assert kind.ppf(np.array([np.nextafter(0.75, 1)]))[0] >= 1
    assert kind.mean() == pytest.approx(0.75 + 0.25 * part.mean(), rel=1e-14)
    assert not kind.continuous
    values, masses = kind.atoms()
    assert (values.tolist(), masses.tolist()) == ([1], [0.75])
    assert kind.cdf(np.array([0.999, 1.0])).tolist() == [0, 0.75]


def test_upper_tail_of_the_last_part_keeps_its_digits():
    part = Normal(mu=100, sigma=1).truncated(50, np.inf)
    kind = Mixture(components=(Uniform(lower=0, upper=1), part), weights=(1, 3))
    q = np.array([1e-15, 1e-30])
    np.testing.assert_allclose(
        kind.quantile(1 - q, q), part.quantile(1 - q / 0.75, q / 0.75), rtol=1e-14
    )


def test_parts_that_begin_far_up_are_told_apart():
    """Two of three parts lie above where quantiles are read from the upper end."""
    parts = [Uniform(lower=k, upper=k + 1) for k in range(3)]
    shares = np.array([0.9992, 0.0005, 0.0003])
    kind = Mixture(components=tuple(parts), weights=tuple(shares))
    q = np.array([0.5, 9e-4, 8.0001e-4, 7.9999e-4, 5e-4, 3.0001e-4, 2.9999e-4, 1e-9])
    above = np.array([8e-4, 3e-4, 0.0])
    owner = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    expected = owner + 1 - (q - above[owner]) / shares[owner]
    np.testing.assert_allclose(kind.quantile(1 - q, q), expected, rtol=1e-10)


OVERLAPPING = (
    "mixture(components=[normal(mu=0, sigma=1), normal(mu=3, sigma=0.5)], weights=[3, 1])",
    "mixture(components=[normal(mu=0, sigma=1), normal(mu=14, sigma=0.3)])",
    (
        "mixture(components=[lognormal(mu=0, sigma=1), gamma(alpha=2, beta=1), uniform(lower=-1, "
        "upper=9)])"
    ),
    "mixture(components=[student_t(nu=2, mu=0, sigma=1), normal(mu=0, sigma=1)])",
    "mixture(components=[uniform(lower=0, upper=2), uniform(lower=1, upper=3)])",
)


def tail_gap(x, kind, u):
    """Return how far x is beyond the quantile at u, in the nearer tail."""
    return kind.cdf(x) / u - 1 if u < 0.5 else 1 - kind.sf(x) / (1 - u)


@pytest.mark.parametrize("text", OVERLAPPING)
def test_inverse_against_a_loop_of_scalar_roots(text):
    kind = parsed(text)
    for u in (1e-12, 1e-5, 0.1, 0.5, 0.74, 0.751, 0.97, 1 - 2.0**-30):
        ends = [float(part.ppf(u)) for part in kind.components]
        bracket = min(ends) - 1e-9, max(ends) + 1e-9
        root = brentq(tail_gap, *bracket, args=(kind, u))
        assert float(kind.ppf(u)) == pytest.approx(root, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("text", OVERLAPPING)
def test_inverse_to_1e_12_of_probability(text):
    kind = parsed(text)
    u = np.random.default_rng(5).random(20_000)
    x = kind.ppf(u)
    np.testing.assert_allclose(kind.cdf(x), u, atol=4e-12, rtol=0)
    assert (np.diff(kind.ppf(np.sort(u))) >= 0).all()


def test_atom_amid_a_continuous_part():
    kind = parsed("mixture(components=[constant(value=1), lognormal(mu=0, sigma=1)])")
    # The lognormal's median is 1: a quarter below it, half on it, a quarter above.
    x = kind.ppf(np.array([0.2499999, 0.2500001, 0.5, 0.7499999, 0.7500001]))
    assert x[0] < 1
    assert x[1:4].tolist() == [1, 1, 1]
    assert x[4] > 1
    part = kind.components[1]
    u = np.array([1e-9, 0.1, 0.2])
    np.testing.assert_allclose(kind.ppf(u), part.ppf(2 * u), rtol=1e-11)
    np.testing.assert_allclose(kind.ppf(1 - u), part.quantile(1 - 2 * u, 2 * u), rtol=1e-7)


def test_a_single_number_is_the_same_as_one_of_many():
    kind = parsed(OVERLAPPING[0])
    u = np.random.default_rng(7).random(50)
    assert [float(kind.ppf(one)) for one in u] == kind.ppf(u).tolist()


def test_mixture_of_one_is_that_one():
    part = Normal(mu=2, sigma=3)
    kind = Mixture(components=(part,))
    np.testing.assert_allclose(kind.ppf(U), part.ppf(U), rtol=1e-13)
    assert (kind.mean(), kind.sd()) == (2, 3)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.1, 0.9), st.floats(-3, 3), st.floats(0.2, 3))
def test_halves_of_a_normal_make_it_whole(cut, mu, sigma):
    """A normal cut at its own quantile, and put together again with the right weights."""
    whole = Normal(mu=mu, sigma=sigma)
    at = float(whole.ppf(cut))
    parts = whole.truncated(-np.inf, at), whole.truncated(at, np.inf)
    kind = Mixture(components=parts, weights=(cut, 1 - cut))
    np.testing.assert_allclose(kind.ppf(U), whole.ppf(U), rtol=1e-9, atol=1e-9)
    assert kind.mean() == pytest.approx(mu, abs=1e-12)
    assert kind.sd() == pytest.approx(sigma, rel=1e-12)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.05, 0.95), st.floats(0.5, 6), st.floats(0.3, 2))
def test_moments_of_two_normals(weight, distance, sigma):
    kind = Mixture(
        components=(Normal(mu=0, sigma=1), Normal(mu=distance, sigma=sigma)),
        weights=(weight, 1 - weight),
    )
    mean = (1 - weight) * distance
    second = weight + (1 - weight) * (sigma**2 + distance**2)
    assert kind.mean() == pytest.approx(mean, rel=1e-13)
    assert kind.sd() == pytest.approx(np.sqrt(second - mean**2), rel=1e-9)


def test_nested_mixture_is_the_flat_one():
    nested = parsed(
        "mixture(components=[mixture(components=[normal(mu=0, sigma=1), normal(mu=2, sigma=1)]), "
        "normal(mu=5, sigma=1)])"
    )
    flat = parsed(
        "mixture(components=[normal(mu=0, sigma=1), normal(mu=2, sigma=1), "
        "normal(mu=5, sigma=1)], weights=[1, 1, 2])"
    )
    np.testing.assert_allclose(nested.ppf(U), flat.ppf(U), rtol=1e-9)
    assert nested.sd() == pytest.approx(flat.sd(), rel=1e-13)


def test_parts_without_weight_do_not_count():
    kind = parsed(
        "mixture(components=[student_t(nu=1, mu=0, sigma=1), uniform(lower=0, upper=1)], "
        "weights=[0, 2])"
    )
    assert kind.mean() == 0.5
    assert kind.support == (0, 1)


def test_moments_missing_in_a_part_are_missing_in_the_whole():
    text = "mixture(components=[uniform(lower=0, upper=1), student_t(nu={}, mu=0, sigma=1)])"
    assert parsed(text.format(1)).mean() is None
    assert parsed(text.format(1)).sd() is None
    assert parsed(text.format(2)).mean() == 0.25
    assert parsed(text.format(2)).sd() is None


def test_mixture_of_discrete_kinds():
    kind = parsed("mixture(components=[choice(values=[1, 2]), bernoulli(p=0.5)])")
    assert kind.ppf(np.array([0.25, 0.2501, 0.75, 0.7501, 1])).tolist() == [0, 1, 1, 2, 2]
    values, masses = kind.atoms()
    assert values.tolist() == [0, 1, 2]
    np.testing.assert_allclose(masses, [0.25, 0.5, 0.25])


def test_truncation_reaches_into_the_parts():
    kind = parsed(
        "mixture(components=[normal(mu=0, sigma=1), uniform(lower=5, upper=6)], truncate=[0, 3])"
    )
    half = Normal(mu=0, sigma=1).truncated(0, 3)
    np.testing.assert_allclose(kind.ppf(U), half.ppf(U), rtol=1e-12)
    assert kind.mean() == pytest.approx(half.mean(), rel=1e-13)
    again = kind.truncated(1, 2)
    assert again.support == (1, 2)
    assert kind.support == (0, 3)
    nested = Mixture(components=(kind, kind)).truncated(0.5, 1)
    np.testing.assert_allclose(nested.ppf(U), half.truncated(0.5, 1).ppf(U), rtol=1e-10)


def test_nesting_is_bounded():
    table = {"kind": "uniform", "lower": 0, "upper": 1}
    for _ in range(8):
        table = {"kind": "mixture", "components": [table]}
    assert build("mixture", {"components": table["components"]}).mean() == 0.5
    with pytest.raises(DistributionError, match="nest deeper than 8"):
        build("mixture", {"components": [table]})
    for _ in range(400):
        table = {"kind": "mixture", "components": [table]}
    with pytest.raises(DistributionError, match="nest deeper than 8"):
        build("mixture", {"components": [table]})


def test_components_are_counted():
    part = {"kind": "constant", "value": 1}
    with pytest.raises(DistributionError, match="too many; it may hold 1000"):
        build("mixture", {"components": [part] * 1001})


def test_truncation_far_up_keeps_the_digits_of_a_small_probability():
    """Two equal normals are one, also beyond eight standard deviations."""
    one = Normal(mu=0, sigma=1)
    kind = Mixture(components=(one, one)).truncated(8.2, 9)
    np.testing.assert_allclose(kind.ppf(U), one.truncated(8.2, 9).ppf(U), rtol=1e-9)
