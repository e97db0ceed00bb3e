"""A question answered given observed facts: prior and posterior side by side in one tree.

A record of the conditioning, plain data, travels with the draws.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.conditioning.conflict import (
    predict,
    refuse_against_each_other,
    refuse_against_prior,
)
from uncertain_scale.analysis.conditioning.information import effective_rows, information_gained
from uncertain_scale.analysis.conditioning.likelihood import highest_log_likelihood
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior, over_chains
from uncertain_scale.analysis.conditioning.rarity import evidence_share
from uncertain_scale.analysis.conditioning.terms import Columns, bind_sound, in_one_way, varies
from uncertain_scale.errors import EvidenceError
from uncertain_scale.inputs.observations import Range, read_evidence
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.sampling.engine import Simulation, propagate
from uncertain_scale.sampling.moment_facts import MOMENTS, moment_facts
from uncertain_scale.sampling.pivots import OF_THE_PRIOR
from uncertain_scale.sampling.rare_values import FEWEST, Rare, rare_masses, rare_of
from uncertain_scale.statistics.intervals import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from uncertain_scale.analysis.conditioning.conflict import Prediction
    from uncertain_scale.analysis.conditioning.posterior import Method, Posterior
    from uncertain_scale.analysis.conditioning.terms import Term
    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Plan, Problem, Question
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["condition", "finite", "notes_on", "record_of"]

_FORGOTTEN = 0.3
_SAME = 1e-9  # relative, of one answer computed twice
_SURPRISING = 0.01
_FEW_ROWS = 50
_LARGEST = 700.0  # whose exponential is a number
_DECIDES = 0.01  # probability that evidence may give to a value that few draws of the prior hold


def record_of(
    terms: Sequence[Term],
    before: Sequence[Prediction],
    after: Sequence[Prediction],
    posterior: Posterior,
    plan: Plan,
) -> dict[str, Any]:
    """Return how a posterior was found, and each observation before and after, as plain data."""
    weights, evidence = posterior.weights, posterior.log_evidence
    top = float(evidence.max())
    means = np.exp(evidence - top)
    return {
        "method": posterior.method,
        "reason": posterior.reason,
        "k_hat": None if weights is None else weights.k_hat,
        "effective": None if weights is None else weights.effective,
        "draws_weighted": None if weights is None else int(weights.logarithms.size),
        "stages": posterior.stages,
        "memory": posterior.memory,
        "log_evidence": top + float(np.log(means.mean())),
        "log_evidence_mcse": posterior.log_evidence_error,
        "bears": any(set(term.inputs) & set(plan.reached) for term in terms),
        "observations": [
            _observation(term, *predictions)
            for term, *predictions in zip(terms, before, after, strict=True)
        ],
    }


def _observation(term: Term, before: Prediction, after: Prediction) -> dict[str, Any]:
    seen, said = term.observation, term.observation.provenance
    stated = seen.stated
    observed = lower = upper = None
    if isinstance(stated, Range):
        lower, upper = (end * seen.factor for end in stated.support)
    else:
        observed = (stated.ppf(np.array([0.05, 0.5, 0.95])) * seen.factor).tolist()
    return {
        "name": seen.name,
        "variable": seen.variable,
        "units": term.units,
        "stated": seen.words,
        "error_on": None if observed is None else "log" if seen.logarithmic else "value",
        "given": dict(seen.given),
        "own": dict(seen.own),
        "shares": list(term.inputs),
        "observed": observed,
        "lower": lower,
        "upper": upper,
        "prior_predictive": before.quantiles.tolist(),
        "prior_predictive_mcse": before.errors.tolist(),
        "posterior_predictive": after.quantiles.tolist(),
        "posterior_predictive_mcse": after.errors.tolist(),
        "p_value": before.p_value,
        "p_value_mcse": before.p_value_error,
        "source": said.source,
        "as_of": said.as_of.isoformat() if said.as_of else "",
        "note": said.note,
        "where": said.where,
    }


def notes_on(
    terms: Sequence[Term], record: Mapping[str, Any], posterior: Posterior, plan: Plan
) -> Iterator[str]:
    """Say what a reader should know of the evidence."""
    yield from _undecided(terms, record["log_evidence"], posterior.log_likelihood.size)
    if not record["bears"]:
        yield "the evidence bears on no input that the answers rest on"
    for one in record["observations"]:
        if one["p_value"] < _SURPRISING:
            yield (
                f"'{one['name']}' surprises: under the priors an observation as far out has "
                f"probability {one['p_value']:.1g}; look at its givens, and at the priors"
            )
    learnt = record["information"]["inputs"].values()
    for joint, rows in {one["joint"]: one["rows"] for one in learnt if one["joint"]}.items():
        if rows < _FEW_ROWS:
            yield (
                f"{joint.replace('+', ', ')}: the evidence leaves the worth of {rows:.0f} rows of "
                "the joint sample, too few for intervals of these inputs; more rows, or a less "
                "sure error, would help"
            )
    for term in terms:
        for name in term.plan.known("fallback"):
            if name in term.inputs and plan.reached.get(name) is not None:
                yield (
                    f"'{term.observation.name}' takes {name} to be that of the question; "
                    f"own = ['{name}'] lets it have its own, or give it"
                )
    if posterior.memory > _FORGOTTEN:
        yield (
            f"moves leave draws near where they began (correlation {posterior.memory:.2f}): likely "
            "regions are far apart or very thin, and what falls to each rests on resampling, whose "
            "error the chains show"
        )


def _undecided(terms: Sequence[Term], log_evidence: float, draws: int) -> Iterator[str]:
    """Name values that draws of the prior hardly hold, but that the evidence may make likely.

    Those of inputs with a coordinate of their own are drawn often enough, see `Space.stretched`.
    A value of prior probability p has at most p times the highest likelihood over the mean one.
    """
    highest = sum(highest_log_likelihood(term.observation) for term in terms)
    told = set()
    for term in terms:
        drawn = term.rare_levels(draws)
        for name in (name for name in term.inputs if name not in told and name not in drawn):
            prior, rows = term.sampler.belief(name)
            masses = rare_masses(prior.distribution.masses()) if rows is None else []
            rare = [one for pair in masses if (one := Rare(name, *pair)).missed(draws)]
            if not rare:
                continue
            likelier = np.exp(min(highest - log_evidence, _LARGEST))
            most = min(rare[-1].mass * likelier, 1.0)
            if most > _DECIDES:
                told.add(name)
                yield (
                    f"{rare[-1].reason(draws)} of the prior, and the evidence may make it up to "
                    f"{most:.0%} likely: probabilities and intervals that rest on it are not "
                    "settled; more draws would show it"
                )


def finite(value: Any) -> Any:
    """Return plain data with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


