"""The graph of a question, and its equations in words."""

import pytest

from uncertain_scale.explore.answer import answer_to
from uncertain_scale.explore.graph import equation_rows, formula, graph_of
from uncertain_scale.explore.view import Scenarios, View
from uncertain_scale.model import Model, default_model
from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.sampling import Design


@pytest.fixture(scope="module")
def answer():
    view = View(given={"budget": "100M"}, of="training_flop", design=Design(draws=256, chains=4))
    return answer_to(view, Scenarios(default_model()))


def test_each_variable_of_the_question_has_its_own_place_right_of_what_it_comes_from(answer):
    graph, plan = graph_of(answer), answer.problem.plan
    places = {one["name"]: (one["column"], one["row"]) for one in graph["nodes"]}
    assert list(places) == list(plan.reached)
    assert len(set(places.values())) == len(places)
    assert {(a, b) for a, b, _ in graph["arrows"]} == {
        (argument, step.target) for step in plan.steps for argument in step.arguments
    }
    assert all(places[a][0] < places[b][0] for a, b, _ in graph["arrows"])


def test_values_are_those_of_the_answer_and_shares_add_up(answer):
    nodes = {one["name"]: one for one in graph_of(answer)["nodes"]}
    gpus = answer.document["outputs"]["gpus"]
    assert interval_in_words(gpus, 0.9, median=False) == f"90%: {nodes['gpus']['value']}"
    assert nodes["budget"]["value"] == "100M USD"
    assert nodes["effective_flops"]["value"].startswith("about ")
    assert (nodes["mfu"]["kind"], nodes["budget"]["kind"]) == ("input", "given")
    shares = [float(one["share"].strip("<%")) for one in nodes.values() if one["share"]]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert {name for name, one in nodes.items() if one["leads"]} == {
        "training_flop",
        *answer.problem.plan.reached["training_flop"].ancestors,
    }


def test_equations_read_as_people_write_them(answer, tmp_path):
    rows = {row[0].split(" = ")[0]: row for row in equation_rows(answer.problem)}
    assert rows["gpu_hours"][:2] == ("gpu_hours = budget / hourly_rate", "gpu-hours")
    model = default_model()
    solved = next(one for one in model.equations if one.target == "budget")
    assert formula(solved) == "budget, solved from gpu_hours = budget / hourly_rate"
    own = tmp_path / "own.py"
    own.write_text(
        "def area(width):\n    return width ** 2 * 3\n"
        "def longer(width):\n    half = width / 2\n    return half\n"
    )
    assert [formula(one) for one in Model.of(own).equations] == [
        "area = width ^ 2 × 3",
        "longer(width)",
    ]
