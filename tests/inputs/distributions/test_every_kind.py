"""What holds for every kind alike: ppf and cdf are inverse, moments agree with the quantiles."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertain_scale.inputs.distributions import KINDS, Normal, build, parse_distribution

SHELF = (
    "constant(value=2.5)",
    "uniform(lower=-1, upper=3)",
    "uniform(q10=1, q90=2)",
    "loguniform(lower=0.01, upper=100)",
    "normal(mu=-3, sigma=0.2)",
    "lognormal(q05=1.4, q95=3.2)",
    "logitnormal(mu=0.4, sigma=1.5)",
    "logitnormal(q05=2, q95=4, lower=1, upper=6)",
    "student_t(nu=5, mu=1, sigma=2)",
    "student_t(nu=2.5, q05=-3, q95=1)",
    "gamma(alpha=2.3, beta=0.5)",
    "gamma(mu=3, sigma=5)",
    "beta(alpha=0.5, beta=3)",
    "beta(mu=1.4, sigma=0.2, lower=1, upper=2)",
    "triangular(lower=0, mode=1, upper=4)",
    "triangular(lower=0, mode=0, upper=4)",
    "triangular(lower=0, mode=4, upper=4)",
    "pert(lower=0, mode=1, upper=4)",
    "pert(q05=1, q50=2, q95=4, shape=3)",
    "metalog(q10=1, q50=3, q90=9)",
    "metalog(q10=1, q50=3, q90=7, lower=0)",
    "metalog(q10=1, q50=3, q90=4, upper=6)",
    "metalog(q05=1, q25=2, q50=3, q75=4, q95=5.5, lower=0, upper=6)",
    "quantiles(q05=1, q50=3, q95=4)",
    "quantiles(q05=1, q95=4)",
    "quantiles(q05=1, q50=3, q95=8, lower=0)",
    "quantiles(q05=1, q50=3, q95=8, upper=9)",
    "quantiles(q05=1, q50=3, q95=8, lower=0, upper=9)",
    "choice(values=[4, 1, 2])",
    "choice(values=[4, 1, 2], probabilities=[0.2, 0.5, 0.3])",
    "bernoulli(p=0.3)",
    "empirical(values=[3, 1, 4, 1, 5])",
    "empirical(values=[3, 1, 4, 1, 5], weights=[1, 2, 3, 4, 0])",
    "normal(mu=0, sigma=1, truncate=[-1, 2])",
    "normal(mu=0, sigma=1, truncate=[6, inf])",
    "normal(mu=0, sigma=1, truncate=[-inf, -6])",
    "gamma(alpha=2, beta=1, truncate=[0.5, 4])",
    "beta(alpha=0.5, beta=0.5, truncate=[0.1, 0.7])",
    "student_t(nu=1, mu=0, sigma=1, truncate=[1, 30])",
    "triangular(lower=0, mode=1, upper=4, truncate=[0.5, 3])",
    "quantiles(q05=1, q50=3, q95=4, truncate=[0, 5])",
    "mixture(components=[normal(mu=0, sigma=1), normal(mu=4, sigma=0.5)], weights=[3, 1])",
    "mixture(components=[constant(value=1), beta(alpha=1.4, beta=2, lower=1, upper=2)])",
    "mixture(components=[constant(value=1), lognormal(mu=0, sigma=1)], weights=[0.75, 0.25])",
    "mixture(components=[gamma(alpha=2, beta=1), lognormal(mu=2, sigma=0.3)], truncate=[0.1, 20])",
    "mixture(components=[choice(values=[0, 1]), mixture(components=[constant(value=1), "  # noqa: ISC004
    "uniform(lower=0, upper=1)])])",
)
QUICK = {text.partition("(")[0]: text for text in reversed(SHELF)}.values()


def of_each_kind(test):
    """Run a test with the whole shelf where slow ones are run, and with one of each kind always."""
    return pytest.mark.slow_but(*QUICK)(pytest.mark.parametrize("text", SHELF)(test))


U = np.concatenate(
    [10.0 ** -np.arange(1, 13), 1 - 2.0 ** -np.arange(2, 34), np.linspace(0.01, 0.99, 99)]
)


def inverse_error(distribution):
    """Return the largest error of cdf(ppf(u)), relative to the nearer end; atoms may overshoot."""
    x = distribution.ppf(U)
    below, above = distribution.cdf(x), distribution.sf(x)
    atoms, masses = distribution.atoms()
    if atoms.size == 0:
        # Near a bound x itself has only its own digits left; an expansion has nine of them.
        expanded = hasattr(distribution, "expansion")
        spacing = np.abs(x) * (3e-9 if expanded and distribution.truncate else 1e-15)
        room = np.abs(distribution.cdf(x + spacing) - distribution.cdf(x - spacing))
        # A difference of two probabilities, which a truncation takes, is rounded as 1 is.
        room += (
            4e-16 / distribution.mass_within(*distribution.truncate) if distribution.truncate else 0
        )
        error = np.maximum(np.minimum(np.abs(below - U), np.abs(above - (1 - U))) - room, 0)
        return float(np.max(error / np.minimum(U, 1 - U)))
    index = np.minimum(np.searchsorted(atoms, x), atoms.size - 1)
    mass = np.where(atoms[index] == x, masses[index], 0.0)
    return float(np.max(np.maximum(U - below, below - mass - U)))


def is_monotone(distribution):
    """Tell whether the quantiles never fall, from one probability to the next and far apart."""
    return bool(np.all(np.diff(distribution.ppf(np.sort(U))) >= 0))


@of_each_kind
def test_cdf_undoes_ppf(text):
    distribution, _ = parse_distribution(text)
    assert inverse_error(distribution) < 3e-8
    assert is_monotone(distribution)


@of_each_kind
def test_cdf_and_sf_are_complements(text):
    distribution, _ = parse_distribution(text)
    x = np.append(distribution.ppf(U), [-1e9, 1e9])
    np.testing.assert_allclose(distribution.cdf(x) + distribution.sf(x), 1, atol=1e-14)
    assert np.isnan(distribution.cdf(np.array([np.nan]))).all()


@of_each_kind
def test_moments_are_those_of_the_quantiles(text):
    """A midpoint rule over a million equal slices, which shares nothing with the quadrature."""
    distribution, _ = parse_distribution(text)
    edges = np.linspace(0, 1, 200_001)
    x = distribution.ppf((edges[1:] + edges[:-1]) / 2)
    assert distribution.mean() == pytest.approx(x.mean(), rel=2e-4, abs=2e-4)
    if text.startswith("student_t(nu=2.5"):
        return  # nu = 2.5: the variance of so heavy a tail needs more than slices
    tolerance = 0.05 if "metalog(q10=1, q50=3, q90=7" in text else 3e-3  # a power-law tail
    assert distribution.sd() == pytest.approx(x.std(), rel=tolerance, abs=1e-9)


@of_each_kind
def test_what_has_atoms_is_not_continuous(text):
    kind = parse_distribution(text)[0]
    values, masses = kind.atoms()
    assert kind.continuous is (values.size == 0)
    assert values.shape == masses.shape
    assert 0 <= masses.sum() <= 1 + 1e-12


@of_each_kind
def test_shape_ends_and_nonsense(text):
    distribution, _ = parse_distribution(text)
    block = np.linspace(0.1, 0.9, 6).reshape(2, 3)
    assert distribution.ppf(block).shape == (2, 3)
    np.testing.assert_array_equal(distribution.ppf(block).ravel(), distribution.ppf(block.ravel()))
    assert float(distribution.ppf(0.5)) == distribution.ppf(np.array([0.5]))[0]
    assert distribution.ppf(np.empty(0)).shape == (0,)
    assert tuple(distribution.ppf(np.array([0.0, 1.0]))) == distribution.support
    assert np.isnan(distribution.ppf(np.array([-0.1, 1.1, np.nan]))).all()
    assert distribution.cdf(block).shape == (2, 3)
    inside = distribution.ppf(U)
    assert inside.min() >= distribution.support[0]
    assert inside.max() <= distribution.support[1]


@of_each_kind
def test_quantile_reads_the_upper_tail_off_the_complement(text):
    distribution, _ = parse_distribution(text)
    np.testing.assert_allclose(distribution.quantile(U, 1 - U), distribution.ppf(U), rtol=1e-9)
    tail = 1e-20
    low, high = distribution.quantile(np.array([tail, 1.0]), np.array([1.0, tail]))
    assert distribution.support[0] <= low <= distribution.ppf(1e-12)
    assert distribution.support[1] >= high >= distribution.ppf(1 - 2.0**-40)


@of_each_kind
def test_description_parses_back(text):
    distribution, units = parse_distribution(text)
    assert units is None
    assert distribution.describe() == text
    again, _ = parse_distribution(distribution.describe())
    assert again == distribution
    assert again.describe() == text


@of_each_kind
def test_pickled_copy_draws_the_same(text):
    distribution, _ = parse_distribution(text)
    first = distribution.ppf(U)
    copy = pickle.loads(pickle.dumps(distribution))  # noqa: S301 - our own bytes
    assert copy == distribution
    assert copy.describe() == text
    np.testing.assert_array_equal(copy.ppf(U), first)


@of_each_kind
def test_dumped_model_validates_to_the_same_distribution(text):
    distribution, _ = parse_distribution(text)
    table = {key: value for key, value in distribution.model_dump().items() if value is not None}
    copy = build(table.pop("kind"), table)
    np.testing.assert_array_equal(copy.ppf(U), distribution.ppf(U))


def test_shelf_holds_every_kind():
    assert {text.split("(")[0] for text in SHELF} == set(KINDS)


class Shifted(Normal):
    """A normal whose quantiles are off by a millionth of its sd: one fault that must be found."""

    def ppf(self, u):
        return super().ppf(u) + 1e-6 * self.sigma


class Falling(Normal):
    """A normal with one step down."""

    def ppf(self, u):
        return super().ppf(u) - 0.1 * (np.asarray(u) > 0.5)


def test_the_checks_find_a_wrong_ppf():
    assert inverse_error(Normal(mu=0, sigma=1)) < 3e-8 < inverse_error(Shifted(mu=0, sigma=1))
    assert is_monotone(Normal(mu=0, sigma=1))
    assert not is_monotone(Falling(mu=0, sigma=1))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.sampled_from(SHELF))
def test_quantiles_never_fall(pair, text):
    distribution, _ = parse_distribution(text)
    low, high = distribution.ppf(np.sort(pair))
    # Expansions and roots carry rounding of about 1e-9 where two probabilities nearly coincide.
    assert low == high or low <= high + 1e-8 * abs(high)  # equal infinities have no difference