@takes_problem
def condition(  # noqa: PLR0913 (a question, how to draw, and what was observed)
    problem: Problem,
    design: Design,
    evidence: Sequence[str | Path],
    *,
    method: Method = "auto",
    keep_sound: bool = False,
    progress: Callable[[int], object] | None = None,
) -> xr.DataTree:
    """Answer a question given observed facts.

    Parameters
    ----------
    problem, design
        As in `sample`.
    evidence
        Evidence files, or names of shipped ones.
    method
        `importance` weights, `smc`, or `auto`, which prefers weights where these can be trusted.
    keep_sound
        Whether observations with a fault are left out, with a note of each fault, where there are
        others; by default all are refused.
    progress
        Told how many chains of the posterior are finished.

    Returns
    -------
    xarray.DataTree
        What `sample` returns, with `posterior` beside `prior` and `posterior_predictive` beside
        `prior_predictive`: equally weighted draws, dims (chain, draw), the chains independent.
        Inputs that only the observations rest on are in `prior` and `posterior` too. The root's
        attribute `conditioning` holds, as JSON, the observations, how the posterior was found, and
        what was learnt, in bits.

    Raises
    ------
    EvidenceError
        Everything that is wrong with the evidence, or why it cannot be believed.
    QuestionError
        The question cannot be answered.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.model import ask, default_model
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> priors = load_priors("base", variables=model.variables)
    >>> question = ask(model, {"gpus": "100k"}, outputs=["facility_power"])
    >>> tree = condition(model, priors, question, Design(draws=512), ["h100-clusters"])
    >>> before, after = (tree[f"{one}_predictive/facility_power"] for one in ("prior", "posterior"))
    >>> bool(after.std() < before.std() / 2)
    True
    """
    _ = problem.plan  # a question without answer is told first
    observations, unread = read_evidence(evidence, problem.model.variables)
    problem = in_one_way(problem, observations)
    model, priors, question, plan = problem.model, problem.priors, problem.question, problem.plan
    tree = sample(problem, design)
    terms, faults = bind_sound(model, priors, observations, unread)
    try:
        before = refuse_against_prior(terms, priors, design.seed)
    except EvidenceError as error:
        raise EvidenceError([*faults, *error.faults]) from None
    if faults and not keep_sound:
        raise EvidenceError(faults)
    space = Space.of(terms, problem.believed)
    posterior = find_posterior(space, design, method, progress=progress)
    before = [_by_evidence(one, terms, posterior) for one in before]
    after = [_predicted(term, space, posterior) for term in terms]
    refuse_against_each_other(terms, after, priors, design.seed)
    simulation = Simulation(problem, design)
    asked = simulation.sampler()
    extra = InputSampler(priors, _only_observed(terms, plan, question))
    touched = [name for name in space.names if name not in question.given]
    draws, levels = _draw(simulation, extra, space, posterior, touched)
    record = record_of(terms, before, after, posterior, plan)
    record["information"] = {
        "in_all": _in_all(posterior),
        "inputs": _learnt(problem.believed, (asked, extra), levels, touched),
    }
    record["left_out"] = list(faults)
    left_out = [f"left out: {fault}" for fault in faults]
    record["notes"] = [*left_out, *notes_on(terms, record, posterior, plan)]
    along = [name for name in asked.coordinates if name not in touched]
    moments = moment_facts(plan, asked, along, exact=False)
    for name in simulation.settled.keys() & moments.keys():
        moments[name]["varies"] = 0.0
    for name, ends in _bounds(terms, space, posterior, draws).items():
        if name in moments:
            moments[name] |= _narrower(moments[name], ends)
    shown = set(_shown(terms, levels, posterior.log_likelihood.size))
    return _tree(tree, draws, (problem, extra, design), (moments, shown), record)


