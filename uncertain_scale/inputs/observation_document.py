"""The shape of an evidence file: what pydantic checks, and the JSON Schema that editors read."""

from __future__ import annotations

import contextlib
import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from uncertain_scale.inputs.document import Line, Sourced, Version


def _amount(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number may have any number of digits
            if math.isfinite(value):
                return float(value)
    raise PydanticCustomError("amount", "expected a number, or text such as '41 MW'")


def _amounts(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _amount(one) for name, one in value.items()}
    raise PydanticCustomError("amounts", "expected a table, such as { gpus = 24576 }")


def _own(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    if isinstance(value, dict):
        ranks = [v for v in value.values() if type(v) in {int, float} and -1 < v < 1]
        if len(ranks) == len(value):
            return {str(name): float(rank) for name, rank in value.items()}
    raise PydanticCustomError(
        "own",
        "expected names of inputs, such as ['mfu'], or their rank correlations with the "
        "question's, such as { mfu = 0.5 }",
    )


_NUMBER_OR_TEXT = {"type": ["number", "string"]}
_Amount = Annotated[Any, AfterValidator(_amount), WithJsonSchema(_NUMBER_OR_TEXT)]
_Amounts = Annotated[
    Any,
    AfterValidator(_amounts),
    WithJsonSchema({"type": "object", "additionalProperties": _NUMBER_OR_TEXT}),
]
_Own = Annotated[
    Any,
    AfterValidator(_own),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "array", "items": {"type": "string"}},
                {
                    "type": "object",
                    "additionalProperties": {
                        "type": "number",
                        "exclusiveMinimum": -1,
                        "exclusiveMaximum": 1,
                    },
                },
            ]
        }
    ),
]


class ObservationTable(Sourced):
    """One measured fact: what was given, what was measured, and with what error."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        description="what the fact is about, such as 'Llama 3.1 405B'"
    )
    variable: str = Field(description="the variable that was measured, such as 'facility_power'")
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["value"]}, {"required": ["lower"]}, {"required": ["upper"]}]
        }
    )

    value: _Amount | None = Field(
        None,
        description="the value, such as 41, '41 MW', '36 to 46 MW' (5% to 95%) or "
        "'student_t(nu=4, mu=41, sigma=3) MW'; or a bound, 'at least 41 MW' or 'at most 41 MW'",
    )
    lower: _Amount | None = Field(
        None, description="In place of a value: a lower bound, such as '15 day'."
    )
    upper: _Amount | None = Field(
        None, description="In place of a value: an upper bound, alone or beside the lower."
    )
    units: str | None = Field(None, description="Units of the value, where its text has none.")
    error: _Amount | None = Field(
        None, description="Standard error: a number in the value's units, '3 MW' or '10%'."
    )
    error_kind: Literal["normal", "lognormal"] | None = Field(
        None, description="normal by default, lognormal for an error in percent."
    )
    given: _Amounts = Field(
        default_factory=dict, description="What was known of it, as at the command line."
    )
    own: _Own = Field(
        default_factory=dict,
        description="Inputs that are its own and not the question's: drawn afresh, or tied to the "
        "question's by a rank correlation.",
    )


class EvidenceFile(BaseModel):
    """A whole evidence file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Version
    title: Line = Field("", description="The evidence in one line.")
    observations: list[ObservationTable] = Field(default_factory=list)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of evidence files, kept beside the shipped ones for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **EvidenceFile.model_json_schema(),
        "title": "Evidence file of uncertain_scale",
    }
