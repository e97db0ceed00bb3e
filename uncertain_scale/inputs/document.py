"""The shapes of prior and evidence files, as pydantic checks them and editors read them."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from uncertain_scale.errors import UnitError
from uncertain_scale.inputs.distributions import KINDS, json_schemas
from uncertain_scale.inputs.distributions.statement import is_quantity
from uncertain_scale.units.dates import dates_as_numbers, day_of

MOST_COPIES = 1_000
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

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,  # until such a table is read
    )


class File(Table):
    """A whole file of one kind."""

    sort: ClassVar[str]

    @classmethod
    def editor_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema that editors complete and check such files with."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **cls.model_json_schema(),
            "title": f"{cls.sort} of uncertain_scale",
        }


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
    ages: bool = Field(
        default=True,
        description=(
            "False: no later figure is to be expected, as of a definition, a rating, a law or a "
            "choice; reports then do not call it old."
        ),
    )


_Fallback = Annotated[
    bool, Field(description="True: used only where nothing given determines the variable.")
]


class InputTable(Believed):
    """One input: a kind of distribution with its parameters, units and source."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    kind: str = Field(description="the kind of distribution, such as 'lognormal'")
    units: str = Field("1", description="Units of the parameters, such as 'USD / gpu / hour'.")
    fallback: _Fallback = False
    unless: str = Field(
        "", description="Name of a variable: this prior is not used where that one is known."
    )
    copies: Annotated[int, Field(ge=2, le=MOST_COPIES)] | None = Field(
        None,
        description="The variable is the sum of so many independent inputs of this distribution, "
        "NAME_1 and on.",
    )


def _belief(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str | dict) or (number and math.isfinite(value)):
        return value
    raise PydanticCustomError(
        "belief", "expected a number, an interval such as '1.2 to 1.5', or a distribution"
    )


_Belief = Annotated[
    Any,
    AfterValidator(_belief),
    WithJsonSchema({"anyOf": [{"type": ["number", "string"]}, {"type": "object"}]}),
]


def _day(stated: object) -> object:
    """Read a day as the date of a question is, where it is no day of TOML."""
    if isinstance(stated, bool) or not isinstance(stated, str | int):
        return stated
    try:
        return day_of(float(dates_as_numbers(str(stated))))
    except UnitError as error:
        raise ValueError(str(error)) from None


_Day = Annotated[dt.date, BeforeValidator(_day)]


class _Growth(Table):
    growth: _Belief | None = Field(None, description="Growth, a factor a year.")
    rate: _Belief | None = Field(
        None, description="In place of growth: a rate a year, 0.3 for a factor of 1.3."
    )


class PeriodTable(_Growth):
    """Growth until a date."""

    until: _Day = Field(description="the date until which it grows so, such as 2025-10-01")


class TrendTable(_Growth, Believed):
    """One input that moves: its value at a date, its growth, and what a line leaves out."""

    kind: Literal["trend"]
    at: _Day | None = Field(None, description="The date of the value.")
    value: _Belief | None = Field(
        None,
        description="The value at that date; without one, the scenario's own prior of the "
        "variable, at its as_of.",
    )
    volatility: _Belief = Field(
        description="the volatility of the logarithm per root year, which a straight line leaves "
        "out (0 for none)"
    )
    scatter: _Belief | None = Field(
        None, description="Scatter of one more value about the trend, of the logarithm."
    )
    reversion: _Belief | None = Field(
        None, description="By how much a year the random walk returns to the trend."
    )
    lower: _Belief | None = Field(None, description="Floor, in units.")
    upper: _Belief | None = Field(None, description="Cap, in units.")
    units: str = Field("1", description="Units of the value, such as 'USD / gpu / hour'.")
    fallback: _Fallback = False
    periods: list[PeriodTable] = Field(
        default_factory=list, description="Growth until dates, the earliest first."
    )
    data_from: dt.date | None = Field(None, description="The date of the first figure.")
    data_until: dt.date | None = Field(None, description="The date of the last figure.")


