"""A short run of the fuzzers; `python tests/fuzz --inputs 100000` is the long one."""

import pickle
import random
import sys
import warnings
from pathlib import Path

import cases
import grammar
import mutants
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox import Sandbox

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.toml import parse_toml

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(__import__("signal"), "setitimer"), reason="no timer that ends an input here"
    ),
]
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DICE = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(limit=20) as found:
        yield found


@pytest.fixture(scope="module")
def saved(sandbox):
    asked = ["report", "--scenario", "small.toml", "--budget", "1M", "--outputs", "gpu_hours"]
    assert not sandbox.run(grammar.Case("", [*asked, *grammar.SMALL, "--output", "saved"])).fault
    folder = sandbox.work / "saved"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_inputs_of_every_kind_are_answered_or_refused_in_words(sandbox, saved):
    made = cases.makers(saved)
    codes = set()
    for number in range(120):
        r = random.Random(f"suite:{number}")
        kind = r.choices(list(made), [share for share, _ in made.values()])[0]
        case = made[kind][1](r)
        outcome = sandbox.run(case)
        assert not outcome.fault, (number, case, outcome.fault)
        codes.add(outcome.code)
    assert {0, 2} <= codes  # both sides of the border are visited


@QUICK
@given(dice=DICE)
def test_prior_files_of_the_grammar_are_read_or_refused(tmp_path, dice):
    path = tmp_path / "one.toml"
    path.write_bytes(grammar.prior_file(dice).encode())
    (tmp_path / "rows.csv").write_text(grammar.rows(dice))
    try:
        load_priors(path)
    except UncertainScaleError as error:
        assert str(error).strip()


@QUICK
@given(dice=DICE, data=st.binary(max_size=400))
def test_any_bytes_are_a_file_or_refused(tmp_path, dice, data):
    path = tmp_path / "one.toml"
    path.write_bytes(mutants.mutated(dice, data))
    try:
        parse_toml(path)
    except UncertainScaleError as error:
        assert "one.toml" in str(error)


@QUICK
@given(text=st.one_of(st.text(max_size=60), st.builds(grammar.typed, DICE)))
def test_any_text_is_a_distribution_or_refused(text):
    try:
        parse_distribution(text)
    except UncertainScaleError as error:
        assert str(error).strip()


def broken(change):
    """Return a command that misbehaves, to show that the sandbox sees it."""

    def main(_):
        change()
        return 0

    return main


FAULTS = {
    "a traceback": (lambda: 1 / 0, "ZeroDivisionError"),
    "a hang": (lambda: [None for _ in iter(int, 1)], "more than 0.3 s"),
    "a warning": (lambda: warnings.warn("divide", RuntimeWarning, stacklevel=1), "RuntimeWarning"),
    "a file half written": (lambda: Path(".report.md.x").write_text("#"), "half-written"),
    "a file outside": (lambda: Path("../outside/new").write_text("x"), "to write"),
    "a secret read": (lambda: Path("../outside/secret.toml").read_text(), "opened "),
    "a link followed": (lambda: Path("link.csv").read_text(), "opened "),
    "an input changed": (lambda: Path("small.toml").write_text("x"), "changed or removed"),
    "bad JSON": (lambda: Path("report.json").write_text("{"), "is no JSON"),
    "an object unpickled": (lambda: pickle.loads(b"cos\ngetcwd\n."), "pickle.find_class"),  # noqa: S301
    "words on stderr": (lambda: print("overflow", file=sys.stderr), "on stderr"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_sandbox_sees(sandbox, monkeypatch, name):
    change, said = FAULTS[name]
    monkeypatch.setattr(sandbox, "_main", broken(change))
    monkeypatch.setattr(sandbox, "limit", 0.3)
    assert said in sandbox.run(grammar.Case("", ["model"])).fault


def test_inputs_are_the_same_for_a_seed(saved):
    made = cases.makers(saved)
    for make in (made["prior file"][1], made["mutated saved report"][1]):
        assert make(random.Random(5)) == make(random.Random(5))
