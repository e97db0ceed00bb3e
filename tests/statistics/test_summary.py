"""What `summarize` returns and refuses, and histograms for reports."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtri
from scipy.stats import norm
from shelf import SHELF, cube

from uncertain_scale.errors import DataError, QuestionError
from uncertain_scale.statistics import histogram, spread, summarize
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.intervals import _order_statistic, quantiles
from uncertain_scale.statistics.outputs import refuse_bad


def dataset(**outputs: np.ndarray) -> xr.Dataset:
    return xr.Dataset(
        {
            name: (("chain", "draw"), values, {"units": "day", "long_name": name.title()})
            for name, values in outputs.items()
        }
    )


def test_layout_names_every_statistic_of_every_output() -> None:
    draws = np.random.default_rng(1).normal(size=(4, 512))
    found = summarize(dataset(a=draws, b=draws + 5), probs=[0.9, 0.5])
    assert found["hdi"].dims == ("output", "prob", "mode", "bound")
    assert found["eti_mcse"].dims == ("output", "prob", "bound")
    assert found["output"].values.tolist() == ["a", "b"]
    assert found["prob"].values.tolist() == [0.9, 0.5]
    assert found["bound"].values.tolist() == ["low", "high"]
    assert found["units"].values.tolist() == ["day", "day"]
    assert found["long_name"].values.tolist() == ["A", "B"]
    assert found.attrs == {"chains": 4, "draws": 512}
    for name in ("mean", "median", "eti"):
        np.testing.assert_allclose(found[name].sel(output="b"), found[name].sel(output="a") + 5)
    assert all(set(found[f"{name}_reason"].values) == {""} for name in ("mean", "sd", "mcse"))


def test_order_of_dims_does_not_matter() -> None:
    draws = np.random.default_rng(1).normal(size=(4, 512))
    swapped = dataset(a=draws).transpose("draw", "chain")
    xr.testing.assert_identical(summarize(swapped), summarize(dataset(a=draws)))


def test_statistics_are_those_of_the_pooled_draws() -> None:
    draws = np.random.default_rng(2).lognormal(size=(8, 1000))
    found = summarize(dataset(a=draws), probs=[0.9]).sel(output="a", prob=0.9)
    assert float(found["mean"]) == pytest.approx(draws.mean(), rel=1e-13)
    missed = draws.mean(axis=1).std(ddof=1) / np.sqrt(8)  # squares are about the draws' own mean
    assert float(found["sd"]) == pytest.approx(np.hypot(draws.std(), missed), rel=1e-12)
    assert float(found["median"]) == pytest.approx(np.median(draws), rel=1e-13)
    expected = np.quantile(draws, [0.05, 0.95], method="hazen")
    np.testing.assert_allclose(found["eti"], expected, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-30, 1e25, -3.0])
def test_units_change_nothing_but_the_scale(factor: float) -> None:
    draws = np.random.default_rng(3).lognormal(size=(8, 1000))
    one = summarize(dataset(a=draws)).sel(output="a")
    other = summarize(dataset(a=draws * factor)).sel(output="a")
    for name in ("mean", "sd", "median"):
        sign = abs(factor) if name == "sd" else factor
        assert float(other[name]) == pytest.approx(float(one[name]) * sign, rel=1e-9)
    turn = slice(None, None, 1 if factor > 0 else -1)
    for name in ("eti", "hdi"):
        scaled = one[f"{name}_mcse"].values[..., turn] * abs(factor)
        np.testing.assert_allclose(other[f"{name}_mcse"], scaled, rtol=0.05)
        moved = np.abs(other[name].values - one[name].values[..., turn] * factor)
        # Knots are laid from below, which a mirror shows.
        assert np.all(moved <= scaled * (1e-4 if factor > 0 else 0.1))


def test_a_constant_is_known_without_error() -> None:
    found = summarize(dataset(a=np.full((3, 7), 2.5))).sel(output="a")
    for name in ("mean", "median", "eti", "hdi"):
        assert np.all(found[name] == 2.5)
        assert np.all(found[f"{name}_mcse"] == 0)
    assert float(found["sd"]) == float(found["sd_mcse"]) == 0


@pytest.mark.parametrize(
    "draws", [np.random.default_rng(4).normal(size=(1, 4096)), np.ones((1, 5))]
)
def test_one_chain_has_estimates_but_no_errors(draws: np.ndarray) -> None:
    found = summarize(dataset(a=draws)).sel(output="a")
    for name in ("mean", "sd", "median", "eti", "hdi"):
        assert np.isfinite(found[name]).all()
        assert np.isnan(found[f"{name}_mcse"]).all()
    assert found["mcse_reason"] == "a Monte Carlo error needs at least two chains"


def test_few_draws_fall_back_to_the_shortest_interval() -> None:
    draws = np.random.default_rng(5).normal(size=(4, 25))
    found = summarize(dataset(a=draws), probs=[0.9]).sel(output="a", prob=0.9)
    ascending = np.sort(draws, axis=None)
    widths = ascending[90:] - ascending[:10]
    low = int(np.argmin(widths))
    assert found["hdi"].sel(mode=0).values.tolist() == [ascending[low], ascending[low + 90]]
    assert "draws are few" in str(found["hdi_reason"].values)


@pytest.mark.parametrize(("bad", "word"), [(np.inf, "inf"), (-np.inf, "-inf"), (np.nan, "nan")])
def test_draws_that_are_no_numbers_are_refused_by_name_and_share(bad: float, word: str) -> None:
    draws = np.ones((2, 100))
    draws[1, :3] = bad
    with pytest.raises(DataError, match=rf"'cost' is {word} in 1\.50% of the draws, no finite"):
        summarize(dataset(cost=draws))


@pytest.mark.parametrize("probs", [[0.0], [1.0], [0.9, 1.5], [-0.1], [float("nan")], []])
def test_probabilities_outside_the_unit_interval_are_refused(probs: list[float]) -> None:
    with pytest.raises(QuestionError, match="expected numbers between 0 and 1"):
        summarize(dataset(a=np.ones((2, 3))), probs=probs)


def test_other_dims_and_no_draws_are_refused() -> None:
    with pytest.raises(DataError, match=r"'a' has dims \('draw',\)"):
        summarize(xr.Dataset({"a": ("draw", [1.0])}))
    with pytest.raises(DataError, match="'a' has no draws"):
        summarize(dataset(a=np.ones((2, 0))))


@pytest.mark.parametrize(
    "wrong",
    [xr.Dataset(), xr.DataTree(), {"x": 1.0}, xr.DataTree.from_dict({"/prior": xr.Dataset()})],
)
def test_what_holds_no_outputs_is_refused_with_what_to_pass(wrong: object) -> None:
    with pytest.raises(DataError, match="expected what run or sample return, or a dataset"):
        summarize(wrong)


def test_an_answer_is_summarised_as_its_outputs() -> None:
    draws = xr.DataArray(np.arange(8.0).reshape(2, 4), dims=("chain", "draw"))
    groups = {"/prior_predictive": xr.Dataset({"x": draws})}
    tree = xr.DataTree.from_dict(groups)
    xr.testing.assert_identical(summarize(tree), summarize(xr.Dataset({"x": draws})))
    both = {
        **groups,
        "/posterior": xr.Dataset(),
        "/posterior_predictive": xr.Dataset({"x": -draws}),
    }
    after = summarize(xr.DataTree.from_dict(both))
    xr.testing.assert_identical(after, summarize(xr.Dataset({"x": -draws})))


@pytest.mark.slow
@pytest.mark.parametrize("prob", [0.9999999, 0.99999])
def test_ends_that_the_draws_do_not_bear_are_bounds(prob: float) -> None:
    """The bound is right in 95 of 100 runs: of 40 seeds, 33 or more but with a chance of 1e-6."""
    right = 0
    exact = ndtri((1 + prob) / 2)
    for seed in range(40):
        draws = ndtri(cube("random", 1, 300 + seed, draws=1024)[..., 0])
        found = summarize(xr.Dataset({"x": (("chain", "draw"), draws)}), probs=[prob])
        one = found.sel(output="x", prob=prob)
        assert one["eti_beyond"].values.all()
        assert one["hdi_beyond"].sel(mode=0).values.all()
        assert np.isnan(one["eti_mcse"]).all()
        right += float(one["eti"][1]) <= exact
    assert right >= 31


def test_a_value_of_its_own_at_the_end_is_no_bound() -> None:
    draws = (cube("sobol", 1, 3, draws=256)[..., 0] < 0.3).astype(float)
    found = summarize(xr.Dataset({"x": (("chain", "draw"), draws)}), probs=[0.9999999])
    assert not found["eti_beyond"].values.any()
    np.testing.assert_array_equal(found["eti"].values.ravel(), [0, 1])


def test_spread_is_nan_for_one_chain() -> None:
    assert np.isnan(spread(np.ones((1, 3)))).all()
    np.testing.assert_allclose(spread(np.array([[1.0, 3.0]]), axis=1), [1.0])


def test_hdi_of_lognormal_is_no_equal_tailed_interval() -> None:
    """Exact highest-density ends of a lognormal, to 4.9 errors, for each design."""
    for design in ("random", "lhs", "sobol"):
        draws = SHELF["lognormal"].draw(cube(design, 1, 77))
        found = summarize(dataset(a=draws), probs=[0.9, 0.95]).sel(output="a", mode=0)
        exact = [[0.037461, 3.612746], [0.026092, 5.186948]]
        assert np.all(np.abs(found["hdi"] - exact) < 4.9 * found["hdi_mcse"] + 1e-6)
        assert np.all(found["hdi_mcse"] < 0.1 * found["hdi"])


@pytest.mark.parametrize("level", [0.05, 0.5, 0.975])
def test_errors_of_quantiles_are_those_of_independent_draws(level: float) -> None:
    """In closed form sqrt(p(1 - p)/n) by the density: no smaller, and no larger either."""
    exact = np.sqrt(level * (1 - level) / 65_536) / norm.pdf(norm.ppf(level))
    draws = np.random.default_rng(9).standard_normal((24, 16, 4096))
    errors = [float(quantiles(Draws(one), np.array([level]))[1][0]) for one in draws]
    # A chi of 15 degrees of freedom, 24 times: a standard error of 4%.
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(exact, rel=0.2)


@pytest.mark.parametrize("chains", [8, 16, 100])
def test_stratified_chains_have_the_errors_of_order_statistics(chains: int) -> None:
    """One uniform point of each chain in a cell: by the covariances of two neighbours in order.

    David and Nagaraja (2003), Order Statistics, 2.2.
    """
    order = np.arange(1, chains)
    lower, upper = order, order + 1
    whole = (chains + 1) ** 2 * (chains + 2)
    parts = (
        lower * (chains + 1 - lower),
        upper * (chains + 1 - upper),
        2 * lower * (chains + 1 - upper),
    )
    midway = sum(parts) / 4 / whole * chains**2  # in draws, of which a cell holds one a chain
    of_shares = order * (chains - order) / (chains - 1)
    rest = midway - _order_statistic(chains) ** 2 * of_shares
    # What is left is the same wherever the edge lies: half a draw at most.
    np.testing.assert_allclose(rest, chains**3 / 4 / whole, rtol=1e-12)


def test_spread_of_numbers_without_squares() -> None:
    few = np.array([[1.0, 3.0, 1.5, 9.0], [0.0, 0.0, 0.0, 0.0]]).T
    np.testing.assert_allclose(spread(few * 1e200), spread(few) * 1e200, rtol=1e-14)
    unlike = np.array([[1e300, 2e200, 3.0], [-1e300, -2e200, 3.0]])
    np.testing.assert_allclose(spread(unlike), [1e300, 2e200, 0], rtol=1e-14)
    np.testing.assert_allclose(spread(unlike.T, axis=1), [1e300, 2e200, 0], rtol=1e-14)


@pytest.mark.parametrize("level", [0.123, 0.4765, 0.954])
def test_errors_of_quantiles_of_stratified_chains_are_those_seen(level: float) -> None:
    """Of Latin hypercubes of a uniform, inside of cells: root mean squares over 1,500 of them."""
    generator = np.random.default_rng(4)
    cells = (np.arange(100) + generator.random((1500, 16, 100))) / 100
    found = np.array([quantiles(Draws(one), np.array([level])) for one in cells])[:, :, 0]
    seen, said = np.sqrt(np.mean((found - [level, 0.0]) ** 2, axis=0))
    assert said == pytest.approx(seen, rel=0.13)


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


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "in every draw"),
        (0.5, "in 50.00% of the draws"),
        (1e-6, "in under 0.01% of the draws"),
    ],
)
def test_how_many_draws_are_no_numbers_is_never_none(share, words):
    with pytest.raises(DataError, match=f"output 'y' is nan {words}, no finite number"):
        refuse_bad("y", share, float("nan"))
