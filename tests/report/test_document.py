"""A report as plain data: complete, finite, at full precision."""

import json

import numpy as np
import pytest

from uncertain_scale import Design, report_document, run
from uncertain_scale.errors import DataError

EQUATIONS = """
def ratio(x, y):
    return x / y
def twin(z):
    return z
"""
PRIORS = """
schema_version = 1
inputs.x = { kind = "normal", mu = 0, sigma = 1 }
inputs.y = { kind = "normal", mu = 0, sigma = 1 }
[inputs.z]
kind = "mixture"
weights = [0.5, 0.5]
components = [
  { kind = "normal", mu = -3, sigma = 1 },
  { kind = "normal", mu = 3, sigma = 1 },
]
"""


@pytest.fixture(scope="module")
def budget():
    tree = run("base", given={"budget": "100M"})
    return tree, report_document(tree, probs=(0.9, 0.5))


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "own.toml").write_text(PRIORS, encoding="utf-8")
    tree = run(equations=[folder / "own.py"], priors=[folder / "own.toml"])
    return report_document(tree, probs=(0.9,))


def test_has_the_agreed_shape(budget):
    _, document = budget
    assert document["question"]["given"]["budget"] == {
        "stated": "100M USD",
        "value": 1e8,
        "units": "USD",
    }
    assert document["scenario"] == "base"
    assert (document["seed"], document["chains"], document["draws"]) == (0, 16, 4096)
    flop = document["outputs"]["training_flop"]
    assert flop["units"] == "FLOP"
    kinds = [(interval["kind"], interval["prob"]) for interval in flop["intervals"]]
    assert {("eti", 0.9), ("hdi", 0.9), ("eti", 0.5), ("hdi", 0.5)} == set(kinds)
    for interval in flop["intervals"]:
        assert interval["low"] < flop["median"] < interval["high"] or interval["kind"] == "hdi"
        assert 0 < interval["low_mcse"] < interval["high"] - interval["low"]
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.slow
def test_statistics_are_near_those_of_the_pooled_draws(budget):
    """An independent computation with numpy, over all chains."""
    tree, document = budget
    for name, output in document["outputs"].items():
        draws = tree[f"prior_predictive/{name}"].values
        assert output["mean"] == pytest.approx(draws.mean(), rel=1e-3)
        assert output["sd"] == pytest.approx(draws.std(ddof=1), rel=2e-2)
        assert output["median"] == pytest.approx(np.median(draws), rel=1e-3)


def test_every_input_has_a_source_and_exact_quantiles(budget):
    _, document = budget
    for name, prior in document["inputs"].items():
        if prior["origin"] != "given":
            assert prior["source"], name
            assert prior["long_name"], name
        assert prior["q05"] <= prior["q50"] <= prior["q95"]
    rate = document["inputs"]["hourly_rate"]
    assert (rate["q05"], rate["q95"]) == pytest.approx((1.4, 3.2), rel=1e-9)


def test_what_does_not_exist_is_null_with_a_reason(odd):
    ratio = odd["outputs"]["ratio"]
    assert ratio["mean"] is None
    assert ratio["sd"] is None
    assert ratio["state"] == {"mean": "none", "sd": "none"}
    assert ratio["reason"]["mean"].startswith("no mean: by the model a tail falls like x^-1.0")
    assert ratio["median"] is not None


@pytest.mark.parametrize("part", ["prior_predictive", "prior", ""])
def test_a_part_of_an_answer_is_refused(part):
    tree = run("base", given={"budget": "100M"}, outputs=["gpu_hours"], design=Design(draws=2))
    with pytest.raises(DataError, match="as a whole"):
        report_document(tree[part].to_dataset() if part else {})


@pytest.mark.slow
def test_separate_regions_are_several_intervals(odd):
    regions = [i for i in odd["outputs"]["twin"]["intervals"] if i["kind"] == "hdi"]
    assert len(regions) == 2
    assert regions[0]["high"] < 0 < regions[1]["low"]


def test_one_chain_has_no_monte_carlo_error():
    tree = run("base", given={"budget": "100M"}, outputs=["gpu_hours"], design=Design(chains=1))
    output = report_document(tree)["outputs"]["gpu_hours"]
    assert output["mean_mcse"] is None
    assert "two chains" in output["reason"]["mcse"]
