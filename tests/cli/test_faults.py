"""Disks that fill up, writers that are killed, files of others, clocks that jump, homes of none."""

import itertools
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from uncertain_scale.report import atomic
from uncertain_scale.report.store import _reserve, _size

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_pages")]

SMALL = ("--draws", "16", "--chains", "2")
ASKED = ("report", "--scenario", "post-2024-07", "--outputs", "gpu_hours", *SMALL)
KILLING = Path(__file__).with_name("killing.py")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="as Linux has it")


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Save a report, once; tests work on copies."""
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app

    folder = tmp_path_factory.mktemp("made") / "report"
    assert (
        not CliRunner().invoke(app, [*ASKED, "--budget", "1M", "--output", str(folder)]).exception
    )
    return folder


@pytest.fixture
def saved(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "report"))


def program(*words, **options):
    command = [sys.executable, "-c", "from uncertain_scale.cli import main; main()"]
    return subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, check=False, **options
    )


@LINUX
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_report_whose_writer_is_killed_is_the_old_one_or_the_new_one(tmp_path):
    """At some of its steps, and by two writers at once; `killing.py` has rounds at every step."""
    words = [sys.executable, KILLING, tmp_path, "--every", "14", "--together", "1"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["killed at a step"] >= 4
    assert found["leftovers"] == 0


def several(commands, limits=()):
    """Run commands in one other process, each under its limit on the size of files."""
    code = f"""
import contextlib, io, json, resource, sys
from typer.main import get_command
from uncertain_scale.cli.main import app
from uncertain_scale.errors import UncertainScaleError
limits, found = {list(limits)!r}, []
for words in {[list(map(str, words)) for words in commands]!r}:
    if limits:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.pop(0), resource.RLIM_INFINITY))
    said = "written"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            get_command(app).main(words, standalone_mode=False)
    except UncertainScaleError as error:
        said = str(error)
    found.append(said)
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")  # no crash, nothing that HDF5 murmurs
    return json.loads(done.stdout)


@LINUX
def test_a_limit_on_files_that_the_kernel_sets_leaves_the_old_report(saved, tmp_path):
    """An RLIMIT_FSIZE does to writes what a full disk does; HDF5 by itself would crash."""
    before = contents(saved)
    asked = (*ASKED[1:], "--budget", "2M")
    commands = [
        ("sample" if name.endswith("nc") else "report", *asked, "--output", tmp_path / name)
        for name in ("report", "new", "d.nc")
    ]
    for said in several(commands, [20_000, 4_000, 9_000]):
        assert "cannot be written: File too large" in said
        assert "\n" not in said
    assert contents(saved) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@LINUX
def test_a_disk_that_is_full_leaves_the_old_report(made, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        shutil.copytree(made, disk / "report")
        before = contents(disk)
        large = (*ASKED[1:], "--budget", "2M", "--draws", "8192")
        commands = [("report", *large, "--output", disk / name) for name in ("report", "new")]
        commands += [("sample", *large, "--output", disk / f"d.{end}") for end in ("nc", "zarr")]
        for said in several(commands):
            assert "No space left on device" in said or "of the disk are free" in said
            assert "\n" not in said
        assert contents(disk) == before
    finally:
        subprocess.run(["umount", str(disk)], check=False)  # noqa: S607


@pytest.mark.parametrize("call", ["fsync", "rename", "replace", "chmod", "open"])
@pytest.mark.parametrize("turn", [0, 2])
def test_whatever_call_fails_leaves_the_old_report_or_the_new_one(
    cli, saved, monkeypatch, call, turn
):
    """A disk may be full at any call; before the decision the old report stays, then the new."""
    before = contents(saved)
    owner = os if call == "fsync" else Path
    real, count = getattr(owner, call), iter(range(10**6))

    def fails(*arguments, **options):
        if (call == "fsync" or str(saved) in str(arguments[0])) and next(count) == turn:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, call, fails)
        code, _, err = cli(*ASKED, "--budget", "2M", "--output", saved, "--no-draws")
    if call == "rename" and turn:
        assert code == 0  # there is one rename that decides
        return
    assert (code, "No space left on device" in err) == (2, True)
    if call == "replace":  # when all is decided, a move that fails is made up for
        assert contents(saved) != before
        assert cli("verify", saved)[0] == 0
        assert not any(path.name.startswith(".") for path in saved.iterdir())
        assert "2M" in (saved / "report.md").read_text()
    else:
        assert contents(saved) == before


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_drawn(
    cli, tmp_path, monkeypatch
):
    monkeypatch.setattr("uncertain_scale.sampling.sample", None)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "file/below", "link"):
        code, out, err = cli(*ASKED, "--budget", "1M", "--output", tmp_path / name)
        assert (code, out) == (2, "")
        assert "cannot be made: " in err
        assert "is no folder; name another folder" in err
    assert (tmp_path / "file").read_text() == "x"
    shut = tmp_path / "shut"
    shut.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    code, out, err = cli(*ASKED, "--budget", "1M", "--output", shut / "new")
    assert (code, out) == (2, "")
    assert "Permission denied; name another folder" in err
    assert not list(shut.iterdir())


