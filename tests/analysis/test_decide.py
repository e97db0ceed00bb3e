"""Choices among options, against closed forms and a loop over options."""

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.analysis.decide import Estimate, Option, decide
from uncertain_scale.analysis.decide_search import seek_choice
from uncertain_scale.analysis.goals import parse_goal, parse_limit, parse_pilot, parse_pilots
from uncertain_scale.analysis.knowing import Outcomes, Regressed, folds, gains
from uncertain_scale.analysis.option_grid import Stated
from uncertain_scale.analysis.utilities import Utilities
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


def sum_payoff(pick, x, z, y):
    """Payoff of a choice: x + z where it is 1, y where it is 0."""
    return np.where(pick > 0.5, x + z, y)


def gain(option, x):
    """Gain of six options, of which the first two are the best."""
    level = np.abs(x)
    lower = [0.4 * level - less for less in (0.1, 0.3, 0.2)]
    return np.choose(option.astype(int), [x, -x, *lower, -level - 1])


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
[inputs.z]
kind = "normal"
mu = 0.0
sigma = 1.5
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
        first = Problem(
            model, priors, ask(model, {name: values[0]}, outputs=np.ravel(output).tolist())
        )
        return model, [
            Option(f"{name} {value}", first.giving(ask(model, {name: value}).given))
            for value in values
        ]

    return made


def close(found, right, least=1e-9):
    assert abs(found.value - right) < 4.9 * found.mcse + least


def two_normals(options, output="payoff", design=DESIGN, **more):
    model, both = options("pick", [1, 0], output)
    goal = parse_goal(f"mean({output})", model.variables, maximise=True)
    texts = more.pop("pilots", ())
    pilots = [one for text in texts for one in parse_pilots(text, model.variables, "1")]
    return decide(both, [goal], design, pilots=pilots, **more)


def worth_of(utilities, place, values):
    """Return the worth of inputs (input, chain, draw) to utilities (option, chain, draw)."""
    names = [f"x{k}" for k in range(len(values))]
    known = [dict(zip(names, values[:, c], strict=True)) for c in range(values.shape[1])]
    draws = values.shape[-1] * max(values.shape[1] // 2, 1)
    source = Regressed("any", names, known[0], draws)
    over = [(utilities[:, c] - utilities[place, c]).T for c in range(values.shape[1])]
    return gained([source], over, known)


def gained(sources, over, known):
    """Return what knowing the one source is worth."""
    fits = [[one.collect(*pair) for one in sources] for pair in zip(over, known, strict=True)]
    (ways,) = gains(sources, folds(fits), over.__getitem__, known.__getitem__, len(over))
    return Estimate.learnt(*ways)


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


@pytest.mark.parametrize("seed", range(2))
def test_knowing_a_group_is_worth_the_loss_of_their_sum(options, seed):
    groups = {"first": ("x", "z"), "both": ("y", "z"), "all": ("x", "y", "z")}
    choice = two_normals(options, "sum_payoff", us.Design(draws=1024, seed=seed), groups=groups)
    close(choice.known["first"], normal_loss(1, 2.5) - 1)
    close(choice.known["both"], normal_loss(1, np.hypot(1, 1.5)) - 1)
    close(choice.known["all"], normal_loss(1, np.sqrt(7.25)) - 1)
    assert choice.groups["all"] == ["x", "y", "z"]
    assert max(one.mcse for one in choice.known.values()) < 5e-3


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"g": ("xx",)}, "group 'g' holds 'xx', which is no input; did you mean 'x'"),
        ({"g": ("pick",)}, "group 'g' holds nothing that is uncertain in these options"),
        ({"x": ("x", "y")}, "group 'x' has the name of an input; choose another"),
    ],
)
def test_what_is_no_group_is_refused(options, groups, words):
    with pytest.raises(QuestionError, match=words):
        two_normals(options, groups=groups)


