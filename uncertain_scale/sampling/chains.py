"""Whole chains of draws, one after another, and the tree that they and their record make.

The tree follows ArviZ's schema in plain arrays, with the draws in it or without. Statistics and
reports read it as it is; who saves it, or gets it from Python, has it as an `xarray.DataTree`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from uncertain_scale.inputs.distributions import Constant
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling.branches import rare_facts
from uncertain_scale.sampling.engine import Simulation, each, processors
from uncertain_scale.sampling.limits import refuse_to_pass
from uncertain_scale.sampling.moment_facts import moment_facts, varying_variables
from uncertain_scale.sampling.pivots import input_facts
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.units.aliases import FloatArray

_PACKAGES = ("uncertain-scale", "numpy", "scipy", "xarray", "arviz-stats")

Drawn: TypeAlias = "tuple[int, dict[str, FloatArray]]"
"""Number of a chain, and its draws by variable, each of shape (draw,)."""

_DIMS = ("chain", "draw")

_ERRORS = (
    "Each chain is an independent design: the error of a statistic is its spread between chains, "
    "as uncertain_scale.summarize gives it. ESS and MCSE of ArviZ assume draws of MCMC: for Sobol' "
    "nets they are some tens of times too wide."
)
"""What a DataTree says of Monte Carlo errors, as its attribute `monte_carlo_error`."""


@dataclass(frozen=True, eq=False)
class Variable:
    """Draws of a variable, and its attributes; what reads it takes an `xarray.DataArray`, too.

    Parameters
    ----------
    name
        The variable's.
    values
        Shape (chain, draw), or () for a number alone.
    attrs
        Units, long name, and what statistics rest on.
    """

    name: str
    values: FloatArray
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dims, as xarray has them."""
        return _DIMS[: self.values.ndim]


Labelled: TypeAlias = "Variable | xr.DataArray"
"""Draws with a name, dims and attributes."""


def by_chain(variable: Labelled) -> FloatArray:
    """Return draws with dims (chain, draw)."""
    values = variable.values if variable.dims == _DIMS else variable.values.T
    return np.asarray(values, dtype=float)


def answer_groups(groups: Container[str]) -> tuple[str, str]:
    """Return the groups of inputs and outputs that answer: the posterior's, where there is one."""
    if "posterior" in groups:
        return "posterior", "posterior_predictive"
    return "prior", "prior_predictive"


