"""Domains of variables, and units that know them."""

import copy
import math

import pytest

from uncertain_scale.errors import UnitError
from uncertain_scale.units.domain import Domain, Units, domain_of


@pytest.mark.parametrize(
    ("notation", "inside", "outside", "words"),
    [
        ("(0, inf)", [5e-324, 1e300], [0.0, -1.0], "above 0"),
        ("(0, 1]", [0.5, 1.0], [0.0, 1.0000001], "above 0 and at most 1"),
        ("[1, inf)", [1.0, 7.0], [0.9999999, -1.0], "at least 1"),
        ("[-1, 1)", [-1.0, 0.0], [1.0, -1.1], "at least -1 and below 1"),
        ("(-inf, 2.5e3)", [-1e9, 2499.0], [2500.0, 1e9], "below 2500"),
        ("(-inf, inf)", [-1e9, 0.0], [], "finite"),
        ("{0, 1}", [0.0, 1.0], [0.3, 2.0, -1.0], "0 or 1"),
    ],
)
def test_ends_belong_to_a_domain_by_their_brackets(notation, inside, outside, words):
    domain = Domain(notation)
    assert all(value in domain for value in inside)
    assert not any(value in domain for value in outside)
    assert domain.words() == words


def test_what_rounding_of_units_misses_a_closed_end_by_is_forgiven():
    assert 100 * (1 / 100) * (1 - 1e-15) in Domain("[1, inf)")
    assert 1 - 1e-9 not in Domain("[1, inf)")


@pytest.mark.parametrize(
    ("low", "high", "touches"),
    [(-2, 0, False), (-2, 0.1, True), (1, 3, True), (1.1, 3, False), (0, 0, False), (1, 1, True)],
)
def test_an_interval_touches_a_domain_where_a_value_lies_in_both(low, high, touches):
    assert Domain("(0, 1]").touches(low, high) is touches
    assert Domain("(0, 1]").touches(-math.inf, math.inf)


@pytest.mark.parametrize("notation", ["0, 1", "(1, 0)", "(0; 1)", "[a, 1]", "(0, 0]", "", "(0, 1"])
def test_what_is_no_interval_is_refused(notation):
    with pytest.raises(UnitError, match="is no interval; expected such as"):
        Domain(notation)


def test_units_are_text_that_keeps_its_domain():
    units = Units("USD/gpu", Domain("(0, inf)"))
    assert units == "USD/gpu"
    assert {units: 1}["USD/gpu"] == 1
    assert domain_of(copy.deepcopy(units)) == Domain("(0, inf)")
    assert domain_of("USD/gpu") is domain_of(Units("1")) is None
