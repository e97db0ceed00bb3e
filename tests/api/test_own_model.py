"""Models of functions and inputs in memory: their units, draws, files, and what is refused."""

import functools
import types
from typing import Annotated

import numpy as np
import pytest
import scipy.stats

import uncertain_scale as us
from uncertain_scale.model.memory import read_laws
from uncertain_scale.units.aliases import Positive, empirical

FEW = {"draws": 128, "chains": 4}
SCALE: Annotated[float, "kW/MW"] = 1000.0
PLAIN = 2.5


def recovery(rate, life):
    """Capital recovery factor: the share of a sum that is paid back each year."""
    return rate / (1 - (1 + rate) ** -life)


def halved(x):
    return x / 2


def lcoe(capex: Annotated[float, "USD/MW"], recovery, load, hours) -> Annotated[float, "USD/MWh"]:
    """Levelised cost of energy."""
    return capex * recovery / (load * hours)


INPUTS = {
    "capex": us.to(8e5, 14e5, "USD/MW"),
    "rate": {"kind": "uniform", "lower": 0.04, "upper": 0.09, "source": "the bank"},
    "load": us.beta(20, 30),
    "life": scipy.stats.norm(25, 3),
    "hours": (8760, "hour"),
}


def build(**more):
    return us.Model([recovery, lcoe], inputs=INPUTS, **more)


def test_units_come_from_inputs_annotations_and_formulas():
    model = us.Model(
        {
            "power": lambda energy, hours: energy / hours,
            "bill": (lambda power, hours, price: power * hours * price, "USD"),
            "ratio": lambda power, capacity: power / capacity,
            "large": lambda power, limit: power > limit,
        },
        inputs={
            "energy": us.to(10, 20, "MWh"),
            "hours": "24 hour",
            "price": us.to(30, 60, "USD/MWh"),
            "capacity": (3, "MW"),
            "limit": (1, "MW"),
        },
    )
    assert model.variables["bill"] == "USD"
    assert model.variables["large"] == "1"
    answer = model.ask(**FEW).run()
    assert answer["power"].attrs["units"] == "megawatt_hour/hour"
    expected = answer["energy"] * answer["price"]
    np.testing.assert_allclose(answer["bill"], expected, rtol=1e-12)
    assert model.headline[0] == "bill"


@pytest.mark.parametrize(
    ("laws", "inputs", "words"),
    [
        ({"a": lambda x, y: x + y}, {"x": (1, "USD"), "y": (1, "hour")}, "units do not work out"),
        ({"a": (lambda x: x, "kW")}, {"x": (1, "MW")}, "off by a factor 1000"),
        ({"a": (lambda x, y: x + y, "kW")}, {"x": (1, "kW"), "y": (1, "MW")}, "terms"),
        ({"a": (lambda x: x, "bananas")}, {"x": 1}, "'bananas' is not a unit"),
        ({"a": lambda b: b, "b": lambda a: a}, {}, "follow from themselves"),
    ],
)
def test_units_that_do_not_go_together_are_refused(laws, inputs, words):
    with pytest.raises(us.UncertainScaleError, match=words):
        us.Model(laws, inputs=inputs)


def test_draws_are_those_of_the_same_model_in_files(tmp_path, monkeypatch):
    """To the bit, with what the equations take from around them."""
    monkeypatch.chdir(tmp_path)
    share = 0.5
    model = us.Model(
        [
            recovery,
            lcoe,
            {
                "profit": lambda price, lcoe, energy: halved(energy * (price - lcoe)) * PLAIN,
                "power": (lambda small: small * SCALE * np.sqrt(share), "kW"),
            },
        ],
        inputs={
            **INPUTS,
            "price": us.normal(60, 5, "USD/MWh"),
            "energy": "1k to 2k MWh",
            "small": us.to(1, 2, "MW"),
        },
        correlations={("capex", "load"): -0.3, ("price", "energy"): 0.5},
        title="A plant",
    )
    files = model.to_files("plant")
    assert [path.name for path in files] == ["plant.py", "plant.toml"]
    prior_file = files[1].read_text(encoding="utf-8")
    assert prior_file.count('source = "to be filled in"') == len(model.priors.inputs) - 1 + 2
    assert 'source = "the bank"' in prior_file
    wanted = ["profit", "lcoe", "power", "recovery"]
    answer = model.ask(outputs=wanted, **FEW).run()
    again = us.ask(equations="plant.py", priors="plant.toml", outputs=wanted, **FEW).run()
    assert {*answer} == {*again}
    for name in answer:
        assert answer[name].equals(again[name].assign_attrs(answer[name].attrs)), name
    assert again.problem.model.long_name("lcoe") == "Levelised cost of energy"
    with pytest.raises(us.UncertainScaleError, match="already holds plant.py"):
        model.to_files("plant")


