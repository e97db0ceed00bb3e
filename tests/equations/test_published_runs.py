"""Utilisation of published runs, by the equations."""

from __future__ import annotations

import numpy as np
import pytest

from uncertain_scale.inputs.runs import published_runs
from uncertain_scale.model import default_model


def test_utilisation_of_published_runs() -> None:
    """Runs of grades A and B on H100-class chips, and those of at least 1e23 FLOP."""
    runs = [
        run
        for run in published_runs()
        if run.grade in {"A", "B"} and run.chip.family == "H100" and run.mfu is not None
    ]
    flop, hours, peak = (
        np.array([getattr(run, name) for run in runs])
        for name in ("training_flop", "hours", "peak_flops")
    )
    one = np.ones(len(runs))
    functions = {equation.name: equation.function for equation in default_model().equations}
    speed = functions["effective_flops__implied"](flop, hours)
    mfu = functions["mfu__implied"](speed, peak, one, one)
    assert len(mfu) == 27
    assert mfu == pytest.approx([run.mfu for run in runs])
    assert np.quantile(mfu, [0.05, 0.5, 0.95]) == pytest.approx([0.132, 0.246, 0.375], abs=6e-4)
    large = mfu[flop >= 1e23]
    assert len(large) == 20
    assert [large.min(), np.median(large), large.max()] == pytest.approx(
        [0.064, 0.259, 0.376], abs=6e-4
    )
