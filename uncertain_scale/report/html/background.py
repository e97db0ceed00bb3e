"""What a page shows beside the report itself: prior densities, the equations, what drives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.report.html.headline import headline_outputs
from uncertain_scale.report.stopping import is_incomplete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.report.document import Document
    from uncertain_scale.sampling import Design

__all__ = ["Background", "background_of"]

_DRAWS, _CHAINS = 512, 16


@dataclass(frozen=True)
class Background:
    """What is behind a report.

    Parameters
    ----------
    inputs
        Priors by name, givens among them.
    plan
        How the answers are reached.
    drivers
        A sensitivity analysis of the outputs that the headline tells, or None.
    reason
        Why there is none, else "".
    """

    inputs: Mapping[str, Prior]
    plan: Plan
    drivers: Document | None = None
    reason: str = ""


def background_of(problem: Problem, design: Design, document: Document) -> Background:
    """Find out what drives the answers of a report, with a design of modest size.

    Parameters
    ----------
    problem, design
        What was run.
    document
        The report made of it.
    """
    plan, inputs = problem.plan, problem.believed.inputs
    moved = [n for n in headline_outputs(document) if not document["outputs"][n]["constant"]]
    if not moved:
        return Background(
            inputs, plan, reason="All inputs are constant: nothing drives the answer."
        )
    if document.get("evidence") is not None:
        told = "What evidence has tied together is ranked by the command sensitivity --evidence."
        return Background(inputs, plan, reason=told)
    if is_incomplete(document):
        told = "The run was interrupted, so nothing is ranked; the command sensitivity does."
        return Background(inputs, plan, reason=told)
    few = replace(design, draws=min(design.draws, _DRAWS), chains=min(design.chains, _CHAINS))
    try:
        return Background(inputs, plan, _drivers(problem, few, moved))
    except UncertainScaleError as error:
        return Background(inputs, plan, reason=f"Not ranked: {error}")


def _drivers(problem: Problem, design: Design, names: list[str]) -> Document:
    """Rank inputs by shares of the variance of the logarithm, or of the value where it has none."""
    from uncertain_scale.analysis.sensitivity import sensitivity
    from uncertain_scale.report.sensitivity_report import sensitivity_document
    from uncertain_scale.sampling import sample

    tree = sample(problem, design)
    positive = all(bool((tree[f"prior_predictive/{name}"] > 0).all()) for name in names)
    on: Scale = "log" if positive else "value"
    scales: tuple[Scale, ...] = ("log",) if positive else ("value", "log")
    found = sensitivity(problem, design, of=names, on=scales)
    return sensitivity_document(tree, found, on, [])