@dataclass(frozen=True, eq=False)
class ArrayTree:
    """An answer: draws by group and variable, and the record of how they were made.

    Parameters
    ----------
    groups
        `prior`, the inputs, `prior_predictive`, the outputs, and `constant_data`, what was given;
        after evidence the `posterior` and `posterior_predictive`, too.
    attrs
        The record.
    """

    groups: Mapping[str, Mapping[str, Labelled]]
    attrs: dict[Any, Any]

    @classmethod
    def of(cls, tree: xr.DataTree | ArrayTree) -> ArrayTree:
        """Return an answer that may be a DataTree; its arrays are not copied."""
        if isinstance(tree, ArrayTree):
            return tree
        groups = {
            str(group): {str(name): one for name, one in node.data_vars.items()}
            for group, node in tree.children.items()
        }
        return cls(groups, tree.attrs)

    def to_xarray(self) -> xr.DataTree:
        """Return it as a DataTree, with the numbers of chains and draws as coordinates."""
        import xarray as xr

        attrs = {**self.attrs, "monte_carlo_error": _ERRORS}
        data: dict[str, xr.Dataset] = {"/": xr.Dataset(attrs=attrs)}
        for group, variables in self.groups.items():
            arrays = {name: (one.dims, one.values, one.attrs) for name, one in variables.items()}
            held = any(one.dims for one in variables.values())
            index = {dim: range(self.attrs[f"{dim}s"]) for dim in _DIMS} if held else {}
            data[f"/{group}"] = xr.Dataset(arrays, coords=index)
        return xr.DataTree.from_dict(data)

    @property
    def outputs(self) -> Mapping[str, Labelled]:
        """The outputs, given the evidence where there is any."""
        return self.groups[answer_groups(self.groups)[1]]

    @property
    def variables(self) -> Mapping[str, Labelled]:
        """Inputs and outputs together; a name in both is the input's."""
        inputs = self.groups[answer_groups(self.groups)[0]]
        return {**inputs, **{k: one for k, one in self.outputs.items() if k not in inputs}}

    @property
    def integrable(self) -> Mapping[str, Labelled] | None:
        """Inputs that may be integrated out; None without any, or where evidence weighs them."""
        return None if "posterior" in self.groups else self.groups.get("prior")


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that its figures rest on."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def as_tree(
    simulation: Simulation,
    draws: Mapping[str, FloatArray] | None = None,
    *,
    brief: bool = False,
) -> ArrayTree:
    """Lay draws out as a tree: `prior`, `prior_predictive`, `constant_data`.

    Parameters
    ----------
    simulation
        The run.
    draws
        Arrays of shape (chain, draw) by variable, in the model's units; without them, each variable
        is a nan that carries its attributes.
    brief
        Whether to leave out what moments rest on, the rare values and the digests, which take
        longer than draws that are few.
    """
    problem, design = simulation.problem, simulation.design
    model, question = problem.model, problem.question
    plan, priors = problem.plan, problem.believed
    sampler, builtin = simulation.sampler(), model.builtin_variables
    pivots, digests = simulation.trial_facts(), dict.fromkeys(("priors", "equations"), "")
    facts: dict[str, dict[str, Any]]
    if brief:
        moving = varying_variables(plan, sampler)
        facts = {name: {"varies": int(name in moving)} for name in plan.outputs}
    else:
        moments, rare = moment_facts(plan, sampler), rare_facts(plan, sampler)
        facts = {name: {**moments[name], **rare[name]} for name in plan.outputs}
        digests |= problem.digests

    def variable(name: str, attributes: Mapping[str, Any]) -> Variable:
        long_name = attributes.get("long_name") or model.long_name(name) or name
        attrs = {**attributes, "units": str(model.variables[name]), "long_name": long_name}
        if name not in builtin:
            attrs["own"] = 1
        return Variable(name, np.array(np.nan) if draws is None else draws[name], attrs)

    def belief(name: str) -> Variable:
        prior = priors.inputs[name]
        about = {
            "origin": plan.reached[name].origin,
            "varies": int(prior.varies),
            "ages": int(prior.provenance.ages),
        }
        serves = {**input_facts(sampler, name), **pivots.get(name, {})}
        return variable(name, {**about, **prior.facts(), **serves})

    inputs = {name: belief(name) for name in plan.inputs}
    outputs = {
        name: variable(name, {**facts[name], **pivots.get(name, {}), **_derivation(plan, name)})
        for name in plan.outputs
    }
    given = {
        name: Variable(
            name,
            np.array(
                prior.factor * known.value
                if isinstance(known := prior.distribution, Constant)
                else np.nan
            ),
            {"units": str(model.variables[name]), "stated": prior.provenance.stated},
        )
        for name, prior in question.given.items()
    }
    return ArrayTree(
        {"prior": inputs, "prior_predictive": outputs, "constant_data": given},
        {
            "inference_library": "uncertain_scale",
            "inference_library_version": package_versions()["uncertain-scale"],
            "scenario": priors.name,
            "title": priors.title,
            "given": json.dumps({n: p.provenance.stated for n, p in question.given.items()}),
            "free": json.dumps(question.free),
            "outputs": json.dumps(plan.outputs),
            "notes": json.dumps(plan.notes),
            "as_of": question.as_of.isoformat() if question.as_of else "",
            "design": design.kind,
            "seed": design.seed,
            "chains": design.chains,
            "draws": design.draws,
            **{f"hash_{what}": digest for what, digest in digests.items()},
            "versions": json.dumps(package_versions()),
        },
    )


def _derivation(plan: Plan, name: str) -> dict[str, str]:
    """Return how an output was reached."""
    way = plan.reached[name]
    return {
        "origin": way.origin,
        "equation": str(way.equation) if way.equation else "",
        "rests_on": ", ".join(sorted(way.basis | ({DATE} & way.ancestors))),
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
    from uncertain_scale.sampling.jobs import AHEAD

    simulation = Simulation.of(problem, design)
    record = as_tree(simulation).to_xarray()
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
        from uncertain_scale.sampling.jobs import Batches

        batches = Batches(chains, most=1)
        yield from cluster.map(simulation, _Whole(simulation), batches, packed=False, stop=stop)
