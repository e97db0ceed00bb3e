"""The source post's claims against its own arithmetic, and ratios against closed forms.

Figures: the post "Musings on LLM Scale" (July 2024) recomputed from its own inputs, from sparse and
dense peaks of the H100 and dense peaks of Blackwell.
"""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale.analysis.claims import check_claims
from uncertain_scale.analysis.questions import Asked, QuestionCache, Whole
from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.catalog import find_prior_file
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.model import default_model
from uncertain_scale.sampling import Design

MODEL = default_model()

# By claim: what the post's own inputs give, and whether that is what it asserts.
OWN = {
    "gpus-for-1b": (2.5e4, True),
    "power-25k": (37.5, True),
    "kw-per-gpu": (1.6, False),
    "cost-80-days": (96e6, True),
    "days-for-100m": (83.33, True),
    "breakeven": (2.2816, True),
    "flop-bf16": (1.037e26, False),
    "flop-bf16-100m": (1.08e26, False),
    "flop-fp8": (2.074e26, True),
    "flop-fp8-100m": (2.16e26, True),
    "gpt4-multiple-of-fp8-figure": (10, True),
    "gpt4-multiple-of-bf16-figure": (4.5, False),
    "gpt4-multiple": (10.37, True),
    "semianalysis-peak": (4e20, False),
    "cluster-peak": (4e20, True),
    "peak-ratio": (1.979, True),
    "cost-100k-200-days": (0.96e9, True),
    "days-for-1b": (208.3, True),
    "power-100k": (150, True),
    "cluster-price": (4e9, True),
    "gpus-for-10b": (1.042e6, True),
    "power-10b": (1562.5, False),
    "flop-10b": (2.16e28, True),
    "gpt4-multiple-10b": (1080, True),
    "flop-10b-bf16": (1.08e28, None),
    "flop-1b": (2.16e27, None),
    "cluster-price-10b": (41.67e9, None),
    "stargate-share": (1 / 3.333, None),
    "hyperscaler-share": (1 / 2, None),
    "data-multiple": (9, False),
    "overtraining": (27, True),
    "same-performance": (1.191, True),
    "equal-loss-data": (6.283, False),
    "equal-loss-compute": (2.094, False),
    "inference-saving": (3, True),
    "decode-saving": (3, True),
    "smaller-worth": (7.541e12, None),
    "llama-3-70b": (10.71, True),
    "llama-3-8b": (93.75, True),
    "price-ratio": (5.477, None),
    "price-ratio-least": (3.75, None),
    "price-ratio-most": (8, None),
    "price-ratio-claude": (5, None),
    "price-ratio-gpt4": (4, None),
    "edit-flop-fp8": (2.592e26, False),
    "edit-gpt4-multiple": (12.96, True),
    "edit-gpt4-multiple-10b": (1350, True),
    "edit-flop-per-gpu": (1.25, True),
    "edit-power": (1.438, False),
    "edit-rate": (1.7, False),
    "edit-price": (2.049, False),
    "edit-flop-per-usd": (0.7353, False),
    "edit-flop-per-watt": (0.8971, True),
}

# The same as other readings take the post's inputs.
READINGS = {
    "power-25k": [40],
    "flop-bf16": [1.026e26, 5.129e25, 1.296e26],
    "flop-bf16-100m": [1.069e26, 5.343e25, 1.35e26],
    "flop-fp8": [2.052e26, 1.026e26, 2.592e26],
    "flop-fp8-100m": [2.137e26, 1.069e26, 2.7e26],
    "gpt4-multiple": [5.184, 5.129, 2.565],
    "semianalysis-peak": [1.979e20],
    "cluster-peak": [3.958e20, 1.979e20],
    "power-100k": [160],
    "power-10b": [1667],
    "flop-10b": [1.069e28, 2.7e28],
    "gpt4-multiple-10b": [534.3, 1350],
    "flop-10b-bf16": [5.343e27, 1.35e28],
    "flop-1b": [1.069e27, 2.7e27],
    "same-performance": [1.373, 1.362, 1.217],
    "equal-loss-data": [5.295, 5.333, 6.098],
    "equal-loss-compute": [1.765, 1.778, 2.033],
    "llama-3-70b": [10.62, 5.357],
    "llama-3-8b": [93.4, 46.88],
    "edit-gpt4-multiple": [6.48],
}


