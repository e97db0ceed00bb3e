"""Branches that only far tails of inputs reach, alone or together, against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.model import Problem
from uncertain_scale.sampling.branches import far_branches, joint_branches
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.statistics.summary import summarize

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


NORMAL = '{ kind = "normal", mu = 0, sigma = 1 }'
PAIR = f"""
inputs.a = {NORMAL}
inputs.b = {NORMAL}
inputs.wait = {{ kind = "gamma", alpha = 1, beta = 1 }}
inputs.rest = {{ kind = "gamma", alpha = 1, beta = 1 }}
inputs.scale = {{ kind = "lognormal", mu = 0, sigma = 1 }}
inputs.fault = {{ kind = "bernoulli", p = 0.01 }}
"""
TOGETHER = '''
def both(a, b):
    """A branch beyond two quantiles of 99.9%."""
    return np.where((a > 3.090232306167813) & (b > 3.090232306167813), 1e9, 1.0)


def apart(a, wait, scale):
    """A branch of which one side is far rarer than the other."""
    return np.where((a < -1.0) & (wait > 8.0), 1e6, 1.0) * scale


def three(a, b, wait, scale):
    """A branch of three inputs."""
    return scale + 1e7 * ((a > 2.5) & (b < -2.5) & (wait > 5))


def outage(a, fault, scale):
    """A branch of a value and a tail."""
    return np.where((fault > 0) & (a > 3), 1e7, scale)


def surge(a, b, scale):
    """A branch beyond a sum."""
    return np.where(a + b > 7, 1e7, scale)


def queue(wait, rest, scale):
    """A maximum, of which the second side is the greater beyond a sum."""
    return np.maximum(scale, 1e5 * (wait + rest - 14))


def steep(a, b, wait, rest, scale):
    """A smooth tail that grows fast."""
    return np.exp(a + b) * wait * rest * scale


def curved(a, b, wait, scale):
    """Neither a product nor a sum."""
    return np.exp(2 * a + b) / (1 + np.exp(b * wait)) + np.sin(a) * scale**2


def capped(a, b, wait, rest, scale):
    """Branches that many draws take."""
    return np.minimum(np.exp(a + b) * wait, 5) + np.maximum(rest - 1, 0) * scale


def narrow(a, b):
    """An equation that does not bear tails that are far out together."""
    if np.max(a * b) > 40:
        raise ValueError("out of range")
    return a + b
'''
CORNERS = {
    "both": ("a and b", 1e-6, 1e9),
    "apart": ("a and wait", norm.cdf(-1) * np.exp(-8), 1e6),
    "three": ("a, b and wait", norm.sf(2.5) ** 2 * np.exp(-5), 1e7),
    "outage": ("a and fault", 0.01 * norm.sf(3), 1e7),
    "surge": ("a and b", norm.sf(7 / np.sqrt(2)), 1e7),
}


@pytest.fixture
def problem_of(tmp_path):
    """Return the problem of some outputs of laws, with their inputs as a prior file has them."""

    def make(outputs, inputs=PAIR, laws=TOGETHER):
        (tmp_path / "pair.py").write_text(f"import numpy as np\n\n{laws}", encoding="utf-8")
        (tmp_path / "pair.toml").write_text(f"schema_version = 1\n{inputs}", encoding="utf-8")
        model = Model.of(tmp_path / "pair.py")
        priors = load_priors(tmp_path / "pair.toml", variables=model.variables)
        return Problem(model, priors, ask(model, {}, outputs=outputs))

    return make


def corners_of(problem):
    return joint_branches(problem.plan, InputSampler(problem.priors, list(problem.plan.inputs)))


def test_a_branch_that_several_inputs_reach_together_has_its_probability(problem_of):
    found = corners_of(problem_of([*CORNERS, "queue"]))
    for output, (names, mass, size) in CORNERS.items():
        (one,) = found[output]
        assert one.name == f"{names} together"
        assert one.mass == pytest.approx(mass, rel=0.1)
        assert one.size == pytest.approx(size, rel=1e-5)
    # A sum of two exponentials is above 14 with 15 exp(-14), and then by about an exponential.
    (kink,) = found["queue"]
    assert 15 * np.exp(-14) / 2 < kink.mass < 15 * np.exp(-14)
    assert 1e5 < kink.size < 3e5


def test_smooth_tails_and_branches_that_draws_take_are_no_corners(problem_of):
    found = corners_of(problem_of(["steep", "curved", "capped"]))
    assert not found["steep"]
    assert not found["curved"]
    assert not [one for one in found["capped"] if one.mass < 0.01]


@pytest.mark.parametrize("rank", [-0.5, 0.5])
def test_a_corner_of_correlated_inputs_has_the_probability_of_their_copula(problem_of, rank):
    tie = f'[[correlations]]\ninputs = ["a", "b"]\nrank = {rank}\n'
    found = corners_of(problem_of(["surge"], PAIR + tie))["surge"]
    rho = 2 * np.sin(np.pi * rank / 6)
    truth = norm.sf(7 / np.sqrt(2 + 2 * rho))
    assert max(one.mass for one in found) == pytest.approx(truth, rel=0.2)


WEIGHTS = {"all up": [1.0] * 10, "some up": [1.5, -1.0, 0.7, -2.0, 1.2], "few": [0.5, -1.0, 2.0]}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_a_limit_of_a_sum_of_many_inputs_has_its_probability(problem_of, weights):
    names = [f"x{k}" for k in range(12)]
    total = " + ".join(f"{weight} * {name}" for weight, name in zip(weights, names, strict=False))
    limit = 4.8 * np.linalg.norm(weights)
    law = f"def load({', '.join(names)}):\n    return np.where({total} > {limit}, 1e9, x10 + x11)\n"
    inputs = "".join(f"inputs.{name} = {NORMAL}\n" for name in names)
    found = corners_of(problem_of(["load"], inputs, law))["load"]
    assert max(one.mass for one in found) == pytest.approx(norm.sf(4.8), rel=0.1)


def test_an_equation_that_fails_in_a_corner_has_none(problem_of):
    assert corners_of(problem_of(["narrow"])) == {"narrow": []}


@pytest.mark.parametrize("seed", range(3))
def test_moments_that_rest_on_a_corner_in_no_draw_are_not_settled(problem_of, seed):
    outputs = ["both", "three", "surge", "queue", "capped", "steep"]
    found = summarize(sample(problem_of(outputs), Design(draws=512, seed=seed)), probs=[0.9])
    for name in ("both", "three", "surge"):
        one = found.sel(output=name)
        for moment in ("mean", "sd"):
            assert str(one[f"{moment}_state"].item()) == "unsettled"
            assert "together with probability" in str(one[f"{moment}_reason"].item())
    assert str(found["sd_state"].sel(output="queue").item()) == "unsettled"
    assert str(found["mean_state"].sel(output="capped").item()) == "estimated"
    assert "together" not in str(found["mean_reason"].sel(output="steep").item())
