"""How equations compose into a model that answers questions in any direction."""

from uncertain_scale.model.model import Model, default_model
from uncertain_scale.model.problem import Plan, Problem, solve
from uncertain_scale.model.question import Question, ask, believe

__all__ = ["Model", "Plan", "Problem", "Question", "ask", "believe", "default_model", "solve"]
