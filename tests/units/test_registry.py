"""Conversion between units."""

import pytest

from uncertain_scale.errors import UnitError
from uncertain_scale.units import conversion_factor, declare_unit


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


def test_a_unit_of_ones_own_converts_to_what_it_is_declared_as_and_to_nothing_else():
    declare_unit("XEU")
    declare_unit("XEU")  # each file may declare it
    declare_unit("crew", "12 person")
    assert conversion_factor("XEU/gpu", "XEU/gpu/1") == 1
    assert conversion_factor("crew", "person") == 12
    for other in ("USD", "1", "person"):
        with pytest.raises(UnitError, match="'XEU' are incompatible"):
            conversion_factor("XEU", other)


@pytest.mark.parametrize(
    ("name", "stated", "why"),
    [
        ("USD", "own", "'USD' is a unit already"),
        ("day", "25 hour", "'day' is a unit already"),
        ("XGB", "1.17 USD", "a rate of exchange moves"),
        ("M", "own", "'M' is a unit already"),
        ("2x", "own", "cannot name a unit"),
        ("wisp", "3 furlongz", "not a unit"),
        ("wisp", "1,5 hour", "can be misread"),
    ],
)
def test_a_unit_that_would_change_or_guess_one_is_refused(name, stated, why):
    with pytest.raises(UnitError, match=why):
        declare_unit(name, stated)


def test_a_unit_is_declared_in_one_way():
    declare_unit("shift", "8 hour")
    with pytest.raises(UnitError, match="declared as '8 hour' already"):
        declare_unit("shift", "7 hour")


@pytest.mark.parametrize(("typed", "units"), [("mW", "MW"), ("mWh", "GWh"), ("mW/gpu", "kW/gpu")])
def test_milliwatts_are_not_taken_for_megawatts(typed, units):
    with pytest.raises(UnitError, match=f"'{typed}' is in milliwatts; write M"):
        conversion_factor(typed, units)
    assert conversion_factor("mW", "W") == 1e-3
