"""Choices among options, against closed forms and a loop over options."""

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.analysis.decide import Option, decide
from uncertain_scale.analysis.decide_search import seek_choice
from uncertain_scale.analysis.goals import parse_goal, parse_limit, parse_pilot
from uncertain_scale.analysis.option_grid import Stated
from uncertain_scale.analysis.utilities import Utilities, worth_of
from uncertain_scale.errors import QuestionError
from uncertain_scale.model import ask
from uncertain_scale.model.problem import Problem
from uncertain_scale.sampling.limits import Stop, StoppedError
from uncertain_scale.sampling.sample import prepare

LAWS = '''
import numpy as np


def payoff(pick, x, y):
    """Payoff of a choice: x where it is 1, y where it is 0."""
    return np.where(pick > 0.5, x, y)


def profit(stock, price, cost, demand):
    """Profit of a newsvendor."""
    return price * np.minimum(stock, demand) - cost * stock
'''
PRIORS = """schema_version = 1
[inputs.x]
kind = "normal"
mu = 1.0
sigma = 2.0
[inputs.y]
kind = "normal"
mu = 0.0
sigma = 1.0
[inputs.demand]
kind = "lognormal"
mu = 3.0
sigma = 0.5
[inputs.price]
kind = "constant"
value = 5.0
[inputs.cost]
kind = "constant"
value = 2.0
"""
DESIGN = us.Design(draws=4096, chains=16)


@pytest.fixture
def options(tmp_path):
    (tmp_path / "laws.py").write_text(LAWS, encoding="utf-8")
    (tmp_path / "priors.toml").write_text(PRIORS, encoding="utf-8")

    def made(name, values, output):
        model, priors = prepare(
            equations=[tmp_path / "laws.py"], priors=[tmp_path / "priors.toml"], known=[name]
        )
        first = Problem(model, priors, ask(model, {name: values[0]}, outputs=[output]))
        return model, [
            Option(f"{name} {value}", first.giving(ask(model, {name: value}).given))
            for value in values
        ]

    return made


def close(found, right, least=1e-9):
    assert abs(found.value - right) < 4.9 * found.mcse + least


def two_normals(options, **more):
    model, both = options("pick", [1, 0], "payoff")
    goal = parse_goal("mean(payoff)", model.variables, maximise=True)
    pilots = [parse_pilot(text, model.variables, "1") for text in more.pop("pilots", ())]
    return decide(both, [goal], DESIGN, pilots=pilots, **more)


def normal_loss(mean, sd):
    """E[max(N(mean, sd), 0)]."""
    return mean * stats.norm.cdf(mean / sd) + sd * stats.norm.pdf(mean / sd)


def test_two_normal_options_have_the_closed_forms_of_regret_and_of_knowing_all(options):
    choice = two_normals(options)
    sd = np.sqrt(4 + 1)
    assert choice.chosen.option.name == "pick 1"
    close(choice.rated[0].goals[0], 1.0)
    close(choice.rated[0].best, stats.norm.cdf(1 / sd))
    close(choice.rated[1].best, stats.norm.cdf(-1 / sd))
    most = normal_loss(1, sd)  # E[max(x - y, 0)] is E[max(x, y)] less the mean of y
    close(choice.evpi, most - 1)
    close(choice.rated[0].regret, most - 1)
    close(choice.rated[1].regret, most)
    assert not any(one.tied for one in choice.rated)


def test_knowing_one_input_is_worth_the_loss_of_a_normal(options):
    known = two_normals(options).known
    close(known["x"], normal_loss(1, 2) - 1, least=2e-4)
    close(known["y"], normal_loss(1, 1) - 1, least=2e-4)
    assert list(known) == ["x", "y"]


def test_a_pilot_of_what_is_not_uncertain_is_refused(options):
    with pytest.raises(QuestionError, match="payoff is not an uncertain input.* one of x and y"):
        two_normals(options, pilots=["payoff +- 1"])


