"""Laws solved for their arguments: which are, which are not, and when the inverses are used."""

import inspect
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import uncertain_scale as us
from uncertain_scale.errors import ModelError, OverdeterminedError, QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.model import Model, ask, default_model, solve
from uncertain_scale.model.calls import call
from uncertain_scale.model.equation import Equation
from uncertain_scale.model.invert import inverse, other_inverses

HEAD = """from typing import Annotated
import numpy as np
from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import empirical
"""
PRIORS = load_priors("base", variables=default_model().variables)


@pytest.fixture
def build(tmp_path):
    def built(text, base=None):
        path = tmp_path / "own.py"
        path.write_text(HEAD + text, encoding="utf-8")
        return Model.of(path) if base is None else base.extended(path)

    return built


def law(function):
    arguments = tuple(inspect.signature(function).parameters)
    return Equation("y", "y", arguments, {}, function, "own")


def solved(body, signed=()):
    """Return what a law y(x, z) is solved for."""
    scope = {"np": np}
    exec(f"def y(x, z):\n    return {body}", scope)  # noqa: S102
    function = scope["y"]
    function.__module__ = __name__
    return [one.target for one in other_inverses(law(function), signed)]


@pytest.mark.parametrize(
    "body",
    [
        "x * z + 1e-300",
        "x * z - 1e-12 * z",
        "x * z * (1 + 1e-15 * x)",
        "x * z + 0 * x",
        "np.maximum(x * z, 1e-30)",
        "np.minimum(x * z, 1e300)",
        "np.clip(x * z, 0, np.inf)",
        "np.round(x * z, 12)",
        "np.rint(1e9 * x * z) / 1e9",
        "np.floor(1e9 * x * z) / 1e9",
        "x * z // 1e-9",
        "x * z % 1e300",
        "np.where(x > 1, x**2, x) * z",
        "np.piecewise(x, [x < 1, x >= 1], [1, 2]) * z",
        "x * z if np.all(x > 0) else z",
        "np.abs(x) * z",
        "x**z",
        "z * np.exp(x)",
        "x.mean() * z",
        "x * z * x.size",
        "np.sort(x) * z",
        "x * z * 0",
        "x * z * 1e308 * 1e308",
        "x * z * np.nan",
        "(x * z).astype(np.float32)",
        # Products for what is no array, and else capped, rounded or shifted.
        "np.minimum(x * z, 1e25) if isinstance(x, np.ndarray) else x * z",
        "np.float32(x) * z if isinstance(x, np.ndarray) else x * z",
        "x * z * (1 + 1e-9) if isinstance(x, np.ndarray) else x * z",
    ],
)
@pytest.mark.parametrize("signed", [(), ("x", "z")])
def test_what_is_nearly_a_product_is_not_solved(body, signed):
    assert solved(body, signed) == []


@pytest.mark.parametrize(
    ("body", "positive", "signed"),
    [
        ("x * z", "xz", "xz"),
        ("x / z", "xz", "xz"),
        ("-2 / x / z", "xz", "xz"),
        ("x**2 * z", "xz", "z"),
        ("z / x**-4", "xz", "z"),
        ("x**3 * z", "xz", "z"),
        ("x**0.5 * z", "xz", "xz"),  # nan for a negative x
        ("x**-0.76 / z", "xz", "xz"),
        ("np.sqrt(x * z)", "xz", ""),  # real for two negative numbers, too
        ("(x**2) ** 0.5 * z", "xz", ""),  # |x| z
        ("x / x * z", "z", "z"),
        ("x**0.3 / x**0.1 / x**0.2 * z", "z", "z"),
        ("np.sqrt(-x) * z", "", ""),
    ],
)
def test_powers_are_solved_where_one_root_follows(body, positive, signed):
    assert "".join(solved(body)) == positive
    assert "".join(solved(body, ("x", "z"))) == signed


def test_an_inverse_keeps_the_constant_and_says_what_it_is():
    (by_x, _) = other_inverses(law(lambda x, z: x**2 / (24.0 * z) * (1 + 1e-9)), ())
    assert (by_x.name, by_x.arguments) == ("x__from_y", ("y", "z"))
    assert by_x.summary == "y solved for x"
    assert "(y x z x 23.999999976)^0.5" in by_x.function.__doc__
    assert by_x.function(np.array([3.0]), np.array([2.0]))[0] == pytest.approx(
        math.sqrt(3 * 2 * 24 / (1 + 1e-9)), rel=1e-15
    )


