"""Rounding where large terms cancel, against exact fractions and closed forms."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design, Model, ask, default_model, load_priors, sample
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.analysis.guards import rounding_warnings
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.model import Problem
from uncertain_scale.sampling.cancellation import GRAIN, Rounded
from uncertain_scale.sampling.chains import ArrayTree
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.statistics.summary import summarize

LAWS = '''
import numpy as np


def gap(a, b):
    """What large terms leave that cancel."""
    return (a + 1e15) - 1e15 - b


def flat(a):
    """A larger term, beside which the input is nothing."""
    return (a + 1e19) - 1e19


def plain(a, b):
    """The same by algebra."""
    return a - b


def profit(a, b):
    """A difference of large terms that vary as much."""
    return 1e15 * np.exp(a) - 1e15 * np.exp(b)


def called(a, b):
    """An equation that takes plain numbers."""
    return np.array([float(one) for one in a + 1e12]) - b


def behind(called):
    """What is left where another equation takes off what it added."""
    return called - 1e12


def steps(a, b):
    """Steps, a cap and a choice of small terms."""
    return np.where(a > b, np.ceil(a / 0.25), np.clip(b, -1, 1)) + np.floor(b * 8)


def year(a):
    """A date."""
    return 2024 + a / 1000
'''
OUTPUTS = ("gap", "flat", "plain", "profit", "behind", "steps", "year")
LARGE = ("gap", "flat", "behind")


@pytest.fixture
def problem_of(tmp_path):
    """Return the problem of these laws with two normal inputs."""

    def make(outputs=OUTPUTS, mean=0.05, sd=0.01):
        (tmp_path / "own.py").write_text(LAWS, encoding="utf-8")
        (tmp_path / "own.toml").write_text(
            "schema_version = 1\n"
            f'inputs.a = {{ kind = "normal", mu = {mean}, sigma = {sd} }}\n'
            f'inputs.b = {{ kind = "normal", mu = 0.04, sigma = {sd} }}\n',
            encoding="utf-8",
        )
        model = Model.of(tmp_path / "own.py")
        priors = load_priors(tmp_path / "own.toml", variables=model.variables)
        return Problem(model, priors, ask(model, {}, outputs=outputs))

    return make


EXPRESSIONS = {
    "sum": lambda a, b, c: (a + c(1e8)) - c(1e8) - b,
    "product": lambda a, b, c: (a * c(3.7) - b) * (a + b * c(1e5)) - a * a * c(3.7),
    "quotient": lambda a, b, c: (c(1e6) * a + c(1.0) / b) / (a * b) - c(1e6) / b,
    "polynomial": lambda a, b, c: (a - b) * (a - b) - a * a + c(2.0) * a * b - b * b,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_bound_holds_what_exact_fractions_show(name):
    law = EXPRESSIONS[name]
    a, b = np.random.default_rng(4).uniform(0.5, 2.0, (2, 400))
    exact = [law(Fraction(x), Fraction(y), Fraction) for x, y in zip(a, b, strict=True)]
    off = [abs(Fraction(x) - y) for x, y in zip(law(a, b, float), exact, strict=True)]
    known = law(*(Rounded(one, np.zeros(one.size)) for one in (a, b)), float)
    errors = np.array(off, dtype=float)
    assert (errors <= known.error * (1 + 1e-9)).all()
    assert np.median(known.error) < 20 * np.median(errors)


def test_only_outputs_in_which_large_terms_cancel_have_a_grain(problem_of):
    found = Simulation.of(problem_of(), Design()).trial_facts()
    sizes = {name: facts[GRAIN] for name, facts in found.items() if GRAIN in facts}
    assert set(sizes) == set(LARGE)
    for name, size in zip(LARGE, (1e15, 1e19, 1e12), strict=True):
        assert 0.99 < sizes[name] / (size * np.finfo(float).eps / 2) < 2


@pytest.mark.parametrize("scenario", ["base", "frontier-2026"])
def test_no_answer_of_the_model_has_a_grain(scenario):
    model = default_model()
    priors = load_priors(scenario, variables=model.variables)
    problem = Problem(model, priors, ask(model, {"budget": "100M"}, outputs=["all"]))
    facts = Simulation.of(problem, Design()).trial_facts()
    assert not [name for name, one in facts.items() if GRAIN in one]


@pytest.mark.parametrize(("mean", "sd"), [(0.05, 0.01), (0.04, 0.3), (0.2, 0.05), (-0.1, 2.0)])
def test_a_probability_within_the_grain_has_it_in_its_error(problem_of, mean, sd):
    problem = problem_of(["gap", "plain"], mean, sd)
    tree = ArrayTree.of(sample(problem, Design(draws=512)))
    truth = norm.cdf((mean - 0.04) / (np.sqrt(2) * sd))
    grain = 1e15 * np.finfo(float).eps / 2
    event = parse_event("gap >= 0", problem.model.variables)
    streamed = stream(problem, Design(draws=512), events=[event])
    for found in (probability_in(event, tree), *streamed.probabilities()):
        assert found.low <= truth <= found.high
        assert abs(found.value - truth) <= 3 * found.mcse
        # No wider than what so large a move may do.
        ends = norm.cdf((mean - 0.04 + np.array([-3, 3]) * grain) / (np.sqrt(2) * sd))
        assert ends[0] - 0.05 < found.low <= found.high < ends[1] + 0.05
    for reverse in ("gap > b", "b < gap"):
        one = probability_in(parse_event(reverse, problem.model.variables), tree)
        assert one.low <= norm.cdf((mean - 0.08) / (np.sqrt(5) * sd)) <= one.high
    (warning,) = rounding_warnings(tree.variables)
    assert warning.startswith("gap is what is left of large terms that cancel")
    assert streamed.warnings() == [warning]


def test_figures_show_no_digits_below_the_grain(problem_of):
    found = summarize(sample(problem_of(), Design(draws=512)), probs=[0.9])
    for name, size in (("gap", 1e15), ("flat", 1e19), ("behind", 1e12)):
        grain = size * np.finfo(float).eps / 2
        one = found.sel(output=name)
        for error in ("mean_mcse", "sd_mcse", "median_mcse", "eti_mcse"):
            assert (np.nan_to_num(one[error].values, nan=grain) >= grain * 0.999).all()
    plain = found.sel(output="plain")
    assert float(plain["median_mcse"]) < 1e-6
    gap = found.sel(output="gap")
    for figure, truth in (("median", 0.01), ("mean", 0.01), ("sd", 0.01 * np.sqrt(2))):
        assert abs(float(gap[figure]) - truth) < 2 * float(gap[f"{figure}_mcse"])
