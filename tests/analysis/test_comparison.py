"""Two scenarios on the same draws: ratios, differences, and what made them."""

import itertools
import math

import numpy as np
import pytest

from uncertain_scale import Design, Model, ask, default_model, load_priors
from uncertain_scale.analysis.comparison import compare, greater_in
from uncertain_scale.analysis.held_against import difference_of, has_ratio
from uncertain_scale.errors import QuestionError

MODEL = default_model()
SMALL = Design(draws=512, chains=8)


def scenario(name):
    return load_priors(name, variables=MODEL.variables)


def hold(
    base, *others, outputs=("training_flop", "gpu_hours", "facility_power"), design=SMALL, couple=()
):
    question = ask(MODEL, {"budget": "100M"}, outputs=outputs)
    over = [scenario(other) for other in others]
    return compare(MODEL, scenario(base), question, over, design, couple=couple)[1]


def test_the_sparse_peak_alone_doubles_flop_in_every_draw_and_moves_nothing_else():
    (found,) = hold("h100-dense-fp8", "h100-sparse-fp8")
    assert found.ratio["eti"].sel(output="training_flop").values.tolist() == [[2.0, 2.0]] * 3
    assert found.ratio["hdi"].sel(output="training_flop", mode=0).values.tolist() == [[2, 2]] * 3
    for name in ("gpu_hours", "facility_power"):
        assert float(found.ratio["sd"].sel(output=name)) == 0
        assert float(found.difference["median"].sel(output=name)) == 0
    assert list(found.changed) == ["sparsity_factor"]
    assert found.shares("training_flop") == {"sparsity_factor": pytest.approx(1, abs=1e-12)}
    assert found.shares("gpu_hours") == {}
    assert (found.greater["training_flop"], found.greater_mcse["training_flop"]) == (1, 0)
    assert found.greater["gpu_hours"] == 0
    assert (found.couplings, found.otherwise) == ({}, {})  # what is constant shares nothing


def test_the_parts_of_the_posts_overstatement_add_up_to_the_whole():
    (found,) = hold("h100-dense-fp8", "post-reading")
    parts = found.attribution["training_flop"]
    assert set(parts) == {"sparsity_factor", "precision_factor", "mfu"}
    assert parts["sparsity_factor"] == pytest.approx(math.log(2), abs=1e-12)
    medians = [
        np.median(tree) for tree in draws_of("training_flop", "h100-dense-fp8", "post-reading")
    ]
    assert math.fsum(parts.values()) == pytest.approx(math.log(medians[1] / medians[0]), rel=1e-12)
    assert found.factor("training_flop") == pytest.approx(medians[1] / medians[0], rel=1e-12)
    assert math.fsum(found.shares("training_flop").values()) == pytest.approx(1, rel=1e-12)


def draws_of(output, *names):
    from uncertain_scale import sample

    question = ask(MODEL, {"budget": "100M"}, outputs=[output])
    return [
        sample(MODEL, scenario(name), question, SMALL)[f"prior_predictive/{output}"].values
        for name in names
    ]


@pytest.mark.slow
def test_ratios_and_differences_are_draw_by_draw():
    """An independent recomputation from the two scenarios' own draws."""
    (found,) = hold("h100-dense-fp8", "gb200-dense-fp8")
    one, two = draws_of("training_flop", "h100-dense-fp8", "gb200-dense-fp8")
    shared = found.otherwise["shared"]
    low, high = shared.ratio["eti"].sel(output="training_flop", prob=0.9).values
    assert (low, high) == pytest.approx(np.quantile(two / one, [0.05, 0.95]), rel=1e-3)
    assert shared.greater["training_flop"] == pytest.approx((two > one).mean(), rel=1e-12)
    (found,) = hold("h100-dense-fp8", "gb200-dense-fp8", couple="shared")
    assert list(found.otherwise) == ["independent"]
    assert found.ratio["eti"].equals(shared.ratio["eti"])
    mean = float(found.difference["mean"].sel(output="training_flop"))
    assert mean == pytest.approx((two - one).mean(), rel=1e-12)


def test_a_shared_belief_makes_a_difference_far_more_exact_than_two_runs_would():
    (found,) = hold("h100-dense-fp8", "gb200-dense-fp8", couple="shared")
    one, two = draws_of("training_flop", "h100-dense-fp8", "gb200-dense-fp8")
    paired = float(found.difference["sd"].sel(output="training_flop"))
    assert paired < 0.7 * np.sqrt(one.var() + two.var())


def write_constants(path, values):
    lines = [f"inputs.{k} = {{ kind = 'constant', value = {v} }}" for k, v in values.items()]
    path.write_text("\n".join(["schema_version = 1", *lines]), encoding="utf-8")


