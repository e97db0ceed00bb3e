"""`sweep`: every format, equality with `report`, and bad input."""

import csv
import json

import pytest

SMALL = ("--draws", "256", "--chains", "4")


def swept(cli, *arguments):
    code, out, err = cli("sweep", *arguments, *SMALL)
    assert code == 0, err
    return out


@pytest.mark.slow
def test_each_point_is_what_a_report_prints_to_the_bit(cli):
    event = ("--event", "training_flop >= 1e26")
    document = json.loads(
        swept(cli, "--budget", "10M..1B", "--points", "3", *event, "--format", "json")
    )
    assert [point["at"]["budget"] for point in document["points"]] == [1e7, 1e8, 1e9]
    for point in document["points"]:
        budget = repr(point["at"]["budget"])
        code, out, _ = cli("report", "--budget", budget, *event, "--format", "json", *SMALL)
        report = json.loads(out)
        assert code == 0
        for output in report["outputs"].values():
            del output["histogram"]
        assert point["outputs"] == report["outputs"]
        assert point["events"] == report["events"]
        assert point["warnings"] == report["warnings"]
        same = ("scenario", "title", "design", "seed", "chains", "draws", "probs", "versions")
        assert {key: document[key] for key in same} == {key: report[key] for key in same}
        del report["inputs"]["budget"]
        assert document["inputs"] == report["inputs"]


def test_the_document_says_what_was_swept(cli):
    arguments = ("--budget", "100M,1B", "--gpus", "10k..1M", "--points", "gpus=3")
    document = json.loads(swept(cli, *arguments, "--outputs", "training_time", "--format", "json"))
    assert [(one["name"], one["steps"], one["units"]) for one in document["swept"]] == [
        ("budget", "list", "USD"),
        ("gpus", "log", "gpu"),
    ]
    assert document["swept"][1]["values"] == [1e4, 1e5, 1e6]
    assert document["question"]["given"]["budget"] == {
        "stated": "100M,1B",
        "value": None,
        "units": "USD",
    }
    at = [tuple(point["at"].values()) for point in document["points"]]
    assert at == [(b, g) for b in (1e8, 1e9) for g in (1e4, 1e5, 1e6)]


def test_csv_has_a_row_for_each_point_and_output_and_event(cli):
    arguments = ("--budget", "10M,1B", "--outputs", "training_flop,gpus")
    event = ("--event", "training_flop >= 1e26")
    rows = list(csv.DictReader(swept(cli, *arguments, *event, "--format", "csv").splitlines()))
    document = json.loads(swept(cli, *arguments, *event, "--format", "json"))
    assert [(float(row["budget [USD]"]), row["output"]) for row in rows] == [
        (budget, output)
        for budget in (1e7, 1e9)
        for output in ("training_flop", "gpus", "P(training_flop >= 1e26)")
    ]
    flop = document["points"][1]["outputs"]["training_flop"]
    assert float(rows[3]["median"]) == flop["median"]
    interval = next(i for i in flop["intervals"] if (i["kind"], i["prob"]) == ("eti", 0.9))
    assert float(rows[3]["eti_90_high"]) == interval["high"]
    assert float(rows[3]["eti_90_high_mcse"]) == interval["high_mcse"]
    assert float(rows[5]["mean"]) == document["points"][1]["events"][0]["probability"]
    assert rows[5]["median"] == ""


@pytest.mark.slow
def test_the_terminal_shows_a_table_an_answer_at_80_columns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = swept(cli, "--budget", "10M..100B", "--points", "5", "--event", "training_flop > 1e26")
    assert max(map(len, out.splitlines())) <= 80
    assert "Given budget = 10M..100B" in out
    for words in ("training_flop (FLOP)", "100M USD", "P(training compute > 1e26)", "─●─"):
        assert words in out
    assert "at every budget" in out  # breakeven_time rests on no budget
    assert "5 values of budget in log steps, each on the same 4 chains x 256 draws" in out


def test_an_answer_is_tabled_by_the_swept_variables_that_it_rests_on(cli):
    arguments = ("--budget", "100M,1B", "--gpus", "10k,20k,30k", "--outputs")
    out = swept(cli, *arguments, "training_flop,training_time", "--format", "md")
    flop, time = out.split("## Training")[1:3]
    assert sum(line.startswith("| 1") for line in flop.splitlines()) == 2
    assert sum(line.startswith("| 1") for line in time.splitlines()) == 6


@pytest.mark.slow
def test_files_hold_what_is_printed(in_every_format, tmp_path):
    arguments = ("sweep", "--budget", "10M..1B", "--points", "3", "--outputs", "training_flop")
    arguments = (*arguments, *SMALL, "--output", tmp_path / "sweep")
    printed, _ = in_every_format(*arguments, forms=("md", "json", "csv", "html"))
    for form, text in printed.items():
        assert (tmp_path / "sweep" / f"sweep.{form}").read_text(encoding="utf-8") == text
    names = {path.name for path in (tmp_path / "sweep").iterdir()}
    assert names == {*(f"sweep.{form}" for form in (*printed, "nc")), "run.json", "priors"}
    assert "Hoffmann" not in printed["md"]  # an input that no answer depends on
    assert "evidence/published" in printed["md"].replace("\\", "")


def test_a_warning_says_at_which_points_it_holds(cli):
    arguments = ("--given", "mfu=0.2,0.3,0.7", "--budget", "1M", "--outputs", "training_flop")
    document = json.loads(swept(cli, *arguments, "--format", "json"))
    assert [bool(point["warnings"]) for point in document["points"]] == [False, False, True]
    flat = " ".join(swept(cli, *arguments).split())
    assert "! at MFU = 70%: warning: the utilisation" in flat


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--budget", "100M"], "nothing is swept"),
        (["--budget", "1B..10M"], "reversed"),
        (["--budget", "1M..2M", "--points", "1"], "1 point"),
        (["--budget", "1M..2M", "--points", "many"], "--points 'many'"),
        (["--budget", "1M..2M", "--points", "budget=2", "--points", "3"], "or NAME=N"),
        (["--budget", "0..2M", "--steps", "log"], "positive ends"),
        (["--budget", "1M..2M", "--given", "budget=1M..3M"], "given twice"),
        (["--budget", "1M,2M", "--outputs", "gpus", "--output", "/dev/null/x"], "cannot be made"),
        (["--budget", "1M..2M", "--training-flop", "1e26"], "over-determined"),
        (["--given", "budgett=1M..2M"], "did you mean 'budget'"),
        (["--budget", "1..2 MW"], "incompatible"),
        (["--budget", "1M..2M", "--draws", "0"], "draws = 0"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_bad_sweeps_are_told_in_one_line(cli, arguments, words):
    code, out, err = cli("sweep", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_events_that_no_draw_shows_are_not_cut(cli):
    asked = ("--budget", "1M..100T", "--points", "3", "--outputs", "optimal_params")
    _, out, _ = cli("sweep", *asked, "--event", "optimal_params >= 7e11", "--draws", 64)
    table = out.partition("P(optimal model >= 7e11)")[2].partition("values of budget")[0]
    assert "…" not in table
    assert max(map(len, table.splitlines())) <= 80
    rows = [line.split()[:5] for line in table.splitlines() if " USD  " in line]
    assert [(row[2] if row[2][0].isdigit() else " ".join(row[2:4])) for row in rows] == [
        "below 0.29%",
        rows[1][2],
        "above 99.71%",
    ]
