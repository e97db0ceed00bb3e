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
    close(found["mean"], found["mean_mcse"], 1.6323162)
    close(found["sd"], found["sd_mcse"], 1.6323162 * np.sqrt(1.6644563))
    close(found["median"], found["median_mcse"], 1)
    interval = next(i for i in found["intervals"] if i["kind"] == "eti")
    close(interval["low"], interval["low_mcse"], 0.1962586)
    close(interval["high"], interval["high_mcse"], 5.0953177)
    assert interval["high"] / interval["high_mcse"] > {"sobol": 300, "lhs": 80, "random": 60}[kind]
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
        believed={"mfu": "lognormal(q05=0.17, q95=0.42)"},
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
