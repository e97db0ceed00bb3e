"""Claims that have a date, or are about one, as a user runs them."""

import json

import pytest

import uncertain_scale as us

FILE = """schema_version = 1
title = "A memo"

[[claims]]
name = "when"
variable = "date"
low = "2027Q3"
high = "2030"
given = { largest_site_power = "5 GW" }

[[claims]]
name = "then"
variable = "training_flop"
low = "1e25"
given = { budget = "100M", date = "2027" }

[[claims]]
name = "now"
variable = "training_flop"
low = "1e25"
given = { budget = "100M" }
"""
FEW = ("--draws", "256")


@pytest.fixture
def memo(tmp_path):
    path = tmp_path / "memo.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def judged(cli, memo, *options):
    code, out, err = cli("claims", memo, *FEW, "--format", "json", *options)
    assert (code, err) == (0, "")
    return {one["name"]: one for one in json.loads(out)["claims"]}


def test_a_claim_with_a_date_is_judged_by_the_answer_of_that_date(cli, memo):
    found = judged(cli, memo)
    design = us.Design(draws=256)
    for name, given in {
        "when": {"largest_site_power": "5 GW"},
        "then": {"budget": "100M", "date": "2027"},
        "now": {"budget": "100M"},
    }.items():
        output = found[name]["variable"]
        tree = us.run(given=given, outputs=[output], design=design)
        median = float(us.summarize(tree)["median"].sel(output=output))
        assert found[name]["judged"][0]["median"] == pytest.approx(median, rel=1e-12)
    assert found["then"]["judged"][0]["median"] != found["now"]["judged"][0]["median"]


def test_a_claimed_date_stands_as_it_was_written_and_misses_by_years(cli, memo):
    assert judged(cli, memo)["when"]["asserted"]["low"] == pytest.approx(2027 + 181 / 365)
    earlier = FILE.replace('"2027Q3"', '"2026-07"').replace('"2030"', '"2027-07-01"')
    memo.write_text(earlier, encoding="utf-8")
    code, out, _ = cli("claims", memo, *FEW)
    assert code == 0
    assert "date 2026-07 to 2027-07-01; given largest site power" in " ".join(out.split())
    assert "too early by at least 1.6" in " ".join(out.split())


def test_what_is_no_date_is_refused(cli, memo):
    memo.write_text(FILE.replace('low = "2027Q3"', 'low = "soon"'), encoding="utf-8")
    code, _, err = cli("claims", memo, *FEW)
    assert code == 2
    assert "[[claims]] 'when' low = 'soon': 'soon' is not a date; expected a year" in err


def test_claims_with_and_without_a_date_run_again_from_their_record(cli, memo, tmp_path):
    """Of one scenario, which has its trends in the record, and its plain priors too."""
    kept = tmp_path / "kept"
    code, _, err = cli("claims", memo, *FEW, "--output", kept)
    assert (code, err) == (0, "")
    code, out, err = cli("verify", kept)
    assert (code, err) == (0, "")
    assert out.startswith("identical: ")


def test_a_claim_may_be_about_what_only_trends_have(cli, tmp_path):
    path = tmp_path / "frontier.toml"
    claim = '[[claims]]\nname = "{0}"\nvariable = "frontier_flop"\nlow = "1e27"\n{1}\n'
    text = claim.format("then", 'given = { date = "2027" }') + claim.format("now", "")
    path.write_text(f'schema_version = 1\ntitle = "A memo"\n{text}', encoding="utf-8")
    code, out, err = cli("claims", path, *FEW, "--format", "json")
    assert code == 2
    assert "frontier_flop: it is a trend: give a date" in err
    (found,) = json.loads(out)["claims"]
    assert (found["name"], found["units"]) == ("then", "FLOP")
