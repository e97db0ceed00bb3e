"""Givens from Python: numbers, texts and quantities; all else is refused by its name."""

import numpy as np
import pytest

from uncertain_scale import Design, believe, load_priors, sample
from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.model import ask, default_model
from uncertain_scale.units import Quantity


@pytest.mark.parametrize("value", [None, True, [1, 2], (1, 2), float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(UnitError, match=r"^given budget = "):
        ask(default_model(), {"budget": value})


def test_a_quantity_that_is_no_finite_number_is_refused_by_name():
    with pytest.raises(UnitError, match=r"^given budget = "):
        ask(default_model(), {"budget": Quantity(float("nan"), "USD")})


SCALING_LAW = {"alpha": 0.34, "beta": 0.28, "log_A": 6, "log_B": 6, "log_E": 0.5}


def test_all_inputs_of_a_joint_sample_can_be_replaced_one_by_one():
    """Hoffmann's optimum in closed form: N = (alpha A / beta B)^(1/(a+b)) (C/6)^(b/(a+b))."""
    model = default_model()
    base = load_priors("base", variables=model.variables)
    priors = believe(base, model, SCALING_LAW)
    assert not priors.joints
    question = ask(model, {"training_flop": "5.76e23"}, outputs=["optimal_params"])
    tree = sample(model, priors, question, Design(draws=2, chains=2))
    exact = (0.34 / 0.28) ** (1 / 0.62) * 9.6e22 ** (0.28 / 0.62)
    found = tree["prior_predictive/optimal_params"].to_numpy()
    assert found == pytest.approx(np.full((2, 2), exact), rel=1e-9)


def test_some_inputs_of_a_joint_sample_cannot_be_replaced():
    model = default_model()
    base = load_priors("base", variables=model.variables)
    some = {name: value for name, value in SCALING_LAW.items() if name != "log_E"}
    with pytest.raises(QuestionError, match=r"drawn by whole rows with log_E; replace all of them"):
        believe(base, model, some)
