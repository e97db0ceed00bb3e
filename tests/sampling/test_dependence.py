"""Copulas, joint rows, and draws that an overlay does not move."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.dependence import InputSampler

KINDS = ("sobol", "lhs", "random")

BASE = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "beta", alpha = 2, beta = 3 }
inputs.c = { kind = "normal", mu = 1, sigma = 2 }
inputs.d = { kind = "uniform", lower = 0, upper = 1 }
[[correlations]]
inputs = ["a", "c"]
rank = 0.6
[[joint]]
inputs = ["p", "q"]
samples = "rows.csv"
"""
OVERLAY = """
schema_version = 1
extends = "one.toml"
inputs.aa = { kind = "gamma", alpha = 2, beta = 1 }
inputs.c = { kind = "uniform", lower = 0, upper = 1 }
inputs.zz = { kind = "normal", mu = 0, sigma = 1 }
[[correlations]]
inputs = ["zz", "a"]
rank = -0.4
[[correlations]]
inputs = ["zz", "d"]
rank = 0.3
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(500, 2)) @ [[1, 0.999], [0, 0.0447]]
    text = "\n".join(["p,q", *(f"{p!r},{q!r}" for p, q in rows.tolist())])
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    (tmp_path / "one.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "two.toml").write_text(OVERLAY, encoding="utf-8")
    return tmp_path


def draws(path, names, kind, chain=2, number=512):
    sampler = InputSampler(load_priors(path), names)
    return sampler.draw(Design(kind=kind, draws=number, seed=4), chain)


@pytest.mark.parametrize("kind", KINDS)
def test_an_overlay_moves_no_other_inputs_draws(folder, kind):
    """To the bit, though the overlay adds inputs before and behind, and correlates them."""
    before = draws(folder / "one.toml", "abcdpq", kind)
    after = draws(folder / "two.toml", [*"abcdpq", "aa", "zz"], kind)
    for name in "abdpq":
        assert np.array_equal(before[name], after[name]), name
    assert not np.array_equal(before["c"], after["c"])


@pytest.mark.parametrize("kind", KINDS)
def test_draws_do_not_depend_on_what_else_is_asked(folder, kind):
    whole = draws(folder / "two.toml", [*"abcdpq", "aa", "zz"], kind)
    for name, expected in whole.items():
        assert np.array_equal(draws(folder / "two.toml", [name], kind)[name], expected), name


def test_an_input_replaced_keeps_its_coordinate_and_its_correlation(folder):
    """The overlay's uniform c is the base's normal c seen through another quantile function."""
    from scipy.stats import norm

    before = draws(folder / "one.toml", ["c"], "sobol")["c"]
    after = draws(folder / "two.toml", ["c"], "sobol")["c"]
    assert after == pytest.approx(norm.cdf(before, 1, 2), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_rank_correlations_are_realised(folder, kind):
    """Spearman's rank over 16 x 4096 draws, within 4.9 standard errors from the chains' spread."""
    sampler = InputSampler(load_priors(folder / "two.toml"), ["a", "c", "zz", "d", "b"])
    design = Design(kind=kind, draws=4096, seed=8)
    chains = [sampler.draw(design, chain) for chain in range(16)]
    wanted = {("a", "c"): 0.6, ("zz", "a"): -0.4, ("zz", "d"): 0.3, ("c", "d"): 0, ("a", "b"): 0}
    for (first, second), rank in wanted.items():
        found = [spearmanr(chain[first], chain[second]).statistic for chain in chains]
        error = np.std(found, ddof=1) / 4
        # 1e-3 is the finite-sample bias that the definition of Spearman's rank allows itself.
        assert abs(np.mean(found) - rank) < 6.5 * error + 1e-3, (first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_joint_rows_are_drawn_whole_and_equally_often(folder, kind):
    priors = load_priors(folder / "one.toml")
    drawn = draws(folder / "one.toml", "pq", kind, number=4096)
    rows = set(map(tuple, priors.joints[0].rows.tolist()))
    found = list(zip(drawn["p"].tolist(), drawn["q"].tolist(), strict=True))
    assert set(found) <= rows
    if kind != "random":
        counts = [found.count(row) for row in rows]
        assert min(counts) >= 7
        assert max(counts) <= 10
    assert np.corrcoef(drawn["p"], drawn["q"])[0, 1] > 0.998


def test_a_given_that_tears_a_joint_sample_apart_is_refused(folder):
    priors = load_priors(folder / "one.toml")
    with pytest.raises(QuestionError, match="'p' is given, but it is drawn by whole rows with q"):
        InputSampler(priors, ["p", "q"], given=["p"])
    with pytest.raises(QuestionError, match="give this too, or none of them"):
        InputSampler(priors, ["p", "q"], given=["p"])
    InputSampler(priors, ["p", "q"], given=["p", "q"])
    rows = np.arange(6.0).reshape(2, 3)
    three = replace(
        priors,
        inputs={name: replace(priors.inputs["p"], joint="p+q+r") for name in "pqr"},
        joints=(replace(priors.joints[0], inputs=("p", "q", "r"), rows=rows),),
    )
    with pytest.raises(QuestionError, match="with q, r; give these too, or none of them"):
        InputSampler(three, ["p", "q", "r"], given=["p"])


def test_scenarios_share_the_draws_of_what_they_do_not_change():
    """Dense and sparse FP8 differ in sparsity_factor alone, to the bit."""
    from uncertain_scale import run

    trees = [run(name, given={"budget": "100M"}) for name in ("h100-dense-fp8", "h100-sparse-fp8")]
    dense, sparse = (tree["prior"].to_dataset() for tree in trees)
    for name in dense.data_vars:
        assert np.array_equal(dense[name], sparse[name]) == (name != "sparsity_factor"), name
    flop = [tree["prior_predictive/training_flop"].values for tree in trees]
    assert np.array_equal(flop[1], 2 * flop[0])
