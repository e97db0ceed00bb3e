"""Distributions as Python states them, against SciPy's own and PreliZ's names."""

import types

import numpy as np
import pytest
import scipy.stats

import uncertain_scale as us
from uncertain_scale.inputs.distributions import KINDS, DistributionError, parse_distribution
from uncertain_scale.inputs.stated import as_typed, split_sources

LEVELS = np.array([0.001, 0.05, 0.3, 0.5, 0.9, 0.999])


@pytest.mark.parametrize(
    "frozen",
    [
        scipy.stats.norm(25, 3),
        scipy.stats.norm(loc=25, scale=3),
        scipy.stats.uniform(1, 2),
        scipy.stats.t(4, 1, 2),
        scipy.stats.triang(0.3, 1, 2),
        scipy.stats.beta(2, 3),
        scipy.stats.beta(2, 3, loc=1, scale=4),
        scipy.stats.truncnorm(-1, 2, loc=1, scale=2),
        scipy.stats.halfnorm(1, 2),
        scipy.stats.lognorm(0.5, scale=3),
        scipy.stats.loguniform(1, 20),
        scipy.stats.gamma(2, scale=3),
        scipy.stats.expon(scale=2),
        scipy.stats.bernoulli(0.3),
    ],
    ids=lambda one: one.dist.name,
)
def test_frozen_distributions_of_scipy_have_the_same_quantiles(frozen):
    read, _ = parse_distribution(as_typed(frozen))
    np.testing.assert_allclose(read.ppf(LEVELS), frozen.ppf(LEVELS), rtol=1e-8)


def prelizs(name, **parameters):
    """Make what PreliZ's distributions look like: parameters as attributes."""
    cls = type(name, (), {"__module__": "preliz.distributions", "cdf": None, "ppf": None})
    one = cls()
    vars(one).update(parameters)
    return one


@pytest.mark.parametrize(
    ("frozen", "typed"),
    [
        (prelizs("Normal", mu=np.float64(1), sigma=np.float64(2)), "normal(mu=1, sigma=2)"),
        (prelizs("LogNormal", mu=1, sigma=2), "lognormal(mu=1, sigma=2)"),
        (prelizs("StudentT", nu=4, mu=0, sigma=1), "student_t(nu=4, mu=0, sigma=1)"),
        (prelizs("Gamma", alpha=2, beta=3), "gamma(alpha=2, beta=3)"),
        (
            prelizs("BetaScaled", alpha=2, beta=3, lower=1, upper=4),
            "beta(alpha=2, beta=3, lower=1, upper=4)",
        ),
        (prelizs("Triangular", lower=1, c=2, upper=4), "triangular(lower=1, mode=2, upper=4)"),
        (
            prelizs("TruncatedNormal", mu=1, sigma=2, lower=0, upper=3),
            "normal(mu=1, sigma=2, truncate=[0, 3])",
        ),
        (scipy.stats.Normal(mu=1, sigma=2), "normal(mu=1, sigma=2)"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_distributions_of_preliz_are_read_by_their_parameters(frozen, typed):
    assert as_typed(frozen) == typed


@pytest.mark.filterwarnings("ignore")  # of its own
def test_those_of_an_installed_preliz_are_read():
    preliz = pytest.importorskip("preliz", reason="preliz is not installed")
    for one in (preliz.Normal(1, 2), preliz.LogNormal(0, 1), preliz.Beta(2, 3), preliz.Gamma(2, 3)):
        read, _ = parse_distribution(as_typed(one))
        np.testing.assert_allclose(read.ppf(LEVELS), one.ppf(LEVELS), rtol=1e-6)


def test_every_kind_has_its_function_with_its_parameters():
    import inspect

    for kind, cls in KINDS.items():
        state = getattr(us, kind)
        named = inspect.signature(state).parameters
        assert {*cls.model_fields} - {"kind"} <= named.keys()
        assert inspect.getdoc(state)
    assert str(us.lognormal(q05=1.4, q95=3.2, units="USD")) == "lognormal(q05=1.4, q95=3.2) USD"
    assert str(us.beta(2, 3, "USD")) == "beta(alpha=2, beta=3) USD"
    mixed = us.mixture([us.beta(2, 3), us.constant(np.int64(1))], weights=np.array([1, 3]))
    assert parse_distribution(str(mixed))[0].mean() == pytest.approx(0.25 * 0.4 + 0.75)
    assert str(us.to(8.2e24, "3e25", "FLOP")) == "8.2e24 to 3e25 FLOP"


def test_tables_and_tuples_are_read():
    table = {"kind": "beta", "alpha": 2, "beta": 3, "units": "USD", "source": "a survey"}
    stated, about = split_sources(table)
    assert (as_typed(stated), about) == (
        "beta(alpha=2, beta=3) USD",
        {"source": "a survey"},
    )
    assert as_typed({"value": us.to(1, 2), "units": "kg"}) == "1 to 2 kg"
    assert as_typed((25, "year")) == "25 year"
    assert as_typed((scipy.stats.norm(1, 2), "m")) == "normal(mu=1, sigma=2) m"
    assert as_typed(3.5) == 3.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: as_typed(scipy.stats.weibull_min(2)), r"weibull_min has no kind.*metalog\(q05="),
        (lambda: as_typed(scipy.stats.gamma(2, loc=3)), r"gamma has no kind .*metalog\(q05="),
        (lambda: as_typed(scipy.stats.cauchy()), r"cauchy has no kind .*metalog\(q05="),
        (lambda: as_typed(scipy.stats.norm([1, 2], 1)), "is many distributions"),
        (lambda: as_typed(prelizs("Moyal", mu=1)), "Moyal has no kind"),
        (lambda: as_typed(prelizs("Normal", mu=None, sigma=None)), "Normal has no kind"),
        (lambda: as_typed({"valeu": 3}), "did you mean 'value'"),
        (lambda: as_typed({"value": 3, "kin": 2}), "'kin' is not a key here; did you mean 'kind'"),
        (lambda: as_typed({"kind": "betta", "alpha": 1}), "did you mean 'beta'"),
        (lambda: us.beta(2, 3, 4, 5, 6), "beta takes alpha, beta, lower, upper; found 5"),
        (lambda: us.beta(2, alpha=3), "alpha is stated twice"),
        (lambda: us.beta(2, 3, lowr=1), "lowr"),
        (lambda: us.normal(1, -2), "sigma"),
        (lambda: us.normal(1, float("nan")), "sigma = nan must be finite"),
        (lambda: us.to(3, 1), "lower end 3 is not below its upper end 1"),
        (lambda: us.to(None, 1), "None"),
        (lambda: us.to("1 USD", "2 hour"), "USD"),
    ],
)
def test_what_is_no_distribution_is_refused(call, words):
    with pytest.raises((DistributionError, us.UncertainScaleError), match=words):
        call()


def test_what_states_nothing_is_left_as_it_is():
    other = types.SimpleNamespace()
    assert as_typed(other) is other
    assert as_typed("1 to 2") == "1 to 2"
