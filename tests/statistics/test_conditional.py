"""Statistics with one input integrated out, against closed forms and quadrature."""

import json
from functools import partial

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

import uncertain_scale as us
from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.analysis.comparison import compare
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.inputs.catalog import scenario_names
from uncertain_scale.sampling.pivots import FACTOR, INPUTS, LAW, PIVOTS, TIED
from uncertain_scale.sampling.sample import prepare
from uncertain_scale.statistics.outputs import draws_of, pivots_of

PRIORS = """
schema_version = 1
inputs.x = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.w = { kind = "lognormal", mu = 1, sigma = 0.25 }
inputs.u = { kind = "uniform", lower = 1, upper = 3 }
inputs.n = { kind = "normal", mu = 5, sigma = 1 }
inputs.m = { kind = "normal", mu = 2, sigma = 0.5, truncate = [1, 4] }
inputs.y = { kind = "beta", alpha = 0.6, beta = 0.6, lower = 1, upper = 4 }
inputs.t = { kind = "student_t", mu = 0, sigma = 1, nu = 3 }
inputs.two = { kind = "choice", values = [1, 3], probabilities = [0.7, 0.3] }
inputs.a = { kind = "lognormal", mu = 0, sigma = 1 }
inputs.b = { kind = "lognormal", mu = 0, sigma = 1 }
[[correlations]]
inputs = ["a", "b"]
rank = 0.5
"""
LAWS = """
import numpy as np

def product(x, w): return 3 * x**2 / np.sqrt(w)
def alone(x): return 2 / x
def total(n, m): return 2 * n - 3 * m
def heavy(n, t): return n + t
def bounded(u, w): return u * w
def stepped(two, w): return two * w
def mixed(x, w): return x + w
def larger(x, w): return np.maximum(3 * x * w, x / w)
def capped(x, w): return np.minimum(x, w)
def tied(a, b): return a * b
def beside(a, b, w): return a * b * w
def raised(x, w): return x**w
def grown(x): return np.exp(x)
def centred(n, x): return (n - 5) * x
def fenced(u, y): return u * y
"""


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conditional")
    (folder / "own.py").write_text(LAWS, encoding="utf-8")
    (folder / "own.toml").write_text(PRIORS, encoding="utf-8")
    model = Model.of(folder / "own.py")
    return model, load_priors(folder / "own.toml", variables=model.variables)


def answered(subject, outputs, **design):
    model, priors = subject
    return sample(model, priors, ask(model, {}, outputs=outputs), Design(**design))


def product_of(cdf, other, y):
    """P(XV <= y) of X with a distribution function and V with another, by quadrature."""
    return quad(lambda p: cdf(y / other.ppf(p)), 0, 1, epsabs=1e-12, limit=500)[0]


W = stats.lognorm(0.25, scale=np.e)
X = stats.lognorm(0.5)
M = stats.truncnorm(-2, 4, loc=2, scale=0.5)
N = stats.norm(5, 1)
T = stats.t(3)


def averaged(share, other, y):
    return quad(lambda p: share(y, other.ppf(p)), 0, 1, epsabs=1e-12, limit=500)[0]


BELOW = {
    "product": stats.lognorm(np.hypot(1, 0.125), scale=3 * np.exp(-0.5)).cdf,
    "alone": stats.lognorm(0.5, scale=2).cdf,
    "total": partial(averaged, lambda y, m: N.cdf((y + 3 * m) / 2), M),
    "heavy": partial(averaged, lambda y, n: T.cdf(y - n), N),
    "bounded": partial(averaged, lambda y, u: W.cdf(y / (1 + 2 * u)), stats.uniform()),
    "fenced": partial(
        averaged,
        lambda y, b: stats.uniform(1, 2).cdf(y / (1 + 3 * b)),
        stats.beta(0.6, 0.6),
    ),
    "stepped": lambda y: 0.7 * W.cdf(y) + 0.3 * W.cdf(y / 3),
    "mixed": partial(averaged, lambda y, w: X.cdf(y - w), W),
    "beside": stats.lognorm(np.sqrt(2 + 2 * 2 * np.sin(np.pi / 12) + 0.0625), scale=np.e).cdf,
}
LEVELS = (0.05, 0.5, 0.95)


