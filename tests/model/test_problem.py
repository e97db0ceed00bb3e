"""Questions in any direction: what is reached, by which way, and what is refused."""

import itertools
import pickle

import pytest

import uncertain_scale as us
from uncertain_scale.errors import OverdeterminedError, QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.distributions import Constant
from uncertain_scale.inputs.prior import Prior, Priors
from uncertain_scale.model import Model, Problem, ask, believe, default_model, problem, solve

MODEL = default_model()
PRIORS = load_priors("base", variables=MODEL.variables)
VALUES = {
    "budget": "100M",
    "gpus": "25k",
    "training_time": "80 day",
    "training_flop": "2e26",
    "facility_power": "50 MW",
    "gpt4_multiple": "10",
    "cluster_price": "1B",
    "training_energy": "60 GWh",
}


def plan(given, outputs=(), free=()):
    question = ask(MODEL, {name: VALUES[name] for name in given}, outputs=outputs, free=free)
    return solve(MODEL, PRIORS, question)


@pytest.mark.parametrize(
    ("given", "output", "equation"),
    [
        (["budget"], "training_flop", "training_flop(gpu_hours, effective_flops)"),
        (["budget"], "gpus", "gpus(gpu_hours, training_time)"),
        (["budget", "gpus"], "training_time", "training_time(gpu_hours, gpus)"),
        (["training_flop"], "budget", "budget__from_hours(gpu_hours, hourly_rate)"),
        (["training_flop", "training_time"], "gpus", "gpus(gpu_hours, training_time)"),
        (["gpus", "training_time"], "budget", "budget__from_hours(gpu_hours, hourly_rate)"),
        (
            ["facility_power", "training_time"],
            "training_flop",
            "training_flop(gpu_hours, effective_flops)",
        ),
        (["gpt4_multiple"], "budget", "budget__from_hours(gpu_hours, hourly_rate)"),
        (["cluster_price", "training_flop"], "training_time", "training_time(gpu_hours, gpus)"),
        (["training_energy"], "training_flop", "training_flop(gpu_hours, effective_flops)"),
    ],
)
def test_answers_in_any_direction(given, output, equation):
    found = plan(given, [output]).reached[output]
    assert str(found.equation) == equation
    assert found.basis <= set(given)


def test_a_fallback_prior_holds_only_where_nothing_given_determines_it():
    assert plan(["budget"], ["gpus"]).reached["training_time"].origin == "fallback"
    assert plan(["budget", "gpus"], ["training_time"]).known("fallback") == []


def test_only_what_is_asked_is_computed():
    found = plan(["budget"], ["gpu_hours"])
    assert list(found.reached) == ["budget", "hourly_rate", "gpu_hours"]
    assert [str(step) for step in found.steps] == ["gpu_hours(budget, hourly_rate)"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["budget", "gpus", "training_time"], ["budget", "gpus", "training_time"]),
        (["budget", "training_flop"], ["budget", "training_flop"]),
        (["budget", "gpt4_multiple"], ["budget", "gpt4_multiple"]),
        (["gpus", "facility_power"], ["gpus", "facility_power"]),
        (["gpus", "training_time", "training_flop"], ["gpus", "training_time", "training_flop"]),
    ],
)
def test_over_determined_questions_name_both_ways_and_a_way_out(given, words):
    with pytest.raises(OverdeterminedError) as caught:
        plan(given)
    message = str(caught.value)
    assert "follows in two ways" in message
    assert "free an input to solve for it (" in message
    for word in words:
        assert word in message


def test_freeing_what_the_refusal_proposes_answers_the_question():
    """Each input that a refusal proposes to free makes the question answerable."""
    given = ["budget", "gpus", "training_time"]
    with pytest.raises(OverdeterminedError) as caught:
        plan(given)
    proposed = str(caught.value).partition("solve for it (")[2].partition(")")[0].split(", ")
    assert "hourly_rate" in proposed
    for name in proposed:
        assert plan(given, free=[name.strip()]).reached[name.strip()].origin == "equation"


def test_a_freed_input_is_solved_for_and_shown_first():
    found = plan(["budget", "gpus", "training_time"], free=["hourly_rate"])
    assert found.outputs[0] == "hourly_rate"
    assert str(found.reached["hourly_rate"].equation) == "hourly_rate__implied(budget, gpu_hours)"


