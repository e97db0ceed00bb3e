"""What Python users call: a question, the analyses of the commands on it, and their results."""

from uncertain_scale.api.analyses import Problem
from uncertain_scale.api.own_model import Model, default_model
from uncertain_scale.api.results import Answer, Result
from uncertain_scale.api.words import ask, backtest, claims

__all__ = [
    "Answer",
    "Model",
    "Problem",
    "Result",
    "Watch",
    "ask",
    "backtest",
    "claims",
    "default_model",
]
