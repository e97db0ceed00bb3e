"""Copulas, joint rows, draws that an overlay does not move, and two scenarios drawn together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from uncertain_scale import Design, Model, ask, load_priors
from uncertain_scale.errors import QuestionError
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.dependence import Coupled, InputSampler

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


DESIGN = Design(draws=4096, chains=16, seed=5)
NAMES = "abc"
RANK, LOOSE = 0.6, 0.3
LIMIT = 4.9 / np.sqrt(16 * 4096)  # of a rank correlation that is 0, for random points


def made(folder, rank):
    (folder / "own.py").write_text("def y(a, b, c):\n    return a + b + c\n", encoding="utf-8")
    tables = [f"inputs.{n} = {{ kind = 'normal', mu = 0, sigma = 1 }}" for n in NAMES]
    for pair in ("ab", "bc"):
        tables += ["[[correlations]]", f"inputs = {list(pair)}", f"rank = {rank}"]
    (folder / "own.toml").write_text("\n".join(["schema_version = 1", *tables]), encoding="utf-8")
    model = Model.of(folder / "own.py")
    return model, load_priors(folder / "own.toml", variables=model.variables)


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    """Three normal inputs, of which two pairs are correlated, and their sum."""
    return made(tmp_path_factory.mktemp("own"), RANK)


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """Correlate them so little that new draws can be independent of the old ones."""
    return made(tmp_path_factory.mktemp("loose"), LOOSE)


def coupled_draws(setting, ranks, *, design=DESIGN, outputs=("a", "b", "c"), without=()):
    model, priors = setting
    question = ask(model, {}, outputs=list(outputs))
    coupled = Coupled(ranks, 3, frozenset(without)) if ranks is not None else None
    tree = sample(model, priors, question, design, coupled=coupled)
    return {name: tree[f"prior_predictive/{name}"].values.ravel() for name in outputs}


def rank(x, y):
    return float(spearmanr(x, y).statistic)


@pytest.mark.slow_but(*(f"coupled{n}-sobol" for n in range(4)))
@pytest.mark.parametrize("kind", ["random", "sobol", "lhs"])
@pytest.mark.parametrize("coupled", [{"b": 0.0}, {"b": 0.4}, {"a": 0.0, "b": 0.0}, {"c": -0.5}])
def test_a_scenario_keeps_its_marginals_and_correlations_and_what_is_shared(setting, kind, coupled):
    design = Design(kind=kind, draws=4096, chains=16, seed=5)
    base, other = (
        coupled_draws(setting, None, design=design),
        coupled_draws(setting, coupled, design=design),
    )
    for name in NAMES:
        if name in coupled:
            assert not np.array_equal(other[name], base[name])
        else:
            assert np.array_equal(other[name], base[name])
        below = (other[name] < -1).mean()
        assert abs(below - 0.158655) < 4.9 * np.sqrt(0.1587 * 0.8413 / 65536)
    for pair in ("ab", "bc"):
        assert rank(*(other[name] for name in pair)) == pytest.approx(RANK, abs=LIMIT)


def test_an_input_without_ties_has_the_rank_correlation_that_is_asked_for(setting):
    for asked in (0.0, 0.3, -0.8):
        base, other = (
            coupled_draws(setting, None),
            coupled_draws(setting, {"c": asked}, without=("a", "b")),
        )
        # The scenario's copula ties c to b, which is not drawn from: c stands alone.
        assert rank(base["c"], other["c"]) == pytest.approx(asked, abs=LIMIT)


@pytest.mark.parametrize("tied", ["setting", "loose"])
@pytest.mark.parametrize("asked", [0.0, 0.4, -0.7])
def test_correlated_inputs_have_the_rank_correlation_that_is_asked_for_given_shared_ones(
    request, tied, asked
):
    """By least squares of b on a and c, which are shared, whether they are asked for or not."""
    setting, own = request.getfixturevalue(tied), {"setting": RANK, "loose": LOOSE}[tied]
    base, other = coupled_draws(setting, None), coupled_draws(setting, {"b": asked})
    for name in "ac":
        assert np.array_equal(base[name], other[name])
        assert rank(other[name], other["b"]) == pytest.approx(own, abs=LIMIT)
    shared = np.stack([base["a"], base["c"]], axis=1)
    left = [b - shared @ np.linalg.lstsq(shared, b)[0] for b in (base["b"], other["b"])]
    assert rank(*left) == pytest.approx(asked, abs=LIMIT)
    alone = coupled_draws(setting, {"b": asked}, outputs=("b",))
    assert np.array_equal(alone["b"], other["b"])


def test_inputs_are_coupled_given_those_that_are_coupled_more_closely(setting):
    """C has its rank whatever b is; b has its own given c and a, which is shared."""
    asked = {"b": 0.2, "c": -0.6}
    base, other = coupled_draws(setting, None), coupled_draws(setting, asked)
    assert rank(base["c"], other["c"]) == pytest.approx(-0.6, abs=LIMIT)
    for pair in ("ab", "bc"):
        assert rank(*(other[name] for name in pair)) == pytest.approx(RANK, abs=LIMIT)
    left = []
    for one in (base, other):
        before = np.stack([one["a"], one["c"]], axis=1)
        left.append(one["b"] - before @ np.linalg.lstsq(before, one["b"])[0])
    assert rank(*left) == pytest.approx(0.2, abs=LIMIT)


def test_equal_coupling_of_correlated_inputs_is_that_of_each(setting):
    base, other = coupled_draws(setting, None), coupled_draws(setting, dict.fromkeys(NAMES, 0.5))
    for name in NAMES:
        assert rank(base[name], other[name]) == pytest.approx(0.5, abs=LIMIT)
    for pair in ("ab", "bc"):
        assert rank(*(other[name] for name in pair)) == pytest.approx(RANK, abs=LIMIT)


def test_all_independent_are_independent(setting):
    base, other = coupled_draws(setting, None), coupled_draws(setting, dict.fromkeys(NAMES, 0.0))
    for name in NAMES:
        for beside in NAMES:
            assert abs(rank(base[name], other[beside])) < LIMIT


def test_what_is_coupled_depends_on_nothing_else_that_is_asked_or_coupled(setting):
    """Streams go by name: neither the outputs asked for nor another coupling moves an input."""
    both = coupled_draws(setting, {"b": 0.0, "c": 0.0})
    alone = coupled_draws(setting, {"b": 0.0, "c": 0.0}, outputs=("c",))
    assert np.array_equal(both["c"], alone["c"])
    free = coupled_draws(setting, {"b": 0.0}, without=("a", "c"))
    also = coupled_draws(setting, {"a": 0.0, "b": 0.0}, without=("a", "c"))
    assert np.array_equal(free["b"], also["b"])


def test_blocks_and_threads_leave_no_trace(setting):
    model, priors = setting
    from uncertain_scale.sampling.engine import Simulation

    question = ask(model, {}, outputs=["b"])
    design = Design(draws=40_000, chains=1, seed=2)
    simulation = Simulation.of(model, priors, question, design, Coupled({"b": 0.5}, 3))
    whole = simulation.whole(0)["b"]
    parts = [block["b"] for block in simulation.blocks(0, size=8192)]
    assert np.array_equal(whole, np.concatenate(parts))


CONSTANTS = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "constant", value = 3 }
inputs.c = { kind = "choice", values = [7] }
inputs.d = { kind = "normal", mu = 1, sigma = 2 }
[[correlations]]
inputs = ["c", "d"]
rank = 0.6
"""


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_of_constants_are_not_made_and_move_nothing(kind, tmp_path):
    """But for one that another input is correlated with, which is a sum of both."""
    (tmp_path / "own.toml").write_text(CONSTANTS, encoding="utf-8")
    sampler = InputSampler(load_priors(tmp_path / "own.toml"), ("a", "b", "c", "d"))
    assert sampler.moving == {"a": 0, "c": 2, "d": 3}
    design = Design(kind=kind, draws=64, seed=4)
    (block,) = design.blocks(sampler.moving, chain=1)
    found, whole = sampler.draw(block, 1), sampler.draw(design, 1)
    assert all(np.array_equal(found[name], whole[name]) for name in "abcd")
    alone = InputSampler(load_priors(tmp_path / "own.toml"), ("b",))
    assert alone.moving == {"b": 1}  # where there is nothing else to tell how many draws there are