def test_files_keep_domains_and_marks(tmp_path):
    @empirical
    def loss(flop: Annotated[float, "FLOP", Positive]) -> Annotated[float, "1"]:
        """Loss by a fit."""
        return 1.7 + 25 * flop**-0.05

    model = us.Model(loss, inputs={"flop": us.to(1e24, 1e26, "FLOP")})
    text = model.to_files(tmp_path / "fit")[0].read_text(encoding="utf-8")
    assert "@empirical" in text
    assert "Domain('(0, inf)')" in text
    with pytest.raises(us.UncertainScaleError, match="flop must be above 0"):
        us.ask(equations=tmp_path / "fit.py", priors=tmp_path / "fit.toml", flop=-1)


def test_what_cannot_be_written_is_refused(tmp_path):
    table = {"a": 1}
    beside = us.Model({"y": lambda x: x * table["a"]}, inputs={"x": 1})
    with pytest.raises(us.UncertainScaleError, match="rests on table, a dict"):
        beside.to_files(tmp_path / "one")
    unseen = {}
    exec("def y(x):\n    return x * 2\n", unseen)  # noqa: S102
    with pytest.raises(us.UncertainScaleError, match="source of y cannot be read"):
        us.Model(unseen["y"], inputs={"x": 1}).to_files(tmp_path / "two")
    assert not list(tmp_path.iterdir())


def test_modules_in_memory_files_and_functions_go_together(tmp_path):
    module = types.ModuleType("inmemory")
    text = 'from typing import Annotated\nHALF: Annotated[float, "1"] = 0.5\n'
    exec(text + "def half(x):\n    return x * HALF\n", vars(module))  # noqa: S102
    (tmp_path / "more.py").write_text("def third(half):\n    return half / 3.0\n", encoding="utf-8")
    model = us.Model([module, tmp_path / "more.py", lambda_named()], inputs={"x": us.to(2, 4)})
    answer = model.ask(**FEW).run()
    np.testing.assert_allclose(answer["sixth"], answer["x"] / 12)


def lambda_named():
    return {"sixth": lambda third: third / 2}


def test_the_built_in_model_is_extended_by_functions():
    def staff_cost(training_time, daily_staff_cost: Annotated[float, "USD/day"]):
        """Cost of the staff while a run lasts."""
        return training_time * daily_staff_cost

    model = us.default_model().extended(
        staff_cost, {"total_cost": lambda budget, staff_cost: budget + staff_cost}
    )
    assert isinstance(model, us.Model)
    assert model.variables["total_cost"] == "USD"
    asked = model.ask(
        training_flop="4e25",
        gpus="16k",
        daily_staff_cost="200k to 400k",
        outputs=["staff_cost", "training_time"],
        **FEW,
    )
    answer = asked.run()
    parts = answer["training_time"] * answer["daily_staff_cost"]
    np.testing.assert_allclose(answer["staff_cost"], parts, rtol=1e-12)
    swept = model.ask(gpus="16k", daily_staff_cost=3e5, outputs="total_cost", **FEW)
    assert swept.sweep(training_flop=["1e25", "2e25"]).data["median"].shape == (2, 1)
    dated = model.ask(date="2027", outputs="frontier_flop", **FEW).run()
    assert (dated["frontier_flop"] > 0).all()
    fp8 = model.ask(scenario="h100-dense-fp8", budget="1M", outputs="gpu_hours", **FEW)
    assert fp8.priors.name == "h100-dense-fp8"


def test_the_analyses_work_on_a_model_of_ones_own():
    model = build()
    asked = model.ask(event="lcoe >= 20 USD/MWh", **FEW)
    assert 0 < asked.run().probability("lcoe >= 20 USD/MWh").value < 1
    ranked = asked.sensitivity("lcoe").data
    assert ranked["shapley"].sum("input").sel(scale="value").item() == pytest.approx(1)
    other = us.Model([recovery, lcoe], inputs={**INPUTS, "load": us.beta(40, 30)})
    held = asked.compare(other.ask(), other.priors)
    assert [float(one.ratio["median"][0]) < 1 for one in held.data] == [True, True]
    swept = asked.sweep(load=[0.2, 0.4])
    medians = swept.data["median"].sel(output="lcoe").values
    np.testing.assert_allclose(medians[0] / medians[1], 2, rtol=1e-9)
    assert "Best to minimise lcoe: load 0.4" in repr(asked.decide(load=[0.2, 0.4], minimise="lcoe"))
    freed = us.Model({"area": lambda side: side**2}, inputs={"side": (3, "m")})
    assert float(freed.ask(side="2 m").run()["area"][0, 0]) == 4


