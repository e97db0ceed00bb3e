"""What a page shows beside the report itself: prior densities, the equations, what drives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.report.html.headline import headline_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.model import Model, Plan, Question
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


def background_of(  # noqa: PLR0913 (a question, how to draw, and what came of it)
    model: Model,
    priors: Priors,
    question: Question,
    design: Design,
    tree: xr.DataTree,
    document: Document,
) -> Background:
    """Find out what drives the answers of a report, with a design of modest size.

    Parameters
    ----------
    model, priors, question, design
        What was run.
    tree, document
        The draws, and the report made of them.
    """
    from uncertain_scale.model import solve

    plan = solve(model, priors, question)
    inputs = {**priors.inputs, **question.given}
    moved = [n for n in headline_outputs(document) if not document["outputs"][n]["constant"]]
    if not moved:
        return Background(inputs, plan, reason="All inputs are constant: nothing drives the answer.")
    few = replace(
        design, draws=min(design.draws, _DRAWS), chains=min(design.chains, _CHAINS)
    )
    try:
        return Background(inputs, plan, _drivers((model, priors, question), few, tree, moved))
    except UncertainScaleError as error:
        return Background(inputs, plan, reason=f"Not ranked: {error}")


def _drivers(
    asked: tuple[Model, Priors, Question], design: Design, tree: xr.DataTree, names: list[str]
) -> Document:
    """Rank inputs by shares of the variance of the logarithm, or of the value where it has none."""
    from uncertain_scale.analysis.sensitivity import sensitivity
    from uncertain_scale.report.ranking import sensitivity_document

    positive = all(bool((tree[f"prior_predictive/{name}"] > 0).all()) for name in names)
    on = "log" if positive else "value"
    found = sensitivity(*asked, design, of=names, on=[on])
    document = sensitivity_document(tree, found, on, {})
    return {**document, "draws": design.draws, "chains": design.chains}