@pytest.mark.parametrize("seed", range(2))
def test_a_measurement_is_worth_what_raiffa_and_schlaifer_say(options, seed):
    """Its result moves the mean of x by a normal of sd s0^2 / sqrt(s0^2 + e^2)."""
    errors = (0.5, 2.0, 8.0)
    pilots = [f"x +- {error}" for error in errors]
    choice = two_normals(options, design=us.Design(draws=1024, seed=seed), pilots=pilots)
    for error, pilot in zip(errors, pilots, strict=True):
        close(choice.pilots[pilot], normal_loss(1, 4 / np.hypot(2, error)) - 1)
        assert choice.pilots[pilot].mcse < 2e-3


def test_runs_average_their_errors_and_cost_each(options):
    choice = two_normals(options, pilots=["x +- 8 for 0.1 in 1,4,16 runs"])
    assert [one.error for one in choice.measured] == [8, 4, 2]
    assert [one.cost for one in choice.measured] == pytest.approx([0.1, 0.4, 1.6])
    for one in choice.measured:
        close(choice.pilots[one.text], normal_loss(1, 4 / np.hypot(2, one.error)) - 1)


@pytest.mark.parametrize("text", ["x +- 1 in 0 runs", "x +- 1 in a runs", "x +- 1 in 2,2 runs"])
def test_what_is_no_number_of_runs_is_refused(text):
    with pytest.raises(QuestionError, match="run"):
        parse_pilots(text, {"x": "1"}, "1")


def test_a_share_of_what_may_be_negative_is_no_error(options):
    with pytest.raises(QuestionError, match="x may be 0 or below.*state the error in its units"):
        two_normals(options, pilots=["x +- 10%"])


def test_a_pilot_of_a_skewed_input_is_worth_what_nested_draws_say():
    """Two options, one a bent function of a lognormal, against posteriors that are drawn anew."""
    rng, sigma, error = np.random.default_rng(1), 0.8, 0.5
    payoffs = lambda x: np.stack([np.full_like(x, 1.2), np.minimum(x, 3.0)])  # noqa: E731
    pilot = parse_pilot("x +- 50%", {"x": "1"}, "1")
    spread = np.sqrt(np.log1p(error**2))
    logs = rng.normal(0, sigma, 4000)
    results = logs + rng.normal(0, spread, logs.size)
    share = sigma**2 / (sigma**2 + spread**2)  # the posterior of log x given a result is normal
    inner = rng.standard_normal(4000) * sigma * np.sqrt(1 - share)
    nested = np.array([payoffs(np.exp(share * one + inner)).mean(axis=1) for one in results])
    draws = rng.lognormal(0, sigma, (8, 4096))
    place = int(payoffs(draws.ravel()).mean(axis=1).argmax())
    outcomes = np.exp(np.linspace(*np.log([draws.min() / 9, draws.max() * 9]), 200))
    source = Outcomes(pilot, outcomes, float(spread))
    over = [(payoffs(x) - payoffs(x)[place]).T for x in draws]
    known = [{"x": x} for x in draws]
    worth = gained([source], over, known)
    right = (nested.max(axis=1) - nested[:, place]).mean(), nested.std() / np.sqrt(logs.size)
    assert worth.value > 0.05
    assert abs(worth.value - right[0]) < 4.9 * np.hypot(worth.mcse, right[1])


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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("draws", [256, 4096])
def test_what_has_nothing_to_do_with_a_rare_gain_is_worth_nothing(draws, seed):
    x, y, z = np.random.default_rng(seed).standard_normal((3, 8, draws))
    utilities = np.stack([np.full_like(x, 1.5e-2), (y > 2.6) * 3.0])
    place = int(utilities.mean(axis=(1, 2)).argmax())
    for values in (x[None], np.stack([x, z])):
        irrelevant = worth_of(utilities, place, values)
        assert abs(irrelevant.value) < 4.9 * irrelevant.mcse + 1e-12
        assert irrelevant.value < (3e-3 if draws == 4096 else 2e-2)
    if draws == 4096:
        everything = (utilities.max(axis=0) - utilities[place]).mean()
        assert worth_of(utilities, place, y[None]).value > 0.8 * everything


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
    """EVPPI of inputs and of a group for the answer to a question with a threshold."""
    from uncertain_scale.analysis.sensitivity import decision_value, parse_loss

    model, priors = prepare(known=["budget"])
    question = ask(model, {"budget": "100M"}, outputs=["training_flop"])
    problem, design = Problem(model, priors, question), us.Design(draws=4096)
    loss = parse_loss("false yes=2, false no=1", model.variables["training_flop"])
    groups = {"speed": ("mfu", "precision_factor"), "most": ("mfu", "hourly_rate")}
    theirs = decision_value(
        problem, design, output="training_flop", threshold=4e25, loss=loss, groups=groups
    )
    table = Utilities([Option("any", problem)] * 2, [], [], design)
    drawn = [next(table.draws(chain))[2]["training_flop"] for chain in range(design.chains)]
    happens = np.stack(drawn) >= 4e25
    utilities = np.stack([-2.0 * ~happens, -1.0 * happens])  # of yes and of no
    place = int(utilities.mean(axis=(1, 2)).argmax())
    inputs = [table.inputs(chain) for chain in range(design.chains)]
    everything = {"everything": tuple(inputs[0])}
    singles = {name: (name,) for name in ("mfu", "hourly_rate")}
    found = {}
    for name, members in {**groups, **singles, **everything}.items():
        values = np.stack([[one[member] for one in inputs] for member in members])
        found[name] = ours = worth_of(utilities, place, values)
        if name == "everything":
            continue
        apart = np.hypot(ours.mcse, float(theirs["evppi_mcse"].sel(input=name)))
        assert abs(ours.value - float(theirs["evppi"].sel(input=name))) < 4.9 * apart, name
    evpi = utilities.max(axis=0).mean() - utilities[place].mean()
    assert abs(found["everything"].value - evpi) < 4.9 * found["everything"].mcse


