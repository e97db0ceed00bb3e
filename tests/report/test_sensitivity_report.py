"""Figures of a ranking as they are written."""

import pytest

from uncertain_scale.report.sensitivity_report import _with_interval


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