TIED = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "normal", mu = 1, sigma = 2 }
inputs.c = { kind = "uniform", lower = 0, upper = 1 }
[[correlations]]
inputs = ["a", "b"]
rank = %s
[[correlations]]
inputs = ["a", "c"]
rank = 0.5
"""


@pytest.mark.parametrize("rank", [1, -1])
def test_a_rank_correlation_of_1_makes_one_input_a_function_of_the_other(rank, tmp_path):
    (tmp_path / "one.toml").write_text(TIED % rank)
    priors = load_priors(tmp_path / "one.toml")
    draws = InputSampler(priors, ("a", "b", "c")).draw(Design(draws=512, chains=1), 0)
    exact = 1 + 2 * rank * np.log(draws["a"]) / 0.5  # both are functions of one normal score
    np.testing.assert_allclose(draws["b"], exact, rtol=1e-9, atol=1e-9)
    # What the one is correlated with, the other is.
    of_a, of_b = (spearmanr(draws[one], draws["c"]).statistic for one in "ab")
    assert of_b == pytest.approx(rank * of_a, abs=1e-12)
    assert of_a == pytest.approx(0.5, abs=0.05)


def test_exact_ranks_that_contradict_others_are_refused(tmp_path):
    more = '[[correlations]]\ninputs = ["b", "c"]\nrank = 0.4\n'
    (tmp_path / "one.toml").write_text(TIED % 1 + more)
    with pytest.raises(ValueError, match="contradict one another"):
        load_priors(tmp_path / "one.toml")