@pytest.mark.parametrize("error", [0.5, 2.0, 8.0])
def test_a_measurement_is_worth_what_raiffa_and_schlaifer_say(options, error):
    """Its result moves the mean of x by a normal of sd s0^2 / sqrt(s0^2 + e^2)."""
    choice = two_normals(options, pilots=[f"x +- {error}"])
    moved = 4 / np.hypot(2, error)
    close(choice.pilots[f"x +- {error}"], normal_loss(1, moved) - 1, least=5e-4)


def test_a_newsvendor_stocks_the_critical_quantile(options):
    stocks = [10, 14, 18, 20, 22, 24, 30, 40]
    model, all_ = options("stock", stocks, "profit")
    goal = parse_goal("mean(profit)", model.variables, maximise=True)
    choice = decide(all_, [goal], DESIGN)
    best = stats.lognorm(s=0.5, scale=np.exp(3)).ppf(1 - 2 / 5)
    assert choice.chosen.option.name == f"stock {min(stocks, key=lambda q: abs(q - best))}"
    demand = stats.lognorm(s=0.5, scale=np.exp(3))
    for one, stock in zip(choice.rated, stocks, strict=True):
        sold = demand.expect(lambda d, q=stock: np.minimum(d, q), lb=0, ub=np.inf, limit=200)
        close(one.goals[0], 5 * sold - 2 * stock, least=1e-3)
        low = 5 * min(demand.ppf(0.05), stock) - 2 * stock
        assert one.interval[0].value == pytest.approx(low, abs=0.01)


def test_to_know_all_that_is_uncertain_is_worth_all(options):
    model, all_ = options("stock", [*range(8, 44, 2)], "profit")
    goal = parse_goal("mean(profit)", model.variables, maximise=True)
    choice = decide(all_, [goal], DESIGN)
    (known,) = choice.known.values()
    assert known.value == pytest.approx(choice.evpi.value, rel=1e-9)


def test_what_has_nothing_to_do_with_a_rare_gain_is_not_worth_all():
    x, y = np.random.default_rng(0).standard_normal((2, 4096))
    found = np.array([np.full(4096, 5e-4), (y > 2.9) * 1.0])
    everything = found.max(axis=0).mean() - found[1].mean()
    assert worth_of(found, 1, y) > worth_of(found, 1, x)
    assert worth_of(found, 1, x) < 0.7 * everything


def test_a_loop_over_options_gives_the_same_regret_and_chances(options):
    stocks = [15, 20, 25]
    model, all_ = options("stock", stocks, "profit")
    goal = parse_goal("mean(profit)", model.variables, maximise=True)
    choice = decide(all_, [goal], us.Design(draws=512, chains=4))
    loop = np.array(
        [
            us.sample(one.problem, us.Design(draws=512, chains=4))["prior_predictive/profit"].values
            for one in all_
        ]
    )
    top = loop.max(axis=0)
    for one, draws in zip(choice.rated, loop, strict=True):
        assert one.goals[0].value == pytest.approx(draws.mean(), rel=1e-12)
        assert one.regret.value == pytest.approx((top - draws).mean(), rel=1e-9)
        assert one.best.value == pytest.approx((draws == top).mean(), abs=1e-12)


def test_chips_are_drawn_apart_and_one_chip_with_itself():
    outputs = ["training_flop"]
    model, h100 = prepare("h100-dense-fp8", known=["budget"])
    found = []
    for scenario in ("h100-dense-fp8", "gb200-dense-fp8", "mi355x-dense-fp8"):
        _, priors = prepare(scenario, known=["budget"])
        question = ask(model, {"budget": "1B"}, outputs=outputs)
        found.append(Option(scenario, Problem(model, priors, question)))
    assert h100
    goal = parse_goal("training_flop", model.variables, maximise=True)
    choice = decide(found, [goal], us.Design(draws=1024))
    assert goal.measure == "log"
    assert 0.99 < sum(one.best.value for one in choice.rated) < 1.01
    mfu = [name for name in choice.known if name.startswith("mfu")]
    assert len(mfu) == 3  # a fact of each chip
    for one, option in zip(choice.rated, found, strict=True):
        tree = us.sample(option.problem, us.Design(draws=1024))
        own = np.log(tree["prior_predictive/training_flop"].values).mean()
        assert one.goals[0].value == pytest.approx(own, abs=5 * one.goals[0].mcse)


