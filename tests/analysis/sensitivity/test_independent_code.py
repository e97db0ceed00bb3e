"""Sobol' indices against SALib and scipy, within the errors of both."""

import numpy as np
import pytest
from scipy.stats import sobol_indices as scipy_indices
from scipy.stats import uniform

from uncertain_scale.analysis.sensitivity import sobol_indices
from uncertain_scale.sampling import Design

DIMENSIONS = 3


def ishigami(x):
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


@pytest.fixture
def ours(specimen):
    return sobol_indices(*specimen("ishigami"), Design(seed=4), on=["value"], second_order=True)


def agree(found, other, error):
    """Within 4.9 times what both errors make together, our own by Student's t."""
    value, own = (found[n].values.ravel() for n in ("value", "mcse"))
    assert (np.abs(value - other) < 8.2 * own + 4.9 * error).all()


def part(found, name):
    return {"value": found[name], "mcse": found[f"{name}_mcse"]}


def test_salib_agrees(ours):
    sample = pytest.importorskip("SALib.sample.sobol").sample
    analyze = pytest.importorskip("SALib.analyze.sobol").analyze
    problem = {
        "num_vars": DIMENSIONS,
        "names": ["x1", "x2", "x3"],
        "bounds": [[-np.pi, np.pi]] * DIMENSIONS,
    }
    points = sample(problem, 4096, seed=1)
    theirs = analyze(problem, ishigami(points.T), seed=1)
    for name, key in (("first", "S1"), ("total", "ST")):
        agree(part(ours, name), theirs[key], theirs[f"{key}_conf"] / 1.96)
    second = ours["second"].squeeze().values[np.triu_indices(3, 1)]
    at = np.triu_indices(3, 1)
    error = np.hypot(
        4.9 * theirs["S2_conf"][at] / 1.96, 8.2 * ours["second_mcse"].squeeze().values[at]
    )
    assert (np.abs(second - theirs["S2"][at]) < error).all()


def test_scipy_agrees(ours):
    runs = [
        scipy_indices(
            func=ishigami,
            n=4096,
            dists=[uniform(-np.pi, 2 * np.pi)] * DIMENSIONS,
            rng=np.random.default_rng(seed),
        )
        for seed in range(8)
    ]
    for name, key in (("first", "first_order"), ("total", "total_order")):
        values = np.array([getattr(found, key) for found in runs]).reshape(8, DIMENSIONS)
        agree(part(ours, name), values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(8))
