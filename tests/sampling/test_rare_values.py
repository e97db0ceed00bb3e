"""Values of inputs that few draws or none hold, against a plain count of masses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.model import Problem
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.sampling.rare_values import far_branches, rare_masses
from uncertain_scale.statistics.summary import summarize

B = 'inputs.b = { kind = "lognormal", mu = 0, sigma = 0.2 }\n'
A = {
    "bernoulli": '{ kind = "bernoulli", p = 5e-6 }',
    "choice": '{ kind = "choice", values = [1, 0], probabilities = [5e-6, 0.999995] }',
    "mixture": (
        '{ kind = "mixture", weights = [5e-6, 0.999995], components = ['
        '{ kind = "uniform", lower = 1, upper = 2 }, { kind = "constant", value = 0 }] }'
    ),
}
LAWS = '''
import numpy as np


def jump(a, b):
    """A hundred times as much in five of a million cases."""
    return np.where(a > 0, b * 100, b)


def doubled(a, b):
    """Twice as much in these cases."""
    return np.where(a > 0, b * 2, b)


def smooth(b):
    """No such case."""
    return np.sin(b) + b


def product(a, b):
    """Of which the moments follow from the priors."""
    return a * b
'''


@pytest.fixture
def summaries(tmp_path):
    """Return the summary of the laws' outputs with one prior of `a`."""

    def make(prior, design=None, outputs=("jump", "doubled", "smooth", "product")):
        (tmp_path / "own.py").write_text(LAWS, encoding="utf-8")
        text = f"schema_version = 1\ninputs.a = {prior}\n{B}"
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        model = Model.of(tmp_path / "own.py")
        priors = load_priors(tmp_path / "own.toml", variables=model.variables)
        question = ask(model, {}, outputs=outputs)
        return summarize(sample(model, priors, question, design or Design(draws=512)), probs=[0.9])

    return make


@pytest.mark.parametrize("kind", A)
def test_a_moment_that_rests_on_a_value_in_no_draw_is_not_settled(summaries, kind):
    found = summaries(A[kind])
    for moment in ("mean", "sd"):
        states = found[f"{moment}_state"]
        assert str(states.sel(output="jump").item()) == "unsettled"
        assert str(states.sel(output="smooth").item()) == "estimated"
        assert str(states.sel(output="product").item()) == "exact"
        reason = str(found[f"{moment}_reason"].sel(output="jump").item())
        assert "a value of a with probability 5e-06" in reason
        assert "of the 8,192 draws" in reason
    if kind != "mixture":
        mean = 5e-6 * np.exp(0.02)
        assert float(found["mean"].sel(output="product")) == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize(
    ("share", "state"), [(9.5 / 8192, "unsettled"), (10.5 / 8192, "estimated")]
)
def test_ten_draws_bear_a_value(summaries, share, state):
    found = summaries(f'{{ kind = "bernoulli", p = {share!r} }}')
    assert str(found["mean_state"].sel(output="doubled").item()) == state


def test_many_values_of_small_probability_are_not_rare_together(summaries):
    values = ", ".join(map(str, range(1, 5001)))
    prior = f'{{ kind = "empirical", values = [{values}] }}'
    found = summaries(prior, Design(draws=64), outputs=["doubled"])
    assert str(found["mean_state"].sel(output="doubled").item()) == "estimated"


