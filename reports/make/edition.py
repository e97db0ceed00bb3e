"""The last edition of the reports: its figures as it printed them, for the page of what moved.

They are constants, read from `reports/` and `priors/` as of commit 514e94e. For the next edition
put the figures of this one here.
"""

from __future__ import annotations

__all__ = ["BEFORE"]

BEFORE: dict[str, str] = {
    # Answers.
    "flop": "4.84e25 FLOP (90%: 2.31e25 to 9.96e25)",
    "multiple": "2.54 (90%: 0.831 to 7.71)",
    "ten_times": "2.12%",
    "at_least_2e26": "0.0624%",
    "flop_fp8": "6.24e25 FLOP (90%: 2.92e25 to 1.26e26)",
    "beyond_fp8": "0.24%",
    "factor_fp8": "3.20",
    "reading": "3.22 (90%: 1.83 to 6.13)",
    "blackwell_per_gpu": "0.819 (90%: 0.384 to 1.53)",
    "blackwell_per_usd": "0.560 (90%: 0.235 to 1.22)",
    "blackwell_over_sparse": "0.967 (90%: 0.339 to 2.67)",
    "blackwell_over_h100": "1.93",
    "drivers": "`mfu` 48.8%, `hourly_rate` 32.3%, `precision_factor` 18.8%",
    "inside_90": "26 of 32",
    # Inputs.
    "mfu": "0.269 (90%: 0.149 to 0.436)",
    "mfu_gb200": "0.284 (90%: 0.139 to 0.493)",
    "fp8_gain": "1.39 (90%: 1.06 to 1.82)",
    "runs_fitted": "24",
    "runs_h100": "10",
    "pairs": "seven",
}
"""Figures of the last edition, by what they are of."""
