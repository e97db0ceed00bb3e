"""Scores of forecasts against closed forms and naive loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from uncertain_scale.analysis.backtest.scores import crps, jeffreys, transform
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