WAVE = """
inputs.wave = { kind = "gamma", alpha = 1, beta = 1 }
inputs.side = { kind = "normal", mu = 0, sigma = 1 }
inputs.repair = { kind = "uniform", lower = 0.5, upper = 1 }
inputs.wide = { kind = "lognormal", mu = 0, sigma = 4 }
"""
FLOODS = '''
import numpy as np


def flood(repair, wave):
    """A branch with a probability of exp(-11.5)."""
    return np.where(wave > 11.5, 100000.0, repair)


def ebb(repair, side):
    """A branch below -4."""
    return np.where(side < -4, -1000.0, repair)


def dike(repair, wave):
    """A maximum, of which the second side is the greater with a probability of exp(-12)."""
    return np.maximum(repair, 1 + 1e5 * (wave - 12))


def step(repair, wave):
    """A branch that is of little account."""
    return np.where(wave > 11.5, 2.0, repair)


def smooth(repair, wave, side, wide):
    """Tails of many kinds."""
    return repair * np.exp(wave / 3) + side**3 + np.sin(side) + wide / (1 + repair)


def capped(repair, wave, side):
    """Branches that many draws take."""
    return np.where(wave > 2, np.ceil(wave), repair) + np.maximum(side, 0)
'''
LEVEES = ("flood", "ebb", "dike", "step", "smooth", "capped")


@pytest.fixture
def waves(tmp_path):
    (tmp_path / "waves.py").write_text(FLOODS, encoding="utf-8")
    (tmp_path / "waves.toml").write_text(f"schema_version = 1\n{WAVE}", encoding="utf-8")
    model = Model.of(tmp_path / "waves.py")
    priors = load_priors(tmp_path / "waves.toml", variables=model.variables)
    return Problem(model, priors, ask(model, {}, outputs=LEVEES))


def test_a_branch_that_a_far_tail_takes_is_found_with_its_probability(waves):
    plan = waves.plan
    found = far_branches(plan, InputSampler(waves.priors, list(plan.inputs)))
    truth = {
        "flood": ("wave", np.exp(-11.5), 99999.25),
        "ebb": ("side", norm.cdf(-4), 1000.75),
        "step": ("wave", np.exp(-11.5), 1.25),
    }
    for output, (name, mass, size) in truth.items():
        (one,) = found[output]
        assert one.name == name
        assert one.mass == pytest.approx(mass, rel=1e-3)
        assert one.size == pytest.approx(size, rel=1e-9)
    # Beyond the kink the other side rises by an exponential with the mean 1e5.
    (kink,) = found["dike"]
    assert np.exp(-12) / 2 < kink.mass <= np.exp(-12)
    assert 1e5 < kink.size < 3e5
    assert found["smooth"] == []
    assert not [one for one in found["capped"] if one.mass < 0.01]


@pytest.mark.parametrize("seed", range(3))
def test_moments_that_rest_on_a_branch_in_no_draw_are_not_settled(waves, seed):
    found = summarize(sample(waves, Design(draws=1024, seed=seed)), probs=[0.9])
    for name in ("flood", "ebb", "dike"):
        one = found.sel(output=name)
        for moment in ("mean", "sd"):
            assert str(one[f"{moment}_state"].item()) == "unsettled"
            assert "with probability" in str(one[f"{moment}_reason"].item())
    assert str(found["mean_state"].sel(output="capped").item()) == "estimated"
    step = found.sel(output="step")
    assert str(step["mean_state"].item()) == "estimated"
    truth = 0.75 + 1.25 * np.exp(-11.5)
    assert abs(float(step["mean"]) - truth) < 3 * float(step["mean_mcse"]) < 1e-3


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=12), st.floats(-9, -0.05))
def test_masses_are_rare_where_all_below_a_limit_add_up_to_less(weights, exponent):
    masses, limit = np.array(weights) / np.sum(weights), 10.0**exponent
    below = masses[masses < limit].sum()
    found = any(mass < limit <= most for mass, most in rare_masses(masses))
    assert found == (0 < below < limit)


def test_components_that_are_discrete_stand_as_their_atoms():
    text = (
        "mixture(components=[choice(values=[1, 2], probabilities=[0.75, 0.25]), "
        "uniform(lower=0, upper=1)], weights=[1, 3])"
    )
    distribution, _ = parse_distribution(text)
    assert sorted(distribution.masses()) == pytest.approx([1 / 16, 3 / 16, 3 / 4])
