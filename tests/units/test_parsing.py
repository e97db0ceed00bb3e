"""Values as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.errors import UnitError
from uncertain_scale.units import Quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "value", "units"),
    [
        ("100M", 1e8, None),
        ("25k", 25_000, None),
        ("1.5e9", 1.5e9, None),
        ("2e25 FLOP", 2e25, "FLOP"),
        ("120 MW", 120, "MW"),
        ("120MW", 120, "MW"),
        ("80 day", 80, "day"),
        ("80day", 80, "day"),
        ("100M USD", 1e8, "USD"),
        ("$2B", 2e9, "USD"),
        ("$2.1/gpu/hour", 2.1, "USD/gpu/hour"),
        ("$3M /gpu", 3e6, "USD/gpu"),
        ("25k gpu", 25_000, "gpu"),
        ("40%", 40, "%"),
        ("1_000_000", 1e6, None),
        ("1,000,000 USD", 1e6, "USD"),
        ("-.5", -0.5, None),
        (" 3 T ", 3, "T"),
        ("3T", 3e12, None),
    ],
)
def test_reads_number_suffix_and_units(text, value, units):
    assert parse_quantity(text) == Quantity(value, units)


@pytest.mark.parametrize("text", ["", "M", "abc", "1.2.3.4 e", "1e999", "--3", "nan", "inf", "k5"])
def test_refuses_what_is_no_number(text):
    with pytest.raises(UnitError):
        parse_quantity(text).to("1")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reads_back_every_number_that_python_writes(value):
    assert parse_quantity(repr(value)).value == value


def test_a_bare_number_is_in_the_units_that_are_expected():
    assert parse_quantity("37").to("MW") == 37


def test_units_convert_by_magnitude():
    assert parse_quantity("0.15 GW").to("MW") == pytest.approx(150, rel=1e-15)
    assert parse_quantity("40%").to("1") == pytest.approx(0.4, rel=1e-15)


def test_incompatible_units_name_both():
    with pytest.raises(UnitError, match="'day'.*'USD'"):
        parse_quantity("80 day").to("USD")
