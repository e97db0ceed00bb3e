"""What would be dropped in silence, or be told after hours of work: refused at the door."""

import json
import sys

import pytest

import uncertain_scale as us

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="as Linux has it")
SLOW = ("--budget", "1M", "--draws", "1048576", "--chains", "10000")  # hours, if it were begun
LONG = "x" * 300
BOTH = "at once; drop one of the two"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("report --set budget=3 --budget 1M", f"'budget' is given and has a prior by --set {BOTH}"),
        (
            "report --budget 1M --free mfu --set mfu=0.2",
            f"'mfu' is free and has a prior by --set {BOTH}",
        ),
        ("model --given mfu=0.3 --set mfu=0.4", f"'mfu' is given and has a prior by --set {BOTH}"),
        ("sensitivity --given mfu=0.3 --set mfu=0.4", "'mfu' is given and"),
        ("compare base post-reading --given mfu=0.3 --set mfu=0.4", "'mfu' is given and"),
        ("sweep --budget 1M..1B --set budget=3", "'budget' is given and"),
        ("update h100-clusters --gpus 100k --set gpus=3", "'gpus' is given and"),
        ("plot density --budget 1M --set budget=3 --output NEW.svg", "'budget' is given and"),
        ("sample --budget 1M --set budget=3 --output NEW.nc", "'budget' is given and"),
        ("report --budget 1M --free budget", "'budget' is given and free at once"),
        ("report --budget 1M --budget 2M", "--budget is given 2 times; keep one"),
        ("report --budget 1M --outputs gpus --outputs mfu", "--outputs is given 2 times"),
        ("report --budget 1M --scenario base --scenario base", "--scenario is given 2 times"),
        ("sensitivity --budget 1M --of gpus --of mfu", "--of is given 2 times"),
        ("report --budget 1M --given gpus=2 --given gpus=3", "--given names gpus twice; keep one"),
    ],
)
def test_of_two_words_on_one_variable_none_is_ignored(cli, tmp_path, arguments, told):
    words = [word.replace("NEW", str(tmp_path / "new")) for word in arguments.split()]
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_of_two_words_on_one_variable_none_is_ignored_in_python():
    for options in ({"given": {"mfu": 0.3}}, {"given": {"budget": "1M"}, "free": ["mfu"]}):
        for ask in (us.run, us.sweep):
            if ask is us.sweep:
                options["given"] = {**options["given"], "gpus": [1e3, 2e3]}
            with pytest.raises(
                us.UncertainScaleError, match="'mfu' is (given|free) and has a prior"
            ):
                ask(**options, believed={"mfu": 0.4})


def test_of_options_that_say_how_draws_are_made_the_last_counts(cli):
    asked = ("report", "--budget", "1M", "--outputs", "gpu_hours", "--format", "json")
    code, out, _ = cli(*asked, "--draws", "64", "--chains", "2", "--draws", "32", "--chains", "4")
    assert code == 0
    assert (json.loads(out)["draws"], json.loads(out)["chains"]) == (32, 4)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("report", "--budget", "1M", "--output", ""), "--output"),
        (("report", "--budget", "1M", "--output="), "--output"),
        (("report", "--budget", "1M", "--output", "  "), "--output"),
        (("report", "--budget", "1M", "--resume", ""), "--resume"),
        (("report", "--budget", "1M", "--scenario", ""), "--scenario"),
        (("report", "--budget", "1M", "--priors", ""), "--priors"),
        (("report", "--budget", ""), "--budget"),
        (("sample", "--budget", "1M", "--output", ""), "--output"),
        (("plot", "density", "--budget", "1M", "--output", ""), "--output"),
        (("backtest", "--figure", ""), "--figure"),
        (("verify", ""), "DIR"),
        (("priors", "show", ""), "SCENARIO"),
    ],
)
def test_a_value_that_is_empty_is_refused(cli, tmp_path, monkeypatch, words, named):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert err == f"error: {named} is empty; give a value"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["report", "compare", "sweep", "sensitivity", "update"])
@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param("/proc/none", "No such file", marks=LINUX),
        (f"TOP/{LONG}", "File name too long"),
        (f"TOP/new/{LONG}", "File name too long"),
        ("TOP/file", "is no folder"),
        ("TOP/file/below", "is no folder"),
        ("TOP/taken", "a folder has the name of 'run.json'"),
        ("TOP/blocked", "'priors' in it is no folder"),
        ("TOP/leads", "'priors' in it leads out of it"),
    ],
)
def test_a_folder_that_cannot_be_made_is_told_before_anything_is_drawn(
    cli, tmp_path, command, place, told
):
    top = tmp_path / "top"
    (top / "taken" / "run.json").mkdir(parents=True)
    (top / "blocked").mkdir()
    (top / "blocked" / "priors").touch()
    (top / "leads").mkdir()
    (top / "leads" / "priors").symlink_to(tmp_path)
    (top / "file").touch()
    before = sorted(map(str, top.rglob("*")))
    words = {"compare": ["base", "post-reading"], "update": ["h100-clusters"]}.get(command, [])
    code, out, err = cli(command, *words, *SLOW, "--output", place.replace("TOP", str(top)))
    assert (code, out) == (2, "")
    assert told in err
    assert "name another folder" in err
    assert len(err.splitlines()) == 1
    assert sorted(map(str, top.rglob("*"))) == before


