"""Two scenarios drawn together: what they share, what is independent, and rank correlations."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from uncertain_scale import Design, Model, ask, load_priors
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.dependence import Coupled

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


def draws(setting, ranks, *, design=DESIGN, outputs=("a", "b", "c"), without=()):
    model, priors = setting
    question = ask(model, {}, outputs=list(outputs))
    coupled = Coupled(ranks, 3, frozenset(without)) if ranks is not None else None
    tree = sample(model, priors, question, design, coupled=coupled)
    return {name: tree[f"prior_predictive/{name}"].values.ravel() for name in outputs}


def rank(x, y):
    return float(spearmanr(x, y).statistic)


@pytest.mark.parametrize("kind", ["random", "sobol", "lhs"])
@pytest.mark.parametrize("coupled", [{"b": 0.0}, {"b": 0.4}, {"a": 0.0, "b": 0.0}, {"c": -0.5}])
def test_a_scenario_keeps_its_marginals_and_correlations_and_what_is_shared(setting, kind, coupled):
    design = Design(kind=kind, draws=4096, chains=16, seed=5)
    base, other = draws(setting, None, design=design), draws(setting, coupled, design=design)
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
        base, other = draws(setting, None), draws(setting, {"c": asked}, without=("a", "b"))
        # The scenario's copula ties c to b, which is not drawn from: c stands alone.
        assert rank(base["c"], other["c"]) == pytest.approx(asked, abs=LIMIT)


@pytest.mark.parametrize("asked", [0.0, 0.4])
def test_correlated_inputs_have_the_rank_correlation_that_is_asked_for(loose, asked):
    """Whatever shared inputs they are correlated with, asked for or not."""
    base, other = draws(loose, None), draws(loose, {"b": asked})
    assert rank(base["b"], other["b"]) == pytest.approx(asked, abs=LIMIT)
    for name in "ac":
        assert np.array_equal(base[name], other[name])
        assert rank(other[name], other["b"]) == pytest.approx(LOOSE, abs=LIMIT)
    alone = draws(loose, {"b": asked}, outputs=("b",))
    assert np.array_equal(alone["b"], other["b"])


def test_where_correlations_tie_too_closely_it_comes_as_near_as_it_can(setting):
    """B has most of its variance from a and c; given these, b and b' are at most opposed."""
    base, other = draws(setting, None), draws(setting, {"b": 0.0})
    r = 2 * np.sin(np.pi * RANK / 6)
    explained = 2 * r**2
    least = explained - (1 - explained)  # residuals that are opposed
    found = np.corrcoef(base["b"], other["b"])[0, 1]
    assert least - LIMIT < found < explained - 0.1
    for name in "ac":
        assert rank(other[name], other["b"]) == pytest.approx(RANK, abs=LIMIT)


def test_all_independent_are_independent(setting):
    base, other = draws(setting, None), draws(setting, dict.fromkeys(NAMES, 0.0))
    for name in NAMES:
        for beside in NAMES:
            assert abs(rank(base[name], other[beside])) < LIMIT


def test_what_is_coupled_depends_on_nothing_else_that_is_asked_or_coupled(setting):
    """Streams go by name: neither the outputs asked for nor another coupling moves an input."""
    both = draws(setting, {"b": 0.0, "c": 0.0})
    alone = draws(setting, {"b": 0.0, "c": 0.0}, outputs=("c",))
    assert np.array_equal(both["c"], alone["c"])
    free = draws(setting, {"b": 0.0}, without=("a", "c"))
    also = draws(setting, {"a": 0.0, "b": 0.0}, without=("a", "c"))
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