@pytest.mark.parametrize("held", [1 << 25, 0])
def test_an_option_that_is_never_best_is_named_with_any_that_is_as_good(options, held, monkeypatch):
    monkeypatch.setattr("uncertain_scale.analysis.utilities._HELD", held)
    model, all_ = options("option", range(6), "gain")
    goal = parse_goal("mean(gain)", model.variables, maximise=True)
    rated = decide(all_, [goal], us.Design(draws=512, chains=4)).rated
    assert [one.best.value == 0 for one in rated] == [False, False, True, True, True, True]
    assert [one.dominated_by for one in rated[:3]] == ["", "", ""]
    assert rated[3].dominated_by in {"option 2", "option 4"}
    assert rated[4].dominated_by == "option 2"
    assert rated[5].dominated_by in {"option 0", "option 1"}


def test_a_newsvendor_is_told_by_what_idle_and_lacking_units_cost(options):
    """To stock the quantile at what a lacking unit costs over the costs of both."""
    stocks = [10, 14, 18, 20, 22, 24, 30, 40]
    model, all_ = options("stock", stocks, ["profit", "demand", "stock"])
    text = "loss(demand >= stock; false yes=2 USD per 1, false no=3 USD per 1)"
    choice = decide(all_, [parse_goal(text, model.variables, maximise=False)], DESIGN)
    demand = stats.lognorm(s=0.5, scale=np.exp(3))
    best = demand.ppf(3 / 5)
    assert choice.chosen.option.name == f"stock {min(stocks, key=lambda q: abs(q - best))}"
    for one, stock in zip(choice.rated, stocks, strict=True):
        lacking = demand.expect(lambda d, q=stock: np.maximum(d - q, 0), lb=0, ub=np.inf, limit=200)
        close(one.goals[0], 3 * lacking + 2 * (lacking + stock - demand.mean()), least=1e-3)
    assert choice.known["demand"].value == pytest.approx(choice.evpi.value, rel=1e-9)


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
