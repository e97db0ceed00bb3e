"""Axes: values lie where they should, ticks are few and read back as their values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.report.figures.axes import axis_for
from uncertain_scale.report.numbers import with_powers

POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read_back(text, axis):
    """Return the number that a tick's words stand for, by its suffix or power."""
    mantissa, _, power = text.replace(",", "").partition("×10")
    if text.startswith("10") and any(c in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" for c in text):
        mantissa, power = "1", text[2:]
    if power:
        divisor = 1.0 if axis.scale.suffix else axis.scale.divisor
        return float(mantissa) * divisor * 10.0 ** int(power.translate(POWERS))
    factor = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(mantissa[-1])
    if factor:
        return float(mantissa[:-1]) * factor
    scale = axis.scale
    if scale.exponent is not None:
        return float(mantissa) * 10.0**scale.exponent
    return float(mantissa) * (1.0 if scale.suffix else scale.divisor)


@given(
    st.floats(1e-12, 1e29),
    st.floats(1.05, 1e6),
    st.sampled_from(["FLOP", "USD", "gpu", "MW", "1"]),
    st.booleans(),
)
def test_ticks_are_few_inside_and_read_back_as_their_values(low, ratio, units, log):
    high = low * ratio
    axis = axis_for(low, high, units, middle=math.sqrt(low * high), log=log)
    ticks = axis.ticks(5)
    assert 1 <= len(ticks) <= 5
    places = [axis.place(value) for value, _ in ticks]
    assert places == sorted(places)
    for value, text in ticks:
        assert low * (1 - 1e-6) <= value <= high * (1 + 1e-6)
        assert read_back(text, axis) == pytest.approx(value, rel=2e-5, abs=2e-6 * high)
    assert len({text for _, text in ticks}) == len(ticks)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_a_logarithmic_axis_puts_equal_ratios_equally_far_apart(a, b):
    axis = axis_for(1e-4, 1e4, "1", middle=1.0, log=True)
    expected = math.log(b / a) / math.log(1e8)
    assert axis.place(b) - axis.place(a) == pytest.approx(expected, abs=1e-12)


def test_a_median_near_nothing_does_not_decide_how_ticks_are_written():
    axis = axis_for(-30.0, 30.0, "1", middle=8e-6, log=False)
    assert [text for _, text in axis.ticks(5)] == ["-20", "0", "20"]
    assert axis.units == ""


def test_what_lies_outside_is_drawn_at_the_end():
    axis = axis_for(1.0, 10.0, "1", middle=3.0, log=True)
    assert (axis.place(0.0), axis.place(1e9)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "units", "texts", "named"),
    [
        (2e25, 1.1e26, "FLOP", ["2", "3", "5", "7", "10"], "10²⁵ FLOP"),
        (1e7, 1e11, "USD", ["10M", "100M", "1B", "10B", "100B"], "USD"),
        (2e24, 1e29, "FLOP", ["10²⁵", "10²⁶", "10²⁷", "10²⁸", "10²⁹"], "FLOP"),
        (0.5, 12.0, "1", ["0.5", "1", "2", "5", "10"], ""),
    ],
)
def test_ticks_that_people_read(low, high, units, texts, named):
    axis = axis_for(low, high, units, middle=math.sqrt(low * high), log=True)
    assert [text for _, text in axis.ticks(5)] == texts
    assert axis.units == named


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2.32e25 to 9.85e25", "2.32×10²⁵ to 9.85×10²⁵"),
        ("4.57e-4", "4.57×10⁻⁴"),
        ("8e-6 (90%: -6.3e0 to 6.3e0)", "8×10⁻⁶ (90%: -6.3 to 6.3)"),
        ("h100e25 and v1.2e3", "h100e25 and v1.2e3"),
        ("47.2M (90%: 31.3M)", "47.2M (90%: 31.3M)"),
    ],
)
def test_powers_are_raised_in_numbers_alone(text, shown):
    assert with_powers(text) == shown


@pytest.mark.parametrize(
    ("ends", "right"),
    [
        ((2018, 2030), ["2020", "2025", "2030"]),
        ((2024, 2030), ["2024", "2026", "2028", "2030"]),
        ((2020, 2024), ["2020", "2021", "2022", "2023", "2024"]),
    ],
)
def test_dates_have_ticks_at_whole_years(ends, right):
    axis = axis_for(*ends, "date", middle=ends[1], log=False)
    assert [words for _, words in axis.ticks(6)] == right
