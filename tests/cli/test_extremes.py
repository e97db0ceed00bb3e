"""Reports on priors at the ends of the range of numbers, and on givens that make no sense."""

import json
import re

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.units.domain import Domain, domain_of

MODEL = """
from typing import Annotated

def y(x: Annotated[float, "1"]) -> Annotated[float, "1"]:
    \"\"\"Twice x.\"\"\"
    return 2 * x
"""
FEW = ("--draws", "256", "--chains", "4")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


@pytest.mark.slow_but("json-gamma(alpha=0.001, beta=1)", "html-lognormal(mu=-740, sigma=2)")
@pytest.mark.parametrize(
    "prior",
    [
        "beta(mu=0.5, sigma=0.4999)",
        "gamma(alpha=0.001, beta=1)",
        "gamma(alpha=0.02, beta=1e-200)",
        "loguniform(lower=1e-300, upper=1e300)",
        "normal(mu=1e300, sigma=1e299)",
        "uniform(lower=0, upper=1e-310)",
        "lognormal(mu=-740, sigma=2)",
        "student_t(nu=0.05, mu=0, sigma=1)",
    ],
)
@pytest.mark.parametrize("form", ["json", "html"])
def test_no_extreme_prior_warns(cli, model, prior, form):
    """Warnings are errors in this suite."""
    asked = ("--equations", model, "--outputs", "y", "--set", f"x={prior}", "--format", form)
    code, out, err = cli("report", *asked, *FEW)
    assert (code, err) == (0, "")
    if form == "json":
        interval = json.loads(out)["outputs"]["y"]["intervals"][0]
        assert interval["low"] <= interval["high"]


def test_a_deviation_whose_squares_leave_the_numbers_is_not_settled(cli, tmp_path):
    path = tmp_path / "own.py"
    text = MODEL.replace("2 * x", "np.maximum(x, 1.0)")
    path.write_text(f"import numpy as np\n{text}", encoding="utf-8")
    wide = ("--set", "x=loguniform(lower=1e-300, upper=1e300)")
    code, out, err = cli("report", "--equations", path, "--outputs", "y", *wide, *FEW)
    assert (code, err) == (0, "")
    assert "their squares leave the range of numbers" in " ".join(out.split())
    assert "no standard deviation" not in out
    assert re.search(r" 1\.00 to \d(\.\d+)?e2\d\d ", out)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--budget=-5M",), "given budget = '-5M': budget must be above 0"),
        (("--gpus", "0"), "given gpus = '0': gpus must be above 0"),
        (("--training-time=-3day",), "training_time must be above 0"),
        (("--budget=-1M to 5M",), "budget must be above 0, and 14% of its probability is not"),
        (("--budget", "1M", "--set", "mfu=-0.3"), "--set mfu = '-0.3': mfu must be above 0"),
        (("--budget", "1M", "--set", "pue=0.9"), "--set pue = '0.9': pue must be at least 1"),
        (("--budget", "1M", "--set", "pue=95%"), "pue must be at least 1"),
        (("--budget", "1M", "--set", "pue=0.8 to 1.2"), "pue must be at least 1, and 57% of its"),
        (("--given", "log_A=-5", "--budget=-1"), "budget must be above 0"),
    ],
)
def test_what_must_be_above_0_is_refused_by_its_own_name(cli, asked, message):
    code, out, err = cli("report", *asked, *FEW)
    assert (code, out) == (2, "")
    assert message in err


def test_a_prior_file_is_held_to_what_is_possible_too(cli, tmp_path):
    path = tmp_path / "own.toml"
    text = "schema_version = 1\n[inputs.hourly_rate]\nkind = 'normal'\nmu = 1\nsigma = 2\n"
    path.write_text(f"{text}units = 'USD/gpu/hour'\n", encoding="utf-8")
    code, _, err = cli("report", "--budget", "1M", "--priors", path, *FEW)
    assert code == 2
    assert "own.toml:2 [inputs.hourly_rate] hourly_rate must be above 0, and 31% of its" in err


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("hourly_rate=0 to 5", "above 0, and 5% of its probability is not; state a lognormal with"),
        ("hourly_rate=0 to 5", "truncate it: normal(q05=0, q95=5, truncate=[0, inf])"),
        ("hourly_rate=normal(mu=2, sigma=1)", "above 0, and 2% of its probability is not"),
        (
            "hourly_rate=choice(values=[0, 2])",
            "50% of its probability is not; leave out the values",
        ),
        ("mfu=0 to 0.5", "above 0 and at most 1, and 5% of its probability is not"),
        ("mfu=0 to 0.5", "state a logitnormal or a beta with both ends above 0 and below 1"),
        ("mfu=30 to 50", "mfu must be above 0 and at most 1; write a percentage with %"),
        ("mfu=50", "mfu must be above 0 and at most 1"),
        ("mfu=lognormal(q05=0.2, q95=0.4)", "its lognormal reaches from 0 to inf; state a logit"),
        (
            "mfu=lognormal(q05=20, q95=40) %",
            "lognormal(q05=20, q95=40, truncate=[0, 100])",
        ),
        ("pue=0.95 to 1.3", "pue must be at least 1, and 13% of its probability is not"),
        (
            "pue=lognormal(q05=1.08, q95=1.4)",
            "pue must be at least 1, and 0.44% of its",
        ),
    ],
)
def test_a_prior_lies_in_the_domain_of_its_variable(cli, prior, message):
    code, out, err = cli("report", "--budget", "1M", "--set", prior, *FEW)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


