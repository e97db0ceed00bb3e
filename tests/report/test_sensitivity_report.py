"""Figures of a ranking as they are written."""

import pytest

from uncertain_scale import Design, ask, default_model, load_priors
from uncertain_scale.analysis.sensitivity import sensitivity
from uncertain_scale.report.numbers import estimate, estimates
from uncertain_scale.report.sensitivity_report import _with_interval, ranking_document


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.25761, 0.0095, "0.258 (0.238 to 0.277)"),
        (-0.00021, 0.00004, "-0.00021 (-0.00029 to -0.00013)"),
        (-2e-9, 1e-10, "0.000000 (0.000000 to 0.000000)"),
    ],
)
def test_a_figure_near_zero_has_its_digits_and_zero_no_sign(value, error, text):
    found = {
        "share": value,
        "share_mcse": error,
        "share_low": value - 2.05 * error,
        "share_high": value + 2.05 * error,
        "share_unresolved": "",
    }
    assert _with_interval(found, "share") == text


def test_what_a_ranking_holds_of_all_inputs_is_what_it_holds_of_each():
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    question = ask(model, {"budget": "100M"}, outputs=["training_flop", "gpu_hours"])
    found = sensitivity(model, priors, question, Design(draws=64, chains=4))
    one = found.sel(output="gpu_hours", scale="log")
    ranked = ranking_document(one)
    assert ranked["ranking"] == ["hourly_rate"]  # another has no rank: it is no input of this
    one = found.sel(output="training_flop", scale="log")
    ranked = ranking_document(one)
    assert [int(one["rank"].sel(input=name)) for name in ranked["ranking"]] == [1, 2, 3]
    for name, share in ranked["rank_share"].items():
        assert share == float(one["rank_share"].sel(input=name))
    for measure in ("shapley", "variance_reduction"):
        assert estimates(one, measure, ranked["ranking"]) == {
            name: estimate(one.sel(input=name), measure) for name in ranked["ranking"]
        }
