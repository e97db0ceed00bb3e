"""What a method of sensitivity analysis is, and several of them run over the same draws."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from uncertain_scale.analysis.sensitivity.chains import Chains

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.separable import Structure
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["Findings", "Method", "run_methods"]


class Findings(NamedTuple):
    """What a method found: the variables and coordinates of a dataset to come."""

    variables: Mapping[str, xr.Variable]
    coords: Mapping[str, Any]
    attrs: Mapping[str, Any] = MappingProxyType({})


class Method(Protocol):
    """A method: what it collects from each chain, and what it makes of all of them."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return averages by names of the method's own, the chains along their first axis."""

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return what the averages, with chains along their first axis, amount to."""


class _Collected(NamedTuple):
    parts: list[dict[str, FloatArray]]
    structure: frozenset[tuple[str, Scale, type[Structure] | None]]


def run_methods(
    study: Study, methods: Sequence[Method], progress: Callable[[int], object] | None = None
) -> xr.Dataset:
    """Return the results of several methods in one dataset, from one pass over the chains.

    Parameters
    ----------
    study
        What is analysed.
    methods
        Those wanted; they share the samples and the evaluations of the model.
    progress
        Told how many chains are finished, now and then.
    """
    import xarray as xr

    batches = _collect(study, methods, progress)
    results = []
    for k, method in enumerate(methods):
        parts = [batch[k] for batch in batches]
        collected = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        results.append(method.summarise(study, collected))
    # All methods name what is analysed in the same order, so that nothing needs to be aligned.
    return xr.Dataset(
        {name: variable for result in results for name, variable in result.variables.items()},
        coords={name: coord for result in results for name, coord in result.coords.items()},
        attrs={
            **{name: value for result in results for name, value in result.attrs.items()},
            "design": study.design.kind,
            "draws": study.design.draws,
            "chains": study.design.chains,
            "seed": study.design.seed,
        },
    )


def _collect(
    study: Study, methods: Sequence[Method], progress: Callable[[int], object] | None
) -> list[list[dict[str, FloatArray]]]:
    """Return what methods collect, by batch of chains, all of which see the same structure."""

    def collect(numbers: Sequence[int]) -> _Collected:
        chains = Chains(study, numbers)
        # Numbers that are not finite, or too large to square, end as nan and with a reason.
        with np.errstate(all="ignore"):
            return _Collected([method.collect(chains) for method in methods], chains.structure)

    batches = study.over_chains(collect, progress)
    found = [batch.structure for batch in batches]
    disputed = frozenset.union(*found) - frozenset.intersection(*found)
    if disputed:  # what only some points show is no structure, to any of them
        others = {(output, scale) for output, scale, _ in disputed}
        study = replace(study, entangled=study.entangled | others)
        return _collect(study, methods, progress)
    return [batch.parts for batch in batches]