def test_correlations_are_drawn():
    model = build(correlations={("capex", "load"): -0.6})
    answer = model.ask(draws=1024).run()
    found = scipy.stats.spearmanr(answer["capex"].values.ravel(), answer["load"].values.ravel())
    assert found.statistic == pytest.approx(-0.6, abs=0.02)


def test_a_digest_changes_with_the_functions_and_the_numbers_they_take():
    factor = 2.0
    law = {"y": lambda x: x * factor}
    first = us.Model(law, inputs={"x": 1}).digest()
    assert us.Model(law, inputs={"x": 2}).digest() == first
    factor = 3.0
    assert us.Model(law, inputs={"x": 1}).digest() != first
    assert us.Model({"y": lambda x: x * 3}, inputs={"x": 1}).digest() != first


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: us.Model([lambda x: x]), 'a lambda has no name; write {"name": lambda'),
        (lambda: us.Model([]), "equations: found none"),
        (lambda: us.Model(3), "equations: found int 3"),
        (lambda: us.Model({"a b": halved}), "'a b' is not a name"),
        (lambda: us.Model({"x": halved}), "computes 'x' from itself"),
        (lambda: us.Model([halved, halved]), "halved is an equation twice"),
        (lambda: us.Model(print), "print is a builtin_function_or_method object"),
        (lambda: us.Model(functools.partial(halved, 3)), "partial object"),
        (lambda: us.Model({"a": lambda x=3: x}), "has a default for 'x'"),
        (lambda: us.Model(recovery, inputs={"rte": 3}), "inputs: 'rte' .* did you mean 'rate'"),
        (lambda: us.Model(recovery, inputs=[1]), "inputs: found list"),
        (lambda: us.Model(recovery, inputs={"rate": "5 to 3"}), "inputs rate: .*not below"),
        (lambda: us.Model(recovery, inputs={"rate": object()}), "inputs rate = '<object"),
        (lambda: us.Model(recovery, inputs={"rate": {"value": 3, "sorce": 1}}), "'source'"),
        (lambda: us.Model(recovery, inputs={"rate": {"value": 3, "as_of": 1}}), "not a day"),
        (lambda: us.Model(recovery, inputs={3: 3}), "inputs: 3 is no name"),
        (lambda: us.Model(halved, inputs={"x": np.array([1.0, 2.0])}), "us.empirical"),
        (lambda: build(correlations={("capex", "lod"): 0.3}), "'lod' .* did you mean 'load'"),
        (lambda: build(correlations={("capex", "load"): 2}), "2 does not lie from -1 to 1"),
        (lambda: build(correlations={"capex": 0.3}), "'capex' is no pair"),
        (lambda: build(correlations=[1]), "correlations: found list"),
        (lambda: build().ask(lod=3), "'lod' is not a variable .* did you mean 'load'"),
        (lambda: build().ask(outputz="lcoe"), "did you mean 'outputs'"),
        (lambda: build().ask(training_flop=3), "'training_flop' is not a variable of the model"),
        (lambda: us.Model(recovery).ask().run(), "rate"),
    ],
)
def test_what_is_wrong_is_one_clear_error(call, words):
    with pytest.raises(us.UncertainScaleError, match=words) as told:
        call()
    assert len(str(told.value).splitlines()) == 1


def test_annotations_that_only_a_checker_reads_are_passed_by():
    module = types.ModuleType("checked")
    text = (
        "from __future__ import annotations\nfrom typing import Annotated\n"
        'QUESTION: Mapping[str, str] = {}\nSCALE: Annotated[float, "kW/MW"] = 1000.0\n'
        'def y(x: Annotated[float, "MW"]) -> Annotated[float, "kW"]:\n    return x * SCALE\n'
    )
    exec(text, vars(module))  # noqa: S102 (ours)
    assert us.Model(module, inputs={"x": (2, "MW")}).variables["y"] == "kW"


def test_laws_alone_are_read_without_inputs():
    (law,) = read_laws({"y": lambda x: 2 * x}, {"x": "USD"})
    assert law.units == {"x": "USD", "y": "USD"}
