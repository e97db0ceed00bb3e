"""P-values of rare facts in closed form, alone and among others, whatever their kind.

A score is off by more than 6.6 (16 chains) with probability 1e-5, by Student's t with 15 degrees of
freedom.
"""

import json

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design, Model, ask, load_priors
from uncertain_scale.analysis.conditioning import condition
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.analysis.conditioning.rarity import p_value_by_levels, p_value_of
from uncertain_scale.analysis.conditioning.terms import bind
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import Observation, Range

FAR = 6.6
LAWS = """
from typing import Annotated
Number = Annotated[float, "1"]

def itself(x: Number) -> Number:
    "A normal input."
    return 1 * x

def total(x: Number, e: Number) -> Number:
    "A sum of normal inputs."
    return x + e
"""
PRIORS = """
schema_version = 1
[inputs]
x = { kind = "normal", mu = 10, sigma = 3, source = "test" }
e = { kind = "normal", mu = 0, sigma = 2, source = "test" }
"""
SUM = norm(10, 13**0.5)
FACTS = """
schema_version = 1
[[observations]]
name = "bound"
variable = "total"
lower = 26
own = ["e"]
[[observations]]
name = "measured"
variable = "itself"
value = "24 \u00b1 1"
"""


@pytest.fixture(scope="module")
def sums(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sums")
    (folder / "laws.py").write_text(LAWS, encoding="utf-8")
    (folder / "priors.toml").write_text(PRIORS, encoding="utf-8")
    model = Model.of(folder / "laws.py")
    return model, load_priors(folder / "priors.toml", variables=model.variables)


def fits(mu, sigma, value, error):
    """Return the mean of a normal likelihood over its highest, under a normal prior."""
    total = np.hypot(sigma, error)
    return error / total * np.exp(-(((value - mu) / total) ** 2) / 2)


CASES = {
    "lower bound": (Range(lower=26.0), "total", SUM.sf(26)),
    "upper bound": (Range(upper=-5.0), "total", SUM.cdf(-5)),
    "range": (Range(lower=24.0, upper=25.0), "total", SUM.cdf(25) - SUM.cdf(24)),
    "measured": ("normal(mu=24, sigma=1)", "itself", fits(10, 3, 24, 1)),
    "measured well": ("normal(mu=24, sigma=0.01)", "itself", 2 * norm.sf(14 / np.hypot(3, 0.01))),
    "measured within": ("uniform(lower=-3, upper=-2.9)", "itself", None),
}


@pytest.mark.slow_but("measured", "upper bound")
@pytest.mark.parametrize("kind", CASES)
def test_rare_facts_have_the_p_values_of_closed_forms(sums, kind):
    stated, variable, exact = CASES[kind]
    if isinstance(stated, str):
        stated = parse_distribution(stated)[0]
    if exact is None:
        middle = np.linspace(-3, -2.9, 2001)
        exact = 2 * norm(10, 3).cdf(middle).mean()
    (term,) = bind(*sums, [Observation("seen", variable, stated, "1", 1.0)])
    p_value, error = p_value_by_levels(term, sums[1], 4)
    assert abs(p_value - exact) < FAR * error
    assert 0 < error < 0.08 * p_value


@pytest.mark.slow
def test_every_rare_fact_among_others_has_its_own_p_value(sums, tmp_path):
    """By counts of 65,536 draws the bound's was 0.3, 1.1 or 3.3 times as large."""
    (tmp_path / "facts.toml").write_text(FACTS, encoding="utf-8")
    model, priors = sums
    question = ask(model, {}, outputs=["itself"])
    design = Design(draws=256, seed=1)
    tree = condition(model, priors, question, design, [tmp_path / "facts.toml"])
    record = json.loads(tree.attrs["conditioning"])
    exact = {"bound": SUM.sf(26), "measured": fits(10, 3, 24, 1)}
    for one in record["observations"]:
        assert abs(one["p_value"] - exact[one["name"]]) < FAR * one["p_value_mcse"]
        assert 0 < one["p_value_mcse"] < 0.08 * one["p_value"]


def test_errors_of_counted_p_values_are_those_of_independent_draws():
    """Over 400 sets of 16 chains: the scores of a bound's share have the spread of Student's t."""
    rng = np.random.default_rng(8)
    seen = Observation("seen", "x", Range(lower=1.0), "1", 1.0)
    found = [p_value_of(seen, rng.standard_normal((16, 500))) for _ in range(400)]
    scores = [(p_value - norm.sf(1)) / error for p_value, error in found]
    assert np.std(scores) == pytest.approx(np.sqrt(15 / 13), rel=0.2)
    assert abs(np.mean(scores)) < 0.27


@pytest.mark.nightly
def test_the_probability_of_a_band_has_no_bias_that_seeds_add_up(sums):
    """2% too much where a level's own draw counts and draws move by their own mean: 7 errors."""
    model, priors = sums
    band = Observation("x", "total", Range(lower=11.6, upper=11.616), "1", 1.0)
    space = Space.of(bind(model, priors, [band]), priors)
    truth = SUM.cdf(11.616) - SUM.cdf(11.6)
    off = [
        np.exp(find_posterior(space, Design(draws=256, seed=seed)).log_evidence).mean() / truth - 1
        for seed in range(40)
    ]
    assert abs(np.mean(off) / (np.std(off, ddof=1) / np.sqrt(len(off)))) < 4.9
