"""A fact that speaks for a value of an input which the prior all but excludes, as a test does."""

import json
import re

import numpy as np
import pytest
from scipy import stats

from uncertain_scale import Design, Model, ask, condition, load_priors
from uncertain_scale.errors import EvidenceError

LAW = "def y(x):\n    return 5 * x\n"
PRIOR = "schema_version = 1\n[inputs.x]\nkind = 'bernoulli'\np = {p}\n"
FACT = "schema_version = 1\n[[observations]]\nname = 'f'\nvariable = 'y'\nvalue = '{} ± 1'\n"


def updated(folder, p, seen, prior=PRIOR, law=LAW):
    prior = prior.replace("{p}", f"{p:.8f}")
    for name, text in (("y.py", law), ("y.toml", prior), ("f.toml", FACT.format(seen))):
        (folder / name).write_text(text, encoding="utf-8")
    model = Model.of(folder / "y.py")
    priors = load_priors(folder / "y.toml", variables=model.variables)
    question = ask(model, {}, outputs=["y"])
    return condition(model, priors, question, Design(draws=1024), [str(folder / "f.toml")])


@pytest.mark.slow
def test_a_fact_that_only_a_rare_value_explains_is_not_refused_as_impossible(tmp_path):
    """At 6, p is 6e-6 by the value of probability 1e-5, and 1.5e-8 without it."""
    (seen,) = json.loads(updated(tmp_path, 1e-5, 6).attrs["conditioning"])["observations"]
    exact = 1e-5 * np.exp(-1 / 2)  # mean likelihood over the highest
    assert seen["p_value"] == pytest.approx(exact, abs=4.9 * seen["p_value_mcse"])
    assert seen["p_value_mcse"] < 0.02 * exact
    with pytest.raises(EvidenceError, match="contradicts the prior"):
        updated(tmp_path, 1e-5, 12)


@pytest.mark.slow_but("1e-06-5")
@pytest.mark.parametrize(("p", "seen"), [(0.01, 5), (1e-4, 5), (1e-4, 4), (1e-6, 5), (1e-6, 2)])
def test_evidence_that_a_rare_value_explains_gives_it_its_probability(tmp_path, p, seen):
    """Printed was P(x = 1) = 7.4% ± 0.2% of a right 21%, at the fourth of these."""
    tree = updated(tmp_path, p, seen)
    record = json.loads(tree.attrs["conditioning"])
    assert not [note for note in record["notes"] if "not settled" in note]
    ones, noughts = p * stats.norm.pdf(seen, 5), (1 - p) * stats.norm.pdf(seen, 0)
    exact = ones / (ones + noughts)
    share = (tree["posterior/x"] == 1).mean("draw")
    spread = float(share.std(ddof=1)) / np.sqrt(16)
    assert abs(float(share.mean()) - exact) < 4.9 * spread + 1e-5
    bits = np.log(ones + noughts)
    assert abs(record["log_evidence"] - bits) < 4.9 * record["log_evidence_mcse"]
    if exact > 0.01:
        assert spread < 0.03 * exact
        if p < 1e-3:  # few draws of the prior hold it
            assert json.loads(tree["posterior_predictive/y"].attrs["rare"]) == []
    elif seen == 2:  # the value is as rare as before, and a mean may rest on it
        assert json.loads(tree["posterior_predictive/y"].attrs["rare"]) != []


COMPONENTS = """schema_version = 1
[inputs.x]
kind = 'mixture'
weights = [0.9999, 0.0001]
components = [{ kind = 'normal', mu = 0, sigma = 1 }, { kind = 'normal', mu = 5, sigma = 1 }]
"""


@pytest.mark.slow
def test_a_component_that_draws_hardly_hold_is_found_by_the_evidence_for_it(tmp_path):
    tree = updated(tmp_path, 0, 18, COMPONENTS)
    # Given y = 5 x ± 1 at 18, each component's posterior is normal; its weight is its evidence.
    shares = np.array(
        [0.9999 * stats.norm.pdf(18, 0, 26**0.5), 1e-4 * stats.norm.pdf(18, 25, 26**0.5)]
    )
    means = np.array([90 / 26, (5 + 90) / 26])
    exact = float(shares @ means / shares.sum())
    found = tree["posterior/x"].mean("draw")
    assert abs(float(found.mean()) - exact) < 4.9 * float(found.std(ddof=1)) / 4


@pytest.mark.slow
def test_rare_values_of_inputs_that_hang_on_another_are_said_to_be_unsettled(tmp_path):
    tied = (
        "schema_version = 1\n[inputs.z]\nkind = 'normal'\nmu = 0\nsigma = 1\n[inputs.x]\n"
        "kind = 'bernoulli'\np = 1e-6\n[[correlations]]\ninputs = ['z', 'x']\nrank = 0.5\n"
    )
    tree = updated(tmp_path, 0, 5, tied, "def y(x, z):\n    return 5 * x + 1e-9 * z\n")
    notes = json.loads(tree.attrs["conditioning"])["notes"]
    (most,) = [
        int(re.search(r"up to (\d+)% likely", note)[1]) for note in notes if "likely:" in note
    ]
    assert most >= 21
