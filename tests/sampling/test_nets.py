"""Sobol' columns, and the scrambling that keeps their structure."""

import hashlib
import threading

import numpy as np
import pytest
from scipy.stats import chisquare, qmc

from uncertain_scale.sampling import Design, nets
from uncertain_scale.sampling.nets import (
    MAX_COLUMNS,
    STRETCH,
    _stretch,
    coordinates_of,
    keys_of,
    scramble,
    sobol_digits,
)


def cells(column, bits):
    """Return the cells of [0, 1) that the first 2^bits points of a column fall in."""
    (digits,) = sobol_digits([column], 0, 1 << bits)
    return np.array([int(f"{d:032b}"[::-1], 2) >> (32 - bits) for d in digits.tolist()])


def scrambled(digits, keys):
    """Return scrambled coordinates of points whose reversed digits are given."""
    digits = np.tile(np.asarray(digits, dtype=np.uint32), (len(keys), 1))
    scratch, u = np.empty_like(digits), np.empty(digits.shape)
    scramble(digits, keys, scratch)
    coordinates_of(digits, keys, (scratch, np.empty_like(scratch)), u)
    return u


@pytest.mark.parametrize("bits", [0, 1, 4, 9])
def test_columns_are_scipys_net_in_another_order(bits):
    """Scipy walks the same net in Gray-code order, so the sets of points are equal."""
    columns = 60
    expected = qmc.Sobol(columns, scramble=False, bits=32).random(1 << bits)
    found = np.stack([cells(k, bits) for k in range(columns)], axis=1)
    assert sorted(map(tuple, np.floor(expected * 2**bits).astype(int).tolist())) == sorted(
        map(tuple, found.tolist())
    )


@pytest.mark.parametrize("column", [0, 1, 17, 500, MAX_COLUMNS - 1])
def test_a_column_visits_each_cell_once(column):
    assert np.array_equal(np.sort(cells(column, 12)), np.arange(4096))


def test_a_longer_column_refines_a_shorter_one():
    assert np.array_equal(cells(7, 10)[:256] >> 2, cells(7, 8))


def test_any_stretch_of_a_column_is_that_stretch_of_the_whole():
    whole = sobol_digits([3, 800], 0, 5 * STRETCH + 17)
    part = sobol_digits([3, 800], 2 * STRETCH, 5 * STRETCH + 17)
    assert np.array_equal(part, whole[:, 2 * STRETCH :])
    assert len(np.unique(whole[1])) == 5 * STRETCH + 17


@pytest.mark.parametrize("bits", [1, 3, 8, 14])
def test_scrambling_keeps_the_tree(bits):
    """Points that share their first k digits share them after, and no cell is hit twice."""
    points = np.arange(1 << bits, dtype=np.uint32)
    after = np.floor(scrambled(points, keys_of(5, 0, ["x"]))[0] * 2**bits).astype(int)
    assert np.array_equal(np.sort(after), points)
    for level in range(bits):
        parents = after >> (bits - level)
        by_head = [parents[points % (1 << level) == head] for head in range(min(1 << level, 50))]
        assert all(np.all(one == one[0]) for one in by_head)


def test_scramblings_of_three_digits_are_equally_likely():
    """Three levels have 2^7 nested permutations; each comes equally often."""
    keys = keys_of(11, 0, [f"x{k}" for k in range(12_800)])
    after = np.floor(scrambled(np.arange(8), keys) * 8).astype(int)
    _, counts = np.unique(after, axis=0, return_counts=True)
    assert counts.size == 128
    assert chisquare(counts).pvalue > 1e-6


@pytest.mark.parametrize("level", [4, 7])
def test_flips_of_a_digit_are_independent_in_pairs(level):
    """Of all pairs of points that differ before a digit, both flip it or not equally often."""
    keys = keys_of(3, 1, [f"x{k}" for k in range(4000)])
    digits = np.arange(1 << level)
    flips = 1.0 - 2.0 * (np.floor(scrambled(digits, keys) * 2 ** (level + 1)).astype(int) & 1)
    together = (flips.T @ flips / len(keys))[np.triu_indices(1 << level, 1)]
    z = together * np.sqrt(len(keys))
    assert np.abs(z).max() < 6.5
    assert abs(z.std() - 1) < 0.15


