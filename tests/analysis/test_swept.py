"""What is swept, as people type it."""

import numpy as np
import pytest

from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError, UncertainScaleError, UnitError
from uncertain_scale.units import Quantity


def axis(value, **options):
    _, (found,) = read_axes({"x": value}, **options)
    return found


def test_a_range_of_a_decade_has_logarithmic_steps_and_a_shorter_one_linear_steps():
    assert axis("10..100", points=3).spacing == "log"
    assert axis("10..99", points=3).spacing == "linear"
    assert axis("-10..100", points=3).spacing == "linear"
    assert axis("0..100", points=3).values == (0, 50, 100)
    assert axis("10..100", points=3, spacing="linear").values == (10, 55, 100)
    assert axis("10..11", points=2, spacing="log").spacing == "log"


def test_ends_are_exact_and_round_numbers_within_are_hit_to_the_bit():
    found = axis("10M..100B", points=25)
    assert len(found.values) == 25
    assert (found.values[0], found.values[-1]) == (1e7, 1e11)
    assert {1e8, 1e9, 1e10} < set(found.values)
    steps = np.diff(np.log(found.values))
    assert steps == pytest.approx(np.full(24, np.log(1e4) / 24), rel=1e-9)


def test_points_are_for_all_ranges_or_for_one():
    given = {"a": "1..2", "b": "1..2"}
    sizes = [
        [len(one.values) for one in read_axes(given, points=points)[1]]
        for points in (None, 3, {"b": 4})
    ]
    assert sizes == [[9, 9], [3, 3], [9, 4]]
    assert len(axis("1..2").values) == 25


@pytest.mark.parametrize(
    ("listed", "values", "units"),
    [
        ("10M,30M, 100M", (1e7, 3e7, 1e8), None),
        ("100, 50 MW", (50, 100), "MW"),
        ("0.1 GW, 50 MW", (0.05, 0.1), "GW"),
        ([3, 1.0], (1, 3), None),
        (np.array([1, 2]), (1, 2), None),
        ([Quantity(1, "GW"), "200 MW"], (0.2, 1), "GW"),
    ],
)
def test_lists_are_sorted_and_brought_to_one_unit(listed, values, units):
    found = axis(listed)
    assert found.values == pytest.approx(values)
    assert (found.units, found.spacing) == (units, "list")


def test_units_of_one_end_are_those_of_the_other():
    found = axis("100..1000 MW", points=3)
    assert (found.values, found.units) == ((100, 316.227766017, 1000), "MW")
    assert axis("100 MW..1 GW", points=2).values == (100, 1000)


def test_what_is_not_swept_stays_as_it_was_typed():
    given = {
        "a": "1..2",
        "b": "beta(alpha=1.4, beta=2)",
        "c": "1,000 to 3,200",
        "d": 3.0,
        "e": Quantity(1, "GW"),
    }
    fixed, axes = read_axes(given)
    assert [one.name for one in axes] == ["a"]
    assert fixed == {name: given[name] for name in "bcde"}


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ({"x": "3"}, {}, "nothing is swept"),
        ({"x": "1..2", "y": "1..2", "z": "1, 2"}, {}, r"3 givens are swept \(x, y, z\)"),
        ({"x": "2..1"}, {}, r"reversed \(2 is above 1\)"),
        ({"x": "1..1"}, {}, "the range is empty"),
        ({"x": "0..10"}, {"spacing": "log"}, "two positive ends"),
        ({"x": "-1..10"}, {"spacing": "log"}, "two positive ends"),
        ({"x": "1..2"}, {"spacing": "cubic"}, "steps 'cubic' are unknown"),
        ({"x": "1..2"}, {"points": 1}, "x has 1 point;"),
        ({"x": "1..2"}, {"points": 0}, "x has 0 points;"),
        ({"x": "1..2"}, {"points": {"y": 3}}, "points of 'y'"),
        ({"x": "1, 2"}, {"points": 3}, "none is given"),
        ({"x": "1..2", "y": "1..2"}, {"points": 200}, "40,000 points"),
        ({"x": "1..2..3"}, {}, "is not a range"),
        ({"x": "1...3"}, {}, "is not a range"),
        ({"x": "..3"}, {}, "is not a range"),
        ({"x": "1..lots"}, {}, "'lots' is not a value"),
        ({"x": "1..1e999"}, {}, "too large"),
        ({"x": "1 USD..2 MW"}, {}, "incompatible"),
        ({"x": "100,200"}, {}, "one number or a list"),
        ({"x": "2,5M"}, {}, "one number or a list"),
        ({"x": "10,5M, 20M"}, {}, "one number or a list"),
        ({"x": "1,234.5"}, {}, "one number or a list"),
        ({"x": "1.234,5"}, {}, "one number or a list"),
        ({"x": "-2,5"}, {}, "one number or a list"),
        ({"x": "10,5M..20M"}, {}, "write 10.5M..20M or 105M..20M"),
        ({"x": "1,,2"}, {}, "missing between two commas"),
        ({"x": "1, 1"}, {}, "listed twice"),
        ({"x": [1]}, {}, "list two or more"),
        ({"x": [1, float("nan")]}, {}, "finite"),
        ({"x": [1, None]}, {}, "x = "),
        ({"x": "1..1.0000000000001"}, {}, "too close for 25 points"),
    ],
)
def test_nonsense_is_told(given, options, words):
    with pytest.raises((QuestionError, UnitError), match=words) as told:
        read_axes(given, **options)
    assert isinstance(told.value, UncertainScaleError)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.2,0.3,0.7", (0.2, 0.3, 0.7)),
        ("1e25,2e25", (1e25, 2e25)),
        ("1e-3,2e-3", (1e-3, 2e-3)),
        ("10M,30M", (1e7, 3e7)),
        ("10, 20, 50", (10, 20, 50)),
        ("2, 5M", (2, 5e6)),
    ],
)
def test_a_list_that_can_be_no_single_number_needs_no_spaces(text, values):
    assert axis(text).values == values
