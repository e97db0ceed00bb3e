"""Evidence files: how values and errors are read, and what is shipped."""

import json
import re
import tomllib

import jsonschema
import numpy as np
import pytest

from uncertain_scale.errors import EvidenceError
from uncertain_scale.inputs.catalog import evidence_names, find_evidence_file, shipped_folder
from uncertain_scale.inputs.document import EvidenceFile
from uncertain_scale.inputs.observations import read_evidence
from uncertain_scale.model import default_model

VARIABLES = {"facility_power": "MW", "mfu": "1"}


def read(folder, *lines, variable="facility_power"):
    path = folder / "facts.toml"
    head = ("schema_version = 1", "[[observations]]", "name = 'x'", f"variable = '{variable}'")
    path.write_text("\n".join([*head, *lines]), encoding="utf-8")
    observations, faults = read_evidence([path], VARIABLES)
    assert not faults
    return observations[0]


@pytest.mark.parametrize(
    "lines",
    [
        ["value = 41", "error = 3", "units = 'MW'"],
        ["value = '41 MW'", "error = 3"],
        ["value = '41 MW'", "error = '3000 kW'"],
        ["value = '41 ± 3 MW'"],
        ["value = '41 MW ± 3 MW'"],
        ["value = '41 +/- 3 MW'"],
        ["value = '0.041 GW'", "error = '3 MW'"],
        ["value = 'normal(mu=41, sigma=3) MW'"],
        ["value = 'normal(mu=41, sigma=3)'", "units = 'MW'"],
    ],
    ids=" ".join,
)
def test_one_error_stated_in_many_ways(tmp_path, lines):
    seen = read(tmp_path, *lines)
    assert not seen.logarithmic
    quantiles = seen.stated.ppf(np.array([0.5, 0.841344746])) * seen.factor
    np.testing.assert_allclose(quantiles, [41, 44], rtol=1e-8)


@pytest.mark.parametrize(
    "lines",
    [
        ["value = '41 MW'", "error = '10%'"],
        ["value = '41 MW ± 10%'"],
        ["value = '41 ± 10% MW'"],
        ["value = 41", "units = 'MW'", "error = 4.1", "error_kind = 'lognormal'"],
    ],
    ids=" ".join,
)
def test_an_error_in_percent_is_a_factor_with_that_coefficient_of_variation(tmp_path, lines):
    seen = read(tmp_path, *lines)
    assert seen.logarithmic
    assert float(seen.stated.ppf(np.array(0.5))) == pytest.approx(41)
    assert seen.stated.sd() / seen.stated.mean() == pytest.approx(0.1)


def test_a_plain_number_an_interval_and_a_normal_error_in_percent(tmp_path):
    assert read(tmp_path, "value = 0.3", "error = 0.01", variable="mfu").units == "1"
    interval = read(tmp_path, "value = '36 to 46 MW'")
    np.testing.assert_allclose(interval.stated.ppf(np.array([0.05, 0.95])), [36, 46])
    assert interval.logarithmic
    normal = read(tmp_path, "value = '40 MW'", "error = '10%'", "error_kind = 'normal'")
    assert normal.stated.sd() == pytest.approx(4)