def test_every_pair_of_givens_is_answered_or_refused_with_reason():
    """No pair of givens is ambiguous: what is refused rests on both givens."""
    for pair in itertools.combinations(VALUES, 2):
        try:
            found = plan(pair)
        except OverdeterminedError as error:
            assert "over-determined" in str(error)
            assert all(name in str(error) for name in pair)
        else:
            assert len(found.outputs) > 5


@pytest.mark.parametrize("name", sorted(MODEL.variables))
def test_a_single_given_stands_or_is_refused_with_a_way_out(name):
    """A given overrides priors, unless it would fix something else that they fix already."""
    question = ask(MODEL, {name: 1.0}, outputs=[name])
    try:
        assert solve(MODEL, PRIORS, question).reached[name].origin == "given"
    except OverdeterminedError as error:
        _, _, freed = str(error).partition("solve for it (")
        if freed:
            freed = freed.partition(")")[0].split(", ")[0]
            again = ask(MODEL, {name: 1.0}, outputs=[name, freed], free=[freed])
            assert solve(MODEL, PRIORS, again).reached[freed].origin == "equation"
        # They tie effective_flops to hourly_rate or to power, and shrink_factor to the exponents.
        assert name in {"cost_per_flop", "flop_per_joule", "equal_loss_compute_multiple"}


def test_a_given_overrides_what_priors_alone_would_give():
    question = ask(MODEL, {"effective_flops": "4e14"}, outputs=["cost_per_flop"])
    assert solve(MODEL, PRIORS, question).reached["effective_flops"].origin == "given"


def test_a_given_that_changes_nothing_is_said():
    question = ask(MODEL, {"budget": "1B", "pue": "1.1"}, outputs=["gpu_hours"])
    assert solve(MODEL, PRIORS, question).notes == (
        "pue is given, but no answer depends on it",
        "budget is of the final run alone: its programme_cost is 1.3 to 5.5 times that",
    )


def test_a_prior_that_is_set_and_changes_nothing_is_said():
    priors = believe(PRIORS, MODEL, {"pue": "1.1", "hourly_rate": "2 to 3"}, option="--set")
    question = ask(MODEL, {"budget": "1B"}, outputs=["gpu_hours"])
    notes = solve(MODEL, priors, question).notes
    assert "pue is set, but no answer is computed from it" in notes


def test_a_prior_shown_against_a_given_is_said():
    question = ask(MODEL, {"effective_flops": "4e14"}, outputs=["mfu"])
    (note,) = (n for n in solve(MODEL, PRIORS, question).notes if "mfu" in n)
    assert "free mfu to solve for it" in note


def test_what_is_not_reached_names_the_givens_that_would_reach_it():
    with pytest.raises(QuestionError, match=r"gpu_hours.* give one of .*budget"):
        plan([], ["gpu_hours"])


def test_a_free_input_that_nothing_determines_is_refused():
    with pytest.raises(QuestionError, match=r"hourly_rate is free.* give one of"):
        plan(["budget"], free=["hourly_rate"])


def test_misspelt_names_get_the_nearest():
    with pytest.raises(QuestionError, match="did you mean 'budget'"):
        ask(MODEL, {"budgett": "1M"})
    with pytest.raises(QuestionError, match="did you mean 'mfu'"):
        ask(MODEL, {}, free=["mfuu"])
    with pytest.raises(QuestionError, match="given and free at once"):
        ask(MODEL, {"mfu": 0.4}, free=["mfu"])


def own_model(tmp_path, text):
    path = tmp_path / "own.py"
    path.write_text(text, encoding="utf-8")
    return Model.of(path)


def test_circles_are_printed(tmp_path):
    model = own_model(
        tmp_path, "def a(b):\n    return b\ndef b(c):\n    return c\ndef c(a):\n    return a\n"
    )
    with pytest.raises(QuestionError, match="a circle: a <- b <- c <- a"):
        solve(model, PRIORS, ask(model, {}, outputs=["a"]))


def test_two_ways_from_the_same_given_are_ambiguous(tmp_path):
    model = own_model(tmp_path, "def y(x):\n    return x\ndef y__other(x):\n    return 2 * x\n")
    with pytest.raises(OverdeterminedError, match="y follows in two ways"):
        solve(model, PRIORS, ask(model, {"x": 1.0}, outputs=["y"]))


