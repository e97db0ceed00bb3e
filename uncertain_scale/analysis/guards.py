"""Warnings where peaks and utilisation meet, the place where a factor of 2 slips in.

MFU here is against the dense BF16 peak. Taken together with a sparse peak, or above 1, or above
what any published run of the chip has reached, it deserves a word before it is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.runs import published_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uncertain_scale.inputs.runs import TrainingRun
    from uncertain_scale.sampling.chains import Labelled

WATCHED = ("mfu", "sparsity_factor", "peak_flops")
"""Variables that the warnings rest on."""

_GRADES = ("A", "B")
_SAME_PEAK = 0.02  # ratings of one chip differ by rounding


def utilisation_warnings(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return what is doubtful about the peak and utilisation that an answer is computed from.

    Parameters
    ----------
    draws
        An answer's inputs and outputs, `mfu` solved for among them; without it there is nothing to
        warn of. Variables that no built-in equation has are marked by an attribute `own`.

    Returns
    -------
    list of str
        A sentence each, with its remedy; none where all is well.

    Examples
    --------
    >>> import xarray as xr
    >>> utilisation_warnings(xr.Dataset({"mfu": 0.3, "sparsity_factor": 1.0}))
    []
    """
    values = {name: draws[name].values for name in watched(draws)}
    medians = {name: float(np.median(one)) for name, one in values.items()}
    return warnings_of(medians, float(np.mean(values.get("mfu", np.zeros(1)) > 1)))


def watched(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return the variables that the warnings rest on, but for namesakes in another model."""
    return [name for name in WATCHED if name in draws and not draws[name].attrs.get("own")]


def warnings_of(medians: Mapping[str, float], above: float) -> list[str]:
    """Return these warnings from what they rest on.

    Parameters
    ----------
    medians
        Of the variables in `WATCHED` that an answer has.
    above
        Share of draws in which mfu is above 1.
    """
    return list(_warnings(medians, above)) if "mfu" in medians else []


def _warnings(medians: Mapping[str, float], above: float) -> Iterator[str]:
    sparsity = medians.get("sparsity_factor", 1.0)
    if above:
        share = "all draws" if above == 1 else f"{min(100 * above, 99.9):.3g}% of the draws"
        yield (
            f"mfu is above 1 in {share}, more than the peak can give; "
            "truncate its prior at 1, or check that it is a share and not a percentage"
        )
    if sparsity > 1:
        yield (
            f"a sparse peak (sparsity_factor = {sparsity:g}) is taken with an mfu against the "
            f"dense one, which overstates the speed {sparsity:g} times unless the run trains with "
            "2:4 sparsity, which no published run does; set sparsity_factor to 1"
        )
    best = _best_run(medians["peak_flops"]) if "peak_flops" in medians else None
    dense = medians["mfu"] * sparsity
    if best is not None and best.mfu is not None and dense > best.mfu:
        yield (
            f"the utilisation of the dense peak, {dense:.2g} at the median, is above what any "
            f"published run of the chip has reached ({best.name}: {best.mfu:.2g}); "
            f"lower mfu, or name the run that shows it"
        )


def _best_run(peak_flops: float) -> TrainingRun | None:
    """Return the published run with the highest utilisation of a chip with this peak."""
    runs = [
        run
        for run in published_runs()
        if run.grade in _GRADES
        and run.mfu is not None
        and abs(run.peak_flops - peak_flops) < _SAME_PEAK * peak_flops
    ]
    return max(runs, key=lambda run: run.mfu or 0.0, default=None)
