"""The backtest: what the shipped prior must pass, and that a wrong one does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.analysis.backtest import backtest, score
from uncertain_scale.analysis.backtest.forecast import BASELINES, Forecaster, givens
from uncertain_scale.errors import DataError
from uncertain_scale.inputs.distributions import build
from uncertain_scale.inputs.runs import published_runs, read_runs, shipped_runs
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare


def run_named(name):
    return next(run for run in published_runs() if run.name == name)


def on_h100():
    table = shipped_runs()
    return replace(table, runs=tuple(run for run in table.runs if run.chip.family == "H100"))


@pytest.mark.slow
def test_the_shipped_prior_passes_its_own_backtest(shipped):
    """Each run left out: 90% coverage within its binomial interval, PIT not rejected at 1%."""
    found = score(shipped.of("training_flop"), left_out=True)
    assert found.runs == 65
    low, high = found.share_interval[0.9]
    assert low <= 0.9 <= high
    assert stats.binom.ppf(0.005, 65, 0.9) <= found.hits[0.9] <= stats.binom.ppf(0.995, 65, 0.9)
    assert found.uniformity > 0.01


@pytest.mark.slow
def test_the_runs_of_the_fit_alone_pass_too(shipped):
    tests = shipped.groups()["in the fit"]
    found = score(tests, left_out=True)
    assert found.runs == 65
    assert all(test.refitted for test in tests)
    assert found.share_interval[0.9][0] <= 0.9 <= found.share_interval[0.9][1]
    assert found.uniformity > 0.01


@pytest.mark.slow
def test_forecasts_are_better_than_both_points(shipped):
    found = score(shipped.of("training_flop"), left_out=True)
    assert set(found.baselines) == set(BASELINES)
    for mean, gain, error in found.baselines.values():
        assert mean == pytest.approx(found.crps + gain)
        assert gain > 3 * error


@pytest.mark.slow
def test_the_counts_of_the_shipped_table(shipped):
    """Golden, from this program: in sample and left out, inside 50, 80, 90 and 95%."""
    tests = shipped.of("training_flop")
    counts = [list(score(tests, left_out=out).hits.values()) for out in (False, True)]
    assert counts == [[39, 55, 61, 61], [36, 56, 60, 61]]


@pytest.mark.slow
def test_a_sparse_peak_taken_for_a_dense_one_fails():
    """The test can fail: the scenario whose FLOP are double is rejected beyond doubt."""
    found = backtest(*prepare("h100-sparse-fp8"), on_h100(), Design(draws=64, chains=2))
    told = score(found.of("training_flop"), left_out=True)
    assert told.share_interval[0.9][1] < 0.9
    assert told.uniformity < 1e-6


def test_a_prior_that_is_too_narrow_fails():
    model, priors = prepare()
    narrow = us.believe(priors, model, {"mfu": "logitnormal(q05=0.26, q95=0.28)"})
    found = backtest(model, narrow, shipped_runs(), Design(draws=64, chains=2), one_prior=True)
    told = score(found.of("training_flop"), left_out=True)
    assert told.share_interval[0.9][1] < 0.9
    assert told.uniformity < 1e-3
    assert any("not the shipped prior" in note for note in found.notes)
    assert not any(test.refitted for test in found.tests)


@pytest.mark.slow
def test_every_run_is_tested_or_told(shipped):
    names = [run.name for run in published_runs()]
    tested = {test.run.name for test in shipped.tests}
    skipped = {name for name, _ in shipped.skipped}
    assert tested | skipped == set(names)
    assert not tested & skipped
    assert len(names) == 80


@pytest.mark.slow
def test_hours_from_flop_mirror_flop_from_hours(shipped):
    """One utilisation decides both: transforms add up to 1, scores of logarithms are the same."""
    forth, back = shipped.of("training_flop"), shipped.of("gpu_hours")
    for one, other in zip(forth, back, strict=True):
        assert one.left_out.transform + other.left_out.transform == pytest.approx(1.0)
        assert one.left_out.crps == pytest.approx(other.left_out.crps)


def test_a_forecast_is_the_answer_that_the_engine_gives():
    """Bit for bit: the same draws as `run` with the same givens."""
    run = run_named("Llama 3.1 405B")
    design = Design(draws=256, chains=4)
    model, priors = prepare()
    given = {**givens(run, "training_flop"), "precision_factor": 1.0}
    found = Forecaster(model, design)(priors, given, "training_flop", run.training_flop)
    tree = us.run(given=given, outputs=["training_flop"], design=design)
    draws = tree["prior_predictive/training_flop"].values
    assert found.transform == (draws < run.training_flop).mean()
    assert found.median == pytest.approx(np.quantile(draws, 0.5, method="hazen"), rel=1e-15)


def test_intervals_are_those_of_the_closed_form():
    """Of a dense model in BF16 it is hours x 3600 x peak x MFU, so its quantiles are MFU's."""
    run = run_named("Llama 3 70B")
    model, priors = prepare()
    given = {**givens(run, "training_flop"), "precision_factor": 1.0, "moe": 0.0}
    found = Forecaster(model, Design(draws=4096, chains=4))(
        priors, given, "training_flop", run.training_flop
    )
    scale = run.gpu_hours * 3600 * run.peak_flops
    for prob, ends in found.ends.items():
        expected = scale * priors.inputs["dense_model_mfu"].ppf(np.array([1 - prob, 1 + prob]) / 2)
        assert ends == pytest.approx(expected, rel=2e-3)


