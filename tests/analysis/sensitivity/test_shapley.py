"""Shapley effects where inputs are tied: closed forms, joint samples, sampled orders."""

import numpy as np
import pytest
from scipy.stats import norm, t

from uncertain_scale.analysis.sensitivity import sensitivity, shapley_effects
from uncertain_scale.analysis.sensitivity.methods import run_methods
from uncertain_scale.analysis.sensitivity.shapley import Shapley, _loss, shapley_values
from uncertain_scale.analysis.sensitivity.study import make_study
from uncertain_scale.inputs.prior import correlation_matrix
from uncertain_scale.sampling import Design

BOUND = t.isf(norm.sf(4.9), 15)
SUM = '''
def y(a, b, c, d):
    """A weighted sum."""
    return 3 * a - 2 * b + c + 1.5 * d
'''
NORMALS = "".join(f'inputs.{x} = {{ kind = "normal", mu = 1, sigma = 1 }}\n' for x in "abcd")
TIES = """
[[correlations]]
inputs = ["a", "c"]
rank = 0.6
[[correlations]]
inputs = ["c", "b"]
rank = -0.3
"""


def gaussian_game(weights, correlation):
    """Worth of every set of inputs of a weighted sum: Var(E[Y | X_J])."""
    count = len(weights)
    cov = correlation @ weights
    worth = np.zeros(1 << count)
    for known in range(1, 1 << count):
        at = [k for k in range(count) if known >> k & 1]
        worth[known] = cov[at] @ np.linalg.solve(correlation[np.ix_(at, at)], cov[at])
    return worth / worth[-1]


@pytest.mark.parametrize("most", [10, 2])
@pytest.mark.parametrize("kind", ["sobol", "random"])
def test_a_sum_of_partly_tied_normals(asked, most, kind):
    question = asked(SUM, NORMALS + TIES)
    study = make_study(*question, Design(kind=kind, seed=6), on=["value"])
    found = run_methods(study, [Shapley(study, most=most)])
    correlation = correlation_matrix(list("abcd"), question[1].correlations)
    worth = gaussian_game(np.array([3, -2, 1, 1.5]), correlation)
    truths = {"shapley": shapley_values(worth), "variance_reduction": worth[[1, 2, 4, 8]]}
    for name, truth in truths.items():
        estimate, error = (found[n].values.ravel() for n in (name, f"{name}_mcse"))
        assert (np.abs(estimate - truth) < BOUND * error).all(), (name, estimate, truth)
        assert (error < {"sobol": 2e-3, "random": 0.01}[kind]).all(), (name, error)
    assert float(found["shapley"].sum()) == pytest.approx(1, abs=1e-12)


def test_losses_are_half_the_mean_square_of_what_an_exchange_changes():
    """Two loose players and two tied ones, by the definition: every pair, every draw."""
    values = np.random.default_rng(5).normal(3, 1, size=(4, 4, 2, 7))
    tied, loose, chains = values.shape[:3]
    expected = np.zeros((tied, loose, chains))
    for own in range(tied):
        for kept in range(loose):
            exchanged = loose - 1 - kept
            for m in range(loose):
                change = values[-1, m] - values[own, m ^ exchanged]
                expected[own, kept] += (change**2).mean(axis=-1) / (2 * loose)
    np.testing.assert_allclose(_loss(values), expected.reshape(tied * loose, chains), atol=1e-12)


def test_an_input_that_is_not_in_the_equation_has_no_effect_but_says_something(asked):
    """Input b moves z alone; what is tied to it makes it worth knowing for y."""
    equations = '''
def y(a):
    """One input."""
    return 2 * a


def z(a, b):
    """Both."""
    return a + b
'''
    inputs = "".join(f'inputs.{x} = {{ kind = "normal", mu = 1, sigma = 1 }}\n' for x in "ab")
    ties = '[[correlations]]\ninputs = ["a", "b"]\nrank = 0.6\n'
    found = sensitivity(*asked(equations, inputs + ties), Design(seed=6), on=["value"])
    y = found.sel(output="y", scale="value")
    assert y["shapley"].values.tolist() == [1, 0]
    assert y["rank"].values.tolist()[0] == 1
    assert np.isnan(y["rank"].values[1])
    rho = 2 * np.sin(np.pi * 0.1)
    place = {"input": "b"}
    reduction, error = (
        float(y[n].sel(place)) for n in ("variance_reduction", "variance_reduction_mcse")
    )
    assert abs(reduction - rho**2) < BOUND * error
    assert error < 2e-3
    assert float(y["interval_reduction"].sel(place)) == pytest.approx(
        1 - np.sqrt(1 - rho**2), abs=0.01
    )
    # Each output has its own independent groups; of the other's there is no index.
    assert found.group.values.tolist() == ["a", "a+b"]
    assert found["first"].sel(scale="value").isnull().values.tolist() == [
        [False, True],
        [True, False],
    ]
    assert found["first"].sel(scale="value", output="z", group="a+b") == 1


