"""What counts as a surprise: calibrated under the prior, and blind to an interval's middle."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from uncertain_scale.analysis.conditioning.rarity import _loneliness, p_value_in_gap, p_value_of
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import Observation, Range

PREDICTED = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
DATASETS = 2000
LEVELS = np.array([0.003, 0.01, 0.05, 0.2, 0.5])
ERRORS = {
    "normal, narrow": ("normal(mu=0, sigma=0.05)", stats.norm(0, 0.05)),
    "normal, wide": ("normal(mu=0, sigma=2)", stats.norm(0, 2)),
    "student_t": ("student_t(nu=3, mu=0, sigma=0.5)", stats.t(3, 0, 0.5)),
    "uniform, narrow": ("uniform(lower=-0.1, upper=0.1)", stats.uniform(-0.1, 0.2)),
    "uniform, wide": ("uniform(lower=-30, upper=30)", stats.uniform(-30, 60)),
    "beta": ("beta(alpha=2, beta=2, lower=-4, upper=4)", stats.beta(2, 2, -4, 8)),
    "triangular": ("triangular(lower=-1, mode=0, upper=1)", stats.triang(0.5, -1, 2)),
}
NARROW = ("normal, narrow", "uniform, narrow")


def observed(text):
    return Observation("x", "x", parse_distribution(text)[0], "1", 1.0)


def surprise(observation, predicted):
    return p_value_of(observation, predicted[None])[0]


def shares(p_values):
    """Return how often p-values are at or below each level."""
    return (np.asarray(p_values)[:, None] <= LEVELS).mean(axis=0)


def most(levels):
    """Return shares that 2,000 uniform p-values exceed with probability 1e-6."""
    return stats.binom.isf(1e-6, DATASETS, levels) / DATASETS


@cache
def p_values(kind):
    """P-values of measured values that are drawn from the prior predictive."""
    text, law = ERRORS[kind]
    rng = np.random.default_rng(5)
    at = rng.standard_normal(DATASETS) + law.rvs(DATASETS, random_state=rng)
    seen = observed(text)  # at 0: what is predicted is moved instead
    return np.array([surprise(seen, PREDICTED - one) for one in at])


@pytest.mark.slow_but(*NARROW)
@pytest.mark.parametrize("kind", ERRORS)
def test_surprises_are_no_more_frequent_than_their_p_values(kind):
    assert (shares(p_values(kind)) <= most(LEVELS)).all()


@pytest.mark.parametrize("kind", NARROW)
def test_narrow_errors_have_uniform_p_values(kind):
    """So that a p-value of 1 for all would not do."""
    found = p_values(kind)
    assert stats.kstest(found, "uniform").pvalue > 1e-6
    least = stats.binom.ppf(1e-6, DATASETS, LEVELS) / DATASETS
    assert (shares(found) >= least).all()


@pytest.mark.slow_but(*NARROW)
@pytest.mark.parametrize("kind", [kind for kind in ERRORS if "wide" not in kind])
def test_the_check_finds_p_values_that_are_too_small(kind):
    assert (shares(p_values(kind) ** 3) > most(LEVELS)).any()


@pytest.mark.parametrize("at", [-3.0, -1.0, 0.5, 2.5])
def test_a_statement_of_which_side_is_calibrated(at):
    """Told whether the variable is at least or at most a value, whichever is the case."""
    rng = np.random.default_rng(6)
    above = rng.standard_normal(DATASETS) >= at
    sides = {True: Range(lower=at), False: Range(upper=at)}
    p = {
        side: surprise(Observation("x", "x", stated, "1", 1.0), PREDICTED)
        for side, stated in sides.items()
    }
    assert p[True] == pytest.approx(stats.norm.sf(at), abs=3e-4)
    assert p[False] == pytest.approx(stats.norm.cdf(at), abs=3e-4)
    assert (shares([p[bool(one)] for one in above]) <= most(LEVELS)).all()


@pytest.mark.parametrize("score", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0])
def test_ordinary_p_values_are_the_two_tails(score, sigma):
    """Of normals, in closed form; the second probability takes over only in the tails."""
    total = np.hypot(1, sigma)
    tails = 2 * stats.norm.sf(score)
    allowed = sigma / total * np.exp(-0.5 * score**2)
    found = surprise(observed(f"normal(mu={score * total}, sigma={sigma})"), PREDICTED)
    assert found == pytest.approx(max(tails, allowed), rel=2e-3)
    if score == 0 or sigma < 0.5:
        assert found == pytest.approx(tails, rel=2e-3)


@pytest.mark.parametrize("width", [1e2, 1e6, 1e12])
@pytest.mark.parametrize(
    "text",
    [
        "uniform(lower=-1, upper={w})",
        "beta(alpha=1, beta=1.0001, lower=-1, upper={w})",
        "normal(mu=0, sigma={v}, truncate=[-1, {w}])",
        "triangular(lower=-1, mode=-1, upper={w})",
        "mixture(components=[uniform(lower=-1, upper={w}), uniform(lower=-1, upper={w})])",
    ],
    ids=lambda text: text.split("(")[0],
)
def test_a_wide_interval_is_judged_by_the_share_of_the_prior_in_it(text, width):
    found = surprise(observed(text.format(w=width, v=100 * width)), PREDICTED)
    assert found == pytest.approx(stats.norm.sf(-1), abs=0.02)


MODES = np.sort(np.concatenate([PREDICTED / 2 - 5, PREDICTED / 2 + 5]))
GAPS = [("normal(mu=0, sigma=0.5)", 9.8e-12), ("normal(mu=1, sigma=0.01)", None)]


@pytest.mark.parametrize(("text", "allowed"), GAPS)
def test_a_fact_between_two_modes_that_nothing_comes_near_surprises(text, allowed):
    """Either tail is a half, and the mean likelihood that of a fact 10 sd out."""
    found = surprise(observed(text), MODES)
    assert found > 0.9
    bound = p_value_in_gap(observed(text), MODES[None])
    assert (1 - bound) ** MODES.size == pytest.approx(0.05)
    if allowed:
        sigma = np.hypot(0.5, 0.5)
        assert 0.5 / sigma * np.exp(-0.5 * (5 / sigma) ** 2) == pytest.approx(allowed, rel=0.01)


@pytest.mark.parametrize("text", ["normal(mu=5, sigma=1e-8)", "normal(mu=3.5, sigma=0.01)"])
def test_a_fact_within_a_mode_does_not_however_narrow_its_error(text):
    assert p_value_in_gap(observed(text), MODES[None]) is None


def test_a_fact_between_two_modes_of_an_error_that_reaches_them_does_not():
    assert p_value_in_gap(observed("normal(mu=0, sigma=2)"), MODES[None]) is None


def test_the_loneliest_neighbours_are_those_of_a_plain_search():
    x = np.sort(np.random.default_rng(2).standard_cauchy(200))
    plain = [np.sort(np.abs(x - one))[16] for one in x]
    np.testing.assert_allclose(_loneliness(x, slice(None)), plain)


@pytest.mark.slow_but("sign-1e-07", "ppf1-0.3")
@pytest.mark.parametrize("sigma", [1e-7, 1e-3, 0.3])
@pytest.mark.parametrize("law", [stats.norm.ppf, stats.cauchy.ppf, np.sign, lambda u: u**-1.5])
def test_hardly_any_fact_is_lonely_where_the_prior_is_right(law, sigma):
    """Each with a chance of 1 in 20,000: more than 2 of 400 with probability 1e-6."""
    rng = np.random.default_rng(8)
    predicted = law(rng.random(20_000) - (0.5 if law is np.sign else 0.0))
    facts = law(rng.random(400) - (0.5 if law is np.sign else 0.0)) + sigma * rng.normal(size=400)
    lonely = [
        p_value_in_gap(observed(f"normal(mu=0, sigma={sigma})"), (predicted - one)[None])
        for one in facts
    ]
    assert sum(one is not None for one in lonely) <= 2