@pytest.mark.parametrize("power", [0.5, 1.5, 2.0, -2.0, -0.05])
def test_no_argument_is_found_for_a_result_that_the_law_never_gives(power):
    (by_x,) = other_inverses(law(lambda x: 3.0 * x**power), ())
    assert np.isnan(call(by_x, [np.array([-3.0])]))


POWERS = st.sampled_from([1, -1, 2, -2, 3, 0.5, -0.5, 1 / 3, 0.76, -1.27])
SPOILED = {
    "a tiny term": lambda y, c: y + 1e-15 * c,
    "a cap": lambda y, c: np.minimum(y, 1e30 * c),
    "a floor": lambda y, c: np.maximum(y, 1e-30 * c),
    "steps": lambda y, c: np.floor(y / c) * c,
    "two ranges": lambda y, c: np.where(y > c, y, 2 * y),
    "a bend": lambda y, c: y * (1 + 1e-12 * y / c),
}


@given(
    powers=st.lists(POWERS, min_size=1, max_size=4),
    constant=st.floats(1e-12, 1e12),
    seed=st.integers(0, 999),
    spoil=st.sampled_from(sorted(SPOILED)),
)
@settings(max_examples=100, deadline=None)
def test_every_product_is_undone_and_none_that_is_spoiled(powers, constant, seed, spoil):
    names = [f"x{k}" for k, _ in enumerate(powers)]

    def product(*arrays, **named):
        found = constant
        for array, power in zip(arrays or [named[n] for n in names], powers, strict=True):
            found = found * array**power
        return found

    def spoiled(*arrays, **named):
        return SPOILED[spoil](product(*arrays, **named), constant)

    random = np.random.default_rng(seed)
    values = {name: 10 ** random.uniform(-3, 3, 20) for name in names}
    values["y"] = product(**values)
    one = Equation("y", "y", tuple(names), {}, product, "own")
    for name in names:
        found = inverse(one, f"{name}__of_y", "It")
        result = found.function(*(values[argument] for argument in found.arguments))
        assert result == pytest.approx(values[name], rel=1e-12)
    assert not list(other_inverses(Equation("y", "y", tuple(names), {}, spoiled, "own"), ()))


def test_own_laws_are_the_last_resort(build):
    model = build("def y(x, z):\n    return x * z\ndef x(p):\n    return 2 * p\n")
    assert [e.name for e in model.equations] == ["y", "x"]
    assert [e.name for e in model.inverses] == ["x__from_y", "z__from_y", "p__from_x"]

    def plan(given, output):
        return solve(model, PRIORS, ask(model, dict.fromkeys(given, 3.0), outputs=[output]))

    assert str(plan("yz", "x").reached["x"].equation) == "x__from_y(y, z)"
    assert [str(e) for e in plan("yz", "p").steps] == ["x__from_y(y, z)", "p__from_x(x)"]
    assert [str(e) for e in plan("yp", "z").steps] == ["x(p)", "z__from_y(y, x)"]
    assert str(plan("yp", "x").reached["x"].equation) == "x(p)"
    with pytest.raises(OverdeterminedError, match=r"y follows in two ways.*y\(x, z\)"):
        plan("yzp", "x")
    with pytest.raises(QuestionError, match="does not follow"):
        plan("z", "x")


def test_what_a_file_states_both_ways_is_not_solved_again(build):
    model = build("def y(x, z):\n    return x * z\ndef x__mine(z, y):\n    return y / z\n")
    assert [e.name for e in model.inverses] == ["z__from_y"]
    question = ask(model, {"y": 6.0, "z": 3.0}, outputs=["x"])
    assert str(solve(model, PRIORS, question).reached["x"].equation) == "x__mine(z, y)"


def test_an_equation_of_the_name_is_left_alone(build):
    model = build("def y(x, z):\n    return x * z\ndef x__from_y(y, w):\n    return y - w\n")
    assert [e.name for e in model.inverses] == ["z__from_y"]


