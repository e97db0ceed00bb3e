"""Forecasts of one run by the engine, held against what was published of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.backtest.scores import crps, transform
from uncertain_scale.errors import DataError
from uncertain_scale.model import Problem, ask
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.sampling.engine import propagate, try_equations
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.intervals import quantiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uncertain_scale.inputs import Priors
    from uncertain_scale.inputs.runs import TrainingRun
    from uncertain_scale.model import Model, Plan
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.dependence import Coordinates
    from uncertain_scale.units.aliases import FloatArray

PROBS = (0.5, 0.8, 0.9, 0.95)
TARGETS = ("training_flop", "gpu_hours", "training_time")

BASELINES = {"40% MFU": 0.40, "30% of the sparse peak": 0.30}
"""Utilisation by point forecast: the first of the dense peak, the second of the sparse one."""

_SPARSE = 2.0
_TAILS = tuple((1 - prob) / 2 for prob in PROBS)


@dataclass(frozen=True)
class Forecast:
    """A forecast of one quantity of one run, and how it fared.

    Parameters
    ----------
    observed
        What was published, in the model's units.
    median
        Of the forecast.
    ends
        Ends of the equal-tailed interval, low and high, by each of `PROBS`.
    ends_mcse
        Their Monte Carlo errors.
    transform, transform_mcse
        Probability that the forecast gave to less than what was published, and its error.
    crps, crps_mcse
        Score of the logarithm, and its error: that of a point forecast is |log(forecast/observed)|.
    """

    observed: float
    median: float
    ends: Mapping[float, tuple[float, float]]
    ends_mcse: Mapping[float, tuple[float, float]]
    transform: float
    transform_mcse: float
    crps: float
    crps_mcse: float

    def inside(self, prob: float) -> bool:
        """Tell whether what was published lies in the interval."""
        low, high = self.ends[prob]
        return low <= self.observed <= high


def givens(run: TrainingRun, target: str) -> dict[str, float] | None:
    """Return what is given of a run to forecast a quantity of it, or None where it is unknown.

    FLOP is forecast from GPU-hours, or from GPUs and days; GPU-hours from FLOP; days from FLOP and
    GPUs. The chip's dense peak is given in each.
    """
    known: dict[str, float | None]
    if target == "training_flop":
        known = {"gpu_hours": run.gpu_hours}
        if run.gpu_hours is None:
            known = {"gpus": run.gpus, "training_time": run.training_time}
    elif target == "gpu_hours":
        known = {"training_flop": run.training_flop}
    else:
        known = {"training_flop": run.training_flop, "gpus": run.gpus}
    known["peak_flops"] = run.peak_flops
    stated = {name: value for name, value in known.items() if value is not None}
    return stated if len(stated) == len(known) else None


class _KeptColumns:
    """A design's columns, each made once however many runs are forecast with it."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._kept: dict[tuple[str, int, int], FloatArray] = {}

    def column(self, name: str, *, position: int, chain: int) -> FloatArray:
        """Return one coordinate of all points of a chain."""
        key = name, position, chain
        if key not in self._kept:
            self._kept[key] = self._design.column(name, position=position, chain=chain)
        return self._kept[key]


class Forecaster:
    """Answers questions about runs through the model's equations, as any question is answered.

    Parameters
    ----------
    model, design
        The equations, and how draws are made: the same draws for every run.
    """

    def __init__(self, model: Model, design: Design) -> None:
        self._model = model
        self._chains = range(design.chains)
        self._columns = _KeptColumns(design)
        self._one = _KeptColumns(replace(design, chains=1, draws=2))
        self._plans: dict[tuple[str, ...], Plan] = {}

    def __call__(
        self, priors: Priors, given: Mapping[str, float], target: str, observed: float
    ) -> Forecast:
        """Forecast a quantity and hold it against what was published.

        Raises
        ------
        DataError
            Draws that are not positive numbers, which have no logarithm.
        """
        draws = Draws(np.array(self._draws(priors, given, target, self._columns, self._chains)))
        bad = ~(np.isfinite(draws.values) & (draws.values > 0))
        if bad.any():
            raise DataError(
                f"{target} is forecast as {draws.values[bad][0]:.3g} in {bad.mean():.2%} of the "
                f"draws under {priors.name}; expected positive numbers: check its priors"
            )
        levels = np.array([0.5, *_TAILS, *(1 - tail for tail in _TAILS)])
        values, errors = quantiles(draws, levels)
        share, share_error = transform(draws, observed)
        score, score_error = crps(Draws(np.log(draws.values)), float(np.log(observed)))
        return Forecast(
            observed=observed,
            median=float(values[0]),
            ends=_by_prob(values[1:]),
            ends_mcse=_by_prob(errors[1:]),
            transform=share,
            transform_mcse=share_error,
            crps=score,
            crps_mcse=score_error,
        )

    def baselines(
        self, priors: Priors, run: TrainingRun, given: Mapping[str, float], target: str
    ) -> dict[str, float]:
        """Return the point forecasts of a quantity, through the same equations."""
        sparse = _SPARSE if run.chip.sparsity else 1.0
        found = {}
        for (name, share), factor in zip(BASELINES.items(), (1.0, sparse), strict=True):
            points = {**given, "mfu": share, "sparsity_factor": factor, "precision_factor": 1.0}
            found[name] = float(self._draws(priors, points, target, self._one, [0])[0][0])
        return found

    def _draws(
        self,
        priors: Priors,
        given: Mapping[str, float],
        target: str,
        columns: Coordinates,
        chains: Iterable[int],
    ) -> list[FloatArray]:
        """Return the draws of chains, as `sample` makes them."""
        problem = Problem(self._model, priors, ask(self._model, given, outputs=(target,)))
        # What is given and believed decides how a question is answered, the values do not.
        key = (target, *given, "", *priors.inputs)
        plan = self._plans.get(key) or problem.plan
        sampler = InputSampler(problem.believed, plan.inputs, tuple(given))
        if key not in self._plans:
            try_equations(plan, sampler)
            self._plans[key] = plan
        return [propagate(plan, sampler.draw(columns, chain))[target] for chain in chains]


def _by_prob(ends: FloatArray) -> dict[float, tuple[float, float]]:
    """Pair the low ends with the high ones that follow them."""
    low, high = np.split(ends, 2)
    return dict(zip(PROBS, zip(map(float, low), map(float, high), strict=True), strict=True))
