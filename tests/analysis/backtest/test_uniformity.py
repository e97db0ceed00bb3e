"""The test of uniformity: its size and p-values against simulation and naive code."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from uncertain_scale.analysis.backtest.scores import ecdf_band, uniformity

POINTS = np.arange(1, 101) / 101


def smallest_tail(samples):
    """Return the smallest two-sided binomial probability of each row's counts, by scipy."""
    counts = (samples[:, None, :] <= POINTS[:, None]).sum(axis=2)
    n = samples.shape[1]
    below = stats.binom.cdf(counts, n, POINTS)
    above = stats.binom.sf(counts - 1, n, POINTS)
    return np.minimum(1, 2 * np.minimum(below, above)).min(axis=1)


@pytest.mark.parametrize("n", [3, 12, 32])
def test_p_values_are_the_share_of_uniform_samples_that_are_as_odd(n):
    rng = np.random.default_rng(n)
    simulated = smallest_tail(rng.random((20_000, n)))
    for sample in (rng.random(n), rng.beta(2, 1, n), rng.beta(0.6, 0.6, n)):
        found = uniformity(sample)
        share = (simulated <= smallest_tail(sample[None])[0] * (1 + 1e-9)).mean()
        error = np.sqrt(max(found * (1 - found), 1e-4) / simulated.size)
        assert abs(found - share) < 4.9 * error


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
