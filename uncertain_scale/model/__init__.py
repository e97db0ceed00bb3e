"""How equations compose into a model that answers questions in any direction."""

from uncertain_scale.model.model import Model, default_model
from uncertain_scale.model.plan import Plan, solve
from uncertain_scale.model.question import Question, ask, believe

__all__ = ["Model", "Plan", "Question", "ask", "believe", "default_model", "solve"]
