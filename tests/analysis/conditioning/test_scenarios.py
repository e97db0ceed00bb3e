"""Scenarios after the same evidence: Bayes factors and ratios of medians in closed form."""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design, ask, believe
from uncertain_scale.analysis.conditioning import condition
from uncertain_scale.analysis.conditioning.information import evidence_ratio, ratios_of_medians
from uncertain_scale.errors import EvidenceError

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
    assert tree["posterior/scale"].attrs == tree["prior/scale"].attrs
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


def test_an_exact_bound_that_no_draw_meets_is_told(laboratory, tmp_path):
    path = tmp_path / "facts.toml"
    text = FACT.replace("lognormal(mu=1.9, sigma=0.3)", "uniform(lower=900, upper=901)")
    path.write_text(text, encoding="utf-8")
    model, priors = laboratory
    with pytest.raises(EvidenceError, match=r"facts.toml:6 .*contradicts the prior"):
        condition(model, priors, ask(model, {}), Design(draws=256, chains=2), [path])
