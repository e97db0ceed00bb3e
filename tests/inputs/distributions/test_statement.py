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
