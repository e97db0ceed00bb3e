"""The tagged union and the JSON Schemas that editors read."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from pydantic import TypeAdapter

from uncertain_scale.inputs.distributions import (
    KINDS,
    AnyDistribution,
    Normal,
    build,
    json_schemas,
)


def accepts(schema, table, definitions=None):  # noqa: C901, PLR0911, PLR0912 - a case a keyword
    """Judge a table by the few keywords that the schemas use: a small, independent reader."""
    if isinstance(schema, bool):
        return schema
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        return accepts(definitions[schema["$ref"].removeprefix("#/$defs/")], table, definitions)
    if "const" in schema and table != schema["const"]:
        return False
    sort = schema.get("type")
    if sort == "number":
        number = isinstance(table, int | float) and not isinstance(table, bool)
        return (
            number
            and table > schema.get("exclusiveMinimum", -np.inf)
            and schema.get("minimum", -np.inf) <= table <= schema.get("maximum", np.inf)
        )
    if sort == "array":
        if not isinstance(table, list):
            return False
        if not schema.get("minItems", 0) <= len(table) <= schema.get("maxItems", np.inf):
            return False
        items = schema.get("prefixItems") or [schema.get("items", {})] * len(table)
        return all(
            accepts(part, item, definitions) for part, item in zip(items, table, strict=True)
        )
    if "not" in schema and accepts(schema["not"], table, definitions):
        return False
    if "oneOf" in schema and sum(accepts(s, table, definitions) for s in schema["oneOf"]) != 1:
        return False
    if "anyOf" in schema and not any(accepts(s, table, definitions) for s in schema["anyOf"]):
        return False
    if not isinstance(table, dict):
        return sort != "object"
    if not set(schema.get("required", ())) <= set(table):
        return False
    if len(table) < schema.get("minProperties", 0):
        return False
    for name, value in table.items():
        found = [schema.get("properties", {}).get(name)]
        found += [s for p, s in schema.get("patternProperties", {}).items() if re.search(p, name)]
        found = [part for part in found if part is not None]
        if not found and schema.get("additionalProperties", True) is False:
            return False
        if not all(accepts(part, value, definitions) for part in found):
            return False
    return True


GOOD = (
    {"kind": "constant", "value": 1},
    {"kind": "uniform", "lower": 0, "upper": 1},
    {"kind": "uniform", "q05": 0, "q95": 1},
    {"kind": "normal", "mu": 0, "sigma": 1, "truncate": [0, 3]},
    {"kind": "beta", "alpha": 1, "beta": 2, "lower": 0, "upper": 5},
    {"kind": "beta", "mu": 0.4, "sigma": 0.2},
    {"kind": "beta", "q05": 0.1, "q95": 0.2, "lower": 0},
    {"kind": "student_t", "nu": 3, "q05": 1, "q95": 2},
    {"kind": "student_t", "nu": 3, "mu": 1, "sigma": 2},
    {"kind": "triangular", "q05": 0.9, "q50": 2, "q95": 3},
    {"kind": "metalog", "q05": 1, "q50": 2, "q95": 4, "lower": 0},
    {"kind": "choice", "values": [1, 2], "probabilities": [0.5, 0.5]},
    {"kind": "bernoulli", "p": 0.5},
    {"kind": "empirical", "values": [1, 2, 2], "weights": [1, 2, 3]},
    {"kind": "mixture", "components": [{"kind": "constant", "value": 1}], "weights": [2]},
)
BAD = (
    {"kind": "normal", "mu": 0},
    {"kind": "normal", "mu": 0, "sigma": 0},
    {"kind": "normal", "mu": 0, "sigma": "1"},
    {"kind": "normal", "mu": 0, "sigma": 1, "nu": 3},
    {"kind": "normal", "mu": 0, "sigma": 1, "q05": 3},
    {"kind": "normal", "q5": 0, "q95": 1},
    {"kind": "normal", "q05": 0},
    {"kind": "beta", "mu": 0.4, "sigma": 0.2, "alpha": 1},
    {"kind": "beta", "mu": 0.4},
    {"kind": "metalog", "q05": 1, "q95": 2},
    {"kind": "constant", "q05": 1},
    {"kind": "bernoulli", "p": 2},
    {"kind": "choice", "values": []},
    {"kind": "normal", "mu": 0, "sigma": 1, "truncate": [1]},
    {"kind": "mixture", "components": [{"kind": "constant"}]},
    {"kind": "mixture", "components": []},
)


@pytest.mark.parametrize("table", GOOD)
def test_schema_and_build_accept(table):
    assert accepts(json_schemas()[table["kind"]], table)
    parameters = {name: value for name, value in table.items() if name != "kind"}
    made = build(table["kind"], parameters)
    assert TypeAdapter(AnyDistribution).validate_python(table) == made


@pytest.mark.parametrize("table", BAD)
def test_schema_and_build_refuse(table):
    assert not accepts(json_schemas()[table["kind"]], table)
    parameters = {name: value for name, value in table.items() if name != "kind"}
    with pytest.raises(ValueError, match=r"."):
        build(table["kind"], parameters)


def test_schemas_are_complete():
    schemas = json_schemas()
    assert set(schemas) == set(KINDS)
    for kind, schema in schemas.items():
        assert schema["properties"]["kind"]["const"] == kind
        assert schema["additionalProperties"] is False
        assert len(schema["description"]) > 10
        for name, field in schema["properties"].items():
            assert name == "kind" or field["description"], (kind, name)
        by_quantiles = KINDS[kind].quantile_counts[1] > 0
        assert ("^q[0-9]{2,}$" in schema.get("patternProperties", {})) is by_quantiles
    assert json.loads(json.dumps(schemas)) == schemas


def test_instances_pass_the_union_unchanged():
    kind = Normal(mu=0, sigma=1)
    assert TypeAdapter(AnyDistribution).validate_python(kind) is kind
    assert build("mixture", {"components": [kind, kind]}).components[0] is kind


def test_instances_are_frozen():
    kind = Normal(mu=0, sigma=1)
    with pytest.raises(ValueError, match="frozen"):
        kind.mu = 3


def test_import_stays_light():
    """`--help` must not pay for scipy's statistics, roots or splines."""
    code = (
        "import sys; import uncertain_scale.inputs.distributions as d; "
        "d.parse_distribution('1 to 2')[0].mean(); "
        "heavy = ('scipy.stats', 'scipy.optimize', 'scipy.interpolate'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