def test_attribution_is_shapleys_value(tmp_path):
    """Against the definition, over all orders, for a sum, whose logarithms do not add up."""
    (tmp_path / "own.py").write_text("def y(a, b, c):\n    return a + b * c\n", encoding="utf-8")
    values = {"one": (1, 2, 3), "two": (4, 1, 5)}
    for name, numbers in values.items():
        lines = [
            f"inputs.{k} = {{ kind = 'constant', value = {v} }}"
            for k, v in zip("abc", numbers, strict=True)
        ]
        text = "\n".join(["schema_version = 1", *lines])
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    one, two = (
        load_priors(tmp_path / f"{name}.toml", variables=model.variables) for name in values
    )
    _, (found,) = compare(model, one, ask(model, {}, outputs=["y"]), [two], SMALL)

    def worth(names):
        a, b, c = (values["two" if k in names else "one"][i] for i, k in enumerate("abc"))
        return math.log(a + b * c)

    expected = dict.fromkeys("abc", 0.0)
    orders = list(itertools.permutations("abc"))
    for order in orders:
        for place, name in enumerate(order):
            gain = worth(order[: place + 1]) - worth(order[:place])
            expected[name] += gain / len(orders)
    assert found.attribution["y"] == pytest.approx(expected, rel=1e-12)


EDGE = """
schema_version = 1
inputs.x = {{ kind = "lognormal", mu = {}, sigma = 1 }}
"""


def test_the_ratio_of_medians_is_not_split_at_the_edge_of_zero(tmp_path):
    """The base is 0 with probability a half, so that its median is 0, whatever draws say."""
    laws = ["import numpy as np", "def y(x):", "    return np.maximum(x - 1, 0)"]
    text = "\n".join([*laws, "def w(x):", "    return x * 2"])
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    for name, mu in (("one", 0), ("two", 0.3)):
        (tmp_path / f"{name}.toml").write_text(EDGE.format(mu), encoding="utf-8")
    one, two = (
        load_priors(tmp_path / f"{name}.toml", variables=model.variables) for name in ("one", "two")
    )
    question = ask(model, {}, outputs=["y", "w"])
    for base, other in ((one, two), (two, one)):
        _, (found,) = compare(model, base, question, [other], SMALL)
        assert list(found.attribution) == ["w"]


def test_many_changes_are_attributed_by_sampled_orders_that_still_add_up(tmp_path):
    names = [f"x{number}" for number in range(13)]
    arguments = ", ".join(names)
    (tmp_path / "own.py").write_text(
        f"def y({arguments}):\n    return {' * '.join(names)}\n", encoding="utf-8"
    )
    for file, value in (("one", 1), ("two", 2)):
        write_constants(tmp_path / f"{file}.toml", dict.fromkeys(names, value))
    model = Model.of(tmp_path / "own.py")
    one, two = (
        load_priors(tmp_path / f"{file}.toml", variables=model.variables) for file in ("one", "two")
    )
    design = Design(draws=2, chains=2)
    _, (found,) = compare(model, one, ask(model, {}, outputs=["y"]), [two], design)
    assert found.attribution["y"] == pytest.approx(dict.fromkeys(names, math.log(2)), rel=1e-9)


def test_a_scenario_that_cannot_answer_is_named(tmp_path):
    (tmp_path / "few.toml").write_text(
        "schema_version = 1\ninputs.mfu = { kind = 'constant', value = 0.3 }\n", encoding="utf-8"
    )
    question = ask(MODEL, {"budget": "100M"}, outputs=["gpu_hours"])
    few = load_priors(tmp_path / "few.toml", variables=MODEL.variables)
    with pytest.raises(QuestionError, match="few: gpu_hours does not follow"):
        compare(MODEL, scenario("base"), question, [few], SMALL)


def test_an_output_that_can_be_zero_has_no_ratio(tmp_path):
    (tmp_path / "own.py").write_text("def y(a):\n    return a\n", encoding="utf-8")
    text = "schema_version = 1\ninputs.a = { kind = 'bernoulli', p = 0.5 }\n"
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    one = load_priors(tmp_path / "one.toml", variables=model.variables)
    _, (found,) = compare(model, one, ask(model, {}, outputs=["y"]), [one], SMALL)
    assert list(found.ratio["output"].values) == []
    assert found.greater == {"y": 0.0}


@pytest.mark.parametrize(
    ("base", "other", "told"),
    [
        ([1, 2], [3, 4], True),
        ([-1, -2], [-3, -4], True),
        ([1, 2], [0, 4], True),
        ([0, 2], [3, 4], False),
        ([1, 2], [-3, 4], False),
        ([-1, 2], [3, 4], False),
        ([1, 2], [-3, -4], False),
    ],
)
def test_a_ratio_is_of_answers_of_one_sign_over_a_base_that_is_never_0(base, other, told):
    assert has_ratio(np.array(base), np.array(other)) is told