def test_files_of_an_earlier_result_go_with_it_and_others_stay(cli, saved):
    (saved / "notes.md").write_text("mine")
    assert (saved / "draws.nc").exists()
    assert cli(*ASKED, "--budget", "2M", "--output", saved, "--no-draws")[0] == 0
    assert not (saved / "draws.nc").exists()  # of the draws before
    assert (saved / "notes.md").read_text() == "mine"
    assert sorted(json.loads((saved / "run.json").read_text())["files"]) == sorted(
        str(path) for path in contents(saved) if path.name != "notes.md"
    )


def test_a_commit_that_was_cut_short_is_finished_by_the_next_reader(cli, saved, tmp_path):
    other = tmp_path / "other"
    assert cli(*ASKED, "--budget", "2M", "--output", other)[0] == 0
    after = contents(other)
    (saved / "report.md").write_bytes((other / "report.md").read_bytes())  # was moved already
    decided = saved / ".uncertain-scale.decided"
    shutil.copytree(other, decided)
    (decided / "report.md").unlink()
    (decided / ".removed").write_text("")
    assert cli("verify", saved)[0] == 0
    assert contents(saved) == after


@pytest.mark.parametrize("way", ["../stray", "priors/stray", "/stray"])
def test_a_commit_of_others_touches_nothing_outside(cli, saved, tmp_path, way):
    """A folder that came from elsewhere may hold a hidden folder that claims to be a commit."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stray").write_text("precious")
    decided = saved / ".uncertain-scale.decided"
    decided.mkdir()
    if way == "priors/stray":
        shutil.rmtree(saved / "priors")
        (saved / "priors").symlink_to(outside)
        (decided / "priors").mkdir()
        (decided / "priors" / "stray").write_text("spoilt")
    (decided / ".removed").write_text(way.replace("../", "../outside/").replace("/stray", "/stray"))
    if way == "/stray":
        (decided / ".removed").write_text(str(outside / "stray"))
    code, _, err = cli("verify", saved)
    assert code == 2
    assert "lies outside it" in err
    assert (outside / "stray").read_text() == "precious"


def test_what_killed_writers_left_is_cleared_away(cli, saved):
    """Of a report, and of a file by itself; that of a writer that lives stays."""
    mine = saved.parent / ".d.nc.swp"
    mine.write_text("half")
    stages = [
        folder / f".uncertain-scale-{letters}.new"
        for folder in (saved, saved.parent)
        for letters in ("abcdefgh", "ijklmnop")
    ]
    for stage in stages:
        stage.mkdir()
        (stage / "d.nc").write_text("half")
    locks = [atomic._lock(stage, wait=False) for stage in stages[1::2]]
    assert cli(*ASKED, "--budget", "2M", "--output", saved)[0] == 0
    assert cli("sample", *ASKED[1:], "--budget", "2M", "--output", saved.parent / "d.nc")[0] == 0
    assert [stage.exists() for stage in stages] == [False, True, False, True]
    assert mine.exists()
    for lock in locks:
        os.close(lock)


def test_a_writer_that_begins_is_not_taken_for_one_that_was_killed(tmp_path, monkeypatch):
    """Another begins between the first one's making its stage and locking it."""
    first, second = (atomic.Staging(tmp_path / "report") for _ in range(2))
    other = threading.Thread(target=second.place, args=[tmp_path / "report" / "b.md"])
    lock = atomic._lock

    def slow(folder, *, wait):
        if not wait and not other.ident:
            other.start()
            time.sleep(0.3)
        return lock(folder, wait=wait)

    monkeypatch.setattr(atomic, "_lock", slow)
    place = first.place(tmp_path / "report" / "a.md")
    other.join(300)
    assert not other.is_alive()
    assert place.parent.is_dir()
    place.write_text("whole")
    first.commit()
    second.discard()
    assert contents(tmp_path / "report") == {Path("a.md"): b"whole"}