def test_laws_that_no_answer_needs_are_not_solved_and_contradict_nothing(build):
    """By e, h and their factors d has two values; a has one."""
    model = build(
        "def e(d, g):\n    return d * g\ndef h(d, k):\n    return d * k\n"
        "def f(a, b):\n    return a * b\n"
    )
    given = dict.fromkeys("eghkfb", 2.0)
    found = solve(model, PRIORS, ask(model, given, outputs=["a"]))
    assert [str(one) for one in found.steps] == ["a__from_f(f, b)"]
    with pytest.raises(OverdeterminedError, match="h follows in two ways"):
        solve(model, PRIORS, ask(model, given, outputs=["d"]))


def test_a_given_decides_before_a_prior_does(tmp_path):
    equations = "def other(a, c):\n    return a * c\ndef first(a, b):\n    return a * b\n"
    (tmp_path / "own.py").write_text(equations, encoding="utf-8")
    inputs = "".join(
        f'[inputs.{name}]\nkind = "constant"\nvalue = {value}\nunits = "1"\n'
        for name, value in (("other", 2), ("b", 3), ("c", 4))
    )
    (tmp_path / "own.toml").write_text(
        f'schema_version = 1\ntitle = "t"\n{inputs}', encoding="utf-8"
    )
    tree = us.run(
        equations=[tmp_path / "own.py"],
        priors=[tmp_path / "own.toml"],
        given={"first": 15.0},
        outputs=["a"],
        design=us.Design(draws=16, chains=2),
    )
    assert np.unique(tree["prior_predictive/a"]) == 5.0


def test_fitted_laws_are_solved_too(build):
    model = build(
        "@empirical\n"
        'def loss(training_flop: Annotated[float, "FLOP"]) -> Annotated[float, "1"]:\n'
        "    return 25 * training_flop**-0.05\n"
    )
    (found,) = model.inverses
    assert found.function(np.array([25 * 1e24**-0.05]))[0] == pytest.approx(1e24, rel=1e-10)


RENT = """def gpu_hours(
    budget: Annotated[float, "USD"], hourly_rate: Annotated[float, "USD/gpu/hour"], share
) -> Annotated[float, "gpu*hour"]:
    return {}
"""


def test_a_law_that_replaces_another_is_solved_under_the_same_names(build):
    model = build(RENT.format("budget / hourly_rate * share"), default_model())
    names = [e.name for e in model.equations]
    assert names == [e.name for e in default_model().equations]
    budget = next(e for e in model.equations if e.name == "budget__from_hours")
    assert budget.arguments == ("gpu_hours", "hourly_rate", "share")
    assert budget.summary == "Cost of the training run's GPU time"
    assert budget.function(*np.array([[6.0], [2.0], [0.5]])) == [24.0]


def test_inverses_go_with_a_law_that_is_replaced_by_what_cannot_be_solved(build):
    model = build(RENT.format("budget / hourly_rate * np.maximum(share, 1)"), default_model())
    gone = {e.name for e in default_model().equations} - {e.name for e in model.equations}
    assert gone == {"budget__from_hours", "hourly_rate__implied"}


def test_an_equation_of_ones_own_replaces_an_inverse(build):
    text = """def hourly_rate__implied(
    budget: Annotated[float, "USD"], gpu_hours: Annotated[float, "gpu*hour"]
) -> Annotated[float, "USD/gpu/hour"]:
    return budget / gpu_hours
"""
    model = build(text, default_model())
    (found,) = (e for e in model.equations if e.name == "hourly_rate__implied")
    assert found.law is None


@pytest.mark.parametrize(
    ("body", "name"), [("x + z", "x__from_y"), ("x * z", "w__from_y"), ("z * 1.0", "x__from_y")]
)
def test_an_inverse_that_a_law_names_and_has_not_is_refused(build, body, name):
    with pytest.raises(ModelError, match=rf"own.py:5 y\(x, z\) cannot be solved as {name}"):
        build(f"@inverses({name}='It')\ndef y(x, z):\n    return {body}\n")


def test_inverses_go_to_workers_as_bytes():
    cloudpickle = pytest.importorskip("cloudpickle")
    one = next(e for e in default_model().equations if e.name == "mfu__implied")
    again = cloudpickle.loads(cloudpickle.dumps(one))
    assert again.function(*np.array([[24.0], [2.0], [3.0], [4.0]])) == [1.0]
    assert (again.where, again.builtin) == (one.where, True)