def _shown(terms: Sequence[Term], levels: Mapping[str, FloatArray], draws: int) -> Iterator[str]:
    """Yield the inputs whose rare values draws of the posterior hold often enough."""
    for term in terms:
        rare = term.rare_levels(draws)
        for name in rare.keys() & levels.keys():
            within = sum(((levels[name] > a) & (levels[name] < b)).sum() for a, b in rare[name])
            if within >= FEWEST:
                yield name


def _only_observed(terms: Sequence[Term], plan: Plan, question: Question) -> list[str]:
    """Return the inputs that observations share with one another but not with the question."""
    names = dict.fromkeys(name for term in terms for name in term.inputs)
    return [name for name in names if name not in plan.reached and name not in question.given]


def _by_evidence(before: Prediction, terms: Sequence[Term], posterior: Posterior) -> Prediction:
    """Return a prediction whose p-value is the evidence, if it stands alone and is a bound's."""
    if len(terms) > 1 or not isinstance(terms[0].observation.stated, Range):
        return before
    share, error = evidence_share(posterior)
    if not error < before.p_value_error:
        return before
    return replace(before, p_value=share, p_value_error=error)


def _predicted(term: Term, space: Space, posterior: Posterior) -> Prediction:
    chains = (term.predict(space.columns(u)) for u in posterior.u)
    return predict(term, np.array(list(chains)))


def _bounds(
    terms: Sequence[Term], space: Space, posterior: Posterior, draws: Mapping[str, FloatArray]
) -> dict[str, tuple[float, float]]:
    """Return the bounds that observations set to answers, where they are of the very answer."""
    found: dict[str, tuple[float, float]] = {}
    for term in terms:
        name, observation = term.observation.variable, term.observation
        low, high = (observation.factor * end for end in observation.stated.support)
        if name not in draws or not (np.isfinite(low) or np.isfinite(high)):
            continue
        predicted = np.array([term.predict(space.columns(u)) for u in posterior.u])
        if np.allclose(predicted, draws[name], rtol=_SAME, atol=0):
            before = found.get(name, (-np.inf, np.inf))
            found[name] = max(low, before[0]), min(high, before[1])
    return found


def _narrower(facts: Mapping[str, float], ends: tuple[float, float]) -> dict[str, float]:
    return {"least": max(facts["least"], ends[0]), "most": min(facts["most"], ends[1])}


