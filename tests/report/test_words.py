"""Sentences about figures: what they are about, and whether they follow from them."""

import pytest

from uncertain_scale.report.claim_words import judged_in_words
from uncertain_scale.report.rows import run_in_words


def document(*intervals):
    keys = ("kind", "low", "high", "low_mcse", "high_mcse")
    rows = [dict(zip(keys, one, strict=True)) for one in intervals]
    about = {"chains": 4, "draws": 64, "design": "sobol", "seed": 0}
    return {**about, "outputs": {"y": {"intervals": rows}}}


@pytest.mark.parametrize(
    ("kinds", "share"), [(("eti",), "1.0%"), (("hdi",), "20.0%"), (("eti", "hdi"), "20.0%")]
)
def test_the_largest_error_of_an_end_is_that_of_the_intervals_that_are_shown(kinds, share):
    shown = document(("eti", 0.0, 10.0, 0.1, 0.05), ("hdi", 0.0, 5.0, 0.2, 1.0))
    assert run_in_words(shown, kinds).endswith(f"an end at most {share} of its interval")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4e6, 9e6, "holds the 50% interval; a draw is in it with probability 80.0% ± 0.1%"),
        (5.5e6, 9e6, "overlaps the 50% interval; a draw is in it with probability 80.0% ± 0.1%"),
    ],
)
def test_an_interval_that_holds_another_is_said_to(low, high, words):
    intervals = [
        {"prob": 0.5, "low": 5e6, "high": 8e6},
        {"prob": 0.95, "low": 3e6, "high": 1e7},
    ]
    judged = {
        "place": "overlaps",
        "prob": 0.5,
        "beyond": "",
        "constant": False,
        "rounded": 0.0,
        "asserted_over_median": None,
        "borderline": False,
        "intervals": intervals,
        "covered": {"probability": 0.8, "mcse": 0.001, "low": 0.79, "high": 0.81},
    }
    claim = {"asserted": {"kind": "interval", "low": low, "high": high}, "implied": False}
    assert judged_in_words(judged, claim) == words
