"""Runs that are interrupted or killed, and gone on with: real signals to real processes."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

from uncertain_scale.cli import effort
from uncertain_scale.cli.progress import INTERRUPTED, Bar
from uncertain_scale.report.checkpoint import CHECKPOINT
from uncertain_scale.sampling import engine
from uncertain_scale.sampling.limits import Stop

EQUATIONS = """
from typing import Annotated
import numpy as np
def twice(gpus: Annotated[np.ndarray, "gpu"]) -> Annotated[np.ndarray, "gpu"]:
    return 2 * gpus
"""
# Six chains come at once, the others when a file is there.
HALTING = """
import itertools
import time
from pathlib import Path
from typing import Annotated
import numpy as np
CALLS = itertools.count()
def twice(gpus: Annotated[np.ndarray, "gpu"]) -> Annotated[np.ndarray, "gpu"]:
    while np.size(gpus) == 16384 and next(CALLS) >= 6 and not Path({go!r}).exists():
        time.sleep(0.01)
    return 2 * gpus
"""
PROGRAM = "from uncertain_scale.cli import main, effort; effort.EVERY = 0.0; main()"
QUESTION = ("report", "--gpus", "20k to 30k", "--outputs", "twice,facility_power")
DESIGN = ("--draws", "16384", "--chains", "24", "--seed", "4", "--no-draws")


@pytest.fixture(scope="module")
def equations(tmp_path_factory):
    path = tmp_path_factory.mktemp("equations") / "twice.py"
    path.write_text(EQUATIONS, encoding="utf-8")
    return "--equations", str(path)


@pytest.fixture
def halting(tmp_path):
    """Write equations that stop a run after six of its chains, until a file is there."""
    path, go = tmp_path / "halting.py", tmp_path / "go"
    path.write_text(HALTING.format(go=str(go)), encoding="utf-8")
    return ("--equations", str(path)), go


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path, process):
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    pytest.fail(f"{path} never came")


def answers(folder):
    document = json.loads((folder / "report.json").read_text())
    return {key: document[key] for key in ("outputs", "chains", "draws", "events", "warnings")}


@pytest.fixture
def whole(cli, equations, tmp_path):
    """Return the answers of a run that nobody interrupts."""
    folder = tmp_path / "whole"
    assert cli(*QUESTION, *equations, *DESIGN, "--output", folder)[0] == 0
    assert not (folder / CHECKPOINT).exists()
    return answers(folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_reports_what_is_finished_and_the_run_can_go_on(
    cli, halting, tmp_path, number
):
    """Without waiting for chains that have begun; the same equations throughout."""
    folder, (slow, go) = tmp_path / "run", halting
    process = start(*QUESTION, *slow, *DESIGN, "--output", folder)
    wait_for(folder / CHECKPOINT, process)
    process.send_signal(number)
    wait_for(folder / "report.json", process)
    go.touch()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (INTERRUPTED, "")
    assert "INCOMPLETE: interrupted when" in out
    document = json.loads((folder / "report.json").read_text())
    finished = document["incomplete"]["finished"]
    assert document["incomplete"] == {"why": "interrupted", "finished": finished, "chains": 24}
    assert 1 <= finished == document["chains"] <= 6
    assert "INCOMPLETE" in (folder / "report.md").read_text()
    if finished > 1:
        code, out, _ = cli("verify", folder, "--run-equations")
        assert (code, out.partition(":")[0]) == (0, "identical")
    fresh = tmp_path / "fresh"
    assert cli(*QUESTION, *slow, *DESIGN, "--output", fresh)[0] == 0
    code, out, _ = cli(*QUESTION, *slow, *DESIGN, "--resume", folder)
    assert code == 0
    assert "INCOMPLETE" not in out
    assert answers(folder) == answers(fresh)
    assert not (folder / CHECKPOINT).exists()


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_checkpoint_to_the_same_bits(cli, halting, tmp_path):
    folder, (slow, go) = tmp_path / "run", halting
    arguments = (*QUESTION, *slow, *DESIGN)
    process = start(*arguments, "--output", folder)
    wait_for(folder / CHECKPOINT, process)
    time.sleep(random.uniform(0, 0.5))  # noqa: S311 (any moment will do)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    go.touch()
    assert not (folder / "report.json").exists()
    assert cli(*arguments, "--resume", folder)[0] == 0
    assert cli(*arguments, "--output", tmp_path / "fresh")[0] == 0
    assert answers(folder) == answers(tmp_path / "fresh")


@pytest.fixture(scope="module")
def left(cli, equations, tmp_path_factory):
    """Make a folder with a checkpoint of some of the chains, and how it was asked for."""
    folder, arguments = tmp_path_factory.mktemp("left"), (*QUESTION, *equations, *DESIGN)
    kept = effort._Run._keep

    def stop_early(run, design, part):
        kept(run, design, part)
        if len(part.chains) == 9:
            run.stop.interrupt()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effort, "EVERY", 0.0)
        patch.setattr(engine, "processors", lambda: 2)  # few chains are begun at a time
        patch.setattr(effort._Run, "_keep", stop_early)
        assert cli(*arguments, "--output", folder / "run")[0] == INTERRUPTED
    return folder / "run", arguments


@pytest.fixture
def unfinished(left, tmp_path, monkeypatch):
    """Return a copy of that folder, and how it was asked for."""
    folder, arguments = left
    monkeypatch.setattr(effort, "EVERY", 0.0)
    return shutil.copytree(folder, tmp_path / "unfinished"), arguments


def test_what_is_kept_is_drawn_no_more_and_any_number_of_chains_may_follow(cli, unfinished, whole):
    folder, arguments = unfinished
    finished = json.loads((folder / "report.json").read_text())["incomplete"]["finished"]
    assert 9 <= finished < 24  # those begun may end
    assert cli(*arguments, "--resume", folder)[0] == 0
    assert answers(folder) == whole
    code, _, err = cli(*arguments, "--resume", folder)
    assert code == 2
    assert "no run was left unfinished" in err


@pytest.fixture
def held(cli, equations, tmp_path, monkeypatch):
    """Make a folder with some of the draws of a run that keeps them, and how it was asked for."""
    monkeypatch.setattr(engine, "processors", lambda: 2)
    folder, arguments = tmp_path / "held", (*QUESTION, *equations, *DESIGN[:-1])
    kept = Bar.chains_of

    def stop_early(bar, design):
        show = kept(bar, design)
        return lambda done: (show(done), done >= 5 and stops[-1].interrupt())

    stops, made = [], Stop.__init__
    monkeypatch.setattr(
        Stop, "__init__", lambda stop, *args: (made(stop, *args), stops.append(stop))[0]
    )
    monkeypatch.setattr(Bar, "chains_of", stop_early)
    assert cli(*arguments, "--output", folder)[0] == INTERRUPTED
    monkeypatch.setattr(Bar, "chains_of", kept)
    return folder, arguments


@pytest.mark.slow
def test_draws_that_were_kept_are_drawn_no_more(cli, held, tmp_path, monkeypatch):
    folder, arguments = held
    finished = json.loads((folder / "report.json").read_text())["incomplete"]["finished"]
    assert 5 <= finished < 24
    drawn, blocks = set(), engine.Simulation.blocks

    def noted(simulation, chain, *rest):
        if simulation.design.draws == 16384:  # the page's densities are of a smaller design
            drawn.add(chain)
        return blocks(simulation, chain, *rest)

    monkeypatch.setattr(engine.Simulation, "blocks", noted)
    assert cli(*arguments, "--resume", folder)[0] == 0
    assert drawn == set(range(finished, 24))
    monkeypatch.undo()
    assert cli(*arguments, "--output", tmp_path / "fresh")[0] == 0
    assert answers(folder) == answers(tmp_path / "fresh")
    whole, fresh = (xr.open_datatree(one / "draws.nc") for one in (folder, tmp_path / "fresh"))
    assert whole.identical(fresh)
    assert not (folder / CHECKPOINT).exists()


@pytest.mark.slow
def test_draws_that_are_not_those_that_were_left_are_refused(cli, held, tmp_path):
    folder, arguments = held
    code, out, err = cli(*arguments, "--no-draws", "--resume", folder)
    assert (code, out) == (2, "")
    assert "go on without --no-draws" in err
    code, out, err = cli(*arguments, "--chains", "2", "--resume", folder)
    assert (code, out) == (2, "")
    assert "to go on, say --draws 16384 --chains 24" in err
    finished = json.loads((folder / "report.json").read_text())["incomplete"]["finished"]
    other = tmp_path / "other"
    assert cli(*arguments, "--chains", str(finished - 1), "--output", other)[0] == 0
    for spoil, message in (
        (lambda path: shutil.copy(other / "draws.nc", path), "other draws than the run left"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "cannot be read"),
        (lambda path: path.unlink(), "is not there"),
    ):
        spoil(folder / "draws.nc")
        code, out, err = cli(*arguments, "--resume", folder)
        assert (code, out) == (2, "")
        assert message in err
        assert len(err.splitlines()) == 1


OTHER = {
    "what is given": ("--gpus", "20k to 40k"),
    "seed": ("--seed", "5"),
    "design": ("--design", "lhs"),
    "outputs": ("--outputs", "twice"),
    "events": ("--event", "twice > 5e4"),
    "priors": ("--set", "pue=1.2"),
    "draws": ("--draws", "1024"),
    "fewer chains": ("--chains", "4"),
}


def instead(arguments, option, value):
    """Return a command line with another value of an option."""
    if option not in arguments:
        return (*arguments, option, value)
    place = arguments.index(option) + 1
    return (*arguments[:place], value, *arguments[place + 1 :])


@pytest.mark.parametrize("what", OTHER)
def test_a_checkpoint_of_another_question_is_refused(cli, unfinished, what):
    folder, arguments = unfinished
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    code, out, err = cli(*instead(arguments, *OTHER[what]), "--resume", folder)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "is of another run: the " in err or "to go on, say --draws 16384 --chains 24" in err
    assert before == {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def other_version(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    about = json.loads(str(arrays["about"]))
    about["identity"]["versions"]["uncertain-scale"] = "0.0.1"
    np.savez(path, **arrays | {"about": np.array(json.dumps(about))})


def missing_draws(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    arrays["counts_0"][arrays["counts_0"].argmax()] -= 1
    np.savez(path, **arrays)


def objects(path):
    np.savez(path, about=np.array([{}], dtype=object))


SPOILT = {
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:5000]), "is not a checkpoint"),
    "empty": (lambda path: path.write_bytes(b""), "is not a checkpoint"),
    "text": (lambda path: path.write_text("finished"), "is not a checkpoint"),
    "objects": (objects, "is not a checkpoint"),
    "draws missing": (missing_draws, "is not a checkpoint"),
    "another version": (other_version, "the versions of the packages"),
    "gone": (lambda path: path.unlink(), "no run was left unfinished"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_checkpoint_is_one_clear_error(cli, unfinished, name):
    folder, arguments = unfinished
    spoil, message = SPOILT[name]
    spoil(folder / CHECKPOINT)
    code, out, err = cli(*arguments, "--resume", folder)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_precision_is_sought_on_from_where_it_was_left(cli, unfinished, tmp_path):
    folder, arguments = unfinished
    shutil.copytree(folder, tmp_path / "copy")
    options = [word for word in arguments if word != "--no-draws"]
    code, _, _ = cli(*options, "--precision", "2%", "--resume", folder)
    assert code == 0
    document = json.loads((folder / "report.json").read_text())
    assert document["search"]["why"] == "reached"
    assert document["search"]["reached"] <= 0.02
    code, out, _ = cli("verify", folder, "--run-equations")
    assert (code, out.partition(":")[0]) == (0, "identical")


# Signals at a moment: before a function is called for the first time, as often as is said.
AT = """
import importlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
place, times, number, *words = sys.argv[1:]
module, name = place.split(":")
def send():
    for _ in range(int(times)):
        signal.raise_signal(int(number))
