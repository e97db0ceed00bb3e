"""Evidence files: how values and errors are read, and what is shipped."""

import json
import tomllib

import jsonschema
import numpy as np
import pytest

from uncertain_scale.errors import EvidenceError
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.observation_document import json_schema
from uncertain_scale.inputs.observations import (
    evidence_names,
    find_evidence_file,
    read_evidence,
)

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


def test_words_are_as_typed(tmp_path):
    assert read(tmp_path, "value = '41 ± 3 MW'").words == "41 MW ± 3 MW"
    assert read(tmp_path, "value = 3.65e14", "units = 'MW'", "error = '5%'").words == (
        "3.65e14 MW ± 5%"
    )


@pytest.mark.parametrize("name", evidence_names())
def test_shipped_evidence_follows_the_schema_and_cites_its_sources(name):
    document = tomllib.loads(find_evidence_file(name).read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(document, default=str)), json_schema())
    assert all(one["source"] for one in document["observations"])


def test_the_schema_that_is_shipped_is_the_one_generated():
    shipped = (shipped_folder() / "evidence" / "schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == json_schema()


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
    import re

    assert re.search(pattern, "\n".join(faults))


def test_a_path_that_is_none(tmp_path):
    (tmp_path / "facts.txt").write_text("", encoding="utf-8")
    for source in (tmp_path / "facts.txt", tmp_path / "none.toml", "h100-cluster"):
        with pytest.raises(EvidenceError, match="evidence file"):
            find_evidence_file(source)
