"""What a figure covers: all that rounds to it at its stated digits."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from uncertain_scale.errors import UnitError
from uncertain_scale.inputs.assertion import figure, significant_digits, span


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("9e25 FLOP", 1),
        ("9.0e25 FLOP", 2),
        ("40 MW", 1),
        ("150MW", 2),
        ("2.3 year", 2),
        ("2.30", 3),
        ("0.05", 1),
        ("1000", 1),
        ("40_000 USD", 1),
        ("25k gpu", 2),
        ("$1.5B", 2),
        ("-12", 2),
        ("0", 1),
    ],
)
def test_digits_are_those_that_are_typed(text, digits):
    assert significant_digits(text) == digits


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("9e25 FLOP", 8.5e25, 9.5e25),
        ("2e26 FLOP", 1.5e26, 2.5e26),
        ("1e26 FLOP", 9.5e25, 1.5e26),  # the step below a power of ten is finer
        ("0.1 YFLOP", 0.095e24, 0.15e24),
    ],
)
def test_a_figure_covers_what_rounds_to_it(text, low, high):
    asserted = figure(text, "FLOP")
    assert (asserted.low, asserted.high) == pytest.approx((low, high), rel=1e-12)


def test_rounding_is_to_the_digits_typed_whatever_the_models_units_are():
    asserted = figure("2.3 year", "day")
    assert asserted.low == pytest.approx(2.25 * 365.25, rel=1e-12)
    assert asserted.high == pytest.approx(2.35 * 365.25, rel=1e-12)


def test_stated_digits_win_over_the_text():
    asserted = figure("100 MW", "MW", digits=3)
    assert (asserted.low, asserted.high) == pytest.approx((99.95, 100.5), rel=1e-12)


@given(
    st.floats(min_value=1e-30, max_value=1e30),
    st.integers(min_value=1, max_value=6),
    st.floats(min_value=0.3, max_value=3),
)
def test_covers_as_pythons_own_rounding_does(size, digits, factor):
    """Independent code: what prints alike to so many digits is what is asserted."""
    text = f"{size:.{digits - 1}e}"
    number = float(text) * factor
    asserted = figure(text, "1", digits=digits)
    # A number within rounding errors of an end may print either way.
    assume(all(abs(number / end - 1) > 1e-6 for end in (asserted.low, asserted.high)))
    assert asserted.covers(number) == (f"{number:.{digits - 1}e}" == text)


def test_intervals_and_bounds():
    assert span("15 USD/Mtoken", "20 USD/Mtoken", "USD/Mtoken").kind == "interval"
    least = span("3", None, "1")
    assert (least.kind, least.low, least.high) == ("at least", 3, math.inf)
    assert least.covers(3)
    most = span(None, "0.15 GW", "MW")
    assert (most.kind, most.low, most.high) == ("at most", -math.inf, 150)
    assert most.covers(154)
    assert not most.covers(156)
    with pytest.raises(UnitError, match="swap them"):
        span("20", "15", "1")


def test_nearest_is_the_figure_or_the_end_of_an_interval():
    assert figure("9e25", "1").nearest_to(1) == 9e25
    assert span("2", "3", "1").nearest_to(5) == 3
    assert span("2", "3", "1").nearest_to(2.5) == 2.5


@pytest.mark.parametrize(
    ("low", "high", "number", "covered"),
    [
        ("3e25", "5e25", 2.95e25, True),
        ("3e25", "5e25", 2.4e25, False),
        ("3.00e25", None, 2.99e25, False),
        (None, "5e25", 5.4e25, True),
        (None, "5e25", 5.6e25, False),
    ],
)
def test_ends_count_to_their_stated_digits_as_figures_do(low, high, number, covered):
    assert span(low, high, "FLOP").covers(number) is covered
