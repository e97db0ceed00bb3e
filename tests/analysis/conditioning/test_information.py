"""Bits learnt, against closed forms."""

import numpy as np
import pytest
from scipy.special import ndtr

from uncertain_scale.analysis.conditioning.information import information_gained


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.0, 1.0), (0.05, 1.0), (0.5, 0.8), (0.0, 0.1), (3.0, 0.3), (1.0, 0.01)]
)
def test_a_normal_posterior_of_a_normal_prior(mean, sd):
    """KL = (sd^2 + mean^2 - 1)/2 - log sd nats; within five errors and 0.4% for the cells."""
    exact = ((sd**2 + mean**2 - 1) / 2 - np.log(sd)) / np.log(2)
    scores = []
    for seed in range(10):
        draws = np.random.default_rng([seed, 1]).normal(mean, sd, (16, 4096))
        bits, error = information_gained(ndtr(draws))
        assert abs(bits - exact) < 5 * error + 0.004 * exact + 2e-4
        scores.append(abs(bits - exact) < 2 * error + 0.004 * exact + 2e-4)
    assert np.mean(scores) >= 0.6


def test_the_rows_of_a_joint_sample():
    """A quarter of 200 rows four times as likely as the others: their entropy in closed form."""
    rng = np.random.default_rng(3)
    weights = np.where(np.arange(200) % 4 == 0, 4.0, 1.0)
    shares = weights / weights.sum()
    exact = float((shares * np.log2(shares * 200)).sum())
    rows = rng.choice(200, (16, 4096), p=shares)
    levels = (rows + rng.random(rows.shape)) / 200
    bits, error = information_gained(levels, 200)
    assert abs(bits - exact) < 5 * error
    blurred, _ = information_gained(levels)
    assert blurred < exact - 10 * error  # neighbours in one cell hide what was learnt


def test_one_chain_has_no_error():
    assert np.isnan(information_gained(np.random.default_rng(1).random((1, 512)))[1])
