"""Two results told apart: by rounding, by chance or for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from uncertain_scale.report import report_document
from uncertain_scale.report.differences import ABSENT, Grade, differences, worst
from uncertain_scale.sampling import Design, run


def figure(value: float, error: float | None = 0.01) -> dict[str, Any]:
    return {"outputs": {"x": {"median": value, "median_mcse": error, "units": "USD"}}}


@pytest.mark.parametrize(
    ("value", "grade"),
    [(1.0, "same"), (1.0 + 1e-12, "rounding"), (1.10, "chance"), (1.12, "different")],
)
def test_a_figure_is_judged_by_the_error_of_the_difference(value: float, grade: str) -> None:
    found = differences(figure(1.0), figure(value))
    assert worst(found) is Grade[grade]
    assert [one.place for one in found] == ["outputs.x.median"] * (grade != "same")


def test_few_chains_tell_less_apart() -> None:
    found = [
        differences({**figure(1.0), "chains": chains}, {**figure(1.2), "chains": chains})
        for chains in (4, 64)
    ]
    assert [worst(one) for one in found] == [Grade.chance, Grade.different]


def test_a_figure_without_error_may_only_be_rounded() -> None:
    assert worst(differences(figure(1.0, None), figure(1.001, None))) is Grade.different


def test_errors_may_differ_by_a_factor_but_not_vanish() -> None:
    assert worst(differences(figure(1.0, 0.01), figure(1.0, 0.02))) is Grade.chance
    assert worst(differences(figure(1.0, 0.01), figure(1.0, 0.5))) is Grade.different
    assert worst(differences(figure(1.0, 0.01), figure(1.0, None))) is Grade.different


def test_what_is_absent_in_one_is_told() -> None:
    old, new = {"a": 1, "b": [1, 2]}, {"b": [1], "c": None}
    assert [(one.place, one.old, one.new) for one in differences(old, new)] == [
        ("a", 1, ABSENT),
        ("b", [1, 2], [1]),
        ("c", ABSENT, None),
    ]
    assert differences(old, new, ignore=("a", "b", "c")) == []


def test_true_is_no_number() -> None:
    assert worst(differences({"a": True}, {"a": 1.0 + 1e-12})) is Grade.different


def test_another_seed_differs_by_chance_and_another_budget_for_a_reason() -> None:
    first, other, richer = (
        report_document(
            run(
                given={"budget": budget},
                outputs=["training_flop", "optimal_params"],
                design=Design(seed=seed),
            )
        )
        for budget, seed in (("100M", 0), ("100M", 1), ("110M", 0))
    )
    assert worst(differences(first, other, ignore=("seed",))) is Grade.chance
    found = differences(first, richer, ignore=("question",))
    places = {one.place for one in found if one.grade is Grade.different}
    assert "outputs.training_flop.median" in places
    assert "outputs.training_flop.intervals.eti 0.9.high" in places