@pytest.fixture(scope="module")
def checked():
    found = check_claims(
        MODEL, load_claims("post-2024-07", MODEL.variables), Design(draws=512, chains=8)
    )
    assert found.faults == ()
    assert found.warnings == ()
    return {one.claim.name: one for one in found.checked}


@pytest.mark.parametrize(("name", "expected"), OWN.items(), ids=OWN)
def test_the_posts_own_inputs_give_its_recomputed_figures(checked, name, expected):
    own = checked[name].own
    assert own.found.constant
    assert own.found.median == pytest.approx(expected[0], rel=6e-4)
    assert own.follows is expected[1]


@pytest.mark.parametrize(("name", "expected"), READINGS.items(), ids=READINGS)
def test_other_readings_give_the_other_recomputed_figures(checked, name, expected):
    medians = [other.found.median for other in checked[name].others]
    assert medians == pytest.approx(expected, rel=6e-4)


def test_nine_e25_follows_under_no_reading(checked):
    for name in ("flop-bf16", "flop-bf16-100m"):
        one = checked[name]
        assert not one.own.follows
        assert not any(other.follows for other in one.others)
        assert one.asserted.value == 9e25


def test_ten_times_gpt4_follows_with_fp8_on_sparse_peaks_alone(checked):
    one = checked["gpt4-multiple"]
    assert (one.own.reading, one.own.follows) == ("FP8 on sparse peaks", True)
    assert [(other.reading, other.follows) for other in one.others] == [
        ("BF16 on sparse peaks", False),
        ("FP8 on H100 dense peaks", False),
        ("BF16 on H100 dense peaks", False),
    ]
    (judged,) = one.judged
    assert judged.scenario == "base"
    assert judged.standing.factor > 2  # overstated more than twice at the median


def test_every_claim_is_either_among_the_recomputed_or_a_stated_input(checked):
    inputs = {"gpu-price", "hourly-rate", "peak-bf16", "peak-fp8", "gpt4-flop"}
    inputs |= {"hyperscaler-power", "old-price", "new-price"}
    assert set(checked) == {*OWN, *inputs}


def test_a_percentile_is_that_of_the_prior(checked):
    """40,000 USD in a lognormal whose 5% and 95% are 34,000 and 58,000."""
    (judged,) = checked["gpu-price"].judged
    (share,) = judged.standing.shares
    middle, width = np.log(34e3 * 58e3) / 2, np.log(58 / 34) / (2 * norm.ppf(0.95))
    exact = norm.cdf((np.log(40e3) - middle) / width)
    assert share.below == pytest.approx(exact, rel=1e-12)  # of one input
    assert share.mcse < 0.005


@pytest.mark.slow
def test_scenarios_asked_for_judge_all_claims_but_ratios():
    claims = load_claims("post-2024-07", MODEL.variables)
    found = check_claims(
        MODEL,
        claims,
        Design(draws=64, chains=4),
        scenarios=["base", "h100-sparse-fp8", "base"],
        probs=[0.8],
    )
    for one in found.checked:
        names = [judged.scenario for judged in one.judged]
        if one.claim.against is None:
            first = one.claim.scenario.stem if one.claim.scenario else "base"
            assert names == list(dict.fromkeys([first, "base", "h100-sparse-fp8"]))
        else:
            assert names[0].endswith((", shared", ", independent", ", coupled"))
    assert any("a sparse peak" in warning for warning in found.warnings)
    standings = [judged.standing for one in found.checked for judged in one.judged]
    assert {one.prob for standing in standings for one in standing.found.intervals} == {0.8}


