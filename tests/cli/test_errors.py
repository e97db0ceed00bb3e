"""Bad input: one clear error, exit code 2, no traceback, nothing written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SPECIMENS = Path(__file__).parents[1] / "specimens"
BAD_PRIORS = sorted((SPECIMENS / "priors" / "bad").glob("*.toml"))


@pytest.mark.parametrize("path", BAD_PRIORS, ids=lambda path: path.stem)
def test_a_bad_prior_file_is_told_with_file_and_line(cli, path):
    """Each specimen says on its first lines what its error must say, and all of them are said."""
    expected = re.findall(r"^# expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    code, out, err = cli("priors", "check", path)
    assert (code, out) == (2, "")
    assert path.name in err or "extends" in path.name
    assert "Traceback" not in err
    for pattern in expected:
        assert re.search(pattern, err), f"{pattern!r} is not in {err!r}"
    assert len(err.splitlines()) <= len(expected) + 1


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["report", "--budget", "lots"], r"given budget = 'lots'.*"),
        (["report", "--budget", "100 MW"], r"given budget = '100 MW'.*incompatible with 'USD'"),
        (["report", "--budget", "1e999"], r"too large|finite"),
        (["report", "--given", "budget"], r"--given 'budget' is not of the form NAME=VALUE"),
        (["report", "--given", "budgett=1M"], r"did you mean 'budget'"),
        (["report", "--budget", "1M", "--given", "budget=2M"], r"budget is given twice"),
        (["report", "--set", "mfuu=0.3", "--budget", "1M"], r"--set.*did you mean 'mfu'"),
        (["report", "--set", "mfu=3 to 1", "--budget", "1M"], r"--set mfu = '3 to 1'"),
        (
            ["report", "--set", "mfu=lognormall(mu=0, sigma=1)", "--budget", "1M"],
            r"did you mean 'lognormal'",
        ),
        (["report", "--set", "mfu=lognormal(mu=0", "--budget", "1M"], r"--set mfu"),
        (
            ["report", "--set", "mfu=__import__('os').system('true')", "--budget", "1M"],
            r"--set mfu",
        ),
        (["report", "--set", "alpha=0.3", "--budget", "1M"], r"drawn by whole rows"),
        (
            ["report", "--budget", "1M", "--event", "gpus == 3"],
            r"event 'gpus == 3' is not a comparison by one of >=, >, <= and <;",
        ),
        (["report", "--given", "alpha=0.3", "--budget", "1M"], r"drawn by whole rows"),
        (
            ["report", "--outputs", "training_flops", "--budget", "1M"],
            r"did you mean 'training_flop'",
        ),
        (["report", "--outputs", "gpu_hours"], r"give one of .*budget"),
        (["report", "--free", "hourly_rate", "--budget", "1M"], r"hourly_rate is free"),
        (
            ["report", "--scenario", "h100-dense-fp9", "--budget", "1M"],
            r"did you mean 'h100-dense-fp8'",
        ),
        (["report", "--scenario", "none.toml", "--budget", "1M"], r"no such prior file"),
        (["report", "--budget", "1M", "--design", "soboll"], r"did you mean 'sobol'"),
        (["report", "--budget", "1M", "--draws", "0"], r"draws = 0 must lie"),
        (["report", "--budget", "1M", "--chains", "0"], r"chains = 0 must lie"),
        (["report", "--budget", "1M", "--seed", "-1"], r"seed = -1 must lie"),
        (["report", "--budget", "1M", "--prob", "90"], r"90"),
        (["report", "--budget", "1M", "--equations", "none.py"], r"none.py.*cannot be read"),
        (
            ["report", "--budget", "1B", "--training-flop", "1e26", "--date", "2027"],
            r"over-determined",
        ),
        *(
            (["report", "--budget", "1B", "--date", wrong], rf"'{wrong}' is not .*2027, 2027-07")
            for wrong in ("2027-13", "20270", "Q5", "1989", "2027Q5", "2027-02-30")
        ),
        (["model", "--explain", "training_flopp"], r"did you mean 'training_flop'"),
        (["priors", "show", "bas"], r"did you mean 'base'"),
        (["priors", "copy", str(SPECIMENS / "priors" / "product.toml")], r"cannot|already"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_a_bad_command_line_is_told_in_one_line(cli, arguments, pattern):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert re.search(pattern, err), err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["report", "--bugdet", "1M"], ["reprot"], ["report", "--draws", "many"], ["sample"]],
    ids=" ".join,
)
def test_a_misused_option_ends_with_code_2(cli, arguments):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err


def test_the_program_itself_prints_one_line_and_no_traceback(tmp_path):
    """The same from outside, as a process: exit code 2, stdout empty, nothing written."""
    command = [sys.executable, "-m", "uncertain_scale"]
    command += ["report", "--budget", "lots", "--output", str(tmp_path / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: given budget = 'lots'")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
