"""Which inputs account for the difference of two scenarios, by Shapley values of the medians."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.shapley import shapley_values
from uncertain_scale.sampling.engine import propagate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uncertain_scale.model import Plan
    from uncertain_scale.units.aliases import FloatArray

_MOST_CHANGES = 10
_ORDERS = 200


def attribute(
    plan: Plan,
    changed: Iterable[str],
    base: Mapping[str, FloatArray],
    other: Mapping[str, FloatArray],
    *,
    of: Sequence[str] = (),
) -> dict[str, dict[str, float]]:
    """Split the log-ratio of medians among the changed inputs, each output by itself.

    Parameters
    ----------
    plan
        How both answer.
    changed
        The inputs that differ, as `changed_inputs` finds them.
    base, other
        Draws of the inputs under the two, by name, of one shape.
    of
        The outputs looked at; all by default.

    Returns
    -------
    dict
        By output: how much of log(median of other / median of base) each changed input accounts
        for. An output whose median is not positive is left out.
    """
    outputs = of or plan.outputs
    known: dict[frozenset[str], dict[str, float]] = {}

    def log_medians(names: frozenset[str]) -> dict[str, float]:
        if names not in known:
            mixed = {name: (other if name in names else base)[name] for name in base}
            values = propagate(plan, mixed)
            known[names] = {output: _log_median(values[output]) for output in outputs}
        return known[names]

    parts = {}
    for output in outputs:
        mine = [name for name in changed if name in plan.reached[output].ancestors | {output}]
        ends = (log_medians(frozenset())[output], log_medians(frozenset(mine))[output])
        if all(map(math.isfinite, ends)):
            parts[output] = _shares(mine, partial(_worth, log_medians, output))
    return parts


def _worth(
    log_medians: Callable[[frozenset[str]], dict[str, float]], output: str, names: frozenset[str]
) -> float:
    return log_medians(names)[output]


def _log_median(draws: FloatArray) -> float:
    median = float(np.median(draws))
    return math.log(median) if median > 0 else math.nan


def _shares(players: Sequence[str], worth: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Return what each player adds, averaged over the orders in which they may come.

    All orders up to `_MOST_CHANGES` players, a fixed sample of them above; either way the shares
    add up to the worth of all less that of none, as what is added along one order always does.
    """
    if len(players) <= _MOST_CHANGES:
        sets = [
            frozenset(name for bit, name in enumerate(players) if number >> bit & 1)
            for number in range(1 << len(players))
        ]
        values = shapley_values(np.array([worth(names) for names in sets]))
        return dict(zip(players, values.tolist(), strict=True))
    shares = dict.fromkeys(players, 0.0)
    generator = np.random.default_rng(0)
    for _ in range(_ORDERS):
        before: frozenset[str] = frozenset()
        for player in map(str, generator.permutation(players)):
            shares[player] += (worth(before | {player}) - worth(before)) / _ORDERS
            before |= {player}
    return shares
