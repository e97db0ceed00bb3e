"""The shape of a claims file: what pydantic checks, and the JSON Schema that editors read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from uncertain_scale.inputs.document import Line, Name, Table, Version, Words

__all__ = ["ClaimTable", "ClaimsFile", "ReadingTable", "json_schema"]

_Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _typed(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Refuse what is neither in one line: pydantic tells each member of a union by itself."""
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError(
            "typed", "expected a finite number, or text such as '9e25 FLOP'"
        ) from None


_Typed: TypeAlias = Annotated[
    str | int | Annotated[float, Field(allow_inf_nan=False)], WrapValidator(_typed)
]
_Stated: TypeAlias = dict[Name, _Typed]


class ReadingTable(Table):
    """Another way to read the document's own inputs."""

    title: Line = Field("", description="The reading in a few words, for reports.")
    scenario: str | None = Field(None, description="Scenario taken instead of the document's.")
    given: _Stated = Field(default_factory=dict, description="Givens in place of a claim's.")
    assuming: _Stated = Field(default_factory=dict, description="Inputs in place of the scenario's")
    source: Words = Field("", description="Where the reading's figures come from.")
    note: Words = ""


class ClaimTable(Table):
    """One claim."""

    name: _Label = Field(description="a short name, such as 'flop-bf16'")
    says: Words = Field("", description="What is asserted, in words for a report.")
    variable: Name = Field(description="the variable of the model that it is about")
    value: _Typed | None = Field(None, description="The figure with units, such as '9e25 FLOP'.")
    digits: Annotated[int, Field(ge=1, le=15)] | None = Field(
        None, description="Significant digits of the figure, where its text does not show them."
    )
    low: _Typed | None = Field(None, description="Lower end of an interval, or a lower bound.")
    high: _Typed | None = Field(None, description="Upper end of an interval, or an upper bound.")
    implied: bool = Field(
        default=False, description="True: not asserted, but what the document's inputs lead to."
    )
    given: _Stated = Field(default_factory=dict, description="What the claim takes as known.")
    free: list[Name] = Field(default_factory=list, description="Inputs that are solved for.")
    assuming: _Stated = Field(
        default_factory=dict, description="The document's own inputs for this claim alone."
    )
    reading: str | None = Field(None, description="Reading that is the claim's own.")
    readings: list[str] = Field(default_factory=list, description="Further readings to try.")
    scenario: str | None = Field(
        None, description="Scenario it is judged under, the document's own if none."
    )
    against: str | None = Field(
        None, description="The claim is on the ratio of `scenario` to this scenario."
    )
    against_reading: str | None = Field(None, description="Reading that a ratio is against.")
    quote: Words = Field("", description="Where the document says so: a section or paragraph.")
    note: Words = Field("", description="What a reader should know.")


class ClaimsFile(Table):
    """A whole claims file."""

    schema_version: Version
    title: Line = Field(description="the document's title")
    source: Words = Field("", description="Citation of the document.")
    as_of: dt.date | None = Field(None, description="The date of the document.")
    note: Words = Field("", description="What a reader should know of the document.")
    scenario: str | None = Field(None, description="Scenario that holds the document's inputs.")
    assuming: _Stated = Field(default_factory=dict, description="Inputs in place of the scenario's")
    readings: dict[_Label, ReadingTable] = Field(default_factory=dict)
    claims: list[ClaimTable] = Field(default_factory=list)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of claims files, kept as `priors/claims/schema.json` for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ClaimsFile.model_json_schema(),
        "title": "Claims file of uncertain_scale",
    }
