"""Monte Carlo errors are honest: a slice of the study in `benchmarks/coverage.py`.

A hundred independent cases a design. An honest error (Student's t with 15 degrees of freedom) has
93.6% of them within two; the bounds fail a rate of 90% about once in a million.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.stats import binom
from shelf import SHELF, cube

from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.hdi import highest_density
from uncertain_scale.statistics.intervals import equal_tailed, quantiles, spread
from uncertain_scale.statistics.moments import mean, standard_deviation

# Of the default design for every change, of the others each night.
NIGHTLY = [pytest.param(one, marks=pytest.mark.nightly) for one in ("random", "lhs")]
EACH_DESIGN = [*NIGHTLY, "sobol"]
pytestmark = pytest.mark.slow
PROBS = (0.5, 0.9, 0.95)
NAMES = ("normal", "lognormal product", "breakeven_years", "gamma(2,1)")
CASES = 100
FEWEST = int(binom.ppf(1e-6, CASES, 0.9))


def draws_of(design: str) -> list[tuple[str, Draws]]:
    cases = []
    for seed in range(CASES):
        name = NAMES[seed % len(NAMES)]
        specimen = SHELF[name]
        points = cube(design, specimen.dimensions, 1000 + seed)
        cases.append((name, Draws(specimen.draw(points))))
    return cases


@lru_cache
def smooth_scores(design: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return standardised errors of HDI ends, and the misses of smooth and raw ends."""
    scores, smooth, raw = [], [], []
    for name, draws in draws_of(design):
        exact = np.array([SHELF[name].region(prob)[0] for prob in PROBS])
        found = highest_density(draws, PROBS)
        assert all(len(one.ends) == 1 for one in found)
        miss = np.array([one.ends[0] for one in found]) - exact
        scores.append(miss / np.array([one.errors[0] for one in found]))
        smooth.append(miss / exact)
        shortest = np.array([array_stats.hdi(draws.pooled, prob) for prob in PROBS])
        raw.append((shortest - exact) / exact)
    return np.array(scores), np.array(smooth), np.array(raw)


def naive_scores(design: str) -> np.ndarray:
    """Return scores by the error that must fail: spread of raw chain intervals over root K."""
    scores = []
    for name, draws in draws_of(design):
        exact = np.array([SHELF[name].region(prob)[0] for prob in PROBS])
        pooled = np.array([array_stats.hdi(draws.pooled, prob) for prob in PROBS])
        chains = np.stack([array_stats.hdi(draws.by_chain, prob) for prob in PROBS], axis=1)
        scores.append((pooled - exact) / spread(chains))
    return np.array(scores)


def honest(scores: np.ndarray) -> bool:
    """Say whether every statistic has enough cases within two errors."""
    return bool(((np.abs(scores) <= 2).sum(axis=0) >= FEWEST).all())


@pytest.mark.parametrize("design", EACH_DESIGN)
def test_errors_of_hdi_ends_are_honest(design: str) -> None:
    scores, _, _ = smooth_scores(design)
    assert honest(scores)
    # And not honest by being huge: an honest |z| is below 0.5 in 38% of cases.
    assert (np.abs(scores) < 0.5).sum(axis=0).max() <= binom.ppf(1 - 1e-6, CASES, 0.45)


@pytest.mark.parametrize("design", ["random", "sobol"])
def test_naive_error_of_raw_intervals_fails_the_same_check(design: str) -> None:
    assert not honest(naive_scores(design))


@pytest.mark.parametrize(("design", "gain"), [("random", 2.0), ("lhs", 2.5), ("sobol", 4.0)])
def test_smooth_ends_are_several_times_nearer_than_raw_ones(design: str, gain: float) -> None:
    _, smooth, raw = smooth_scores(design)
    assert np.median(np.sqrt((raw**2).mean(axis=0) / (smooth**2).mean(axis=0))) > gain


@pytest.mark.parametrize("design", EACH_DESIGN)
@pytest.mark.parametrize("name", ["normal", "lognormal product", "flop", "two peaks"])
def test_errors_of_mean_and_quantiles_are_honest(name: str, design: str) -> None:
    """One input and three, for the 5 to 97.5% quantiles; sd where its fourth moment is tame."""
    specimen = SHELF[name]
    levels = np.array([0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975])
    exact = np.array([specimen.quantile(level) for level in levels])
    scores = []
    for seed in range(CASES):
        draws = Draws(specimen.draw(cube(design, specimen.dimensions, 3000 + seed)))
        values, errors = quantiles(draws, levels)
        average, average_error = mean(draws)
        sd, sd_error = standard_deviation(draws)
        scores.append(
            [
                *((values - exact) / errors),
                (average - specimen.mean) / average_error,
                (sd - specimen.sd) / sd_error,
            ]
        )
    assert honest(np.array(scores))


def test_a_bias_of_type_7_quantiles_would_show_under_sobol() -> None:
    """Why ArviZ is asked for "hazen": its default is off by more than the error for one input."""
    specimen = SHELF["lognormal"]
    low, high = specimen.interval(0.95)
    scores, shifted = [], []
    for seed in range(40):
        draws = Draws(specimen.draw(cube("sobol", 1, 4000 + seed, draws=128, chains=4)))
        ends, errors = equal_tailed(draws, 0.95)
        np.testing.assert_array_equal(ends, array_stats.eti(draws.pooled, 0.95, method="hazen"))
        scores.append((ends - [low, high]) / errors)
        default = array_stats.eti(draws.pooled, 0.95)
        np.testing.assert_allclose(ends, default, rtol=0.1)
        shifted.append((default - [low, high]) / errors)
    bias = np.abs(np.mean(scores, axis=0))
    assert np.all(bias < np.abs(np.mean(shifted, axis=0)))


@pytest.mark.parametrize("design", EACH_DESIGN)
def test_the_standard_deviation_of_a_bounded_answer_is_as_sure_as_it_says(design: str) -> None:
    """Of stratified draws it is sure to a millionth, which a factor n/(n - 1) would exceed."""
    scores = []
    for seed in range(CASES):
        value, error = standard_deviation(Draws(cube(design, 1, 3000 + seed)[..., 0]))
        scores.append((value - 12**-0.5) / error)
    assert honest(np.array(scores))
