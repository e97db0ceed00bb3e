"""Designs of points: uniform margins, independence, named streams, and what they buy."""

import numpy as np
import pytest
from scipy.stats import kstest

from uncertain_scale.errors import QuestionError
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.design import _latin
from uncertain_scale.sampling.nets import MAX_COLUMNS

KINDS = ("sobol", "lhs", "random")


def points(design, names, chain=0):
    return np.stack(
        [design.column(name, position=k, chain=chain) for k, name in enumerate(names)], axis=1
    )


@pytest.mark.parametrize("kind", KINDS)
def test_first_point_of_each_chain_is_uniform(kind):
    """Across chains the same point of the design is uniform: each randomisation is unbiased."""
    design = Design(kind=kind, draws=8, chains=3000)
    first = [design.column("mfu", position=3, chain=chain)[5] for chain in range(3000)]
    assert kstest(first, "uniform").pvalue > 1e-6


def test_kolmogorov_test_catches_points_at_the_cells_lower_ends():
    """The test above has power: points without the uniform step inside their cells fail it."""
    design = Design(kind="sobol", draws=8, chains=3000)
    first = [np.floor(design.column("mfu", position=3, chain=c)[5] * 8) / 8 for c in range(3000)]
    assert kstest(first, "uniform").pvalue < 1e-6


@pytest.mark.parametrize("kind", ["sobol", "lhs"])
@pytest.mark.parametrize("draws", [64, 4096])
def test_each_margin_is_stratified(kind, draws):
    u = points(Design(kind=kind, draws=draws), "abc")
    assert np.array_equal(
        np.sort(np.floor(u * draws).astype(int), axis=0), np.tile(np.arange(draws)[:, None], 3)
    )


def test_sobol_pairs_fill_elementary_boxes():
    """Scrambling keeps the net: the first two columns put one point in each box of volume 2^-8."""
    u = points(Design(kind="sobol", draws=256, seed=9), "ab")
    for bits in range(9):
        boxes = np.floor(u * [2**bits, 2 ** (8 - bits)]).astype(int)
        assert len(set(map(tuple, boxes.tolist()))) == 256


@pytest.mark.parametrize("kind", KINDS)
def test_sobol_is_far_more_accurate_than_random_for_a_smooth_mean(kind):
    """Standard error over chains of the mean of a product of four uniforms."""
    design = Design(kind=kind, draws=1024, chains=32)
    means = [np.prod(points(design, "abcd", chain), axis=1).mean() for chain in range(32)]
    error = np.std(means, ddof=1)
    if kind == "random":
        assert 2e-3 < error < 4.5e-3
    elif kind == "lhs":
        assert error < 2e-3
    else:
        assert error < 2e-4


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_depends_on_seed_chain_name_and_nothing_else(kind):
    column = Design(kind=kind, draws=16, chains=4, seed=7).column("mfu", position=2, chain=1)
    again = Design(kind=kind, draws=16, chains=9, seed=7).column("mfu", position=2, chain=1)
    assert np.array_equal(column, again)
    for other in (
        Design(kind=kind, draws=16, seed=8).column("mfu", position=2, chain=1),
        Design(kind=kind, draws=16, seed=7).column("mfu", position=2, chain=2),
        Design(kind=kind, draws=16, seed=7).column("pue", position=2, chain=1),
    ):
        assert not np.array_equal(column, other)


@pytest.mark.parametrize("draws", [2, 3, 1000, 1024])
@pytest.mark.parametrize("kind", KINDS)
def test_points_lie_strictly_inside_the_cube(kind, draws):
    u = points(Design(kind=kind, draws=draws), "abcdefgh")
    assert u.shape == (draws, 8)
    assert np.all((u > 0) & (u < 1))


@pytest.mark.parametrize("kind", KINDS)
def test_several_chains_at_once_are_what_each_is_alone(kind):
    design = Design(kind=kind, draws=100, chains=4, seed=5)
    places = {"a": 0, "b": 7, "c": 3}
    together = design.points(places, [3, 0, 2])
    assert together.shape == (3, 3, 100)
    for k, (name, place) in enumerate(places.items()):
        for j, chain in enumerate([3, 0, 2]):
            alone = design.column(name, position=place, chain=chain)
            assert np.array_equal(together[k, j], alone)
    assert design.points({}, [0, 1]).shape == (0, 2, 100)


def test_columns_of_different_names_are_uncorrelated():
    """Correlations of 12 columns, within 4.9 standard errors of 0."""
    u = points(Design(kind="random", draws=8192, seed=3), "abcdefghijkl")
    correlations = np.corrcoef(u.T)[np.triu_indices(12, 1)]
    assert np.max(np.abs(correlations)) < 4.9 / np.sqrt(8192)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "soboll"}, "did you mean 'sobol'"),
        ({"draws": 1}, "draws = 1"),
        ({"chains": 0}, "chains = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"draws": 10**12}, "draws = 1000000000000"),
    ],
)
def test_impossible_designs_are_refused(options, words):
    with pytest.raises(QuestionError, match=words):
        Design(**options)


def test_more_inputs_than_sobol_columns_are_refused_with_the_way_out():
    with pytest.raises(QuestionError, match="use the design lhs"):
        Design().column("x", position=MAX_COLUMNS, chain=0)
    assert len(Design(kind="lhs").column("x", position=MAX_COLUMNS, chain=0)) == 4096


def test_what_a_design_is_unless_told_and_how_far_it_goes():
    assert Design() == Design(kind="sobol", draws=4096, chains=16, seed=0)
    assert MAX_COLUMNS == 1024
    Design(seed=2**63 - 1)
    with pytest.raises(QuestionError, match="seed = 9223372036854775808 must lie from 0 to"):
        Design(seed=2**63)
    Design(draws=1 << 26)
    with pytest.raises(QuestionError, match="draws = 67108865 must lie from 2 to 67108864"):
        Design(draws=(1 << 26) + 1)
    Design(chains=1 << 20)
    with pytest.raises(QuestionError, match="chains = 1048577 must lie from 1 to 1048576"):
        Design(chains=(1 << 20) + 1)


def test_a_random_point_at_zero_is_moved_inside(monkeypatch):
    class Floor:
        def random(self, out):
            out[:] = 0

    monkeypatch.setattr("uncertain_scale.sampling.design.stream", lambda *_: Floor())
    column = Design(kind="random", draws=4).column("x", position=0, chain=0)
    assert column.tolist() == [2.0**-54] * 4


def test_a_last_cell_filled_to_its_edge_ends_below_one():
    """Division rounds up to 1 what the generator left just below it."""

    class Edge:
        def random(self, size):
            return np.full(size, 1 - 2.0**-53)

        def permutation(self, size):
            return np.arange(size)

    column = _latin(Edge(), 1 << 10)
    assert column[-1] == 1 - 2.0**-53
    assert column.max() < 1