class Finder:
    def find_spec(self, found, *rest):
        if name == "" and found == module:
            sys.meta_path.remove(self)
            send()
sys.meta_path.insert(0, Finder())
sys.argv = ["uncertain-scale", *words]
from uncertain_scale.cli import main
if name:
    owner, _, attribute = name.rpartition(".")
    home = importlib.import_module(module)
    home = getattr(home, owner) if owner else home
    real, left = getattr(home, attribute), [1]
    def hooked(*arguments, **options):
        if left and left.pop():
            send()
        return real(*arguments, **options)
    setattr(home, attribute, hooked)
main()
"""
ASKED = {
    "report": ("report", "--budget", "100M", "--outputs", "gpu_hours"),
    "streamed": ("report", "--budget", "100M", "--outputs", "gpu_hours", "--no-draws"),
    "precision": ("report", "--budget", "100M", "--outputs", "gpu_hours", "--precision", "20%"),
    "compare": ("compare", "base", "post-reading", "--budget", "100M", "--outputs", "gpu_hours"),
    "sensitivity": ("sensitivity", "--budget", "100M", "--of", "gpu_hours"),
    "sweep": ("sweep", "--budget", "10M..1B", "--points", "2", "--outputs", "gpu_hours"),
    "update": ("update", "h100-clusters", "--gpus", "100k", "--outputs", "gpu_hours"),
    "claims": ("claims", "post-2024-07", "--claim", "gpu-price"),
}
FEW = ("--draws", "64", "--chains", "4", "--format", "md")
LATE = {
    "summarising": "uncertain_scale.report:report_document",
    "drawing the page": "uncertain_scale.report.html.parts:background_of",
    "rendering": "uncertain_scale.report.render.markdown:markdown",
    "writing": "uncertain_scale.report.store:save_texts",
    "writing draws": "uncertain_scale.report.store:save_draws",
    "printing": "uncertain_scale.cli.output:typer.echo",
    "the record": "uncertain_scale.inputs.writing:scenario_files",
}
FINISHING = "finishing: all is drawn, and the answer is written; Ctrl-C again ends at once\n"


def run_with_signals(place, times, words, number=signal.SIGINT):
    command = [sys.executable, "-c", AT, place, times, int(number), *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "number"),
    [*((moment, signal.SIGINT) for moment in LATE), ("writing", signal.SIGTERM)],
)
def test_from_the_last_chain_on_one_signal_loses_nothing_and_two_say_what_is_lost(
    tmp_path, moment, number
):
    words, folder = (*ASKED["report"], *FEW), tmp_path / "report"
    done = run_with_signals(LATE[moment], 1, (*words, "--output", folder), number)
    assert (done.returncode, done.stderr) == (0, FINISHING)
    assert done.stdout.startswith("# ")
    assert "INCOMPLETE" not in done.stdout
    assert {path.name for path in folder.iterdir()} == {
        *("report.md", "report.json", "report.html", "draws.nc", "run.json", "priors")
    }
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run_with_signals(LATE[moment], 2, (*words, "--output", folder), number)
    assert done.returncode == INTERRUPTED
    assert done.stderr == (
        f"{FINISHING}ended at once: the answer is lost, and {folder} is as it was\n"
    )
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ASKED)
def test_every_command_writes_its_answer_although_it_is_interrupted_late(cli, tmp_path, command):
    words = (*ASKED[command], *FEW, "--output", tmp_path / "run")
    done = run_with_signals("uncertain_scale.report.store:as_json", 1, words)
    assert (done.returncode, done.stderr) == (0, FINISHING)
    assert (tmp_path / "run" / "run.json").exists()
    assert done.stdout == cli(*words)[1]
    assert done.stdout


EARLY = {
    "importing": "uncertain_scale.cli.record:",
    "reading the words": "uncertain_scale.cli.command:Command.parse_args",
    "importing numpy": "numpy:",
    "making a class": "dataclasses:Field.__set_name__",
    "reading priors": "uncertain_scale.sampling.sample:load_priors",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "number"),
    [*((moment, signal.SIGINT) for moment in EARLY), ("reading priors", signal.SIGTERM)],
)
def test_a_signal_before_there_is_anything_ends_at_once_without_a_traceback(
    tmp_path, moment, number
):
    words = (*ASKED["compare"], *FEW, "--output", tmp_path / "run")
    done = run_with_signals(EARLY[moment], 1, words, number)
    told = "interrupted: there is no answer yet\n"
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", told)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_report_says_so_in_every_format(cli, unfinished):
    folder, _ = unfinished
    document = json.loads((folder / "report.json").read_text())
    from uncertain_scale.report.render.csv import csv_report

    finished = document["incomplete"]["finished"]
    rows = list(csv.DictReader(io.StringIO(csv_report(document))))
    assert rows[0]["kind"] == "INCOMPLETE"
    assert rows[0]["name"] == (
        f"interrupted when {finished} of 24 chains were finished; all figures and errors are those "
        "of these"
    )
    assert rows[0]["value"] == ""
    for name in ("report.md", "report.html"):
        assert "INCOMPLETE" in (folder / name).read_text()
    code, out, _ = cli(*ASKED["report"], *FEW[:4], "--format", "csv")
    assert (code, "INCOMPLETE" in out) == (0, False)
    code, out, _ = cli(*ASKED["precision"], *FEW[:4], "--max-draws", "256", "--format", "csv")
    assert code == 0
    assert next(csv.DictReader(io.StringIO(out)))["kind"] == "precision"
