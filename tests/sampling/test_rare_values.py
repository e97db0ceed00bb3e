"""Values of inputs that few draws or none hold, against a plain count of masses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.sampling.rare_values import rare_masses
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