def _draw(
    simulation: Simulation,
    extra: InputSampler,
    space: Space,
    posterior: Posterior,
    touched: Sequence[str],
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return posterior draws of inputs and outputs, and levels of the inputs, (chain, draw) each.

    Coordinates that no observation rests on are as in the prior, so that what is independent of
    the evidence keeps the accuracy of its design.
    """
    plan, design, asked = simulation.plan, simulation.design, simulation.sampler()
    names = dict.fromkeys((*asked.coordinates, *extra.coordinates))

    def run(chain: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        points = space.columns(posterior.u[chain])
        columns = {
            name: points[name]
            if name in touched
            else design.column(name, position=space.positions[name], chain=chain)
            for name in names
        }
        if not columns:
            columns = {"": np.full(design.draws, 0.5)}
        levels = [sampler.levels(Columns(columns), chain) for sampler in (asked, extra)]
        inputs, others = (s.values(one) for s, one in zip((asked, extra), levels, strict=True))
        values = propagate(plan, inputs, simulation.settled)
        kept = {name: values[name] for name in (*inputs, *plan.outputs)}
        return others | kept, levels[0] | levels[1]

    chains = over_chains(run, design.chains)
    draws, levels = (
        {name: np.array([chain[k][name] for chain in chains]) for name in chains[0][k]}
        for k in (0, 1)
    )
    return draws, levels


def _in_all(posterior: Posterior) -> dict[str, float]:
    """Return what was learnt about all coordinates together: E log likelihood - log evidence."""
    least = posterior.grain / np.log(2)
    bits = (posterior.log_likelihood.mean(axis=1) - posterior.log_evidence) / np.log(2)
    return {"bits": max(float(bits.mean()), 0.0), "mcse": float(np.maximum(spread(bits), least))}


def _learnt(
    priors: Priors,
    samplers: Sequence[InputSampler],
    levels: Mapping[str, FloatArray],
    touched: Sequence[str],
) -> dict[str, Any]:
    """Return what was learnt about each input that the evidence bears on; a joint sample is one."""
    rows = {joint.name: len(joint.rows) for joint in priors.joints}
    found = {}
    for sampler in samplers:
        for name in sampler.names:
            joint = priors.inputs[name].joint
            own = InputSampler(priors, [name]).coordinates
            if not set(own) & set(touched) or not varies(priors, name):
                continue
            count = rows.get(joint, 0)
            bits, mcse = information_gained(levels[name], count)
            found[name] = {"bits": bits, "mcse": mcse, "joint": joint}
            if joint:
                found[name]["rows"] = effective_rows(levels[name], count)
    return found


def _tree(
    tree: xr.DataTree,
    draws: Mapping[str, FloatArray],
    origin: tuple[Problem, InputSampler, Design],
    known: tuple[Mapping[str, Mapping[str, float]], Collection[str]],
    record: Mapping[str, Any],
) -> xr.DataTree:
    """Return the tree with the posterior's groups beside the prior's.

    `known` are the moments of outputs, and the inputs whose rare values are in enough draws.
    """
    import xarray as xr

    problem, extra, design = origin
    moments, shown = known
    model, priors = problem.model, problem.priors
    prior = tree["prior"].to_dataset()
    if extra.names:
        chains = over_chains(lambda chain: extra.draw(design, chain), design.chains)
        for name in extra.names:
            facts = priors.inputs[name].facts() | {"varies": int(priors.inputs[name].varies)}
            attrs = {**facts, "origin": "prior", "units": str(model.variables[name])}
            attrs["long_name"] = facts["long_name"] or model.long_name(name) or name
            attrs |= {} if name in model.builtin_variables else {"own": 1}
            values = np.array([chain[name] for chain in chains])
            prior[name] = xr.DataArray(values, dims=("chain", "draw"), attrs=attrs)
    predictive = tree["prior_predictive"].to_dataset()

    def after(before: xr.Dataset) -> xr.Dataset:
        found = before.copy()
        for name, one in before.data_vars.items():
            kept = {key: fact for key, fact in one.attrs.items() if key not in OF_THE_PRIOR}
            found[name] = one.copy(data=draws[str(name)]).drop_attrs().assign_attrs(kept)
        return found

    outputs = after(predictive)
    for output, one in outputs.data_vars.items():
        facts = {key: value for key, value in one.attrs.items() if key not in MOMENTS}
        one.attrs = {**facts, **moments[str(output)]}
        if rare := rare_of(facts):
            one.attrs["rare"] = json.dumps([value for value in rare if value.name not in shown])
    root = tree.attrs | {"conditioning": json.dumps(finite(record))}
    groups = {
        "/": tree.to_dataset().assign_attrs(root),
        "/prior": prior,
        "/prior_predictive": predictive,
        "/posterior": after(prior),
        "/posterior_predictive": outputs,
        "/constant_data": tree["constant_data"].to_dataset(),
    }
    return xr.DataTree.from_dict(groups)
