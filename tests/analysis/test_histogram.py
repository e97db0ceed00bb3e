"""Histograms for reports."""

from __future__ import annotations

import numpy as np

from uncertain_scale.analysis import histogram


def test_counts_the_middle_of_the_draws_on_a_plain_scale() -> None:
    values = np.random.default_rng(1).normal(size=(4, 5000))
    counts, edges, logarithmic = histogram(values, bins=20)
    assert not logarithmic
    assert counts.shape == (20,)
    assert abs(counts.sum() / values.size - 0.99) < 1e-3
    np.testing.assert_allclose(edges[[0, -1]], np.quantile(values, [0.005, 0.995]))
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    assert np.argmax(counts) in (9, 10)


def test_decades_are_counted_in_logs() -> None:
    values = 10 ** np.random.default_rng(2).uniform(0, 4, size=20_000)
    counts, edges, logarithmic = histogram(values, bins=10)
    assert logarithmic
    np.testing.assert_allclose(np.diff(np.log(edges)), np.log(edges[1] / edges[0]))
    assert counts.max() < 1.15 * counts.min()


def test_zero_or_negative_draws_stay_on_a_plain_scale() -> None:
    assert not histogram(np.append(0.0, np.geomspace(1, 1e6, 999))).logarithmic


def test_a_constant_and_a_rare_value_have_bins_too() -> None:
    counts, edges, _ = histogram(np.full(10, 3.0), bins=4)
    assert counts.sum() == 10
    assert edges[0] < 3 < edges[-1]
    assert histogram(np.zeros(10)).counts.sum() == 10
    counts, _, _ = histogram(np.append(np.zeros(1000), 1.0), bins=4)
    assert counts.tolist() == [1000, 0, 0, 1]