@pytest.mark.parametrize(
    ("lines", "ends", "words"),
    [
        (["lower = '15 GW'"], (15e3, np.inf), "at least 15 GW"),
        (["lower = 15", "units = 'MW'"], (15, np.inf), "at least 15 MW"),
        (["value = 'at least 15 MW'"], (15, np.inf), "at least 15 MW"),
        (["value = '>= 15'", "units = 'MW'"], (15, np.inf), "at least 15 MW"),
        (["upper = '20MW'"], (-np.inf, 20), "at most 20 MW"),
        (["value = 'at most 20 MW'"], (-np.inf, 20), "at most 20 MW"),
        (["lower = 0", "upper = '20 MW'"], (0, 20), "between 0 MW and 20 MW"),
        (["lower = '15 MW'", "upper = '2 GW'"], (15, 2000), "between 15 MW and 2000 MW"),
        (["lower = -3.5", "units = 'MW'"], (-3.5, np.inf), "at least -3.5 MW"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bounds_stated_in_many_ways(tmp_path, lines, ends, words):
    seen = read(tmp_path, *lines)
    assert tuple(end * seen.factor for end in seen.stated.support) == ends
    assert seen.words == words
    assert not seen.logarithmic


def test_a_bound_of_a_bare_number(tmp_path):
    seen = read(tmp_path, "lower = '40%'", variable="mfu")
    assert seen.stated.lower * seen.factor == pytest.approx(0.4)
    assert read(tmp_path, "upper = 0.4", variable="mfu").stated.support == (-np.inf, 0.4)


@pytest.mark.parametrize(
    ("lines", "pattern"),
    [
        (["error = '3 MW'"], r":2 .*'value' is missing: .* or 'lower' or 'upper' for a bound"),
        (["lower = 15"], r"'x' facility_power has no units; say which"),
        (["lower = '15 USD'"], r":5 .*facility_power: units 'USD' are incompatible"),
        (["lower = '15 MW'", "upper = '20 USD'"], r"'x' facility_power: units '.*' are incomp"),
        (["lower = '20 MW'", "upper = '15 MW'"], r":5 .*lower = 20 MW is not below upper = 15 MW"),
        (["lower = 1", "upper = 0", "units = 'MW'"], r"lower = 1.0 is not below upper = 0.0; swap"),
        (["lower = '2 GW'", "upper = '30 MW'"], r"lower = 2 GW is not below upper = 30 MW"),
        (["lower = '15 to 20 MW'"], r":5 .*lower = '15 to 20 MW' is an interval; a bound is"),
        (["value = 'at least many MW'"], r":5 .*value = 'many MW': 'many MW' is not a value"),
        (["lower = '15 MW'", "error = '3 MW'"], r":6 .*'error' stands beside a bound"),
        (["value = '15 ± 3 MW'", "lower = '15 MW'"], r"'value' stands beside 'lower' or 'upper'"),
        (["lower = true"], r"lower = True: expected a number"),
        (["lower = inf", "units = 'MW'"], r"lower = inf: expected a number"),
        (["lower = '15 MW'", "units = 'MW'"], r"has units twice"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bounds_that_cannot_be_read(tmp_path, lines, pattern):
    path = tmp_path / "facts.toml"
    head = ("schema_version = 1", "[[observations]]", "name = 'x'", "variable = 'facility_power'")
    path.write_text("\n".join([*head, *lines]), encoding="utf-8")
    observations, faults = read_evidence([path], VARIABLES)
    assert (observations, len(faults)) == ((), 1)
    assert re.search(pattern, faults[0]), faults[0]


@pytest.mark.parametrize(
    ("keys", "valid"),
    [
        ({"lower": "15 day"}, True),
        ({"lower": 15, "upper": "20 day"}, True),
        ({"value": "at least 15 day"}, True),
        ({}, False),
        ({"lower": True}, False),
    ],
    ids=str,
)
def test_the_schema_takes_a_value_or_a_bound(keys, valid):
    document = {"schema_version": 1, "observations": [{"name": "x", "variable": "y", **keys}]}
    check = jsonschema.Draft202012Validator(EvidenceFile.editor_schema())
    assert check.is_valid(document) is valid


def test_words_are_as_typed(tmp_path):
    assert read(tmp_path, "value = '41 ± 3 MW'").words == "41 MW ± 3 MW"
    assert read(tmp_path, "value = 3.65e14", "units = 'MW'", "error = '5%'").words == (
        "3.65e14 MW ± 5%"
    )


@pytest.mark.parametrize("name", evidence_names())
def test_shipped_evidence_follows_the_schema_and_cites_its_sources(name):
    document = tomllib.loads(find_evidence_file(name).read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(document, default=str)), EvidenceFile.editor_schema())
    assert all(one["source"] for one in document["observations"])


def test_the_schema_that_is_shipped_is_the_one_generated():
    shipped = (shipped_folder() / "evidence" / "schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == EvidenceFile.editor_schema()


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", r"'schema_version' is missing|holds no observations"),
        ("schema_version = 1\nobservations = 3", r"'observations' holds 3; expected tables"),
        ("schema_version = [", r"not valid TOML"),
    ],
)
def test_a_file_that_is_no_evidence(tmp_path, text, pattern):
    path = tmp_path / "facts.toml"
    path.write_text(text, encoding="utf-8")
    try:
        faults = read_evidence([path], VARIABLES)[1]
    except EvidenceError as error:
        faults = error.faults
    assert faults
    assert re.search(pattern, "\n".join(faults))


def test_a_path_that_is_none(tmp_path):
    (tmp_path / "facts.txt").write_text("", encoding="utf-8")
    for source in (tmp_path / "facts.txt", tmp_path / "none.toml", "h100-cluster"):
        with pytest.raises(EvidenceError, match="evidence file"):
            find_evidence_file(source)


@pytest.mark.parametrize(
    ("variable", "lines", "pattern"),
    [
        ("budget", ["value = '-5M USD'", "error = '1M USD'"], r":5 .*budget: must be above 0"),
        ("mfu", ["value = 40", "error = 3"], r":5 .*mfu: must be above 0 and at most 1"),
        ("pue", ["value = '0.8 to 0.95'"], r"pue: must be at least 1"),
        ("pue", ["upper = '90%'"], r":5 .*pue: must be at least 1"),
        ("mfu", ["lower = 1.01"], r"mfu: must be above 0 and at most 1"),
        ("gpus", ["upper = 0", "units = 'gpu'"], r"gpus: must be above 0"),
        ("mfu", ["value = '40%'", "error = 0.03"], ""),
        ("pue", ["upper = 1"], ""),
        ("gpus", ["lower = -3", "units = 'gpu'"], ""),
    ],
)
def test_what_cannot_be_measured_is_refused(tmp_path, variable, lines, pattern):
    path = tmp_path / "facts.toml"
    head = ("schema_version = 1", "[[observations]]", "name = 'x'", f"variable = '{variable}'")
    path.write_text("\n".join([*head, *lines]), encoding="utf-8")
    found, faults = read_evidence([path], default_model().variables)
    assert (len(found), len(faults)) == ((0, 1) if pattern else (1, 0))
    assert re.search(pattern, "".join(faults)), faults


def test_every_fault_of_an_observation_is_told_with_its_name(tmp_path):
    path = tmp_path / "facts.toml"
    path.write_text(
        """schema_version = 1
[[observations]]
name = "p"
variable = "facility_power"
value = "8,5 MW ± 2,5%"
given = { mfu = "0,5", gpuss = 3 }
own = { mfu = "0,5" }
[[observations]]
variable = "facility_power"
lower = "8,5 MW"
upper = "9,5 MW"
[[observations]]
name = "q"
variable = "facility_power"
value = [3]
""",
        encoding="utf-8",
    )
    observations, faults = read_evidence([path], VARIABLES)
    assert not observations
    found = sorted(
        (int(line), text[:32])
        for line, text in (re.search(r"toml:(\d+) (.*)", fault).groups() for fault in faults)
    )
    assert found == [
        (5, "[[observations]] 'p' error = '2,"),
        (5, "[[observations]] 'p' value = '8,"),
        (6, "[[observations]] 'p' 'gpuss' is "),
        (6, "[[observations]] 'p' given mfu ="),
        (7, "[[observations]] 'p' own = {'mfu"),
        (8, "[[observations]] number 2 'name'"),
        (10, "[[observations]] number 2 lower "),
        (11, "[[observations]] number 2 upper "),
        (15, "[[observations]] 'q' value = [3]"),
    ]