def test_what_is_given_of_a_run():
    run = run_named("Phi-4")
    assert givens(run, "training_flop") == {"gpu_hours": 967680, "peak_flops": 9.894e14}
    assert givens(run, "gpu_hours") == {"training_flop": 8.4e23, "peak_flops": 9.894e14}
    assert givens(run, "training_time") == {
        "training_flop": 8.4e23,
        "gpus": 1920,
        "peak_flops": 9.894e14,
    }
    assert givens(run_named("Llama 3 8B"), "training_time") is None


def test_gpus_and_days_stand_for_hours(tmp_path):
    path = tmp_path / "runs.csv"
    head = "name,hardware,precision,gpus [gpu],training_time [day],gpu_hours [gpu*hour]"
    path.write_text(
        f"{head},training_flop [FLOP]\n"
        "days,H100 SXM,bf16,1000,10,,3e23\n"
        "hours,H100 SXM,bf16,,,240000,3e23\n"
    )
    found = backtest(*prepare(), read_runs(path), Design(draws=64, chains=2))
    days, hours = found.of("training_flop")
    assert set(days.given) == {"gpus", "training_time", "peak_flops", "precision_factor"}
    assert days.left_out.transform == hours.left_out.transform
    assert [test.run.name for test in found.of("training_time")] == ["days"]


@pytest.mark.slow
def test_baselines_are_their_arithmetic(shipped):
    for test in shipped.of("training_flop"):
        whole = test.run.hours * 3600 * test.run.peak_flops
        sparse = 2 if test.run.chip.sparsity else 1
        assert list(test.baselines.values()) == pytest.approx([0.4 * whole, 0.3 * sparse * whole])


def test_a_scenario_on_other_chips_says_that_its_mfu_is_not_tested():
    table = replace(shipped_runs(), runs=(run_named("SmolLM2 360M"),))
    found = backtest(*prepare("gb200-dense-fp8"), table, Design(draws=16, chains=2))
    assert "no run is on the scenario's chips (B200)" in found.notes[0]


def test_forecasts_that_are_not_positive_are_refused():
    model, priors = prepare()
    unchecked = replace(
        priors.inputs["mfu"], distribution=build("normal", {"mu": 0.1, "sigma": 0.06})
    )
    wrong = priors.replace(unchecked)
    with pytest.raises(DataError, match=r"training_flop is forecast as -.*expected positive"):
        backtest(model, wrong, on_h100(), Design(draws=512, chains=2))
