"""Wrong usage is one line of the program's own, as every other error; the version."""

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

COMPLETE = """
import sys
sys.argv = ["uncertain-scale"]
from uncertain_scale.cli.main import app
app(prog_name="uncertain-scale")
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "--bugdet", "1M"], "no such option: --bugdet"),
        (["report", "--budget"], "'--budget' requires an argument"),
        (["report", "extra"], "unexpected extra argument"),
        (["report", "gb200-dense-fp8"], "did you mean --scenario gb200-dense-fp8?"),
        (["report", "my.toml"], "did you mean --scenario my.toml?"),
        (["report", "GB300"], "did you mean --chip GB300?"),
        (["diff", "a"], "missing argument 'B'"),
        (["reprot"], "no such command 'reprot'; did you mean 'report'"),
        (["plot", "nonsense"], "no such command 'nonsense'"),
        (["plot", "intervals", "--nope"], "no such option: --nope"),
        (["priors", "shwo"], "no such command 'shwo'; did you mean 'show'?"),
        (["--nope"], "no such option: --nope"),
        (["priors", "--nope"], "no such option: --nope"),
        (["report", "--format", "xml"], "--format 'xml' is unknown; known: csv, html, json"),
        (["report", "--format", "htm"], "--format 'htm' is unknown; did you mean 'html'?"),
        (["model", "--format", "xml"], "--format 'xml' is unknown"),
        (["priors", "list", "--format", "html"], "--format 'html' is unknown"),
        (["sensitivity", "--budget", "1M", "--on", "lgo"], "--on 'lgo' is unknown; did you mean"),
        (["sweep", "--steps", "x"], "--steps 'x' is unknown"),
    ],
    ids=lambda word: " ".join(word) if isinstance(word, list) else "",
)
def test_wrong_usage_is_told_in_one_line(cli, words, said):
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    # Click writes an option in one of two ways, by its version.
    assert said in re.sub("no such option '(.*?)'", r"no such option: \1", err)
    assert len(err.splitlines()) == 1
    assert "│" not in err
    assert "Value error" not in err


def test_the_version_is_shown(cli):
    assert cli("--version") == (0, f"uncertain-scale {version('uncertain-scale')}\n", "")


def test_a_group_without_words_shows_its_help(cli):
    _, out, err = cli("plot")
    assert "intervals" in out + err
    assert "error:" not in out + err


@pytest.mark.slow_but("report --scenario gb200-", "compare base post-re-")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["report", "--scenario", "gb200"], "gb200-dense-fp8"),
        (["report", "--chip", "GB3"], "GB300"),
        (["report", "--given", "hourly"], "hourly_rate="),
        (["compare", "base", "post-re"], "post-reading"),
        (["priors", "show", "frontier"], "frontier-2026"),
        (["report", "--budget", "1,5", "--outputs", "gpus,training_f"], "gpus,training_flop"),
        (["sensitivity", "--of", "optimal_p"], "optimal_params"),
        (["sweep", "--event", "facility"], "facility_power"),
    ],
    ids=lambda word: " ".join(word) if isinstance(word, list) else "",
)
def test_a_shell_completes_scenarios_chips_and_variables(words, expected, monkeypatch):
    """Whatever else stands on the line, which a shell completes before it is right."""
    typed = ["uncertain-scale", *words]
    monkeypatch.setenv("_UNCERTAIN_SCALE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(typed))
    monkeypatch.setenv("COMP_CWORD", str(len(typed) - 1))
    done = subprocess.run(
        [sys.executable, "-c", COMPLETE], check=False, capture_output=True, text=True, timeout=120
    )
    assert expected in done.stdout.split()