def test_an_error_on_the_way_leaves_the_folder_and_its_record(cli, saved):
    before = contents(saved)
    assert cli(*ASKED, "--budget", "lots", "--output", saved)[0] == 2
    assert cli(*ASKED, "--budget", "1M", "--free", "budget", "--output", saved / "new")[0] == 2
    assert contents(saved) == before
    assert not (saved / "new").exists()


def test_room_is_made_sure_of_for_what_a_file_takes(made, tmp_path):
    import xarray as xr

    for variables, draws in ((1, 1), (1, 5000), (60, 3), (60, 3000)):
        tree = xr.DataTree.from_dict(
            {
                f"/{group}": xr.Dataset(
                    {
                        f"v{n}": (("chain", "draw"), np.zeros((4, draws)), {"source": "é" * 200})
                        for n in range(variables)
                    }
                )
                for group in ("prior", "posterior")
            }
        )
        tree.to_netcdf(tmp_path / "d.nc", engine="h5netcdf")
        assert (tmp_path / "d.nc").stat().st_size <= _size(tree)
    with xr.open_datatree(made / "draws.nc", engine="h5netcdf") as tree:
        assert (made / "draws.nc").stat().st_size <= _size(tree)
    with pytest.raises(OSError, match=r"No space|too large"):
        _reserve(tmp_path, 1 << 60)
    assert [path.name for path in tmp_path.iterdir()] == ["d.nc"]


def test_priors_are_copied_all_or_not_at_all(cli, tmp_path, monkeypatch):
    real, count = shutil.copyfile, iter(range(100))

    def fails(source, target):
        if next(count) == 3:
            Path(target).write_text("half")
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(shutil, "copyfile", fails)
    code, _, err = cli("priors", "copy", tmp_path)
    assert (code, "No space left on device" in err) == (2, True)
    assert not list(tmp_path.iterdir())


def objects(path):
    with path.open("wb") as file:
        np.savez(file, about=np.array([{"a": 1}], dtype=object), allow_pickle=True)


def array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


FOREIGN = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "another's": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"format": 1})),
    "deep": lambda path: path.write_text('{"a":' * 500 + "1" + "}" * 500),
    "not finite": lambda path: path.write_text('{"format": NaN}'),
    "half a pair": lambda path: path.write_text(r'{"format": "\ud800"}'),
    "utf-16": lambda path: path.write_bytes('{"format": 1}'.encode("utf-16")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a circle": lambda path: (path.unlink(), path.symlink_to(path)),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    "objects": objects,
    "a whole array": array,
}


@LINUX
@pytest.mark.parametrize("name", ["run.json", "report.json"])
@pytest.mark.parametrize("how", FOREIGN)
def test_records_and_results_of_others_are_refused(cli, saved, how, name):
    FOREIGN[how](saved / name)
    for words in (("verify", saved), ("diff", saved, saved)):
        code, out, err = cli(*words)
        assert (code, out) == (2, "")
        assert name in err
        assert len(err.splitlines()) == 1


@LINUX
@pytest.mark.parametrize("how", FOREIGN)
def test_checkpoints_of_others_are_refused(cli, saved, how):
    path = saved / "checkpoint.npz"
    shutil.copy(saved / "draws.nc", path)
    FOREIGN[how](path)
    before = {name: data for name, data in contents(saved).items() if name != Path(path.name)}
    code, out, err = cli(*ASKED, "--budget", "1M", "--resume", saved)
    assert (code, out) == (2, "")
    assert "checkpoint.npz" in err
    after = {name: data for name, data in contents(saved).items() if name != Path(path.name)}
    assert after == before


