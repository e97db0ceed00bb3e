"""SIPmath libraries of draws: as the standard's published schema has it, and read back."""

import json

import jsonschema
import numpy as np
import pytest

from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.imports import read_import
from uncertain_scale.report.sip_library import sip_library
from uncertain_scale.sampling import Design, run

# What PySIPmath's tests/multi-lib-schema-2021-08-19.json asks for, in fewer words.
NAMED = {"type": "object", "required": ["name", "function", "arguments"]}
SCHEMA = {
    "type": "object",
    "required": ["name", "dateCreated", "version", "provenance", "globalVariables", "U01", "sips"],
    "properties": {
        **{key: {"type": "string"} for key in ("name", "dateCreated", "version", "provenance")},
        "objectType": {"const": "sipModel"},
        "globalVariables": {"type": "array", "items": {"required": ["name", "value"]}},
        "U01": {
            "type": "object",
            "required": ["rng"],
            "properties": {
                "rng": {"type": "array", "items": NAMED},
                "copula": {"type": "array", "items": {**NAMED, "required": ["copulaLayer"]}},
            },
        },
        "sips": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "function", "arguments", "ref", "metadata"],
                "properties": {
                    "ref": {"required": ["source", "name"]},
                    "function": {"enum": ["Metalog_1_0", "SIP_Array", "Lookup_Table"]},
                    "metadata": {"properties": {"density": {"items": {"type": "number"}}}},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def tree():
    outputs = ["training_flop", "facility_power", "cluster_price"]
    return run(
        "base", given={"budget": "100M"}, outputs=outputs, design=Design(draws=1024, chains=4)
    )


def written(library, folder):
    path = folder / "lib.sipmath"
    path.write_text(json.dumps(library, allow_nan=False), encoding="utf-8")
    return path


def read_back(library, folder, **options):
    texts, lost = read_import(written(library, folder), **options)
    assert lost == []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_priors(folder / "lib.toml")


@pytest.mark.parametrize("metalogs", [False, True])
def test_a_library_is_as_the_schema_has_it_and_says_units_and_sources(tree, metalogs):
    library = sip_library(tree, metalogs=metalogs)
    jsonschema.validate(library, SCHEMA)
    sips = {one["name"]: one for one in library["sips"]}
    about = sips["hourly_rate"]["metadata"]
    assert about["units"] == "USD/gpu/hour"
    assert about["source"].startswith("Owner's full cost")
    assert "budget" in library["provenance"]
    assert sips["training_flop"]["metadata"]["units"] == "FLOP"
    streams = {one["name"] for one in library["U01"]["rng"]}
    for sip in sips.values():
        if sip["ref"]["source"] == "rng":
            assert sip["ref"]["name"] in streams


def test_draws_are_read_back_to_the_last_digit_with_what_ties_them(tree, tmp_path):
    priors = read_back(sip_library(tree), tmp_path)
    (joint,) = priors.joints
    for name in ("training_flop", "hourly_rate", "facility_power"):
        group = "prior" if name == "hourly_rate" else "prior_predictive"
        drawn = np.sort(tree[group][name].values.reshape(-1))
        column = joint.rows[:, joint.inputs.index(name)]
        assert np.array_equal(np.sort(column), drawn)
        assert priors.inputs[name].units == tree[group][name].attrs["units"]
    rate, flop = (joint.rows[:, joint.inputs.index(n)] for n in ("hourly_rate", "training_flop"))
    drawn = tree["prior"]["hourly_rate"].values, tree["prior_predictive"]["training_flop"].values
    expected = np.corrcoef(*(one.reshape(-1) for one in drawn))[0, 1]
    assert np.corrcoef(rate, flop)[0, 1] == pytest.approx(expected)
    assert priors.inputs["budget"].distribution.describe() == "constant(value=100000000)"


def test_metalogs_keep_quantiles_and_rank_correlations(tree, tmp_path):
    library = sip_library(tree, metalogs=True)
    laws = {one["name"]: one["function"] for one in library["sips"]}
    assert laws["training_flop"] == "Metalog_1_0"
    assert laws["precision_factor"] == "SIP_Array"  # three of four draws are 1: no metalog
    priors = read_back(library, tmp_path)
    for name in ("training_flop", "facility_power", "hourly_rate"):
        group = "prior" if name == "hourly_rate" else "prior_predictive"
        draws = tree[group][name].values.reshape(-1)
        levels = priors.inputs[name].distribution.cdf(np.quantile(draws, [0.05, 0.5, 0.95]))
        assert levels == pytest.approx([0.05, 0.5, 0.95], abs=0.006)
    tied = {frozenset(one.inputs): one.rank for one in priors.correlations}
    assert tied[frozenset(("hourly_rate", "training_flop"))] == pytest.approx(-0.49, abs=0.05)


def test_its_own_trials_have_the_correlations_too(tree, tmp_path):
    (tmp_path / "a").mkdir()
    library = sip_library(tree, metalogs=True)
    library["sips"] = [one for one in library["sips"] if one["function"] == "Metalog_1_0"]
    (joint,) = read_back(library, tmp_path / "a", trials=5000).joints
    rate, flop = (joint.rows[:, joint.inputs.index(n)] for n in ("hourly_rate", "training_flop"))
    ranks = [column.argsort().argsort() for column in (rate, flop)]
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(-0.49, abs=0.05)


def test_what_json_cannot_hold_is_refused(tree):
    broken = tree.copy(deep=True)
    broken["prior_predictive"]["training_flop"].values[0, 0] = np.inf
    with pytest.raises(DataError, match="training_flop are not all finite"):
        sip_library(broken)


def test_the_command_writes_it_and_refuses_metalogs_elsewhere(cli, tmp_path):
    few = ("--draws", "64", "--chains", "2", "--outputs", "gpu_hours")
    path = tmp_path / "a.SIPmath"
    code, out, _ = cli("sample", "--budget", "1M", *few, "--metalogs", "--output", path)
    assert (code, "128" in out or "2 chains" in out) == (0, True)
    assert json.loads(path.read_text(encoding="utf-8"))["libraryType"] == "SIPmath_3_0"
    code, _, error = cli("sample", "--budget", "1M", "--metalogs", "--output", tmp_path / "a.nc")
    assert (code, ".sipmath" in error) == (2, True)
    code, _, error = cli("sample", "--budget", "1M", "--output", tmp_path / "a.csv")
    assert (code, "SIPmath library" in error) == (2, True)
