"""Which scenarios judge a claim, and where an assertion falls among draws, rule by rule."""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale.analysis.claims import check_claims
from uncertain_scale.analysis.verdict import find, stand
from uncertain_scale.errors import ClaimError
from uncertain_scale.inputs.assertion import figure, span
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.model import default_model
from uncertain_scale.report.claim_words import judge_in_words
from uncertain_scale.report.claims_report import claims_document
from uncertain_scale.sampling import Design
from uncertain_scale.statistics.draws import Draws

MODEL = default_model()
DESIGN = Design(draws=64, chains=2)
FLOP = """variable = "training_flop"
value = "5e26 FLOP"
given = { budget = "250M USD" }
"""
PEAK = """variable = "effective_flops"
value = "5e15 FLOP/s/gpu"
given = { mfu = 1, precision_factor = 2 }
"""


def points(*inputs):
    """State inputs as constants, as a memo of point values does."""
    return "".join(
        f'[inputs.{name}]\nkind = "constant"\nvalue = {value}\nunits = "{units}"\n'
        for name, value, units in inputs
    )


MFU, RATE, FP8 = (
    ("mfu", 0.4, "1"),
    ("hourly_rate", 3.0, "USD/gpu/hour"),
    ("precision_factor", 1.6, "1"),
)


@pytest.fixture
def judged(tmp_path):
    """Check one claim of a memo, and return how each scenario that judges it is named."""

    def judge(head, claim, scenarios=(), **priors):
        for name, text in priors.items():
            (tmp_path / f"{name}.toml").write_text(f"schema_version = 1\n{text}", encoding="utf-8")
        memo = tmp_path / "memo.toml"
        memo.write_text(
            f'schema_version = 1\ntitle = "Memo"\n{head}\n[[claims]]\nname = "one"\n{claim}',
            encoding="utf-8",
        )
        claims = load_claims(memo, MODEL.variables)
        found = check_claims(MODEL, claims, DESIGN, scenarios=scenarios)
        document = claims_document(claims, found, MODEL, DESIGN, [0.9])
        assert document["faults"] == []
        return [judge_in_words(one) for one in document["claims"][0]["judged"]]

    return judge


def test_a_document_is_judged_by_its_own_scenario(judged):
    own = "gb200-dense-fp8, the document's own"
    head = 'scenario = "gb200-dense-fp8"'
    assert judged(head, FLOP) == [own]
    assert judged(head, FLOP, ["base", "gb200-dense-fp8"]) == [own, "base"]
    assert judged("", FLOP) == ["base"]
    assert judged("", FLOP, ["gb200-dense-fp8"]) == ["base", "gb200-dense-fp8"]


def test_a_claims_own_scenario_goes_before_its_documents(judged):
    claim = f'{FLOP}scenario = "h100-dense-fp8"\n'
    assert judged("", claim) == ["h100-dense-fp8"]
    assert judged('scenario = "gb200-dense-fp8"', claim, ["base"]) == [
        "h100-dense-fp8, in place of gb200-dense-fp8",
        "base",
    ]


def test_a_reading_that_is_the_claims_own_names_its_scenario(judged):
    readings = '[readings.fp8]\nscenario = "h100-dense-fp8"\n'
    assert judged(readings, f'{FLOP}reading = "fp8"\n') == ["h100-dense-fp8, the document's own"]


def test_what_a_document_assumes_does_not_judge_it(judged):
    head = 'scenario = "gb200-dense-fp8"\nassuming = { mfu = 0.9 }'
    assert judged(head, FLOP) == ["gb200-dense-fp8, the document's own without what it assumes"]


def test_where_its_own_gives_one_number_what_it_extends_judges(judged):
    """Of an overlay of points: of its chip, not of base's; and of the next where that is points."""
    extending = f'extends = "gb200-dense-fp8"\n{points(MFU, RATE, FP8)}'
    assert judged('scenario = "own.toml"', FLOP, own=extending) == [
        "gb200-dense-fp8, in place of own"
    ]
    further = f'extends = "own.toml"\n{points(("mfu", 0.5, "1"))}'
    assert judged('scenario = "more.toml"', FLOP, own=extending, more=further) == [
        "gb200-dense-fp8, in place of more"
    ]


