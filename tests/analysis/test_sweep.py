"""Sweeps: shared draws, exact relations between points, and equality with single reports."""

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale import Design, ask, default_model, load_priors
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.analysis.sweep import Sweep, last_point
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.model import Problem

MODEL = default_model()
SMALL = Design(draws=256, chains=4)
OUTPUTS = ("gpu_hours", "training_flop", "gpus", "breakeven_time", "cluster_price")


def study(given, *, outputs=OUTPUTS, design=SMALL, scenario="base", points=3, **options):
    fixed, axes = read_axes(given, points=points, **options)
    priors = load_priors(scenario, variables=MODEL.variables)
    question = ask(MODEL, last_point(fixed, axes), outputs=outputs)
    return Sweep(Problem(MODEL, priors, question), design, axes)


def test_flop_and_gpu_hours_are_proportional_to_the_budget_in_every_draw():
    swept = study({"budget": [1e8, 2e8, 4e8, 3e8]}, points=None)
    draws = {point["budget"]: swept.draws(point) for point in swept.points}
    base = draws[1e8]
    for budget in (2e8, 4e8):  # powers of two are exact in floating point
        for name in ("gpu_hours", "training_flop", "gpus", "cluster_price"):
            assert (draws[budget][name] == budget / 1e8 * base[name]).all()
        assert (draws[budget]["breakeven_time"] == base["breakeven_time"]).all()
    assert draws[3e8]["training_flop"] == pytest.approx(3 * base["training_flop"], rel=1e-14)
    for name in ("hourly_rate", "mfu", "gpu_price"):
        assert all((one[name] == base[name]).all() for one in draws.values())


def test_training_time_falls_with_the_gpus_in_every_draw_and_their_product_is_constant():
    swept = study({"budget": "100M", "gpus": "10k..80k"}, outputs=["training_time"], points=4)
    times = [swept.draws(point)["training_time"] for point in swept.points]
    assert (np.diff(times, axis=0) < 0).all()
    first = times[0] * swept.points[0]["gpus"]
    for time, point in zip(times, swept.points, strict=True):
        assert time * point["gpus"] == pytest.approx(first, rel=1e-14)


@pytest.mark.slow_but("given0-at0-sobol", "given2-at2-lhs", "given3-at3-random")
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"budget": "10M..100B"}, ["budget"]),
        ({"budget": "100M,1B", "gpus": "10k..50k"}, ["budget", "gpus"]),
        ({"facility_power": "0.1..2 GW", "training_time": "100 day"}, ["facility_power"]),
        ({"mfu": "0.2..0.5", "budget": "80M to 120M"}, ["mfu"]),
    ],
)
def test_each_point_is_a_run_of_its_own_to_the_bit(given, at, kind):
    """Against `run`, which draws everything afresh for the one value."""
    design = Design(kind=kind, draws=128, chains=3, seed=5)
    outputs = ["training_flop", "gpus"]
    points = 3 if any(".." in value for value in given.values()) else None
    event = "training_flop >= 1e26"
    found = us.sweep(
        given=given, points=points, outputs=outputs, design=design, events=[event], probs=[0.9]
    )
    assert list(found["median"].dims) == [*at, "output"]
    for index in np.ndindex(*(found.sizes[name] for name in at)):
        part = found.isel(dict(zip(at, index, strict=True)))
        values = {name: float(part[name]) for name in at}
        tree = us.run(given={**given, **values}, outputs=outputs, design=design)
        alone = us.summarize(tree, probs=[0.9])
        for name in alone.data_vars:
            held = part[name].isel(mode=slice(alone.sizes["mode"]), missing_dims="ignore")
            np.testing.assert_array_equal(held.values, alone[name].values, err_msg=name)
        chance = probability_in(parse_event(event, MODEL.variables), tree)
        assert part["probability"].item() == chance.value
        assert part["probability_mcse"].item() == pytest.approx(chance.mcse, nan_ok=True, rel=0)


def test_medians_of_a_constant_scenario_are_the_arithmetic_itself():
    found = us.sweep("post-2024-07", given={"budget": [1e8, 3e8]}, outputs=["gpu_hours"])
    assert found["median"].sel(output="gpu_hours").values.tolist() == [5e7, 1.5e8]
    assert found["budget"].attrs["units"] == "USD"
    assert found["budget"].attrs["long_name"]


def test_coordinates_are_in_the_variables_units():
    found = us.sweep(
        given={"facility_power": "0.1..0.3 GW", "training_time": "100 day"},
        points=3,
        outputs=["training_flop"],
        design=SMALL,
    )
    assert found["facility_power"].values == pytest.approx([100, 200, 300], rel=1e-12)
    assert found["facility_power"].attrs["units"] == "MW"


