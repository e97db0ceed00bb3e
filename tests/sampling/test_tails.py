"""Tail indices found by probing the corners of the cube."""

import pytest

from uncertain_scale import Design, Model, ask, load_priors, sample

EQUATIONS = """
import numpy as np
def inverse(x):
    return 1 / x
def power(x):
    return x ** -0.6
def shifted(x):
    return 1 / (x + 0.1)
def exponential(x):
    return np.exp(x)
def constant(x):
    return 0 * x + 3
"""


def index(tmp_path, output, prior):
    (tmp_path / "own.py").write_text(EQUATIONS, encoding="utf-8")
    text = f"schema_version = 1\ninputs.x = {{ {prior} }}\n"
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    tree = sample(model, priors, ask(model, {}, outputs=[output]), Design(draws=2, chains=1))
    return tree[f"prior_predictive/{output}"].attrs["tail_index"]


@pytest.mark.parametrize(
    ("output", "prior", "expected"),
    [
        ("inverse", 'kind = "uniform", lower = 0, upper = 1', 1),
        ("inverse", 'kind = "gamma", alpha = 2, beta = 1', 1 / 2),
        ("inverse", 'kind = "beta", alpha = 0.5, beta = 2', 2),
        # OpenTURNS's flood model: a roughness that is normal, truncated at 0, to the power -0.6
        ("power", 'kind = "normal", mu = 30, sigma = 7.5, truncate = [0, inf]', 0.6),
        ("exponential", 'kind = "gamma", alpha = 1, beta = 2', 1 / 2),
        ("inverse", 'kind = "lognormal", mu = 0, sigma = 1', 0),
        ("inverse", 'kind = "lognormal", mu = 0, sigma = 3', 0),
        ("exponential", 'kind = "normal", mu = 0, sigma = 2', 0),
        ("shifted", 'kind = "uniform", lower = 0, upper = 1', 0),
        ("constant", 'kind = "student_t", nu = 1, mu = 0, sigma = 1', 0),
    ],
)
def test_power_laws_are_found_and_lighter_tails_are_not(tmp_path, output, prior, expected):
    assert index(tmp_path, output, prior) == pytest.approx(expected, rel=0.03, abs=1e-12)
