"""The whole road against closed forms, for every design: within 4.9 standard errors.

The standard error is that of the chains' spread; with 16 chains its ratio follows Student's t with
15 degrees of freedom, whose quantile at the normal's 4.9 is 8.2.
"""

import numpy as np
import pytest
from scipy.stats import norm, t

from uncertain_scale import Design, report_document, run

KINDS = ("sobol", "lhs", "random")
BOUND = t.isf(norm.sf(4.9), 15)


def outputs(specimens, name, kind, probs=(0.9,), **options):
    tree = run(
        equations=[specimens / "equations" / f"{name}.py"],
        priors=[specimens / "priors" / f"{name}.toml"],
        design=Design(kind=kind, seed=2024, **options),
    )
    return report_document(tree, probs=probs)["outputs"][name]


def close(estimate, mcse, truth):
    assert abs(estimate - truth) < BOUND * mcse + 1e-12 * abs(truth), (estimate, mcse, truth)


@pytest.mark.slow_but("sobol")
@pytest.mark.parametrize("kind", KINDS)
def test_ishigami(specimens, kind):
    found = outputs(specimens, "ishigami", kind)
    close(found["mean"], found["mean_mcse"], 3.5)
    close(found["sd"], found["sd_mcse"], np.sqrt(13.8445879))
    assert found["mean_mcse"] < {"sobol": 2e-3, "lhs": 0.02, "random": 0.02}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_lognormal_product(specimens, kind):
    found = outputs(specimens, "product", kind)
    sigma = np.sqrt(0.5**2 + 0.3**2 + 0.8**2)
    mean = np.exp(sigma**2 / 2)
    close(found["mean"], found["mean_mcse"], mean)
    close(found["sd"], found["sd_mcse"], mean * np.sqrt(np.expm1(sigma**2)))
    close(found["median"], found["median_mcse"], 1)
    interval = next(i for i in found["intervals"] if i["kind"] == "eti")
    close(interval["low"], interval["low_mcse"], np.exp(-sigma * norm.ppf(0.95)))
    close(interval["high"], interval["high_mcse"], np.exp(sigma * norm.ppf(0.95)))
    assert interval["high_mcse"] <= interval["high"] * 1e-6  # all is integrated out
    # The highest-density ends l < h of a lognormal: equal density, and 90% between them.
    region = next(i for i in found["intervals"] if i["kind"] == "hdi")
    low, high = lognormal_region(sigma, 0.9)
    close(region["low"], region["low_mcse"], low)
    close(region["high"], region["high_mcse"], high)


def lognormal_region(sigma, prob):
    """Return the highest-density interval of a lognormal with mu = 0."""
    from scipy.optimize import brentq

    def excess(a):
        # density is equal at -sigma^2 - a and -sigma^2 + a on the log scale
        return norm.cdf(-sigma + a) - norm.cdf(-sigma - a) - prob

    a = brentq(excess, 0, 20)
    return np.exp(sigma * (-sigma - a)), np.exp(sigma * (-sigma + a))


def own(tmp_path, equation, inputs, kind, tables=""):
    """Return the summary of a one-line model `y` of inputs stated in TOML."""
    names = ", ".join(inputs)
    (tmp_path / "own.py").write_text(
        f"import numpy as np\ndef y({names}):\n    return {equation}\n", encoding="utf-8"
    )
    lines = [f"inputs.{name} = {{ {table} }}" for name, table in inputs.items()]
    text = "\n".join(["schema_version = 1", *lines, tables])
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    tree = run(
        equations=[tmp_path / "own.py"],
        priors=[tmp_path / "own.toml"],
        design=Design(kind=kind, seed=77),
    )
    return report_document(tree, probs=(0.9,))["outputs"]["y"]


@pytest.mark.slow_but("sobol")
@pytest.mark.parametrize("kind", KINDS)
def test_sobols_g(tmp_path, kind):
    """Mean 1 and variance 0.6584362 for a = 0, 0.5, 1."""
    uniform = "kind = 'uniform', lower = 0, upper = 1"
    factors = [f"(np.abs(4 * x{k} - 2) + {a}) / (1 + {a})" for k, a in enumerate((0, 0.5, 1))]
    found = own(tmp_path, " * ".join(factors), {f"x{k}": uniform for k in range(3)}, kind)
    close(found["mean"], found["mean_mcse"], 1)
    close(found["sd"], found["sd_mcse"], np.sqrt(0.6584362))