def truth(name, level):
    below = BELOW[name]
    return brentq(lambda y: below(y) - level, -60 if below(0) > 0 else 1e-9, 1e4, xtol=1e-11)


@pytest.mark.slow_but("mixed", "bounded")
@pytest.mark.parametrize("name", BELOW)
def test_quantiles_are_right_to_their_errors_and_surer_than_counts_of_draws(subject, name):
    tree = answered(subject, [name], draws=1024, seed=3)
    found = us.summarize(tree, probs=[0.9]).sel(output=name, prob=0.9)
    counted = us.summarize(tree["prior_predictive"].to_dataset(), probs=[0.9])
    counted = counted.sel(output=name, prob=0.9)
    ends = np.array([found["eti"][0], found["median"], found["eti"][1]])
    errors = np.array([found["eti_mcse"][0], found["median_mcse"], found["eti_mcse"][1]])
    exact = np.array([truth(name, level) for level in LEVELS])
    assert (np.abs(ends - exact) <= 4 * errors + 1e-9 * np.abs(exact)).all()
    assert (errors[[0, 2]] < counted["eti_mcse"].values / 3).all()
    assert found["pivot"] != ""
    assert counted["pivot"] == ""


def test_an_output_of_one_input_is_exact(subject):
    found = us.summarize(answered(subject, ["alone"], draws=64), probs=[0.9, 0.999999])
    exact = stats.lognorm(0.5, scale=2).ppf([[0.05, 0.95], [5e-7, 1 - 5e-7]])
    assert found["eti"][0].values == pytest.approx(exact, rel=1e-9)
    assert found["eti_mcse"][0].values == pytest.approx(np.zeros((2, 2)), abs=1e-7)
    assert not found["eti_beyond"].any()


def test_highest_density_regions_of_a_lognormal(subject):
    sigma, mu = np.hypot(1, 0.125), np.log(3) - 0.5

    def missing(log_low):
        log_high = 2 * (mu - sigma**2) - log_low  # equal densities
        return np.diff(stats.norm(mu, sigma).cdf([log_low, log_high]))[0] - 0.9

    log_low = brentq(missing, mu - 8 * sigma, mu - sigma**2 - 0.01)
    exact = np.exp([log_low, 2 * (mu - sigma**2) - log_low])
    tree = answered(subject, ["product"], draws=4096)
    found = us.summarize(tree, probs=[0.9]).isel(output=0, prob=0)
    assert found["hdi"].sizes["mode"] == 1
    off = np.abs(found["hdi"][0].values - exact)
    assert (off < 4 * found["hdi_mcse"][0].values + 3e-6 * exact).all()
    assert (found["hdi_mcse"][0].values < 1e-3 * exact).all()


def test_two_pieces_of_a_region_are_found(subject):
    found = us.summarize(answered(subject, ["stepped"]), probs=[0.95]).isel(output=0, prob=0)
    ends = found["hdi"].values
    assert ends.shape == (2, 2)
    assert np.isfinite(ends).all()
    density = 0.7 * W.pdf(ends) + 0.3 / 3 * W.pdf(ends / 3)
    assert density == pytest.approx(np.full((2, 2), density[0, 0]), rel=1e-3)
    assert np.sum(np.diff([BELOW["stepped"](one) for one in ends])) == pytest.approx(0.95, abs=1e-4)


@pytest.mark.nightly
def test_two_errors_hold_the_truth_as_often_as_they_should(subject):
    names = ["mixed", "fenced"]  # which have something left to draw
    exact = {name: np.array([truth(name, level) for level in LEVELS]) for name in names}
    within = []
    for seed in range(40):
        found = us.summarize(answered(subject, names, draws=128, seed=seed), probs=[0.9])
        for name in names:
            one = found.sel(output=name, prob=0.9)
            ends = np.array([one["eti"][0], one["median"], one["eti"][1]])
            errors = np.array([one["eti_mcse"][0], one["median_mcse"], one["eti_mcse"][1]])
            within.append(np.abs(ends - exact[name]) <= 2 * errors)
    assert 0.9 < np.mean(within) < 0.98


