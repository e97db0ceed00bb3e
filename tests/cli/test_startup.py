"""What a start costs: help and plain names import nothing heavy."""

import os
import subprocess
import sys
from functools import cache

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
    "mcp",
    "anyio",
}


@cache
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


@pytest.mark.slow_but("", "report")
@pytest.mark.parametrize("command", ["", "report", "explore", "priors", "claims"])
def test_help_imports_nothing_that_computes(command):
    out, modules = modules_after(*command.split(), "--help")
    assert "Usage" in out
    assert not (HEAVY | {"numpy", "scipy", "jinja2"}) & modules


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


@pytest.mark.parametrize(("set_before", "threads"), [({}, "1"), ({"OMP_NUM_THREADS": "3"}, "3")])
def test_linear_algebra_has_one_thread_unless_somebody_wants_more(set_before, threads):
    code = "import sys, os, uncertain_scale.cli\n"
    code += "print(os.environ['OMP_NUM_THREADS'], 'numpy' in sys.modules)"
    around = {key: one for key, one in os.environ.items() if not key.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=around | set_before,
    )
    assert done.stdout.split() == [threads, "False"]


UNNEEDED = {"h5py", "h5netcdf", "jinja2", "tomli_w", "scipy.optimize", "scipy.interpolate"}


@pytest.mark.slow_but("terminal", "streamed")
@pytest.mark.parametrize(
    "arguments",
    [(), ("--event", "gpus > gpus_purchasable"), ("--format", "json"), ("--no-draws",)],
    ids=["terminal", "event", "json", "streamed"],
)
def test_a_report_that_is_printed_needs_no_xarray_nor_what_it_brings(arguments):
    out, modules = modules_after("report", "--budget", "100M", "--draws", "64", *arguments)
    assert "training_flop" in out
    assert not (HEAVY | UNNEEDED) & modules


def test_priors_and_a_question_need_only_numpy_scipy_and_pydantic():
    """What CONTRIBUTING.md says the core needs: inputs drawn before anything else is imported."""
    code = (
        "import sys, uncertain_scale as us\n"
        "from uncertain_scale.sampling.dependence import InputSampler\n"
        "model = us.default_model()\n"
        "priors = us.load_priors('base', variables=model.variables)\n"
        "us.ask(model, {'budget': '100M'})\n"
        "sampler = InputSampler(priors, ['mfu', 'hourly_rate', 'alpha', 'beta'])\n"
        "sampler.draw(us.Design(draws=8), 0)\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {name.split(".")[0] for name in done.stdout.split()}
    assert {"numpy", "scipy", "pydantic"} <= modules
    assert not (HEAVY | {"jinja2", "h5py", "h5netcdf", "rich", "typer", "tomli_w"}) & modules
