"""Conversion between units."""

import pytest

from uncertain_scale.errors import UnitError
from uncertain_scale.units import conversion_factor


@pytest.mark.parametrize(
    ("found", "expected", "factor"),
    [
        ("GW", "MW", 1e3),
        ("USD / gpu / hour", "USD/gpu/hour", 1),
        ("USD/(gpu*day)", "USD/gpu/hour", 1 / 24),
        ("PFLOP/s/gpu", "FLOP/s/gpu", 1e15),
        ("year", "day", 365.25),
        ("TWh", "GWh", 1e3),
        ("GPU*hour", "gpu*hour", 1),
        ("Mtoken", "token", 1e6),
        ("percent", "1", 0.01),
        ("", "1", 1),
    ],
)
def test_factor_between_units(found, expected, factor):
    assert conversion_factor(found, expected) == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize("units", ["USD", "gpu", "FLOP", "token", "parameter"])
def test_counted_things_do_not_mix(units):
    others = {"USD", "gpu", "FLOP", "token", "parameter", "1"} - {units}
    for other in others:
        with pytest.raises(UnitError, match="incompatible"):
            conversion_factor(units, other)


@pytest.mark.parametrize(
    "text",
    ["furlongz", "(((", "__import__('os')", "10**10**10", "(m**9)**9", "a" * 500, "$", "1;2"],
)
def test_what_is_no_unit_is_refused_quickly(text):
    with pytest.raises(UnitError, match="not a unit"):
        conversion_factor(text, "MW")


def test_offset_units_are_refused():
    with pytest.raises(UnitError, match="offset"):
        conversion_factor("degC", "kelvin")
