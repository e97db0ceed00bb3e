"""`decide` at the command line: options by flags or a file, what it prints, what it refuses."""

import csv
import io
import json

import numpy as np
import pytest
from scipy import stats

FEW = ("--draws", "64", "--chains", "4")
ASKED = ("decide", "--budget", "1B", "--maximise", "training_flop", *FEW)
POWER = ("--limit", "facility_power <= 150 MW with 90%")
GPUS = ("--option", "gpus=20k..60k:3", *POWER)
PLAN = """schema_version = 1
title = "What to rent"
maximise = ["training_flop"]
limits = ["facility_power <= 150 MW with 90%"]
pilots = ["mfu +- 10%"]

[[options]]
name = "old"
chip = "H100"
given = { gpus = "40k" }

[[options]]
name = "new"
chip = "GB200"
number_format = "fp8"
given = { gpus = 40_000 }
"""


def document(cli, *words):
    code, out, err = cli(*words, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_options_are_all_combinations_of_what_may_be_chosen(cli):
    found = document(cli, *ASKED, "--option", "chip=H100,GB200", *GPUS)
    names = [one["name"] for one in found["options"]]
    assert names == [f"{chip}, gpus {n}k" for chip in ("H100", "GB200") for n in (20, 40, 60)]
    assert found["options"][3]["settings"] == {"chip": "GB200", "gpus": "20k"}
    assert found["options"][3]["scenario"] == "gb200-dense-bf16"
    assert list(found["question"]["given"]) == ["budget"]
    assert found["chosen"] in names


def test_a_pilot_is_one_for_each_fact_that_scenarios_hold_an_input_for(cli):
    """Two chips have utilisations of their own, which one run does not measure both of."""
    found = document(cli, *ASKED, "--option", "chip=H100,GB200", "--pilot", "mfu +- 1%")
    assert list(found["pilots"]) == [
        "mfu (h100-dense-bf16) +- 1%",
        "mfu (gb200-dense-bf16) +- 1%",
    ]
    for name, pilot in found["pilots"].items():
        known = found["known"][name.removesuffix(" +- 1%")]
        apart = pilot["value"] - known["value"]
        assert abs(apart) < 4.9 * np.hypot(pilot["mcse"], known["mcse"]), name


def test_inputs_are_known_together_and_pilots_have_sizes(cli):
    chips = ("--option", "chip=H100,GB200", "--group", "run=mfu,hourly_rate")
    found = document(cli, *ASKED, *chips, "--pilot", "mfu +- 40% in 1,4 runs")
    assert len(found["groups"]["run"]) == 4
    known, everything = found["known"]["run"], found["evpi"]
    assert abs(known["value"] - everything["value"]) < 4.9 * np.hypot(known["mcse"], 5e-3)
    assert [name.rpartition(" in ")[2] for name in found["pilots"]] == [*["1 run", "4 runs"] * 2]
    words = ("decide", "--training-flop", "1e26", *chips[:2], "--minimise", "mean(budget)", *FEW)
    _, out, _ = cli(*words, "--pilot", "mfu +- 60% for 1M USD in 1,16,400 runs")
    assert "brings most in 1" in " ".join(out.split())
    _, out, _ = cli(*words, "--pilot", "mfu +- 60% for 1B USD in 1,4 runs")
    assert "is not worth its cost in any of these sizes" in " ".join(out.split())


def test_a_newsvendor_is_told_by_what_idle_and_lacking_units_cost(cli, tmp_path):
    """The best stock is the quantile at 3 / (3 + 2), of a lognormal demand."""
    (tmp_path / "laws.py").write_text(
        'def spare(stock, demand):\n    """Units left."""\n    return stock - demand\n',
        encoding="utf-8",
    )
    (tmp_path / "priors.toml").write_text(
        'schema_version = 1\n[inputs.demand]\nkind = "lognormal"\nmu = 3.0\nsigma = 0.5\n',
        encoding="utf-8",
    )
    files = ("--equations", tmp_path / "laws.py", "--priors", tmp_path / "priors.toml")
    loss = ("--event", "demand >= stock", "--loss", "false yes=2 USD per 1, false no=3 USD per 1")
    words = ("decide", *files, "--option", "stock=10,14,18,20,23,26,30,40", *loss)
    found = document(cli, *words, "--draws", "1024")
    best = stats.lognorm(s=0.5, scale=np.exp(3)).ppf(3 / 5)
    assert abs(best - 23) < 1
    assert (found["chosen"], found["goals"][0]["units"]) == ("stock 23", "USD")
    assert found["known"]["demand"]["value"] == pytest.approx(found["evpi"]["value"], rel=1e-9)


def test_a_file_states_options_goals_limits_and_pilots(cli, tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    found = document(cli, "decide", tmp_path / "plan.toml", "--budget", "1B", *FEW)
    assert [one["name"] for one in found["options"]] == ["old", "new"]
    assert found["limits"][0]["probability"] == 0.9
    assert list(found["pilots"]) == [
        "mfu (h100-dense-bf16) +- 10%",
        "mfu (gb200-dense-fp8) +- 10%",
    ]
    assert found["goals"][0]["direction"] == "maximise"


def test_a_folder_is_verified_and_a_row_has_each_option(cli, tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    folder = tmp_path / "kept"
    words = ("decide", tmp_path / "plan.toml", "--budget", "1B", *FEW)
    code, _, err = cli(*words, "--output", folder)
    assert (code, err) == (0, "")
    names = {"decision.html", "decision.md", "decision.json", "decision.csv", "run.json"}
    assert names <= {path.name for path in folder.iterdir()}
    rows = list(csv.DictReader(io.StringIO((folder / "decision.csv").read_text())))
    assert [row["option"] for row in rows] == ["old", "new"]
    code, out, _ = cli("verify", folder)
    assert (code, "identical" in out) == (0, True)


def test_where_no_option_meets_the_limits_the_nearest_one_says_what_would_do(cli):
    few = GPUS[:2]
    code, out, err = cli(*ASKED, *few, "--limit", "facility_power <= 1 MW with 90%")
    assert (code, err) == (0, "")
    assert "No option meets the limits; GPUs 20k misses them least" in out
    assert "'facility_power <= 1 MW with 90%' would hold for it with" in out
    found = document(cli, *ASKED, *few, "--limit", "facility_power <= 1 MW")
    assert (found["chosen"], found["nearest"]["name"]) == (None, "gpus 20k")


def test_what_a_quantile_chooses_is_said_apart_from_regret_on_average(cli):
    chips = ("--option", "chip=H100,GB200")
    words = ("decide", "--budget", "1B", *chips, "--maximise", "q05(training_flop)")
    code, out, err = cli(*words, "--draws", "64")
    assert (code, err) == (0, "")
    said = "; how often an option is best, regret and worth are"
    assert said in " ".join(out.split())


def test_limits_may_compare_two_variables_and_say_what_factor_would_do(cli):
    words = (*ASKED, *GPUS[:2], "--limit")
    found = document(cli, *words, "gpus <= 5 * gpus_purchasable with 90%")
    assert found["chosen"] == "gpus 20k"
    code, out, err = cli(*words, "gpus <= 0.1 * gpus_purchasable with 90%", "--limit", "gpus >= 1")
    assert (code, err) == (0, "")
    assert "No option meets the limits; GPUs 20k misses them least" in out
    assert "times GPUs to buy" in " ".join(out.split())


def test_a_precision_is_sought_and_the_record_has_what_was_reached(cli, tmp_path):
    words = (*ASKED, "--option", "chip=H100,GB200", "--precision", "0.5%", "--output", tmp_path)
    code, out, err = cli(*words)
    assert (code, err) == (0, "")
    assert "precision 0.5%: the goal and its lead are known to 0." in out
    found = json.loads((tmp_path / "decision.json").read_text(encoding="utf-8"))
    assert found["search"]["why"] == "reached"
    assert found["search"]["reached"] <= 0.005
    assert found["draws"] > 64
    code, out, _ = cli("verify", tmp_path)
    assert (code, "identical" in out) == (0, True)


def test_a_report_says_that_its_budget_is_the_final_runs(cli, in_every_format):
    note = "budget is of the final run alone: its programme_cost is 1.3 to 5.5 times that"
    said = "is of the final run alone: its programme cost (programme_cost) is 1.3 to 5.5 times that"
    for words in (("report", "--budget", "1M"), ("report", "--training-flop", "1e24")):
        printed, _ = in_every_format(*words, *FEW, forms=("json", "terminal", "md", "html"))
        assert json.loads(printed.pop("json"))["notes"].count(note) == 1
        for form, out in printed.items():
            assert " ".join(out.replace("\\", "").split()).count(said) == 1, form
    asked = ("report", "--budget", "1M", "--outputs", "programme_cost")
    assert note not in document(cli, *asked, *FEW)["notes"]
    assert note not in document(cli, "report", "--gpus", "1k", "--outputs", "gpus", *FEW)["notes"]


def test_waiting_is_an_option_with_a_date(cli):
    words = ("decide", "--training-flop", "1e26", "--option", "date=2025, 2026, 2028")
    found = document(cli, *words, "--minimise", "mean(budget)", *FEW)
    names = [one["name"] for one in found["options"]]
    assert names == ["date 2025", "date 2026", "date 2028"]
    costs = [one["goals"][0]["value"] for one in found["options"]]
    assert len(set(costs)) == 3
    assert any("not dated" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((), "nothing to choose among"),
        (("--option", "gpus"), "not of the form NAME=A,B"),
        (("--option", "gpus=20k"), "has one value"),
        (("--option", "gpus=20k,20k"), "lists a value twice"),
        (("--option", "gpus=60k..20k"), "reversed"),
        (("--option", "gpus=20k..60k:x"), "is no number of points"),
        (("--option", "gpus=20k..60k:1"), "has 1 point"),
        (("--option", "gpus=1..2:20000"), "points"),
        (("--option", "gpuss=1,2"), "did you mean 'gpus'"),
        (("--option", "chip=H100,H20O"), "H200"),
        (("--option", "scenario=base,bas"), "did you mean 'base'"),
        (("--option", "number_format=bf16,fp8"), "name the chip by option chip"),
        (("--option", "pue=1.1,1.2"), "pue changes nothing"),
        ((*GPUS, *GPUS), "name gpus twice"),
        ((*GPUS, "--maximise", "gpus", "--minimise", "budget"), "has 3 goals"),
        ((*GPUS, "--limit", "gpus <= 1 with 0%"), "no probability"),
        (
            (*GPUS, "--limit", "facility_power <= 1 MW", "--limit", "facility_power >= 2 MW"),
            "contradict each other",
        ),
        ((*GPUS, "--minimise", "mean(training_flop)"), "contradict each other"),
        ((*GPUS, "--limit", "gpus <= 0 * gpus_purchasable"), "take a factor above 0"),
        ((*GPUS, "--precision", "x"), "no relative error"),
        ((*GPUS, "--max-draws", "1M"), "--max-draws stops a --precision"),
        ((*GPUS, "--precision", "1%", "--max-draws", "10"), "max-draws = 10 is below"),
        ((*GPUS, "--pilot", "mfu +- 10% for 1e24 FLOP"), "take mean(…)"),
        ((*GPUS, "--pilot", "mfu 3"), "expected an input and its error"),
        ((*GPUS, "--outputs", "gpus"), "drop --outputs"),
        ((*GPUS, "--event", "gpus > 1"), "drop --outputs, --event"),
        ((*GPUS, "--loss", "false yes=1 USD, false no=1 USD"), "found 0"),
        ((*GPUS, "--event", "gpus > 1", "--loss", "false yes=1 USD"), "what a false no costs"),
        ((*GPUS, "--maximise", "loss(gpus > 1; false yes=1, false no=1)"), "minimise it"),
        ((*GPUS, "--group", "g=mfuu"), "did you mean 'mfu'"),
        ((*GPUS, "--group", "mfu=mfu,hourly_rate"), "has the name of an input"),
        ((*GPUS, "--group", "g=peak_flops"), "nothing that is uncertain"),
        ((*GPUS, "--pilot", "mfu +- 10% in 0 runs"), "no numbers of runs"),
        ((*GPUS, "--pilot", "mfu +- 20000%"), "measures nothing"),
    ],
)
def test_what_is_no_choice_is_one_clear_error(cli, words, fault):
    code, out, err = cli(*ASKED, *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "\n" not in err
    assert fault in err


@pytest.mark.parametrize(
    ("found", "instead", "fault"),
    [
        (
            'name = "old"',
            "",
            "plan.toml:7 [[options]] 'name' is missing: what the option is called",
        ),
        (
            'name = "old"',
            'nmae = "old"',
            "[[options]] 'nmae' is not a key here; did you mean 'name'",
        ),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ("maximise", "maximize", "did you mean 'maximise'"),
        ('name = "new"', 'name = "old"', "two options are called 'old'"),
        ("gpus = 40_000", "gpus = [1]", "given"),
        ("gpus = 40_000", "gpuss = 1", "did you mean 'gpus'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(cli, tmp_path, found, instead, fault):
    (tmp_path / "plan.toml").write_text(PLAN.replace(found, instead), encoding="utf-8")
    code, out, err = cli("decide", tmp_path / "plan.toml", "--budget", "1B", *FEW)
    assert (code, out) == (2, "")
    assert fault in err
