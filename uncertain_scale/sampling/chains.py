"""Whole chains of draws, one after another, and the record of how they were made.

The record is a tree in ArviZ's schema, with the draws in it or without.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from uncertain_scale.inputs.distributions import Constant
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling.engine import Simulation, each, processors
from uncertain_scale.sampling.jobs import AHEAD, Batches
from uncertain_scale.sampling.limits import refuse_to_pass
from uncertain_scale.sampling.moment_facts import moment_facts
from uncertain_scale.sampling.pivots import input_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.units.aliases import FloatArray

_PACKAGES = ("uncertain-scale", "numpy", "scipy", "xarray", "arviz-stats")

Drawn: TypeAlias = "tuple[int, dict[str, FloatArray]]"
"""Number of a chain, and its draws by variable, each of shape (draw,)."""


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that its figures rest on."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def as_tree(simulation: Simulation, draws: Mapping[str, FloatArray] | None = None) -> xr.DataTree:
    """Lay draws out as a DataTree: `prior`, `prior_predictive`, `constant_data`.

    Parameters
    ----------
    simulation
        The run.
    draws
        Arrays of shape (chain, draw) by variable, in the model's units; without them, each variable
        is a nan that carries its attributes.
    """
    import xarray as xr

    problem, design = simulation.problem, simulation.design
    model, question = problem.model, problem.question
    plan, priors = problem.plan, problem.believed
    sampler, builtin = simulation.sampler(), model.builtin_variables
    moments, pivots = moment_facts(plan, sampler), simulation.pivot_facts()

    def variable(name: str, attributes: Mapping[str, Any]) -> xr.DataArray:
        long_name = attributes.get("long_name") or model.long_name(name) or name
        attrs = {**attributes, "units": str(model.variables[name]), "long_name": long_name}
        if name not in builtin:
            attrs["own"] = 1
        if draws is None:
            return xr.DataArray(np.nan, attrs=attrs)
        return xr.DataArray(draws[name], dims=("chain", "draw"), attrs=attrs)

    def belief(name: str) -> xr.DataArray:
        prior = priors.inputs[name]
        about = {"origin": plan.reached[name].origin, "varies": int(prior.varies)}
        serves = {**input_facts(sampler, name), **pivots.get(name, {})}
        return variable(name, {**about, **prior.facts(), **serves})

    held = draws is not None
    index = {"chain": range(design.chains), "draw": range(design.draws)} if held else {}
    inputs = {name: belief(name) for name in plan.inputs}
    outputs = {
        name: variable(name, {**moments[name], **pivots.get(name, {}), **_derivation(plan, name)})
        for name in plan.outputs
    }
    given = {
        name: xr.DataArray(
            prior.factor * known.value
            if isinstance(known := prior.distribution, Constant)
            else np.nan,
            attrs={"units": str(model.variables[name]), "stated": prior.provenance.stated},
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
            **{f"hash_{what}": digest for what, digest in problem.digests.items()},
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


@dataclass(frozen=True)
class _Whole:
    """Draws a batch of one chain; it goes to workers."""

    simulation: Simulation

    def __call__(self, chains: Sequence[int]) -> Drawn:
        return chains[0], self.simulation.whole(chains[0])


@takes_problem
def draw_chains(
    problem: Problem, design: Design, *, cluster: Cluster | None = None
) -> tuple[xr.DataTree, Iterator[Drawn]]:
    """Answer a question with draws that the caller keeps, chain by chain.

    Parameters
    ----------
    problem, design, cluster
        As in `sample`. The draws are the same.

    Returns
    -------
    xarray.DataTree
        As `sample` returns it, each variable a nan in the place of its draws.
    iterator of Drawn
        The chains; a cluster's come in any order.

    Raises
    ------
    QuestionError
        The question cannot be answered, or the few chains that are held at once do not fit in
        memory.
    """
    simulation = Simulation.of(problem, design)
    record = as_tree(simulation)
    refuse_to_pass(simulation, 2 * AHEAD if cluster else 2 * processors() + 2)
    return record, chains_of(simulation, range(design.chains), cluster=cluster)


def chains_of(
    simulation: Simulation,
    chains: Sequence[int],
    *,
    cluster: Cluster | None = None,
    stop: Stop | None = None,
) -> Iterator[Drawn]:
    """Yield some of a simulation's chains, until it is stopped; a cluster's come in any order.

    Raises
    ------
    ModelError
        An equation fails, or does not give a number for each draw.
    ClusterError
        The cluster cannot do it.
    """
    if cluster is None:
        # A run that is stopped has fewer results than chains.
        yield from zip(chains, each(simulation.whole, chains, stop=stop), strict=False)
    else:
        batches = Batches(chains, most=1)
        yield from cluster.map(simulation, _Whole(simulation), batches, packed=False, stop=stop)
