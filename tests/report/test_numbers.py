"""Numbers with as many digits as their error supports, in readable prefixes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.report.numbers import (
    common_scale,
    digits,
    error_in_words,
    probability_in_words,
    quantity_text,
    scale_for,
)


@pytest.mark.parametrize(
    ("value", "error", "units", "text", "unit"),
    [
        (7.7566e25, 1.2e23, "FLOP", "7.76e25", "FLOP"),
        (7.7566e25, 4e24, "FLOP", "8e25", "FLOP"),
        (4.71e7, 1e4, "gpu*hour", "47.1M", "gpu-hours"),
        (1562.4, 3, "MW", "1.56", "GW"),
        (37.5, 0.01, "MW", "37.5", "MW"),
        (1234.0, 1, "GWh", "1.23", "TWh"),
        (999.96, 0.01, "gpu", "1,000", "GPUs"),
        (9.996e25, 1e22, "FLOP", "1.00e26", "FLOP"),
        (0.27, 1e-4, "1", "0.270", ""),
        (0.0004567, 1e-7, "1", "4.57e-4", ""),
        (-3.26, 0.5, "1", "-3", ""),
        (0.4, 5.0, "MW", "0.4", "MW"),
        (0.0, 0.0, "1", "0", ""),
        (2.1e9, None, "USD", "2.10B", "USD"),
    ],
)
def test_writes_what_the_error_supports(value, error, units, text, unit):
    scale = scale_for([value], units)
    assert (scale.write(value, error), scale.units) == (text, unit)


@pytest.mark.parametrize(
    ("value", "units", "text"),
    [
        (83.3333333, "day", "83.33"),
        (989.4e12, "FLOP/s/gpu", "9.894e14"),
        (2.16e26, "FLOP", "2.16e26"),
        (25_000, "gpu", "25k"),
    ],
)
def test_constants_are_written_exactly_and_without_padding(value, units, text):
    assert scale_for([value], units).write(value, 0.0, exact=True) == text


@pytest.mark.parametrize(
    ("values", "units", "texts"),
    [
        ((2019.88, 2019.67, 2020.09), "year", ["2019.88", "2019.67", "2020.09"]),
        ((150.0, 149.2, 150.8), "day", ["150", "149.2", "150.8"]),
        ((1.0004e26, 1.0003e26, 1.00052e26), "FLOP", ["1.0004e26", "1.0003e26", "1.00052e26"]),
        ((25_000, 24_990, 25_010), "gpu", ["25k", "24.99k", "25.01k"]),
        ((-1e6 - 1, -1e6 - 2, -1e6), "1", ["-1.000001e6", "-1.000002e6", "-1e6"]),
        ((2e15, 2e15 - 3, 2e15 + 3), "1", ["2e15", "1.999999999999997e15", "2.000000000000003e15"]),
        ((2.1, 1.4, 3.2), "USD/gpu/hour", ["2.1", "1.4", "3.2"]),
        ((3e-4, -0.561, 0.0562, 4e-3), "1", ["3e-4", "-0.561", "0.0562", "4e-3"]),
        ((3e8, 0.561, 5e9), "FLOP", ["3e8", "0.561", "5e9"]),
    ],
)
def test_numbers_that_lie_close_together_are_told_apart(values, units, texts):
    scale = scale_for(values, units)
    assert [scale.write(value, exact=True) for value in values] == texts


@given(st.floats(1, 1e25), st.floats(1e-9, 1), st.sampled_from(["year", "FLOP", "USD", "MW", "1"]))
def test_ends_of_an_interval_are_not_written_alike(middle, relative, units):
    """Whatever the width, the ends stand for themselves to a tenth of it."""
    ends = middle, middle * (1 + relative)
    scale = scale_for(ends, units)
    found = [
        float(scale.write(end).replace(",", "").rstrip("kMBT")) * scale.divisor for end in ends
    ]
    for end, number in zip(ends, found, strict=True):
        assert abs(number - end) <= 0.1 * (ends[1] - ends[0])


def test_the_error_still_limits_the_digits_of_close_ends():
    scale = scale_for((2019.88, 2019.67, 2020.09), "year")
    assert [scale.write(2019.8762, error) for error in (0.001, 0.1, 1.5)] == [
        "2019.88",
        "2019.9",
        "2020",
    ]


@pytest.mark.parametrize("value", [5e-324, 1e-310, 9.997e-311, 1.5e-300, 8e307])
@pytest.mark.parametrize("relative", [0.0, 1e-3, 1.0])
def test_numbers_at_the_ends_of_the_range_are_written(value, relative):
    text = scale_for([value], "1").write(value, value * relative)
    assert float(text) == pytest.approx(value, rel=0.6 if relative == 1 else 0.01)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_a_dash(value):
    assert scale_for([1.0], "USD").write(value) == "-"


@given(
    st.floats(1e-30, 1e30),
    st.floats(1e-12, 0.1),
    st.sampled_from(["FLOP", "USD", "gpu", "MW", "1", "GWh"]),
)
def test_text_reads_back_within_half_a_unit_of_its_last_digit(value, relative, units):
    """Whatever the scale, the text stands for the value to the digit that the error supports."""
    error = value * relative
    scale = scale_for([value], units)
    text = scale.write(value, error)
    number = float(text.replace(",", "").rstrip("kMBT")) * scale.divisor
    step = 10.0 ** digits(value, error)
    assert abs(number - value) <= 0.5001 * max(step, value * 1e-2)
    assert step >= error / 2 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("share", "error", "text"),
    [
        (3e-4, 5e-5, "0.03%"),
        (3.123e-4, 5e-6, "0.031%"),
        (3.123e-4, 1e-9, "0.0312%"),
        (4.2e-8, 1e-9, "0.0000042%"),
        (1 - 3.12e-4, 5e-6, "99.969%"),
        (3e-4, 4e-4, "<0.1%"),
        (1 - 3e-4, 4e-4, ">99.9%"),
        (3e-4, None, "<0.1%"),
        (0.0312, 5e-5, "3.12%"),
    ],
)
def test_a_small_probability_has_the_digits_that_its_error_bears(share, error, text):
    found = {"probability": share, "mcse": error, "low": 0.0, "high": 1.0}
    assert probability_in_words(found) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.0, ""),
        (0.5, "50%"),
        (0.0123, "1%"),
        (0.00096, "0.1%"),
        (7e-5, "0.007%"),
        (3e-8, ""),
    ],
)
def test_errors_of_probabilities_have_one_digit_and_no_exponent(error, text):
    assert error_in_words(error) == text


def test_a_median_about_zero_does_not_make_powers_of_ten_of_its_interval():
    scale = scale_for([-4e-4, -12.93, 12.71], "1")
    assert [scale.write(end, 0.05) for end in (-12.93, 12.71)] == ["-12.9", "12.7"]


def test_a_number_without_units_may_be_a_year_of_the_calendar():
    scale = scale_for([2029.31, 2028.9, 2030.4], "1")
    assert scale.write(2029.31, 0.1) == "2029.3"
    assert scale_for([12345.6], "1").write(12345.6, 0.1) == "12,300"


def test_an_error_far_below_a_suffix_has_none():
    scale = scale_for([8.2e3], "gpu")
    assert scale.suffix == "k"
    assert scale.write_error(14.0) == "0.014k"
    assert scale.write_error(0.014) == "0.014"


def test_a_share_is_written_in_per_cent_and_one_that_is_nearly_none_as_a_number():
    assert scale_for([0.0115, 0.004, 0.031], "%").write(0.0115) == "1.15"
    assert quantity_text(scale_for([0.2], "%").write(0.2, exact=True), "%") == "20%"
    assert scale_for([3e-8], "%").write(3e-8) == "3.00e-8"


def test_rows_that_lie_within_three_decades_share_a_scale():
    def row(median):
        ends = {"kind": "eti", "low": median / 3, "high": median * 3}
        return {"median": median, "units": "parameter", "intervals": [ends]}

    assert common_scale([row(4e11), row(9e11), row(2.4e12)], "optimal_params").suffix == "B"
    assert common_scale([row(2e11), row(4e11)], "optimal_params") is None  # they do already
    assert common_scale([row(1e8), row(1e12)], "optimal_params") is None  # too far apart


def test_ends_far_apart_are_powers_of_ten_and_near_ones_are_plain() -> None:
    """No suffix of the median makes ends readable that lie a million times apart."""
    scale = scale_for([1.72e7, 40.2, 1e9], "gpu*hour")
    assert [scale.write(value, 0.002 * value) for value in (1.72e7, 40.2, 1e9, 3.8e-4)] == [
        "1.72e7",
        "40.2",
        "1.00e9",
        "3.80e-4",
    ]
    assert scale_for([1.72e7, 1.8e1, 1e7], "gpu*hour").suffix == "M"


@pytest.mark.parametrize(
    ("size", "error", "expected"),
    [
        (5e4, 6.1e6, "6,100k"),  # once 6.1e+03k
        (2e5, 2.1e14, "2.1e14"),  # once 2.1e+11k
        (1e9, 1.9e8, "0.19B"),
        (5e8, 1.9e8, "190M"),  # once 1.9e+02M
        (5e8, 12.0, "12"),
    ],
)
def test_errors_have_two_digits_and_one_power(size: float, error: float, expected: str) -> None:
    """A suffix and an exponent never stand together."""
    assert scale_for([size], "gpu").write_error(error) == expected