def test_an_own_scenario_that_is_partly_uncertain_judges(judged):
    """The rate is uncertain and enters what a budget buys; what a cluster does is one number."""
    own = f'extends = "gb200-dense-fp8"\n{points(MFU, FP8)}'
    cluster = 'variable = "cluster_flops"\nvalue = "1e20 FLOP/s"\ngiven = { gpus = 100 }\n'
    assert judged('scenario = "own.toml"', FLOP, own=own) == ["own, the document's own"]
    cluster = cluster.replace("100 }", '"100 gpu" }')
    assert judged('scenario = "own.toml"', cluster, own=own) == ["gb200-dense-fp8, in place of own"]


def test_points_that_extend_nothing_are_judged_by_base(judged):
    own = points(MFU, RATE, FP8, ("peak_flops", 2.5e15, "FLOP/s/gpu"), ("sparsity_factor", 1, "1"))
    assert judged('scenario = "own.toml"', FLOP, own=own) == ["base, in place of own"]


def test_a_peak_is_one_number_under_any_scenario_and_judged_by_its_own_chip(judged):
    assert judged('scenario = "gb200-dense-fp8"', PEAK) == ["gb200-dense-fp8, the document's own"]
    assert judged('scenario = "post-2024-07"', PEAK) == ["base, in place of post-2024-07"]


def test_a_distribution_that_the_claim_gives_is_judged_by(judged):
    claim = PEAK.replace("mfu = 1", 'mfu = "0.3 to 0.5"')
    assert judged('scenario = "post-2024-07"', claim) == ["post-2024-07, the document's own"]


def test_two_scenarios_of_one_name_are_told_apart(judged):
    own = 'extends = "gb200-dense-fp8"\n'
    first, second = judged(
        'scenario = "h100-dense-fp8.toml"', FLOP, ["h100-dense-fp8"], **{"h100-dense-fp8": own}
    )
    assert first.endswith("-h100-dense-fp8, the document's own")
    assert second == "chips-h100-dense-fp8"


@pytest.mark.parametrize(
    ("assuming", "warned"),
    [
        ('peak_flops = "312e12 FLOP/s/gpu"', True),  # of another chip than the scenario's
        ("mfu = 0.9", False),
        ('gpu_power = "2 kW/gpu"', False),  # which no FLOP depend on
    ],
)
def test_a_fact_that_is_assumed_over_the_scenarios_own_is_warned_of(tmp_path, assuming, warned):
    memo = tmp_path / "memo.toml"
    memo.write_text(
        f'schema_version = 1\ntitle = "Memo"\nscenario = "base"\nassuming = {{ {assuming} }}\n'
        f'[[claims]]\nname = "one"\n{FLOP}',
        encoding="utf-8",
    )
    found = check_claims(MODEL, load_claims(memo, MODEL.variables), DESIGN)
    assert [text.partition(",")[0] for text in found.warnings] == (
        ["base holds peak_flops for certain"] if warned else []
    )


def test_assumptions_without_a_scenario_are_refused(tmp_path):
    """They are assumed in place of a scenario's inputs, and would count for nothing."""
    memo = tmp_path / "memo.toml"
    memo.write_text(
        'schema_version = 1\ntitle = "Memo"\nassuming = { mfu = 0.9 }\n'
        f'[[claims]]\nname = "one"\n{FLOP}',
        encoding="utf-8",
    )
    with pytest.raises(ClaimError, match=r"memo\.toml:3 assumes inputs, but the file names no"):
        load_claims(memo, MODEL.variables)


PROBS = (0.95, 0.5, 0.9)


@pytest.fixture(scope="module")
def draws():
    """Give normal draws about 10, stratified within each of 16 chains."""
    generator = np.random.default_rng(5)
    u = (np.arange(4096) + generator.random((16, 4096))) / 4096
    return Draws(10 + norm.ppf(u))


@pytest.mark.parametrize("value", [7.9, 9.2, 10.0, 10.6, 12.5])
def test_the_share_below_is_the_normals(draws, value):
    standing = stand(figure(str(value), "1"), draws, PROBS)
    (share,) = standing.shares
    exact = norm.cdf(value - 10)
    assert abs(share.below - exact) < 4.9 * share.mcse
    assert share.mcse < 1e-4


def test_a_share_of_random_draws_has_the_binomial_error():
    values = np.random.default_rng(8).normal(size=(64, 1024))
    (share,) = stand(figure("0.5", "1"), Draws(values), PROBS).shares
    p = norm.cdf(0.5)
    assert share.mcse == pytest.approx(np.sqrt(p * (1 - p) / values.size), rel=0.35)
    assert abs(share.below - p) < 4.9 * np.sqrt(p * (1 - p) / values.size)