def test_a_variable_without_prior_or_equation_is_said_so(tmp_path):
    model = own_model(tmp_path, "def y(x):\n    return x\n")
    with pytest.raises(QuestionError, match=r"y\(x\) lacks x.*give x$"):
        solve(model, PRIORS, ask(model, {}, outputs=["y"]))


def refusal(model, priors, given, **question):
    with pytest.raises(QuestionError) as told:
        solve(model, priors, ask(model, given, **question))
    return str(told.value)


def believed(**values):
    return Priors(
        "own", inputs={name: Prior(name, Constant(value=v)) for name, v in values.items()}
    )


def test_where_nothing_is_shown_it_is_said_what_lacks(tmp_path):
    model = own_model(
        tmp_path,
        "from typing import Annotated as A\n"
        'def cost(days: A[float, "day"], rate: A[float, "USD/day"]) -> A[float, "USD"]:\n'
        "    return days * rate\n",
    )
    why = "(cost(days, rate) lacks rate); give rate"
    said = refusal(model, believed(), {"days": 3})
    assert (
        said
        == f"nothing that the model shows (cost) follows from the priors and the given days {why}"
    )
    said = refusal(model, believed(days=3), {})
    assert said == f"nothing that the model shows (cost) follows from the priors alone {why}"
    said = refusal(model, believed(days=3, rate=2), {"cost": 1})
    assert said == (
        "nothing is left to compute: cost, all it shows, is known already; free an input to solve "
        "for it (days, rate)"
    )


def test_an_equation_without_annotations_is_said_to_have_none(tmp_path):
    model = own_model(tmp_path, "def y(x):\n    return x\n")
    assert refusal(model, believed(), {}) == (
        "nothing that the model shows (y) follows from the priors alone (y(x) lacks x; y has no "
        "annotations, so its variables have no units); give x"
    )


@pytest.mark.parametrize(
    ("free", "law", "inverse"),
    [
        ("part", "whole(half, rest)", "half__from_whole(whole, rest)"),
        ("rest", "whole(half, rest)", "rest__from_whole(whole, half)"),
    ],
)
def test_a_law_that_is_not_solved_is_named_with_the_inverse_to_write(tmp_path, free, law, inverse):
    """The law may be one that a chain of others leads to."""
    text = "def half(part):\n    return part / 2\ndef whole(half, rest):\n    return half + rest\n"
    said = refusal(own_model(tmp_path, text), believed(part=2, rest=1), {"whole": 3}, free=[free])
    assert f"{free} is free, and what is given does not determine it; {law} is not solved" in said
    assert said.endswith(f"write its inverse into a file of equations: def {inverse}")
    answered = own_model(
        tmp_path,
        f"{text}def {inverse}:\n    return whole - {'rest' if free == 'part' else 'half'}\n",
    )
    plan = solve(answered, believed(part=2, rest=1), ask(answered, {"whole": 3}, free=[free]))
    assert free in plan.outputs


def test_priors_that_stand_alone_are_said_to_want_a_scenario():
    mfu = load_priors("base", variables=MODEL.variables).inputs["mfu"]
    alone = Priors("my-mfu", inputs={"mfu": mfu})
    for outputs in (["training_flop"], []):
        said = refusal(MODEL, alone, {"budget": "100M"}, outputs=outputs)
        assert said.endswith(
            "the priors of my-mfu stand alone here: name the scenario that they are laid over, "
            "such as --scenario base"
        )
    assert "stand alone" not in refusal(MODEL, PRIORS, {}, outputs=["gpu_hours"])


def asked(**given):
    return Problem(MODEL, PRIORS, ask(MODEL, given, outputs=["training_flop"]))


def test_a_problem_and_the_three_things_that_make_one_are_the_same():
    design = us.Design(draws=16, chains=2)
    whole = asked(budget="100M")
    apart = whole.model, whole.priors, whole.question
    named = dict(zip(("model", "priors", "question"), apart, strict=True))
    first, *others = (
        us.sample(*positional, design=design, **options)["prior_predictive/training_flop"].values
        for positional, options in [
            ((whole,), {}),
            ((), {"problem": whole}),
            (apart, {}),
            ((), named),
            (apart[:2], {"question": whole.question}),
            (apart[::-1], {}),
        ]
    )
    assert all((first == other).all() for other in others)
    with pytest.raises(TypeError, match=r"a Problem, or .* a Question; found Model, Priors$"):
        us.sample(*apart[:2], design=design)


