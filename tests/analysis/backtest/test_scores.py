"""Scores and tests of forecasts against closed forms, simulation and naive code."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from uncertain_scale.analysis.backtest.scores import (
    crps,
    ecdf_band,
    jeffreys,
    transform,
    uniformity,
)
from uncertain_scale.statistics.draws import Draws


@pytest.mark.parametrize("observed", [-2.0, 0.1, 1.5])
def test_crps_of_a_normal_is_its_closed_form(observed):
    """Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 21."""
    n = 2**14
    draws = special.ndtri((np.arange(n) + 0.5) / n).reshape(8, -1, order="F")
    z = observed
    expected = z * (2 * special.ndtr(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    assert crps(Draws(draws), observed)[0] == pytest.approx(expected, abs=2e-4)


def test_crps_is_that_of_a_loop_over_pairs():
    x = np.random.default_rng(1).lognormal(size=(4, 9))
    flat = x.ravel()
    pairs = [abs(a - b) for i, a in enumerate(flat) for j, b in enumerate(flat) if i != j]
    expected = np.mean(np.abs(flat - 1.3)) - np.mean(pairs) / 2
    assert crps(Draws(x), 1.3)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_crps_is_fair_to_small_samples():
    """Its mean over many small forecasts is the closed form, where the plain estimate is biased."""
    rng = np.random.default_rng(2)
    scores = np.array([crps(Draws(rng.normal(size=(1, 4))), 0.5)[0] for _ in range(20_000)])
    expected = 0.5 * (2 * special.ndtr(0.5) - 1) + 2 * stats.norm.pdf(0.5) - 1 / np.sqrt(np.pi)
    error = scores.std() / np.sqrt(scores.size)
    assert abs(scores.mean() - expected) < 4.9 * error
    bias = 1 / np.sqrt(np.pi) / 4  # what dividing by n^2 instead of n (n - 1) would add
    assert bias > 10 * error


def test_crps_of_a_point_is_its_distance():
    assert crps(Draws(np.full((2, 4), 3.0)), 1.0)[0] == 2.0


def test_errors_are_as_large_as_the_spread_over_seeds():
    rng = np.random.default_rng(5)
    for statistic in (crps, transform):
        found = np.array([statistic(Draws(rng.normal(size=(16, 50))), 0.7) for _ in range(400)])
        ratio = found[:, 0].std() / np.sqrt((found[:, 1] ** 2).mean())
        assert ratio == pytest.approx(1.0, abs=0.2)


def test_a_transform_is_never_more_exact_than_a_draw():
    chain = (np.arange(8) + 0.5) / 8
    share, error = transform(Draws(np.array([chain, chain])), 0.5)
    assert share == 0.5
    assert error == pytest.approx(0.6 / 16)


def test_jeffreys_interval_is_that_of_its_beta():
    for hits, trials in ((3, 10), (26, 32), (1, 2)):
        expected = stats.beta(hits + 0.5, trials - hits + 0.5).ppf([0.025, 0.975])
        assert jeffreys(hits, trials) == pytest.approx(expected, rel=1e-9)
    assert jeffreys(0, 5)[0] == 0.0
    assert jeffreys(5, 5)[1] == 1.0


POINTS = np.arange(1, 101) / 101


def smallest_tail(samples):
    """Return the smallest two-sided binomial probability of each row's counts, by scipy."""
    counts = (samples[:, None, :] <= POINTS[:, None]).sum(axis=2)
    n = samples.shape[1]
    below = stats.binom.cdf(counts, n, POINTS)
    above = stats.binom.sf(counts - 1, n, POINTS)
    return np.minimum(1, 2 * np.minimum(below, above)).min(axis=1)


@pytest.mark.slow_but("3")
@pytest.mark.parametrize("n", [3, 12, 32])
def test_p_values_are_the_share_of_uniform_samples_that_are_as_odd(n):
    rng = np.random.default_rng(n)
    simulated = smallest_tail(rng.random((20_000, n)))
    for sample in (rng.random(n), rng.beta(2, 1, n), rng.beta(0.6, 0.6, n)):
        found = uniformity(sample)
        share = (simulated <= smallest_tail(sample[None])[0] * (1 + 1e-9)).mean()
        error = np.sqrt(max(found * (1 - found), 1e-4) / simulated.size)
        assert abs(found - share) < 4.9 * error


@pytest.mark.slow
def test_uniform_samples_are_rejected_as_often_as_promised():
    rng = np.random.default_rng(11)
    found = np.array([uniformity(rng.random(24)) for _ in range(250)])
    for level in (0.05, 0.2, 0.5):
        expected = level * found.size
        assert (found <= level).sum() < expected + 4.9 * np.sqrt(expected)
    assert (found <= 0.5).mean() > 0.35  # and it is not merely cautious


@pytest.mark.parametrize(
    "sample",
    [
        np.linspace(0.4, 0.6, 32),  # forecasts too wide
        np.concatenate([np.linspace(0, 0.05, 16), np.linspace(0.95, 1, 16)]),  # too narrow
        np.linspace(0, 0.5, 32),  # too high
    ],
    ids=["wide", "narrow", "high"],
)
def test_forecasts_that_are_plainly_wrong_are_rejected(sample):
    assert uniformity(sample) < 1e-3


def test_an_ecdf_leaves_the_band_just_where_it_is_rejected():
    rng = np.random.default_rng(4)
    band = ecdf_band(20, 0.05)
    rejected = 0
    for spread in np.tile([0.3, 0.6, 1.0], 15):
        sample = rng.beta(spread, spread, 20)
        share = (sample <= band.points[:, None]).mean(axis=1)
        leaves = bool(((share < band.low - 1e-9) | (share > band.high + 1e-9)).any())
        assert leaves == (uniformity(sample) <= 0.05)
        rejected += leaves
    assert 8 < rejected < 37


def test_one_run_and_thousands_can_be_tested():
    assert uniformity([0.5]) > 0.9
    assert uniformity([0.001]) < 0.05
    assert uniformity((np.arange(3000) + 0.5) / 3000) > 0.99
