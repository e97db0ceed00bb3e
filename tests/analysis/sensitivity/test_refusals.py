"""Groups, refusals, constants, and outputs that no input moves: each one clear word."""

import numpy as np
import pytest

from uncertain_scale.analysis.sensitivity import (
    decision_value,
    interval_reduction,
    parse_groups,
    rank_correlation,
    sensitivity,
    shapley_effects,
    sobol_indices,
    swing,
)
from uncertain_scale.errors import QuestionError
from uncertain_scale.model import ask
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare

SMALL = Design(draws=256, chains=4, seed=1)
EQUATIONS = '''
def y(a, b, c, d):
    """A product and a sum."""
    return a * b + c + d
'''
INPUTS = """
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.c = { kind = "uniform", lower = 0, upper = 1 }
inputs.d = { kind = "constant", value = 2.0 }
"""


def only(*names):
    """Return the inputs of these names."""
    return "".join(f"{line}\n" for line in INPUTS.splitlines() if line[7:8] in names)


NORMAL = 'inputs.e = { kind = "normal", mu = 0, sigma = 1 }\n'
TIES = '[[correlations]]\ninputs = ["a", "b"]\nrank = 0.5\n'


@pytest.fixture(scope="module")
def base():
    model, priors = prepare("base")
    return model, priors, ask(model, {"budget": "100M"})


def test_users_groups_merge_inputs(asked):
    question = asked(EQUATIONS, INPUTS)
    found = sobol_indices(*question, SMALL, groups=parse_groups(["product=a,b"]), on=["value"])
    assert found.group.values.tolist() == ["product", "c"]
    assert found["members"].values.tolist() == ["a,b", "c"]
    assert float(found["first"].sum()) == pytest.approx(1, abs=0.05)
    tied = sobol_indices(*asked(EQUATIONS, INPUTS + TIES), SMALL, on=["value"])
    assert tied.group.values.tolist() == ["a+b", "c"]
    everything = sobol_indices(*question, SMALL, groups={"all": ["a", "b", "c"]})
    assert everything["first"].values.ravel().tolist() == [1, 1]


def test_the_price_group_of_the_budget_question(base):
    groups = parse_groups(["price=gpu_price,hourly_rate"])
    found = sobol_indices(*base, SMALL, groups=groups, on=["log"]).sel(scale="log")
    assert float(found["first"].sel(output="breakeven_time", group="price")) == 1
    plain = sobol_indices(*base, SMALL, on=["log"]).sel(scale="log")
    of = {"output": "training_flop"}
    assert found["first"].sel(group="price", **of) == plain["first"].sel(group="hourly_rate", **of)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["one=a,c", "two=c"], "groups 'one' and 'two' overlap in c; put it into one of them"),
        (
            ["one=a,c"],
            "group 'one' tears a from b, which y rests on too and which hang together; add b",
        ),
        (["one=a,bb"], "group 'one' holds 'bb', which is no input of this question"),
        (["one=d"], "group 'one' holds 'd', which is constant; drop it"),
        (["c=a,b"], "group 'c' has the name of an input; choose another"),
        (["a,b"], "group 'a,b' is not of the form name=input,input"),
        (["one=a,"], "is not of the form"),
        (["=a"], "is not of the form"),
        (["one=a,b", "one=c"], "group 'one' is named twice"),
    ],
)
def test_a_bad_group_is_refused(asked, groups, message):
    question = asked(EQUATIONS, INPUTS + TIES)
    with pytest.raises(QuestionError, match=message):
        sensitivity(*question, SMALL, groups=parse_groups(groups))


def test_a_bad_question_is_refused(asked):
    question = asked(EQUATIONS, INPUTS)
    with pytest.raises(QuestionError, match="'yy' is not a variable.*did you mean 'y'"):
        sensitivity(*question, SMALL, of=["yy"])
    with pytest.raises(QuestionError, match="scale 'logs' .*; expected value, log or both"):
        sensitivity(*question, SMALL, on=["logs"])
    with pytest.raises(QuestionError, match="no scale"):
        sensitivity(*question, SMALL, on=[])
    with pytest.raises(QuestionError, match="'=' compares nothing"):
        decision_value(*question, SMALL, output="y", threshold=1, direction="=")
    with pytest.raises(QuestionError, match="the threshold for y is not a number"):
        decision_value(*question, SMALL, output="y", threshold=float("nan"))


def test_a_constant_input_is_left_out(asked):
    found = sensitivity(*asked(EQUATIONS, INPUTS), SMALL)
    assert found.input.values.tolist() == ["a", "b", "c"]


CONSTANT = '''
def y(d):
    """A constant."""
    return 3 * d


def z(a, d):
    """Constant but for rounding."""
    return a / (a * d)
'''


def test_an_output_that_no_input_moves(asked):
    found = sensitivity(*asked(CONSTANT, only("a", "d")), SMALL, second_order=True)
    assert (found["reason"] == "constant: no input moves it").all()
    for name in ("first", "total", "shapley", "variance_reduction"):
        for part in ("", "_mcse", "_low", "_high"):
            assert (found[name + part] == 0).all(), name + part
        assert (found[f"{name}_unresolved"] == "").all()
    assert found["rank"].isnull().all()
    assert found["median"].values == pytest.approx([6, 0.5])
    alone = sensitivity(*asked(CONSTANT, only("a", "d")), SMALL, of=["y"])
    assert alone.sizes["input"] == alone.sizes["group"] == 0
    assert (alone["reason"] == "constant: no input moves it").all()


