"""A backtest: every run of a table forecast from what was known of it, and the forecasts scored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.backtest.forecast import (
    BASELINES,
    PROBS,
    TARGETS,
    Forecast,
    Forecaster,
    givens,
)
from uncertain_scale.analysis.backtest.mfu_fit import SCORED_GRADES, Beliefs
from uncertain_scale.analysis.backtest.scores import jeffreys, uniformity
from uncertain_scale.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.inputs import Priors
    from uncertain_scale.inputs.runs import RunsTable, TrainingRun
    from uncertain_scale.model import Model
    from uncertain_scale.sampling import Design

__all__ = ["Backtest", "Score", "Tested", "backtest", "score"]

_RECENT = "2024"


@dataclass(frozen=True)
class Tested:
    """One quantity of one run, forecast with the prior as it is and with the run left out of it.

    Parameters
    ----------
    run, target
        What was forecast.
    given
        What was known, in the model's units.
    in_sample, left_out
        The forecasts; the same one where the prior does not rest on the run.
    baselines
        The point forecasts, by name.
    """

    run: TrainingRun
    target: str
    given: Mapping[str, float]
    in_sample: Forecast
    left_out: Forecast
    baselines: Mapping[str, float]

    @property
    def refitted(self) -> bool:
        """Whether the prior was fitted again without the run."""
        return self.left_out is not self.in_sample

    @property
    def scored(self) -> bool:
        """Whether the run's grade lets it count."""
        return self.run.grade in SCORED_GRADES

    def forecast(self, *, left_out: bool) -> Forecast:
        """Return one of the two forecasts."""
        return self.left_out if left_out else self.in_sample

    def baseline_crps(self, name: str) -> float:
        """Return the score of a point forecast: its distance in logarithms."""
        return abs(math.log(self.baselines[name] / self.in_sample.observed))


