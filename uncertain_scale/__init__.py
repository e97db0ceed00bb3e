"""A Monte Carlo uncertainty engine for the scale of LLM training.

`run` answers a question with draws, `summarize` turns draws into intervals with their Monte Carlo
errors, `seek` draws until they are as sure as a `Goal`, `sweep` answers at many values of a given,
`condition` given observed facts, `show` lays a result out for a notebook. `run` is made of
`load_priors`, `Model`, `ask`, `believe`, `Problem`, `Design` and `sample`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uncertain_scale.analysis.claims import check_claims
    from uncertain_scale.analysis.conditioning import condition
    from uncertain_scale.analysis.precision import Goal
    from uncertain_scale.analysis.precision_search import seek
    from uncertain_scale.analysis.streamed import stream
    from uncertain_scale.analysis.sweep import sweep
    from uncertain_scale.errors import UncertainScaleError
    from uncertain_scale.inputs import Prior, Priors, load_priors
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model import Model, Problem, Question, ask, believe, default_model
    from uncertain_scale.report import report_document
    from uncertain_scale.report.notebook import show
    from uncertain_scale.sampling import Design, run, sample
    from uncertain_scale.statistics import summarize

__all__ = [
    "Design",
    "Goal",
    "Model",
    "Prior",
    "Priors",
    "Problem",
    "Question",
    "UncertainScaleError",
    "ask",
    "believe",
    "check_claims",
    "condition",
    "default_model",
    "load_claims",
    "load_priors",
    "report_document",
    "run",
    "sample",
    "seek",
    "show",
    "stream",
    "summarize",
    "sweep",
]

_HOME = {
    "Design": "sampling",
    "Goal": "analysis.precision",
    "Model": "model",
    "Prior": "inputs",
    "Priors": "inputs",
    "Problem": "model",
    "Question": "model",
    "UncertainScaleError": "errors",
    "ask": "model",
    "believe": "model",
    "check_claims": "analysis.claims",
    "condition": "analysis.conditioning",
    "default_model": "model",
    "load_claims": "inputs.claim_files",
    "load_priors": "inputs",
    "report_document": "report",
    "run": "sampling",
    "sample": "sampling",
    "seek": "analysis.precision_search",
    "show": "report.notebook",
    "stream": "analysis.streamed",
    "summarize": "statistics",
    "sweep": "analysis.sweep",
}


if not TYPE_CHECKING:  # a checker that sees this takes any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, so that the command line starts quickly."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
