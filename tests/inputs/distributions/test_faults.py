"""Each bad specimen gets one clear message, and all of one input's faults come at once."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from uncertain_scale.inputs.distributions import (
    AnyDistribution,
    DistributionError,
    Normal,
    build,
)
from uncertain_scale.inputs.distributions.statement import faults_of

INF, NAN = np.inf, np.nan
SPECIMENS = (
    ("normal", {"mu": 0, "sigma": -0.3}, "sigma", "sigma = -0.3 must be above 0"),
    ("normal", {"mu": True, "sigma": 1}, "mu", "mu = true is not a number"),
    (
        "normal",
        {"mu": "10^26", "sigma": 1},
        "mu",
        "mu = '10^26' is not a number; write it without quotes, units and suffixes, as 1.5e9",
    ),
    (
        "choice",
        {"values": [1, "$2M"]},
        "values",
        "values[1] = '$2M' is not a number; write it without quotes, units and suffixes, as 1.5e9",
    ),
    ("normal", {"mu": NAN, "sigma": 1}, "mu", "mu = nan must be finite"),
    ("normal", {"mu": 0, "sigma": INF}, "sigma", "sigma = inf must be finite"),
    ("gamma", {"alpha": INF, "beta": 1}, "alpha", "alpha = inf must be finite"),
    (
        "student_t",
        {"q05": 1, "nu": 4},
        "q05",
        "student_t takes two quantiles, 1 given (q05); two with nu given, three without",
    ),
    ("normal", {"mu": 10**400, "sigma": 1}, "mu", "mu is too large; it must be a finite number"),
    ("normal", {"mu": None, "sigma": 1}, "mu", "mu has no value"),
    (
        "normal",
        {"mu": 0},
        None,
        "sigma is missing; normal takes mu and sigma, or 2 quantiles such as q05 and q95",
    ),
    ("normall", {}, "kind", "kind 'normall' is unknown; did you mean 'normal'?"),
    ("normal", {"mu": 0, "sigma": 1, "kind": "x"}, "kind", "'kind' is stated twice"),
    (
        "gamma",
        {"q05": 1, "q95": 2, "alhpa": 2},
        "alhpa",
        "gamma has no parameter 'alhpa'; did you mean 'alpha'?",
    ),
    (
        "normal",
        {"q05": 0.5, "q95": 0.3},
        "q05",
        "q05 = 0.5 is not below q95 = 0.3; swap them or fix the source",
    ),
    ("normal", {"q5": 0.5, "q95": 3}, "q5", "'q5': write q05 for 5% or q50 for 50%"),
    (
        "normal",
        {"q00": 0.5, "q95": 3},
        "q00",
        "'q00': no quantile at 0% is a parameter; q001 to q999 are, or others",
    ),
    (
        "normal",
        {"q05": 0.5, "q100": 3},
        "q100",
        "'q100': no quantile at 100% is a parameter; q001 to q999 are, or others",
    ),
    (
        "normal",
        {"q05": 0.5, "q9999999999999999": 3},
        "q9999999999999999",
        "'q9999999999999999…' has too many digits; at most 15",
    ),
    ("normal", {"q05": 0.5}, "q05", "normal takes two quantiles, 1 given (q05)"),
    (
        "student_t",
        {"q05": 1, "q95": 3},
        "q95",
        "student_t takes three quantiles, 2 given (q05, q95); two with nu given, three without",
    ),
    (
        "student_t",
        {"q05": 1, "q50": 2, "q95": 3},
        None,
        (
            "no student_t has q05 = 1, q50 = 2, q95 = 3; these levels do not determine the shape; "
            "give it by its name"
        ),
    ),
    (
        "student_t",
        {"q05": 1, "q95": 2, "q99": 2.1},
        None,
        "no student_t has q05 = 1, q95 = 2, q99 = 2.1",
    ),
    ("student_t", {"q05": 1, "q95": 2, "nu": -1}, "nu", "nu = -1 must be above 0"),
    ("pert", {"q05": 1, "q50": 2, "q95": 3, "shape": -1}, "shape", "shape = -1 must be above 0"),
    ("normal", {"q50": 1, "q500": 2}, "q500", "q50 and q500 are the same quantile; keep one"),
    ("normal", {"q05": "a", "q95": 2}, "q05", "q05 = 'a' is not a number"),
    (
        "normal",
        {"q05": 1, "q95": 2, "mu": 3},
        "mu",
        "mu and quantiles such as q05 are both given; normal takes either",
    ),
    ("lognormal", {"q05": -1, "q95": 2}, "q05", "q05 = -1 must be above 0 for a lognormal"),
    ("beta", {"q05": 0.1, "q95": 2}, "q95", "q95 = 2 must be below 1 for a beta"),
    ("beta", {"q05": 0.1, "q95": 0.9, "lower": "x"}, "lower", "lower = 'x' is not a number"),
    ("beta", {"q05": 0.1, "q95": 0.9, "lower": 2}, "lower", "lower = 2 must be below upper = 1"),
    (
        "beta",
        {"mu": 0.5, "alpha": 1},
        "alpha",
        "beta takes alpha and beta, or mu and sigma, not both; drop alpha",
    ),
    ("beta", {"mu": 0.5}, "sigma", "sigma is missing; beta takes mu and sigma together"),
    ("beta", {"mu": 0.5, "sigma": -1}, "sigma", "sigma = -1 must be above 0"),
    ("beta", {"mu": 1.5, "sigma": 1}, "mu", "mu = 1.5 must lie between the bounds 0 and 1"),
    (
        "beta",
        {"mu": 0.5, "sigma": 0.1, "lower": 1, "upper": 2},
        "mu",
        "mu = 0.5 must lie between the bounds 1 and 2",
    ),
    (
        "beta",
        {"mu": 0.5, "sigma": 0.6},
        "sigma",
        "sigma = 0.6 must be below 0.5 for a mean of 0.5",
    ),
    (
        "beta",
        {"mu": 0.5, "sigma": 0.1, "lower": "x"},
        "lower",
        "lower = 'x' is not a number",
    ),
    ("beta", {"mu": 0.5, "sigma": 0.1, "upper": INF}, "upper", "upper = inf must be finite"),
    (
        "beta",
        {"q05": 0.5, "q95": 0.5000000001},
        None,
        "no beta has q05 = 0.5, q95 = 0.5000000001; they are too close together or too far apart",
    ),
    ("gamma", {"mu": -1, "sigma": 1}, "mu", "mu = -1 must be above 0"),
    (
        "normal",
        {"mu": [0] * 99, "sigma": 1},
        "mu",
        "mu = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, … is not a number",
    ),
    (
        "pert",
        {"q05": 1, "q50": 2, "q95": 3, "shape": 10**400},
        "shape",
        "shape is too large; it must be a finite number",
    ),
    (
        "gamma",
        {"q05": 1, "q95": 1.0000000001},
        None,
        "no gamma has q05 = 1, q95 = 1.0000000001; they are too close together or too far apart",
    ),
    ("uniform", {"lower": 2, "upper": 1}, "lower", "lower = 2 must be below upper = 1"),
    (
        "uniform",
        {"lower": -1e308, "upper": 1e308},
        "lower",
        "lower and upper are too far apart for numbers",
    ),
    ("loguniform", {"lower": 0, "upper": 1}, "lower", "lower = 0 must be above 0"),
    (
        "loguniform",
        {"q49": 1e-200, "q51": 1e200},
        None,
        "no loguniform has q49 = 1e-200, q51 = 1e200; its bounds would leave the range of numbers",
    ),
    (
        "triangular",
        {"lower": 3, "mode": 2, "upper": 1},
        "lower",
        "lower = 3 must be below upper = 1",
    ),
    (
        "triangular",
        {"lower": 0, "mode": 2, "upper": 1},
        "mode",
        "mode = 2 must lie between lower = 0 and upper = 1",
    ),
    (
        "metalog",
        {"q05": 1, "q95": 2},
        "q95",
        "metalog takes three to 16 quantiles, 2 given (q05, q95)",
    ),
    (
        "metalog",
        {},
        None,
        "metalog has no quantiles; metalog takes 3 or more quantiles such as q05 and q95",
    ),
    (
        "metalog",
        {"q05": 1, "q50": 2, "q95": 3, "lower": 4, "upper": 0},
        "lower",
        "lower = 4 must be below upper = 0",
    ),
    (
        "metalog",
        {"q05": 1, "q50": 1.01, "q95": 20},
        None,
        (
            "no metalog has q05 = 1, q50 = 1.01, q95 = 20: its quantile function would not "
            "increase; move the middle quantiles, drop one, or use kind = 'quantiles', "
            "which always fits"
        ),
    ),
    ("quantiles", {"q05": 1}, "q05", "quantiles takes two to 1000 quantiles, 1 given (q05)"),
    ("choice", {"values": []}, "values", "values holds 0; it must hold 1"),
    ("choice", {"values": 3}, "values", "values = 3 must be a list, as in [1, 2]"),
    ("choice", {"values": [1, "a"]}, "values", "values[1] = 'a' is not a number"),
    ("choice", {"values": [1, 1]}, "values", "values holds 1 twice; add its probabilities up"),
    (
        "choice",
        {"values": [1, 2], "probabilities": [1]},
        "probabilities",
        "probabilities holds 1 and values 2; give one for each",
    ),
    (
        "choice",
        {"values": [1, 2], "probabilities": [0.5, 0.6]},
        "probabilities",
        "probabilities sum to 1.1; they must sum to 1",
    ),
    (
        "choice",
        {"values": [1, 2], "probabilities": [-1, 2]},
        "probabilities",
        "probabilities[0] = -1 must be at least 0",
    ),
    ("bernoulli", {"p": 1.5}, "p", "p = 1.5 must be at most 1"),
    (
        "empirical",
        {"values": [1, 2], "weights": [0, 0]},
        "weights",
        "weights are all 0; at least one must be above 0",
    ),
    (
        "constant",
        {"value": 1, "truncate": [0, 1]},
        "truncate",
        "constant has no parameter 'truncate'; known: value",
    ),
    (
        "normal",
        {"mu": 0, "sigma": 1, "truncate": [2, 1]},
        "truncate",
        "truncate = [2, 1]: the first bound must be below the second",
    ),
    (
        "normal",
        {"mu": 0, "sigma": 1, "truncate": [2]},
        "truncate",
        "truncate = [2] must hold two bounds, as in [0, inf]",
    ),
    (
        "normal",
        {"mu": 0, "sigma": 1, "truncate": [50, INF]},
        "truncate",
        (
            "truncate = [50, inf] holds no probability that can be told from 0; "
            "the support is [-inf, inf]"
        ),
    ),
    (
        "mixture",
        {"components": [{"kind": "constant", "value": 1}], "truncate": [0, 2]},
        "truncate",
        "truncate needs a continuous kind, and a component is not; truncate the others",
    ),
    ("mixture", {"components": [3]}, "components", "components[0] = 3 is not a distribution"),
    ("mixture", {"components": [{"mu": 3}]}, "components", "components[0]: has no kind"),
    (
        "mixture",
        {
            "components": [
                {"kind": "constant", "value": 1},
                {"kind": "normal", "mu": 0, "sigma": -1},
            ]
        },
        "components",
        "components[1]: sigma = -1 must be above 0",
    ),
)


@pytest.mark.parametrize(("kind", "table", "name", "text"), SPECIMENS)
def test_one_clear_message(kind, table, name, text):
    with pytest.raises(DistributionError) as caught:
        build(kind, table)
    assert caught.value.faults == ((name, text),)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("uniform", {}),
        ("loguniform", {}),
        ("logitnormal", {"mu": 0, "sigma": 1}),
        ("beta", {"alpha": 2, "beta": 3}),
    ],
)
def test_what_is_cut_outside_its_bounds_is_refused(kind, table):
    """Bounds in the right order do not hide what is wrong beside them."""
    with pytest.raises(DistributionError, match=r"truncate = \[4, 5\] holds no .* is \[1, 3\]"):
        build(kind, table | {"lower": 1, "upper": 3, "truncate": [4, 5]})


def test_all_faults_at_once():
    with pytest.raises(DistributionError) as caught:
        build("normal", {"mu": INF, "sigma": -1, "sd": 3})
    assert [name for name, _ in caught.value.faults] == ["mu", "sigma", "sd"]
    with pytest.raises(DistributionError) as caught:
        build("normal", {"q05": "a", "q5": 3, "foo": 3, "mu": 3})
    assert [name for name, _ in caught.value.faults] == ["q05", "q5", "mu", "foo"]
    with pytest.raises(DistributionError) as caught:
        build("beta", {"mu": "a", "sigma": NAN, "foo": 1})
    assert [name for name, _ in caught.value.faults] == ["mu", "sigma", "foo"]
    components = [{"kind": "norml", "mu": 0}, {"kind": "normal", "mu": 0, "sigma": -1}, {}]
    with pytest.raises(DistributionError) as caught:
        build("mixture", {"components": components, "weights": [1, "a"]})
    assert [text for _, text in caught.value.faults] == [
        "components[0]: kind 'norml' is unknown; did you mean 'normal'?",
        "components[1]: sigma = -1 must be above 0",
        "components[2]: has no kind",
        "weights[1] = 'a' is not a number",
    ]


def test_a_metalog_with_a_misspelt_bound_and_no_quantiles():
    with pytest.raises(DistributionError) as caught:
        build("metalog", {"lowr": 0})
    assert [name for name, _ in caught.value.faults] == ["lowr", None]


def messages(error):
    return [text for _, text in faults_of(error)]


def test_messages_of_pydantics_own_error():
    with pytest.raises(ValidationError) as caught:
        Normal(mu="a", sigma=-1)
    assert messages(caught.value) == ["mu = 'a' is not a number", "sigma = -1 must be above 0"]
    adapter = TypeAdapter(AnyDistribution)
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python({"kind": "normal", "mu": 1, "sigma": -1})
    assert messages(caught.value) == ["normal: sigma = -1 must be above 0"]
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python({"kind": "norml"})
    assert len(messages(caught.value)) == 1


def test_errors_survive_the_way_between_processes():
    error = DistributionError([("mu", "mu = nan must be finite"), (None, "other")])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert copy.faults == error.faults
    assert str(copy) == "mu = nan must be finite; other"
