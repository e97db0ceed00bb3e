"""Warnings where peaks and utilisation meet, the place where a factor of 2 slips in.

MFU here is against the dense BF16 peak. Taken together with a sparse peak, or above what any
published run has reached, it deserves a word before it is believed; so do a peak that the catalogue
of chips has as a sparse one or as one of another format, a speed-up above the ratio of a chip's
peaks, and a variable that is solved for and leaves its domain. Another warning is of rounding.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.chips import chips, same_peak
from uncertain_scale.inputs.runs import published_runs
from uncertain_scale.model import default_model
from uncertain_scale.sampling.cancellation import GRAIN
from uncertain_scale.units.aliases import Positive
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.inputs.chips import Chip
    from uncertain_scale.inputs.runs import TrainingRun
    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.units.aliases import FloatArray

WATCHED = (
    *("mfu", "dense_model_mfu", "sparsity_factor", "peak_flops", "precision_factor"),
    *("inference_mfu", "pue"),
)
"""Variables that the warnings rest on."""

_GRADES = ("A", "B")
_ROUNDING = 1e-12
_ROUNDED = 0.005  # a rating is printed to three digits


def utilisation_warnings(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return what is doubtful about the peak and utilisation that an answer is computed from.

    Parameters
    ----------
    draws
        An answer's inputs and outputs, `mfu` solved for or a dense model's among them; without
        these there is nothing to warn of. Variables that no built-in equation has are marked by an
        attribute `own`.

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
    return warnings_of_draws({name: draws[name].values for name in watched(draws)})


def rounding_warnings(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return which variables of an answer are what large terms leave that cancel, by how much."""
    found = []
    for name, one in draws.items():
        if grain := float(one.attrs.get(GRAIN, 0.0)):
            units = (
                "" if one.attrs.get("units") == "1" else f" {one.attrs.get('units', '')}".rstrip()
            )
            found.append(
                f"{name} is what is left of large terms that cancel: rounding moves it by about "
                f"{grain:.1g}{units}, which is in its errors; write the equations so that these "
                "terms cancel before there are numbers in them"
            )
    return found


def warnings_in(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return all that is doubtful about an answer, from draws of its inputs and outputs."""
    return [*utilisation_warnings(draws), *rounding_warnings(draws)]


def warnings_of_draws(values: Mapping[str, FloatArray]) -> list[str]:
    """Return these warnings from the draws of the variables in `WATCHED` that an answer has."""
    outside = {}
    for name, (low, high) in bounds_of(values).items():
        outside[name] = float(np.mean((values[name] < low) | (values[name] > high)))
    return warnings_of({name: float(np.median(one)) for name, one in values.items()}, outside)


def bounds_of(names: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Return the bounds of the built-in variables among these that have one besides 0.

    They are just beyond those of the domain, for rounding.
    """
    domains = {name: domain_of(default_model().variables[name]) for name in names}
    return {
        name: (domain.bounds[0] * (1 - _ROUNDING), domain.bounds[1] * (1 + _ROUNDING))
        for name, domain in domains.items()
        if domain and domain != Positive
    }


def watched(draws: Mapping[Any, Labelled]) -> list[str]:
    """Return the variables that the warnings rest on, but for namesakes in another model."""
    return [name for name in WATCHED if name in draws and not draws[name].attrs.get("own")]


def warnings_of(medians: Mapping[str, float], outside: Mapping[str, float]) -> list[str]:
    """Return these warnings from what they rest on.

    Parameters
    ----------
    medians
        Of the variables in `WATCHED` that an answer has.
    outside
        Share of draws that lie outside the domain, by variable of `bounds_of`.
    """
    utilisation = medians.get("mfu", medians.get("dense_model_mfu"))
    doubtful = () if utilisation is None else _warnings(medians, utilisation)
    return [*_impossible(outside), *doubtful]


def _impossible(outside: Mapping[str, float]) -> Iterator[str]:
    for name, part in outside.items():
        if part > 0:
            domain = domain_of(default_model().variables[name])
            share = "all draws" if part == 1 else f"{min(100 * part, 99.9):.3g}% of the draws"
            yield (
                f"{name} must be {domain.words() if domain else 'finite'}, and is not in {share}: "
                "what is given does not go together with the priors there; check its units, and "
                "which input is solved for"
            )


def _warnings(medians: Mapping[str, float], mfu: float) -> Iterator[str]:
    sparsity = medians.get("sparsity_factor", 1.0)
    if sparsity > 1:
        yield (
            f"a sparse peak (sparsity_factor = {sparsity:g}) is taken with an mfu against the "
            f"dense one, which overstates the speed {sparsity:g} times unless the run trains with "
            "2:4 sparsity, which no published run does; set sparsity_factor to 1"
        )
    if "peak_flops" in medians:
        yield from _of_chips(medians["peak_flops"], mfu * sparsity, medians)


def _of_chips(peak: float, utilisation: float, medians: Mapping[str, float]) -> Iterator[str]:
    """Yield what the catalogue of chips and the published runs speak against."""
    known = same_peak(peak)
    best, where = _best_run(known)
    if best.mfu is not None and utilisation > best.mfu:
        yield (
            f"the utilisation of the dense peak, {utilisation:.3g} at the median, is above what "
            f"any published run{where} has reached ({best.name}: {best.mfu:.3g}); "
            "lower it, or name the run that shows it"
        )
    if all(chip.announced for chip in known) and (names := _other_ratings(peak)):
        yield (
            f"peak_flops, {peak:.4g} FLOP/s/gpu, is {names}, and the dense BF16 peak, which it "
            "stands for, of no chip that is sold; state that, and what the number format gains as "
            "precision_factor"
        )
    gains = [(chip.gain(name), chip.name, name) for chip in known for name in chip.formats]
    gains = gains or [(math.inf, "", "")]
    most, chip_name, number_format = max(gains, key=itemgetter(0))
    speed_up = medians.get("precision_factor", 1.0)
    if speed_up > most * (1 + _ROUNDED):
        yield (
            f"precision_factor, {speed_up:.3g} at the median, is above {most:g}, the most that the "
            f"peak of the {chip_name} gains ({number_format.upper()} over 16 bits); lower it"
        )


def _best_run(known: Sequence[Chip]) -> tuple[TrainingRun, str]:
    """Return the published run with the highest utilisation, and on what: these chips, or any."""
    names = {chip.name for chip in known}
    runs = [run for run in published_runs() if run.grade in _GRADES and run.mfu is not None]
    own = [run for run in runs if run.chip.name in names]
    return max(own or runs, key=lambda run: run.mfu or 0.0), " of the chip" if own else ""


def _other_ratings(peak: float) -> str:
    """Return which ratings of chips that are sold a peak is, sparse or not, in words."""
    found: dict[str, list[str]] = {}
    for chip in chips().values():
        for rating in () if chip.announced else chip.ratings.values():
            for kind, figure in (("dense", rating.dense), ("sparse", rating.printed)):
                if abs(peak / figure - 1) < _ROUNDED:
                    found.setdefault(f"{kind} {rating.format.upper()}", []).append(chip.name)
                    break
    return " and ".join(f"the {kind} rating of {', '.join(names)}" for kind, names in found.items())
