"""The cheapest model to train and serve, against direct minimisation and published figures."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from uncertain_scale import Design, run
from uncertain_scale.equations import chinchilla, lifetime, overtraining

LAW = {"alpha": 0.348, "beta": 0.366}
# Constants of the fit that Sardana et al. 2024 take, from Hoffmann et al. 2022.
SARDANA = {"log_A": np.log(406.4), "log_B": np.log(410.7), "alpha": 0.336, "beta": 0.283}


def value(law, **known):
    array = law(**{name: np.array([number]) for name, number in known.items()})
    return float(array[0])


def multiples(weight, **law):
    """Return the cheapest model's multiple of data and its shrink factor."""
    data = value(lifetime.cheapest_data_multiple, serving_weight=weight, **law)
    shrink = value(lifetime.cheapest_shrink_factor, cheapest_data_multiple=data, **law)
    return data, shrink


@pytest.mark.parametrize("weight", [1e-3, 0.3, 5.0, 80.0, 1e4])
@pytest.mark.parametrize("law", [LAW, {"alpha": 0.336, "beta": 0.283}])
def test_no_other_model_of_equal_loss_is_cheaper(weight, law):
    """Against a search over shrink factors, each with the data that make up for it."""

    def cost(log_shrink):
        shrink = np.exp(log_shrink)
        data = value(chinchilla.equal_loss_data_multiple, shrink_factor=shrink, **law)
        return (data + weight / 3) / shrink

    data, shrink = multiples(weight, **law)
    largest = np.log(1 + law["alpha"] / law["beta"]) / law["alpha"]
    found = minimize_scalar(
        cost, bounds=(0, largest * (1 - 1e-9)), method="bounded", options={"xatol": 1e-12}
    )
    assert (data + weight / 3) / shrink == pytest.approx(found.fun, rel=1e-12)
    assert np.log(shrink) == pytest.approx(found.x, abs=3e-6)  # flat at the minimum
    saving = value(
        lifetime.lifetime_saving,
        serving_weight=weight,
        cheapest_data_multiple=data,
        cheapest_shrink_factor=shrink,
    )
    assert saving == pytest.approx((1 + weight / 3) / found.fun, rel=1e-12)


def test_where_nothing_is_served_the_compute_optimal_model_is_cheapest():
    assert multiples(0.0, **LAW) == (1.0, 1.0)
    cost = value(
        lifetime.lifetime_cost,
        training_flop=1e25,
        cost_per_flop=2.0,
        serving_weight=0.0,
        cheapest_data_multiple=1.0,
        cheapest_shrink_factor=1.0,
    )
    assert cost == 2e7


def test_the_more_is_served_the_smaller_the_model_and_the_more_its_data():
    """And in the limit a little of either: ln m = w / (3 (alpha + beta))."""
    weights = np.geomspace(1e-9, 1e9, 60)
    data = lifetime.cheapest_data_multiple(weights, **LAW)
    shrink = lifetime.cheapest_shrink_factor(data, **LAW)
    assert (np.diff(data) > 0).all()
    assert (np.diff(shrink) > 0).all()
    assert shrink[-1] < (1 + LAW["alpha"] / LAW["beta"]) ** (1 / LAW["alpha"])
    assert np.log(data[0]) == pytest.approx(weights[0] / 3 / sum(LAW.values()), rel=1e-6)


def test_a_published_saving():
    """Sardana et al. 2024, figure 1: a 7B model in the place of a 13B one, 2e12 tokens served.

    It saves 1.7e22 FLOP, 17%, at the loss of the compute-optimal 13B model.
    """
    dense = {"expert_sparsity": 1.0, "sparsity_exponent": 0.5}
    flop = value(chinchilla.training_flop__from_params, optimal_params=13e9, **SARDANA, **dense)
    tokens = value(chinchilla.optimal_tokens, training_flop=flop, **SARDANA, **dense)
    law = {name: SARDANA[name] for name in ("alpha", "beta")}
    data = value(chinchilla.equal_loss_data_multiple, shrink_factor=13 / 7, **law)
    weight = value(
        lifetime.serving_weight, served_tokens=2e12, optimal_tokens=tokens, serving_penalty=1.0
    )
    before = flop * (1 + weight / 3)
    after = flop * (data + weight / 3) * 7 / 13
    assert before - after == pytest.approx(1.7e22, abs=0.05e22)
    assert 1 - after / before == pytest.approx(0.17, abs=0.005)
    # The cheapest saves at least as much.
    best_data, best_shrink = multiples(weight, **law)
    assert flop * (best_data + weight / 3) / best_shrink < after


@pytest.mark.parametrize("shrink", [1.2, 3.0])
def test_at_the_breakeven_both_models_cost_the_same(shrink):
    """6 N D + 2 k N T of both, at any penalty k."""
    data = value(chinchilla.equal_loss_data_multiple, shrink_factor=shrink, **LAW)
    tokens = value(
        lifetime.breakeven_served_tokens,
        optimal_tokens=2e12,
        serving_penalty=2.5,
        equal_loss_data_multiple=data,
        shrink_factor=shrink,
    )
    optimal = 6 * 2e12 + 2 * 2.5 * tokens
    smaller = (6 * 2e12 * data + 2 * 2.5 * tokens) / shrink
    assert smaller == pytest.approx(optimal, rel=1e-13)


def test_a_model_too_small_for_any_data_never_pays():
    known = {"optimal_tokens": 1e12, "serving_penalty": 1.0, "shrink_factor": 9.0}
    tokens = value(lifetime.breakeven_served_tokens, equal_loss_data_multiple=np.inf, **known)
    assert tokens == np.inf


def test_the_cheapest_model_reaches_the_loss_of_the_optimum():
    """By the law of overtraining its compute multiple is worth that of the optimum, 1."""
    data, shrink = multiples(5.0, **LAW)
    worth = value(
        overtraining.optimal_equivalent_multiple, data_multiple=data, shrink_factor=shrink, **LAW
    )
    assert worth == pytest.approx(1.0, rel=1e-12)


def test_a_question_of_what_is_served_is_answered_and_zero_is_an_answer():
    outputs = ["cheapest_params", "optimal_params", "lifetime_saving"]
    given = {"training_flop": "1e26", "served_tokens": "0"}
    tree = run(given=given, outputs=outputs, design=Design(draws=64, chains=4))
    draws = {name: np.asarray(tree[f"prior_predictive/{name}"]) for name in outputs}
    assert (draws["cheapest_params"] == draws["optimal_params"]).all()
    assert (draws["lifetime_saving"] == 1).all()
