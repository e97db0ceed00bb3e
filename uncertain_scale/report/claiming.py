"""Claims held against draws, as plain data; `claim_words` and `claim_views` put it in words."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.monte_carlo_error import NEEDS_CHAINS
from uncertain_scale.report.claim_words import judged_in_words, own_in_words, summary_in_words
from uncertain_scale.report.estimates import number

if TYPE_CHECKING:
    from uncertain_scale.analysis.claims import Checked, CheckedClaims, Judged, Own
    from uncertain_scale.analysis.verdict import Found
    from uncertain_scale.inputs.claims import Claims
    from uncertain_scale.model import Model
    from uncertain_scale.report.document import Document
    from uncertain_scale.sampling import Design

__all__ = ["claims_document"]


def claims_document(
    claims: Claims, found: CheckedClaims, model: Model, design: Design, probs: list[float]
) -> Document:
    """Return the claims of a document and their verdicts as plain data.

    Parameters
    ----------
    claims, found
        What the document asserts, and what `check_claims` found.
    model, design, probs
        What they were checked with.

    Returns
    -------
    dict
        Numbers in the units of each claim's variable, None for what does not exist.
    """
    rows = [_claim(one) for one in found.checked]
    apart = claims.apart + len(claims.claims) - len(rows)
    return {
        "claims_of": claims.name,
        "title": claims.title,
        "source": claims.source,
        "as_of": claims.as_of.isoformat() if claims.as_of else "",
        "note": claims.note,
        "summary": summary_in_words(rows, apart),
        "claims": rows,
        "apart": apart,
        "faults": list(found.faults),
        "warnings": [*found.warnings, *_unknown_errors(design)],
        "design": design.kind,
        "seed": design.seed,
        "chains": design.chains,
        "draws": design.draws,
        "probs": sorted(set(probs)),
        "versions": {"uncertain-scale": version("uncertain-scale")},
        "hashes": {
            "priors": {priors.name: priors.digest() for priors in found.priors.values()},
            "equations": model.digest(),
        },
    }


def _unknown_errors(design: Design) -> list[str]:
    return [f"a Monte Carlo error {NEEDS_CHAINS}; draw 16, say"] if design.chains < 2 else []


def _claim(checked: Checked) -> dict[str, Any]:
    claim = checked.claim
    asserted = checked.asserted
    row: dict[str, Any] = {
        "name": claim.name,
        "says": claim.says,
        "variable": claim.variable,
        "ratio": claim.against is not None,
        "units": checked.units,
        "implied": claim.asserted is None,
        "asserted": {
            "text": asserted.text,
            "kind": asserted.kind,
            "value": asserted.value,
            "low": number(asserted.low),
            "high": number(asserted.high),
            "digits": asserted.digits,
        },
        "given": dict(claim.given),
        "free": list(claim.free),
        "quote": claim.quote,
        "note": claim.note,
        "own": _own(checked.own) if checked.own else None,
        "readings": [_own(other) for other in checked.others],
    }
    row["own_verdict"] = own_in_words(row)
    row["judged"] = [_judged(one, row) for one in checked.judged]
    return row


def _own(own: Own) -> dict[str, Any]:
    return {
        "reading": own.reading,
        **_found(own.found),
        "follows": own.follows,
        "excess": number(own.excess),
    }


def _judged(judged: Judged, row: dict[str, Any]) -> dict[str, Any]:
    standing = judged.standing
    judge = judged.judge
    one = {
        "scenario": judged.scenario,
        "own": judge is not None and judge.own,
        "without_assumptions": judge is not None and judge.without_assumptions,
        "in_place_of": judge.in_place_of if judge else "",
        **_found(standing.found),
        "below": [
            {
                "value": share.value,
                "probability": share.below,
                "mcse": number(share.mcse),
                "low": share.low,
                "high": share.high,
            }
            for share in standing.shares
        ],
        "covered": {
            "probability": standing.covered,
            "mcse": number(standing.covered_mcse),
            "low": standing.covered_ends[0],
            "high": standing.covered_ends[1],
        },
        "place": standing.place,
        "prob": standing.prob,
        "beyond": standing.beyond,
        "rounded": standing.rounded,
        "asserted_over_median": number(standing.factor),
        "borderline": standing.borderline,
    }
    return {**one, "verdict": judged_in_words(one, row)}


def _found(found: Found) -> dict[str, Any]:
    return {
        "median": found.median,
        "median_mcse": number(found.median_mcse),
        "constant": found.constant,
        "intervals": [
            {
                "prob": interval.prob,
                "low": interval.low,
                "high": interval.high,
                "low_mcse": number(interval.low_mcse),
                "high_mcse": number(interval.high_mcse),
            }
            for interval in found.intervals
        ],
    }
