"""JSON Schemas of the documents that commands print, made from the types of these documents."""

from __future__ import annotations

from functools import partial, reduce
from operator import or_
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.report import analysis_types as analyses
from uncertain_scale.report import document_types as documents
from uncertain_scale.report import judgement_types as judgements
from uncertain_scale.report.analysis_types import Estimates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTS: Mapping[str, Any] = {
    "report": documents.Report,
    "compare": analyses.ComparisonReport | analyses.EvidenceComparisonReport,
    "sensitivity": analyses.SensitivityReport | analyses.EvidenceSensitivityReport,
    "sweep": analyses.SweepReport,
    "decide": analyses.DecisionReport,
    "claims": judgements.ClaimsReport,
    "update": documents.Report,
    "backtest": judgements.BacktestReport | judgements.TrendsBacktestReport,
    "diff": judgements.Differences,
    "verify": judgements.Verification,
    "model": documents.ModelReport | documents.Explanation,
    "priors list": documents.Scenarios,
    "priors show": documents.PriorsReport,
    "chips": documents.ChipsReport,
    "chips show": documents.ChipsReport,
    "error": documents.Refusal,
}
"""The type of the document that each command prints with `--format json`, and of a refusal."""

_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null"}
_ABOUT = (
    "Numbers are finite, at full precision, in the units that stand beside them. null stands for "
    "what does not exist or is not known; `reason` says why where it can. X_mcse is the Monte "
    "Carlo standard error of X."
)


def json_schema(command: str = "") -> dict[str, Any]:
    """Return the JSON Schema of a command's document, or of any command's.

    Parameters
    ----------
    command
        Such as `report` or `priors show`; by default all of them.

    Raises
    ------
    QuestionError
        There is no such command, or it prints no document.

    Examples
    --------
    >>> sorted(json_schema("priors list")["$defs"]["Scenarios"]["properties"])
    ['scenarios']
    """
    if command and command not in DOCUMENTS:
        raise QuestionError(
            f"'{command}' is no command that prints JSON; {nearest(command, DOCUMENTS)}"
        )
    shape = DOCUMENTS[command] if command else reduce(or_, DOCUMENTS.values())
    definitions: dict[str, Any] = {}
    document = _schema(shape, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"JSON of uncertain-scale {command}".rstrip(),
        "description": _ABOUT,
        **document,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(shape: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; those of its dictionaries are added to the definitions."""
    if is_typeddict(shape):
        return _defined(
            shape.__name__.lstrip("_"), partial(_table, shape, definitions), definitions
        )
    arguments = get_args(shape)
    if not arguments:
        return {} if shape is Any else {"type": _TYPES[shape]}
    if get_origin(shape) is Literal:
        return {"enum": list(arguments)}
    first, *others = arguments
    if get_origin(shape) is not Annotated:
        return _composed(shape, [_schema(one, definitions) for one in arguments])
    if isinstance(others[0], Estimates):
        return _defined("_".join(others[0].measures), others[0].schema, definitions)
    return {**_schema(first, definitions), "description": others[-1]}


def _defined(
    name: str, make: Callable[[], dict[str, Any]], definitions: dict[str, Any]
) -> dict[str, Any]:
    """Return a reference to a definition, which is made once."""
    if name not in definitions:
        definitions[name] = make()
    return {"$ref": f"#/$defs/{name}"}


def _composed(shape: Any, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a list, of a dictionary with any keys, or of a union."""
    if get_origin(shape) is list:
        return {"type": "array", "items": parts[0]}
    if get_origin(shape) is dict:
        return {"type": "object", "additionalProperties": parts[1]}
    if all(one.keys() == {"type"} for one in parts):
        return {"type": [one["type"] for one in parts]}
    return {"anyOf": parts}


def _table(shape: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a dictionary with fixed keys."""
    hints = get_type_hints(shape, include_extras=True)
    optional = {name for name, hint in hints.items() if get_origin(hint) is NotRequired}
    return {
        "type": "object",
        "description": " ".join(shape.__doc__.split()),
        "properties": {
            name: _schema(get_args(hint)[0] if name in optional else hint, definitions)
            for name, hint in hints.items()
        },
        "required": [name for name in hints if name not in optional],
        "additionalProperties": False,
    }
