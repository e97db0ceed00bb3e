"""A Monte Carlo uncertainty engine for the scale of LLM training.

`ask` takes a question in the words of the command line, and gives a `Problem`: `run` it for an
`Answer` with draws, or ask it for `sensitivity`, `compare`, `sweep`, `update` and `decide`. `Model`
makes a model of functions and of inputs stated by `to`, `beta` and the other kinds. `claims` and
`backtest` test a document and the priors.

Below them, step by step: `load_priors`, `believe`, `Design`, `sample`, `stream`, `summarize`,
`condition`, `show`; `run` and `sweep` in one call; `seek` draws until a `Goal` is met.
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
    from uncertain_scale.api import (
        Answer,
        Model,
        Problem,
        Result,
        ask,
        backtest,
        claims,
        default_model,
    )
    from uncertain_scale.errors import UncertainScaleError
    from uncertain_scale.inputs import Prior, Priors, load_priors
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.inputs.stated import (
        bernoulli,
        beta,
        choice,
        constant,
        empirical,
        gamma,
        logitnormal,
        lognormal,
        loguniform,
        metalog,
        mixture,
        normal,
        pert,
        quantiles,
        student_t,
        to,
        triangular,
        uniform,
    )
    from uncertain_scale.model import Question, believe
    from uncertain_scale.report import report_document
    from uncertain_scale.report.notebook import show
    from uncertain_scale.sampling import Design, run, sample
    from uncertain_scale.statistics import summarize

__all__ = [
    "Answer",
    "Design",
    "Goal",
    "Model",
    "Prior",
    "Priors",
    "Problem",
    "Question",
    "Result",
    "UncertainScaleError",
    "ask",
    "backtest",
    "believe",
    "bernoulli",
    "beta",
    "check_claims",
    "choice",
    "claims",
    "condition",
    "constant",
    "default_model",
    "empirical",
    "gamma",
    "load_claims",
    "load_priors",
    "logitnormal",
    "lognormal",
    "loguniform",
    "metalog",
    "mixture",
    "normal",
    "pert",
    "quantiles",
    "report_document",
    "run",
    "sample",
    "seek",
    "show",
    "stream",
    "student_t",
    "summarize",
    "sweep",
    "to",
    "triangular",
    "uniform",
]

_HOME = {
    "Answer": "api",
    "Design": "sampling",
    "Goal": "analysis.precision",
    "Model": "api",
    "Prior": "inputs",
    "Priors": "inputs",
    "Problem": "api",
    "Question": "model",
    "Result": "api",
    "UncertainScaleError": "errors",
    "ask": "api",
    "backtest": "api",
    "believe": "model",
    "bernoulli": "inputs.stated",
    "beta": "inputs.stated",
    "check_claims": "analysis.claims",
    "choice": "inputs.stated",
    "claims": "api",
    "condition": "analysis.conditioning",
    "constant": "inputs.stated",
    "default_model": "api",
    "empirical": "inputs.stated",
    "gamma": "inputs.stated",
    "load_claims": "inputs.claim_files",
    "load_priors": "inputs",
    "logitnormal": "inputs.stated",
    "lognormal": "inputs.stated",
    "loguniform": "inputs.stated",
    "metalog": "inputs.stated",
    "mixture": "inputs.stated",
    "normal": "inputs.stated",
    "pert": "inputs.stated",
    "quantiles": "inputs.stated",
    "report_document": "report",
    "run": "sampling",
    "sample": "sampling",
    "seek": "analysis.precision_search",
    "show": "report.notebook",
    "stream": "analysis.streamed",
    "student_t": "inputs.stated",
    "summarize": "statistics",
    "sweep": "analysis.sweep",
    "to": "inputs.stated",
    "triangular": "inputs.stated",
    "uniform": "inputs.stated",
}


if not TYPE_CHECKING:  # a checker that sees this takes any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, so that the command line starts quickly."""
        if name not in _HOME:
            from uncertain_scale.errors import nearest

            hint = "" if name.startswith("_") else f"; {nearest(name, _HOME)}"
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
