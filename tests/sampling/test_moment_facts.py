"""Moments of products of powers, and tail indices found by probing the cube, in closed form."""

import math

import numpy as np
import pytest
import xarray as xr

from uncertain_scale import Design, Model, ask, load_priors, run, sample
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.extent import affine_moments
from uncertain_scale.sampling.moment_facts import moment_facts, product_moments
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
PRODUCTS = """
import numpy as np


def product(x, w):
    return 3 * x**2 / np.sqrt(w)


def times_gamma(g, w):
    return g * w


def tied(a, b):
    return a * b


def total(x, w):
    return x + w


def shifted(x):
    return (4 - x) / 2 + 1


def tied_total(a, b):
    return a + b


def curved(x, w):
    return x + w * np.abs(w)
"""


@pytest.fixture
def asked(tmp_path):
    (tmp_path / "own.py").write_text(PRODUCTS, encoding="utf-8")
    (tmp_path / "own.toml").write_text(INPUTS, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    return model, load_priors(tmp_path / "own.toml", variables=model.variables)


def test_products_have_the_moments_of_their_factors_and_other_outputs_none(asked):
    model, priors = asked
    outputs = ["product", "times_gamma", "tied", "total"]
    simulation = Simulation.of(model, priors, ask(model, {}, outputs=outputs), Design(draws=2))
    found = product_moments(simulation.plan, simulation.sampler())
    assert set(found) == {"product", "times_gamma", "tied"}
    mu, sigma = math.log(3) - 0.5, math.hypot(6, 0.25)
    mean = math.exp(mu + sigma**2 / 2)
    assert found["product"] == pytest.approx((mean, mean * math.sqrt(math.expm1(sigma**2))))
    w, square = math.exp(1.125), math.exp(2.5)
    second = (0.001 + 0.001**2) * square
    expected = (0.001 * w, math.sqrt(second - (0.001 * w) ** 2))
    assert found["times_gamma"] == pytest.approx(expected, rel=1e-9)
    variance = 2 + 4 * math.sin(math.pi / 12)  # of the sum of two scores with the rank 0.5
    mean = math.exp(variance / 2)
    assert found["tied"] == pytest.approx((mean, mean * math.sqrt(math.expm1(variance))))


def test_a_moment_that_draws_do_not_settle_is_the_one_that_follows(asked):
    model, priors = asked
    question = ask(model, {}, outputs=["product", "total", "curved"])
    summary = summarize(sample(model, priors, question, Design(draws=512)), probs=[0.9])
    product = summary.sel(output="product")
    assert str(product["sd_state"].item()) == "exact"
    sigma = math.hypot(6, 0.25)
    mean = math.exp(math.log(3) - 0.5 + sigma**2 / 2)
    assert product["mean"].item() == pytest.approx(mean)
    total = summary.sel(output="total")
    assert str(total["sd_state"].item()) == "exact"
    assert total["sd"].item() == pytest.approx(math.hypot(sd_of(3), math.exp(1) * sd_of(0.5)))
    assert str(summary["sd_state"].sel(output="curved").item()) == "unsettled"


def sd_of(sigma):
    """Return the standard deviation of a lognormal whose median is 1."""
    return math.exp(sigma**2 / 2) * math.sqrt(math.expm1(sigma**2))


def test_weighted_sums_of_independent_inputs_have_the_moments_of_their_terms(asked):
    model, priors = asked
    outputs = ["total", "shifted", "tied_total", "curved", "product"]
    simulation = Simulation.of(model, priors, ask(model, {}, outputs=outputs), Design(draws=2))
    found = affine_moments(simulation.plan, simulation.sampler())
    assert set(found) == {"total", "shifted", "tied_total"}
    mean = math.exp(4.5)
    assert found["shifted"] == pytest.approx((3 - mean / 2, sd_of(3) / 2))
    sd = math.hypot(sd_of(3), math.exp(1) * sd_of(0.5))
    assert found["total"] == pytest.approx((mean + math.exp(1.125), sd))
    assert found["tied_total"] == pytest.approx((2 * math.exp(0.5), math.nan), nan_ok=True)


def test_an_input_that_only_gets_a_name_has_its_exact_moments(tmp_path):
    """Of a metalog whose tail index is near 1/3, against its quantile function by quadrature."""
    kind = "q10 = 1.3, q50 = 2, q90 = 4, lower = 0"
    (tmp_path / "own.py").write_text("def y(x):\n    return x + 0\n", encoding="utf-8")
    text = f'schema_version = 1\ninputs.x = {{ kind = "metalog", {kind} }}\n'
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    tree = sample(model, priors, ask(model, {}, outputs=["y"]), Design(draws=64))
    found = summarize(tree, probs=[0.9]).sel(output="y")
    logs = np.linspace(-36, 36, 200_001)
    level = 1 / (1 + np.exp(-logs))
    x, weights = priors.inputs["x"].ppf(level), level * (1 - level)
    first, second = (np.trapezoid(x**k * weights, logs) for k in (1, 2))
    assert float(found["mean"]) == pytest.approx(first, rel=1e-6)
    assert float(found["sd"]) == pytest.approx(math.sqrt(second - first**2), rel=1e-3)
    assert (float(found["mean_mcse"]), float(found["sd_mcse"])) == (0, 0)


def test_moments_of_draws_agree_with_those_of_the_model():
    """On the built-in model, within the errors that the draws give."""
    outputs = run(given={"budget": "100M"})["prior_predictive"].to_dataset()
    compared = 0
    for name, draws in outputs.data_vars.items():
        if "exact_mean" not in draws.attrs or np.ptp(draws.values) == 0:
            continue
        bare = summarize(xr.Dataset({name: (("chain", "draw"), draws.values)}), probs=[0.9])
        one = bare.sel(output=name)
        for key in ("mean", "sd"):
            error = float(one[f"{key}_mcse"])
            assert abs(float(one[key]) - draws.attrs[f"exact_{key}"]) < 4.9 * error, (name, key)
            compared += error > 0
    assert compared >= 6


KINDS = """
schema_version = 1
inputs.a = { kind = "gamma", alpha = 4, beta = 1 }
inputs.b = { kind = "gamma", alpha = 3, beta = 1 }
inputs.c = { kind = "beta", alpha = 2, beta = 3 }
inputs.u = { kind = "uniform", lower = 1, upper = 2 }
inputs.d = { kind = "choice", values = [1, 2, 4] }
inputs.m = { kind = "normal", mu = 1, sigma = 2 }
inputs.n = { kind = "normal", mu = 3, sigma = 4 }
[inputs.s]
kind = "mixture"
weights = [1, 3]
components = [{ kind = "uniform", lower = 1, upper = 2 }, { kind = "constant", value = 4 }]
[[correlations]]
inputs = ["m", "n"]
rank = -0.5
"""


def test_powers_and_sums_of_all_kinds_have_closed_forms(tmp_path):
    """Gammas, a beta, a uniform, atoms, a mixture; 1/c^2 of the beta has no mean, 1/c no sd."""
    laws = {
        "ratio": ("a, b", "a / b", 4 / 2, math.sqrt(20 / 2 - 4)),
        "square": (
            "c, u",
            "c**2 / u",
            0.2 * math.log(2),
            math.sqrt(1 / 28 - (0.2 * math.log(2)) ** 2),
        ),
        "root": (
            "d",
            "d**0.5",
            (3 + math.sqrt(2)) / 3,
            math.sqrt(7 / 3 - (3 + math.sqrt(2)) ** 2 / 9),
        ),
        "mixed": ("s", "1 / s", (math.log(2) + 0.75) / 4, math.nan),
        "inverse": ("c", "1 / c", 4.0, math.nan),
        "tied": ("m, n", "m - 2 * n", -5.0, math.sqrt(4 + 64 + 64 * math.sin(math.pi / 12))),
    }
    law = laws["mixed"]
    laws["mixed"] = (*law[:3], math.sqrt((0.5 + 3 / 16) / 4 - law[2] ** 2))
    text = "\n".join(f"def {n}({args}):\n    return {body}" for n, (args, body, *_) in laws.items())
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    (tmp_path / "own.toml").write_text(KINDS, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    asked = Simulation.of(model, priors, ask(model, {}, outputs=list(laws)), Design(draws=2))
    facts = moment_facts(asked.plan, asked.sampler())
    for name, (*_, mean, sd) in laws.items():
        found = facts[name]["exact_mean"], facts[name]["exact_sd"]
        assert found == pytest.approx((mean, sd), rel=1e-9, nan_ok=True), name


def test_columns_of_a_joint_sample_have_the_moments_of_their_rows(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,1\n4,8\n", encoding="utf-8")
    (tmp_path / "own.py").write_text("def z(x, y):\n    return x / y\n", encoding="utf-8")
    joint = 'inputs = ["x", "y"]\nsamples = "rows.csv"\nunits = { x = "1", y = "1" }\n'
    joint = f"schema_version = 1\n[[joint]]\n{joint}"
    (tmp_path / "own.toml").write_text(joint, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    asked = Simulation.of(model, priors, ask(model, {}, outputs=["z"]), Design(draws=2))
    facts = moment_facts(asked.plan, asked.sampler())
    assert (facts["z"]["exact_mean"], facts["z"]["exact_sd"]) == pytest.approx((1, math.sqrt(0.5)))


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
def shifted_pole(x):
    return 1 / (x - 0.3)
def square_pole(x):
    return 1 / (x - 0.3) ** 2
def two_pole(x, w):
    return 1 / (x - w)
def capped(x):
    return np.minimum(1 / x, 1e4)
def clipped(x):
    return np.where(x > 0.5, x, 1 / np.clip(x, 0.01, 0.99))
def itself(x):
    return x * 1.0
def odds(x, v):
    return v / x
def peak(x):
    return 1 / ((x - 0.3) ** 2 + 1e-6)
def doubled(x):
    return 2.0 ** x
def doubled_by_chance(x, v):
    return 2.0 ** (v * x)
def beside_a_log(x):
    return 1 / (x * (1 - np.log(x)) ** 2)
def wave(x):
    return np.sin(x)
"""


def facts(tmp_path, output, prior):
    (tmp_path / "own.py").write_text(EQUATIONS, encoding="utf-8")
    text = f"schema_version = 1\ninputs.x = {{ {prior} }}\n"
    text += 'inputs.v = { kind = "normal", mu = 0, sigma = 1 }\n'
    text += 'inputs.w = { kind = "uniform", lower = 0.1, upper = 1.3 }\n'
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    tree = sample(model, priors, ask(model, {}, outputs=[output]), Design(draws=2, chains=1))
    return tree[f"prior_predictive/{output}"].attrs


def index(tmp_path, output, prior):
    return facts(tmp_path, output, prior)["tail_index"]


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


@pytest.mark.parametrize(
    ("alpha", "index_of_it"),
    [(10, 0.425), (10, 0.47), (10, 0.85), (3, 0.475), (3, 0.95), (0.3, 0.5)],
)
def test_a_power_beside_one_of_the_logarithm_is_bounded_from_below(tmp_path, alpha, index_of_it):
    """That of exp(gamma) with rate 1/k: the mean exists for k < 1, the sd for k < 1/2."""
    prior = f'kind = "gamma", alpha = {alpha}, beta = {1 / index_of_it}'
    assert 0.85 * index_of_it < index(tmp_path, "exponential", prior) < 1.01 * index_of_it


@pytest.mark.parametrize(
    ("output", "prior", "expected"),
    [
        ("inverse", 'kind = "normal", mu = 0, sigma = 1', 1),
        ("odds", 'kind = "normal", mu = 0, sigma = 1', 1),
        ("shifted_pole", 'kind = "normal", mu = 0.5, sigma = 0.1', 1),
        ("square_pole", 'kind = "uniform", lower = 0, upper = 1', 2),
        ("two_pole", 'kind = "uniform", lower = 0, upper = 1', 1),
        ("peak", 'kind = "uniform", lower = 0, upper = 1', 0),
        ("clipped", 'kind = "normal", mu = 0.3, sigma = 0.2', 0),
        ("capped", 'kind = "uniform", lower = 0, upper = 1', 0),
    ],
)
def test_poles_inside_the_cube_are_found_and_peaks_are_none(tmp_path, output, prior, expected):
    assert index(tmp_path, output, prior) == pytest.approx(expected, rel=0.05, abs=1e-12)


@pytest.mark.parametrize(
    ("output", "prior", "order"),
    [
        ("itself", 'kind = "lognormal", mu = 0, sigma = 3', math.inf),
        ("itself", 'kind = "gamma", alpha = 0.001, beta = 1', math.inf),
        ("itself", 'kind = "student_t", nu = 3, mu = 0, sigma = 1', 3),
        ("inverse", 'kind = "gamma", alpha = 3, beta = 1', 3),
        ("inverse", 'kind = "lognormal", mu = 0, sigma = 2', math.inf),
        ("power", 'kind = "gamma", alpha = 3, beta = 1', 5),
        ("exponential", 'kind = "normal", mu = 0, sigma = 1.5', math.inf),
        ("exponential", 'kind = "gamma", alpha = 1, beta = 4', 4),
        ("exponential", 'kind = "lognormal", mu = 0, sigma = 0.5', 0),
        ("exponential", 'kind = "student_t", nu = 3, mu = 0, sigma = 1', 0),
        ("inverse", 'kind = "normal", mu = 0, sigma = 1', 0),
    ],
)
def test_moments_that_must_exist_are_known_up_to_their_order(tmp_path, output, prior, order):
    """Closed forms: a t of nu degrees has moments below nu, 1/gamma below alpha."""
    assert facts(tmp_path, output, prior)["moment_order"] == pytest.approx(order, rel=0.1)


@pytest.mark.parametrize(
    ("output", "prior", "rises"),
    [
        ("doubled", 'kind = "student_t", nu = 3, mu = 0, sigma = 1', 1),
        ("doubled", 'kind = "student_t", nu = 10, mu = 0, sigma = 0.1', 1),
        ("doubled", 'kind = "student_t", nu = 30, mu = 0, sigma = 1', 1),
        ("exponential", 'kind = "student_t", nu = 4, mu = -5, sigma = 0.3', 1),
        ("exponential", 'kind = "lognormal", mu = 0, sigma = 0.5', 1),
        ("doubled_by_chance", 'kind = "lognormal", mu = 0, sigma = 0.5', 1),
        ("exponential", 'kind = "student_t", nu = 4, mu = 0, sigma = 1, truncate = [-9, 9]', 0),
        ("exponential", 'kind = "normal", mu = 0, sigma = 1.5', 0),
        ("exponential", 'kind = "gamma", alpha = 0.001, beta = 4', 0),
        ("itself", 'kind = "student_t", nu = 1.5, mu = 0, sigma = 1', 0),
        ("inverse", 'kind = "normal", mu = 0.5, sigma = 1', 0),
        ("beside_a_log", 'kind = "uniform", lower = 0, upper = 1', 0),
        ("wave", 'kind = "student_t", nu = 3, mu = 0, sigma = 1', 0),
    ],
)
def test_exponentials_of_heavy_tails_rise_beyond_every_power(tmp_path, output, prior, rises):
    assert facts(tmp_path, output, prior)["rises"] == rises


def test_a_power_beside_one_of_the_logarithm_is_close_to_having_no_mean(tmp_path):
    """The mean is 1, which neither the model nor any number of draws can tell from none."""
    found = facts(tmp_path, "beside_a_log", 'kind = "uniform", lower = 0, upper = 1')
    assert 0.85 < found["tail_index"] < 1
    assert found["moment_order"] < 1


def test_a_t_of_many_degrees_has_no_exponential_moment_for_certain(tmp_path):
    prior = 'kind = "student_t", nu = 100, mu = 0, sigma = 0.1'
    assert facts(tmp_path, "exponential", prior)["moment_order"] == 0
    mixed = (
        'kind = "mixture", weights = [1, 1], components = '
        '[{ kind = "normal", mu = 0, sigma = 1 }, { kind = "lognormal", mu = 0, sigma = 0.1 }]'
    )
    assert facts(tmp_path, "exponential", mixed)["moment_order"] == 0


@pytest.mark.parametrize(
    ("output", "prior", "least", "most"),
    [
        ("capped", 'kind = "uniform", lower = 0, upper = 1', 1, 1e4),
        ("clipped", 'kind = "normal", mu = 0.3, sigma = 0.2', -math.inf, math.inf),
        ("peak", 'kind = "uniform", lower = 0, upper = 1', 1 / (0.49 + 1e-6), 1e6),
        ("shifted", 'kind = "uniform", lower = 0, upper = 1', 1 / 1.1, 10),
    ],
)
def test_ranges_hold_by_interval_arithmetic(tmp_path, output, prior, least, most):
    found = facts(tmp_path, output, prior)
    assert (found["least"], found["most"]) == pytest.approx((least, most))


def test_an_output_that_is_an_input_has_the_moments_of_its_prior(tmp_path):
    found = facts(tmp_path, "x", 'kind = "lognormal", mu = 0, sigma = 3')
    assert found["exact_mean"] == pytest.approx(math.exp(4.5))
    assert found["exact_sd"] == pytest.approx(math.exp(4.5) * math.sqrt(math.exp(9) - 1))
    assert "exact_mean" not in facts(tmp_path, "x", 'kind = "student_t", nu = 1, mu = 0, sigma = 1')
