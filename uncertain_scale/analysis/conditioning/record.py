"""What there is to tell of a conditioning: plain data that travels with the draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs.ranges import Range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.analysis.conditioning.conflict import Prediction
    from uncertain_scale.analysis.conditioning.posterior import Posterior
    from uncertain_scale.analysis.conditioning.terms import Term
    from uncertain_scale.model import Plan

__all__ = ["finite", "notes_on", "record_of"]

_FORGOTTEN = 0.3
_SURPRISING = 0.01
_FEW_ROWS = 50


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
        "road": posterior.road,
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
        "source": said.source,
        "as_of": said.as_of.isoformat() if said.as_of else "",
        "note": said.note,
        "where": said.where,
    }


def notes_on(
    terms: Sequence[Term], record: Mapping[str, Any], posterior: Posterior, plan: Plan
) -> Iterator[str]:
    """Say what a reader should know of the evidence."""
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


def finite(value: Any) -> Any:
    """Return plain data with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
