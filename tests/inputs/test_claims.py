"""Claims files: sound claims are kept, and every fault of the others is told with its line."""

import json
import re
import tomllib

import jsonschema
import pytest

from uncertain_scale.errors import ClaimError
from uncertain_scale.inputs.catalog import claims_names, shipped_folder
from uncertain_scale.inputs.claim_files import ClaimsFile, load_claims
from uncertain_scale.model import default_model

HEAD = 'schema_version = 1\ntitle = "Memo"\n'
CLAIM = '[[claims]]\nname = "one"\nvariable = "mfu"\nvalue = 0.4\n'


def load(path, text=None):
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return load_claims(path, default_model().variables)


def test_a_file_becomes_claims_in_the_models_units(tmp_path):
    text = f"""{HEAD}scenario = "post-2024-07"
    [readings.slow]
    assuming = {{ mfu = "20%" }}
    [[claims]]
    name = "power"
    variable = "facility_power"
    value = "0.15 GW"
    given = {{ gpus = "100k gpu" }}
    readings = ["slow"]
    """
    (claim,) = load(tmp_path / "memo.toml", text).claims
    assert claim.asserted.value == pytest.approx(150)
    assert claim.given == {"gpus": "100k gpu"}
    assert claim.reading.title == "as stated"
    assert [other.assuming for other in claim.others] == [{"mfu": "20%"}]


def test_the_files_assumptions_lie_under_a_readings_and_a_claims(tmp_path):
    text = f"""{HEAD}scenario = "base"
    assuming = {{ mfu = 0.4, pue = 1 }}
    [readings.slow]
    assuming = {{ mfu = 0.2 }}
    [[claims]]
    name = "one"
    variable = "mfu"
    value = 0.4
    reading = "slow"
    assuming = {{ pue = 1.1 }}
    """
    (claim,) = load(tmp_path / "memo.toml", text).claims
    assert claim.reading.assuming == {"mfu": "0.2", "pue": "1.1"}


def test_a_document_without_inputs_has_claims_without_readings(tmp_path):
    (claim,) = load(tmp_path / "memo.toml", HEAD + CLAIM).claims
    assert claim.reading is None


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (CLAIM, r"memo.toml 'schema_version' is missing"),
        ("schema_version = 2\ntitle = 'x'\n" + CLAIM, r"memo.toml:1 schema_version = 2"),
        (HEAD + "tittle = 'x'\n" + CLAIM, r"memo.toml:3 'tittle' is not a key here"),
        (HEAD, r"memo.toml holds no claims"),
        (HEAD + "claims = 3", r"memo.toml:3 'claims' holds 3; expected tables \[\[claims\]\]"),
        (HEAD + "scenario = 'bas'\n" + CLAIM, r"memo.toml:3 scenario: .*did you mean 'base'"),
        (HEAD + "assuming = {mfuu = 1}\n" + CLAIM, r"memo.toml:3 .*'mfuu' is not a variable"),
        ("x = [", r"not valid TOML"),
    ],
)
def test_what_is_wrong_with_the_file_itself_stops_all(tmp_path, text, pattern):
    with pytest.raises(ClaimError, match=pattern):
        load(tmp_path / "memo.toml", text)


@pytest.mark.parametrize(
    ("rows", "pattern"),
    [
        ("implied = true", r"'implied' *.*stands beside|'value' stands beside implied"),
        ("readings = ['x']", r"reading 'x' is unknown; none is known"),
        ("assuming = {pue = 1}", r"assumes inputs, but the file names no scenario"),
        ("against_reading = 'x'", r"against_reading needs 'against' too"),
        ("free = ['mfuu']", r":7 \[\[claims\]\] 'one' 'mfuu' is not a variable"),
        ("given = { gpus = '25k to 20k gpu' }", r":7 .*'one' given: gpus = '25k to 20k gpu'"),
    ],
)
def test_a_claim_with_a_fault_is_left_out(tmp_path, rows, pattern):
    claims = load(tmp_path / "memo.toml", f"{HEAD}{CLAIM}{rows}\n")
    assert claims.claims == ()
    assert claims.apart == 1
    assert any(re.search(pattern, fault) for fault in claims.faults), claims.faults
    assert all(f"{tmp_path / 'memo.toml'}:" in fault for fault in claims.faults)


