"""The shapes of a model and of priors, key by key; see `document_types`."""

from typing import Annotated, TypedDict

from uncertain_scale.model.problem import Origin
from uncertain_scale.report.document_types import InputReport, Units

__all__ = ["Explanation", "ModelReport", "PriorsReport", "Scenarios"]


class _Variable(TypedDict):
    """A variable."""

    units: Units
    long_name: str


_Equation = TypedDict(
    "_Equation",
    {
        "name": str,
        "computes": Annotated[str, "a variable"],
        "from": Annotated[list[str], "variables"],
        "subject": str,
        "summary": str,
        "references": list[str],
    },
)
_Equation.__doc__ = "An equation."


class ModelReport(TypedDict):
    """The model's variables and equations."""

    variables: dict[str, _Variable]
    equations: list[_Equation]
    hash: Annotated[str, "SHA-256 of the equations"]


class _Reached(_Variable):
    """A variable, and how the question reaches it."""

    origin: Origin


class Explanation(TypedDict):
    """How a question is answered: variables that are reached, and equations in their order."""

    outputs: list[str]
    variables: dict[str, _Reached]
    equations: list[_Equation]
    hash: Annotated[str, "SHA-256 of the equations"]


class Scenarios(TypedDict):
    """The shipped scenarios."""

    scenarios: Annotated[dict[str, str], "titles by name"]


class PriorsReport(TypedDict):
    """A scenario's priors."""

    scenario: str
    title: str
    inputs: dict[str, InputReport]
