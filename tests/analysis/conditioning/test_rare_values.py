"""A fact that speaks for a value of an input which the prior all but excludes, as a test does."""

import json
import re

import numpy as np
import pytest
from scipy import stats

from uncertain_scale import Design, Model, ask, condition, load_priors
from uncertain_scale.errors import EvidenceError

LAW = "def y(x):\n    return 5 * x\n"
PRIOR = "schema_version = 1\n[inputs.x]\nkind = 'bernoulli'\np = {}\n"
FACT = "schema_version = 1\n[[observations]]\nname = 'f'\nvariable = 'y'\nvalue = '{} ± 1'\n"


def updated(folder, p, seen):
    for name, text in (("y.py", LAW), ("y.toml", PRIOR.format(f"{p:.8f}")), ("f.toml", FACT)):
        (folder / name).write_text(text.format(seen), encoding="utf-8")
    model = Model.of(folder / "y.py")
    priors = load_priors(folder / "y.toml", variables=model.variables)
    question = ask(model, {}, outputs=["y"])
    return condition(model, priors, question, Design(draws=1024), [str(folder / "f.toml")])


@pytest.mark.slow
def test_a_fact_that_only_a_rare_value_explains_is_not_refused_as_impossible(tmp_path):
    """At 6, p is 6e-6 by the value of probability 1e-5, and 1.5e-8 without it."""
    (seen,) = json.loads(updated(tmp_path, 1e-5, 6).attrs["conditioning"])["observations"]
    exact = 1e-5 * np.exp(-1 / 2)  # mean likelihood over the highest
    assert seen["p_value"] == pytest.approx(exact, rel=0.01)
    with pytest.raises(EvidenceError, match="contradicts the prior"):
        updated(tmp_path, 1e-5, 12)


@pytest.mark.slow_but("0.0001-5-True")
@pytest.mark.parametrize(
    ("p", "seen", "told"), [(0.01, 5, False), (1e-4, 5, True), (1e-6, 5, True), (1e-6, 2, False)]
)
def test_evidence_that_a_rare_value_would_explain_is_said_to_be_unsettled(tmp_path, p, seen, told):
    """Printed was P(x = 1) = 7.4% ± 0.2% of a right 21%, without a word."""
    tree = updated(tmp_path, p, seen)
    notes = json.loads(tree.attrs["conditioning"])["notes"]
    most = [int(re.search(r"up to (\d+)% likely", note)[1]) for note in notes if "likely:" in note]
    assert bool(most) == told
    ones, noughts = p * stats.norm.pdf(seen, 5), (1 - p) * stats.norm.pdf(seen, 0)
    exact = ones / (ones + noughts)
    if told:
        assert most[0] >= 100 * exact
    else:
        share = (tree["posterior/x"] == 1).mean("draw")
        spread = float(share.std()) / np.sqrt(16)
        assert abs(float(share.mean()) - exact) < 4.9 * spread + 1e-3