def test_rounding_of_the_two_sides_is_no_difference(tmp_path):
    """Two sums with one median, 1, of which the laws are computed by other roundings."""
    law = 'def y(a, b):\n    """A sum."""\n    return a / 3 + b * 0.1\n'
    (tmp_path / "own.py").write_text(law, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = []
    for name, sigma in (("one", 1), ("two", 2)):
        path = tmp_path / f"{name}.toml"
        path.write_text(
            "schema_version = 1\n"
            f'inputs.a = {{ kind = "normal", mu = 3, sigma = {sigma} }}\n'
            'inputs.b = { kind = "normal", mu = 0, sigma = 1 }\n',
            encoding="utf-8",
        )
        priors.append(load_priors(path, variables=model.variables))
    question = ask(model, {}, outputs=["y"])
    found = compare(model, priors[0], question, priors[1:], SMALL)[1][0]
    assert float(found.difference["median"].sel(output="y")) == 0
    low, high = found.difference["eti"].sel(output="y", prob=0.9).values
    assert high == pytest.approx(1.6448536 * math.sqrt(5) / 3, rel=1e-6)
    assert low == pytest.approx(-high, rel=1e-9)


RARE = '''
import numpy as np


def cost(repair, outage, accident):
    """An accident that no draw shows."""
    return np.maximum(repair, outage) * (1 + 100000.0 * accident)


def flood(repair, wave):
    """A branch that no draw takes."""
    return np.where(wave > 30, 1e12, repair)


def dry(repair, outage, factor):
    """What a constant changes."""
    return np.maximum(repair, outage) * factor


def scaled(wave):
    """What an input alone scales."""
    return wave * 2
'''


def rare(tmp_path, accident, factor, beta):
    path = tmp_path / f"rare{factor}.toml"
    path.write_text(
        "schema_version = 1\n"
        'inputs.repair = { kind = "uniform", lower = 0.5, upper = 1 }\n'
        'inputs.outage = { kind = "uniform", lower = 0.5, upper = 1 }\n'
        f'inputs.accident = {{ kind = "bernoulli", p = {accident} }}\n'
        f'inputs.factor = {{ kind = "constant", value = {factor} }}\n'
        f'inputs.wave = {{ kind = "gamma", alpha = 1, beta = {beta} }}\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("couple", ["shared", "independent"])
def test_equal_draws_are_no_constant_where_a_change_is_in_none_of_them(tmp_path, couple):
    (tmp_path / "own.py").write_text(RARE, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    base, other = (
        load_priors(rare(tmp_path, *values), variables=model.variables)
        for values in ((1e-7, 1, 1.0), (2e-7, 2, 1.25))
    )
    question = ask(model, {}, outputs=["cost", "flood", "dry", "scaled"])
    _, (found,) = compare(model, base, question, [other], SMALL, couple=couple)
    bound = 1 - 0.05 ** (1 / 4096)
    for name in ("cost", "flood"):
        for held in (found.ratio, found.difference):
            one = held.sel(output=name)
            for moment in ("mean", "sd"):
                assert str(one[f"{moment}_state"].item()) == "unsettled"
                assert "not settled" in str(one[f"{moment}_reason"].item())
        assert found.greater[name] == 0
        assert math.isnan(found.greater_mcse[name])
        assert found.greater_ends[name] == (0, pytest.approx(bound))
    doubled = found.ratio.sel(output="dry")
    assert (float(doubled["mean"]), str(doubled["mean_state"].item())) == (2, "exact")
    assert found.greater_ends["dry"] == (1, 1)
    if couple == "shared":
        scaled = found.ratio.sel(output="scaled")
        assert float(scaled["mean"]) == pytest.approx(0.8)
        assert str(scaled["mean_state"].item()) != "unsettled"


def test_an_answer_behind_which_nothing_differs_is_unchanged_whatever_it_misses(tmp_path):
    (tmp_path / "own.py").write_text(RARE, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    base, other = (
        load_priors(rare(tmp_path, 1e-7, factor, 1.0), variables=model.variables)
        for factor in (1, 3)
    )
    question = ask(model, {}, outputs=["cost", "flood", "dry"])
    _, (found,) = compare(model, base, question, [other], SMALL)
    for name in ("cost", "flood"):
        one = found.ratio.sel(output=name)
        assert (float(one["mean"]), str(one["mean_state"].item())) == (1, "exact")
        assert found.greater_ends[name] == (0, 0)
    assert found.greater_ends["dry"] == (1, 1)


def test_a_difference_of_draws_is_0_only_within_their_last_digits():
    one = np.array([[1.0, 1.0, 1e20, 0.0]])
    two = np.array([[1 + 1e-15, 1 + 1e-14, 1e20 + 1e6, 1e-300]])
    difference = difference_of(two, one)
    assert difference[0, [0, 3]].tolist() == [0, 1e-300]
    assert difference[0, 1] == pytest.approx(1e-14, rel=0.02)
    assert difference[0, 2] == (1e20 + 1e6) - 1e20
    assert greater_in(two, one, None, lambda: None).value == 0.75
