"""Givens from Python: numbers, texts and quantities; all else is refused by its name."""

import pytest

from uncertain_scale.errors import UnitError
from uncertain_scale.model import ask, default_model
from uncertain_scale.units import Quantity


@pytest.mark.parametrize("value", [None, True, [1, 2], (1, 2), float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(UnitError, match=r"^given budget = "):
        ask(default_model(), {"budget": value})


def test_a_quantity_that_is_no_finite_number_is_refused_by_name():
    with pytest.raises(UnitError, match=r"^given budget = "):
        ask(default_model(), {"budget": Quantity(float("nan"), "USD")})
