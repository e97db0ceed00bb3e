"""Utilisation of published runs by the equations, and what the prior of `mfu` says it rests on."""

from __future__ import annotations

import csv
import tomllib

import numpy as np
import pytest
from scipy import special, stats

from uncertain_scale.equations import compute
from uncertain_scale.inputs.catalog import shipped_folder

PRIORS = shipped_folder()


def h100_runs() -> tuple[np.ndarray, np.ndarray]:
    """Return whole-run MFU and training FLOP of the H100-class runs of grades A and B."""
    with (PRIORS / "evidence" / "published_runs.csv").open(newline="") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if row["backtest_grade"] in {"A", "B"}
            and row["hardware"] in {"NVIDIA H100 SXM", "NVIDIA H800 SXM"}
            and row["training_flop"]
            and row["chip_hours"]
        ]
    flop, hours, peak = (
        np.array([float(row[name]) for row in rows])
        for name in ("training_flop", "chip_hours", "peak_bf16_dense_flop_per_s")
    )
    one = np.ones(len(rows))
    speed = compute.effective_flops__implied(flop, hours)
    return compute.mfu__implied(speed, peak, one, one), flop


def predictive(mfu: np.ndarray) -> np.ndarray:
    """Return the 90% interval for one more run, by Student's t on logits."""
    logit = special.logit(mfu)
    n = len(logit)
    half = stats.t.ppf(0.95, n - 1) * logit.std(ddof=1) * np.sqrt(1 + 1 / n)
    return np.asarray(special.expit(logit.mean() + half * np.array([-1, 1])))


def test_utilisation_of_published_runs() -> None:
    mfu, flop = h100_runs()
    assert len(mfu) == 13
    assert np.quantile(mfu, [0.05, 0.5, 0.95]) == pytest.approx([0.142, 0.253, 0.357], abs=6e-4)
    large = mfu[flop >= 1e23]
    assert len(large) == 10
    assert [large.min(), np.median(large), large.max()] == pytest.approx(
        [0.155, 0.271, 0.372], abs=6e-4
    )


def test_prior_of_mfu_follows_from_published_runs() -> None:
    """The prior's ends are the predictive interval of the large runs, and cover as they should."""
    mfu, flop = h100_runs()
    large = mfu[flop >= 1e23]
    assert predictive(large) == pytest.approx([0.155, 0.431], abs=6e-4)
    prior = tomllib.loads((PRIORS / "base.toml").read_text(encoding="utf-8"))["inputs"]["mfu"]
    low, high = prior["q05"], prior["q95"]
    assert [low, high] == pytest.approx(predictive(large), abs=0.006)
    covered = int(np.sum((mfu >= low) & (mfu <= high)))
    assert covered == 12
    assert stats.binom.ppf(0.025, 13, 0.9) <= covered <= stats.binom.ppf(0.975, 13, 0.9)


def test_large_runs_left_out_one_at_a_time_are_covered() -> None:
    mfu, flop = h100_runs()
    large = mfu[flop >= 1e23]
    intervals = [predictive(np.delete(large, k)) for k in range(len(large))]
    inside = [low <= m <= high for m, (low, high) in zip(large, intervals, strict=True)]
    assert sum(inside) == 9