def test_one_output_alone_gives_what_it_gives_among_others(asked):
    equations = SUM + '\n\ndef z(y, e):\n    """More."""\n    return y + e\n'
    inputs = NORMALS + 'inputs.e = { kind = "uniform", lower = 0, upper = 9 }\n' + TIES
    question = asked(equations, inputs)
    both = sensitivity(*question, Design(seed=6, draws=512), on=["value"])
    alone = sensitivity(*question, Design(seed=6, draws=512), of=["y"], on=["value"])
    for name in ("shapley", "variance_reduction", "rank_correlation", "swing_low_median"):
        expected = both[name].sel(output="y", input=list("abcd"))
        assert np.array_equal(alone[name].sel(output="y"), expected), name
    for name in ("first", "total"):
        expected = both[name].sel(output="y", group=alone.group)
        assert np.array_equal(alone[name].sel(output="y"), expected), name


@pytest.fixture
def joint(asked, tmp_path):
    rng = np.random.default_rng(0)
    p = rng.normal(size=400)
    rows = np.column_stack([p, -p + 0.3 * rng.normal(size=400)])
    lines = ["p,q", *(f"{x!r},{z!r}" for x, z in rows.tolist())]
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    equations = '''
def y(p, q, c):
    """The joint sample's difference and sum matter."""
    return 2 * p + q + c
'''
    inputs = """
inputs.c = { kind = "normal", mu = 0, sigma = 1 }
[[joint]]
inputs = ["p", "q"]
samples = "rows.csv"
"""
    return rows, asked(equations, inputs)


def test_a_joint_sample_is_one(joint):
    rows, question = joint
    found = sensitivity(*question, Design(seed=6), on=["value"])
    assert found.input.values.tolist() == ["c", "p+q"]
    assert found["members"].values.tolist() == ["c", "p,q"]
    variance = (2 * rows[:, 0] + rows[:, 1]).var()
    truth = np.array([1, variance]) / (1 + variance)
    for name in ("first", "total", "shapley", "variance_reduction"):
        estimate, error = (found[n].values.ravel() for n in (name, f"{name}_mcse"))
        assert (np.abs(estimate - truth) < BOUND * error).all(), (name, estimate, truth)
        assert (error < 3e-3).all()
    assert np.isnan(found["rank_correlation"].values[0, 1])
    rows = rows[np.argsort(rows[:, 0])]
    for end, row in (("low", rows[20]), ("high", rows[380])):
        median = float(found[f"swing_{end}_median"].sel(input="p+q", output="y"))
        assert median == pytest.approx(2 * row[0] + row[1], abs=0.005)
    # Knowing the row leaves c alone, whose 90% interval is 2 x 1.645 wide.
    width = float(found["interval"].sel(output="y").diff("end").squeeze())
    reduction = float(found["interval_reduction"].sel(input="p+q", output="y", scale="value"))
    assert reduction == pytest.approx(1 - 2 * norm.ppf(0.95) / width, abs=0.005)


def test_many_inputs_go_by_sampled_orders(asked):
    """Fifteen inputs of a sum: Shapley effects are the shares of variance, exactly."""
    names = [f"x{k}" for k in range(15)]
    terms = " + ".join(f"{k + 1} * {name}" for k, name in enumerate(names))
    equations = f'def y({", ".join(names)}):\n    """A sum."""\n    return {terms}\n'
    inputs = "".join(f'inputs.{x} = {{ kind = "normal", mu = 0, sigma = 1 }}\n' for x in names)
    question = asked(equations, inputs)
    found = shapley_effects(*question, Design(seed=6, draws=512), on=["value"])
    truth = np.arange(1, 16) ** 2 / (np.arange(1, 16) ** 2).sum()
    estimate, error = (found[n].values.ravel() for n in ("shapley", "shapley_mcse"))
    assert (np.abs(estimate - truth) < BOUND * error).all()
    assert (error < 0.005).all()
    assert estimate.sum() == pytest.approx(1, abs=1e-12)
    assert found["rank"].values.ravel().tolist() == list(range(15, 0, -1))


def test_inputs_that_move_nothing_do_not_count_among_many(asked):
    """Twelve arguments of which three matter are run through exactly."""
    names = [f"x{k}" for k in range(12)]
    equations = (
        f'def y({", ".join(names)}):\n    """Few matter."""\n'
        f"    return x0 + 2 * x5 * x7 + 0 * ({' + '.join(names)})\n"
    )
    inputs = "".join(f'inputs.{x} = {{ kind = "normal", mu = 1, sigma = 1 }}\n' for x in names)
    study = make_study(*asked(equations, inputs), Design(seed=6), on=["value"])
    method = Shapley(study)
    assert method.active == {"y": 1 | 1 << 5 | 1 << 7}
    found = run_methods(study, [method])["shapley"].values.ravel()
    assert np.flatnonzero(found).tolist() == [0, 5, 7]
    assert found[[0, 5, 7]] == pytest.approx(np.array([1, 6, 6]) / 13, abs=0.01)