@pytest.mark.parametrize(
    ("event", "exact"),
    [
        ("product >= 60", stats.lognorm(np.hypot(1, 0.125), scale=3 * np.exp(-0.5)).sf(60)),
        ("10 > product", BELOW["product"](10)),
        ("x < 0.08", X.cdf(0.08)),
        ("x > w", stats.norm.sf(1 / np.hypot(0.5, 0.25))),
        ("product < -1", 0.0),
        ("total > 13", 1 - BELOW["total"](13)),
    ],
)
def test_probabilities_that_no_draw_shows_have_a_figure_and_an_error(subject, event, exact):
    tree = answered(subject, ["product", "x", "w", "total"], draws=256)
    found = probability_in(parse_event(event, subject[0].variables), tree)
    assert abs(found.value - exact) <= 4 * found.mcse + 1e-12
    assert found.mcse < max(exact, 1e-15) / 10
    assert found.low <= found.value <= found.high


def test_ratios_of_scenarios_integrate_what_only_one_has_out():
    model, priors = prepare("h100-dense-fp8")
    question = ask(model, {"budget": "250M"}, outputs=["training_flop"])
    second = load_priors("gb200-dense-fp8", variables=model.variables)
    design = Design(draws=256)
    coarse = compare(model, priors, [second], question, design)[1][0]
    fine = compare(model, priors, [second], question, Design(draws=8192, seed=9))[1][0]
    few, many = (one.ratio.isel(output=0) for one in (coarse, fine))
    assert few["pivot"].item()
    off = np.abs(few["eti"].values - many["eti"].values)
    assert (off <= 4 * np.hypot(few["eti_mcse"].values, many["eti_mcse"].values)).all()
    shared = fine.otherwise["shared"].ratio.isel(output=0)
    assert shared["pivot"] == ""  # two laws at one level: nothing of it can be integrated out
    assert abs(coarse.greater["training_flop"] - fine.greater["training_flop"]) < 5 * (
        coarse.greater_mcse["training_flop"] + fine.greater_mcse["training_flop"]
    )


def test_pivots_are_what_the_equations_say(subject):
    names = [
        *("product", "alone", "total", "heavy", "bounded", "stepped", "mixed", "larger"),
        *("capped", "tied", "beside", "raised", "grown", "centred"),
    ]
    tree = answered(subject, names, draws=64)
    inputs = {str(name): one.attrs for name, one in tree["prior"].data_vars.items()}
    found = {
        name: {
            (part.name, part.power, part.exponent)
            for pivot in pivots_of(output.attrs, inputs)
            for part in pivot.parts
        }
        for name, output in tree["prior_predictive"].data_vars.items()
    }
    assert found["product"] == {("x", True, 2.0), ("w", True, -0.5)}
    assert found["alone"] == {("x", True, -1.0)}
    assert found["total"] == {("n", False, 2.0), ("m", False, -3.0)}
    assert found["heavy"] == {("n", False, 1.0), ("t", False, 1.0)}
    assert found["mixed"] == {("x", False, 1.0), ("w", False, 1.0)}
    assert found["larger"] == {("x", True, 1.0)}
    assert found["tied"] == {("a", True, 1.0), ("b", True, 1.0)}  # together, and not alone
    assert found["beside"] == found["tied"] | {("w", True, 1.0)}
    assert found["centred"] == {("x", True, 1.0)}
    for name in ("capped", "raised", "grown"):
        assert found[name] == set()
    # Where a power of it is of both signs, draws are counted.
    assert draws_of(tree)["centred"].conditional is None


def test_a_pivot_that_the_draws_contradict_is_not_used(subject):
    tree = answered(subject, ["product"], draws=1024)
    wrong = json.dumps([["x", "power", 1.9]])
    tree["prior_predictive"]["product"].attrs[PIVOTS] = wrong
    output = tree["prior_predictive"]["product"].assign_attrs(
        {PIVOTS: wrong, INPUTS: json.dumps(["x", "w"])}
    )
    found = us.statistics.outputs.read_draws(output, tree["prior"].to_dataset())
    assert found.conditional is None


