"""How many files a newcomer touches, counted on changes that work, is what CONTRIBUTING says."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
ROOT = HERE.parent
CHANGES = {path.stem: path for path in sorted((HERE / "specimens" / "newcomer").glob("*.toml"))}
COPIED = ("uncertain_scale", "priors", "docs", "mkdocs.yml")
ROW = re.compile(r"^\| (an? [^|]+?) \| (\d+) \|", re.MULTILINE)


def touched(name):
    return tomllib.loads(CHANGES[name].read_text(encoding="utf-8"))["touched"]


def copied(folder):
    """Copy what a change may touch."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    (folder / "tests").mkdir()
    return folder


def apply(change, folder):
    """Write a new file, or a text beside a line that is there once, or at the end of a file."""
    path, text = folder / change["file"], change["text"]
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    line = change.get("after", change.get("before"))
    places = [n for n, one in enumerate(lines) if one.rstrip("\n") == line]
    assert len(places) == (line is not None), f"{change['file']} has no such line, or several"
    lines.insert(places[0] + ("after" in change) if places else len(lines), text)
    path.write_text("".join(lines), encoding="utf-8")


def works(folder):
    """Run the test of a change where it was made."""
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_newcomer.py")
    alone = os.environ | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"
    }  # plugins take longer than the test
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1, 2}, done.stdout
    return done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_works_and_its_test_fails_without_any_of_its_files(name, tmp_path):
    changes = touched(name)
    files = dict.fromkeys(one["file"] for one in changes)
    for left_out in (None, *(one for one in files if not one.startswith("tests/"))):
        folder = copied(tmp_path / str(len(list(tmp_path.iterdir()))))
        for change in changes:
            if change["file"] != left_out:
                apply(change, folder)
        passes, said = works(folder)
        assert passes == (left_out is None), f"without {left_out}: {said}"


def test_contributing_says_how_many_files_each_change_touches():
    rows = dict(ROW.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    counted = {
        tomllib.loads(path.read_text(encoding="utf-8"))["what"]: len(
            {one["file"] for one in touched(name) if not one["file"].startswith("tests/")}
        )
        for name, path in CHANGES.items()
    }
    assert {what: int(count) for what, count in rows.items()} == counted
