"""Warnings where peaks and utilisation meet."""

import re

import numpy as np
import pytest
import xarray as xr

from uncertain_scale import Design, ask, report_document, run
from uncertain_scale.analysis.guards import utilisation_warnings
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.sampling.sample import prepare

H100 = 989.4e12


def warned(**inputs):
    draws = {name: (("chain", "draw"), np.atleast_2d(value)) for name, value in inputs.items()}
    return utilisation_warnings(xr.Dataset(draws))


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"mfu": [0.3, 1.2]}, "mfu must be above 0 and at most 1, and is not in 50% of the draws"),
        ({"mfu": [40.0, 50.0]}, "and is not in all draws: what is given"),
        ({"mfu": 30.0}, "check its units"),
        ({"mfu": 0.3, "sparsity_factor": 2.0}, "set sparsity_factor to 1"),
        ({"mfu": 0.3, "sparsity_factor": 2.0, "peak_flops": H100}, "dense peak, 0.6 at the median"),
        ({"mfu": 0.5, "peak_flops": H100}, "above what any published run of the chip"),
        (
            {"mfu": 0.65, "peak_flops": 1.23e16},
            "above what any published run has reached (Phi-2",
        ),
        ({"mfu": 0.3, "peak_flops": 1.979e15}, "is the sparse BF16 rating of H100, H800"),
        ({"mfu": 0.3, "peak_flops": 5e15}, "the dense FP8 rating of GB200, GB300, MI355X"),
        ({"mfu": 0.3, "peak_flops": 3.958e15}, "is the sparse FP8 rating of H100"),
        ({"mfu": 0.3, "peak_flops": 1.8e16}, "is the sparse FP4 rating of B200, B300"),
        ({"mfu": 0.3, "peak_flops": 2.563e15}, "is the sparse BF16 rating of Trainium2"),
        ({"mfu": 0.3, "peak_flops": H100, "precision_factor": 2.1}, "is above 2, the most that"),
        ({"mfu": 0.3, "peak_flops": 459e12, "precision_factor": 1.2}, "peak of the TPU v5p gains"),
    ],
)
def test_doubtful_peaks_and_utilisations_are_told_with_a_remedy(inputs, words):
    assert any(words in warning for warning in warned(**inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"hourly_rate": 2.0},
        {"mfu": 0.3, "sparsity_factor": 1.0, "peak_flops": H100},
        {"mfu": 0.5, "peak_flops": 312e12},  # an A100 run has reached more
        {"mfu": 0.5, "peak_flops": 1.23e16},  # a chip without published runs
        {"mfu": 0.3, "peak_flops": 2.4e15, "precision_factor": 2.0},  # an MI355X in FP8
        {"mfu": 0.3, "peak_flops": 2.5e15, "precision_factor": 5.9},  # a GB300 in FP4
    ],
)
def test_nothing_is_said_where_all_is_well(inputs):
    assert warned(**inputs) == []


def test_a_utilisation_that_is_solved_for_is_looked_at_too():
    """1e27 FLOP for 100M USD would take more than the peak."""
    question = {"budget": "100M", "training_flop": "1e27"}
    tree = run("h100-dense-bf16", given=question, free=["mfu"], design=Design(draws=64, chains=2))
    told = report_document(tree)["warnings"]
    assert any("mfu must be above 0 and at most 1, and is not" in warning for warning in told)


def test_shipped_scenarios_warn_where_they_should():
    small = Design(draws=64, chains=2)
    for name in ("base", "h100-dense-bf16", "h100-dense-fp8", "gb200-dense-fp8"):
        tree = run(name, given={"budget": "1M"}, outputs=["training_flop"], design=small)
        assert utilisation_warnings(tree["prior"].to_dataset()) == [], name
    for name in ("h100-sparse-fp8", "post-reading", "post-2024-07"):
        tree = run(name, given={"budget": "1M"}, outputs=["training_flop"], design=small)
        assert utilisation_warnings(tree["prior"].to_dataset()), name


def test_an_mfu_of_another_subject_is_nothing_to_warn_of(tmp_path):
    """Whoever computes it, the peak that it is a share of is not ours."""
    (tmp_path / "own.py").write_text("def y(mfu, x):\n    return mfu * x\n", encoding="utf-8")
    text = "schema_version = 1\n" + "".join(
        f"inputs.{name} = {{ kind = 'uniform', lower = 2, upper = 3 }}\n" for name in ("mfu", "x")
    )
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    files = {"equations": [tmp_path / "own.py"], "priors": [tmp_path / "own.toml"]}
    tree = run(outputs=["y"], **files, design=Design(draws=16, chains=2))
    assert report_document(tree)["warnings"] == []
    assert "is not in all draws" in warned(mfu=tree["prior/mfu"].values)[0]


def test_a_variable_that_is_solved_for_and_leaves_its_domain_is_told_in_every_way():
    """40 MW for 25,000 GPUs is 1.6 kW each: the share of draws is P(gpu_power > 1.6 kW)."""
    given, design = {"gpus": "25k", "facility_power": "40 MW"}, Design(draws=512, chains=4)
    tree = run("base", given=given, free=["pue"], outputs=["pue"], design=design)
    (told,) = report_document(tree)["warnings"]
    power = tree["prior/gpu_power"].values
    share = 100 * (power > 1.6).mean()
    assert told.startswith(f"pue must be at least 1, and is not in {share:.3g}% of the draws")
    model, priors = prepare("base", known=given, free=["pue"])
    question = ask(model, given, free=["pue"], outputs=["pue"])
    (streamed,) = stream(model, priors, question, design).warnings()
    pattern = r"([\d.]+)% of"
    shares = [float(re.search(pattern, one)[1]) for one in (told, streamed)]
    assert shares[1] == pytest.approx(shares[0], abs=0.2)  # counted in bins


def test_a_variable_at_the_end_of_its_domain_is_nothing_to_warn_of():
    given, design = {"gpus": "25k", "facility_power": "40 MW", "gpu_power": 1.6}, Design(draws=64)
    model, priors = prepare("post-2024-07", known=given, free=["pue"])
    question = ask(model, given, free=["pue"], outputs=["pue"])
    answer = stream(model, priors, question, design)
    assert float(answer.summarize(probs=[0.9])["median"][0]) == 1
    assert not [one for one in answer.warnings() if "pue" in one]