def test_limits_leave_out_options_and_where_none_is_left_say_what_would_do():
    model, priors = prepare(known=["gpus"])
    first = Problem(
        model,
        priors,
        ask(model, {"gpus": "10k", "budget": "1B"}, outputs=["training_time", "facility_power"]),
    )
    many = [
        Option(f"{n}k", first.giving(ask(model, {"gpus": f"{n}k"}).given)) for n in (10, 50, 100)
    ]
    goal = parse_goal("training_time", model.variables, maximise=False)
    limit = parse_limit("facility_power <= 120 MW with 90%", model.variables)
    choice = decide(many, [goal], us.Design(draws=512), limits=[limit])
    assert choice.chosen.option.name == "50k"
    assert [one.met for one in choice.rated] == [(True,), (True,), (False,)]
    assert choice.rated[2].best is None
    tight = parse_limit("facility_power <= 10 MW with 90%", model.variables)
    none = decide(many, [goal], us.Design(draws=512), limits=[tight])
    assert none.chosen is None
    rated, (value,) = none.nearest
    power = us.sample(many[0].problem, us.Design(draws=512))["prior_predictive/facility_power"]
    assert rated.option.name == "10k"
    assert value == pytest.approx(float(power.quantile(0.9)), rel=2e-3)


def test_where_all_miss_alike_the_one_whose_values_lie_nearest_is_told():
    model, priors = prepare(known=["gpus", "budget"])
    given = {"gpus": "10k", "budget": "1B"}
    first = Problem(model, priors, ask(model, given, outputs=["gpus_purchasable", "gpus"]))
    many = [Option(f"{n}k", first.giving(ask(model, {"gpus": f"{n}k"}).given)) for n in (90, 60)]
    goal = parse_goal("gpus", model.variables, maximise=True)
    limit = parse_limit("gpus <= 0.5 * gpus_purchasable with 90%", model.variables)
    none = decide(many, [goal], us.Design(draws=512), limits=[limit])
    rated, (factor,) = none.nearest
    assert rated.option.name == "60k"
    assert [one.limits[0].value for one in none.rated] == [0, 0]
    # A lognormal price: its 90% point over the budget is the factor that would hold.
    price = priors.inputs["gpu_price"].ppf(np.array([0.9]))[0]
    assert factor == pytest.approx(60e3 * price / 1e9, rel=1e-3)
    eased = parse_limit(
        f"gpus <= {factor * 1.001:.6f} * gpus_purchasable with 90%", model.variables
    )
    assert decide(many, [goal], us.Design(draws=512), limits=[eased]).chosen.option.name == "60k"


def test_the_worth_of_an_input_is_that_of_sensitivity_where_both_answer():
    """EVPPI of doing a thing or not, whose loss is linear, by two roads."""
    from uncertain_scale.analysis.sensitivity import decision_value, parse_loss

    model, priors = prepare(known=["budget"])
    question = ask(model, {"budget": "100M"}, outputs=["training_flop"])
    problem, design = Problem(model, priors, question), us.Design(draws=4096)
    loss = parse_loss("false yes=2, false no=1", model.variables["training_flop"])
    found = decision_value(
        problem, design, output="training_flop", threshold=4e25, direction=">=", loss=loss
    )
    table = Utilities([Option("any", problem)] * 2, [], [], design)
    known: dict[str, list[float]] = {}
    for chain in range(design.chains):
        _, _, draws = next(table.draws(chain))
        happens = draws["training_flop"] >= 4e25
        # Saying yes costs 2 where it does not happen, saying no costs 1 where it does.
        utilities = np.array([-2.0 * ~happens, -1.0 * happens])
        place = int(utilities.mean(axis=1).argmax())
        for name, values in table.inputs(chain).items():
            known.setdefault(name, []).append(float(worth_of(utilities, place, values)))
    for name in ("mfu", "hourly_rate"):
        theirs = found["evppi"].sel(input=name)
        ours, error = np.mean(known[name]), np.std(known[name]) / np.sqrt(design.chains - 1)
        apart = np.hypot(error, float(found["evppi_mcse"].sel(input=name)))
        assert abs(ours - float(theirs)) < 4.9 * apart + 2e-3, name