def test_evidence_is_counted_and_one_chain_has_no_errors(subject):
    tree = answered(subject, ["product"], draws=4096, chains=1)
    found = us.summarize(tree, probs=[0.9]).isel(output=0)
    assert found["pivot"] == "x, w"
    assert np.isnan(found["eti_mcse"]).all()
    assert np.isfinite(found["eti"]).all()


def test_a_pivot_is_the_same_for_any_number_of_threads(subject):
    tree = answered(subject, ["product", "total"], draws=512)
    first, second = (us.summarize(tree, probs=[0.9]) for _ in range(2))
    assert first.identical(second)


@pytest.mark.slow_but("base", "gb200-dense-fp8")
@pytest.mark.parametrize("scenario", scenario_names())
def test_arviz_agrees_within_the_error_of_draws(scenario):
    tree = us.run(scenario, given={"budget": "100M"})
    sure, drawn = (
        us.summarize(tree, probs=[0.5, 0.9], intervals=way) for way in ("conditional", "arviz")
    )
    assert not drawn["pivot"].any()
    for kind in ("eti", "hdi"):
        ours, theirs, error = sure[kind], drawn[kind], drawn[f"{kind}_mcse"]
        if kind == "hdi":
            single = np.isfinite(ours.values).all(axis=-1).sum(axis=-1) == 1
            ours, theirs, error = (one.isel(mode=0) for one in (ours, theirs, error))
            ours = ours.where(xr.DataArray(single, dims=("output", "prob")))
        off = np.abs(ours - theirs) / error.where(error > 0)
        assert float(off.fillna(0.0).max()) < 5
    from arviz_stats import eti

    values = tree["prior_predictive/training_flop"].values
    exact = eti(values.ravel(), prob=0.9)
    assert drawn["eti"].sel(output="training_flop", prob=0.9).values == pytest.approx(exact, rel=0)


@pytest.mark.parametrize(
    ("law", "frozen", "taken"),
    [
        ("uniform(lower=-2, upper=3)", stats.uniform(-2, 5), True),
        ("beta(alpha=0.6, beta=2, lower=0, upper=4)", stats.beta(0.6, 2, scale=4), True),
        ("gamma(alpha=2, beta=1)", stats.gamma(2), True),
        ("normal(mu=0, sigma=2, truncate=[-1, 5])", stats.truncnorm(-0.5, 2.5, scale=2), True),
        ("lognormal(mu=0, sigma=1.3, truncate=[0, 200])", None, False),
        ("student_t(mu=0, sigma=1, nu=3)", None, False),
    ],
)
def test_what_is_added_to_a_normal_is_right_far_out_or_left_to_the_draws(law, frozen, taken):
    """Nodes that stand far apart in a long tail would make stairs of it."""
    known = {
        "n": {LAW: "normal(mu=0, sigma=0.8)", FACTOR: 1.0},
        "x": {LAW: law, FACTOR: 1.0},
    }
    facts = {
        PIVOTS: json.dumps([["n", "line", 1.0], ["x", "line", 1.0]]),
        INPUTS: json.dumps(["n", "x"]),
    }
    first = pivots_of(facts, known)[0]
    assert (len(first.parts) == 2) is taken
    if taken:
        levels = (np.arange(400_000) + 0.5) / 400_000
        x = frozen.ppf(levels)
        for y in [*frozen.ppf([0.5, 0.99, 0.9999]), 0.3, 1.0, 2.0]:
            exact = stats.norm.sf((y - x) / 0.8).mean()
            assert first.function("above", np.array([y]))[0] == pytest.approx(exact, rel=2e-5)


def test_factors_that_cancel_are_no_pivot():
    facts = {
        PIVOTS: json.dumps([["a", "power", 1.0], ["b", "power", -1.0]]),
        INPUTS: json.dumps(["a", "b"]),
    }
    law = {LAW: "lognormal(mu=0, sigma=1)", FACTOR: 1.0}
    known = {
        "a": law | {TIED: json.dumps({"b": 1.0})},
        "b": law | {TIED: json.dumps({"a": 1.0})},
    }
    assert pivots_of(facts, known) == []
