"""The shape of a prior file: what pydantic checks, and the JSON Schema that editors read."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from uncertain_scale.inputs.distributions import json_schemas

_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
Name = Annotated[str, Field(pattern=_NAME)]
Line = Annotated[str, Field(max_length=1_000)]
Words = Annotated[str, Field(max_length=20_000)]


def read_coupling(stated: object) -> float | None:
    """Return the rank correlation that a coupling stands for: 1 shared, 0 independent.

    Raises
    ------
    ValueError
        It is no coupling.

    Examples
    --------
    >>> [read_coupling(stated) for stated in ("shared", "independent", 0.5, None)]
    [1.0, 0.0, 0.5, None]
    """
    if stated is None:
        return None
    if isinstance(stated, str) and stated in _COUPLINGS:
        return _COUPLINGS[stated]
    if isinstance(stated, int | float) and not isinstance(stated, bool) and -1 < stated < 1:
        return float(stated)
    raise ValueError(COUPLINGS)


COUPLINGS = "expected 'shared', 'independent' or a rank correlation above -1 and below 1"
_COUPLINGS = {"shared": 1.0, "independent": 0.0}
Coupled = Annotated[
    float | None,
    BeforeValidator(read_coupling),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [*_COUPLINGS]},
                {"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 1},
            ]
        }
    ),
]


def _whole(value: Any) -> Any:
    if type(value) is not int:  # true and 1.0 equal 1
        raise PydanticCustomError("version", "expected the whole number 1")
    return value


Version = Annotated[
    Literal[1], BeforeValidator(_whole), Field(description="the version of the format, 1")
]


class Table(BaseModel):
    """A table whose keys are all known, and whose values are of the types stated."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sourced(Table):
    """What every belief says about where it comes from."""

    long_name: Line = Field("", description="What the input is, in words for a report.")
    source: Words = Field("", description="Citation, with what was read there; reports print it.")
    as_of: dt.date | None = Field(None, description="The date that the figures refer to.")
    note: Words = Field("", description="What is judgement, and why.")


class Believed(Sourced):
    """A belief that a comparison may hold against another scenario's about the same input."""

    coupling: Coupled = Field(
        None,
        description=(
            "How the input depends on another scenario's in a comparison: 'shared' (one belief, "
            "seen in both), 'independent' (a fact of its own), or a rank correlation."
        ),
    )
    coupling_note: Line = Field("", description="Why it is coupled so.")


class InputTable(Believed):
    """One input: a kind of distribution with its parameters, units and source."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    kind: str = Field(description="the kind of distribution, such as 'lognormal'")
    units: str = Field("1", description="Units of the parameters, such as 'USD / gpu / hour'.")
    fallback: bool = Field(
        default=False, description="True: used only where nothing given determines the variable."
    )


class CorrelationTable(Sourced):
    """Spearman's rank correlation of two inputs."""

    inputs: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the names of two inputs"
    )
    rank: Annotated[float, Field(gt=-1, lt=1, allow_inf_nan=False)] = Field(
        description="Spearman's rank correlation, above -1 and below 1"
    )


class JointTable(Believed):
    """Several inputs drawn together, as whole rows of a CSV file beside the prior file."""

    inputs: Annotated[list[Name], Field(min_length=2, max_length=1_000)] = Field(
        description="the names of the inputs that are drawn together"
    )
    samples: str = Field(description="a CSV file in this folder, with a column an input")
    units: dict[str, str] = Field(
        default_factory=dict, description="Units by input, where they are not 1."
    )


class PriorFile(Table):
    """A whole prior file."""

    schema_version: Version
    title: Line = Field("", description="The scenario in one line.")
    extends: str | None = Field(None, description="Prior file that this one is laid over.")
    coordinates: list[str] = Field(
        default_factory=list,
        description=(
            "Order of the coordinates of the unit cube, in files written for a replay: an input, "
            "or a joint sample by its inputs with + between. One that the file does not have keeps "
            "its place; others follow."
        ),
    )
    inputs: dict[Name, InputTable] = Field(default_factory=dict)
    correlations: list[CorrelationTable] = Field(default_factory=list)
    joint: list[JointTable] = Field(default_factory=list)


def is_name(text: str) -> bool:
    """Tell whether a text can name a variable."""
    return re.fullmatch(_NAME, text) is not None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of prior files, kept as `priors/schema.json` for editors."""
    schema = PriorFile.model_json_schema()
    definitions = schema["$defs"]
    provenance = definitions.pop("InputTable")["properties"]
    kinds = json_schemas()
    for kind, own in kinds.items():
        definitions.update(own.pop("$defs", {}))
        own["properties"] = {
            **own["properties"],
            **{k: v for k, v in provenance.items() if k != "kind"},
        }
        definitions[f"input_{kind}"] = own
    definitions["InputTable"] = {"oneOf": [{"$ref": f"#/$defs/input_{kind}"} for kind in kinds]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Prior file of uncertain_scale",
    }
