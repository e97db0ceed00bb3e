"""Saved results run again from their records, to the bit, and told apart."""

import json
import os
import shutil

import pytest

pytestmark = pytest.mark.usefixtures("plain_pages")
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
SAVING = {
    **{name: QUESTIONS[name] for name in ("compare", "sensitivity", "sweep", "update", "claims")},
    "report": ("report", "--budget", "100M", "--outputs", "training_flop"),
    "backtest": ("backtest",),
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
        '[inputs.pue]\nkind = "lognormal"\nq05 = 1.05\nq95 = 1.2\ntruncate = [1, 2]\nunits = "1"\n'
    )
    return path


@pytest.fixture
def memo(tmp_path):
    """Claims of one's own, on a scenario of one's own beside them, mine.toml."""
    path = tmp_path / "memo.toml"
    path.write_text(MEMO)
    return path


@pytest.mark.slow_but("memo")
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


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Return a function that gives the folder of a command's result, which it saves once."""
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app

    top = tmp_path_factory.mktemp("every")

    def folder(command):
        if not (top / command).exists():
            words = [*SAVING[command], *SMALL, "--output", str(top / command)]
            found = CliRunner().invoke(app, words)
            assert found.exit_code == 0, found.output
        return top / command

    return folder


@pytest.fixture
def saved(folder_of, tmp_path):
    """Return a copy of a saved report."""
    return shutil.copytree(folder_of("report"), tmp_path / "saved")


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
    path.write_text(path.read_text().replace("q95 = 0.4\n", "q95 = 0.5\n"))
    code, out, _ = cli("verify", saved)
    assert code == 1
    assert out.startswith("different: ")
    assert "files altered: priors/base.toml changed" in " ".join(out.split())
    assert "mfu.q95" in out


@pytest.mark.slow
def test_another_seed_is_the_same_within_monte_carlo_error(cli, tmp_path):
    """Of an answer that is counted; one that has all inputs integrated out is the same."""
    saved = tmp_path / "saved"
    asked = ("report", "--budget", "100M", "--outputs", "training_flop,optimal_params")
    assert cli(*asked, *SMALL, "--seed", "5", "--output", saved)[0] == 0
    command = json.loads((saved / "run.json").read_text())["command"]
    command[command.index("--seed") + 1] = "6"
    rewrite(saved, command=command)
    code, out, _ = cli("verify", saved, "--format", "json")
    found = json.loads(out)
    assert code == 1  # the seed itself is another
    grades = {one["grade"] for one in found["changes"]["answers"]}
    assert "chance" in grades
    assert grades <= {"chance", "rounding"}


def test_diff_tells_inputs_from_answers(cli, saved, tmp_path):
    other = tmp_path / "other"
    asked = ("report", "--budget", "100M", "--outputs", "training_flop", "--set", "mfu=0.2 to 0.3")
    assert cli(*asked, *SMALL, "--output", other)[0] == 0
    code, out, _ = cli("diff", saved, other, "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert [part for part in found["changes"] if part != "ages"] == ["inputs", "answers"]
    assert {one["place"].split(".")[0] for one in found["changes"]["inputs"]} == {
        "inputs",
        "hashes",
    }
    assert cli("diff", saved, saved)[0] == 0
    assert "training_flop.median" in cli("diff", saved, other)[1]
    assert r"| training\_flop.median |" in cli("diff", saved, other, "--format", "md")[1]


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
    kept.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + kept.read_text())
    for allowed in ((), ("--run-equations",)):
        code, out, err = cli("verify", folder, *allowed)
        assert (code, out) == (2, "")
        assert f"{kept} is Python code, and not what the run wrote: it is not run" in err
    assert not (tmp_path / "ran").exists()


