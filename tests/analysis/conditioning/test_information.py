"""What evidence tells, against closed forms: bits learnt, Bayes factors, shares of variance."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr
from scipy.stats import norm

from uncertain_scale import Design, ask, believe, summarize
from uncertain_scale.analysis.conditioning import condition
from uncertain_scale.analysis.conditioning.information import (
    evidence_ratio,
    information_gained,
    posterior_sensitivity,
    ratios_of_medians,
)
from uncertain_scale.errors import EvidenceError, QuestionError
from uncertain_scale.sampling.pivots import OF_THE_PRIOR
from uncertain_scale.sampling.sample import prepare


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.0, 1.0), (0.05, 1.0), (0.5, 0.8), (0.0, 0.1), (3.0, 0.3), (1.0, 0.01)]
)
def test_a_normal_posterior_of_a_normal_prior(mean, sd):
    """KL = (sd^2 + mean^2 - 1)/2 - log sd nats; within five errors and 0.4% for the cells."""
    exact = ((sd**2 + mean**2 - 1) / 2 - np.log(sd)) / np.log(2)
    scores = []
    for seed in range(10):
        draws = np.random.default_rng([seed, 1]).normal(mean, sd, (16, 4096))
        bits, error = information_gained(ndtr(draws))
        assert abs(bits - exact) < 5 * error + 0.004 * exact + 2e-4
        scores.append(abs(bits - exact) < 2 * error + 0.004 * exact + 2e-4)
    assert np.mean(scores) >= 0.6


def test_the_rows_of_a_joint_sample():
    """A quarter of 200 rows four times as likely as the others: their entropy in closed form."""
    rng = np.random.default_rng(3)
    weights = np.where(np.arange(200) % 4 == 0, 4.0, 1.0)
    shares = weights / weights.sum()
    exact = float((shares * np.log2(shares * 200)).sum())
    rows = rng.choice(200, (16, 4096), p=shares)
    levels = (rows + rng.random(rows.shape)) / 200
    bits, error = information_gained(levels, 200)
    assert abs(bits - exact) < 5 * error
    blurred, _ = information_gained(levels)
    assert blurred < exact - 10 * error  # neighbours in one cell hide what was learnt


def test_one_chain_has_no_error():
    assert np.isnan(information_gained(np.random.default_rng(1).random((1, 512)))[1])


FACT = """
schema_version = 1
[[observations]]
name = "seen"
variable = "doubled"
value = "lognormal(mu=1.9, sigma=0.3)"
"""


@pytest.fixture(scope="module")
def trees(laboratory, tmp_path_factory):
    """Priors normal(0.5, 0.8) and normal(0, 0.4) on the log of the scale."""
    path = tmp_path_factory.mktemp("facts") / "facts.toml"
    path.write_text(FACT, encoding="utf-8")
    model, priors = laboratory
    question = ask(model, {}, outputs=["doubled"])
    design = Design(draws=2048, seed=2)
    other = believe(priors, model, {"scale": "lognormal(mu=0, sigma=0.4)"})
    return [condition(model, one, question, design, [path]) for one in (priors, other)]


def test_the_bayes_factor_and_the_ratio_of_medians(trees):
    seen = 1.9 - np.log(2)
    logs = [norm.logpdf(seen, m, np.hypot(s, 0.3)) for m, s in ((0.5, 0.8), (0.0, 0.4))]
    found = evidence_ratio(*trees)
    assert abs(found.value - (logs[1] - logs[0])) < 5 * found.mcse
    means = [(m / s**2 + seen / 0.09) / (1 / s**2 + 1 / 0.09) for m, s in ((0.5, 0.8), (0.0, 0.4))]
    ratio = ratios_of_medians(*trees)["doubled"]
    assert abs(ratio.value - np.exp(means[1] - means[0])) < 5 * ratio.mcse
    assert ratio.mcse < 0.01


def test_the_tree_is_whole(trees):
    tree = trees[0]
    assert set(tree["posterior"].data_vars) == set(tree["prior"].data_vars) == {"scale"}
    assert tree["posterior_predictive/doubled"].attrs["units"] == "1"
    before = tree["prior/scale"].attrs.items()
    kept = {key: fact for key, fact in before if key not in OF_THE_PRIOR}
    assert tree["posterior/scale"].attrs == kept
    np.testing.assert_allclose(
        tree["posterior_predictive/doubled"].values, 2 * tree["posterior/scale"].values
    )


def test_what_no_evidence_touches_stays_as_it_was_drawn(laboratory, tmp_path):
    """Coordinates without evidence keep their own draws, so that they keep their accuracy."""
    path = tmp_path / "facts.toml"
    path.write_text(FACT, encoding="utf-8")
    model, priors = laboratory
    question = ask(model, {}, outputs=["total", "doubled"])
    tree = condition(model, priors, question, Design(draws=512, seed=2), [path])
    for name in ("first", "second"):
        assert (tree[f"posterior/{name}"] == tree[f"prior/{name}"]).all()
    assert not (tree["posterior/scale"] == tree["prior/scale"]).any()


def test_inputs_that_only_the_evidence_rests_on_are_there_too(laboratory, tmp_path):
    path = tmp_path / "facts.toml"
    path.write_text(FACT, encoding="utf-8")
    model, priors = laboratory
    question = ask(model, {}, outputs=["total"])
    tree = condition(model, priors, question, Design(draws=512, seed=2), [path])
    assert set(tree["posterior"].data_vars) == {"first", "second", "scale"}
    assert "bears on no input" in tree.attrs["conditioning"]
    given = ask(model, {"scale": 3.0}, outputs=["doubled"])
    tree = condition(model, priors, given, Design(draws=512, seed=2), [path])
    assert (tree["posterior_predictive/doubled"] == 6.0).all()
    uncertain = ask(model, {"scale": "2 to 5"}, outputs=["doubled"])
    tree = condition(model, priors, uncertain, Design(draws=512, seed=2), [path])
    assert (tree["posterior/scale"] == tree["prior/scale"]).all()


@pytest.mark.slow
def test_an_exact_bound_that_no_draw_meets_is_told(laboratory, tmp_path):
    path = tmp_path / "facts.toml"
    text = FACT.replace("lognormal(mu=1.9, sigma=0.3)", "uniform(lower=900, upper=901)")
    path.write_text(text, encoding="utf-8")
    model, priors = laboratory
    with pytest.raises(EvidenceError, match=r"facts.toml:6 .*contradicts the prior"):
        condition(model, priors, ask(model, {}), Design(draws=256, chains=2), [path])


@pytest.fixture(scope="module")
def tree():
    """Y = 4 X1 + 5 X2 with correlation 0.3, a discrete D beside, and Z that says nothing."""
    rng = np.random.default_rng(8)
    z = rng.standard_normal((3, 16, 4096))
    first, second = z[0], 0.3 * z[0] + np.sqrt(1 - 0.09) * z[1]
    coin = (rng.random((16, 4096)) < 0.25).astype(float)
    dims = ("chain", "draw")

    def data(values, joint=""):
        return (dims, values, {"joint": joint, "units": "1"})

    inputs = {"x1": data(first), "x2": data(second), "d": data(coin), "z": data(z[2])}
    inputs["constant"] = data(np.ones((16, 4096)))
    outputs = {
        "y": data(4 * first + 5 * second),
        "mixed": data(np.exp(coin + first)),
        "still": data(np.ones((16, 4096))),
    }
    groups = {"/posterior": xr.Dataset(inputs), "/posterior_predictive": xr.Dataset(outputs)}
    return xr.DataTree.from_dict(groups)


def test_shares_of_a_linear_answer_with_correlated_inputs(tree):
    """Closed first-order shares (4 + 1.5)^2/53 and (5 + 1.2)^2/53; cells of 1/64 lose 0.4%."""
    found = posterior_sensitivity(tree, of=["y"]).sel(output="y")
    for name, exact in (("x1", 5.5**2 / 53), ("x2", 6.2**2 / 53), ("z", 0.0), ("d", 0.0)):
        share = float(found["variance_reduction"].sel(input=name))
        error = float(found["variance_reduction_mcse"].sel(input=name))
        assert abs(share - exact) < 5 * error + 0.005 * exact
        assert error < 0.01
    rank = 6 / np.pi * np.arcsin(6.2 / np.sqrt(53) / 2)
    assert float(found["rank_correlation"].sel(input="x2")) == pytest.approx(rank, abs=0.01)
    assert "constant" not in found["input"].values


def test_discrete_inputs_and_logarithms(tree):
    found = posterior_sensitivity(tree, of=["mixed"], on="log").sel(output="mixed")
    share = float(found["variance_reduction"].sel(input="d"))
    assert share == pytest.approx(0.1875 / 1.1875, abs=0.01)


def test_an_answer_that_does_not_vary_has_no_shares(tree):
    found = posterior_sensitivity(tree, of=["still"])
    assert bool(found["variance_reduction"].isnull().all())


def test_an_unknown_answer_is_told(tree):
    with pytest.raises(QuestionError, match="'yy' is not among the answers; .*y"):
        posterior_sensitivity(tree, of=["yy"])


def test_evidence_of_another_input_settles_nothing_of_a_rare_value(tmp_path):
    """Whatever is seen of the rest, the mean is that of max(a, b) times 1 + 1e-5 1e5."""
    equations = '''
import numpy as np


def cost(a, b, accident):
    """An accident that hardly a draw shows."""
    return np.maximum(a, b) * (1 + 1e5 * accident)


def dry(a, b):
    """No accident."""
    return np.maximum(a, b)


def seen(a):
    """What was measured."""
    return a * 1.0
'''
    inputs = "".join(
        f'inputs.{name} = {{ kind = "uniform", lower = 0.5, upper = 1 }}\n' for name in "ab"
    )
    inputs += 'inputs.accident = { kind = "bernoulli", p = 1e-5 }\n'
    facts = tmp_path / "facts.toml"
    facts.write_text(
        'schema_version = 1\n[[observations]]\nname = "log"\nvariable = "seen"\n'
        'value = "0.8 ± 0.2"\nsource = "a test"\n',
        encoding="utf-8",
    )
    (tmp_path / "own.py").write_text(equations, encoding="utf-8")
    (tmp_path / "own.toml").write_text(f"schema_version = 1\n{inputs}", encoding="utf-8")
    model, priors = prepare(equations=[tmp_path / "own.py"], priors=[tmp_path / "own.toml"])
    problem = model, priors, ask(model, {}, outputs=["cost", "dry"])
    for seed in range(2):
        tree = condition(*problem, Design(draws=256, seed=seed), [facts])
        summary = summarize(tree["posterior_predictive"].to_dataset(), probs=[0.9])
        for moment in ("mean", "sd"):
            states, reasons = summary[f"{moment}_state"], summary[f"{moment}_reason"]
            assert str(states.sel(output="cost").item()) == "unsettled"
            assert "a value of accident" in str(reasons.sel(output="cost").item())
            assert str(states.sel(output="dry").item()) == "estimated"
        for on in ("value", "log"):
            shares = posterior_sensitivity(tree, on=on)["reason"]
            assert "a value of accident" in str(shares.sel(output="cost").item())
            assert str(shares.sel(output="dry").item()) == ""
