"""Draws in ArviZ's schema, and their way to disk and back."""

import json

import numpy as np
import pytest
import xarray as xr

from uncertain_scale import Design, ask, default_model, load_priors, report_document, run
from uncertain_scale.analysis.events import parse_event
from uncertain_scale.errors import ModelError
from uncertain_scale.model import Problem
from uncertain_scale.report.store import save_draws
from uncertain_scale.sampling.chains import ArrayTree
from uncertain_scale.sampling.sample import sample_arrays

SMALL = Design(draws=64, chains=4, seed=3)


@pytest.fixture(scope="module")
def tree():
    return run("base", given={"budget": "100M"}, design=SMALL)


def test_groups_dims_and_attributes_follow_arviz(tree):
    assert list(tree.children) == ["prior", "prior_predictive", "constant_data"]
    for group in ("prior", "prior_predictive"):
        for variable in tree[group].data_vars.values():
            assert variable.dims == ("chain", "draw")
            assert variable.shape == (4, 64)
            assert variable.attrs["units"]
            assert variable.attrs["long_name"]
    assert float(tree["constant_data/budget"]) == 1e8
    assert tree.attrs["inference_library"] == "uncertain_scale"


def test_plain_arrays_hold_all_that_a_datatree_holds(tree):
    """There and back it is the same; its report is the same document, whichever holds the draws."""
    arrays = ArrayTree.of(tree)
    assert arrays.to_xarray().identical(tree)
    turned = tree.map_over_datasets(
        lambda group: group.transpose("draw", "chain", missing_dims="ignore")
    )
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    problem = Problem(model, priors, ask(model, {"budget": "100M"}))
    drawn = sample_arrays(problem, SMALL)
    assert drawn.to_xarray().identical(tree)
    events = [parse_event("gpus > gpus_purchasable", model.variables)]
    expected = report_document(tree, events=events)
    assert report_document(drawn, events=events) == expected
    assert report_document(turned, events=events) == expected


def test_each_output_is_its_equation_of_the_inputs(tree):
    """An independent recomputation, draw by draw, from the saved inputs."""
    inputs, outputs = tree["prior"], tree["prior_predictive"]
    hours = 1e8 / inputs["hourly_rate"]
    assert np.allclose(outputs["gpu_hours"], hours, rtol=1e-14)
    speed = (
        inputs["peak_flops"]
        * inputs["sparsity_factor"]
        * inputs["precision_factor"]
        * inputs["mfu"]
    )
    assert np.allclose(outputs["training_flop"], hours * 3600 * speed, rtol=1e-14)
    gpus = hours / inputs["training_time"] / 24
    assert np.allclose(outputs["gpus"], gpus, rtol=1e-14)
    assert np.allclose(
        outputs["facility_power"], gpus * inputs["gpu_power"] * inputs["pue"] / 1000, rtol=1e-14
    )


def test_a_run_is_repeated_to_the_bit(tree):
    assert tree.identical(run("base", given={"budget": "100M"}, design=SMALL))


def test_another_seed_gives_other_draws(tree):
    other = run("base", given={"budget": "100M"}, design=Design(draws=64, chains=4, seed=4))
    assert not np.array_equal(other["prior/mfu"], tree["prior/mfu"])


@pytest.mark.slow
def test_saved_draws_open_with_xarray_and_arviz(tree, tmp_path):
    import arviz_stats as azs

    path = save_draws(tree, tmp_path / "draws.nc")
    with xr.open_datatree(path, engine="h5netcdf") as back:
        back.load()
    assert back.identical(tree)
    interval = azs.eti(back, group="prior_predictive", prob=0.9)["gpu_hours"].values
    expected = np.quantile(tree["prior_predictive/gpu_hours"], [0.05, 0.95])
    assert interval == pytest.approx(expected, rel=0.01)
    table = azs.summary(back, group="prior", var_names=["mfu"], kind="stats")
    assert float(table.loc["mfu", "mean"]) == pytest.approx(
        float(back["prior/mfu"].mean()), abs=0.01
    )


def test_record_tells_how_the_draws_were_made(tree):
    record = tree.attrs
    assert (record["design"], record["seed"], record["chains"], record["draws"]) == (
        "sobol",
        3,
        4,
        64,
    )
    assert json.loads(record["given"]) == {"budget": "100M USD"}
    assert len(record["hash_priors"]) == len(record["hash_equations"]) == 64
    assert set(json.loads(record["versions"])) >= {"uncertain-scale", "numpy", "xarray"}


def test_hashes_move_with_what_they_stand_for(tree):
    changed = run("base", given={"budget": "100M"}, believed={"pue": 1.2}, design=SMALL)
    assert changed.attrs["hash_priors"] != tree.attrs["hash_priors"]
    assert changed.attrs["hash_equations"] == tree.attrs["hash_equations"]


def test_uncertain_givens_are_sampled():
    tree = run("base", given={"budget": "80M to 120M"}, outputs=["gpu_hours"], design=SMALL)
    low, high = np.quantile(tree["prior/budget"], [0.05, 0.95])
    assert (low, high) == pytest.approx((80e6, 120e6), rel=0.03)
    assert np.isnan(tree["constant_data/budget"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def y(x):\n    return x.mean()", r"y\(x\) gives an array of shape \(\)"),
        ("def y(x):\n    return 1 if x > 2 else 2", r"y\(x\) fails on arrays of draws"),
        ("def y(x):\n    return x.cumsum()", r"y\(x\) gives a draw another result"),
    ],
)
def test_an_equation_that_does_not_work_on_arrays_is_named(tmp_path, body, words):
    text = f"from uncertain_scale.units.aliases import empirical\n@empirical\n{body}\n"
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=words):
        run(equations=[tmp_path / "own.py"], given={"x": "1 to 3"}, outputs=["y"], design=SMALL)
