"""Warnings where peaks and utilisation meet, the place where a factor of 2 slips in.

MFU here is against the dense BF16 peak. Taken together with a sparse peak, or above 1, or above
what any published run of the chip has reached, it deserves a word before it is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.inputs.evidence import published_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

    from uncertain_scale.inputs.evidence import PublishedRun
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["utilisation_warnings"]

_GRADES = ("A", "B")
_SAME_PEAK = 0.02  # ratings of one chip differ by rounding


def utilisation_warnings(draws: xr.Dataset) -> list[str]:
    """Return what is doubtful about the peak and utilisation that an answer is computed from.

    Parameters
    ----------
    draws
        An answer's inputs and outputs, `mfu` solved for among them; without it there is nothing to
        warn of.

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
    return list(_warnings({str(name): one.values for name, one in draws.data_vars.items()}))


def _warnings(draws: dict[str, FloatArray]) -> Iterator[str]:
    if "mfu" not in draws:
        return
    mfu = draws["mfu"]
    sparsity = float(np.median(draws.get("sparsity_factor", np.ones(1))))
    above = float(np.mean(mfu > 1))
    if above:
        yield (
            f"mfu is above 1 in {above:.3g} of the draws, more than the peak can give; "
            "truncate its prior at 1, or check that it is a share and not a percentage"
        )
    if sparsity > 1:
        yield (
            f"a sparse peak (sparsity_factor = {sparsity:g}) is taken with an mfu against the "
            f"dense one, which overstates the speed {sparsity:g} times unless the run trains with "
            "2:4 sparsity, which no published run does; --set sparsity_factor=1"
        )
    best = _best_run(float(np.median(draws["peak_flops"]))) if "peak_flops" in draws else None
    dense = float(np.median(mfu)) * sparsity
    if best is not None and best.mfu is not None and dense > best.mfu:
        yield (
            f"the utilisation of the dense peak, {dense:.2g} at the median, is above what any "
            f"published run of the chip has reached ({best.name}: {best.mfu:.2g}); "
            f"lower mfu, or name the run that shows it"
        )


def _best_run(peak_flops: float) -> PublishedRun | None:
    """Return the published run with the highest utilisation of a chip with this peak."""
    runs = [
        run
        for run in published_runs()
        if run.grade in _GRADES
        and run.mfu is not None
        and abs(run.peak_flops / peak_flops - 1) < _SAME_PEAK
    ]
    return max(runs, key=lambda run: run.mfu or 0.0, default=None)