@pytest.mark.parametrize(
    ("text", "place", "prob", "beyond"),
    [
        ("10.1", "inside", 0.5, ""),
        ("11.0", "inside", 0.9, "above"),
        ("9.0", "inside", 0.9, "below"),
        ("11.8", "inside", 0.95, "above"),
        ("12.4", "above", 0.95, ""),
        ("7.4", "below", 0.95, ""),
    ],
)
def test_a_figure_is_inside_the_narrowest_interval_that_holds_it(draws, text, place, prob, beyond):
    standing = stand(figure(text, "1"), draws, PROBS)
    assert (standing.place, standing.prob, standing.beyond) == (place, prob, beyond)
    assert standing.factor == pytest.approx(float(text) / 10, rel=1e-3)
    assert not standing.borderline


def test_what_rounds_to_a_figure_is_told_beside_it(draws):
    rough, sharp = (stand(figure("11", "1", d), draws, PROBS) for d in (2, 3))
    assert (rough.place, rough.prob, rough.rounded) == ("inside", 0.9, 0.5)
    assert (sharp.place, sharp.prob, sharp.rounded) == ("inside", 0.9, 0.0)
    outside = stand(figure("20", "1"), draws, PROBS)  # 15 to 25
    assert (outside.place, outside.rounded) == ("above", 0.0)


@pytest.mark.parametrize(
    ("low", "high", "place", "prob", "beyond", "borderline"),
    [
        ("10.1", "10.5", "inside", 0.5, "", False),
        ("10.5", "30", "overlaps", 0.5, "", False),
        ("1", "30", "overlaps", 0.5, "", False),
        ("11", "11.5", "inside", 0.9, "above", False),
        ("11", "11.8", "overlaps", 0.9, "above", False),
        ("7", "9", "overlaps", 0.9, "below", False),
        ("11", "11.6449", "inside", 0.9, "above", True),
    ],
)
def test_an_interval_is_inside_what_holds_all_of_it(  # noqa: PLR0913, PLR0917 (a case)
    draws, low, high, place, prob, beyond, borderline
):
    found = stand(span(low, high, "1"), draws, PROBS)
    assert (found.prob, found.beyond, found.borderline) == (prob, beyond, borderline)
    assert found.place == place or (borderline and found.place == "overlaps")


def test_an_interval_beside_all_of_the_draws_intervals_is_above_them(draws):
    overlapping = stand(span("10.5", "30", "1"), draws, PROBS)
    assert [share.value for share in overlapping.shares] == [10.5, 30]
    beside = stand(span("12.5", "30", "1"), draws, PROBS)
    assert (beside.place, beside.prob) == ("above", 0.95)
    assert beside.factor == pytest.approx(1.25, rel=1e-3)
    assert overlapping.covered == pytest.approx(1 - norm.cdf(0.5), abs=1e-4)


def test_a_bound_has_its_probability(draws):
    standing = stand(span("9", None, "1"), draws, PROBS)
    assert standing.place == "bound"
    assert standing.covered == pytest.approx(norm.cdf(1), abs=1e-4)
    below = stand(span(None, "9", "1"), draws, PROBS)
    assert below.covered == pytest.approx(norm.cdf(-1), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "place"), [("2", "equal"), ("1.98", "equal"), ("3", "above"), ("1", "below")]
)
def test_draws_that_are_one_number_have_no_intervals(text, place):
    standing = stand(figure(text, "1"), Draws(np.full((2, 2), 1.979)), PROBS)
    assert standing.place == place
    assert standing.found.constant
    assert standing.found.median == 1.979


def test_a_figure_at_an_end_is_borderline():
    few = Draws(np.random.default_rng(2).normal(10, 1, size=(8, 64)))
    end = find(few, PROBS).intervals[-1]
    near = figure(f"{end.high + 0.5 * end.high_mcse:.12f}", "1")
    far = figure(f"{end.high + 5 * end.high_mcse:.12f}", "1")
    assert stand(near, few, PROBS).borderline
    assert not stand(far, few, PROBS).borderline


def test_nothing_positive_is_needed_but_for_a_factor():
    standing = stand(figure("-3", "1"), Draws(np.random.default_rng(1).normal(size=(4, 64))), PROBS)
    assert standing.place == "below"
    assert np.isnan(standing.factor)


def test_one_chain_has_no_error():
    (share,) = stand(figure("0.1", "1"), Draws(np.linspace(-1, 1, 64)[None]), PROBS).shares
    assert np.isnan(share.mcse)