class LawTable(Sourced):
    """How a variable follows from its level, growth and shock, which stand among the inputs."""

    units: str = Field("1", description="Units of the level.")
    until: list[dt.date] = Field(
        default_factory=list, description="The dates on which growth changes."
    )
    rate: bool = Field(default=False, description="Whether growth is a rate and no factor.")
    fallback: _Fallback = False
    data_from: dt.date | None = Field(None, description="The date of the first figure.")
    data_until: dt.date | None = Field(None, description="The date of the last figure.")


class CorrelationTable(Sourced):
    """Spearman's rank correlation of two inputs."""

    inputs: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the names of two inputs"
    )
    rank: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = Field(
        description=(
            "Spearman's rank correlation, from -1 to 1; of an input with atoms, such as a "
            "choice, that of the normal scores from which its values are drawn"
        )
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
    smooth: bool = Field(
        default=False,
        description="True: draws lie about the rows, which are a sample of something continuous.",
    )


class PriorFile(File):
    """A whole prior file."""

    sort = "Prior file"
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
    units: dict[str, Line] = Field(
        default_factory=dict,
        description="Units of one's own: 'own' for one that converts to no other, as EUR = 'own', "
        "or what it is in others, as FTE = 'person'.",
    )
    inputs: dict[Name, InputTable] = Field(default_factory=dict)
    sums: dict[Name, Annotated[int, Field(ge=2, le=MOST_COPIES)]] = Field(
        default_factory=dict,
        description="Variables that are the sum of so many inputs called after them, NAME_1 and "
        "on; as copies states them at once.",
    )
    correlations: list[CorrelationTable] = Field(default_factory=list)
    joint: list[JointTable] = Field(default_factory=list)
    trends: dict[Name, LawTable] = Field(
        default_factory=dict,
        description="Variables that follow from inputs called after them and a date; as "
        "kind = 'trend' states them at once.",
    )
    lacking: dict[Name, Words] = Field(
        default_factory=dict,
        description="Inputs of what lies below that have no prior here, and why: a question that "
        "needs one asks for it.",
    )

    @classmethod
    def editor_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema, each kind of distribution with its own parameters."""
        schema = super().editor_schema()
        definitions = schema["$defs"]
        provenance = definitions.pop("InputTable")["properties"]
        kinds = json_schemas()
        for kind, own in kinds.items():
            definitions.update(own.pop("$defs", {}))
            others = {k: v for k, v in provenance.items() if k != "kind"}
            for name, field in (own["properties"] | own.get("patternProperties", {})).items():
                if field.get("type") == "number" and is_quantity(KINDS[kind], name):
                    field["type"] = ["number", "string"]  # such as "250 million USD"
            own["properties"] = {**own["properties"], **others}
            definitions[f"input_{kind}"] = own
        trend = TrendTable.model_json_schema()
        definitions.update(trend.pop("$defs"))
        definitions["input_trend"] = trend
        shapes = [{"$ref": f"#/$defs/input_{kind}"} for kind in (*kinds, "trend")]
        definitions["InputTable"] = {"oneOf": shapes}
        return schema


def is_name(text: str) -> bool:
    """Return whether a text can name a variable."""
    return re.fullmatch(_NAME, text) is not None


def as_name(text: str) -> str:
    """Return the name of a variable that a text becomes: letters, digits and single _.

    Examples
    --------
    >>> as_name("Rev 01 (net)"), as_name("2nd year")
    ('Rev_01_net', 'x_2nd_year')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:50].rstrip("_")
    return plain if plain[:1].isalpha() else f"x_{plain}".rstrip("_")


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

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["value"]}, {"required": ["lower"]}, {"required": ["upper"]}]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        description="what the fact is about, such as 'Llama 3.1 405B'"
    )
    variable: str = Field(description="the variable that was measured, such as 'facility_power'")
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


class EvidenceFile(File):
    """A whole evidence file."""

    sort = "Evidence file"
    schema_version: Version
    title: Line = Field("", description="The evidence in one line.")
    observations: list[ObservationTable] = Field(default_factory=list)
