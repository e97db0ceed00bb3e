"""Saved results run again from their records, to the bit, and told apart."""

import json
import shutil

import pytest

SMALL = ("--draws", "64", "--chains", "4", "--seed", "5")
QUESTIONS = {
    "report": ("report", "--budget", "100M", "--set", "mfu=0.3 to 0.4", "--event", "gpus > 1e4"),
    "overlay": ("report", "--gpus", "25k", "--scenario", "h100-dense-fp8", "--priors", "MINE"),
    "solved": (
        "report",
        "--budget=1B",
        "--gpus=25k",
        "--training-time=80day",
        "--free=hourly_rate",
    ),
    "compare": ("compare", "base", "post-reading", "--budget", "100M", "--set", "gpu_price=3e4"),
    "sensitivity": ("sensitivity", "--budget", "100M", "--of", "training_flop", "--on", "log"),
    "sweep": ("sweep", "--budget", "10M..1B", "--points", "3", "--outputs", "training_flop"),
    "update": ("update", "h100-clusters", "--gpus", "100k"),
    "claims": ("claims", "post-2024-07", "--claim", "gpu-price", "--claim", "breakeven"),
    "memo": ("claims", "MEMO"),
    "memo judged": ("claims", "MEMO", "--scenario", "base", "--scenario", "MINE"),
}
MEMO = """
schema_version = 1
title = "A memo"
scenario = "mine.toml"
[readings.base]
scenario = "base"
[[claims]]
name = "base"
variable = "pue"
value = "1.1"
reading = "base"
[[claims]]
name = "mine"
variable = "gpus"
given = { budget = "100M USD" }
value = "2000 gpu"
[[claims]]
name = "ratio"
variable = "pue"
value = "1"
scenario = "mine.toml"
against = "post-reading"
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema_version = 1\nextends = "base"\n'
        '[inputs.pue]\nkind = "lognormal"\nq05 = 1.05\nq95 = 1.2\nunits = "1"\n'
    )
    return path


@pytest.fixture
def memo(tmp_path):
    """Claims of one's own, on a scenario of one's own beside them, mine.toml."""
    path = tmp_path / "memo.toml"
    path.write_text(MEMO)
    return path


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_every_command_saves_is_made_again_to_the_bit(cli, tmp_path, mine, memo, question):
    files = {"MINE": mine, "MEMO": memo}
    asked = [files.get(word, word) for word in QUESTIONS[question]]
    saved = tmp_path / "saved"
    assert cli(*asked, *SMALL, "--output", saved)[0] == 0
    for path in files.values():  # the record needs nothing outside its folder
        path.unlink()
    code, out, err = cli("verify", saved)
    assert (code, err) == (0, "")
    assert out.startswith("identical: ")


@pytest.fixture
def saved(cli, tmp_path):
    folder = tmp_path / "saved"
    asked = ("report", "--budget", "100M", "--outputs", "training_flop")
    assert cli(*asked, *SMALL, "--output", folder)[0] == 0
    return folder


def rewrite(folder, **changes):
    path = folder / "run.json"
    record = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(record))
    return record


def test_a_figure_that_was_changed_is_found_and_named(cli, saved):
    path = saved / "report.json"
    document = json.loads(path.read_text())
    document["outputs"]["training_flop"]["median"] *= 1.5
    path.write_text(json.dumps(document))
    code, out, err = cli("verify", saved, "--format", "json")
    assert code == 1
    assert "is not what the run wrote" in err
    found = json.loads(out)
    assert not found["intact"]
    assert [one["place"] for one in found["changes"]["answers"]] == ["outputs.training_flop.median"]


def test_priors_that_were_changed_change_the_answer(cli, saved):
    path = saved / "priors" / "base.toml"
    path.write_text(path.read_text().replace("q95 = 0.43", "q95 = 0.53"))
    code, out, _ = cli("verify", saved)
    assert code == 1
    assert out.startswith("different: ")
    assert "mfu.q95" in out


def test_another_seed_is_the_same_within_monte_carlo_error(cli, saved):
    command = json.loads((saved / "run.json").read_text())["command"]
    command[command.index("--seed") + 1] = "6"
    rewrite(saved, command=command)
    code, out, _ = cli("verify", saved, "--format", "json")
    found = json.loads(out)
    assert code == 1  # the seed itself is another
    assert {one["grade"] for one in found["changes"]["answers"]} == {"chance"}


def test_diff_tells_inputs_from_answers(cli, saved, tmp_path):
    other = tmp_path / "other"
    asked = ("report", "--budget", "100M", "--outputs", "training_flop", "--set", "mfu=0.2 to 0.3")
    assert cli(*asked, *SMALL, "--output", other)[0] == 0
    code, out, _ = cli("diff", saved, other, "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert list(found["changes"]) == ["inputs", "answers"]
    assert {one["place"].split(".")[0] for one in found["changes"]["inputs"]} == {
        "inputs",
        "hashes",
    }
    assert cli("diff", saved, saved)[0] == 0
    assert "training_flop.median" in cli("diff", saved, other)[1]
    assert "| training_flop.median |" in cli("diff", saved, other, "--format", "md")[1]


def test_equations_run_only_when_that_is_allowed(cli, tmp_path):
    code_file = tmp_path / "mine.py"
    code_file.write_text(
        "from typing import Annotated\nimport numpy as np\n"
        'def twice(gpus: Annotated[np.ndarray, "gpu"]) -> Annotated[np.ndarray, "gpu"]:\n'
        '    """Twice the GPUs."""\n    return 2 * gpus\n'
    )
    folder = tmp_path / "saved"
    asked = ("report", "--gpus", "25k", "--outputs", "twice", "--equations", code_file)
    assert cli(*asked, *SMALL, "--output", folder)[0] == 0
    code, out, err = cli("verify", folder)
    assert (code, out) == (2, "")
    assert "--run-equations" in err
    assert cli("verify", folder, "--run-equations")[0] == 0
    kept = folder / "equations" / "mine.py"
    kept.write_text(kept.read_text().replace("2 * gpus", "3 * gpus"))
    code, out, _ = cli("verify", folder, "--run-equations")
    assert code == 1
    assert "hashes.equations" in out


BROKEN = {
    "no folder": (shutil.rmtree, "cannot be read"),
    "no record": (lambda folder: (folder / "run.json").unlink(), "name the folder that --output"),
    "no result": (lambda folder: (folder / "report.json").unlink(), "report.json cannot be read"),
    "no JSON": (lambda folder: (folder / "run.json").write_text("{"), "is not JSON"),
    "deep JSON": (lambda folder: (folder / "run.json").write_text("[" * 100_000), "is not JSON"),
    "a list": (lambda folder: (folder / "run.json").write_text("[]"), "no JSON object"),
    "a later format": (lambda folder: rewrite(folder, format=99), "format 99; expected 1"),
    "no command": (lambda folder: rewrite(folder, command=3), "it was changed"),
    "another folder": (lambda folder: rewrite(folder, result="../x.json"), "it was changed"),
    "no such command": (lambda folder: rewrite(folder, command=["model"]), "it was changed"),
    "writes": (
        lambda folder: rewrite(folder, command=["report", "--output", "elsewhere"]),
        "holds '--output'",
    ),
    "reads elsewhere": (
        lambda folder: rewrite(folder, command=["report", "--scenario", "../../etc/x.toml"]),
        "which is not in it",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_record_is_one_clear_error(cli, saved, name):
    spoil, message = BROKEN[name]
    spoil(saved)
    code, out, err = cli("verify", saved)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_results_of_different_commands_are_not_compared(cli, saved, tmp_path):
    other = tmp_path / "other"
    cli("sweep", "--budget", "10M..1B", "--points", "2", *SMALL, "--output", other)
    code, _, err = cli("diff", saved, other)
    assert code == 2
    assert "compare like with like" in err