@pytest.mark.parametrize(
    ("prior", "kind"),
    [
        ("pue=1", "constant(value=1)"),
        ("pue=100%", "constant(value=100)"),
        ("pue=1.0 to 1.4", "lognormal(q05=1, q95=1.4, truncate=[1, inf])"),
        ("pue=1.1 to 1.4", "lognormal(q05=1.1, q95=1.4, truncate=[1, inf])"),
        ("mfu=0.3 to 0.5", "logitnormal(q05=0.3, q95=0.5)"),
        ("mfu=30 to 50 %", "logitnormal(q05=30, q95=50, lower=0, upper=100)"),
        ("mfu=uniform(lower=0, upper=1)", "uniform(lower=0, upper=1)"),
        ("hourly_rate=1 to 3", "lognormal(q05=1, q95=3)"),
        (
            "pue=normal(mu=1, sigma=1, truncate=[1, 9])",
            "normal(mu=1, sigma=1, truncate=[1, 9])",
        ),
        ("log_A=-1 to 1", None),
    ],
)
def test_an_interval_is_read_on_the_domain_of_its_variable(prior, kind):
    name, _, text = prior.partition("=")
    model = us.default_model()
    stated = us.ask(model, {name: text}).given[name]
    assert stated.distribution.describe() == (kind or "normal(q05=-1, q95=1)")
    domain = domain_of(model.variables[name]) or Domain("(-inf, inf)")
    assert all(end in domain for end in stated.ppf(np.array([1e-9, 1 - 1e-9])).tolist())


def test_a_model_of_ones_own_may_be_negative(cli, model):
    asked = ("--equations", model, "--outputs", "y", "--given", "x=-3")
    code, out, _ = cli("report", *asked, "--format", "json", *FEW)
    assert code == 0
    assert json.loads(out)["outputs"]["y"]["median"] == -6


@pytest.mark.parametrize(
    "asked",
    [
        ("--budget", "2,5M"),
        ("--budget", "1,4M to 3,2M"),
        ("--budget", "1M", "--set", "mfu=0,4"),
        ("--given", "budget=2,5M"),
        ("--budget", "1M", "--event", "training_flop >= 1,5e23"),
        ("--budget", "1M", "--precision", "0,5%"),
        ("--budget", "1M", "--precision", "1%", "--max-time", "1,5h"),
        ("--budget", "1M", "--precision", "1%", "--max-draws", "1,5M"),
    ],
)
def test_no_option_takes_a_decimal_comma(cli, asked):
    code, out, err = cli("report", *asked, *FEW)
    assert (code, out) == (2, "")
    assert "can be misread; write" in err


@pytest.mark.slow
def test_mu_and_sigma_are_explained_where_they_are_used(cli):
    beliefs = (
        "--set",
        "hourly_rate=lognormal(mu=0.7, sigma=0.2)",
        "--set",
        "mfu=beta(mu=0.3, sigma=0.1)",
    )
    _, out, _ = cli("report", "--budget", "1M", *beliefs, "--format", "md", *FEW)
    out = out.replace("\\_", "_")
    assert (
        "ental rate (hourly_rate): mu and sigma of this lognormal are those of the logarithm" in out
    )
    assert "MFU: mu and sigma of this beta are the mean and standard deviation" in out


def test_the_priors_alone_are_no_given(cli, model):
    _, out, _ = cli("report", "--equations", model, "--outputs", "y", "--set", "x=1 to 2", *FEW)
    assert out.startswith("Given the priors alone\n")


RARE = """
import numpy as np

def cost(u):
    return np.where(u < 1e-6, 1e8, 1.0)

def kept(b):
    return 1 - b

def sure(v, w):
    return 2 * v + w - 1
"""


def test_what_is_equal_in_all_draws_is_no_constant_where_the_model_lets_it_vary(cli, tmp_path):
    """The cost is 1e8 in one of a million cases, its mean 101."""
    path = tmp_path / "own.py"
    head = "from uncertain_scale.units.aliases import empirical\n"
    path.write_text(head + RARE.replace("def ", "@empirical\ndef "), encoding="utf-8")
    asked = ("--equations", path, "--outputs", "cost,sure,kept", "--given", "v=3", "--set")
    events = ("--event", "cost > 2", "--event", "sure > 7", "--event", "v > 4")
    rare = ("--set", "b=bernoulli(p=1e-9)", "--event", "b > 0.5")
    given = ("u=uniform(lower=0, upper=1)", "--set", "w=choice(values=[1])", *events, *rare, *FEW)
    code, out, _ = cli("report", *asked, *given, "--format", "json")
    found = json.loads(out)
    cost, sure = (found["outputs"][name] for name in ("cost", "sure"))
    assert (code, cost["mean"], cost["mean_mcse"]) == (0, 1, None)
    assert set(cost["state"].values()) == {"unsettled"}
    assert "may" not in sure["reason"]
    assert (sure["mean"], sure["mean_mcse"], sure["state"]["sd"]) == (6, 0, "exact")
    ends = [(one["low"], one["high"]) for one in found["events"]]
    assert ends[0] == (0, pytest.approx(3 / 1024, rel=0.01))
    assert ends[1:3] == [(0, 0), (0, 0)]
    assert ends[3] == ends[0]
    _, streamed, _ = cli("report", *asked, *given, "--format", "json", "--no-draws")
    assert json.loads(streamed)["events"] == found["events"]
    _, out, _ = cli("report", *asked, *given)
    assert "P(cost > 2) = none of 1,024 draws: below 0.29%" in out
    assert "it rests on what varies and is the same in all 1,024 of them" in " ".join(out.split())
