"""Points between two samples, against a plain evaluation of the model."""

import gc
import weakref

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import hadamard
from scipy.special import ndtr, ndtri

from uncertain_scale import run
from uncertain_scale.analysis.sensitivity.estimates import Chains
from uncertain_scale.analysis.sensitivity.methods import IntervalReduction, Swing, run_methods
from uncertain_scale.analysis.sensitivity.shapley import Shapley, shapley_values, walsh
from uncertain_scale.analysis.sensitivity.study import make_study
from uncertain_scale.model import ask
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare

EQUATIONS = '''
def s(a, b):
    """A sum."""
    return a + b


def y(s, c, k):
    """What it is for."""
    return s * c + k
'''
INPUTS = """
inputs.a = { kind = "normal", mu = 0, sigma = 1 }
inputs.b = { kind = "gamma", alpha = 2, beta = 1 }
inputs.c = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.k = { kind = "constant", value = 3.0 }
"""
TIED = """
[[correlations]]
inputs = ["a", "b"]
rank = 0.5
[[correlations]]
inputs = ["b", "c"]
rank = -0.3
"""


def chain_of(question, **options):
    study = make_study(*question, Design(seed=3, **options))
    return study, Chains(study, [1])


def test_independent_columns_are_swapped(asked):
    study, chain = chain_of(asked(EQUATIONS, INPUTS, outputs=["y"]), draws=64)
    samples = [study.sampler.values(levels) for levels in (chain.first, chain.second)]
    assert study.names == ["a", "b", "c"]
    for kept in range(8):
        a, b, c = (samples[0 if kept >> k & 1 else 1][name] for k, name in enumerate("abc"))
        assert np.array_equal(chain.hybrids.value("y", kept), (a + b) * c + 3)


def test_an_equation_is_computed_once_for_what_it_rests_on(asked):
    """With three inputs, y has 8 states and s only 4."""
    _, chain = chain_of(asked(EQUATIONS, INPUTS, outputs=["y"]), draws=64)
    for kept in range(8):
        chain.hybrids.value("y", kept)
    arrays = {}
    for (name, _), values in chain.hybrids._by_arguments.items():
        arrays.setdefault(name, set()).add(id(values))
    assert [len(arrays[name]) for name in ("s", "y", "input a", "input k")] == [4, 8, 2, 1]


def test_what_is_kept_is_kept_and_the_rest_has_its_conditional_distribution(asked):
    """In normal scores, by regression on those kept: slopes and residual variance as R says."""
    question = asked(EQUATIONS, INPUTS + TIED, outputs=["y"])
    study, chain = chain_of(question, draws=1 << 15)
    priors = question[1]
    kept = 0b101
    scores = {
        name: ndtri(priors.inputs[name].distribution.cdf(chain.hybrids.value(name, kept)))
        for name in "abc"
    }
    for name in "ac":
        assert np.array_equal(
            chain.hybrids.value(name, kept), priors.inputs[name].ppf(chain.first[name])
        )
    known = np.array([scores["a"], scores["c"]])
    corr = study.correlation
    slopes = np.linalg.solve(corr[np.ix_([0, 2], [0, 2])], corr[[0, 2], 1])
    found = np.linalg.lstsq(known.T, scores["b"], rcond=None)[0]
    assert found == pytest.approx(slopes, abs=0.01)
    rest = scores["b"] - slopes @ known
    assert rest.var() == pytest.approx(1 - slopes @ corr[[0, 2], 1], abs=0.01)
    assert np.abs(np.corrcoef(rest, known)[0, 1:]).max() < 0.01
    # Nothing kept of what it hangs on: as in B, to the bit.
    assert np.array_equal(
        chain.hybrids.value("c", 0b001), priors.inputs["c"].ppf(chain.second["c"])
    )


def test_a_pinned_input_takes_the_others_along(asked):
    question = asked(EQUATIONS, INPUTS + TIED, outputs=["y"])
    study, chain = chain_of(question, draws=512)
    priors = question[1]
    held = chain.held_at(0.05, 0.95)
    for level, a, b, c in zip(
        (0.05, 0.95), *(held.value(name, 1).reshape(2, -1) for name in "abc"), strict=True
    ):
        assert (a == priors.inputs["a"].ppf(np.array([level]))).all()
        weight = study.correlation[0, 1]
        scores = ndtri(chain.first["b"]) + weight * (ndtri(level) - ndtri(chain.first["a"]))
        assert b == pytest.approx(priors.inputs["b"].ppf(ndtr(scores)), rel=1e-12)
        assert np.array_equal(c, priors.inputs["c"].ppf(chain.first["c"]))


def test_sample_a_is_that_of_a_forecast():
    tree = run("base", given={"budget": "100M"}, design=Design(draws=256, chains=2, seed=9))
    model, priors = prepare("base")
    question = ask(model, {"budget": "100M"})
    study = make_study(model, priors, question, Design(draws=256, chains=2, seed=9))
    for output in study.outputs:
        values = Chains(study, [1]).hybrids.value(output, study.everyone)
        assert np.array_equal(values, tree["prior_predictive"][output][1].values), output


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shapley_values_are_averages_over_orders(count):
    from itertools import permutations

    worth = np.random.default_rng(count).random(1 << count)
    expected = np.zeros(count)
    orders = list(permutations(range(count)))
    for order in orders:
        known = 0
        for k in order:
            expected[k] += (worth[known | 1 << k] - worth[known]) / len(orders)
            known |= 1 << k
    assert shapley_values(worth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("bits", [0, 1, 2, 4])
def test_walsh_is_hadamards_matrix(bits):
    values = np.random.default_rng(bits).random((1 << bits, 3))
    assert walsh(values) == pytest.approx(hadamard(1 << bits) @ values, abs=1e-12)


@pytest.mark.parametrize("most", [10, 1])
def test_how_many_chains_are_evaluated_at_a_time_does_not_matter(asked, monkeypatch, most):
    """To the last bits: sums of more numbers may be ordered otherwise."""
    question = asked(EQUATIONS, INPUTS + TIED, outputs=["y"])
    study = make_study(*question, Design(draws=128, chains=6, seed=3))
    methods = [Shapley(study, most=most), IntervalReduction(), Swing()]
    together = run_methods(study, methods)
    monkeypatch.setattr("uncertain_scale.analysis.sensitivity.study._TOGETHER", 1)
    xr.testing.assert_allclose(run_methods(study, methods), together, rtol=1e-9)


def test_draws_are_taken_in_blocks_without_a_difference(asked, monkeypatch):
    question = asked(EQUATIONS, INPUTS + TIED, outputs=["y"])
    study = make_study(*question, Design(draws=100, chains=3, seed=3))
    whole = run_methods(study, [Shapley(study)])
    monkeypatch.setattr("uncertain_scale.analysis.sensitivity.shapley._BLOCK", 256)
    xr.testing.assert_allclose(run_methods(study, [Shapley(study)]), whole, rtol=1e-9, atol=1e-12)


def test_memory_is_freed_when_a_run_is_over(asked):
    """No cycle of references keeps the draws until the collector comes."""
    question = asked(EQUATIONS, INPUTS + TIED, outputs=["y"])
    study = make_study(*question, Design(draws=128, chains=2, seed=3))
    chains = Chains(study, [0, 1])
    chains.held_anywhere(16, 64).value("y", 1)
    chains.hybrids.value("y", 0)
    gone = weakref.ref(chains)
    gc.disable()
    try:
        del chains
        assert gone() is None
    finally:
        gc.enable()
