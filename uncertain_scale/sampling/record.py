"""Draws and the record of how they were made, as a tree in ArviZ's schema."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.distributions import Constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Model, Plan, Question
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["as_tree", "package_versions"]

_PACKAGES = ("uncertain-scale", "numpy", "scipy", "xarray", "arviz-stats")


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that its figures rest on."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def as_tree(  # noqa: PLR0913 (all that a record is made of)
    *,
    model: Model,
    priors: Priors,
    question: Question,
    plan: Plan,
    design: Design,
    draws: Mapping[str, FloatArray] | None,
    moments: Mapping[str, Mapping[str, float]],
) -> xr.DataTree:
    """Lay draws out as a DataTree: `prior`, `prior_predictive`, `constant_data`.

    Parameters
    ----------
    model, priors, question, plan, design
        What was run; `priors` with the givens in their places.
    draws
        Arrays of shape (chain, draw) by variable, in the model's units; without them, each variable
        is a nan that carries its attributes.
    moments
        What the model tells of each output's moments, as `moment_facts` returns it.
    """
    import xarray as xr

    def variable(name: str, attributes: Mapping[str, Any]) -> xr.DataArray:
        long_name = attributes.get("long_name") or model.long_name(name) or name
        attrs = {**attributes, "units": model.variables[name], "long_name": long_name}
        if draws is None:
            return xr.DataArray(np.nan, attrs=attrs)
        return xr.DataArray(draws[name], dims=("chain", "draw"), attrs=attrs)

    held = draws is not None
    index = {"chain": range(design.chains), "draw": range(design.draws)} if held else {}
    inputs = {
        name: variable(name, {"origin": plan.reached[name].origin, **priors.inputs[name].facts()})
        for name in plan.known("given", "prior", "fallback")
    }
    outputs = {
        name: variable(name, {**moments[name], **_derivation(plan, name)}) for name in plan.outputs
    }
    given = {
        name: xr.DataArray(
            prior.factor * known.value
            if isinstance(known := prior.distribution, Constant)
            else np.nan,
            attrs={"units": model.variables[name], "stated": prior.provenance.stated},
        )
        for name, prior in question.given.items()
    }
    root = xr.Dataset(
        attrs={
            "inference_library": "uncertain_scale",
            "inference_library_version": version("uncertain-scale"),
            "scenario": priors.name,
            "title": priors.title,
            "given": json.dumps({n: p.provenance.stated for n, p in question.given.items()}),
            "free": json.dumps(question.free),
            "outputs": json.dumps(plan.outputs),
            "notes": json.dumps(plan.notes),
            "design": design.kind,
            "seed": design.seed,
            "chains": design.chains,
            "draws": design.draws,
            "hash_priors": priors.digest(),
            "hash_equations": model.digest(),
            "versions": json.dumps(package_versions()),
        }
    )
    return xr.DataTree.from_dict(
        {
            "/": root,
            "/prior": xr.Dataset(inputs, coords=index),
            "/prior_predictive": xr.Dataset(outputs, coords=index),
            "/constant_data": xr.Dataset(given),
        }
    )


def _derivation(plan: Plan, name: str) -> dict[str, str]:
    """Return how an output was reached."""
    way = plan.reached[name]
    return {
        "origin": way.origin,
        "equation": str(way.equation) if way.equation else "",
        "rests_on": ", ".join(sorted(way.basis)),
    }
