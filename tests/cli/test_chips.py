"""Chips at the command line: listed, shown, asked under, compared, and replayed."""

import json
import re

import pytest

from uncertain_scale.inputs.chips import chips

SMALL = ("--draws", "64", "--chains", "2")
ASKED = ("--budget", "100M", "--outputs", "training_flop", *SMALL)
GB300 = ("--chip", "gb-300", "--number-format", "fp8")
NAME = "gb300-dense-fp8"


def test_all_chips_fit_a_terminal_of_80_columns(cli):
    code, out, _ = cli("chips")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in out
    for name, chip in chips().items():
        (row,) = (line for line in lines if re.match(rf" {re.escape(name)}  ", line))
        assert ("announced" in row) == chip.announced
    (gb300,) = (line for line in lines if line.startswith(" GB300"))
    assert re.sub(" +", " ", gb300).strip() == (
        "GB300 2025-07 2.5 5 ~15 288 1.94-2.62 2.31-7.40 65-132"
    )


def test_one_chip_is_shown_with_the_source_of_each_figure(cli):
    code, out, _ = cli("chips", "show", "ironwood")
    assert code == 0
    assert out.startswith("TPU v7: Google TPU v7, family TPU, 2026-03-31")
    assert "tpu-v7-dense-fp8" in out
    figures = json.loads(cli("chips", "show", "TPU-v7", "--format", "json")[1])["chips"]["TPU v7"]
    assert len(figures["figures"]) == 2 + 5 + len(chips()["TPU v7"].prices) + 1
    assert all(one["source"] and one["where"] for one in figures["figures"])
    assert figures["ratios"] == {"bf16": 1.0, "fp8": 1.0}


@pytest.mark.parametrize("form", ["md", "csv", "json"])
def test_the_catalogue_has_the_other_formats(cli, form):
    code, out, _ = cli("chips", "--format", form)
    assert code == 0
    assert "MI355X" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chips", "show", "GB30"), "did you mean 'GB300'"),
        (("report", "--chip", "GB30", *ASKED), "did you mean 'GB300'"),
        (("report", "--chip", "A100", "--number-format", "fp8", *ASKED), "it has bf16"),
        (("report", "--number-format", "fp8", *ASKED), "name it by --chip"),
        (("report", *GB300, "--scenario", "base", *ASKED), "drop it or base"),
        (("report", "--chip", "Gaudi 3", *ASKED), "state it: --set hourly_rate=…"),
        (("compare", "--chips", "H100", *ASKED), "at least one other; found h100-dense-bf16"),
        (("compare", "--chips", "H100,Trn4", *ASKED), "did you mean 'Trn3'"),
        (("compare", "--chip", "H100", *ASKED), "drop --scenario or --chip"),
        (("claims", "--number-format", "fp8"), "name it by --chip"),
        (("priors", "show"), "name a scenario"),
        (("priors", "show", "base", "--chip", "H100"), "drop it or base"),
    ],
    ids=lambda one: "-".join(one[:4]) if isinstance(one, tuple) else "",
)
def test_bad_chips_are_told_in_one_line(cli, arguments, words):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "\n" not in err.strip()


def test_a_chip_is_the_scenario_of_its_name(cli):
    by_chip = json.loads(cli("report", *GB300, *ASKED, "--format", "json")[1])
    by_name = json.loads(cli("report", "--scenario", NAME, *ASKED, "--format", "json")[1])
    assert by_chip == by_name
    assert by_chip["scenario"] == NAME
    peak = by_chip["inputs"]["peak_flops"]
    assert peak["where"].startswith("priors/chips/peaks.csv:")


@pytest.mark.usefixtures("plain_pages")
@pytest.mark.slow_but("-report")
@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("report", ("report", *GB300, *ASKED)),
        ("sensitivity", ("sensitivity", *GB300, *ASKED)),
        ("sweep", ("sweep", *GB300, "--budget", "10M..1B", *ASKED[2:], "--points", "2")),
        ("comparison", ("compare", "--chips", "H100,MI355X,TPU-v7", "--budget", "1M", *SMALL)),
        ("backtest", ("backtest", "--chip", "H200", "--draws", "16", "--chains", "2")),
        ("claims", ("claims", "--claim", "gpt4-flop", *GB300, *SMALL)),
        ("report", ("update", "h100-clusters", "--chip", "H200", "--gpus", "1k", *SMALL)),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_a_record_of_a_chips_answer_is_replayed(cli, tmp_path, result, words):
    folder = tmp_path / "saved"
    code, _, err = cli(*words, "--output", str(folder))
    assert code == 0, err
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))["command"]
    assert not {"--chip", "--chips", "--number-format"} & set(record)
    code, out, err = cli("verify", str(folder))
    assert (code, out.startswith("identical")) == (0, True), out + err
    assert (folder / f"{result}.json").is_file()


@pytest.mark.slow
def test_chips_are_compared_by_what_all_of_them_answer(cli):
    """An MI355X has no price, so that nothing that needs one is compared, and it is said why."""
    words = ("compare", "--chips", "H100,MI355X", "--number-format", "fp8", "--budget", "1M")
    code, out, _ = cli(*words, *SMALL, "--format", "json")
    assert code == 0
    (found,) = json.loads(out)["comparisons"]
    assert "training_flop" in found["outputs"]
    assert not {"gpus_purchasable", "cluster_price", "breakeven_time"} & set(found["outputs"])
    (warning,) = found["warnings"]
    assert "not without gpu_price (no source gives the all-in price of a MI355X)" in warning
    kinds = {name: row["kind"] for row in found["couplings"] for name in row["inputs"]}
    assert kinds.pop("gpu_power") == "correlated"
    assert kinds == {"mfu": "independent", "hourly_rate": "independent"}  # the gain is the same
    code, out, _ = cli(*words, *SMALL, "--set", "gpu_price=40k to 60k", "--format", "json")
    (found,) = json.loads(out)["comparisons"]
    assert ("cluster_price" in found["outputs"], found["warnings"]) == (True, [])


def test_the_gain_of_fp8_is_shared_between_chips_whose_ratios_differ(cli):
    words = ("compare", "--chips", "H100,Trn2", "--number-format", "fp8", *ASKED)
    (found,) = json.loads(cli(*words, "--format", "json")[1])["comparisons"]
    kinds = {name: row["kind"] for row in found["couplings"] for name in row["inputs"]}
    assert kinds["precision_factor"] == "shared"


def test_a_chips_scenario_is_copied_as_a_file_that_gives_the_same(cli, tmp_path):
    code, out, _ = cli("priors", "copy", str(tmp_path / "mine"), "--chip", "MI355X")
    assert code == 0
    path = tmp_path / "mine" / "mi355x-dense-bf16.toml"
    assert str(path) in out
    shown = [
        json.loads(cli("report", *scenario, *ASKED, "--format", "json")[1])
        for scenario in (("--scenario", str(path)), ("--chip", "MI355X"))
    ]
    assert shown[0]["outputs"] == shown[1]["outputs"]


@pytest.mark.parametrize("words", [("priors", "show"), ("plot", "priors")])
def test_priors_are_shown_and_drawn_by_chip(cli, tmp_path, words):
    more = ("--output", str(tmp_path / "p.svg")) if words[0] == "plot" else ()
    code, out, err = cli(*words, *GB300, *more)
    assert code == 0, err
    assert NAME in out or (tmp_path / "p.svg").is_file()
