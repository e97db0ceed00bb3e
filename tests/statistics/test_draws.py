"""Held draws: what is found without sorting them all is what sorting them all finds."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.intervals import equal_tailed, quantiles_and_gaps
from uncertain_scale.statistics.tally import Tally, choose_binning

RNG = np.random.default_rng(12)
SHAPES = {
    "lognormal": RNG.lognormal(30, 1.5, (16, 4096)),
    "normal": RNG.normal(size=(16, 4096)),
    "far from zero": 1e9 + RNG.normal(size=(16, 4096)),
    "negative": -RNG.lognormal(0, 1, (16, 4096)),
    "cauchy": RNG.standard_cauchy((16, 4096)),
    "tiny and huge": 10.0 ** RNG.uniform(-290, 290, (16, 4096)),
    "lattice": RNG.poisson(900, (16, 4096)).astype(float),
    "choice": RNG.integers(1, 3, (16, 4096)).astype(float),
    "part atom": np.where(RNG.random((16, 4096)) < 0.4, 0.0, RNG.normal(size=(16, 4096))),
    "many chains": RNG.normal(size=(100, 500)),
    "one chain": RNG.normal(size=(1, 40_000)),
    "few": RNG.normal(size=(4, 25)),
    "constant but one": np.append(np.zeros(39_999), 5.0).reshape(4, -1),
}


_BORNE = 3  # draws expected beyond an end, below which it is given as a bound


@pytest.mark.parametrize("shape", SHAPES)
def test_quantiles_and_extremes_are_those_of_sorted_draws_to_the_bit(shape):
    values = SHAPES[shape]
    draws, ascending = Draws(values), np.sort(values, axis=None)
    levels = np.array([0.001, 0.025, 0.05, 0.3, 0.5, 0.95, 0.999])
    draws.gather(levels[:3], 50)
    borne = np.minimum(levels, 1 - levels) * values.size >= _BORNE
    found, _, gaps = quantiles_and_gaps(draws, levels)
    expected = np.quantile(values, levels, method="hazen")
    assert borne.any()
    between = np.isfinite(gaps[:, 0])  # of two values, each with probability a half
    assert between.tolist() == [shape == "choice" and level == 0.5 for level in levels]
    expected[between] = 1.5
    assert np.array_equal(found[borne], expected[borne])
    places = np.unique(RNG.integers(0, values.size, 40))
    assert np.array_equal(draws.at(places), ascending[places])
    count = min(200, values.size)
    assert np.array_equal(draws.lowest(count), ascending[:count])
    assert np.array_equal(draws.highest(count), ascending[-count:])
    assert (draws.low, draws.high) == (ascending[0], ascending[-1])


@pytest.mark.parametrize("shape", SHAPES)
def test_intervals_are_arvizs_to_the_bit(shape):
    values = SHAPES[shape]
    for prob in (0.5, 0.9, 0.95):
        if (1 - prob) / 2 * values.size < _BORNE:
            continue
        expected = array_stats.eti(values.ravel(), prob, method="hazen")
        assert np.array_equal(equal_tailed(Draws(values), prob)[0], expected)


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "many chains"])
def test_shares_below_are_counted_exactly(shape):
    values = SHAPES[shape]
    draws = Draws(values)
    draws.gather(np.array([0.5]), 50)
    points = np.quantile(values, [0.01, 0.5, 0.9], method="hazen")
    expected = [
        [((chain < x).mean() + (chain <= x).mean()) / 2 for x in points] for chain in values
    ]
    np.testing.assert_allclose(draws.shares_below(points), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_bins_are_in_the_order_of_draws_and_hold_them(shape):
    """No draw lies outside the ends of its bin by more than rounding."""
    values = SHAPES[shape].ravel()
    binning = choose_binning(values)
    numbers = binning.numbers(binning.standard(values))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(numbers[order]) >= 0)
    rounding = 1e-12 * (np.abs(values) + abs(binning.centre))
    assert np.all(binning.edges(numbers) <= values + rounding)
    assert np.all(binning.edges(numbers + 1) >= values - rounding)


@pytest.mark.parametrize("shape", SHAPES)
def test_tallies_hold_the_draws_of_each_bin_and_of_each_atom(shape):
    values = SHAPES[shape].ravel()
    binning = choose_binning(values)
    tally = Tally(binning)
    tally.count(values)
    assert tally.at_atoms.tolist() == [np.count_nonzero(values == one) for one in binning.atoms]
    rest = values[~np.isin(values, binning.atoms)]
    first, last, coarser = tally.bins
    if not rest.size:
        assert last < first
        return
    numbers = binning.numbers(binning.standard(rest))
    assert [binning.number(one) for one in rest[:50].tolist()] == numbers[:50].tolist()
    assert (first, last) == (numbers.min(), numbers.max())
    counts = np.bincount((numbers >> coarser) - (first >> coarser))
    assert tally.counts(coarser).tolist() == counts.tolist()


@pytest.mark.parametrize("shape", SHAPES)
def test_tallies_count_every_draw_once_and_add_up(shape):
    values = SHAPES[shape]
    binning = choose_binning(values[0])
    whole, halves = Tally(binning), [Tally(binning), Tally(binning)]
    for number, row in enumerate(values):
        whole.count(row)
        halves[number % 2].count(row)
    halves[1].add(halves[0])
    other = halves[1]
    assert whole.size == other.size == values.size
    assert whole.bins == other.bins
    coarser = whole.bins[2]
    assert np.array_equal(whole.counts(coarser), other.counts(coarser))
    assert whole.counts(coarser).sum() + whole.at_atoms.sum() == values.size
    assert whole.mean() == other.mean()
    assert whole.mean_square(0.0) == other.mean_square(0.0)
    if np.abs(values).max() < 1e100:
        assert whole.mean() == pytest.approx(values.mean(), rel=1e-9, abs=1e-12 * values.std())
        sd = binning.scale * np.sqrt(whole.mean_square(whole.mean()))
        assert sd == pytest.approx(values.std(), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_of_groups_below_rough_quantiles_are_those_of_a_plain_count(shape):
    values = SHAPES[shape]
    draws, levels = Draws(values), np.array([0.02, 0.3, 0.5, 0.98])
    few = values[:, : max((1 << 14) // len(values), 1)]
    found, shares = draws.roughly(levels)
    assert np.array_equal(found, np.sort(few, axis=None)[(levels * (few.size - 1)).astype(int)])
    groups = np.array_split(few, 8, axis=1) if len(few) == 1 else [few[k::64] for k in range(64)]
    counted = [[(rows <= value).mean() for value in found] for rows in groups if rows.size]
    np.testing.assert_allclose(shares, counted, rtol=1e-14)


@pytest.mark.parametrize("shape", ["lognormal", "lattice", "part atom", "constant but one"])
def test_draws_are_counted_for_atoms_only_where_a_sample_of_them_has_some(shape):
    values = SHAPES[shape]
    draws = Draws(values)
    atoms = draws.atoms
    assert ("tallies" in vars(draws)) is (shape != "lognormal")
    assert [np.mean(values == value) for value in atoms.values] == atoms.masses.tolist()
    assert (atoms.values.size == 0) is (shape == "lognormal")