@pytest.mark.parametrize(
    "words", [("sample", "NAME.nc"), ("sample", "NAME.zarr"), ("plot", "density", "NAME.svg")]
)
@pytest.mark.parametrize("place", ["none", LONG, "file/below", "dir"])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_drawn(
    cli, tmp_path, words, place
):
    *command, name = words
    if name.endswith("zarr"):
        pytest.importorskip("zarr")
    (tmp_path / "file").touch()
    output = tmp_path / place / name if place == "none" else tmp_path / name.replace("NAME", place)
    if place == "dir":
        output.mkdir()
    code, out, err = cli(*command, *SLOW, "--output", output)
    assert (code, out) == (2, "")
    assert str(output) in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "--prob", "0,9"], "--prob '0,9' is not a number; write 0.9"),
        (["report", "--prob", "90%"], "--prob '90%' is not a number; write 0.9"),
        (
            ["report", "--prob", "most"],
            "--prob 'most' is not a number; expected digits, such as 0.9",
        ),
        (
            ["report", "--draws", "4.5"],
            "--draws '4.5' is not a whole number; expected digits, such as 4096",
        ),
        (
            ["report", "--chains", "4k gpu"],
            "--chains '4k gpu' is not a whole number; expected digits, such as 16",
        ),
        (
            ["report", "--draws", "1,5"],
            "--draws '1,5' is not a whole number; expected digits, such as 4096",
        ),
        (
            ["report", "--seed", "1,5"],
            "--seed '1,5' is not a whole number; expected digits, such as 0",
        ),
        (
            ["priors", "fit-mfu", "--smallest", "1,5e23"],
            "--smallest '1,5e23' is not a number; write 1.5e23 or 1.5e24",
        ),
        (
            ["priors", "fit-mfu", "--smallest", "10^23"],
            "--smallest '10^23' is not a number; write 1e23",
        ),
    ],
)
def test_numbers_of_options_are_refused_in_one_line_that_says_what_to_write(cli, words, said):
    assert cli(*words) == (2, "", f"error: {said}")


@pytest.mark.parametrize("draws", ["4k", "4e3", "4000", "4,000", "4_000", "0.004M"])
def test_every_count_takes_the_suffixes_that_values_take(cli, draws):
    asked = ("--outputs", "gpu_hours", "--format", "json", "--chains", "0.002k", "--seed", "1k")
    code, out, err = cli("report", "--budget", "1M", *asked, "--draws", draws)
    assert code == 0, err
    found = json.loads(out)
    assert [found[name] for name in ("draws", "chains", "seed")] == [4000, 2, 1000]
    code, out, err = cli(
        "sweep", "--budget", "1M..1B", *asked, "--draws", "16", "--points", "0.003k"
    )
    assert code == 0, err
    assert len(json.loads(out)["points"]) == 3


def test_an_answer_beyond_the_range_of_numbers_says_so(cli):
    code, _, message = cli(
        "report", "--budget", "1e308", "--outputs", "training_flop", "--draws", "64"
    )
    assert code == 2
    assert "leaves the range of numbers (1.8e308), or divides by 0" in message
    assert "no value meets" not in message