def test_there_is_no_such_file_or_name(tmp_path):
    with pytest.raises(ClaimError, match="no such claims file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ClaimError, match="did you mean 'post-2024-07'"):
        load("post-2024-08")


@pytest.mark.parametrize("name", claims_names())
def test_shipped_claims_are_sound_and_follow_the_schema(name):
    assert load(name).faults == ()
    document = tomllib.loads(
        (shipped_folder() / "claims" / f"{name}.toml").read_text(encoding="utf-8")
    )
    jsonschema.validate(json.loads(json.dumps(document, default=str)), ClaimsFile.editor_schema())


def test_the_schema_that_is_shipped_is_the_one_generated():
    shipped = (shipped_folder() / "claims" / "schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == ClaimsFile.editor_schema()


@pytest.mark.parametrize(
    "text",
    [
        "schema_version = 2\ntitle = 'x'\n" + CLAIM,
        HEAD + CLAIM + "vlaue = 3\n",
        HEAD + CLAIM.replace("0.4", "true"),
        HEAD + CLAIM.replace("one", "o n e"),
        HEAD + CLAIM + "digits = 0\n",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(tmp_path, text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), ClaimsFile.editor_schema())
    try:
        assert load(tmp_path / "memo.toml", text).faults
    except ClaimError as error:
        assert error.faults


def test_the_faults_of_the_file_and_of_its_claims_are_told_together(tmp_path):
    """Keys of a wrong type hide none of the others, and what is missing is not told twice."""
    text = """schema_version = "1"
title = 3
scenario = "bse"
assuming = { mfu = "0,4", pue = "1,3" }
[readings.slow]
scenario = 3
assuming = { mfu = "0,2" }
[[claims]]
name = "flop"
variable = "training_flop"
value = "8,5e25 FLOP"
given = { budget = "2,5M USD", gpus = true }
nots = 3
[[claims]]
variable = "mfu"
value = "0,4"
"""
    with pytest.raises(ClaimError) as error:
        load(tmp_path / "memo.toml", text)
    found = sorted(
        (int(line), text[:28])
        for line, text in (
            re.search(r"memo\.toml:(\d+) (.*)", fault).groups() for fault in error.value.faults
        )
    )
    assert found == [
        (1, "schema_version = '1': expect"),
        (2, "title = 3: input should be a"),
        (3, "scenario: scenario 'bse' is "),
        (4, "[assuming] mfu = '0,4': '0,4"),
        (4, "[assuming] pue = '1,3': '1,3"),
        (6, "[readings.slow] scenario = 3"),
        (7, "[readings.slow] assuming: mf"),
        (11, "[[claims]] 'flop' value = '8"),
        (12, "[[claims]] 'flop' given.gpus"),
        (12, "[[claims]] 'flop' given: bud"),
        (13, "[[claims]] 'flop' 'nots' is "),
        (14, "[[claims]] number 2 'name' i"),
        (16, "[[claims]] number 2 value = "),
    ]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("41 ± 3 MW", 38, 44), ("41 MW +- 10%", 36.9, 45.1), ("0.041 GW ± 3 MW", 38, 44)],
)
def test_a_claim_with_an_error_asserts_the_interval(tmp_path, value, low, high):
    path = tmp_path / "claims.toml"
    path.write_text(
        f"{HEAD}[[claims]]\nname = 'x'\nvariable = 'facility_power'\nvalue = '{value}'\n",
        encoding="utf-8",
    )
    found = load_claims(path, {"facility_power": "MW"})
    assert not found.faults
    asserted = found.claims[0].asserted
    assert (asserted.low, asserted.high) == pytest.approx((low, high))