@dataclass(frozen=True)
class Score:
    """How a set of forecasts fared.

    Parameters
    ----------
    runs
        How many there are.
    hits
        How many lie in the interval, by probability.
    share_interval
        Jeffreys' 95% interval for the share that does, by probability.
    mean_transform, uniformity
        Mean of the probability transforms, and the p-value of their test of uniformity.
    crps, crps_mcse
        Mean score of log forecasts, and its Monte Carlo error.
    baselines
        By name: mean score, how much higher it is than `crps`, and the standard error of that over
        the runs, nan for a single run.
    """

    runs: int
    hits: Mapping[float, int]
    share_interval: Mapping[float, tuple[float, float]]
    mean_transform: float
    uniformity: float
    crps: float
    crps_mcse: float
    baselines: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Parameters
    ----------
    priors, table, design
        What was tested, on what, with how many draws.
    tests
        Every forecast, runs in the order of the table.
    skipped
        Runs that cannot be tested, with the reason.
    notes
        What a reader should know.
    """

    priors: Priors
    table: RunsTable
    design: Design
    tests: Sequence[Tested]
    skipped: Sequence[tuple[str, str]]
    notes: Sequence[str]

    def of(self, target: str, *, scored: bool = True) -> list[Tested]:
        """Return the forecasts of one quantity, those that count or all."""
        return [t for t in self.tests if t.target == target and (t.scored or not scored)]

    def groups(self, target: str = "training_flop") -> dict[str, list[Tested]]:
        """Return the forecasts by chip family, date, grade and whether the prior rests on them."""
        tests = self.of(target)
        named: dict[str, list[Tested]] = {}
        for test in tests:
            named.setdefault(f"chip {test.run.chip.family}", []).append(test)
        for test in sorted(tests, key=lambda test: test.run.date):
            if test.run.date:
                when = "before" if test.run.date < _RECENT else "since"
                named.setdefault(f"published {when} {_RECENT}", []).append(test)
        for test in sorted(self.of(target, scored=False), key=lambda test: test.run.grade or "A"):
            grade = f"grade {test.run.grade}" if test.run.grade else "no grade"
            grade += "" if test.scored else ", shown apart"
            named.setdefault(grade, []).append(test)
        for test in sorted(tests, key=lambda test: not test.refitted):
            named.setdefault("in the fit" if test.refitted else "not in the fit", []).append(test)
        return named


def backtest(  # noqa: PLR0913 (what is tested, and how)
    model: Model,
    priors: Priors,
    table: RunsTable,
    design: Design,
    *,
    one_prior: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Backtest:
    """Forecast what was published of each run from what else was known of it.

    Parameters
    ----------
    model, priors
        The equations, and the scenario in the model's units.
    table
        The runs, as `read_runs` or `shipped_runs` reads them.
    design
        How the forecasts are drawn.
    one_prior
        Whether the scenario's MFU is used for every run; otherwise runs on other chips than the
        scenario's take the fit of their chip's family.
    progress
        Told how many runs are finished.

    Raises
    ------
    DataError
        No run of the table can be tested, or none of them counts.
    QuestionError
        The scenario lacks an input that the forecasts need.

    Examples
    --------
    >>> from uncertain_scale.inputs.runs import shipped_runs
    >>> from uncertain_scale.sampling import Design
    >>> from uncertain_scale.sampling.sample import prepare
    >>> found = backtest(*prepare(), shipped_runs(), Design(draws=128, chains=2))
    >>> score(found.of("training_flop"), left_out=True).runs
    65
    """
    beliefs = Beliefs(model, priors, one_prior=one_prior)
    forecaster = Forecaster(model, design)
    tests, skipped = [], []
    for number, run in enumerate(table.runs):
        if progress is not None:
            progress(number)
        if reason := _untestable(run):
            skipped.append((run.name, reason))
            continue
        tests += _tests(run, beliefs, forecaster)
    if not tests:
        reasons = sorted({reason for _, reason in skipped})
        if table.faults:
            reasons.append("rows with faults")
        raise DataError(
            f"{table.file}: no run can be tested ({', '.join(reasons) or 'there is no row'}); a "
            "test needs training_flop and gpu_hours, or gpus and training_time for these"
        )
    if not any(test.scored for test in tests):
        grades = ", ".join(sorted({test.run.grade for test in tests}))
        raise DataError(
            f"{table.file}: no run counts for the scores (grades {grades}, whose hours and FLOP "
            "may rest on each other); a run of grade A, B or none does"
        )
    return Backtest(priors, table, design, tests, skipped, _notes(beliefs, tests))


def score(tests: Sequence[Tested], *, left_out: bool) -> Score:
    """Score a set of forecasts, of one quantity.

    Parameters
    ----------
    tests
        At least one.
    left_out
        Whether the prior of each run is the one fitted without it.
    """
    forecasts = [test.forecast(left_out=left_out) for test in tests]
    n = len(forecasts)
    hits = {prob: sum(one.inside(prob) for one in forecasts) for prob in PROBS}
    transforms = [one.transform for one in forecasts]
    scores = np.array([one.crps for one in forecasts])
    baselines = {}
    for name in BASELINES:
        points = np.array([test.baseline_crps(name) for test in tests])
        gain = points - scores
        error = gain.std(ddof=1) / math.sqrt(n) if n > 1 else math.nan
        baselines[name] = float(points.mean()), float(gain.mean()), float(error)
    return Score(
        runs=n,
        hits=hits,
        share_interval={prob: jeffreys(count, n) for prob, count in hits.items()},
        mean_transform=float(np.mean(transforms)),
        uniformity=uniformity(transforms),
        crps=float(scores.mean()),
        # One design draws every forecast, so their errors may all go the same way.
        crps_mcse=float(np.mean([one.crps_mcse for one in forecasts])),
        baselines=baselines,
    )


def _untestable(run: TrainingRun) -> str:
    if run.hours is None and run.training_flop is None:
        return "neither GPU-hours nor FLOP"
    if run.hours is None:
        return "no GPU-hours, nor GPUs and days"
    return "no FLOP" if run.training_flop is None else ""


def _tests(run: TrainingRun, beliefs: Beliefs, forecaster: Forecaster) -> list[Tested]:
    """Return the forecasts of one run's quantities, as far as they are published."""
    tests = []
    priors, without = beliefs.of(run), beliefs.of(run, left_out=True)
    for target in TARGETS:
        observed = run.hours if target == "gpu_hours" else getattr(run, target)
        given = givens(run, target)
        if observed is None or given is None:
            continue
        known = dict(given) if run.may_be_fp8 else {**given, "precision_factor": 1.0}
        known |= {} if run.moe is None else {"moe": float(run.moe)}
        in_sample = forecaster(priors, known, target, observed)
        left_out = (
            forecaster(without, known, target, observed) if beliefs.refits(run) else in_sample
        )
        points = forecaster.baselines(priors, run, given, target)
        tests.append(Tested(run, target, known, in_sample, left_out, points))
    return tests


def _notes(beliefs: Beliefs, tests: Sequence[Tested]) -> list[str]:
    """Say what of the scenario is not tested, or not fitted."""
    notes = []
    own = [test for test in tests if beliefs.owns(test.run)]
    if not own:
        notes.append(
            f"no run is on the scenario's chips ({beliefs.family}), so its mfu is not tested; "
            "--one-prior tests it on every run"
        )
    elif not beliefs.fitted:
        notes.append(
            "the scenario's mfu is not the shipped prior and rests on no fit; it stands as it is "
            "in both columns"
        )
    return notes