def test_what_cancels_out_has_no_index_at_all(asked):
    """Input e is in the equation and moves nothing: rounding is no effect."""
    equations = 'def y(a, c, e):\n    """All but e."""\n    return 1e3 * a + (c + e) - e\n'
    found = sobol_indices(*asked(equations, only("a", "c") + NORMAL), SMALL, on=["value"])
    assert found.group.values.tolist() == ["a", "c", "e"]
    for name in ("first", "total"):
        assert found[name].values.ravel()[2] == 0, name
        assert found[f"{name}_mcse"].values.ravel()[2] == 0, name


def test_an_index_within_its_error_is_unresolved(asked):
    """Two factors of mean nil: no first order, but a total effect."""
    equations = 'def y(c, e):\n    """Interaction alone."""\n    return (c - 0.5) * e\n'
    inputs = only("c") + NORMAL
    held = 0
    for seed in range(20):
        found = sensitivity(
            *asked(equations, inputs), Design(draws=256, chains=4, seed=seed), on=["value"]
        )
        words = found["first_unresolved"].values.ravel()
        low, high = (found[f"first_{end}"].values.ravel() for end in ("low", "high"))
        assert ((words != "") == ((low <= 0) & (high >= 0))).all()
        assert set(words) <= {"", "unresolved: its 95% interval holds 0"}
        held += (words != "").sum()
        assert (found["total_unresolved"] == "").all()
    assert held >= 32


def test_a_scale_that_does_not_exist_says_so(asked):
    equations = '''
def sign(e):
    """Both signs."""
    return e


def rare(c):
    """Nothing to divide by, once in a while."""
    return 1 / np.where(c < 0.1, 0, c)


def heavy(c):
    """No variance: its density falls like y^-2."""
    return 1 / c
'''
    inputs = only("c") + NORMAL
    found = sensitivity(*asked(equations, inputs), SMALL)
    reason = {o: found["reason"].sel(output=o).values.tolist() for o in found.output.values}
    assert reason["sign"] == ["", "not positive and finite in all draws: no shares of variance"]
    assert reason["rare"][0] == "not finite in all draws: no shares of variance"
    assert reason["heavy"][0].startswith("its variance does not exist (tail index 1")
    assert reason["heavy"][1] == ""
    assert found["shapley"].sel(output="sign", scale="log", input="e").isnull()
    assert found["first"].sel(output="rare", scale="value", group="c").isnull()
    assert found["rank"].sel(output="sign", scale="log").isnull().all()


def test_one_chain_has_no_error(asked):
    found = sensitivity(*asked(EQUATIONS, INPUTS), Design(draws=256, chains=1))
    assert found["first_mcse"].isnull().all()
    assert found["shapley_low"].isnull().all()
    assert not found["shapley"].isnull().any()
    assert (found["first_unresolved"] == "").all()


def test_two_chains_have_an_error(asked):
    found = sensitivity(*asked(EQUATIONS, INPUTS), Design(draws=256, chains=2))
    assert (found["first_mcse"] > 0).any()
    width = (found["total_high"] - found["total_low"]) / 2
    # Student's t with one degree of freedom.
    np.testing.assert_allclose(width, 12.7062 * found["total_mcse"], rtol=1e-5)


def test_each_method_alone_gives_what_all_give_together(asked):
    question = asked(EQUATIONS, INPUTS + TIES)
    whole = sensitivity(*question, SMALL)
    for method in (sobol_indices, shapley_effects, swing, rank_correlation, interval_reduction):
        part = method(*question, SMALL)
        for name in part.data_vars:
            assert part[name].equals(whole[name]), (method.__name__, name)


def test_a_run_again_is_the_same_to_the_bit(base):
    first, second = (sensitivity(*base, Design(draws=128, chains=3)) for _ in range(2))
    assert first.identical(second)


def test_an_input_itself_may_be_looked_at(base):
    found = sensitivity(*base, SMALL, of=["mfu", "training_flop"])
    assert float(found["shapley"].sel(output="mfu", input="mfu", scale="value")) == 1
    assert np.count_nonzero(found["shapley"].sel(output="mfu", scale="value")) == 1


def test_a_given_that_is_uncertain_is_an_input():
    model, priors = prepare("base")
    question = ask(model, {"budget": "80M to 120M"}, outputs=["gpu_hours"])
    found = sensitivity(model, priors, question, SMALL)
    assert sorted(found.input.values.tolist()) == ["budget", "hourly_rate"]


def test_only_the_outputs_named_are_looked_at(base):
    model, priors, _ = base
    question = ask(model, {"budget": "100M"}, also=["pue"])
    assert "pue" in sensitivity(model, priors, question, SMALL).output
    found = sensitivity(model, priors, question, SMALL, of=["gpu_hours"])
    assert found.output.values.tolist() == ["gpu_hours"]
