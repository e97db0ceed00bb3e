"""Computed numbers that equal a threshold but for rounding: in doubles 0.1 x 3 is above 0.3."""

import numpy as np
import pytest

from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.analysis.conditioning import condition
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.analysis.sensitivity import decision_value, parse_loss
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.units.rounding import compare

EQUATIONS = """
def cost(price, items):
    return price * items
def both(price, fee):
    return price + fee
def limit(items):
    return items / 10
"""
PRIORS = """
schema_version = 1
inputs.price = { kind = "choice", values = [0.1, 0.2] }
inputs.items = { kind = "choice", values = [3, 6] }
inputs.fee = { kind = "choice", values = [0.2, 0.5] }
"""
DESIGN = Design(draws=256, chains=16)
# By hand: cost is 0.3, 0.6, 0.6, 1.2 and both 0.3, 0.4, 0.6, 0.7, a quarter each.
SHARES = [
    ("cost <= 0.3", 0.25),
    ("cost > 0.3", 0.75),
    ("cost <= 0.6", 0.75),
    ("cost < 0.6", 0.25),
    ("cost >= 0.6", 0.75),
    ("cost < 0.3", 0.0),
    ("cost >= 1.2", 0.25),
    ("cost > 1.2", 0.0),
    ("0.3 >= both", 0.25),
    ("both < 0.3", 0.0),
    ("cost <= limit", 0.5),  # of 0.3 or 0.6 and the items' tenth: where the price is 0.1
    ("cost < limit", 0.0),
]


@pytest.fixture(scope="module")
def bulk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk")
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "own.toml").write_text(PRIORS, encoding="utf-8")
    model = Model.of(folder / "own.py")
    priors = load_priors(folder / "own.toml", variables=model.variables)
    return model, priors, ask(model, {}, outputs=["cost", "both", "limit"])


def test_draws_that_are_held_and_that_are_streamed_count_ties_as_equal(bulk):
    events = [parse_event(text, bulk[0].variables) for text, _ in SHARES]
    tree = sample(*bulk, DESIGN)
    streamed = stream(*bulk, DESIGN, events=events, threads=2).probabilities()
    for (text, share), event, other in zip(SHARES, events, streamed, strict=True):
        held = probability_in(event, tree)
        assert held.value == pytest.approx(share, abs=0.01), text
        assert other.value == held.value, text
        assert (held.low == held.high) is (other.low == other.high), text


def test_a_tie_at_the_end_of_a_range_is_not_impossible(bulk):
    event = parse_event("cost <= 0.3", bulk[0].variables)
    found = probability_in(event, sample(*bulk, DESIGN))
    assert found.low < 0.25 < found.high
    assert found.high < 1


def test_a_decision_counts_ties_as_its_event_does(bulk):
    """Yes loses 1 x 0.75, no 4 x 0.25; a price known to be 0.2 turns the answer, and saves 0.5."""
    question = ask(bulk[0], {}, outputs=["cost"])
    event = {"output": "cost", "threshold": 0.3, "direction": "<="}
    loss = parse_loss("false yes=1, false no=4", bulk[0].variables["cost"])
    found = decision_value(*bulk[:2], question, DESIGN, **event, loss=loss)
    assert str(found["answer"].item()) == "yes"
    assert float(found["probability"]) == pytest.approx(0.25, abs=0.01)
    assert float(found["evppi"].sel(input="price")) == pytest.approx(0.5, abs=0.03)


def test_a_bound_that_is_observed_allows_ties(bulk, tmp_path):
    (tmp_path / "bound.toml").write_text(
        'schema_version = 1\n[[observations]]\nname = "bill"\nvariable = "cost"\nupper = 0.3\n',
        encoding="utf-8",
    )
    tree = condition(*bulk, DESIGN, [tmp_path / "bound.toml"])
    assert float(tree["posterior_predictive/cost"].max()) == pytest.approx(0.3)


@pytest.mark.parametrize("size", [1e-300, 1e-9, 1.0, 1e15, 1e300])
def test_equal_is_what_rounding_leaves_at_any_size(size):
    near, far = size * (1 + 1e-15), size * (1 + 1e-12)
    assert compare(near, "<=", size)
    assert not compare(near, ">", size)
    assert compare(size, ">=", near)
    assert not compare(size, "<", near)
    assert compare(far, ">", size)
    assert not compare(far, "<=", size)


def test_infinite_ends_are_compared_as_they_are():
    ends = np.array([-np.inf, np.inf])
    assert compare(ends, ">=", 0.0).tolist() == [False, True]
    assert compare(0.0, "<", ends).tolist() == [False, True]
    assert compare(ends, "<=", np.inf).tolist() == [True, True]