@pytest.mark.parametrize("probs", [[], [1.0], [0.9, 90]])
def test_probabilities_out_of_range_are_refused(probs):
    claims = load_claims("post-2024-07", MODEL.variables)
    with pytest.raises(QuestionError, match="expected numbers between 0 and 1"):
        check_claims(MODEL, claims, Design(draws=4, chains=2), probs=probs)


def ratio(*, reading, variable="hourly_rate", draws=4096):
    desk = QuestionCache(MODEL, Design(draws=draws, chains=16, seed=3))
    over, under = (Whole(find_prior_file(name)) for name in ("gb200-dense-fp8", "h100-dense-fp8"))
    asked = Asked("x", over, under, reading)
    desk.check(asked, variable)
    desk.want(asked, variable)
    return desk.draws(asked, variable)


# Quantiles 0.05 and 0.95 of the rental rates of the two, both lognormal.
RATES = ((1.86, 4.54), (1.4, 3.2))


@pytest.mark.parametrize("reading", ["stated", "shared"])
def test_a_ratio_of_two_lognormals_has_its_closed_form(reading):
    """The widths add up where the two are independent, and subtract where they are one belief."""
    wide = norm.ppf(0.95)
    middles = [np.log(low * high) / 2 for low, high in RATES]
    widths = [np.log(high / low) / (2 * wide) for low, high in RATES]
    independent = reading == "stated"  # the rents of two chips
    width = np.hypot(*widths) if independent else abs(widths[0] - widths[1])
    draws = ratio(reading=reading)
    for level in (0.05, 0.5, 0.95):
        exact = np.exp(middles[0] - middles[1] + width * norm.ppf(level))
        below = (draws.values < exact).mean()
        tolerance = 4.9 * np.sqrt(level * (1 - level) / draws.values.size) + 1e-9
        if independent:
            assert abs(below - level) < tolerance
        else:
            assert np.quantile(draws.values, level) == pytest.approx(exact, rel=2e-4)


def test_what_both_sides_believe_alike_is_shared_even_where_the_rest_is_independent():
    """Energy per GPU-hour: the power is believed differently, the pue is not, and cancels."""
    together = ratio(reading="shared", variable="gpu_power", draws=256).values
    apart = ratio(reading="stated", variable="gpu_power", draws=256).values
    assert np.ptp(together) < 0.01
    assert np.ptp(apart) > 0.3
    desk = QuestionCache(MODEL, Design(draws=256, chains=4))
    given = (("gpus", "1000 gpu"),)
    sides = [
        Whole(find_prior_file(name), given=given) for name in ("gb200-dense-fp8", "h100-dense-fp8")
    ]
    for variable in ("facility_power", "gpu_power", "pue"):
        desk.want(Asked("x", *sides), variable)
    power, rated, pue = (
        desk.draws(Asked("x", *sides), name).values
        for name in ("facility_power", "gpu_power", "pue")
    )
    assert np.allclose(pue, 1, rtol=0, atol=0)
    assert np.allclose(power, rated, rtol=1e-12)


def test_equal_questions_are_drawn_once(monkeypatch):
    from uncertain_scale.analysis import questions

    calls = []
    original = questions.sample
    monkeypatch.setattr(questions, "sample", lambda *a: calls.append(1) or original(*a))
    desk = QuestionCache(MODEL, Design(draws=4, chains=2))
    whole = Whole(find_prior_file("base"), given=(("budget", "100M USD"),))
    for name in ("training_flop", "gpu_hours"):
        desk.want(Asked("x", whole), name)
    first = [desk.draws(Asked("x", whole), name) for name in ("training_flop", "gpu_hours")]
    assert len(calls) == 1
    assert all(one.values.shape == (2, 4) for one in first)
