"""Warnings where peaks and utilisation meet."""

import numpy as np
import pytest
import xarray as xr

from uncertain_scale import Design, report_document, run
from uncertain_scale.analysis.guards import utilisation_warnings

H100 = 989.4e12


def warned(**inputs):
    draws = {name: (("chain", "draw"), np.atleast_2d(value)) for name, value in inputs.items()}
    return utilisation_warnings(xr.Dataset(draws))


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"mfu": [0.3, 1.2]}, "mfu is above 1 in 50% of the draws"),
        ({"mfu": [40.0, 50.0]}, "mfu is above 1 in all draws"),
        ({"mfu": 30.0}, "not a percentage"),
        ({"mfu": 0.3, "sparsity_factor": 2.0}, "set sparsity_factor to 1"),
        ({"mfu": 0.3, "sparsity_factor": 2.0, "peak_flops": H100}, "dense peak, 0.6 at the median"),
        ({"mfu": 0.5, "peak_flops": H100}, "above what any published run of the chip"),
        (
            {"mfu": 0.6, "peak_flops": 1.23e16},
            "above what any published run has reached (LLaMA-13B",
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
    assert any("mfu is above 1" in warning for warning in report_document(tree)["warnings"])


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
    assert "above 1 in all" in warned(mfu=tree["prior/mfu"].values)[0]
