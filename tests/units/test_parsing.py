"""Values as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.errors import UnitError
from uncertain_scale.units import (
    Quantity,
    SpellingError,
    as_bytes,
    check_ends,
    check_spelling,
    check_suffixes,
    parse_quantity,
)


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


@pytest.mark.parametrize("text", ["2B B", "5 kB", "3 GB", "8 bits", "1 megabyte"])
def test_bytes_are_no_plain_number_and_no_count_of_something_else(text):
    for units in ("1", "parameter"):
        with pytest.raises(UnitError, match="incompatible"):
            parse_quantity(text).to(units)


def test_b_is_a_billion_but_where_the_units_are_bytes():
    assert parse_quantity(as_bytes("5 B", "parameter")).to("parameter") == 5e9
    assert parse_quantity(as_bytes("5B", "1")).to("1") == 5e9
    assert parse_quantity(as_bytes("5 B", "kB")).to("kB") == 0.005
    assert parse_quantity(as_bytes("5B/token", "byte/token")).to("byte/token") == 5
    assert parse_quantity(as_bytes("5B B", "byte")).to("byte") == 5e9


def test_a_product_is_refused_as_one():
    with pytest.raises(UnitError, match=r"'3 \* y' is a product"):
        parse_quantity("3 * y")


def test_a_bare_number_is_in_the_units_that_are_expected():
    assert parse_quantity("37").to("MW") == 37


def test_units_convert_by_magnitude():
    assert parse_quantity("0.15 GW").to("MW") == pytest.approx(150, rel=1e-15)
    assert parse_quantity("40%").to("1") == pytest.approx(0.4, rel=1e-15)


def test_incompatible_units_name_both():
    with pytest.raises(UnitError, match="'day'.*'USD'"):
        parse_quantity("80 day").to("USD")


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("2,5M", "2.5M or 25M"),
        ("0,4", "0.4 ("),
        ("0,400", "0.400 ("),
        ("$2,5M", "$2.5M or $25M"),
        ("-2,5 USD", "-2.5 USD or -25 USD"),
        ("6,5e23 FLOP", "6.5e23 FLOP or 65e23 FLOP"),
        ("10,5%", "10.5% or 105%"),
        ("1,23,456", "123.456 or 123456"),
        ("1900,5", "1900.5 or 19005"),
        ("1,9000", "1.9000 or 19000"),
        (",5M", "0.5M ("),
        ("1.234,5", "1234.5 ("),
        ("1.234.567", "1234567 ("),
        ("1,9.5", "19.5 ("),
        ("1'900", "1900 ("),
        ("1 900 MW", "1900 MW ("),
        ("1\u202f900 MW", "1900 MW ("),
        ("1__000", "1000 ("),
    ],
)
def test_a_number_that_can_be_misread_is_refused_with_its_readings(text, readings):
    with pytest.raises(UnitError) as caught:
        parse_quantity(text)
    assert f"can be misread; write {readings}" in str(caught.value)
    for reading in readings.removesuffix(" (").split(" or "):
        parse_quantity(reading)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("100 million", "100M"),
        ("250 million USD", "250M USD"),
        ("$2.5 Billion/year", "$2.5B/year"),
        ("1.5bn", "1.5B"),
        ("5 thousand gpu", "5k gpu"),
        ("-3 trillions", "-3T"),
        ("1.5 B USD", "1.5B USD"),
        ("7 B", "7B"),
        ("100 M", "100M"),
        ("100 M/year", "100M/year"),
        ("15 T tokens", "15T tokens"),
        ("$100 M", "$100M"),
        ("10^26", "1e26"),
        ("10**26 FLOP", "1e26 FLOP"),
        ("10²⁶", "1e26"),
        ("10⁻³ kW", "1e-3 kW"),
        ("1.5x10^26 FLOP", "1.5e26 FLOP"),
        ("1.5 × 10²⁶ FLOP", "1.5e26 FLOP"),
        ("$2*10^9", "$2e9"),
    ],
)
def test_a_number_spelled_otherwise_is_read_as_the_one_thing_that_it_means(text, written):
    assert parse_quantity(text) == parse_quantity(written)


@pytest.mark.parametrize(
    ("text", "units", "value"),
    [
        ("$2/GPU-hour", "USD/gpu/hour", 2),
        ("$2 per GPU-hour", "USD/gpu/hour", 2),
        ("30.84M GPU-hours", "gpu*hour", 30.84e6),
        ("5 person-years", "person*year", 5),
        ("3 GW-h", "GWh", 3),
        *((f"3640 {one}", "FLOP", 3640 * 1e15 * 86400) for one in ("PF-days", "PFLOP/s-day")),
        *((f"3640 {one}", "FLOP", 3640 * 1e15 * 86400) for one in ("PF day", "petaflop/s-days")),
        ("1e3 TF-hours", "FLOP", 1e3 * 1e12 * 3600),
    ],
)
def test_units_with_hyphens_are_read_as_in_the_literature(text, units, value):
    assert parse_quantity(text).to(units) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    "text", ["10^10^10 FLOP", "3 million million", "1e5-day", "100 MM USD", "100 PFLOP-days", "2-3"]
)
def test_what_has_no_one_reading_is_refused(text):
    with pytest.raises(UnitError):
        parse_quantity(text).to("USD" if "USD" in text else "FLOP")


@pytest.mark.parametrize(
    "text", ["300 K", "300 K/W", "3 T", "2 m", "5 kW m^2", "10 m^2", "2^26", "4 bnet"]
)
def test_what_may_be_units_is_left_to_them(text):
    check_spelling(text)
    assert parse_quantity(text).units


@pytest.mark.parametrize("text", ["100m", "1.5b USD", "100 T"])
def test_units_that_may_be_meant_for_a_suffix_are_refused_with_where_it_stands(text):
    with pytest.raises(UnitError, match="or write a suffix k, M, B or T right behind"):
        parse_quantity(text).to("USD")


@given(st.integers(0, 10**18), st.sampled_from(["", ".25", ".5e3"]))
def test_commas_between_groups_of_three_digits_change_no_number(number, rest):
    assert parse_quantity(f"{number:,}{rest}") == parse_quantity(f"{number}{rest}")


@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=7))
def test_a_comma_is_read_where_it_parts_three_digits_and_nowhere_else(whole, part):
    text = f"{whole},{part}"
    if len(part) == 3 and 0 < whole < 1000:
        assert parse_quantity(text).value == int(f"{whole}{part}")
    else:
        with pytest.raises(UnitError, match=f"{whole}.{part} {'or ' if whole else r'[(]'}"):
            parse_quantity(text)


@pytest.mark.parametrize(
    ("first", "second", "readings"),
    [
        ("100", "200M", ("100M to 200M", "100 to 200000000")),
        ("100", "200M USD", ("100M to 200M USD", "100 to 200000000 USD")),
        ("$1.5", "2.5B", ("$1.5B to 2.5B", "$1.5 to 2500000000")),
    ],
)
def test_an_interval_with_a_suffix_at_its_upper_end_alone_is_refused_with_both_readings(
    first, second, readings
):
    with pytest.raises(SpellingError, match="can be misread; write ") as caught:
        check_suffixes(first, second)
    assert caught.value.readings == readings


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("100M", "200M"), ("900", "1.1k"), ("1e2", "200M"), ("100", "2e8"), ("5", "2M")),
        *(("0", "200M"), ("-3", "200M"), ("100 MW", "200 GW"), ("x", "200M")),
    ],
)
def test_an_interval_that_has_one_reading_is_read(first, second):
    check_suffixes(first, second)


@pytest.mark.parametrize(
    ("first", "second", "readings"),
    [
        ("1,4", "3,2", ("1.4 to 3.2", "14 to 32")),
        ("0,14", "0,32", ("0.14 to 0.32",)),
        ("1.4", "3,2", ("1.4 to 3.2", "1.4 to 32")),
        ("1,400", "3,2 MW", ("1,400 to 3.2 MW", "1,400 to 32 MW")),
        ("0,4", "1,5", ("0.4 to 1.5", "0.4 to 15")),
        ("2 million", "3,5 million", ("2 million to 3.5 million", "2 million to 35 million")),
    ],
)
def test_an_interval_in_another_spelling_is_told_with_the_readings_of_both_ends(
    first, second, readings
):
    with pytest.raises(SpellingError) as caught:
        check_ends(first, second)
    assert caught.value.readings == readings
    assert f"write {' or '.join(readings)} (" in str(caught.value)
    assert str(caught.value).startswith(f"'{first} to {second}' ")


def test_an_interval_that_is_read_is_let_pass():
    check_ends("1,400", "3.2e3 MW")
    check_ends("nonsense", "3")  # which others refuse


def test_each_number_behind_the_first_is_respelled_in_a_reading():
    with pytest.raises(SpellingError) as caught:
        parse_quantity("1,4 ± 0,2")
    assert caught.value.readings == ("1.4 ± 0.2", "14 ± 0.2")


def test_a_range_of_a_sweep_is_no_value_and_the_interval_is_shown() -> None:
    with pytest.raises(UnitError, match=r"'3\.\.4' is a range of a sweep; .*'3 to 4'"):
        parse_quantity("3..4")
