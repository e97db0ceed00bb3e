"""`--as-of`: the reader's day on the command line, in records and in replays."""

import datetime as dt
import json

import pytest

from uncertain_scale.cli import analyses, judgements, plot, report
from uncertain_scale.cli.command import declared
from uncertain_scale.units.labels import label_of

DAY = "2027-01-15"
FEW = ("--draws", "16", "--chains", "2")
ASKED = ("report", "--budget", "100M", "--outputs", "gpu_hours", *FEW)
ANSWERING = (
    *(report.report, report.update, analyses.compare, analyses.sensitivity, analyses.sweep),
    *(judgements.claims, judgements.backtest),
    *(plot.intervals, plot.density, plot.sensitivity, plot.tornado, plot.compare, plot.sweep),
    *(plot.backtest, plot.claims),
)


def today():
    return dt.datetime.now().astimezone().date().isoformat()


@pytest.mark.parametrize("command", ANSWERING, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_every_command_that_answers_takes_the_day_and_records_it(command):
    (option,) = [one for one in declared(command) if one.option == "--as-of"]
    assert option.info.replay == "recorded"


@pytest.mark.parametrize(
    "day", ["yesterday", "2026", "2026-11", "20261130", "2026-11-31", "30.11.2026", "2026-W48-1"]
)
@pytest.mark.parametrize("command", [("report", "--budget", "1M"), ("claims",), ("backtest",)])
def test_what_is_no_day_is_refused_with_one_error(cli, command, day):
    code, out, err = cli(*command, "--as-of", day)
    assert (code, out) == (2, "")
    assert err == (
        f"error: --as-of '{day}' is not a day; write year, month and day, such as 2026-11-30"
    )


def test_a_day_to_come_is_answered_as_of_that_day(cli):
    ages = json.loads(cli(*ASKED, "--as-of", "2040-01-01", "--format", "json")[1])["ages"]
    assert ages["as_of"] == "2040-01-01"
    assert ages["old"]["hourly_rate"]["months"] == 12 * 15 + 6


def test_without_the_option_it_is_today(cli):
    before = today()
    found = json.loads(cli(*ASKED, "--format", "json")[1])["ages"]["as_of"]
    assert found in {before, today()}


@pytest.fixture
def saved(cli, tmp_path, plain_pages):  # noqa: ARG001 (nobody looks at them)
    """Return a function that saves a report as on a day."""

    def save(day, name):
        words = ("--as-of", day) if day else ()
        assert cli(*ASKED, *words, "--output", tmp_path / name)[0] == 0
        return tmp_path / name

    return save


def test_a_replay_keeps_the_day(cli, saved):
    folder = saved("2030-01-01", "later")
    command = json.loads((folder / "run.json").read_text())["command"]
    assert command[command.index("--as-of") + 1] == "2030-01-01"
    code, out, err = cli("verify", folder)
    assert (code, err) == (0, "")
    assert out.startswith("identical: ")


def test_a_record_of_today_names_the_day(saved):
    folder = saved("", "today")
    command = json.loads((folder / "run.json").read_text())["command"]
    ages = json.loads((folder / "report.json").read_text())["ages"]
    assert command[command.index("--as-of") + 1] == ages["as_of"]


def test_a_record_without_a_day_is_run_again_all_the_same(cli, saved):
    """As records of earlier versions are."""
    folder = saved("2025-01-01", "early")
    record = json.loads((folder / "run.json").read_text())
    at = record["command"].index("--as-of")
    del record["command"][at : at + 2]
    (folder / "run.json").write_text(json.dumps(record))
    code, out, _ = cli("verify", folder, "--format", "json")
    found = json.loads(out)
    assert (code, found["grade"], list(found["changes"])) == (0, "same", ["ages"])


def test_results_of_two_days_do_not_differ_for_that(cli, saved):
    code, out, _ = cli("diff", saved(DAY, "one"), saved("2024-08-01", "two"), "--format", "json")
    found = json.loads(out)
    assert (code, found["grade"], list(found["changes"])) == (0, "same", ["ages"])
    assert [one["place"] for one in found["changes"]["ages"]] == [
        "ages.as_of",
        "ages.old.hourly_rate",
    ]


def test_a_page_has_the_line_the_mark_and_a_command_without_a_day(cli):
    page = cli(*ASKED, "--as-of", DAY, "--format", "html")[1]
    assert "Rental rate (hourly_rate) is of 2024-07, 30 months old on 2027-01-15" in page
    assert 'title="30 months old on 2027-01-15"' in page
    assert "--as-of" not in page


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("compare", "h100-dense-fp8", "gb200-dense-fp8", "--budget", "1M"), "hourly_rate"),
        (("sensitivity", "--budget", "1M", "--of", "gpu_hours"), "hourly_rate"),
        (("sweep", "--budget", "1M,2M"), "hourly_rate"),
        (("claims", "--claim", "gpu-price"), "gpu_price"),
    ],
)
def test_each_command_names_what_it_uses(cli, words, named):
    wanted = () if words[0] in {"claims", "sensitivity"} else ("--outputs", "gpu_hours")
    asked = (*words, *wanted, *FEW, "--as-of", DAY)
    code, out, err = cli(*asked)
    assert code == 0, err
    flat = " ".join(out.split())
    assert f"! {label_of(named)}" in flat
    assert f"months old on {DAY}" in flat
    ages = json.loads(cli(*asked, "--format", "json")[1])["ages"]
    assert next(iter(ages["old"])) == named
    assert "gpu_power" not in ages["old"]  # no answer asked for rests on it


def test_a_comparison_with_an_older_scenario_names_its_figures(cli):
    new, former = "frontier-2026", "h100-dense-fp8"
    asked = ("--budget", "1M", "--outputs", "gpu_hours", *FEW, "--as-of", DAY, "--format", "json")
    for pair in ((new, former), (former, new)):
        ages = json.loads(cli("compare", *pair, *asked)[1])["ages"]
        assert ages["old"]["hourly_rate"]["as_of"] == "2024-07-01"
    assert "hourly_rate" not in json.loads(cli("compare", new, new, *asked)[1])["ages"]["old"]


def test_a_figure_is_saved_with_the_line_beside_it(cli, tmp_path):
    path = tmp_path / "one.svg"
    asked = ("--budget", "1M", "--outputs", "gpu_hours", *FEW, "--as-of", DAY)
    code, out, err = cli("plot", "intervals", *asked, "--output", path)
    assert code == 0
    assert out == f"{path}\n"
    assert err.startswith("! hourly_rate is of 2024-07, 30 months old on 2027-01-15")
