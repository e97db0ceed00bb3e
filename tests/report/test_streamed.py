"""Reports of runs whose draws are not held, and runs that would not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from uncertain_scale import Design, ask, default_model, load_priors, run, sample, stream
from uncertain_scale.analysis.events import parse_event
from uncertain_scale.errors import QuestionError
from uncertain_scale.report import report_document
from uncertain_scale.sampling import limits

DESIGN = Design(draws=2048, chains=16, seed=4)


def asked(scenario, given, **options):
    model = default_model()
    priors = load_priors(scenario, variables=model.variables)
    return model, priors, ask(model, given, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "given"),
    [("base", {"budget": "100M"}), ("h100-sparse-fp8", {"training_flop": "5e26"})],
)
def test_a_streamed_report_says_what_a_held_one_says(scenario, given):
    model, priors, question = asked(scenario, given, also=["gpus"])
    events = [parse_event("gpus > 20k", model.variables)]
    held = report_document(sample(model, priors, question, DESIGN), events=events)
    streamed = stream(model, priors, question, DESIGN, events=events)
    found = report_document(streamed, events=events)
    json.dumps(found, allow_nan=False)
    assert found.keys() == held.keys()
    same = set(held) - {"outputs", "suffices", "warnings"}
    assert {name: found[name] for name in same} == {name: held[name] for name in same}
    assert [text.partition(",")[0] for text in found["warnings"]] == [
        text.partition(",")[0] for text in held["warnings"]
    ]
    for name, output in held["outputs"].items():
        other = found["outputs"][name]
        for one, two in zip(output["intervals"], other["intervals"], strict=True):
            for end in ("low", "high"):
                error = np.hypot(one[f"{end}_mcse"] or 0, two[f"{end}_mcse"] or 0)
                rounding = 1e-13 * abs(one[end])  # which is all that exact ends differ by
                assert abs(one[end] - two[end]) <= 5 * error + rounding
        apart = np.abs(np.subtract(output["histogram"]["counts"], other["histogram"]["counts"]))
        assert apart.max() <= 0.02 * max(output["histogram"]["counts"])
    assert len(found["suffices"]) == len(held["suffices"])


def test_a_run_that_would_not_fit_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(limits, "_free", lambda: 50 * 2**20)
    with pytest.raises(QuestionError, match=r"takes 0\.0[5-9] GiB and 0\.05 GiB are free"):
        run("base", given={"budget": "100M"}, design=Design(draws=1 << 14, chains=16))


@pytest.mark.slow
def test_a_report_that_would_not_fit_is_streamed_by_itself(cli, monkeypatch, tmp_path):
    command = ("report", "--budget", "100M", "--chains", "16", "--format", "json")
    _, held, _ = cli(*command)
    monkeypatch.setattr(limits, "_free", lambda: 10 * 2**20)
    _, streamed, _ = cli(*command)
    one, other = (json.loads(text)["outputs"]["optimal_params"] for text in (held, streamed))
    assert other["mean"] == pytest.approx(one["mean"], rel=1e-12)
    assert other["median"] != one["median"]
    assert other["median"] == pytest.approx(one["median"], abs=4 * one["median_mcse"])
    code, _, error = cli(*command, "--output", str(tmp_path / "kept"))
    assert code == 2
    assert "without --output" in error
    assert not (tmp_path / "kept").exists()


def test_free_memory_is_a_plausible_number():
    assert 2**20 < limits._free() < 2**50
