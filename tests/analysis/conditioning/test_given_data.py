"""Shares of variance from dependent draws, against closed forms."""

import numpy as np
import pytest
import xarray as xr

from uncertain_scale.analysis.conditioning.information import posterior_sensitivity
from uncertain_scale.errors import QuestionError


@pytest.fixture(scope="module")
def tree():
    """Y = 4 X1 + 5 X2 with correlation 0.3, a discrete D beside, and Z that says nothing."""
    rng = np.random.default_rng(8)
    z = rng.standard_normal((3, 16, 4096))
    first, second = z[0], 0.3 * z[0] + np.sqrt(1 - 0.09) * z[1]
    coin = (rng.random((16, 4096)) < 0.25).astype(float)
    dims = ("chain", "draw")

    def data(values, joint=""):
        return (dims, values, {"joint": joint, "units": "1"})

    inputs = {"x1": data(first), "x2": data(second), "d": data(coin), "z": data(z[2])}
    inputs["constant"] = data(np.ones((16, 4096)))
    outputs = {
        "y": data(4 * first + 5 * second),
        "mixed": data(np.exp(coin + first)),
        "still": data(np.ones((16, 4096))),
    }
    groups = {"/posterior": xr.Dataset(inputs), "/posterior_predictive": xr.Dataset(outputs)}
    return xr.DataTree.from_dict(groups)


def test_shares_of_a_linear_answer_with_correlated_inputs(tree):
    """Closed first-order shares (4 + 1.5)^2/53 and (5 + 1.2)^2/53; cells of 1/64 lose 0.4%."""
    found = posterior_sensitivity(tree, of=["y"]).sel(output="y")
    for name, exact in (("x1", 5.5**2 / 53), ("x2", 6.2**2 / 53), ("z", 0.0), ("d", 0.0)):
        share = float(found["variance_reduction"].sel(input=name))
        error = float(found["variance_reduction_mcse"].sel(input=name))
        assert abs(share - exact) < 5 * error + 0.005 * exact
        assert error < 0.01
    rank = 6 / np.pi * np.arcsin(6.2 / np.sqrt(53) / 2)
    assert float(found["rank_correlation"].sel(input="x2")) == pytest.approx(rank, abs=0.01)
    assert "constant" not in found["input"].values


def test_discrete_inputs_and_logarithms(tree):
    found = posterior_sensitivity(tree, of=["mixed"], on="log").sel(output="mixed")
    share = float(found["variance_reduction"].sel(input="d"))
    assert share == pytest.approx(0.1875 / 1.1875, abs=0.01)


def test_an_answer_that_does_not_vary_has_no_shares(tree):
    found = posterior_sensitivity(tree, of=["still"])
    assert bool(found["variance_reduction"].isnull().all())


def test_an_unknown_answer_is_told(tree):
    with pytest.raises(QuestionError, match="'yy' is not among the answers; .*y"):
        posterior_sensitivity(tree, of=["yy"])
