"""What the fuzzers found, each kept as an input that must be met well from now on."""

import pytest
from grammar import SMALL, Case
from sandbox import Sandbox

ASK = ["report", "--scenario", "small.toml", "--outputs", "gpu_hours", *SMALL]
EVIDENCE = """\
schema_version = 1
[[observations]]
name = "run"
variable = "hourly_rate"
value = {value}
error = {error}
units = "USD/gpu/hour"
"""
FOUND = {
    # a method called `value` was taken for a constant's value
    "quantiles given": (0, [*ASK, "--budget", "quantiles(q05=1e6, q50=2e6, q95=3e6, lower=0)"], ""),
    "a metalog given": (0, [*ASK, "--budget", "metalog(q05=1e6, q50=2e6, q95=4e6, lower=0)"], ""),
    # whole numbers that no float holds
    "a large value": (2, ["update", "one.toml", *ASK[1:], "--budget", "1M"],
                      EVIDENCE.format(value="9" * 400, error=1)),
    "a large error": (2, ["update", "one.toml", *ASK[1:], "--budget", "1M"],
                      EVIDENCE.format(value=2, error="9" * 400)),
    # a peak of 0 FLOP/s was divided by
    "a peak of nothing": (2, [*ASK, "--budget", "1M", "--set", "peak_flops=0"], ""),
    # a checkpoint was looked for in a file
    "a file to resume": (2, [*ASK, "--budget", "1M", "--resume", "small.toml"], ""),
    "a file to write to": (2, [*ASK, "--budget", "1M", "--output", "small.toml"], ""),
    "a link to write to": (2, [*ASK, "--budget", "1M", "--output", "link.toml"], ""),
    # the squares of errors are beyond all numbers where the errors are not
    "tails beyond all squares": (
        2, ["report", *ASK[1:3], "--priors", "one.toml", "--outputs", "training_flop", *SMALL,
            "--budget", "1M", "--format", "json"],
        ("schema_version = 1\ninputs.precision_factor = { kind = 'student_t', nu = 2.775e-3, "
        "mu = 0.595, sigma = 0.189 }\n")),
    # ends that are both infinite were subtracted
    "an input beyond all numbers": (
        0, ["sensitivity", *ASK[1:3], "--priors", "one.toml", "--of", "training_flop", *SMALL,
            "--budget", "1M"],
        ('schema_version = 1\n[inputs.training_energy]\nkind = "lognormal"\nmu = 7e19\n'
        'sigma = 0.2\nunits = "GWh"\n')),
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(limit=30) as found:
        yield found


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_met_well(sandbox, name):
    code, words, text = FOUND[name]
    outcome = sandbox.run(Case("", words, {"one.toml": text.encode()}))
    assert not outcome.fault
    assert outcome.code == code, outcome.text