def test_places_within_cells_are_uniform_and_independent():
    """What follows the digits of 2^12 points is uniform, also in pairs of neighbours."""
    keys = keys_of(8, 2, ["x", "y", "z"])
    within = scrambled(np.arange(4096), keys) * 4096 % 1
    fine = within * 4096 % 1  # digits 13 to 24 have gone: 25 and below
    for place in (within, fine, fine * 256 % 1):
        for one, other in ((place[0], place[1]), (place[0], np.roll(place[0], 1)), place[1:]):
            table = np.histogram2d(one, other, bins=8, range=[[0, 1], [0, 1]])[0]
            assert chisquare(table.ravel()).pvalue > 1e-6


@pytest.mark.parametrize("together", [STRETCH, 3 * STRETCH, 1 << 20])
def test_points_made_some_at_a_time_are_those_made_at_once(together, monkeypatch):
    monkeypatch.setattr(nets, "_TOGETHER", together)
    monkeypatch.setattr(nets, "_scratch", threading.local())
    columns, points = [3, 0, 700, 11], (2 * STRETCH, 5 * STRETCH + 17)
    keys = keys_of(4, 1, ["a", "b", "c", "d"])
    found = np.empty((4, 3 * STRETCH + 17))
    nets.fill_points(columns, keys, *points, found)
    for row, column, key in zip(found, columns, keys, strict=True):
        digits = sobol_digits([column], *points)
        assert np.array_equal(row, scrambled(digits[0], key[None])[0])


def test_the_smallest_and_the_largest_coordinate_lie_inside_the_cube():
    ends = np.array([[0, 0xFFFFFFFF]], dtype=np.uint32)
    u = np.empty((1, 2))
    coordinates_of(ends, keys_of(0, 0, ["x"]), (np.empty_like(ends), np.empty_like(ends)), u)
    assert 0 < u[0, 0] < 2**-32
    assert 1 - 2**-32 < u[0, 1] < 1


def plain(seed, chain, name, point):
    """Return the first column's coordinate of a point, a number at a time, as it is documented."""
    digest = hashlib.blake2b(f"{seed}\0{chain}\0{name}".encode(), digest_size=48).digest()
    words = [int.from_bytes(digest[k : k + 4], "little") for k in range(0, 48, 4)]
    digits = point  # of the first column, the digits in reverse are the point's number
    for added, even, flipped, odd in (words[:4], words[4:8]):
        digits = (digits + added) % 2**32
        digits ^= digits * (even - even % 2) % 2**32
        digits = (digits ^ flipped) * (odd | 1) % 2**32
    rest = (digits + words[8]) % 2**32
    for word, shift in ((words[10], 15), (words[11], 13)):
        rest = rest * (word | 1) % 2**32
        rest ^= rest >> shift
    rest = rest * 0x9E3779B1 % 2**32 >> 12
    return (int(f"{digits:032b}"[::-1], 2) + (rest + 0.5) / 2**20) / 2**32


@pytest.mark.parametrize(("seed", "chain", "name"), [(0, 0, "mfu"), (7, 3, "hourly_rate")])
def test_coordinates_are_to_the_bit_those_of_plain_arithmetic(seed, chain, name):
    """So a seed gives the same draws on every platform, and in a later version."""
    design = Design(draws=20_000, chains=4, seed=seed)
    found = design.column(name, position=0, chain=chain)
    for point in (0, 1, 2, 77, 4096, 8191, 8192, 16_385, 19_999):
        assert found[point] == plain(seed, chain, name, point)
    assert plain(0, 0, "mfu", 0) == float.fromhex("0x1.bbe9ce52d428bp-1")


def test_what_is_kept_of_a_column_cannot_be_written():
    before = sobol_digits([3], 0, 8).tolist()
    with pytest.raises(ValueError, match="read-only"):
        _stretch(3)[0] = 1
    assert sobol_digits([3], 0, 8).tolist() == before
