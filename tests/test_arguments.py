"""Arguments in Python: one value where several may be, and what is of another kind."""

from pathlib import Path

import pytest

import uncertain_scale as us
from uncertain_scale.analysis.sensitivity import sensitivity

MODEL = us.default_model()
PRIORS = us.load_priors("base", variables=MODEL.variables)
QUESTION = us.ask(MODEL, {"gpus": "100k"}, outputs=["facility_power"])
FEW = us.Design(draws=64, chains=2)
OWN = "def double(x):\n    return 2 * x\n"
X = 'schema_version = 1\n[inputs.x]\nkind = "uniform"\nlower = 1\nupper = 2\n'


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "own.toml").write_text(X, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", [str, Path])
def test_one_file_or_name_alone_is_as_a_list_of_it(own, kind):
    files = {"equations": kind(own / "own.py"), "priors": kind(own / "own.toml")}
    listed = {name: [file] for name, file in files.items()}
    alone = us.run(**files, outputs="double", design=FEW)
    assert alone.identical(us.run(**listed, outputs=["double"], design=FEW))
    freed = us.run(**files, given={"double": 3}, free="x", design=FEW)
    assert list(freed["prior_predictive"]) == ["x"]
    swept = us.sweep(**files, given={"x": [1, 2]}, events="double >= 3", probs=0.9, design=FEW)
    assert swept["probability"].values.ravel().tolist() == [0, 1]
    overlaid = us.load_priors("base", overlays=kind(own / "own.toml"))
    assert "x" in overlaid.inputs


def test_one_probability_alone_is_as_a_list_of_it():
    tree = us.sample(MODEL, PRIORS, QUESTION, FEW)
    assert us.summarize(tree, probs=0.9).identical(us.summarize(tree, probs=[0.9]))
    assert us.report_document(tree, probs=0.9) == us.report_document(tree, probs=[0.9])
    assert us.show(tree, probs=0.9).text == us.show(tree, probs=[0.9]).text
    assert us.Goal(0.1, probs=0.9) == us.Goal(0.1, probs=[0.9])


@pytest.mark.slow
def test_one_evidence_file_output_or_scenario_alone_is_as_a_list_of_it():
    updated = us.condition(MODEL, PRIORS, QUESTION, us.Design(draws=512), "h100-clusters")
    assert "posterior" in updated.children
    ranked = sensitivity(MODEL, PRIORS, QUESTION, FEW, of="facility_power")
    assert ranked["output"].values.tolist() == ["facility_power"]
    claims = us.load_claims("post-2024-07", MODEL.variables)
    found = us.check_claims(MODEL, claims, FEW, scenarios="h100-dense-fp8", probs=0.9)
    assert "h100-dense-fp8" in {judged.scenario for judged in found.checked[0].judged}


def double(x):
    return 2 * x


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: us.run(given=["budget"]), r"given: found list \['budget'\]; expected a mapping"),
        (lambda: us.run(given="budget=1M"), "given: found str 'budget=1M'; expected a mapping"),
        (lambda: us.run(given=3), "given: found int 3; expected a mapping"),
        (lambda: us.ask(MODEL, ["budget"]), "given: found list"),
        (lambda: us.sweep(given=["budget"]), "given: found list"),
        (lambda: us.run(believed=["mfu"]), "believed: found list"),
        (lambda: us.believe(PRIORS, MODEL, ["mfu"]), r"believed: found list .*\"0.3 to 0.5\""),
        (lambda: us.run(outputs=3), "outputs: found int 3; expected names of variables"),
        (lambda: us.run(outputs=["gpus", 3]), "outputs: found int 3; expected names"),
        (lambda: us.run(free={"mfu": 1}), "free: found dict"),
        (lambda: us.run(equations=[double]), "equations: found function .*; expected Python files"),
        (lambda: us.run(equations=double), "equations: found function .*; expected Python files"),
        (lambda: us.run(priors=3), "priors: found int 3; expected prior files"),
        (lambda: us.Model.of([double]), "equations: found list .*; expected Python files"),
        (lambda: us.Model.of(double), "equations: found function"),
        (
            lambda: us.summarize(us.sample(MODEL, PRIORS, QUESTION, FEW), probs="90%"),
            "probs: found",
        ),
        (lambda: us.Goal(0.1, probs="90%"), "probs: found str '90%'; expected probabilities"),
        (
            lambda: us.sweep(given={"gpus": [1, 2]}, events=3),
            "events: found int 3; expected events",
        ),
        (
            lambda: us.condition(MODEL, PRIORS, QUESTION, FEW, 3),
            "evidence: found int 3; expected ev",
        ),
        (lambda: us.load_priors("base", overlays=3), "overlays: found int 3; expected prior files"),
        (
            lambda: us.load_priors(["base"]),
            r"found \['base'\]; expected a name, or the path of a pr",
        ),
        (
            lambda: us.load_priors("base", variables=MODEL),
            "expected a mapping, such as model.varia",
        ),
        (lambda: us.load_claims("post-2024-07", MODEL), "variables: found Model"),
        (lambda: us.Design(draws="1k"), "draws = '1k' must be a whole number"),
    ],
)
def test_what_is_of_another_kind_is_one_clear_error(call, words):
    with pytest.raises(us.UncertainScaleError, match=words) as told:
        call()
    assert len(str(told.value).splitlines()) == 1


def test_the_built_in_model_takes_no_arguments_and_says_so():
    with pytest.raises(TypeError, match="unexpected keyword argument 'equations'"):
        us.default_model(equations=[double])