def test_a_search_goes_on_until_the_goal_and_its_lead_are_known(options):
    model, both = options("pick", [1, 0], "payoff")
    goal = parse_goal("mean(payoff)", model.variables, maximise=True)
    asked = Stated(both, [goal], [], [])
    small = us.Design(draws=64, chains=8, kind="random")
    rough = decide(both, [goal], small)
    found = seek_choice(asked, small, us.Goal(0.05))
    assert (found.why, found.choice.error <= 0.05 < rough.error) == ("reached", True)
    assert found.tried[-1][:2] == (found.choice.design.draws, found.choice.design.chains)
    assert decide(both, [goal], found.choice.design).rated == found.choice.rated
    few = seek_choice(asked, small, us.Goal(1e-4, most=2048))
    assert (few.why, few.facts()["reached"] > 1e-4) == ("max-draws", True)


def test_a_choice_that_is_stopped_is_that_of_the_chains_that_are_finished(options):
    model, both = options("pick", [1, 0], "payoff")
    goal = parse_goal("mean(payoff)", model.variables, maximise=True)
    stop = Stop()

    def tell(finished):
        if finished == 5:
            stop.interrupt()

    found = decide(both, [goal], DESIGN, stop=stop, progress=tell)
    assert 5 <= found.design.chains < DESIGN.chains
    assert found.rated == decide(both, [goal], found.design).rated
    stop.interrupt()
    with pytest.raises(StoppedError):
        decide(both, [goal], DESIGN, stop=stop)


def test_a_choice_is_shown_in_a_notebook_and_in_a_line_for_each_option(options):
    choice = two_normals(options)
    first, second = repr(choice).splitlines()
    assert first.startswith("best: pick 1: 1.0000")
    assert second.startswith("pick 0: ")
    shown = us.show(choice)
    assert "<td>pick 1</td>" in shown.html
    assert "Best to maximise mean(payoff): pick 1" in shown.html
    assert "Best to maximise mean(payoff): pick 1" in shown.text


def test_options_that_are_equal_are_tied_and_the_second_goal_chooses():
    model, priors = prepare(known=["gpus", "training_flop"])
    given = {"gpus": "10k", "training_flop": "1e26"}
    first = Problem(model, priors, ask(model, given, outputs=["budget", "training_time"]))
    many = [
        Option(f"{n}k", first.giving(ask(model, {"gpus": f"{n}k"}).given)) for n in (10, 20, 40)
    ]
    goals = [
        parse_goal(name, model.variables, maximise=False) for name in ("budget", "training_time")
    ]
    choice = decide(many, goals, us.Design(draws=256))
    assert choice.chosen.option.name == "40k"
    assert [one.tied for one in choice.rated] == [True, True, False]
    assert [one.efficient for one in choice.rated] == [False, False, True]
    assert choice.evpi.value == 0


@pytest.mark.parametrize(
    ("goal", "measure", "level"),
    [
        ("training_flop", "log", 0.5),
        ("mean(training_flop)", "mean", 0.5),
        ("q05(training_flop)", "quantile", 0.05),
        ("P(training_flop >= 1e26)", "probability", 0.5),
    ],
)
def test_goals_are_read(goal, measure, level):
    variables = us.default_model().variables
    found = parse_goal(goal, variables, maximise=True)
    assert (found.measure, found.level) == (measure, level)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (parse_goal, "training_flopp", "did you mean 'training_flop'"),
        (parse_goal, "median of cost", "is none; expected a variable"),
        (parse_limit, "facility_power <= 150 MW with 130%", "no probability above 0"),
        (parse_limit, "facility_power", "is not a comparison"),
        (parse_pilot, "mfu 10%", "expected an input and its error"),
        (parse_pilot, "mfuu +- 10%", "did you mean 'mfu'"),
    ],
)
def test_what_is_no_goal_limit_or_pilot_is_refused(read, text, words):
    variables = us.default_model().variables
    more = {parse_goal: {"maximise": True}, parse_pilot: {"units": "FLOP"}}.get(read, {})
    with pytest.raises(QuestionError, match=words):
        read(text, variables, **more)
