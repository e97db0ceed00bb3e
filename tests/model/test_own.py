"""A user's equations alone or with the built-in ones: what decides, and what clashes."""

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.errors import ModelError, PriorError, QuestionError, UnitError
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
        us.run(**write(LABORATORY), **question, extends_builtin=True)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("question", [{"outputs": ["gpus"]}, {"given": {"gpus": "25k"}}])
def test_the_built_in_model_is_not_there_unless_asked_for(write, question):
    """Although names of its own are asked for, and it could compute an argument."""
    files = write(LABORATORY)
    with pytest.raises(ModelError, match="'gpus' is in no equation of yours.*--extends-builtin"):
        us.run(**files, **question)
    beyond = PRIORS + '[inputs.mfu]\nkind = "constant"\nvalue = 0.4\n'
    with pytest.raises(ModelError, match="'mfu' is in no equation of yours"):
        us.run(**write(LABORATORY, beyond))
    open_files = write(OPEN, 'schema_version = 1\ntitle = "Hours"\n' + RENT)
    with pytest.raises(QuestionError, match="gpu_hours"):
        us.run(**open_files)
    with pytest.raises(ModelError, match="'gpus' is in no equation of yours"):
        us.sweep(**write(LABORATORY), given={"gpus": "1k..2k"})


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
    tree = us.run(**write(HOURS, head + RENT + wage), extends_builtin=True, design=SMALL)
    assert np.unique(tree["prior_predictive/wages"]) == 15e6
    tree = us.run(**write(OPEN, head + RENT), extends_builtin=True, design=SMALL)
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


DOMAINS = """from typing import Annotated as A
from uncertain_scale.units.aliases import Domain, Positive
def mean_score(
    score: A[float, Domain("[-1, 1]")], weight: A[float, "kg", Positive]
) -> A[float, "kg"]:
    return score * weight
"""


@pytest.mark.parametrize(
    ("score", "weight", "message"),
    [
        ("lower = -2\nupper = 0.5", "", "score must be at least -1 and at most 1, and 40% of its"),
        ("", "lower = -1\nupper = 3", "weight must be above 0, and 25% of its"),
        ("lower = 2\nupper = 3", "", "score must be at least -1 and at most 1; write a perc"),
    ],
)
def test_own_equations_declare_domains_that_priors_keep_to(write, score, weight, message):
    text = "schema_version = 1\n"
    for name, bounds, units in (("score", score, "1"), ("weight", weight, "kg")):
        stated = bounds or "lower = 0\nupper = 1"
        text += f"[inputs.{name}]\nkind = 'uniform'\n{stated}\nunits = '{units}'\n"
    files = write(DOMAINS, text)
    with pytest.raises(PriorError, match=message.replace("(", r"\(")) as caught:
        us.run(**files, design=SMALL)
    assert "[inputs." in str(caught.value)


def test_a_domain_between_two_bounds_takes_an_interval_with_its_quantiles(write):
    text = "schema_version = 1\n" + "".join(
        f"inputs.{name} = {{ kind = 'constant', value = 1, units = '{units}' }}\n"
        for name, units in (("score", "1"), ("weight", "kg"))
    )
    tree = us.run(**write(DOMAINS, text), believed={"score": "-0.5 to 0.9"}, design=SMALL)
    found = tree["prior/score"]
    assert found.attrs["distribution"] == "logitnormal(q05=-0.5, q95=0.9, lower=-1, upper=1)"
    assert -1 < float(found.min()) < float(found.max()) < 1


def test_two_domains_of_one_variable_are_refused(write):
    other = "def other(score: A[float, '1', Positive]):\n    return score * 1.0\n"
    with pytest.raises(ModelError, match=r"'score' lies in \[-1, 1\] in .*own.py:3 mean_score but"):
        us.run(**write(DOMAINS + other), design=SMALL)
    builtin = (
        "from uncertain_scale.units.aliases import Ratio\ndef y(mfu: Ratio):\n    return 1 * mfu\n"
    )
    with pytest.raises(ModelError, match=r"'mfu' lies in \(0, 1\] in .* declare the same domain"):
        us.run("base", equations=write(builtin)["equations"], outputs=["y"], design=SMALL)


