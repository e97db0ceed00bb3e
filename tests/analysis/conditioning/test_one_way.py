"""Facts about one kind of model, and questions that leave it open, go by the same inputs."""

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.inputs import load_priors

DESIGN = us.Design(draws=2048, chains=8)
FACT = """schema_version = 1
[[observations]]
name = "Pilot"
variable = "training_flop"
value = "8e23 FLOP ± 10%"
given = {{ gpu_hours = '1M'{given} }}
{own}
source = "s"
"""


def updated(tmp_path, given="", own="", **question):
    path = tmp_path / "fact.toml"
    path.write_text(FACT.format(given=given, own=own), encoding="utf-8")
    model = us.default_model()
    priors = us.load_priors("base", variables=model.variables)
    asked = us.ask(model, {"budget": "100M", **question}, outputs=["training_flop"])
    tree = us.condition(model, priors, asked, DESIGN, [path])
    return tree, np.quantile(tree["posterior_predictive/training_flop"].values, [0.05, 0.5, 0.95])


def by_weights(*, fact_moe, moe, count=1_000_000):
    """Return the same by independent draws of the priors, weighted by the likelihood."""
    inputs, rng = load_priors("base").inputs, np.random.default_rng(1)
    names = ("dense_model_mfu", "precision_factor", "moe_factor", "hourly_rate")
    dense, gain, factor, rate = (inputs[name].ppf(rng.random(count)) for name in names)
    experts = rng.random(count) < 0.5
    speed = 989.4e12 * gain * dense
    fact = 3.6e9 * speed * np.where(experts if fact_moe is None else fact_moe, factor, 1.0)
    asked = 1e8 / rate * 3600 * speed * np.where(experts if moe is None else moe, factor, 1.0)
    weights = np.exp(-0.5 * np.log(8e23 / fact) ** 2 / np.log(1.01))
    order = np.argsort(asked)
    share = np.cumsum(weights[order]) / weights.sum()
    return np.interp([0.05, 0.5, 0.95], share, asked[order])


@pytest.mark.slow_but("0-None")
@pytest.mark.parametrize(("fact_moe", "moe"), [(0, None), (1, None), (None, 1), (0, 1)])
def test_a_fact_about_a_kind_of_model_bears_on_one_of_another_kind_or_of_either(
    tmp_path, fact_moe, moe
):
    given = "" if fact_moe is None else f", moe = {fact_moe}"
    question = {} if moe is None else {"moe": moe}
    _, found = updated(tmp_path, given, **question)
    assert found == pytest.approx(by_weights(fact_moe=fact_moe, moe=moe), rel=0.03)


def test_where_nothing_tells_the_kind_of_model_its_prior_is_not_drawn(tmp_path):
    tree, _ = updated(tmp_path)
    assert {"mfu"} == {"mfu", "dense_model_mfu", "moe"} & set(tree["posterior"].data_vars)


@pytest.mark.slow
def test_who_owns_what_a_law_computes_owns_its_first_argument(tmp_path):
    """An utilisation of its own is no information about the question's; the rank makes some."""
    _, apart = updated(tmp_path, ", moe = 0", "own = ['mfu']")
    _, tied = updated(tmp_path, ", moe = 0", "own = { mfu = 0.5 }")
    _, shared = updated(tmp_path, ", moe = 0")
    widths = [np.log(ends[2] / ends[0]) for ends in (apart, tied, shared)]
    assert widths[0] > widths[1] > widths[2]


@pytest.mark.parametrize("output", ["gpus", "cluster_price"])
def test_what_is_owned_is_found_though_the_question_rests_on_no_utilisation(tmp_path, output):
    path = tmp_path / "fact.toml"
    fact = FACT.format(given=", moe = 0", own="own = { mfu = 0.5 }")
    path.write_text(fact, encoding="utf-8")
    model = us.default_model()
    priors = us.load_priors("base", variables=model.variables)
    asked = us.ask(model, {"gpu_hours": "1M"}, outputs=[output])
    tree = us.condition(model, priors, asked, us.Design(draws=512), [path])
    before, after = (tree[f"{one}_predictive/{output}"] for one in ("prior", "posterior"))
    assert float(after.median()) == pytest.approx(float(before.median()), rel=0.05)
