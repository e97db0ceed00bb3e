"""Draws carried through the equations, a chain at a time, into a tree in ArviZ's schema."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.model.plan import solve
from uncertain_scale.sampling.dependence import InputSampler
from uncertain_scale.sampling.propagate import propagate
from uncertain_scale.sampling.record import as_tree
from uncertain_scale.sampling.tails import tail_indices

if TYPE_CHECKING:
    import xarray as xr

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Model, Question
    from uncertain_scale.sampling.design import Design

__all__ = ["sample"]


def sample(model: Model, priors: Priors, question: Question, design: Design) -> xr.DataTree:
    """Answer a question with draws.

    Parameters
    ----------
    model
        The equations.
    priors
        The scenario, in the model's units (`load_priors(..., variables=model.variables)`).
    question
        What is given and what is wanted.
    design
        How the draws fill the unit cube.

    Returns
    -------
    xarray.DataTree
        `prior`, the inputs, and `prior_predictive`, the outputs, each variable with dims
        (chain, draw) and attributes `units` and `long_name`; `constant_data`, what was given. The
        root's attributes record how it was made.

    Raises
    ------
    QuestionError
        The question cannot be answered, or is over-determined.

    Examples
    --------
    >>> from uncertain_scale.model import ask, default_model
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> priors = load_priors("post-2024-07", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"}, outputs=["gpu_hours"])
    >>> tree = sample(model, priors, question, Design(draws=2, chains=2))
    >>> tree["prior_predictive/gpu_hours"].values.tolist()
    [[50000000.0, 50000000.0], [50000000.0, 50000000.0]]
    """
    plan = solve(model, priors, question)
    believed = _with_given(priors, question)
    sampler = InputSampler(
        believed, plan.known("given", "prior", "fallback"), tuple(question.given)
    )
    shape = (design.chains, design.draws)
    kept = dict.fromkeys((*sampler.names, *plan.outputs))
    arrays = {name: np.empty(shape) for name in kept}

    def run(chain: int) -> None:
        values = propagate(plan, sampler.draw(design, chain))
        for name, array in arrays.items():
            array[chain] = values[name]

    with ThreadPoolExecutor(max_workers=min(design.chains, os.cpu_count() or 1)) as threads:
        list(threads.map(run, range(design.chains)))
    return as_tree(
        model=model,
        priors=believed,
        question=question,
        plan=plan,
        design=design,
        draws=arrays,
        tails=tail_indices(plan, sampler),
    )


def _with_given(priors: Priors, question: Question) -> Priors:
    """Return the priors with what is given in their places, or behind them."""
    for given in question.given.values():
        priors = priors.replace(given)
    return priors