@pytest.mark.slow
def test_the_dataset_is_saved_and_read_back(tmp_path):
    import xarray as xr

    found = us.sweep(
        given={"budget": "1M..2M", "gpus": [10, 20]}, outputs=["training_time"], design=SMALL
    )
    found.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as read:
        assert dict(read.sizes) == dict(found.sizes)
        np.testing.assert_array_equal(read["eti"].values, found["eti"].values)


def test_a_sweep_draws_the_inputs_once(monkeypatch):
    from uncertain_scale.sampling.dependence import InputSampler

    chains = []
    draw = InputSampler.draw

    def counted(self, design, chain):
        if isinstance(design, Design):
            chains.append(chain)
        return draw(self, design, chain)

    monkeypatch.setattr(InputSampler, "draw", counted)
    us.sweep(given={"budget": "1M..1B"}, points=7, outputs=["training_flop"], design=SMALL)
    assert sorted(chains) == [0, 1, 2, 3]


def test_a_sweep_that_does_not_fit_in_memory_is_refused_with_the_numbers():
    design = Design(draws=1 << 26, chains=1 << 16)
    with pytest.raises(QuestionError, match=r"65,536 chains x 67,108,864 draws .* GiB of the"):
        us.sweep(given={"budget": "1M..1B"}, points=7, outputs=["training_flop"], design=design)


def test_heavy_tails_are_judged_at_each_point(tmp_path):
    """The mean of z^(-k) of a uniform z exists for k < 1 alone."""
    (tmp_path / "own.py").write_text("def y(z, k):\n    return z**-k\n", encoding="utf-8")
    text = "schema_version = 1\ninputs.z = { kind = 'uniform', lower = 0, upper = 1 }\n"
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    found = us.sweep(
        given={"k": [0.2, 0.75, 1.5]},
        equations=[tmp_path / "own.py"],
        priors=[tmp_path / "own.toml"],
        outputs=["y"],
        design=Design(draws=1024, chains=8),
    ).sel(output="y")
    assert np.isfinite(found["mean"].values).tolist() == [True, True, False]
    assert np.isfinite(found["sd"].values).tolist() == [True, False, False]
    assert found["mean"].values[0] == pytest.approx(1 / 0.8, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "options", "error", "words"),
    [
        ({"budgett": "1..2"}, {}, QuestionError, "did you mean 'budget'"),
        ({"budget": "1..2 MW"}, {}, UnitError, "incompatible with 'USD'"),
        ({"budget": "1M..2M", "training_flop": "1e26"}, {}, QuestionError, "over-determined"),
        ({"budget": "1M..2M", "training_flop": "1e26,1e27"}, {}, QuestionError, "over-determined"),
        ({"mfu": "0.1..0.2", "budget": "1M"}, {"outputs": ["gpus"]}, QuestionError, "no answer"),
        ({"alpha": "0.1..0.2", "budget": "1M"}, {}, QuestionError, "whole rows"),
        ({"budget": "-1..1"}, {"outputs": ["optimal_params"]}, UnitError, "budget must be above 0"),
        (
            {"budget": "0..100M USD"},
            {},
            UnitError,
            r"point; start there, as in 1000000\.\.100M USD",
        ),
        (
            {"pue": "80%..150%", "budget": "1M"},
            {},
            UnitError,
            r"at least 1 at every point; start there, as in 100\.\.150%",
        ),
        ({"budget": "-2M..-1M"}, {}, UnitError, "budget must be above 0"),
        ({"budget": "0, 1M"}, {}, UnitError, "above 0 at every point; drop the values"),
        ({"budget": "1M..2M"}, {"probs": [2]}, QuestionError, "between 0 and 1"),
        ({"budget": "1M..2M"}, {"events": ["x > 1"]}, QuestionError, "known"),
        ({"budget": "1M..2M"}, {"free": ["budget"]}, QuestionError, "given and free"),
    ],
)
def test_what_cannot_be_swept_is_told(given, options, error, words):
    with pytest.raises(error, match=words):
        us.sweep(given=given, design=SMALL, **options)


def test_a_variable_named_like_a_statistic_is_refused(tmp_path):
    (tmp_path / "own.py").write_text("def y(mean):\n    return 2 * mean\n", encoding="utf-8")
    with pytest.raises(QuestionError, match="'mean' names a statistic"):
        us.sweep(given={"mean": "1..2"}, equations=[tmp_path / "own.py"], design=SMALL)


@pytest.mark.parametrize("points", ["1", "x", "", "10001", "3:4"])
def test_points_behind_a_range_are_as_many_or_are_refused(points):
    _, (axis,) = read_axes({"budget": "10M..1B:3"}, points=7)
    assert axis.values == (1e7, 1e8, 1e9)
    with pytest.raises(QuestionError, match="is no number of points|a range has from 2"):
        read_axes({"budget": f"10M..1B:{points}"})