def test_equations_that_no_run_wrote_are_not_run(cli, saved, tmp_path):
    """A record that was made to name a file which it has no digest of."""
    (saved / "equations").mkdir()
    (saved / "equations" / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    command = json.loads((saved / "run.json").read_text())["command"]
    rewrite(saved, command=[*command, "--equations", "equations/evil.py"])
    code, out, err = cli("verify", saved, "--run-equations")
    assert (code, out) == (2, "")
    assert "it is not run" in err
    assert not (tmp_path / "ran").exists()


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
    "digests of none": (lambda folder: rewrite(folder, digests=3), "holds no digests of files"),
    "a digest of none": (
        lambda folder: rewrite(folder, digests={"report.md": "abc"}),
        "holds no digest of 'report.md'",
    ),
    "a file elsewhere": (
        lambda folder: rewrite(folder, digests={"../x": "0" * 64}),
        "lists '../x', which is not in its folder",
    ),
    "a pipe": (
        lambda folder: ((folder / "report.md").unlink(), os.mkfifo(folder / "report.md")),
        "is a pipe; expected a regular file",
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


@pytest.mark.slow
def test_results_of_different_commands_are_not_compared(cli, saved, tmp_path):
    other = tmp_path / "other"
    cli("sweep", "--budget", "10M..1B", "--points", "2", *SMALL, "--output", other)
    code, _, err = cli("diff", saved, other)
    assert code == 2
    assert "compare like with like" in err


@pytest.mark.slow_but("report", "claims")
@pytest.mark.parametrize("command", SAVING)
def test_whatever_is_done_to_a_file_of_a_folder_is_told(folder_of, command, tmp_path):
    """Appended text, an appended NUL, a changed byte, a lost file: of each file there is."""
    from uncertain_scale.cli.verify import read_record

    folder = tmp_path / "copy"
    shutil.copytree(folder_of(command), folder)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    names.remove("run.json")
    record = read_record(folder)
    assert {*record.digests, record.result} == names
    assert record.files().intact
    assert record.files().added == ()
    assert any(name.endswith(".html") for name in names)
    for name in names:
        path, whole = folder / name, (folder / name).read_bytes()
        middle = len(whole) // 2
        for other in (
            whole + b"<script>alert(1)</script>",
            whole + b"\0",
            whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            b"",
        ):
            path.write_bytes(other)
            assert record.files().changed == (name,)
        path.unlink()
        assert record.files().missing == (name,)
        assert not record.files().intact
        path.write_bytes(whole)
    assert record.files().intact


@pytest.mark.slow_but("json-report.md")
@pytest.mark.parametrize("name", ["report.md", "report.html", "draws.nc"])
@pytest.mark.parametrize("form", ["terminal", "md", "json", "csv"])
def test_files_that_were_altered_fail_and_are_named_in_every_format(cli, saved, name, form):
    with (saved / name).open("ab") as file:
        file.write(b"more")
    (saved / "extra.txt").write_text("of others")
    code, out, err = cli("verify", saved, "--format", form)
    assert code == 1
    assert name in out
    assert not out.startswith(("identical", "**identical"))
    assert err.splitlines() == [
        f"warning: {saved / name} is not what the run wrote; it was changed since",
        f"warning: {saved / 'extra.txt'} is in no record: the run did not write it",
    ]
    if form == "json":
        found = json.loads(out)
        assert (found["intact"], found["verdict"]) == (False, "identical")
        assert found["files"] == {
            "changed": [name],
            "missing": [],
            "added": ["extra.txt"],
            "unlisted": False,
        }


def test_a_file_that_the_run_did_not_write_is_told_and_is_no_failure(cli, saved):
    (saved / "priors" / "mine.toml").write_text("of others")
    (saved / "inputs").symlink_to("/etc")
    code, out, err = cli("verify", saved)
    assert (code, out.partition(":")[0]) == (0, "identical")
    assert err.splitlines() == [
        f"warning: {saved / name} is in no record: the run did not write it"
        for name in ("inputs", "priors/mine.toml")
    ]


def test_a_missing_file_is_a_failure(cli, saved):
    (saved / "report.html").unlink()
    code, out, err = cli("verify", saved)
    assert code == 1
    assert out.startswith("FILES ALTERED: report.html not there; the answers are identical")
    assert "report.html is not there, which the run wrote" in err


@pytest.mark.parametrize("name", ["run.json", "report.json", "report.md", "draws.nc", "priors"])
@pytest.mark.parametrize("command", ["verify", "diff"])
def test_links_out_of_the_folder_are_refused(cli, saved, tmp_path, name, command):
    other = tmp_path / "other"
    shutil.copytree(saved, other)
    path = saved / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(other / name)
    code, out, err = cli(command, saved, *([other] if command == "diff" else []))
    if command == "diff" and name not in {"run.json", "report.json"}:  # which it does not read
        assert (code, err) == (0, "")
        return
    assert (code, out) == (2, "")
    assert "leads out of the folder by a link" in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_record_of_an_earlier_version_is_read_and_says_what_is_unchecked(cli, saved):
    record = json.loads((saved / "run.json").read_text())
    del record["digests"]
    (saved / "run.json").write_text(json.dumps(record))
    (saved / "report.md").write_text("of others")
    code, out, err = cli("verify", saved)
    assert (code, err) == (0, "")
    assert out.startswith("identical: ")
    assert "other files are unchecked" in " ".join(out.split())


def test_diff_tells_a_result_that_was_changed(cli, saved, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(saved, other)
    with (other / "report.json").open("a") as file:
        file.write("\n")
    code, out, err = cli("diff", saved, other)
    assert (code, out.partition(":")[0]) == (0, "identical")
    assert (
        err == f"warning: {other / 'report.json'} is not what the run wrote; it was changed since\n"
    )
