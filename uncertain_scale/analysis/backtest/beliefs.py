"""What is believed of each run: a scenario's priors, with the MFU and the precision of its chip."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.backtest.mfu_fit import MfuFit, Observation
from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.chips import family_of_peak
from uncertain_scale.inputs.evidence import published_runs
from uncertain_scale.model import believe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.inputs.evidence import TrainingRun
    from uncertain_scale.model import Model

__all__ = ["SCORED_GRADES", "SMALLEST_RUN", "Beliefs", "fit_mfu", "fitted_runs"]

SMALLEST_RUN = 1e23
"""FLOP below which a run does not speak for those that the scenarios are about."""

SCORED_GRADES = ("A", "B", "")
"""Grades whose hours and FLOP are independent of each other, as far as the table tells."""

_NODES = 32
_IN_FP8 = "h100-dense-fp8"


def fitted_runs(
    runs: Iterable[TrainingRun], smallest: float = SMALLEST_RUN
) -> tuple[TrainingRun, ...]:
    """Return the runs that MFU is fitted to: those that tell it, of size and grade.

    Parameters
    ----------
    runs
        All there are.
    smallest
        FLOP from which a run counts.
    """
    return tuple(
        run
        for run in runs
        if run.grade in SCORED_GRADES
        and run.mfu is not None
        and run.training_flop is not None
        and run.training_flop >= smallest
    )


def fit_mfu(runs: Sequence[TrainingRun]) -> MfuFit:
    """Fit MFU to runs, FP8 taken out by the speed-up that the shipped scenarios believe it gives.

    Parameters
    ----------
    runs
        With GPU-hours and FLOP. Where the precision is not known and the chip has FP8, it counts as
        likely as `base` takes it.

    Raises
    ------
    DataError
        Fewer than three runs.
    """
    middles = (np.arange(_NODES) + 0.5) / _NODES
    fp8, unknown = (
        load_priors(name).inputs["precision_factor"].ppf(middles) for name in (_IN_FP8, "base")
    )
    observations = []
    for run in runs:
        if run.mfu is None:
            raise DataError(f"'{run.name}' lacks GPU-hours or FLOP; leave it out of the fit")
        speed_up = fp8 if run.precision == "fp8" else unknown if run.may_be_fp8 else np.ones(1)
        mfu = run.mfu / speed_up
        if not (mfu < 1).any():
            raise DataError(f"'{run.name}' has an mfu of {run.mfu:.3g}; expected less than 1")
        observations.append(Observation(run.name, run.chip.family, mfu[mfu < 1]))
    return MfuFit(observations)


class Beliefs:
    """The priors that each run is forecast with.

    Parameters
    ----------
    model, priors
        The equations and the scenario.
    one_prior
        Whether the scenario's own MFU is used for every run. Otherwise it is for runs on chips of
        the scenario's family, which its `peak_flops` tells; others take the fit of their family.
    """

    def __init__(self, model: Model, priors: Priors, *, one_prior: bool = False) -> None:
        self._model = model
        self._priors = priors
        self._one_prior = one_prior
        peak = priors.inputs.get("peak_flops")
        self.family = "" if peak is None else family_of_peak(float(peak.ppf(np.array([0.5]))[0]))
        shipped, own = load_priors("base").inputs["mfu"], priors.inputs.get("mfu")
        self.fitted = own is not None and own.distribution == shipped.distribution
        """Whether the scenario's MFU is the shipped prior, which is fitted to published runs."""
        self.names = frozenset(run.name for run in fitted_runs(published_runs()))
        """The runs that the shipped prior is fitted to."""

    def owns(self, run: TrainingRun) -> bool:
        """Tell whether a run is forecast with the scenario's own MFU."""
        return self._one_prior or run.chip.family == self.family

    def refits(self, run: TrainingRun) -> bool:
        """Tell whether the MFU that a run is forecast with was fitted to it too."""
        return run.name in self.names and (self.fitted or not self.owns(run))

    def of(self, run: TrainingRun, *, left_out: bool = False) -> Priors:
        """Return the priors for a run.

        Parameters
        ----------
        run
            Which run.
        left_out
            Whether MFU is fitted again without it, where it was fitted to it.
        """
        priors = self._priors
        if run.precision == "fp8":
            priors = priors.replace(self._fp8)
        refitted = left_out and self.refits(run)
        if self.owns(run) and not refitted:
            return priors
        family = self.family if self.owns(run) else run.chip.family
        predictive = self._fit.predictive(family, without=run.name if refitted else None)
        low, high = predictive.summary()
        mfu = f"logitnormal(q05={low:.6g}, q95={high:.6g})"
        return believe(priors, self._model, {"mfu": mfu})

    @cached_property
    def _fp8(self) -> Prior:
        """The speed-up of FP8: the scenario's own where it is one of FP8 for sure."""
        own = self._priors.inputs.get("precision_factor")
        if own is not None and float(own.ppf(np.array([0.01]))[0]) > 1:
            return own
        fp8 = load_priors(_IN_FP8, variables=self._model.variables).inputs["precision_factor"]
        return replace(fp8, joint="")

    @cached_property
    def _fit(self) -> MfuFit:
        return fit_mfu(fitted_runs(published_runs()))
