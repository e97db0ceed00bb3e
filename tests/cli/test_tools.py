"""Commands as tools: schemas from declarations and variables, command lines without a way out."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.cli.mcp import CLAIMS, MOST, TOOLS, Setup, described, input_schema, words_of
from uncertain_scale.errors import QuestionError
from uncertain_scale.model import default_model
from uncertain_scale.report.abridged import abridged

SETUP = Setup(default_model().variables)


@pytest.fixture
def inside(tmp_path):
    return SETUP._replace(folder=tmp_path)


@pytest.mark.parametrize("name", TOOLS)
def test_a_schema_is_one_and_nothing_that_an_assistant_may_not_decide_is_in_it(name):
    jsonschema = pytest.importorskip("jsonschema")
    schema = input_schema(name, SETUP)
    jsonschema.Draft202012Validator.check_schema(schema)
    forbidden = {"equations", "scheduler", "output", "figure", "resume", "max_time", "format"}
    assert not forbidden & schema["properties"].keys()
    assert described(name)
    assert all(one.get("description") for one in schema["properties"].values())


def test_quantities_have_the_units_and_ranges_of_the_models_variables():
    properties = input_schema("ask", SETUP)["properties"]
    assert properties["budget"]["type"] == ["number", "string"]
    assert properties["budget"]["exclusiveMinimum"] == 0
    assert "USD, above 0" in properties["budget"]["description"]
    given = properties["given"]["properties"]
    assert given.keys() == SETUP.variables.keys()
    mfu = {"type": ["number", "string"], "exclusiveMinimum": 0, "maximum": 1}
    assert given["mfu"] == {**mfu, "description": "1, above 0 and at most 1"}
    assert given["pue"]["minimum"] == 1
    assert properties["draws"]["maximum"] == MOST["draws"]
    assert properties["intervals"]["enum"] == ["conditional", "arviz"]


def test_a_variable_of_own_equations_is_in_the_schema_and_no_text_of_a_prior_file():
    schema = json.dumps(input_schema("ask", Setup({"reach": "km"})))
    assert '"reach": {"type": ["number", "string"], "description": "km"}' in schema


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("ask", {"budget": 1e8}, "report --budget=100000000"),
        ("ask", {"outputs": ["gpus", "pue"], "seed": 1}, "report --outputs=gpus,pue --seed=1"),
        ("ask", {"given": {"mfu": 0.4, "pue": "1"}}, "report --given=mfu=0.4 --given=pue=1"),
        ("ask", {"set": {"mfu": 0.4}, "seed": 1}, "report --set=mfu=0.4 --seed=1"),
        ("ask", {"event": ["pue > 1", "pue > 2"]}, "report --event=pue > 1 --event=pue > 2"),
        ("rank", {"second_order": True, "of": "gpus"}, "sensitivity --second-order --of=gpus"),
        ("rank", {"second_order": False}, "sensitivity"),
        ("compare", {"scenarios": ["base", "-x"], "seed": 2}, "compare --seed=2 -- base -x"),
        ("decide", {"option": {"chip": ["H100", "GB200"]}}, "decide --option=chip=H100,GB200"),
        ("explain", {"explain": "gpus"}, "model --explain=gpus"),
        ("list_scenarios", {}, "priors list"),
        ("ask", {"outputs": "--equations=/tmp/x.py"}, "report --outputs=--equations=/tmp/x.py"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_a_call_is_a_command_line_in_which_no_value_is_an_option(name, arguments, line):
    words = words_of(name, arguments, SETUP)
    assert " ".join(word for word in words if word != "--format=json") == line


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("ask", {"bugdet": 1}, "argument 'bugdet' is unknown; did you mean 'budget'?"),
        ("ask", {"equations": ["x.py"]}, "argument 'equations' is unknown"),
        ("ask", {"scheduler": "tcp://x:1"}, "argument 'scheduler' is unknown"),
        ("ask", {"output": "x"}, "argument 'output' is unknown"),
        ("ask", {"budget": True}, "argument 'budget' is True; expected text or a number"),
        ("ask", {"budget": {"a": 1}}, "expected text or a number"),
        ("ask", {"budget": None}, "expected text or a number"),
        ("ask", {"budget": ""}, "expected text or a number"),
        ("ask", {"no_draws": "yes please\x1b"}, "drop the control characters"),
        ("ask", {"budget": "1M\x00"}, "drop the control characters"),
        ("ask", {"budget": "1M\n--x"}, "drop the control characters"),
        ("ask", {"budget": "\ud800"}, "drop the control characters"),
        ("ask", {"given": {"mfu\x1f": 0.3}}, "drop the control characters"),
        ("ask", {"draws": 65537}, "argument 'draws' is 65537; expected at most 65,536"),
        ("ask", {"draws": "1G"}, None),
        ("ask", {"draws": "1B"}, "expected at most 65,536"),
        ("ask", {"draws": 1e300}, "expected at most 65,536"),
        ("ask", {"chains": "1e9"}, "expected at most 16"),
        ("ask", {"outputs": ["x" * 30_000]}, "over 20,000 characters"),
        ("list_chips", {"chip": "H100"}, "argument 'chip' is unknown; none is known"),
        ("ask", {CLAIMS: {}}, "argument 'document' is unknown"),
    ],
    ids=str,
)
def test_nonsense_is_refused(name, arguments, said):
    if said is None:  # left to the command line, which refuses it
        assert words_of(name, arguments, SETUP)
        return
    with pytest.raises(QuestionError, match=said.replace("?", r"\?")):
        words_of(name, arguments, SETUP)


TEXTS = st.text(max_size=12) | st.sampled_from(["--equations=x.py", "--", "-h", "1e999", "a=b,c"])
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from([*TOOLS]), data=st.data())
def test_any_arguments_are_refused_or_are_values_of_options_that_are_there(name, data):
    known = input_schema(name, SETUP)["properties"]
    names = st.sampled_from([*known, "equations"]) | TEXTS
    arguments = data.draw(st.dictionaries(names, VALUES, max_size=3))
    try:
        words = words_of(name, arguments, SETUP)
    except QuestionError as error:
        assert str(error)
        return
    options = words[len(TOOLS[name].split()) :]
    options = options[: options.index("--")] if "--" in options else options
    for word in options:
        option = word.partition("=")[0].removeprefix("--").replace("-", "_")
        assert option in {*known, "format"}
        assert word.isprintable()


@pytest.mark.parametrize("place", ["../x", "/x", "a/b", "..", ".", "out"])
def test_results_are_written_right_below_the_folder_alone(inside, tmp_path_factory, place):
    (inside.folder / "out").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(QuestionError, match="expected a name, no path"):
        words_of("ask", {"output": place}, inside)
    assert words_of("ask", {"output": "run 1"}, inside)[1] == "--output=run 1"


def test_files_named_at_start_are_in_every_question():
    setup = SETUP._replace(priors=[Path("/a.toml")], equations=[Path("/b.py")])
    for name in ("ask", "rank", "compare", "sweep", "decide", "explain"):
        assert {"--priors=/a.toml", "--equations=/b.py"} <= set(words_of(name, {}, setup))
    assert "--equations=/b.py" in words_of("check_claim", {}, setup)


def test_a_long_document_is_shortened_with_its_figures_errors_warnings_and_age():
    ages = {"as_of": "2026-11-30", "old": {str(n): {"months": n} for n in range(9)}}
    interval = {"kind": "eti", "prob": 0.9, "low": 1 / 3, "high": 2 / 3, "low_mcse": 1e-9}
    others = [{**interval, "prob": 0.5}, {**interval, "kind": "hdi"}]
    output = {"median": 1.23456789, "median_mcse": 0.001, "intervals": [*others, interval]}
    output["histogram"] = {"counts": list(range(500))}
    inputs = {f"x{n}": {"source": "s" * 3000, "note": "n" * 3000} for n in range(30)}
    document = {
        "warnings": ["w" * 900],
        "ages": ages,
        "probs": [0.5, 0.9],
        "outputs": {"y": output},
    }
    document |= {"inputs": inputs, "points": [{"at": n, "value": n / 7} for n in range(2000)]}
    shown = abridged(document, 20_000, "at://1")
    assert len(json.dumps(shown, ensure_ascii=False)) <= 20_000
    assert "at://1" in shown["abridged"]
    assert (shown["warnings"], shown["ages"]) == (document["warnings"], ages)
    assert shown["outputs"]["y"]["intervals"] == [{**interval, "low": 0.333333, "high": 0.666667}]
    assert (shown["outputs"]["y"]["median"], shown["outputs"]["y"]["median_mcse"]) == (
        1.23457,
        0.001,
    )
    assert shown["outputs"]["y"]["histogram"] == "…"
    assert shown["inputs"]["x0"]["source"].endswith("s…")
    assert shown["points"][-1].endswith("of 2000")
    assert abridged({"a": 1 / 3}, 100, "at://1") == {"a": 1 / 3}
