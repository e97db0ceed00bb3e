"""One road in Python: a question, the analyses of the command line on it, and their results."""

from uncertain_scale.api.analyses import Problem, ask, backtest, claims
from uncertain_scale.api.own_model import Model, default_model
from uncertain_scale.api.results import Answer, Result

__all__ = ["Answer", "Model", "Problem", "Result", "ask", "backtest", "claims", "default_model"]