@LINUX
def test_files_that_are_too_large_are_refused_by_their_size(cli, saved):
    path = saved / "checkpoint.npz"
    path.touch()
    os.truncate(path, 4_100_000_000)  # sparse
    code, _, err = cli(*ASKED, "--budget", "1M", "--resume", saved)
    assert code == 2
    assert "is larger than 4000 MB (4,100.0 MB); no such is written" in err
    os.truncate(saved / "report.json", 65_000_000)
    code, _, err = cli("verify", saved)
    assert code == 2
    assert "is larger than 64 MB (65.0 MB)" in err


def test_a_checkpoint_that_unpacks_to_more_than_it_may_is_refused(cli, saved, monkeypatch):
    monkeypatch.setattr("uncertain_scale.report.checkpoint._LARGEST", 1_000_000)
    with zipfile.ZipFile(saved / "checkpoint.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("about.npy", bytes(2_000_000))
    code, _, err = cli(*ASKED, "--budget", "1M", "--resume", saved)
    assert code == 2
    assert "unpacks to more than" in err


RECORDS = {
    "equations": (["--equations=EVIL"], "were|which are Python code|not in it"),
    "equations in two": (["--equations", "EVIL"], "which are Python code|not in it"),
    "a cluster": (["--scheduler", "tcp://127.0.0.1:1"], "holds '--scheduler'"),
    "a cluster in one": (["--scheduler=tcp://127.0.0.1:1"], "holds '--scheduler'"),
    "another folder": (["--output=ELSEWHERE"], "holds '--output'"),
    "a checkpoint": (["--resume=ELSEWHERE"], "holds '--resume'"),
    "another file": (["--priors=../../x.toml"], "which is not in it"),
    "a file beside": (["--priors", "x.toml"], "which is not in it"),
    "help": (["--help"], "is no command"),
    "an option of none": (["--evil"], "is no command: no such option"),
    "a number of none": (["--draws", "many"], "is no command: --draws"),
}


@pytest.mark.parametrize("how", RECORDS)
def test_a_record_of_others_runs_writes_and_reads_nothing_elsewhere(cli, saved, tmp_path, how):
    words, said = RECORDS[how]
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    record = json.loads((saved / "run.json").read_text())
    places = {"EVIL": str(evil), "ELSEWHERE": str(tmp_path / "new")}
    for key, place in places.items():
        words = [word.replace(key, place) for word in words]
    record["command"] = [*record["command"], *words]
    (saved / "run.json").write_text(json.dumps(record))
    code, out, err = cli("verify", saved)
    assert (code, out) == (2, "")
    assert any(part in err for part in said.split("|")), err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.py", "report"]


def test_a_clock_that_jumps_backwards_disturbs_nothing(cli, tmp_path, monkeypatch):
    """Only a clock that cannot jump measures how long a run takes."""
    now = itertools.count(2_000_000_000, -86_400)
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    asked = ["report", "--scenario", "post-2024-07", "--set", "mfu=0.3 to 0.4", "--budget", "1M"]
    asked += ["--outputs", "training_flop", "--precision", "2%", "--max-time", "1h"]
    code, out, err = cli(*asked, "--output", tmp_path / "report", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["search"]["why"] == "reached"
    assert cli("verify", tmp_path / "report")[0] == 0


@LINUX
@pytest.mark.parametrize("home", [None, "/proc/none"])
def test_no_home_is_needed(tmp_path, home):
    """Nor a folder that matplotlib can write its fonts to, which it complains of."""
    kept = {name: text for name, text in os.environ.items() if name in {"PATH", "PYTHONPATH"}}
    environment = kept | ({"HOME": home} if home else {}) | {"XDG_CONFIG_HOME": "/proc/none"}
    environment["XDG_CACHE_HOME"] = "/proc/none"
    figure = tmp_path / "figure.svg"
    words = ("plot", "intervals", *ASKED[1:], "--budget", "1M", "--as-of", "2024-09-01")
    words += ("--output", figure)
    done = program(*words, env=environment, cwd=Path.cwd())
    assert (done.returncode, done.stderr) == (0, "")
    assert figure.read_text().startswith("<?xml")


@LINUX
def test_a_full_disk_under_standard_output_is_one_error():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", "from uncertain_scale.cli import main; main()"]
        words = [*command, "report", "--scenario", "post-2024-07", "--budget", "1M", *SMALL]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


def test_words_that_are_not_utf_8_are_refused():
    done = program("report", "--budget", b"1M\xff".decode("utf-8", "surrogateescape"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: word 3 of the command line, '1M\\udcff', is not UTF-8")
