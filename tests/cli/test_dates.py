"""Questions with dates at the command line."""

import json

import pytest

FEW = ("--draws", "64", "--chains", "4")


def document(cli, *words):
    code, out, err = cli(*words, *FEW, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2027", "2027-01-01"), ("2027-07", "2027Q3"), ("2027-07", "2027-07-01"), ("2028Q1", "2028")],
)
def test_a_date_is_read_in_each_of_its_forms(cli, one, other):
    asked = ("report", "--budget", "100M", "--outputs", "hourly_rate", "--date")
    first, second = (document(cli, *asked, date)["outputs"] for date in (one, other))
    assert first == second


def test_two_givens_that_contradict_each_other_are_answered_by_the_date_at_which_both_hold(
    cli, tmp_path
):
    asked = ("report", "--budget", "100M", "--training-flop", "1e26", "--outputs", "training_flop")
    code, out, err = cli(*asked, *FEW, "--output", tmp_path / "when")
    assert (code, err) == (0, "")
    assert "date solved for" in out
    assert "P(date > 2040) = " in out
    code, said, _ = cli("verify", tmp_path / "when")
    assert (code, "identical" in said) == (0, True)
    freed = document(cli, *asked, "--free", "date")
    assert freed["outputs"] == document(cli, *asked)["outputs"]


def test_a_date_that_is_never_reached_is_after_the_horizon(cli):
    code, out, _ = cli(
        *("report", "--given", "largest_site_power=1e9 MW", "--outputs", "date"),
        *("--set", "largest_site_power_growth=1.01", *FEW),
    )
    assert code == 0
    assert "after 2039" in out


def test_limits_come_with_how_often_each_binds(cli):
    found = document(cli, "report", "--date", "2030", "--outputs", "largest_run")
    events = {one["event"]: one["probability"] for one in found["events"]}
    assert set(events) == {
        f"{limit}_limit <= largest_run"
        for limit in ("spending", "power", "chip", "data", "latency")
    }
    assert sum(events.values()) == pytest.approx(1)


def test_a_sweep_over_dates_says_when(cli):
    code, out, err = cli(
        *("sweep", "--date", "2025..2029", "--points", "3", "--outputs", "frontier_flop"),
        *("--event", "frontier_flop >= 1e27", *FEW),
    )
    assert (code, err) == (0, "")
    assert "Given date = 2025..2029" in out
    assert "2027-01" in out


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--free", "date"), "nothing that is given moves with it"),
        (("--date", "2027", "--free", "date"), "given and free at once"),
        (("--date", "2027..2030"), "is not a date"),
        (("--given", "date=never"), "is not a date"),
        (("--date", "2027-07", "--event", "date > soon"), "soon"),
        (("--given", "frontier_flop=1e27 GB", "--free", "date"), "units"),
        (("--given", "frontier_flopp=1e27", "--free", "date"), "did you mean 'frontier_flop'"),
    ],
)
def test_what_is_wrong_with_a_date_is_one_clear_error(cli, words, fault):
    code, out, err = cli("report", "--outputs", "training_flop", *words, *FEW)
    assert (code, out) == (2, "")
    assert "\n" not in err
    assert fault in err