def test_other_values_of_the_givens_keep_the_plan_and_other_givens_do_not():
    one = asked(budget="100M")
    other = asked(budget="200M").question.given
    assert one.giving(other).plan is one.plan
    assert one.giving(other).believed.inputs["budget"].ppf(0.5) == 2e8
    more = asked(gpu_hours="50M").question.given
    assert more.keys() <= one.giving(more).question.given.keys()
    with pytest.raises(OverdeterminedError):
        _ = one.giving({**more, **asked(hourly_rate="1").question.given}).plan


def test_a_problem_travels_without_the_equations_that_it_does_not_need():
    one = asked(budget="100M")
    there = pickle.loads(pickle.dumps(one))  # noqa: S301 (our own)
    assert [str(e) for e in there.model.equations] == [str(e) for e in one.plan.steps]
    assert there.digests["priors"] == one.digests["priors"]
    tree, other = (us.sample(p, us.Design(draws=16, chains=2)) for p in (one, there))
    values = (each["prior_predictive/training_flop"].values for each in (tree, other))
    assert len({one.tobytes() for one in values}) == 1


def test_a_saved_report_solves_its_question_once(cli, monkeypatch, tmp_path):
    calls = []

    def counted(one):
        calls.append(one)
        return solve(one)

    monkeypatch.setattr(problem, "solve", counted)
    size = "--draws", 64, "--chains", 2
    assert cli("report", "--budget", "100M", *size, "--output", tmp_path / "x")[0] == 0
    assert len([one for one in calls if not one.question.outputs]) == 1


def test_every_public_name_is_there():
    assert all(getattr(us, name).__name__ == name for name in us.__all__)


OPEN = {"moe": "fallback", "mfu": "prior", "expert_sparsity": "prior"}


@pytest.mark.parametrize(
    ("given", "believed", "origins"),
    [
        ({}, {}, OPEN | {"moe": None}),
        ({"moe": 1}, {}, {"moe": "given", "mfu": "equation", "expert_sparsity": "equation"}),
        ({}, {"moe": 1}, {"moe": "prior", "mfu": "equation", "expert_sparsity": "equation"}),
        ({"expert_sparsity": 8}, {}, {"moe": "equation", "mfu": "equation"}),
        ({}, {"expert_sparsity": 8}, {"moe": "equation", "mfu": "equation"}),
        ({"moe": 1}, {"mfu": "0.3 to 0.5"}, {"mfu": "prior", "expert_sparsity": "equation"}),
    ],
)
def test_a_prior_is_not_used_where_the_variable_that_it_leaves_open_is_known(
    given, believed, origins
):
    question = ask(MODEL, {"budget": "1M", **given}, outputs=["training_flop", "optimal_params"])
    reached = solve(MODEL, us.believe(PRIORS, MODEL, believed), question).reached
    for name, origin in origins.items():
        assert (reached[name].origin if name in reached else None) == origin


def test_a_variable_that_priors_leave_open_and_that_is_wanted_is_drawn_with_what_rests_on_it():
    tree = us.run(
        given={"budget": "1M"},
        outputs=["moe", "expert_sparsity"],
        design=us.Design(draws=64, chains=2),
    )
    moe, sparsity = (tree[f"prior_predictive/{one}"].values for one in ("moe", "expert_sparsity"))
    assert ((sparsity > 1) == (moe == 1)).all()


@pytest.mark.parametrize("way", ["given", "believed"])
def test_two_statements_on_the_kind_of_model_are_refused(way):
    stated = {"moe": 0, "expert_sparsity": 8}
    given, believed = (stated, {}) if way == "given" else ({}, stated)
    with pytest.raises(OverdeterminedError, match="moe follows in two ways"):
        us.run(given={"budget": "1M", **given}, believed=believed, outputs=["mfu"])


def test_a_part_of_a_plan_is_the_plan_of_a_part_of_the_question():
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    whole = solve(model, priors, ask(model, {"budget": "100M"}))
    for name in whole.outputs:
        alone = solve(model, priors, ask(model, {"budget": "100M"}, outputs=[name]))
        part = whole.part([name])
        assert part.outputs == alone.outputs == (name,)
        assert list(part.reached.items()) == list(alone.reached.items())
