"""The types that a user sees: a script of his, checked by mypy and pyright as they come.

The checkers know the package as installed; where one is not installed, its tests are skipped.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "plan.py"
CHECKERS = {
    "mypy": ["--strict", "--config-file=", "--no-error-summary"],
    "pyright": ["--pythonpath", sys.executable],
}
FAULTS = (
    'us.Design(kind="sobel")',
    'us.run(given={"budget": ["100M", "1B"]})',
    "us.summarise(answer(us.Design()))",
    "us.ask(us.default_model())",
    'us.ask(budget="100M", draws="many")',
    'us.ask(budget="100M").compair("base")',
    'us.ask(budget="100M").run().probabilty("gpus >= 1")',
    'us.ask(budget="100M").run().plot.densty("gpus")',
    'us.load_priors("base").inputs["mfu"].quantile(0.5)',
    "us.condition(us.default_model(), us.Design(), None, None, [])",
)
"""Lines that no checker may pass: each is a mistake somebody might make."""


@pytest.fixture
def complaints(request, tmp_path):
    """Return a function that tells what a checker has against a script: numbers of lines."""
    checker = request.param
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: pip install mypy 'pyright[nodejs]'")

    def check(text):
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", checker, *CHECKERS[checker], str(script)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        lines = re.findall(r"script\.py:(\d+)(?::\d+)?.*? error: ", done.stdout)
        assert bool(lines) == bool(done.returncode), done.stdout + done.stderr
        return {int(line) for line in lines}

    return check


@pytest.mark.slow
def test_the_script_runs(tmp_path):
    spec = importlib.util.spec_from_file_location("plan", SCRIPT)
    plan = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plan)
    assert plan.main(tmp_path) == 0
    assert "training_flop" in (tmp_path / "plan.txt").read_text(encoding="utf-8")
    assert "did you mean 'gpus'?" in (tmp_path / "error.txt").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "complaints", ["mypy", pytest.param("pyright", marks=pytest.mark.nightly)], indirect=True
)
def test_checkers_pass_it_and_stop_every_mistake(complaints):
    script = SCRIPT.read_text(encoding="utf-8")
    length = len(script.splitlines())
    wrong = range(length + 1, length + 1 + len(FAULTS))
    assert complaints(script + "\n".join(FAULTS) + "\n") == set(wrong)
