"""What a start costs: help and plain names import nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = {
    "arviz",
    "arviz_base",
    "arviz_stats",
    "matplotlib",
    "scipy.stats",
    "xarray",
    "pint",
    "pandas",
    "asyncio",
    "dask",
    "distributed",
    "zarr",
    "panel",
    "bokeh",
}


def modules_after(*arguments):
    """Return the modules that are loaded when the program ends."""
    code = (
        "import sys\nsys.argv = ['uncertain-scale', *sys.argv[1:]]\n"
        "from uncertain_scale.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("command", ["", "report", "explore", "priors", "claims"])
def test_help_imports_nothing_heavy(command):
    out, modules = modules_after(*command.split(), "--help")
    assert "Usage" in out
    assert not HEAVY & modules


def test_help_shows_an_example_and_every_option_of_the_main_job():
    out, _ = modules_after("report", "--help")
    for option in (
        "--budget",
        "--gpus",
        "--training-time",
        "--training-flop",
        "--given",
        "--set",
        "--free",
        "--outputs",
        "--prob",
        "--draws",
        "--chains",
        "--design",
        "--seed",
        "--equations",
        "--priors",
        "--format",
        "--output",
        "--scenario",
        "--scheduler",
    ):
        assert option in out
