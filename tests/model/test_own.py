"""A user's equations alone or with the built-in ones: what decides, and what clashes."""

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.errors import ModelError, QuestionError
from uncertain_scale.sampling.sample import prepare

SMALL = us.Design(draws=64, chains=2)
LABORATORY = """from typing import Annotated as A
def budget(
    staff: A[float, "person"], salary: A[float, "USD/person/year"]
) -> A[float, "USD/year"]:
    return staff * salary
"""
PRIORS = """schema_version = 1
title = "A laboratory"
[inputs.staff]
kind = "uniform"
lower = 8
upper = 14
units = "person"
[inputs.salary]
kind = "constant"
value = 80000
units = "USD/person/year"
"""
CLASH = r"own.py:2 budget has 'budget' in USD/year, the built-in model in USD"


@pytest.fixture
def write(tmp_path):
    def written(equations, priors=PRIORS):
        (tmp_path / "own.py").write_text(equations, encoding="utf-8")
        (tmp_path / "own.toml").write_text(priors, encoding="utf-8")
        return {"equations": [tmp_path / "own.py"], "priors": [tmp_path / "own.toml"]}

    return written


def test_another_subject_is_free_of_the_built_in_model(write):
    files = write(LABORATORY)
    tree = us.run(**files, design=SMALL)
    outputs = tree["prior_predictive"]
    assert list(outputs.data_vars) == ["budget"]
    assert outputs["budget"].attrs["units"] == "USD/year"
    assert (outputs["budget"].values == 80000 * tree["prior/staff"].values).all()
    assert not prepare(**files)[0].builtin_variables


def test_names_and_units_of_the_built_in_model_may_mean_anything(write):
    equations = """from typing import Annotated as A
def gpu_hours(alpha: A[float, "m"], mfu: A[float, "s"]) -> A[float, "m/s"]:
    return alpha / mfu
def gpus(gpu_hours: A[float, "m/s"], pue: A[float, "s"]) -> A[float, "m"]:
    return gpu_hours * pue
"""
    rows = [("alpha", 3, "m"), ("mfu", 2, "s"), ("pue", 4, "s")]
    priors = 'schema_version = 1\ntitle = "Motion"\n' + "".join(
        f'[inputs.{name}]\nkind = "constant"\nvalue = {value}\nunits = "{units}"\n'
        for name, value, units in rows
    )
    tree = us.run(**write(equations, priors), design=SMALL)
    assert {k: float(v[0, 0]) for k, v in tree["prior_predictive"].data_vars.items()} == {
        "gpu_hours": 1.5,
        "gpus": 6.0,
    }


@pytest.mark.parametrize(
    ("question", "because"),
    [
        ({"outputs": ["training_flop"]}, "training_flop"),
        ({"given": {"gpus": "25k"}}, "gpus"),
        ({"believed": {"mfu": 0.3}}, "mfu"),
    ],
)
def test_a_question_of_both_subjects_is_one_clear_error(write, question, because):
    with pytest.raises(ModelError, match=rf"{CLASH}.*because '{because}'") as told:
        us.run(**write(LABORATORY), **question)
    assert len(str(told.value).splitlines()) == 1


def test_a_shipped_scenario_brings_the_built_in_equations(write):
    files = write(LABORATORY)
    with pytest.raises(ModelError, match=rf"{CLASH}.*because the scenario's priors are of theirs$"):
        us.run("base", equations=files["equations"])
    with pytest.raises(ModelError, match=CLASH):
        us.run(**write(LABORATORY, PRIORS.replace("title", 'extends = "base"\ntitle', 1)))


HOURS = """from typing import Annotated as A
def wages(gpu_hours: A[float, "gpu*hour"], wage: A[float, "USD/gpu/hour"]) -> A[float, "USD"]:
    return gpu_hours * wage
"""
RENT = "".join(
    f'[inputs.{name}]\nkind = "constant"\nvalue = {value}\nunits = "{units}"\n'
    for name, value, units in [("budget", 6e6, "USD"), ("hourly_rate", 2, "USD/gpu/hour")]
)
OPEN = """from typing import Annotated as A
def share(
    budget: A[float, "USD"], hourly_rate: A[float, "USD/gpu/hour"], gpu_hours: A[float, "gpu*hour"]
) -> A[float, "1"]:
    return gpu_hours * hourly_rate / budget
"""


def test_built_in_equations_compute_what_ones_own_leave_open(write):
    """Whether the priors name a variable that the own equations lack, or none."""
    head = 'schema_version = 1\ntitle = "Hours"\n'
    wage = '[inputs.wage]\nkind = "constant"\nvalue = 5\nunits = "USD/gpu/hour"\n'
    tree = us.run(**write(HOURS, head + RENT + wage), design=SMALL)
    assert np.unique(tree["prior_predictive/wages"]) == 15e6
    tree = us.run(**write(OPEN, head + RENT), design=SMALL)
    assert np.unique(tree["prior_predictive/share"]) == 1


def test_what_is_stated_has_no_built_in_way_of_its_own(write):
    """Three priors of an own model that a built-in equation ties are no contradiction."""
    priors = (
        'schema_version = 1\ntitle = "Hours"\n'
        + RENT
        + '[inputs.gpu_hours]\nkind = "constant"\nvalue = 7\nunits = "gpu*hour"\n'
    )
    tree = us.run(**write(OPEN, priors), given={"budget": "7 USD"}, design=SMALL)
    assert np.unique(tree["prior_predictive/share"]) == 2


def test_a_name_that_nothing_has_is_told(write):
    with pytest.raises(QuestionError, match="'salry' is not a variable.*'salary'"):
        us.run(**write(LABORATORY), given={"salry": 3})


def test_a_sweep_takes_another_subject(write):
    found = us.sweep(**write(LABORATORY), given={"staff": [1, 2]}, design=SMALL)
    assert found["median"].sel(output="budget").values.tolist() == [80000, 160000]
