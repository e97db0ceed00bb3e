"""Discrete kinds: the inverse of a step function, to the step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertain_scale.inputs.distributions import Bernoulli, Choice, Constant, Empirical, build


def test_constant():
    kind = Constant(value=3)
    assert kind.ppf(np.array([0.0, 0.4, 1.0])).tolist() == [3, 3, 3]
    assert kind.cdf(np.array([2.9, 3.0])).tolist() == [0, 1]
    assert (kind.mean(), kind.sd(), kind.support) == (3, 0, (3, 3))
    assert not kind.continuous


def test_bernoulli():
    kind = Bernoulli(p=0.3)
    assert kind.ppf(np.array([0.69, 0.71])).tolist() == [0, 1]
    assert kind.mean() == pytest.approx(0.3)
    assert kind.sd() == pytest.approx(np.sqrt(0.21))
    assert Bernoulli(p=0).support == (0, 0)
    assert Bernoulli(p=1).ppf(np.array([0.001])).tolist() == [1]


def test_choice_sorts_its_values():
    kind = Choice(values=(5, 1, 3), probabilities=(0.5, 0.25, 0.25))
    assert kind.ppf(np.array([0.25, 0.26, 0.5, 0.51])).tolist() == [1, 3, 3, 5]
    assert kind.mean() == 3.5
    assert kind.sd() == pytest.approx(np.sqrt(0.5 * 2.25 + 0.25 * 6.25 + 0.25 * 0.25))
    assert Choice(values=(5, 1), probabilities=(1, 0)).support == (5, 5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40))
def test_empirical_against_numpy(values):
    kind = Empirical(values=tuple(map(float, values)))
    u = (np.arange(200) + 0.5) / 200
    expected = np.quantile(values, u, method="inverted_cdf")
    np.testing.assert_array_equal(kind.ppf(u), expected)
    steps = np.arange(1, len(values) + 1) / len(values)
    np.testing.assert_array_equal(kind.ppf(steps), np.sort(values))
    np.testing.assert_array_equal(kind.ppf(steps[:-1]), np.sort(values)[:-1])  # all inside (0, 1)
    assert kind.mean() == pytest.approx(np.mean(values), abs=1e-12)
    assert kind.sd() == pytest.approx(np.std(values), abs=1e-9)
    np.testing.assert_array_equal(
        kind.cdf(np.arange(-6, 7)), [np.mean(np.array(values) <= x) for x in range(-6, 7)]
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=8).filter(any))
def test_whole_weights_are_repetitions(weights):
    values = tuple(float(k) for k in range(len(weights)))
    weighted = Empirical(values=values, weights=tuple(map(float, weights)))
    repeated = Empirical(values=tuple(np.repeat(values, weights).tolist()))
    u = (np.arange(500) + 0.37) / 500
    np.testing.assert_array_equal(weighted.ppf(u), repeated.ppf(u))
    assert weighted.mean() == pytest.approx(repeated.mean())


def test_upper_tail_of_many_steps():
    kind = Empirical(values=tuple(map(float, range(1000))))
    q = np.array([1e-3, 1.0001e-3, 0.9999e-3, 1e-20])
    assert kind.quantile(1 - q, q).tolist() == [998, 998, 999, 999]
    assert kind.sf(np.array([998.0]))[0] == pytest.approx(1e-3)


def test_probabilities_are_stated_or_equal():
    assert build("choice", {"values": [1, 2, 3]}).mean() == 2
    assert build("choice", {"values": [1, 2], "probabilities": [0.3333334, 0.6666667]}).mean() < 2
