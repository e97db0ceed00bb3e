"""Names of quantiles and the search for a shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.inputs.distributions import DistributionError, build
from uncertain_scale.inputs.distributions.statement import is_quantile_name, level_of


@given(st.integers(1, 999))
def test_digits_are_decimals(thousandths):
    if thousandths == 100:
        return  # q100 reads like 100%: refused
    assert level_of(f"q{thousandths:03d}") == thousandths / 1000


def test_names():
    assert is_quantile_name("q05")
    assert not is_quantile_name("q05x")
    assert not is_quantile_name("quantile")
    for name in ("q5", "q00", "q000", "q100", "q1000"):
        with pytest.raises(DistributionError):
            level_of(name)


def test_order_of_typing_does_not_matter():
    one = build("student_t", {"q99": 4, "q50": 1, "q90": 2})
    two = build("student_t", {"q50": 1, "q90": 2, "q99": 4})
    assert one == two
    assert one.describe() == two.describe() == "student_t(q50=1, q90=2, q99=4)"


def test_what_was_stated_is_remembered():
    kind = build("beta", {"sigma": 0.1, "mu": 0.4, "upper": 2, "truncate": [0, 1]})
    assert kind.stated == {"mu": 0.4, "sigma": 0.1, "upper": 2, "truncate": (0, 1)}
    kind.stated["mu"] = 3
    assert kind.stated["mu"] == 0.4
    assert kind.mean() is not None


def test_equality_is_of_parameters_not_of_words():
    one = build(
        "normal", {"q50": 0, "q95": float(build("normal", {"mu": 0, "sigma": 1}).ppf(0.95))}
    )
    two = build("normal", {"mu": one.mu, "sigma": one.sigma})
    assert one == two
    assert hash(one) == hash(two)
    assert one.describe() != two.describe()
    assert one != build("lognormal", {"mu": one.mu, "sigma": one.sigma})
    assert build("metalog", {"q10": 1, "q50": 2, "q90": 4}) != build(
        "metalog", {"q10": 1, "q50": 2, "q90": 5}
    )


def test_long_lists_are_cut_in_reports_only():
    kind = build("empirical", {"values": list(range(100))})
    assert kind.describe(longest=3) == "empirical(values=[0, 1, 2, … 100 in all])"
    assert len(kind.describe()) > 300
    assert np.array_equal(kind.ppf(np.array([0.5])), [49])


@given(st.floats(1e-3, 1e6), st.floats(0.01, 3))
def test_a_lognormal_by_mean_and_sd_has_them(mean, spread):
    kind = build("lognormal", {"mean": mean, "sd": mean * spread})
    assert kind.mean() == pytest.approx(mean, rel=1e-12)
    assert kind.sd() == pytest.approx(mean * spread, rel=1e-12)


@given(st.floats(1e-3, 1e6), st.floats(1.01, 20))
def test_a_lognormal_by_median_and_geometric_sd_has_them(median, factor):
    kind = build("lognormal", {"median": median, "geometric_sd": factor})
    assert float(kind.ppf(0.5)) == pytest.approx(median, rel=1e-12)
    one_sd_up = 0.8413447460685429  # the normal's probability below 1
    assert float(kind.ppf(one_sd_up)) == pytest.approx(median * factor, rel=1e-9)


@pytest.mark.parametrize("kind", ["triangular", "pert"])
@given(mode=st.floats(0.15, 0.85))
def test_two_quantiles_about_a_mode_give_back_the_distribution_that_has_them(kind, mode):
    whole = build(kind, {"lower": -3.0, "mode": -3 + 10 * mode, "upper": 7.0})
    low, high = whole.ppf(np.array([0.1, 0.9])).tolist()
    again = build(kind, {"q10": low, "mode": whole.mode, "q90": high})
    assert again.lower == pytest.approx(-3, abs=1e-8)
    assert again.upper == pytest.approx(7, abs=1e-8)
    assert again.mode == whole.mode


@pytest.mark.parametrize(
    ("kind", "stated", "why"),
    [
        ("lognormal", {"mean": 1}, "sd is missing; lognormal takes mean and sd together"),
        ("lognormal", {"mean": 1, "median": 1}, "not both; drop median"),
        ("lognormal", {"mu": 1, "mean": 2, "sd": 1}, "not both; drop mu"),
        ("lognormal", {"median": 1, "geometric_sd": 1}, "must be above 1"),
        ("lognormal", {"mean": -1, "sd": 1}, "must be above 0"),
        ("triangular", {"q10": 1, "mode": -9, "q90": 8}, "a mode of -9 is too far"),
        ("triangular", {"q10": 1, "q90": 8}, "two with mode given, three without"),
        ("triangular", {"q10": 1, "mode": "x", "q90": 8}, "mode = 'x' is not a number"),
    ],
)
def test_a_statement_that_does_not_tell_the_kind_is_refused(kind, stated, why):
    with pytest.raises(DistributionError, match=why):
        build(kind, stated)
