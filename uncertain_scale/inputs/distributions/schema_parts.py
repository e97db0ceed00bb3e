"""What pydantic cannot tell in a class's JSON Schema: named quantiles, and other ways to state it.

Kept to what editors understand of draft 7: `patternProperties`, `oneOf`, `required`, `not`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.base import Distribution

__all__ = ["amend_schema"]

QUANTILE_PATTERN = "^q[0-9]{2,}$"


def amend_schema(schema: dict[str, Any], cls: type[Distribution]) -> None:
    """Add to a class's schema what stands in for its parameters.

    Parameters
    ----------
    schema
        Changed in place; pydantic calls this as `json_schema_extra`.
    cls
        The class it is of.
    """
    properties = schema["properties"]
    schema["description"] = (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
    schema["required"] = ["kind", *[n for n in schema.get("required", []) if n != "kind"]]
    for name, field in properties.items():
        field.pop("title", None)
        if "anyOf" in field:  # optional: TOML has no null, so what is left is the one form
            only = next(form for form in field.pop("anyOf") if form.get("type") != "null")
            properties[name] = {**only, **field}
            if properties[name].get("default", ...) is None:
                del properties[name]["default"]
    least, most = cls.quantile_counts
    if most:
        schema["patternProperties"] = {
            QUANTILE_PATTERN: {
                "type": "number",
                "description": "Quantile by name: digits after q are decimals, q05 is 5%.",
            }
        }
    for name in cls.alternative:
        what = {"mu": "Mean of the whole.", "sigma": "Standard deviation of the whole."}[name]
        bound = {"exclusiveMinimum": 0} if name == "sigma" else {}
        properties[name] = {"type": "number", "description": what, **bound}
    schema["additionalProperties"] = False
    ways = _ways(cls)
    if len(ways) > 1:
        schema["required"] = [n for n in schema["required"] if n not in cls.required_ways()]
        schema["oneOf"] = ways
    elif most:
        beside = sum(1 for name in properties if name in schema["required"])
        schema["minProperties"] = least + beside


def _ways(cls: type[Distribution]) -> list[dict[str, Any]]:
    """Return the ways to state a kind, of which exactly one holds."""
    least, most = cls.quantile_counts
    own, other = list(cls.required_ways()), list(cls.alternative)
    ways: list[dict[str, Any]] = [
        {"title": " and ".join(names), "required": names, **_without(against)}
        for names, against in ((own, other), (other, list(cls.parameters)))
        if names
    ]
    if not most:
        return ways
    for way in ways:
        way["patternProperties"] = {QUANTILE_PATTERN: False}
    if own:
        without = _without([*cls.parameters, *other])
        ways.append({"title": "named quantiles", "minProperties": least + 1, **without})
    return ways


def _without(names: list[str]) -> dict[str, Any]:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}} if names else {}
