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


@pytest.mark.usefixtures("plain_pages")
def test_two_givens_that_contradict_each_other_are_answered_by_the_date_at_which_both_hold(
    cli, tmp_path
):
    asked = ("report", "--budget", "100M", "--training-flop", "1e26", "--outputs", "training_flop")
    code, out, err = cli(*asked, *FEW, "--output", tmp_path / "when")
    assert (code, err) == (0, "")
    assert "date solved for" in " ".join(out.split())
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


@pytest.mark.slow_but("training_flop=1e29-largest_run")
@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ("facility_power=5 GW", "largest_site_power"),
        ("training_flop=1e29", "largest_run"),
        ("budget=10B", "largest_run_cost"),
    ],
)
def test_what_a_largest_possible_bounds_is_there_when_that_reaches_it(cli, given, bound):
    found = document(cli, "report", "--given", given, "--outputs", "date")
    value = given.partition("=")[2]
    same = document(cli, "report", "--given", f"{bound}={value}", "--outputs", "date")
    assert found["outputs"]["date"]["median"] == same["outputs"]["date"]["median"]
    name = given.partition("=")[0]
    (note,) = (one for one in found["notes"] if one.startswith("date: "))
    assert f"first date at which {bound} is at least the given {name}: " in note


def test_a_largest_possible_is_asked_for_where_nothing_that_is_given_moves_alone(cli):
    """A budget and FLOP that contradict each other have the date at which both hold, as ever."""
    asked = ("report", "--budget", "100M", "--training-flop", "1e26", "--outputs", "date")
    notes = document(cli, *asked)["notes"]
    assert not any("largest_run" in one for one in notes)
    code, _, err = cli("report", "--given", "gpus=1M", "--outputs", "date")
    assert (code, "nothing that is given moves with it" in err) == (2, True)


@pytest.mark.slow_but("words1")
@pytest.mark.parametrize(
    "words",
    [
        ("sensitivity", "--of", "training_flop"),
        ("compare", "base", "h100-dense-bf16"),
        ("sweep", "--given", "mfu=0.2,0.3", "--outputs", "training_flop"),
        ("decide", "--option", "budget=1B,2B", "--maximise", "training_flop"),
    ],
)
def test_what_does_not_move_is_said_wherever_a_date_is_asked_for(cli, words):
    budget = () if words[0] == "decide" else ("--budget", "100M")
    code, out, err = cli(*words, *budget, *FEW, "--date", "2028")
    assert (code, err) == (0, "")
    assert "not dated, and as they stand" in " ".join(out.split())
    assert "not dated" not in cli(*words, *budget, *FEW)[1]


def test_options_have_dates_all_or_none(cli, tmp_path):
    path = tmp_path / "options.toml"
    rows = "[[options]]\nname = 'now'\n[[options]]\nname = 'later'\ngiven = { date = '2028' }\n"
    path.write_text(f"schema_version = 1\n{rows}", encoding="utf-8")
    words = ("decide", path, "--budget", "1B", "--maximise", "training_flop", *FEW)
    assert cli(*words)[2] == (
        "error: some options have a date and others have none; give each one a date"
    )


def test_a_range_of_dates_is_as_many_options(cli):
    words = ("decide", "--budget", "1B", "--maximise", "training_flop", *FEW)
    found = document(cli, *words, "--option", "date=2027..2028:3")
    names = [one["name"] for one in found["options"]]
    assert names == ["date 2027", "date 2027-07-02", "date 2028"]
    assert "hourly_rate_shock (2028)" in found["known"]


@pytest.mark.parametrize("output", ["frontier_flop", "largest_site_power"])
def test_a_variable_that_only_trends_have_asks_for_a_date(cli, output):
    code, _, err = cli("report", "--outputs", output)
    assert (code, f"{output}: it is a trend: give a date, such as date = 2027-07" in err) == (
        2,
        True,
    )


def test_a_file_of_one_trend_is_one_input(cli, tmp_path):
    path = tmp_path / "rents.toml"
    text = '[inputs.hourly_rate]\nkind = "trend"\ngrowth = 1.1\nvolatility = 0.2\n'
    path.write_text(f'schema_version = 1\n{text}units = "USD/gpu/hour"\n', encoding="utf-8")
    assert cli("priors", "check", path)[1] == f"{path}: 1 input, 1 trend among them, all well\n"


COMMANDS = [
    ("sweep", "--given", "mfu=0.2,0.3", "--date"),
    ("sensitivity", "--date"),
    ("compare", "base", "frontier-2026", "--date"),
    ("decide", "--option", "gpus=1k,2k", "--minimise", "budget", "--date"),
    ("update", "h100-clusters", "--date"),
    ("explore", "--no-browser", "--date"),
    ("plot", "intervals", "--output", "never.svg", "--date"),
]


@pytest.mark.parametrize(
    ("words", "date"),
    [
        *((("report", "--date"), date) for date in ("2027-13", "20270", "Q5", "1989", "2101")),
        *((words, "2027-13") for words in COMMANDS),
    ],
)
def test_a_wrong_date_is_one_clear_error(cli, words, date):
    code, out, err = cli(*words, date)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert f"'{date}' is not" in err
    assert "2027, 2027-07, 2027Q3 or 2027-07-01" in err
