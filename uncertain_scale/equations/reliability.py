"""How often a run is interrupted, and the share of its time that is left.

A failure of one GPU stops all of them: the work since the last checkpoint is lost, and training
starts again from there. `goodput` is the share of time that trains; utilisation of whole runs,
`mfu`, has it inside, and that of a step, `step_mfu`, has not.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import (
    FailuresPerGpuDay,
    FloatArray,
    Gpus,
    Hours,
    Seconds,
    Share,
    overridable,
)

HOURS_PER_DAY: Annotated[float, "hour/day"] = 24.0
SECONDS_PER_HOUR: Annotated[float, "s/hour"] = 3600.0


@inverses(
    gpus__from_failures="GPUs of a cluster that is interrupted after a given time",
    failure_rate__implied="Failures for each GPU and day, implied by a cluster's",
)
def time_between_failures(gpus: Gpus, failure_rate: FailuresPerGpuDay) -> Hours:
    """Mean time until a failure interrupts the run.

    24 hours/day / (GPUs x failures for each GPU and day).
    """
    return HOURS_PER_DAY / (gpus * failure_rate)


@inverses(
    checkpoint_time__from_young="Time that training stops for a checkpoint, by Young's interval",
    time_between_failures__from_young="Mean time between failures, implied by Young's interval",
)
def young_interval(checkpoint_time: Seconds, time_between_failures: Hours) -> Seconds:
    """Time between checkpoints that loses least, to first order.

    (2 c M)^(1/2), c a checkpoint's time and M the mean time between failures.

    Reference: Young 1974, https://doi.org/10.1145/361147.361115
    """
    return (2 * checkpoint_time * time_between_failures * SECONDS_PER_HOUR) ** 0.5


def checkpoint_interval(checkpoint_time: Seconds, time_between_failures: Hours) -> Seconds:
    """Time of training between checkpoints that loses least.

    (2 c M)^(1/2) (1 + x/3 + x^2/9) - c, x = (c/2M)^(1/2), where c < 2M, and M elsewhere.

    Reference: Daly 2006, eq. 37, https://doi.org/10.1016/j.future.2004.11.016
    """
    mean = time_between_failures * SECONDS_PER_HOUR
    x = (checkpoint_time / (2 * mean)) ** 0.5
    series = (2 * checkpoint_time * mean) ** 0.5 * (1 + x / 3 + x**2 / 9) - checkpoint_time
    interval: FloatArray = np.where(x < 1, series, mean)
    return interval


def goodput(
    checkpoint_interval: Seconds,
    checkpoint_time: Seconds,
    restart_time: Seconds,
    time_between_failures: Hours,
) -> Share:
    """Share of the time that trains, after checkpoints, failures and restarts.

    t / (M exp(R/M) (exp((t + c)/M) - 1)), t the time between checkpoints, c that of one, R that of
    a restart and M the mean time between failures, which come at random and also in restarts.

    Reference: Daly 2006, eq. 20, https://doi.org/10.1016/j.future.2004.11.016
    """
    mean = time_between_failures * SECONDS_PER_HOUR
    cycle = mean * np.expm1((checkpoint_interval + checkpoint_time) / mean)
    share: FloatArray = checkpoint_interval / cycle * np.exp(-restart_time / mean)
    return share


@overridable
def step_mfu(mfu: Share, goodput: Share) -> Share:
    """Utilisation of the dense BF16 peak by a step, without the time that is lost between steps.

    Whole-run utilisation / goodput. Yields to what is stated of it.
    """
    return mfu / goodput


def mfu__from_step(step_mfu: Share, goodput: Share) -> Share:
    """Whole-run utilisation of the dense BF16 peak, by that of a step.

    Utilisation of a step x goodput. The prior of `mfu` is of whole runs: free `mfu` to have it
    follow from a step's.
    """
    return step_mfu * goodput