def test_a_name_without_domain_has_that_of_the_built_in_model(write):
    files = write("def doubled(mfu):\n    return 2 * mfu\n")["equations"]
    with pytest.raises(UnitError, match="mfu must be above 0 and at most 1"):
        us.run("base", equations=files, believed={"mfu": "1.2"}, outputs=["doubled"], design=SMALL)


def test_a_sum_of_copies_has_the_variance_of_independent_draws(tmp_path):
    """As squigglepy's `sample(lognorm(...), n) summed`: sd times the root of the number."""
    model = "from typing import Annotated, Any\n\n\ndef doubled(a: Annotated[Any, 'USD'])"
    model += " -> Annotated[Any, 'USD']:\n    return 2 * a\n"
    (tmp_path / "own.py").write_text(model)
    text = "schema_version = 1\n[inputs.a]\nkind = 'lognormal'\nmean = 10\nsd = 5\n"
    (tmp_path / "own.toml").write_text(text + "units = 'USD'\ncopies = 19\n")
    tree = us.run(
        equations=[tmp_path / "own.py"],
        priors=[tmp_path / "own.toml"],
        outputs=["a", "doubled"],
        design=us.Design(draws=4096, chains=8),
    )
    total = tree["prior_predictive/a"].values
    assert total.mean() == pytest.approx(190, rel=1e-3)
    assert total.std() == pytest.approx(5 * 19**0.5, rel=0.01)  # 5 x 19 for one draw 19 times
    np.testing.assert_array_equal(tree["prior_predictive/doubled"].values, 2 * total)
    assert tree["prior"]["a_19"].values.std() == pytest.approx(5, rel=0.02)


def test_currencies_are_never_converted_by_guess(tmp_path):
    units = "from typing import Annotated as A, Any\n\n\n"
    wrong = "def total(a: A[Any, 'XEN'], b: A[Any, 'USD']) -> A[Any, 'XEN']:"
    (tmp_path / "wrong.py").write_text(f"{units}{wrong}\n    return a + b\n")
    rated = wrong.replace(") ->", ", rate: A[Any, 'XEN/USD']) ->")
    (tmp_path / "rated.py").write_text(f"{units}{rated}\n    return a + b * rate\n")
    inputs = "".join(
        f"[inputs.{name}]\nkind = 'constant'\nvalue = {value}\nunits = '{of}'\n"
        for name, value, of in (("a", 100, "XEN"), ("b", 50, "USD"), ("rate", 0.9, "XEN/USD"))
    )
    head = "schema_version = 1\n[units]\nXEN = 'own'\n"
    (tmp_path / "own.toml").write_text(head + inputs)
    asked = {"priors": [tmp_path / "own.toml"], "design": us.Design(draws=2, chains=2)}
    with pytest.raises(us.UncertainScaleError, match="'XEN'.*'USD'"):
        us.run(equations=[tmp_path / "wrong.py"], outputs=["total"], **asked)
    tree = us.run(equations=[tmp_path / "rated.py"], outputs=["total"], **asked)
    assert float(tree["prior_predictive/total"][0, 0]) == 145


def test_models_that_declare_a_unit_in_two_ways_are_refused_and_none_is_changed(tmp_path):
    for name, stated in (("first", "100 USD/hour"), ("second", "own")):
        prior = "[inputs.x]\nkind = 'constant'\nvalue = 2\nunits = 'XRU'\n"
        text = f"schema_version = 1\n[units]\nXRU = '{stated}'\n{prior}"
        (tmp_path / f"{name}.toml").write_text(text)
    (tmp_path / "law.py").write_text(
        "from typing import Annotated\n"
        "RATE: Annotated[float, 'USD/hour/XRU'] = 100\n"
        "def y(x: Annotated[float, 'XRU']) -> Annotated[float, 'USD/hour']:\n"
        "    return RATE * x\n"
    )
    few = us.Design(draws=2, chains=2)

    def asked(name):
        priors = [tmp_path / f"{name}.toml"]
        tree = us.run(equations=[tmp_path / "law.py"], priors=priors, outputs=["y"], design=few)
        return float(tree["prior_predictive/y"][0, 0])

    assert asked("first") == 200
    both = r"second.toml:3 .*'XRU' is declared as '100 USD/hour' already.* cannot be 'own' too"
    with pytest.raises(us.UncertainScaleError, match=both):
        asked("second")
    assert asked("first") == 200
