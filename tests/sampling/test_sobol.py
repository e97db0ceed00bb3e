"""Sobol' columns and nested uniform permutations."""

import numpy as np
import pytest
from scipy.stats import chisquare, qmc

from uncertain_scale.sampling.sobol import MAX_COLUMNS, nested_permutation, sobol_cells


@pytest.mark.parametrize("bits", [0, 1, 4, 9])
def test_columns_are_scipys_net_in_another_order(bits):
    """Scipy walks the same net in Gray-code order, so the sets of points are equal."""
    columns = 60
    expected = qmc.Sobol(columns, scramble=False, bits=32).random(1 << bits)
    cells = np.stack([sobol_cells(k, bits) for k in range(columns)], axis=1)
    assert sorted(map(tuple, np.floor(expected * 2**bits).astype(int).tolist())) == sorted(
        map(tuple, cells.tolist())
    )


@pytest.mark.parametrize("column", [0, 1, 17, 500, MAX_COLUMNS - 1])
def test_a_column_visits_each_cell_once(column):
    assert np.array_equal(np.sort(sobol_cells(column, 12)), np.arange(4096))


def test_a_longer_column_refines_a_shorter_one():
    assert np.array_equal(sobol_cells(7, 10)[:256] >> 2, sobol_cells(7, 8))


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_nested_permutation_keeps_the_tree(bits):
    """Cells that share their first k bits share them after the move, and no cell is hit twice."""
    places = nested_permutation(bits, np.random.default_rng(5))
    assert np.array_equal(np.sort(places), np.arange(1 << bits))
    for level in range(bits):
        parents = places.reshape(1 << level, -1) >> (bits - level)
        assert np.all(parents == parents[:, :1])


def test_nested_permutations_are_uniform_over_the_group():
    """Three levels have 2^7 permutations; each comes equally often."""
    generator = np.random.default_rng(11)
    seen: dict[bytes, int] = {}
    for _ in range(12_800):
        key = nested_permutation(3, generator).tobytes()
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 128
    assert chisquare(list(seen.values())).pvalue > 1e-6