@pytest.mark.parametrize("kind", KINDS)
def test_product_of_four_lognormals_stated_by_their_intervals(tmp_path, kind):
    """Sigma 0.4704368 in all; 90% of it lies from 0.46126 to 2.16799 times the median."""
    ends = {"a": (0.8, 1.25), "b": (0.5, 2), "c": (1.3, 2.1), "d": (1.07, 1.32)}
    inputs = {
        name: f"kind = 'lognormal', q05 = {low}, q95 = {high}" for name, (low, high) in ends.items()
    }
    found = own(tmp_path, "a * b * c * d", inputs, kind)
    median = np.prod([np.sqrt(low * high) for low, high in ends.values()])
    sigma = (
        np.hypot.reduce([np.log(high / low) for low, high in ends.values()]) / norm.ppf(0.95) / 2
    )
    assert sigma == pytest.approx(0.4704368, abs=5e-8)
    close(found["median"], found["median_mcse"], median)
    interval = next(i for i in found["intervals"] if i["kind"] == "eti")
    close(interval["low"], interval["low_mcse"], median * np.exp(-sigma * norm.ppf(0.95)))
    close(interval["high"], interval["high_mcse"], median * np.exp(sigma * norm.ppf(0.95)))
    assert np.exp(-sigma * norm.ppf(0.95)) == pytest.approx(0.46126, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_sum_of_correlated_normals(tmp_path, kind):
    """Var(4 X1 + 5 X2) = 16 + 25 + 40 r, with Pearson's r = 0.3 stated as its rank correlation."""
    rank = 6 / np.pi * np.arcsin(0.15)
    normal = "kind = 'normal', mu = 0, sigma = 1"
    tied = f"[[correlations]]\ninputs = ['x1', 'x2']\nrank = {rank:.17g}\n"
    found = own(tmp_path, "4 * x1 + 5 * x2", {"x1": normal, "x2": normal}, kind, tables=tied)
    close(found["sd"], found["sd_mcse"], np.sqrt(53))
    interval = next(i for i in found["intervals"] if i["kind"] == "eti")
    close(interval["high"], interval["high_mcse"], np.sqrt(53) * norm.ppf(0.95))


def test_the_region_used_above_is_the_published_one():
    assert lognormal_region(1, 0.9) == pytest.approx((0.037461, 3.612746), abs=1e-6)
    assert lognormal_region(1, 0.95) == pytest.approx((0.026092, 5.186948), abs=1e-6)


def test_a_wrong_sampler_fails_the_bound():
    """The bound has power: a mean off by 1% is far outside it."""
    with pytest.raises(AssertionError):
        close(1.01 * 1.6323162, 1e-4, 1.6323162)


@pytest.mark.parametrize("kind", KINDS)
def test_budget_question_against_its_closed_form(kind):
    """FLOP of 100M USD when every input is lognormal: the logarithms add up."""
    tree = run(
        "h100-dense-bf16",
        given={"budget": "100M"},
        believed={"mfu": 1, "precision_factor": "lognormal(q05=0.17, q95=0.42)"},
        outputs=["training_flop"],
        design=Design(kind=kind),
    )
    found = report_document(tree, probs=(0.9,))["outputs"]["training_flop"]
    z = norm.ppf(0.95)
    rate = tree["prior/hourly_rate"].attrs
    logs = [(np.log(rate["q05"]), np.log(rate["q95"])), (np.log(0.17), np.log(0.42))]
    sigma = np.sqrt(sum(((high - low) / (2 * z)) ** 2 for low, high in logs))
    middle = np.log(1e8 * 3600 * 989.4e12) - np.mean(logs[0]) + np.mean(logs[1])
    close(found["median"], found["median_mcse"], np.exp(middle))
    close(found["mean"], found["mean_mcse"], np.exp(middle + sigma**2 / 2))
    interval = next(i for i in found["intervals"] if i["kind"] == "eti")
    close(interval["low"], interval["low_mcse"], np.exp(middle - z * sigma))
    close(interval["high"], interval["high_mcse"], np.exp(middle + z * sigma))
