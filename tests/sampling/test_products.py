"""Moments of products of powers, from those of their inputs, against closed forms."""

import math

import numpy as np
import pytest

from uncertain_scale import Design, Model, ask, load_priors, run
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.moment_facts import product_moments
from uncertain_scale.statistics.summary import summarize

INPUTS = """
schema_version = 1
inputs.x = { kind = "lognormal", mu = 0, sigma = 3 }
inputs.w = { kind = "lognormal", mu = 1, sigma = 0.5 }
inputs.g = { kind = "gamma", alpha = 0.001, beta = 1 }
inputs.a = { kind = "lognormal", mu = 0, sigma = 1 }
inputs.b = { kind = "lognormal", mu = 0, sigma = 1 }
[[correlations]]
inputs = ["a", "b"]
rank = 0.5
"""
EQUATIONS = """
import numpy as np


def product(x, w):
    return 3 * x**2 / np.sqrt(w)


def times_gamma(g, w):
    return g * w


def tied(a, b):
    return a * b


def total(x, w):
    return x + w
"""


@pytest.fixture
def asked(tmp_path):
    (tmp_path / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (tmp_path / "own.toml").write_text(INPUTS, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    return model, load_priors(tmp_path / "own.toml", variables=model.variables)


def test_products_have_the_moments_of_their_factors_and_other_outputs_none(asked):
    model, priors = asked
    outputs = ["product", "times_gamma", "tied", "total"]
    simulation = Simulation.of(model, priors, ask(model, {}, outputs=outputs), Design(draws=2))
    found = product_moments(simulation.plan, simulation.sampler())
    assert set(found) == {"product", "times_gamma"}
    mu, sigma = math.log(3) - 0.5, math.hypot(6, 0.25)
    mean = math.exp(mu + sigma**2 / 2)
    assert found["product"] == pytest.approx((mean, mean * math.sqrt(math.expm1(sigma**2))))
    w, square = math.exp(1.125), math.exp(2.5)
    second = (0.001 + 0.001**2) * square
    expected = (0.001 * w, math.sqrt(second - (0.001 * w) ** 2))
    assert found["times_gamma"] == pytest.approx(expected, rel=1e-9)


def test_a_moment_that_draws_do_not_settle_is_the_one_that_follows(asked):
    model, priors = asked
    from uncertain_scale import sample

    question = ask(model, {}, outputs=["product", "total"])
    summary = summarize(sample(model, priors, question, Design(draws=512)), probs=[0.9])
    product = summary.sel(output="product")
    assert str(product["sd_state"].item()) == "exact"
    sigma = math.hypot(6, 0.25)
    mean = math.exp(math.log(3) - 0.5 + sigma**2 / 2)
    assert product["mean"].item() == pytest.approx(mean)
    assert str(summary["sd_state"].sel(output="total").item()) == "unsettled"


def test_moments_that_draws_settle_agree_with_those_that_follow():
    """On the built-in model, within the errors that the draws give."""
    tree = run(given={"budget": "100M"})
    outputs = tree["prior_predictive"].to_dataset()
    summary = summarize(tree, probs=[0.9])
    compared = 0
    for name, draws in outputs.data_vars.items():
        if "product_mean" not in draws.attrs or np.ptp(draws.values) == 0:
            continue
        one = summary.sel(output=name)
        for key in ("mean", "sd"):
            error = float(one[f"{key}_mcse"])
            assert abs(float(one[key]) - draws.attrs[f"product_{key}"]) < 4.9 * error, (name, key)
            compared += error > 0
    assert compared >= 6
